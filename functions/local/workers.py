"""The serving side of a reading process: starts it, sends it requests, ends it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from multiprocessing import Pipe
from pathlib import Path

from core.errors import FileError, TransientError

LARGEST_ANSWER = 1024 * 1024
"""Bytes; errors are said in a sentence."""

Answer = tuple[int, bytes]
"""HTTP status code and body."""


class Worker:
    """One process at a time that answers requests; after a death the next request needs `start`.

    `source` is the file that defines the CloudEvent function `target`. Not for use by more than one
    thread, and the thread that started a process must live as long as it should.
    """

    def __init__(self, source: Path, target: str) -> None:
        self._command = [sys.executable, "-P", "-m", "functions.local.worker", str(source), target]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def alive(self) -> bool:
        if self._process is None:
            return False
        # Looked at but not collected: until `_end` its number stays its own.
        how = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, how) is None

    def start(self) -> None:
        """Starts a fresh process; it isn't waited for until the first request.

        Raises:
            TransientError: the system has no room for another process.
        """
        self.stop()
        try:
            self._requests, theirs = Pipe()
        except OSError as error:
            raise TransientError(f"no reading process can start: {error.strerror}") from error
        # A program of its own rather than a fork: this process has threads, whose locks a fork
        # would inherit locked. A process group of its own takes Tesseract along when it is killed.
        try:
            self._process = subprocess.Popen(
                [*self._command, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,
            )
        except OSError as error:
            raise TransientError(f"no reading process can start: {error.strerror}") from error
        finally:
            # With this end closed here, the process's death shows as the end of the pipe.
            theirs.close()

    def post(self, headers: dict[str, str], body: bytes, *, timeout: float) -> Answer:
        """The function's answer.

        Raises:
            FileError: `reader_crashed` or `read_timeout`; the process is gone.
        """
        try:
            self._requests.send_bytes(json.dumps([headers, body.decode()]).encode())
            if not self._requests.poll(timeout):
                self.stop()
                raise FileError(f"took longer than {timeout:g} s", code="read_timeout")
            answer = self._requests.recv_bytes(LARGEST_ANSWER)
            return int(answer[:3]), answer[3:]
        except (EOFError, OSError, ValueError) as error:
            raise FileError(f"the reader died ({self._end()})", code="reader_crashed") from error

    def kill(self) -> None:
        """Ends the process from another thread; the one that waits for its answer hears of it."""
        process = self._process
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop(self) -> None:
        """Ends the process and all that it started; fine if there is none."""
        self._end()

    def _end(self) -> str:
        """Ends the process, if there is one, and says what ended it."""
        if self._process is None:
            return "not started"
        # A crashed one is a zombie until `wait`, so its number can't be another's yet.
        os.killpg(self._process.pid, signal.SIGKILL)
        code = self._process.wait()
        self._requests.close()
        self._process = None
        return f"signal {-code}" if code < 0 else f"exit code {code}"
