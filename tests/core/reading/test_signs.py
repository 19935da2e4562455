"""A sign that the reader doesn't know isn't taken for one that it knows; 'CR' makes an amount one
that a person looks at."""

import cv2
import numpy as np
import pytest

from core.geometry import Gray
from core.reading.numeric import NumericReader

FACE = cv2.FONT_HERSHEY_DUPLEX


@pytest.fixture(scope="module")
def reader() -> NumericReader:
    return NumericReader()


def box(text: str, *, at: int = 20) -> Gray:
    picture = np.full((54, 420), 255, np.uint8)
    cv2.putText(picture, text, (at, 38), FACE, 0.9, 20, 2, cv2.LINE_AA)
    return picture


def equals(*, length: int, apart: int) -> Gray:
    picture = box("1,234.00", at=50)
    for top in (26 - apart // 2, 28 + apart // 2):
        picture[top : top + 2, 45 - length : 45] = 20
    return picture


def plus() -> Gray:
    picture = box("1,234.00", at=50)
    picture[29:31, 29:46] = picture[22:39, 36:38] = 20
    return picture


def dollar(beyond: int, *, last: bool = False) -> Gray:
    """A first or last '5' that reaches so far above and below its line."""
    picture = box("1,234.75" if last else "51,234.00")
    at = np.flatnonzero((picture < 110).any(axis=0))[-1] - 8 if last else 28
    picture[19 - beyond : 20, at : at + 2] = picture[38 : 39 + beyond, at : at + 2] = 20
    return picture


def touching_dollar() -> Gray:
    picture = box("$51,234.00")
    picture[28:30, 36:40] = 20
    return picture


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize("beyond", [2, 3])
def test_a_dollar_that_looks_like_a_digit_needs_a_look(
    reader: NumericReader, beyond: int, last: bool
) -> None:
    (line,) = reader.read([dollar(beyond, last=last)], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


@pytest.mark.parametrize("picture", [box("$51,234.00"), touching_dollar()])
def test_a_dollar_that_is_passed_over_is_no_doubt(reader: NumericReader, picture: Gray) -> None:
    (line,) = reader.read([picture], ["amount"])
    assert (line.text, line.confidence > reader.review_threshold) == ("51,234.00", True)


@pytest.mark.parametrize(
    "picture",
    [equals(length=12, apart=4), equals(length=16, apart=4), equals(length=14, apart=6), plus()],
)
def test_a_sign_that_is_no_minus_needs_a_look(reader: NumericReader, picture: Gray) -> None:
    (line,) = reader.read([picture], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


@pytest.mark.parametrize(
    "text",
    [
        "[1,234.00]",
        "1,234.00 CR",
        "1,234.00CR",
        "1,234.00 Cr.",
        "CR 1,234.00",
    ],
)
def test_what_is_no_such_amount_needs_a_look(reader: NumericReader, text: str) -> None:
    (line,) = reader.read([box(text)], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("-1,234.00", "-1,234.00"),
        ("1,234.00-", "1,234.00-"),
        ("(1,234.00)", "(1,234.00)"),
        ("4,234.00", "4,234.00"),
        ("51,234.00", "51,234.00"),
        ("8,234.05", "8,234.05"),
        ("$8,234.05", "8,234.05"),
        ("1,234.00 SR", "1,234.00"),
        ("1,234.00 QR", "1,234.00"),
        ("CFA 1,234.00", "1,234.00"),
        ("DR 1,234.00", "1,234.00"),
    ],
)
def test_what_is_one_is_read(reader: NumericReader, text: str, read: str) -> None:
    (line,) = reader.read([box(text)], ["amount"])
    assert line.text == read
    assert line.confidence > 0.9  # in doubt it would be worth half as much


def test_letters_beside_an_identifier_say_nothing(reader: NumericReader) -> None:
    plain, lettered = reader.read([box("81734"), box("81734 CR")], ["number", "number"])
    assert plain.text == lettered.text == "81734"
    assert lettered.confidence > 0.9
