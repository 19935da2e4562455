"""The numeric reader: boxes of a page → what is printed in them, with an honest probability.

A small fully convolutional network with CTC (Graves et al. 2006) reads whole lines; see `training/`
for how it is made and `docs/accuracy.md` for how well it reads.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import SetupError
from core.reading.calibration import Calibration
from core.reading.ctc import Decoder, Hypothesis, LogProbs
from core.reading.grammar import Kind, weighed, well_formed
from core.reading.lines import MAX_WIDTH, Line, otherwise, prepare
from core.reading.network import Network

Ranked = list[tuple[str, float]]

MODEL_DIR = Path(__file__).parent / "model"


@dataclass(frozen=True, slots=True)
class LineReading:
    """What one box holds.

    text: the numeric characters from left to right as printed, Arabic-Indic digits kept, without
        the currency or words beside them; '' for an empty box.
    confidence: calibrated probability in [0, 1] that the whole text is exactly right.
    alternatives: the next-best texts with their probabilities, best first.
    """

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...] = ()


class NumericReader:
    """Reads numeric boxes. Make one per process; `read` may be called any number of times.

    One network reads all lines; a second one, trained further or otherwise, is asked as well where
    the first isn't sure: networks that were trained apart err apart (Hansen and Salamon 1990).

    threads: of each network.

    Raises:
        SetupError: the model is missing, or its bytes are not those that its sidecar names.
    """

    def __init__(self, threads: int = 1, model_dir: Path = MODEL_DIR) -> None:
        self._settings, self._networks = _load(model_dir, threads)
        self._networks[0].load()
        self._decoder = Decoder(self._settings["charset"])
        self._thorough = Decoder(self._settings["charset"], beam=THOROUGH, floor=1e-7)
        self._calibration = Calibration(self._settings["calibration"])

    @cached_property
    def version(self) -> str:
        """Names the model: kept with every reading that it made."""
        return f"{self._settings['name']}+{self._settings['sha256'][:8]}"

    @cached_property
    def review_threshold(self) -> float:
        """Readings less confident than this ought to be seen by a person."""
        return float(self._settings["review_threshold"])

    def read(self, crops: Sequence[NDArray[np.uint8]], kinds: Sequence[Kind]) -> list[LineReading]:
        """Reads the boxes of a page, all together: far cheaper than one by one.

        crops: one box each, H×W (grey) or H×W×3, uint8, any size; may be cut wider than the text.
        kinds: what each box holds, in the same order.

        Returns one reading per crop, in order. A reading depends on its own crop alone.

        Raises:
            ValueError: `crops` and `kinds` differ in length, or a crop isn't a uint8 picture.
        """
        if len(crops) != len(kinds):
            raise ValueError(f"{len(crops)} crops but {len(kinds)} kinds")
        readings = [BLANK] * len(crops)
        lines = {i: line for i, crop in enumerate(crops) if not (line := prepare(crop)).empty}
        ranked = self.rank([*lines.values()], [kinds[i] for i in lines])
        for index, ((text, chance), *others) in zip(lines, ranked, strict=True):
            confidence = self._calibration(text, kinds[index], chance)
            readings[index] = LineReading(text, confidence, tuple(others[:ALTERNATIVES]))
        return readings

    def rank(self, lines: Sequence[Line], kinds: Sequence[Kind]) -> list[Ranked]:
        """Of each line its likeliest texts, best first, with what the networks give them:
        probabilities in [0, 1] before calibration."""
        if not lines:
            return []
        first, *others = self._networks
        looks = [[frames] for frames in first.frames([line.ink for line in lines])]
        found = self._decoder.best([look for (look,) in looks], CANDIDATES)
        ranked = [weighed(*line) for line in zip(found, kinds, strict=True)]
        for i, ((text, _), *_) in enumerate(ranked):
            if not well_formed(text, kinds[i]):
                found[i] = self._thorough.n_best(looks[i][0], THOROUGH)
                ranked[i] = weighed(found[i], kinds[i])
        if asked := _doubtful(ranked, SURE):
            _look(others, [lines[i].ink for i in asked], [looks[i] for i in asked])
            self._weigh(ranked, asked, looks, found, kinds)
        if unsure := _doubtful(ranked, UNSURE):
            for i, seen in zip(
                unsure, self._elsewhere(unsure, lines, looks, found, kinds), strict=True
            ):
                looks[i] = seen
            self._weigh(ranked, unsure, looks, found, kinds)
        return ranked

    def _weigh(
        self,
        ranked: list[Ranked],
        which: Sequence[int],
        looks: Sequence[list[LogProbs]],
        found: Sequence[list[Hypothesis]],
        kinds: Sequence[Kind],
    ) -> None:
        """Ranks the lines `which` anew by all looks at them."""
        agreed = self._decoder.agreed([looks[i] for i in which], [found[i] for i in which])
        for i, hypotheses in zip(which, agreed, strict=True):
            ranked[i] = weighed(hypotheses, kinds[i])

    def _elsewhere(
        self,
        which: Sequence[int],
        lines: Sequence[Line],
        looks: Sequence[list[LogProbs]],
        found: Sequence[list[Hypothesis]],
        kinds: Sequence[Kind],
    ) -> list[list[LogProbs]]:
        """More looks at the lines `which`: of the ways to find the line in its box, that with the
        likeliest reading is looked at closely."""
        ways = [(i, lines[i].ink) for i in which]
        seen = [looks[i] for i in which]
        for i in which:
            marked = np.repeat(looks[i][0][:, 0] < LIKELY_NOT, 2)[: lines[i].ink.shape[1]]
            ways += [(i, ink) for ink in otherwise(lines[i], marked)]
        others = [[] for _ in ways[len(which) :]]
        _look(self._networks, [ink for _, ink in ways[len(which) :]], others)
        seen = [*(list(looks[i]) for i in which), *others]
        agreed = self._decoder.agreed(seen, [found[i] for i, _ in ways])
        best: dict[int, tuple[float, int]] = {}
        for way, ((i, _), hypotheses) in enumerate(zip(ways, agreed, strict=True)):
            text, chance = weighed(hypotheses, kinds[i])[0]
            if not text:
                chance *= MISSED if i not in best else 0
            if i not in best or chance > best[i][0]:
                best[i] = chance, way
        chosen = [best[i][1] for i in which]
        close = [
            seen[way] if way < len(which) else [*looks[i], *seen[way]]
            for i, way in zip(which, chosen, strict=True)
        ]
        for look in (*(partial(_stretched, by=by) for by in STRETCHES), _blurred):
            _look(self._networks, [look(ways[way][1]) for way in chosen], close)
        return close


def _doubtful(ranked: Sequence[Ranked], limit: float) -> list[int]:
    """The lines whose likeliest text is less likely than that, or nothing at all."""
    return [i for i, ((text, chance), *_) in enumerate(ranked) if chance < limit or not text]


def _look(
    networks: Sequence[Network], inks: Sequence[NDArray[np.uint8]], looks: Sequence[list[LogProbs]]
) -> None:
    """Adds to the looks at each line what these networks see in its ink."""
    for network in networks:
        for seen, frames in zip(looks, network.frames(inks), strict=True):
            seen.append(frames)


BLANK = LineReading("", 1.0)
CANDIDATES = 8
"""Texts that the grammar chooses among."""
THOROUGH = 48
"""Texts that it chooses among where the likeliest is out of form: '٢٠٠٢٠٠٤٠١٤' for a date is
'٢٠٠٢.٠٤.١٤' in a face whose points are as large and nearly as high as its zeros."""
ALTERNATIVES = 3
"""Next-best texts that come with a reading."""
SURE = 0.99
UNSURE = 0.9
"""Probability of the best text below which a line is looked at again, stretched and blurred: what
is right is seen in all looks. On the validation families stretching made 92.9 % of the fields
exact, not 92.4 %, and blurring, measured later, 95.3 %, not 94.9 %."""
MISSED = 0.4
STRETCHES = (0.8, 0.9, 1.12, 1.25)
BLUR = 1.5
"""Standard deviation in pixels of a line image: dots of dotted type run together, grain goes."""
LIKELY_NOT = math.log(0.5)
"""Logarithm of the blank's probability below which a frame shows a character."""


def _stretched(ink: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    height, width = ink.shape
    size = (max(1, min(MAX_WIDTH, round(width * by))), height)
    return np.asarray(cv2.resize(ink, size, interpolation=cv2.INTER_LINEAR), np.uint8)


def _blurred(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # As much brighter as thin strokes have become darker.
    return cv2.convertScaleAbs(cv2.GaussianBlur(ink, (0, 0), BLUR), alpha=1.7).astype(np.uint8)


def _load(model_dir: Path, threads: int) -> tuple[dict[str, Any], list[Network]]:
    """The sidecar, and the networks that it names."""
    remedy = "get the files of core/reading/model again (git checkout), or make them (training/)"
    try:
        settings = json.loads((model_dir / "numeric.json").read_text(encoding="utf-8"))
        named = {"numeric.onnx": settings["sha256"]}
        if "second" in settings:
            named["second.onnx"] = settings["second"]["sha256"]
        models = {name: (model_dir / name).read_bytes() for name in named}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SetupError(
            f"the numeric reader's model in {model_dir} can't be read ({error}): {remedy}",
            code="model_missing",
        ) from error
    for name, model in models.items():
        if hashlib.sha256(model).hexdigest() != named[name]:
            raise SetupError(
                f"{name} in {model_dir} is not the file that numeric.json names: {remedy}",
                code="model_corrupt",
            )
    return settings, [Network(model, threads) for model in models.values()]
