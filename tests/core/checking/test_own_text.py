"""A digital PDF's own text counts where the picture agrees; fonts that lie are caught."""

import io
import json
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from pdfs import pdf
from test_page import LIMITS

from core.checking.own_text import SURE, compared, numeric
from core.extract import Extractor
from core.formats.decoder import Character
from core.invoice import Outcome
from core.page import open_document
from core.ports import StoredTemplate
from core.reading.numeric import LineReading
from core.template import Field, Kind, Template, Turn, load_template, parse_template

SIZE = (1654, 2339)
INVOICES = Path("samples/invoices")


def template(kind: str = "amount", box: tuple[int, int, int, int] = (40, 50, 260, 100)) -> Template:
    """A page of A4 at 200 dpi with one box, around what `pdf` prints."""
    field = {"name": "total", "kind": kind, "box": box}
    return parse_template({"id": "t", "page_size": SIZE, "fields": [field]})


def read(extractor: Extractor, data: bytes, form: Template | None = None) -> Outcome:
    return extractor.extract(data, [StoredTemplate(form or template())], name="a.pdf")


def codes(outcome: Outcome) -> list[str]:
    return [reason.code for reason in outcome.reasons]


class TestCharacters:
    def test_are_where_they_are_drawn(self) -> None:
        with open_document(pdf(text="Total 12"), LIMITS, name="a") as document:
            characters = document.characters(1)
        assert "".join(each.text for each in characters) == "Total 12"
        assert 0.03 < characters[0].x < characters[-1].x < 0.13
        assert all(0.02 < each.y < 0.04 for each in characters)

    @pytest.mark.parametrize("how", [{"scan": True}, {"invisible": True}])
    def test_what_a_machine_read_before_is_none(self, how: dict[str, Any]) -> None:
        with open_document(pdf(**how), LIMITS, name="a") as document:
            assert document.characters(1) == []

    def test_a_picture_has_none(self) -> None:
        path = next(INVOICES.glob("*.png"))
        with open_document(path.read_bytes(), LIMITS, name="a") as document:
            assert document.characters(1) == []


def test_what_both_say_is_exact(extractor: Extractor) -> None:
    outcome = read(extractor, pdf(text="123.45"))
    reading = outcome.fields["total"]
    assert (reading.text, reading.value, reading.exact) == ("123.45", "123.45", True)
    assert reading.confidence == SURE
    assert outcome.reasons == ()


def test_a_currency_beside_it_does_no_harm(extractor: Extractor) -> None:
    reading = read(extractor, pdf(text="Dhs. 123.45")).fields["total"]
    assert (reading.text, reading.exact) == ("123.45", True)


@pytest.mark.parametrize("text", ["1,234.50 CR", "25K", "2.5 million", "Total - 1,234"])
def test_what_stands_beside_an_amount_is_doubted_all_the_same(
    extractor: Extractor, text: str
) -> None:
    outcome = read(extractor, pdf(text=text), template(box=(40, 50, 400, 100)))
    assert not outcome.fields["total"].exact
    assert codes(outcome) == ["low_confidence"]


@pytest.mark.parametrize("text", ["1,234.50 Credit", "2.5 MILLION", "2.5 Mn", "Thousands 250"])
def test_a_word_that_makes_another_amount_is_no_agreement(extractor: Extractor, text: str) -> None:
    outcome = read(extractor, pdf(text=text), template(box=(40, 50, 400, 100)))
    assert not outcome.fields["total"].exact
    assert "text_differs" in codes(outcome)


@pytest.mark.parametrize(
    ("words", "exact"),
    [("12.50 دائن", False), ("نئاد 12.50", False), ("12.50 مليون", False), ("12.50 ريال", True)],
)
def test_so_does_one_in_arabic(words: str, exact: bool) -> None:
    verdict = compared(
        field(), LineReading("12.50", 0.99), placed(words), (0, 0, *SIZE), SIZE, template()
    )
    assert (verdict.exact, verdict.differing is None) == (exact, exact)


@pytest.mark.parametrize("text", ["12.50 3", "100 SAR 50"])
def test_two_numbers_are_no_amount(extractor: Extractor, text: str) -> None:
    outcome = read(extractor, pdf(text=text), template(box=(40, 50, 400, 100)))
    assert not outcome.fields["total"].exact
    assert codes(outcome)[0] == "text_differs"


@pytest.mark.parametrize("text", ["Total: 123.45", "3 850", "Sum 3 850.00", "AED 123.45", "12/-"])
def test_words_and_blanks_that_say_nothing_else_do_no_harm(extractor: Extractor, text: str) -> None:
    assert read(extractor, pdf(text=text)).fields["total"].exact


def test_fonts_that_lie_are_caught(extractor: Extractor) -> None:
    outcome = read(extractor, pdf(text="123.45", lies={"1": "7"}))
    reading = outcome.fields["total"]
    assert (reading.text, reading.exact) == ("123.45", False)
    (reason,) = outcome.reasons
    assert reason.code == "text_differs"
    assert "says “723.45”, but “123.45” is seen" in reason.message


def test_a_scan_is_read_by_what_is_seen_alone(extractor: Extractor) -> None:
    outcome = read(extractor, pdf(text="123.45", lies={"1": "7"}, scan=True))
    assert outcome.fields["total"].text == "123.45"
    assert not outcome.fields["total"].exact
    assert "text_differs" not in codes(outcome)


def test_words(extractor: Extractor) -> None:
    reading = read(extractor, pdf(text="Gulf Trading"), template("text")).fields["total"]
    assert (reading.text, reading.exact) == ("Gulf Trading", True)


@pytest.mark.parametrize("text", ["14 March 2026", "March 14, 2026"])
def test_a_date_that_names_its_month_is_read_as_words(extractor: Extractor, text: str) -> None:
    for data, exact in ((pdf(text=text), True), (pdf(text=text, scan=True), False)):
        outcome = read(extractor, data, template("date", (40, 50, 400, 100)))
        reading = outcome.fields["total"]
        assert (reading.text, reading.value, reading.exact) == (text, "2026-03-14", exact)
        assert "text_differs" not in codes(outcome)


def test_what_is_no_character_is_left_out_and_the_rest_can_be_stored(extractor: Extractor) -> None:
    data = pdf(text="14 March 2026", lies={"M": "\ud83d"})
    outcome = read(extractor, data, template("date", (40, 50, 400, 100)))
    assert codes(outcome) == ["text_differs"]
    assert "14 arch 2026" in outcome.model_dump_json()


def test_a_date_whose_example_is_in_digits_names_no_month(extractor: Extractor) -> None:
    known = template("date", (40, 50, 400, 100))
    fields = (known.fields[0].model_copy(update={"example": "14/03/2026"}),)
    told = known.model_copy(update={"fields": fields})
    data = pdf(text="14 March 2026", scan=True)
    assert "read_text" in read(extractor, data, known).timings_ms
    outcome = read(extractor, data, told)
    assert "read_text" not in outcome.timings_ms
    assert outcome.reasons  # a person looks


def field(kind: str = "amount") -> Field:
    return template(kind).fields[0]


def placed(text: str) -> list[Character]:
    return [Character(each, 0.03 + 0.005 * n, 0.03) for n, each in enumerate(text)]


@pytest.mark.parametrize(
    ("own", "seen", "others", "text", "exact", "differing"),
    [
        ("١٬٢٣٤٫٥٠", "١٬٢٣٤٫٥٠", [], "١٬٢٣٤٫٥٠", True, None),
        ("1,234.50", "١٬٢٣٤٫٥٠", [], "١٬٢٣٤٫٥٠", True, None),  # digits that the system swaps
        ("1,234.50", "1.234.50", [("1,234.50", 0.2)], "1,234.50", True, None),
        ("1,234.50", "1,234.56", [("1,234.50", 0.001)], "1,234.56", False, "1,234.50"),
        ("1,234.50", "", [], "", False, "1,234.50"),
        ("AED", "1,234.50", [], "1,234.50", False, None),
        ("", "1,234.50", [], "1,234.50", False, None),
    ],
)
def test_numbers(
    own: str,
    seen: str,
    others: list[tuple[str, float]],
    text: str,
    exact: bool,
    differing: str | None,
) -> None:
    line = LineReading(seen, 0.7, tuple(others))
    box = template().fields[0].box
    found = compared(field(), line, placed(own), box, SIZE, template())
    assert (found.line.text, found.exact, found.differing) == (text, exact, differing)
    assert found.line.confidence == (SURE if exact else 0.7)


@pytest.mark.parametrize("lies", [{"T": "F"}, {"5": "6"}, {"g": "q", "1": "7"}])
def test_words_that_fonts_lie_about_are_those_that_are_seen(
    lies: dict[str, str], extractor: Extractor
) -> None:
    text = "Gulf Trading 40518"
    data, form = pdf(text=text, lies=lies), template("text", (40, 50, 400, 100))
    with open_document(data, LIMITS, name="a") as document:
        assert "".join(each.text for each in document.characters(1)) != text
    reading = read(extractor, data, form).fields["total"]
    assert (reading.text, reading.exact) == (text, False)
    assert reading.confidence < SURE
    honest = read(extractor, pdf(text=text), form).fields["total"]
    assert (honest.text, honest.exact) == (text, True)


@pytest.mark.parametrize(
    ("own", "seen", "confidence", "text", "exact", "differing"),
    [
        ("Gulf Trading", "GulfTrading", 0.5, "Gulf Trading", True, None),
        ("Gulf Tradinq", "Gulf Trading", 0.7, "Gulf Trading", False, "Gulf Tradinq"),
        ("Gulf Tradinq", "Gulf Trading", 0.97, "Gulf Trading", False, None),
        ("Box 40516", "Box 40518", 0.7, "Box 40518", False, "Box 40516"),
        ("something else", "Gulf Trading", 0.7, "Gulf Trading", False, None),
        ("", "", 1.0, "", False, None),
    ],
)
def test_words_one_letter_apart_are_not_the_same(
    own: str, seen: str, confidence: float, text: str, exact: bool, differing: str | None
) -> None:
    line, form = LineReading(seen, confidence), template("text")
    found = compared(form.fields[0], line, placed(own), form.fields[0].box, SIZE, form)
    assert (found.line.text, found.exact, found.differing) == (text, exact, differing)
    assert found.line.confidence == (SURE if exact else confidence)


def test_a_word_in_the_order_of_the_eye_is_turned_about() -> None:
    spelled = "عنصم الفجيرة للرخام"  # its first word from left to right, as some documents hold it
    spots = [*range(15, 19), 14, *range(13, 6, -1), 6, *range(5, -1, -1)]
    characters = [
        Character(each, 0.03 + 0.005 * spot, 0.03)
        for each, spot in zip(spelled, spots, strict=True)
    ]
    line, box = LineReading("مصنع الفجيرة للرخام", 0.7), template("text").fields[0].box
    found = compared(field("text"), line, characters, box, SIZE, template("text"))
    assert (found.line.text, found.exact) == ("مصنع الفجيرة للرخام", True)


def test_the_words_of_the_sample_are_those_printed(extractor: Extractor) -> None:
    form = load_template(Path("samples/templates/waha.json"))
    path = INVOICES / "waha-000352.pdf"
    stored = StoredTemplate(form, Path("samples/templates/waha.png").read_bytes())
    outcome = extractor.extract(path.read_bytes(), [stored], name=path.name)
    truth = json.loads(Path("samples/truth.json").read_text())[path.name]["fields"]
    assert outcome.fields["customer"].value == truth["customer"]["value"]
    assert outcome.fields["customer"].exact


def test_only_what_is_in_the_box_counts() -> None:
    characters = [*placed("12"), Character("9", 0.9, 0.03), Character("9", 0.04, 0.9)]
    found = compared(field(), LineReading("12", 0.7), characters, (40, 50, 260, 100), SIZE,
                     template())  # fmt: skip
    assert found.exact


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_a_page_that_is_shown_turned_says_the_same(turn: Turn, extractor: Extractor) -> None:
    data = io.BytesIO()
    with pypdfium2.PdfDocument(INVOICES / "waha-000352.pdf") as document:
        document[0].set_rotation(turn)
        document.save(data)
    form = load_template(Path("samples/templates/waha.json"))
    stored = StoredTemplate(form, Path("samples/templates/waha.png").read_bytes())
    outcome = extractor.extract(data.getvalue(), [stored], name="a.pdf")
    assert {reading.turn for reading in outcome.fields.values()} == {turn}
    assert codes(outcome) == []
    # Not the words: of Arabic upside down PDFium tells the letters in no order.
    numbers = [each for each in outcome.fields.values() if each.kind is not Kind.TEXT]
    assert all(reading.exact for reading in numbers)


def test_digits_are_taken_from_left_to_right() -> None:
    assert numeric(placed("Rs. 5,40-")[::-1]) == "5,40-"
    assert numeric(placed("no.")) == ""
