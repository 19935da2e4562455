"""How the page writes numbers, names and sentences."""

import pytest

from core.wording import label, percent
from functions.api import words


@pytest.mark.parametrize(
    ("confidence", "shown"),
    [(1.0, "100 %"), (0.99999, "99.9 %"), (0.998, "99.8 %"), (0.95, "95 %"), (0.0, "0 %")],
)
def test_confidence_is_never_rounded_up(confidence: float, shown: str) -> None:
    assert percent(confidence) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [("20717.50", "20,717.50"), ("-1234567", "-1,234,567"), ("0.000", "0.000"), ("1" * 30, None)],
)
def test_amounts_lose_no_digit(value: str, shown: str | None) -> None:
    assert words.amount(value).replace(",", "") == value
    assert shown is None or words.amount(value) == shown


@pytest.mark.parametrize(
    ("name", "shown"), [("invoice_number", "Invoice number"), ("المجموع", "المجموع"), ("_", "_")]
)
def test_names_of_fields_are_words(name: str, shown: str) -> None:
    assert label(name) == shown


def test_quotes_in_a_sentence_keep_to_themselves() -> None:
    assert words.sentence("date: “١٢-٠٥” is <no> date, “A & B” is a name") == (
        'date: “<bdi class="digits" dir="ltr">١٢-٠٥</bdi>” is &lt;no&gt; date, '
        "“<bdi>A &amp; B</bdi>” is a name"
    )


def test_a_sentence_does_not_repeat_what_it_stands_beside() -> None:
    assert words.without_name("total: the box is empty", "total") == "The box is empty"
    assert words.without_name("the box is empty", "total") == "The box is empty"
