"""From the network's frames to texts and their probabilities (Graves et al. 2006).

The network says, frame by frame, how likely each character and the blank are. A *path* picks one
of them per frame; merging equal neighbours and dropping blanks makes a text of it. A text's
probability is the sum over all its paths.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LogProbs = NDArray[np.float32]
"""T×C natural logarithms of probabilities; class 0 is the blank, class i the charset's i-th."""

ARABIC = frozenset("٠١٢٣٤٥٦٧٨٩٫٬")
WESTERN = frozenset("0123456789")
"""Characters of one field are of one script: nobody prints ٢0٢4. The other marks go with both."""

_SURE = math.log(0.9999)
_SURE_BLANK = math.log1p(-1e-5)
_ALL_BUT_SURE = math.log(0.99)
"""A text so likely is the answer, whatever the form of the others."""
_NONE = -math.inf
_RESCALED = 8
"""Frames after which the forward sums are scaled up again; in as many they cannot vanish unless
the text is all but impossible."""
_TINY = 1e-250


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """text: a reading. log_prob: natural logarithm of the sum over all of its paths."""

    text: str
    log_prob: float

    @property
    def probability(self) -> float:
        return math.exp(min(0.0, self.log_prob))


class Decoder:
    """Decodes the answers of a network that knows the characters of `charset`."""

    def __init__(self, charset: str, *, beam: int = 8, floor: float = 1e-3) -> None:
        """beam: texts kept at each frame. floor: classes less likely than this are passed over."""
        self._charset = charset
        self._beam = beam
        self._floor = math.log(floor)
        self._foreign = [
            np.flatnonzero([False, *(character in other for character in charset)])
            for other in (WESTERN, ARABIC)
        ]

    def greedy(self, log_probs: LogProbs) -> str:
        """The text of the single likeliest path of one script."""
        (frames,), _ = self._one_script(log_probs[None])
        return self._text(_collapsed(frames.argmax(axis=1)))

    def best(self, lines: Sequence[LogProbs], count: int = 4) -> list[list[Hypothesis]]:
        """For each line (T×C, of any T) its likeliest texts, as `n_best` gives them, though one
        alone where that is all but sure: most lines are, and what is sure needs no search."""
        batch, lengths = _stacked(lines)
        frames, of_script = self._one_script(batch)
        paths = [_collapsed(path) for path in frames.argmax(axis=2)]
        chances = log_probabilities(frames, paths, lengths) + of_script
        return [
            [Hypothesis(self._text(path), float(chance))]
            if chance > _ALL_BUT_SURE
            else self._search(line[:length], float(script), count)
            for line, length, script, path, chance in zip(
                frames, lengths, of_script, paths, chances, strict=True
            )
        ]

    def agreed(
        self, looks: Sequence[Sequence[LogProbs]], candidates: Sequence[Sequence[Hypothesis]]
    ) -> list[list[Hypothesis]]:
        """What several looks at each line make of it, best first: of each candidate, and of what
        each look would answer, the mean of its probabilities in all of them.

        looks: of each line at least one, T×C each, of any T.
        """
        batch, lengths = _stacked([look for line in looks for look in line])
        frames, of_script = self._one_script(batch)
        seen = [_collapsed(path) for path in frames.argmax(axis=2)]
        texts: list[list[tuple[int, ...]]] = []
        rows: list[int] = []
        asked: list[tuple[int, ...]] = []
        first = 0
        for line, found in zip(looks, candidates, strict=True):
            own = range(first, first := first + len(line))
            known = [self._coded(hypothesis.text) for hypothesis in found]
            texts.append(list(dict.fromkeys([*known, *(seen[row] for row in own)])))
            rows += [row for row in own for _ in texts[-1]]
            asked += texts[-1] * len(line)
        chances = np.exp(log_probabilities(frames[rows], asked, lengths[rows]) + of_script[rows])
        answers, start = [], 0
        for line, own_texts in zip(looks, texts, strict=True):
            end = start + len(line) * len(own_texts)
            with np.errstate(divide="ignore"):
                means = np.log(chances[start:end].reshape(len(line), -1).mean(axis=0))
            ranked = [
                Hypothesis(self._text(c), float(m)) for c, m in zip(own_texts, means, strict=True)
            ]
            answers.append(sorted(ranked, key=lambda h: -h.log_prob))
            start = end
        return answers

    def n_best(self, log_probs: LogProbs, count: int = 4) -> list[Hypothesis]:
        """The likeliest texts of one script, best first, at least one, each with its exact
        probability among the texts of that script, times the script's."""
        (frames,), (of_script,) = self._one_script(log_probs[None])
        return self._search(frames, float(of_script), count)

    def _search(self, log_probs: LogProbs, of_script: float, count: int) -> list[Hypothesis]:
        """Prefix beam search (Hannun et al. 2014)."""
        beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, _NONE)}
        for frame in log_probs:
            beams = self._extended(beams, frame)
        ranked = sorted(((_plus(*ends), codes) for codes, ends in beams.items()), reverse=True)
        # Texts that are much less likely than the first are worth no exact sum.
        codes = [c for chance, c in ranked[: max(count, 1)] if chance > ranked[0][0] + self._floor]
        chances = log_probabilities(np.repeat(log_probs[None], len(codes), axis=0), codes)
        scored = [
            Hypothesis(self._text(c), of_script + float(chance))
            for c, chance in zip(codes, chances, strict=True)
        ]
        return sorted(scored, key=lambda h: -h.log_prob)

    def _one_script(self, batch: LogProbs) -> tuple[LogProbs, NDArray[np.float64]]:
        """The frames (N×T×C) of each line without the characters of the less likely script, and
        the logarithms of the other's probability (N); each script is judged by its best path.

        A kufic ٥ is the 0 of many a Western face: only its neighbours, further off than the
        network looks, say which it is.
        """
        masked = np.stack([batch, batch])
        for script, foreign in enumerate(self._foreign):
            masked[script][..., foreign] = _NONE
        paths = masked.max(axis=3).sum(axis=2, dtype=np.float64)
        better = (paths[1] > paths[0]).astype(np.intp)
        lines = np.arange(len(batch))
        chosen = masked[better, lines]
        total = np.log(np.exp(chosen).sum(axis=2, keepdims=True))
        # Where both scripts have the same best path there is nothing to choose between.
        odds = paths[1 - better, lines] - paths[better, lines]
        of_script = np.where(odds == 0, 0.0, -np.log1p(np.exp(odds)))
        return chosen - total, of_script

    def _extended(
        self, beams: dict[tuple[int, ...], tuple[float, float]], frame: NDArray[np.float32]
    ) -> dict[tuple[int, ...], tuple[float, float]]:
        """Each beam is a text with the log-probabilities of its paths that end in a blank, and of
        those that end in its last character."""
        blank = float(frame[0])
        if blank > _SURE:  # most frames: nothing new can begin here
            return {text: (_plus(*ends) + blank, _NONE) for text, ends in beams.items()}
        likely = [(int(c), float(frame[c])) for c in np.flatnonzero(frame > self._floor) if c]
        grown: dict[tuple[int, ...], tuple[float, float]] = {}

        def add(text: tuple[int, ...], in_blank: float, in_last: float) -> None:
            had_blank, had_last = grown.get(text, (_NONE, _NONE))
            grown[text] = (_plus(had_blank, in_blank), _plus(had_last, in_last))

        for text, (in_blank, in_last) in beams.items():
            either = _plus(in_blank, in_last)
            add(text, either + blank, _NONE)
            for code, chance in likely:
                if text and text[-1] == code:
                    add(text, _NONE, in_last + chance)
                    add((*text, code), _NONE, in_blank + chance)
                else:
                    add((*text, code), _NONE, either + chance)
        kept = sorted(grown, key=lambda text: -_plus(*grown[text]))[: self._beam]
        return {text: grown[text] for text in kept}

    def _coded(self, text: str) -> tuple[int, ...]:
        return tuple(self._charset.index(character) + 1 for character in text)

    def _text(self, codes: Sequence[int]) -> str:
        return "".join(self._charset[code - 1] for code in codes)


def log_probabilities(
    batch: LogProbs,
    texts: Sequence[Sequence[int]],
    lengths: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """Natural logarithms of the probabilities of a text in each line of a batch (N×T×C): the
    forward recursion over all of its paths, all lines at once.

    texts: N sequences of classes, none of them 0.
    lengths: N numbers of frames after which a line has sure blanks alone; T if not given.
    """
    count, length, _ = batch.shape
    ends = np.array([2 * len(text) for text in texts], np.intp)
    states = np.zeros((count, int(ends.max(initial=0)) + 1), np.intp)
    for row, text in enumerate(texts):
        states[row, 1 : ends[row] : 2] = text
    emitted = np.take_along_axis(batch, states[:, None, :], axis=2)
    emitted = np.exp(emitted.astype(np.float64)).transpose(1, 0, 2)
    # A blank may be skipped between two characters that differ.
    skips = np.zeros(states.shape)
    skips[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
    emitted *= np.arange(states.shape[1]) <= ends[:, None]
    # Two columns before the first state stay 0: nothing comes from there.
    alpha = np.zeros((count, states.shape[1] + 2))
    alpha[:, 2:4] = emitted[0][:, :2]
    scale = np.zeros(count)
    for frame in range(1, length):
        alpha[:, 2:] = (alpha[:, 2:] + alpha[:, 1:-1] + skips * alpha[:, :-2]) * emitted[frame]
        if frame % _RESCALED == 0:
            # By the largest and not by the sum, which would depend on the other lines' lengths.
            largest = np.maximum(alpha.max(axis=1), _TINY)
            if lengths is not None:  # so that no line's rounding depends on another's length
                largest[lengths <= frame] = 1.0
            alpha /= largest[:, None]
            scale += np.log(largest)
    lines = np.arange(count)
    last = alpha[lines, ends + 2] + np.where(ends > 0, alpha[lines, ends + 1], 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(last) + scale)


def _stacked(lines: Sequence[LogProbs]) -> tuple[LogProbs, NDArray[np.intp]]:
    """N lines of T×C as one N×T×C, the shorter ones filled up with sure blanks; their lengths.

    Of sure blanks in a row one is kept: they are half of all frames and say nothing more.
    """
    lines = [_shortened(line) for line in lines]
    lengths = np.array([len(line) for line in lines], np.intp)
    batch = np.full((len(lines), int(lengths.max()), lines[0].shape[1]), _NONE, np.float32)
    batch[..., 0] = 0
    for row, line in enumerate(lines):
        batch[row, : len(line)] = line
    return batch, lengths


def _shortened(line: LogProbs) -> LogProbs:
    blank = line[:, 0] > _SURE_BLANK
    blank[1:] &= blank[:-1]
    blank[:1] = False
    return line[~blank]


def _collapsed(path: NDArray[np.intp]) -> tuple[int, ...]:
    """A path's text: equal neighbours merged, blanks dropped."""
    first = np.concatenate(([True], path[1:] != path[:-1]))
    return tuple(path[first & (path > 0)].tolist())


def _plus(a: float, b: float) -> float:
    """log(exp(a) + exp(b)); the scalar form, ten times as fast as numpy's."""
    if a < b:
        a, b = b, a
    return a if b == _NONE else a + math.log1p(math.exp(b - a))
