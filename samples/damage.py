"""What paper, scanners and JPEG do to a page."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
"""Height x width x 3, BGR as OpenCV has it."""


@dataclass(frozen=True)
class Stamp:
    """A rubber stamp: its centre in pixels of the undamaged page, its turn in degrees."""

    text: str
    centre: tuple[int, int]
    turn: float
    colour: str = "#3a3f9e"


@dataclass(frozen=True)
class Damage:
    """From the print to the file, in the order in which it happens.

    Attributes:
        stamp: Put on the paper before it is scanned.
        turn: Degrees, clockwise, that the sheet lies crooked.
        shift: Pixels (x, y) that it lies off.
        resize: Scanner's resolution, as a part of that of the page.
        ink: 1 prints black as black; 0.4 is a toner that runs out.
        paper: Grey level of the paper, 255 is white.
        blur: Standard deviation in pixels of the scanner's lens.
        grain: Standard deviation of the scanner's noise in grey levels.
        grey: The scanner saves no colour.
        quality: JPEG quality, for files called .jpg.
    """

    stamp: Stamp | None = None
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    resize: float = 1.0
    ink: float = 1.0
    paper: float = 255.0
    blur: float = 0.0
    grain: float = 0.0
    grey: bool = False
    quality: int = 80


def apply(page: Picture, damage: Damage, rng: np.random.Generator) -> Picture:
    """The page as the scanner saves it. The stamp is on it already."""
    if damage.turn or damage.shift != (0.0, 0.0):
        page = _lay(page, damage.turn, damage.shift)
    if damage.resize != 1.0:
        page = _as_picture(
            cv2.resize(page, None, fx=damage.resize, fy=damage.resize, interpolation=cv2.INTER_AREA)
        )
    if damage.grey:
        page = _as_picture(cv2.cvtColor(cv2.cvtColor(page, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR))
    light: NDArray[np.float32] = damage.paper - (255.0 - page.astype(np.float32)) * damage.ink
    if damage.blur:
        light = np.asarray(cv2.GaussianBlur(light, (0, 0), damage.blur), np.float32)
    if damage.grain:
        light += _grain(light.shape[:2], damage.grain, rng)[..., None]
    return _as_picture(np.clip(light, 0, 255))


def ink_on(
    page: Picture, stamp: Picture, centre: tuple[int, int], rng: np.random.Generator
) -> None:
    """Multiplies a stamp on white onto the page, with the gaps that a dry ink pad leaves."""
    height, width = stamp.shape[:2]
    left, top = centre[0] - width // 2, centre[1] - height // 2
    patchy = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 5)
    specks = cv2.GaussianBlur(rng.normal(size=(height, width)).astype(np.float32), (0, 0), 1.1)
    cover = np.clip(0.84 + 1.3 * patchy, 0.55, 1) * (specks > -0.3)
    tint = 255 - (255 - stamp.astype(np.float32)) * cover[..., None] * 0.8
    under = page[top : top + height, left : left + width]
    under[:] = (under * tint / 255).astype(np.uint8)


def _lay(page: Picture, turn: float, shift: tuple[float, float]) -> Picture:
    height, width = page.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), -turn, 1.0)
    matrix[:, 2] += np.array(shift)
    return _as_picture(
        cv2.warpAffine(
            page, matrix, (width, height), flags=cv2.INTER_CUBIC, borderValue=(255, 255, 255)
        )
    )


def _grain(
    shape: tuple[int, int], deviation: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """A scanner's noise: fine, and a little smeared along the way of the lamp."""
    noise = cv2.GaussianBlur(rng.normal(size=shape).astype(np.float32), (0, 0), 0.45, sigmaY=0.6)
    return np.asarray(noise * (deviation / noise.std()), np.float32)


def _as_picture(array: NDArray[Any] | cv2.typing.MatLike) -> Picture:
    return np.asarray(array, np.uint8)
