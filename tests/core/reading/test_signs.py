"""A sign that the reader doesn't know isn't taken for one that it knows; 'CR' makes an amount one
that a person looks at."""

import cv2
import numpy as np
import pytest

from core.geometry import Gray
from core.reading.ctc import LogProbs
from core.reading.lines import HEIGHT, prepare
from core.reading.network import FRAME
from core.reading.numeric import NumericReader
from core.reading.passed import without_hash
from core.reading.prints import printed, seen
from core.reading.signs import otherwise_meant

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


def bold_plus(*, left: int) -> Gray:
    picture = np.full((60, 420), 255, np.uint8)
    cv2.putText(picture, "1,234.00", (60, 42), FACE, 1, 20, 2, cv2.LINE_AA)
    picture[29:34, left : left + 14] = picture[24:38, left + 5 : left + 10] = 20
    return picture


def raised(number: str, mark: str) -> Gray:
    """The number with smaller digits above the line behind it."""
    picture = box(number)
    left = 22 + cv2.getTextSize(number, FACE, 0.9, 2)[0][0]
    cv2.putText(picture, mark, (left, 31), FACE, 0.6, 20, 1, cv2.LINE_AA)
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
    [
        equals(length=12, apart=4),
        equals(length=16, apart=4),
        equals(length=14, apart=6),
        plus(),
        bold_plus(left=42),
        bold_plus(left=61 + cv2.getTextSize("1,234.00", FACE, 1, 2)[0][0]),
    ],
)
def test_a_sign_that_is_no_minus_needs_a_look(reader: NumericReader, picture: Gray) -> None:
    (line,) = reader.read([picture], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


@pytest.mark.parametrize("amount", ["22,642.57", "453.33"])
def test_a_tilde_is_no_minus(reader: NumericReader, amount: str) -> None:
    lines = reader.read([box(f"{sign}{amount}") for sign in "~-"], ["amount", "amount"])
    assert [line.confidence > reader.review_threshold for line in lines] == [False, True]
    assert amount in [text for text, _ in lines[0].alternatives]


@pytest.mark.parametrize(("number", "mark"), [("16", "75"), ("21", "00"), ("1,234.50", "1")])
def test_digits_above_the_line_need_a_look(reader: NumericReader, number: str, mark: str) -> None:
    (line,) = reader.read([raised(number, mark)], ["amount"])
    assert line.confidence < reader.review_threshold, line.text
    meant = number if "." in number else f"{number}.{mark}"
    assert meant in [text for text, _ in line.alternatives]


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


@pytest.mark.parametrize(("length", "tall", "apart"), [(16, 2, 10), (16, 4, 10), (12, 4, 17)])
def test_a_minus_that_was_passed_over(
    reader: NumericReader, length: int, tall: int, apart: int
) -> None:
    """One that lies low, as in many faces of Arabic-Indic digits."""
    picture = box("1,234.00", at=70)
    end = 72 - apart
    picture[33 : 33 + tall, end - length : end] = 20
    (line,) = reader.read([picture], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


def test_a_point_before_digits_alone_that_was_passed_over() -> None:
    ink = digits(30, 50)
    answer = seen_at(36, 56)
    pointed = ink.copy()
    pointed[26:30, 22:26] = 255
    assert otherwise_meant("33", "amount", seen(pointed, answer)) == ".33"
    assert otherwise_meant("33", "amount", seen(ink, answer)) is None
    # Where there are decimals it is of what stands before, as in 'Rs.'.
    assert otherwise_meant("3.3", "amount", seen(pointed, answer)) is None
    pointed[8:30, 4:20] = 255
    assert otherwise_meant("33", "amount", seen(pointed, answer)) is None


def digits(*left: int) -> Gray:
    """A line image with print as large as digits there."""
    ink = np.zeros((HEIGHT, 120), np.uint8)
    for at in left:
        ink[8:30, at : at + 12] = 255
    return ink


def seen_at(*columns: int) -> LogProbs:
    """What a network says that sees characters there, each another than the one before."""
    answer = np.full((120 // FRAME, 12), -9.0, np.float32)
    answer[:, 0] = 0
    for number, column in enumerate(columns):
        answer[column // FRAME, 6 + number % 2] = 1
    return answer


@pytest.mark.parametrize("down", [0, 9])
@pytest.mark.parametrize("letters", [(40,), (20, 40)])
def test_a_minus_beyond_a_currency_that_was_passed_over(
    letters: tuple[int, ...], down: int
) -> None:
    ink, answer = digits(*letters, 60, 80), seen_at(66, 86)
    signed = ink.copy()
    signed[19 + down : 22 + down, 4:14] = 255
    assert otherwise_meant("33", "amount", seen(signed, answer)) == "-33"
    assert otherwise_meant("33", "amount", seen(ink, answer)) is None
    # It is a minus already, or none: a number's, a letter that is as low, or a speck.
    assert otherwise_meant("3-3", "amount", seen(signed, answer)) is None
    assert otherwise_meant("33", "number", seen(signed, answer)) is None
    for top, columns in ((15, slice(5, 13)), (19, slice(7, 10))):
        other, rows = signed.copy(), slice(top + down, 22 + down)
        other[rows, columns] = 255 - other[rows, columns]
        assert otherwise_meant("33", "amount", seen(other, answer)) is None
    if len(letters) > 1:  # one alone behind it may say how many thousands
        assert otherwise_meant("33", "amount", seen(signed[:, ::-1], answer[::-1])) == "-33"


@pytest.mark.parametrize("lean", [0, 6])
def test_brackets_far_from_an_amount_that_were_passed_over(lean: int) -> None:
    ink, answer = digits(40, 60), seen_at(46, 66)
    opening, closing, strokes = (ink.copy() for _ in range(3))
    for row in range(4, 31):
        slope = lean * (31 - row) // 27
        bent = (row - 17) ** 2 // 40
        opening[row, slope + 6 + bent : slope + 9 + bent] = 255
        closing[row, slope + 105 - bent : slope + 108 - bent] = 255
        for left in (6, 105):
            strokes[row, slope + left : slope + left + 3] = 255
    both = np.maximum(opening, closing)
    assert otherwise_meant("33", "amount", seen(both, answer)) == "-33"
    broken = both.copy()
    broken[9:27, :20] = broken[9:27, 100:] = 0
    for other in (opening, closing, strokes, broken):
        assert otherwise_meant("33", "amount", seen(other, answer)) is None


@pytest.mark.parametrize(("text", "meant"), [("(53)", "(3)"), ("-83", "-3")])
def test_a_dollar_behind_the_sign_of_an_amount(text: str, meant: str) -> None:
    ink = digits(30, 50)
    at = [16, 36, 56]
    if text[0] == "(":
        for left, turn in ((20, 180), (66, 0)):
            cv2.ellipse(ink, (left, 17), (6, 14), turn, -80, 80, 255, 2)
        at.append(72)
    else:
        ink[18:21, 10:20] = 255
    answer = seen_at(*at)
    assert otherwise_meant(text, "amount", seen(ink, answer)) is None
    ink[6:32, 36:38] = 255
    assert otherwise_meant(text, "amount", seen(ink, answer)) == meant
    assert otherwise_meant(text, "number", seen(ink, answer)) is None


def test_an_arabic_credit_needs_a_look() -> None:
    """Three prints: two joined letters with a sign and a dot, one upright, one low."""
    ink, answer = digits(70, 90), seen_at(76, 96)
    ink[20:31, 6:24] = ink[8:27, 30:34] = ink[15:27, 40:52] = 255
    ink[20:26, 9:20] = 0
    unmarked = ink.copy()
    ink[12:16, 8:12] = ink[12:17, 18:23] = 255
    assert otherwise_meant("33", "amount", seen(ink, answer)) == "-33"
    without = ink.copy()
    without[:, 30:34] = 0
    taller = ink.copy()
    taller[8:15, 40:44] = 255
    for other in (unmarked, without, taller):
        assert otherwise_meant("33", "amount", seen(other, answer)) is None


def test_millions_need_a_look() -> None:
    ink, answer = digits(10, 30), seen_at(16, 36)
    ink[14:30, 50:68] = ink[14:30, 94:106] = 255
    ink[8:30, 70:72] = ink[8:30, 75:77] = ink[8:30, 80:82] = 255
    assert otherwise_meant("33", "amount", seen(ink, answer)) is None  # as 'Bill' has
    ink[8:30, 85:87] = 255
    assert otherwise_meant("33", "amount", seen(ink, answer)) == "33000000"
    ink[8:30, 85:96] = 255
    assert otherwise_meant("33", "amount", seen(ink, answer)) is None


def test_what_is_owed_to_somebody_needs_a_look() -> None:
    """'له' is one print, tall on the right alone."""
    ink, answer = digits(70, 90), seen_at(76, 96)
    ink[18:29, 34:48] = ink[5:29, 48:52] = 255
    ink[21:26, 38:44] = 0
    assert otherwise_meant("33", "amount", seen(ink, answer)) == "-33"
    assert otherwise_meant("33", "number", seen(ink, answer)) is None
    for rows, columns, shade in (
        (slice(5, 18), slice(48, 52), 0),  # low
        (slice(5, 18), slice(34, 38), 255),  # tall on the left as well
        (slice(5, 9), slice(40, 43), 255),  # with a dot
        (slice(18, 29), slice(20, 30), 255),  # beside another
        (slice(25, 29), slice(12, 36), 255),  # wide
    ):
        other = ink.copy()
        other[rows, columns] = shade
        assert otherwise_meant("33", "amount", seen(other, answer)) is None


@pytest.mark.parametrize("apart", [0, 1, 4])
def test_a_minus_behind_a_slash_that_was_passed_over_is_none(apart: int) -> None:
    ink, answer = digits(30, 50), seen_at(36, 56, 80)
    dash = slice(74 + apart, 84 + apart)
    ink[19:22, dash] = 255
    assert otherwise_meant("33-", "amount", seen(ink, answer)) is None
    slash = ink.copy()
    for row in range(8, 30):
        slash[row, 64 + (30 - row) * 2 // 5 : 66 + (30 - row) * 2 // 5] = 255
    assert otherwise_meant("33-", "amount", seen(slash, answer)) == "33"
    # From the right it is before the number.
    mirrored = answer[::-1]
    assert otherwise_meant("-33", "amount", seen(slash[:, ::-1], mirrored)) == "33"
    assert otherwise_meant("-33", "amount", seen(ink[:, ::-1], mirrored)) is None


@pytest.mark.parametrize(("letter", "down"), [("r", 0), ("R", 0), ("R", 6)])
def test_a_c_that_is_nearly_closed(reader: NumericReader, letter: str, down: int) -> None:
    """Beside digits that may stand higher, as Arabic-Indic ones do."""
    picture = box("1,234.00")
    left = 28 + cv2.getTextSize("1,234.00", FACE, 0.9, 2)[0][0]
    cv2.ellipse(picture, (left + 9, 28 + down), (8, 9), 0, 25, 335, 20, 3, cv2.LINE_AA)
    cv2.putText(picture, letter, (left + 22, 38 + down), FACE, 0.9, 20, 2, cv2.LINE_AA)
    (line,) = reader.read([picture], ["amount"])
    assert line.confidence < reader.review_threshold, line.text


@pytest.mark.parametrize(
    ("printed", "meant"), [("250K", "250000"), ("25 K", "25000"), ("1.5M", "1500.0")]
)
def test_a_letter_that_multiplies_an_amount_needs_a_look(
    reader: NumericReader, printed: str, meant: str
) -> None:
    (line,) = reader.read([box(printed)], ["amount"])
    assert line.confidence < reader.review_threshold, line.text
    assert line.alternatives[0][0] == meant


def test_what_a_sign_says_is_the_next_best_reading(reader: NumericReader) -> None:
    pictures = [box("1,234.00 CR"), bold_plus(left=42), equals(length=14, apart=6)]
    lines = reader.read(pictures, ["amount"] * len(pictures))
    assert [line.alternatives[0][0] for line in lines] == ["-1,234.00", "1,234.00", "1,234.00"]


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
        ("1,234.00 KD", "1,234.00"),
        ("KD 1,234.00", "1,234.00"),
        ("K 1,234.00", "1,234.00"),
        ("250 MRU", "250"),
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


def test_a_hash_before_a_number_is_passed_over() -> None:
    line = prepare(box("#123456"))
    unseen = np.zeros((line.ink.shape[1] // FRAME, 2), np.float32)
    unseen[:, 1] = -9
    left, right = printed(line.ink)
    for at in (left[1:] + right[1:]) // 2 // FRAME:
        unseen[at, 1] = 9
    plain = without_hash(seen(line.ink, unseen))
    assert plain is not None
    assert not plain[:, : right[0]].any()
    assert (plain[:, left[1] :] == line.ink[:, left[1] :]).all()
    unseen[(left[0] + right[0]) // 2 // FRAME, 1] = 9  # a digit that looks so
    assert without_hash(seen(line.ink, unseen)) is None
    for other in ("4123456", "8123456"):
        assert without_hash(seen(prepare(box(other)).ink, unseen)) is None
