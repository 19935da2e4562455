"""Puts a sample invoice through a running Khana and compares what comes out with the truth.

    python infra/smoke.py URL [--token TOKEN]

What it makes it removes again. Exit code 0 if every number is right; if not 1, and what is wrong.
"""

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import requests

SAMPLES = Path(__file__).parents[1] / "samples"
INVOICE = "meridian-004518.jpg"
PATIENCE_S = 120.0
"""A first invoice waits for an instance of every function to start."""


class Failed(Exception):
    """What is wrong, in a sentence."""


def smoke(url: str, token: str | None) -> str:
    """What was read, in a sentence.

    Raises:
        Failed: some step did not come to what it should.
    """
    http = requests.Session()
    if token:
        http.headers["Authorization"] = f"Bearer {token}"
    truth = json.loads((SAMPLES / "truth.json").read_text(encoding="utf-8"))[INVOICE]
    # Names and bytes that nobody else's are: what is made here must not meet what is there.
    mark = f"smoke-{time.time_ns():x}"
    template = json.loads(
        (SAMPLES / "templates" / f"{truth['template']}.json").read_text(encoding="utf-8")
    )
    reference = (SAMPLES / "templates" / template["reference"]).read_bytes()
    picture = (SAMPLES / "invoices" / INVOICE).read_bytes() + mark.encode()
    form = {"template": json.dumps(template | {"id": mark}).encode(), "reference": reference}
    files = {name: (name, data) for name, data in form.items()}
    _asked(http, "POST", f"{url}/v1/templates", 201, files=files)
    try:
        began = time.monotonic()
        upload = {"file": (f"{mark}.jpg", picture)}
        invoice = _asked(
            http, "POST", f"{url}/v1/invoices", 202, data={"template": mark}, files=upload
        )
        try:
            while invoice["status"] in ("received", "reading"):
                if time.monotonic() > began + PATIENCE_S:
                    raise Failed(f"is still {invoice['status']} after {PATIENCE_S:.0f} s")
                time.sleep(0.5)
                invoice = _asked(http, "GET", f"{url}/v1/invoices/{invoice['id']}", 200)
            took = time.monotonic() - began
        finally:
            _asked(http, "DELETE", f"{url}/v1/invoices/{invoice['id']}", 204)
    finally:
        _asked(http, "DELETE", f"{url}/v1/templates/{mark}", 204)
    return _compared(invoice, truth["fields"], took)


def _compared(invoice: dict, truth: dict, took: float) -> str:
    if invoice["status"] == "failed":
        raise Failed(f"was read as failed: {invoice['error']['message']}")
    numbers = {n: f for n, f in invoice["fields"].items() if f["kind"] != "text"}
    wrong = [
        f"{name} is {field['value']}, not {truth[name]['value']}"
        for name, field in numbers.items()
        if field["value"] != truth[name]["value"]
    ]
    if wrong or not numbers:
        raise Failed("; ".join(wrong) or "no number was read")
    return f"{len(numbers)} of {len(numbers)} numbers right after {took:.1f} s"


def _asked(http: requests.Session, method: str, url: str, expected: int, **sent: object) -> dict:
    try:
        answer = http.request(method, url, timeout=60, **sent)
    except requests.RequestException as error:
        raise Failed(f"{method} {url}: {error}") from error
    if answer.status_code != expected:
        raise Failed(f"{method} {url}: {answer.status_code} {answer.text[:300]}")
    return answer.json() if answer.content else {}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s URL [--token TOKEN]")
    parser.add_argument("url")
    parser.add_argument("--token", help="an ID token of somebody who may call the API")
    asked = parser.parse_args(arguments)
    try:
        print(f"{INVOICE}: {smoke(asked.url.rstrip('/'), asked.token)}")
    except Failed as error:
        print(f"{INVOICE}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
