"""Some hundred invoices while real processes are killed at random moments: each ends once, equal to
a run in which nothing was killed. `make chaos` kills between calls, this amid them.
"""

import os
import random
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import pytest
from asking import ask
from batches import batch, form, page
from emulators.serving import free_port, wait_until_it_listens
from running_khana import KHANA

from core.adapters import connect
from core.invoice import Invoice, Status
from core.ports import Query, StoredTemplate
from core.settings import Settings

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = 20
KILLS = 20
SINGLE, STACKS, UPLOADS, BROKEN = 120, 12, 30, 12
PAGES = 4
"""Of a stack that went through the scanner at once."""
COUNT = SINGLE + STACKS * PAGES + UPLOADS + BROKEN
QUIET_S = 60.0
"""Longest wait for the end, once nothing is killed any more."""


@dataclass(frozen=True)
class Work:
    """Files by their path in the inbox, and by their name as uploads."""

    inbox: dict[str, bytes]
    uploads: dict[str, bytes]


def work() -> Work:
    def png(number: int) -> bytes:
        file = BytesIO()
        page(f"{number:06}", str(number)).save(file, "PNG")
        return file.getvalue()

    inbox = {f"{n % 5}/{n}.png": png(100_000 + n) for n in range(SINGLE)}
    inbox |= {f"again {n}.png": png(100_000 + n) for n in range(0, SINGLE, 10)}
    inbox |= {
        f"stack {n}.tif": batch([str(300_000 + 10 * n + each) for each in range(PAGES)])
        for n in range(STACKS)
    }
    inbox |= {f"broken {n}.png": damaged(png(400_000 + n)) for n in range(BROKEN)}
    return Work(inbox, {f"upload {n}.png": png(500_000 + n) for n in range(UPLOADS)})


def damaged(data: bytes) -> bytes:
    """With the beginning and the end that it had."""
    return data[:80] + bytes(len(data) - 160) + data[-80:]


class Server:
    """`khana serve` on a data folder, which is killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.data, self.temporary = folder / "data", folder / "tmp"
        self.inbox = self.data / "inbox"
        self.inbox.mkdir(parents=True)
        self.temporary.mkdir()
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        connect(Settings(data=self.data)).store.put_template(StoredTemplate(form()))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        settings = {
            "KHANA_SETTLE": "0.2",
            "KHANA_WATCH_INTERVAL": "0.1",
            "KHANA_LOG_LEVEL": "error",
        }
        self.process = subprocess.Popen(
            [KHANA, "serve", "--data", str(self.data), "--port", str(self.port)],
            env=os.environ | settings | {"TMPDIR": str(self.temporary)},
            stdout=subprocess.DEVNULL,
            process_group=0,
        )

    def wait_until_up(self) -> None:
        process = self.process
        assert process is not None
        wait_until_it_listens(self.port, lambda: process.poll() is None)

    def kill(self) -> None:
        """The server alone: what it has started must not outlive it."""
        assert self.process is not None
        started = self.started()
        self.process.kill()
        self.process.wait()
        until = time.monotonic() + 10
        while left := [each for each in started if is_alive(each)]:
            assert time.monotonic() < until, f"{left} live on without their server"
            time.sleep(0.01)

    def started(self) -> list[int]:
        """The processes that read and decode."""
        assert self.process is not None
        found, families = [], [self.process.pid]
        while families:
            children = children_of(families.pop())
            found += children
            families += children
        return found

    def wait_until_it_reads(self) -> list[int]:
        until = time.monotonic() + 30
        while not (started := self.started()):
            assert time.monotonic() < until
            time.sleep(0.05)
        return started

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(30) == 0

    def invoices(self) -> list[Invoice]:
        store = connect(Settings(data=self.data)).store
        return list(store.list(Query(page_size=10_000)).invoices)

    def left_over(self) -> list[str]:
        """What should not be there once all is done."""
        with sqlite3.connect(self.data / "khana.db") as database:
            (fine,) = database.execute("PRAGMA integrity_check").fetchone()
            events = database.execute("SELECT state, count(*) FROM events GROUP BY state")
            left = [f"{count} events are {state}" for state, count in events]
            leases = "SELECT key FROM state WHERE key LIKE 'lease:%' AND value != ''"
            left += [key for (key,) in database.execute(leases)]
        left += [] if fine == "ok" else [fine]
        left += [f"{each.id} is leased" for each in self.invoices() if each.lease_until]
        parts = [*self.temporary.iterdir(), *(self.data / "bucket" / ".tmp").iterdir()]
        return left + list(map(str, parts))

    def objects(self) -> dict[str, bytes]:
        bucket = self.data / "bucket"
        files = (each for each in bucket.rglob("*") if each.is_file())
        return {str(each.relative_to(bucket)): each.read_bytes() for each in files}


def children_of(pid: int) -> list[int]:
    found: list[int] = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@contextmanager
def uploading(url: str, files: dict[str, bytes]) -> Iterator[threading.Thread]:
    """Somebody who sends each file until it is accepted, a few times a second."""
    stopped = threading.Event()

    def send() -> None:
        for name, data in files.items():
            while not stopped.wait(0.2) and not accepted(url, name, data):
                pass

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield thread
    finally:
        stopped.set()
        thread.join()


def accepted(url: str, name: str, data: bytes) -> bool:
    head = f'--edge\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
    body = head.encode() + data + b"\r\n--edge--\r\n"
    try:
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        return ask(f"{url}/v1/invoices", data=body, headers=kind)[0] in (200, 202)
    except OSError:
        return False  # nobody is there, or nobody any more


def put(files: dict[str, bytes], inbox: Path) -> None:
    for name, data in files.items():
        (inbox / name).parent.mkdir(exist_ok=True)
        (inbox / name).write_bytes(data)


def wait_for_the_end(server: Server) -> None:
    until = time.monotonic() + QUIET_S
    while True:
        found = server.invoices()
        if len(found) >= COUNT and all(each.status.final for each in found):
            return
        assert time.monotonic() < until, Counter(each.status for each in found)
        time.sleep(0.2)


def told(invoice: Invoice) -> dict[str, Any]:
    """What is known of an invoice, but for when, and which of its names came first."""
    times = {"received_at", "read_at", "timings_ms", "source", "duplicates", "object"}
    names = {each.name for each in (invoice.source, *invoice.duplicates)}
    return invoice.model_dump(mode="json", exclude=times) | {"names": sorted(names)}


def calm(server: Server, work: Work) -> None:
    server.wait_until_up()
    put(work.inbox, server.inbox)
    with uploading(server.url, work.uploads) as sender:
        sender.join()
    wait_for_the_end(server)
    server.stop()


def stormy(server: Server, work: Work, chance: random.Random) -> None:
    """The same, while KILLS processes are killed: servers, and processes that read or decode."""
    names = list(work.inbox)
    chance.shuffle(names)
    with uploading(server.url, work.uploads) as sender:
        for kill in range(KILLS):
            share = names[kill * len(names) // KILLS : (kill + 1) * len(names) // KILLS]
            put({name: work.inbox[name] for name in share}, server.inbox)
            # Starting takes a second or two, and all that came meanwhile is read in as much more.
            time.sleep(chance.uniform(0.1, 3.0))
            if kill % 3:
                server.kill()
                server.start()
            else:
                with suppress(ProcessLookupError):
                    os.kill(chance.choice(server.wait_until_it_reads()), signal.SIGKILL)
        server.wait_until_up()
        sender.join()
    wait_for_the_end(server)
    server.stop()


def test_whatever_process_is_killed_all_ends_as_if_none_had_been(tmp_path: Path) -> None:
    todo = work()
    quiet, struck = Server(tmp_path / "calm"), Server(tmp_path / "stormy")
    with quiet:
        calm(quiet, todo)
    with struck:
        stormy(struck, todo, random.Random(SEED))
    expected = {each.id: told(each) for each in quiet.invoices()}
    found = [told(each) for each in struck.invoices()]
    assert Counter(each["status"] for each in expected.values()) == {
        Status.DONE: COUNT - BROKEN,
        Status.FAILED: BROKEN,
    }
    assert len(found) == COUNT
    assert {each["id"]: each for each in found} == expected
    assert struck.objects() == quiet.objects()
    assert struck.left_over() == quiet.left_over() == []
