"""Which of the known forms a page is."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.align import Alignment, scale_only
from core.find import align, locate, refine
from core.geometry import Gray
from core.reference import Reference, describe
from core.template import Template

MIN_MARGIN = 0.1
"""By `make accuracy-pages`: docs/alignment.md."""

_SHORTLIST = 5
"""Only so many are aligned in full, those on which most features agree."""


@dataclass(frozen=True)
class Candidate:
    """A template, with its reference picture learned if it has one."""

    template: Template
    reference: Reference | None


@dataclass(frozen=True)
class Match:
    """The candidate at `index`, how the page lies on it, and by how much its score leads."""

    index: int
    alignment: Alignment
    margin: float


def choose(page: Gray, candidates: Sequence[Candidate]) -> Match | None:
    """The candidate that the page, H×W, is a filled-in copy of; None if that isn't clear.

    A single candidate is taken if the page fits it: by its looks, or without a reference by its
    shape. Among several only those with a reference can be told by their looks; the others are
    never chosen. It isn't clear when no alignment is good, or when two are about as good.
    """
    if len(candidates) == 1:
        template, reference = candidates[0].template, candidates[0].reference
        if reference is None:
            alignment = scale_only(page.shape, template.page_size)
        else:
            alignment = align(page, reference)
        return Match(0, alignment, alignment.score) if alignment.good else None
    features = describe(page)
    places = [
        (place, candidate.reference, index)
        for index, candidate in enumerate(candidates)
        if candidate.reference is not None
        and (place := locate(features, page.shape, candidate.reference)) is not None
    ]
    places.sort(key=lambda found: found[0].votes, reverse=True)
    matches = [
        (refine(page, reference, place), index) for place, reference, index in places[:_SHORTLIST]
    ]
    matches.sort(key=lambda match: match[0].score, reverse=True)
    if not matches or not matches[0][0].good:
        return None
    best, index = matches[0]
    margin = best.score - (matches[1][0].score if len(matches) > 1 else 0.0)
    return Match(index, best, margin) if margin >= MIN_MARGIN else None
