"""A lease on a real store: one holder at a time, also when holders die or stand still."""

from datetime import timedelta
from pathlib import Path

import pytest

from core import lease
from core.adapters import connect
from core.errors import BusyError
from core.invoice import now
from core.lease import Lease
from core.ports import InvoiceStore
from core.settings import Settings

OVER = timedelta(0)
"""The length of a lease that runs out at once, as one does whose holder died."""


@pytest.fixture
def store(tmp_path: Path) -> InvoiceStore:
    return connect(Settings(data=tmp_path)).store


def test_one_holds_it_and_the_next_has_it_when_it_is_given_back(store: InvoiceStore) -> None:
    first, second = Lease(store, "k"), Lease(store, "k")
    assert first.take()
    assert Lease(store, "other").take()
    assert not second.take()
    first.give_back()
    assert second.take()


def test_its_holder_is_told_that_somebody_asked(store: InvoiceStore) -> None:
    first = Lease(store, "k")
    assert first.take()
    assert not first.give_back()
    assert first.take()
    assert not Lease(store, "k").take()
    first.keep()
    assert first.give_back()


def test_a_dead_holder_keeps_it_for_its_length_alone(store: InvoiceStore) -> None:
    assert Lease(store, "k", length=OVER).take()
    assert Lease(store, "k").take()


def test_who_stood_still_too_long_is_told_and_takes_nothing_away(store: InvoiceStore) -> None:
    slow, quick = Lease(store, "k", length=OVER), Lease(store, "k")
    assert slow.take()
    assert quick.take()
    with pytest.raises(BusyError):
        slow.keep()
    assert not slow.give_back()
    assert not Lease(store, "k").take()


def test_renewing_keeps_what_was_asked(store: InvoiceStore) -> None:
    holder = Lease(store, "k", length=timedelta(seconds=3))
    assert holder.take()
    assert not Lease(store, "k").take()
    holder._renew_at -= timedelta(seconds=2)
    before = store.get_state("k")
    holder.keep()
    assert store.get_state("k") != before
    assert holder.give_back()


def test_nothing_is_written_before_it_is_time_to_renew(store: InvoiceStore) -> None:
    holder = Lease(store, "k")
    assert holder.take()
    before = store.get_state("k")
    holder.keep()
    assert store.get_state("k") == before


def test_a_clock_that_was_wrong_holds_nobody_up(
    store: InvoiceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ahead = now() + timedelta(hours=1)
    with monkeypatch.context() as wrong:
        wrong.setattr(lease, "now", lambda: ahead)
        holder = Lease(store, "k")
        assert holder.take()
    # Its own clock is right again, so it renews what would look like years ahead to others.
    before = store.get_state("k")
    holder.keep()
    assert store.get_state("k") != before
    with monkeypatch.context() as wrong:
        wrong.setattr(lease, "now", lambda: ahead)
        assert Lease(store, "other").take()
    assert Lease(store, "other").take()
