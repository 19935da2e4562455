"""What must hold of an invoice's readings before nobody needs to look at it."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from core.checking.rules import Rule, parse_rule
from core.invoice import Reading, Reason
from core.template import DateOrder, Field, Kind, Template
from core.values.dates import other_order, turned
from core.values.parse import parse_value, value_in

_ALWAYS = 2
"""Decimals of an example from which others have as many. One alone, as of '12.5', may be of amounts
that are printed as short as they go, and the next is '13'."""
_MOST = 3
"""Decimals that amounts have at most where no example has more: those of dinars and rials."""
_GROUPS = re.compile("[٠-٩]{1,3}([.,٫٬][٠-٩]{3})+")
"""Of 1,200 drawn amounts such as '٢٤٬٩٢٥٫١٣٥' and '٢٤٬٩٢٥٬١٣٥' 338 were surely read without an
example, 11 of these a thousand times too large or too small; with one 1,018, and all right."""
_AHEAD, _AHEAD_IN_SHORT = 15, 4
"""Years by which no date of an invoice is ahead, and none with a year of two digits: in 2026 the
'٤٧' of 1447 would be 2047, and the '41' of 1441 2041."""

_BEHIND = 15
"""Years ago that a date that may be read from either end is likely from, at most."""

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

    Codes, at most one of the first ten for a field: `missing` (required, and nothing is there),
    `unreadable` (there is, but it means nothing), `pattern` (it means what the field's pattern
    refuses), `low_confidence` (below `threshold`, in [0, 1]), `fewer_decimals` (than the field's
    example has, and nothing vouches for it), `more_decimals` (than such amounts have),
    `size_in_doubt` (its last mark may group or begin three decimals, and no example says which),
    `date_ahead` (by so many years that it can't be it), `date_turned` (it may be another from its
    other end), `date_order` (it is no date in the template's order, and others, read in that, may
    be wrong as well); `rule_broken` (with all the fields that the rule speaks of, and the repair
    among `next_best`, if there is exactly one that breaks no other).
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
    if _has_more_decimals(field, reading):
        return (
            "more_decimals",
            f"“{reading.text}” has more decimals than such amounts have: compare it; what stands "
            "beside it or above the line may have been read with it",
        )
    if _is_size_in_doubt(field, reading):
        return (
            "size_in_doubt",
            f"“{reading.text}” may have three decimals or none: compare it; an example in the "
            "template says which",
        )
    if field.kind is not Kind.DATE:
        return None
    return _fault_of_date(reading.text, reading.value, order, today)


def _fault_of_date(text: str, value: str, order: DateOrder, today: date) -> tuple[str, str] | None:
    """As `_fault`, of a date, which was surely read. value: as ISO 8601."""
    ahead = _AHEAD if re.search(r"\d{4}", text) else _AHEAD_IN_SHORT
    if int(value[:4]) > today.year + ahead:
        return (
            "date_ahead",
            f"“{text}” would be {value}, which is more than {ahead} years ahead: "
            "compare it; the year may be Hijri",
        )
    again = turned(text, order)
    if again and today.year - _BEHIND <= int(again[:4]) <= today.year + _AHEAD_IN_SHORT:
        return (
            "date_turned",
            f"“{text}” is {value} from one end and {again} from the other: compare it",
        )
    other = other_order(text, order)
    if other is not None:
        return (
            "date_order",
            f"“{text}” has {_ORDERS[other]} first, and the template says {_ORDERS[order]}: "
            f"if all its dates have, give it the date_order {other}",
        )
    return None


def _has_fewer_decimals(field: Field, reading: Reading) -> bool:
    """Whether the last digits of an amount may be lost: what is left reads as surely."""
    if field.kind is not Kind.AMOUNT or not field.example or not reading.value:
        return False
    if reading.exact or reading.vouched_by or not Decimal(reading.value):
        return False
    return _decimals(reading.value) < _decimals_of_example(field) >= _ALWAYS


def _has_more_decimals(field: Field, reading: Reading) -> bool:
    """Whether digits that are none of an amount's may have been read as its last ones: cents that
    are raised above the line, a note's mark. A rule vouches for none, for it holds of amounts that
    are all printed so."""
    if field.kind is not Kind.AMOUNT or not reading.value or reading.exact:
        return False
    if not Decimal(reading.value):
        return False
    usual = _decimals_of_example(field)
    return _decimals(reading.value) > (usual if usual >= _ALWAYS else _MOST)


def _is_size_in_doubt(field: Field, reading: Reading) -> bool:
    """Whether an amount in Arabic-Indic digits may be a thousand times as much, or as little: many
    faces have '٫' and '٬' alike. An example says what is usual; without one thousands are, but
    neither millions nor three decimals."""
    if field.kind is not Kind.AMOUNT or field.example or reading.exact or reading.vouched_by:
        return False
    text = reading.text.strip("-()")
    is_usual = _decimals(reading.value or "") == 0 and len(text) <= len("١٢٣٬٤٥٦")
    return not is_usual and _GROUPS.fullmatch(text) is not None


def _decimals_of_example(field: Field) -> int:
    return _decimals(parse_value(field.kind, field.example or "").value or "")


def _decimals(value: str) -> int:
    return len(value.partition(".")[2])


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
