"""What is Firestore's own of its store; what all stores do alike is in the contract's tests."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from emulators.firestore import FirestoreDouble, connected
from emulators.firestore.indexes import check_indexes
from emulators.firestore.queries import Query as Asked
from emulators.firestore.refusals import Refused
from google.api_core.exceptions import RetryError
from google.auth.credentials import AnonymousCredentials
from google.cloud.firestore_v1 import Client
from grpc import StatusCode

import core.adapters.google.firestore as module
from core.adapters.google.firestore import FirestoreInvoiceStore
from core.adapters.google.firestore_query import filtered
from core.adapters.query import encode_token
from core.errors import (
    BusyError,
    KhanaError,
    RequestError,
    SetupError,
    TransientError,
)
from core.invoice import Invoice, Reading, SourceRef, Status
from core.ports import Query, StoredTemplate
from core.review import correct
from core.template import Kind, Template, parse_template
from core.values.value import Value

INDEXES = json.loads(Path(module.__file__).with_name("firestore.indexes.json").read_text())
START = datetime(2024, 1, 1, tzinfo=UTC)
MEBIBYTE = 1024 * 1024


@pytest.fixture(scope="module")
def double() -> Iterator[FirestoreDouble]:
    with FirestoreDouble(indexes=INDEXES["indexes"]) as double:
        yield double


@pytest.fixture
def client(double: FirestoreDouble) -> Iterator[Client]:
    double.succeed()
    with connected(double.host) as client:
        yield client


@pytest.fixture
def store(client: Client, time) -> FirestoreInvoiceStore:
    return FirestoreInvoiceStore(client, backoff=time.backoff())


def an_invoice(number: int, **changes) -> Invoice:
    source = SourceRef(kind="upload", file_id=str(number), name=f"{number}.png")
    invoice = Invoice(
        id=f"{number:032x}", source=source, received_at=START + timedelta(days=number)
    )
    return invoice.model_copy(update=changes)


def a_reading(text: str, kind: Kind = Kind.TEXT) -> Reading:
    return Reading(text=text, value=text, kind=kind, confidence=1, box=(0, 0, 1, 1))


def a_template(**changes) -> Template:
    field = {"name": "a", "kind": "text", "box": [0, 0, 1, 1]}
    return parse_template({"id": "acme", "page_size": [9, 9], "fields": [field], **changes})


def sizes(client: Client) -> list[int]:
    """The bytes of text and bytes in every document there is."""
    return [
        sum(
            len(v.encode() if isinstance(v, str) else v)
            for v in values
            if isinstance(v, str | bytes)
        )
        for collection in client.collections()
        for snapshot in collection.recursive().get()
        for values in [snapshot.to_dict().values()]
    ]


QUERIES = [
    Query(order_by=order, descending=descending, **dict(filters))
    for order, descending in product(["received_at", "date", "total", "number"], [True, False])
    for filters in product(
        [("status", None), ("status", Status.DONE)],
        [("template", None), ("template", "acme")],
        [("number", None), ("number", "7")],
        [("date_from", None), ("date_from", date(2024, 1, 1))],
        [("date_to", None), ("date_to", date(2024, 1, 9))],
        [("total_min", None), ("total_min", Decimal("0.1"))],
        [("total_max", None), ("total_max", Decimal(9))],
    )
]
COLLECTION = Client(project="none", credentials=AnonymousCredentials()).collection("invoices")
ASKED = [Asked((), filtered(COLLECTION, query)._to_protobuf()._pb) for query in QUERIES]


def all_served(indexes) -> bool:
    try:
        for query in ASKED:
            check_indexes(query, indexes)
    except Refused:
        return False
    return True


def test_the_declared_indexes_serve_every_query_and_each_is_needed():
    declared = INDEXES["indexes"]

    assert all_served(declared)
    for n in range(len(declared)):
        assert not all_served(declared[:n] + declared[n + 1 :]), declared[n]


def test_large_texts_are_not_indexed_as_fields(store, client):
    store.create(an_invoice(1))
    store.put_template(StoredTemplate(a_template(), b"picture" * MEBIBYTE))
    store.set_state("drive", "cursor")
    overridden = {each["collectionGroup"] for each in INDEXES["fieldOverrides"]}

    holding = {
        snapshot.reference.parent.id
        for collection in client.collections()
        for snapshot in collection.recursive().get()
        if "data" in snapshot.to_dict()
    }

    assert holding == overridden


@pytest.mark.parametrize("text", ["x", "ف"])
def test_a_large_invoice_is_kept_in_pieces(store, client, text):
    large = an_invoice(1, fields={"a": a_reading(text * MEBIBYTE), "b": a_reading("ü" * 1000)})
    small = large.model_copy(update={"fields": {}})

    store.create(large)
    assert store.get(large.id) == large
    assert store.list(Query()).invoices == [large]
    assert len(sizes(client)) > 2
    assert max(sizes(client)) < MEBIBYTE * 0.6

    assert store.update(large.id, lambda invoice: small if invoice == large else None) == small
    assert store.get(large.id) == small
    assert len(sizes(client)) == 1

    store.update(large.id, lambda _: large)
    store.delete(large.id)
    assert sizes(client) == []


def test_a_large_invoice_is_read_whole_while_it_changes(store):
    versions = [an_invoice(1, fields={"a": a_reading(c * 300_000)}) for c in "ab"]
    store.create(versions[0])

    def write() -> None:
        for n in range(10):
            store.update(versions[0].id, lambda _, n=n: versions[n % 2])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        while not writing.done():
            assert store.get(versions[0].id) in versions
        writing.result()


def test_a_picture_larger_than_a_commit(store, client):
    picture = bytes(range(256)) * (11 * MEBIBYTE // 256)

    store.put_template(StoredTemplate(a_template(), picture))

    assert store.get_template("acme").reference == picture
    assert max(sizes(client)) < MEBIBYTE * 0.6
    store.delete_template("acme")
    assert sizes(client) == [len("1")]  # the version that it ended with


def test_a_picture_is_fetched_once(store, client):
    store.put_template(StoredTemplate(a_template(), b"picture"))
    first = store.get_template("acme")
    for picture in client.collection("pictures").stream():
        picture.reference.delete()

    assert store.get_template("acme") == first


def test_of_a_template_that_is_refused_no_picture_stays(store, client):
    store.put_template(StoredTemplate(a_template(), b"picture"))
    with pytest.raises(RequestError):
        store.put_template(StoredTemplate(a_template(), b"another"), after=0)

    assert len(list(client.collection("pictures").stream())) == 1
    assert store.get_template("acme").reference == b"picture"


def test_a_template_whose_commit_has_lost_its_answer_keeps_its_picture(store, client, monkeypatch):
    api = client._firestore_api
    commit = api.commit

    def commit_twice(**asked):
        # As the client does by itself: the transaction is over by then.
        if asked["request"]["transaction"]:
            monkeypatch.setattr(api, "commit", commit)
            commit(**asked)
        return commit(**asked)

    monkeypatch.setattr(api, "commit", commit_twice)
    kept = store.put_template(StoredTemplate(a_template(), b"picture"), after=0)

    assert kept.version == 1
    assert store.get_template("acme") == StoredTemplate(kept, b"picture")


def test_counting_reads_no_document(double, store):
    for n in range(3):
        store.create(an_invoice(n))
    for method in ("RunQuery", "BatchGetDocuments", "ListDocuments"):
        double.fail(method, StatusCode.PERMISSION_DENIED, times=100)

    assert store.count_by_status()[Status.RECEIVED] == 3


def test_a_long_trail_of_corrections_is_kept_in_pieces(store, client):
    read = an_invoice(1, status=Status.NEEDS_REVIEW, fields={"a": a_reading("0")})
    store.create(read)

    def correct_often(invoice: Invoice) -> Invoice:
        for n in range(5000):
            invoice = correct(invoice, {"a": Value(f"{n}" * 20)}, by="somebody")
        return invoice

    corrected = store.update(read.id, correct_often)

    assert len(store.get(read.id).corrections) == 5000
    assert store.get(read.id) == corrected
    assert max(sizes(client)) < MEBIBYTE * 0.6


def test_a_picture_of_nothing_is_not_no_picture(store):
    store.put_template(StoredTemplate(a_template(), b""))

    assert store.get_template("acme").reference == b""


@pytest.mark.parametrize("key", ["folder:/data/inbox", "..", "", "__a__", "%", "مجلد"])
def test_any_key_names_a_state(store, key):
    assert store.get_state(key) is None
    store.set_state(key, key)
    store.set_state("other", "other")

    assert store.get_state(key) == key


@pytest.mark.parametrize("invoice_id", ["", "..", "a/b", "__a__", "x" * 400])
def test_no_invoice_has_an_odd_name(store, invoice_id):
    with pytest.raises(KhanaError, match="there is no such invoice"):
        store.get(invoice_id)


def test_a_text_search_goes_through_all_page_by_page(store, monkeypatch):
    monkeypatch.setattr(module, "SCAN_LIMIT", 4)
    for n in range(1, 12):
        store.create(an_invoice(n, fields={"a": a_reading("Straße" if n % 5 == 1 else "x")}))

    pages = []
    query = Query(q="STRASSE", page_size=1)
    while True:
        page = store.list(query)
        pages.append([int(invoice.id, 16) for invoice in page.invoices])
        if page.next_page_token is None:
            break
        query = replace(query, page_token=page.next_page_token)

    assert [n for page in pages for n in page] == [11, 6, 1]
    assert all(len(page) <= 1 for page in pages)


@pytest.mark.parametrize("place", ["no JSON", "7", '["a"]', '["a", "b", 3]'])
def test_a_forged_page_token_is_refused(store, place):
    query = Query()
    forged = replace(query, page_token=encode_token(query, place, "1"))

    with pytest.raises(RequestError) as caught:
        store.list(forged)
    assert caught.value.code == "invalid_page_token"


def test_a_number_longer_than_an_index_takes(store):
    texts = ["9" * 2000, "9" * 2000 + "1"]
    for n, text in enumerate(texts):
        store.create(an_invoice(n, fields={"number": a_reading(text, Kind.NUMBER)}))

    found = store.list(Query(number=texts[0])).invoices

    assert texts[0] in [invoice.number for invoice in found]


def test_a_transaction_aborted_while_it_reads_is_run_again(double, store, time):
    store.create(an_invoice(1))
    double.fail("BatchGetDocuments", StatusCode.ABORTED, times=2)

    store.update(an_invoice(1).id, lambda invoice: invoice)

    assert len(time.waits) == 2


def test_a_commit_aborted_too_often_is_transient(double, store, time):
    invoice = an_invoice(1)
    store.create(invoice)
    # The client tries a transaction five times, and Khana for as long as its budget lasts.
    double.fail("Commit", StatusCode.ABORTED, times=100)

    with pytest.raises(TransientError, match="too many write it at once"):
        store.update(invoice.id, lambda invoice: invoice.model_copy(update={"reader": "r"}))

    assert time.waits
    double.succeed()
    assert store.get(invoice.id) == invoice


def test_what_a_change_raises_is_raised_at_once(store, time):
    store.create(an_invoice(1))

    def busy(_: Invoice) -> Invoice:
        raise BusyError("is being read")

    with pytest.raises(BusyError):
        store.update(an_invoice(1).id, busy)
    assert time.waits == []


@pytest.mark.parametrize(
    ("status", "expected", "code"),
    [
        (StatusCode.PERMISSION_DENIED, SetupError, "access_denied"),
        (StatusCode.UNAUTHENTICATED, SetupError, "access_denied"),
        (StatusCode.NOT_FOUND, SetupError, "no_database"),
        (StatusCode.FAILED_PRECONDITION, RequestError, "invalid_request"),
        (StatusCode.INVALID_ARGUMENT, RequestError, "invalid_request"),
        (StatusCode.CANCELLED, TransientError, "unavailable"),
        (StatusCode.UNKNOWN, TransientError, "unavailable"),
        (StatusCode.DATA_LOSS, TransientError, "unavailable"),
        (StatusCode.ABORTED, TransientError, "unavailable"),
    ],
)
@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("BatchGetDocuments", lambda store: store.get("a")),
        ("BatchGetDocuments", lambda store: store.update("a", lambda invoice: invoice)),
        ("BeginTransaction", lambda store: store.create(an_invoice(1))),
        ("Commit", lambda store: store.create(an_invoice(1))),
        ("Commit", lambda store: store.put_template(StoredTemplate(a_template(), b"picture"))),
        ("RunQuery", lambda store: store.list(Query())),
        ("RunQuery", lambda store: store.list_templates()),
        ("RunAggregationQuery", lambda store: store.count_by_status()),
        ("BatchGetDocuments", lambda store: store.get_state("a")),
    ],
)
def test_no_error_of_the_client_slips_through(double, store, method, call, status, expected, code):
    double.fail(method, status, times=100)

    with pytest.raises(expected) as caught:
        call(store)

    assert caught.value.code == code


def test_an_outage_longer_than_the_client_s_patience_is_transient(store, monkeypatch):
    def gone(*args, **kwargs):
        raise RetryError("Timeout of 60.0s exceeded", None)

    # As the client says it of a transaction's beginning; then it fails to roll back what isn't.
    monkeypatch.setattr(store._client._firestore_api, "begin_transaction", gone)

    with pytest.raises(TransientError, match="out of reach"):
        store.set_state("a", "b")


def test_an_outage_that_passes_is_not_noticed(double, store):
    for method in ("BatchGetDocuments", "BeginTransaction", "Commit"):
        double.fail(method, StatusCode.UNAVAILABLE)

    assert store.create(an_invoice(1))[1]
