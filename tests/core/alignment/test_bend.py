"""A bend follows what was measured, not its noise, and stays within reason where nothing was."""

import numpy as np

from core.alignment.bend import Bend
from core.geometry import Floats

SIZE = (800, 1100)


def points(count: int, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(0, 1, (count, 2)) * SIZE


def curled(at: Floats) -> Floats:
    """A sheet that rises along its middle."""
    return np.column_stack([6 * np.sin(np.pi * at[:, 0] / SIZE[0]), at[:, 1] / 300])


def folded(at: Floats) -> Floats:
    return np.column_stack([np.zeros(len(at)), np.abs(at[:, 1] - 500) / 60])


def test_follows_a_curl_and_a_fold_through_noise() -> None:
    measured, elsewhere = points(150), points(400, seed=1)
    noise = np.random.default_rng(2).normal(0, 0.2, (150, 2))
    for sheet in (curled, folded):
        bend = Bend.through(measured, sheet(measured) + noise, SIZE)
        off = np.linalg.norm(bend.at(elsewhere) - sheet(elsewhere), axis=1)
        assert off.mean() < 0.25
        assert off.max() < 1.5


def test_where_nothing_was_measured_it_goes_on_straight() -> None:
    measured = points(150)
    measured[:, 1] *= 0.4
    bend = Bend.through(measured, np.full((150, 2), 3.0), SIZE)
    assert np.allclose(bend.at(np.array([[400.0, 1090.0], [5.0, 900.0]])), 3, atol=0.2)


def test_a_few_points_say_little_and_break_nothing() -> None:
    bend = Bend.through(np.array([[400.0, 500.0]]), np.array([[4.0, 0.0]]), SIZE)
    assert np.isfinite(bend.at(points(50))).all()


def test_is_the_same_for_a_page_of_another_size() -> None:
    measured = points(100)
    bend = Bend.through(measured, curled(measured), SIZE)
    at = points(20, seed=3)
    assert np.allclose(bend.scaled((1600, 2200)).at(2 * at), 2 * bend.at(at))
