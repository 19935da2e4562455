"""Draws a field as a page would show it: digits, words beside them, lines above and below.

Words are shaped by raqm (HarfBuzz), in their own direction. The numeric part is drawn character by
character from left to right, for a label must be exactly what is seen: laid out as one string,
'١٢-٠٥' would be turned round by the bidirectional algorithm even in a left-to-right paragraph.
"""

import functools
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from training import fonts, grammar
from training.families import Split, families, normalized
from training.fonts import Face
from training.kin import Kin
from training.marks import Marks
from training.strokes import Strokes

Mask = NDArray[np.uint8]

EM = 64
"""Type size in pixels: digits come out some 40 px tall, more than any that are later wanted."""

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels."""
Speaker = Callable[[bool], Face]
"""Gives a face that has Arabic (true) or Latin letters."""


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is set. Lengths are in digit heights."""

    spacing: float = 0.0
    words: tuple[float, ...] = (0.7, 0.25, 0.05)
    """Probabilities of 0, 1 and 2 words beside the number."""
    neighbours: float = 0.0
    """Probability of a line above, and of one below."""
    jumbled: float = 0.0
    """Probability of marks in any order."""
    kin: float = 0.0
    """Probability of a relative of the face instead of the face itself."""
    marks: float = 0.0
    """Probability of marks of our own beside Arabic-Indic digits, instead of the face's."""
    strokes: float = 0.0
    """Probability of Arabic-Indic digits of our own, with marks of our own."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """ink: H×W, 255 is full ink. core: left, top, right, bottom of the numeric part; whole: of the
    line with its words. digit: height of a digit in pixels. near: the middles of the lines above
    and below, as rows; no box around the number goes beyond, or nobody could say which is meant."""

    ink: Mask
    label: str
    kind: grammar.Kind
    core: Box
    whole: Box
    digit: float
    family: str
    near: tuple[float, float] = (-math.inf, math.inf)


@dataclass(eq=False)
class Typesetter:
    """Draws with the faces of one split."""

    split: Split
    _by_script: dict[bool, dict[str, dict[str, list[Face]]]] = field(init=False)

    def __post_init__(self) -> None:
        self._by_script = {True: {}, False: {}}
        group_of = {
            normalized(name): group
            for group, names in families()[self.split].items()
            for name in names
        }
        for face in fonts.faces(self.split):
            group = group_of[normalized(face.family)]
            for arabic in (True, False):
                if face.arabic if arabic else face.western and face.has("/-.,:%()"):
                    cuts = self._by_script[arabic].setdefault(group, {})
                    cuts.setdefault(face.family, []).append(face)

    def groups(self, *, arabic: bool) -> list[str]:
        """The groups of families that have this script's digits."""
        return sorted(self._by_script[arabic])

    def face(self, rng: Random, *, arabic: bool) -> Face:
        """A face of a family of a group: each group as likely as any other, within the square
        root of its families' number, so that neither one family nor one big group rules."""
        pool = self._by_script[arabic]
        group = rng.choices(list(pool.values()), weights=[len(g) ** 0.5 for g in pool.values()])[0]
        return rng.choice(rng.choice(list(group.values())))

    def draw(
        self,
        rng: Random,
        style: Style,
        *,
        arabic: bool,
        em: int = EM,
        face: Face | None = None,
        printed: grammar.Printed | None = None,
    ) -> Drawing:
        """A field, set at `em` pixels; random but for what is given."""
        face = face or self.face(rng, arabic=arabic)
        printed = printed or grammar.printed(rng, arabic=arabic, jumbled=style.jumbled)
        own = _own(rng, style) if arabic else ()
        text = _within(face, printed, own=bool(own))
        other = self._helper(rng, face, text.drawn)
        canvas = _Canvas(digit_height(face, arabic) * em / EM, em)
        kin = Kin.of(rng, rng.uniform(0.3, 1.3)) if style.kin and rng.random() < style.kin else None
        core = canvas.number(text.drawn, face, other, style.spacing, kin=kin, own=own)
        whole = core
        count = rng.choices(range(len(style.words)), weights=style.words)[0]
        for side in rng.sample(["left", "right"], min(count, 2)):
            whole = canvas.beside(rng, whole, side, self._speaker(rng, face))
        near = [-math.inf, math.inf]
        for below, up in enumerate((True, False)):
            if rng.random() < style.neighbours:
                line = _within(face, grammar.printed(rng, arabic=arabic)).drawn
                helper = self._helper(rng, face, line)
                box = canvas.neighbour(rng, whole, line, face, helper, up=up)
                near[below] = (box[1] + box[3]) / 2
        return Drawing(
            canvas.pixels(),
            text.label,
            text.kind,
            core,
            whole,
            canvas.digit,
            face.family,
            (near[0], near[1]),
        )

    def words_only(self, rng: Random) -> Drawing:
        """A field that holds words and no number."""
        face = self.face(rng, arabic=rng.random() < 0.6)
        canvas = _Canvas(30.0, EM)
        x, y = canvas.origin
        whole = (x, y - 40, x, y)
        for _ in range(rng.randint(1, 3)):
            whole = canvas.beside(rng, whole, "right", self._speaker(rng, face))
        return Drawing(canvas.pixels(), "", "number", whole, whole, 30.0, face.family)

    def _helper(self, rng: Random, face: Face, text: str) -> Face:
        """A face that has what `face` lacks of `text`, as a browser would find one."""
        lacking = "".join(sorted({c for c in text if c != " " and not face.has(c)}))
        return rng.choice(self._having(lacking)) if lacking else face

    @functools.cache  # noqa: B019  as many typesetters as there are splits
    def _having(self, characters: str) -> list[Face]:
        """Every face with `characters`."""
        pools = [*self._by_script[False].values(), *self._by_script[True].values()]
        found = {f: None for pool in pools for cuts in pool.values() for f in cuts}
        return [f for f in found if f.has(characters)]

    def _speaker(self, rng: Random, face: Face) -> Speaker:
        return lambda arabic: (
            face if face.has("ابجد" if arabic else "ABC") else self._with_letters(rng, arabic)
        )

    def _with_letters(self, rng: Random, arabic: bool) -> Face:
        for _ in range(20):
            face = self.face(rng, arabic=arabic)
            if face.has("ريالإأمدهـ" if arabic else "AEDSRtal$"):
                return face
        raise RuntimeError(f"too few faces of {self.split} have letters")


class _Canvas:
    def __init__(self, digit: float, em: int) -> None:
        self.digit = digit
        self.em = em
        self.origin = (13 * em, 4 * em)
        self._ink = np.zeros((7 * em, 40 * em), np.uint8)

    def pixels(self) -> Mask:
        return self._ink

    def number(
        self,
        text: str,
        face: Face,
        other: Face,
        spacing: float,
        at: tuple[int, int] | None = None,
        kin: Kin | None = None,
        own: "_Own" = (),
    ) -> Box:
        x, y = at or self.origin
        whole: Box | None = None
        for character in text:
            drawer = next((one for one in own if character in one.DRAWN), None)
            if drawer:
                glyph = _Glyph(*drawer.glyph(character, self.digit))
            else:
                glyph = _glyph(_file(face, other, character), self.em, character, None)
            if character != " ":
                related = kin is not None and drawer is None
                drawn = _related(glyph, kin, character, self.digit) if related else glyph
                whole = _around(whole, self._put(drawn, x, y))
            x += glyph.advance * (kin.pitch if kin else 1) + spacing * self.digit
        assert whole is not None, "a field has at least one character"
        return whole

    def beside(self, rng: Random, whole: Box, side: str, speaker: Speaker) -> Box:
        text, arabic = grammar.word(rng)
        face = speaker(arabic)
        file = next((f for f in face.files if all(ord(c) in fonts.cmap(f) for c in text)), None)
        if file is None:
            return whole
        size = round(self.em * rng.choice([1, 1, 1, 0.8, 0.65, 1.15]))
        word = _glyph(file, size, text, "rtl" if arabic else "ltr")
        gap = self.digit * rng.choice([0.1, 0.25, 0.4, 0.4, 0.6, 1, 2])
        x = whole[0] - gap - word.advance if side == "left" else whole[2] + gap
        if x < 5 or x + word.advance > self._ink.shape[1] - 5:
            return whole
        return _around(whole, self._put(word, x, self.origin[1]))

    def _put(self, glyph: "_Glyph", x: float, y: float) -> Box:
        left, top = round(x) + glyph.left, round(y) + glyph.top
        height, width = glyph.ink.shape
        x0, y0 = max(0, left), max(0, top)
        part = self._ink[y0 : top + height, x0 : left + width]
        if part.size:
            ink = glyph.ink[y0 - top :, x0 - left :][: part.shape[0], : part.shape[1]]
            np.maximum(part, ink, out=part)
        return left, top, left + width, top + height

    def neighbour(
        self, rng: Random, whole: Box, text: str, face: Face, other: Face, *, up: bool
    ) -> Box:
        gap = self.digit * rng.uniform(0.25, 1.0)
        y = whole[1] - gap if up else whole[3] + gap + self.digit
        at = (whole[0] + rng.randint(-self.em, self.em), round(y))
        return self.number(text, face, other, 0.0, at)


_Own = tuple[Marks | Strokes, ...]
"""What draws characters of a line instead of its face."""


def _own(rng: Random, style: Style) -> _Own:
    if style.strokes and rng.random() < style.strokes:
        return Marks.of(rng), Strokes.of(rng)
    return (Marks.of(rng),) if style.marks and rng.random() < style.marks else ()


def _within(face: Face, text: grammar.Printed, *, own: bool = False) -> grammar.Printed:
    """The text with the marks that the face has: who prints with a face that lacks '٫' or '٬'
    prints '.' and ',', and other digits than a face's own are drawn by no one. own: there are
    others than the face's for these."""
    label, drawn = text.label, text.drawn
    for lacking, instead in (("٬", ","), ("٫", ".")):
        if lacking in label and not own and not face.has(lacking):
            label, drawn = label.replace(lacking, instead), drawn.replace(lacking, instead)
    for digit, instead in zip("۰۱۲۳۷۸۹", "٠١٢٣٧٨٩", strict=True):
        if digit in drawn and (own or not inked(face, digit)):
            drawn = drawn.replace(digit, instead)
    return grammar.Printed(_told_apart(face, label, own=own), drawn, text.kind)


_DECIMAL_COMMA = re.compile(r"[^,.٬]*[٠-٩],(?:[٠-٩]|[٠-٩]{2}|[٠-٩]{4,})(?![٠-٩,])[^,]*")
"""An amount in Arabic-Indic digits whose only mark is a ',' that groups no thousands."""


def _told_apart(face: Face, label: str, *, own: bool) -> str:
    """The label with the mark that is meant where the face draws two alike: beside Arabic-Indic
    digits decimals begin with '٫', and thousands are grouped by ',' unless '٫' follows."""
    if not any("٠" <= c <= "٩" for c in label):
        return label
    if _DECIMAL_COMMA.fullmatch(label) and (own or alike(face, ",", "٫")):
        return label.replace(",", "٫")
    if "٬" in label and "٫" not in label and not own and alike(face, ",", "٬"):
        return label.replace("٬", ",")
    return label


_ALIKE = 0.15
"""Share of their ink in which two drawings of a mark differ, below which nobody tells them apart.
A twentieth of a digit more or less in a curl makes as much of a difference."""


@functools.lru_cache(maxsize=4096)
def inked(face: Face, character: str) -> bool:
    """Whether the face draws a character: of some it has a blank."""
    return face.has(character) and bool(
        _glyph(_file(face, face, character), EM, character, None).ink.any()
    )


@functools.lru_cache(maxsize=4096)
def alike(face: Face, one: str, other: str) -> bool:
    """Whether the face draws two characters alike, and at the same height."""
    if not face.has(one + other):
        return False
    first, second = (_placed(face, character) for character in (one, other))
    shifted = (np.roll(second, by, axis=1) for by in range(-3, 4))
    differing = min(float(np.abs(first - by).sum()) for by in shifted)
    return differing < _ALIKE * float(first.sum() + second.sum())


def _placed(face: Face, character: str) -> NDArray[np.float32]:
    """A character's ink about the middle of a canvas, at its height over the baseline."""
    glyph = _glyph(_file(face, face, character), EM, character, None)
    canvas = np.zeros((3 * EM, 3 * EM), np.float32)
    height, width = glyph.ink.shape
    top, left = 2 * EM + glyph.top, (3 * EM - width) // 2
    canvas[top : top + height, left : left + width] = glyph.ink
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), 2))


def _around(box: Box | None, other: Box) -> Box:
    if box is None:
        return other
    return (
        min(box[0], other[0]),
        min(box[1], other[1]),
        max(box[2], other[2]),
        max(box[3], other[3]),
    )


@dataclass(frozen=True, slots=True)
class _Glyph:
    """A shaped character or word: its ink, where that is from the pen, how far the pen goes."""

    ink: Mask
    left: int
    top: int
    advance: float


def _related(glyph: _Glyph, kin: Kin, character: str, digit: float) -> _Glyph:
    ink, pad = kin.drawn(character, glyph.ink, digit)
    left, top, width, height = cv2.boundingRect(ink) if ink.size else (0, 0, *ink.shape[::-1])
    return _Glyph(
        ink[top : top + height, left : left + width],
        glyph.left - pad + left,
        glyph.top - pad + top,
        glyph.advance,
    )


@functools.lru_cache(maxsize=40_000)
def _glyph(path: Path, size: int, text: str, direction: str | None) -> _Glyph:
    """Shaping takes half of all the time of drawing, and the same few thousand come again."""
    font = _font(path, size)
    mask, (left, top) = font.getmask2(text, mode="L", anchor="ls", direction=direction)
    ink = np.frombuffer(bytes(mask), np.uint8).reshape(mask.size[::-1])
    return _Glyph(ink, left, top, font.getlength(text, direction=direction))


@functools.lru_cache(maxsize=4096)
def _font(path: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.RAQM)


@functools.lru_cache(maxsize=65536)
def _file(face: Face, other: Face, character: str) -> Path:
    """Where a character is drawn from; as in a browser, another face helps out."""
    for path in (*face.files, *other.files):
        if ord(character) in fonts.cmap(path):
            return path
    raise LookupError(f"neither {face.family} nor {other.family} draws {character!r}")


@functools.lru_cache(maxsize=4096)
def digit_height(face: Face, arabic: bool) -> float:
    """Height in pixels of a face's digits at the size that everything is drawn at."""
    character = "٨" if arabic else "8"
    box = _font(_file(face, face, character), EM).getbbox(character)
    return float(max(8, box[3] - box[1]))
