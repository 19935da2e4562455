"""Which texts a kind of field may have, and how that decides between readings that look alike."""

import math

import pytest

from core.reading.ctc import Hypothesis
from core.reading.grammar import Kind, meant, well_formed
from core.reading.weighing import weighed


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "amount"),
        ("0", "amount"),
        ("٠.٠٠", "amount"),
        ("0,5", "amount"),
        ("٥٢٥٠٠", "amount"),
        ("1,234.50", "amount"),
        ("١٩٬٧٣١٫٠٠", "amount"),
        ("١٢,٧٩٤.٤٠", "amount"),
        ("1.234,5", "amount"),
        ("٥٤,٠٠", "amount"),
        ("(1,234.50)", "amount"),
        ("-٣٫٥", "amount"),
        ("٣٫٥-", "amount"),
        ("15%", "amount"),
        ("1,250/-", "amount"),
        ("-/١٢٥٠", "amount"),
        ("%١٥", "amount"),
        ("3/7/24", "date"),
        ("٢٠٢٤-٠٥-١٧", "date"),
        ("17.05.2024", "date"),
        ("12/31/2024", "date"),
        ("2024/31/12", "date"),
        ("99-1-31", "date"),
        ("١٤٤٧/٠٣/٠٩", "date"),
        ("21/03/202413:45", "date"),
        ("٢٠٢٤/٠٣/٢١١٣:٤٥", "date"),
        ("21.3.2409:45:07", "date"),
        ("13:4521/03/2024", "date"),
        ("000318", "number"),
        ("2024-00123", "number"),
        ("(04)555-1234", "number"),
        ("14:30", "number"),
    ],
)
def test_what_is_printed_is_well_formed(text: str, kind: Kind) -> None:
    assert well_formed(text, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("١٩٫٧٣١٫٠٠", "amount"),
        ("1,23.50", "amount"),
        ("1,187:60", "amount"),
        (".", "amount"),
        ("٠٠٠", "amount"),
        ("٠٠.٥٠", "amount"),
        ("0,123.50", "amount"),
        ("(12", "amount"),
        ("17.05-2024", "date"),
        ("2024", "date"),
        ("-", "number"),
        ("12/", "number"),
        ("2003-6-0", "date"),
        ("00/12/2020", "date"),
        ("13/13/2020", "date"),
        ("32/1/2020", "date"),
        ("٢٠١٨/٠٧/٤٠", "date"),
        ("٠١٩٨.٤.٢٣", "date"),
        ("21/03/202425:45", "date"),
        ("2024/3/213:45", "date"),  # of the 21st, or of the 2nd?
        ("21/13/202413:45", "date"),
    ],
)
def test_what_is_not_is_not(text: str, kind: Kind) -> None:
    assert not well_formed(text, kind)


@pytest.mark.parametrize(
    ("seen", "printed"),
    [
        ("٥٩.٧٣٢.٣٧٤,٨٩", "٥٩٬٧٣٢٬٣٧٤٫٨٩"),
        ("(١٢٬١١١.٧٣٣)", "(١٢٬١١١٫٧٣٣)"),
        ("-٢١١.٠٥٩.٠٤٨", "-٢١١٬٠٥٩٬٠٤٨"),
        # As they are: printed so, or nobody knows how.
        ("١٢.٣٤٥", "١٢.٣٤٥"),
        ("١٢,٣٤٥.٦٧", "١٢,٣٤٥.٦٧"),
        ("١.٢٣٤.٥٦", "١.٢٣٤.٥٦"),
        ("59.732,89", "59.732,89"),
    ],
)
def test_marks_are_those_that_go_with_the_digits(seen: str, printed: str) -> None:
    assert meant(seen, "amount") == printed
    assert meant(seen, "number") == seen


def test_texts_that_mean_the_same_count_together() -> None:
    seen = [Hypothesis(t, math.log(p)) for t, p in [("٢.٣٤٥,١", 0.4), ("٢٬٣٤٥٫١", 0.3)]]
    ((text, chance),) = weighed(seen, "amount")
    assert text == "٢٬٣٤٥٫١"
    assert chance == pytest.approx(0.7)


def test_the_form_decides_between_marks_that_look_alike() -> None:
    alike = [Hypothesis("١٩٫٧٣١٫٠٠", math.log(0.6)), Hypothesis("١٩٬٧٣١٫٠٠", math.log(0.3))]
    (text, chance), (_, other) = weighed(alike, "amount")
    assert text == "١٩٬٧٣١٫٠٠"
    assert chance > 0.85
    assert chance + other == pytest.approx(0.9)


@pytest.mark.parametrize(
    ("likely", "other", "wins"),
    [
        ("٥٤,٠٠", "٥٤٫٠٠", "٥٤٫٠٠"),  # decimals
        ("٢٠٦١,٠٠٠", "٢٠٦١٫٠٠٠", "٢٠٦١٫٠٠٠"),
        ("٥٤,٠٠٠", "٥٤٫٠٠٠", "٥٤,٠٠٠"),  # thousands
        ("54,00", "54.00", "54,00"),
    ],
)
def test_a_decimal_comma_between_arabic_indic_digits_is_rarer(
    likely: str, other: str, wins: str
) -> None:
    seen = [Hypothesis(likely, math.log(0.6)), Hypothesis(other, math.log(0.35))]
    (text, chance), *_ = weighed(seen, "amount")
    assert text == wins
    assert chance < 0.65  # and stays in doubt


def test_what_is_plainly_seen_stands_against_the_form() -> None:
    seen = [Hypothesis("١٢/", math.log(0.995)), Hypothesis("١٢١", math.log(0.002))]
    assert weighed(seen, "number")[0][0] == "١٢/"
