"""Drawing a template in a real browser, as a person does it, with the real reader."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from threading import Event

import cv2
import pytest
from drawn import local_alone
from playwright.sync_api import Locator, Page, expect

from core.intake.arrival import receive
from core.invoice import Outcome, SourceRef, Status, TemplateRef, finish
from core.ports import Adapters, StoredTemplate
from core.settings import Settings
from core.template import Box, Template, parse_template
from samples import INVOICES, TEMPLATES

pytestmark = local_alone

SAMPLE = INVOICES / "rimal-0091288.png"
RIMAL = parse_template(json.loads((TEMPLATES / "rimal.json").read_text("utf-8")))
BOXES = {field.name: field.box for field in RIMAL.fields}
WIDTH, HEIGHT = RIMAL.page_size
LONG_MS = 60_000
"""For what computes for seconds: a form that is learned, 200 boxes that are read."""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data", settle=0)


@pytest.fixture
def rimal(adapters: Adapters) -> Template:
    """The template of the sample, with its picture."""
    return adapters.store.put_template(
        StoredTemplate(RIMAL, (TEMPLATES / "rimal.png").read_bytes())
    )


def _choose(page: Page, file: Path = SAMPLE) -> None:
    page.goto("/templates")
    page.get_by_role("link", name="New template").first.click()
    page.locator("#sample").set_input_files(file)
    expect(page.locator("#boxes")).to_be_visible()


def _at(page: Page, x: int, y: int) -> tuple[float, float]:
    """Where a point of the page is on the screen, once it is brought there."""
    page.locator("#stage").evaluate(
        "(stage, share) => stage.scrollTo(0, share * stage.querySelector('#boxes')"
        ".getBoundingClientRect().height - stage.clientHeight / 2)",
        y / HEIGHT,
    )
    seen = page.locator("#boxes").bounding_box()
    assert seen is not None
    return seen["x"] + seen["width"] * x / WIDTH, seen["y"] + seen["height"] * y / HEIGHT


def _drag(page: Page, start: tuple[int, int], end: tuple[int, int]) -> None:
    x, y = _at(page, *start)
    page.mouse.move(x, y)
    page.mouse.down()
    seen = page.locator("#boxes").bounding_box()
    assert seen is not None
    scale = seen["width"] / WIDTH
    page.mouse.move(x + scale * (end[0] - start[0]), y + scale * (end[1] - start[1]), steps=3)
    page.mouse.up()


def _draw(page: Page, box: Box) -> None:
    _drag(page, box[:2], box[2:])


def _entry(page: Page, number: int = -1) -> Locator:
    return page.locator(".entry").nth(number)


def _named(page: Page, name: str) -> Locator:
    expect(page.locator(".entry")).not_to_have_count(0)
    names = page.locator(".entry [data-of=name]").evaluate_all("all => all.map(one => one.value)")
    return _entry(page, names.index(name))


def _corners(entry: Locator) -> list[int]:
    values = entry.locator(".corners input").evaluate_all("all => all.map(one => one.value)")
    return [int(value) for value in values]


def test_boxes_are_read_as_they_are_drawn_and_the_template_is_kept(
    page: Page, adapters: Adapters
) -> None:
    _choose(page)
    _draw(page, BOXES["invoice_number"])
    number = _entry(page)
    expect(number.locator(".reading")).to_contain_text("0091288")
    expect(page.locator("#tag")).to_have_text("0091288")  # beside the box, too
    expect(number.get_by_label("Name")).to_have_value("invoice_number")  # what it looks like
    expect(number.get_by_label("Kind")).to_have_value("number")
    left, top, right, bottom = BOXES["total"]
    page.mouse.click(*_at(page, left, top))  # two clicks
    page.mouse.click(*_at(page, right, bottom))
    total = _entry(page)
    expect(total.locator(".reading")).to_contain_text("20253.19")
    expect(total.get_by_label("Kind")).to_have_value("amount")
    page.keyboard.press("Enter")  # its name
    page.keyboard.type("grand total")
    total.get_by_label("Kind").select_option("Number")
    expect(total.locator(".reading")).to_have_class(re.compile("doubtful"))  # read again as such
    total.get_by_label("Kind").select_option("Amount")
    page.get_by_label("Supplier").fill("Rimal Logistics")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible(timeout=LONG_MS)
    stored = adapters.store.get_template("rimal-logistics")
    assert stored.reference == SAMPLE.read_bytes()
    assert stored.looks is not None
    assert stored.template.name == "Rimal Logistics"
    assert stored.template.page_size == (WIDTH, HEIGHT)
    assert [(field.name, field.kind.value) for field in stored.template.fields] == [
        ("invoice_number", "number"),
        ("grand_total", "amount"),
    ]
    for field, name in zip(stored.template.fields, ("invoice_number", "total"), strict=True):
        assert field.box == pytest.approx(BOXES[name], abs=6)  # snapping moves it a little
    # What is surely read there is the example of the others.
    assert stored.template.fields[0].example == "٠٠٩١٢٨٨"


def test_a_date_that_can_only_begin_with_the_month_says_so(page: Page, tmp_path: Path) -> None:
    left, top, right, bottom = BOXES["date"]
    picture = cv2.imread(str(SAMPLE))
    picture[top + 3 : bottom - 3, left + 3 : right - 3] = 255
    at = left + 20, bottom - 10
    cv2.putText(picture, "05/23/2026", at, cv2.FONT_HERSHEY_SIMPLEX, 0.8, (0, 0, 0), 2, cv2.LINE_AA)
    cv2.imwrite(str(tmp_path / "american.png"), picture)
    _choose(page, tmp_path / "american.png")
    order = page.get_by_label("Dates such as 03/04/2026")
    expect(order).to_have_value("dmy")

    _draw(page, BOXES["date"])

    expect(order).to_have_value("mdy")
    expect(_entry(page).locator(".reading")).to_contain_text("2026-05-23")
    order.select_option("day first")  # whoever says so knows better
    page.wait_for_load_state("networkidle")
    expect(order).to_have_value("dmy")


def test_a_box_that_cuts_through_print_says_so(page: Page) -> None:
    _choose(page)
    left, top, right, bottom = BOXES["total"]
    _draw(page, (left, top, (left + right) // 2, bottom))
    reading = _entry(page).locator(".reading")
    expect(reading).to_contain_text("The box cuts through what stands there")
    expect(reading).to_have_class(re.compile("doubtful"))
    _entry(page).get_by_label("Kind").select_option("Amount")
    page.wait_for_load_state("networkidle")
    expect(reading).to_contain_text("The box cuts through what stands there")
    # What is left of it is no example of others.
    expect(_entry(page).locator("[data-of=example]")).to_have_value("")
    _entry(page).locator("summary").click()
    _entry(page).locator("[data-of='2']").fill(str(right))
    page.keyboard.press("Tab")
    expect(reading).not_to_contain_text("The box cuts")
    expect(reading).to_contain_text("20253.19")


def test_on_a_phone_the_page_stays_where_boxes_are_drawn(page: Page) -> None:
    page.set_viewport_size({"width": 375, "height": 740})
    _choose(page)
    before = page.locator("#boxes").bounding_box()
    for name, count in (("invoice_number", 1), ("date", 2)):
        _draw(page, BOXES[name])
        expect(page.locator(".entry")).to_have_count(count)
        expect(_entry(page).locator(".reading")).to_contain_text("%")
    page.mouse.click(*_at(page, *BOXES["invoice_number"][:2]))
    expect(_entry(page, 0)).to_have_class(re.compile("lit"))
    assert page.locator("#boxes").bounding_box() == before


def test_what_was_read_elsewhere_is_no_example(
    page: Page, adapters: Adapters, cut: Callable[[str], Event]
) -> None:
    lost = cut("**/*:tryRead")
    _choose(page)
    _draw(page, BOXES["invoice_number"])
    number = _entry(page)
    expect(number.locator(".reading")).to_contain_text("0091288")
    number.get_by_text("More").click()
    expect(number.get_by_label("Printed here")).to_have_value("٠٠٩١٢٨٨")
    page.locator("#sample").set_input_files(INVOICES / "rimal-0091304.jpg")  # another page
    expect(number.locator(".reading")).to_contain_text("0091304")
    expect(number.get_by_label("Printed here")).to_have_value("0091304")
    lost.set()  # what is asked from now on is never answered
    number.get_by_label("Right").fill(str(_corners(number)[2] - 3))
    expect(number.get_by_label("Printed here")).to_have_value("")
    page.get_by_label("Supplier").fill("Rimal Logistics")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 1.")).to_be_visible(timeout=LONG_MS)
    (field,) = adapters.store.get_template("rimal-logistics").template.fields
    assert field.example is None


def test_what_is_printed_in_a_box_is_said_by_whoever_knows_better(
    page: Page, adapters: Adapters, rimal: Template
) -> None:
    page.goto(f"/templates/{rimal.id}")
    entry = _named(page, "tax_rate")
    entry.get_by_label("Name").click()
    entry.get_by_text("More").click()
    printed = entry.get_by_label("Printed here")
    expect(printed).to_have_value("")  # on a form that nobody has filled in nothing is
    expect(printed.locator("xpath=following-sibling::small")).to_contain_text("blanks")
    printed.fill(" ٥ %")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible(timeout=LONG_MS)
    entry = _named(page, "tax_rate")
    entry.get_by_text("More").click()
    expect(entry.get_by_label("Printed here")).to_have_value("٥ %")  # with its blanks
    _named(page, "customer").get_by_text("More").click()
    expect(_named(page, "customer").get_by_label("Printed here")).to_be_hidden()  # words need none
    fields = {field.name: field for field in adapters.store.get_template(rimal.id).template.fields}
    assert fields["tax_rate"].example == "٥ %"
    assert fields["customer"].example is None


def test_points_and_steps_can_be_taken_back(page: Page) -> None:
    _choose(page)
    box = BOXES["invoice_number"]
    page.mouse.click(*_at(page, *box[:2]))
    page.keyboard.press("n")  # the first point
    page.mouse.click(*_at(page, *box[2:]))
    expect(page.locator(".entry")).to_have_count(0)  # that was a first point again
    page.keyboard.press("Escape")
    _draw(page, box)
    expect(page.locator(".entry")).to_have_count(1)
    page.keyboard.press("n")  # the second point: the first still stands
    expect(page.locator(".entry")).to_have_count(0)
    page.mouse.click(*_at(page, box[2], box[3]))
    expect(page.locator(".entry")).to_have_count(1)
    page.keyboard.press("Control+z")
    expect(page.locator(".entry")).to_have_count(0)
    page.keyboard.press("Control+y")
    expect(page.locator(".entry")).to_have_count(1)
    page.locator("#boxes [data-key]").first.click()
    page.keyboard.press("Delete")
    expect(page.locator(".entry")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".entry")).to_have_count(1)


def test_the_keys_are_where_they_are_whatever_the_keyboard_types(
    page: Page, address: str, rimal: Template
) -> None:
    page.context.add_cookies([{"name": "language", "value": "ar", "url": address}])
    page.goto("/templates/rimal")
    expect(page.locator("#boxes")).to_be_visible()

    def press(key: str, code: str, *, ctrl: bool = False) -> bool:
        """Whether the browser is kept from doing what it would."""
        page.locator("#stage").focus()
        pressed = {"key": key, "code": code, "ctrlKey": ctrl, "bubbles": True, "cancelable": True}
        return not page.evaluate(
            "e => document.activeElement.dispatchEvent(new KeyboardEvent('keydown', e))", pressed
        )

    assert press("ش", "KeyA")
    expect(page.locator(".entry")).to_have_count(len(RIMAL.fields) + 1)
    assert press("ئ", "KeyZ", ctrl=True)
    expect(page.locator(".entry")).to_have_count(len(RIMAL.fields))
    assert press("س", "KeyS", ctrl=True)  # the browser would keep the page
    expect(page.locator(".panel h1 small")).to_contain_text("2", timeout=LONG_MS)
    assert not press("q", "KeyA")  # a French keyboard types it there


def test_a_box_is_moved_and_resized_with_the_mouse_and_by_keyboard(page: Page) -> None:
    _choose(page)
    page.get_by_label("Snap to ruled lines").uncheck()
    _draw(page, (300, 700, 500, 760))
    assert _corners(_entry(page)) == pytest.approx([300, 700, 500, 760], abs=2)
    _drag(page, (400, 730), (450, 750))
    assert _corners(_entry(page)) == pytest.approx([350, 720, 550, 780], abs=3)
    _drag(page, (547, 777), (600, 800))  # its lower right handle
    assert _corners(_entry(page)) == pytest.approx([350, 720, 603, 803], abs=3)
    before = _corners(_entry(page))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowUp")
    left, top, right, bottom = before
    assert _corners(_entry(page)) == [left + 2, top, right + 2, bottom - 1]
    page.keyboard.press("Control+z")  # arrows that follow each other are one step
    assert _corners(_entry(page)) == before
    page.locator(".entry summary").click()
    _entry(page).get_by_label("Left").fill("10")
    assert _corners(_entry(page))[0] == 10


def test_a_box_without_a_mouse(page: Page) -> None:
    _choose(page)
    page.locator("#stage").focus()
    page.keyboard.press("a")
    expect(page.locator(".entry")).to_have_count(1)
    left, top, right, bottom = _corners(_entry(page))
    page.keyboard.press("Control+ArrowDown")
    assert _corners(_entry(page)) == [left, top + 10, right, bottom + 10]
    # It is as one that the mouse draws, in all but its place.
    _draw(page, (left, top - 40, right, bottom - 40))
    expect(page.locator(".entry")).to_have_count(2)
    settings = [
        _entry(page, n)
        .locator("[data-of=required], [data-of=pattern], [data-of=languages]")
        .evaluate_all("all => all.map(one => [one.dataset.of, one.checked, one.value])")
        for n in (0, 1)
    ]
    assert settings[0] == settings[1]
    assert ["required", True, "on"] in settings[0]


def test_edges_snap_to_ruled_lines(page: Page) -> None:
    _choose(page)
    left, top, right, bottom = BOXES["invoice_number"]
    _draw(page, (left - 3, top - 3, right + 2, bottom + 2))  # beyond the lines of its cell
    snapped = _corners(_entry(page))
    assert snapped[0] > left
    assert snapped[1] >= top - 2
    assert snapped[2] < right
    assert snapped[3] <= bottom
    expect(_entry(page).locator(".reading")).to_contain_text("0091288")
    page.keyboard.press("Delete")
    page.keyboard.down("Alt")
    _draw(page, (left - 3, top - 3, right + 2, bottom + 2))
    page.keyboard.up("Alt")
    assert _corners(_entry(page)) == pytest.approx(
        [left - 3, top - 3, right + 2, bottom + 2], abs=1
    )


def test_zoom_keeps_the_place_and_the_hand_moves_the_page(page: Page) -> None:
    _choose(page)
    x, y = _at(page, 600, 600)
    before = page.locator("#boxes").bounding_box()
    assert before is not None
    page.mouse.move(x, y)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -400)
    page.keyboard.up("Control")
    expect(page.locator("#boxes")).not_to_have_js_property("clientWidth", before["width"])
    after = page.locator("#boxes").bounding_box()
    assert after is not None
    assert after["width"] > 1.5 * before["width"]
    assert after["x"] + after["width"] * 600 / WIDTH == pytest.approx(x, abs=3)
    assert after["y"] + after["height"] * 600 / HEIGHT == pytest.approx(y, abs=3)
    page.keyboard.press("h")
    page.mouse.down()
    page.mouse.move(x - 80, y - 60, steps=2)
    page.mouse.up()
    moved = page.locator("#boxes").bounding_box()
    assert moved is not None
    assert (moved["x"], moved["y"]) == pytest.approx((after["x"] - 80, after["y"] - 60), abs=2)
    expect(page.locator(".entry")).to_have_count(0)


def test_a_page_of_a_pdf_can_be_drawn_on(page: Page) -> None:
    _choose(page, INVOICES / "waha-000352.pdf")
    expect(page.locator("#page")).not_to_have_js_property("width", 300)
    page.locator("#stage").focus()
    page.keyboard.press("a")
    expect(_entry(page).locator(".reading")).not_to_have_text(re.compile("^…?$"))


def test_a_new_version_is_tried_saved_and_read_again_on_request(
    page: Page, adapters: Adapters, settings: Settings, rimal: Template
) -> None:
    source = SourceRef(kind="upload", file_id=SAMPLE.name, name=SAMPLE.name)
    with SAMPLE.open("rb") as file:
        made = receive(adapters, file, source, settings)
    read = Outcome(status=Status.DONE, template=TemplateRef(id="rimal", version=1))
    adapters.store.update(made.id, lambda it: finish(it, read, reader="r"))
    page.goto("/templates/rimal")
    expect(page.locator(".entry")).to_have_count(len(RIMAL.fields))
    page.get_by_role("button", name="Test on earlier invoices").click()
    row = page.locator("#trial-table").get_by_role("row").filter(has_text=SAMPLE.name)
    expect(row).to_contain_text("0091288", timeout=LONG_MS)
    expect(row).to_contain_text("20253.19")
    assert adapters.store.get(made.id).fields == {}  # nothing of it is kept
    _entry(page, 0).get_by_label("Name").fill("number")
    page.get_by_label("Each page of a file is an invoice").check()
    page.get_by_role("button", name="Save as the next version").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible(timeout=LONG_MS)
    page.get_by_role("button", name="Read 1 invoices again").click()
    expect(page.get_by_text("1 invoices are being read again.")).to_be_visible()
    assert adapters.store.get(made.id).status is Status.RECEIVED
    kept = adapters.store.get_template("rimal")
    assert kept.template.fields[0].name == "number"
    assert kept.template.rules == RIMAL.rules
    assert kept.template.split == "pages"
    assert kept.reference == (TEMPLATES / "rimal.png").read_bytes()


def test_a_template_without_a_picture_can_be_changed(page: Page, adapters: Adapters) -> None:
    adapters.store.put_template(StoredTemplate(RIMAL.model_copy(update={"reference": None})))
    page.goto(f"/templates/{RIMAL.id}")
    page.get_by_label("Supplier").fill("Rimal & Sons")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible()
    kept = adapters.store.get_template(RIMAL.id)
    assert (kept.template.name, kept.template.reference, kept.reference) == (
        "Rimal & Sons",
        None,
        None,
    )


def test_of_two_editors_the_second_is_told(
    page: Page, adapters: Adapters, rimal: Template, faults: list[str]
) -> None:
    page.goto("/templates/rimal")
    adapters.store.put_template(StoredTemplate(RIMAL, (TEMPLATES / "rimal.png").read_bytes()))
    _entry(page, 0).get_by_label("Name").fill("number")
    page.get_by_role("button", name="Save as the next version").click()
    expect(page.get_by_role("alert")).to_contain_text("It was changed since you saw it")
    assert adapters.store.get_template("rimal").template.version == 2
    assert [fault for fault in faults if "412" not in fault] == []
    faults.clear()  # the browser notes the refusal on its console


def test_who_saves_twice_has_one_template(page: Page, adapters: Adapters) -> None:
    _choose(page)
    _draw(page, BOXES["invoice_number"])
    expect(_entry(page).locator(".reading")).to_contain_text("0091288")
    page.get_by_label("Supplier").fill("شركة الرمال")  # of which its id is the time
    page.keyboard.press("Control+s")
    page.wait_for_timeout(20)
    page.keyboard.press("Control+s")
    expect(page.get_by_text("Saved as version 1.")).to_be_visible(timeout=LONG_MS)
    assert [template.version for template in adapters.store.list_templates()] == [1]


@pytest.mark.slow
def test_200_boxes(page: Page, adapters: Adapters) -> None:
    fields = [
        {
            "name": f"n{i}",
            "kind": "number",
            "box": [20 + i % 10 * 120, 20 + i // 10 * 80, 120 + i % 10 * 120, 60 + i // 10 * 80],
        }
        for i in range(200)
    ]
    many = parse_template(
        {"id": "many", "page_size": [WIDTH, HEIGHT], "reference": "x.png", "fields": fields}
    )
    adapters.store.put_template(StoredTemplate(many, SAMPLE.read_bytes()))
    page.goto("/templates/many")
    expect(page.locator("#boxes g[data-key]:not(.handles *)")).to_have_count(200)
    expect(_entry(page, 199).locator(".reading")).not_to_have_text(
        re.compile("^…?$"), timeout=LONG_MS
    )
    page.locator("#boxes [data-key]").first.click()
    took = page.evaluate(
        """() => {
            document.querySelector("#stage").focus();
            const start = performance.now();
            for (let i = 0; i < 20; i++) {
                document.activeElement.dispatchEvent(
                    new KeyboardEvent("keydown", {key: "ArrowRight", bubbles: true}));
            }
            return performance.now() - start;
        }"""
    )
    assert took < 2000  # milliseconds for 20 steps: a key that is held comes 20 times a second
    page.get_by_role("button", name="Save as the next version").click()
    expect(page.get_by_text("Saved as version 2.")).to_be_visible(timeout=LONG_MS)
    assert len(adapters.store.get_template("many").template.fields) == 200


def test_what_is_wrong_with_it_is_said_and_nothing_is_kept(
    page: Page, adapters: Adapters, faults: list[str]
) -> None:
    _choose(page)
    _draw(page, BOXES["invoice_number"])
    expect(_entry(page).locator(".reading")).to_contain_text("0091288")
    _entry(page).get_by_label("Name").fill("2 <b>")
    page.get_by_label("Supplier").fill("<script>alert(1)</script>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("must be letters, digits and _ only")
    assert adapters.store.list_templates() == []
    page.on("dialog", lambda dialog: dialog.accept())
    assert [fault for fault in faults if "422" not in fault] == []
    faults.clear()  # the browser notes the refusal on its console


def test_a_rule_that_makes_no_sense_is_said_in_arabic(
    page: Page, address: str, rimal: Template, faults: list[str]
) -> None:
    page.context.add_cookies([{"name": "language", "value": "ar", "url": address}])
    page.set_viewport_size({"width": 1280, "height": 600})
    page.goto("/templates/rimal")
    expect(page.locator(".entry")).to_have_count(len(RIMAL.fields))
    page.locator(".rules summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    rules = page.locator("[name=rules]")
    expect(rules).to_be_focused()
    seen, bar = rules.bounding_box(), page.locator(".panel .bar").bounding_box()
    assert seen is not None
    assert bar is not None
    assert seen["y"] + seen["height"] <= bar["y"]  # they see what they type
    rules.fill("total == subtotal + vat")
    page.keyboard.press("Control+s")
    fault = page.get_by_role("alert")
    expect(fault).to_contain_text("لا تصلح هذه القاعدة")
    expect(fault).to_contain_text("speaks of 'vat', which is no field")
    faults.clear()  # the browser notes the refusal on its console


def test_a_template_is_deleted_after_a_question(
    page: Page, adapters: Adapters, rimal: Template
) -> None:
    page.goto("/templates")
    page.get_by_role("link", name="Rimal").click()
    expect(page.locator(".entry")).to_have_count(len(RIMAL.fields))
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert adapters.store.get_template("rimal")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("Khana knows no form yet.")).to_be_visible()
    assert adapters.store.list_templates() == []
