"""What a text means: `١٬٢٣٤٫٥٠` is the amount 1234.50, `١٤/٠٣/٢٠٢٦` the date 2026-03-14.

Numeric text comes from left to right as it is printed. Nothing is guessed: a text that could not be
what its field's kind says has no value, and a person looks at it.
"""

import re

from core.pattern import fits
from core.template import DateOrder, Field, Kind, Template
from core.values.dates import parse_date
from core.values.numbers import parse_amount, parse_number
from core.values.plain import clean_text, to_ascii
from core.values.value import NOTHING, Value


def parse_value(
    kind: Kind, text: str, *, date_order: DateOrder = "dmy", pattern: str | None = None
) -> Value:
    """What `text` means as a field of `kind`: see the function of each kind.

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
    three = field.kind is Kind.AMOUNT and re.search(",[0-9]{3}[^0-9]*$", to_ascii(example))
    if not three or begins_decimals(example) != ",":
        return text
    return _IN_DOUBT.sub(r"\g<1>٫\g<3>", to_ascii(text))


def begins_decimals(amount: str) -> str:
    """The mark that begins the decimals of an amount; '' where none does, or it may group."""
    mark = re.search(r"(?<=[0-9])([.,٫])[0-9]+[^0-9]*$", to_ascii(amount))
    return mark[1] if mark and "." in (parse_amount(amount) or "") else ""


_IN_DOUBT = re.compile(
    r"(?<![0-9])(?<![0-9]['.,٫٬ ])([0-9]{1,3})([.,])([0-9]{3})(?!['.,٫٬ ]?[0-9])"
)


def _with_decimal_comma(amount: str) -> str:
    """An amount of a form where ',' begins decimals and '.' sets thousands apart: by itself
    '125,500' would be taken for thousands, and '125.500' for decimals."""
    marks = {",": "٫", ".": "٬"}
    return _IN_DOUBT.sub(lambda found: found[1] + marks[found[2]] + found[3], to_ascii(amount))
