"""Watching: takes in what is new at the sources.

A cursor is saved only after all files before it are safe, so whoever dies on the way repeats work
and loses none.
"""

import logging
import math
import unicodedata
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from time import monotonic
from typing import BinaryIO

from pydantic import BaseModel, ConfigDict

from core.errors import FileError, KhanaError, NotFoundError, SetupError, TransientError
from core.intake.arrival import receive, refusal_id, refuse
from core.intake.beginning import id_of_beginning, replace_beginning
from core.intake.last_look import LastLook, keep_look, last_look
from core.intake.late import MOST_TRIES, TOLD_AFTER, LateFiles
from core.intake.origin import add_note
from core.intake.parts import change_all
from core.invoice import Invoice, SourceRef, now
from core.lease import Lease
from core.observe import tell
from core.ports import Adapters, Gone, InvoiceStore, Source, SourceFile
from core.settings import Settings

log = logging.getLogger(__name__)


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

    def add(self, other: "WatchReport") -> None:
        """Counts another look as a part of this one."""
        self.received += other.received
        self.failed += other.failed
        self.busy += other.busy
        self.finished = self.finished and other.finished


_THIS_ONE = "access_denied"
"""The code of a refusal that may be of one file alone, though nobody can say why."""


class _Withheld(Exception):
    """A file that can't be had now is noted to be tried again."""


class _Known(BaseModel):
    """What was taken of a file last: its revision, its name, and the invoice that it became; and
    how it went since, if it did."""

    model_config = ConfigDict(extra="forbid")

    revision: str
    invoice: str
    name: str = ""
    gone: str | None = None


def named_template(file: SourceFile, settings: Settings) -> str | None:
    """The template that a file's name tells, or its folders with it; None if they don't.

    Patterns are those of a shell, whatever the case of letters. A folder counts wherever it is:
    `acme/*` fits `2026/acme/1.pdf` as it fits `acme/1.pdf`.
    """
    parts = _folded(f"{file.folder}/{file.ref.name}").split("/")
    ends = ["/".join(parts[start:]) for start in range(len(parts))]
    for each in filter(None, (settings.template_names or "").split(",")):
        pattern, _, template = each.partition("=")
        if any(fnmatchcase(end, _folded(pattern.strip())) for end in ends):
            return template
    return None


def _folded(name: str) -> str:
    # A Mac spells the آ of a file's name as two letters.
    return unicodedata.normalize("NFC", name).lower()


_GONE = {
    "moved_out": "was moved out of the watched folders",
    "trashed": "was put into the trash",
    "removed": "was deleted, or is no longer shared with Khana",
}


def watch(adapters: Adapters, settings: Settings, *, deadline: float = math.inf) -> WatchReport:
    """Takes in what is new at every source, until `deadline` (of `time.monotonic`, in seconds).

    A file that can't be taken in becomes a `failed` invoice and stops no other, one that a source
    can't give now is tried again by later looks (`core.intake.late`), and a source that can't be
    looked at stops no other source. At the deadline no further file is begun; one may take some
    minutes more where its source has to be waited for.

    Raises:
        TransientError: a store or a source is out of reach; the next look goes on from here.
        SetupError: a source can't be looked at before somebody has mended something. If several
            sources are in trouble, it is the first one's.
    """
    begun = monotonic()
    report = WatchReport()
    troubles: list[KhanaError] = []
    for source in adapters.sources:
        seen = WatchReport()
        look = _Look(adapters, settings, source, deadline, seen)
        trouble = None
        try:
            look.alone() if source.shared else look.run()
        except (SetupError, TransientError) as error:
            trouble = error
            troubles.append(error)
        _keep(adapters.store, source, seen, trouble)
        report.add(seen)
    if any(_counts(source, report) for source in adapters.sources):
        tell(
            "looked",
            received=report.received,
            failed=len(report.failed),
            busy=len(report.busy),
            finished=report.finished,
            trouble=troubles[0].code if troubles else None,
            ms=1e3 * (monotonic() - begun),
        )
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
    late: LateFiles | None = None
    withheld: KhanaError | None = None
    """Why the source could not give the file before, if it could not."""

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
                self._listen()
            finally:
                asked = self.lease.give_back()

    def run(self) -> None:
        """Takes in page after page. The cursor is moved once all of a page is safe."""
        store, key = self.adapters.store, cursor_key(self.source.name)
        self.late = LateFiles(store, self.source.name) if self.source.shared else None
        self.withheld = None
        due = self.late.due() if self.late else ()
        for batch in self.source.batches(store.get_state(key)):
            self._keep()
            for gone in batch.gone:
                self._note_gone(gone)
            for file in batch.files:
                if self._time_is_up():
                    return
                self._keep()
                self._take(file)
            store.set_state(key, batch.cursor)
            if self._time_is_up():
                return
        trouble = self.withheld
        for file in due:
            if self._time_is_up():
                return
            self._keep()
            if self.late and file in self.late:
                self._take(file)
        if trouble and self.withheld:
            # Nothing came after it: whether the source gives anything, nobody knows yet.
            raise trouble

    def _keep(self) -> None:
        """Renews the lease where there is one and it is time."""
        if self.lease is not None:
            self.lease.keep()

    def _listen(self) -> None:
        """Has the source call when something is new. That it can't now is no reason to stop: there
        is always a next look."""
        store, key = self.adapters.store, push_key(self.source.name)
        kept = store.get_state(key) or None
        try:
            keep = self.source.listen(kept)
        except KhanaError as error:
            log.warning("%s: will not call when something is new: %s", self.source.name, error)
            return
        if keep != kept:
            store.set_state(key, keep or "")

    def _take(self, file: SourceFile) -> None:
        store = self.adapters.store
        # A source that is not shared remembers itself what it gave.
        known = _known(store, file.ref) if self.source.shared else None
        if known is not None and known.revision == file.revision:
            self._note_news(known, file)
            self._is_over(file.ref)
            return
        if self.late and self.late.waits(file):
            return
        try:
            with self._open(file) as stream:
                beginning = None
                if file.began is not None and file.size <= self.settings.max_file_bytes:
                    beginning = id_of_beginning(stream, file.began)
                template = named_template(file, self.settings)
                invoice = receive(self.adapters, stream, file.ref, self.settings, template=template)
            if beginning is not None:
                replace_beginning(self.adapters, beginning, file.ref)
            if file.refused is not None:
                refused = refusal_id(file.ref, file.refused)
                replace_beginning(self.adapters, refused, file.ref)
            self.report.received += 1
        except FileError as error:
            refuse(store, file, error)
            self.report.failed.append(error.message)
            self._is_over(file.ref)
            return
        except _Withheld:
            return
        if self.source.shared:
            if known is not None and known.invoice != invoice.id:
                _link(store, older=known.invoice, newer=invoice.id)
            taken = _Known(revision=file.revision, invoice=invoice.id, name=file.ref.name)
            store.set_state(_key(file.ref), taken.model_dump_json())
        self._is_over(file.ref)

    def _open(self, file: SourceFile) -> BinaryIO:
        """The bytes of the file.

        Raises:
            FileError: it can't be had.
            _Withheld: it can't be had now, and is noted to be tried again.
            TransientError, SetupError: nor could the one before: it is not the file's fault.
        """
        try:
            stream = self.source.open(file)
        except (TransientError, SetupError) as error:
            if self.late is None or (isinstance(error, SetupError) and error.code != _THIS_ONE):
                raise
            tries = self.late.note(file)
            if self.withheld or tries is None:
                raise
            self.withheld = error
            said = f"{error.message}; tries so far: {tries}"
            if tries >= TOLD_AFTER:
                # Now also where people look for what came in.
                refuse(self.adapters.store, file, FileError(said, code="file_unreadable"))
            if tries >= MOST_TRIES:
                self.late.forget(file.ref.file_id)
            self.report.failed.append(said)
            raise _Withheld from error
        self.withheld = None
        return stream

    def _is_over(self, ref: SourceRef) -> None:
        if self.late:
            self.late.forget(ref.file_id)

    def _note_news(self, known: _Known, file: SourceFile) -> None:
        """Notes that a file whose bytes were taken has another name, or is back."""
        name = file.ref.name
        if known.gone is not None:
            self._note(known, file.ref, "back", f"{name}: is back in the watched folders")
        if known.name and known.name != name:
            self._note(known, file.ref, "renamed", f"{known.name}: is now called {name}")
        if known.gone is not None or known.name != name:
            taken = known.model_copy(update={"name": name, "gone": None})
            self.adapters.store.set_state(_key(file.ref), taken.model_dump_json())

    def _note_gone(self, gone: Gone) -> None:
        """Notes how a file went that was taken in before; of others nobody wants to know."""
        self._is_over(gone.ref)
        known = _known(self.adapters.store, gone.ref)
        if known is None or known.gone == gone.how:
            return
        name = gone.ref.name or known.name or gone.ref.file_id
        self._note(known, gone.ref, gone.how, f"{name}: {_GONE[gone.how]}")
        taken = known.model_copy(update={"gone": gone.how})
        self.adapters.store.set_state(_key(gone.ref), taken.model_dump_json())

    def _note(self, known: _Known, ref: SourceRef, code: str, message: str) -> None:
        def change(invoice: Invoice) -> Invoice | None:
            noted = add_note(invoice, code, message)
            return None if noted == invoice else noted

        try:
            change_all(self.adapters.store, known.invoice, change)
        except NotFoundError:
            log.info("%s: its invoice was deleted", ref.name or ref.file_id)

    def _time_is_up(self) -> bool:
        if monotonic() < self.deadline:
            return False
        self.report.finished = False
        return True


def cursor_key(source: str) -> str:
    """The state that keeps how far a source was followed."""
    return f"cursor:{source}"


def push_key(source: str) -> str:
    """The state that keeps what a source is to be known by when it calls."""
    return f"push:{source}"


def _keep(
    store: InvoiceStore, source: Source, seen: WatchReport, trouble: KhanaError | None
) -> None:
    """Notes how a look went."""
    if seen.busy or not _counts(source, seen):
        return
    try:
        before = last_look(store, source.name)
        at = now()
        look = LastLook(
            at=at,
            received=seen.received,
            failed=seen.failed,
            finished=seen.finished and trouble is None,
            error=trouble.message if trouble else None,
            came_at=at if seen.received else before.came_at if before else None,
        )
        keep_look(store, source.name, look)
    except TransientError as error:
        log.warning("%s: how the look went can't be noted: %s", source.name, error.message)


def _counts(source: Source, seen: WatchReport) -> bool:
    """Whether a look is worth a word. A folder of this machine is looked at twice a second: those
    looks count that came to something."""
    return source.shared or bool(seen.received or seen.failed)


def _known(store: InvoiceStore, ref: SourceRef) -> _Known | None:
    value = store.get_state(_key(ref))
    return None if value is None else _Known.model_validate_json(value)


def _link(store: InvoiceStore, *, older: str, newer: str) -> None:
    """Links the invoices of two revisions of a file. Done twice it changes nothing."""
    try:
        change_all(store, older, lambda one: one.model_copy(update={"replaced_by": newer}))
    except NotFoundError:  # somebody deleted it
        return
    # Bytes may come back: what was replaced is then the newest again.
    links = {"replaces": older, "replaced_by": None}
    change_all(store, newer, lambda one: one.model_copy(update=links))


def _key(ref: SourceRef) -> str:
    return f"file:{ref.kind}:{ref.file_id}"
