"""Boxes of one text, by what is in them, read by Tesseract alone and as they are."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import cast

from core.geometry import Gray
from core.reading.numerals import Numerals
from core.reading.numeric import NumericReader
from core.reading.tesseract import Line, Tesseract
from core.reading.text import TextReader, TextReading
from core.template import Language
from training import document
from training.texts.content import KINDS, languages
from training.texts.drawing import DAMAGES, box_with

_CLEAN = 0.25
"""Share of boxes that nothing was done to."""


@dataclass(frozen=True)
class Box:
    text: str
    picture: Gray


class _Once(Tesseract):
    """Reads the same pictures but once: both ways of reading a box begin with that."""

    def __init__(self, program: str, timeout: float) -> None:
        super().__init__(program, timeout)
        self._last: dict[tuple[Language, ...], tuple[bytes, list[list[Line]]]] = {}

    def read(self, pictures: Sequence[Gray], languages: Sequence[Language]) -> list[list[Line]]:
        seen = b"".join(picture.tobytes() for picture in pictures)
        wanted = tuple(languages)
        if self._last.get(wanted, (b"",))[0] != seen:
            self._last[wanted] = seen, super().read(pictures, languages)
        return self._last[wanted][1]


class _Unheld:
    """In the place of `Numerals`: what Tesseract says is taken as it is."""

    def checked(
        self,
        boxes: Sequence[Gray],
        tries: Sequence[Sequence[list[Line]]],
        *,
        arabic: Sequence[bool],
    ) -> Iterator[list[tuple[list[Line], float]]]:
        for some in tries:
            yield [(lines, 1.0) for lines in some]


def readers(numeric: NumericReader) -> tuple[TextReader, TextReader]:
    """Tesseract alone, and the reader that ships."""
    alone, shipped = TextReader(numeric), TextReader(numeric)
    shipped._tesseract = alone._tesseract = _Once("tesseract", 300.0)  # of one core
    alone._numerals = cast(Numerals, _Unheld())
    return alone, shipped


def drawn(kind: str, count: int) -> list[Box]:
    """So many boxes of each writer of the kind, always the same."""
    found = []
    for number, writer in enumerate(KINDS[kind]):
        for i in range(count):
            rng = Random(f"texts {kind} {number} {i}")
            damage = "clean" if rng.random() < _CLEAN else rng.choice([*DAMAGES])
            text = writer(rng)
            found.append(Box(text, box_with(text, rng, damage)))
    return found


def table(count: int, numeric: NumericReader) -> str:
    """What each kind comes to, in Markdown."""
    head = ["in the box", "boxes"]
    for way in ("Tesseract alone", "as shipped"):
        head += [f"{way}: exact", "sure and right", "sure and wrong"]
    both = readers(numeric)
    rows = []
    for kind in KINDS:
        print(f"{kind} ...", file=sys.stderr, flush=True)
        boxes = drawn(kind, count)
        figures = [len(boxes)]
        for reader in both:
            read = reader.read(
                [box.picture for box in boxes], [languages(box.text) for box in boxes]
            )
            figures += _counted(boxes, read, numeric.review_threshold)
        rows.append((kind, figures))
    rows.append(
        ("**all**", [sum(column) for column in zip(*(row for _, row in rows), strict=True)])
    )
    lines = [[kind, *(f"{number:,}" for number in figures)] for kind, figures in rows]
    return document.table(head, lines)


def _counted(boxes: Sequence[Box], read: Sequence[TextReading], threshold: float) -> list[int]:
    right = [one.text == box.text for one, box in zip(read, boxes, strict=True)]
    sure = [one.confidence >= threshold for one in read]
    surely_right = sum(s and r for s, r in zip(sure, right, strict=True))
    return [sum(right), surely_right, sum(sure) - surely_right]
