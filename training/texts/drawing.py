"""Texts as programs set them, shaped by raqm, and what may become of their boxes."""

import functools
import io
from collections.abc import Callable
from random import Random

import cv2
import numpy as np
from fontTools.merge import Merger
from PIL import Image, ImageDraw, ImageFont

from core.geometry import Gray
from core.template import Box
from training import fonts
from training.fonts import Face

LATIN = (
    "Arvo", "Courier Prime", "Fira Sans", "FreeSans", "Ibm Plex Serif", "Inter", "Liberation Mono",
    "Liberation Sans", "Liberation Serif", "Nimbus Roman", "Nimbus Sans", "Noto Sans",
    "Noto Serif", "Open Sans", "Poppins", "Source Sans 3", "Tinos", "Ubuntu", "Zilla Slab",
)  # fmt: skip
BOTH = (
    "AlArabiya", "AlBattar", "Beiruti", "Cairo", "El Messiri", "FreeFarsi", "FreeSerif", "Fustat",
    "Ibm Plex Sans Arabic", "Khalid", "Mada", "Noto Kufi Arabic", "Noto Naskh Arabic",
    "Noto Sans Arabic", "Readex Pro", "Rubik", "Scheherazade New",
)  # fmt: skip
"""Families that print forms, with Arabic letters and without."""
_REGULAR, _BOLD = ("Regular", "400-normal"), ("Bold", "700-normal")
_FINE = 4
"""Pixels that a text is drawn with for one of the page."""


@functools.cache
def _faces(families: tuple[str, ...], styles: tuple[str, ...]) -> list[Face]:
    known = [*fonts.faces("train"), *fonts.faces("validation")]
    return [face for face in known if face.family in families and face.style in styles]


def a_face(rng: Random, text: str) -> Face:
    """One that has all of the text."""
    latin = text.isascii() and rng.random() < 0.75
    faces = _faces(LATIN if latin else BOTH, _BOLD if rng.random() < 0.15 else _REGULAR)
    while not (face := rng.choice(faces)).has(text):
        faces = _faces(BOTH, _REGULAR)
    return face


@functools.lru_cache(4096)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """The face at `size` pixels."""
    file = face.files[0] if len(face.files) == 1 else io.BytesIO(_merged(face))
    return ImageFont.truetype(file, size, layout_engine=ImageFont.Layout.RAQM)


@functools.cache
def _merged(face: Face) -> bytes:
    """One file of those that a browser would take the letters of a text from."""
    data = io.BytesIO()
    Merger().merge([str(file) for file in face.files]).save(data)
    return data.getvalue()


def is_rtl(text: str) -> bool:
    """Whether a program begins it at the right."""
    return any("\u0600" <= each <= "\u06ff" for each in text)


def line(face: Face, text: str, size: float, *, rtl: bool) -> Gray:
    """The ink of a text, H×W, 255 is full ink, in a row of 2 `size` with the baseline at its
    1.4th, with no empty columns at either end."""
    fine = font(face, max(1, round(_FINE * size)))
    direction = "rtl" if rtl else "ltr"
    height, width = 2 * size, fine.getlength(text, direction=direction) / _FINE + 2 * size
    canvas = Image.new("L", (round(width) * _FINE, round(height) * _FINE))
    at = (_FINE * size, 1.4 * _FINE * size)
    ImageDraw.Draw(canvas).text(at, text, 255, fine, anchor="ls", direction=direction)
    ink = np.array(canvas.reduce(_FINE))
    inked = np.flatnonzero((ink > 60).any(axis=0))
    return ink[:, inked[0] : inked[-1] + 1]


def printed(page: Gray, ink: Gray, x: int, baseline: int, *, dark: float = 1.0) -> None:
    """Puts the ink of `line` onto the page, H×W, from the column `x` on."""
    height, width = ink.shape
    top = baseline - round(0.7 * height)
    part = page[top : top + height, x : x + width]
    part[:] = np.minimum(part, 255 - dark * ink[: part.shape[0], : part.shape[1]])


# --- what may become of a box ---


def _jpeg(box: Gray, rng: Random, size: float) -> Gray:
    data = cv2.imencode(".jpg", box, [cv2.IMWRITE_JPEG_QUALITY, rng.randint(30, 75)])[1]
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), np.uint8)


def _noise(box: Gray, rng: Random, size: float) -> Gray:
    grain = np.random.default_rng(rng.getrandbits(64)).normal(0, rng.uniform(4, 18), box.shape)
    return (box + grain).clip(0, 255).astype(np.uint8)


def _blur(box: Gray, rng: Random, size: float) -> Gray:
    return cv2.GaussianBlur(box, (0, 0), size * rng.uniform(0.02, 0.06)).astype(np.uint8)


def _faint(box: Gray, rng: Random, size: float) -> Gray:
    return (230 - (255 - box) * (rng.uniform(40, 110) / 255)).astype(np.uint8)


def _light_on_dark(box: Gray, rng: Random, size: float) -> Gray:
    return (rng.uniform(20, 90) + (255 - box) * 0.6).astype(np.uint8)


def _tilt(box: Gray, rng: Random, size: float) -> Gray:
    height, width = box.shape
    most = min(1.2, 60 * 0.6 * size / width)  # tilted more, a long line leaves its box
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-most, most), 1)
    return cv2.warpAffine(box, turned, (width, height), borderValue=(255,)).astype(np.uint8)


def _ring(box: Gray, rng: Random, size: float) -> Gray:
    box = box.copy()
    height, width = box.shape
    at = round(rng.uniform(0, width)), round(rng.uniform(-1, 2) * height)
    thick = max(1, round(size * rng.uniform(0.05, 0.12)))
    ring = np.full_like(box, 255)
    cv2.circle(ring, at, round(rng.uniform(1.5, 4) * size), (rng.randint(60, 170),), thick, 16)
    return np.minimum(box, ring)


def _stroke(box: Gray, rng: Random, size: float) -> Gray:
    box = box.copy()
    height, width = box.shape
    ends = [(round(rng.uniform(0, width)), round(rng.uniform(0, height))) for _ in range(2)]
    thick = max(1, round(size * rng.uniform(0.05, 0.1)))
    cv2.line(box, ends[0], ends[1], (rng.randint(20, 90),), thick, cv2.LINE_AA)
    return box


DAMAGES: dict[str, Callable[[Gray, Random, float], Gray]] = {
    "clean": lambda box, rng, size: box,
    "jpeg": _jpeg,
    "noise": _noise,
    "blur": _blur,
    "faint": _faint,
    "light on dark": _light_on_dark,
    "tilt": _tilt,
    "ring": _ring,
    "stroke": _stroke,
    "neighbour": lambda box, rng, size: box,  # `box_with` draws it
}
"""What is done to a picture, H×W, of type of so many pixels."""


def box_with(text: str, rng: Random, damage: str) -> Gray:
    """A box, H×W, that a person drew around the text, 8 to 13 points at 96 to 300 dpi."""
    size = rng.uniform(8, 13) * rng.choice([96, 120, 150, 200, 300]) / 72
    face, rtl = a_face(rng, text), is_rtl(text)
    ink = line(face, text, size, rtl=rtl)
    before, behind = (round(size * rng.choice([0.15, 0.3, 0.6, 2.0])) for _ in range(2))
    above, below = (round(size * rng.uniform(0.15, 0.5)) for _ in range(2))
    page = np.full((round(5 * size), ink.shape[1] + before + behind), 255, np.uint8)
    baseline = round(3 * size)
    printed(page, ink, before, baseline)
    if damage == "neighbour":
        other = line(face, text[::-1] if not rtl else text, size, rtl=rtl)
        above = below = round(0.45 * size)
        off = round(1.35 * size) * rng.choice([-1, 1])
        printed(page, other, before, baseline + off)
    box: Box = 0, baseline - round(0.95 * size) - above, page.shape[1], baseline + round(0.3 * size)
    return DAMAGES[damage](page[box[1] : box[3] + below], rng, size)
