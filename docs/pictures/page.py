"""Every page of a Khana that has just read the samples, as screenshots: from left to right and from
right to left, light and dark."""

import itertools
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Page, ViewportSize, expect

from samples import FOLDER, load_samples

KHANA = Path(sys.executable).with_name("khana")
PATIENCE_S = 180.0
SIZE = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
REVIEWED = "rimal-0091267.jpg"
"""The invoice that is shown alone: one that a person has to look at."""
DRAWN_ON = "rimal-0091288.png"
"""The page that boxes are drawn on."""
BOXES = ("invoice_number", "date", "customer")

Theme = Literal["light", "dark"]
LANGUAGES = ("en", "ar")
THEMES: tuple[Theme, ...] = ("light", "dark")


def draw(browser: Browser, pixels_per_css: float) -> Iterator[tuple[str, bytes]]:
    """Name (`inbox-ar-dark.png`) and PNG of each page in each way, and of the inbox on a phone."""
    with _khana() as url:
        ids = {invoice["source"]["name"]: invoice["id"] for invoice in _invoices(url)}
        _accept_some(url)
        paths = {
            "inbox": "/",
            "review": f"/invoices/{ids[REVIEWED]}",
            "editor": f"/new-template?invoice={ids[DRAWN_ON]}",
            "templates": "/templates",
            "overview": "/overview",
            "drive": "/drive",
            "docs": "/docs",
            "sign-in": "/sign-in",
            "error": "/nothing",
        }
        for language, theme in itertools.product(LANGUAGES, THEMES):
            view = browser.new_page(
                base_url=url,
                viewport=SIZE,
                device_scale_factor=pixels_per_css,
                locale=language,
                color_scheme=theme,
            )
            for name, path in paths.items():
                view.goto(path, wait_until="load")
                if name == "editor":
                    _draw_boxes(view)
                view.wait_for_timeout(2500)  # pictures that are still being decoded
                yield f"{name}-{language}-{theme}.png", view.screenshot()
            view.set_viewport_size(PHONE)
            view.goto("/", wait_until="load")
            view.wait_for_timeout(1000)
            yield f"phone-{language}-{theme}.png", view.screenshot()
            view.close()


def _draw_boxes(view: Page) -> None:
    """Draws some boxes of the sample with the mouse, and waits for what is read in them."""
    template = json.loads((FOLDER / "templates" / "rimal.json").read_text("utf-8"))
    places = {field["name"]: field["box"] for field in template["fields"]}
    sheet = view.locator("#boxes")
    expect(sheet).to_be_visible()
    for number, name in enumerate(BOXES, start=1):
        frame = sheet.bounding_box()
        assert frame is not None
        scale = frame["width"] / template["page_size"][0]
        left, top, right, bottom = (scale * side for side in places[name])
        view.mouse.move(frame["x"] + left, frame["y"] + top)
        view.mouse.down()
        view.mouse.move(frame["x"] + right, frame["y"] + bottom, steps=3)
        view.mouse.up()
        entry = view.locator(".entry").nth(number - 1)
        reading = entry.locator(".reading")
        expect(reading).not_to_have_text(re.compile("^…?$"), timeout=1000 * PATIENCE_S)
        entry.locator("[data-of=name]").fill(name)
    view.locator("[name=name]").fill(template["name"])


def _accept_some(url: str) -> None:
    """Has a person look at every other invoice that needs it, and correct a value now and then."""
    waiting = [
        invoice
        for invoice in _invoices(url)
        if invoice["status"] == "needs_review" and invoice["source"]["name"] != REVIEWED
    ]
    for number, invoice in enumerate(waiting[::2]):
        values = {name: r["value"] for name, r in invoice["fields"].items() if r["value"]}
        if number % 3 == 0 and "total" in values:
            values["total"] = "1" + values["total"]
        fields = {name: {"value": value} for name, value in values.items()}
        body = {"fields": fields, "reviewed_by": "Mona", "insist": True}  # whatever rule it breaks
        request = urllib.request.Request(
            f"{url}/v1/invoices/{invoice['id']}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            method="PATCH",
        )
        urllib.request.urlopen(request, timeout=10).close()


@contextmanager
def _khana() -> Iterator[str]:
    """A server on a free port with a data folder of its own; gives its address once all is read."""
    data = Path(tempfile.mkdtemp(prefix="khana-pictures-"))
    port = _free_port()
    command: list[str | Path] = [
        KHANA,
        "serve",
        "--samples",
        FOLDER,
        "--data",
        data,
        "--port",
        str(port),
    ]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_read(server, url)
        yield url
    finally:
        server.terminate()
        server.wait(timeout=30)
        shutil.rmtree(data)


def _wait_until_read(server: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if server.poll() is not None:
            raise SystemExit(f"khana serve ended with {server.returncode}")
        try:
            states = [invoice["status"] for invoice in _invoices(url)]
        except OSError:  # it doesn't listen yet
            states = []
        if len(states) == len(load_samples()) and not {"received", "reading"} & set(states):
            return
        time.sleep(0.3)
    raise SystemExit(f"khana serve had not read the samples within {PATIENCE_S:.0f} s")


def _invoices(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/v1/invoices?page_size=100", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["invoices"]
        return found


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
