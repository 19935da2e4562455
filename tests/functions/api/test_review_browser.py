"""Review by keyboard, in a real browser, as a person does it."""

import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event

import cv2
import numpy as np
import pytest
from drawn import BOXES, HEIGHT, RED, WIDTH, Read, local_alone, readings
from playwright.sync_api import Page, expect

from core.invoice import Correction, Invoice, Reason, Status
from core.ports import Adapters
from core.review import correct
from core.template import Turn
from core.values.value import Value

pytestmark = local_alone

CALLS = "**/v1/invoices/*"
DOUBT = Reason(code="low_confidence", message="total: is hard to read", fields=("total",))


@pytest.fixture
def queue(read: Read) -> list[Invoice]:
    """Three invoices that need review, and one between them that doesn't."""
    return [
        read(
            f"{n}.png",
            seed=n,
            ago=timedelta(hours=n),
            status=Status.DONE if n == 1 else Status.NEEDS_REVIEW,
            reasons=[] if n == 1 else [DOUBT],
        )
        for n in range(4)
    ]


def _open(page: Page, invoice: Invoice, place: str = "") -> None:
    page.goto(f"/invoices/{invoice.id}{place}")
    expect(page.locator(".review .value").first).to_be_focused()


def _at(page: Page, invoice: Invoice) -> None:
    """Waits until this invoice is what the page shows."""
    expect(page.get_by_role("img", name=f"Page 1 of {invoice.source.name}")).to_be_visible()


def _fields(entries: tuple[Correction, ...]) -> list[tuple[str, str | None, str | None, str]]:
    return [(entry.field, entry.before, entry.after, entry.by) for entry in entries]


def test_enter_confirms_field_after_field_then_the_next_invoice_is_there(
    page: Page, adapters: Adapters, queue: list[Invoice]
) -> None:
    _open(page, queue[0])
    names = page.locator(".review .value").evaluate_all("all => all.map(entry => entry.name)")
    assert names == ["total", "seller", "date", "invoice_number"]  # least certain first
    page.get_by_label("Your name").fill("Mona")
    page.get_by_label("Total").focus()
    page.wait_for_load_state("networkidle")  # the next invoice has been loaded by then
    page.evaluate("window.isTheSame = true")
    started = time.monotonic()
    for _ in names:
        page.keyboard.press("Enter")
    _at(page, queue[2])  # not 1.png, which is done
    print(f"after {time.monotonic() - started:.2f} s")
    assert page.evaluate("window.isTheSame")  # it came in place: nothing was loaded first
    assert time.monotonic() - started < 5  # that a person may take
    expect(page.locator(".review .value").first).to_be_focused()
    expect(page.get_by_label("Your name")).to_have_value("Mona")
    expect(page).to_have_url(page.url.partition("/invoices")[0] + f"/invoices/{queue[2].id}")
    reviewed = adapters.store.get(queue[0].id)
    assert reviewed.status is Status.DONE
    assert [(each.by, each.reasons) for each in reviewed.decisions] == [("Mona", ())]
    assert {e[0] for e in _fields(reviewed.corrections) if e[1] == e[2]} == set(names)
    assert {e[3] for e in _fields(reviewed.corrections)} == {"Mona"}


def test_a_correction_may_be_typed_in_either_digits_and_keeps_the_original(
    page: Page, adapters: Adapters, queue: list[Invoice]
) -> None:
    _open(page, queue[0])
    page.keyboard.type("٥٦٬٧٠٠٫٥٠")  # what is selected is typed over
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Seller")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.type("13/05/2024")
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    kept = adapters.store.get(queue[0].id).fields
    assert (kept["total"].value, kept["total"].original) == ("56700.50", "56000.50")
    assert (kept["date"].value, kept["date"].original) == ("2024-05-13", "2024-05-12")
    page.go_back()
    _at(page, queue[0])
    expect(page.locator("#field-total")).to_contain_text("corrected from 56,000.50")


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        (["End", "0"], "125000"),
        (["End", "Backspace"], "1250"),
        (["Home", "Delete"], "2500"),
        (["End", "ArrowLeft", "Shift+ArrowLeft", "7"], "12570"),
        (["1", "2", ",", "5"], "12.5"),
        # The comma alone, which some have for decimals: the digits beside it stay.
        (["Home", *["ArrowRight"] * 3, "Backspace", "."], "12.500"),
        (["Home", *["ArrowRight"] * 2, "Delete", "."], "12.500"),
        (["Home", *["ArrowRight"] * 2, "Shift+ArrowRight", "Backspace", "."], "12.500"),
        (["Home", *["ArrowRight"] * 2, "Shift+ArrowRight", "."], "12.500"),
        (["Home", *["ArrowRight"] * 3, "Backspace"], "12500"),
    ],
)
def test_with_a_digit_more_or_less_thousands_become_no_decimals(
    page: Page, adapters: Adapters, read: Read, keys: list[str], value: str
) -> None:
    total = readings()["total"].model_copy(update={"value": "12500"})
    made = read(status=Status.NEEDS_REVIEW, reasons=[DOUBT], fields=readings(total=total))
    _open(page, made)
    expect(page.get_by_label("Total")).to_have_value("12,500")
    for key in keys:
        page.keyboard.press(key)
    with page.expect_response(lambda answer: answer.request.method == "PATCH"):
        page.keyboard.press("Control+Enter")
    assert adapters.store.get(made.id).fields["total"].value == value


def test_what_cannot_be_is_said_beside_the_field_and_escape_takes_it_back(
    page: Page, adapters: Adapters, queue: list[Invoice], faults: list[str]
) -> None:
    _open(page, queue[0])
    page.keyboard.type("much")
    page.keyboard.press("Control+Enter")
    total = page.locator("#field-total")
    expect(total).to_contain_text("'much' is not an amount")
    expect(page.get_by_label("Total")).to_be_focused()
    assert adapters.store.get(queue[0].id).status is Status.NEEDS_REVIEW
    page.keyboard.press("Escape")
    expect(page.get_by_label("Total")).to_have_value("56,000.50")
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    assert [fault for fault in faults if "422" not in fault] == []
    faults.clear()  # the browser notes the refusal on its console


def test_an_invoice_can_be_rejected_with_a_reason(
    page: Page, adapters: Adapters, queue: list[Invoice]
) -> None:
    _open(page, queue[0])
    page.keyboard.press("F8")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.keyboard.press("F8")
    page.get_by_label("Other", exact=True).fill("of another company")
    page.keyboard.press("Enter")
    _at(page, queue[2])
    rejected = adapters.store.get(queue[0].id)
    assert rejected.status is Status.FAILED
    assert rejected.error is not None
    assert rejected.error.code == "rejected"
    assert "of another company" in rejected.error.message
    page.goto(f"/invoices/{queue[0].id}")
    expect(page.get_by_text("Rejected by Reviewer: of another company")).to_be_visible()
    expect(page.get_by_label("Total")).not_to_be_editable()


def test_after_the_last_one_the_list_shows_that_none_is_left(page: Page, read: Read) -> None:
    only = read(status=Status.NEEDS_REVIEW, reasons=[DOUBT])
    _open(page, only, "?status=needs_review")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No invoice is “Needs review” now.")).to_be_visible()


def test_the_last_one_does_not_lead_back_to_the_one_before(
    page: Page, queue: list[Invoice]
) -> None:
    _open(page, queue[0], "?status=needs_review")
    for invoice in (queue[0], queue[2], queue[3]):
        _at(page, invoice)
        page.wait_for_load_state("networkidle")  # the next one is here, as it was by then
        page.keyboard.press("Control+Enter")
    expect(page.get_by_text("No invoice is “Needs review” now.")).to_be_visible()


def test_the_field_at_hand_is_shown_large_on_the_page(page: Page, queue: list[Invoice]) -> None:
    _open(page, queue[0])
    box = page.locator(".boxes [data-field=total] rect")
    before = box.bounding_box()
    page.keyboard.press("F2")
    after, seen = box.bounding_box(), page.locator(".pages").bounding_box()
    assert before is not None
    assert after is not None
    assert seen is not None
    assert after["width"] == pytest.approx(3 * before["width"], rel=0.02)
    assert seen["x"] <= after["x"] + 1
    assert after["x"] + after["width"] <= seen["x"] + seen["width"] + 1
    assert seen["y"] <= after["y"] + after["height"] / 2 <= seen["y"] + seen["height"]
    page.keyboard.press("F2")
    assert box.bounding_box() == pytest.approx(before, abs=1)


def test_what_lacks_a_value_is_accepted_only_when_it_is_said_again(
    page: Page, adapters: Adapters, read: Read
) -> None:
    empty = readings()["total"].model_copy(update={"text": "", "value": None})
    made = read(status=Status.NEEDS_REVIEW, reasons=[DOUBT], fields=readings(total=empty))
    after = read("b.png", seed=1, status=Status.NEEDS_REVIEW, reasons=[DOUBT])
    _open(page, made, "?order_by=number+asc")
    page.get_by_label("Seller").fill("Acme")
    page.keyboard.press("Control+Enter")
    dialog = page.get_by_role("dialog", name="This is not in order")
    expect(dialog).to_contain_text("Total: A value is required")
    page.keyboard.press("Enter")  # the safe answer is at hand
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Seller")).to_have_value("Acme")  # what was typed is kept
    kept = adapters.store.get(made.id)
    assert (kept.status, kept.fields["seller"].value) == (Status.NEEDS_REVIEW, "Acme")
    page.keyboard.press("Control+Enter")
    dialog.get_by_role("button", name="Accept anyway").click()
    _at(page, after)
    assert adapters.store.get(made.id).status is Status.DONE
    # And is told to whoever looks at it later.
    page.goto(f"/invoices/{made.id}")
    page.get_by_text("About this file").click()
    last = page.locator(".trail > li").last
    expect(last).to_contain_text("Accepted nevertheless")
    expect(last).to_contain_text("Reviewer")
    doubts = ["Total: Is hard to read", "Total: A value is required"]
    expect(last.get_by_role("listitem")).to_have_text(doubts)


def test_what_vouches_for_a_number_is_said(page: Page, adapters: Adapters, read: Read) -> None:
    rule = "total == invoice_number + 1"
    numbers = {
        name: readings()[name].model_copy(update={"vouched_by": rule})
        for name in ("total", "invoice_number")
    }
    made = read(status=Status.NEEDS_REVIEW, reasons=[DOUBT], fields=readings(**numbers))
    _open(page, made)
    told = page.get_by_text("the rule holds: Total = Invoice number + 1")
    expect(told).to_have_count(2)
    expect(page.locator("#field-date")).not_to_contain_text("rule")
    # Not of what a person has looked at, nor where they changed what the rule speaks of.
    adapters.store.update(made.id, lambda it: correct(it, {"total": Value("56000.50")}, by="Mona"))
    page.reload()
    expect(told).to_have_count(1)
    adapters.store.update(made.id, lambda it: correct(it, {"total": Value("2")}, by="Mona"))
    page.reload()
    expect(told).to_have_count(0)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_page_scanned_on_its_side_is_shown_upright_with_its_boxes(
    page: Page, read: Read, turn: Turn
) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    left, top, right, bottom = BOXES["total"]
    pixels[top:bottom, left:right] = RED
    lying = np.rot90(pixels, -turn // 90)  # the other way round: clockwise
    ys, xs = np.nonzero(lying[:, :, 1] == 0)
    box = (int(xs.min()), int(ys.min()), int(xs.max()) + 1, int(ys.max()) + 1)
    total = readings()["total"].model_copy(update={"box": box, "turn": turn})
    made = read(
        data=bytes(cv2.imencode(".png", lying)[1]),
        status=Status.NEEDS_REVIEW,
        reasons=[DOUBT],
        fields={"total": total},
        page_sizes={1: (lying.shape[1], lying.shape[0])},
    )
    _open(page, made)
    sheet, rect = page.locator(".sheet"), page.locator(".boxes [data-field=total] rect")
    page.wait_for_function("document.querySelector('.sheet img').complete")
    rect.evaluate("box => (box.style.visibility = 'hidden')")
    for key in ("", "F2"):
        if key:
            page.keyboard.press(key)
        whole, at = sheet.bounding_box(), rect.bounding_box()
        assert whole is not None
        assert at is not None
        scale = whole["width"] / WIDTH
        assert whole["height"] == pytest.approx(scale * HEIGHT, rel=0.02)
        assert at["x"] - whole["x"] == pytest.approx(scale * left, abs=3)
        assert at["y"] - whole["y"] == pytest.approx(scale * top, abs=3)
        assert at["width"] == pytest.approx(scale * (right - left), abs=3)
        # And what is to be seen in the box is the bar, to its edges.
        seen = cv2.imdecode(np.frombuffer(page.screenshot(clip=at), np.uint8), cv2.IMREAD_COLOR)
        assert np.mean(seen[:, :, 1] < 128) > 0.9
    page.goto("/")
    thumbnail = page.locator(".look img").bounding_box()
    assert thumbnail is not None
    assert thumbnail["height"] > thumbnail["width"]


def test_what_a_person_has_begun_is_not_taken_away(
    page: Page, adapters: Adapters, queue: list[Invoice]
) -> None:
    _open(page, queue[0])
    page.keyboard.type("1")
    adapters.store.update(
        queue[0].id, lambda it: it.model_copy(update={"fields": readings(), "reasons": ()})
    )
    with page.expect_response(lambda answer: answer.url == page.url):
        page.evaluate("document.dispatchEvent(new Event('khana:changed'))")
    expect(page.get_by_label("Total")).to_have_value("1")


def test_a_page_without_a_mouse_or_name_still_says_who(
    page: Page, adapters: Adapters, queue: list[Invoice]
) -> None:
    _open(page, queue[3])
    page.keyboard.press("Control+Enter")
    _at(page, queue[0])  # after the last, the first again
    assert adapters.store.get(queue[3].id).fields["total"].reviewed_by == "Reviewer"


def test_of_two_people_at_one_invoice_the_second_is_told_and_sees_what_the_first_did(
    page: Page, adapters: Adapters, queue: list[Invoice], faults: list[str]
) -> None:
    _open(page, queue[0])
    page.get_by_label("Total").fill("7")
    page.get_by_label("Seller").fill("Acme")
    theirs = {"total": Value("8"), "date": Value("2024-06-01")}
    adapters.store.update(queue[0].id, lambda it: correct(it, theirs, by="Omar"))
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("it was changed since you saw it")).to_be_visible()
    assert adapters.store.get(queue[0].id).fields["total"].reviewed_by == "Omar"
    expect(page.get_by_role("button", name="Show it as it is now")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Total")).to_have_value("8")  # the word of the one who was first
    expect(page.locator("#field-total")).to_contain_text("Omar")
    expect(page.get_by_label("Seller")).to_have_value("Acme")  # nobody else has said of it
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    kept = adapters.store.get(queue[0].id).fields
    assert [kept[name].value for name in ("total", "seller", "date")] == ["8", "Acme", "2024-06-01"]
    assert [fault for fault in faults if "412" not in fault] == []
    faults.clear()  # the browser notes the refusal on its console


@pytest.mark.parametrize("size", [(1280, 420), (640, 450), (390, 500)])
def test_nobody_confirms_what_they_can_not_see(
    page: Page, queue: list[Invoice], size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    seen = """() => {
      const [entry, bar] = [document.activeElement, document.querySelector(".bar")];
      const at = entry.getBoundingClientRect();
      return at.top > 0 && at.bottom <= Math.min(bar.getBoundingClientRect().top, innerHeight)
        && entry.matches(".value");
    }"""
    _open(page, queue[0])
    for _ in range(4):
        page.wait_for_function(seen)
        page.keyboard.press("Enter")
    _at(page, queue[2])
    page.wait_for_function(seen)
    page.keyboard.press("Tab")
    page.wait_for_function(seen)
    page.keyboard.press("Shift+Tab")
    page.wait_for_function(seen)


def test_what_was_refused_is_seen(page: Page, queue: list[Invoice], faults: list[str]) -> None:
    page.set_viewport_size({"width": 640, "height": 450})
    _open(page, queue[0])
    page.get_by_label("Invoice number").fill("none")
    page.evaluate("scrollTo(0, 0)")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#fault-invoice_number")).to_be_in_viewport(ratio=1)
    faults.clear()  # the browser notes the refusal on its console


def test_who_skips_to_the_content_stays_on_the_page(page: Page, queue: list[Invoice]) -> None:
    _open(page, queue[0])
    page.get_by_label("Total").fill("12")
    page.locator(".skip").focus()
    page.keyboard.press("Enter")  # no question, nothing anew
    expect(page.locator("main")).to_be_focused()
    expect(page.get_by_label("Total")).to_have_value("12")
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    page.go_back()
    _at(page, queue[0])


def test_who_leaves_with_something_typed_is_asked(page: Page, queue: list[Invoice]) -> None:
    _open(page, queue[0])
    leaves = "dispatchEvent(new Event('beforeunload', {cancelable: true}))"
    assert page.evaluate(leaves)
    page.get_by_label("Total").fill("7")
    assert not page.evaluate(leaves)
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    assert page.evaluate(leaves)


@pytest.mark.parametrize("language", ["en", "ar"])
def test_what_a_proxy_says_instead_of_khana_is_said_in_words(
    page: Page, address: str, queue: list[Invoice], faults: list[str], language: str
) -> None:
    page.context.add_cookies([{"name": "language", "value": language, "url": address}])
    page.route(CALLS, lambda route: route.fulfill(status=502, body="<h1>Oh</h1>"))
    _open(page, queue[0])
    page.keyboard.press("Control+Enter")
    said = {"en": "Khana can’t be reached. Try again.", "ar": "تعذّر الوصول إلى خانة. حاول من جديد."}
    expect(page.locator(".bar .fault")).to_have_text(said[language])
    faults.clear()  # the browser notes it on its console


def test_a_line_that_was_lost_ends_no_wait(
    page: Page,
    adapters: Adapters,
    queue: list[Invoice],
    cut: Callable[[str], Event],
    lose_patience: Callable[[], None],
) -> None:
    lost = cut(CALLS)
    _open(page, queue[0])
    lost.set()
    with page.expect_request(CALLS):
        page.keyboard.press("Control+Enter")
    lose_patience()
    expect(page.locator(".bar .fault")).to_have_text("Khana can’t be reached. Try again.")
    lost.clear()
    page.keyboard.press("Control+Enter")
    _at(page, queue[2])
    assert adapters.store.get(queue[0].id).status is Status.DONE


def test_what_a_rule_asks_for_is_said_and_taken_by_a_person_alone(
    page: Page, adapters: Adapters, read: Read
) -> None:
    broken = Reason(
        code="rule_broken",
        message="total == 57000.5 does not hold: total is 56000.50",
        fields=("total", "seller"),
        proposed={"total": "57000.50"},
    )
    date = readings()["date"].model_copy(update={"exact": True})
    made = read(status=Status.NEEDS_REVIEW, reasons=[broken], fields=readings(date=date))
    _open(page, made)
    expect(page.get_by_text("own text agrees")).to_have_count(1)
    expect(page.locator("#field-date")).to_contain_text("own text agrees")
    total = page.locator("#field-total")
    expect(total).to_contain_text("would fit the rule: 57,000.50")
    expect(page.get_by_label("Total")).to_have_value("56,000.50")
    total.get_by_role("button", name="take it").click()
    expect(page.get_by_label("Total")).to_have_value("57000.50")
    expect(page.get_by_label("Total")).to_be_focused()
    assert adapters.store.get(made.id).fields["total"].value == "56000.50"
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Invoices")
    assert adapters.store.get(made.id).fields["total"].value == "57000.50"
