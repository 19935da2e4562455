"""From a clean drawing to a box cut out of a scanned, photographed or exported page.

A `Profile` says how badly pages are treated: `TRAIN` spans everything, the named ones are what the
reader is measured on.
"""

from dataclasses import dataclass, replace
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from training.capture import captured
from training.clutter import cluttered, crossed_out
from training.fonts import Face
from training.grammar import Printed
from training.render import EM, Box, Drawing, Style, Typesetter

Gray = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Profile:
    """Ranges and probabilities. Lengths are in digit heights unless they say px."""

    digit_px: tuple[float, float] = (7, 40)
    small: float = 0.45
    """Share of lines whose digits are at the lower end of `digit_px`, up to twice its least."""
    words: tuple[float, ...] = (0.62, 0.3, 0.08)
    negatives: float = 0.0
    jumbled: float = 0.0
    """Probability of marks in an order that no invoice has."""
    kin: float = 0.0
    """Probability of a relative of a face (`training.kin`), which is none: for training alone."""
    marks: float = 0.0
    """Probability of marks of our own (`training.marks`): for training alone, too."""
    strokes: float = 0.0
    """Probability of digits of our own (`training.strokes`), likewise."""
    dots: float = 0.0
    """Probability of type made of whole dots on a grid."""
    outlines: float = 0.0
    labels: float = 0.0
    """Probability of light type on a dark label."""
    crossed: float = 0.0
    """Probability of a number that somebody has crossed out, which is to be read as nothing."""
    clutter: float = 0.0
    """Probability of leaders, strokes of a pen or a stamp's words (`training.clutter`)."""
    neighbours: float = 0.25
    tight: float = 0.3
    """Probability of a margin cut close, and of one through the words beside the number."""
    rules: float = 0.25
    """Probability of a ruled line at each edge."""
    underline: float = 0.0
    stamps: float = 0.0
    """Probability of the rings of a stamp across the box."""
    print_: float = 0.0
    """Probability of each of: bold, thin, condensed, slanted, letter-spaced, dotted, worn type."""
    tilt: float = 0.0
    """Probability of rotation and perspective; and twice that in degrees at most."""
    paper: float = 0.0
    """Probability of each of: grey paper, uneven light, faint ink, and (a tenth) a dark ground."""
    blur: float = 0.0
    motion: float = 0.0
    moire: float = 0.0
    """Probability of the pattern that a sensor's grid makes with a screen's or a print's."""
    noise: float = 0.0
    fax: float = 0.0
    jpeg: float = 0.0
    quality: tuple[int, int] = (30, 95)


TRAIN = Profile(
    negatives=0.06,
    jumbled=0.08,
    kin=0.6,
    marks=0.25,
    strokes=0.25,
    dots=0.06,
    outlines=0.02,
    labels=0.04,
    crossed=0.015,
    clutter=0.1,
    underline=0.05,
    stamps=0.05,
    print_=0.1,
    tilt=0.25,
    paper=0.2,
    blur=0.3,
    motion=0.04,
    moire=0.05,
    noise=0.2,
    fax=0.03,
    jpeg=0.6,
)
_PLAIN = Profile(words=(0.8, 0.2), neighbours=0.05, tight=0.1, rules=0.08)
PROFILES: dict[str, Profile] = {
    "clean": replace(_PLAIN, digit_px=(14, 36), words=(1.0,), rules=0.0, neighbours=0.0, small=0.5),
    "small": replace(_PLAIN, digit_px=(8, 10), small=0.0, jpeg=1.0, quality=(40, 80)),
    "scan": replace(
        _PLAIN,
        digit_px=(10, 30),
        rules=0.3,
        paper=0.5,
        blur=0.6,
        noise=0.6,
        fax=0.15,
        tilt=0.3,
        jpeg=0.6,
        quality=(40, 90),
    ),
    "phone": replace(
        _PLAIN,
        digit_px=(10, 36),
        tilt=1.0,
        paper=0.6,
        blur=0.6,
        motion=0.3,
        moire=0.25,
        noise=0.5,
        jpeg=1.0,
        quality=(40, 85),
    ),
    "print": replace(_PLAIN, digit_px=(10, 30), print_=0.3, underline=0.15, jpeg=0.5),
    "beside": replace(
        _PLAIN,
        digit_px=(9, 30),
        words=(0.0, 0.75, 0.25),
        neighbours=0.4,
        tight=0.35,
        rules=0.2,
        jpeg=0.5,
    ),
}
"""What the reader is measured on. `clean` is 150 to 300 dpi, `small` 96 dpi."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A box as the reader gets it, and what it should answer ('' for nothing)."""

    crop: Gray
    label: str
    kind: str
    family: str


def sample(
    setter: Typesetter,
    rng: Random,
    profile: Profile,
    *,
    arabic: bool,
    face: Face | None = None,
    printed: Printed | None = None,
) -> Sample:
    """A box, random but for what is given."""
    noise = np.random.default_rng(rng.getrandbits(64))
    if rng.random() >= profile.negatives:
        low, high = profile.digit_px
        small = rng.random() < profile.small
        digit = rng.uniform(low, min(high, 2 * low)) if small else rng.uniform(low, high)
        spread = rng.random() < profile.print_
        spacing = rng.uniform(0.05, 0.5) if spread else 0.0
        style = Style(
            spacing,
            profile.words,
            profile.neighbours,
            profile.jumbled,
            profile.kin,
            profile.marks,
            profile.strokes,
        )
        # Programs draw small type straight onto the pixel grid, hinted; scanners sample it.
        em = round(digit / 0.68) if digit < 16 and rng.random() < 0.3 else EM
        drawing = setter.draw(rng, style, arabic=arabic, em=max(10, em), face=face, printed=printed)
        if profile.crossed and rng.random() < profile.crossed:
            drawing = crossed_out(drawing, rng)
        elif profile.clutter and rng.random() < profile.clutter:
            drawing = cluttered(drawing, setter, rng)
        return Sample(
            _treated(drawing, digit, rng, noise, profile),
            drawing.label,
            drawing.kind,
            drawing.family,
        )
    drawing = setter.words_only(rng)
    if rng.random() < 0.6:
        drawing = replace(drawing, ink=np.zeros_like(drawing.ink))
    return _without_number(drawing, rng, noise, profile)


def words_only(setter: Typesetter, rng: Random, profile: Profile) -> Sample:
    """A random box with words and no number."""
    noise = np.random.default_rng(rng.getrandbits(64))
    return _without_number(setter.words_only(rng), rng, noise, profile)


def _without_number(
    drawing: Drawing, rng: Random, noise: np.random.Generator, profile: Profile
) -> Sample:
    crop = _treated(drawing, rng.uniform(8, 30), rng, noise, profile)
    return Sample(crop, "", "number", drawing.family)


def _treated(
    drawing: Drawing, digit: float, rng: Random, noise: np.random.Generator, profile: Profile
) -> Gray:
    ink, box, core = _box(drawing, rng, profile)
    scale = digit / drawing.digit
    if profile.print_:
        ink = _press(ink, drawing.digit, rng, noise, profile.print_)
    if drawing.digit > _LARGE:
        ink = _set_otherwise(ink, core, drawing.digit, rng, profile)
    ink = _ruled(ink, drawing, box, rng, profile)
    ink, box = _bent(ink, box, core, rng, profile)
    left, top, right, bottom = box
    ink = ink[top:bottom, left:right]
    stretch = rng.uniform(0.75, 1.25) if rng.random() < profile.print_ else 1.0
    size = (max(4, round(ink.shape[1] * scale * stretch)), max(4, round(ink.shape[0] * scale)))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    coverage = cv2.resize(ink, size, interpolation=how).astype(np.float32) / 255
    return captured(coverage, digit, rng, noise, profile)


def _box(drawing: Drawing, rng: Random, profile: Profile) -> tuple[Gray, Box, Box]:
    """The drawing reduced to what is near the box; the box, and the number, in that. The box
    may cut words and lines beside the number, never the number."""
    unit = drawing.digit
    core, whole = drawing.core, drawing.whole

    def margin(most: float) -> float:
        if rng.random() < profile.tight:
            return unit * rng.uniform(0.02, 0.12)
        return unit * min(most, 0.08 + rng.expovariate(1 / 0.45))

    def side(own: int, outer: int, sign: int) -> float:
        if own != outer and rng.random() < profile.tight:  # through the word beside the number
            near, far = sorted((own + sign * 0.08 * unit, float(outer)))
            return rng.uniform(near, far)
        return outer + sign * margin(5)

    left, right = side(core[0], whole[0], -1), side(core[2], whole[2], 1)
    vertical = core if rng.random() < 0.5 else whole
    top, bottom = vertical[1] - margin(1.6), vertical[3] + margin(1.6)
    if bottom - top < 0.8 * unit:  # a lone '-' or '٠': a box is as tall as a digit all the same
        grow = rng.uniform(0.9, 1.8) * unit - (bottom - top)
        share = rng.uniform(0.35, 0.65)
        top, bottom = top - share * grow, bottom + (1 - share) * grow
    top, bottom = max(top, drawing.near[0]), min(bottom, drawing.near[1])
    height, width = drawing.ink.shape
    pad = round(0.6 * unit)
    edges = (round(left), round(top), round(right), round(bottom))
    x0, y0 = max(0, edges[0] - pad), max(0, edges[1] - pad)
    x1, y1 = min(width, edges[2] + pad), min(height, edges[3] + pad)
    box = (
        max(0, edges[0]) - x0,
        max(0, edges[1]) - y0,
        min(width, edges[2]) - x0,
        min(height, edges[3]) - y0,
    )
    number = (core[0] - x0, core[1] - y0, core[2] - x0, core[3] - y0)
    return np.ascontiguousarray(drawing.ink[y0:y1, x0:x1]), box, number


def _press(
    ink: Gray, unit: float, rng: Random, noise: np.random.Generator, probability: float
) -> Gray:
    """What the print shop does: bold, thin, dotted, worn type."""
    if rng.random() < probability:
        stroke = max(2, round(unit * rng.uniform(0.03, 0.09)))
        ink = cv2.dilate(ink, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (stroke, stroke)))
    elif rng.random() < probability and unit > _LARGE:
        stroke = max(2, round(unit * 0.04))
        thinned = cv2.erode(ink, np.ones((stroke, stroke), np.uint8))
        ink = cv2.max(thinned, (ink * 0.35).astype(np.uint8))  # hairlines fade, they don't vanish
    if unit > _LARGE and rng.random() < probability:
        pitch = unit / rng.uniform(7, 11)
        rows, columns = np.indices(ink.shape, sparse=True)
        distance = ((rows % pitch) / pitch - 0.5) ** 2 + ((columns % pitch) / pitch - 0.5) ** 2
        # From dots that touch to dots that stand apart.
        dots = np.clip((rng.uniform(0.07, 0.5) - distance) * 16, 0, 1)
        ink = (cv2.dilate(ink, np.ones((3, 3), np.uint8)) * dots).astype(np.uint8)
    if rng.random() < probability:
        grain = noise.random((max(2, ink.shape[0] // 5), max(2, ink.shape[1] // 5)), np.float32)
        worn = cv2.resize(grain, ink.shape[::-1], interpolation=cv2.INTER_LINEAR)
        ink = (ink * np.clip((worn - rng.uniform(0.0, 0.22)) * 4 + 0.5, 0.35, 1)).astype(np.uint8)
    return ink


def _set_otherwise(ink: Gray, core: Box, unit: float, rng: Random, profile: Profile) -> Gray:
    """Type in dots, in outlines, or light on a dark label."""
    if profile.dots and rng.random() < profile.dots:
        ink = _dotted(ink, unit / rng.uniform(6.5, 11), rng)
    elif profile.outlines and rng.random() < profile.outlines:
        pen = np.ones([rng.choice([2, 3])] * 2, np.uint8)
        ink = cv2.subtract(cv2.dilate(ink, pen), cv2.erode(ink, pen))
    if profile.labels and rng.random() < profile.labels:
        ink = ink.copy()
        left, top, right, bottom = core
        x, y = (round(unit * rng.uniform(0.08, 0.4)) for _ in range(2))
        label = ink[max(0, top - y) : bottom + y, max(0, left - x) : right + x]
        cv2.bitwise_not(label, label)
    return ink


def _dotted(ink: Gray, pitch: float, rng: Random) -> Gray:
    """The ink in dots on a grid, a dot wherever enough of its cell is inked."""
    height, width = ink.shape
    cells = (max(1, round(width / pitch)), max(1, round(height / pitch)))
    inked = cv2.resize(
        cv2.dilate(ink, np.ones((3, 3), np.uint8)), cells, interpolation=cv2.INTER_AREA
    )
    there = (inked > rng.uniform(70, 130)).astype(np.uint8)
    there = cv2.resize(there, (width, height), interpolation=cv2.INTER_NEAREST)
    rows = np.abs((np.arange(height) + 0.5) * cells[1] / height % 1 - 0.5)[:, None]
    columns = np.abs((np.arange(width) + 0.5) * cells[0] / width % 1 - 0.5)
    square = rng.random() < 0.3
    distance = np.maximum(rows, columns) if square else np.hypot(rows, columns)
    return (255 * there * np.clip((rng.uniform(0.26, 0.6) - distance) * pitch + 0.5, 0, 1)).astype(
        np.uint8
    )


_LARGE = 25
"""Pixels of digits that are drawn large, not hinted: what is done to shapes needs some."""


def _ruled(ink: Gray, drawing: Drawing, box: Box, rng: Random, profile: Profile) -> Gray:
    """Ruled lines near the edges of the box, some inside it, some touching the type."""
    left, top, right, bottom = box
    height, width = ink.shape
    unit = drawing.digit
    ink = ink.copy()

    def thickness() -> int:
        return max(1, round(unit * rng.choice([0.04, 0.06, 0.08, 0.12])))

    for edge, span, across in (
        (top, height, True),
        (bottom, height, True),
        (left, width, False),
        (right, width, False),
    ):
        if rng.random() < profile.rules:
            inwards = 1 if edge in (top, left) else -1
            at = round(edge + inwards * unit * rng.uniform(-0.02, 0.14))
            thick, shade = thickness(), rng.randint(90, 255)
            part = slice(max(0, min(at, span - thick)), max(0, min(at, span - thick)) + thick)
            where = (part, slice(None)) if across else (slice(None), part)
            ink[where] = np.maximum(ink[where], shade)
    if rng.random() < profile.stamps:
        ring = np.zeros_like(ink)
        radius = rng.uniform(1.2, 4) * unit
        centre = (round(rng.uniform(0, width)), round(height / 2 + rng.uniform(-1, 1) * radius))
        for share in rng.choice([(1,), (1, 0.9), (1, 0.7)]):
            cv2.circle(ring, centre, round(radius * share), (255,), thickness(), cv2.LINE_AA)
        ink = np.maximum(ink, (ring * rng.uniform(0.25, 0.8)).astype(np.uint8))
    if rng.random() < profile.underline:
        at = min(height - 3, round(bottom - rng.uniform(0.02, 0.25) * unit))
        ink[at : at + thickness(), left:right] = 255
    return ink


def _bent(ink: Gray, box: Box, core: Box, rng: Random, profile: Profile) -> tuple[Gray, Box]:
    """Slanted type, rotation, and what an alignment leaves of perspective; and the box, grown so
    that it still has the whole number."""
    height, width = ink.shape
    matrix = np.eye(3)
    if rng.random() < profile.print_:
        slant = rng.uniform(-0.12, 0.3)
        matrix = np.array([[1, -slant, slant * height / 2], [0, 1, 0], [0, 0, 1]]) @ matrix
    if rng.random() < profile.tilt:
        limit = min(2 * profile.tilt, 12 * height / width)  # tilted more, long lines leave the box
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-limit, limit), 1)
        matrix = np.vstack([turn, [0, 0, 1]]) @ matrix
        if rng.random() < 0.5:
            lean, keystone = rng.uniform(-0.08, 0.08), rng.uniform(-0.05, 0.05) / width
            bend = np.array([[1, lean, -lean * height / 2], [0, 1, 0], [keystone, 0, 1]])
            matrix = bend / (1 + keystone * width / 2) @ matrix
    if (matrix == np.eye(3)).all():
        return ink, box
    ink = cv2.warpPerspective(ink, matrix, (width, height), flags=cv2.INTER_LINEAR)
    corners = np.array([[[x, y] for x in core[::2] for y in core[1::2]]], np.float64)
    (moved,) = cv2.perspectiveTransform(corners, matrix)
    (left, top), (right, bottom) = np.floor(moved.min(0)), np.ceil(moved.max(0))
    return ink, (
        max(0, min(box[0], int(left))),
        max(0, min(box[1], int(top))),
        min(width, max(box[2], int(right))),
        min(height, max(box[3], int(bottom))),
    )
