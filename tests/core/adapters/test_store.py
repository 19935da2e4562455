"""What every store promises: the same tests against SQLite and Firestore."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from core.adapters.google import firestore
from core.adapters.google.firestore import FirestoreInvoiceStore
from core.adapters.local.database import Database
from core.adapters.local.store import LocalInvoiceStore
from core.errors import ConflictError, NotFoundError, RequestError
from core.invoice import ErrorInfo, Invoice, Reading, SourceRef, Status, TemplateRef
from core.ports import InvoiceStore, Query, StoredTemplate
from core.review import correct
from core.template import Kind, Template, parse_template
from core.values.value import Value

# The doubles are imported as `emulators.…`, as they are used by more than one folder of tests.
sys.path.append(str(Path(__file__).parents[2]))

from emulators.firestore import LONG_LOCKS, VARIABLE, connected, emulator

START = datetime(2024, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def firestore_host() -> Iterator[str]:
    declared = Path(firestore.__file__).with_name("firestore.indexes.json")
    with emulator(indexes=json.loads(declared.read_text())["indexes"]) as host:
        yield host


@contextmanager
def in_sqlite(request: pytest.FixtureRequest) -> Iterator[InvoiceStore]:
    yield LocalInvoiceStore(Database(request.getfixturevalue("tmp_path") / "khana.db"))


@contextmanager
def in_firestore(request: pytest.FixtureRequest) -> Iterator[InvoiceStore]:
    with connected(request.getfixturevalue("firestore_host")) as client:
        yield FirestoreInvoiceStore(client)


@pytest.fixture(params=[in_sqlite, in_firestore], ids=["sqlite", "firestore"])
def store(request: pytest.FixtureRequest) -> Iterator[InvoiceStore]:
    with request.param(request) as store:
        yield store


@pytest.fixture
def contended(store: InvoiceStore) -> InvoiceStore:
    """A store that several write the same to at once."""
    if VARIABLE in os.environ and isinstance(store, FirestoreInvoiceStore):
        pytest.skip(LONG_LOCKS)
    return store


def reading(value: str | None, kind: Kind, text: str | None = None) -> Reading:
    return Reading(
        text=text or value or "", value=value, kind=kind, confidence=0.5, box=(0, 0, 9, 9)
    )


def invoice(
    n: int,
    *,
    total: str | None = None,
    day: str | None = None,
    number: str | None = None,
    template: str | None = None,
    name: str | None = None,
    **changes,
) -> Invoice:
    fields = {
        "total": total and reading(total, Kind.AMOUNT),
        "date": day and reading(day, Kind.DATE),
        "number": number and reading(number, Kind.NUMBER),
    }
    return Invoice(
        id=f"{n:032x}",
        source=SourceRef(kind="upload", file_id=str(n), name=name or f"{n}.png"),
        received_at=START + timedelta(seconds=n),
        fields={name: reading for name, reading in fields.items() if reading},
        template=template and TemplateRef(id=template, version=1),
        **changes,
    )


def numbers(invoices: Iterator[Invoice] | list[Invoice]) -> list[int]:
    return [int(each.id, 16) for each in invoices]


def listed(store: InvoiceStore, **query) -> list[int]:
    """The numbers of all invoices of a query, page by page."""
    found: list[int] = []
    token = None
    while True:
        page = store.list(Query(page_token=token, **query))
        found += numbers(list(page.invoices))
        token = page.next_page_token
        if token is None:
            return found


def fill(store: InvoiceStore, *invoices: Invoice) -> None:
    for each in invoices:
        store.create(each)


# Invoices


def test_an_invoice_is_kept_as_it_is(store):
    full = invoice(
        1,
        total="1.50",
        day="2024-02-03",
        number="٠٠٧",
        template="acme",
        name="فاتورة ٣.pdf",
        status=Status.FAILED,
        error=ErrorInfo(code="corrupt_file", message="ü\x00\n"),
        duplicates=(SourceRef(kind="drive", file_id="d", name="d", link="https://d"),),
        timings_ms={"read": 0.1},
        lease_until=START + timedelta(microseconds=1),
    )

    assert store.create(full) == (full, True)
    assert store.get(full.id) == full
    assert list(store.list(Query()).invoices) == [full]


def test_what_is_there_is_not_created_again(store):
    store.create(invoice(1, name="first"))

    known, new = store.create(invoice(1, name="second"))

    assert (known.source.name, new) == ("first", False)
    assert store.get(known.id).source.name == "first"


def test_of_many_who_create_one_succeeds(store):
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda n: store.create(invoice(1, name=str(n))), range(8)))

    assert [new for _, new in results].count(True) == 1
    assert len({known.source.name for known, _ in results}) == 1


def test_an_update_sees_what_is_there_and_stores_what_it_gives(store):
    store.create(invoice(1))

    changed = store.update(
        invoice(1).id, lambda current: current.model_copy(update={"status": Status.READING})
    )

    assert changed == store.get(changed.id) == invoice(1, status=Status.READING)
    assert listed(store, status=Status.READING) == [1]
    assert listed(store, status=Status.RECEIVED) == []


def test_every_correction_is_kept(store):
    read = invoice(1, total="1", status=Status.NEEDS_REVIEW)
    store.create(read)

    for n in range(20):
        typed = {"total": Value(str(n))}
        store.update(read.id, lambda current, typed=typed: correct(current, typed, by="منى"))

    trail = store.get(read.id).corrections
    assert [entry.after for entry in trail] == [str(n) for n in range(20)]
    assert [entry.before for entry in trail] == ["1", *(str(n) for n in range(19))]
    assert {(entry.field, entry.by) for entry in trail} == {("total", "منى")}
    assert all(first.at <= second.at for first, second in pairwise(trail))


def test_an_update_may_leave_it_as_it_is(store):
    store.create(invoice(1))

    assert store.update(invoice(1).id, lambda _: None) == invoice(1)
    assert store.get(invoice(1).id) == invoice(1)


def test_what_an_update_raises_changes_nothing(store):
    store.create(invoice(1))

    def refuse(_: Invoice) -> Invoice:
        raise ConflictError("no")

    with pytest.raises(ConflictError, match="no"):
        store.update(invoice(1).id, refuse)
    assert store.update(invoice(1).id, lambda current: current) == invoice(1)


def test_no_update_is_lost(contended):
    contended.create(invoice(1))

    def add(n: int) -> None:
        source = SourceRef(kind="folder", file_id=str(n), name="x")
        contended.update(
            invoice(1).id,
            lambda current: current.model_copy(
                update={"duplicates": (*current.duplicates, source)}
            ),
        )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(20)))

    known = {source.file_id for source in contended.get(invoice(1).id).duplicates}
    assert known == {str(n) for n in range(20)}


def test_a_deleted_invoice_is_gone(store):
    fill(store, invoice(1), invoice(2))

    store.delete(invoice(1).id)

    assert listed(store) == [2]
    assert store.create(invoice(1))[1]


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get("none"),
        lambda store: store.update("none", lambda current: current),
        lambda store: store.delete("none"),
    ],
)
def test_there_is_no_such_invoice(store, call):
    with pytest.raises(NotFoundError, match="none: there is no such invoice"):
        call(store)


# Lists


def test_newest_first(store):
    fill(store, invoice(1), invoice(3), invoice(2))

    assert listed(store) == [3, 2, 1]
    assert listed(store, descending=False) == [1, 2, 3]


@pytest.mark.parametrize("size", [1, 2, 3, 100])
@pytest.mark.parametrize("descending", [True, False])
def test_pages_hold_each_invoice_once(store, size, descending):
    # All alike but for their ids, so that a page's end falls between equal keys.
    same = {"received_at": START, "fields": invoice(0, total="1").fields}
    fill(store, *(invoice(n).model_copy(update=same) for n in range(5)))

    found = listed(store, order_by="total", descending=descending, page_size=size)

    assert found == sorted(range(5), reverse=descending)


def test_a_full_page_without_another_has_no_token(store):
    fill(store, invoice(1), invoice(2))

    page = store.list(Query(page_size=2))

    assert (numbers(list(page.invoices)), page.next_page_token) == ([2, 1], None)


def test_a_page_goes_on_where_the_last_one_ended(store):
    fill(store, *(invoice(n) for n in range(2, 10, 2)))
    query = Query(page_size=2)
    first = store.list(query)
    # What comes or goes meanwhile moves nothing else to another page.
    fill(store, invoice(9), invoice(3))
    store.delete(invoice(6).id)

    second = store.list(replace(query, page_token=first.next_page_token, page_size=5))

    assert numbers(list(first.invoices)) == [8, 6]
    assert numbers(list(second.invoices)) == [4, 3, 2]


@pytest.mark.parametrize("descending", [True, False])
def test_a_list_can_go_on_after_any_invoice_in_it_or_not(store, descending):
    fill(store, *(invoice(n) for n in (1, 3, 5)))
    query = Query(descending=descending)

    token = store.token_after(query, invoice(3))
    of_another = store.token_after(query, invoice(4))

    after = numbers(list(store.list(replace(query, page_token=token)).invoices))
    beyond = numbers(list(store.list(replace(query, page_token=of_another)).invoices))
    assert after == ([1] if descending else [5])
    assert beyond == ([3, 1] if descending else [5])


@pytest.mark.parametrize("token", ["", "x", "bm90IGpzb24=", "WzEsMiwzXQ=="])
def test_a_damaged_token_is_refused(store, token):
    with pytest.raises(RequestError) as caught:
        store.list(Query(page_token=token))
    assert caught.value.code == "invalid_page_token"


def test_a_token_of_another_query_is_refused(store):
    fill(store, invoice(1), invoice(2))
    token = store.list(Query(page_size=1)).next_page_token

    with pytest.raises(RequestError) as caught:
        store.list(Query(page_size=1, page_token=token, status=Status.RECEIVED))
    assert caught.value.code == "invalid_page_token"


def test_a_page_holds_something(store):
    with pytest.raises(RequestError, match="page_size 0"):
        store.list(Query(page_size=0))


AMOUNTS = [
    None,
    "-100000000000000000000.2",
    "-100000000000000000000.1",
    "-10",
    "-9.5",
    "-0.01",
    "0",
    "0.1",
    "0.10000000000000000001",
    "0.3",
    "9.99",
    "10",
    "9007199254740992",
    "9007199254740993",
    "100000000000000000000.1",
    "100000000000000000000.2",
]


def test_amounts_are_ordered_exactly(store):
    fill(store, *(invoice(n, total=amount) for n, amount in enumerate(AMOUNTS)))

    assert listed(store, order_by="total", descending=False, page_size=3) == [*range(16)]


@pytest.mark.parametrize("n", range(1, len(AMOUNTS)))
def test_amounts_are_compared_exactly(store, n):
    fill(store, *(invoice(n, total=amount) for n, amount in enumerate(AMOUNTS)))
    amount = Decimal(AMOUNTS[n])

    assert listed(store, total_max=amount, descending=False) == [*range(1, n + 1)]
    assert listed(store, total_min=amount, descending=False) == [*range(n, 16)]
    assert listed(store, total_min=amount * 1, total_max=amount + Decimal("0.0")) == [n]


def filters() -> Iterator[tuple[Callable[[Invoice], bool], dict]]:
    yield lambda i: i.status is Status.DONE, {"status": Status.DONE}
    yield lambda i: i.template is not None and i.template.id == "acme", {"template": "acme"}
    yield lambda i: i.number == "7", {"number": "٧"}
    yield lambda i: i.date is not None and i.date >= "2024-02-02", {"date_from": date(2024, 2, 2)}
    yield lambda i: i.date is not None and i.date <= "2024-02-02", {"date_to": date(2024, 2, 2)}
    yield lambda i: i.total is not None and i.total >= 5, {"total_min": Decimal("5.0")}
    yield lambda i: i.total is not None and i.total <= 5, {"total_max": Decimal("5.00")}


@pytest.mark.parametrize("order", ["received_at", "date", "total", "number"])
def test_filters_alone_and_together(store, order):
    some = [
        invoice(
            n,
            status=[Status.DONE, Status.FAILED][n % 2],
            template=["acme", "other", None][n % 3],
            number=["7", "70", None][n // 2 % 3],
            day=["2024-02-01", "2024-02-02", "2024-02-03", None][n // 3 % 4],
            total=["4.9", "5", "5.1", None][n // 5 % 4],
        )
        for n in range(48)
    ]
    fill(store, *some)
    known = list(filters())

    for one in range(len(known)):
        for other in range(one, len(known)):
            (first, limits), (second, more) = known[one], known[other]
            expected = {int(i.id, 16) for i in some if first(i) and second(i)}
            found = listed(store, order_by=order, page_size=11, **limits | more)
            assert set(found) == expected, (limits, more)
            assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("order", "keys"),
    [
        ("date", ["2023-12-31", "2024-01-01", "2024-11-01"]),
        ("number", ["007", "7", "70", "8"]),
    ],
)
def test_what_has_no_value_comes_first(store, order, keys):
    field = {"date": "day", "number": "number"}[order]
    fill(store, invoice(0), *(invoice(n, **{field: key}) for n, key in enumerate(keys, start=1)))

    assert listed(store, order_by=order, descending=False) == [*range(len(keys) + 1)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [3, 2, 1]),
        ("   ", [3, 2, 1]),
        ("ACME", [1]),
        ("acme straße", [1]),
        ("STRASSE", [1]),
        ("145", [2]),
        ("١٤٥", [2]),
        ("فاتورة", [3]),
        ("png", [2, 1]),
        ("png pdf", []),
        ("me tr", [1]),
    ],
)
def test_text_is_found_in_names_and_values(store, text, expected):
    fill(
        store,
        invoice(1, name="Acme.png").model_copy(
            update={"fields": {"seller": reading("Straße 1", Kind.TEXT)}}
        ),
        invoice(2, number="3145"),
        invoice(3, name="فاتورة.pdf"),
    )

    assert listed(store, q=text, page_size=1) == expected


@pytest.mark.parametrize(
    "text",
    [
        "شركة الإنشاءات",
        "شركه الانشاءات",
        "شَرِكةُ الإنشاءاتِ",
        "شـركة",
        "\u200fشركة\u200e",
        "\u202bشركة\u202c",
        "احمد علی",
        "٥٪",
    ],
)
def test_text_is_found_however_its_arabic_is_spelt(store, text):
    seller = reading("شركة أحمد علي للإنشاءات والإنشاءات 5%", Kind.TEXT)
    fill(store, invoice(1), invoice(2).model_copy(update={"fields": {"seller": seller}}))

    assert listed(store, q=text) == [2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("شركه الواحه", [3, 1]),  # as lists show it now, however it is spelt
        ("واحة 145", [1]),
        ("WAHA", [3, 1]),
        ("bahr", [2]),  # nameless, it is shown so
        ("gone", [4]),  # and so is one that is deleted
        ("rimal", []),
    ],
)
def test_invoices_are_found_by_the_name_of_their_template(store, text, expected):
    ids = ("waha", "bahr", "waha", "gone", None)
    fill(store, *(invoice(n, template=id_, number=f"{n}45") for n, id_ in enumerate(ids, start=1)))

    names = {"waha": "شركة الواحة", "bahr": "bahr"}
    assert listed(store, q=text, template_names=names, page_size=1) == expected


def test_a_search_goes_on_though_a_template_is_renamed(store):
    fill(store, *(invoice(n, template="waha") for n in (1, 2)))
    query = Query(q="waha", template_names={"waha": "Rimal"}, page_size=1)
    token = store.list(query).next_page_token

    renamed = replace(query, template_names={"waha": "Waha"}, page_token=token)
    assert numbers(store.list(renamed).invoices) == [1]


@pytest.mark.parametrize("number", ["٠١٤٥", " 0145 ", "\u200f0145", "\u202a0145\u202c"])
def test_a_number_is_found_with_what_was_pasted_with_it(store, number):
    fill(store, invoice(1, number="145"), invoice(2, number="0145"))

    assert listed(store, number=number) == [2]


@pytest.mark.parametrize("order", ["received_at", "number", "total"])
def test_a_number_is_found_as_its_form_prints_it(store, order):
    kept = ["20240012", "2024-0012", "202400", "20240012", "INV-7", ""]
    fill(store, *(invoice(n, number=number) for n, number in enumerate(kept)))

    both = listed(store, number="٢٠٢٤-٠٠١٢", order_by=order, page_size=1)
    assert sorted(both) == [0, 1, 3]
    assert sorted(listed(store, number="20240012", order_by=order)) == [0, 3]
    assert listed(store, number="inv-7", order_by=order) == [4]


def test_counts(store):
    fill(store, *(invoice(n, status=Status.DONE) for n in range(3)), invoice(9))

    counts = store.count_by_status()

    assert dict(counts) == dict.fromkeys(Status, 0) | {Status.DONE: 3, Status.RECEIVED: 1}


# Templates


def template(template_id: str = "acme", **changes) -> Template:
    field = {"name": "a", "kind": "text", "box": [0, 0, 1, 1]}
    return parse_template({"id": template_id, "page_size": [9, 9], "fields": [field], **changes})


def test_each_template_stored_is_a_new_version(store):
    first = store.put_template(StoredTemplate(template(name="first", version=9), b"picture"))
    second = store.put_template(StoredTemplate(template(name="second")))

    assert (first.version, second.version) == (1, 2)
    assert store.get_template("acme") == StoredTemplate(second)
    assert store.get_template("acme", 2) == StoredTemplate(second)
    assert store.get_template("acme", 1) == StoredTemplate(first, b"picture")
    assert store.list_templates() == [second]


def test_of_many_who_store_a_template_each_has_its_version(contended):
    with ThreadPoolExecutor(4) as pool:
        stored = list(
            pool.map(lambda _: contended.put_template(StoredTemplate(template())), range(8))
        )

    assert sorted(each.version for each in stored) == [*range(1, 9)]


def test_a_version_may_be_put_after_the_one_that_was_seen_alone(store):
    stored = StoredTemplate(template())
    assert store.put_template(stored, after=0).version == 1
    assert store.put_template(stored, after=1).version == 2
    with pytest.raises(RequestError) as caught:
        store.put_template(stored, after=1)
    assert caught.value.code == "changed_meanwhile"
    assert store.get_template(template().id).template.version == 2


def test_looks_are_stored_with_the_picture_they_are_of(store):
    looks = bytes(range(256)) * 90
    store.put_template(StoredTemplate(template(), b"picture", looks))
    store.put_template(StoredTemplate(template()))

    assert store.get_template("acme", 1).looks == looks
    assert store.get_template("acme").looks is None


def test_no_two_templates_have_the_same_revision(store):
    assert store.template_revisions() == {}
    seen = set()
    for name in ("acme", "acme", "other"):
        store.put_template(StoredTemplate(template(name)))
        revisions = store.template_revisions()
        assert revisions == store.template_revisions()
        seen |= set(revisions.values())
    assert len(seen) == 3
    store.delete_template("acme")
    store.put_template(StoredTemplate(template("acme")))
    again = store.template_revisions()
    assert sorted(again) == ["acme", "other"]
    assert again["acme"] not in seen
    assert again["other"] in seen


def test_templates_are_listed_by_id(store):
    for template_id in ("b", "a.1", "a-1", "10", "9"):
        store.put_template(StoredTemplate(template(template_id)))

    assert [each.id for each in store.list_templates()] == ["10", "9", "a-1", "a.1", "b"]


def test_a_deleted_template_is_gone_with_all_its_versions(store):
    for name in ("acme", "acme", "other"):
        store.put_template(StoredTemplate(template(name), b"picture"))

    store.delete_template("acme")

    assert [each.id for each in store.list_templates()] == ["other"]
    for version in (None, 1, 2):
        with pytest.raises(NotFoundError):
            store.get_template("acme", version)


def test_a_template_that_has_gone_on_is_not_deleted_by_who_has_not_seen_that(store):
    for _ in range(2):
        store.put_template(StoredTemplate(template()))

    with pytest.raises(RequestError, match="has version 2 by now, not 1") as caught:
        store.delete_template("acme", after=1)

    assert caught.value.code == "changed_meanwhile"
    assert store.get_template("acme", 1).template.version == 1
    store.delete_template("acme", after=2)
    assert store.list_templates() == []


def test_a_template_that_is_made_again_goes_on_from_its_last_version(store):
    for _ in range(2):
        store.put_template(StoredTemplate(template(), b"picture"))
    for version in (3, 4):
        store.delete_template("acme")
        assert store.put_template(StoredTemplate(template()), after=0).version == version
        assert store.get_template("acme", version).reference is None
        for gone in range(1, version):
            with pytest.raises(NotFoundError):
                store.get_template("acme", gone)
    assert store.put_template(StoredTemplate(template()), after=4).version == 5
    assert store.put_template(StoredTemplate(template("acme.2"))).version == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda store: store.get_template("none"), "none: there is no such template"),
        (lambda store: store.get_template("acme", 7), "acme version 7: there is no such template"),
        (lambda store: store.get_template("acme", 0), "acme version 0: there is no such template"),
        (lambda store: store.get_template("acme", 10**20), "00000: there is no such template"),
        (lambda store: store.delete_template("none"), "none: there is no such template"),
    ],
)
def test_there_is_no_such_template(store, call, message):
    store.put_template(StoredTemplate(template()))

    with pytest.raises(NotFoundError, match=message):
        call(store)


# State


def test_state_is_kept_by_key(store):
    assert store.get_state("drive:a/b") is None

    store.set_state("drive:a/b", "1")
    store.set_state("folder", "")
    store.set_state("drive:a/b", "x" * 900_000)

    assert store.get_state("drive:a/b") == "x" * 900_000
    assert store.get_state("folder") == ""


def test_state_is_changed_in_a_transaction(contended):
    def one_more(value: str | None) -> str:
        return str(int(value or 0) + 1)

    assert contended.change_state("count", one_more) == "1"
    assert contended.change_state("count", lambda value: None) == "1"
    assert contended.change_state("nothing", lambda value: None) is None
    assert contended.get_state("nothing") is None
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: contended.change_state("count", one_more), range(20)))
    assert contended.get_state("count") == "21"
