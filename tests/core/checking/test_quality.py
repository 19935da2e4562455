"""Each fault of a picture is told, and a good picture has none."""

import cv2
import numpy as np
import pytest

from core.checking.quality import fault, measures, paper
from core.geometry import Gray

PAPER = 200.0


def box(text: str = "1,234.56", *, scale: float = 0.8, ground: int = 200, ink: int = 40) -> Gray:
    """A box cut a little wider than its text, whose digits are 22 pixels tall at scale 1."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, scale, 2)
    crop = np.full((height * 2 + 4, width + 20, 1), ground, np.uint8)
    at = (10, height + height // 2)
    cv2.putText(crop, text, at, cv2.FONT_HERSHEY_SIMPLEX, scale, ink, 2, cv2.LINE_AA)
    return crop[..., 0]


def code(crop: Gray, *, page_paper: float = PAPER, printed: bool = True) -> str | None:
    found = fault(crop, page_paper, printed=printed)
    return found and found.code


@pytest.mark.parametrize("crop", [box(), box(ink=120), box(ground=255), box(ground=90, ink=240)])
def test_a_good_picture_has_no_fault(crop: Gray) -> None:
    assert code(crop) is None


def test_an_empty_box_has_none() -> None:
    blank = np.full((40, 120), 200, np.uint8)
    shadow = np.tile(np.linspace(90, 220, 120).astype(np.uint8), (40, 1))
    for crop in (blank, shadow, np.zeros((1, 1), np.uint8)):
        assert code(crop, printed=False) is None


@pytest.mark.parametrize(("sigma", "expected"), [(0.5, None), (1.0, None), (4, "blurred")])
def test_blur(sigma: float, expected: str | None) -> None:
    assert code(cv2.GaussianBlur(box(), (0, 0), sigma)) == expected


def test_blur_is_relative_to_the_size_of_the_print() -> None:
    assert code(cv2.GaussianBlur(box(scale=4), (0, 0), 4)) is None


def test_few_pixels() -> None:
    small = cv2.resize(box(), None, fx=0.24, fy=0.24, interpolation=cv2.INTER_AREA)
    found = fault(small, PAPER, printed=True)
    assert found is not None
    assert found.code == "few_pixels"
    assert "4 pixels tall: scan it at 200 dpi" in found.message
    assert code(small, printed=False) is None


@pytest.mark.parametrize(("ground", "ink"), [(40, 250), (200, 40)])
@pytest.mark.parametrize("text", ["1,234.56", "9.50", "11"])
def test_light_print_on_a_dark_band_is_as_tall_as_dark_print(
    text: str, ground: int, ink: int
) -> None:
    height, _ = measures(box(text, ground=ground, ink=ink))
    assert 16 <= height <= 17


def test_print_that_is_small_in_any_size_is_not_too_small() -> None:
    zeros = np.full((26, 60, 1), 230, np.uint8)
    for x in (8, 24, 34, 44):
        cv2.rectangle(zeros, (x, 11), (x + 3, 14), 40, -1)
    assert code(zeros[..., 0]) == "few_pixels"
    for sigma in (0.0, 0.8):
        scanned = cv2.GaussianBlur(zeros, (0, 0), sigma) if sigma else zeros[..., 0]
        assert code(np.asarray(scanned, np.uint8), printed=False) is None


def test_dark() -> None:
    night = (box() * 0.2).astype(np.uint8)
    assert code(night, page_paper=40) == "too_dark"
    assert code(night, page_paper=200) is None  # a dark box on a light form is meant to be so


def glare(crop: Gray, *, at: float = 0.5, reach: float = 0.25) -> Gray:
    """A lamp's reflection over a part of the box, as wide as a share of it."""
    height, width = crop.shape
    x = (np.arange(width) / width - at) / reach
    y = (np.arange(height) / height - 0.5) / (2 * reach)
    light = 400 * np.exp(-(x[None] ** 2 + y[:, None] ** 2))
    return np.clip(crop + light, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("at", [0.0, 0.5, 0.9])
def test_glare(at: float) -> None:
    assert code(glare(box(), at=at)) == "glare"


def test_white_paper_and_white_boxes_are_no_glare() -> None:
    assert code(box(ground=255), page_paper=255) is None
    tinted = np.pad(box(ground=255), 8, constant_values=200)
    for sigma in (0.8, 1.5):
        assert code(cv2.GaussianBlur(tinted, (0, 0), sigma)) is None
    narrow = cv2.imencode(".jpg", np.pad(box(ground=255), 4, constant_values=200))[1]
    assert code(cv2.imdecode(narrow, cv2.IMREAD_GRAYSCALE)) is None


def test_paper_is_the_lighter_part_of_a_page() -> None:
    page = np.full((200, 100), 210, np.uint8)
    page[:60] = 30
    assert paper(page) == 210


def test_the_measures_are_in_pixels_of_the_page() -> None:
    height, edges = measures(box())
    assert 16 <= height <= 20
    assert 0.03 < edges < 0.15
