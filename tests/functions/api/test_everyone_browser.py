"""For everyone: axe finds nothing on any page, in both directions and themes; pages are light, and
stay right when they are left open."""

import re
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from drawn import ACME, Read, form, local_alone
from playwright.sync_api import Browser, Page, expect

from core.access import Role
from core.invoice import ErrorInfo, Reason, Status, now
from core.ports import Adapters, StoredTemplate
from functions.api.pages.inbox import PAGE_SIZE

pytestmark = local_alone

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 100_000
MOST_S = 1.0
TODAY = re.compile(r"^\d\d:\d\d$")
"""Only the time: that of today needs no date."""


@pytest.fixture
def paths(adapters: Adapters, read: Read) -> list[str]:
    """Every page, with something on it."""
    doubt = Reason(code="low_confidence", message="total: is hard to read", fields=("total",))
    made = read(status=Status.NEEDS_REVIEW, reasons=[doubt])
    read("b.png", seed=1)
    error = ErrorInfo(code="corrupt_file", message="c.png: is damaged")
    failed = read("c.png", seed=2, status=Status.FAILED, error=error, fields={}, template=None)
    adapters.store.put_template(
        StoredTemplate(ACME.model_copy(update={"reference": "form.png"}), form())
    )
    return [
        "/",
        "/?status=needs_review&q=nothing",
        f"/invoices/{made.id}",
        f"/invoices/{failed.id}",
        "/templates",
        "/templates/acme",
        "/new-template",
        "/overview",
        "/drive",
        "/sign-in",
    ]


_SLOW = [pytest.param(each, marks=pytest.mark.slow) for each in ("en-dark", "ar-light")]


@pytest.fixture(params=["en-light", "ar-dark", *_SLOW])
def view(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Page]:
    language, theme = request.param.split("-")
    view = browser.new_page(base_url=address, locale=language, color_scheme=theme)
    yield view
    view.close()


def test_axe_finds_nothing(view: Page, paths: list[str]) -> None:
    found = []
    for path in [*paths, "/docs", "/nothing"]:
        drawn = path.startswith(("/templates/", "/docs"))  # by scripts, after it has come
        view.goto(path, wait_until="networkidle" if drawn else "load")
        view.locator("h1").first.wait_for()  # the network may rest before the scripts do
        results = Axe().run(view, options={"runOnly": {"type": "tag", "values": WCAG}})
        found += [
            f"{path}: {fault['id']}: {node['html']}: {node['failureSummary']}"
            for fault in results.response["violations"]
            for node in fault["nodes"]
        ]
    assert found == []


@pytest.mark.parametrize("width", [320, 390, 768, 1920])
def test_nothing_sticks_out(page: Page, paths: list[str], width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for path in paths:
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_first_view_is_light_and_there_at_once(page: Page, read: Read) -> None:
    for number in range(PAGE_SIZE):
        read(f"{number}.png", seed=number, data=form(number))
    page.goto("/overview")  # the first request of a process loads what it needs
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: dict[str, int] = {}
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    later: set[str] = set()  # the page asks what is new after a second or two, however far it is
    session.on(
        "Network.requestWillBeSent",
        lambda event: later.add(event["requestId"]) if event.get("type") == "Fetch" else None,
    )
    started = time.monotonic()
    page.goto("/", wait_until="load")
    took = time.monotonic() - started
    page.wait_for_load_state("networkidle")
    received = [size for request, size in sizes.items() if request not in later]
    print(f"first view: {sum(received)} bytes, {took:.2f} s")
    assert len(received) > 20  # the pictures of the rows in view are among them
    assert sum(received) < MOST_BYTES
    assert took < 10 * MOST_S  # a machine that runs tests has much else to do


def test_a_page_that_is_left_open_for_a_day_shows_what_is_there_then(
    page: Page, read: Read
) -> None:
    noon = datetime.now().astimezone().replace(hour=12) - timedelta(days=1)
    page.clock.install(time=noon)  # it may be midnight now
    read("a.png", ago=now() - noon)
    page.goto("/")
    expect(page.locator("#rows time")).to_have_text([TODAY])
    page.clock.fast_forward("24:00:00")
    read("b.png", seed=1)
    page.clock.run_for(5_000)
    expect(page.locator("#rows .file")).to_have_text(["b.png", "a.png"])
    expect(page.locator("#rows time").last).not_to_have_text(TODAY)


def test_who_is_signed_out_meanwhile_is_told_and_what_is_shown_stays(
    page: Page, read: Read, sign_in: Callable[[str, Role], None], faults: list[str]
) -> None:
    read("a.png")
    sign_in("/sign-in", Role.EDITOR)
    expect(page.locator("#rows .file")).to_have_text(["a.png"])
    page.context.clear_cookies()  # as a session ends after twelve hours
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    expect(page.locator("#rows .file")).to_have_text(["a.png"])
    page.locator("#upload input").set_input_files(
        {"name": "b.png", "mimeType": "image/png", "buffer": form(1)}
    )
    expect(page.get_by_role("region", name="Uploads")).to_contain_text(
        "You are signed out. Sign in in another tab, then try again."
    )
    page.get_by_role("link", name="Sign in").click()
    expect(page.get_by_label("API key")).to_be_visible()
    faults.clear()  # pictures that are refused


def test_a_person_switches_to_arabic_and_to_dark(page: Page, read: Read) -> None:
    read("a.png")
    page.goto("/?order_by=total+desc")
    page.get_by_role("button", name="العربية").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("الفواتير")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    page.get_by_role("button", name="داكن").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.url.endswith("/?order_by=total+desc")
    name, total = page.locator("#rows .what"), page.locator("#rows .sum")
    seen = [each.bounding_box() for each in (name, total)]
    assert seen[0] is not None
    assert seen[1] is not None
    assert seen[0]["x"] > seen[1]["x"]  # from right to left


def test_who_shows_no_key_that_holds_is_refused(
    page: Page, monkeypatch: pytest.MonkeyPatch, faults: list[str]
) -> None:
    monkeypatch.setattr("functions.api.access.is_open", lambda settings: False)
    page.goto("/overview")
    page.get_by_label("API key").fill("kh_0000_made-up")
    page.get_by_role("button", name="Sign in").click()
    said = page.get_by_role("alert")
    expect(said).to_have_text("There is no such key, or it was revoked.")
    expect(page.get_by_label("API key")).to_be_focused()
    bad = page.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--bad')")
    page.evaluate("(color) => { document.body.style.color = color; }", bad)
    expect(said).to_have_css("color", page.evaluate("getComputedStyle(document.body).color"))
    page.goto("/templates")
    expect(page.get_by_label("API key")).to_be_visible()
    faults.clear()  # the browser notes the refusal on its console


def test_who_may_only_look_is_asked_for_nothing_more_by_a_template(
    page: Page, paths: list[str], sign_in: Callable[[str, Role], None]
) -> None:
    sign_in("/templates/acme", Role.READER)
    expect(page.locator("#boxes [data-key]")).not_to_have_count(0)
    page.wait_for_timeout(300)  # after which boxes are read
    page.wait_for_load_state("networkidle")
    expect(page.locator(".entry .reading")).to_have_text([""] * len(ACME.fields))
    expect(page.locator(".bar .button")).to_have_count(0)
