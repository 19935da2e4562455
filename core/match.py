"""Which of the known forms a page is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.align import Alignment
from core.find import align
from core.geometry import Gray
from core.index import Index
from core.looks import Looks
from core.reference import Features, Reference, describe, descriptions

MIN_MARGIN = 0.1
"""By `make accuracy-pages`: docs/alignment.md."""
_CLEAR_SCORE = 0.4
_CLEAR_VOTES = 30
"""A form that nobody named must have the one or the other. Scores are low where the reference is
full of what differs from page to page, but then there are votes: the least was 0.31 with 52. An
invoice of no known form had 0.33 with 9, for a sparse form that has the same labels and frames."""

_SHORTLIST = 5
"""Only so many are aligned, those with most votes."""
_MIN_SHARE = 0.4
"""Of the first one's votes. Pages of a known form gave it 1.3 times the votes of any other one and
more, so others are aligned only where there is doubt."""
_MIN_VOTES = 5
"""Pages of known forms gave them 8 and more, among 10 forms as among 100. Fewer let more forms be
aligned in vain to pages of no known form, more lost pages: 10 one of 115."""


@dataclass(frozen=True)
class Match:
    """The form at `index`, and how the page lies on it."""

    index: int
    alignment: Alignment


class Forms:
    """Known forms, to choose among."""

    def __init__(self, looks: Sequence[Looks | None]) -> None:
        """A form is told by its looks; one that has none is never chosen."""
        self._indices = [index for index, each in enumerate(looks) if each is not None]
        self._index = Index([each for each in looks if each is not None])

    def fitting(self, page: Gray, reference: Callable[[int], Reference | None]) -> list[Match]:
        """The forms that the page, H×W, fits about as well as the best, which comes first.

        Of one alone it is clear that the page is a filled-in copy of it; there is none if it fits
        none. `reference` gives the picture of the form at an index, learned: it is asked for the
        few that a page may be.
        """
        tried: set[int] = set()
        for features in descriptions(page):
            matches = self._fitting(page, features, reference, tried)
            if matches:
                break
        return matches

    def _fitting(
        self,
        page: Gray,
        features: Features,
        reference: Callable[[int], Reference | None],
        tried: set[int],
    ) -> list[Match]:
        """`tried` are the forms, by their index, on which the page was found not to lie straight;
        those that are tried here are added."""
        height, width = page.shape
        votes = self._index.votes(Looks.of(features, (width, height)))
        likely = np.argsort(-votes, kind="stable")[:_SHORTLIST]
        matches = []
        for form in likely:
            if votes[form] < max(_MIN_VOTES, _MIN_SHARE * votes[likely[0]]):
                break
            index = self._indices[form]
            learned = reference(index)
            if learned is not None:
                alignment = align(page, learned, features, straight=index not in tried)
                matches.append((alignment, form))
                tried.add(index)
        matches.sort(key=lambda match: match[0].score, reverse=True)
        if not matches or not _fits(matches[0][0], votes[matches[0][1]]):
            return []
        best = matches[0][0].score
        return [
            Match(self._indices[form], alignment)
            for alignment, form in matches
            if best - alignment.score < MIN_MARGIN
        ]


def _fits(alignment: Alignment, votes: float) -> bool:
    """Whether a page is a copy of the form that it lies on like that, and gave so many votes."""
    clear = alignment.score >= _CLEAR_SCORE or votes >= _CLEAR_VOTES
    return alignment.good and clear


def alike(forms: Sequence[Reference]) -> list[tuple[int, int]]:
    """Pairs of forms, by their index, of which the picture of one passes for the other."""
    index = Index([Looks.of(form.features, form.page_size) for form in forms])
    pairs = []
    for first, form in enumerate(forms):
        picture = form.picture
        features = describe(picture)
        height, width = picture.shape
        votes = index.votes(Looks.of(features, (width, height)))
        for second in range(len(forms)):
            if second <= first or votes[second] < _MIN_VOTES:
                continue
            if _fits(align(picture, forms[second], features), votes[second]):
                pairs.append((first, second))
    return pairs
