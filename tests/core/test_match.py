"""The right form is chosen among several; what is unknown or ambiguous is left to a person."""

import cv2
import numpy as np
import pytest
from forms import PHOTO, SCANNED, draw, move

from core.match import Candidate, choose
from core.reference import Reference
from core.template import Template

PAGE_SIZE = (827, 1170)


def candidate(layout: int, *, with_reference: bool = True) -> Candidate:
    template = Template.model_validate(
        {
            "id": f"form-{layout}",
            "page_size": PAGE_SIZE,
            "fields": [{"name": "total", "kind": "amount", "box": (1, 1, 9, 9)}],
        }
    )
    if not with_reference:
        return Candidate(template, None)
    picture = cv2.resize(draw(layout).page, PAGE_SIZE, interpolation=cv2.INTER_AREA)
    return Candidate(template, Reference.from_image(picture, PAGE_SIZE))


@pytest.fixture(scope="module")
def known() -> list[Candidate]:
    return [candidate(layout) for layout in range(7)]


def page(layout: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return move(draw(layout, content=1).page, PHOTO, seed=layout)[0]


@pytest.mark.parametrize("layout", [0, 3, 6])
def test_finds_the_form_among_several(known: list[Candidate], layout: int) -> None:
    match = choose(page(layout), known)
    assert match is not None
    assert match.index == layout
    assert match.alignment.good
    assert match.margin > 0.1


def test_an_unknown_form_is_no_guess(known: list[Candidate]) -> None:
    assert choose(page(8), known) is None
    assert choose(np.full((2339, 1654), 255, np.uint8), known) is None


def test_twins_can_not_be_told_apart(known: list[Candidate]) -> None:
    assert choose(page(2), [known[2], known[1], known[2]]) is None


def test_without_a_reference_a_form_has_no_looks(known: list[Candidate]) -> None:
    blind = candidate(2, with_reference=False)
    assert choose(page(2), [blind, known[1]]) is None
    match = choose(page(2), [blind, known[2]])
    assert match is not None
    assert match.index == 1


def test_a_single_form_is_taken_if_the_page_fits(known: list[Candidate]) -> None:
    match = choose(page(1), [known[1]])
    assert match is not None
    assert match.alignment.method == "features"
    assert choose(page(2), [known[1]]) is None

    blind = candidate(1, with_reference=False)
    flat, _ = move(draw(1).page, SCANNED, seed=0)
    match = choose(flat, [blind])
    assert match is not None
    assert match.alignment.method == "scale"
    assert choose(flat[:1800], [blind]) is None


def test_no_form_no_match() -> None:
    assert choose(page(0), []) is None
