"""Finds a form on a page.

Details of the reference picture, corners of its print, are followed from where they would be on a
page that is only scaled (Lucas and Kanade 1981, in a pyramid): scans lie like that, or little
crooked. Where that fails SIFT features give a first homography: they stand any rotation, half to
double scale and some perspective. Then the details are looked for around where they should be, or
at just that place, which makes the homography several times more exact. Where paper is bent or
folded no homography puts them all in their places; then a smooth field of displacements is grown
from those that it does. The share of details that are found is the score. What differs from one
invoice to the next isn't found, or in the wrong place, and so has no say.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from core import geometry
from core.alignment.align import GOOD_SCORE, Alignment, scale_only
from core.alignment.bend import Bend
from core.alignment.reference import Features, Reference, describe, descriptions
from core.alignment.view import View
from core.geometry import Floats, Gray

_MAX_RATIO = 0.8
_MIN_MATCHES = 8

_MIN_LIKENESS = 0.7
_LYING = 0.4
"""The score from which a page lies as it was thought to: it is not looked at for other ways."""
_LYING_SHARE = 0.85
"""Of the details that look alike near where they were followed to: if a flat sheet explains fewer,
this one is bent. Of flat ones it explained 86 % and more, of sheets whose boxes a bend moves by
half a percent of the width 78 % at most."""
_CLEAR_SHARE = 0.3
"""Of all details: if fewer look alike where they were followed to, it says nothing."""
_FOLLOWS, _CROOKED = 2, 8
"""How often a page is followed, at most: a crooked one, that is so many pixels off, again when it
is put straight, since only then its details look alike."""
_FOLLOWED = (0.5, 2.5)
"""How alike a detail must be where it was followed to, and how far off the homography it counts.
Less alike than later: the page may lie some degrees crooked yet."""
_TOLERANCE = 1.5
"""How far off the homography a detail counts in the end."""
_LOOKS, _STEADY = 3, 0.5
"""How often a page that lies is looked at closer, at most, and how many pixels the homography may
put a detail off for it to be enough."""
_SEARCHES = ((8, 2.5), (3, _TOLERANCE))
"""For any other, of each pass: how far around it looks, and how far off a detail counts."""
_NEAR = 12
"""Pixels that a rise of 25 mm takes a detail off a flat sheet. What is alike further off is another
one that looks like it, such as the same word in the next row."""
_SEARCHES_BENT = ((_NEAR, 2.5), (3, _TOLERANCE))
"""The same for passes that follow a bend."""
_FLAT_SHARE = 0.95
"""Of the details that are somewhere near: if a flat sheet explains so many, it is flat."""
_FLAT_VOTES = 0.93
"""The same for features, of which more are off by chance."""
_BENT_TOLERANCE = 0.02
"""Widths of the page that a feature may be off a bend."""
_MOST_OF_TWO = 0.6
"""Of a page, what the form covers at most where it may be on it twice."""
_MAX_GROWTH = 20
"""Rounds in which a bend takes in further details; it ends by itself after some four."""

_Mask = NDArray[np.bool_]


def align(
    page: Gray, reference: Reference, features: Features | None = None, *, straight: bool = True
) -> Alignment:
    """Finds the form on a page, H×W. If it isn't there the score is 0 and the page only scaled.

    features: of the page, by which it is looked for if it doesn't lie about straight. Where there
        are none, few are made, and more if those don't find it.
    straight: The page may lie about straight, which is tried first.
    """
    lying = lying_straight(page, reference, features) if straight else None
    if lying is not None:
        return lying
    if features is not None:
        return _by(features, page, reference)
    for described in descriptions(page):
        found = _by(described, page, reference)
        if found.good:
            break
    return found


def lying_straight(
    page: Gray, reference: Reference, features: Features | None = None
) -> Alignment | None:
    """As `align`, of a page that lies about straight; None if this one may not."""
    lying = _lying(page, reference)
    if lying is None:
        return None
    return replace(lying, again=_is_again(page, reference, lying.matrix, features))


@dataclass(frozen=True, eq=False)
class _Place:
    """About where a form lies on a page, by features.

    `bend`, in the template's frame, is there where they say that it doesn't lie flat.
    """

    matrix: Floats
    bend: Bend | None = None


@dataclass(frozen=True, eq=False)
class _Fit:
    """The homography that most details agree on, which those are, and how many are somewhere
    near; `step` is how far it puts one off where it was expected, at most."""

    matrix: Floats
    found: _Mask
    near: int
    step: float


def _located(page: Features, page_shape: Sequence[int], reference: Reference) -> _Place | None:
    """About where the form lies on the page, by features; None if they don't agree on a place."""
    form = reference.features
    if len(page.points) < _MIN_MATCHES:
        return None
    matches = cv2.BFMatcher(cv2.NORM_L2).knnMatch(form.descriptors, page.descriptors, k=2)
    clear = [best for best, second in matches if best.distance < _MAX_RATIO * second.distance]
    if len(clear) < _MIN_MATCHES:
        return None
    source = form.points[[match.queryIdx for match in clear]]
    target = page.points[[match.trainIdx for match in clear]]
    tolerance = 0.004 * max(page_shape[:2])
    matrix = geometry.fit(source, target, tolerance=tolerance)
    if matrix is None or not geometry.is_plausible(matrix, reference.page_size, page_shape):
        return None
    flat = _lengths(geometry.project(matrix, source) - target) <= tolerance
    seen = geometry.project(np.linalg.inv(matrix).astype(np.float64), target)
    bend, bent = _grown(
        source,
        seen,
        np.ones(len(source), bool),
        flat,
        _BENT_TOLERANCE * reference.page_size[0],
        reference.page_size,
    )
    if bend is None or flat.sum() >= _FLAT_VOTES * bent.sum():
        return _Place(matrix)
    return _Place(matrix, bend)


def _lying(page: Gray, reference: Reference) -> Alignment | None:
    matrix = scale_only(page.shape, reference.page_size).matrix
    view = View(page, reference, matrix)
    if len(view.expected) < _MIN_MATCHES:
        return None
    followed = _followed(page, view, reference, matrix)
    flat = None if followed is None else _closer(view, followed)
    if flat is None:
        return None
    alignment = _bent_or_flat(page, view, reference, flat)
    return alignment if alignment.score >= _LYING else None


def _followed(page: Gray, view: View, reference: Reference, matrix: Floats) -> _Fit | None:
    """About where a flat sheet lies that is followed from `matrix`; None if this may be none."""
    for _ in range(_FOLLOWS):
        likeness, moved = view.follow(matrix)
        fit = _fitted(view, matrix, likeness, moved, *_FOLLOWED)
        if fit is None:
            return None
        explained = (fit.found & (likeness >= _MIN_LIKENESS)).sum()
        if explained >= max(_LYING_SHARE * fit.near, _CLEAR_SHARE * len(likeness)):
            return fit
        matrix = fit.matrix
        plausible = geometry.is_plausible(matrix, reference.page_size, page.shape)
        if fit.step <= _CROOKED or not plausible:
            return None
    return None


def _by(features: Features, page: Gray, reference: Reference) -> Alignment:
    place = _located(features, page.shape, reference)
    if place is None:
        return _not_found(page, reference)
    view = View(page, reference, place.matrix)
    flat = _flat(view, place.matrix)
    if flat is None:
        return _not_found(page, reference)
    found = _bent_or_flat(page, view, reference, flat, place)
    return replace(found, again=found.good and _is_again(page, reference, found.matrix, features))


def _is_again(
    page: Gray, reference: Reference, matrix: Floats, features: Features | None = None
) -> bool:
    """Whether the form is on the page beside where `matrix` puts it, too. features: of the page."""
    width, height = reference.page_size
    depth = float(matrix[2] @ (width / 2, height / 2, 1))
    covered = float(np.linalg.det(matrix)) / depth**3 * width * height  # by the scale in its middle
    if covered > _MOST_OF_TWO * page.size:
        return False
    features = features or describe(page)
    inverse = np.linalg.inv(matrix).astype(np.float64)
    beside = _is_beyond(geometry.project(inverse, features.points), reference.page_size)
    place = _located(features.only(beside), page.shape, reference)
    if place is None:
        return False
    fit = _flat(View(page, reference, place.matrix), place.matrix)
    if fit is None or reference.score(fit.found) < GOOD_SCORE:
        return False
    middle = np.array([[width, height]]) / 2
    return bool(_is_beyond(geometry.project(inverse @ fit.matrix, middle), reference.page_size)[0])


def _is_beyond(points: Floats, size: tuple[int, int]) -> _Mask:
    """Which of N×2 points are not on a sheet of that size."""
    return np.asarray(((points < 0) | (points > size)).any(axis=1))


def _bent_or_flat(
    page: Gray, view: View, reference: Reference, flat: _Fit, place: _Place | None = None
) -> Alignment:
    """The alignment by `flat`, or by a bend that explains more."""
    matrix, found, bend = flat.matrix, flat.found, None
    if not geometry.is_plausible(matrix, reference.page_size, page.shape):
        return _not_found(page, reference)
    attempts = []
    if place is not None and place.bend is not None:
        guess = view.expected + place.bend.scaled(view.size).at(view.expected)
        attempts.append((place.matrix, guess, np.ones(len(guess), bool)))
    if found.sum() < _FLAT_SHARE * flat.near:
        attempts.append((matrix, view.expected, found))
    for start, where, trusted in attempts:
        bent, grown = _bent(view, start, where, trusted)
        if bent is not None and found.sum() < _FLAT_SHARE * grown.sum():
            matrix, found, bend = start, grown, bent
    bend = None if bend is None else bend.scaled(reference.page_size)
    return Alignment(matrix, reference.score(found), "features", bend)


def _flat(view: View, matrix: Floats) -> _Fit | None:
    """The homography about `matrix`; None if there is none."""
    fit, near = None, 0
    for reach, tolerance in _SEARCHES:
        seen = view.search(matrix, view.expected, reach)
        fit = _fitted(view, matrix, *seen, _MIN_LIKENESS, tolerance)
        if fit is None:
            return None
        matrix, near = fit.matrix, max(near, fit.near)
    return None if fit is None else replace(fit, near=near)


def _closer(view: View, fit: _Fit) -> _Fit | None:
    """The homography about that of `fit`, as exactly as details say; None if they don't agree."""
    near = fit.near
    for _ in range(_LOOKS):
        seen = view.closer(fit.matrix)
        closer = _fitted(view, fit.matrix, *seen, _MIN_LIKENESS, _TOLERANCE)
        if closer is None:
            return None
        fit, near = closer, max(near, closer.near)
        if fit.step <= _STEADY:
            break
    return replace(fit, near=near)


def _fitted(
    view: View, matrix: Floats, likeness: Floats, moved: Floats, least: float, tolerance: float
) -> _Fit | None:
    """What details say that are found at `moved`, N×2, on the page flattened by `matrix`."""
    alike = likeness >= least
    if alike.sum() < _MIN_MATCHES:
        return None
    correction = geometry.fit(view.expected[alike], moved[alike], tolerance=tolerance)
    if correction is None:
        return None
    matrix = matrix @ view.to_template @ correction @ np.linalg.inv(view.to_template)
    put = geometry.project(correction, view.expected)
    off = _lengths(put - moved)
    near = int(((likeness >= _MIN_LIKENESS) & (off <= _NEAR)).sum())
    step = float(_lengths(put - view.expected).max())
    return _Fit(matrix / matrix[2, 2], alike & (off <= tolerance), near, step)


def _bent(view: View, matrix: Floats, where: Floats, trusted: _Mask) -> tuple[Bend | None, _Mask]:
    """The bend that grows from details, of those that are `trusted`, which are about `where` they
    should be, and what it finds in the end."""
    bend, found = None, trusted
    for reach, tolerance in _SEARCHES_BENT:
        likeness, moved = view.search(matrix, where, reach)
        alike = likeness >= _MIN_LIKENESS
        start = (
            alike & (_lengths(moved - where) <= tolerance) & (trusted if bend is None else alike)
        )
        bend, found = _grown(view.expected, moved, alike, start, tolerance, view.size)
        if bend is None:
            break
        where = view.expected + bend.at(view.expected)
    return bend, found


def _grown(
    points: Floats,
    moved: Floats,
    alike: _Mask,
    found: _Mask,
    tolerance: float,
    size: tuple[int, int],
) -> tuple[Bend | None, _Mask]:
    """The bend through the points `found`, and through whatever is alike and fits it then."""
    bend = None
    for _ in range(_MAX_GROWTH):
        if found.sum() < _MIN_MATCHES:
            return None, found
        bend = Bend.through(points[found], (moved - points)[found], size)
        off = _lengths(points + bend.at(points) - moved)
        before, found = found, alike & (off <= tolerance)
        if np.array_equal(before, found):
            break
    return bend, found


def _not_found(page: Gray, reference: Reference) -> Alignment:
    return Alignment(scale_only(page.shape, reference.page_size).matrix, 0.0, "scale")


def _lengths(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=1)
    return lengths
