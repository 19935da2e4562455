"""Rules between fields: `total == subtotal + tax`, `date <= today`, `0 < tax < total`.

A small expression language: field names, numbers, texts in quotes, `today`, + - * /, comparisons
(chained as well), `and`, `or`, `not`, parentheses. Python's own parser reads it and an interpreter
of exactly these nodes computes it: nothing else can be said, so nothing else can happen.

Amounts and numbers are exact decimals. A date less a date is a number of days. Texts can only be
the same or not.
"""

import ast
import itertools
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Context, Decimal, DecimalException, localcontext
from typing import Any, Literal

from core.errors import TemplateError
from core.template import TODAY, Kind, Template
from core.values.numbers import MAX_DIGITS
from core.values.plain import clean_text

MAX_RULE_LENGTH = 500
MAX_DEPTH = 50

_EXACT = Context(prec=4 * MAX_DIGITS)
"""Products of four amounts are exact; what a division leaves over is cut far behind any cent."""

_Type = Literal["number", "date", "text", "condition"]
_TYPES: dict[Kind, _Type] = {
    Kind.NUMBER: "number",
    Kind.AMOUNT: "number",
    Kind.DATE: "date",
    Kind.TEXT: "text",
}
_MEANINGS: dict[_Type, Callable[[str], Any]] = {
    "number": Decimal,
    "date": date.fromisoformat,
    "text": clean_text,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

_ONE_SIGN = re.compile("(?<![=!<>])=(?!=)")

_Facts = Mapping[str, Any]
"""What names stand for: a Decimal, a date or a text each."""


@dataclass(frozen=True)
class _Part:
    """A part of a rule: what type it is of, and how it is computed."""

    type: _Type
    compute: Callable[[_Facts], Any]


@dataclass(frozen=True)
class Rule:
    """A rule that can be computed. `fields` are those it speaks of, in the order of its text."""

    text: str
    fields: tuple[str, ...]
    _types: Mapping[str, _Type] = field(repr=False)
    _condition: _Part = field(repr=False)

    def holds(self, values: Mapping[str, str], *, today: date) -> bool | None:
        """Whether it holds of the values (as in `Reading.value`) of all its `fields`.

        None where nothing can be said: a division by zero, or a number with letters in it.
        """
        try:
            facts = {name: _MEANINGS[self._types[name]](values[name]) for name in self.fields}
            with localcontext(_EXACT):
                return bool(self._condition.compute(facts | {TODAY: today}))
        except (DecimalException, ValueError):
            return None


def parse_rule(text: str, template: Template) -> Rule:
    """Checks that `text` is a rule over the fields of `template`.

    Raises:
        TemplateError: `invalid_rule`, with the rule and what is wrong with it.
    """
    text = text.strip()
    if len(text) > MAX_RULE_LENGTH:
        raise _invalid(text[:40] + "…", f"is longer than {MAX_RULE_LENGTH} characters")
    try:
        tree = ast.parse(text, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        hint = "; what is equal is written with ==" if _ONE_SIGN.search(text) else ""
        raise _invalid(text, f"is not an expression{hint}") from error
    types = {field.name: _TYPES[field.kind] for field in template.fields}
    compiler = _Compiler(text, types)
    condition = compiler.part(tree, MAX_DEPTH)
    if condition.type != "condition":
        raise _invalid(text, "says nothing that could hold or not (no comparison)")
    if not compiler.fields:
        raise _invalid(text, "speaks of no field")
    return Rule(text, tuple(compiler.fields), types, condition)


class _Compiler:
    """Turns nodes into parts that can be computed; raises for all that the language lacks."""

    def __init__(self, text: str, types: Mapping[str, _Type]) -> None:
        self.fields: dict[str, None] = {}  # in the order of the text
        self._text = text
        self._types = types

    def part(self, node: ast.expr, depth: int) -> _Part:
        """depth: how many levels may still be below."""
        if depth == 0:
            raise _invalid(self._text, "is nested too deeply")
        match node:
            case ast.Name():
                return self._name(node.id)
            case ast.Constant():
                return self._constant(node)
            case ast.UnaryOp(op=ast.USub()):
                (part,) = self._parts([node.operand], depth, "number")
                return _Part("number", lambda facts: -part.compute(facts))
            case ast.UnaryOp(op=ast.Not()):
                (part,) = self._parts([node.operand], depth, "condition")
                return _Part("condition", lambda facts: not part.compute(facts))
            case ast.BoolOp():
                parts = self._parts(node.values, depth, "condition")
                combine = all if isinstance(node.op, ast.And) else any
                return _Part("condition", lambda facts: combine(p.compute(facts) for p in parts))
            case ast.BinOp() if type(node.op) in _ARITHMETIC:
                return self._arithmetic(node, depth)
            case ast.Compare() if _COMPARISONS.keys() >= {type(op) for op in node.ops}:
                return self._comparison(node, depth)
        raise _invalid(self._text, f"has {self._written(node)!r}, which rules can't say")

    def _name(self, name: str) -> _Part:
        if name != TODAY and name not in self._types:
            raise _invalid(self._text, f"speaks of {name!r}, which is no field")
        if name != TODAY:
            self.fields[name] = None
        return _Part(self._types.get(name, "date"), lambda facts: facts[name])

    def _constant(self, node: ast.Constant) -> _Part:
        if isinstance(node.value, str):
            text = clean_text(node.value)
            return _Part("text", lambda facts: text)
        written = self._written(node)
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)?|\.[0-9]+", written):
            raise _invalid(self._text, f"has {written!r}, which is no number or text")
        number = Decimal(written)  # from its own digits: 0.1 is a tenth here
        return _Part("number", lambda facts: number)

    def _arithmetic(self, node: ast.BinOp, depth: int) -> _Part:
        left, right = self._parts([node.left, node.right], depth)
        compute = _ARITHMETIC[type(node.op)]
        if left.type == right.type == "number":
            return _Part("number", lambda facts: compute(left.compute(facts), right.compute(facts)))
        if left.type == right.type == "date" and isinstance(node.op, ast.Sub):
            return _Part(
                "number",
                lambda facts: Decimal((left.compute(facts) - right.compute(facts)).days),
            )
        raise self._mixed()

    def _comparison(self, node: ast.Compare, depth: int) -> _Part:
        parts = self._parts([node.left, *node.comparators], depth)
        tests = [_COMPARISONS[type(op)] for op in node.ops]
        types = {part.type for part in parts}
        ordered = any(not isinstance(op, ast.Eq | ast.NotEq) for op in node.ops)
        if len(types) > 1 or "condition" in types or (ordered and "text" in types):
            raise self._mixed()

        def compute(facts: _Facts) -> bool:
            values = [part.compute(facts) for part in parts]
            pairs = zip(tests, itertools.pairwise(values), strict=True)
            return all(test(*pair) for test, pair in pairs)

        return _Part("condition", compute)

    def _parts(
        self, nodes: Sequence[ast.expr], depth: int, wanted: _Type | None = None
    ) -> list[_Part]:
        parts = [self.part(node, depth - 1) for node in nodes]
        if wanted and any(part.type != wanted for part in parts):
            raise self._mixed()
        return parts

    def _written(self, node: ast.expr) -> str:
        return ast.get_source_segment(self._text, node) or type(node).__name__

    def _mixed(self) -> TemplateError:
        return _invalid(self._text, "compares or computes what doesn't go together")


def _invalid(rule: str, reason: str) -> TemplateError:
    return TemplateError(f"the rule {rule!r} {reason}", code="invalid_rule")
