"""extract on Google Cloud, over a socket: one invoice, read once, whatever its events do."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from emulators.cloud import Cloud
from emulators.eventarc import Eventarc, finalized, notification, published, pushed, send
from emulators.firestore import LONG_LOCKS, VARIABLE
from emulators.serving import running
from PIL import Image
from running_khana import khana

from core.intake.arrival import receive
from core.invoice import Invoice, ObjectRef, SourceRef, Status, TemplateRef
from core.pipeline import read_again
from core.ports import Adapters, Query, StoredTemplate
from core.review import correct, reject
from core.settings import Settings
from core.template import parse_template
from core.values.value import Value

FORM = parse_template(
    {
        "id": "form",
        "page_size": [400, 200],
        "fields": [{"name": "seller", "kind": "text", "box": [20, 20, 380, 100]}],
    }
)


@pytest.fixture
def adapters(cloud: Cloud) -> Iterator[Adapters]:
    with cloud.adapters() as adapters:
        adapters.store.put_template(StoredTemplate(FORM))
        yield adapters


def page(text: str = "Seller") -> bytes:
    picture = np.full((200, 400), 255, np.uint8)
    cv2.putText(picture, text, (30, 80), cv2.FONT_HERSHEY_SIMPLEX, 1.5, 0, 3)
    return bytes(cv2.imencode(".png", picture)[1])


def received(adapters: Adapters, data: bytes, name: str = "page.png") -> Invoice:
    source = SourceRef(kind="upload", file_id=name, name=name)
    return receive(adapters, BytesIO(data), source, Settings())


def ref_of(invoice: Invoice) -> ObjectRef:
    assert invoice.object is not None
    return invoice.object


class Tesseract:
    """The real program behind a script that notes each page it reads."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "tesseract"
        self._notes = folder / "notes"
        self._notes.touch()
        self.program.write_text(
            f'#!/bin/sh\ncase "$1" in stdin) echo read >> {self._notes};; esac\n'
            'exec tesseract "$@"\n'
        )
        self.program.chmod(0o755)

    @property
    def readings(self) -> int:
        return len(self._notes.read_text().splitlines())


@pytest.fixture
def tesseract(tmp_path: Path) -> Tesseract:
    return Tesseract(tmp_path)


Start = Callable[..., str]


@pytest.fixture
def start(cloud: Cloud, tesseract: Tesseract) -> Iterator[Start]:
    """Starts one more instance of the function; gives its address."""
    with ExitStack() as instances:

        def start_(**variables: str) -> str:
            given = cloud.variables | {"KHANA_TESSERACT": str(tesseract.program)} | variables
            return instances.enter_context(running("extract", **given))

        yield start_


def test_what_an_event_announces_is_read(start: Start, adapters: Adapters) -> None:
    good, bad = received(adapters, page()), received(adapters, b"not a picture", "page.jpg")
    url = start()

    for invoice in (good, bad):
        assert send(url, finalized(ref_of(invoice))) == 200

    read = adapters.store.get(good.id)
    assert read.fields["seller"].value == "Seller"
    assert read.template is not None
    assert (read.status, read.template.id, read.object) == ("done", "form", good.object)
    failed = adapters.store.get(bad.id)
    assert failed.error is not None
    assert (failed.status, failed.error.code) == ("failed", "unsupported_format")


def test_each_page_of_a_file_announces_itself(
    start: Start, adapters: Adapters, cloud: Cloud, tesseract: Tesseract
) -> None:
    adapters.store.put_template(StoredTemplate(FORM.model_copy(update={"split": "pages"})))
    pages = [Image.open(BytesIO(page(word))) for word in ("Bread", "Water", "Salt")]
    file = BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    url = start()
    with cloud.storage_client() as files, Eventarc(files, cloud.bucket, url):
        first = received(adapters, file.getvalue(), "scan.tif")
        until = time.monotonic() + 60
        while [each.status for each in everything(adapters)] != ["done"] * 3:
            assert time.monotonic() < until
            time.sleep(0.1)
    read = everything(adapters)
    for each in (*read, *read):
        assert send(url, finalized(ref_of(each))) == 200
    assert everything(adapters) == read
    assert [each.fields["seller"].value for each in read] == ["Bread", "Water", "Salt"]
    assert [each.part and each.part.page for each in read] == [1, 2, 3]
    assert read[0].id == first.id
    assert tesseract.readings == 3


def everything(adapters: Adapters) -> list[Invoice]:
    return list(adapters.store.list(Query(descending=False)).invoices)


def test_what_is_no_announcement_is_told_apart(start: Start, adapters: Adapters) -> None:
    url = start()
    gone = ObjectRef(bucket="nowhere", name="invoices/gone", generation=1)
    other = notification(gone) | {"attributes": {"eventType": "OBJECT_DELETE"}}

    assert send(url, finalized(gone)) == 200
    assert send(url, finalized(gone, kind="google.cloud.storage.object.v1.deleted")) == 200
    assert send(url, pushed(other)) == 200
    assert send(url, pushed(notification(gone, tries=5))) == 200
    for body in (b"{}", b"[]", json.dumps({"bucket": "b", "name": "n"}).encode()):
        assert send(url, replace(finalized(gone), body=body)) == 400
    nameless = {"eventType": "OBJECT_FINALIZE", "bucketId": "b", "objectGeneration": "1"}
    assert send(url, pushed(notification(gone) | {"attributes": nameless})) == 400
    assert not adapters.store.list(Query()).invoices


@pytest.mark.parametrize("form", [pushed, published], ids=["push", "CloudEvent"])
def test_a_storage_notification_is_an_announcement_too(
    form: Callable[..., object], start: Start, adapters: Adapters
) -> None:
    invoice = received(adapters, page())

    assert send(start(), form(notification(ref_of(invoice)))) == 200

    assert adapters.store.get(invoice.id).status == "done"


@pytest.mark.skipif(VARIABLE in os.environ, reason=LONG_LOCKS)
def test_concurrent_deliveries_end_in_one_reading(
    start: Start, adapters: Adapters, tesseract: Tesseract
) -> None:
    invoice = received(adapters, page())
    adapters.store.delete(invoice.id)  # as if whoever took it in had died before that
    event = finalized(ref_of(invoice))
    instances = [start(), start()]
    for url in instances:
        # Made ready before, so that the deliveries meet.
        send(url, finalized(ref_of(invoice), kind="ready"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: send(instances[n % 2], event), range(8)))

    assert 200 in answers
    # Who meets another at work doesn't acknowledge, as that one may die.
    assert set(answers) <= {200, 503}
    assert send(instances[1], event) == 200
    (read,) = adapters.store.list(Query()).invoices
    assert (read.id, read.status, read.object) == (invoice.id, "done", invoice.object)
    assert tesseract.readings == 1


def test_late_and_doubled_deliveries_change_nothing(
    start: Start, adapters: Adapters, tesseract: Tesseract
) -> None:
    first = received(adapters, page())
    url = start()
    assert send(url, finalized(ref_of(first))) == 200
    again = read_again(adapters, first.id)
    assert ref_of(again).generation > ref_of(first).generation

    # The newer generation's event overtakes what is left of the older one's.
    for event in (finalized(ref_of(again)), finalized(ref_of(first)), finalized(ref_of(again))):
        assert send(url, event) == 200

    read = adapters.store.get(first.id)
    assert (read.status, read.object) == ("done", again.object)
    assert tesseract.readings == 2


def test_a_delivery_after_a_new_version_of_the_template_reads_once_more(
    start: Start, adapters: Adapters, tesseract: Tesseract
) -> None:
    invoice, reviewed = received(adapters, page()), received(adapters, page("Bought"))
    url = start()
    events = [finalized(ref_of(each)) for each in (invoice, reviewed)]
    assert [send(url, event) for event in events] == [200, 200]
    said = adapters.store.update(
        reviewed.id, lambda current: correct(current, {"seller": Value("Sold")}, by="Mona")
    )

    adapters.store.put_template(StoredTemplate(FORM))
    assert [send(url, event) for event in (*events, *events)] == [200] * 4

    read = adapters.store.get(invoice.id)
    assert (read.status, read.template) == ("done", TemplateRef(id="form", version=2))
    assert adapters.store.get(reviewed.id) == said
    assert tesseract.readings == 3


def test_replay_sends_those_named_or_failed_or_all_through_again(
    start: Start, adapters: Adapters, cloud: Cloud, tesseract: Tesseract
) -> None:
    done = [received(adapters, page(), "a.png"), received(adapters, page("Other"), "b.png")]
    bad = [received(adapters, each, f"{each!r}.png") for each in (b"no", b"picture")]
    every = [each.id for each in (*done, *bad)]
    url = start()

    def read_those_that_wait() -> set[str]:
        """Delivers what replaying has announced; whose they were."""
        waiting = [each for each in map(adapters.store.get, every) if each.status == "received"]
        assert {send(url, finalized(ref_of(each))) for each in waiting} == {200}
        return {each.id for each in waiting}

    def replay(*options: str) -> str:
        run = khana("replay", *options, env=cloud.variables)
        assert run.returncode == 0, run.stderr
        return run.stdout

    assert read_those_that_wait() == set(every)
    before = {each: ref_of(adapters.store.get(each)).generation for each in every}

    assert replay(done[0].id) == "1 to be read again, 0 left as they are\n"
    assert read_those_that_wait() == {done[0].id}
    assert replay() == "2 to be read again, 0 left as they are\n"
    assert read_those_that_wait() == {each.id for each in bad}
    adapters.store.update(bad[0].id, lambda it: it.model_copy(update={"status": Status.DONE}))
    adapters.store.update(bad[0].id, lambda it: reject(it, "is a duplicate", by="Mona"))
    adapters.store.update(done[1].id, lambda it: correct(it, {"seller": Value("Sold")}, by="Mona"))
    assert replay("--all") == "3 to be read again, 0 left as they are\n"
    assert read_those_that_wait() == {*every} - {bad[0].id}

    # Cloud Storage announced each of them anew: by a generation of its own.
    after = {each: ref_of(adapters.store.get(each)).generation for each in every}
    assert all(after[each] > before[each] for each in every)
    assert tesseract.readings == 2 + 1 + 2
    assert adapters.store.get(done[1].id).fields["seller"].value == "Sold"


def test_a_passing_fault_is_not_acknowledged_and_in_the_end_given_up(
    start: Start, adapters: Adapters, cloud: Cloud
) -> None:
    invoice = received(adapters, page())
    event, url = finalized(ref_of(invoice)), start(KHANA_TESSERACT="/nowhere/tesseract")

    assert [send(url, event) for _ in range(2)] == [503, 503]

    waiting = adapters.store.get(invoice.id)
    assert waiting.error is not None
    assert (waiting.status, waiting.error.code) == ("received", "tesseract_missing")
    for form in (pushed, published):
        assert send(url, form(notification(ref_of(invoice), tries=5))) == 200
    failed = adapters.store.get(invoice.id)
    assert failed.error is not None
    assert failed.status == "failed"
    assert failed.error.message.startswith("page.png: reading it failed 5 times; the last time: ")
    assert "/nowhere/tesseract" in failed.error.message

    replayed = khana("replay", env=cloud.variables)
    assert replayed.stdout == "1 to be read again, 0 left as they are\n"
    again = adapters.store.get(invoice.id)
    assert again.status == "received"
    assert send(start(), finalized(ref_of(again))) == 200
    assert adapters.store.get(invoice.id).status == "done"


def test_after_its_last_try_an_event_is_a_dead_letter_and_the_invoice_says_so(
    start: Start, adapters: Adapters, cloud: Cloud
) -> None:
    poor, bad = received(adapters, page()), received(adapters, b"no picture", "bad.jpg")
    url = start(KHANA_TESSERACT="/nowhere/tesseract")
    with (
        cloud.storage_client() as files,
        Eventarc(files, cloud.bucket, url, first=0.05, max_tries=3) as events,
    ):
        until = time.monotonic() + 60
        while adapters.store.get(poor.id).status != "failed":
            assert time.monotonic() < until
            time.sleep(0.1)
    # What is the file's own fault was acknowledged the first time, and is no dead letter.
    assert events.dead_letters == [ref_of(poor)]
    failed, refused = adapters.store.get(poor.id).error, adapters.store.get(bad.id).error
    assert failed is not None
    assert failed.message.startswith("page.png: reading it failed 3 times; the last time: ")
    assert refused is not None
    assert refused.code == "unsupported_format"


def test_a_late_dead_letter_leaves_what_was_read(start: Start, adapters: Adapters) -> None:
    invoice = received(adapters, page())
    url = start()
    assert send(url, finalized(ref_of(invoice))) == 200
    read = adapters.store.get(invoice.id)

    assert send(url, pushed(notification(ref_of(invoice), tries=5))) == 200

    assert adapters.store.get(invoice.id) == read


class Refusing(BaseHTTPRequestHandler):
    """Cloud Storage to an account without a role."""

    def do_GET(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


def test_what_the_account_may_not_read_is_not_acknowledged(
    start: Start, adapters: Adapters
) -> None:
    invoice = received(adapters, page())
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = start(STORAGE_EMULATOR_HOST=f"http://127.0.0.1:{server.server_port}")

        assert send(url, finalized(ref_of(invoice))) == 500

        server.shutdown()
    assert adapters.store.get(invoice.id).status == "received"
