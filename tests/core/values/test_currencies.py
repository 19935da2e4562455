"""Amounts with a currency beside them: their value, or none where it can't be told."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.template import Kind
from core.values.numbers import parse_amount
from core.values.parse import parse_value

CURRENCIES = [
    *(
        "AED",
        "sar",
        "Usd",
        "EUR",
        "Dhs",
        "Dhs.",
        "SR",
        "S.R",
        "S.R.",
        "KD",
        "L.E.",
        "$",
        "US$",
        "€",
    ),
    *("د.إ", "د.إ.", "د.ا", "دإ", "د. إ", "ر.س", "ر.س.", "ج.م", "ل.ل.", "﷼", "\u20c1"),
    *("درهم", "ريال سعودي", "دينار", "جنيه مصري", "ليرة لبنانية", "Saudi Riyals", "dollars"),
]
TO_ARABIC = str.maketrans("0123456789.,", "٠١٢٣٤٥٦٧٨٩٫٬")

fuzzed = settings(derandomize=True, max_examples=200, deadline=None)
amounts = st.decimals(0, 10**9, places=2)
currencies = st.sampled_from(CURRENCIES)
printed = st.builds(
    lambda amount, arabic: f"{amount:,}".translate(TO_ARABIC if arabic else {}),
    amounts,
    st.booleans(),
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("AED 5", "5"),
        ("5AED", "5"),
        ("٥٢٥٠٠ د.إ", "52500"),
        ("SAR 1,250.00", "1250.00"),
        ("1.234,50 €", "1234.50"),
        ("د.ك ١٢٫٥٠٠", "12.500"),
        ("EGP 5 000", "5000"),
        ("INR 12,34,567", "1234567"),
        ("\u200f٥٠ ر.ع.\u200f", "50"),
        # A minus inside or outside.
        ("-AED 5", "-5"),
        ("AED -5", "-5"),
        ("5 AED-", "-5"),
        ("(5.00) USD", "-5.00"),
        ("(USD 5.00)", "-5.00"),
        ("USD (5.00)", "-5.00"),
        ("-٥ د.إ", "-5"),
        # Whose the dot is.
        ("Dhs. 500", "500"),
        ("Dhs.1,250.00", "1250.00"),
        ("S.R.50", "50"),
        ("د.إ.٥٠", "50"),
        ("$.50", "0.50"),
        ("Dhs.500", None),
        ("AED.50", None),
        ("50.SR", None),
        # No amount, or not one alone.
        ("AED", None),
        ("AED AED", None),
        ("USD 5 USD", None),
        ("USD 5 SAR 19", None),
        ("AED (USD 5)", None),
        ("AED - 500", None),
        ("500 - AED", None),
        ("AED 5%", None),
        ("5% AED", None),
        ("AEDX 5", None),
        ("XAED 5", None),
        ("5 AEDX", None),
        ("5 XAED", None),
        ("AED5AED", None),
        ("5 kg", None),
        ("5 م", None),
        ("خمسة ريال", None),
        ("No. 5", None),
        ("$" * 50 + "5", None),
        ("AED " + "1" * 80, None),
    ],
)
def test_amount_with_a_currency(text: str, value: str | None) -> None:
    assert parse_amount(text) == value


@fuzzed
@given(printed, currencies, st.sampled_from(["{} {}", "{}\u00a0{}", "{} {} "]))
def test_its_value_is_that_of_the_amount(amount: str, currency: str, way: str) -> None:
    alone = parse_amount(amount)
    assert alone is not None
    assert parse_amount(way.format(currency, amount)) == alone
    assert parse_amount(way.format(amount, currency)) == alone


@fuzzed
@given(amounts, currencies)
def test_a_minus_counts_on_either_side_of_it(amount: Decimal, currency: str) -> None:
    expected = parse_amount(f"-{amount}")
    for text in (
        f"-{currency} {amount}",
        f"{currency} -{amount}",
        f"-{amount} {currency}",
        f"{amount} {currency}-",
        f"{currency} {amount}-",
        f"({amount}) {currency}",
        f"{currency} ({amount})",
        f"({currency} {amount})",
        f"({amount} {currency})",
    ):
        assert parse_amount(text) == expected, text


@fuzzed
@given(printed, currencies)
def test_a_dot_without_a_blank_never_makes_another_amount(amount: str, currency: str) -> None:
    assert parse_amount(f"{currency}{amount}") in (parse_amount(amount), None)
    assert parse_amount(f"{amount}{currency}") in (parse_amount(amount), None)


@fuzzed
@given(st.text("AEDSRد.إرس$ 0123456789٠١٢٫٬,.-()%", max_size=20))
def test_whatever_is_typed_the_value_has_its_digits(text: str) -> None:
    value = parse_amount(text)
    if value is not None:
        digits = "".join(str(int(char)) for char in text if char.isdecimal())
        assert value.strip("-").replace(".", "").lstrip("0") == digits.lstrip("0")


def test_a_pattern_is_on_the_value() -> None:
    assert parse_value(Kind.AMOUNT, "AED 5.00", pattern=r"\d+\.\d\d").value == "5.00"
