"""Who is told of what, how it is signed, and that it is told until it has arrived."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from emulators.cloud import Cloud, google_cloud

from core.adapters import connect
from core.errors import ConflictError, NotFoundError, RequestError, TransientError
from core.invoice import Invoice, Outcome, Reading, SourceRef, Status, finish, now, requeue
from core.invoice import ObjectRef as Object
from core.observe import EVENT
from core.ports import Adapters
from core.review import reject
from core.settings import Settings
from core.template import Kind
from core.webhooks import listed, sending
from core.webhooks.listed import add_webhook, list_webhooks, remove_webhook
from core.webhooks.notices import Delivery
from core.webhooks.sending import Told, deliver, signature

URL = "http://127.0.0.1:9/hook"
PRIVATE = Settings(webhook_private=True)
TOTAL = Reading(text="5", value="5", kind=Kind.AMOUNT, confidence=1, box=(1, 1, 9, 9))


@pytest.fixture(scope="module")
def services() -> Iterator[Cloud]:
    with google_cloud() as cloud:
        yield cloud


@pytest.fixture(params=["local", "google"])
def adapters(request: pytest.FixtureRequest, tmp_path: object) -> Iterator[Adapters]:
    if request.param == "local":
        yield connect(Settings(data=tmp_path))
        return
    with request.getfixturevalue("services").empty().adapters() as adapters:
        yield adapters


class Receiver:
    """Answers as it is told to, and keeps what it is sent."""

    def __init__(self, *answers: int | BaseException) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, Mapping[str, str], bytes]] = []

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, headers, body))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, BaseException):
            raise answer
        return answer

    @property
    def events(self) -> list[str]:
        return [json.loads(body)["type"] for _, _, body in self.got]


def told(adapters: Adapters, receiver: Receiver) -> Told:
    return deliver(adapters, PRIVATE, deadline=time.monotonic() + 30, send=receiver)


def read(adapters: Adapters, status: Status = Status.DONE, number: int = 0) -> Invoice:
    """An invoice that comes in and comes to this end."""
    adapters.store.create(
        Invoice(
            id=f"{number:032x}",
            source=SourceRef(kind="upload", file_id="x", name="x.png"),
            object=Object(bucket="b", name="n", generation=1),
            received_at=now(),
        )
    )
    outcome = Outcome(status=status, fields={"total": TOTAL})
    return adapters.store.update(
        f"{number:032x}", lambda current: finish(current, outcome, reader="r")
    )


def test_each_end_is_told_once(adapters: Adapters) -> None:
    hook = add_webhook(adapters.store, URL, [], PRIVATE)
    invoice = read(adapters, Status.NEEDS_REVIEW)
    adapters.store.update(invoice.id, lambda current: current)  # nothing new
    receiver = Receiver()
    assert told(adapters, receiver) == Told(delivered=1)
    assert told(adapters, receiver) == Told()
    adapters.store.update(invoice.id, lambda current: reject(current, "no invoice", by="Mona"))
    told(adapters, receiver)
    adapters.store.update(invoice.id, requeue)
    told(adapters, receiver)  # waiting is no end
    read(adapters, number=2)
    told(adapters, receiver)
    assert receiver.events == ["invoice.needs_review", "invoice.failed", "invoice.done"]
    url, headers, body = receiver.got[0]
    assert url == URL
    message = json.loads(body)
    assert message["data"]["id"] == invoice.id
    assert message["data"]["fields"]["total"]["value"] == "5"
    assert "lease_until" not in message["data"]
    stamp = headers["webhook-timestamp"]
    assert abs(int(stamp) - time.time()) < 60
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    signed = hmac.digest(key, f"{headers['webhook-id']}.{stamp}.".encode() + body, hashlib.sha256)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(signed).decode()


def test_only_what_was_asked_for_is_told(adapters: Adapters) -> None:
    add_webhook(adapters.store, URL, [Status.FAILED], PRIVATE)
    add_webhook(adapters.store, f"{URL}/2", [], PRIVATE)
    read(adapters)
    receiver = Receiver()
    assert told(adapters, receiver) == Told(delivered=1)
    assert [url for url, _, _ in receiver.got] == [f"{URL}/2"]


def test_what_was_before_a_webhook_is_not_told_to_it(adapters: Adapters) -> None:
    read(adapters)
    add_webhook(adapters.store, URL, [], PRIVATE)
    assert told(adapters, Receiver()) == Told()


def made_due(adapters: Adapters, monkeypatch: pytest.MonkeyPatch, later: timedelta) -> None:
    """Has the outbox's clock go on by `later`."""
    at = now() + later
    for place in ("local.outbox", "google.firestore_outbox"):
        monkeypatch.setattr(f"core.adapters.{place}.now", lambda: at)
    monkeypatch.setattr(sending, "now", lambda: at)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        (500, "127.0.0.1:9: answers 500"),
        (302, "127.0.0.1:9: answers 302"),
        (RequestError(f"{URL}: must begin with https://"), "127.0.0.1:9: must begin with https://"),
        (TransientError("127.0.0.1: ReadTimeoutError"), "127.0.0.1: ReadTimeoutError"),
        (RequestError("leads into a private network"), "leads into a private network"),
    ],
)
def test_what_fails_is_sent_again_later_under_the_same_id(
    adapters: Adapters,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: int | Exception,
    trouble: str,
) -> None:
    add_webhook(adapters.store, URL, [], PRIVATE)
    read(adapters)
    receiver = Receiver(answer)
    assert told(adapters, receiver) == Told(failed=1)
    assert [hook.trouble for hook in list_webhooks(adapters.store)] == [trouble]
    # What follows the host is for many receivers their secret.
    assert trouble in caplog.text
    assert URL not in caplog.text
    assert told(adapters, receiver) == Told()  # not due yet
    made_due(adapters, monkeypatch, timedelta(seconds=11))
    with caplog.at_level("INFO", "khana"):
        assert told(adapters, receiver) == Told(delivered=1)
    (said,) = [facts for record in caplog.records if (facts := getattr(record, EVENT, None))]
    assert (said["event"], said["invoice"], said["tries"]) == ("told", f"{0:032x}", 2)
    assert len({headers["webhook-id"] for _, headers, _ in receiver.got}) == 1
    assert [hook.trouble for hook in list_webhooks(adapters.store)] == [None]


def test_waits_grow_and_after_three_days_it_ends(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    add_webhook(adapters.store, URL, [], PRIVATE)
    read(adapters)
    monkeypatch.setattr("random.uniform", lambda _low, high: high)
    receiver = Receiver(*[503] * 30)
    waited, later = [], 0.0
    for _ in range(sending.MOST_ATTEMPTS):
        made_due(adapters, monkeypatch, timedelta(seconds=later))
        assert told(adapters, receiver).failed == 1
        wait = min(10.0 * 2 ** len(waited), 6 * 3600.0)
        waited.append(wait)
        later += wait + 1
    assert 2.5 < sum(waited[:-1]) / 86_400 < 3.5
    made_due(adapters, monkeypatch, timedelta(days=30))
    assert told(adapters, receiver) == Told()
    assert "is not told any more" in caplog.text


def test_of_a_webhook_that_fails_the_others_wait_and_other_webhooks_do_not(
    adapters: Adapters,
) -> None:
    add_webhook(adapters.store, f"{URL}/down", [], PRIVATE)
    add_webhook(adapters.store, f"{URL}/up", [], PRIVATE)
    for number in range(3):
        read(adapters, number=number)
    sent = []

    def send(url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
        sent.append(url.rpartition("/")[2])
        return 500 if url.endswith("down") else 200

    done = deliver(adapters, PRIVATE, deadline=time.monotonic() + 30, send=send)
    assert done == Told(delivered=3, failed=1)
    assert sorted(sent) == ["down", "up", "up", "up"]


def test_what_waits_for_a_webhook_that_is_gone_costs_ever_less_and_ends(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapters = connect(Settings(data=tmp_path))
    add_webhook(adapters.store, URL, [], PRIVATE)
    waiting = 12
    for number in range(waiting):
        read(adapters, number=number)
    put_back, put = [0], adapters.outbox.put

    def counted(delivery: Delivery) -> None:
        put_back[-1] += 1
        put(delivery)

    monkeypatch.setattr(adapters.outbox, "put", counted)
    gone, given_up = Receiver(*[503] * 10_000), 0
    for minute in range(6 * 24 * 60):  # a round a minute, as the schedule has it
        made_due(adapters, monkeypatch, timedelta(minutes=minute))
        if minute % (24 * 60) == 0:
            put_back.append(0)
        given_up += told(adapters, gone).given_up
    assert given_up == waiting
    assert max(put_back) < waiting * 2 * sending.MOST_ATTEMPTS  # by day
    assert put_back[-1] == 0


def test_who_dies_while_telling_has_it_told_again(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_webhook(adapters.store, URL, [], PRIVATE)
    read(adapters)
    with pytest.raises(KeyboardInterrupt):
        told(adapters, Receiver(KeyboardInterrupt()))
    assert told(adapters, Receiver()) == Told()
    made_due(adapters, monkeypatch, sending.LEASE)
    assert told(adapters, Receiver()) == Told(delivered=1)


def test_two_who_tell_at_once_have_one_delivery_each(adapters: Adapters) -> None:
    add_webhook(adapters.store, URL, [], PRIVATE)
    read(adapters)
    taken = [adapters.outbox.take(timedelta(minutes=1)) for _ in range(2)]
    assert isinstance(taken[0], Delivery)
    assert (taken[0].attempts, taken[1]) == (1, None)


def test_what_is_gone_or_has_gone_on_is_not_told(adapters: Adapters) -> None:
    hook = add_webhook(adapters.store, URL, [], PRIVATE)
    deleted, again = read(adapters, number=1), read(adapters, number=2)
    adapters.store.delete(deleted.id)
    adapters.store.update(again.id, requeue)
    assert told(adapters, Receiver()) == Told()
    read(adapters, number=3)
    remove_webhook(adapters.store, hook.id)
    assert told(adapters, Receiver()) == Told()
    with pytest.raises(NotFoundError):
        remove_webhook(adapters.store, hook.id)


def test_a_change_that_fails_tells_nothing(adapters: Adapters) -> None:
    add_webhook(adapters.store, URL, [], PRIVATE)
    invoice = read(adapters, Status.NEEDS_REVIEW)
    told(adapters, Receiver())

    def fail(_current: Invoice) -> Invoice:
        raise RequestError("no")

    with pytest.raises(RequestError):
        adapters.store.update(invoice.id, fail)
    assert told(adapters, Receiver()) == Told()


def test_private_addresses_doubles_and_too_many_are_refused(
    adapters: Adapters, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RequestError, match="must begin with https"):
        add_webhook(adapters.store, URL, [], Settings())
    with pytest.raises(RequestError, match="private network"):
        add_webhook(adapters.store, "https://127.0.0.1/", [], Settings())
    add_webhook(adapters.store, URL, [], PRIVATE)
    with pytest.raises(ConflictError, match="is told already"):
        add_webhook(adapters.store, URL, [], PRIVATE)
    monkeypatch.setattr(listed, "MOST_WEBHOOKS", 1)
    with pytest.raises(RequestError, match="the most there can be"):
        add_webhook(adapters.store, f"{URL}/2", [], PRIVATE)


def test_the_signature_is_that_of_the_specification() -> None:
    # The example of https://github.com/standard-webhooks/standard-webhooks (libraries/python).
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    assert (
        signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
        == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )
