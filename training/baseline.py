"""The measured baseline: split a line into marks, give each to a per-digit CNN.

    python -m training.baseline [--per-class 5000 10000]    trains it, once for each number
    python -m training.evaluate --rivals 200                measures the last beside the reader

The network is the one that others know for this task: three 3×3 convolutions of 32, 64 and 128
channels with ReLU and 2×2 max-pooling, a hidden layer of 512, dropout 0.5, 32×32×3 input, and 21
classes (ten digits of each family and the slash). It can't answer any other mark. Written as
TorchScript and ONNX, with a plot of its losses and its confusion matrix.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random

import cv2
import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.reading.lines import HEIGHT, prepare
from core.reading.numeric import LineReading
from training.augment import TRAIN, Sample, sample
from training.families import Split
from training.fonts import WORK
from training.render import Typesetter
from training.train import multiplies_halves

CLASSES = "٠١٢٣٤٥٦٧٨٩0123456789/"
SIDE = 32
FOLDER = WORK / "runs" / "baseline"
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "baseline.png"
HELD_OUT = 200
"""Digits of a class that it is measured on, of families of the validation split."""


class DigitNet(nn.Module):
    """N×3×32×32 in [0, 1] → N×21 scores."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.classes = nn.Sequential(
            nn.Linear(128 * 4 * 4, 512), nn.ReLU(), nn.Dropout(0.5), nn.Linear(512, len(CLASSES))
        )

    def forward(self, digits: Tensor) -> Tensor:
        return self.classes(self.features(digits))


def split(ink: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """The marks of a line from left to right: connected parts, those above each other as one."""
    boxes = cv2.connectedComponentsWithStats((ink > 110).astype(np.uint8))[2]
    spans: list[list[int]] = []
    for left, _, width, height, area in sorted(map(tuple, boxes[1:])):
        if area < 6 or height > 0.95 * HEIGHT:
            continue
        if spans and left < spans[-1][1] - 1:
            spans[-1][1] = max(spans[-1][1], left + width)
        else:
            spans.append([left, left + width])
    return [ink[:, left:right] for left, right in spans]


def square(mark: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A mark amid 32×32, its place in the line's height kept: it tells '٠' from 'ه'."""
    width = min(mark.shape[1], SIDE)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    left = (SIDE - width) // 2
    canvas[:, left : left + width] = cv2.resize(mark, (width, SIDE)) if width else 0
    return canvas


def digits_of(one: Sample) -> list[tuple[NDArray[np.uint8], int]]:
    """The labelled digits of a line that the splitter splits as its label says."""
    marks = split(prepare(one.crop).ink)
    if len(marks) != len(one.label):
        return []
    return [
        (square(mark), CLASSES.index(character))
        for mark, character in zip(marks, one.label, strict=True)
        if character in CLASSES
    ]


class Baseline:
    """Splitter and per-digit CNN behind the reader's interface."""

    def __init__(self, path: Path = FOLDER / "baseline.onnx") -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self._net = onnxruntime.InferenceSession(path, options)

    def read(self, page: Sequence[Sample]) -> list[LineReading]:
        marks = [[square(m) for m in split(prepare(one.crop).ink)] for one in page]
        every = [mark for line in marks for mark in line]
        if not every:
            return [LineReading("", 1.0)] * len(page)
        digits = _input(torch.from_numpy(np.stack(every)))
        (scores,) = self._net.run(None, {"digits": digits.numpy()})
        best, codes = torch.from_numpy(scores).softmax(1).max(1)
        answers = iter(zip(best.tolist(), codes.tolist(), strict=True))
        readings = []
        for line in marks:
            found = [next(answers) for _ in line]
            text = "".join(CLASSES[code] for _, code in found)
            readings.append(LineReading(text, float(np.prod([chance for chance, _ in found]))))
        return readings


def _input(marks: Tensor) -> Tensor:
    """N×32×32 uint8 → N×3×32×32 in [0, 1]."""
    return marks.unsqueeze(1).expand(-1, 3, -1, -1).float() / 255


def collect(split: Split, per_class: int, seed: int = 7) -> tuple[Tensor, Tensor]:
    """`per_class` digits of each class, N×32×32 uint8, cut out of lines in the families of a
    split, and their classes. Class by class."""
    setter, rng = Typesetter(split), Random(seed)
    found: dict[int, list[NDArray[np.uint8]]] = {code: [] for code in range(len(CLASSES))}
    while any(len(marks) < per_class for marks in found.values()):
        for mark, code in digits_of(sample(setter, rng, TRAIN, arabic=rng.random() < 0.5)):
            if len(found[code]) < per_class:
                found[code].append(mark)
    codes = torch.tensor([code for code, marks in found.items() for _ in marks])
    return torch.from_numpy(np.stack([mark for marks in found.values() for mark in marks])), codes


def train(digits: Tensor, codes: Tensor, epochs: int = 4) -> tuple[DigitNet, list[float]]:
    """A network, and the mean loss of each hundred steps."""
    torch.manual_seed(7)
    half = multiplies_halves()  # 0.04 s instead of 0.10 for 128 digits
    net = DigitNet().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    losses: list[float] = []
    for _ in range(epochs):
        for part in torch.randperm(len(codes)).split(128):
            inputs = _input(digits[part]).contiguous(memory_format=torch.channels_last)
            with torch.autocast("cpu", torch.bfloat16, enabled=half):
                scores = net(inputs)
            loss = F.cross_entropy(scores.float(), codes[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))
    means = [float(np.mean(losses[i : i + 100])) for i in range(0, len(losses), 100)]
    return net.eval(), means


def confusion(net: DigitNet, digits: Tensor, codes: Tensor) -> NDArray[np.intp]:
    """Row: what a digit is; column: what it is taken for."""
    with torch.inference_mode():
        answers = torch.cat([net(_input(part)).argmax(1) for part in digits.split(512)])
    table = np.zeros((len(CLASSES), len(CLASSES)), np.intp)
    np.add.at(table, (codes.numpy(), answers.numpy()), 1)
    return table


def write(net: DigitNet, name: str) -> None:
    """NAME.pt (TorchScript) and NAME.onnx."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    example = torch.rand(2, 3, SIDE, SIDE)
    torch.jit.trace(net, example).save(str(FOLDER / f"{name}.pt"))
    torch.onnx.export(
        net,
        (example,),
        FOLDER / f"{name}.onnx",
        dynamo=True,
        external_data=False,
        verbose=False,
        input_names=["digits"],
        dynamic_shapes={"digits": {0: torch.export.Dim("batch")}},
    )


def plot(losses: dict[int, list[float]], table: NDArray[np.intp]) -> None:
    """PICTURE: the losses, and the confusion matrix of the last network."""
    import matplotlib as mpl  # noqa: PLC0415  it takes a second

    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, (curve, matrix) = plt.subplots(1, 2, figsize=(11, 5), layout="constrained")
    for count, means in losses.items():
        curve.plot(np.arange(1, len(means) + 1) * 100, means, label=f"{count:,} a class")
    curve.set(xlabel="step", ylabel="loss", yscale="log", title="Training")
    curve.legend()
    matrix.imshow(np.sqrt(table), cmap="Blues")
    matrix.set_xticks(range(len(CLASSES)), CLASSES)
    matrix.set_yticks(range(len(CLASSES)), CLASSES)
    matrix.set(xlabel="taken for", ylabel="digit", title="Unseen families")
    figure.savefig(PICTURE, dpi=90)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, nargs="+", default=[5_000, 10_000])
    counts = sorted(parser.parse_args().per_class)
    torch.set_num_threads(1)
    held_out = collect("validation", HELD_OUT)
    digits, codes = collect("train", counts[-1])
    losses: dict[int, list[float]] = {}
    for count in counts:
        # `collect` has the digits class by class.
        some = torch.arange(len(codes)) % counts[-1] < count
        net, losses[count] = train(digits[some], codes[some])
        write(net, "baseline" if count == counts[-1] else f"baseline-{count}")
        table = confusion(net, *held_out)
        share = np.trace(table) / table.sum()
        print(f"{count:,} a class: {share:.2%} of the digits of unseen families", flush=True)
    plot(losses, table)


if __name__ == "__main__":
    main()
