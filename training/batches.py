"""Lines → batches of tensors: padded, of like width, varied a little each time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from core.reading.network import FRAME, padded
from training.grammar import CHARSET

_CODE = {character: code for code, character in enumerate(CHARSET, 1)}


@dataclass(frozen=True, slots=True)
class Batch:
    """lines: N×1×32×W uint8. targets: the labels' classes, end to end. lengths: N label lengths.
    frames: N numbers of frames that are not padding. index: N positions in the data."""

    lines: Tensor
    targets: Tensor
    lengths: Tensor
    frames: Tensor
    index: NDArray[np.intp]


def encoded(label: str) -> list[int]:
    return [_CODE[character] for character in label]


def readable(ink: NDArray[np.uint8], label: str) -> bool:
    """Whether the line has frames enough for CTC to write the label: equal neighbours need a
    blank between them."""
    repeats = sum(a == b for a, b in pairwise(label))
    return ink.shape[1] // FRAME >= len(label) + repeats


def collate(
    inks: Sequence[NDArray[np.uint8]], labels: Sequence[str], index: NDArray[np.intp]
) -> Batch:
    width = padded(max(inks[i].shape[1] for i in index))
    lines = np.zeros((len(index), 1, inks[0].shape[0], width), np.uint8)
    for row, i in enumerate(index):
        lines[row, 0, :, : inks[i].shape[1]] = inks[i]
    codes = [encoded(labels[i]) for i in index]
    return Batch(
        torch.from_numpy(lines),
        torch.tensor([code for one in codes for code in one], dtype=torch.long),
        torch.tensor([len(one) for one in codes]),
        torch.full((len(index),), width // FRAME),
        index,
    )


def batches(
    inks: Sequence[NDArray[np.uint8]],
    labels: Sequence[str],
    size: int,
    rng: np.random.Generator | None,
    count: int | None = None,
) -> Iterator[Batch]:
    """All lines once. With `rng`, in random order, though lines of like width stay together, and
    `count` of them: some left out, or all of them more than once."""
    widths = np.array([ink.shape[1] for ink in inks])
    usable = np.array([i for i, ink in enumerate(inks) if readable(ink, labels[i])], np.intp)
    if rng is None:
        order = usable[np.argsort(widths[usable], kind="stable")]
        groups = [order[i : i + size] for i in range(0, len(order), size)]
    else:
        count = len(usable) if count is None else count
        passes = [rng.permutation(usable) for _ in range(-(-count // len(usable)))]
        order = np.concatenate(passes)[:count]
        window = size * 24
        groups = []
        for start in range(0, len(order), window):
            part = order[start : start + window]
            part = part[np.argsort(widths[part], kind="stable")]
            groups += [part[i : i + size] for i in range(0, len(part), size)]
        rng.shuffle(groups)
    for group in groups:
        yield collate(inks, labels, group)


def varied(lines: Tensor, generator: torch.Generator) -> Tensor:
    """N×1×32×W in [0, 1]: each line moved, stretched, slanted, thickened, dimmed and grained a
    little. It costs a tenth of a step, against ten times a step for rendering anew."""
    count, _, height, width = lines.shape

    def uniform(low: float, high: float) -> Tensor:
        return torch.rand(count, generator=generator) * (high - low) + low

    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0] = uniform(0.85, 1.15)
    # Sheared about the line's middle; in normalised coordinates a slope shrinks with the width.
    affine[:, 0, 1] = uniform(-0.12, 0.12) * height / width
    affine[:, 0, 2] = affine[:, 0, 0] - 1  # the left edge stays
    affine[:, 1, 1] = uniform(0.9, 1.12)
    affine[:, 1, 2] = uniform(-2, 2) / (height / 2)
    grid = F.affine_grid(affine, list(lines.shape), align_corners=False)
    # A smooth wobble of some two pixels makes other faces of every face.
    knots = torch.randn(count, 2, 4, max(2, width // 10), generator=generator)
    wobble = F.interpolate(knots, (height, width), mode="bilinear", align_corners=True)
    reach = torch.tensor([2 / width, 2 / height]) * uniform(-0.4, 1.3).clamp(0).view(-1, 1, 1, 1)
    lines = F.grid_sample(lines, grid + wobble.permute(0, 2, 3, 1) * reach, align_corners=False)
    thick = (F.max_pool2d(lines, 3, 1, 1) - lines) * uniform(-0.3, 0.45).clamp(0).view(-1, 1, 1, 1)
    thin = (lines + F.max_pool2d(-lines, 3, 1, 1)) * uniform(-0.3, 0.35).clamp(0).view(-1, 1, 1, 1)
    lines = (lines + thick - thin) * uniform(0.6, 1.1).view(-1, 1, 1, 1)
    grain = torch.randn(lines.shape, generator=generator)
    return (lines + grain * uniform(-0.05, 0.08).clamp(0).view(-1, 1, 1, 1)).clamp(0, 1)
