"""What must hold of an invoice's readings before nobody needs to look at it."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from core.invoice import Reading, Reason
from core.rules import Rule, parse_rule
from core.template import DateOrder, Field, Kind, Template
from core.values import other_order, parse_value, value_in

_ALWAYS = 2
"""Decimals of an example from which others have as many. One alone, as of '12.5', may be of amounts
that are printed as short as they go, and the next is '13'."""
_AHEAD = 15
"""Years by which no date of an invoice is ahead: in 2026 the '٤٧' of 1447 would be 2047."""

_ORDERS: Mapping[DateOrder, str] = {"dmy": "the day", "mdy": "the month", "ymd": "the year"}


def check_rules(template: Template) -> None:
    """Raises TemplateError (`invalid_rule`) for the first rule of `template` that can't be used."""
    for text in template.rules:
        parse_rule(text, template)


NextBest = Mapping[str, Sequence[str]]
"""By field, the texts that it may hold instead of what was read, the likeliest first."""


def check(
    template: Template,
    readings: Mapping[str, Reading],
    *,
    threshold: float,
    today: date,
    next_best: NextBest = MappingProxyType({}),
) -> tuple[Reason, ...]:
    """Why a person should look at these readings; () if there is no reason to.

    Codes, at most one of the first seven for a field: `missing` (required, and nothing is there),
    `unreadable` (there is, but it means nothing), `pattern` (it means what the field's pattern
    refuses), `low_confidence` (below `threshold`, in [0, 1]), `fewer_decimals` (than the field's
    example has, and nothing vouches for it), `date_ahead` (by so many years that it can't be it),
    `date_order` (it is no date in the template's order, and others, read in that, may be wrong as
    well); `rule_broken` (with all the fields that the rule speaks of, and the repair among
    `next_best`, if there is exactly one that breaks no other).
    A rule over a field without a value is passed over: where a value must be, it has a reason of
    its own. What a person has reviewed is accused by rules alone.

    Raises:
        TemplateError: `invalid_rule`, as `check_rules`.
    """
    reasons = []
    for field in template.fields:
        fault = _fault(field, readings.get(field.name), template.date_order, threshold, today)
        if fault is not None:
            code, message = fault
            reasons.append(
                Reason(code=code, message=f"{field.name}: {message}", fields=(field.name,))
            )
    return (*reasons, *broken_rules(template, readings, today=today, next_best=next_best))


OPEN_FAULTS = frozenset({"missing", "rule_broken"})
"""The codes of what `open_faults` finds."""


def open_faults(
    template: Template, readings: Mapping[str, Reading], *, today: date
) -> tuple[Reason, ...]:
    """What is wrong however well a person has looked: a `missing` for each required field without
    a value, and the rules that are broken."""
    empty = [
        field.name
        for field in template.fields
        if field.required and (field.name not in readings or not readings[field.name].value)
    ]
    missing = [
        Reason(code="missing", message=f"{name}: a value is required", fields=(name,))
        for name in empty
    ]
    return (*missing, *broken_rules(template, readings, today=today))


def broken_rules(
    template: Template,
    readings: Mapping[str, Reading],
    *,
    today: date,
    next_best: NextBest = MappingProxyType({}),
) -> tuple[Reason, ...]:
    """A `rule_broken` for each rule of `template` that these readings break, as `check` has it."""
    values = {name: reading.value for name, reading in readings.items() if reading.value}
    rules = [parse_rule(text, template) for text in template.rules]
    rules = [rule for rule in rules if values.keys() >= set(rule.fields)]
    verdicts = [rule.holds(values, today=today) for rule in rules]
    kept = [rule for rule, holds in zip(rules, verdicts, strict=True) if holds]
    reasons = []
    for rule, holds in zip(rules, verdicts, strict=True):
        if not holds:
            others = _other_values(rule, template, values, next_best)
            repairs = [
                (name, value)
                for name, value in others
                if all(r.holds(values | {name: value}, today=today) for r in (rule, *kept))
            ]
            only = repairs[0] if len(repairs) == 1 else None
            reasons.append(_broken(rule, values, computed=holds is not None, repair=only))
    return tuple(reasons)


def _other_values(
    rule: Rule, template: Template, values: Mapping[str, str], next_best: NextBest
) -> list[tuple[str, str]]:
    """Fields that the rule speaks of, each with a value that it may have instead of its own."""
    fields = {field.name: field for field in template.fields}
    found: dict[tuple[str, str], None] = {}
    for name in rule.fields:
        field = fields[name]
        for text in next_best.get(name, ()):
            meant = value_in(template, field, text)
            if meant.value is not None and meant.value != values[name]:
                found[name, meant.value] = None
    return list(found)


def _fault(
    field: Field, reading: Reading | None, order: DateOrder, threshold: float, today: date
) -> tuple[str, str] | None:
    """Code and message of what is wrong with one reading, if anything is."""
    if reading is not None and reading.reviewed_by is not None:
        return None
    if reading is None or not reading.text:
        if field.required:
            return "missing", "the box is empty"
        if reading is not None and reading.confidence < threshold:
            return "low_confidence", "the box seems empty, but may not be: compare it"
        return None
    if reading.value is None:
        if field.pattern and parse_value(field.kind, reading.text, date_order=order).value:
            return "pattern", f"“{reading.text}” is not of the form {field.pattern}"
        return "unreadable", f"“{reading.text}” is no {field.kind.value}"
    if reading.confidence < threshold:
        # Rounded down, lest 89.9 % look like the 90 % that are asked for.
        percent = math.floor(100 * reading.confidence)
        return "low_confidence", f"“{reading.text}” is only {percent} % sure: compare it"
    if _has_fewer_decimals(field, reading):
        return (
            "fewer_decimals",
            f"“{reading.text}” has fewer decimals than the template's example, “{field.example}”: "
            "see whether they are hidden or faded",
        )
    if field.kind is not Kind.DATE:
        return None
    if int(reading.value[:4]) > today.year + _AHEAD:
        return (
            "date_ahead",
            f"“{reading.text}” would be {reading.value}, which is more than {_AHEAD} years ahead: "
            "compare it; the year may be Hijri",
        )
    other = other_order(reading.text, order)
    if other is not None:
        return (
            "date_order",
            f"“{reading.text}” has {_ORDERS[other]} first, and the template says {_ORDERS[order]}: "
            f"if all its dates have, give it the date_order {other}",
        )
    return None


def _has_fewer_decimals(field: Field, reading: Reading) -> bool:
    """Whether the last digits of an amount may be lost: what is left reads as surely."""
    if field.kind is not Kind.AMOUNT or not field.example or not reading.value:
        return False
    if reading.exact or reading.vouched_by or not Decimal(reading.value):
        return False
    example = parse_value(field.kind, field.example).value or ""
    least = len(example.partition(".")[2])
    return len(reading.value.partition(".")[2]) < least >= _ALWAYS


def _broken(
    rule: Rule, values: Mapping[str, str], *, computed: bool, repair: tuple[str, str] | None
) -> Reason:
    shown = ", ".join(f"{name} is {values[name]}" for name in rule.fields)
    verdict = "does not hold" if computed else "can't be worked out"
    message = f"{rule.text} {verdict}: {shown}"
    if repair is not None:
        name, value = repair
        message += f"; it would if {name} were {value}, which may be what is printed: compare it"
    return Reason(
        code="rule_broken",
        message=message,
        fields=rule.fields,
        proposed={} if repair is None else dict([repair]),
        rule=rule.text,
    )
