"""What adds up vouches for its numbers."""

from typing import Any

import cv2
import numpy as np
import pytest
from test_checks import TODAY, form, reading

from core.checking.vouching import VOUCHED, vouched
from core.extract import Extractor
from core.invoice import Reading
from core.ports import StoredTemplate
from core.settings import Settings
from core.template import Kind, Template, parse_template

SUM = "total == subtotal + tax"
DOUBT = 0.8
FIELDS: dict[str, dict[str, Any]] = {"subtotal": {}, "tax": {}, "total": {}}


def doubtful(value: str, text: str | None = None, **more: Any) -> Reading:
    return reading(value, text=text or value, **({"confidence": DOUBT} | more))


def confidences(template: Template, **readings: Reading) -> list[float]:
    found = vouched(template, readings, today=TODAY)
    assert [each.value for each in found.values()] == [each.value for each in readings.values()]
    return [found[name].confidence for name in readings]


def test_three_numbers_that_add_up_are_sure() -> None:
    seen = {"subtotal": doubtful("100.00"), "tax": doubtful("15.00"), "total": doubtful("115.00")}
    assert confidences(form(SUM, **FIELDS), **seen) == [VOUCHED] * 3
    found = vouched(form(SUM, **FIELDS), seen, today=TODAY)
    assert {each.vouched_by for each in found.values()} == {SUM}


def test_what_is_surer_by_itself_stays_so() -> None:
    sure = doubtful("100.00", confidence=0.9999)
    seen = {"subtotal": sure, "tax": doubtful("15.00"), "total": doubtful("115.00")}
    assert confidences(form(SUM, **FIELDS), **seen) == [0.9999, VOUCHED, VOUCHED]


def test_a_product_does_too() -> None:
    template = form("total == count * price", count={"kind": "number"}, price={}, total={})
    count = doubtful("3", kind=Kind.NUMBER)
    seen = {"count": count, "price": doubtful("2.50"), "total": doubtful("7.50")}
    assert confidences(template, **seen) == [VOUCHED] * 3


@pytest.mark.parametrize(
    ("count", "price", "total", "sure"),
    [
        ("3", "27.80", "83.40", True),
        ("1", "27.80", "27.80", False),
        ("10", "27.80", "278.00", False),
        ("2", "2", "4", True),
    ],
)
def test_the_price_of_one_piece_or_ten_is_misread_as_the_total_is(
    count: str, price: str, total: str, sure: bool
) -> None:
    template = form("total == count * price", count={}, price={}, total={})
    seen = {"count": doubtful(count), "price": doubtful(price), "total": doubtful(total)}
    assert confidences(template, **seen) == [VOUCHED if sure else DOUBT] * 3


def test_a_tenth_may_have_the_digits_of_the_whole() -> None:
    seen = {"subtotal": doubtful("123.40"), "tax": doubtful("12.34"), "total": doubtful("135.74")}
    assert confidences(form(SUM, **FIELDS), **seen) == [VOUCHED] * 3


def test_a_discount_that_is_the_tax_leaves_two_that_are_equal() -> None:
    template = form("total == subtotal - discount + tax", **FIELDS, discount={})
    seen = {name: doubtful(value) for name, value in zip(FIELDS, ("90", "9", "90"), strict=True)}
    assert confidences(template, **seen, discount=doubtful("9")) == [DOUBT] * 4


def test_a_last_digit_that_may_differ_leaves_the_doubt() -> None:
    template = form("-0.01 <= total - subtotal - tax <= 0.01", **FIELDS)
    seen = {"subtotal": doubtful("100.09"), "tax": doubtful("15.09"), "total": doubtful("115.19")}
    assert confidences(template, **seen) == [DOUBT] * 3


def test_what_is_more_likely_wrong_than_right_stays_in_doubt() -> None:
    """A streak takes the same digit from each: 1031.84, 154.78 and 1186.62 without it."""
    seen = {
        "subtotal": doubtful("131.84", confidence=0.6),
        "tax": doubtful("54.78"),
        "total": doubtful("186.62"),
    }
    assert confidences(form(SUM, **FIELDS), **seen) == [0.6, DOUBT, DOUBT]


@pytest.mark.parametrize(
    ("subtotal", "tax", "total"),
    [
        pytest.param("100.00", "15.00", "116.00", id="broken"),
        pytest.param("100.00", None, "115.00", id="without a value"),
        pytest.param("100.00", "0.00", "100.00", id="two that are equal, misread alike"),
        pytest.param("32.180", "4.505", "36.685", id="thousands or decimals"),
        pytest.param("-100.00", "-15.00", "-115.00", id="negative, or after a dash"),
        pytest.param("2,180,000", "4,505", "2,184,505", id="thousands or decimals of some"),
    ],
)
def test_what_says_too_little_leaves_the_doubt(subtotal: str, tax: str | None, total: str) -> None:
    texts = {"subtotal": subtotal, "tax": tax, "total": total}
    seen = {
        name: reading(text and text.replace(",", ""), text=text or "", confidence=DOUBT)
        for name, text in texts.items()
    }
    assert confidences(form(SUM, **FIELDS), **seen) == [DOUBT] * 3
    found = vouched(form(SUM, **FIELDS), seen, today=TODAY)
    assert {each.vouched_by for each in found.values()} == {None}


def test_the_same_digit_may_be_misread_alike() -> None:
    seen = {"subtotal": doubtful("2780"), "tax": doubtful("406"), "total": doubtful("3186")}
    likely = {"subtotal": [("٢٧١٠", 0.3)], "total": [("٣١٨٦.٠", 0.2), ("٣١١٦", 0.3)]}
    template = form(SUM, **FIELDS)
    sure = vouched(template, seen, today=TODAY, next_best=likely)
    assert [reading.confidence for reading in sure.values()] == [DOUBT] * 3
    unlikely = {name: [(text, 1e-4) for text, _ in more] for name, more in likely.items()}
    sure = vouched(template, seen, today=TODAY, next_best=unlikely)
    assert [reading.confidence for reading in sure.values()] == [VOUCHED] * 3


def test_a_rule_over_many_fields_vouches_for_nothing() -> None:
    names = [f"part{n}" for n in range(9)]
    template = form(f"total == {'+'.join(names)}", **{name: {} for name in [*names, "total"]})
    seen = {name: doubtful("11") for name in names} | {"total": doubtful("99")}
    assert confidences(template, **seen) == [DOUBT] * 10


def test_zeros_that_may_be_points_leave_the_doubt() -> None:
    seen = {
        "subtotal": doubtful("169046", "١٦٩٠٤٦"),
        "tax": doubtful("8047", "٨٠٤٧"),
        "total": doubtful("177093", "١٧٧٠٩٣"),
    }
    assert confidences(form(SUM, **FIELDS), **seen) == [DOUBT] * 3


@pytest.mark.parametrize(
    ("example", "sure"),
    [
        ("٩٥٠", True),
        pytest.param("٥٦٠٠٠", False, id="as much in doubt itself"),
        pytest.param("٩٫٥٠", False, id="printed otherwise"),
        (None, False),
    ],
)
def test_an_example_says_how_large_they_are(example: str | None, sure: bool) -> None:
    template = form(SUM, **{name: {"example": example} for name in FIELDS})
    seen = {
        "subtotal": doubtful("169046", "١٦٩٠٤٦"),
        "tax": doubtful("8047", "٨٠٤٧"),
        "total": doubtful("177093", "١٧٧٠٩٣"),
    }
    assert confidences(template, **seen) == [VOUCHED if sure else DOUBT] * 3


@pytest.mark.parametrize("rule", ["total >= subtotal + tax", "total > 0 and subtotal > tax"])
def test_what_would_hold_of_other_digits_vouches_for_nothing(rule: str) -> None:
    seen = {"subtotal": doubtful("100.00"), "tax": doubtful("15.00"), "total": doubtful("115.00")}
    assert confidences(form(rule, **FIELDS), **seen) == [DOUBT] * 3


def test_fields_that_no_rule_speaks_of_keep_their_doubt() -> None:
    template = form(SUM, **FIELDS, paid={})
    seen = {"subtotal": doubtful("1.25"), "tax": doubtful("0.25"), "total": doubtful("1.50")}
    assert confidences(template, **seen, paid=doubtful("1.50")) == [VOUCHED] * 3 + [DOUBT]


@pytest.mark.parametrize(
    ("printed", "status"),
    [
        ("1,234.50  185.25  1,419.75", "done"),
        ("1,234.50 CR  185.25 CR  1,419.75 CR", "needs_review"),
        ("723 50  108 53  832 03", "needs_review"),
        ("100.00\n1,234.50  15.00\n185.25  115.00\n1,419.75", "needs_review"),
    ],
)
def test_numbers_with_the_same_sign_add_up_without_it_too(printed: str, status: str) -> None:
    """So they do with their cents set apart by nothing but a blank, and in each row of a table."""
    sheet = np.full((1400, 1000, 1), 255, np.uint8)
    names, fields = ("net", "tax", "total"), []
    for y, name, amount in zip((300, 400, 500), names, printed.split("  "), strict=True):
        rows = amount.split("\n")
        lines = [(name, 100, y), *((row, 520, y + 40 * n) for n, row in enumerate(rows))]
        for text, *at in lines:
            cv2.putText(sheet, text, at, cv2.FONT_HERSHEY_DUPLEX, 0.9, 20, 2, cv2.LINE_AA)
        box = (500, y - 30, 800, lines[-1][2] + 12)
        fields.append({"name": name, "kind": "amount", "box": box})
    template = parse_template(
        {"id": "t", "page_size": (1000, 1400), "fields": fields, "rules": ["total == net + tax"]}
    )
    data = cv2.imencode(".png", sheet)[1].tobytes()
    outcome = Extractor(Settings()).extract(data, [StoredTemplate(template)], name="a.png")
    assert outcome.status == status
