"""Which of the known forms a page is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from core.alignment.align import Alignment
from core.alignment.find import align, lying_straight
from core.alignment.glance import Glance, directions, glance
from core.alignment.index import Index
from core.alignment.looks import Looks
from core.alignment.reference import Features, Reference, describe, descriptions
from core.geometry import Gray

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

_GLANCES = 3
"""Only so many that a page is most like at a glance are tried before features are looked for. The
first is that of 95 of 100 pages that lie flat, among 100 forms; of crooked ones 62, and the first
three have 78."""
_MIN_GLANCE = 0.4
"""Correlation. Pages that lie straight have more with their form, but some that are crooked."""
_RIVAL_SHARE = 0.1
"""Of the votes that a form gives itself. Drawn forms gave up to 0.15 to another one, those with so
much in common that a page of one lay straight on the other 0.26 and more."""


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
        self._looks = [each for each in looks if each is not None]
        self._index = Index(self._looks)
        self._glances = directions(np.array([each.glance for each in self._looks]))
        self._rivals_of: dict[int, list[int]] = {}

    def fitting(self, page: Gray, reference: Callable[[int], Reference | None]) -> list[Match]:
        """The forms that the page, H×W, fits about as well as the best, which comes first.

        Of one alone it is clear that the page is a filled-in copy of it; there is none if it fits
        none. `reference` gives the picture of the form at an index, learned: it is asked for the
        few that a page may be.
        """
        tried: set[int] = set()
        seen = glance(page)
        lying = self._lying(page, seen, reference, tried)
        if lying is not None:
            return [lying]
        for features in descriptions(page):
            matches = self._fitting(page, seen, features, reference, tried)
            if matches:
                break
        return matches

    def _lying(
        self,
        page: Gray,
        seen: Glance,
        reference: Callable[[int], Reference | None],
        tried: set[int],
    ) -> Match | None:
        """The form that the page lies straight on, if it is clear without features that it is a
        copy of that; `tried` as in `_fitting`."""
        if not self._looks:
            return None
        likeness = self._glances @ directions(seen[None])[0]
        for form in np.argsort(-likeness, kind="stable")[:_GLANCES]:
            if likeness[form] < _MIN_GLANCE:
                break
            alignment = self._straight(page, int(form), reference, tried)
            if alignment is None:
                continue
            # Whoever shares print with it could be fitted as well, whatever the glance said.
            rivals = self._rivals(int(form))
            if len(rivals) >= _SHORTLIST:
                return None
            for rival in rivals:
                other = self._straight(page, rival, reference, tried)
                if other is not None and alignment.score - other.score < MIN_MARGIN:
                    return None
            return Match(self._indices[form], alignment)
        return None

    def _straight(
        self, page: Gray, form: int, reference: Callable[[int], Reference | None], tried: set[int]
    ) -> Alignment | None:
        index = self._indices[form]
        learned = None if index in tried else reference(index)
        if learned is None:
            return None
        alignment = lying_straight(page, learned)
        if alignment is None:
            tried.add(index)
        return alignment

    def _rivals(self, form: int) -> list[int]:
        """Forms that a page of this one may be taken for, by what both have printed on them."""
        if form not in self._rivals_of:
            votes = self._index.votes(self._looks[form])
            likely = np.flatnonzero(votes >= _RIVAL_SHARE * votes[form])
            self._rivals_of[form] = [int(other) for other in likely if other != form]
        return self._rivals_of[form]

    def _fitting(
        self,
        page: Gray,
        seen: Glance,
        features: Features,
        reference: Callable[[int], Reference | None],
        tried: set[int],
    ) -> list[Match]:
        """`tried` are the forms, by their index, on which the page was found not to lie straight;
        those that are tried here are added."""
        height, width = page.shape
        votes = self._index.votes(Looks.of(features, (width, height), seen))
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
    looks = [Looks.of_form(form) for form in forms]
    index = Index(looks)
    pairs = []
    for first, form in enumerate(forms):
        picture = form.picture
        features = describe(picture)
        height, width = picture.shape
        votes = index.votes(Looks.of(features, (width, height), looks[first].glance))
        for second in range(len(forms)):
            if second <= first or votes[second] < _MIN_VOTES:
                continue
            if _fits(align(picture, forms[second], features), votes[second]):
                pairs.append((first, second))
    return pairs
