"""The line image: same text, same picture, whatever the box around it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.reading.lines import HEIGHT, MAX_WIDTH, enlarged, prepare

Gray = NDArray[np.uint8]


def box(
    text: str = "1520", *, height: int = 40, width: int = 160, at: tuple[int, int] = (30, 28)
) -> Gray:
    picture = np.full((height, width), 255, np.uint8)
    cv2.putText(picture, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0,), 2, cv2.LINE_AA)
    return picture


def ink_box(ink: Gray) -> tuple[int, int, int, int]:
    rows, columns = np.where(ink > 128)
    return rows.min(), rows.max(), columns.min(), columns.max()


def test_height_is_fixed_and_ink_is_bright() -> None:
    line = prepare(box())
    assert line.ink.shape[0] == HEIGHT
    assert line.ink.dtype == np.uint8
    assert not line.empty
    assert line.ink.max() == 255
    assert line.ink[:3].max() < 40  # the margin above the text is paper


@pytest.mark.parametrize("scale", [0.5, 1, 2, 5])
def test_size_of_the_scan_does_not_matter(scale: float) -> None:
    picture = cv2.resize(box(), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    top, bottom, _, _ = ink_box(prepare(picture).ink)
    assert 18 <= bottom - top <= 25


def test_wide_and_tall_margins_are_cut() -> None:
    tight, loose = prepare(box()), prepare(box(height=120, width=600, at=(300, 70)))
    assert abs(tight.ink.shape[1] - loose.ink.shape[1]) <= 4


def test_light_type_on_a_dark_ground_is_turned() -> None:
    plain, turned = prepare(box()), prepare(255 - box())
    assert np.abs(plain.ink.astype(int) - turned.ink).mean() < 2


@pytest.mark.parametrize("pad", [6, 14])
def test_light_type_on_a_dark_label_in_the_box_is_turned(pad: int) -> None:
    plain = box()
    labelled = plain.copy()
    rows, columns = np.where(plain < 128)
    label = labelled[
        max(2, rows.min() - pad) : min(38, rows.max() + pad),
        columns.min() - pad : columns.max() + pad,
    ]
    label[:] = 255 - label
    difference = np.abs(prepare(plain).ink.astype(int)[:, :60] - prepare(labelled).ink[:, :60])
    assert difference.mean() < 12


def test_bold_type_that_fills_its_box_is_not_turned() -> None:
    picture = np.full((16, 60), 255, np.uint8)
    for left in range(3, 54, 7):
        picture[2:14, left : left + 5] = 0
    assert prepare(picture).ink[16].mean() > 128


def test_ruled_lines_do_not_pass_for_text() -> None:
    ruled = box(height=60)
    ruled[2:4], ruled[56:58] = 0, 0
    top, bottom, _, _ = ink_box(prepare(ruled).ink[4:28])
    assert bottom - top >= 17


def test_of_two_lines_the_one_in_the_middle_is_taken() -> None:
    picture = box(height=44)
    picture[:6] = box()[20:26]  # the feet of the line above
    line = prepare(picture).ink
    assert abs(ink_box(line)[1] - ink_box(prepare(box(height=44)).ink)[1]) <= 2


def test_blanks_between_words_are_closed_up() -> None:
    picture = box(width=900)
    cv2.putText(picture, "AED", (800, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0,), 2, cv2.LINE_AA)
    assert prepare(picture).ink.shape[1] < 260


def test_uneven_light_is_taken_out() -> None:
    shaded = (box().astype(float) * np.linspace(0.5, 1, 160)).astype(np.uint8)
    plain = prepare(box()).ink.astype(int)
    assert np.abs(plain - prepare(shaded).ink).mean() < 12


@pytest.mark.parametrize(
    "picture",
    [
        np.full((30, 100), 255, np.uint8),
        np.zeros((30, 100), np.uint8),
        np.full((30, 100), 201, np.uint8),
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((1, 1), np.uint8),
        np.full((2, 400), 90, np.uint8),
    ],
    ids=lambda p: "x".join(map(str, p.shape)),
)
def test_blank_boxes_are_empty(picture: Gray) -> None:
    assert prepare(picture).empty


def test_width_is_bounded() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (20, 4000), np.uint8)
    assert prepare(noise).ink.shape[1] <= MAX_WIDTH


def test_colour_is_read_as_grey() -> None:
    colour = np.repeat(box()[..., None], 3, axis=2)
    assert (prepare(colour).ink == prepare(box()).ink).all()


@pytest.mark.parametrize(
    "picture",
    [np.zeros((9, 9), np.float32), np.zeros((9,), np.uint8), np.zeros((9, 9, 4), np.uint8)],
)
def test_what_is_no_picture_is_refused(picture: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="not a picture"):
        prepare(picture)


def test_digits_small_beside_a_tall_word_are_enlarged() -> None:
    ink = np.zeros((HEIGHT, 200), np.uint8)
    ink[5:27, 20:60] = 255  # the word
    ink[12:24, 100:108] = ink[12:24, 112:120] = 255
    marked = np.zeros(200, bool)
    marked[100:120] = True
    part = enlarged(ink, marked)
    assert part is not None
    top, bottom, left, right = ink_box(part)
    assert (bottom - top + 1) == pytest.approx(22, abs=2)
    assert top == pytest.approx(HEIGHT - 1 - bottom, abs=2)
    assert (right - left + 1) == pytest.approx(20 * 22 / 12, abs=3)


@pytest.mark.parametrize("marked", [np.zeros(200, bool), np.ones(200, bool)])
def test_what_fills_the_line_or_is_not_there_is_not_enlarged(marked: NDArray[np.bool_]) -> None:
    ink = np.zeros((HEIGHT, 200), np.uint8)
    ink[5:27, 20:60] = 255
    assert enlarged(ink, marked) is None
