"""What an overview counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.invoice import Correction, Decision, Invoice, Reading, SourceRef, Status, TemplateRef
from core.overview import overview
from core.template import Kind

AT = datetime(2026, 3, 15, 12, tzinfo=UTC)


def reading(kind: Kind, value: str, **more: object) -> Reading:
    given = {"text": value, "value": value, "kind": kind, "confidence": 0.9, "box": (0, 0, 9, 9)}
    return Reading.model_validate(given | more)


def invoice(status: Status, *, ago: float = 0, **more: object) -> Invoice:
    given = {
        "id": "1",
        "status": status,
        "source": SourceRef(kind="upload", file_id="a", name="a"),
        "template": TemplateRef(id="acme", version=1),
        "received_at": AT - timedelta(days=ago),
    }
    return Invoice.model_validate(given | more)


def bill(total: str, on: str) -> dict[str, Reading]:
    return {"total": reading(Kind.AMOUNT, total), "date": reading(Kind.DATE, on)}


def correction() -> Correction:
    return Correction(field="total", before="1", after="1", by="Mona", at=AT)


def test_volume_is_by_month_and_by_who_read_it() -> None:
    seen = overview(
        [
            invoice(Status.DONE),
            invoice(Status.DONE, corrections=[correction()]),
            invoice(Status.DONE, decisions=[Decision(status=Status.DONE, by="Mona", at=AT)]),
            invoice(Status.NEEDS_REVIEW),
            invoice(Status.FAILED, ago=40),
            invoice(Status.RECEIVED),
            invoice(Status.DONE, ago=500),
        ],
        at=AT,
    )
    assert (seen.months[0], seen.months[-1], len(seen.months)) == ("2025-04", "2026-03", 12)
    march = seen.volume["2026-03"]
    assert (march.alone, march.reviewed, march.waiting, march.failed) == (1, 2, 2, 0)
    assert seen.volume["2026-02"].failed == 1
    assert sum(volume.all for volume in seen.volume.values()) == 6
    assert (seen.read, seen.need) == (5, 3)


def test_totals_are_exact_and_of_what_is_done() -> None:
    seen = overview(
        [
            invoice(Status.DONE, fields=bill("0.10", "2026-01-31")),
            invoice(Status.DONE, fields=bill("0.20", "2026-01-01")),
            invoice(Status.DONE, fields=bill("5", "2019-01-01")),
            invoice(Status.NEEDS_REVIEW, fields=bill("1000", "2026-01-01")),
        ],
        at=AT,
    )
    assert seen.totals == {"acme": {"2026-01": Decimal("0.30")}}


def test_accuracy_is_what_people_found_the_worst_first() -> None:
    good = {"reviewed_by": "Mona", "original": "1"}
    fields = {
        "number": reading(Kind.NUMBER, "1", **good),
        "total": reading(Kind.AMOUNT, "2", **good),
        "tax": reading(Kind.AMOUNT, "2"),  # nobody looked
    }
    seen = overview([invoice(Status.DONE, fields=fields)], at=AT)
    assert [(name, a.reviewed, a.right) for name, a in seen.accuracy.items()] == [
        ("total", 1, 0),
        ("number", 1, 1),
    ]


def test_the_queue_says_how_long_people_have_kept_it_waiting() -> None:
    seen = overview([invoice(Status.NEEDS_REVIEW, ago=days) for days in (0.5, 3, 3, 400)], at=AT)
    assert (seen.queue.day, seen.queue.week, seen.queue.longer) == (1, 2, 1)
    assert seen.queue.oldest == AT - timedelta(days=400)
