"""Made-up input for what parses: values, templates, rules, page tokens.

Whatever comes in, the answer is a value or one of our errors, and what must hold of values holds.
"""

import base64
import json
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from core.adapters.query import amount_key, decode_token, encode_token, fold
from core.checking.rules import parse_rule
from core.errors import RequestError, TemplateError
from core.ports import Query
from core.template import Kind, dump_template, import_corners, parse_template
from core.values.numbers import MAX_DIGITS, parse_amount
from core.values.parse import parse_value

# The same examples at every run: a failure is for who changed something, not for who comes next.
fuzzed = settings(derandomize=True, max_examples=100, deadline=None)

PRINTED = st.text(
    st.sampled_from("٠١٢٣٤٥٦٧٨٩۰۱۲0123456789/-.,٫٬:%()' '−\u200f\u2066ابcEUR"), max_size=60
)
TEXTS = PRINTED | st.text(max_size=200)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4)
    ),
    max_leaves=20,
)
FORM: dict[str, Any] = {
    "id": "form",
    "page_size": [100, 100],
    "fields": [
        {"name": "total", "kind": "amount", "box": [0, 0, 9, 9]},
        {"name": "tax", "kind": "amount", "box": [0, 0, 9, 9]},
        {"name": "day", "kind": "date", "box": [0, 0, 9, 9]},
        {"name": "seller", "kind": "text", "box": [0, 0, 9, 9]},
    ],
}
TEMPLATE = parse_template(FORM)


# --- values --------------------------------------------------------------------------------------


@fuzzed
@given(TEXTS, st.sampled_from(Kind), st.sampled_from(["dmy", "mdy", "ymd"]))
def test_every_value_has_the_form_of_its_kind(text: str, kind: Kind, order: Any) -> None:
    value = parse_value(kind, text, date_order=order).value
    if value is None:
        return
    if kind is Kind.AMOUNT:
        assert re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value)
        assert len(value.strip("-").replace(".", "")) <= MAX_DIGITS
    elif kind is Kind.NUMBER:
        assert re.fullmatch("[0-9]+", value)
    elif kind is Kind.DATE:
        assert date.fromisoformat(value).isoformat() == value
    # What a value says is itself a way to say it: a person may type it as it is shown.
    assert parse_value(kind, value, date_order="ymd").value == value


@fuzzed
@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, max_value=10**12, min_value=-(10**12)
    )
)
def test_an_amount_is_read_as_it_was_printed(amount: Decimal) -> None:
    printed = f"{amount:,f}"
    eastern = printed.translate(str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩٫٬"))
    for text in (printed, eastern, f"{amount:f}"):
        parsed = parse_amount(text)
        assert parsed is not None
        assert Decimal(parsed) == amount


@fuzzed
@given(
    st.decimals(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
)
def test_keys_of_amounts_sort_as_the_amounts_do(first: Decimal, second: Decimal) -> None:
    assume(max(abs(first.adjusted()), abs(second.adjusted())) < 900_000)
    assert (amount_key(first) < amount_key(second)) == (first < second)
    assert (amount_key(first) == amount_key(second)) == (first == second)


@fuzzed
@given(st.text(max_size=50))
def test_what_was_folded_stays_so(text: str) -> None:
    folded = fold(text)
    assert not re.search("[٠-٩۰-۹]", folded)
    assert fold(fold(folded)) == fold(folded)


# --- templates and rules -------------------------------------------------------------------------


@fuzzed
@given(JSON)
def test_any_json_is_a_template_or_says_why_not(data: Any) -> None:
    with pytest.raises(TemplateError, match="template"):
        parse_template(data)


@fuzzed
@given(
    st.sampled_from([*FORM, "version", "name", "reference", "page", "date_order", "rules"]), JSON
)
def test_a_template_with_any_one_key_changed_is_used_or_refused(key: str, value: Any) -> None:
    try:
        template = parse_template(FORM | {key: value})
    except TemplateError as error:
        assert error.message.startswith("template: ")
        return
    assert parse_template(dump_template(template)) == template


@fuzzed
@given(
    st.sampled_from(["name", "kind", "box", "page", "required", "pattern", "languages", "example"]),
    JSON,
)
def test_a_field_with_any_one_key_changed_is_used_or_refused(key: str, value: Any) -> None:
    field = FORM["fields"][0] | {key: value}
    try:
        template = parse_template(FORM | {"fields": [field]})
    except TemplateError as error:
        assert error.message.startswith("template: ")
        return
    assert parse_template(dump_template(template)) == template


@fuzzed
@given(JSON, st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_any_older_boxes_are_a_template_or_say_why_not(
    data: Any, names: list[str], kinds: list[str]
) -> None:
    with pytest.raises(TemplateError):
        import_corners(data, template_id="form", page_size=(9, 9), names=names, kinds=kinds)


WORDS = st.sampled_from(
    [
        *(
            [
                "total",
                "tax",
                "day",
                "seller",
                "today",
                "0",
                "1",
                "2.5",
                "0x1",
                "1e9",
                "'x'",
                "+",
                "-",
                "*",
                "**",
                "/",
                "//",
                "%",
                "==",
                "!=",
                "<",
                "<=",
                ">",
                ">=",
            ]
        ),
        *(
            [
                "and",
                "or",
                "not",
                "(",
                ")",
                "[",
                "]",
                ".",
                ",",
                "if",
                "else",
                "lambda",
                "in",
                "is",
                ":",
                ":=",
                "__class__",
                "\\",
                "#",
                "@",
                "~",
                "^",
                ";",
            ]
        ),
        "f'{total}'",
        "\n",
    ]
)


@fuzzed
@given(st.lists(WORDS, max_size=15).map(" ".join) | st.text(max_size=80), TEXTS)
@example("total == total", "٥")
@example("(" * 400 + "total", "")
@example("-" * 499, "")
@example("1if total else 2", "")
@example("9" * 490 + " * total == total", "9" * 30)
@example("total / tax / 0 == 1", "")
@example("day - day == 0", "")
def test_any_rule_is_refused_or_holds_or_not(text: str, seller: str) -> None:
    values = {"total": "9" * MAX_DIGITS, "tax": "-0.01", "day": "2026-02-28", "seller": seller}
    try:
        rule = parse_rule(text, TEMPLATE)
    except TemplateError as error:
        assert error.code == "invalid_rule"
        return
    assert rule.holds(values, today=date(2026, 1, 1)) in (True, False, None)


# --- page tokens ---------------------------------------------------------------------------------

QUERIES = st.builds(Query, q=st.none() | st.text(max_size=9), descending=st.booleans())


@fuzzed
@given(
    QUERIES,
    st.text(st.characters(codec="utf-8"), max_size=30),
    st.text("0123456789abcdef", max_size=32),
)
def test_a_page_token_goes_on_where_it_was_given(query: Query, key: str, invoice_id: str) -> None:
    token = encode_token(query, key, invoice_id)
    assert decode_token(replace(query, page_token=token)) == (key, invoice_id)
    with pytest.raises(RequestError, match="another query"):
        decode_token(replace(query, q="something else", page_token=token))


@fuzzed
@given(
    st.text(max_size=60)
    | JSON.map(lambda data: base64.urlsafe_b64encode(json.dumps(data).encode()).decode())
    | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
)
@example(base64.urlsafe_b64encode(b"[" * 100_000).decode())
@example(base64.urlsafe_b64encode(b"1" * 10_000).decode())
def test_any_other_token_is_refused(token: str) -> None:
    with pytest.raises(RequestError):
        decode_token(Query(page_token=token))
