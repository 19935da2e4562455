"""What paper, light, lens, sensor and file format make of what was printed."""

import math
from random import Random
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from training.augment import Profile

Gray = NDArray[np.uint8]


def captured(
    coverage: NDArray[np.float32],
    digit: float,
    rng: Random,
    noise: np.random.Generator,
    profile: "Profile",
) -> Gray:
    """The box as it comes to the reader. coverage: H×W, 1 where there is ink. digit: the digits'
    height in pixels."""
    height, width = coverage.shape
    if rng.random() < profile.blur:
        coverage = cv2.GaussianBlur(coverage, (0, 0), 0.3 + digit * rng.uniform(0.0, 0.055))
    if rng.random() < profile.motion:
        coverage = _moved(coverage, digit, rng)
    paper = rng.uniform(235, 255)
    if rng.random() < profile.paper:
        paper = rng.uniform(150, 240)
    contrast = rng.uniform(0.7, 1.0) * paper
    if rng.random() < profile.paper:
        contrast = rng.uniform(50, 120)
    contrast = min(contrast, paper - 5)
    sheet = np.full((height, width), paper, np.float32)
    if rng.random() < profile.paper:
        sheet *= _patches(height, width, noise, rng.uniform(0.03, 0.3))
    picture = sheet * (1 - coverage * (contrast / paper))
    if profile.moire and rng.random() < profile.moire:
        picture *= _moire(height, width, rng)
    turned = rng.random() < profile.paper / 10
    if turned:
        picture = 255 - picture + (paper - 255) * 0.5
    if rng.random() < profile.noise:
        sigma = rng.uniform(1, 0.13 * contrast)
        grain = noise.standard_normal((height, width), np.float32) * sigma
        if rng.random() < 0.5:
            grain = cv2.GaussianBlur(grain, (0, 0), 0.7) * 1.6
        picture += grain
    if rng.random() < profile.noise / 4:
        specks = noise.random((height, width), np.float32)
        picture[specks < rng.uniform(0, 0.012)] = rng.choice([20.0, 240.0])
    crop = np.clip(picture, 0, 255).astype(np.uint8)
    if rng.random() < profile.fax:
        # Between the paper and the ink that there is: of thin or blurred type it is paler.
        ground = float(np.median(picture))
        ink = float(np.quantile(picture, 0.99 if turned else 0.01))
        level = ground + (ink - ground) * rng.uniform(0.35, 0.6)
        crop = np.where(picture < level, 0, 255).astype(np.uint8)
    if rng.random() < profile.jpeg:
        crop = _jpeg(crop, rng.randint(*profile.quality), rng)
    return crop


def _moved(coverage: NDArray[np.float32], digit: float, rng: Random) -> NDArray[np.float32]:
    length = max(2, round(digit * rng.uniform(0.06, 0.18)))
    kernel = np.zeros((length, length), np.float32)
    if rng.random() < 0.5:
        kernel[length // 2] = 1 / length
    else:
        np.fill_diagonal(kernel, 1 / length)
    return cv2.filter2D(coverage, -1, kernel)


def _moire(height: int, width: int, rng: Random) -> NDArray[np.float32]:
    """Bands of light a few pixels wide, in one direction or two."""
    rows, columns = np.indices((height, width), np.float32, sparse=True)
    light = np.ones((height, width), np.float32)
    for _ in range(rng.choice([1, 2])):
        angle, period = rng.uniform(0, math.pi), rng.uniform(2.5, 9)
        along = columns * math.cos(angle) + rows * math.sin(angle)
        light += rng.uniform(0.01, 0.06) * np.sin(2 * math.pi * along / period)
    return light


def _patches(
    height: int, width: int, noise: np.random.Generator, depth: float
) -> NDArray[np.float32]:
    """A smooth field between 1 - depth and 1: a shadow across, or a stain."""
    few = noise.random((2, max(2, min(12, width // max(8, height)) + 1)), np.float32)
    return 1 - depth * cv2.resize(few, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1)


def _jpeg(crop: Gray, quality: int, rng: Random) -> Gray:
    """Through JPEG, in a page whose 8×8 grid lies anywhere about the box."""
    down, right = rng.randint(0, 7), rng.randint(0, 7)
    page = cv2.copyMakeBorder(crop, down, 8, right, 8, cv2.BORDER_REPLICATE)
    _, data = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    page = cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)
    return page[down : down + crop.shape[0], right : right + crop.shape[1]]
