"""A file that takes all time or memory, or crashes its decoder, is an error of that file alone."""

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pdfs import pdf, pdf_without_end
from test_page import JPEG, LIMITS, PNG, gray, refused

from core.errors import TransientError
from core.formats import decoding
from core.page import Limits, open_document


def test_a_document_that_never_ends_is_given_up() -> None:
    limits = Limits(LIMITS.max_bytes, LIMITS.max_pixels, 10, max_seconds=1)
    start = time.process_time()
    error = refused(pdf_without_end(), limits)
    assert error.code == "read_timeout"
    assert "longer than the limit of 1 s" in error.message
    assert time.process_time() - start < 1  # this process waits, and does nothing
    assert gray(PNG).shape == (300, 220)  # by the next one


def test_a_process_that_only_sleeps_is_given_up_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_document(JPEG, LIMITS, name="a.jpg") as document:
        monkeypatch.setattr(decoding, "_PATIENCE", 0.001)  # however long: it never answers
        _stopped(signal.SIGSTOP)
        with pytest.raises(Exception, match="longer than the limit") as caught:
            document.gray(1, (1, 1))
    assert caught.value.code == "read_timeout"  # type: ignore[attr-defined]


def test_memory_has_its_limit() -> None:
    # 12,000 x 8,000 pixels of one colour: 100 KB that would take 96 MB in grey, and a copy.
    page = pdf(size=(12_000, 8_000))
    tight = Limits(LIMITS.max_bytes, 100_000_000, 10, max_memory=160 * 1024**2)
    assert refused(page, tight).code in ("image_too_large", "corrupt_file", "reader_crashed")
    assert gray(PNG).shape == (300, 220)


def test_a_crash_is_an_error_of_the_file() -> None:
    with open_document(JPEG, LIMITS, name="a.jpg") as document:
        _stopped(signal.SIGSEGV)
        with pytest.raises(Exception, match=r"a\.jpg: the decoder crashed on it") as caught:
            document.gray(1, (1, 1))
        assert caught.value.code == "reader_crashed"  # type: ignore[attr-defined]
        assert np.array_equal(document.gray(1, (1, 1)), gray(JPEG))  # a fresh one opens it anew


def test_who_is_killed_once_was_killed_by_the_system_and_no_file_is_to_blame() -> None:
    with open_document(JPEG, LIMITS, name="a.jpg") as document:
        _stopped(signal.SIGKILL)
        assert np.array_equal(document.gray(1, (1, 1)), gray(JPEG))
    _stopped(signal.SIGKILL)
    assert np.array_equal(gray(PNG), gray(PNG))  # nor the next one


def test_a_file_is_tried_again_later_whose_decoder_is_killed_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = decoding._process._exchange

    def killing(*asked: Any) -> Any:
        _stopped(signal.SIGKILL)
        return exchange(*asked)

    with open_document(JPEG, LIMITS, name="a.jpg") as document, monkeypatch.context() as patched:
        patched.setattr(decoding._process, "_exchange", killing)
        with pytest.raises(TransientError, match=r"a\.jpg: the decoder crashed on it") as caught:
            document.gray(1, (1, 1))
        assert caught.value.code == "reader_crashed"


def test_without_a_file_descriptor_left_it_is_tried_again_later() -> None:
    decoding.stop()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, hard))
    try:
        with pytest.raises(TransientError, match="no decoding process can start: Too many open"):
            open_document(JPEG, LIMITS, name="a.jpg")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert np.array_equal(gray(JPEG), gray(JPEG))


def test_several_documents_are_open_at_once() -> None:
    documents = [open_document(data, LIMITS, name="a") for data in (JPEG, PNG, pdf(), JPEG)]
    pages = [each.gray(1, (1, 1)) for each in documents]
    assert [page.shape for page in pages] == [(300, 220), (300, 220), (2339, 1654), (300, 220)]
    again = [each.gray(1, (1, 1)) for each in reversed(documents)]
    for data, page, other in zip((JPEG, PNG, pdf(), JPEG), pages, reversed(again), strict=True):
        assert np.array_equal(page, gray(data))
        assert np.array_equal(other, gray(data))
    for each in documents:
        each.close()


def test_what_comes_back_may_be_written_to() -> None:
    gray(JPEG)[:] = 0


def test_it_ends_with_the_process_that_started_it(tmp_path: Path) -> None:
    script = (
        "from core.formats import decoding; decoding.start(); print(decoding._process._popen.pid)"
    )
    root = Path(decoding.__file__).parents[2]
    for ending in ("", "; import os; os._exit(1)"):
        done = subprocess.run(
            [sys.executable, "-c", script + ending],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stderr == ""
        if done.stdout:  # an abrupt end may lose it
            _wait_for_end(int(done.stdout))


def _stopped(how: signal.Signals) -> None:
    assert decoding._process._popen is not None
    os.kill(decoding._process._popen.pid, how)


def _wait_for_end(pid: int) -> None:
    deadline = time.monotonic() + 20
    while Path(f"/proc/{pid}/cmdline").exists() and time.monotonic() < deadline:
        if not Path(f"/proc/{pid}/cmdline").read_bytes():
            return  # ended, though nobody collected it
        time.sleep(0.05)
    assert time.monotonic() < deadline
