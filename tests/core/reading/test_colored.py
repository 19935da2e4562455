"""Black numbers under coloured ink."""

import cv2
import numpy as np
import pytest

from core.geometry import Gray, Picture
from core.reading.colored import black_ink, past_stamps
from core.reading.numeric import LineReading, NumericReader

VIOLET = (160, 60, 110)
BLACK = (20, 20, 20)
UNSURE = LineReading("", 0.1)


def number(color: tuple[int, int, int] = BLACK, text: str = "56,000.00") -> Picture:
    box = np.full((50, 260, 3), 245, np.uint8)
    cv2.putText(box, text, (30, 36), cv2.FONT_HERSHEY_SIMPLEX, 1, color, 2, cv2.LINE_AA)
    return box


def over(box: Picture, ink: Gray, color: tuple[int, int, int] = VIOLET) -> Picture:
    """Ink lets through what is under it: it multiplies."""
    through = 1 - ink[..., None] / 255 * (1 - np.array(color) / 255)
    return np.asarray(box * through, np.uint8)


def stamp(width: int = 10) -> Gray:
    ink = np.zeros((50, 260), np.uint8)
    cv2.circle(ink, (190, 10), 70, (255,), width, cv2.LINE_AA)
    cv2.putText(ink, "PAID", (150, 34), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255,), 3, cv2.LINE_AA)
    return ink


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader()


@pytest.mark.parametrize("color", [VIOLET, (60, 60, 180), (150, 90, 30), (70, 130, 40)])
def test_a_stamp_is_taken_out(color: tuple[int, int, int]) -> None:
    plain = cv2.cvtColor(number(), cv2.COLOR_BGR2GRAY).astype(int)
    seen = black_ink(over(number(), stamp(), color))
    assert seen is not None
    assert not seen.struck
    assert np.abs(seen.picture.astype(int) - plain).mean() < 12
    digits = plain < 100
    assert seen.picture[digits].mean() < 60
    assert seen.picture[~digits & (stamp() > 250)].mean() > 200


def test_a_number_under_a_stamp_is_read(reader: NumericReader) -> None:
    box = over(number(), stamp())
    (seen,) = past_stamps(reader, [box], ["amount"], [UNSURE], [None])
    assert seen.text == "56,000.00"
    assert seen.confidence > 0.9


def test_a_number_that_may_be_crossed_out_stays_in_doubt(reader: NumericReader) -> None:
    stroke = np.zeros((50, 260), np.uint8)
    cv2.line(stroke, (20, 30), (220, 22), (255,), 4, cv2.LINE_AA)
    box = over(number(), stroke)
    ink = black_ink(box)
    assert ink is not None
    assert ink.struck
    (seen,) = past_stamps(reader, [box], ["amount"], [UNSURE], [None])
    assert seen.text == "56,000.00"
    assert seen.confidence <= 0.5


def test_what_is_surer_in_grey_stays(reader: NumericReader) -> None:
    known = LineReading("56,000.00", 0.9999)
    assert past_stamps(reader, [over(number(), stamp())], ["amount"], [known], [None]) == [known]


def test_a_coloured_number_is_not_lost(reader: NumericReader) -> None:
    known = LineReading("56,000.00", 0.6)
    assert past_stamps(reader, [number(VIOLET)], ["amount"], [known], [None]) == [known]


@pytest.mark.parametrize(
    "box",
    [
        cv2.cvtColor(number(), cv2.COLOR_BGR2GRAY),
        number(),
        np.full((40, 100, 3), (200, 240, 250), np.uint8),  # yellow paper
        np.zeros((3, 3, 3), np.uint8),
    ],
    ids=["grey", "black", "yellow paper", "dark"],
)
def test_without_coloured_ink_there_is_nothing_to_take_out(box: Picture) -> None:
    assert black_ink(box) is None


def test_a_coloured_ground_is_no_ink(reader: NumericReader) -> None:
    box = np.full((50, 260, 3), (120, 60, 20), np.uint8)
    cv2.putText(box, "56", (30, 36), cv2.FONT_HERSHEY_SIMPLEX, 1, (255, 255, 255), 2, cv2.LINE_AA)
    known = LineReading("56", 0.9)
    assert past_stamps(reader, [box], ["amount"], [known], [None]) == [known]


@pytest.mark.parametrize(("amount", "sign"), [("1,234.50", "CR"), ("25", "K"), ("2.5", "million")])
def test_a_coloured_sign_beside_an_amount_leaves_it_in_doubt(
    reader: NumericReader, amount: str, sign: str
) -> None:
    face, y = cv2.FONT_HERSHEY_DUPLEX, 38
    picture = np.full((58, 325, 3), 255, np.uint8)
    cv2.putText(picture, amount, (15, y), face, 1, BLACK, 2, cv2.LINE_AA)
    x = 23 + cv2.getTextSize(amount, face, 1, 2)[0][0]
    cv2.putText(picture, sign, (x, y), face, 1, (30, 30, 200), 2, cv2.LINE_AA)
    lines = reader.read([cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)], ["amount"])
    assert past_stamps(reader, [picture], ["amount"], lines, [None]) == lines
    assert lines[0].confidence < reader.review_threshold
