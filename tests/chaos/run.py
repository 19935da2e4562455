"""One run: files come in, Khana's processes take them through, and what came of it is looked at."""

import random as global_random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Protocol
from unittest.mock import patch

import flask
from emulators.drive import USER_LOG, DriveServer
from werkzeug.exceptions import HTTPException

from core.extract import Extractor
from core.identity import invoice_id, sha256_hex
from core.ports import Adapters
from core.settings import Settings
from functions import rounds
from functions.api.app import create_app
from functions.drive_watch import main as drive_watch
from functions.extract import main as extract

from .files import FORM, File, Read
from .turns import Turns
from .weather import Weather

WATCHERS, READERS, APIS = 2, 4, 2
LOOK_EVERY_S = 60.0
CLEARS_AFTER_S = 900.0
"""Faults go on for so long after the last file has come."""
LONGEST_S = 6 * 3600.0
"""From then on all must be done in so much simulated time."""

TIMES = (
    "core.intake.arrival:now",
    "core.invoice:now",
    "core.lease:now",
    "core.pipeline:now",
    "core.intake.watch:monotonic",
    "functions.rounds",
    "functions.api.routes.invoices",
    "functions.api.repeats:now",
)


class Wrong(AssertionError):
    """What must never happen did."""


class World(Protocol):
    """The services, and what a process of Khana's needs to work with them.

    `folder` is the watched one of `drive`. `deliver` is the life of a reader, which has `post` deal
    with events. `left_over` is what should not be there once all is done.
    """

    settings: Settings
    drive: DriveServer
    weather: Weather
    folder: str

    def adapters(self) -> AbstractContextManager[Adapters]: ...
    def deliver(self, post: Callable[[Any], tuple[int, bytes]]) -> None: ...
    def left_over(self) -> list[str]: ...
    def stored(self) -> dict[str, bytes]: ...


@dataclass
class Came:
    """What a run came to. `read` by the invoice's id; `answers` of the functions by status."""

    read: Read
    met: Mapping[str, int]
    answers: Mapping[str, int]
    simulated_s: float
    took_s: float
    steps: int
    wrong: list[str] = field(default_factory=list)


class Run:
    def __init__(self, world: World, turns: Turns, files: list[File]) -> None:
        self.world = world
        self.turns = turns
        self.files = files
        self._answers: Counter[str] = Counter()
        self._parts = threading.local()
        self._to_upload: list[tuple[str, str, bytes]] = []
        self._ids: list[str] = []
        self._quiet = 0
        self._all_came = False
        self._cleared: float | None = None
        self._extractor = Extractor(world.settings)
        self._flask = flask.Flask("chaos")

    def __call__(self) -> Came:
        started = time.monotonic()
        # What the client libraries draw from.
        global_random.seed(self.turns.random.random())
        with self.world.adapters() as adapters:
            adapters.store.put_template(FORM)
        with (
            self.turns.as_time(*TIMES),
            patch.object(rounds, "_parts", lambda _: self._parts.watch),
            patch.object(extract, "_parts", lambda: self._parts.extract),
        ):
            self.turns.add("people", self._people, mortal=False)
            for number in range(WATCHERS):
                self.turns.add(f"drive_watch-{number}", self._watch)
            for number in range(READERS):
                self.turns.add(f"extract-{number}", self._read)
            for number in range(APIS):
                self.turns.add(f"api-{number}", self._serve)
            self.turns.run(self._is_over)
            read, wrong = self._looked_at()
        return Came(
            read=read,
            met=self.world.weather.met,
            answers=self._answers,
            simulated_s=self.turns.now,
            took_s=time.monotonic() - started,
            steps=self.turns.steps,
            wrong=wrong,
        )

    # Lives

    def _people(self) -> None:
        """Put files into Drive, or upload them, and never die: the faults are Khana's to bear."""
        drive = self.world.drive.state
        for file in self.files:
            self.turns.pause(file.at - self.turns.now)
            for name in file.names:
                if file.uploaded:
                    self._to_upload.append((f"key of {name}", name, file.data))
                else:
                    drive.file(name, file.data, self.world.folder)
        self.turns.pause(CLEARS_AFTER_S)
        self.world.weather.clear()
        self._cleared = self.turns.now
        self._all_came = True
        while True:
            self.turns.pause(LONGEST_S)

    def _watch(self) -> None:
        with self.world.adapters() as adapters, self._flask.test_request_context(method="POST"):
            self._parts.watch = self.world.settings, adapters
            while True:
                cleared = self.world.weather.calm and self._all_came
                if self.world.weather.happens("page tokens expired", 0.01):
                    self.world.drive.state.expire_tokens(USER_LOG)
                answer = drive_watch.drive_watch(flask.request)
                self._note("drive_watch", answer.status_code, answer)
                report = answer.get_json()
                nothing = answer.status_code == 200 and not report["received"] + len(report["busy"])
                self._quiet = self._quiet + 1 if cleared and nothing else 0
                self.turns.pause(LOOK_EVERY_S * self.turns.random.uniform(0.5, 1.5))

    def _read(self) -> None:
        with self.world.adapters() as adapters, self._flask.app_context():
            self._parts.extract = self.world.settings, adapters, self._extractor
            self.world.deliver(self._post)

    def _post(self, event: Any) -> tuple[int, bytes]:
        try:
            extract.extract(event)
        except HTTPException as error:
            answer = error.get_response()
            self._note("extract", answer.status_code, answer)
            return answer.status_code, answer.get_data()
        self._note("extract", 200, None)
        return 200, b""

    def _serve(self) -> None:
        with self.world.adapters() as adapters:
            app = create_app(adapters, self.world.settings)
            client = app.test_client()
            while True:
                # Uploads come one after the other; who looks has a moment.
                pause = self.turns.random.uniform(0, 1 if self._to_upload else 20)
                self.turns.pause(pause)
                self._ask(client)

    def _ask(self, client: Any) -> None:
        draw = self.turns.random
        if self._to_upload:
            key, name, data = self._to_upload[0]
            answer = client.post(
                "/v1/invoices",
                data={"file": (BytesIO(data), name)},
                headers={"Idempotency-Key": key},
            )
            if answer.status_code == 202:
                self._to_upload = [each for each in self._to_upload if each[0] != key]
                self._ids.append(answer.get_json()["id"])
        elif self._ids and draw.random() < 0.5:
            one = draw.choice(self._ids)
            if draw.random() < 0.1 and not self._all_came:
                answer = client.post(f"/v1/invoices/{one}:read", json={})
            else:
                answer = client.get(f"/v1/invoices/{one}")
        else:
            answer = client.get("/v1/invoices?page_size=5")
        self._note("api", answer.status_code, answer)

    def _note(self, function: str, status: int, answer: Any) -> None:
        if (process := self.turns.current) is not None:
            self.turns.check(process)  # what a dead one would have answered reaches nobody
        self._answers[f"{function} {status}"] += 1
        if status not in (200, 202, 409, 503):
            raise Wrong(f"{function} answered {status}: {answer.get_data(as_text=True)[:500]}")

    # The end

    def _is_over(self) -> bool:
        if self._cleared is None:
            return False
        if self.turns.now > self._cleared + LONGEST_S:
            return True
        return self._quiet >= 2 * WATCHERS and not self._to_upload and not self.world.left_over()

    def _looked_at(self) -> tuple[Read, list[str]]:
        """What there is in the end, and what of it is wrong."""
        wrong = self.world.left_over()
        with self.world.adapters() as adapters:
            found = list(_listed(create_app(adapters, self.world.settings).test_client()))
            for source in adapters.sources:
                if adapters.store.get_state(f"lease:{source.name}"):
                    wrong.append(f"the lease of {source.name} is held")
        by_id = {invoice["id"]: invoice for invoice in found}
        if len(by_id) != len(found):
            wrong.append(f"{len(found) - len(by_id)} invoices are listed twice")
        objects = self.world.stored()
        for file in self.files:
            digest = invoice_id(sha256_hex(file.data))
            invoice = by_id.pop(digest, None)
            wrong += [f"{file.names[0]} is missing"] if invoice is None else _faults(file, invoice)
            if objects.pop(f"invoices/{digest}", None) != file.data:
                wrong.append(f"{file.names[0]}: its bytes are not in the bucket")
        wrong += [f"invoice {key} is of no file" for key in by_id]
        wrong += [f"object {name} is of no file" for name in objects]
        return {invoice["id"]: _of_interest(invoice) for invoice in found}, wrong


def _listed(client: Any) -> Iterator[dict[str, Any]]:
    token = None
    while True:
        query = {"page_size": 200} | ({"page_token": token} if token else {})
        page = client.get("/v1/invoices", query_string=query).get_json()
        yield from page["invoices"]
        token = page["next_page_token"]
        if not token:
            return


def _faults(file: File, invoice: dict[str, Any]) -> Iterator[str]:
    names = sorted(s["name"] for s in (invoice["source"], *invoice["duplicates"]))
    if names != sorted(file.names):
        yield f"{file.names[0]}: came in as {names}"
    if invoice["status"] not in ("done", "needs_review"):
        yield f"{file.names[0]}: is {invoice['status']}: {invoice['error']}"
    if invoice.get("lease_until"):
        yield f"{file.names[0]}: a lease is held"


def _of_interest(invoice: dict[str, Any]) -> dict[str, object]:
    kept = ("status", "template", "fields", "reasons", "page_sizes", "error")
    return {name: invoice.get(name) for name in kept}
