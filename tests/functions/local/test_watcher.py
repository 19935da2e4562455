"""When the watcher looks."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.settings import Settings
from functions.local.watcher import Watcher

REGULAR = 0.05
RARE = 600.0
PATIENCE_S = 60.0
"""Less than that: a look that comes so soon has been called."""


class Looks:
    """Counts looks."""

    def __init__(self, took: float = 0) -> None:
        self._took = took
        self._looked = threading.Condition()
        self.count = 0
        self.began = 0.0

    def __call__(self) -> None:
        began = time.monotonic()
        time.sleep(self._took)
        with self._looked:
            self.count += 1
            self.began = began
            self._looked.notify_all()

    def wait(self, count: int, since: float = 0.0) -> None:
        """Until there were so many, the last of which began at `since` or later."""
        with self._looked:
            came = self._looked.wait_for(
                lambda: self.count >= count and self.began >= since, PATIENCE_S
            )
        assert came, "the look did not come"


@pytest.fixture
def settings_of(tmp_path: Path) -> Callable[[float], Settings]:
    def make(interval: float) -> Settings:
        settings = Settings(data=tmp_path, watch_interval=interval, settle=0.1)
        settings.inbox_dir.mkdir(exist_ok=True)
        return settings

    return make


@contextmanager
def watching(looks: Looks, settings: Settings) -> Iterator[None]:
    watcher = Watcher(looks, settings)
    watcher.start()
    try:
        looks.wait(1)
        yield
    finally:
        watcher.stop()


def test_it_looks_again_and_again(settings_of: Callable[[float], Settings]) -> None:
    looks = Looks()
    with watching(looks, settings_of(REGULAR)):
        looks.wait(5)


def test_a_new_file_is_looked_at_once_it_has_settled(
    settings_of: Callable[[float], Settings], tmp_path: Path
) -> None:
    looks, settings = Looks(), settings_of(RARE)
    with watching(looks, settings):
        start = time.monotonic()
        (tmp_path / "inbox" / "a.jpg").write_bytes(b"page")
        looks.wait(2)
        assert looks.began > start + settings.settle


# The look for a.jpg begins after 0.4 s: b.jpg has not settled by then, or comes meanwhile.
@pytest.mark.parametrize("pause", [0.35, 0.5])
def test_a_file_that_comes_during_a_look_is_not_missed(
    settings_of: Callable[[float], Settings], tmp_path: Path, pause: float
) -> None:
    looks, settings = Looks(took=0.4), settings_of(RARE)
    with watching(looks, settings):
        (tmp_path / "inbox" / "a.jpg").write_bytes(b"page")
        time.sleep(pause)
        came = time.monotonic()
        (tmp_path / "inbox" / "b.jpg").write_bytes(b"page")
        looks.wait(2, since=came + settings.settle)


def test_reading_a_file_calls_no_look(
    settings_of: Callable[[float], Settings], tmp_path: Path
) -> None:
    settings = settings_of(RARE)
    (tmp_path / "inbox" / "a.jpg").write_bytes(b"page")
    looks = Looks()
    with watching(looks, settings):
        descriptor = os.open(tmp_path / "inbox" / "a.jpg", os.O_RDONLY)
        os.close(descriptor)
        time.sleep(0.5)
        assert looks.count == 1


def test_stopping_does_not_wait_for_the_next_look(
    settings_of: Callable[[float], Settings],
) -> None:
    looks = Looks()
    watcher = Watcher(looks, settings_of(RARE))
    watcher.start()
    looks.wait(1)
    start = time.monotonic()
    watcher.stop()
    assert time.monotonic() - start < PATIENCE_S
