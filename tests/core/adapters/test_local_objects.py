"""Objects in a folder."""

import io
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from core.adapters.local.backend import Backend, open_backend
from core.errors import NotFoundError, RequestError
from core.invoice import ObjectRef
from core.settings import Settings

METADATA = {"source-kind": "upload", "source-name": "فاتورة ٣.pdf"}


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return open_backend(Settings(data=tmp_path))


def put(backend: Backend, data: bytes = b"%PDF", name: str = "invoices/abc") -> ObjectRef:
    return backend.objects.create(
        name, io.BytesIO(data), content_type="application/pdf", metadata=METADATA
    )


def test_an_object_is_read_as_it_was_created(backend: Backend) -> None:
    stored = backend.objects.read(put(backend, b"%PDF-1.7"))
    assert (stored.data, dict(stored.metadata)) == (b"%PDF-1.7", METADATA)


def test_creating_again_gives_the_object_that_is_there(backend: Backend) -> None:
    first = put(backend, b"one")
    assert put(backend, b"two") == first
    assert backend.objects.read(first).data == b"one"


def test_creating_announces_once(backend: Backend) -> None:
    ref = put(backend)
    put(backend)
    delivery = backend.queue.take()
    assert delivery is not None
    assert delivery.ref == ref
    assert backend.queue.take() is None


def test_announcing_has_it_delivered_once_more(backend: Backend) -> None:
    ref = put(backend)
    first = backend.queue.take()
    assert first is not None
    backend.queue.acknowledge(first)
    before = backend.objects.read(ref).metadata
    assert backend.objects.announce(ref, {"again": "1"}) == ref
    assert backend.objects.read(ref).metadata == {**before, "again": "1"}
    second = backend.queue.take()
    assert second is not None
    assert second.ref.name == ref.name
    assert second.id != first.id


def test_announcing_what_is_gone_is_refused(backend: Backend) -> None:
    ref = put(backend)
    backend.objects.delete(ref)
    with pytest.raises(NotFoundError, match=ref.name):
        backend.objects.announce(ref, {})


def test_bytes_that_somebody_took_away_are_missed_until_they_come_again(
    backend: Backend, tmp_path: Path
) -> None:
    ref = put(backend, b"one")
    first = backend.queue.take()
    assert first is not None
    backend.queue.acknowledge(first)
    (tmp_path / "bucket" / ref.name).unlink()
    with pytest.raises(NotFoundError, match="its bytes are gone"):
        backend.objects.announce(ref, {"again": "1"})
    assert backend.queue.take() is None
    assert put(backend, b"one") == ref
    assert backend.objects.read(ref).data == b"one"
    delivery = backend.queue.take()
    assert delivery is not None
    assert delivery.ref == ref
    assert not list((tmp_path / "bucket").glob(".*/*"))


def test_of_many_who_create_the_same_object_one_wins(backend: Backend) -> None:
    start = threading.Barrier(8)

    def create(number: int) -> ObjectRef:
        start.wait()
        return put(backend, str(number).encode())

    with ThreadPoolExecutor(8) as pool:
        refs = set(pool.map(create, range(8)))
    assert len(refs) == 1
    assert backend.objects.read(refs.pop()).data in {str(n).encode() for n in range(8)}


def test_deleting_removes_the_object_and_may_be_repeated(backend: Backend) -> None:
    ref = put(backend)
    backend.objects.delete(ref)
    backend.objects.delete(ref)
    with pytest.raises(NotFoundError):
        backend.objects.read(ref)
    again = put(backend, b"new")
    assert again.generation != ref.generation
    assert backend.objects.read(again).data == b"new"


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../b", "a//b", "", "a/\0b"])
def test_no_name_leads_out_of_the_bucket(backend: Backend, tmp_path: Path, name: str) -> None:
    with pytest.raises(RequestError):
        put(backend, name=name)
    assert not (tmp_path / "outside").exists()


def test_a_crash_while_storing_leaves_no_rest(backend: Backend, tmp_path: Path) -> None:
    class Dying(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backend.objects.create("invoices/x", Dying(b"x"), content_type="", metadata={})
    backend.recover()
    left = [path for path in (tmp_path / "bucket").rglob("*") if path.is_file()]
    assert left == []
    assert backend.queue.take() is None
