"""What must hold of an invoice's readings before nobody needs to look at it.

Rules are a small expression language: field names, numbers, `today`, + - * /, comparisons (chained
as well), `and`, `or`, `not`, parentheses. Python's own parser reads them and an interpreter of
exactly these nodes computes them over exact decimals and dates: nothing else can be said, so
nothing else can happen.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

from core.errors import TemplateError
from core.invoice import Reading, Reason
from core.template import Kind, Template

MAX_RULE_LENGTH = 500
_TODAY = "today"

_Operand = Decimal | date | str | bool

_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True)
class Rule:
    """A rule that can be computed. `fields` are those it speaks of, in the order of its text."""

    text: str
    tree: ast.expr
    fields: tuple[str, ...]


def parse_rule(text: str, template: Template) -> Rule:
    """Checks that `text` is a rule over the fields of `template`.

    Raises:
        TemplateError: `invalid_rule`, with the rule and what is wrong with it.
    """
    if len(text) > MAX_RULE_LENGTH:
        raise _invalid(text[:40] + "…", f"is longer than {MAX_RULE_LENGTH} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _invalid(text, "is not an expression") from error
    kinds = {field.name: field.kind for field in template.fields}
    names: dict[str, None] = {}
    for node in ast.walk(tree):
        _check_node(node, text)
        if isinstance(node, ast.Name) and node.id != _TODAY:
            if node.id not in kinds:
                raise _invalid(text, f"speaks of {node.id!r}, which is no field")
            names[node.id] = None
    if not isinstance(tree, ast.Compare | ast.BoolOp | ast.UnaryOp):
        raise _invalid(text, "says nothing that could hold or not (no comparison)")
    try:
        _compute(tree, {name: _example(kinds[name]) for name in names}, date(2000, 1, 1))
    except (TypeError, AttributeError) as error:
        raise _invalid(text, "compares or adds what doesn't go together") from error
    except (ArithmeticError, DecimalException):
        pass  # a division by what is zero in the example only
    return Rule(text, tree, tuple(names))


def check_rules(template: Template) -> None:
    """Raises TemplateError for the first rule of the template that can't be used."""
    for text in template.rules:
        parse_rule(text, template)


def check(
    template: Template, readings: Mapping[str, Reading], *, threshold: float, today: date
) -> tuple[Reason, ...]:
    """Why a person should look at these readings; () if there is no reason to.

    Codes: missing, unreadable, pattern, low_confidence, rule_broken. A rule that speaks of a field
    without a value is passed over: that the value is missing has a reason of its own.
    """
    reasons = [
        reason
        for field in template.fields
        if (reading := readings.get(field.name)) is not None
        for reason in [
            _check_reading(field.name, reading, field.required, field.pattern, threshold)
        ]
        if reason is not None
    ]
    for text in template.rules:
        rule = parse_rule(text, template)
        values = {name: _operand(readings.get(name)) for name in rule.fields}
        known = {name: value for name, value in values.items() if value is not None}
        if len(known) == len(values) and not _holds(rule, known, today):
            shown = ", ".join(f"{name} is {known[name]}" for name in rule.fields)
            reasons.append(
                Reason(
                    code="rule_broken", message=f"{text} does not hold: {shown}", fields=rule.fields
                )
            )
    return tuple(reasons)


def _check_reading(
    name: str, reading: Reading, required: bool, pattern: str | None, threshold: float
) -> Reason | None:
    def reason(code: str, message: str) -> Reason:
        return Reason(code=code, message=f"{name}: {message}", fields=(name,))

    if not reading.text:
        return reason("missing", "the box is empty") if required else None
    if reading.value is None:
        if pattern is not None:
            return reason("pattern", f"“{reading.text}” is not of the form {pattern}")
        return reason("unreadable", f"“{reading.text}” is no {reading.kind.value}")
    if reading.confidence < threshold:
        return reason(
            "low_confidence",
            f"“{reading.text}” is only {reading.confidence:.0%} sure; please compare it",
        )
    return None


def _invalid(rule: str, reason: str) -> TemplateError:
    return TemplateError(f"the rule {rule!r} {reason}", code="invalid_rule")


def _check_node(node: ast.AST, text: str) -> None:
    allowed = (
        *(ast.BoolOp, ast.And, ast.Or, ast.UnaryOp, ast.Not, ast.USub, ast.BinOp, ast.Compare),
        *(ast.Name, ast.Load, ast.Constant, *_BINARY, *_COMPARE),
    )
    if not isinstance(node, allowed):
        raise _invalid(text, f"uses {type(node).__name__}, which rules don't have")
    if isinstance(node, ast.Constant) and (
        isinstance(node.value, bool) or not isinstance(node.value, int | float | str)
    ):
        raise _invalid(text, f"has the constant {node.value!r}, which is no number or text")


def _example(kind: Kind) -> _Operand:
    if kind is Kind.DATE:
        return date(2000, 1, 1)
    return "text" if kind is Kind.TEXT else Decimal(1)


def _operand(reading: Reading | None) -> _Operand | None:
    if reading is None or reading.value is None:
        return None
    if reading.kind is Kind.DATE:
        return date.fromisoformat(reading.value)
    if reading.kind is Kind.AMOUNT or (reading.kind is Kind.NUMBER and reading.value.isdecimal()):
        return Decimal(reading.value)  # a quantity is a number too
    return reading.value


def _holds(rule: Rule, values: Mapping[str, _Operand], today: date) -> bool:
    try:
        return bool(_compute(rule.tree, values, today))
    except (ArithmeticError, DecimalException, TypeError):
        # A division by zero, or a sum over an identifier with letters: nothing to rely on.
        return False


def _compute(node: ast.expr, values: Mapping[str, _Operand], today: date) -> Any:
    if isinstance(node, ast.Constant):
        # From the number's own digits: 0.1 is a tenth here.
        return node.value if isinstance(node.value, str) else Decimal(str(node.value))
    if isinstance(node, ast.Name):
        return today if node.id == _TODAY else values[node.id]
    if isinstance(node, ast.UnaryOp):
        operand = _compute(node.operand, values, today)
        return -operand if isinstance(node.op, ast.USub) else not operand
    if isinstance(node, ast.BinOp):
        left, right = _compute(node.left, values, today), _compute(node.right, values, today)
        if not (isinstance(left, Decimal) and isinstance(right, Decimal)):
            raise TypeError("only amounts can be computed with")
        return _BINARY[type(node.op)](left, right)
    if isinstance(node, ast.BoolOp):
        results = (_compute(value, values, today) for value in node.values)
        return all(results) if isinstance(node.op, ast.And) else any(results)
    assert isinstance(node, ast.Compare)
    operands = [_compute(each, values, today) for each in (node.left, *node.comparators)]
    if len({type(each) for each in operands}) > 1:
        raise TypeError("only like can be compared with like")
    return all(
        _COMPARE[type(op)](left, right)
        for op, left, right in zip(node.ops, operands, operands[1:], strict=False)
    )
