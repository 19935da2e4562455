"""The networks of the numeric reader: line images → for each frame how likely each character is."""

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.reading.ctc import LogProbs
from core.reading.lines import HEIGHT

FRAME = 2
"""Columns of a line image per frame."""
WIDTH_STEP = 32
"""Lines are padded to a multiple of this and batched by width, so that what a box is read as
doesn't depend on which other boxes the page has."""


class Network:
    """One of them, from its ONNX file's bytes; it takes its time and memory when it is first asked.

    threads: onnxruntime's intra- and inter-op threads. Both are set, because in a container with
        fewer cores than the host its own guess fails to pin threads and starts slowly.
    """

    def __init__(self, model: bytes, threads: int) -> None:
        self._model = model
        self._threads = threads

    def load(self) -> None:
        """Makes it ready for its first lines."""
        self._session  # noqa: B018  its making is what takes time

    def frames(self, inks: Sequence[NDArray[np.uint8]]) -> list[LogProbs]:
        """Of each line its frames, T×C, with sure blanks behind its end.

        inks: as `core.reading.lines.prepare` makes them.
        """
        frames: dict[int, LogProbs] = {}
        for width, indices in _by_width(inks).items():
            batch = np.zeros((len(indices), 1, HEIGHT, width), np.float32)
            for row, index in enumerate(indices):
                batch[row, 0, :, : inks[index].shape[1]] = inks[index]
            batch /= 255
            (log_probs,) = self._session.run(None, {"lines": batch})
            frames |= zip(indices, log_probs, strict=True)
        return [frames[index] for index in range(len(inks))]

    @cached_property
    def _session(self) -> Any:
        # Late: it takes 0.1 s and not every command reads.
        from core.reading.runtime import onnxruntime  # noqa: PLC0415

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = self._threads
        return onnxruntime.InferenceSession(
            self._model, options, providers=["CPUExecutionProvider"]
        )


def padded(width: int) -> int:
    """The width that a line of this width comes to the network with."""
    return -(-width // WIDTH_STEP) * WIDTH_STEP


def _by_width(inks: Sequence[NDArray[np.uint8]]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for index, ink in enumerate(inks):
        groups.setdefault(padded(ink.shape[1]), []).append(index)
    return groups
