"""The whole path on the sample files: choose, align, read, parse, check."""

from collections.abc import Mapping
from dataclasses import replace
from difflib import SequenceMatcher

import cv2
import numpy as np
import pytest

from core.extract import Extractor
from core.invoice import Outcome, Status
from core.pictures import crop
from core.ports import StoredTemplate
from core.reading.numeric import NumericReader
from core.settings import Settings
from core.template import Kind
from samples import INVOICES, Sample, load_samples

Outcomes = dict[str, Outcome]


@pytest.fixture(scope="module")
def outcomes(templates: dict[str, StoredTemplate]) -> Outcomes:
    extractor = Extractor(Settings())
    return {
        sample.path.name: extractor.extract(
            sample.path.read_bytes(), list(templates.values()), name=sample.path.name
        )
        for sample in load_samples()
    }


def test_the_form_is_recognised(sample: Sample, outcomes: Outcomes) -> None:
    outcome = outcomes[sample.path.name]
    assert outcome.error is None
    assert outcome.template is not None
    assert outcome.template.id == sample.template


def _numeric(outcome: Outcome) -> list[str]:
    return [name for name, reading in outcome.fields.items() if reading.kind is not Kind.TEXT]


def test_nothing_wrong_is_done(sample: Sample, outcomes: Outcomes) -> None:
    """A field that is misread must send it to a person."""
    outcome = outcomes[sample.path.name]
    if outcome.status is Status.DONE:
        assert {name: outcome.fields[name].value for name in _numeric(outcome)} == {
            name: sample.fields[name].value for name in _numeric(outcome)
        }


def test_nothing_is_said_to_be_cut_off_or_moved(sample: Sample, outcomes: Outcomes) -> None:
    codes = {reason.code for reason in outcomes[sample.path.name].reasons}
    assert not codes & {"cut_off", "moved"}


def test_all_numeric_fields_are_exact(sample: Sample, outcomes: Outcomes) -> None:
    """Under a stamp (waha-000325), crooked, faint and small: all that a person can read."""
    read = outcomes[sample.path.name].fields
    assert {name: read[name].text for name in _numeric(outcomes[sample.path.name])} == {
        name: sample.fields[name].text for name in _numeric(outcomes[sample.path.name])
    }


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_on_its_side_is_read_and_shown_upright(
    templates: dict[str, StoredTemplate], outcomes: Outcomes, turn: int
) -> None:
    name = "meridian-004533.png"
    upright = cv2.imread(str(INVOICES / name))
    turned = np.rot90(upright, -turn // 90)
    data = bytes(cv2.imencode(".png", turned)[1])
    outcome = Extractor(Settings()).extract(data, list(templates.values()), name=name)
    assert outcome.template == outcomes[name].template
    for field, reading in outcome.fields.items():
        before = outcomes[name].fields[field]
        assert reading.turn == turn
        assert reading.value == before.value
        shown, plain = crop(turned, reading), crop(upright, before)
        assert np.allclose(shown.shape, plain.shape, atol=3)
        same_size = cv2.resize(shown, plain.shape[1::-1])
        assert np.corrcoef(same_size.ravel(), plain.ravel())[0, 1] > 0.5


def test_names_are_read(outcomes: Outcomes) -> None:
    alike = [
        SequenceMatcher(None, outcome.fields[name].text, truth.text).ratio()
        for sample in load_samples()
        for outcome in [outcomes[sample.path.name]]
        for name, truth in sample.fields.items()
        if outcome.fields[name].kind is Kind.TEXT
    ]
    assert sum(alike) / len(alike) > 0.95


def _told(stored: StoredTemplate, examples: Mapping[str, str]) -> StoredTemplate:
    """The template with examples, by field."""
    fields = tuple(
        field.model_copy(update={"example": examples.get(field.name)})
        for field in stored.template.fields
    )
    return replace(stored, template=stored.template.model_copy(update={"fields": fields}))


def test_an_example_makes_sure_of_a_lone_five(
    templates: dict[str, StoredTemplate], outcomes: Outcomes
) -> None:
    """'٥%' in a face whose ٥ is the 0 of many another."""
    file = INVOICES / "rimal-0091267.jpg"
    told = _told(templates["rimal"], {"tax_rate": "١٥%"})
    alone = outcomes[file.name].fields["tax_rate"]
    by_example = Extractor(Settings()).extract(file.read_bytes(), [told], name=file.name).fields
    assert alone.text == by_example["tax_rate"].text == "٥%"
    threshold = NumericReader().review_threshold
    assert alone.confidence < threshold <= by_example["tax_rate"].confidence


def test_an_example_that_is_printed_otherwise_costs_no_review(
    templates: dict[str, StoredTemplate], outcomes: Outcomes
) -> None:
    """These forms print in several ways: the first invoice of each tells of the others."""
    first: dict[str, Sample] = {}
    extractor = Extractor(Settings())
    for sample in load_samples():
        texts = first.setdefault(sample.template, sample).fields
        told = _told(templates[sample.template], {name: said.text for name, said in texts.items()})
        name = sample.path.name
        outcome = extractor.extract(sample.path.read_bytes(), [told], name=name)
        assert {n: f.value for n, f in outcome.fields.items()} == {
            n: f.value for n, f in outcomes[name].fields.items()
        }
        alone, by_example = (
            {(reason.code, reason.fields) for reason in one.reasons}
            for one in (outcomes[name], outcome)
        )
        assert by_example <= alone
