"""The numeric reader: boxes of a page → what is printed in them, with an honest probability.

A small fully convolutional network with CTC (Graves et al. 2006) reads whole lines; see `training/`
for how it is made and `docs/accuracy.md` for how well it reads.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import SetupError
from core.reading.calibration import Calibration
from core.reading.grammar import Kind
from core.reading.habit import habit_of
from core.reading.lines import prepare
from core.reading.network import Network
from core.reading.ranking import Ranker

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

    threads: of each network.

    Raises:
        SetupError: the model is missing, or its bytes are not those that its sidecar names.
    """

    def __init__(self, threads: int = 1, model_dir: Path = MODEL_DIR) -> None:
        self._settings, networks = _load(model_dir, threads)
        self.ranker = Ranker(networks, self._settings["charset"])
        self._calibration = Calibration(self._settings["calibration"])
        self._by_example = Calibration(self._settings["calibration_by_example"])

    @cached_property
    def version(self) -> str:
        """Names the model: kept with every reading that it made."""
        return f"{self._settings['name']}+{self._settings['sha256'][:8]}"

    @cached_property
    def review_threshold(self) -> float:
        """Readings less confident than this ought to be seen by a person."""
        return float(self._settings["review_threshold"])

    def read(
        self,
        crops: Sequence[NDArray[np.uint8]],
        kinds: Sequence[Kind],
        examples: Sequence[str | None] = (),
        *,
        glance: bool = False,
    ) -> list[LineReading]:
        """Reads the boxes of a page, all together: far cheaper than one by one.

        crops: one box each, H×W (grey) or H×W×3, uint8, any size; may be cut wider than the text.
        kinds: what each box holds, in the same order.
        examples: of each what is printed in that box of another invoice of the same form, if that
            is known: digits, marks and their order say how this one is printed.
        glance: one look has to do, whatever doubt it leaves: what takes longest is to look closer.

        Returns one reading per crop, in order. A reading depends on its own crop, kind and example
        alone.

        Raises:
            ValueError: `crops` and the others differ in length, or a crop isn't a uint8 picture.
        """
        examples = examples or [None] * len(crops)
        if not len(crops) == len(kinds) == len(examples):
            raise ValueError(
                f"{len(crops)} crops but {len(kinds)} kinds and {len(examples)} examples"
            )
        readings = [BLANK] * len(crops)
        lines = {i: line for i, crop in enumerate(crops) if not (line := prepare(crop)).empty}
        habits = {i: habit_of(examples[i], kinds[i]) for i in lines}
        ranked = self.ranker.rank(
            [*lines.values()], [kinds[i] for i in lines], [*habits.values()], glance=glance
        )
        for index, ((text, chance), *others) in zip(lines, ranked, strict=True):
            habit = habits[index]
            calibration = self._by_example if habit and text else self._calibration
            confidence = calibration(text, kinds[index], chance, habit)
            readings[index] = LineReading(text, confidence, tuple(others[:ALTERNATIVES]))
        return readings


BLANK = LineReading("", 1.0)
ALTERNATIVES = 3
"""Next-best texts that come with a reading."""


def _load(model_dir: Path, threads: int) -> tuple[dict[str, Any], list[Network]]:
    """The sidecar, and the networks that it names."""
    remedy = "get the files of core/reading/model again (git checkout), or make them (training/)"
    try:
        settings = json.loads((model_dir / "numeric.json").read_text(encoding="utf-8"))
        named = {"numeric.onnx": settings["sha256"]}
        if "second" in settings:
            named["second.onnx"] = settings["second"]["sha256"]
        for needed in ("charset", "calibration", "calibration_by_example", "review_threshold"):
            settings[needed]  # a sidecar of another release lacks one
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
