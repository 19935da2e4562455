"""Looks are small, stay good when stored, and find a form among many."""

import cv2
import numpy as np
import pytest
from forms import ANY_WAY_UP, PHOTO, Gray, Motion, draw, move

from core.alignment.glance import directions, glance
from core.alignment.index import Index
from core.alignment.looks import Looks
from core.alignment.reference import describe


def looks(picture: Gray) -> Looks:
    height, width = picture.shape
    return Looks.of(describe(picture), (width, height), glance(picture))


@pytest.fixture(scope="module")
def forms() -> list[Looks]:
    return [looks(cv2.resize(draw(layout).page, (827, 1170))) for layout in range(8)]


def test_stored_they_are_the_same(forms: list[Looks]) -> None:
    stored = forms[0].to_bytes()
    again = Looks.from_bytes(stored)
    assert again is not None
    assert again.to_bytes() == stored
    assert len(stored) < 25_000
    for name in ("bits", "places", "sizes", "angles", "glance"):
        assert np.array_equal(getattr(again, name), getattr(forms[0], name)), name


def test_those_of_another_release_are_known_as_such(forms: list[Looks]) -> None:
    stored = forms[0].to_bytes()
    assert Looks.from_bytes(b"looks0" + stored[6:]) is None
    assert Looks.from_bytes(stored[:-1]) is None


@pytest.mark.parametrize("motion", [PHOTO, ANY_WAY_UP])
@pytest.mark.parametrize("layout", [1, 5])
def test_the_form_has_most_votes(forms: list[Looks], layout: int, motion: Motion) -> None:
    page, _ = move(draw(layout, content=3).page, motion, seed=layout)
    votes = Index(forms).votes(looks(page))
    assert votes.argmax() == layout
    assert votes[layout] > 1.3 * np.delete(votes, layout).max()


def test_what_all_forms_have_says_nothing(forms: list[Looks]) -> None:
    page = looks(draw(3, content=1).page)
    alone, among_twins = Index([forms[0], forms[3]]), Index([forms[3]] * 8)
    assert among_twins.votes(page).max() < 0.5 * alone.votes(page)[1]


def test_votes_mean_the_same_among_few_forms_and_among_many(forms: list[Looks]) -> None:
    page = looks(draw(1, content=1).page)
    among_few, among_many = Index(forms[:2]).votes(page)[1], Index(forms).votes(page)[1]
    assert among_few == pytest.approx(among_many, rel=0.2)


def test_an_empty_page_and_no_forms_have_no_votes(forms: list[Looks]) -> None:
    empty = looks(np.full((500, 400), 255, np.uint8))
    assert not Index(forms).votes(empty).any()
    assert Index([]).votes(forms[0]).shape == (0,)
    assert not Index([empty]).votes(forms[0]).any()


def test_a_glance_tells_forms_apart_at_any_resolution() -> None:
    pages = [draw(layout, content=1).page for layout in range(8)]
    forms = directions(np.array([glance(draw(layout).page) for layout in range(8)]))
    for smaller in (1, 2, 3):
        seen = directions(np.array([glance(page[::smaller, ::smaller]) for page in pages]))
        assert (seen @ forms.T).argmax(axis=1).tolist() == list(range(8))


def test_a_glance_at_nothing_is_like_nothing() -> None:
    blank = directions(glance(np.full((900, 600), 255, np.uint8))[None])
    assert not blank.any()
