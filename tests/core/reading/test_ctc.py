"""Decoding against the definition: every path of a small example, summed one by one."""

import math
from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby, product

import numpy as np
import pytest
from numpy.typing import NDArray

from core.reading.ctc import Decoder, Hypothesis, log_probabilities

CHARSET = "/-."


def frames(seed: int, count: int = 5) -> NDArray[np.float32]:
    logits = np.random.default_rng(seed).normal(size=(count, len(CHARSET) + 1)) * 2
    return (logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))).astype(np.float32)


def by_definition(log_probs: NDArray[np.float32]) -> dict[str, float]:
    """Text → probability, from all paths."""
    texts: dict[str, float] = defaultdict(float)
    for path in product(range(len(CHARSET) + 1), repeat=len(log_probs)):
        text = "".join(CHARSET[code - 1] for code, _ in groupby(path) if code)
        texts[text] += math.exp(sum(log_probs[t, code] for t, code in enumerate(path)))
    return texts


@pytest.mark.parametrize("seed", range(8))
def test_best_texts_and_their_probabilities_are_exact(seed: int) -> None:
    log_probs = frames(seed)
    expected = sorted(by_definition(log_probs).items(), key=lambda item: -item[1])[:3]
    found = Decoder(CHARSET, beam=200, floor=1e-12).n_best(log_probs, 3)
    assert [h.text for h in found] == [text for text, _ in expected]
    assert [h.probability for h in found] == pytest.approx([p for _, p in expected], rel=1e-5)


def best(decoder: Decoder, lines: Sequence[NDArray[np.float32]]) -> list[list[Hypothesis]]:
    return decoder.best(decoder.looks(lines))


def test_probabilities_of_all_texts_sum_to_one() -> None:
    assert sum(by_definition(frames(1)).values()) == pytest.approx(1, abs=1e-5)


def test_equal_neighbours_need_a_blank_between_them() -> None:
    sure = np.full((4, 4), -20, np.float32)
    sure[[0, 1, 2, 3], [1, 0, 1, 2]] = 0
    assert Decoder(CHARSET).greedy(sure) == "//-"
    assert Decoder(CHARSET).n_best(sure, 1)[0].text == "//-"


def test_a_text_too_long_for_its_frames_is_impossible() -> None:
    assert log_probabilities(frames(1, 2)[None], [[1, 1]]) == [-math.inf]
    assert log_probabilities(frames(1, 1)[None], [[1, 2]]) == [-math.inf]


def test_a_batch_is_its_lines() -> None:
    """Exactly: a reading depends on its own box alone."""
    batch = np.stack([frames(seed, 40) for seed in range(6)])
    texts = [(1,), (), (2, 2, 3), (1, 2, 3, 1, 2, 3, 1), (3, 1), (2,) * 15]
    alone = [
        log_probabilities(one[None], [text])[0] for one, text in zip(batch, texts, strict=True)
    ]
    assert log_probabilities(batch, texts).tolist() == alone
    decoder = Decoder(CHARSET)
    assert best(decoder, batch) == [best(decoder, one[None])[0] for one in batch]


def test_lines_of_any_length_go_together() -> None:
    lines = [frames(seed, 9 + 7 * seed) for seed in range(6)]
    decoder = Decoder(CHARSET)
    assert best(decoder, lines) == [best(decoder, [line])[0] for line in lines]


def test_several_looks_agree_on_the_mean_of_what_they_see() -> None:
    looks = [[frames(1, 5), frames(2, 4), frames(3, 6)], [frames(4, 6), frames(5, 5)]]
    decoder = Decoder(CHARSET, beam=200, floor=1e-12)
    found = [decoder.n_best(line[0], 5) for line in looks]
    seen = [decoder.looks(line) for line in looks]
    decoder.agreed([line[:1] for line in seen], found)  # what is known by then is kept
    answers = decoder.agreed(seen, found)
    for line, answer in zip(looks, answers, strict=True):
        chances = [by_definition(look) for look in line]
        assert len(answer) >= 5
        assert answer == sorted(answer, key=lambda h: -h.log_prob)
        for hypothesis in answer:
            mean = sum(chance[hypothesis.text] for chance in chances) / len(line)
            assert hypothesis.probability == pytest.approx(mean, rel=1e-4)


def test_what_is_sure_is_found_without_search_and_the_rest_with_it() -> None:
    sure = np.full((7, 4), -20.0, np.float32)
    sure[range(7), [0, 1, 1, 0, 2, 0, 0]] = 0
    batch = np.stack([sure, frames(3, 7)])
    decoder = Decoder(CHARSET)
    (certain,), several = best(decoder, batch)
    assert certain.text == decoder.n_best(sure)[0].text == "/-"
    assert certain.probability == pytest.approx(decoder.n_best(sure)[0].probability)
    assert several == decoder.n_best(batch[1])
    assert len(several) > 1


def test_nothing_but_blanks_is_the_empty_text() -> None:
    blanks = np.full((6, 4), -30, np.float32)
    blanks[:, 0] = 0
    (best, *_) = Decoder(CHARSET).n_best(blanks)
    assert (best.text, best.probability) == ("", pytest.approx(1))


def test_the_sum_over_paths_may_beat_the_best_path() -> None:
    """Graves et al. 2006, figure 4: two middling paths of one text outweigh the best of another."""
    log_probs = np.log(np.array([[0.6, 0.4 - 2e-9, 1e-9, 1e-9]] * 2, np.float32))
    decoder = Decoder(CHARSET)
    assert decoder.greedy(log_probs) == ""
    assert decoder.n_best(log_probs)[0].text == "/"


def test_a_field_is_of_one_script() -> None:
    """Three sure ٢ and a 0 that may as well be a ٥: the neighbours decide."""
    charset = "٢٥0"
    frames = np.full((7, 4), 1e-6)
    frames[[0, 2, 4], 1] = 1
    frames[[1, 3, 5], 0] = 1
    frames[6, 3], frames[6, 2] = 0.8, 0.2
    log_probs = np.log(frames / frames.sum(axis=1, keepdims=True)).astype(np.float32)
    decoder = Decoder(charset)
    assert decoder.greedy(log_probs) == "٢٢٢٥"
    (best, *_) = decoder.n_best(log_probs)
    assert best.text == "٢٢٢٥"
    assert best.probability > 0.99


def test_where_the_scripts_are_as_likely_neither_is_sure() -> None:
    nearly = np.log(np.array([[0.02, 0.5, 0.48]], np.float32))
    assert Decoder("٥0").n_best(nearly)[0].probability < 0.55
