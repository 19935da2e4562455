"""Pages of a form whose texts their boxes cut, and the reference picture that the boxes were drawn
on: the form as it comes from the printer, or filled in with texts that are whole in their boxes."""

from dataclasses import dataclass
from random import Random

import cv2
import numpy as np

from core.geometry import Gray
from core.template import Box
from training.pages import words
from training.pages.pen import HEIGHT, WIDTH
from training.texts import content
from training.texts.drawing import a_face, line, printed

_DPI = 200
_SPACE, _LETTERS = 0.17, 0.02
"""Ems from which columns without ink are between words, or between letters."""
_SHARE = 0.4
"""Of a text, at its start or end, in which it is cut."""
_ARABIC = "LATIN ابتثجحخدذرزسشصضطظعغفقكلمنهويةىءأإآؤئ،"


@dataclass(frozen=True)
class Cell:
    """What is printed in a field, its box in pixels of the page, and where that cuts it: at the
    `start` or `end` of the text (its right and left if it is Arabic), or nowhere. at: whether it
    does so between `words` or `letters`, or through a letter (`ink`)."""

    name: str
    text: str
    box: Box
    cut: str
    at: str


@dataclass(frozen=True)
class Sheet:
    """A page, H×W at 200 dpi, the reference picture of its form, as large and `filled` in or not,
    and its cells."""

    page: Gray
    reference: Gray
    cells: tuple[Cell, ...]
    filled: bool


def drawn(number: int) -> Sheet:
    """The form of that number, always the same. Its reference is filled in if that is odd."""
    drawing = _Drawing(Random(f"texts form {number}"), filled=number % 2 == 1)
    drawing.letterhead()
    drawing.labelled()
    drawing.list()
    drawing.small_print()
    drawing.pens()
    return Sheet(drawing.page, drawing.reference, tuple(drawing.cells), drawing.filled)


class _Drawing:
    """One sheet in the making, laid out from the side where reading begins."""

    def __init__(self, rng: Random, *, filled: bool) -> None:
        self.rng, self.filled = rng, filled
        self.page, self.reference = (np.full((HEIGHT, WIDTH), 255, np.uint8) for _ in range(2))
        self.cells: list[Cell] = []
        self.language = rng.choice([0, 1])
        self.rtl = self.language == 1
        every = _ARABIC if self.rtl else "LATIN"
        self.labels, self.values = a_face(rng, every), a_face(rng, every)
        self.size = rng.uniform(8, 13) * _DPI / 72
        self.margin = rng.randint(80, 160)
        self.y = rng.randint(120, 200)

    def label(self, x: int, text: str, *, scale: float = 1.0) -> int:
        """Printed on both, from `x` on; gives where it ends."""
        ink = line(self.labels, text, self.size * scale, rtl=self.rtl)
        for sheet in (self.page, self.reference):
            self.put(sheet, ink, x)
        return x + ink.shape[1]

    def put(self, sheet: Gray, ink: Gray, x: int) -> None:
        left = WIDTH - x - ink.shape[1] if self.rtl else x
        printed(sheet, ink, max(0, left), self.y)

    def rule(self, x1: int, y1: int, x2: int, y2: int) -> None:
        if self.rtl:
            x1, x2 = WIDTH - x1, WIDTH - x2
        for sheet in (self.page, self.reference):
            cv2.line(sheet, (x1, y1), (x2, y2), (0,), 2)

    def letterhead(self) -> None:
        rng = self.rng
        self.label(self.margin, content.company(rng, self.language), scale=1.8)
        self.y += round(2 * self.size)
        self.label(self.margin, content.address(rng, self.language))
        self.y += round(1.6 * self.size)
        self.label(self.margin, rng.choice(words.SMALL_PRINT)[self.language], scale=0.8)
        self.y += round(2.5 * self.size)
        self.label(rng.randint(400, 800), rng.choice(words.TITLES)[self.language], scale=1.6)
        self.y += round(3 * self.size)

    def labelled(self) -> None:
        """Rows of a label and a text each: side by side, in columns, or in ruled cells; the text at
        its cell's start, middle or end; behind it at times the label in another language."""
        rng, size = self.rng, self.size
        layout = rng.choice(["beside", "columns", "columns", "cells"])
        place = rng.choice(["start", "start", "middle", "end"]) if layout != "beside" else "start"
        colon = rng.choice([":", ""])
        gap = round(size * rng.uniform(0.2, 0.6))
        other = rng.random() < 0.25
        row = round(size * rng.uniform(1.9, 2.6))
        pairs = [*words.TEXTS, *words.NUMBERS, *words.TEXTS]
        rng.shuffle(pairs)
        column, end = round(9 * size), WIDTH - self.margin - (round(8 * size) if other else 0)
        for pair in pairs[: rng.randint(7, 10)]:
            after = self.label(self.margin, pair[self.language] + colon)
            start = after + gap
            if layout != "beside":
                start = max(start, self.margin + column)
            if layout == "cells":
                top, bottom = self.y - round(0.65 * row), self.y + round(0.35 * row)
                for y in (top, bottom):
                    self.rule(self.margin - 10, y, end, y)
                for x in (self.margin - 10, start - gap, end):
                    self.rule(x, top, x, bottom)
                start += round(0.2 * size)
            if other:
                self.label(end + round(0.3 * size), pair[self.language])
            self.field(start, end - round(0.3 * size), place, gap)
            self.y += row
        self.y += row

    def list(self) -> None:
        """Two rows of a table without upright rules, whose texts may reach to the next column."""
        rng, size = self.rng, self.size
        widths = [round(size * rng.uniform(*by)) for by in ((2, 3), (9, 15), (7, 12), (4, 6))]
        starts = [self.margin + sum(widths[:i]) for i in range(5)]
        gap = round(0.4 * size)
        for x, head in zip(starts[1:], words.HEADS[:3], strict=False):
            self.label(x, head[self.language], scale=0.8)
        self.rule(
            self.margin, self.y + round(0.5 * size), WIDTH - self.margin, self.y + round(0.5 * size)
        )
        for _ in range(2):
            self.y += round(1.9 * size)
            self.field(starts[1], starts[2] - gap, "start", gap)
            self.field(starts[2], starts[3] - gap, "start", gap)
            for sheet in (self.page, self.reference) if self.filled else (self.page,):
                for x, digits in ((starts[0], 2), (starts[3], 4)):
                    text = str(rng.randint(1, 10**digits))
                    self.put(sheet, line(self.values, text, size, rtl=False), x)
        self.y += round(3 * size)

    def field(self, start: int, end: int, place: str, gap: int) -> None:
        """A text in the room from `start` to `end`, and its box."""
        rng = self.rng
        fitting = self._fitting(end - start, 20)
        if fitting is None:
            return
        text, ink = fitting
        width = ink.shape[1]
        x = {"start": start, "middle": (start + end - width) // 2, "end": end - width}[place]
        self.put(self.page, ink, x)
        first, last, cut, at = self._edges(ink)
        margins = rng.randint(2, max(3, gap - 3)), rng.randint(2, 14)
        begin = x + first if cut == "start" else x - margins[0]
        stop = x + last if cut == "end" else x + width + margins[1]
        left, right = (WIDTH - stop, WIDTH - begin) if self.rtl else (begin, stop)
        box = left, self._top(), right, self._bottom()
        self.cells.append(Cell(f"field_{len(self.cells)}", text, box, cut, at))
        if self.filled:
            self._fill(begin, stop, place)

    def _fitting(self, room: int, tries: int, *, short: bool = False) -> tuple[str, Gray] | None:
        """A text no wider than `room`, and its ink; if `short`, at times one of a single word."""
        for _ in range(tries):
            text = self.rng.choice([content.company, content.address])(self.rng, self.language)
            if short and self.rng.random() >= 0.5:
                text = text.split()[0]
            if self.values.has(text):
                ink = line(self.values, text, self.size, rtl=self.rtl)
                if ink.shape[1] <= room:
                    return text, ink
        return None

    def _top(self) -> int:
        return self.y - round(self.size * self.rng.uniform(1.0, 1.2))

    def _bottom(self) -> int:
        return self.y + round(self.size * self.rng.uniform(0.35, 0.5))

    def _fill(self, begin: int, stop: int, place: str) -> None:
        """What the reference has in the box: a text that is whole in it."""
        fitting = self._fitting(stop - begin - 4, 30, short=True)
        if fitting is not None:
            room = stop - begin - 4 - fitting[1].shape[1]
            x = begin + 2 + {"start": 0, "middle": room // 2, "end": room}[place]
            self.put(self.reference, fitting[1], x)

    def _edges(self, ink: Gray) -> tuple[int, int, str, str]:
        """From where to where, from the text's start on, a box has it, and where that cuts it."""
        rng, width = self.rng, ink.shape[1]
        cut = rng.choice(["", "", "start", "end"])
        at = rng.choices(["words", "letters", "ink"], weights=[60, 25, 15])[0]
        inked = (ink > 60).any(axis=0)
        if self.rtl:
            inked = inked[::-1]
        turns = np.flatnonzero(np.diff(inked.astype(np.int8), prepend=0, append=0))
        ends, begins = turns[1:-1:2], turns[2::2]  # of the gaps
        wide = begins - ends > _SPACE * self.size
        chosen = wide if at == "words" else ~wide & (begins - ends > _LETTERS * self.size)
        places = (ends + begins)[chosen] // 2
        if at == "ink":
            places = ((turns[::2] + turns[1::2]) // 2)[turns[1::2] - turns[::2] > 4]
        near = places < _SHARE * width if cut == "start" else places > (1 - _SHARE) * width
        if not cut or not near.any():
            return 0, width, "", ""
        edge = int(rng.choice(list(places[near])))
        return (edge, width, cut, at) if cut == "start" else (0, edge, cut, at)

    def small_print(self) -> None:
        rng = self.rng
        for pair in rng.sample(words.SMALL_PRINT, 3):
            if self.y < HEIGHT - 120:
                self.label(self.margin, pair[self.language], scale=0.8)
                self.y += round(1.6 * self.size)

    def pens(self) -> None:
        """On every third page a stamp or a stroke of a pen, over or beside some box."""
        rng = self.rng
        if rng.random() > 1 / 3 or not self.cells:
            return
        left, top, right, bottom = rng.choice(self.cells).box
        if rng.random() < 0.5:
            at = rng.randint(left, right), (top + bottom) // 2 + rng.randint(-60, 60)
            cv2.circle(self.page, at, rng.randint(60, 140), (110,), 5, cv2.LINE_AA)
            cv2.putText(self.page, "PAID", (at[0] - 45, at[1] + 15), 0, 1.2, (110,), 3)
        else:
            at = rng.choice([left, right]) + rng.randint(-60, 40), (top + bottom) // 2
            steps = [[rng.randint(-15, 25), rng.randint(-15, 15)] for _ in range(12)]
            points = np.cumsum([at, *steps], axis=0, dtype=np.int32)
            cv2.polylines(self.page, [points], False, (40,), 4, cv2.LINE_AA)
