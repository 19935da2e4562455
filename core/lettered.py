"""Letters where a number or a date is printed.

The numeric reader sees none: it passes over them, or takes one for the digit that it is most like.
Who reads words is asked where that may be.
"""

import re
from dataclasses import replace

from core.reading.habit import habit_of
from core.reading.numeric import LineReading
from core.template import Field, Kind, Language
from core.values import parse_value

_LONE_DIGIT = re.compile(r"[0-9][-/][0-9]{3,}|[0-9]{3,}[-/][0-9]")
"""As 'A-12345' is read, surely in every fifth of 600 drawn ones. Of 66 that were Tesseract saw the
letter of 48; an 'I' and an 'O' look like digits to it, too. Of 345 with a digit there it saw no
letter."""
_LONE_ARABIC = re.compile(r"[٠-٩][-/][٠-٩]{3,}|[٠-٩]{3,}[-/][٠-٩]")
"""As '١٢٣٤٥/أ' is read, surely in a fifth of 32. Tesseract knows no better there."""
_LONE_MONTH = re.compile(r"[0-9]{1,2}-[0-9]-[0-9]{2,4}")
"""As '12-Sep-2026' may be read."""
_NAMED_MONTH = re.compile(r"[^\W\d_]{3,}")
_DOUBT = 0.5
"""What a number is worth in which a letter is seen, or may be."""


def may_have_letters(field: Field, line: LineReading) -> bool:
    """Whether what a numeric box holds may be no number alone, going by what was read."""
    if not line.text:
        return False
    if field.kind is Kind.NUMBER:
        return _LONE_DIGIT.fullmatch(line.text) is not None and not _is_as_example(field, line)
    if field.kind is not Kind.DATE or habit_of(field.example, "date") is not None:
        return False  # an example in digits says that it names no month
    unread = parse_value(Kind.DATE, line.text, date_order="dmy").value is None
    return unread or _LONE_MONTH.fullmatch(line.text) is not None


def in_doubt(field: Field, line: LineReading) -> LineReading:
    """What the numeric reader read, less sure where it may have taken a letter for a digit and
    nobody could be asked."""
    if field.kind is not Kind.NUMBER or not _LONE_ARABIC.fullmatch(line.text):
        return line
    if _is_as_example(field, line):
        return line
    return replace(line, confidence=_DOUBT * line.confidence)


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
    if parse_value(Kind.DATE, words.text).value is None:
        return line
    if _LONE_MONTH.fullmatch(line.text) and not _NAMED_MONTH.search(words.text):
        return line
    return words
