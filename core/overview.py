"""What the last months came to: volume, totals, how much people had to look at, what they found."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from core.invoice import Invoice, Status

MONTHS = 12


@dataclass
class Volume:
    """Invoices that came in a month: read `alone`, or with a person (`reviewed`), `waiting` for one
    or to be read, `failed`."""

    alone: int = 0
    reviewed: int = 0
    waiting: int = 0
    failed: int = 0

    @property
    def all(self) -> int:
        return self.alone + self.reviewed + self.waiting + self.failed


@dataclass
class Accuracy:
    """Of the values of one field that people looked at, how many had been `right`."""

    reviewed: int = 0
    right: int = 0

    @property
    def share(self) -> float:
        return self.right / self.reviewed


@dataclass
class Queue:
    """What waits for a person, by how long it has waited."""

    day: int = 0
    week: int = 0
    longer: int = 0
    oldest: datetime | None = None

    @property
    def all(self) -> int:
        return self.day + self.week + self.longer


@dataclass
class Overview:
    """`volume` is by month of arrival, `totals` by template and the month on the invoice, of those
    that are done; months are as `2026-11`. `accuracy` is by field. `need` counts the invoices that
    were read and needed a person, of `read`."""

    months: list[str]
    volume: dict[str, Volume]
    totals: dict[str, dict[str, Decimal]] = field(default_factory=dict)
    accuracy: dict[str, Accuracy] = field(default_factory=dict)
    queue: Queue = field(default_factory=Queue)
    read: int = 0
    need: int = 0


def overview(invoices: Iterable[Invoice], *, at: datetime) -> Overview:
    """What these invoices came to in the `MONTHS` months up to `at`; the queue counts them all."""
    months = _months(at.date())
    seen = Overview(months, {month: Volume() for month in months})
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    accuracy: dict[str, Accuracy] = defaultdict(Accuracy)
    for invoice in invoices:
        _count(seen, invoice)
        _wait(seen.queue, invoice, at)
        total, month = invoice.total, (invoice.date or "")[:7]
        if (
            invoice.status is Status.DONE
            and invoice.template is not None
            and total is not None
            and month in seen.volume
        ):
            totals[invoice.template.id][month] += total
        for name, reading in invoice.fields.items():
            if reading.reviewed_by is not None:
                accuracy[name].reviewed += 1
                accuracy[name].right += reading.original == reading.value
    seen.totals = {name: dict(by_month) for name, by_month in sorted(totals.items())}
    seen.accuracy = dict(sorted(accuracy.items(), key=lambda item: item[1].share))
    return seen


def _count(seen: Overview, invoice: Invoice) -> None:
    volume = seen.volume.get(f"{invoice.received_at:%Y-%m}", Volume())
    looked_at = bool(invoice.corrections) or invoice.accepted
    match invoice.status:
        case Status.DONE if looked_at:
            volume.reviewed += 1
        case Status.DONE:
            volume.alone += 1
        case Status.FAILED:
            volume.failed += 1
        case _:
            volume.waiting += 1
    if invoice.status in (Status.DONE, Status.NEEDS_REVIEW):
        seen.read += 1
        seen.need += invoice.status is Status.NEEDS_REVIEW or looked_at


def _wait(queue: Queue, invoice: Invoice, at: datetime) -> None:
    if invoice.status is not Status.NEEDS_REVIEW:
        return
    waited = at - invoice.received_at
    if waited < timedelta(days=1):
        queue.day += 1
    elif waited < timedelta(days=7):
        queue.week += 1
    else:
        queue.longer += 1
    queue.oldest = min(queue.oldest or invoice.received_at, invoice.received_at)


def _months(last: date) -> list[str]:
    """The months up to that of `last`, the oldest first."""
    count = 12 * last.year + last.month - 1
    return [f"{n // 12:04d}-{n % 12 + 1:02d}" for n in range(count - MONTHS + 1, count + 1)]
