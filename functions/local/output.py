"""Standard output and errors, whose reader may have read enough: `khana export | head -1`."""

from __future__ import annotations

import io
import os
import signal
import sys
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

READ_NO_FURTHER = 128 + signal.SIGPIPE
"""The exit code that a shell gives a program which the signal has ended."""


class _Read(io.FileIO):
    """A stream at whose end the command ends, without a word.

    The signal itself would end it too, but at any socket as well, and leave files half-written.
    """

    def write(self, data: ReadableBuffer, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            discard(self)
            sys.exit(READ_NO_FURTHER)


def discard(stream: TextIO | io.FileIO) -> None:
    """Writes to nowhere from now on: what is left in the buffer would fail once more at the end,
    and change the exit code."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def as_read(stream: TextIO) -> TextIO:
    """The stream, for the same file; what can't be printed is escaped, which is JSON as well: names
    of files need not be UTF-8."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream  # some test's
    return io.TextIOWrapper(
        io.BufferedWriter(_Read(stream.fileno(), "w", closefd=False)),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )
