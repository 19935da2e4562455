"""Pages come whole through memory that two processes have, and stay so while looked at."""

import os
import sys
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from core.formats import handover
from core.formats.handover import Incoming, Outgoing, send

Page = NDArray[np.uint8]
Pass = Callable[[Page], tuple[Page, int | None, bool]]


@pytest.fixture
def handed() -> Iterator[Pass]:
    """Hands a page over; gives what arrives, the number of its piece, and whether that is new."""
    theirs, ours = Pipe()
    outgoing, incoming = Outgoing(), Incoming()

    def hand(page: Page) -> tuple[Page, int | None, bool]:
        outgoing.take_back(incoming.done())
        told, descriptor = outgoing.put(page)
        if descriptor is not None:
            send(theirs, descriptor)
        return incoming.get(told, ours), told["piece"], told["new"]

    yield hand
    theirs.close()
    ours.close()


def page(value: int, *shape: int) -> Page:
    return np.full(shape, value, np.uint8)


def test_a_piece_is_used_again_when_nobody_looks_at_it(handed: Pass) -> None:
    first, number, new = handed(page(1, 30, 20))
    assert new
    assert np.array_equal(first, page(1, 30, 20))
    del first
    for value, shape in ((2, (30, 20)), (3, (10, 60)), (4, (5, 5, 3))):
        again, place, new = handed(page(value, *shape))
        assert (place, new) == (number, False)
        assert np.array_equal(again, page(value, *shape))
        del again


@pytest.mark.parametrize(
    "look",
    [
        lambda p: p[3:9, ::2],
        lambda p: p.reshape(-1)[5:],
        lambda p: p.T.view(np.int8),
        memoryview,
        lambda p: np.frombuffer(p.data, np.uint8),
    ],
)
def test_a_piece_is_left_alone_while_a_part_of_it_is_looked_at(
    handed: Pass, look: Callable[[Page], Any]
) -> None:
    whole, number, _ = handed(page(1, 30, 20))
    part = look(whole)
    del whole
    _, other, _ = handed(page(2, 30, 20))
    assert other != number
    assert (np.asarray(part) == 1).all()


def test_pages_beyond_the_pieces_that_are_kept_are_whole_too(handed: Pass) -> None:
    found = [handed(page(value, 30, 20)) for value in range(2 * handover._KEPT)]
    for value, (one, _, new) in enumerate(found):
        assert new
        assert np.array_equal(one, page(value, 30, 20))
    numbers = [number for _, number, _ in found]
    assert numbers == [*range(handover._KEPT), *[None] * handover._KEPT]
    del found, one
    assert not handed(page(9, 30, 20))[2]


def test_what_is_too_large_for_its_piece_gets_a_larger_one(handed: Pass) -> None:
    handed(page(1, 10, 10))
    handed(page(2, 10, 10))
    large, _, new = handed(page(3, 500, 100))
    assert new
    assert np.array_equal(large, page(3, 500, 100))


def test_the_largest_pages_are_not_kept(handed: Pass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handover, "_KEPT_BYTES", 1000)
    assert handed(page(1, 40, 40))[1:] == (None, True)
    assert handed(page(1, 40, 40))[1:] == (None, True)


@pytest.mark.skipif(sys.platform != "linux", reason="there are no seals elsewhere")
def test_memory_that_could_be_cut_short_is_not_taken() -> None:
    theirs, ours = Pipe()
    descriptor = os.memfd_create("page", os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, 100)
    send(theirs, descriptor)
    with pytest.raises(OSError, match="cut short"):
        Incoming().get({"shape": [10, 10], "piece": 0, "new": True}, ours)


def test_a_piece_smaller_than_told_is_not_taken() -> None:
    theirs, ours = Pipe()
    told, descriptor = Outgoing().put(page(1, 10, 10))
    assert descriptor is not None
    send(theirs, descriptor)
    with pytest.raises((OSError, ValueError)):
        Incoming().get(told | {"shape": [1000, 1000]}, ours)
