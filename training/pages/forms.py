"""Invoices of forms without end: each number is one form, filled in anew for each content.

Forms share words, fonts, titles and small print; letterhead, labels, rulings and places are a
form's own. Contents differ in all values, the number of rows, stamps, signatures and pen marks.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import cv2
import numpy as np

from core.template import Box, Kind
from samples.printed import Printed, Style
from training.pages import words
from training.pages.pen import ARABIC, HEIGHT, LATIN, WIDTH, Gray, Pen, length
from training.pages.words import Pair

BLANK = 0
"""The content that is nothing: the form as it comes from the printer."""

_SMALLEST = 12
"""Pixels of type that is made smaller to fit its cell."""
_STYLES = (
    Style(),
    Style(grouped=False),
    Style(arabic=True),
    Style(arabic=True, arabic_marks=True),
    Style(arabic=True, arabic_marks=True, grouped=False),
)


@dataclass(frozen=True)
class Cell:
    """A box to read in pixels of the page, what is printed in it, and what that means.

    On an empty sheet `printed` is what would be there.
    """

    name: str
    kind: Kind
    box: Box
    printed: Printed


@dataclass(frozen=True)
class Sheet:
    """A page, H×W at 200 dpi, and its cells."""

    page: Gray
    cells: tuple[Cell, ...]


def draw(form: int, content: int = BLANK, *, seed: int = 0) -> Sheet:
    """The form of that number, filled in with the content of that number, always the same.

    Another `seed` is another supply of forms.
    """
    drawing = _Drawing(Random(f"{seed} form {form}"), Random(f"{seed} {form} filled {content}"))
    drawing.letterhead()
    drawing.labels()
    drawing.table(filled=content != BLANK)
    drawing.totals()
    drawing.small_print()
    page = drawing.pen.page
    cells = drawing.cells
    if content == BLANK:
        return Sheet(drawing.empty.page, tuple(cells))
    _marks(page, drawing.filling)
    return Sheet(page, tuple(cells))


def letterhead_alone(form: int, *, seed: int = 0) -> tuple[Pen, int]:
    """A page of the same supplier with nothing below the letterhead, and where that ends."""
    drawing = _Drawing(Random(f"{seed} form {form}"), Random())
    drawing.letterhead()
    return drawing.empty, drawing.y


class _Drawing:
    """One sheet in the making. Forms are laid out from the left; Arabic ones are mirrored."""

    def __init__(self, form: Random, filling: Random) -> None:
        self.form, self.filling = form, filling
        self.pen, self.empty = Pen(), Pen()
        self.cells: list[Cell] = []
        self.languages = form.choice([(0,), (1,), (0, 1)])
        self.mirrored = 1 in self.languages and form.random() < 0.8
        self.family = form.choice(LATIN), form.choice(ARABIC)
        self.size = form.randint(24, 32)
        self.margin = form.randint(60, 160)
        self.style = form.choice(_STYLES[:2] if self.languages == (0,) else _STYLES)
        self.digits = form.choice(("DejaVu Sans", "Amiri", "Noto Naskh Arabic", "KacstOne"))
        if not self.style.arabic:
            self.digits = form.choice(LATIN)
        self.y = form.randint(50, 130)

    def caption(
        self, x: int, y: int, pair: Pair, *, size: float = 1.0, span: int = 0, ink: int = 0
    ) -> None:
        """In each language of the form: the first at x, another at the far end of `span`."""
        pixels = round(self.size * size)
        for i, language in enumerate(self.languages):
            at = x if i == 0 else x + span
            if i and not span:
                return
            side = ("left", "right")[i ^ self.mirrored]
            for pen in (self.pen, self.empty):
                place = self._x(at), y
                family = self.family[language]
                pen.words(place, pair[language], family, pixels, side=side, ink=ink)  # type: ignore[arg-type]

    def rectangle(
        self, left: int, top: int, right: int, bottom: int, *, ink: int = 0, width: int = 2
    ) -> None:
        """Its outline, or with no `width` all of it."""
        x1, x2 = sorted((self._x(left), self._x(right)))
        for pen in (self.pen, self.empty):
            if width:
                pen.draw.rectangle((x1, top, x2, bottom), outline=ink, width=width)
            else:
                pen.draw.rectangle((x1, top, x2, bottom), fill=ink)

    def line(self, x1: int, y1: int, x2: int, y2: int, width: int = 2, ink: int = 0) -> None:
        for pen in (self.pen, self.empty):
            pen.draw.line((self._x(x1), y1, self._x(x2), y2), fill=ink, width=width)

    def value(self, kind: Kind) -> Printed:
        filling, style = self.filling, self.style
        match kind:
            case Kind.AMOUNT:
                cents = round(10 ** filling.uniform(2.5, 7.5))
                return style.amount(Decimal(cents) / 100)
            case Kind.DATE:
                day = date(2020, 1, 1) + timedelta(filling.randrange(3650))
                return style.day(day, "%d/%m/%Y")
            case _:
                return style.number(f"{filling.randrange(10**4, 10**8)}")

    def put(self, printed: Printed, left: int, top: int, right: int) -> Box:
        """Prints in a cell, and gives the box that a person would draw there."""
        x1, x2 = sorted((self._x(left), self._x(right)))
        x, size = x1 + self.filling.randint(8, 24), self.size
        while length(printed.text, self.digits, size) > x2 - 8 - x and size > _SMALLEST:
            size -= 1
        self.pen.number((x, top + 8), printed.text, self.digits, size)
        return x1 + 3, top + 3, x2 - 3, top + round(self.size * 1.75)

    def letterhead(self) -> None:
        form, margin = self.form, self.margin
        x, y = form.choice([margin, WIDTH - margin - 220, WIDTH // 2 - 110]), self.y
        for _ in range(form.randint(2, 6)):
            self._logo_part(x + form.randint(30, 190), y + form.randint(30, 130))
        name = tuple(
            f"{a} {b}"
            for a, b in zip(form.choice(words.SUPPLIERS), form.choice(words.TRADES), strict=True)
        )
        end = WIDTH - 2 * margin
        bottom = y + form.randint(160, 230)
        self.caption(margin, bottom, (name[0], name[1]), size=form.choice([1.5, 2.0]), span=end)
        text = f"{form.randint(100, 9999)} - {form.randint(10**6, 10**7)}"
        for pen in (self.pen, self.empty):
            pen.number((margin, bottom + 80), text, LATIN[0], round(self.size * 0.8))
        self.caption(form.randint(400, 900), bottom + 70, form.choice(words.TITLES), size=1.6)
        self.y = bottom + 140
        if form.random() < 0.5:
            self.line(margin, self.y, WIDTH - margin, self.y, form.choice([2, 4, 8]))
        self.y += form.randint(20, 60)

    def labels(self) -> None:
        form, margin = self.form, self.margin
        named = [(pair, Kind.NUMBER) for pair in form.sample(words.NUMBERS, form.randint(2, 4))]
        named += [(pair, Kind.DATE) for pair in form.sample(words.DATES, form.randint(1, 2))]
        named += [(pair, Kind.TEXT) for pair in form.sample(words.TEXTS, form.randint(1, 5))]
        form.shuffle(named)
        columns, row = form.choice([1, 2, 2]), form.randint(60, 78)
        width = (WIDTH - 2 * margin) // columns
        framed = form.random() < 0.4
        for i, (pair, kind) in enumerate(named):
            left, top = margin + i % columns * width, self.y + i // columns * row
            right = left + width - 20
            if framed:
                self.rectangle(left, top, right, top + row)
            self.caption(left + 10, top + 10, pair, span=width - 40)
            inside = left + width * 9 // 20, top, right - (230 if len(self.languages) > 1 else 0)
            if kind is Kind.TEXT:
                self._text(inside[0], top + 10)
            else:
                printed = self.value(kind)
                box = self.put(printed, *inside)
                self.cells.append(Cell(f"field_{i}", kind, box, printed))
        self.y += math.ceil(len(named) / columns) * row + form.randint(30, 80)

    def table(self, *, filled: bool) -> None:
        form, filling, margin = self.form, self.filling, self.margin
        heads = list(words.HEADS[: form.randint(3, 6)])
        shares = [(form.random() + 0.6) * (2.5 if i == 0 else 1) for i in range(len(heads))]
        steps = np.cumsum([0, *shares]) / sum(shares)
        xs = [round(margin + step * (WIDTH - 2 * margin)) for step in steps]
        row, most = form.randint(50, 66), form.randint(6, 12)
        top, bottom = self.y, self.y + row * (most + 1)
        if form.random() < 0.5:
            self.rectangle(xs[0], top, xs[-1], top + row, ink=form.choice([200, 225]), width=0)
        for x, head in zip(xs, heads, strict=False):
            self.caption(x + 8, top + 8, head, size=0.85)
        ruled = form.random() < 0.5
        for i in range(most + 2):
            if ruled or i < 2:
                self.line(xs[0], top + i * row, xs[-1], top + i * row, 1)
        if form.random() < 0.6:
            for x in xs:
                self.line(x, top, x, bottom)
        for i in range(filling.randint(1, most) if filled else 0):
            y = top + (i + 1) * row
            self._text(xs[0] + 10, y + 8, words.ITEMS)
            for j, (left, right) in enumerate(pairwise(xs[1:])):
                quantity = self.style.number(str(filling.randint(1, 500)))
                printed = self.value(Kind.AMOUNT) if j else quantity
                if len(printed.text) * self.size * 0.62 < right - left - 40:
                    self.put(printed, left, y, right)
        self.y = bottom + form.randint(10, 50)

    def totals(self) -> None:
        form, margin, row = self.form, self.margin, self.form.randint(58, 74)
        left = form.choice([margin, WIDTH - margin - 720])
        framed = form.random() < 0.6
        for i, pair in enumerate(words.TOTALS):
            top = self.y + i * row
            if framed:
                self.rectangle(left, top, left + 720, top + row)
                self.line(left + 390, top, left + 390, top + row)
            self.caption(left + 8, top + 8, pair)
            printed = self.value(Kind.AMOUNT)
            box = self.put(printed, left + 394, top, left + 716)
            self.cells.append(Cell(f"total_{i}", Kind.AMOUNT, box, printed))
        self.y += len(words.TOTALS) * row + 40

    def small_print(self) -> None:
        form = self.form
        for pair in form.sample(words.SMALL_PRINT, form.randint(0, 4)):
            if self.y < HEIGHT - 120:
                self.caption(self.margin, self.y, pair, size=0.8, ink=form.choice([0, 70]))
                self.y += round(self.size * 1.6)
        if form.random() < 0.6:
            self.line(self.margin, HEIGHT - 90, WIDTH - self.margin, HEIGHT - 90, 2)
            self.caption(form.randint(300, 700), HEIGHT - 80, ("Thank you", "شكرا لكم"), size=0.8)

    def _text(self, x: int, y: int, pairs: Sequence[Pair] = words.PEOPLE) -> None:
        language = self.languages[0]
        side = "right" if self.mirrored else "left"
        text, family = self.filling.choice(pairs)[language], self.family[language]
        self.pen.words((self._x(x), y), text, family, self.size, side=side)  # type: ignore[arg-type]

    def _logo_part(self, x: int, y: int) -> None:
        form = self.form
        size, ink, solid = form.randint(12, 50), form.choice([0, 90, 180]), form.random() < 0.5
        turn, corners = form.random() * 360, form.choice([3, 4, 5, 6, 40])
        for pen in (self.pen, self.empty):
            shape = ((self._x(x), y, size), corners, turn)
            pen.draw.regular_polygon(*shape, fill=ink if solid else None, outline=ink, width=6)

    def _x(self, x: int) -> int:
        return WIDTH - x if self.mirrored else x


def _marks(page: Gray, filling: Random) -> None:
    """A stamp, a signature, a pen's strokes, some or none."""
    if filling.random() < 0.5:
        x, y = filling.randint(250, WIDTH - 250), filling.randint(500, HEIGHT - 300)
        stamp = np.full((300, 300), 255, np.uint8)
        cv2.circle(stamp, (150, 150), 130, 90, 7)
        cv2.circle(stamp, (150, 150), 95, 90, 3)
        cv2.putText(stamp, filling.choice(["PAID", "RECEIVED", "O.K."]), (60, 160), 0, 1.2, 90, 4)
        turned = cv2.getRotationMatrix2D((150, 150), filling.uniform(-40, 40), 1)
        stamp[:] = cv2.warpAffine(stamp, turned, (300, 300), borderValue=255)
        part = page[y - 150 : y + 150, x - 150 : x + 150]
        part[:] = np.minimum(part, stamp)
    for _ in range(filling.choice([0, 0, 1, 2])):
        steps = [[filling.randint(-30, 45), filling.randint(-45, 45)] for _ in range(25)]
        start = filling.randint(200, WIDTH - 500), filling.randint(400, HEIGHT - 200)
        cv2.polylines(page, [np.cumsum([start, *steps], axis=0)], False, 40, 4, cv2.LINE_AA)
