"""A digit that is gone leaves room in its number, and a note beside one is no part of it."""

import cv2
import numpy as np
import pytest

from core.geometry import Gray
from core.reading.grammar import Kind
from core.reading.numeric import NumericReader

FACE, SIZE, AT = cv2.FONT_HERSHEY_DUPLEX, 0.9, (20, 38)


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader()


def box(*words: str, apart: int = 0) -> Gray:
    """The words beside each other in one box."""
    picture = np.full((54, 460, 1), 255, np.uint8)
    x, y = AT
    for word in words:
        cv2.putText(picture, word, (x, y), FACE, SIZE, 20, 2, cv2.LINE_AA)
        x += width(word) + apart
    return picture[..., 0]


def width(text: str) -> int:
    return cv2.getTextSize(text, FACE, SIZE, 2)[0][0]


def test_a_digit_that_correction_fluid_took_away(reader: NumericReader) -> None:
    whole = box("52760.35")
    lacking = whole.copy()
    lacking[:, AT[0] + width("52") : AT[0] + width("527")] = 255
    lines = reader.read([whole, lacking], ["amount", "amount"])
    assert lines[0].confidence > reader.review_threshold
    assert lines[1].confidence < reader.review_threshold


def test_a_note_beside_a_number(reader: NumericReader) -> None:
    noted = box("48", "57953766", apart=30)
    assert reader.read([noted], ["number"])[0].confidence < reader.review_threshold
    # Where the example says that digits stand apart they may.
    (line,) = reader.read([noted], ["number"], ["12 34567890"])
    assert line.confidence > reader.review_threshold
    assert line.text == "4857953766"


@pytest.mark.parametrize(
    ("kind", "words", "apart"),
    [
        ("amount", ["52", "760", "435.25"], 14),
        ("date", ["12", "/", "03", "/", "2026"], 18),
        ("number", ["310", "122", "393", "500", "003"], 18),
    ],
)
def test_usual_blanks(reader: NumericReader, kind: Kind, words: list[str], apart: int) -> None:
    (line,) = reader.read([box(*words, apart=apart)], [kind])
    assert line.text == "".join(words)
    assert line.confidence > 0.9  # in doubt it would be worth half as much
