"""The right form is chosen among several; what is unknown or ambiguous is left to a person."""

import io
from pathlib import Path
from unittest.mock import Mock, create_autospec

import cv2
import numpy as np
import pytest
from forms import PHOTO, SCANNED, draw, move
from PIL import Image

from core.alignment.learn import with_looks
from core.alignment.looks import Looks
from core.alignment.match import Forms, Match, alike
from core.alignment.reference import Reference, describe
from core.alignment.view import View
from core.extract import Extractor
from core.ports import StoredTemplate
from core.settings import Settings
from core.template import load_template

PAGE_SIZE = (827, 1170)


def reference(layout: int) -> Reference:
    picture = cv2.resize(draw(layout).page, PAGE_SIZE, interpolation=cv2.INTER_AREA)
    return Reference.from_image(picture, PAGE_SIZE)


@pytest.fixture(scope="module")
def known() -> list[Reference]:
    return [reference(layout) for layout in range(7)]


def choose(
    page: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], known: list[Reference | None]
) -> Match | None:
    forms = Forms([None if each is None else Looks.of_form(each) for each in known])
    matches = forms.fitting(page, known.__getitem__)
    return matches[0] if len(matches) == 1 else None


def page(layout: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return move(draw(layout, content=1).page, PHOTO, seed=layout)[0]


@pytest.mark.parametrize("layout", [0, 3, 6])
def test_finds_the_form_among_several(known: list[Reference], layout: int) -> None:
    match = choose(page(layout), known)
    assert match is not None
    assert match.index == layout
    assert match.alignment.good


def test_other_print_around_a_page_does_not_hide_it(known: list[Reference]) -> None:
    table = np.full((1800, 2600), 210, np.uint8)
    for row in range(30, 1800, 34):
        words = " ".join(f"{(row * n) % 9973:05} net paid {n}" for n in range(7, 16))
        cv2.putText(table, words, (row % 70, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 20, 2)
    form = cv2.resize(draw(3, content=1).page, (1200, 1697), interpolation=cv2.INTER_AREA)
    table[50:1747, 900:2100] = form
    match = choose(table, known)
    assert match is not None
    assert match.index == 3


def test_an_unknown_form_is_no_guess(known: list[Reference]) -> None:
    assert choose(page(8), known) is None
    assert choose(np.full((2339, 1654), 255, np.uint8), known) is None


def test_twins_can_not_be_told_apart(known: list[Reference]) -> None:
    assert choose(page(2), [known[2], known[1], known[2]]) is None


def test_a_page_that_fits_twins_says_so() -> None:
    folder = Path("samples")
    templates = {path.stem: load_template(path) for path in folder.glob("templates/*.json")}
    pictures = {name: (folder / "templates" / f"{name}.png").read_bytes() for name in templates}
    stored = [StoredTemplate(form, pictures[name]) for name, form in templates.items()]
    twin = templates["bahr"].model_copy(update={"id": "again"})
    page = (folder / "invoices" / "bahr-0742.jpg").read_bytes()
    extractor = Extractor(Settings())
    outcome = extractor.extract(page, [*stored, StoredTemplate(twin, pictures["bahr"])], name="a")
    (reason,) = outcome.reasons
    assert (reason.code, outcome.template) == ("templates_alike", None)
    assert "(again, bahr)" in reason.message
    known = extractor.extract(page, stored, name="a").template
    assert known is not None
    assert known.id == "bahr"


def test_a_form_that_a_first_page_fits_is_aligned_on_its_own_page() -> None:
    folder = Path("samples")
    templates = [load_template(folder / "templates" / f"{name}.json") for name in ("bahr", "waha")]
    stored = [
        StoredTemplate(template, (folder / "templates" / f"{template.id}.png").read_bytes())
        for template in templates
    ]
    later = templates[0].model_copy(update={"page": 2})
    path = folder / "invoices" / "bahr-0742.jpg"
    page = Image.open(path)
    elsewhere = Image.new("L", page.size, 255)
    elsewhere.paste(page, (40, 25))
    data = io.BytesIO()
    page.save(data, "TIFF", save_all=True, append_images=[elsewhere])
    extractor = Extractor(Settings())
    first = extractor.extract(path.read_bytes(), stored[:1], name="a.jpg")
    outcome = extractor.extract(
        data.getvalue(), [StoredTemplate(later, stored[0].reference), stored[1]], name="a.tif"
    )
    assert [reason.code for reason in outcome.reasons] == [r.code for r in first.reasons]
    for name, reading in outcome.fields.items():
        assert reading.value == first.fields[name].value
        assert np.allclose(np.subtract(reading.box, first.fields[name].box), (40, 25) * 2, atol=3)


def test_without_a_reference_a_form_has_no_looks(known: list[Reference]) -> None:
    assert choose(page(2), [None, known[1]]) is None
    match = choose(page(2), [None, known[2]])
    assert match is not None
    assert match.index == 1


def test_only_what_a_page_may_be_is_looked_at(known: list[Reference]) -> None:
    asked: list[int] = []

    def reference_of(index: int) -> Reference:
        asked.append(index)
        return known[index]

    forms = Forms([Looks.of_form(each) for each in known])
    (match,) = forms.fitting(page(4), reference_of)
    assert match.index == 4
    assert asked == [4]


def test_a_page_is_followed_once_for_each_form_that_it_may_be(
    known: list[Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    described, followed = (
        Mock(wraps=describe),
        create_autospec(View.follow, side_effect=View.follow),
    )
    monkeypatch.setattr("core.alignment.reference.describe", described)
    monkeypatch.setattr(View, "follow", followed)
    assert choose(_under_letterhead(lines=60), known) is None
    assert described.call_count == 2
    followed.assert_called_once()


def test_a_page_with_few_features_is_described_once(
    known: list[Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = Mock(wraps=describe)
    monkeypatch.setattr("core.alignment.reference.describe", described)
    assert choose(_under_letterhead(lines=2), known) is None
    described.assert_called_once()


def _under_letterhead(lines: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """A letter of form 4's supplier."""
    page = np.full((2339, 1654), 255, np.uint8)
    page[:500] = draw(4).page[:500]
    for row in range(lines):
        words = " ".join(f"{(row * n) % 9973:05} net paid {n}" for n in range(7, 16))
        cv2.putText(page, words, (60, 540 + 28 * row), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 20, 2)
    return page


def test_no_form_no_match() -> None:
    assert choose(page(0), []) is None


def test_forms_that_pass_for_each_other_are_told(known: list[Reference]) -> None:
    assert alike(known) == []
    other = cv2.resize(draw(2, content=5).page, PAGE_SIZE, interpolation=cv2.INTER_AREA)
    twin = Reference.from_image(other, PAGE_SIZE)  # the same form, filled in otherwise
    assert alike([*known, twin]) == [(2, 7)]
    assert alike([]) == []


def test_two_invoices_on_one_page_go_to_a_person() -> None:
    folder = Path(__file__).parents[3] / "samples"
    template = load_template(folder / "templates" / "bahr.json")
    stored = StoredTemplate(template, (folder / "templates" / "bahr.png").read_bytes())
    page = cv2.imread(str(folder / "invoices" / "bahr-0742.jpg"), cv2.IMREAD_GRAYSCALE)
    assert page is not None
    both = move(page, SCANNED, seed=1)[0], move(page, SCANNED, seed=2)[0]
    data = cv2.imencode(".jpg", np.concatenate(both, axis=1))[1].tobytes()
    outcome = Extractor(Settings()).extract(data, [stored], name="a.jpg")
    assert "form_again" in [reason.code for reason in outcome.reasons]


def lying(layout: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return move(draw(layout, content=1).page, SCANNED, seed=layout)[0]


def test_a_page_that_lies_straight_needs_no_features(
    known: list[Reference], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.alignment.match.descriptions", Mock(side_effect=AssertionError))
    match = choose(lying(5), known)
    assert match is not None
    assert match.index == 5
    assert match.alignment.good


def test_a_page_that_lies_straight_may_be_of_another_form_that_has_as_much_of_it(
    known: list[Reference],
) -> None:
    half = draw(2).page.copy()
    half[len(half) // 2 :] = draw(1).page[len(half) // 2 :]
    alike_above = Reference.from_image(
        cv2.resize(half, PAGE_SIZE, interpolation=cv2.INTER_AREA), PAGE_SIZE
    )
    for forms in ([known[2], alike_above], [alike_above, known[2]]):
        match = choose(lying(2), [*forms])
        assert match is not None
        assert forms[match.index] is known[2]
    assert choose(lying(2), [known[2], known[1], known[2]]) is None


def test_stored_forms_are_learned_without_features(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parents[3] / "samples"
    stored = [
        with_looks(
            StoredTemplate(
                load_template(folder / "templates" / f"{name}.json"),
                (folder / "templates" / f"{name}.png").read_bytes(),
            ),
            Settings(),
            where=name,
        )
        for name in ("bahr", "waha")
    ]
    monkeypatch.setattr("core.alignment.reference._described", Mock(side_effect=AssertionError))
    page = (folder / "invoices" / "bahr-0742.jpg").read_bytes()
    outcome = Extractor(Settings()).extract(page, stored, name="a.jpg")
    assert outcome.template is not None
    assert outcome.template.id == "bahr"
