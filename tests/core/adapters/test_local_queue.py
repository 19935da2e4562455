"""The durable queue."""

import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.adapters.local.database import Database
from core.adapters.local.queue import MAX_INTERRUPTIONS, Delivery, EventQueue
from core.invoice import ErrorInfo, ObjectRef

REF = ObjectRef(bucket="local", name="invoices/a", generation=1)
ERROR = ErrorInfo(code="unavailable", message="not now")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "khana.db")


def queue_of(database: Database, retry_delay: float = 0.001) -> EventQueue:
    return EventQueue(database, max_attempts=3, retry_delay=retry_delay)


def put(database: Database) -> None:
    with database.write() as connection:
        EventQueue.put(connection, REF)


def take(queue: EventQueue) -> Delivery:
    until = time.monotonic() + 60
    while (delivery := queue.take()) is None:
        assert time.monotonic() < until, "no event came"
        time.sleep(0.001)
    return delivery


def test_an_event_is_delivered_until_it_is_acknowledged(database: Database) -> None:
    queue = queue_of(database)
    assert queue.take() is None
    put(database)
    delivery = take(queue)
    assert (delivery.ref, delivery.attempt) == (REF, 1)
    assert queue.take() is None  # in hand
    queue.acknowledge(delivery)
    queue.recover()
    assert queue.take() is None


def test_a_failed_try_waits_and_counts(database: Database) -> None:
    queue = queue_of(database, retry_delay=60)
    put(database)
    queue.retry(take(queue), ERROR)
    assert queue.take() is None  # a minute is not over

    soon = queue_of(database)
    put(database)
    for attempt in (1, 2, 3):
        delivery = take(soon)
        assert (delivery.attempt, soon.is_last(delivery)) == (attempt, attempt == 3)
        soon.retry(delivery, ERROR)
    assert soon.is_used_up(take(soon))


def test_a_fault_of_the_installation_is_no_try_and_waited_out_for_a_day(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = queue_of(database)
    put(database)
    for _ in range(5):
        delivery = take(queue)
        assert delivery.attempt == 1
        assert not queue.is_overdue(delivery)
        queue.wait_out(delivery, ERROR)
    delivery = take(queue)
    made = datetime.fromisoformat(delivery.created_at)
    monkeypatch.setattr("core.adapters.local.queue.now", lambda: made + timedelta(minutes=5))
    queue.wait_out(delivery, ERROR)
    assert queue.take() is None  # as long again as it has waited, or half of that
    monkeypatch.setattr("core.adapters.local.queue.now", lambda: made + timedelta(days=1))
    assert queue.is_overdue(delivery)


def test_waiting_for_another_is_no_try(database: Database) -> None:
    queue = queue_of(database)
    put(database)
    queue.postpone(take(queue), ERROR)
    assert take(queue).attempt == 1


def test_what_is_set_aside_does_not_come_back(database: Database) -> None:
    queue = queue_of(database)
    put(database)
    queue.set_aside(take(queue), ERROR)
    queue.recover()
    assert queue.take() is None


def test_what_a_dead_process_held_comes_back_but_not_for_ever(database: Database) -> None:
    put(database)
    for deaths in range(MAX_INTERRUPTIONS + 1):
        queue = queue_of(database)
        delivery = take(queue)
        assert (delivery.attempt, delivery.interruptions) == (1, deaths)
        assert not queue.is_used_up(delivery)
        assert queue.recover() == 1
    assert queue_of(database).is_used_up(take(queue_of(database)))
