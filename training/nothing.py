"""Boxes that hold no number: blank paper, noise, words, and numbers that somebody crossed out."""

from collections.abc import Callable, Iterator
from random import Random

import cv2
import numpy as np
from numpy.typing import NDArray

from core.reading.numeric import NumericReader
from training.augment import PROFILES, sample, words_only
from training.dataset import ARABIC
from training.families import Split
from training.render import Typesetter

Gray = NDArray[np.uint8]


def measured(reader: NumericReader, split: Split, count: int) -> dict[str, tuple[int, int, int]]:
    """What is in the boxes → how many there are, are read as empty, are surely read as digits."""
    setter = Typesetter(split)
    found = {}
    for name, draw in KINDS.items():
        rng = Random(f"{split} {name}")
        crops = [draw(setter, rng) for _ in range(count)]
        readings = reader.read(crops, ["amount"] * count)
        sure = [r for r in readings if r.text and r.confidence >= reader.review_threshold]
        found[name] = (count, sum(not reading.text for reading in readings), len(sure))
    return found


def blank(_setter: Typesetter, rng: Random) -> Gray:
    """Paper with its grain."""
    return _grain(rng, rng.uniform(120, 250), rng.uniform(0, 6))


def noise(_setter: Typesetter, rng: Random) -> Gray:
    """Anything from fine snow to clouds."""
    rough = _grain(rng, 180, rng.uniform(10, 90)).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(rough, (0, 0), rng.uniform(0.2, 3)), np.uint8)


def words(setter: Typesetter, rng: Random) -> Gray:
    """One to three words, scanned."""
    return words_only(setter, rng, PROFILES["scan"]).crop


def crossed_out(setter: Typesetter, rng: Random) -> Gray:
    """A clean number under one or two strokes of a pen."""
    box = sample(setter, rng, PROFILES["clean"], arabic=rng.random() < ARABIC).crop.copy()
    cross_out(box, box, 20, rng)
    return box


def cross_out(number: Gray, onto: Gray, shade: int, rng: Random) -> None:
    """Draws one or two strokes of a pen as if through that clean number."""
    rows, columns = np.where(number < int(number.min()) + 100)
    left, right, top, bottom = (int(v) for v in (*_ends(columns), *_ends(rows)))
    pen = max(1, round((bottom - top) * rng.uniform(0.06, 0.14)))
    level = (top + bottom) // 2 + rng.randint(-2, 2)
    strokes = rng.choice(
        [
            [(left, level, right, level)],
            [(left, bottom, right, top)],
            [(left, bottom, right, top), (left, top, right, bottom)],
        ]
    )
    for x0, y0, x1, y1 in strokes:
        cv2.line(onto, (x0, y0), (x1, y1), (shade,), pen, cv2.LINE_AA)


KINDS: dict[str, Callable[[Typesetter, Random], Gray]] = {
    "blank paper": blank,
    "noise": noise,
    "words alone": words,
    "a number crossed out": crossed_out,
}


def _ends(positions: NDArray[np.intp]) -> Iterator[int]:
    yield from (positions.min(), positions.max())


def _grain(rng: Random, level: float, sigma: float) -> Gray:
    size = rng.randint(15, 60), rng.randint(40, 300)
    grain = np.random.default_rng(rng.getrandbits(64)).normal(level, sigma, size)
    return np.asarray(grain.clip(0, 255), np.uint8)
