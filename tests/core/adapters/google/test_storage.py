"""Objects in Cloud Storage: Google's client, and fake-gcs-server as the service.

The server doesn't look at preconditions but those of uploads in one request. Two things that the
adapter relies on are therefore Google's word alone: that of several who create an object over 8 MiB
at the same time one wins, and that an object deleted while it is announced stays deleted.
"""

import io
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from emulators.storage import BUCKET
from google.cloud import storage
from google.oauth2.credentials import Credentials
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as RequestsConnectionError

from core.adapters.google.storage import GoogleObjectStore
from core.errors import KhanaError, NotFoundError, SetupError, TransientError
from core.invoice import ObjectRef

METADATA = {"source-kind": "drive", "source-name": "فاتورة ٣.pdf"}


def put(objects: GoogleObjectStore, data: bytes = b"%PDF", name: str = "invoices/abc") -> ObjectRef:
    return objects.create(
        name, io.BytesIO(data), content_type="application/octet-stream", metadata=METADATA
    )


def generations(client: storage.Client) -> dict[str, int]:
    return {blob.name: blob.generation for blob in client.list_blobs(BUCKET)}


def test_an_object_is_read_as_it_was_created(objects):
    ref = put(objects, b"%PDF-1.7")
    assert (ref.bucket, ref.name) == (BUCKET, "invoices/abc")
    stored = objects.read(ref)
    assert (stored.data, dict(stored.metadata)) == (b"%PDF-1.7", METADATA)


@pytest.mark.parametrize("size", [0, 1, 9 * 1024 * 1024], ids=["empty", "a byte", "9 MiB"])
def test_an_object_of_any_size(objects, size):
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    assert objects.read(put(objects, data)).data == data


def test_what_is_created_is_what_is_left_of_the_stream(objects):
    stream = io.BytesIO(b"skipped%PDF")
    stream.seek(7)
    ref = objects.create("invoices/abc", stream, content_type="application/pdf", metadata={})
    assert objects.read(ref).data == b"%PDF"
    assert objects.read(ref).metadata == {}


@pytest.mark.parametrize("size", [10, 9 * 1024 * 1024], ids=["small", "large"])
def test_creating_again_gives_the_object_that_is_there(objects, client, size):
    first = put(objects, b"1" * size)
    assert put(objects, b"2" * size) == first
    assert objects.read(first).data == b"1" * size
    assert generations(client) == {"invoices/abc": first.generation}


def test_of_many_who_create_the_same_object_one_wins(objects, client):
    start = threading.Barrier(16)

    def race(number: int) -> ObjectRef:
        start.wait()
        return put(objects, f"{number}".encode())

    with ThreadPoolExecutor(16) as pool:
        refs = set(pool.map(race, range(16)))
    assert len(refs) == 1
    assert generations(client) == {"invoices/abc": refs.pop().generation}


def test_another_generation_is_another_object(objects):
    ref = put(objects)
    with pytest.raises(NotFoundError, match="invoices/abc"):
        objects.read(ref.model_copy(update={"generation": ref.generation + 1}))


class AsOldVersion(HTTPAdapter):
    """Gives an object as a bucket with versions gives one that was replaced or deleted: all of it,
    with the time of that. (The server keeps no versions.)"""

    def send(self, request, **kwargs):
        answer = super().send(request, **kwargs)
        if answer.headers["Content-Type"].startswith("application/json"):
            answer._content = json.dumps(answer.json() | {"timeDeleted": TIME}).encode()
        return answer


TIME = "2026-11-28T09:00:00.000Z"


def test_a_generation_that_is_kept_as_an_old_version_is_gone(objects, connect, server):
    ref = put(objects)
    later = connect(server)
    later._http.mount(server, AsOldVersion())
    with pytest.raises(NotFoundError, match="invoices/abc"):
        GoogleObjectStore(later, BUCKET).read(ref)


def test_announcing_makes_a_new_generation_of_the_same_object(objects, client):
    ref = put(objects, b"%PDF-1.7")
    again = objects.announce(ref, {"again": "1"})
    assert generations(client) == {"invoices/abc": again.generation}
    assert again.generation > ref.generation
    announced = objects.read(again)
    assert (announced.data, dict(announced.metadata)) == (b"%PDF-1.7", METADATA | {"again": "1"})
    assert client.bucket(BUCKET).get_blob(ref.name).content_type == "application/octet-stream"


def test_an_older_generation_can_be_announced(objects, client):
    ref = put(objects)
    once, twice = objects.announce(ref, {}), objects.announce(ref, {})
    assert twice.generation > once.generation
    assert generations(client) == {"invoices/abc": twice.generation}


class LosesAnswers(HTTPAdapter):
    """Loses the first answer to a rewrite, which is done by then."""

    lost = 0

    def send(self, request, **kwargs):
        answer = super().send(request, **kwargs)
        if "rewriteTo" in request.url and not self.lost:
            self.lost += 1
            answer.close()
            raise RequestsConnectionError("the answer is lost", request=request)
        return answer


def test_announcing_whose_answer_is_lost_has_announced(objects, client, server):
    ref = put(objects)
    wire = LosesAnswers()
    client._http.mount(server, wire)
    again = objects.announce(ref, {})
    assert wire.lost == 1
    assert again.generation > ref.generation
    assert generations(client) == {"invoices/abc": again.generation}


def test_announcing_what_is_gone_is_refused(objects):
    ref = put(objects)
    objects.delete(ref)
    with pytest.raises(NotFoundError):
        objects.announce(ref, {})


def test_deleting_removes_the_object_and_may_be_repeated(objects, client):
    ref = put(objects)
    for _ in range(2):
        objects.delete(ref)
    assert generations(client) == {}
    with pytest.raises(NotFoundError):
        objects.read(ref)


def test_deleting_spares_a_newer_generation(objects, client):
    ref = put(objects)
    objects.delete(ref)
    newer = put(objects)
    objects.delete(ref)
    assert generations(client) == {"invoices/abc": newer.generation}


def test_a_bucket_that_is_not_there(client):
    objects = GoogleObjectStore(client, "another-bucket")
    with pytest.raises(SetupError, match="no bucket another-bucket"):
        put(objects)
    with pytest.raises(NotFoundError):
        objects.read(ObjectRef(bucket="another-bucket", name="invoices/abc", generation=1))


@pytest.fixture
def broken() -> Iterator[Callable[[int], str]]:
    """Starts a service that answers every call with one status."""
    running = []

    def start(status: int) -> str:
        class Broken(BaseHTTPRequestHandler):
            def answer(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            do_GET = do_POST = do_DELETE = do_PUT = answer

            def log_message(self, *args):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Broken)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}"

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


REF = ObjectRef(bucket=BUCKET, name="invoices/abc", generation=1)
CALLS: dict[str, Callable[[GoogleObjectStore], object]] = {
    "create": put,
    "read": lambda objects: objects.read(REF),
    "announce": lambda objects: objects.announce(REF, {}),
    "delete": lambda objects: objects.delete(REF),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, SetupError),
        (429, TransientError),
        (500, TransientError),
        (503, TransientError),
        (400, KhanaError),
        (418, KhanaError),
    ],
)
def test_refusals_are_khanas_errors(broken, connect, call, status, expected):
    objects = GoogleObjectStore(connect(broken(status)), BUCKET, patience=0.01)
    with pytest.raises(expected, match="invoices/abc"):
        CALLS[call](objects)


@pytest.mark.parametrize("call", CALLS)
def test_an_account_that_is_refused_is_told_to_sign_in(broken, call):
    client = storage.Client(
        project="a-project",
        credentials=Credentials("ran out"),
        client_options={"api_endpoint": broken(401)},
    )
    with pytest.raises(SetupError, match="Signing in to Google failed"):
        CALLS[call](GoogleObjectStore(client, BUCKET, patience=0.01))
    client.close()


@pytest.mark.parametrize("call", CALLS)
def test_a_service_out_of_reach_is_a_passing_fault(connect, call):
    objects = GoogleObjectStore(connect("http://127.0.0.1:9"), BUCKET, patience=0.01)
    with pytest.raises(TransientError, match="out of reach"):
        CALLS[call](objects)
