"""Details are found to a fraction of a pixel, however light a page is and wherever it ends."""

import cv2
import numpy as np
import pytest

from core.alignment.patches import RADIUS, Patches
from core.geometry import Floats, Gray

DETAILS = np.array([(x, y) for x in (RADIUS, 60, 107) for y in (RADIUS, 45, 87)])


@pytest.fixture(scope="module")
def picture() -> Gray:
    """Of 120 x 100 pixels, with something to see all over it."""
    noise = np.random.default_rng(0).uniform(0, 255, (100, 120))
    return cv2.normalize(cv2.GaussianBlur(noise, None, 2), None, 20, 235, cv2.NORM_MINMAX).astype(
        np.uint8
    )


def moved(picture: Gray, x: float, y: float) -> Gray:
    matrix = np.array([[1, 0, x], [0, 1, y]])
    size = picture.shape[::-1]
    return np.asarray(
        cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT),
        np.uint8,
    )


def off(tops: Floats, x: float, y: float) -> float:
    """How far what lies in the middle was found off its place, at most."""
    inner = (DETAILS == (60, 45)).all(axis=1)
    return float(np.abs(tops - DETAILS - (x, y))[inner].max())


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.3, -0.45), (-0.2, 0.1)])
def test_a_detail_is_found_to_a_fraction_of_a_pixel(picture: Gray, x: float, y: float) -> None:
    likeness, tops = Patches(picture, DETAILS).tops(moved(picture, x, y), DETAILS.astype(float))
    assert likeness.min() > 0.9
    assert off(tops, x, y) < 0.1


def test_one_that_is_nearer_to_another_pixel_is_looked_at_again(picture: Gray) -> None:
    patches, page, places = Patches(picture, DETAILS), moved(picture, 0.9, -0.8), DETAILS * 1.0
    likeness, tops = patches.closer(page, places)
    assert off(tops, 0.9, -0.8) < 0.1
    before, _ = patches.tops(page, places)
    # That in the corner is as near as it gets without leaving the page.
    in_corner = (DETAILS == (107, RADIUS)).all(axis=1)
    assert (likeness > before)[~in_corner].all()
    assert likeness[in_corner] == pytest.approx(before[in_corner])


def test_light_and_contrast_change_nothing(picture: Gray) -> None:
    patches, places = Patches(picture, DETAILS), DETAILS * 1.0
    faint = (0.25 * picture + 180).astype(np.uint8)
    likeness, tops = patches.tops(faint, places)
    assert likeness.min() > 0.99
    assert off(tops, 0, 0) < 0.02
    assert patches.tops(255 - picture, places)[0].max() < -0.99


@pytest.mark.parametrize("place", [-500.0, 5e9, np.nan])
def test_what_lies_off_the_page_is_looked_for_inside(picture: Gray, place: float) -> None:
    _, tops = Patches(picture, DETAILS).closer(picture, np.full(DETAILS.shape, place))
    assert tops.min() >= RADIUS - 1
    assert (tops <= np.array(picture.shape[::-1]) - RADIUS).all()


def test_a_blank_page_is_like_nothing(picture: Gray) -> None:
    likeness, tops = Patches(picture, DETAILS).closer(np.full_like(picture, 255), DETAILS * 1.0)
    assert np.abs(likeness).max() < 0.01
    assert np.isfinite(tops).all()
