"""Calibrates the trained reader, checks it and puts it where the library finds it.

    python -m training.export

The ONNX file must answer as PyTorch does, for any batch and width, or nothing is written.
"""

import argparse
import copy
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray

from core.reading.lines import HEIGHT
from core.reading.numeric import MODEL_DIR, NumericReader, log_odds
from training import dataset
from training.augment import PROFILES
from training.dataset import Lines
from training.fonts import WORK
from training.grammar import CHARSET
from training.model import LineNet
from training.train import Trainer

NAME = "numeric-1"
TOLERANCE = 1e-3
"""Largest difference in log-probability between ONNX and PyTorch where it matters (above 1e-4)."""
WANTED = 0.999
"""Share of the readings at or above the review threshold that are exact, on validation data."""
CHUNKS = 2
"""Of each way to treat boxes, for the calibration."""


def to_onnx(model: LineNet, path: Path) -> None:
    """Writes `path`. Batch and width are dynamic.

    Raises:
        ValueError: onnxruntime answers otherwise than PyTorch.
    """
    model = copy.deepcopy(model).cpu().to(memory_format=torch.contiguous_format).eval()
    torch.onnx.export(
        model,
        (torch.rand(2, 1, HEIGHT, 128),),
        path,
        dynamo=True,
        external_data=False,
        input_names=["lines"],
        output_names=["log_probs"],
        verbose=False,
        dynamic_shapes={"lines": {0: torch.export.Dim("batch"), 3: 2 * torch.export.Dim("frames")}},
    )
    _forget_origin(path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for shape in ((1, 64), (3, 192), (5, 512)):
        lines = torch.rand(shape[0], 1, HEIGHT, shape[1])
        with torch.inference_mode():
            expected = model(lines).numpy()
        (answer,) = session.run(None, {"lines": lines.numpy()})
        worst = float(np.abs(np.exp(answer) - np.exp(expected)).max())
        if worst > TOLERANCE:
            raise ValueError(f"ONNX is off by {worst:.2g} for {shape}")


def _forget_origin(path: Path) -> None:
    """Takes out where each node comes from: paths of the machine that exported it."""
    model = onnx.load(path)
    for part in (model, model.graph, *model.graph.node):
        del part.metadata_props[:]
    onnx.save(model, path)


def judged(reader: NumericReader, data: Lines) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of each line's best text: its log-odds before calibration, and whether it is right."""
    # In order of width, so that lines come to the network together.
    order = sorted(range(len(data)), key=lambda i: data.inks[i].shape[1])
    odds, right = [], []
    for start in range(0, len(order), 128):
        part = order[start : start + 128]
        ranked = reader.rank([data.inks[i] for i in part], [data.kinds[i] for i in part])
        for index, ((text, chance), *_) in zip(part, ranked, strict=True):
            odds.append(log_odds(chance))
            right.append(text == data.labels[index])
    return np.array(odds), np.array(right)


def calibrated(odds: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset of the logistic regression of `right` on `odds` (Newton's method)."""
    design = np.stack([odds, np.ones_like(odds)], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - p)
        hessian = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return float(weights[0]), float(weights[1])


def review_threshold(confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The least confidence from which on WANTED of the readings are right."""
    order = np.argsort(-confidence)
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= WANTED)
    return float(np.ceil(confidence[order[good[-1] if good.size else 0]] * 1e4) / 1e4)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", default="numeric", help="name of the training run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--to", type=Path, default=MODEL_DIR)
    options = parser.parse_args()
    trainer = Trainer(WORK / "runs" / options.name)
    model = trainer.average.module.cpu()
    # "train" has relatives of the faces too: faces further from those that the network knows.
    made = [
        path
        for profile in ("train", *PROFILES)
        for path in dataset.make("validation", profile, CHUNKS * dataset.CHUNK, options.jobs)
    ]
    options.to.mkdir(parents=True, exist_ok=True)
    path = options.to / "numeric.onnx"
    to_onnx(model, path)
    sidecar: dict[str, Any] = {
        "name": NAME,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "charset": CHARSET,
        "height": HEIGHT,
        "calibration": {"slope": 1.0, "offset": 0.0},
        "review_threshold": 1.0,
        "training": {
            "seed": trainer.seed,
            "rounds": trainer.round,
            "steps": trainer.step,
            "lines_seen": trainer.lines_seen,
            "parameters": sum(p.numel() for p in model.parameters()),
        },
    }
    _write(options.to, sidecar)
    odds, right = judged(NumericReader(model_dir=options.to), dataset.load(made))
    slope, offset = calibrated(odds, right)
    confidence = 1 / (1 + np.exp(-slope * odds - offset))
    sidecar["calibration"] = {"slope": round(slope, 4), "offset": round(offset, 4)}
    sidecar["review_threshold"] = review_threshold(confidence, right)
    sidecar["figures"] = {"validation_exact": round(float(right.mean()), 4)}
    print(_write(options.to, sidecar))


def _write(folder: Path, sidecar: dict[str, Any]) -> str:
    text = json.dumps(sidecar, ensure_ascii=False, indent=2)
    (folder / "numeric.json").write_text(text + "\n", encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
