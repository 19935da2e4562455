"""The list in a real browser: found, ordered, exported, and done to several at once."""

import base64
import re
from collections.abc import Callable
from datetime import timedelta
from io import BytesIO
from threading import Event

import pytest
from drawn import Read, local_alone, picture, readings
from openpyxl import load_workbook
from playwright.sync_api import Page, Route, expect

from core.access import Role
from core.errors import NotFoundError
from core.invoice import ErrorInfo, Invoice, Reason, Status
from core.ports import Adapters, Query
from core.review import correct
from core.values.value import Value
from functions.api.limits import AtOnce

pytestmark = local_alone


def _total(value: str) -> dict[str, object]:
    return {"fields": readings(total=readings()["total"].model_copy(update={"value": value}))}


@pytest.fixture
def three(read: Read) -> list[Invoice]:
    """Three invoices, the newest first, of rising totals."""
    return [
        read(
            f"{n}.png",
            seed=n,
            ago=timedelta(hours=n),
            status=Status.DONE if n == 1 else Status.NEEDS_REVIEW,
            **_total(f"{n + 1}00.50"),
        )
        for n in range(3)
    ]


def _names(page: Page) -> list[str]:
    return page.locator("#rows .file").all_inner_texts()


def test_filters_and_order_are_in_the_address(page: Page, three: list[Invoice]) -> None:
    page.goto("/")
    assert _names(page) == ["0.png", "1.png", "2.png"]
    page.get_by_role("columnheader", name="Total").get_by_role("link").click()
    expect(page.get_by_role("columnheader", name="Total")).to_have_attribute(
        "aria-sort", "descending"
    )
    assert _names(page) == ["2.png", "1.png", "0.png"]
    page.get_by_label("Order").select_option("Smallest total first")
    page.wait_for_url("**/?order_by=total*asc")
    page.get_by_text("More filters").click()
    page.get_by_label("Total from").fill("150")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/?order_by=total*asc&total_min=150")
    assert _names(page) == ["1.png", "2.png"]
    page.get_by_role("link", name="Needs review").click()  # one filter more
    page.wait_for_url("**total_min=150*")
    page.get_by_label("Total from").fill("١٬٥٠٠٫٥")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Total from")).to_have_value("1500.5")
    page.get_by_label("Total from").fill("150")
    page.keyboard.press("Enter")
    page.wait_for_url("**total_min=150*")
    expect(page.locator("#rows .file")).to_have_text(["2.png"])
    page.get_by_role("searchbox").fill("nowhere")
    page.keyboard.press("Enter")
    expect(page.get_by_text("No invoice is as you asked for.")).to_be_visible()
    page.get_by_role("link", name="Show all").first.click()
    expect(page.locator("#rows .file")).to_have_count(3)


def test_what_is_shown_can_be_exported(page: Page, three: list[Invoice]) -> None:
    page.goto("/?status=done")
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text("utf-8-sig").splitlines()
    assert len(lines) == 2
    assert "1.png" in lines[1]
    page.get_by_text("Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="XLSX").click()
    sheet = load_workbook(BytesIO(download.value.path().read_bytes())).worksheets[0]
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert "1.png" in cells
    assert "0.png" not in cells
    assert any(
        float(cell.value) == 200.50
        for row in sheet.iter_rows()
        for cell in row
        if isinstance(cell.value, (int, float))
    )


def test_several_are_accepted_at_once(page: Page, adapters: Adapters, three: list[Invoice]) -> None:
    page.goto(f"/invoices/{three[0].id}")
    page.get_by_label("Your name").fill("Mona")
    page.get_by_label("Your name").blur()
    page.goto("/")
    page.get_by_label("Choose 0.png").check()
    page.get_by_label("Choose 2.png").check()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_role("region", name="Chosen invoices").get_by_role("button", name="Accept").click()
    expect(page.locator("#rows .badge.done")).to_have_count(3)
    expect(page.get_by_role("region", name="Chosen invoices")).to_be_hidden()
    kept = adapters.store.get(three[0].id)
    assert kept.status is Status.DONE
    assert {entry.field for entry in kept.corrections} == set(readings())
    assert all(entry.before == entry.after for entry in kept.corrections)
    assert {entry.by for entry in kept.corrections} == {"Mona"}


def test_what_another_corrects_meanwhile_is_not_accepted_over_that(
    page: Page, adapters: Adapters, three: list[Invoice], faults: list[str]
) -> None:
    said = {"total": Value("1.00")}

    def corrected_then(route: Route) -> None:
        if route.request.method != "GET":
            route.continue_()
            return
        answer = route.fetch()
        adapters.store.update(three[0].id, lambda now: correct(now, said, by="Huda"))
        route.fulfill(response=answer)

    page.route(f"**/v1/invoices/{three[0].id}", corrected_then)
    page.goto("/")
    page.get_by_label("Choose 0.png").check()
    page.get_by_role("region", name="Chosen invoices").get_by_role("button", name="Accept").click()
    expect(page.locator("#bulk-said")).to_contain_text("Not done: 1.")
    assert adapters.store.get(three[0].id).fields["total"].reviewed_by == "Huda"
    assert all("412" in fault for fault in faults)
    faults.clear()


def accept_all_but_one(page: Page, said: str) -> None:
    """Accepts all that the list shows, of which 3.png is refused, for a reason that is said."""
    page.goto("/")
    page.get_by_label("Choose all on this page").check()
    page.get_by_role("region", name="Chosen invoices").get_by_role("button", name="Accept").click()
    expect(page.locator("#bulk-said")).to_have_text(f"Not done: 1. {said}")
    expect(page.get_by_label("Choose 3.png")).to_be_checked()


def test_what_lacks_a_value_is_not_accepted_among_others(
    page: Page, adapters: Adapters, three: list[Invoice], read: Read
) -> None:
    empty = readings()["total"].model_copy(update={"text": "", "value": None})
    lacking = read("3.png", seed=3, status=Status.NEEDS_REVIEW, fields=readings(total=empty))
    accept_all_but_one(
        page, "A required value is missing or a rule is broken: look at it by itself."
    )
    expect(page.get_by_label("Choose 2.png")).not_to_be_checked()
    assert adapters.store.get(lacking.id).status is Status.NEEDS_REVIEW
    assert adapters.store.get(three[0].id).status is Status.DONE


def test_what_nothing_was_read_in_is_not_accepted_among_others(
    page: Page, adapters: Adapters, three: list[Invoice], read: Read
) -> None:
    unknown = Reason(code="no_template", message="choose its template")
    unread = read(
        "3.png", seed=3, status=Status.NEEDS_REVIEW, template=None, fields={}, reasons=[unknown]
    )
    accept_all_but_one(page, "Nothing was read in it: look at it by itself.")
    assert adapters.store.get(unread.id).status is Status.NEEDS_REVIEW
    assert adapters.store.get(three[0].id).status is Status.DONE


def test_several_are_deleted_after_a_question(
    page: Page, adapters: Adapters, three: list[Invoice]
) -> None:
    page.goto("/")
    page.get_by_label("Choose all on this page").check()
    page.get_by_label("Choose 1.png").uncheck()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator("#rows .file")).to_have_count(3)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator("#rows .file")).to_have_text(["1.png"])
    with pytest.raises(NotFoundError):
        adapters.store.get(three[0].id)


def test_those_that_something_can_not_be_done_to_stay_chosen(
    page: Page, adapters: Adapters, three: list[Invoice], faults: list[str]
) -> None:
    page.goto("/")
    page.get_by_label("Choose 0.png").check()
    page.get_by_label("Choose 1.png").check()
    adapters.store.delete(three[0].id)
    page.get_by_role("region", name="Chosen invoices").get_by_role(
        "button", name="Read again"
    ).click()
    expect(page.get_by_text("Not done: 1.")).to_be_visible()
    assert adapters.store.get(three[1].id).status is Status.RECEIVED
    assert [fault for fault in faults if "404" not in fault] == []
    faults.clear()  # the browser notes the refusal on its console


def test_a_picture_can_be_pasted(page: Page) -> None:
    page.goto("/")
    page.evaluate(
        """png => {
            const clipboardData = new DataTransfer();
            const bytes = Uint8Array.from(atob(png), c => c.charCodeAt(0));
            clipboardData.items.add(new File([bytes], "pasted.png", {type: "image/png"}));
            document.dispatchEvent(new ClipboardEvent("paste", {clipboardData, bubbles: true}));
        }""",
        base64.b64encode(picture()).decode(),
    )
    expect(page.locator("#rows tr").filter(has_text="pasted.png")).to_be_visible()


def test_what_had_failed_before_is_uploaded_all_the_same(page: Page, read: Read) -> None:
    cut = ErrorInfo(code="truncated", message="a.png: is cut off")
    made = read("a.png", status=Status.FAILED, error=cut)
    page.goto("/")
    page.locator("#upload input").set_input_files(
        {"name": "a.png", "mimeType": "image/png", "buffer": picture()}
    )
    expect(page.locator("#tray-title")).to_have_text("Uploaded")
    page.locator("#tray").get_by_role("link", name="Show", exact=True).click()
    expect(page).to_have_url(re.compile(made.id))


def _choose_many(page: Page, count: int) -> None:
    page.evaluate(
        """count => {
            const canvas = Object.assign(document.createElement("canvas"), {width: 40, height: 40});
            const input = document.querySelector("#upload input");
            const transfer = new DataTransfer();
            const draw = canvas.getContext("2d");
            for (let n = 0; n < count; n++) {
                draw.fillStyle = `rgb(${n % 256} ${n >> 8} 0)`;
                draw.fillRect(0, 0, 40, 40);
                const data = atob(canvas.toDataURL("image/png").split(",")[1]);
                const bytes = Uint8Array.from(data, c => c.charCodeAt(0));
                transfer.items.add(new File([bytes], `${n}.png`, {type: "image/png"}));
            }
            input.files = transfer.files;
            input.dispatchEvent(new Event("change"));
        }""",
        count,
    )


def test_who_is_told_to_wait_uploads_all_the_same(
    page: Page, adapters: Adapters, monkeypatch: pytest.MonkeyPatch, faults: list[str]
) -> None:
    # As where others upload, too: of what a page sends at once most is refused at first.
    monkeypatch.setattr("functions.api.routes.invoices._UPLOADS", AtOnce(1))
    told = []
    page.on("response", lambda answer: told.append(answer.status))
    page.goto("/")
    _choose_many(page, 30)
    expect(page.locator("#tray-title")).to_have_text("Uploaded", timeout=60_000)
    expect(page.locator("#tray").get_by_role("link", name="Show", exact=True)).to_have_count(30)
    assert 429 in told
    assert sum(adapters.store.count_by_status().values()) == 30
    assert [fault for fault in faults if "429" not in fault] == []
    faults.clear()  # the browser notes each refusal on its console


def test_who_leaves_before_all_is_uploaded_is_asked(page: Page, adapters: Adapters) -> None:
    leaves = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    held: list[Route] | None = []

    def hold(route: Route) -> None:
        route.continue_() if held is None else held.append(route)

    page.route("**/v1/invoices", hold)
    page.goto("/")
    assert page.evaluate(leaves)
    _choose_many(page, 5)
    expect(page.locator("#tray-title")).to_have_text("Uploading 5 …")
    assert not page.evaluate(leaves)
    held, waiting = None, held
    for route in waiting:
        route.continue_()
    expect(page.locator("#tray-title")).to_have_text("Uploaded")
    assert page.evaluate(leaves)
    assert sum(adapters.store.count_by_status().values()) == 5


@pytest.mark.slow
def test_a_thousand_files_at_once(page: Page, adapters: Adapters) -> None:
    page.goto("/")
    _choose_many(page, 1000)
    expect(page.locator("#tray-title")).to_have_text("Uploaded", timeout=300_000)
    expect(page.get_by_role("link", name="Show", exact=True)).to_have_count(1000)
    expect(page.get_by_role("navigation", name="Which invoices")).to_contain_text("All 1000")
    assert sum(adapters.store.count_by_status().values()) == 1000


def test_who_may_only_look_is_offered_nothing_else(
    page: Page,
    adapters: Adapters,
    three: list[Invoice],
    sign_in: Callable[[str, Role], None],
) -> None:
    sign_in("/sign-in", Role.READER)
    expect(page.locator("#rows .file")).to_have_count(3)
    expect(page.get_by_role("checkbox")).to_have_count(0)
    expect(page.get_by_role("button", name="Upload")).to_have_count(0)
    page.goto(f"/invoices/{three[0].id}")
    expect(page.get_by_label("Total")).not_to_be_editable()
    for act in ("Accept", "Reject", "Read again"):
        expect(page.get_by_role("button", name=act)).to_have_count(0)
    page.keyboard.press("Control+Enter")
    page.keyboard.press("F8")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(adapters.store.list(Query()).invoices) == 3


def test_who_gets_no_answer_any_more_is_told(
    page: Page,
    address: str,
    read: Read,
    cut: Callable[[str], Event],
    lose_patience: Callable[[], None],
) -> None:
    here = f"{address}/"
    lost = cut(here)
    page.goto("/")
    lost.set()
    with page.expect_request(here):
        pass  # the page looks by itself
    lose_patience()
    expect(page.locator("#offline")).to_be_visible()
    lost.clear()
    read("new.png")
    expect(page.locator("#offline")).to_be_hidden()
    assert _names(page) == ["new.png"]
