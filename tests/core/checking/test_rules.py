"""The language of rules: what it says, and that it can say nothing else."""

from datetime import date

import pytest

from core.checking.rules import MAX_RULE_LENGTH, parse_rule
from core.errors import TemplateError
from core.template import Template, parse_template

TODAY = date(2026, 3, 14)
KINDS = {
    "number": "number",
    "quantity": "number",
    "date": "date",
    "due": "date",
    "subtotal": "amount",
    "tax": "amount",
    "total": "amount",
    "seller": "text",
    "الإجمالي": "amount",
}
VALUES = {
    "number": "000318",
    "quantity": "3",
    "date": "2026-03-14",
    "due": "2026-04-13",
    "subtotal": "0.30",
    "tax": "0.03",
    "total": "0.33",
    "seller": "شركة Gulf",
    "الإجمالي": "0.33",
}


@pytest.fixture(scope="module")
def form() -> Template:
    fields = [{"name": name, "kind": kind, "box": [0, 0, 9, 9]} for name, kind in KINDS.items()]
    return parse_template({"id": "t", "page_size": [99, 99], "fields": fields})


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("total == subtotal + tax", True),
        ("total == subtotal - tax", False),
        ("total != subtotal", True),
        ("  total >= subtotal  ", True),
        # Exact decimals: as binary fractions these three would not hold.
        ("tax == subtotal * 0.1", True),
        ("tax / subtotal == .1", True),
        ("subtotal + tax - total == 0", True),
        ("subtotal * 1.10 == total", True),
        ("tax * 10000000000000000000000.01 == 300000000000000000000.0003", True),
        ("-0.01 <= total - subtotal * 1.1 <= 0.01", True),
        ("(subtotal + tax) * 2 == subtotal + tax * 2", False),
        ("-tax == 0 - tax", True),
        ("quantity * 0.1 == subtotal", True),
        ("number == 318", True),
        # Chained comparisons.
        ("0 < tax < subtotal <= total", True),
        ("0 < tax < subtotal < tax", False),
        ("tax > 0 > subtotal", False),
        ("total == 0.33 == subtotal + tax", True),
        # and, or, not.
        ("total > 0 and tax > 0", True),
        ("total > 0 and tax > 1", False),
        ("total > 1 or tax > 0", True),
        ("total > 1 or tax > 1", False),
        ("not tax > 1", True),
        ("not (total > 0 or tax > 1)", False),
        ("total > 1 or tax > 0 and total > 0", True),
        # Dates.
        ("date <= today", True),
        ("today < date", False),
        ("due > date", True),
        ("due - date == 30", True),
        ("0 <= due - date <= 29", False),
        # Texts.
        ("seller == 'شركة Gulf'", True),
        ('seller == "شركة  Gulf "', True),
        ("seller != 'Gulf'", True),
        ("seller == 'a' or seller == 'b'", False),
        # Names in any script.
        ("الإجمالي == total", True),
    ],
)
def test_rules(form: Template, text: str, holds: bool) -> None:
    rule = parse_rule(text, form)
    assert rule.holds(VALUES, today=TODAY) is holds


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("total / tax == 1", {"total": "1", "tax": "0.00"}),
        ("total / (tax - tax) == 1", {"total": "1", "tax": "5"}),
        ("total / tax == 1", {"total": "0", "tax": "0"}),
        ("number > 1", {"number": "INV-318"}),
    ],
)
def test_what_cannot_be_worked_out(form: Template, text: str, values: dict[str, str]) -> None:
    assert parse_rule(text, form).holds(values, today=TODAY) is None


def test_or_stops_where_it_holds(form: Template) -> None:
    rule = parse_rule("tax == 0 or total / tax > 1", form)
    assert rule.holds({"tax": "0", "total": "5"}, today=TODAY) is True


def test_products_of_the_largest_amounts_are_exact(form: Template) -> None:
    rule = parse_rule("total == subtotal * tax + 0.0001", form)
    values = {"subtotal": "9" * 28 + ".99", "tax": "9" * 28 + ".99"}
    product = f"{(10**30 - 1) ** 2 + 1}"
    values["total"] = f"{product[:-4]}.{product[-4:]}"
    assert rule.holds(values, today=TODAY) is True


def test_fields_in_the_order_of_the_text(form: Template) -> None:
    rule = parse_rule("total == subtotal + tax and date <= today and total > 0", form)
    assert rule.fields == ("total", "subtotal", "tax", "date")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not an expression"),
        ("total ==", "not an expression"),
        ("total = 1", "not an expression; what is equal is written with =="),
        ("total <= ", "not an expression$"),
        ("total == 1; tax == 1", "not an expression"),
        ("total == 1\ntax == 1", "not an expression"),
        ("total == 1\0", "not an expression"),
        ("(" * 240 + "total" + ")" * 240, "not an expression"),
        ("total == net", "'net', which is no field"),
        ("Total == 1", "'Total', which is no field"),
        ("1 == 1", "no field"),
        ("today == today", "no field"),
        ("total", "nothing that could hold"),
        ("total + tax", "nothing that could hold"),
        ("-total", "nothing that could hold"),
        ("today", "nothing that could hold"),
        ("'total'", "nothing that could hold"),
        # Types that don't go together, also where a shortcut would pass them over.
        ("date == 1", "together"),
        ("date == total", "together"),
        ("date + due == today", "together"),
        ("date + 1 == today", "together"),
        ("date - 1 == today", "together"),
        ("date * date == 1", "together"),
        ("-date == today", "together"),
        ("seller == total", "together"),
        ("seller < 'b'", "together"),
        ("seller + 'a' == 'b'", "together"),
        ("seller * 3 == 'b'", "together"),
        ("date == '2026-03-14'", "together"),
        ("total and tax == 1", "together"),
        ("total == 1 or tax", "together"),
        ("total == 1 or date == 1", "together"),
        ("not total", "together"),
        ("(total == 1) == (tax == 1)", "together"),
        ("(total == 1) + 1 == 2", "together"),
        ("total == 0 == seller", "together"),
        # Numbers as people write them, and no others.
        ("total == 1e3", "1e3"),
        ("total == 1_000", "1_000"),
        ("total == 0x10", "0x10"),
        ("total == 1.", "1."),
        ("total == 1j", "1j"),
        ("total == True", "True"),
        ("total == None", "None"),
        ("total == ...", r"\.\.\."),
        ("seller == b'a'", "b'a'"),
        ("seller == f'{total}'", "f'"),
        # The rest of Python.
        ("__import__('os').system('true') == 0", "__import__"),
        ("total.real == 1", "total.real"),
        ("abs(total) == 1", "abs"),
        ("[total] == 1", "total"),
        ("(total, 1) == 1", "total"),
        ("{total} == 1", "total"),
        ("{total: 1} == 1", "total"),
        ("[t for t in total] == 1", "for"),
        ("seller[0] == 'a'", "seller"),
        ("total ** 99 ** 99 == 1", r"\*\*"),
        ("total // 2 == 1", "//"),
        ("total % 2 == 1", "%"),
        ("total << 2 == 1", "<<"),
        ("~total == 1", "~total"),
        ("+total == 1", r"\+total"),
        ("total is 1", "is"),
        ("seller in 'ab'", "in"),
        ("total if tax else 1", "if"),
        ("(lambda: 1) == total", "lambda"),
        ("(total := 1) == 1", ":="),
        ("total == (yield)", "yield"),
        ("*total == 1", "total"),
        # Bounds.
        ("-" * 60 + "total == 1", "too deeply"),
        ("not " * 60 + "total == 1", "too deeply"),
        ("total" + "+1" * 60 + " == 1", "too deeply"),
        ("total == 1" + " or total == 1" * 99, "longer"),
    ],
)
def test_what_is_no_rule(form: Template, text: str, says: str) -> None:
    with pytest.raises(TemplateError, match=says) as caught:
        parse_rule(text, form)
    assert caught.value.code == "invalid_rule"
    assert caught.value.message.startswith("the rule ")
    assert len(caught.value.message) < MAX_RULE_LENGTH + 600


def test_the_longest_rule_is_a_rule(form: Template) -> None:
    text = "total == 1" + " or total == 1" * 35
    assert parse_rule(text.ljust(MAX_RULE_LENGTH), form).fields == ("total",)
