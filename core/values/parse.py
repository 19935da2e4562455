"""What a text means: `١٬٢٣٤٫٥٠` is the amount 1234.50, `١٤/٠٣/٢٠٢٦` the date 2026-03-14.

Numeric text comes from left to right as it is printed. Nothing is guessed: a text that could not be
what its field's kind says has no value, and a person looks at it.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from core.pattern import fits
from core.template import DateOrder, Field, Kind, Template
from core.values.currencies import without_currency
from core.values.letters import DIRECTION_MARKS
from core.values.months import named

_DIGITS = {
    ord(mark): str(value)
    for digits in ("٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹")  # Arabic-Indic, and its Persian and Urdu forms
    for value, mark in enumerate(digits)
}
DASHES = {ord(mark): "-" for mark in "‐‑‒–—−"}
"""What stands for a hyphen or a minus."""
_APOSTROPHES = {ord(mark): "'" for mark in "’‘"}
_ASCII = _DIGITS | DASHES | _APOSTROPHES | {ord("،"): ",", ord("٪"): "%"}

_CONTROLS = (chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)))
_NOT_SEEN = DIRECTION_MARKS | {ord(mark): None for mark in _CONTROLS if not mark.isspace()}
"""For `str.translate`: they come by mistake, and some programs read no CSV that has a NUL."""

MAX_DIGITS = 30
"""Of an amount: no invoice has more, and sums and products of such amounts stay exact."""

CENTURY_PIVOT = 70
"""Two-digit years below it are of this century, the others of the last: no invoice is from 2070."""

HIJRI_YEARS = range(1343, 1501)
"""Years (Umm al-Qura) that `hijridate` converts: 1924 to 2077 of the Gregorian calendar."""

GREGORIAN_YEARS = range(1900, 2101)


@dataclass(frozen=True, slots=True)
class Value:
    """value: in ASCII (a text as it is), or None where the text has none. hijri: the date in its
    own calendar. typed: what a person typed, if one did."""

    value: str | None
    hijri: str | None = None
    typed: str | None = None


NOTHING = Value(None)


def parse_value(
    kind: Kind, text: str, *, date_order: DateOrder = "dmy", pattern: str | None = None
) -> Value:
    """What `text` means as a field of `kind`. See the functions of each kind below.

    A value that `pattern`, a regular expression on all of it, doesn't fit is none.
    """
    if kind is Kind.NUMBER:
        return Value(parse_number(text, pattern))
    if kind is Kind.AMOUNT:
        value = Value(parse_amount(text))
    elif kind is Kind.DATE:
        value = parse_date(text, date_order)
    else:
        value = Value(clean_text(text) or None)
    refused = value.value is not None and pattern is not None and not fits(pattern, value.value)
    return NOTHING if refused else value


def value_in(template: Template, field: Field, text: str) -> Value:
    """What `text` means in that field of the template, of which it may hold an example."""
    if field.kind is Kind.AMOUNT and begins_decimals(field.example or "") == ",":
        text = _with_decimal_comma(text)
    return parse_value(field.kind, text, date_order=template.date_order, pattern=field.pattern)


def typed_in(field: Field, text: str) -> str:
    """What a person types for that field, so that `parse_value` takes it as what is printed: of a
    form where ',' begins three decimals '125,500' has them. So has '125.500', which the page shows.
    """
    example = field.example or ""
    three = field.kind is Kind.AMOUNT and re.search(",[0-9]{3}[^0-9]*$", _to_ascii(example))
    if not three or begins_decimals(example) != ",":
        return text
    return _IN_DOUBT.sub(r"\g<1>٫\g<3>", _to_ascii(text))


def begins_decimals(amount: str) -> str:
    """The mark that begins the decimals of an amount; '' where none does, or it may group."""
    mark = re.search(r"(?<=[0-9])([.,٫])[0-9]+[^0-9]*$", _to_ascii(amount))
    return mark[1] if mark and "." in (parse_amount(amount) or "") else ""


_IN_DOUBT = re.compile(
    r"(?<![0-9])(?<![0-9]['.,٫٬ ])([0-9]{1,3})([.,])([0-9]{3})(?!['.,٫٬ ]?[0-9])"
)


def _with_decimal_comma(amount: str) -> str:
    """An amount of a form where ',' begins decimals and '.' sets thousands apart: by itself
    '125,500' would be taken for thousands, and '125.500' for decimals."""
    marks = {",": "٫", ".": "٬"}
    return _IN_DOUBT.sub(lambda found: found[1] + marks[found[2]] + found[3], _to_ascii(amount))


def clean_text(text: str) -> str:
    """Words as they are stored: without what nobody sees, composed (NFC), single spaces."""
    return " ".join(unicodedata.normalize("NFC", text.translate(_NOT_SEEN)).split())


def _to_ascii(text: str) -> str:
    """Digits of every family as 0-9; dashes, commas, apostrophes and '%' in their ASCII form."""
    return clean_text(text).translate(_ASCII)


_NUMBER = re.compile(
    r"""
    [0-9]+
    (?: \ ?[-/:]\ ?[0-9]+         # 2024-0012, 12 / 345
      | \ [0-9]+                  # 0012 345
      | [.,٫٬'][0-9]{3}(?![0-9])  # 12.345, but never the decimals of 2.5
    )*
    """,
    re.VERBOSE,
)


def parse_number(text: str, pattern: str | None = None) -> str | None:
    """An identifier, or a count: its digits, leading zeros kept.

    Marks that set groups of it apart ('-', '/', ':', blanks, and '.' or ',' before three digits)
    are not part of it, so that '0012-34' is found by '001234' however a form prints it. What may
    have decimals is an amount: '2.5' is no number, rather than 25.

    Where marks or letters matter, a `pattern` says so: it is matched against all that is printed
    (with digits in ASCII) and then gives it as it is, else against the digits alone.
    """
    plain = _to_ascii(text)
    if pattern is not None and plain and fits(pattern, plain):
        return plain
    if not _NUMBER.fullmatch(plain):
        return None
    digits = re.sub("[^0-9]", "", plain)
    return digits if pattern is None or fits(pattern, digits) else None


def parse_amount(text: str) -> str | None:
    """An exact decimal without grouping: '١٬٢٣٤٫٥٠' → '1234.50', '(3.5)' → '-3.5', '5%' → '5'.

    '٫' is always the decimal mark; '٬', apostrophes and blanks always group. Of '.' and ',' the
    last is the decimal mark where both stand; one that stands more than once groups. A single '.'
    is a decimal mark, as in the '12.500' of dinars and rials. A single ',' groups where it can
    ('1,234' and '12,500', but '12,5', '0,500' and '1234,567' have decimals). Grouping is by
    thousands, or Indian (12,34,567); anything else is no amount, nor are more than MAX_DIGITS.
    Decimals stay as they are printed. A minus stands before or after, or is a pair of parentheses;
    '1,250/-' has none, but says that nothing follows.
    A currency may stand before or after as well (`core.values.currencies`), inside or outside the
    sign.
    """
    plain = re.sub(r"^-/ ?(?=[0-9])|(?<=[0-9]) ?/-$", "", _to_ascii(text), count=1)
    bare = re.sub(r"^%\s*|\s*%$", "", plain, count=1)
    inside, negative = _unsigned(bare)
    found = {_signed(inside, negative)}
    if bare == plain:  # what has a currency is no percentage
        found |= {_signed(each, negative) for each in without_currency(inside)}
        found |= {_signed(*_unsigned(each)) for each in without_currency(bare)}
    found.discard(None)
    return found.pop() if len(found) == 1 else None


def _unsigned(plain: str) -> tuple[str, bool]:
    """What has the sign, and whether it is a minus."""
    match = re.fullmatch(r"\(\s?(?P<inside>.*?)\s?\)|-\s?(?P<after>.*)|(?P<before>.*?)\s?-", plain)
    if match is None:
        return plain, False
    return match["inside"] or match["after"] or match["before"] or "", True


def _signed(plain: str, negative: bool) -> str | None:
    mark = _decimal_mark(plain)
    grouped, _, decimals = plain.rpartition(mark) if mark else (plain, "", "")
    whole = _ungrouped(grouped)
    if whole is None or not re.fullmatch("[0-9]+" if mark else "", decimals):
        return None
    if not 1 <= len(whole + decimals) <= MAX_DIGITS:
        return None
    value = (whole.lstrip("0") or "0") + ("." + decimals if mark else "")
    return f"-{value}" if negative and value.strip("0.") else value


def _decimal_mark(plain: str) -> str | None:
    marks = re.findall("[.,٫]", plain)
    if "٫" in marks:
        return "٫"
    if not marks or (len(marks) > 1 and len(set(marks)) == 1):
        return None  # '1.234.567'
    if re.fullmatch("(?!0,)[0-9]{1,3},[0-9]{3}", plain):
        return None  # '1,234'
    return str(marks[-1])


def _ungrouped(whole: str) -> str | None:
    """The digits of the part before the decimal mark, or None if it is grouped as nobody does."""
    marks = set(re.findall("[^0-9]", whole))
    if not marks:
        return whole
    if len(marks) > 1 or not marks <= set(",.٬' "):
        return None
    plain = re.sub("[^0-9]", ",", whole)
    thousands, indian = "[1-9][0-9]{0,2}(,[0-9]{3})+", "[1-9][0-9]?(,[0-9]{2})+,[0-9]{3}"
    return plain.replace(",", "") if re.fullmatch(f"{thousands}|{indian}", plain) else None


_TIME = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?\ ?(?:[AaPp]\.?[Mm]\.?|Z|[+-][0-9:]{4,5})?"
_MARK = r"\ ?[-/.,٫\\]\ ?|\ "
_DATE = re.compile(
    rf"""
    (?:{_TIME}\ ?)?
    ([0-9]{{4}}|[0-9]{{1,2}}) (?:{_MARK}) ([0-9]{{1,2}}) (?:{_MARK}) ([0-9]{{4}}|[0-9]{{1,2}})
    (?:[\ T]?{_TIME})?
    """,
    re.VERBOSE,
)


_DAY_AND_HOUR = re.compile(
    rf"[0-9]{{4}}(?:{_MARK})[1-9][0-9]?(?:{_MARK})([12][0-9]|3[01])[0-9]:[0-9]{{2}}(?:[^0-9].*)?"
)
"""Of '2024/3/213:45' nobody can say whether it is 13:45 of the 2nd or 3:45 of the 21st."""
_NUMBERS = r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}"
_LONGEST = 80


def parse_date(text: str, order: DateOrder = "dmy") -> Value:
    """A date as ISO 8601 in the Gregorian calendar; a Hijri one keeps its own under `hijri`.

    Three numbers set apart by '/', '-', '.' or blanks; a time beside them is passed over. A year of
    four digits may stand first or last, whatever `order` says: layout from right to left turns a
    date with hyphens round. Where the year is last, day and month are taken in the order that
    `order` has them in. A date that is none in its order but one in the other is taken in that:
    25 can't be a month. Years 1343 to 1500 are Hijri; one of two digits is Gregorian.

    A month may have its name, in English or Arabic (`core.values.months`). A date in both
    calendars, in any order, is one if they agree to within a day: months begin by sighting. The era
    behind a date (هـ, م) must be that of its year.
    """
    plain = _to_ascii(text)
    if _DAY_AND_HOUR.fullmatch(plain):
        return NOTHING
    match = _DATE.fullmatch(plain)
    if not match:
        found = _with_name(plain) or _in_both_calendars(plain, order)
        return found or _with_era(plain, order) or NOTHING
    return next((each for each in _days(match, order) if each.value is not None), NOTHING)


def other_order(text: str, order: DateOrder) -> DateOrder | None:
    """The order in which day and month of a date stand, with its year last, if that isn't `order`:
    25 can't be a month. None where they may stand in `order`."""
    match = _DATE.fullmatch(_to_ascii(text))
    if match is None or len(match[1]) == 4:
        return None
    days = [day.value for day in _days(match, order)]
    if not any(days) or days[0] is not None:
        return None
    return "dmy" if order == "mdy" else "mdy"


_TURNED = re.compile("([٠-٩]{2})-([٠-٩]{1,2})-([٠-٩]{2})")


def turned(text: str, order: DateOrder) -> str | None:
    """The date that is meant if a text of two-digit numbers has to be read from its other end:
    layout from right to left turns round what has hyphens between Arabic-Indic digits, and
    '٢٢-٠٦-٢٧' may be '٢٧-٠٦-٢٢' as it was typed. None where that is no other date."""
    match = _TURNED.fullmatch(text)
    if match is None:
        return None
    date = parse_date(text, order).value
    other = parse_date("-".join(reversed(match.groups())), order).value
    return other if other != date else None


def _with_name(plain: str) -> Value | None:
    found = named(plain)
    if found is None:
        return None
    year, day = (found.first, found.last) if len(found.first) == 4 else (found.last, found.first)
    if len(year) not in (2, 4) or len(day) > 2:
        return NOTHING
    full = _full_year(year)
    return _dated(full, found.month, int(day)) if (full in HIJRI_YEARS) == found.hijri else NOTHING


_ERA = r"(?:[^\W\d_]\u0640?\.?)?"
_BOTH = re.compile(rf"({_NUMBERS}){_ERA}[-/|,=()\ ]+({_NUMBERS}){_ERA}\)?")


def _in_both_calendars(plain: str, order: DateOrder) -> Value | None:
    """A date as it is in both, each perhaps with the letter of its era behind it (م, هـ)."""
    if len(plain) > _LONGEST:
        return None
    match = _BOTH.fullmatch(re.sub(r"\ (?=[مه])", "", plain))
    if match is not None:
        return _agreed(*match.groups(), order=order) or NOTHING
    # A word between them, such as الموافق, is no digit: the reader passes it over.
    for at in range(1, len(plain)):
        parts = plain[:at], plain[at:]
        if all(re.fullmatch(_NUMBERS, part) for part in parts) and (
            agreed := _agreed(*parts, order=order)
        ):
            return agreed
    return None


def _agreed(*dates: str, order: DateOrder) -> Value | None:
    """The day that two dates are, one of which is Hijri; None if they aren't."""
    first, second = (parse_date(each, order) for each in dates)
    hijri, gregorian = (first, second) if first.hijri else (second, first)
    if hijri.value is None or gregorian.value is None or not hijri.hijri or gregorian.hijri:
        return None
    apart = date.fromisoformat(hijri.value) - date.fromisoformat(gregorian.value)
    return Value(gregorian.value, hijri=hijri.hijri) if abs(apart.days) <= 1 else None


_WITH_ERA = re.compile(r"(.*[0-9])\ ?(?:(?P<hijri>ه\u0640?|[aA][hH])|م|[aA][dD])\.?")


def _with_era(plain: str, order: DateOrder) -> Value | None:
    match = _WITH_ERA.fullmatch(plain) if len(plain) <= _LONGEST else None
    if match is None or not _DATE.fullmatch(match[1]):
        return None
    value = parse_date(match[1], order)
    return value if bool(match["hijri"]) == bool(value.hijri) else NOTHING


def _days(date: re.Match[str], order: DateOrder) -> Iterator[Value]:
    """What its three numbers come to in each order that they may be meant in."""
    for year, month, day in _orders(*date.groups(), order=order):
        yield _dated(_full_year(year), int(month), int(day))


def _orders(first: str, middle: str, last: str, *, order: DateOrder) -> Iterator[tuple[str, ...]]:
    """Year, month and day as three numbers may be meant, the likeliest first."""
    if len(first) == 4 and len(last) <= 2:
        # ISO, or day-month-year turned round, which has its month in the middle too.
        yield from ((first, middle, last), (first, last, middle))
    elif len(first) <= 2 and (len(last) == 4 or (len(last) == 2 and order != "ymd")):
        month_first, day_first = (last, first, middle), (last, middle, first)
        yield from (month_first, day_first) if order == "mdy" else (day_first, month_first)
    elif order == "ymd" and len(first) == 2 and len(last) <= 2:
        yield first, middle, last


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
    if year not in GREGORIAN_YEARS:
        return NOTHING
    try:
        return Value(date(year, month, day).isoformat())
    except ValueError:
        return NOTHING
