"""Words: Tesseract reads the `text` boxes of a page, all that share their languages in one process.

Everything about Tesseract is here: its options, its output, its faults.
"""

import itertools
import os
import statistics
import tempfile
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytesseract
from numpy.typing import NDArray

from core.errors import SetupError, TransientError
from core.template import Language
from core.values import clean_text

# Tesseract's own threads make it 2 to 10 times slower where there are fewer cores than it thinks
# (github.com/tesseract-ocr/tesseract/issues/263), and the page is shared among processes anyway.
os.environ.setdefault("OMP_THREAD_LIMIT", "1")

TIMEOUT_S = 30
"""Longest time for the text boxes of one page."""

_LINE_HEIGHT = 80
"""Boxes flatter than this are enlarged to it: Tesseract wants capitals of some 30 px
(tesseract-ocr.github.io/tessdoc/ImproveQuality), and text fills about half of its box."""
_MAX_ENLARGEMENT = 4.0
_MARGIN = 12
_SINGLE_BLOCK = 6
"""Page segmentation mode: a box holds one block of one or more lines."""
_MIN_CONTRAST = 40
"""Grey levels between paper and ink below which a box is blank."""

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class TextReading:
    """text: in logical order, lines joined by a space; '' for an empty box.
    confidence: in [0, 1], the mean of Tesseract's word confidences weighted by their length. Unlike
        that of numeric fields it is Tesseract's own estimate, not a calibrated probability."""

    text: str
    confidence: float


class TextReader:
    """Reads text boxes with the program `tesseract` (a name on the PATH, or a path)."""

    def __init__(self, tesseract: str = "tesseract") -> None:
        self._program = tesseract

    @cached_property
    def version(self) -> str:
        """Raises SetupError if there is no such program."""
        pytesseract.pytesseract.tesseract_cmd = self._program
        try:
            return f"tesseract-{pytesseract.get_tesseract_version()}"
        except pytesseract.TesseractNotFoundError as error:
            raise self._not_found() from error

    def read(
        self, crops: Sequence[Gray], languages: Sequence[tuple[Language, ...]]
    ) -> list[TextReading]:
        """Reads boxes, each H×W (grey) uint8 of any size, in its languages.

        Raises:
            SetupError: Tesseract or the data of a language is missing.
            TransientError: Tesseract failed or took longer than TIMEOUT_S.
        """
        readings = [TextReading("", 1.0)] * len(crops)
        groups: dict[tuple[Language, ...], list[int]] = {}
        for index, (crop, wanted) in enumerate(zip(crops, languages, strict=True)):
            if not _blank(crop):
                groups.setdefault(wanted, []).append(index)
        for wanted, indices in groups.items():
            texts = self._run([crops[index] for index in indices], "+".join(wanted))
            for index, reading in zip(indices, texts, strict=True):
                readings[index] = reading
        return readings

    def _run(self, crops: Sequence[Gray], languages: str) -> list[TextReading]:
        pytesseract.pytesseract.tesseract_cmd = self._program
        with tempfile.TemporaryDirectory(prefix="khana-") as folder:
            paths = [Path(folder, f"{number}.png") for number in range(len(crops))]
            for path, crop in zip(paths, crops, strict=True):
                cv2.imwrite(str(path), _prepared(crop))
            # A list of pictures is one run of Tesseract, with a page for each.
            listed = Path(folder, "pages.txt")
            listed.write_text("\n".join(map(str, paths)), encoding="utf-8")
            try:
                words: dict[str, list[Any]] = pytesseract.image_to_data(
                    str(listed),
                    lang=languages,
                    config=f"--psm {_SINGLE_BLOCK}",
                    timeout=TIMEOUT_S,
                    output_type=pytesseract.Output.DICT,
                )
            except pytesseract.TesseractNotFoundError as error:
                raise self._not_found() from error
            except pytesseract.TesseractError as error:
                if "Failed loading language" in error.message:
                    raise SetupError(
                        f"Tesseract has no data for {languages}: install tesseract-ocr-ara and "
                        "tesseract-ocr-eng",
                        code="tesseract_language_missing",
                    ) from error
                raise TransientError(f"Tesseract failed: {error.message[:300]}") from error
            except RuntimeError as error:  # how pytesseract says that it took too long
                raise TransientError(f"Tesseract took longer than {TIMEOUT_S} s") from error
        return [_reading(words, page, languages) for page in range(1, len(crops) + 1)]

    def _not_found(self) -> SetupError:
        return SetupError(
            f"the program {self._program} is not here: install tesseract-ocr, tesseract-ocr-ara "
            "and tesseract-ocr-eng, or set KHANA_TESSERACT",
            code="tesseract_missing",
        )


def _blank(crop: Gray) -> bool:
    if min(crop.shape) < 3:
        return True
    low, high = np.percentile(crop, (0.5, 95))
    return bool(high - low < _MIN_CONTRAST)


def _prepared(crop: Gray) -> Gray:
    """The box enlarged to a height that Tesseract reads well, with a margin of its own paper."""
    scale = min(max(1.0, _LINE_HEIGHT / crop.shape[0]), _MAX_ENLARGEMENT)
    if scale > 1:
        crop = np.asarray(
            cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC), np.uint8
        )
    paper = int(np.percentile(crop, 90))
    return np.asarray(
        cv2.copyMakeBorder(
            crop, _MARGIN, _MARGIN, _MARGIN, _MARGIN, cv2.BORDER_CONSTANT, value=(paper,)
        ),
        np.uint8,
    )


def _reading(words: dict[str, list[Any]], page: int, languages: str) -> TextReading:
    lines: dict[tuple[int, int, int], list[_Word]] = {}
    for index, number in enumerate(words["page_num"]):
        text, confidence = clean_text(str(words["text"][index])), float(words["conf"][index])
        if number == page and confidence >= 0 and text:
            line = tuple(words[key][index] for key in ("block_num", "par_num", "line_num"))
            lines.setdefault(line, []).append(_Word(words["left"][index], text, confidence))
    found = [word for line in lines.values() for word in line]
    if not found:
        return TextReading("", 0.0)
    confidence = statistics.fmean(
        [word.confidence for word in found], weights=[len(word.text) for word in found]
    )
    rtl = languages.startswith("ara")
    text = " ".join(word.text for line in lines.values() for word in _logical_order(line, rtl=rtl))
    return TextReading(text, confidence / 100)


@dataclass(frozen=True, slots=True)
class _Word:
    left: int
    text: str
    confidence: float

    @property
    def arabic(self) -> bool:
        return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in self.text)


def _logical_order(line: Sequence[_Word], *, rtl: bool) -> list[_Word]:
    """The words of a line in reading order, from where they stand.

    A line of one script tells its own direction. Of a mixed one the picture is the same both ways
    round, so the first language of the field decides which side it starts from.
    """
    rtl = (rtl and any(word.arabic for word in line)) or all(word.arabic for word in line)
    ordered = sorted(line, key=lambda word: word.left, reverse=rtl)
    against = [list(run) for _, run in itertools.groupby(ordered, lambda word: word.arabic)]
    return [word for run in against for word in (reversed(run) if run[0].arabic != rtl else run)]
