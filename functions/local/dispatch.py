"""Delivers the queue's events to reading processes, as Eventarc delivers them to containers."""

import json
import logging
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from core.adapters.local.backend import Backend
from core.adapters.local.queue import Delivery
from core.errors import BusyError, FileError, KhanaError, NotFoundError
from core.invoice import ErrorInfo, now
from core.pipeline import give_up
from core.settings import Settings
from functions.answers import error_in
from functions.complaints import Complaints
from functions.extract.events import FINALIZED
from functions.local.workers import Worker

log = logging.getLogger(__name__)

POLL_S = 0.05
"""Time between looks at the queue; one costs about 0.05 ms."""

START_TIMEOUT_S = 60.0
"""Longest time until a fresh process is ready: it loads libraries and the model."""

MEND_S = 5.0
"""Pause before another try when a process can't be made ready or the store can't be used."""

UNAVAILABLE = 503
"""What extract answers where not the file but the installation is at fault."""
ENDED = "reader_crashed", "read_timeout"
"""Unless it says that what reads died, or took too long: that may be the file's doing. The system
does such things too, short of memory, so the file is tried again; but not for a day."""
READY = "khana.ready"
"""A type that extract has nothing to read for: it only loads what reading needs."""

_CUT_SHORT = "Khana ended each time while it was read"


class Dispatcher:
    """`settings.workers` threads, each with one process that reads.

    `source` is the file that defines the CloudEvent function `target`.
    """

    def __init__(self, backend: Backend, settings: Settings, source: Path, target: str) -> None:
        self._backend = backend
        self._settings = settings
        self._stopping = threading.Event()
        self._turn = threading.Lock()
        self._complaints = Complaints(log)
        self._workers = [Worker(source, target) for _ in range(settings.workers)]
        self._threads = [
            threading.Thread(target=self._serve, args=(worker,), name=f"reader-{n}")
            for n, worker in enumerate(self._workers, start=1)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self, patience: float) -> None:
        """Lets each process finish what it reads, for at most `patience` seconds, and ends it.

        What is not finished by then is delivered again at the next start.
        """
        self._stopping.set()
        until = time.monotonic() + patience
        started = [thread for thread in self._threads if thread.ident is not None]
        for thread in started:
            thread.join(max(0.0, until - time.monotonic()))
        for worker in self._workers:
            worker.kill()
        for thread in started:
            thread.join()

    def _serve(self, worker: Worker) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    if self._is_ready(worker) and (delivery := self._next()) is not None:
                        self._deliver(worker, delivery)
                except Exception:
                    # What is in hand comes back at the next start; without this thread, nothing
                    # would be read until then.
                    log.exception("delivering hit a fault of Khana's")
                    self._stopping.wait(MEND_S)
        finally:
            worker.stop()

    def _is_ready(self, worker: Worker) -> bool:
        """Starts a process where there is none, and has it load what reading needs.

        No event is taken before: a file must not use up its tries for a fault of the installation.
        """
        if worker.alive:
            return True
        try:
            worker.start()
            code, body = worker.post(
                *_event(READY, uuid.uuid4().hex, now().isoformat(), {}), timeout=START_TIMEOUT_S
            )
        except KhanaError as error:
            reason = error.message
        else:
            if code < 300:
                self._complaints.over("reading")
                return True
            reason = error_in(code, body).message
        worker.stop()
        if not self._stopping.is_set():
            self._complaints.say("reading", f"nothing is read until this is mended: {reason}")
            self._stopping.wait(MEND_S)
        return False

    def _next(self) -> Delivery | None:
        """The next event, waited for a moment."""
        # One thread looks at a time: the others would only find the same.
        with self._turn:
            try:
                delivery = self._backend.queue.take()
            except KhanaError as error:
                said = f"the queue can't be read: {error.message}"
                self._complaints.say("queue", said, logging.WARNING)
                self._stopping.wait(MEND_S)
                return None
            self._complaints.over("queue")
            if delivery is None:
                self._stopping.wait(POLL_S)
        return delivery

    def _deliver(self, worker: Worker, delivery: Delivery) -> None:
        queue, store = self._backend.queue, self._backend.store
        if queue.is_used_up(delivery):
            cut_short = ErrorInfo(code="reader_crashed", message=_CUT_SHORT)
            self._insist(lambda: self._give_up(delivery, cut_short))
            return
        headers, body = _event(
            FINALIZED,
            delivery.id,
            delivery.created_at,
            {
                "bucket": delivery.ref.bucket,
                "name": delivery.ref.name,
                "generation": str(delivery.ref.generation),
            },
        )
        try:
            code, answer = worker.post(headers, body, timeout=self._settings.read_timeout)
        except FileError as error:
            if self._stopping.is_set():
                return  # ended by `stop`: still taken, the event comes back at the next start
            fault = ErrorInfo.of(error)
            self._insist(lambda: store.release_leases(delivery.ref.name))
            self._insist(lambda: self._failed(delivery, fault))
            return
        if code < 300:
            self._insist(lambda: queue.acknowledge(delivery))
            return
        told = error_in(code, answer)
        if told.code == BusyError.default_code:
            self._insist(lambda: queue.postpone(delivery, told))
        elif code == UNAVAILABLE and told.code not in ENDED:
            self._insist(lambda: self._wait_out(delivery, told))
        else:
            self._insist(lambda: self._failed(delivery, told))

    def _wait_out(self, delivery: Delivery, error: ErrorInfo) -> None:
        if self._backend.queue.is_overdue(delivery):
            self._give_up(delivery, error)
        else:
            log.warning("%s: waits: %s", self._file_name(delivery), error.message)
            self._backend.queue.wait_out(delivery, error)

    def _failed(self, delivery: Delivery, error: ErrorInfo) -> None:
        if self._backend.queue.is_last(delivery):
            self._give_up(delivery, error)
        else:
            name = self._file_name(delivery)
            log.warning("%s: try %d failed: %s", name, delivery.attempt, error.message)
            self._backend.queue.retry(delivery, error)

    def _give_up(self, delivery: Delivery, error: ErrorInfo) -> None:
        # In this order: after a crash in between, the event comes once more and changes nothing.
        invoice = give_up(self._backend.adapters, delivery.ref, tries=delivery.attempt, error=error)
        if invoice is not None and invoice.error is not None:
            log.error("set aside: %s", invoice.error.message)
        self._backend.queue.set_aside(delivery, error)

    def _file_name(self, delivery: Delivery) -> str:
        """What people call the file; only Khana's own objects are named after their invoice."""
        name = delivery.ref.name
        try:
            return self._backend.store.get(name.removeprefix("invoices/")).source.name
        except NotFoundError:
            return name

    def _insist(self, action: Callable[[], object]) -> None:
        """Repeats `action` until the store takes it: what is in hand would wait for a restart."""
        while True:
            try:
                action()
            except KhanaError as error:
                said = f"the store can't be used: {error.message}"
                self._complaints.say("store", said, logging.WARNING)
            else:
                self._complaints.over("store")
                return
            if self._stopping.wait(MEND_S):
                return


def _event(
    kind: str, event_id: str, time_: str, data: dict[str, str]
) -> tuple[dict[str, str], bytes]:
    """Headers and body of a CloudEvent in binary mode, as Eventarc sends it."""
    headers = {
        "ce-specversion": "1.0",
        "ce-id": event_id,
        "ce-type": kind,
        "ce-source": "//khana/local",
        "ce-time": time_,
        "content-type": "application/json",
    }
    return headers, json.dumps(data).encode()
