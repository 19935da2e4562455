"""Everything local on one data folder:

<data>/khana.db   invoices, templates, state, events, deliveries, what is known of objects
<data>/bucket/    the objects' bytes
<data>/inbox/     the watched folder, unless it is elsewhere
"""

from dataclasses import dataclass

from core.adapters.local.database import Database
from core.adapters.local.folder import FolderSource
from core.adapters.local.health import check_apart
from core.adapters.local.objects import LocalObjectStore
from core.adapters.local.outbox import LocalOutbox
from core.adapters.local.queue import EventQueue
from core.adapters.local.store import LocalInvoiceStore
from core.errors import SetupError
from core.ports import Adapters
from core.settings import Settings


@dataclass(frozen=True)
class Backend:
    """The local adapters, and the queue that only who delivers events needs."""

    objects: LocalObjectStore
    store: LocalInvoiceStore
    source: FolderSource
    queue: EventQueue
    outbox: LocalOutbox

    @property
    def adapters(self) -> Adapters:
        return Adapters(
            sources=[self.source], objects=self.objects, store=self.store, outbox=self.outbox
        )

    def recover(self) -> None:
        """Sets free what a process that died had in hand. Only for the owner of the data folder."""
        self.store.release_leases()
        self.queue.recover()
        self.objects.recover()


def open_backend(settings: Settings) -> Backend:
    """Opens the data folder of `settings`, and makes it if it is new.

    Raises:
        SetupError: it can't be made or used, or is in the inbox.
        TransientError: its database is locked.
    """
    check_apart(settings.inbox_dir, settings.data)
    for folder in (settings.data, settings.inbox_dir):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SetupError(f"{folder}: can't be made: {error.strerror}") from error
    database = Database(settings.data / "khana.db")
    return Backend(
        objects=LocalObjectStore(settings.data / "bucket", database),
        store=LocalInvoiceStore(database),
        source=FolderSource(settings.inbox_dir, database, settle=settings.settle),
        queue=EventQueue(
            database, max_attempts=settings.max_attempts, retry_delay=settings.retry_delay
        ),
        outbox=LocalOutbox(database),
    )
