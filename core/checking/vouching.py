"""Rules that hold vouch for the numbers that they speak of.

One misread digit breaks `total == subtotal + tax`; several that make up for each other hardly ever
happen. What three numbers say together is surer than what the picture of each says.
"""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, DecimalException
from types import MappingProxyType

from core.checking.rules import Rule, parse_rule
from core.invoice import Reading
from core.reading.habit import as_read, habit_of
from core.template import Field, Kind, Template
from core.values.parse import value_in

VOUCHED = 0.998
"""The chance that such a value is right: docs/accuracy.md. Of 3,400 drawn invoices of validation
families that a rule takes out of doubt one was wrong."""
_NUMBERS = 3
"""That a rule must tie together, none of them 0: two that are equal are misread alike, as price and
total of one piece, or of ten."""
_PLAIN = 2
"""Of these, how many must say how large they are. '١٢,٣٤٥' and '٦٧,٨٩٠' add up whether ',' groups
thousands or begins decimals, and a '٠' may be a '.' in both. Where an example of the field is known
that says how large it is, so does it of others."""

_LIKELY = 0.5
"""How likely it must be, going by their pictures, that all numbers are right. A streak down a
column takes the same digit from several, and they add up without it; each is in doubt then. Of
5,100 drawn invoices of validation families this leaves 84 more to review, two of them wrong."""

_NEXT = {3: 3, 4: 3, 5: 1, 6: 1, 7: 1, 8: 1}
"""By the number of fields that a rule speaks of: how many next-best texts of each rivals are looked
for among, some 256 combinations at most. Rules over more vouch for nothing."""
_RIVALS = 0.001
"""Of the likelihood of what was read, how much rivals may have."""

_SIZE_IN_DOUBT = re.compile(
    r"[^\w]*(?:[٠-٩0-9]{1,3}(?:[.,٫٬][٠-٩0-9]{3})+|[١-٩][٠-٩]*٠[٠-٩]{1,3})[^\w]*"
)
_DIGITS = frozenset("0123456789")

NextBest = Mapping[str, Sequence[tuple[str, float]]]
"""By field, the texts that it may hold instead of what was read, and how likely they are."""


def vouched(
    template: Template,
    readings: Mapping[str, Reading],
    *,
    today: date,
    next_best: NextBest = MappingProxyType({}),
) -> dict[str, Reading]:
    """The readings, those that a rule of `template` vouches for as sure as that makes them, and
    with that rule.

    Raises:
        TemplateError: `invalid_rule`, as `core.checking.checks.check_rules`.
    """
    sure = dict(readings)
    values = {name: reading.value for name, reading in readings.items() if reading.value}
    for text in template.rules:
        rule = parse_rule(text, template)
        if not values.keys() >= set(rule.fields) or not rule.holds(values, today=today):
            continue
        tied = _tied(rule, template, values, readings, today)
        chances = [readings[name].confidence for name in tied]
        if min(chances, default=1) >= VOUCHED or math.prod(chances) < _LIKELY:
            continue
        if not _has_rivals(
            rule, values, _options(rule, template, values, readings, next_best), today
        ):
            for name in tied:
                confidence = max(VOUCHED, readings[name].confidence)
                sure[name] = readings[name].model_copy(
                    update={"confidence": confidence, "vouched_by": rule.text}
                )
    return sure


def _tied(
    rule: Rule,
    template: Template,
    values: Mapping[str, str],
    readings: Mapping[str, Reading],
    today: date,
) -> list[str]:
    """The numbers that the rule vouches for: it would not hold if a digit of one differed."""
    numbers = [name for name in rule.fields if readings[name].kind in (Kind.AMOUNT, Kind.NUMBER)]
    tied = [name for name in numbers if _breaks_with_any_digit(rule, name, values, today)]
    telling = [name for name in tied if Decimal(values[name]) != 0]
    fields = {field.name: field for field in template.fields}
    plain = [name for name in telling if not _is_size_in_doubt(fields[name], readings[name].text)]
    alike = {
        other
        for one, other in itertools.combinations(telling, 2)
        if _are_alike(rule, one, other, values, today)
    }
    enough = len(telling) - len(alike) >= _NUMBERS and len(plain) >= _PLAIN
    enough = enough and len(rule.fields) in _NEXT
    # Dashes that are no minus, as in 'Net - 1,234', add up as well.
    signed = any(Decimal(values[name]) > 0 for name in telling)
    return tied if enough and signed else []


def _are_alike(rule: Rule, one: str, other: str, values: Mapping[str, str], today: date) -> bool:
    """Whether two numbers have the same digits, and the rule holds of others that do."""
    if _significant(values[one]) != _significant(values[other]):
        return False
    changed = {name: f"{3 * Decimal(values[name]):f}" for name in (one, other)}
    return bool(rule.holds({**values, **changed}, today=today))


def _significant(value: str) -> str:
    return value.replace(".", "").strip("-0")


def _is_size_in_doubt(field: Field, text: str) -> bool:
    if not _SIZE_IN_DOUBT.fullmatch(text):
        return False
    if field.kind is Kind.TEXT or not field.example:
        return True
    habit = habit_of(field.example, field.kind.value)
    alike = habit is not None and habit.odds(text) == 1
    return not alike or bool(_SIZE_IN_DOUBT.fullmatch(as_read(field.example, field.kind.value)))


def _options(
    rule: Rule,
    template: Template,
    values: Mapping[str, str],
    readings: Mapping[str, Reading],
    next_best: NextBest,
) -> dict[str, dict[str, float]]:
    """Of each field of the rule the values that it may have, that which was read first, and how
    likely they are."""
    options = {}
    for field in template.fields:
        if field.name not in rule.fields:
            continue
        found = {values[field.name]: readings[field.name].confidence}
        for text, chance in next_best.get(field.name, ())[: _NEXT[len(rule.fields)]]:
            value = value_in(template, field, text).value
            if value is not None and not any(_same(value, other) for other in found):
                found[value] = chance
        options[field.name] = found
    return options


def _has_rivals(
    rule: Rule,
    values: Mapping[str, str],
    options: Mapping[str, Mapping[str, float]],
    today: date,
) -> bool:
    """Whether the rule holds of other values as well that are nearly as likely: the same digit may
    be misread alike in two numbers."""
    first, *others = itertools.product(*(each.items() for each in options.values()))
    rivals = 0.0
    for choice in others:
        chosen = {name: value for name, (value, _) in zip(options, choice, strict=True)}
        if rule.holds({**values, **chosen}, today=today):
            rivals += _likely(choice)
    return rivals > _RIVALS * _likely(first)


def _likely(choice: Iterable[tuple[str, float]]) -> float:
    return math.prod(chance for _, chance in choice)


def _same(value: str, other: str) -> bool:
    """Whether they are the same text or number: 5.0 is 5.00."""
    try:
        return value == other or Decimal(value) == Decimal(other)
    except DecimalException:
        return False


def _breaks_with_any_digit(rule: Rule, name: str, values: Mapping[str, str], today: date) -> bool:
    value = values[name]
    for at, digit in enumerate(value):
        for misread in _DIGITS - {digit} if digit.isdigit() else ():
            other = value[:at] + misread + value[at + 1 :]
            if rule.holds({**values, name: other}, today=today):
                return False
    return True
