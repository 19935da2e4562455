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
_NONE = -math.inf


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

    def __init__(self, charset: str, *, beam: int = 8, floor: float = 1e-4) -> None:
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
        best = self._one_script(log_probs)[0].argmax(axis=1)
        first = np.concatenate(([True], best[1:] != best[:-1]))
        return "".join(self._charset[code - 1] for code in best[first & (best > 0)])

    def n_best(self, log_probs: LogProbs, count: int = 4) -> list[Hypothesis]:
        """The likeliest texts of one script, best first, at least one: prefix beam search (Hannun
        et al. 2014), each with its exact probability among the texts of that script, times the
        script's."""
        log_probs, of_script = self._one_script(log_probs)
        beams: dict[tuple[int, ...], tuple[float, float]] = {(): (0.0, _NONE)}
        for frame in log_probs:
            beams = self._extended(beams, frame)
        ranked = sorted(((_plus(*ends), codes) for codes, ends in beams.items()), reverse=True)
        # The exact sums take two thirds of the time; most lines have one or two texts worth it.
        codes = [c for chance, c in ranked[: max(count, 1)] if chance > ranked[0][0] + self._floor]
        scored = [
            Hypothesis(self._text(c), of_script + log_probability(log_probs, c)) for c in codes
        ]
        return sorted(scored, key=lambda h: -h.log_prob)

    def _one_script(self, log_probs: LogProbs) -> tuple[LogProbs, float]:
        """The frames without the characters of the less likely script, and the logarithm of the
        other's probability; each script is judged by its best path.

        A kufic ٥ is the 0 of many a Western face: only its neighbours, further off than the
        network looks, say which it is.
        """
        masked, paths = [], []
        for foreign in self._foreign:
            frames = log_probs.copy()
            frames[:, foreign] = _NONE
            masked.append(frames)
            paths.append(float(frames.max(axis=1).sum()))
        better = int(paths[1] > paths[0])
        chosen = masked[better]
        total = np.logaddexp.reduce(chosen, axis=1, keepdims=True)
        # Where both scripts have the same best path there is nothing to choose between.
        same = paths[0] == paths[1]
        return chosen - total, 0.0 if same else -_plus(0.0, paths[1 - better] - paths[better])

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

    def _text(self, codes: Sequence[int]) -> str:
        return "".join(self._charset[code - 1] for code in codes)


def log_probability(log_probs: LogProbs, codes: Sequence[int]) -> float:
    """Natural logarithm of a text's probability: the forward recursion over all of its paths.

    codes: the text's classes, none of them 0.
    """
    states = np.zeros(2 * len(codes) + 1, np.intp)
    states[1::2] = codes
    # A blank may be skipped between two characters that differ.
    skips = np.zeros(len(states), bool)
    skips[3::2] = states[3::2] != states[1:-2:2]
    emitted = log_probs[:, states].astype(np.float64)
    alpha = np.full(len(states), _NONE)
    alpha[:2] = emitted[0, :2]
    for now in emitted[1:]:
        stepped = alpha.copy()
        stepped[1:] = np.logaddexp(stepped[1:], alpha[:-1])
        stepped[2:] = np.where(skips[2:], np.logaddexp(stepped[2:], alpha[:-2]), stepped[2:])
        alpha = stepped + now
    return float(np.logaddexp.reduce(alpha[-2:]))


def _plus(a: float, b: float) -> float:
    """log(exp(a) + exp(b)); the scalar form, ten times as fast as numpy's."""
    if a < b:
        a, b = b, a
    return a if b == _NONE else a + math.log1p(math.exp(b - a))
