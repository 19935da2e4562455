"""The measured baseline: split a line into marks, give each to a per-digit CNN.

    python -m training.baseline [--per-class 5000]      trains it
    python -m training.evaluate --rivals 200            measures it beside the reader

The network is the one that others know for this task: three 3×3 convolutions of 32, 64 and 128
channels with ReLU and 2×2 max-pooling, a hidden layer of 512, dropout 0.5, 32×32×3 input, and 21
classes (ten digits of each family and the slash). It can't answer any other mark.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from random import Random

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from core.reading.lines import HEIGHT, prepare
from core.reading.numeric import LineReading
from training.augment import TRAIN, Sample, sample
from training.fonts import WORK
from training.render import Typesetter

CLASSES = "٠١٢٣٤٥٦٧٨٩0123456789/"
SIDE = 32
PATH = WORK / "runs" / "baseline.pt"


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

    def __init__(self, net: DigitNet) -> None:
        self._net = net.eval()

    @classmethod
    def load(cls) -> "Baseline":
        net = DigitNet()
        net.load_state_dict(torch.load(PATH, weights_only=True))
        return cls(net)

    def read(self, page: Sequence[Sample]) -> list[LineReading]:
        marks = [[square(m) for m in split(prepare(one.crop).ink)] for one in page]
        every = [mark for line in marks for mark in line]
        if not every:
            return [LineReading("", 1.0)] * len(page)
        with torch.inference_mode():
            best, codes = self._net(_tensor(every)).softmax(1).max(1)
        answers = iter(zip(best.tolist(), codes.tolist(), strict=True))
        readings = []
        for line in marks:
            found = [next(answers) for _ in line]
            text = "".join(CLASSES[code] for _, code in found)
            readings.append(LineReading(text, float(np.prod([chance for chance, _ in found]))))
        return readings


def _tensor(marks: Sequence[NDArray[np.uint8]]) -> Tensor:
    return torch.from_numpy(np.stack(marks)).unsqueeze(1).expand(-1, 3, -1, -1).float() / 255


def collect(per_class: int, seed: int = 7) -> tuple[Tensor, Tensor]:
    """`per_class` digits of each class, cut out of training lines."""
    setter, rng = Typesetter("train"), Random(seed)
    found: dict[int, list[NDArray[np.uint8]]] = {code: [] for code in range(len(CLASSES))}
    while any(len(marks) < per_class for marks in found.values()):
        for mark, code in digits_of(sample(setter, rng, TRAIN, arabic=rng.random() < 0.5)):
            if len(found[code]) < per_class:
                found[code].append(mark)
    codes = torch.tensor([code for code, marks in found.items() for _ in marks])
    return _tensor([mark for marks in found.values() for mark in marks]), codes


def train(per_class: int, epochs: int = 4, path: Path = PATH) -> None:
    torch.manual_seed(7)
    digits, codes = collect(per_class)
    net = DigitNet()
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
    for epoch in range(epochs):
        order = torch.randperm(len(codes))
        total = 0.0
        for part in order.split(128):
            loss = F.cross_entropy(net(digits[part]), codes[part])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(part)
        print(f"epoch {epoch + 1}/{epochs} loss {total / len(codes):.4f}", flush=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--per-class", type=int, default=2000)
    train(parser.parse_args().per_class)


if __name__ == "__main__":
    main()
