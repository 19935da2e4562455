"""Numbers under coloured stamps, and numbers that a coloured pen has crossed out.

    python -m training.colored [--split test] [--count 500] [--write]

For measuring alone: the reader is trained in grey.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from core.geometry import Gray, Picture
from core.reading.colored import past_stamps
from core.reading.grammar import Kind
from core.reading.numeric import LineReading, NumericReader
from training import document
from training.augment import PROFILES, Sample, sample
from training.clutter import laid
from training.dataset import ARABIC
from training.families import Split
from training.nothing import cross_out
from training.render import Typesetter

Cover = NDArray[np.float32]

_EDGE = 8
"""Pixels around a box: JPEG mixes colours in blocks of 16."""
_HUES = ((105, 150), (105, 150), (172, 186), (55, 90))
"""Of violet and blue, twice, red and green, in half degrees."""


@dataclass(frozen=True)
class Box:
    """One in colour, H×W×3 BGR, and what is printed there."""

    picture: Picture
    label: str
    kind: Kind

    @property
    def gray(self) -> Gray:
        return np.asarray(cv2.cvtColor(self.picture, cv2.COLOR_BGR2GRAY), np.uint8)


def stamped(setter: Typesetter, rng: Random) -> Box:
    """A clean number with rings or words of a stamp over it."""
    one = _clean(setter, rng)
    ink = np.zeros(one.crop.shape, np.uint8)
    for _ in range(rng.randint(0, 2)):
        _ring(ink, rng)
    if not ink.any() or rng.random() < 0.6:
        ink = np.maximum(ink, _words(setter, ink.shape, rng))
    return _box(one, _worn(ink, rng), rng)


def crossed_out(setter: Typesetter, rng: Random) -> Box:
    """A clean number under one or two strokes of a coloured pen."""
    one = _clean(setter, rng)
    ink = np.zeros_like(one.crop)
    cross_out(one.crop, ink, 255, rng)
    return _box(replace(one, label=""), (ink / 255).astype(np.float32), rng)


def _clean(setter: Typesetter, rng: Random) -> Sample:
    return sample(setter, rng, PROFILES["clean"], arabic=rng.random() < ARABIC)


def _ring(ink: Gray, rng: Random) -> None:
    height, width = ink.shape
    centre = round(rng.uniform(0, width)), round(rng.uniform(-1, 2) * height)
    thick = max(1, round(height * rng.uniform(0.03, 0.12)))
    cv2.circle(ink, centre, round(rng.uniform(0.8, 4) * height), (255,), thick, cv2.LINE_AA)


def _words(setter: Typesetter, shape: Sequence[int], rng: Random) -> Gray:
    height, width = shape
    drawing = setter.words_only(rng)
    left, top, right, bottom = drawing.whole
    degrees, scale = rng.uniform(-35, 35), rng.uniform(0.5, 1.4) * height / max(1, bottom - top)
    at = rng.uniform(0, width), height * rng.random()
    middle = (left + right) / 2, (top + bottom) / 2
    return laid(drawing.ink, middle, at, degrees, scale, shape)


def _worn(ink: Gray, rng: Random) -> Cover:
    """With the gaps that a dry pad leaves."""
    noise = np.random.default_rng(rng.getrandbits(64))
    patches, specks = (
        cv2.GaussianBlur(noise.normal(size=ink.shape).astype(np.float32), (0, 0), sigma)
        for sigma in (5, 1.1)
    )
    worn = ink / 255 * np.clip(0.84 + 1.3 * patches, 0.55, 1) * (specks > -0.3)
    return np.asarray(worn, np.float32)


def _box(one: Sample, cover: Cover, rng: Random) -> Box:
    """The number under so much ink of some colour, scanned and saved as JPEG."""
    hue = round(rng.uniform(*rng.choice(_HUES))) % 180
    color = np.array([[[hue, rng.randint(110, 230), rng.randint(90, 190)]]], np.uint8)
    through = cv2.cvtColor(color, cv2.COLOR_HSV2BGR).astype(np.float32) / 255
    light = one.crop[..., None] * (1 - cover[..., None] * (1 - through))
    light = cv2.GaussianBlur(light, (0, 0), rng.uniform(0.3, 0.8))
    grain = np.random.default_rng(rng.getrandbits(64)).normal(0, rng.uniform(0, 3), one.crop.shape)
    around = ((_EDGE, _EDGE), (_EDGE, _EDGE), (0, 0))
    page = np.pad((light + grain[..., None]).clip(0, 255).astype(np.uint8), around, mode="edge")
    quality = rng.randint(65, 92)
    data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    saved = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return Box(saved[_EDGE:-_EDGE, _EDGE:-_EDGE], one.label, cast(Kind, one.kind))


def table(reader: NumericReader, split: Split, count: int) -> str:
    """How both kinds are read in grey, and past the coloured ink."""
    about = f"Reader `{reader.version}`, {count} boxes of each kind, families of the {split} split."
    head = ["box", "read", "exact", "surely read as digits", "wrongly"]
    rows = []
    setter = Typesetter(split)
    for name, draw in (("under a stamp", stamped), ("crossed out", crossed_out)):
        rng = Random(f"{split} {name}")
        boxes = [draw(setter, rng) for _ in range(count)]
        gray = reader.read([box.gray for box in boxes], [box.kind for box in boxes])
        for how, seen in (("in grey", gray), ("past the colour", _past(reader, boxes, gray))):
            right = [one.text == box.label for one, box in zip(seen, boxes, strict=True)]
            sure = [bool(one.text) and _is_sure(reader, one) for one in seen]
            wrong = sum(s and not r for s, r in zip(sure, right, strict=True))
            shares = [f"{n / count:.1%}" for n in (sum(right), sum(sure), wrong)]
            rows.append([name, how, *shares])
    return f"{about}\n\n{document.table(head, rows)}"


def _past(
    reader: NumericReader, boxes: Sequence[Box], seen: Sequence[LineReading]
) -> list[LineReading]:
    """As `core.extract` does: only what is in doubt is looked at again."""
    doubtful = [i for i, line in enumerate(seen) if not _is_sure(reader, line)]
    again = past_stamps(
        reader,
        [boxes[i].picture for i in doubtful],
        [boxes[i].kind for i in doubtful],
        [seen[i] for i in doubtful],
        [None] * len(doubtful),
    )
    by_place = dict(zip(doubtful, again, strict=True))
    return [by_place.get(i, line) for i, line in enumerate(seen)]


def _is_sure(reader: NumericReader, line: LineReading) -> bool:
    return line.confidence >= reader.review_threshold


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.colored", description=__doc__)
    parser.add_argument("--split", default="test", choices=["validation", "test"])
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--write", action="store_true", help="into docs/accuracy.md")
    asked = parser.parse_args()
    cv2.setNumThreads(1)
    text = table(NumericReader(), asked.split, asked.count)
    print(text)
    if asked.write:
        document.put(text, "colored", document.DOCS / "accuracy.md")


if __name__ == "__main__":
    main()
