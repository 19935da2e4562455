"""Whether a data folder can be worked with: looked at without changing anything in it."""

import fcntl
import os
import shutil
import sqlite3
from pathlib import Path

from core.adapters.local.database import MIGRATIONS, check_schema, mapped
from core.errors import NotFoundError, SetupError

LEAST_FREE_BYTES = 1024**3
"""Room that a data folder should have: some thousand invoices, and what SQLite needs."""


def check_folder(folder: Path, *, write: bool = True) -> str:
    """Whether files can be read and, with `write`, made in `folder`, or the folder itself be made;
    says what will happen there.

    Raises:
        SetupError: they can't.
    """
    if not folder.exists():
        above = next(parent for parent in folder.absolute().parents if parent.exists())
        if not (above.is_dir() and os.access(above, os.W_OK | os.X_OK)):
            raise SetupError(
                f"{folder} can't be made: {above} is not a folder that this user may write to: "
                "make it, or name another place",
                code="folder_unusable",
            )
        return f"{folder} will be made"
    wanted, words = (os.W_OK, "read and write") if write else (0, "read")
    if not (folder.is_dir() and os.access(folder, os.R_OK | os.X_OK | wanted)):
        raise SetupError(
            f"{folder} is not a folder that this user may {words}: "
            "change its owner or mode, or name another place",
            code="folder_unusable",
        )
    return f"{folder} can be used"


def check_inbox(inbox: Path, data: Path) -> str:
    """Whether files can be taken from `inbox`, and none of them is the data folder's own.

    Raises:
        SetupError: they can't, or some are.
    """
    check_apart(inbox, data)
    return check_folder(inbox, write=False)


def check_apart(inbox: Path, data: Path) -> None:
    """Raises SetupError if `inbox` holds what Khana itself keeps in the folder `data`: its store
    would be taken in, again and again."""
    watched, kept = inbox.resolve(), data.resolve()
    if kept.is_relative_to(watched) or watched.is_relative_to(kept / "bucket"):
        raise SetupError(
            f"setting inbox: {inbox} holds what Khana keeps in the data folder {data}: "
            "name another folder, such as one in it",
            code="invalid_setting",
        )


def check_store(folder: Path) -> None:
    """Raises NotFoundError unless `folder` is the data folder of a Khana that has been started."""
    if not (folder / "khana.db").is_file():
        raise NotFoundError(f"{folder}: holds no store: name its data folder with --data")


def check_space(folder: Path) -> str:
    """How much room the disk of `folder` has.

    Raises:
        SetupError: less than LEAST_FREE_BYTES.
    """
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < LEAST_FREE_BYTES:
        raise SetupError(
            f"the disk of {folder} has {_size(free)} left, and {_size(LEAST_FREE_BYTES)} should be "
            "free: make room, or move the data folder",
            code="disk_full",
        )
    return f"{_size(free)} free"


def check_database(folder: Path) -> str:
    """Whether the store in `folder` is sound and of a schema that this Khana knows.

    Raises:
        SetupError: it is damaged or of a newer Khana.
        TransientError: it can't be read at the moment.
    """
    path = folder / "khana.db"
    if not path.exists():
        return f"{path} will be made"
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            # Without the indexes, which `quick_check` leaves out: they can be made anew.
            (said,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            count = "SELECT count(*) FROM invoices"
            (invoices,) = connection.execute(count).fetchone() if version else (0,)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise mapped(error, path) from error
    if said != "ok":
        raise SetupError(
            f"{path}: damaged ({said}): restore it from a backup", code="store_corrupt"
        )
    check_schema(version, path)
    in_use = ", a Khana works on it" if _is_owned(folder) else ""
    return f"{path}: sound, {invoices:,} invoices, schema {version} of {len(MIGRATIONS)}{in_use}"


def check_privacy(folder: Path) -> str:
    """Whether the store in `folder` is kept from others on this machine.

    Raises:
        SetupError: they may read it, and with it the secret that signs sessions.
    """
    open_ = [
        path
        for path in (folder / "khana.db", folder / "bucket")
        if path.exists() and path.stat().st_mode & 0o044
    ]
    if open_:
        names = " ".join(map(str, open_))
        raise SetupError(
            f"others on this machine may read {names}: chmod go= {names}", code="store_readable"
        )
    return "others on this machine may not read it"


def _is_owned(folder: Path) -> bool:
    """Whether a server holds the folder's lock."""
    try:
        with (folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _size(count: int) -> str:
    gib = count / 1024**3
    return f"{gib:.1f} GiB" if gib >= 1 else f"{count / 1024**2:.0f} MiB"
