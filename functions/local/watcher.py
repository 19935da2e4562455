"""Has the sources looked at: as often as Cloud Scheduler would, and sooner when the inbox stirs."""

import logging
import math
import threading
import time
from collections.abc import Callable

from watchdog.events import (
    FileClosedEvent,
    FileCreatedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer

from core.settings import Settings

log = logging.getLogger(__name__)

SHARE = 10
"""A look is followed by a pause of this many times its own length: an inbox of 50,000 files takes
half a second to look at, and must not keep a core busy when nothing happens."""

MARGIN_S = 0.02
"""Added to the time in which a file settles, so that the look finds it settled."""


class Watcher(FileSystemEventHandler):
    """A thread that calls `look`, which raises nothing, until it is stopped.

    A change in the inbox has a look follow as soon as the changed file may have settled. Where the
    system tells of no changes (a network folder) the regular looks find it.
    """

    def __init__(self, look: Callable[[], object], settings: Settings) -> None:
        self._look = look
        self._settings = settings
        self._stopping = False
        self._stirred = threading.Condition()
        # When what stirred first, and what stirred last, will have settled.
        self._first = self._last = math.inf
        self._thread = threading.Thread(target=self._run, name="watcher")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Returns when a look under way is over."""
        with self._stirred:
            self._stopping = True
            self._stirred.notify()
        if self._thread.ident is not None:
            self._thread.join()

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called by watchdog, in its own thread, when a file came or changed."""
        with self._stirred:
            self._last = time.monotonic() + self._settings.settle + MARGIN_S
            # A file that is written for minutes must not put off the look for the others.
            self._first = min(self._first, self._last)
            self._stirred.notify()

    def _run(self) -> None:
        observer = Observer()
        try:
            observer.schedule(
                self,
                str(self._settings.inbox_dir),
                recursive=True,
                # Not the opening and closing by readers: the looks themselves would cause looks.
                event_filter=[FileCreatedEvent, FileModifiedEvent, FileMovedEvent, FileClosedEvent],
            )
            observer.start()
        except OSError as error:
            log.warning("changes of the inbox are found by looking alone: %s", error.strerror)
        while not self._stopping:
            start = time.monotonic()
            self._begin_look(start)
            self._look()
            self._wait(start)
        if observer.is_alive():
            observer.stop()
            observer.join()

    def _begin_look(self, at: float) -> None:
        with self._stirred:
            if self._first <= at:
                self._first = self._last if self._last > at else math.inf

    def _wait(self, start: float) -> None:
        """Until the next look is due; `start` is when the last one began."""
        took = time.monotonic() - start
        # Changes come in bursts: while they do, looking takes half of the time at most.
        earliest = start + 2 * took
        regular = start + took + max(self._settings.watch_interval, SHARE * took)
        with self._stirred:
            while not self._stopping:
                pause = max(earliest, min(regular, self._first)) - time.monotonic()
                if pause <= 0:
                    return
                self._stirred.wait(pause)
