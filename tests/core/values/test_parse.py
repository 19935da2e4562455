"""What texts mean. Each line of a table is one text and its value."""

import pytest

from core.template import DateOrder, Kind, parse_template
from core.values.dates import parse_date
from core.values.numbers import parse_amount, parse_number
from core.values.parse import parse_value, value_in
from core.values.plain import clean_text
from core.values.value import Value

LRM, RLM, ALM, RLE, PDF, LRI, PDI = "\u200e\u200f\u061c\u202b\u202c\u2066\u2069"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("145172", "145172"),
        ("١٤٥١٧٢", "145172"),
        ("۱۴۵۱۷۲", "145172"),  # Persian
        ("١٤5172", "145172"),  # two families in one number: odd, yet it means one thing
        ("000318", "000318"),
        ("٠٠٠٣١٨", "000318"),
        ("0012-34", "001234"),
        ("2024/0012", "20240012"),
        ("٢٠٢٤/٠٠١٢", "20240012"),
        ("12:34", "1234"),
        ("0012 345 678", "0012345678"),
        ("12 / 345", "12345"),
        ("12–34", "1234"),  # an en dash
        ("12.345", "12345"),
        ("1,000", "1000"),
        ("١٬٠٠٠", "1000"),
        (f"{RLM}١٢٣{LRM}", "123"),
        (" 123 ", "123"),
        # A count with decimals is an amount, not a number ten times as large.
        ("2.5", None),
        ("2,50", None),
        ("٢٫٥", None),
        ("12.3456", None),
        # Marks with nothing to set apart, words, nothing.
        ("-123", None),
        ("123-", None),
        ("1--2", None),
        ("(123)", None),
        ("50%", None),
        ("INV-123", None),
        ("-", None),
        ("", None),
        ("٣²", None),
    ],
)
def test_number(text: str, value: str | None) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("INV-00123", r"INV-\d+", "INV-00123"),
        ("٢٠٢٤-٠٠١٢٣", r"\d{4}-\d{5}", "2024-00123"),
        ("٢٠٢٤-٠٠١٢٣", r"\d{9}", "202400123"),
        ("000318", r"\d{6}", "000318"),
        ("00318", r"\d{6}", None),
        ("x000318", r"\d{6}", None),  # the whole, not a part
        ("000318x", r"\d{6}", None),
        ("2.5", r"\d+", None),  # a pattern doesn't turn decimals into digits
        ("2.5", r"[\d.]+", "2.5"),
        ("", r".*", None),
        ("", r"\d*", None),
    ],
)
def test_number_with_pattern(text: str, pattern: str, value: str | None) -> None:
    assert parse_value(Kind.NUMBER, text, pattern=pattern) == Value(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Whole numbers, in each family of digits.
        ("56000", "56000"),
        ("٥٦٠٠٠", "56000"),
        ("۵۶۰۰۰", "56000"),
        ("0", "0"),
        ("007", "7"),
        # Decimals stay as they are printed.
        ("50.00", "50.00"),
        ("٥٠٫٠٠", "50.00"),
        ("0.5", "0.5"),
        (".50", "0.50"),
        ("12,50", "12.50"),
        ("١٢,٥٠", "12.50"),
        ("١٢،٥٠", "12.50"),
        ("1.2345", "1.2345"),
        # Grouping and decimals, told apart by where they stand.
        ("1,234.50", "1234.50"),
        ("1.234,50", "1234.50"),
        ("١٬٢٣٤٫٥٠", "1234.50"),
        ("١,٢٣٤.٥٠", "1234.50"),
        ("١.٢٣٤٫٥٠", "1234.50"),
        ("1 234,50", "1234.50"),
        ("1\u202f234,50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1’234.50", "1234.50"),
        ("1,234,567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234.567,8", "1234567.8"),
        ("١٬٢٣٤٬٥٦٧", "1234567"),
        ("1,234.567", "1234.567"),
        ("12,34,567.00", "1234567.00"),
        ("1,23,45,678", "12345678"),
        # One mark and three digits: a comma groups where it can, a point never does.
        ("1,234", "1234"),
        ("12,500", "12500"),
        ("١٢٬٥٠٠", "12500"),
        ("0,500", "0.500"),
        ("1234,567", "1234.567"),
        ("1.234", "1.234"),
        ("12.500", "12.500"),
        ("١٢٫٥٠٠", "12.500"),
        # A minus on either side, of any form, or parentheses.
        ("-5.00", "-5.00"),
        ("5.00-", "-5.00"),
        ("- 5", "-5"),
        ("5 -", "-5"),
        ("−5", "-5"),
        ("–٥", "-5"),
        ("(1,234.50)", "-1234.50"),
        ("( ٥ )", "-5"),
        ("-0.00", "0.00"),
        # A percentage is the number before its sign, on whichever side that is printed.
        ("5%", "5"),
        ("٥٪", "5"),
        ("٪١٥", "15"),
        ("15 %", "15"),
        ("-5%", "-5"),
        ("(5)%", "-5"),
        (f"{RLE}٥٠٫٢٥{PDF}", "50.25"),
        ("9" * 30, "9" * 30),
        # No amount.
        ("1,23,4.5.6", None),
        ("1,234,56", None),
        ("1,2,3", None),
        ("12,34", "12.34"),
        ("1234,567,890", None),
        ("1,250/-", "1250"),
        ("٣٠٠ /-", "300"),
        ("-/٣٠٠", "300"),
        ("-1,250.50/-", "-1250.50"),
        ("AED 1,250/-", "1250"),
        ("/-", None),
        ("5/-2", None),
        ("1.5,00", None),
        ("١٫٢٣٤٫٥٦", None),
        ("01,234", None),
        ("0,123,456", None),
        ("1,234'567", None),
        ("1 234 56", None),
        ("12 34", None),
        ("١٢٬٥٠", None),
        ("12.", None),
        ("12,", None),
        ("1..2", None),
        ("--5", None),
        ("-5-", None),
        ("(-5)", None),
        ("(5", None),
        ("5)", None),
        ("5%5", None),
        ("%5%", None),
        ("5/2", None),
        ("1e5", None),
        ("NaN", None),
        ("-", None),
        ("()", None),
        ("%", None),
        (".", None),
        ("", None),
        ("9" * 31, None),
    ],
)
def test_amount(text: str, value: str | None) -> None:
    assert parse_amount(text) == value


@pytest.mark.parametrize(
    ("order", "text", "value"),
    [
        # The order of the form decides where both could be.
        ("dmy", "05/12/2024", "2024-12-05"),
        ("mdy", "05/12/2024", "2024-05-12"),
        ("dmy", "٠٥/١٢/٢٠٢٤", "2024-12-05"),
        ("mdy", "5/12/2024", "2024-05-12"),
        ("dmy", "5.12.2024", "2024-12-05"),
        ("dmy", "5-12-2024", "2024-12-05"),
        ("dmy", "05 12 2024", "2024-12-05"),
        ("dmy", "05 / 12 / 2024", "2024-12-05"),
        ("dmy", "٠٥٫١٢٫٢٠٢٤", "2024-12-05"),
        # A date that is none in that order, but one in the other.
        ("mdy", "25/12/2024", "2024-12-25"),
        ("dmy", "12/25/2024", "2024-12-25"),
        # The year first: ISO, whatever the order of the form.
        ("dmy", "٢٠٢٤-٠٥-١٢", "2024-05-12"),
        ("mdy", "2024-05-12", "2024-05-12"),
        ("ymd", "2024/5/1", "2024-05-01"),
        ("dmy", "2024-31-12", "2024-12-31"),
        # An ISO date that layout from right to left turned round has its day first.
        ("ymd", "١٢-٠٥-٢٠٢٤", "2024-05-12"),
        # Years of two digits.
        ("dmy", "05/12/24", "2024-12-05"),
        ("mdy", "05/12/24", "2024-05-12"),
        ("ymd", "24/05/12", "2024-05-12"),
        ("ymd", "24/5/1", "2024-05-01"),
        ("dmy", "05/12/69", "2069-12-05"),
        ("dmy", "05/12/70", "1970-12-05"),
        ("mdy", "25/12/24", "2024-12-25"),
        # A time is passed over, on either side of the date and close to it.
        ("dmy", "05/12/2024 14:30", "2024-12-05"),
        ("dmy", "05/12/2024 14:30:59", "2024-12-05"),
        ("dmy", "05/12/2024 2:30 PM", "2024-12-05"),
        ("dmy", "14:30 05/12/2024", "2024-12-05"),
        ("dmy", "05/12/202414:30", "2024-12-05"),
        # The reader leaves out blanks: the 2nd at 13:45, or the 21st at 3:45.
        ("dmy", "2024/3/213:45", None),
        ("ymd", "٢٠٢٤/١٠/٢١٣:٤٥", None),
        ("dmy", "2024/3/2 13:45", "2024-03-02"),
        ("dmy", "2024/03/213:45", "2024-03-21"),
        ("dmy", "2024-03-2212:33:25", "2024-03-22"),
        ("dmy", "٠٥/١٢/٢٠٢٤ ١٤:٣٠", "2024-12-05"),
        ("dmy", "2024-05-12T10:00:00Z", "2024-05-12"),
        ("dmy", "2024-05-12T10:00:00.5+03:00", "2024-05-12"),
        ("dmy", f"{RLM}05/12/2024{LRM}", "2024-12-05"),
        ("dmy", "29/02/2024", "2024-02-29"),
        # No date.
        ("dmy", "29/02/2023", None),
        ("dmy", "31/04/2024", None),
        ("dmy", "13/13/2024", None),
        ("dmy", "00/12/2024", None),
        ("dmy", "05/00/2024", None),
        ("ymd", "24/13/12", None),
        ("dmy", "05/12/2", None),
        ("dmy", "05/12/024", None),
        ("dmy", "2024/05/2024", None),
        ("dmy", "05/2024/12", None),
        ("dmy", "005/12/2024", None),
        ("dmy", "1/2/3", None),
        ("dmy", "12/2024", None),
        ("dmy", "05122024", None),
        ("dmy", "05//12/2024", None),
        ("dmy", "05/12/2924", None),
        ("dmy", "05/12/1899", None),
        ("dmy", "05/12/2024 x", None),
        ("dmy", "14:30", None),
        ("dmy", "", None),
    ],
)
def test_date(order: DateOrder, text: str, value: str | None) -> None:
    assert parse_date(text, order) == Value(value)


@pytest.mark.parametrize(
    ("order", "text", "value", "hijri"),
    [
        # 1 Ramadan 1445 was 11 March 2024, 10 Muharram 1446 was 16 July 2024 (Umm al-Qura).
        ("dmy", "1445-09-01", "2024-03-11", "1445-09-01"),
        ("dmy", "٠١/٠٩/١٤٤٥", "2024-03-11", "1445-09-01"),
        ("mdy", "09/01/1445", "2024-03-11", "1445-09-01"),
        ("ymd", "١٤٤٦/١/١٠", "2024-07-16", "1446-01-10"),
        ("dmy", "30/09/1445", "2024-04-09", "1445-09-30"),  # that month had 30 days
        ("dmy", "30/10/1445", None, None),  # and this one 29
        ("dmy", "01/01/1342", None, None),
        ("dmy", "01/01/1501", None, None),
    ],
)
def test_hijri_date(order: DateOrder, text: str, value: str | None, hijri: str | None) -> None:
    assert parse_date(text, order) == Value(value, hijri)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("شركة  النور\n", "شركة النور"),
        (f"{RLE}شركة{PDF} {LRI}Gulf{PDI}{ALM}", "شركة Gulf"),
        ("caf\u0065\u0301", "caf\u00e9"),
        (f"\u0065{LRM}\u0301", "\u00e9"),  # composed once nothing stands between
        ("\u00a0Gulf\tTrading\u00a0", "Gulf Trading"),
        ("فاتورة رقم ١٢", "فاتورة رقم ١٢"),  # digits of a text stay as they are
        ("", None),
        (f" {LRM} ", None),
        ("Gulf\x00\x1b Trading\x9f", "Gulf Trading"),
        ("Gulf\x1f\x85Trading", "Gulf Trading"),
    ],
)
def test_text(text: str, value: str | None) -> None:
    assert parse_value(Kind.TEXT, text) == Value(value)
    assert clean_text(text) == (value or "")


@pytest.mark.parametrize(
    ("kind", "text", "pattern", "value"),
    [
        (Kind.AMOUNT, "١٬٢٣٤٫٥٠", r"\d+\.\d{2}", "1234.50"),
        (Kind.AMOUNT, "1,234.5", r"\d+\.\d{2}", None),
        (Kind.DATE, "01/02/2024", r"2024-.*", "2024-02-01"),
        (Kind.DATE, "01/09/1445", r"2023-.*", None),
        (Kind.TEXT, " Gulf  LLC ", r"\w+ LLC", "Gulf LLC"),
        (Kind.TEXT, "Gulf Trading LLC", r"\w+ LLC", None),
        (Kind.AMOUNT, "x", r".*", None),
    ],
)
def test_pattern_is_on_all_of_the_value(
    kind: Kind, text: str, pattern: str, value: str | None
) -> None:
    assert parse_value(kind, text, pattern=pattern) == Value(value)


def test_a_value_that_the_pattern_refuses_leaves_no_hijri_date_behind() -> None:
    assert parse_value(Kind.DATE, "01/09/1445", pattern="x").hijri is None


@pytest.mark.parametrize("kind", list(Kind))
def test_what_nobody_prints_has_no_value_and_raises_nothing(kind: Kind) -> None:
    for text in ("\x00", "٪٪", "ـ", "\ud800", "(" * 500, "1," * 500, "-" * 500, "٫" * 500, "² ½"):
        if kind is not Kind.TEXT:
            assert parse_value(kind, text).value is None
        else:
            parse_value(kind, text)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "text",
    [
        "1 " * 20_000,
        "1-" * 20_000,
        "1,111" * 9_000,
        "(" * 50_000,
        # What forms fill a line with, behind a date.
        "11/03/2024" + " -" * 34,
        "11/03/2024" + " /" * 34,
    ],
)
def test_long_texts_take_no_long_time(text: str) -> None:
    # People can paste anything into a correction.
    assert [parse_value(kind, text + "x").value for kind in Kind][:3] == [None, None, None]


@pytest.mark.parametrize(
    ("text", "value", "hijri"),
    [
        ("14 March 2026", "2026-03-14", None),
        ("14-Mar-26", "2026-03-14", None),
        ("14th of March, 2026", "2026-03-14", None),
        ("March 14, 2026", "2026-03-14", None),
        ("2026 MAR 14", "2026-03-14", None),
        ("14/Sept/2026", "2026-09-14", None),
        ("١٤ مارس ٢٠٢٦", "2026-03-14", None),
        ("١٤ مارس ٢٠٢٦ م", "2026-03-14", None),
        ("14 ابريل 2026", "2026-04-14", None),  # without its hamza
        ("١٤ آذار ٢٠٢٦", "2026-03-14", None),
        ("١٤ تشرين الثاني ٢٠٢٥", "2025-11-14", None),
        ("١٤ كانون الأول ٢٠٢٥", "2025-12-14", None),
        ("14 فيفري 2026", "2026-02-14", None),
        ("14 جويلية 2026", "2026-07-14", None),
        ("14 غشت 2026", "2026-08-14", None),
        ("14 دجنبر 2025", "2025-12-14", None),
        ("١ رمضان ١٤٤٥ هـ", "2024-03-11", "1445-09-01"),
        ("٢٩ ذو الحجة ١٤٤٥", "2024-07-05", "1445-12-29"),
        ("1 جمادى الآخرة 1445", "2023-12-14", "1445-06-01"),
        # in both calendars
        ("1445/09/01 - 2024/03/11", "2024-03-11", "1445-09-01"),
        ("١٤٤٥/٠٩/٠١ هـ ٢٠٢٤/٠٣/١١ م", "2024-03-11", "1445-09-01"),
        ("11/03/2024 (01/09/1445)", "2024-03-11", "1445-09-01"),
        ("2024-03-12/1445-09-01", "2024-03-12", "1445-09-01"),  # a month begins by sighting
        ("٢٠٢٤/٠٣/١١١٤٤٥/٠٩/٠١", "2024-03-11", "1445-09-01"),  # a word between them is not read
        ("11/3/20241/9/1445", "2024-03-11", "1445-09-01"),
        ("11/03/202401/09/1446", None, None),
        ("11/03/202412/03/2024", None, None),
        # with its era
        ("1445/09/01هـ", "2024-03-11", "1445-09-01"),
        ("١/٩/١٤٤٥ هـ.", "2024-03-11", "1445-09-01"),
        ("01/09/1445 AH", "2024-03-11", "1445-09-01"),
        ("١١/٣/٢٠٢٤م", "2024-03-11", None),
        ("2024-03-11 م", "2024-03-11", None),
        ("11/03/2024 10:30 م", "2024-03-11", None),  # or the afternoon
        ("11/03/2024هـ", None, None),
        ("1445/09/01م", None, None),
        ("1/9/45هـ", None, None),  # a year of two digits is Gregorian
        ("11/03/2024 مم", None, None),
        ("1445/09/01 - 2024/03/14", None, None),
        ("2024/03/11 - 2024/03/11", None, None),
        # what is none
        ("31 April 2026", None, None),
        ("14 رمضان 2026", None, None),
        ("14 March 1445", None, None),
        ("14 Marching 2026", None, None),
        ("March 2026", None, None),
        ("14 March", None, None),
        ("14 March 2026 2026", None, None),
        ("14 March 026", None, None),
    ],
)
def test_dates_with_names_and_in_both_calendars(
    text: str, value: str | None, hijri: str | None
) -> None:
    assert parse_value(Kind.DATE, text) == Value(value, hijri)


@pytest.mark.parametrize(
    ("example", "text", "value"),
    [
        ("1 234,567", "125,500", "125.500"),
        ("1 234,567", "-١٢٥,٥٠٠", "-125.500"),
        ("12,50 د.ت", "125,500 د.ت", "125.500"),
        ("12,50", "1.234", "1234"),
        ("12,50", "12.50", "12.50"),
        ("12,50", "1.234.567", "1234567"),
        ("12,50", "1.234,567", "1234.567"),
        # These say nothing of it.
        ("125,500", "125,500", "125500"),
        ("1234", "125,500", "125500"),
        ("1,234.50", "125,500", "125500"),
        (None, "125,500", "125500"),
    ],
)
def test_an_example_says_what_begins_decimals(example: str | None, text: str, value: str) -> None:
    total = {"name": "total", "kind": "amount", "box": (0, 0, 9, 9), "example": example}
    template = parse_template({"id": "t", "page_size": (9, 9), "fields": [total]})
    assert value_in(template, template.fields[0], text).value == value
