"""Watching: takes in what is new at the sources.

A cursor is saved only after all files before it are safe, so whoever dies on the way repeats work
and loses none.
"""

import math
from dataclasses import dataclass, field
from time import monotonic

from pydantic import BaseModel, ConfigDict

from core.errors import FileError, KhanaError, SetupError, TransientError
from core.invoice import SourceRef
from core.lease import Lease
from core.pipeline import receive, refuse
from core.ports import Adapters, InvoiceStore, Source, SourceFile
from core.settings import Settings


@dataclass
class WatchReport:
    """What one look at the sources came to.

    `received` counts files that were taken in, `failed` holds a sentence for each that couldn't be.
    `busy` are the sources that another look had in hand, which then looks once more itself.
    `finished` is False if the time was up before everything was seen: the next look goes on there.
    """

    received: int = 0
    failed: list[str] = field(default_factory=list)
    busy: list[str] = field(default_factory=list)
    finished: bool = True


class _Known(BaseModel):
    """What was taken of a file last: its revision, and the invoice that it became."""

    model_config = ConfigDict(extra="forbid")

    revision: str
    invoice: str


def watch(adapters: Adapters, settings: Settings, *, deadline: float = math.inf) -> WatchReport:
    """Takes in what is new at every source, until `deadline` (of `time.monotonic`, in seconds).

    A file that can't be taken in becomes a `failed` invoice and stops no other, and a source that
    can't be looked at stops no other source. At the deadline no further file is begun; one may take
    some minutes more where its source has to be waited for.

    Raises:
        TransientError: a store or a source is out of reach; the next look goes on from here.
        SetupError: a source can't be looked at before somebody has mended something. If several
            sources are in trouble, it is the first one's.
    """
    report = WatchReport()
    troubles: list[KhanaError] = []
    for source in adapters.sources:
        look = _Look(adapters, settings, source, deadline, report)
        try:
            look.alone() if source.shared else look.run()
        except (SetupError, TransientError) as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return report


@dataclass
class _Look:
    """One look at one source."""

    adapters: Adapters
    settings: Settings
    source: Source
    deadline: float
    report: WatchReport
    lease: Lease | None = None

    def alone(self) -> None:
        """Looks unless somebody else does, and once more if somebody else wanted to meanwhile."""
        asked = True
        while asked and not self._time_is_up():
            self.lease = Lease(self.adapters.store, f"lease:{self.source.name}")
            if not self.lease.take():
                self.report.busy.append(self.source.name)
                return
            try:
                self.run()
            finally:
                asked = self.lease.give_back()

    def run(self) -> None:
        """Takes in page after page. The cursor is moved once all of a page is safe."""
        store, key = self.adapters.store, f"cursor:{self.source.name}"
        for batch in self.source.batches(store.get_state(key)):
            for file in batch.files:
                if self._time_is_up():
                    return
                if self.lease is not None:
                    self.lease.keep()
                self._take(file)
            store.set_state(key, batch.cursor)
            if self._time_is_up():
                return

    def _take(self, file: SourceFile) -> None:
        store = self.adapters.store
        # A source that is not shared remembers itself what it gave.
        known = _known(store, file.ref) if self.source.shared else None
        if known is not None and known.revision == file.revision:
            return
        try:
            with self.source.open(file) as stream:
                invoice = receive(self.adapters, stream, file.ref, self.settings)
            self.report.received += 1
        except FileError as error:
            refuse(store, file, error)
            self.report.failed.append(error.message)
            return
        if self.source.shared:
            taken = _Known(revision=file.revision, invoice=invoice.id)
            store.set_state(_key(file.ref), taken.model_dump_json())

    def _time_is_up(self) -> bool:
        if monotonic() < self.deadline:
            return False
        self.report.finished = False
        return True


def _known(store: InvoiceStore, ref: SourceRef) -> _Known | None:
    value = store.get_state(_key(ref))
    return None if value is None else _Known.model_validate_json(value)


def _key(ref: SourceRef) -> str:
    return f"file:{ref.kind}:{ref.file_id}"
