"""What a text means: `١٬٢٣٤٫٥٠` is the amount 1234.50, `١٤/٠٣/٢٠٢٦` the date 2026-03-14.

Numeric text comes from left to right as it is printed. Nothing is guessed: a text that could not be
what its field's kind says has no value, and a person looks at it.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from core.template import DateOrder, Kind

_DIGITS = {
    ord(mark): str(value)
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")  # Arabic-Indic, and its Persian and Urdu forms
    for value, mark in enumerate(digits)
}
_DASHES = {ord(mark): "-" for mark in "‐‑‒–—−"}
_DIRECTION_MARKS = dict.fromkeys(
    [0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_SPACES = {ord(mark): " " for mark in "\u00a0\u2007\u2009\u202f"}
_ASCII = _DIGITS | _DASHES | _DIRECTION_MARKS | _SPACES

CENTURY_PIVOT = 70
"""Two-digit years below it are of this century, the others of the last: no invoice is from 2070."""

HIJRI_YEARS = range(1343, 1501)
"""Years (Umm al-Qura) that `hijridate` converts: 1924 to 2077 of the Gregorian calendar."""

_GREGORIAN_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Value:
    """value: in ASCII, or None where the text has none. hijri: the date in its own calendar."""

    value: str | None
    hijri: str | None = None


NOTHING = Value(None)


def parse_value(
    kind: Kind, text: str, *, date_order: DateOrder = "dmy", pattern: str | None = None
) -> Value:
    """What `text` means as a field of `kind`. See the functions of each kind below."""
    if kind is Kind.AMOUNT:
        return Value(parse_amount(text))
    if kind is Kind.DATE:
        return parse_date(text, date_order)
    if kind is Kind.NUMBER:
        return Value(parse_number(text, pattern))
    return Value(clean_text(text) or None)


def to_ascii(text: str) -> str:
    """Digits of every family as 0-9, dashes as '-', without direction marks."""
    return text.translate(_ASCII).strip()


def clean_text(text: str) -> str:
    """Words as they are stored: composed (NFC), no direction marks, single spaces."""
    return " ".join(unicodedata.normalize("NFC", text).translate(_DIRECTION_MARKS).split())


def parse_number(text: str, pattern: str | None = None) -> str | None:
    """An identifier: its digits, leading zeros kept.

    Marks that set groups of it apart ('-', '/', '.', ':' and blanks) are not part of it, so that
    '0012-34' is found by '001234' however a form prints it. A field whose marks or letters matter
    says so with a `pattern`, which is then matched against the whole text as printed.
    """
    plain = to_ascii(text)
    if pattern is not None:
        if re.fullmatch(pattern, plain):
            return plain or None
        plain_digits = re.sub(r"[\s./:-]", "", plain)
        return plain_digits if plain_digits and re.fullmatch(pattern, plain_digits) else None
    digits = re.sub(r"[\s./:-]", "", plain)
    return digits if re.fullmatch(r"[0-9]+", digits) else None


def parse_amount(text: str) -> str | None:
    """An exact decimal without grouping: '١٬٢٣٤٫٥٠' → '1234.50', '(3.5)' → '-3.5', '5%' → '5'.

    '٫' is always the decimal mark, '٬' and apostrophes always group. Of '.' and ',' the last is the
    decimal mark where both stand; one that stands more than once groups. A single '.' is a decimal
    mark, as '12.500' is in dinars and rials; a single ',' is one unless exactly three digits follow
    it ('12,5' but '1,234'). Grouping is by thousands, or Indian (12,34,567); anything else is no
    amount.
    """
    plain = re.sub("[%٪]", "", to_ascii(text).replace("،", ",")).strip()
    negative = False
    if match := re.fullmatch(r"\((.*)\)", plain):
        negative, plain = True, match[1].strip()
    elif match := re.fullmatch(r"-\s*(.*)|(.*[^-\s])\s*-", plain):
        negative, plain = True, match[1] or match[2] or ""
    mark = _decimal_mark(plain)
    grouped, _, decimals = plain.rpartition(mark) if mark else (plain, "", "")
    digits = _ungrouped(grouped)
    if digits is None or not re.fullmatch("[0-9]*", decimals) or not digits + decimals:
        return None
    whole = digits.lstrip("0") or "0"
    value = f"{whole}.{decimals}" if decimals else whole
    return f"-{value}" if negative and value.strip("0.") else value


def _decimal_mark(plain: str) -> str | None:
    marks = re.findall(r"[.,٫]", plain)
    if not marks or "٫" in marks:
        return "٫" if marks else None
    last: str = marks[-1]
    if marks.count(last) > 1 and len(set(marks)) == 1:
        return None  # '1.234.567'
    if marks == [","] and re.search(r",[0-9]{3}$", plain):
        return None  # '1,234'
    return last


def _ungrouped(whole: str) -> str | None:
    """The digits of the part before the decimal mark, or None if it is grouped as nobody does."""
    separators = set(re.findall(r"[^0-9]", whole))
    if not separators:
        return whole
    if len(separators) > 1 or not separators <= set(",.٬'’ "):
        return None
    groups = re.split(r"[^0-9]", whole)
    thousands = all(len(group) == 3 for group in groups[1:]) and 1 <= len(groups[0]) <= 3
    indian = (
        len(groups[-1]) == 3
        and all(len(group) == 2 for group in groups[1:-1])
        and 1 <= len(groups[0]) <= 2
    )
    return "".join(groups) if thousands or indian else None


def parse_date(text: str, order: DateOrder = "dmy") -> Value:
    """A date as ISO 8601 in the Gregorian calendar; a Hijri one keeps its own under `hijri`.

    Three numbers set apart by '/', '-', '.' or blanks; a time after them is passed over. A year of
    four digits may stand first or last, whatever `order` says: layout from right to left may turn a
    date with hyphens round. Where the year is last, day and month are taken in the order that
    `order` has them in, unless they only fit the other way round (25 can't be a month). Years 1343
    to 1500 are Hijri.
    """
    plain = re.sub(r"[ T]\d{1,2}:\d{2}(:\d{2})?$", "", to_ascii(text))
    match = re.fullmatch(r"(\d{1,4})\s?[/.\- ]\s?(\d{1,2})\s?[/.\- ]\s?(\d{1,4})", plain)
    if not match:
        return NOTHING
    first, middle, last = match.groups()
    if len(first) == 4 and len(last) <= 2:
        # Year first is either ISO (year, month, day) or a turned round day-month-year, which
        # keeps the month in the middle too.
        candidates = [(first, middle, last), (first, last, middle)]
    elif len(last) == 4 and len(first) <= 2:
        candidates = [(last, middle, first), (last, first, middle)]
        if order == "mdy":
            candidates.reverse()
    elif len(first) <= 2 and len(last) == 2:
        by_order = {
            "dmy": [(last, middle, first), (last, first, middle)],
            "mdy": [(last, first, middle), (last, middle, first)],
            "ymd": [(first, middle, last)],
        }
        candidates = by_order[order]
    else:
        return NOTHING
    for year, month, day in candidates:
        if (value := _dated(_full_year(year), int(month), int(day))) is not NOTHING:
            return value
    return NOTHING


def _full_year(year: str) -> int:
    number = int(year)
    if len(year) == 4:
        return number
    return number + (2000 if number < CENTURY_PIVOT else 1900)


def _dated(year: int, month: int, day: int) -> Value:
    if year in HIJRI_YEARS:
        from hijridate import Hijri  # noqa: PLC0415  # its tables load slowly and few dates need them

        try:
            gregorian = Hijri(year, month, day).to_gregorian()
        except (ValueError, OverflowError):
            return NOTHING
        return Value(gregorian.isoformat(), hijri=f"{year:04}-{month:02}-{day:02}")
    if year not in _GREGORIAN_YEARS:
        return NOTHING
    try:
        return Value(date(year, month, day).isoformat())
    except ValueError:
        return NOTHING
