"""How a decoded page gets from the process that decodes to the one that asked for it: in memory
that both of them have. Through a pipe a page of A4 takes a third as long as decoding it does.

A piece of such memory is used again for a later page as soon as nobody looks at the one in it any
more: neither process has to have it cleared and mapped anew. A hostile file may have the one that
decodes in its hands, so the other takes no piece that could be cut short under its eyes.
"""

import fcntl
import math
import mmap
import os
import sys
import tempfile
import weakref
from collections.abc import Iterable
from multiprocessing.connection import Connection
from multiprocessing.reduction import recv_handle, send_handle
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KEPT = 3
"""Pieces to be used again: for an invoice, its page in colour, and the reference that it is held
against."""
_KEPT_BYTES = 32 * 1024**2
"""That such a piece may have: a page of A4 in colour at 300 dpi has 26 million."""


class Outgoing:
    """The side of the process that decodes."""

    def __init__(self) -> None:
        self._pieces: dict[int, mmap.mmap] = {}
        self._lent: set[int] = set()

    def take_back(self, numbers: Iterable[int]) -> None:
        """The other side looks at these pieces no more."""
        self._lent.difference_update(numbers)

    def put(self, pixels: NDArray[np.uint8]) -> tuple[dict[str, Any], int | None]:
        """Puts a page where the other side will look for it.

        Returns what that one must be told (JSON), and what it must be sent by `send` after that.
        """
        size, number = pixels.nbytes, self._place(pixels.nbytes)
        piece = None if number is None else self._pieces.get(number)
        descriptor = None
        if piece is None or len(piece) < size:
            descriptor = _memory(size)
            piece = mmap.mmap(descriptor, size)
        if number is not None:
            self._pieces[number] = piece
            self._lent.add(number)
        np.copyto(np.frombuffer(piece, np.uint8, size).reshape(pixels.shape), pixels)
        return {"shape": pixels.shape, "piece": number, "new": descriptor is not None}, descriptor

    def _place(self, size: int) -> int | None:
        """The number of the smallest piece that is free and large enough, or that one so large may
        get; None if it is to be used once."""
        free = set(range(_KEPT)) - self._lent
        if size > _KEPT_BYTES or not free:
            return None
        sizes = {number: len(self._pieces.get(number, b"")) for number in free}
        return min(free, key=lambda number: (sizes[number] < size, sizes[number]))


class Incoming:
    """The side of the process that asked."""

    def __init__(self) -> None:
        self._pieces: dict[int, mmap.mmap] = {}
        self._done: list[int] = []

    def done(self) -> list[int]:
        """The pieces that nobody here looks at any more, since this was last asked."""
        return [self._done.pop() for _ in range(len(self._done))]

    def get(self, told: dict[str, Any], pipe: "Connection[bytes, bytes]") -> NDArray[np.uint8]:
        """The page that `Outgoing.put` told of. Its memory is held as long as it, or any view of
        it, is; a fork that outlives them here must have made a copy.

        Raises EOFError, LookupError, OSError, RuntimeError or ValueError if what is there isn't as
        told.
        """
        number, size = told["piece"], math.prod(told["shape"])
        piece = _mapped(recv_handle(pipe), size) if told["new"] else self._pieces[number]
        pixels = np.frombuffer(piece, np.uint8, size)
        if number is not None:
            self._pieces[number] = piece
            # A view's base is the array that has no array for its own base: this one.
            weakref.finalize(pixels, self._done.append, number)
        return pixels.reshape(told["shape"])


def send(pipe: "Connection[bytes, bytes]", descriptor: int) -> None:
    """Sends a new piece, and closes the descriptor."""
    try:
        send_handle(pipe, descriptor, None)
    finally:
        os.close(descriptor)


def _memory(size: int) -> int:
    """A descriptor of so many bytes that several processes can map."""
    if sys.platform != "linux":
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    descriptor = os.memfd_create("page", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    return descriptor


def _mapped(descriptor: int, size: int) -> mmap.mmap:
    """Takes over the descriptor."""
    try:
        if sys.platform == "linux" and not (
            fcntl.fcntl(descriptor, fcntl.F_GET_SEALS) & fcntl.F_SEAL_SHRINK
        ):
            raise OSError("memory that could be cut short")
        return mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
