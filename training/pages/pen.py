"""Draws words, numbers and lines on a page of A4 at 200 dpi."""

import functools
import subprocess
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from samples.browser import FONTS

Gray = NDArray[np.uint8]

WIDTH, HEIGHT = 1654, 2339
"""A4 at 200 dpi."""

LATIN = ("DejaVu Sans", "Liberation Sans", "Liberation Serif", "Noto Sans")
ARABIC = ("Amiri", "DejaVu Sans", "KacstOne", "Noto Kufi Arabic", "Noto Naskh Arabic")

_COMPLETE = "DejaVu Sans"
"""Has every character that a number is printed with."""

Side = Literal["left", "middle", "right"]
_ANCHORS = {"left": "la", "middle": "ma", "right": "ra"}


class Pen:
    """A white page to draw on. Grey levels: 0 is black."""

    def __init__(self) -> None:
        self._image = Image.new("L", (WIDTH, HEIGHT), 255)
        self.draw = ImageDraw.Draw(self._image)

    @property
    def page(self) -> Gray:
        return np.array(self._image)

    def words(
        self,
        at: tuple[int, int],
        text: str,
        family: str,
        size: int,
        *,
        side: Side = "left",
        ink: int = 0,
    ) -> None:
        """Shaped, and in the order of its language; `at` is its top corner on `side`."""
        rtl = any("\u0600" <= c <= "\u06ff" for c in text)
        self.draw.text(
            at,
            text,
            font=font(family, size),
            anchor=_ANCHORS[side],
            fill=ink,
            direction="rtl" if rtl else "ltr",
        )

    def number(self, at: tuple[int, int], text: str, family: str, size: int) -> None:
        """Each character right of the one before, whatever the rules of bidirectional text say."""
        x, top = at
        ascent, _ = font(family, size, plain=True).getmetrics()
        for character in text:
            face = _face(family, size, character)
            self.draw.text((x, top + ascent), character, font=face, anchor="ls", fill=0)
            x += round(face.getlength(character))


def length(text: str, family: str, size: int) -> int:
    """Of a number, in pixels."""
    return sum(round(_face(family, size, character).getlength(character)) for character in text)


@functools.cache
def font(family: str, size: int, *, plain: bool = False) -> ImageFont.FreeTypeFont:
    """The family at `size` pixels; `plain` leaves out shaping and order."""
    engine = ImageFont.Layout.BASIC if plain else ImageFont.Layout.RAQM
    return ImageFont.truetype(_file(family), size, layout_engine=engine)


def _face(family: str, size: int, character: str) -> ImageFont.FreeTypeFont:
    """The family, or where that lacks the character one that has them all, as a browser does it."""
    return font(family if _has(family, character) else _COMPLETE, size, plain=True)


@functools.cache
def _has(family: str, character: str) -> bool:
    asked = ["fc-list", f":family={family}:charset={ord(character):x}", "family"]
    return bool(subprocess.run(asked, capture_output=True, check=True).stdout.strip())


@functools.cache
def _file(family: str) -> str:
    """Exits with the package to install if the system lacks the family."""
    asked = ["fc-match", "--format", "%{file}|%{family}", f"{family}:style=Regular"]
    file, _, found = subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.partition("|")
    if family not in found.split(","):
        raise SystemExit(f"missing on this system: apt-get install {FONTS[family]}")
    return file
