"""Who may change a data folder as a whole: one process at a time."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.errors import SetupError


@contextmanager
def owning(data: Path) -> Iterator[None]:
    """Holds the data folder: what a dead server left is taken up by its only successor.

    Raises:
        SetupError: another holds it, or it can't be used.
    """
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock = (data / "lock").open("w")
    except OSError as error:
        raise SetupError(f"{data}: can't be used: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise SetupError(
                f"{data}: another Khana works on this folder; stop it or name another with --data",
                code="data_in_use",
            ) from error
        yield
