"""Dates in either calendar: `١٤/٠٣/٢٠٢٦` is 2026-03-14."""

import re
from collections.abc import Iterator
from datetime import date

from core.template import DateOrder
from core.values.months import named
from core.values.plain import to_ascii
from core.values.value import NOTHING, Value

CENTURY_PIVOT = 70
"""Two-digit years below it are of this century, the others of the last: no invoice is from 2070."""

HIJRI_YEARS = range(1343, 1501)
"""Years (Umm al-Qura) that `hijridate` converts: 1924 to 2077 of the Gregorian calendar."""

GREGORIAN_YEARS = range(1900, 2101)


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
    plain = to_ascii(text)
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
    match = _DATE.fullmatch(to_ascii(text))
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
