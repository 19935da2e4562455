"""What must hold before nobody needs to look."""

from datetime import date
from typing import Any

import pytest

from core.checking.checks import check, check_rules
from core.errors import TemplateError
from core.invoice import Reading, Reason
from core.template import Kind, Template, parse_template

TODAY = date(2026, 3, 14)
BOX = (0, 0, 9, 9)


def form(*rules: str, date_order: str = "dmy", **fields: dict[str, Any]) -> Template:
    """A form of these fields: amounts, unless `kind` says otherwise."""
    return parse_template(
        {
            "id": "t",
            "page_size": [99, 99],
            "date_order": date_order,
            "fields": [
                {"name": name, "kind": "amount", "box": BOX} | more for name, more in fields.items()
            ],
            "rules": rules,
        }
    )


def reading(value: str | None, *, text: str | None = None, **more: Any) -> Reading:
    given = {"kind": Kind.AMOUNT, "confidence": 1.0, "box": BOX} | more
    return Reading(text=(value or "") if text is None else text, value=value, **given)


EMPTY = reading(None)


def reasons_for(template: Template, **readings: Reading) -> tuple[Reason, ...]:
    return check(template, readings, threshold=0.9, today=TODAY)


def test_nothing_to_say() -> None:
    template = form("total > 0", total={}, note={"kind": "text", "required": False})
    assert reasons_for(template, total=reading("5"), note=EMPTY) == ()


@pytest.mark.parametrize(
    ("field", "found", "code"),
    [
        ({}, EMPTY, "missing"),
        ({}, reading(None, confidence=0.1), "missing"),
        ({"required": False}, EMPTY, None),
        # The box may hold what was not made out.
        ({"required": False}, reading(None, confidence=0.1), "low_confidence"),
        ({}, reading(None, text="1,2,3"), "unreadable"),
        ({"required": False}, reading(None, text="1,2,3"), "unreadable"),
        ({}, reading(None, text="1,2,3", confidence=0.1), "unreadable"),
        ({"pattern": r"\d+\.\d\d"}, reading(None, text="5"), "pattern"),
        ({"pattern": r"\d+\.\d\d"}, reading(None, text="1,2,3"), "unreadable"),
        ({"pattern": r"\d+\.\d\d"}, reading("5.00"), None),
        ({}, reading("5", confidence=0.9), None),
        ({}, reading("5", confidence=0.8999), "low_confidence"),
        # Somebody has looked.
        ({}, reading("5", confidence=0.1, reviewed_by="Mona"), None),
        ({}, reading(None, reviewed_by="Mona"), None),
        ({}, reading(None, text="1,2,3", reviewed_by="Mona"), None),
    ],
)
def test_one_field(field: dict[str, Any], found: Reading, code: str | None) -> None:
    reasons = reasons_for(form(total=field), total=found)
    assert [(reason.code, reason.fields) for reason in reasons] == (
        [(code, ("total",))] if code else []
    )


def test_what_is_not_there_at_all_is_missing_too() -> None:
    reasons = reasons_for(form(total={}, tax={"required": False}))
    assert [(reason.code, reason.fields) for reason in reasons] == [("missing", ("total",))]


def test_the_date_order_of_the_form_decides_what_a_pattern_refuses() -> None:
    fields = {"date": {"kind": "date", "pattern": "2026-.*"}}
    found = reading(None, kind=Kind.DATE, text="12/31/99")
    assert [r.code for r in reasons_for(form(date_order="mdy", **fields), date=found)] == [
        "pattern"
    ]
    assert [r.code for r in reasons_for(form(date_order="ymd", **fields), date=found)] == [
        "unreadable"
    ]


def test_reasons_tell_people_what_to_do() -> None:
    template = form(
        "net > 0",
        total={},
        tax={},
        net={"pattern": r"\d\d"},
        due={"kind": "date"},
        note={"required": False},
    )
    messages = [
        reason.message
        for reason in reasons_for(
            template,
            total=EMPTY,
            tax=reading("5.25", text="٥٫٢٥", confidence=0.899),
            net=reading(None, text="7"),
            due=reading(None, kind=Kind.DATE, text="99/99"),
            note=reading(None, confidence=0.2),
        )
    ]
    assert messages == [
        "total: the box is empty",
        "tax: “٥٫٢٥” is only 89 % sure: compare it",
        r"net: “7” is not of the form \d\d",
        "due: “99/99” is no date",
        "note: the box seems empty, but may not be: compare it",
    ]


SUM = form("total == subtotal + tax", total={}, subtotal={}, tax={"required": False})


def test_a_broken_rule_accuses_its_fields() -> None:
    (reason,) = reasons_for(SUM, total=reading("150"), subtotal=reading("100"), tax=reading("5"))
    assert reason == Reason(
        code="rule_broken",
        message="total == subtotal + tax does not hold: total is 150, subtotal is 100, tax is 5",
        fields=("total", "subtotal", "tax"),
        rule="total == subtotal + tax",
    )


def test_a_rule_is_held_against_what_a_person_typed_too() -> None:
    typed = reading("150", reviewed_by="Mona", original="105")
    reasons = reasons_for(SUM, total=typed, subtotal=reading("100"), tax=reading("5"))
    assert [reason.code for reason in reasons] == ["rule_broken"]


@pytest.mark.parametrize("tax", [EMPTY, None])
def test_a_rule_over_an_absent_field_is_passed_over(tax: Reading | None) -> None:
    found = {"total": reading("150"), "subtotal": reading("100")} | ({"tax": tax} if tax else {})
    assert reasons_for(SUM, **found) == ()


def test_a_rule_over_an_unreadable_field_adds_nothing() -> None:
    found = {"total": reading("150"), "subtotal": reading(None, text="x"), "tax": reading("5")}
    assert [reason.code for reason in reasons_for(SUM, **found)] == ["unreadable"]


def test_a_rule_that_cannot_be_worked_out_is_broken() -> None:
    template = form("total / tax == 20", total={}, tax={})
    (reason,) = reasons_for(template, total=reading("5"), tax=reading("0"))
    assert reason.code == "rule_broken"
    assert reason.message == "total / tax == 20 can't be worked out: total is 5, tax is 0"


def test_rules_know_the_day() -> None:
    template = form("date <= today", date={"kind": "date"})
    tomorrow = reading("2026-03-15", kind=Kind.DATE)
    assert [reason.code for reason in reasons_for(template, date=tomorrow)] == ["rule_broken"]
    assert check(template, {"date": tomorrow}, threshold=0.9, today=date(2026, 3, 15)) == ()


def test_each_broken_rule_is_a_reason() -> None:
    template = form("total > 1", "total > 0", "total > 2", total={})
    reasons = reasons_for(template, total=reading("1"))
    assert [reason.message.split(" does")[0] for reason in reasons] == ["total > 1", "total > 2"]


def test_rules_of_a_template_are_checked() -> None:
    check_rules(SUM)
    with pytest.raises(TemplateError, match="net") as caught:
        check_rules(form("total > 0", "total == net", total={}))
    assert caught.value.code == "invalid_rule"


def repaired(*rules: str, **next_best: list[str]) -> list[dict[str, str]]:
    """What is proposed of each broken rule, where 110 = 100 + 15 was read on 2026-03-01."""
    template = form(*rules, total={}, subtotal={}, tax={}, date={"kind": "date"})
    readings = {
        "total": reading("110"),
        "subtotal": reading("100"),
        "tax": reading("15"),
        "date": reading("2026-03-01", kind=Kind.DATE),
    }
    found = check(template, readings, threshold=0.9, today=TODAY, next_best=next_best)
    return [reason.proposed for reason in found]


ADDED_UP = "total == subtotal + tax"


@pytest.mark.parametrize(
    ("next_best", "proposed"),
    [
        ({}, {}),
        ({"total": ["١١٥"]}, {"total": "115"}),
        ({"total": ["118", "115", "١١٥"]}, {"total": "115"}),  # two ways to print it are one value
        ({"total": ["115"], "tax": ["75"]}, {"total": "115"}),
        ({"total": ["115"], "tax": ["10"]}, {}),  # two ways to mend it: who knows
        ({"total": ["118"], "tax": ["1"]}, {}),
        ({"total": ["1,15,", "not a number"]}, {}),
        ({"date": ["2026-02-01"]}, {}),  # the rule doesn't speak of it
    ],
)
def test_the_only_repair_of_a_rule_is_proposed(
    next_best: dict[str, list[str]], proposed: dict[str, str]
) -> None:
    assert repaired(ADDED_UP, **next_best) == [proposed]


def test_a_repair_breaks_no_other_rule() -> None:
    assert repaired(ADDED_UP, "total < 112", total=["115"], tax=["10"]) == [{"tax": "10"}]
    assert repaired(ADDED_UP, "tax > 12", total=["118"], tax=["10"]) == [{}]


def test_a_repair_respects_the_pattern() -> None:
    template = form(ADDED_UP, total={"pattern": r"\d+\.\d\d"}, subtotal={}, tax={})
    readings = {name: reading(value) for name, value in
                {"total": "110.00", "subtotal": "100", "tax": "15"}.items()}  # fmt: skip
    for text, proposed in (("115", {}), ("115.00", {"total": "115.00"})):
        (reason,) = check(
            template, readings, threshold=0.9, today=TODAY, next_best={"total": [text]}
        )
        assert reason.proposed == proposed


def test_a_proposal_is_said_and_not_applied() -> None:
    template = form(ADDED_UP, total={}, subtotal={}, tax={})
    readings = {"total": reading("110"), "subtotal": reading("100"), "tax": reading("15")}
    (reason,) = check(template, readings, threshold=0.9, today=TODAY, next_best={"total": ["115"]})
    assert reason.message == (
        "total == subtotal + tax does not hold: total is 110, subtotal is 100, tax is 15; it would "
        "if total were 115, which may be what is printed: compare it"
    )
    assert readings["total"].value == "110"


@pytest.mark.parametrize(("total", "broken"), [("0", 1), ("0.01", 0), ("999.99", 0), ("1000", 1)])
def test_ranges(total: str, broken: int) -> None:
    template = form("0 < total < 1000", total={})
    assert len(reasons_for(template, total=reading(total))) == broken


@pytest.mark.parametrize(
    ("example", "found", "codes"),
    [
        ("١٬٢٣٤٫٥٠", reading("5366"), ["fewer_decimals"]),
        ("1,234.50", reading("5366.6"), ["fewer_decimals"]),
        ("1,234.50", reading("5366.61"), []),
        ("1,234.50", reading("5366.610"), ["more_decimals"]),
        ("1,234.50", reading("0"), []),
        ("1,234", reading("5366"), []),
        ("12.5", reading("13"), []),
        (None, reading("5366"), []),
        ("1,234.50", reading("5366", vouched_by="total == net"), []),
        ("1,234.50", reading("5366", exact=True), []),
    ],
)
def test_an_amount_may_have_lost_its_last_digits(
    example: str | None, found: Reading, codes: list[str]
) -> None:
    template = form(total={"example": example})
    assert [reason.code for reason in reasons_for(template, total=found)] == codes


@pytest.mark.parametrize(
    ("example", "found", "codes"),
    [
        (None, reading("193.78200"), ["more_decimals"]),
        (None, reading("651.0015", vouched_by="total == net"), ["more_decimals"]),
        (None, reading("193.782"), []),
        (None, reading("193.78200", exact=True), []),
        (None, reading("193.78200", reviewed_by="Huda"), []),
        ("1,234.50", reading("11508.392"), ["more_decimals"]),
        ("1,234.500", reading("11508.392"), []),
        ("1,234.50", reading("0.000"), []),
        ("12.5", reading("12.555"), []),
        ("12", reading("12.5555"), ["more_decimals"]),
        ("1.2345", reading("1.2346"), []),
    ],
)
def test_an_amount_may_have_digits_that_are_not_its_own(
    example: str | None, found: Reading, codes: list[str]
) -> None:
    template = form(total={"example": example})
    assert [reason.code for reason in reasons_for(template, total=found)] == codes


@pytest.mark.parametrize(
    ("example", "text", "value", "codes"),
    [
        (None, "٢٤٬٩٢٥٬١٣٥", "24925135", ["size_in_doubt"]),
        (None, "-٢٤٬٩٢٥٫١٣٥", "-24925.135", ["size_in_doubt"]),
        (None, "(٩٦٨٫٢٦٧)", "-968.267", ["size_in_doubt"]),
        (None, "٩٦٨٬٢٦٧", "968267", []),
        ("١٬٢٣٤٫٥٦٧", "٢٤٬٩٢٥٫١٣٥", "24925.135", []),
        (None, "٢٤٬٩٢٥٫١٣", "24925.13", []),
        (None, "٢٤٩٢٥", "24925", []),
        (None, "24,925,135", "24925135", []),
    ],
)
def test_the_marks_of_an_amount_may_be_others(
    example: str | None, text: str, value: str, codes: list[str]
) -> None:
    found = reading(value).model_copy(update={"text": text})
    template = form(total={"example": example})
    assert [reason.code for reason in reasons_for(template, total=found)] == codes
    for sure in ({"exact": True}, {"vouched_by": "total == net"}, {"reviewed_by": "Huda"}):
        assert reasons_for(template, total=found.model_copy(update=sure)) == ()


@pytest.mark.parametrize(
    ("order", "text", "codes"),
    [
        ("dmy", "05/23/2026", ["date_order"]),
        ("dmy", "٠٥-٢٣-٢٦", ["date_order"]),
        ("mdy", "23/05/2026", ["date_order"]),
        ("mdy", "05/23/2026", []),
        ("dmy", "05/04/2026", []),
        ("dmy", "2026/23/05", []),
        ("dmy", "23 May 2026", []),
    ],
)
def test_a_date_in_another_order_than_the_template_has(
    order: str, text: str, codes: list[str]
) -> None:
    template = form(date_order=order, date={"kind": "date"})
    found = reading("2026-05-23", kind="date", text=text)
    assert [reason.code for reason in reasons_for(template, date=found)] == codes


@pytest.mark.parametrize(
    ("text", "value", "codes"),
    [
        ("12/05/47", "2047-05-12", ["date_ahead"]),
        ("12/05/2042", "2042-05-12", ["date_ahead"]),
        ("12/05/41", "2041-05-12", ["date_ahead"]),
        ("١٢/٠٥/٣١", "2031-05-12", ["date_ahead"]),
        ("12/05/30", "2030-05-12", []),
        ("12/05/2041", "2041-05-12", []),
        ("12/05/1447", "2025-11-03", []),
        ("12/05/1996", "1996-05-12", []),
    ],
)
def test_a_date_that_no_invoice_has_yet(text: str, value: str, codes: list[str]) -> None:
    template = form(date={"kind": "date"})
    found = reading(value, kind="date", text=text)
    assert [reason.code for reason in reasons_for(template, date=found)] == codes


@pytest.mark.parametrize(
    ("order", "text", "value", "codes"),
    [
        ("dmy", "٢٢-٠٦-٢٧", "2027-06-22", ["date_turned"]),
        ("dmy", "٢٤-٠٧-٠٢", "2002-07-24", ["date_turned"]),
        ("ymd", "٢٢-٠٦-٢٧", "2022-06-27", ["date_turned"]),
        # From its other end it would be of 2002, or of no year.
        ("dmy", "٠٢-٠٧-٢٤", "2024-07-02", []),
        ("dmy", "٢٤-٠٧-٢٤", "2024-07-24", []),
        ("dmy", "22-06-27", "2027-06-22", []),
        ("dmy", "٢٢/٠٦/٢٧", "2027-06-22", []),
        ("dmy", "٢٢-٠٦-٢٠٢٧", "2027-06-22", []),
    ],
)
def test_a_date_that_may_be_turned_round(
    order: str, text: str, value: str, codes: list[str]
) -> None:
    template = form(date_order=order, date={"kind": "date"})
    found = reading(value, kind="date", text=text)
    assert [reason.code for reason in reasons_for(template, date=found)] == codes
