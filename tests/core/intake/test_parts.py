"""Files that hold an invoice a page, on the stores of each backend: found, once, come what may."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pytest

from core.adapters import connect
from core.adapters.local.backend import open_backend
from core.errors import ConflictError, NotFoundError, TemplateError, TransientError
from core.extract import Extractor
from core.intake.arrival import receive
from core.intake.parts import change_all, check_deletable, count, file_of
from core.invoice import ErrorInfo, Invoice, ObjectRef, Outcome, Reason, SourceRef, Status
from core.pipeline import give_up, process, read_again
from core.ports import Adapters, KnownTemplate, ObjectStore, Query, StoredTemplate
from core.settings import Settings
from core.template import parse_template

# The doubles are imported as `emulators.…`, as they are used by more than one folder of tests.
sys.path.append(str(Path(__file__).parents[2]))

from batches import batch, form
from emulators.cloud import Cloud, google_cloud

NUMBERS = ["004217", "100230", "000891", "770045", "312406"]
SCAN = SourceRef(kind="folder", file_id="in/batch.pdf", name="batch.pdf")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


@pytest.fixture(scope="module")
def services() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


@pytest.fixture(params=["local", "google"])
def adapters(request: pytest.FixtureRequest, settings: Settings) -> Iterator[Adapters]:
    if request.param == "local":
        yield connect(settings)
    else:
        with request.getfixturevalue("services").empty().adapters() as adapters:
            yield adapters


local_alone = pytest.mark.parametrize("adapters", ["local"], indirect=True)


class Reader:
    """Says that each file holds three invoices: for tests of the steps around the reading."""

    reader = "reader-1"

    def __init__(self) -> None:
        self.asked: list[tuple[bytes, int | None]] = []

    def extract(
        self,
        data: bytes,
        templates: Sequence[KnownTemplate],
        *,
        name: str,
        page: int | None = None,
    ) -> Outcome:
        self.asked.append((data, page))
        return Outcome(status=Status.DONE, invoices=3)


def received(adapters: Adapters, settings: Settings, data: bytes = b"three pages") -> Invoice:
    return receive(adapters, BytesIO(data), SCAN, settings)


def all_of(adapters: Adapters) -> list[Invoice]:
    return list(adapters.store.list(Query(descending=False)).invoices)


def ref(invoice: Invoice) -> ObjectRef:
    assert invoice.object is not None
    return invoice.object


def read_all(adapters: Adapters, reader: Any, settings: Settings) -> list[Invoice]:
    """All that is there, read, in the order in which it came in."""
    while waiting := [each for each in all_of(adapters) if not each.status.final]:
        for each in waiting:
            process(adapters, reader, ref(each), settings)
    return all_of(adapters)


@pytest.mark.parametrize("kind", ["PDF", "TIFF"])
def test_each_page_is_an_invoice_of_its_own(
    kind: Literal["PDF", "TIFF"], adapters: Adapters, extractor: Extractor, settings: Settings
) -> None:
    adapters.store.put_template(StoredTemplate(form()))
    first = received(adapters, settings, batch(NUMBERS, kind))
    read = read_all(adapters, extractor, settings)
    assert [each.number for each in read] == NUMBERS
    assert [str(each.total) for each in read] == [number.lstrip("0") for number in NUMBERS]
    assert read[0].id == first.id
    assert [each.part.page for each in read if each.part] == [1, 2, 3, 4, 5]
    assert {each.part.ids for each in read if each.part} == {tuple(each.id for each in read)}
    assert {each.source for each in read} == {SCAN}
    # Each is a document of one page, which is all that there is to be seen of it.
    assert {tuple(each.page_sizes) for each in read} == {(1,)}
    assert {reading.page for each in read for reading in each.fields.values()} == {1}


def test_however_often_it_comes_there_is_one_set(adapters: Adapters, settings: Settings) -> None:
    reader = Reader()
    received(adapters, settings)
    before = read_all(adapters, reader, settings)
    received(adapters, settings)
    for each in before * 2:
        process(adapters, reader, ref(each), settings)
    assert all_of(adapters) == before
    assert sorted(reader.asked, key=str) == [
        (b"three pages", 2),
        (b"three pages", 3),
        (b"three pages", None),
    ]


class Killed(BaseException):
    """What ends a process is caught by nobody."""


class Dying:
    """An object store whose process dies at the `last` creation, before or after it."""

    def __init__(self, objects: ObjectStore, last: int, *, after: bool) -> None:
        self._objects, self._last, self._after = objects, last, after

    def create(
        self, name: str, data: BinaryIO, *, content_type: str, metadata: Mapping[str, str]
    ) -> ObjectRef:
        self._last -= 1
        if self._last == 0 and not self._after:
            raise Killed
        made = self._objects.create(name, data, content_type=content_type, metadata=metadata)
        if self._last == 0:
            raise Killed
        return made

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)


@pytest.mark.parametrize("last", [1, 2])
@pytest.mark.parametrize("after", [False, True])
def test_whoever_dies_while_it_is_split_loses_none(
    last: int, after: bool, settings: Settings
) -> None:
    backend = open_backend(settings)
    adapters, reader = backend.adapters, Reader()
    first = received(adapters, settings)
    dying = replace(adapters, objects=Dying(adapters.objects, last, after=after))
    with pytest.raises(Killed):
        process(dying, reader, ref(first), settings)
    backend.recover()  # as the next start does
    announced = []
    while (delivery := backend.queue.take()) is not None:
        announced.append(delivery.ref.name)
        process(adapters, reader, delivery.ref, settings)
        backend.queue.acknowledge(delivery)
    read = all_of(adapters)
    assert [(each.status, each.part and each.part.page) for each in read] == [
        (Status.DONE, 1),
        (Status.DONE, 2),
        (Status.DONE, 3),
    ]
    assert sorted(announced) == sorted(ref(each).name for each in read)


def test_the_object_of_a_page_alone_is_enough_to_make_its_invoice(
    adapters: Adapters, settings: Settings
) -> None:
    received(adapters, settings)
    *_, last = read_all(adapters, Reader(), settings)
    adapters.store.delete(last.id)
    made = process(adapters, Reader(), ref(last), settings)
    assert made is not None
    assert (made.id, made.part, made.source, made.received_at) == (
        last.id,
        last.part,
        SCAN,
        last.received_at,
    )


def test_a_page_is_read_again_alone(adapters: Adapters, settings: Settings) -> None:
    received(adapters, settings)
    first, second, third = read_all(adapters, Reader(), settings)
    for number, each in ((1, first), (2, second)):
        reader = Reader()
        again = read_again(adapters, each.id)
        read = process(adapters, reader, ref(again), settings)
        assert reader.asked == [(b"three pages", number)]
        assert read is not None
        assert (read.status, read.part) == (Status.DONE, each.part)
    # The file may have another generation by now, and is found all the same.
    assert file_of(adapters, third) == b"three pages"
    assert len(all_of(adapters)) == 3


def test_a_page_that_can_not_be_read_is_given_up_alone(
    adapters: Adapters, settings: Settings
) -> None:
    first = received(adapters, settings)
    process(adapters, Reader(), ref(first), settings)
    _, second, third = all_of(adapters)
    give_up(adapters, ref(second), tries=5)
    read = {each.id: each for each in read_all(adapters, Reader(), settings)}
    assert read[second.id].status is Status.FAILED
    assert {read[first.id].status, read[third.id].status} == {Status.DONE}


def test_the_first_page_goes_last(adapters: Adapters, settings: Settings) -> None:
    received(adapters, settings)
    first, second, third = read_all(adapters, Reader(), settings)
    with pytest.raises(ConflictError, match="delete those first") as refused:
        check_deletable(adapters.store, first)
    assert refused.value.code == "keeps_file"
    for each in (third, second):
        check_deletable(adapters.store, each)
        adapters.objects.delete(ref(each))
        adapters.store.delete(each.id)
    check_deletable(adapters.store, first)
    adapters.store.delete(first.id)
    with pytest.raises(NotFoundError, match=r"batch\.pdf: its file is gone"):
        file_of(adapters, second)


@local_alone
def test_a_file_that_moves_meanwhile_is_waited_for(adapters: Adapters, settings: Settings) -> None:
    first = received(adapters, settings)
    process(adapters, Reader(), ref(first), settings)
    _, second, _ = all_of(adapters)
    adapters.objects.delete(ref(first))
    with pytest.raises(TransientError):
        process(adapters, Reader(), ref(second), settings)
    assert adapters.store.get(second.id).status is Status.RECEIVED


@local_alone
def test_a_change_of_the_file_is_one_of_all_its_pages(
    adapters: Adapters, settings: Settings
) -> None:
    received(adapters, settings)
    first, second, third = read_all(adapters, Reader(), settings)
    adapters.store.delete(second.id)
    change_all(
        adapters.store, first.id, lambda one: one.model_copy(update={"replaced_by": "newer"})
    )
    assert [each.replaced_by for each in all_of(adapters)] == ["newer", "newer"]
    adapters.store.delete(third.id)
    adapters.store.delete(first.id)
    with pytest.raises(NotFoundError):
        change_all(adapters.store, first.id, lambda one: one)


@local_alone
def test_pages_may_be_of_different_forms(
    adapters: Adapters, extractor: Extractor, settings: Settings
) -> None:
    adapters.store.put_template(StoredTemplate(form()))
    received(adapters, settings, batch(NUMBERS[:2]))
    first, _ = read_all(adapters, extractor, settings)
    # What the second page is read with is asked for as for any other invoice.
    adapters.store.put_template(StoredTemplate(form("other", split=False)))
    again = read_again(adapters, all_of(adapters)[1].id, template="other")
    read = process(adapters, extractor, ref(again), settings)
    assert read is not None
    assert read.template is not None
    assert (read.template.id, read.number, read.part and read.part.page) == ("other", NUMBERS[1], 2)
    assert adapters.store.get(first.id) == first


@pytest.mark.parametrize(
    ("data", "split"), [(batch(NUMBERS[:3]), False), (batch(NUMBERS[:1]), True)]
)
def test_other_files_stay_whole(
    data: bytes, split: bool, extractor: Extractor, settings: Settings
) -> None:
    adapters = connect(settings)
    adapters.store.put_template(StoredTemplate(form(split=split)))
    received(adapters, settings, data)
    (read,) = read_all(adapters, extractor, settings)
    assert (read.number, read.part) == (NUMBERS[0], None)


UNSURE = Outcome(
    status=Status.NEEDS_REVIEW,
    reasons=(Reason(code="not_aligned", message="does not fit"),),
    invoices=5,
)
BROKEN = Outcome(
    status=Status.FAILED, error=ErrorInfo(code="corrupt_file", message="bad"), invoices=5
)


@pytest.mark.parametrize("outcome", [UNSURE, BROKEN])
def test_a_template_that_nobody_named_must_fit(outcome: Outcome) -> None:
    assert count(outcome, named=False) == 1
    assert count(outcome, named=True) == 5
    assert count(Outcome(status=Status.NEEDS_REVIEW, invoices=5), named=False) == 5


def test_a_first_page_that_can_not_be_read_takes_no_others_with_it(
    extractor: Extractor, settings: Settings
) -> None:
    data = bytearray(batch(NUMBERS[:2]))
    offset = int.from_bytes(data[4:8], "little")
    width = next(
        at
        for at in range(offset + 2, offset + 2 + 12 * data[offset], 12)
        if data[at : at + 2] == b"\x00\x01"
    )
    data[width + 8 : width + 12] = (4).to_bytes(4, "little")  # too small to hold an invoice
    adapters = connect(settings)
    adapters.store.put_template(StoredTemplate(form()))
    receive(adapters, BytesIO(bytes(data)), SCAN, settings, template="form")
    bad, good = read_all(adapters, extractor, settings)
    assert bad.status is Status.FAILED
    assert good.number == NUMBERS[1]


def test_boxes_of_other_pages_do_not_go_with_it() -> None:
    field = {"name": "total", "kind": "amount", "box": [0, 0, 9, 9], "page": 2}
    data = {"id": "form", "page_size": [9, 9], "split": "pages", "fields": [field]}
    with pytest.raises(TemplateError, match="must be on page 1"):
        parse_template(data)
    assert parse_template(data | {"split": None}).split is None
