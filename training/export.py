"""Calibrates the trained reader, checks it and puts it where the library finds it.

    python -m training.export
    python -m training.export --second FOLDER    with the network of FOLDER as the second one; else
                                                 the second that is there stays
    python -m training.export --shipped          what ships, after a change in how it is exported
    python -m training.export --calibrate        what ships, after a change in core/reading

The ONNX file must answer as PyTorch does, for any batch and width, or nothing is written. What
ships is its 8-bit form, twice as fast and a quarter as large; what that costs is measured too.
"""

import argparse
import copy
import hashlib
import json
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

from core.reading.calibration import traits
from core.reading.habit import habit_of
from core.reading.lines import HEIGHT, prepare
from core.reading.network import padded
from core.reading.numeric import MODEL_DIR, NumericReader
from training import dataset
from training.augment import PROFILES
from training.batches import collate
from training.edits import same_value
from training.examples import example
from training.fonts import WORK
from training.grammar import CHARSET
from training.model import LineNet
from training.shipped import restore
from training.train import Trainer

NAME = "numeric-6"
TOLERANCE = 1e-3
"""Largest difference in log-probability between ONNX and PyTorch where it matters (above 1e-4)."""
WANTED = 0.999
"""Share of the readings at or above the review threshold whose value is right, on validation
data."""
EXAMPLES = 512
"""Lines that show the ranges of the 8-bit activations."""
CHUNKS = 2
"""Of each way to treat boxes, for the calibration."""
TOGETHER = 64
"""Boxes that are read together."""


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


def to_int8(path: Path, inks: list[NDArray[np.uint8]], quantized: Path) -> None:
    """Writes `quantized`: 8-bit weights and activations, whose ranges these lines show. The layer
    that answers keeps its 32 bits: probabilities hang on it.

    With Relu and Add quantised, too, they become part of the convolutions before them: that takes a
    quarter of the time off, and rounds once instead of twice.
    """
    answer = [node.name for node in onnx.load(path).graph.node if node.op_type == "Conv"][-1]
    # It advises another pass over the model that this one, without batch norms, has no use for.
    logging.getLogger().setLevel(logging.ERROR)
    quantize_static(
        path,
        quantized,
        _Examples(inks),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        reduce_range=True,  # processors without VNNI add pairs of products in 16 bits
        op_types_to_quantize=["Conv", "Relu", "Add"],
        nodes_to_exclude=[answer],
    )


class _Examples(CalibrationDataReader):
    def __init__(self, inks: list[NDArray[np.uint8]]) -> None:
        self._inks = iter(inks)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        ink = next(self._inks, None)
        if ink is None:
            return None
        lines = np.zeros((1, 1, HEIGHT, padded(ink.shape[1])), np.float32)
        lines[0, 0, :, : ink.shape[1]] = ink / np.float32(255)
        return {"lines": lines}


_Second = tuple[bytes, dict[str, Any]]
"""A second network, and what its sidecar says of it."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Readings of N lines. traits: N×T, named by `names`, that confidence is computed from. exact
    and worth: N, whether the text is right, and whether its value is. every: M, whether the text is
    right, with the lines of which an example says nothing."""

    names: tuple[str, ...]
    traits: NDArray[np.float64]
    exact: NDArray[np.bool_]
    worth: NDArray[np.bool_]
    every: NDArray[np.bool_]


def judged(folder: Path, jobs: int, *, by_example: bool = False) -> Judged:
    """The best text of each box of the validation families by the reader of that folder, judged.
    Empty boxes are left out: nothing is read in them. by_example: an example is known of each."""
    # "train" has relatives of the faces too: faces further from those that the network knows.
    chunks = [(profile, number) for profile in ("train", *PROFILES) for number in range(CHUNKS)]
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        judge = partial(_judged, folder, by_example)
        parts = list(pool.map(judge, *zip(*chunks, strict=True)))
    return Judged(
        parts[0].names,
        np.concatenate([part.traits for part in parts]),
        np.concatenate([part.exact for part in parts]),
        np.concatenate([part.worth for part in parts]),
        np.concatenate([part.every for part in parts]),
    )


def _judged(folder: Path, by_example: bool, profile: str, number: int) -> Judged:
    ranker = NumericReader(model_dir=folder).ranker
    rng = Random(f"examples {profile} {number}")
    boxes = [(one, prepare(one.crop)) for one in dataset.boxes("validation", profile, number)]
    # In order of width, so that lines come to the network together.
    boxes = sorted((b for b in boxes if not b[1].empty), key=lambda box: box[1].ink.shape[1])
    found, exact, worth, every = [], [], [], []
    for start in range(0, len(boxes), TOGETHER):
        part, lines = zip(*boxes[start : start + TOGETHER], strict=True)
        habits = [
            habit_of(example(rng, one.label, one.kind), one.kind) if by_example else None
            for one in part
        ]
        ranked = ranker.rank(lines, [one.kind for one in part], habits)
        for one, habit, ((text, chance), *_) in zip(part, habits, ranked, strict=True):
            every.append(text == one.label)
            if by_example and not (habit and text):  # judged as those that nobody has told of
                continue
            found.append(traits(text, one.kind, chance, habit))
            exact.append(text == one.label)
            worth.append(same_value(one.kind, one.label, text))
    table = np.array([list(each.values()) for each in found])
    return Judged(tuple(found[0]), table, *map(np.array, (exact, worth, every)))


def calibrated(design: NDArray[np.float64], right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of the logistic regression of `right` (N) on `design` (N×T), by Newton's method with
    a ridge so slight that it only keeps traits that never vary at 0."""
    ridge = 1e-3
    weights = np.zeros(design.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-design @ weights))
        gradient = design.T @ (right - p) - ridge * weights
        hessian = (design * (p * (1 - p))[:, None]).T @ design + ridge * np.eye(len(weights))
        step = np.linalg.solve(hessian, gradient)
        weights += step
        if np.abs(step).max() < 1e-8:
            break
    return weights


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
    parser.add_argument(
        "--second", type=Path, help="a folder as core/reading/model, whose network is asked, too"
    )
    parser.add_argument(
        "--shipped", action="store_true", help="quantise and calibrate anew the reader that ships"
    )
    parser.add_argument(
        "--calibrate", action="store_true", help="only calibrate anew the reader that is there"
    )
    options = parser.parse_args()
    figures: dict[str, float] = {}
    if options.shipped:
        sidecar = _quantized_again(options.to)
    elif options.calibrate:
        sidecar = json.loads((options.to / "numeric.json").read_text(encoding="utf-8"))
    else:
        second = _second(options.second) if options.second else _second_of(options.to)
        sidecar, figures = _exported(options.name, options.to, second, options.jobs)
    found = judged(options.to, options.jobs)
    told = judged(options.to, options.jobs, by_example=True)
    thresholds = []
    for name, readings in (("calibration", found), ("calibration_by_example", told)):
        weights = calibrated(readings.traits, readings.exact)
        confidence = 1 / (1 + np.exp(-readings.traits @ weights))
        thresholds.append(review_threshold(confidence, readings.worth))
        sidecar[name] = {
            trait: round(float(weight), 4)
            for trait, weight in zip(readings.names, weights, strict=True)
        }
    print("thresholds without and with examples:", *thresholds)
    sidecar["review_threshold"] = max(thresholds)
    sidecar["figures"] = {
        "validation_exact": round(float(found.every.mean()), 4),
        "validation_exact_by_example": round(float(told.every.mean()), 4),
        **figures,
    }
    print(_write(options.to, sidecar))


def _exported(
    name: str, folder: Path, second: _Second | None, jobs: int
) -> tuple[dict[str, Any], dict[str, float]]:
    """Puts the network of a run into the folder, in 8 bits; its sidecar, and what was measured of
    it in 32."""
    trainer = Trainer(WORK / "runs" / name)
    folder.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as draft:
        whole = Path(draft) / "numeric.onnx"
        to_onnx(trainer.average.module.cpu(), whole)
        to_int8(whole, _examples(), folder / "numeric.onnx")
        _write(Path(draft), _with(second, Path(draft), _sidecar(whole, trainer)))
        before = judged(Path(draft), jobs).exact.mean()
    sidecar = _with(second, folder, _sidecar(folder / "numeric.onnx", trainer))
    _write(folder, sidecar)
    return sidecar, {"validation_exact_in_32_bits": round(float(before), 4)}


def _quantized_again(folder: Path) -> dict[str, Any]:
    """Puts the networks that ship into the folder, quantised anew; their sidecar."""
    sidecar: dict[str, Any] = json.loads((MODEL_DIR / "numeric.json").read_text(encoding="utf-8"))
    examples = _examples()
    lines = collate(examples, [""] * len(examples), np.arange(len(examples))).lines.float() / 255
    named = {"numeric.onnx": sidecar, "second.onnx": sidecar["second"]}
    with TemporaryDirectory() as draft:
        for name in named:
            model = LineNet()
            restore(model, lines, MODEL_DIR / name)
            to_onnx(model, Path(draft) / name)
        for name, about in named.items():
            to_int8(Path(draft) / name, examples, folder / name)
            about["sha256"] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    _write(folder, sidecar)
    return sidecar


def _examples() -> list[NDArray[np.uint8]]:
    """Training lines that show how far a network's activations range."""
    inks = dataset.load([dataset.make_chunk("train", "scan", 0)]).inks
    return [ink for ink in inks if ink.shape[1] > 1][:EXAMPLES]


def _sidecar(path: Path, trainer: Trainer) -> dict[str, Any]:
    """What goes with the network before it is calibrated."""
    return {
        "name": NAME,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "charset": CHARSET,
        "height": HEIGHT,
        "calibration": {"log_odds": 1.0},
        "calibration_by_example": {"log_odds": 1.0},
        "review_threshold": 1.0,
        "training": {
            "seed": trainer.seed,
            "rounds": trainer.round,
            "steps": trainer.step,
            "lines_seen": trainer.lines_seen,
            "parameters": sum(p.numel() for p in trainer.model.parameters()),
        },
    }


def _second(folder: Path) -> _Second:
    """The network of that folder, and what its sidecar says of how it was made."""
    sidecar = json.loads((folder / "numeric.json").read_text(encoding="utf-8"))
    about = {name: sidecar[name] for name in ("name", "sha256", "training")}
    return (folder / "numeric.onnx").read_bytes(), about


def _second_of(folder: Path) -> _Second | None:
    """The second network that the folder has already."""
    if not (folder / "second.onnx").exists():
        return None
    sidecar = json.loads((folder / "numeric.json").read_text(encoding="utf-8"))
    return (folder / "second.onnx").read_bytes(), sidecar["second"]


def _with(second: _Second | None, folder: Path, sidecar: dict[str, Any]) -> dict[str, Any]:
    """The sidecar with the second network, which is put into the folder, or taken out of it."""
    (folder / "second.onnx").unlink(missing_ok=True)
    if second is None:
        return sidecar
    (folder / "second.onnx").write_bytes(second[0])
    return {**sidecar, "second": second[1]}


def _write(folder: Path, sidecar: dict[str, Any]) -> str:
    text = json.dumps(sidecar, ensure_ascii=False, indent=2)
    (folder / "numeric.json").write_text(text + "\n", encoding="utf-8")
    return text


if __name__ == "__main__":
    main()
