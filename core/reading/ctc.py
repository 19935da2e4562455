"""From the network's frames to texts and their probabilities (Graves et al. 2006).

The network says, frame by frame, how likely each character and the blank are. A *path* picks one
of them per frame; merging equal neighbours and dropping blanks makes a text of it. A text's
probability is the sum over all its paths.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

LogProbs = NDArray[np.float32]
"""T×C natural logarithms of probabilities; class 0 is the blank, class i the charset's i-th."""

Codes = tuple[int, ...]
"""A text: a class for each of its characters."""

ARABIC = frozenset("٠١٢٣٤٥٦٧٨٩٫٬")
WESTERN = frozenset("0123456789")
"""Characters of one field are of one script: nobody prints ٢0٢4. The other marks go with both."""

WRONG_SCRIPT = 1e-4
"""How much less likely the script is that a line isn't expected to be in. Most digits say plainly
which they are of; it is for those that don't."""

_SURE = 0.9999
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


@dataclass(slots=True, eq=False)
class Look:
    """What a network says of a line, made by `Decoder.looks`.

    answer: T×C, as it gave it. frames: the same of one script, less frames that say nothing.
    of_script: the logarithm of that script's probability. likeliest: the text of the best path.
    sums: texts that were asked about, with the logarithms of their probabilities; `agreed` asks
        about the same ones again with each further look.
    """

    answer: LogProbs
    frames: LogProbs
    of_script: float
    likeliest: Codes
    sums: dict[Codes, float] = field(default_factory=dict)


class Decoder:
    """Decodes the answers of a network that knows the characters of `charset`."""

    def __init__(self, charset: str, *, beam: int = 8, floor: float = 1e-3) -> None:
        """beam: texts kept at each frame. floor: classes less likely than this are passed over."""
        self._charset = charset
        self._beam = beam
        self._floor = floor
        self._foreign = [
            np.flatnonzero([False, *(character in other for character in charset)])
            for other in (WESTERN, ARABIC)
        ]

    def greedy(self, log_probs: LogProbs) -> str:
        """The text of the single likeliest path of one script."""
        (frames,), _ = self._one_script(log_probs[None], [None])
        return self._text(_collapsed(frames.argmax(axis=1)))

    def looks(
        self, lines: Sequence[LogProbs], arabic: Sequence[bool | None] | None = None
    ) -> list[Look]:
        """What the network's answers, T×C each, of any T, say of these lines.

        arabic: of each whether its digits ought to be Arabic-Indic; None where nobody knows.
        """
        batch, lengths = _filled([_shortened(line) for line in lines])
        frames, of_script = self._one_script(batch, arabic or [None] * len(lines))
        return [
            Look(line, own[:length], float(script), _collapsed(path))
            for line, own, length, script, path in zip(
                lines, frames, lengths, of_script, frames.argmax(axis=2), strict=True
            )
        ]

    def best(self, looks: Sequence[Look], count: int = 4) -> list[list[Hypothesis]]:
        """For each line its likeliest texts, as `n_best` gives them, though one alone where that is
        all but sure: most lines are, and what is sure needs no search."""
        _sum(looks, [[look.likeliest] for look in looks])
        texts = [
            [look.likeliest]
            if look.sums[look.likeliest] > _ALL_BUT_SURE
            else self._search(look.frames, count)
            for look in looks
        ]
        _sum(looks, texts)
        return [
            self._ranked(own, [look.sums[text] for text in own])
            for look, own in zip(looks, texts, strict=True)
        ]

    def agreed(
        self, looks: Sequence[Sequence[Look]], candidates: Sequence[Sequence[Hypothesis]]
    ) -> list[list[Hypothesis]]:
        """What several looks at each line make of it, best first: of each candidate, and of what
        each look would answer, the mean of its probabilities in all of them.

        looks: of each line at least one.
        """
        texts = [
            list(
                dict.fromkeys(
                    [*(self._coded(one.text) for one in found), *(look.likeliest for look in line)]
                )
            )
            for line, found in zip(looks, candidates, strict=True)
        ]
        _sum(
            [look for line in looks for look in line],
            [own for line, own in zip(looks, texts, strict=True) for _ in line],
        )
        return [self._means(line, own) for line, own in zip(looks, texts, strict=True)]

    def _means(self, looks: Sequence[Look], texts: Sequence[Codes]) -> list[Hypothesis]:
        chances = np.exp([[look.sums[text] for text in texts] for look in looks])
        with np.errstate(divide="ignore"):
            return self._ranked(texts, np.log(chances.mean(axis=0)))

    def n_best(
        self, log_probs: LogProbs, count: int = 4, arabic: bool | None = None
    ) -> list[Hypothesis]:
        """The likeliest texts of one script, best first, at least one, each with its exact
        probability among the texts of that script, times the script's."""
        (frames,), (of_script,) = self._one_script(log_probs[None], [arabic])
        texts = self._search(frames, count)
        lines = np.zeros(len(texts), np.intp)
        return self._ranked(texts, of_script + log_probabilities(frames[None], texts, lines=lines))

    def _search(self, log_probs: LogProbs, count: int) -> list[Codes]:
        """So many texts at most that may be the likeliest: prefix beam search (Hannun et al.
        2014)."""
        beams: dict[Codes, tuple[float, float]] = {(): (1.0, 0.0)}
        for blank, *others in np.exp(log_probs.astype(np.float64)).tolist():
            likely = [(c, p) for c, p in enumerate(others, 1) if p > self._floor]
            if blank > _SURE or not likely:  # most frames: nothing new can begin here
                beams = {text: (sum(ends) * blank, 0.0) for text, ends in beams.items()}
            else:
                beams = self._extended(beams, blank, likely)
        ranked = sorted(((sum(ends), codes) for codes, ends in beams.items()), reverse=True)
        # Texts that are much less likely than the first are worth no exact sum.
        least = ranked[0][0] * self._floor
        return [codes for chance, codes in ranked[: max(count, 1)] if chance > least]

    def _one_script(
        self, batch: LogProbs, arabic: Sequence[bool | None]
    ) -> tuple[LogProbs, NDArray[np.float64]]:
        """The frames (N×T×C) of each line without the characters of the less likely script, and
        the logarithms of the other's probability (N); each script is judged by its best path, and
        by what is expected.

        A kufic ٥ is the 0 of many a Western face: only its neighbours, further off than the
        network looks, say which it is.
        """
        masked = np.stack([batch, batch])
        for script, foreign in enumerate(self._foreign):
            masked[script][..., foreign] = _NONE
        paths = masked.max(axis=3).sum(axis=2, dtype=np.float64)
        same = paths[0] == paths[1]
        for line, expected in enumerate(arabic):
            if expected is not None:
                paths[int(expected), line] += math.log(WRONG_SCRIPT)
        better = (paths[1] > paths[0]).astype(np.intp)
        lines = np.arange(len(batch))
        chosen = masked[better, lines]
        total = np.log(np.exp(chosen).sum(axis=2, keepdims=True))
        # Where both scripts have the same best path there is nothing to choose between.
        odds = paths[1 - better, lines] - paths[better, lines]
        of_script = np.where(same, 0.0, -np.log1p(np.exp(odds)))
        return chosen - total, of_script

    def _extended(
        self,
        beams: dict[Codes, tuple[float, float]],
        blank: float,
        likely: Sequence[tuple[int, float]],
    ) -> dict[Codes, tuple[float, float]]:
        """Each beam is a text with the probabilities of its paths that end in a blank, and of those
        that end in its last character: of the likeliest they sum to 1, lest they vanish."""
        in_blank: dict[Codes, float] = {}
        in_last: dict[Codes, float] = {}
        for text, (had_blank, had_last) in beams.items():
            either = had_blank + had_last
            in_blank[text] = either * blank
            for code, chance in likely:
                longer, before = (*text, code), either
                if text and text[-1] == code:
                    in_last[text] = in_last.get(text, 0.0) + had_last * chance
                    before = had_blank
                in_last[longer] = in_last.get(longer, 0.0) + before * chance
        total = {text: in_blank.get(text, 0.0) + chance for text, chance in in_last.items()}
        total = in_blank | total
        kept = sorted(total, key=total.__getitem__, reverse=True)[: self._beam]
        scale = 1 / total[kept[0]]
        return {
            text: (scale * in_blank.get(text, 0.0), scale * in_last.get(text, 0.0)) for text in kept
        }

    def _ranked(self, texts: Iterable[Codes], log_probs: Iterable[float]) -> list[Hypothesis]:
        found = [Hypothesis(self._text(c), float(p)) for c, p in zip(texts, log_probs, strict=True)]
        return sorted(found, key=lambda h: -h.log_prob)

    def _coded(self, text: str) -> Codes:
        return tuple(self._charset.index(character) + 1 for character in text)

    def _text(self, codes: Sequence[int]) -> str:
        return "".join(self._charset[code - 1] for code in codes)


def log_probabilities(
    batch: LogProbs,
    texts: Sequence[Codes],
    lengths: NDArray[np.intp] | None = None,
    lines: NDArray[np.intp] | None = None,
) -> NDArray[np.float64]:
    """Natural logarithms of the probabilities of M texts in lines of a batch (N×T×C): the forward
    recursion over all of their paths, all at once.

    texts: M sequences of classes, none of them 0.
    lengths: N numbers of frames after which a line has sure blanks alone; T if not given.
    lines: M numbers of the line that each text is asked of; each of its own if not given.
    """
    _, length, classes = batch.shape
    lines = np.arange(len(batch)) if lines is None else lines
    ends = np.array([2 * len(text) for text in texts], np.intp)
    states = np.zeros((int(ends.max(initial=0)) + 1, len(texts)), np.intp)
    for row, text in enumerate(texts):
        states[1 : ends[row] : 2, row] = text
    # A blank may be skipped between two characters that differ.
    skips = np.zeros(states.shape)
    skips[3::2] = states[3::2] != states[1:-2:2]
    # One class more, which never is: it is all that follows the end of a text.
    chances = np.zeros((length, len(batch), classes + 1))
    np.exp(batch.transpose(1, 0, 2), out=chances[..., :classes], dtype=np.float64)
    states[np.arange(len(states))[:, None] > ends] = classes
    chances, places = chances.reshape(length, -1), states + lines * (classes + 1)
    # Two rows before the first state stay 0: nothing comes from there.
    alpha = np.zeros((len(states) + 2, len(texts)))
    alpha[2:4] = chances[0][places[:2]]
    scale = np.zeros(len(texts))
    for frame in range(1, length):
        grown = alpha[2:] + alpha[1:-1]
        grown += skips * alpha[:-2]
        np.multiply(grown, chances[frame][places], out=alpha[2:])
        if frame % _RESCALED == 0:
            # By the largest and not by the sum, which would depend on the other lines' lengths.
            largest = np.maximum(alpha.max(axis=0), _TINY)
            if lengths is not None:  # so that no line's rounding depends on another's length
                largest[lengths[lines] <= frame] = 1.0
            alpha /= largest
            scale += np.log(largest)
    each = np.arange(len(texts))
    last = alpha[ends + 2, each] + np.where(ends > 0, alpha[ends + 1, each], 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(last) + scale)


def _sum(looks: Sequence[Look], texts: Sequence[Sequence[Codes]]) -> None:
    """Has each look know the probabilities of these texts: those that it doesn't are summed up, all
    at once."""
    asked = [
        (look, unknown)
        for look, wanted in zip(looks, texts, strict=True)
        if (unknown := [text for text in wanted if text not in look.sums])
    ]
    if not asked:
        return
    batch, lengths = _filled([look.frames for look, _ in asked])
    lines = np.repeat(np.arange(len(asked)), [len(unknown) for _, unknown in asked])
    rows = [(look, text) for look, unknown in asked for text in unknown]
    chances = log_probabilities(batch, [text for _, text in rows], lengths, lines)
    for (look, text), chance in zip(rows, chances, strict=True):
        look.sums[text] = look.of_script + float(chance)


def _filled(lines: Sequence[LogProbs]) -> tuple[LogProbs, NDArray[np.intp]]:
    """N lines of T×C as one N×T×C, the shorter ones filled up with sure blanks; their lengths."""
    lengths = np.array([len(line) for line in lines], np.intp)
    batch = np.full((len(lines), int(lengths.max()), lines[0].shape[1]), _NONE, np.float32)
    batch[..., 0] = 0
    for row, line in enumerate(lines):
        batch[row, : len(line)] = line
    return batch, lengths


def _shortened(line: LogProbs) -> LogProbs:
    """Of sure blanks in a row one is kept: they are half of all frames and say nothing more."""
    blank = line[:, 0] > _SURE_BLANK
    blank[1:] &= blank[:-1]
    blank[:1] = False
    return line[~blank]


def _collapsed(path: NDArray[np.intp]) -> Codes:
    """A path's text: equal neighbours merged, blanks dropped."""
    first = np.concatenate(([True], path[1:] != path[:-1]))
    return tuple(path[first & (path > 0)].tolist())
