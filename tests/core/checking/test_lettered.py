"""A letter is no digit of an identifier, nor a month's name a digit of a date."""

import cv2
import numpy as np
import pytest
from pdfs import pdf
from test_own_text import read, template

from core.checking.lettered import in_doubt, may_have_letters, may_hold, with_letters
from core.extract import Extractor
from core.invoice import Outcome, Status
from core.reading.numeric import LineReading
from core.template import Field

WIDE = (40, 50, 400, 100)
SURE = 0.98


def scanned(extractor: Extractor, text: str, kind: str) -> Outcome:
    return read(extractor, pdf(text=text, scan=True), template(kind, WIDE))


def field(kind: str, example: str | None = None) -> Field:
    return template(kind).fields[0].model_copy(update={"example": example})


@pytest.mark.parametrize("text", ["A-12345", "B-12345", "S-12345", "Z-2026", "12345-B"])
def test_a_letter_of_an_identifier_is_no_digit(extractor: Extractor, text: str) -> None:
    assert scanned(extractor, text, "number").status is Status.NEEDS_REVIEW


@pytest.mark.parametrize("text", ["4-12345", "8-12345", "2026/1"])
def test_a_digit_by_itself_is_one(extractor: Extractor, text: str) -> None:
    outcome = scanned(extractor, text, "number")
    assert "read_text" in outcome.timings_ms
    assert outcome.fields["total"].text == text
    assert outcome.status is Status.DONE


def test_other_numbers_are_not_read_as_words(extractor: Extractor) -> None:
    for text in ("12345", "12-345", "2026-0042"):
        assert "read_text" not in scanned(extractor, text, "number").timings_ms, text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12-Sep-2026", "2026-09-12"),
        ("12-Aug-2026", "2026-08-12"),
        ("12-Apr-2026", "2026-04-12"),
        ("12/Sep/2026", "2026-09-12"),
        ("12/Mar/2026", "2026-03-12"),
    ],
)
def test_a_month_between_marks(extractor: Extractor, text: str, value: str) -> None:
    assert scanned(extractor, text, "date").fields["total"].value == value


def test_whose_example_says_how_it_is_printed_has_no_letters() -> None:
    line = LineReading("4-12345", 0.99)
    assert may_have_letters(field("number"), line, SURE)
    assert not may_have_letters(field("number", "8-31415"), line, SURE)
    for other in ("B-31415", "31415", "31415/7"):  # an example's letters are not read
        assert may_have_letters(field("number", other), line, SURE)
    assert not may_have_letters(field("date", "3-4-2026"), LineReading("12-4-2026", 0.9), SURE)


@pytest.mark.parametrize("text", ["١/١٢٣٤٥", "١٢٣٤٥-٧"])
def test_an_arabic_letter_may_be_taken_for_a_digit(text: str) -> None:
    line = LineReading(text, 0.99)
    assert in_doubt(field("number"), line).confidence < 0.5
    assert in_doubt(field("number", text), line) == line
    assert in_doubt(field("number", "٣٧٨٦٠ ب"), line).confidence < 0.5
    for other in ("١٢-١٢٣٤٥", "١٢٣٤٥"):
        line = LineReading(other, 0.99)
        assert in_doubt(field("number"), line) == line


def test_what_reads_words_has_no_say_in_digits() -> None:
    line = LineReading("12-4-2026", 0.99)
    assert may_have_letters(field("date"), line, SURE)
    for words in ("12-4-2028", "12-4-2026 م", "12-4", ""):
        assert with_letters(field("date"), line, LineReading(words, 0.99)) == line
    month = LineReading("12 Sep 2026", 0.99)
    assert with_letters(field("date"), line, month).text == month.text


@pytest.mark.parametrize(
    ("numeric", "words"),
    [
        ("12-4-2026", "12-Sep-2026"),
        ("12//26", "12/Sep/26"),
        ("122026", "12 Sep 2026"),
        ("12,2026", "September 12, 2026"),
        ("٢٠٢٦١٢", "١٢ سبتمبر ٢٠٢٦"),
    ],
)
def test_where_both_see_the_same_digits_the_month_is_sure(numeric: str, words: str) -> None:
    found = with_letters(field("date"), LineReading(numeric, 0.6), LineReading(words, 0.5))
    assert found.text == words
    assert found.confidence > SURE


@pytest.mark.parametrize("numeric", ["13-4-2026", "1242026", "12-4-2025", "2026"])
def test_where_they_see_other_digits_it_is_not(numeric: str) -> None:
    words = LineReading("12-Sep-2026", 0.5)
    assert with_letters(field("date"), LineReading(numeric, 0.999), words) == words


def test_another_day_of_the_same_month_leaves_a_doubt() -> None:
    words = LineReading("7 ديسمبر 2017", 0.986)
    assert with_letters(field("date"), LineReading("201727", 0.99), words).confidence < 0.5


@pytest.mark.parametrize(
    ("numeric", "words", "text"),
    [
        ("٢٠٢٦١٢", "[T سبتمبر Tr", "١٢ سبتمبر ٢٠٢٦"),
        ("٢٠٢٦٩", "٩ سبتمبر TTT", "٩ سبتمبر ٢٠٢٦"),
        ("٢٠١٦٢٤", "٢٤ تشرين الثاني ٢٠", "٢٤ تشرين الثاني ٢٠١٦"),
        ("122026", "l2 Sep 2026", "12 Sep 2026"),
    ],
)
def test_digits_that_only_the_numeric_reader_sees(numeric: str, words: str, text: str) -> None:
    found = with_letters(field("date"), LineReading(numeric, 0.99), LineReading(words, 0.999))
    assert (found.text, found.confidence) == (text, 0.99)


@pytest.mark.parametrize("numeric", ["٢٠٢٠١٢", "٢٠٢٦٤٥", "٢٠٢٦", "12-4-2026"])
def test_a_month_without_a_day_leaves_a_doubt(numeric: str) -> None:
    words = LineReading("[T سبتمبر Tr", 0.9)  # '٢٠٢٠١٢' may be of 2020, or of 2012
    found = with_letters(field("date"), LineReading(numeric, 0.99), words)
    assert found.text == numeric
    assert found.confidence < 0.5


def test_a_date_in_doubt_may_name_its_month() -> None:
    assert may_have_letters(field("date"), LineReading("12/4/2026", 0.9), SURE)
    sure = LineReading("12/4/2026", 0.99)
    assert not may_have_letters(field("date"), sure, SURE)
    named = field("date", "03/Mar/2025")
    assert may_have_letters(named, sure, SURE)
    assert with_letters(named, sure, LineReading("12/4/2026", 0.99)).confidence < 0.5
    assert with_letters(field("date"), sure, LineReading("12/4/2026", 0.99)) == sure


def test_a_letter_is_none_beside_coloured_ink_either(extractor: Extractor) -> None:
    page = np.full((2339, 1654, 3), 255, np.uint8)
    cv2.putText(page, "A-12345", (60, 88), cv2.FONT_HERSHEY_DUPLEX, 1, (0, 0, 0), 2, cv2.LINE_AA)
    cv2.line(page, (50, 96), (380, 96), (220, 60, 20), 3)
    outcome = read(extractor, cv2.imencode(".png", page)[1].tobytes(), template("number", WIDE))
    assert outcome.fields["total"].text.endswith("-12345")
    assert outcome.status is Status.NEEDS_REVIEW


def test_letters_are_not_gone_with_coloured_ink() -> None:
    month, digits = LineReading("12 Sep 2026", 0.6), LineReading("12/5/2026", 0.99)
    assert not may_hold(field("date"), month, digits, SURE)
    assert may_hold(field("date"), LineReading("1/5/2026", 0.6), digits, SURE)
    letter = LineReading("4-12345", 0.49)
    assert not may_hold(field("number"), letter, LineReading("4-12345", 0.99), SURE)
    assert may_hold(field("number", "5-54321"), letter, LineReading("4-12345", 0.99), SURE)
    assert may_hold(field("amount"), letter, LineReading("12,345.00", 0.99), SURE)
