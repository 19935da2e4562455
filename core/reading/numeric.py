"""The numeric reader: boxes of a page → what is printed in them, with an honest probability.

A small fully convolutional network with CTC (Graves et al. 2006) reads whole lines; see `training/`
for how it is made and `docs/accuracy.md` for how well it reads.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from core.errors import SetupError
from core.reading.calibration import Calibration
from core.reading.ctc import Decoder, LogProbs
from core.reading.grammar import Kind, weighed, well_formed
from core.reading.lines import MAX_WIDTH, enlarged, prepare
from core.reading.network import Network

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
        self._settings, (self._network, *self._others) = _load(model_dir, threads)
        self._network.load()
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
        ranked = self.rank([line.ink for line in lines.values()], [kinds[i] for i in lines])
        for index, ((text, chance), *others) in zip(lines, ranked, strict=True):
            confidence = self._calibration(text, kinds[index], chance)
            readings[index] = LineReading(text, confidence, tuple(others[:ALTERNATIVES]))
        return readings

    def rank(
        self, inks: Sequence[NDArray[np.uint8]], kinds: Sequence[Kind]
    ) -> list[list[tuple[str, float]]]:
        """Of each line image its likeliest texts, best first, with what the network gives them:
        probabilities in [0, 1] before calibration.

        inks: as `core.reading.lines.prepare` makes them.
        """
        if not inks:
            return []
        frames = self._network.frames(inks)
        found = self._decoder.best(frames, CANDIDATES)
        ranked = [weighed(*line) for line in zip(found, kinds, strict=True)]
        for i, ((text, _), *_) in enumerate(ranked):
            if not well_formed(text, kinds[i]):
                found[i] = self._thorough.n_best(frames[i], THOROUGH)
                ranked[i] = weighed(found[i], kinds[i])
        unsure = [i for i, ((_, chance), *_) in enumerate(ranked) if chance < UNSURE]
        if unsure:
            looks = self._looks([inks[i] for i in unsure], [frames[i] for i in unsure])
            agreed = self._decoder.agreed(looks, [found[i] for i in unsure])
            for i, hypotheses in zip(unsure, agreed, strict=True):
                ranked[i] = weighed(hypotheses, kinds[i])
        return ranked

    def _looks(
        self, inks: Sequence[NDArray[np.uint8]], frames: Sequence[LogProbs]
    ) -> list[list[LogProbs]]:
        """Of each line the frames that it has, those of it stretched and blurred, and those of its
        digits alone where they are small in it; and the other network's of all these."""
        looks = [[first] for first in frames]
        again = [(i, _stretched(ink, by)) for by in STRETCHES for i, ink in enumerate(inks)]
        again += [(i, _blurred(ink)) for i, ink in enumerate(inks)]
        for i, ink in enumerate(inks):
            seen = np.repeat(frames[i][:, 0] < LIKELY_NOT, 2)[: ink.shape[1]]
            if (part := enlarged(ink, seen)) is not None:
                again.append((i, part))
        asked = [(self._network, again)]
        asked += [(other, [*enumerate(inks), *again]) for other in self._others]
        for network, views in asked:
            for (i, _), look in zip(views, network.frames([ink for _, ink in views]), strict=True):
                looks[i].append(look)
        return looks


BLANK = LineReading("", 1.0)
CANDIDATES = 8
"""Texts that the grammar chooses among."""
THOROUGH = 48
"""Texts that it chooses among where the likeliest is out of form: '٢٠٠٢٠٠٤٠١٤' for a date is
'٢٠٠٢.٠٤.١٤' in a face whose points are as large and nearly as high as its zeros."""
ALTERNATIVES = 3
"""Next-best texts that come with a reading."""
UNSURE = 0.9
"""Probability of the best text below which a line is looked at again, stretched and blurred: what
is right is seen in all looks. On the validation families stretching made 92.9 % of the fields
exact, not 92.4 %, and blurring, measured later, 95.3 %, not 94.9 %."""
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
