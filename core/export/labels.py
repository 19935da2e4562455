"""What is printed in a box, as far as a person's correction tells: what the reader can learn from.

A person says what a box *means*, in digits of either family and an order of their own; training
needs what *stands there*. So the new value is written as the reader saw the old one (its digits,
marks and order), and counts only if, parsed, it gives the value again. Where more than one way
would do, nothing is said: a wrong label teaches the reader mistakes.
"""

import itertools
import re
from collections.abc import Iterator

from core.invoice import Reading
from core.template import DateOrder, Kind
from core.values.parse import parse_value

_WESTERN, _ARABIC = "0123456789", "٠١٢٣٤٥٦٧٨٩"
_TO_WESTERN = str.maketrans(_ARABIC + "۰۱۲۳۴۵۶۷۸۹", _WESTERN * 2)
_TO_ARABIC = str.maketrans(_WESTERN + "۰۱۲۳۴۵۶۷۸۹", _ARABIC * 2)
_READABLE = set(_WESTERN + _ARABIC + "/-.,٫٬:%()")
"""What the numeric reader can answer."""
_ORDERS: tuple[DateOrder, ...] = ("dmy", "mdy")
"""Of dates with the year last."""


def label(
    reading: Reading,
    *,
    typed: str | None,
    date_order: DateOrder = "dmy",
    pattern: str | None = None,
) -> str | None:
    """What stands in the box from left to right, without blanks; '' if it holds no number.

    typed: what the person typed. None if nobody has looked, it is a text, or it can't be told.
    """
    if reading.reviewed_by is None or reading.kind is Kind.TEXT:
        return None
    if reading.value is None:
        return ""

    # A form may have another order than its template says: that is why its dates are corrected.
    orders = dict.fromkeys((date_order, *_ORDERS) if reading.kind is Kind.DATE else (date_order,))

    def fits(text: str) -> bool:
        return set(text) <= _READABLE and any(
            parse_value(reading.kind, text, date_order=order, pattern=pattern).value
            == reading.value
            for order in orders
        )

    printed, written = _joined(reading.text), _joined(typed or "")
    if fits(printed):
        return printed
    if _is_arabic(written) and fits(written.translate(_TO_ARABIC)):
        return written.translate(_TO_ARABIC)  # nobody types these but from what is printed
    if not _is_arabic(printed) and not _is_western(printed):
        return None
    digits = _TO_ARABIC if _is_arabic(printed) else {}
    ways = {way.translate(digits) for way in _ways(reading, printed.translate(_TO_WESTERN))}
    if _marks(written) == _marks(printed):
        ways.add(written.translate(digits))
    return _nearest([way for way in ways if fits(way)], printed)


def _ways(reading: Reading, printed: str) -> Iterator[str]:
    """The value, in ASCII digits, as it would be printed where `printed` was seen."""
    value = reading.value or ""
    if reading.kind is Kind.AMOUNT:
        yield from _amounts(value, printed)
    elif reading.kind is Kind.DATE:
        yield from _dates(reading.hijri or value, printed)
    elif printed.isdecimal():
        yield value
    elif sum(map(str.isdecimal, value)) == sum(map(str.isdecimal, printed)):
        digits = iter(re.sub("[^0-9]", "", value))
        yield "".join(next(digits) if char.isdecimal() else char for char in printed)


def _amounts(value: str, printed: str) -> Iterator[str]:
    whole, _, decimals = value.lstrip("-").partition(".")
    used = _marks(printed)
    opened, closed = ("(", ")") if {"(", ")"} <= used else ("-", "") if "-" in used else ("", "")
    before = "%" if printed.startswith("%") else ""
    after = "%" if printed.endswith("%") else ""
    # Where both kinds of marks stand, the last is the decimal mark.
    seen = [char for char in printed if char in ",.٬٫"]
    for group, point in itertools.product({"", *seen[:1]}, seen[-1:] or [""]):
        grouped = f"{int(whole):,}".replace(",", group) if group else whole
        way = before + opened + grouped + (point + decimals if decimals else "") + closed + after
        if _marks(way) == used:
            yield way


def _dates(value: str, printed: str) -> Iterator[str]:
    parts = re.findall("[0-9]+", printed)
    if len(parts) != 3:
        return
    marks = re.split("[0-9]+", printed)
    padded = any(part.startswith("0") and len(part) == 2 for part in parts)
    year, month, day = value.split("-")
    for order in itertools.permutations(("y", "m", "d")):
        filled = []
        for part, what in zip(parts, order, strict=True):
            if what == "y":
                filled.append(year if len(part) == 4 else year[-2:])
            else:
                number = month if what == "m" else day
                bare = len(part) == 1 or (not padded and "1" in map(str, map(len, parts)))
                filled.append(number.lstrip("0") if bare else number)
        yield "".join(itertools.chain(*zip(marks, [*filled, ""], strict=True)))


def _nearest(ways: list[str], printed: str) -> str | None:
    """The way that differs in the fewest places; None if there is none, or several."""

    def distance(way: str) -> int:
        return sum(a != b for a, b in itertools.zip_longest(way, printed))

    ways.sort(key=distance)
    if len(ways) > 1 and distance(ways[0]) == distance(ways[1]):
        return None
    return ways[0] if ways else None


def _joined(text: str) -> str:
    return "".join(text.split())


def _marks(text: str) -> set[str]:
    return {char for char in text if not char.isdecimal()}


def _is_arabic(text: str) -> bool:
    """Whether all its digits are Arabic-Indic, and it has some."""
    digits = {char for char in text if char.isdecimal()}
    return bool(digits) and not digits & set(_WESTERN)


def _is_western(text: str) -> bool:
    digits = {char for char in text if char.isdecimal()}
    return bool(digits) and digits <= set(_WESTERN)
