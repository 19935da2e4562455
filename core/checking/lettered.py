"""Letters where a number or a date is printed.

The numeric reader sees none: it passes over them, or takes one for the digit that it is most like.
Who reads words is asked where that may be.
"""

import re
from dataclasses import replace

from core.reading.habit import habit_of
from core.reading.numeric import LineReading
from core.template import Field, Kind, Language
from core.values.months import name_in, named
from core.values.parse import parse_value
from core.values.plain import DASHES

_LONE_DIGIT = re.compile(r"[0-9][-/][0-9]{3,}|[0-9]{3,}[-/][0-9]")
"""As 'A-12345' is read, surely in every fifth of 600 drawn ones. Of 66 that were Tesseract saw the
letter of 48; an 'I' and an 'O' look like digits to it, too. Of 345 with a digit there it saw no
letter."""
_LONE_ARABIC = re.compile(r"[٠-٩][-/][٠-٩]{3,}|[٠-٩]{3,}[-/][٠-٩]")
"""As '١٢٣٤٥/أ' is read, surely in a fifth of 32. Tesseract knows no better there."""
_LONE_MONTH = re.compile(r"[0-9]{1,2}-[0-9]-[0-9]{2,4}")
"""As '12-Sep-2026' may be read."""
_AGREED = 0.995
"""What a date is worth at least of which who reads words read the month, and both read the same
digits. Of 2,363 drawn ones of validation families, from clean to photographed, none was wrong."""
_YEAR, _YEARS = len("2026"), range(1990, 2061)
"""In which invoices are, for telling the year from the day where they stand side by side."""
_ASCII = str.maketrans("٠١٢٣٤٥٦٧٨٩", "0123456789") | DASHES
_DOUBT = 0.5
"""What a number or date is worth in which letters are seen, or may be, that are no part of it."""


def may_have_letters(field: Field, line: LineReading, threshold: float) -> bool:
    """Whether what a numeric box holds may be no number alone, going by what was read.

    threshold: what is less sure goes to a person anyhow.
    """
    if not line.text:
        return False
    if field.kind is Kind.NUMBER:
        return _LONE_DIGIT.fullmatch(line.text) is not None and not _is_as_example(field, line)
    if field.kind is not Kind.DATE or habit_of(field.example, "date") is not None:
        return False  # an example in digits says that it names no month
    return (
        line.confidence < threshold
        or not _is_date(line.text)
        or _LONE_MONTH.fullmatch(line.text) is not None
        or name_in(field.example or "") is not None
    )


def in_doubt(field: Field, line: LineReading) -> LineReading:
    """What the numeric reader read, less sure where it may have taken a letter for a digit and
    nobody could be asked."""
    if field.kind is not Kind.NUMBER or not _LONE_ARABIC.fullmatch(line.text):
        return line
    if _is_as_example(field, line):
        return line
    return replace(line, confidence=_DOUBT * line.confidence)


def may_hold(field: Field, before: LineReading, line: LineReading, threshold: float) -> bool:
    """Whether what the numeric reader read once more may stand instead of what was read `before`:
    letters that were seen, or may be, are not gone with that.

    threshold: as `may_have_letters` has it.
    """
    if any(map(str.isalpha, before.text)):
        return False
    return line.confidence < threshold or not may_have_letters(field, line, threshold)


def _is_as_example(field: Field, line: LineReading) -> bool:
    """Whether a number is printed as its field's example is, so that its lone digit is one."""
    habit = habit_of(field.example, "number")
    return habit is not None and habit.odds(line.text) == 1


def languages(field: Field) -> tuple[Language, ...]:
    """What its box is to be read in, for words, or for letters in a number."""
    return ("eng",) if field.kind is Kind.NUMBER else field.languages


def with_letters(field: Field, line: LineReading, words: LineReading) -> LineReading:
    """What the box holds: `line` by the numeric reader, `words` as words."""
    if field.kind is Kind.NUMBER:
        lettered = any(each.isalpha() for each in words.text)
        return replace(line, confidence=_DOUBT * line.confidence) if lettered else line
    month = name_in(words.text)
    composed = month and _composed(line.text, month)
    if _is_date(words.text) and (month is not None or not _is_date(line.text)):
        if _agree(line.text, words.text):
            return replace(words, confidence=max(words.confidence, _AGREED))
        if line.text.isascii():
            return replace(words, confidence=_DOUBT * words.confidence) if composed else words
    # Arabic-Indic digits are the numeric reader's: the other reads hardly any.
    if composed:
        return replace(line, text=composed, alternatives=())
    has_name = month is not None or name_in(field.example or "") is not None
    return replace(line, confidence=_DOUBT * line.confidence) if has_name else line


def _agree(numeric: str, words: str) -> bool:
    """Whether both see the same day and year, in either order; between them the numeric reader may
    take letters for a digit or two."""
    seen, date = numeric.translate(_ASCII), named(words.translate(_ASCII))
    return date is not None and any(
        re.sub(r"[^0-9]", "", seen) == first + last
        or re.fullmatch(rf"{first}[-/.]+[0-9]{{0,2}}[-/.]+{last}", seen)
        for first, last in ((date.first, date.last), (date.last, date.first))
    )


def _composed(numeric: str, month: str) -> str | None:
    """The date of that month whose year and day are the digits of a text; None where they may be
    told apart in two ways, as in '201918', or in none."""
    digits = re.sub(r"[^0-9٠-٩]", "", numeric)
    if not 1 <= len(digits) - _YEAR <= len("31") or (month.isascii() and not digits.isascii()):
        return None
    found = {
        f"{day} {month} {year}"
        for year, day in ((digits[:_YEAR], digits[_YEAR:]), (digits[-_YEAR:], digits[:-_YEAR]))
        if (value := parse_value(Kind.DATE, f"{day} {month} {year}").value)
        and int(value[:_YEAR]) in _YEARS
    }
    return found.pop() if len(found) == 1 else None


def _is_date(text: str) -> bool:
    return parse_value(Kind.DATE, text).value is not None
