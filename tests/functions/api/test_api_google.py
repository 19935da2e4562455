"""The API on Google Cloud, over sockets: several instances that share nothing but the cloud."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import date, timedelta
from decimal import Decimal
from itertools import chain, combinations, cycle, product
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from asking import ask
from drawn import Read
from emulators.cloud import Cloud
from emulators.eventarc import Eventarc
from emulators.serving import ROOT, running
from flask.testing import FlaskClient

from core.errors import NotFoundError
from core.invoice import ObjectRef
from core.ports import Adapters
from functions.api.schemas import Filters

SAMPLES = ROOT / "samples"
TRUTH: dict[str, Any] = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))
FILES = ["meridian-004518.jpg", "meridian-004533.png", "meridian-004547.jpg"]

pytestmark = pytest.mark.parametrize("adapters", ["google"], indirect=True)


class Api:
    """Asks one instance after the other, so that nothing may depend on which one answers."""

    def __init__(self, *urls: str) -> None:
        self._urls = cycle(urls)

    def __call__(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"content-type": "application/json"}
        status, answer = ask(next(self._urls) + path, data=data, headers=headers, method=method)
        assert status < 300, answer
        return json.loads(answer) if answer[:1] == b"{" else answer

    def send(self, path: str, **files: Path) -> Any:
        """A form with files, as a browser sends it."""
        parts = [
            b'--x\r\nContent-Disposition: form-data; name="%b"; filename="%b"\r\n\r\n%b\r\n'
            % (name.encode(), file.name.encode(), file.read_bytes())
            for name, file in files.items()
        ]
        headers = {"content-type": "multipart/form-data; boundary=x"}
        data = b"".join(parts) + b"--x--\r\n"
        status, answer = ask(next(self._urls) + path, data=data, headers=headers)
        assert status < 300, answer
        return json.loads(answer)


@pytest.fixture
def api(cloud: Cloud) -> Iterator[Api]:
    """Two instances, and extract behind the bucket."""
    with ExitStack() as stack:
        urls = [stack.enter_context(running("api", **cloud.variables)) for _ in range(2)]
        extract = stack.enter_context(running("extract", **cloud.variables))
        client = stack.enter_context(cloud.storage_client())
        stack.enter_context(Eventarc(client, cloud.bucket, extract))
        yield Api(*urls)


def wait_until_read(api: Api, invoice_id: str) -> Any:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        invoice = api(f"/v1/invoices/{invoice_id}")
        if invoice["status"] in ("done", "needs_review", "failed"):
            return invoice
        time.sleep(0.05)
    pytest.fail(f"{invoice['source']['name']} was not read within a minute")


def test_from_an_upload_to_an_export(api: Api, adapters: Adapters) -> None:
    assert api("/healthz") == {"status": "ok"}
    templates = SAMPLES / "templates"
    form = {
        "template": templates / "meridian.json",
        "reference": templates / "meridian.png",
    }
    assert api.send("/v1/templates", **form)["version"] == 1

    files = [SAMPLES / "invoices" / name for name in FILES]
    made = [api.send("/v1/invoices?wait=true", file=file) for file in files]

    for invoice, name in zip(made, FILES, strict=True):
        assert invoice["status"] == "done", invoice["reasons"]
        read = {field: each["value"] for field, each in invoice["fields"].items()}
        assert read == {field: each["value"] for field, each in TRUTH[name]["fields"].items()}

    # Pages: each token comes from one instance and goes to another.
    seen, asked = [], {"page_size": "1", "order_by": "total"}
    while asked.get("page_token", "") is not None:
        page = api(f"/v1/invoices?{urlencode(asked)}")
        seen += [invoice["fields"]["total"]["value"] for invoice in page["invoices"]]
        asked["page_token"] = page["next_page_token"]
    assert seen == sorted(seen, key=Decimal)
    assert len(seen) == 3

    first = made[0]
    address = f"/v1/invoices/{first['id']}"
    assert api(f"{address}/image") == files[0].read_bytes()
    assert api(f"{address}/crops/total.png").startswith(b"\x89PNG")

    body = {"fields": {"total": {"value": "1,234.50"}}, "reviewed_by": "منى"}
    corrected = api(address, method="PATCH", body=body)
    (entry,) = corrected["corrections"]
    assert (entry["before"], entry["after"]) == (first["fields"]["total"]["value"], "1234.50")
    assert api(f"/v1/invoices?{urlencode({'total_min': '1234.5', 'total_max': '1234.50'})}")[
        "invoices"
    ] == [corrected]

    again = api(f"{address}:read", method="POST")
    assert again["object"]["generation"] > first["object"]["generation"]
    assert api(f"{address}/image") == files[0].read_bytes()
    reread = wait_until_read(api, first["id"])
    assert reread["fields"]["total"]["value"] == "1234.50"
    assert reread["corrections"] == corrected["corrections"]

    table = api("/v1/invoices:export").decode("utf-8-sig").splitlines()
    assert len(table) == 4
    assert "1234.50" in "".join(table)

    api(address, method="DELETE")
    with pytest.raises(NotFoundError):
        adapters.objects.read(ObjectRef.model_validate(reread["object"]))
    assert len(api("/v1/invoices")["invoices"]) == 2


LIMITS = {
    "status": "done",
    "template": "acme",
    "number": "0042",
    "date_from": date(2024, 1, 1),
    "date_to": date(2024, 12, 31),
    "total_min": Decimal("1.5"),
    "total_max": Decimal("99999.99"),
}
ORDERS = ["received_at", "date", "total", "number"]


@pytest.mark.slow
def test_an_index_serves_whatever_can_be_asked_for(client: FlaskClient, read: Read) -> None:
    # A text is looked for in what the others find, by no index.
    assert {*LIMITS} == {*Filters.model_fields} - {"order_by", "q"}
    read()
    read("other.png", seed=1, ago=timedelta(days=1))
    some = chain.from_iterable(combinations(LIMITS, n) for n in range(len(LIMITS) + 1))
    for chosen, order, way in product(some, ORDERS, ["", " desc"]):
        given = {name: LIMITS[name] for name in chosen} | {"order_by": order + way, "page_size": 1}
        first = client.get("/v1/invoices", query_string=given)
        assert first.status_code == 200, (given, first.get_json())
        # Both invoices are within the limits.
        given["page_token"] = first.get_json()["next_page_token"]
        second = client.get("/v1/invoices", query_string=given)
        assert second.get_json()["next_page_token"] is None, (given, second.get_json())
        found = [*first.get_json()["invoices"], *second.get_json()["invoices"]]
        assert len({invoice["id"] for invoice in found}) == 2, given
