"""Has files decoded by a process of its own, with a limit on its time and its memory.

A decoder is a large program in C that a stranger's file drives. In a process it may run on, take
all memory or crash: that is an error of the file, and the next one gets a fresh process. It costs a
fifth of a second once, and some milliseconds a page.
"""

import atexit
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import FileError, TransientError
from core.formats.decoder import Character
from core.formats.handover import Incoming
from core.formats.sniff import Format

_PATIENCE = 3
"""Times the limit of processor time that an answer is waited for: others may be at work, too."""
_KEPT = {"MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2), "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2)}
"""For glibc, in bytes: a page's memory isn't given back after each, to be asked for and cleared
anew. That takes a sixth of the time off a page of A4."""
_HELD = 2
"""Documents that the process keeps open: an invoice, and the reference that it is held against."""

_numbers = itertools.count()


@dataclass(frozen=True)
class Allowance:
    """What decoding may cost: pages of a document, pixels of a page, seconds of processor time
    and bytes of memory for each page."""

    max_pages: int
    max_pixels: int
    seconds: float
    memory: int


@dataclass(eq=False)
class ConfinedDecoder:
    """A `Decoder` whose work is done elsewhere.

    Raises (also when made): FileError, as the format's own decoder, and `read_timeout`,
    `reader_crashed`, `image_too_large` (of memory); TransientError if no process can start, or
    the system kills it (`reader_crashed`).
    """

    data: bytes = field(repr=False)
    format: Format
    name: str
    allowance: Allowance

    def __post_init__(self) -> None:
        self.number = next(_numbers)
        self.pages: int = _process.ask(self, {"page": None})[0]["pages"]

    def decode(self, number: int, size_hint: tuple[int, int], *, color: bool) -> NDArray[np.uint8]:
        """Page `number` (1 is the first), as `Decoder.decode` gives it."""
        wanted = {"page": number, "size_hint": size_hint, "color": color}
        _, pixels = _process.ask(self, wanted)
        assert pixels is not None
        return pixels

    def characters(self, number: int) -> list[Character]:
        """What page `number` itself says is printed on it."""
        if self.format != "pdf":
            return []
        answer, _ = _process.ask(self, {"page": number, "size_hint": None})
        return [Character(*each) for each in answer["characters"]]

    def close(self) -> None:
        self.data = b""
        _process.forget(self)


class _Killed(TransientError):
    """The process was killed: no limit of ours does that, nor does a crash."""


class _Process:
    """One at a time; started when it is needed, also after a death or a fork."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._popen: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._held: list[int] = []
        self._closed: list[int] = []

    def start(self) -> None:
        """Starts the process, if there is none, and doesn't wait for it.

        Raises:
            TransientError: the system has no room for another process.
        """
        with self._lock:
            self._ensure()

    def ask(
        self, document: ConfinedDecoder, wanted: dict[str, Any]
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        with self._lock:
            try:
                answer, pixels = self._once(document, wanted)
            except _Killed:
                # The system did it, short of memory, and perhaps before this file was asked for.
                answer, pixels = self._once(document, wanted)
        if "code" in answer:
            self.forget(document)
            raise FileError(answer["message"], code=answer["code"])
        return answer, pixels

    def _once(
        self, document: ConfinedDecoder, wanted: dict[str, Any]
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        """Raises FileError; _Killed if the process was killed."""
        self._ensure()
        allowance = document.allowance
        drop = [number for number in self._closed if number in self._held]
        held = [number for number in self._held if number not in drop]
        sent = document.number not in held
        if sent:
            drop += held[: max(0, len(held) + 1 - _HELD)]
            held = [*held[-(_HELD - 1) :], document.number]
        request = wanted | {
            "document": document.number,
            "format": document.format,
            "name": document.name,
            "sent": sent,
            "drop": drop,
            "done": self._incoming.done(),
            "max_pages": allowance.max_pages,
            "max_pixels": allowance.max_pixels,
            "seconds": allowance.seconds,
            "memory": allowance.memory,
        }
        self._held, self._closed = held, []
        try:
            answer, pixels = self._exchange(
                request, document.data if sent else None, _PATIENCE * allowance.seconds
            )
        except (EOFError, OSError, LookupError, RuntimeError, ValueError) as error:
            # It died, or what it answers makes no sense.
            code = self._end()
            if isinstance(error, TimeoutError) or code == -signal.SIGXCPU:
                raise _too_slow(document) from error
            raise (_Killed if code == -signal.SIGKILL else FileError)(
                f"{document.name}: the decoder crashed on it (exit code {code})",
                code="reader_crashed",
            ) from error
        except BaseException:
            self._end()  # an answer may be under way that nobody waits for any more
            raise
        if answer["worn"]:
            self._end()
        return answer, pixels

    def _exchange(
        self, request: dict[str, Any], data: bytes | None, timeout: float
    ) -> tuple[dict[str, Any], NDArray[np.uint8] | None]:
        """Raises EOFError or OSError if the process dies, TimeoutError if it doesn't answer, and
        LookupError, RuntimeError or ValueError if it answers nonsense."""
        self._pipe.send_bytes(json.dumps(request).encode())
        if data is not None:
            self._pipe.send_bytes(data)
        if not self._pipe.poll(timeout):
            raise TimeoutError
        answer = json.loads(self._pipe.recv_bytes())
        return answer, self._incoming.get(answer, self._pipe) if "shape" in answer else None

    def forget(self, document: ConfinedDecoder) -> None:
        """The process may let go of it the next time that it is asked for something."""
        if document.number in self._held:
            self._closed.append(document.number)

    def stop(self) -> None:
        """Ends the process, if there is one; the next file starts another."""
        with self._lock:
            if self._popen is not None and self._owner == os.getpid():
                self._end()

    def _ensure(self) -> None:
        if self._popen is not None and self._owner == os.getpid():
            return
        # A fork has its parent's process in its memory, and must leave it alone.
        self._popen, self._owner = None, os.getpid()
        self._held, self._closed = [], []
        self._incoming = Incoming()
        self._pipe: Connection[bytes, bytes]
        try:
            self._pipe, theirs = Pipe()
        except OSError as error:
            raise _not_started(error) from error
        root = str(Path(__file__).parents[2])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        try:
            self._popen = subprocess.Popen(
                [sys.executable, "-P", "-m", "core.formats.process", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                env=os.environ | {"PYTHONPATH": path} | _KEPT,
            )
        except OSError as error:
            self._pipe.close()
            raise _not_started(error) from error
        finally:
            theirs.close()

    def _end(self) -> int:
        """Ends the process and tells its exit code."""
        assert self._popen is not None
        self._pipe.close()
        self._popen.kill()
        code = self._popen.wait()
        self._popen = None
        return code


def _not_started(error: OSError) -> TransientError:
    return TransientError(f"no decoding process can start: {error.strerror}")


def _too_slow(document: ConfinedDecoder) -> FileError:
    return FileError(
        f"{document.name}: takes longer than the limit of {document.allowance.seconds:g} s to "
        "decode",
        code="read_timeout",
    )


_process = _Process()
start, stop = _process.start, _process.stop
atexit.register(stop)
