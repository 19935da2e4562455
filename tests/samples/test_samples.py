"""Sample files, templates and truth belong together."""

from datetime import date

from core.checking.checks import check
from core.invoice import Reading
from core.page import Limits, open_document
from core.ports import StoredTemplate
from core.settings import Settings
from core.template import Kind
from core.values.parse import parse_value
from samples import FOLDER, INVOICES, Sample, load_samples
from samples.content import SHEETS

LIMITS = Limits.of(Settings())
Templates = dict[str, StoredTemplate]


def test_every_file_has_its_truth(templates: Templates) -> None:
    samples = load_samples()
    assert {sample.path for sample in samples} == set(INVOICES.iterdir())
    assert {sample.template for sample in samples} == set(templates)
    assert len(samples) >= 12
    assert len(templates) >= 4


def test_the_repository_stays_small() -> None:
    assert sum(path.stat().st_size for path in FOLDER.rglob("*") if path.is_file()) < 3_000_000


def test_truth_names_the_fields_of_the_template(sample: Sample, templates: Templates) -> None:
    template = templates[sample.template].template
    assert list(sample.fields) == [field.name for field in template.fields]


def test_file_is_a_page_of_the_form(sample: Sample, templates: Templates) -> None:
    width, height = templates[sample.template].template.page_size
    with open_document(sample.path.read_bytes(), LIMITS, name=sample.path.name) as document:
        page = document.gray(1, (width, height))
        assert document.pages == 1
    assert abs(page.shape[1] / page.shape[0] - width / height) < 0.002


def test_reference_is_the_empty_form(templates: Templates) -> None:
    for stored in templates.values():
        assert stored.reference is not None
        with open_document(stored.reference, LIMITS, name=stored.template.id) as document:
            page = document.gray(1, stored.template.page_size)
        assert page.shape[::-1] == stored.template.page_size
        for field in stored.template.fields:
            left, top, right, bottom = field.box
            assert page[top + 5 : bottom - 5, left + 5 : right - 5].std() < 1, field.name


def test_text_means_the_value(sample: Sample, templates: Templates) -> None:
    template = templates[sample.template].template
    for field in template.fields:
        truth = sample.fields[field.name]
        parsed = parse_value(
            field.kind, truth.text, date_order=template.date_order, pattern=field.pattern
        )
        assert (parsed.value, parsed.hijri) == (truth.value, truth.hijri), field.name


def test_truth_passes_all_checks(sample: Sample, templates: Templates) -> None:
    template = templates[sample.template].template
    readings = {
        field.name: Reading(
            text=sample.fields[field.name].text,
            value=sample.fields[field.name].value,
            kind=field.kind,
            confidence=1.0,
            box=field.box,
        )
        for field in template.fields
    }
    assert template.rules
    assert not check(template, readings, threshold=0.5, today=date(2026, 12, 31))


def test_truth_is_in_visual_order() -> None:
    """Hyphens between Arabic-Indic digits: right-to-left order puts the last part first."""
    texts = {s.path.name: s.fields["date"].text for s in load_samples() if "date" in s.fields}
    assert texts["waha-000341.jpg"] == "٢٠٢٦-٠٥-١٧"
    assert texts["waha-000352.pdf"] == "٠١-٠٦-٢٠٢٦"
    assert texts["waha-000325.jpg"] == "٢٠٢٦/٠٤/٠٢"


def test_numeric_truth_holds_numeric_characters_alone(sample: Sample, templates: Templates) -> None:
    """No currency, no word, no direction mark."""
    for field in templates[sample.template].template.fields:
        if field.kind is not Kind.TEXT:
            assert set(sample.fields[field.name].text) <= set("0123456789٠١٢٣٤٥٦٧٨٩/-.,٫٬:%()")


def test_the_files_are_drawn_from_the_content_as_it_is() -> None:
    """Whoever changes the content draws again."""
    said = {
        sheet.file: (
            sheet.form.id,
            {
                name: (sheet.fields[name].value, sheet.fields[name].hijri)
                for name in sheet.form.kinds
            },
        )
        for sheet in SHEETS
    }
    drawn = {
        sample.path.name: (
            sample.template,
            {name: (truth.value, truth.hijri) for name, truth in sample.fields.items()},
        )
        for sample in load_samples()
    }
    assert drawn == said
