"""Calibration and threshold, on readings whose chances are known."""

import json
from pathlib import Path

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


def test_a_new_network_leaves_the_second_one_where_it_is(tmp_path: Path) -> None:
    from training.export import _second_of, _with  # noqa: PLC0415

    assert _second_of(tmp_path) is None
    sidecar = _with((b"network", {"name": "before"}), tmp_path, {"name": "new"})
    (tmp_path / "numeric.json").write_text(json.dumps(sidecar))
    kept = _second_of(tmp_path)
    assert kept == (b"network", {"name": "before"})
    assert _with(kept, tmp_path, {"name": "newer"})["second"] == {"name": "before"}
    assert (tmp_path / "second.onnx").read_bytes() == b"network"
