"""Reading processes that die, hang or are not well: what it costs, and what is said of it."""

import logging
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from core.adapters.local.backend import Backend, open_backend
from core.adapters.local.queue import Delivery, EventQueue
from core.errors import TransientError
from core.intake.arrival import receive
from core.invoice import ErrorInfo, Invoice, SourceRef, Status
from core.ports import InvoiceStore
from core.settings import Settings, as_environment
from functions.local import dispatch
from functions.local.dispatch import Dispatcher
from functions.local.workers import Worker

READER = """
import os, time
import flask, functions_framework
from core.adapters import connect
from core.errors import TransientError
from core.invoice import ObjectRef, Outcome
from core.pipeline import process
from core.settings import load_settings
from functions.answers import error_answer

class Reader:
    reader = "fault-1"
    def extract(self, data, templates, *, name, page=None):
        {fault}
        return Outcome(status="needs_review")

@functions_framework.cloud_event
def extract(event):
    if event["type"] == "khana.ready":
        return
    settings = load_settings()
    try:
        process(connect(settings), Reader(), ObjectRef(**event.get_data()), settings)
    except TransientError as error:
        flask.abort(error_answer(error, 503))
"""
CRASH = "data == b'poison' and os.abort()"
HANG = "data == b'poison' and time.sleep(60)"
TESSERACT_CRASHES = """
        if data == b"poison":
            raise TransientError("Tesseract ended with -11", code="reader_crashed")
"""
UNAVAILABLE_FOR_A_WHILE = """
        with open("refused", "a+") as refused:
            if refused.tell() < 3:
                refused.write("x")
                raise TransientError("the disk is full")
"""
NONSENSE = """
        if data == b"poison":
            import multiprocessing.connection, sys
            answers = multiprocessing.connection.Connection(int(sys.argv[-1]))
            answers.send({"an object": "that somebody would have unpickled"})
            time.sleep(60)
"""
UNTIL_IT_IS_TOLD_TO_STOP = """
        while not os.path.exists("stopping"):
            time.sleep(0.02)
"""
CRASH_ONCE = """
        if not os.path.exists("crashed"):
            open("crashed", "w").close()
            os.abort()
"""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    made = Settings(
        data=tmp_path / "data", workers=1, max_attempts=2, retry_delay=0.01, read_timeout=5.0
    )
    for name, value in as_environment(made).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return made


@contextmanager
def dispatching(backend: Backend, settings: Settings, fault: str) -> Iterator[None]:
    source = Path("reader.py").resolve()
    source.write_text(READER.format(fault=fault))
    dispatcher = Dispatcher(backend, settings, source, "extract")
    dispatcher.start()
    try:
        yield
    finally:
        dispatcher.stop(patience=60)


def take_in(backend: Backend, settings: Settings, data: bytes) -> str:
    name = data.decode()
    source = SourceRef(kind="upload", file_id=name, name=name)
    return receive(backend.adapters, BytesIO(data), source, settings).id


def ended(backend: Backend, invoice_id: str) -> Invoice:
    def final() -> bool:
        return backend.store.get(invoice_id).status.final

    wait_for(final)
    return backend.store.get(invoice_id)


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "waited 60 s"
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (CRASH, "reader_crashed"),
        (HANG, "read_timeout"),
        (NONSENSE, "reader_crashed"),
        (TESSERACT_CRASHES, "reader_crashed"),
    ],
)
def test_a_poison_file_costs_that_file_alone(fault: str, code: str, settings: Settings) -> None:
    backend = open_backend(settings)
    poison, good = (take_in(backend, settings, data) for data in (b"poison", b"good"))
    with dispatching(backend, settings, fault):
        assert ended(backend, good).status is Status.NEEDS_REVIEW
        failed = ended(backend, poison)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error.code == code
    assert failed.error.message.startswith("poison: reading it failed 2 times; the last time: ")


def test_a_fault_of_the_installation_costs_no_try(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.adapters.local.queue.LONGEST_DELAY_S", 0.1)
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    with dispatching(backend, settings, UNAVAILABLE_FOR_A_WHILE):
        read = ended(backend, invoice)
    assert read.status is Status.NEEDS_REVIEW, "it was given up after two tries"
    assert len(Path("refused").read_text()) == 3


def test_what_a_dead_process_had_in_hand_is_read_by_the_next(settings: Settings) -> None:
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    with dispatching(backend, settings, CRASH_ONCE):
        assert ended(backend, invoice).status is Status.NEEDS_REVIEW
    assert backend.queue.take() is None


class FullDisk:
    """A queue whose disk is full at the first call of each kind."""

    def __init__(self, queue: EventQueue) -> None:
        self._queue = queue
        self._refused: set[str] = set()
        self.heard = False
        self.is_used_up, self.is_last = queue.is_used_up, queue.is_last

    def take(self) -> Delivery | None:
        self._refuse("take")
        return self._queue.take()

    def acknowledge(self, delivery: Delivery) -> None:
        self._refuse("acknowledge")
        self._queue.acknowledge(delivery)
        self.heard = True

    def retry(self, delivery: Delivery, error: ErrorInfo) -> None:
        self._refuse("retry")
        self._queue.retry(delivery, error)

    def _refuse(self, call: str) -> None:
        if call not in self._refused:
            self._refused.add(call)
            raise TransientError("database or disk is full")


def test_a_store_that_refuses_for_a_while_loses_no_event(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MEND_S", 0.05)
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    queue = FullDisk(backend.queue)
    with dispatching(replace(backend, queue=queue), settings, CRASH_ONCE):
        assert ended(backend, invoice).status is Status.NEEDS_REVIEW
        wait_for(lambda: queue.heard)
    assert backend.queue.recover() == 0  # nothing is left in hand


class Unreadable:
    """A store that can't be read at the first look, which is for the name of a file."""

    def __init__(self, store: InvoiceStore) -> None:
        self._store = store
        self.refused = False

    def get(self, invoice_id: str) -> Invoice:
        if not self.refused:
            self.refused = True
            raise TransientError("database is locked")
        return self._store.get(invoice_id)

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)


@pytest.mark.parametrize("fault", [UNAVAILABLE_FOR_A_WHILE, CRASH_ONCE])
def test_a_name_that_can_not_be_looked_up_ends_no_thread(
    fault: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MEND_S", 0.05)
    monkeypatch.setattr("core.adapters.local.queue.LONGEST_DELAY_S", 0.1)
    backend = open_backend(settings)
    store = Unreadable(backend.store)
    with dispatching(replace(backend, store=store), settings, fault):
        for data in (b"page", b"next"):
            assert ended(backend, take_in(backend, settings, data)).status is Status.NEEDS_REVIEW
    assert store.refused


class Broken:
    """A queue that can't be read until `times` looks have failed, in this way."""

    def __init__(self, queue: EventQueue, fault: Exception, times: int) -> None:
        self._queue, self._fault, self.left = queue, fault, times

    def take(self) -> Delivery | None:
        if self.left:
            self.left -= 1
            raise self._fault
        return self._queue.take()

    def __getattr__(self, name: str) -> object:
        return getattr(self._queue, name)


@pytest.mark.parametrize(
    ("fault", "lines"),
    [
        (
            TransientError("disk I/O error"),
            ["the queue can't be read: disk I/O error", "queue: all right again"],
        ),
        (ZeroDivisionError(), ["delivering hit a fault of Khana's"] * 5),
    ],
)
def test_trouble_with_the_queue_ends_no_thread_and_fills_no_log(
    fault: Exception,
    lines: list[str],
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(dispatch, "MEND_S", 0.01)
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    queue = Broken(backend.queue, fault, times=5)
    with dispatching(replace(backend, queue=queue), settings, "pass"):
        assert ended(backend, invoice).status is Status.NEEDS_REVIEW
    said = [each.getMessage() for each in caplog.records if each.levelno >= logging.WARNING]
    assert said == lines


def test_a_machine_without_room_for_a_process_is_waited_for(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "MEND_S", 0.01)
    left = [OSError(24, "Too many open files")] * 3

    def pipe() -> object:
        if left:
            raise left.pop()
        return multiprocessing.Pipe()

    monkeypatch.setattr("functions.local.workers.Pipe", pipe)
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    with dispatching(backend, settings, "pass"):
        assert ended(backend, invoice).status is Status.NEEDS_REVIEW
    assert not left


def test_a_process_that_dies_at_rest_costs_no_try(settings: Settings) -> None:
    source = Path("reader.py").resolve()
    source.write_text(READER.format(fault="pass"))
    worker = Worker(source, "extract")
    assert not worker.alive
    worker.start()
    assert worker.alive
    worker.kill()
    wait_for(lambda: not worker.alive)
    worker.stop()


def test_stopping_lets_a_reading_end(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings.model_copy(update={"read_timeout": 60.0})
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"page")
    stop = Dispatcher.stop

    def stopping(dispatcher: Dispatcher, patience: float) -> None:
        Path("stopping").touch()
        stop(dispatcher, patience)

    monkeypatch.setattr(Dispatcher, "stop", stopping)
    with dispatching(backend, settings, UNTIL_IT_IS_TOLD_TO_STOP):
        wait_for(lambda: backend.store.get(invoice).status is Status.READING)
    assert backend.store.get(invoice).status is Status.NEEDS_REVIEW


def test_what_a_stopped_server_was_reading_comes_back(settings: Settings) -> None:
    backend = open_backend(settings)
    invoice = take_in(backend, settings, b"poison")
    dispatcher_settings = settings.model_copy(update={"read_timeout": 60.0})
    source = Path("reader.py").resolve()
    source.write_text(READER.format(fault=HANG))
    dispatcher = Dispatcher(backend, dispatcher_settings, source, "extract")
    dispatcher.start()
    wait_for(lambda: backend.store.get(invoice).status is Status.READING)
    dispatcher.stop(patience=0.1)
    backend.recover()
    with dispatching(backend, settings, "pass"):
        assert ended(backend, invoice).status is Status.NEEDS_REVIEW
