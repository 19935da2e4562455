"""A stack that went through the scanner at once: forms of several suppliers in one file."""

from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from core.extract import Extractor
from core.intake.parts import count
from core.invoice import Status
from core.ports import StoredTemplate
from core.settings import Settings
from samples import INVOICES

STACK = ("meridian-004547.jpg", "rimal-0091304.jpg", "meridian-004561.jpg")


def tiff(*pages: Image.Image) -> bytes:
    file = BytesIO()
    pages[0].save(
        file, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_adobe_deflate"
    )
    return file.getvalue()


@pytest.fixture(scope="module")
def extractor() -> Extractor:
    return Extractor(Settings())


@pytest.fixture(scope="module")
def pages() -> list[Image.Image]:
    return [Image.open(INVOICES / name).convert("L") for name in STACK]


@pytest.fixture
def known(templates: dict[str, StoredTemplate]) -> list[StoredTemplate]:
    """The samples' templates, where a file whose first page is Meridian's has an invoice a page."""
    split = templates["meridian"].template.model_copy(update={"split": "pages"})
    return [*(templates | {"meridian": replace(templates["meridian"], template=split)}).values()]


def test_each_page_is_read_by_its_own_form(
    extractor: Extractor, known: list[StoredTemplate], pages: list[Image.Image]
) -> None:
    blank = Image.new("L", pages[0].size, 255)
    stack = tiff(*pages, blank)
    first = extractor.extract(stack, known, name="stack.tif")
    assert count(first, named=False) == 4
    rest = [extractor.extract(stack, known, name="stack.tif", page=n) for n in (2, 3, 4)]
    assert [outcome.template and outcome.template.id for outcome in (first, *rest)] == [
        "meridian",
        "rimal",
        "meridian",
        None,
    ]
    assert rest[0].fields["invoice_number"].value == "0091304"
    assert (rest[2].status, rest[2].reasons[0].code) == (Status.NEEDS_REVIEW, "no_template")


def test_a_stack_that_begins_with_another_form_stays_whole(
    extractor: Extractor, known: list[StoredTemplate], pages: list[Image.Image]
) -> None:
    outcome = extractor.extract(tiff(*pages[1:]), known, name="stack.tif")
    assert outcome.template is not None
    assert (outcome.template.id, count(outcome, named=False)) == ("rimal", 1)


def test_the_only_template_that_there_is_splits_nothing_that_does_not_fit_it(
    extractor: Extractor, known: list[StoredTemplate], pages: list[Image.Image]
) -> None:
    (only,) = (each for each in known if each.template.id == "meridian")
    outcome = extractor.extract(tiff(*pages[1:]), [only], name="stack.tif")
    assert count(outcome, named=False) == 1
    assert count(outcome, named=True) == 2
