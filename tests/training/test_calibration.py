"""Calibration and threshold, on readings whose chances are known."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")


def test_calibration_finds_how_sure_to_be() -> None:
    from training.export import calibrated  # noqa: PLC0415

    rng = np.random.default_rng(1)
    odds = rng.normal(3, 3, 40_000)
    right = rng.random(40_000) < 1 / (1 + np.exp(-0.6 * odds + 0.5))
    design = np.stack([odds, np.ones_like(odds), np.zeros_like(odds)], axis=1)
    assert calibrated(design, right) == pytest.approx((0.6, -0.5, 0), abs=0.03)


def test_from_the_threshold_on_nearly_all_is_right() -> None:
    from training.export import WANTED, review_threshold  # noqa: PLC0415

    rng = np.random.default_rng(2)
    confidence = rng.beta(8, 0.3, 50_000)
    right = rng.random(50_000) < confidence
    threshold = review_threshold(confidence, right)
    kept = confidence >= threshold
    assert right[kept].mean() >= WANTED
    assert right[confidence >= threshold - 0.02].mean() < WANTED
    assert kept.mean() > 0.2
