"""What a correction says is printed in the box."""

import pytest

from core.export.labels import label
from core.invoice import Reading
from core.template import DateOrder, Kind


def told(
    kind: str,
    seen: str,
    value: str | None,
    typed: str | None = None,
    *,
    order: DateOrder = "dmy",
    hijri: str | None = None,
) -> str | None:
    reading = Reading(
        text=seen,
        value=value,
        kind=Kind(kind),
        confidence=0.5,
        box=(0, 0, 9, 9),
        reviewed_by="Mona",
        hijri=hijri,
    )
    return label(reading, typed=typed, date_order=order)


@pytest.mark.parametrize(
    ("kind", "seen", "value", "typed", "printed"),
    [
        # confirmed: it is what was seen
        ("number", "٠٠٤٢", "0042", "0042", "٠٠٤٢"),
        ("amount", "١٬٢٣٤٫٥٠", "1234.50", "1234.50", "١٬٢٣٤٫٥٠"),
        ("date", "12/05/2024", "2024-05-12", "2024-05-12", "12/05/2024"),
        # corrected: in the digits, marks and order that were seen
        ("number", "٠٠٤٢", "0043", "0043", "٠٠٤٣"),
        ("number", "٠٠٤", "0043", "0043", "٠٠٤٣"),
        ("number", "12-345", "12346", "12346", "12-346"),
        ("amount", "١٢٫٥٠", "12.60", "12.60", "١٢٫٦٠"),
        ("amount", "1,234.50", "21234.50", "21234.50", "21,234.50"),
        ("amount", "(3.5)", "-3.6", "-3.6", "(3.6)"),
        ("amount", "٪٥", "15", "15", None),
        ("date", "12/05/2024", "2024-05-13", "13.5.2024", "13/05/2024"),
        ("date", "١٢/٥/٢٠٢٤", "2024-05-13", "2024-05-13", "١٣/٥/٢٠٢٤"),
        ("date", "2024-05-12", "2023-05-12", "2023-05-12", "2023-05-12"),
        # typed in the digits that are printed, it is what is printed
        ("amount", "", "12.50", "١٢٫٥٠", "١٢٫٥٠"),
        ("amount", "??", "1234.50", "۱٬۲۳۴٫۵۰", "١٬٢٣٤٫٥٠"),
        # nothing tells
        ("amount", "", "12.50", "12.50", None),
        ("amount", "١2٫50", "13.50", "13.50", None),
        ("amount", "١٢٣", "12.30", "12.30", None),
        ("date", "١٢/٠٥", "2024-05-12", "2024-05-12", None),
        ("text", "أكمي", "أكمي", "أكمي", None),
    ],
)
def test_a_label_is_what_is_printed_or_nothing(
    kind: str, seen: str, value: str, typed: str, printed: str | None
) -> None:
    assert told(kind, seen, value, typed) == printed


def test_the_order_of_the_form_counts() -> None:
    assert told("date", "05/12/2024", "2024-05-13", order="mdy") == "05/13/2024"
    assert told("date", "05/12/2024", "2024-12-06", order="dmy") == "06/12/2024"


def test_a_form_may_have_another_order_than_its_template_says() -> None:
    # Read right and meant otherwise, or misread as well.
    assert told("date", "03/04/2026", "2026-03-04", typed="2026-03-04") == "03/04/2026"
    assert told("date", "٠٣/٠٤/٢٠٢٦", "2026-03-04", typed="4/3/2026") == "٠٣/٠٤/٢٠٢٦"
    assert told("date", "03/08/2026", "2026-03-04") == "03/04/2026"
    assert told("date", "03/04/2026", "2026-04-03", order="mdy") == "03/04/2026"
    # As near in one order as in the other.
    assert told("date", "04/04/2026", "2026-04-03") is None


def test_a_hijri_date_keeps_its_calendar() -> None:
    assert told("date", "١٤٤٧/٠٩/٠١", "2026-02-19", hijri="1447-09-02") == "١٤٤٧/٠٩/٠٢"


def test_a_box_that_holds_nothing_is_labelled_so() -> None:
    assert told("amount", "١٢", None) == ""


def test_what_nobody_looked_at_has_no_label() -> None:
    unseen = Reading(text="1", value="1", kind=Kind.NUMBER, confidence=1, box=(0, 0, 9, 9))
    assert label(unseen, typed=None) is None
