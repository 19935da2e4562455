"""The line image: same text, same picture, whatever the box around it."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from core.reading.lines import HEIGHT, MAX_WIDTH, otherwise, prepare

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


def ink_height(ink: Gray) -> int:
    top, bottom, _, _ = ink_box(ink)
    return int(bottom - top + 1)


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


def test_a_small_number_in_a_wide_cell_is_seen() -> None:
    cell = box("12", height=44, width=1200)
    assert np.array_equal(prepare(cell).ink, prepare(box("12", height=44)).ink)


def test_digits_small_beside_a_tall_word_are_enlarged() -> None:
    picture = box("52", width=200, at=(150, 26))
    picture = np.vstack([np.full((6, 200), 255, np.uint8), picture])
    cv2.putText(picture, "HN", (20, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (0,), 3, cv2.LINE_AA)
    line = prepare(picture)
    marked = np.zeros(line.ink.shape[1], bool)
    marked[-30:] = True
    assert ink_height(line.ink[:, -30:]) < 15
    assert max(ink_height(way[:, -30:]) for way in otherwise(line, marked)) >= 20


def test_a_line_is_looked_for_beside_a_rule_that_hides_it() -> None:
    picture = box("7", width=44, at=(14, 24))
    picture[34:38] = 0
    line = prepare(picture)
    assert ink_height(line.ink) < 22  # the rule is taken for it
    ways = otherwise(line, np.zeros(line.ink.shape[1], bool))
    assert any(way[8:24].any() and not way[:4].any() and not way[28:].any() for way in ways)


def test_a_line_is_looked_for_without_what_is_beside_it() -> None:
    picture = box(width=700)
    cv2.polylines(picture, [np.array([[500, 0], [540, 39], [590, 5], [650, 39]])], True, (0,), 3)
    line = prepare(picture)
    marked = np.zeros(line.ink.shape[1], bool)
    marked[20:60] = True
    (_, bottom, _, _), plain = ink_box(line.ink[:, :60]), prepare(box()).ink
    assert bottom < ink_box(plain)[1]
    assert any(ink_height(way) == ink_height(plain) for way in otherwise(line, marked))
