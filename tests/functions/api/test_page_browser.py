"""The page in a real browser, as a person uses it."""

import base64
from datetime import timedelta

import pytest
from drawn import ACME, BOXES, HEIGHT, WIDTH, Read, local_alone, picture, readings
from playwright.sync_api import Locator, Page, expect

from core.invoice import Outcome, Reason, Status, TemplateRef, finish
from core.ports import Adapters, Query, StoredTemplate
from core.template import Template

pytestmark = local_alone

SEEN = """element => {
  const letters = [], range = document.createRange();
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());)
    for (let i = 0; i < node.length; i++) {
      range.setStart(node, i); range.setEnd(node, i + 1);
      letters.push([range.getBoundingClientRect().left, node.data[i]]);
    }
  return letters.sort((a, b) => a[0] - b[0]).map(letter => letter[1]).join("");
}"""
"""What an element shows, from left to right, whatever the order of its characters is."""


def _row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def _cells(row: Locator) -> list[str]:
    return [" ".join(cell.split()) for cell in row.get_by_role("cell").all_inner_texts()]


def _loaded(image: Locator) -> None:
    expect(image).to_have_js_property("complete", True)
    assert image.evaluate("image => image.naturalWidth") > 0


def test_the_list_shows_what_was_read(page: Page, read: Read) -> None:
    read("a.png")
    page.goto("/")
    row = _row(page, "a.png")
    assert _cells(row)[2:8] == [
        "شركة أكمي a.png",
        "Done",
        "0042",
        "2024-05-12",
        "56,000.50",
        "96.1 %",
    ]
    _loaded(row.locator("img"))
    row.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("شركة أكمي")
    page.get_by_role("link", name="Invoices").last.click()
    expect(row).to_be_visible()


def test_an_upload_by_button_is_there_at_once_and_its_values_come_by_themselves(
    page: Page, adapters: Adapters, acme: Template
) -> None:
    page.goto("/")
    expect(page.get_by_text("Drop your first invoice here")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files({"name": "فاتورة.png", "mimeType": "image/png", "buffer": picture()})
    row = _row(page, "فاتورة.png").filter(has=page.get_by_role("cell"))
    expect(row).to_contain_text("Waiting")
    expect(page.get_by_role("status").filter(has_text="Uploaded")).to_be_visible()
    (made,) = adapters.store.list(Query()).invoices
    outcome = Outcome(
        status=Status.DONE,
        template=TemplateRef(id=acme.id, version=acme.version),
        fields=readings(),
    )
    adapters.store.update(made.id, lambda current: finish(current, outcome, reader="r"))
    expect(row).to_contain_text("56,000.50")
    expect(row).to_contain_text("Done")
    page.get_by_role("link", name="Show").click()
    expect(page).to_have_url(f"{page.url.partition('/invoices')[0]}/invoices/{made.id}")


def test_files_can_be_dropped_anywhere_and_a_bad_one_says_why(
    page: Page, faults: list[str]
) -> None:
    page.goto("/")
    transfer = page.evaluate_handle(
        """([png, words]) => {
            const transfer = new DataTransfer();
            const bytes = Uint8Array.from(atob(png), c => c.charCodeAt(0));
            transfer.items.add(new File([bytes], "good.png"));
            transfer.items.add(new File([words], "words.jpg"));
            return transfer;
        }""",
        [base64.b64encode(picture()).decode(), "only words"],
    )
    main = page.get_by_role("main")
    main.dispatch_event("dragenter", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_visible()
    main.dispatch_event("drop", {"dataTransfer": transfer})
    expect(page.get_by_text("Drop to upload")).to_be_hidden()
    tray = page.get_by_role("region", name="Uploads")
    expect(tray.get_by_role("listitem").filter(has_text="words.jpg")).to_contain_text(
        "give a JPEG, PNG, TIFF, WebP, HEIC, BMP or PDF"
    )
    expect(_row(page, "good.png")).to_be_visible()
    assert [fault for fault in faults if "415" not in fault] == []
    faults.clear()  # the browser notes the refused upload on its console


def test_a_file_that_is_too_large_is_not_even_sent(page: Page) -> None:
    page.goto("/")
    page.locator("#upload input").set_input_files(
        {"name": "huge.png", "mimeType": "image/png", "buffer": b"\x89PNG" * 60_000}
    )
    expect(page.get_by_role("region", name="Uploads")).to_contain_text("larger than")


def test_an_invoice_shows_its_page_boxes_crops_and_values(page: Page, read: Read) -> None:
    doubt = Reason(code="low_confidence", message="total: is hard to read", fields=("total",))
    made = read(status=Status.NEEDS_REVIEW, reasons=[doubt])
    page.goto(f"/invoices/{made.id}")
    sheet = page.get_by_role("img", name="Page 1 of scan.png")
    _loaded(sheet)
    frame = sheet.bounding_box()
    assert frame is not None
    for name, (left, top, right, bottom) in BOXES.items():
        box = page.locator(f".boxes [data-field={name}] rect").bounding_box()
        assert box is not None
        assert [
            (box["x"] - frame["x"]) / frame["width"],
            (box["y"] - frame["y"]) / frame["height"],
            box["width"] / frame["width"],
            box["height"] / frame["height"],
        ] == pytest.approx(
            [left / WIDTH, top / HEIGHT, (right - left) / WIDTH, (bottom - top) / HEIGHT],
            abs=0.008,
        )
    for name in BOXES:
        _loaded(page.locator(f"#field-{name} .crop img"))
    total = page.locator("#field-total")
    expect(total.get_by_label("Total")).to_have_value("56,000.50")
    expect(total).to_contain_text("96.1 %")
    expect(total).to_contain_text("Is hard to read")
    page.locator(".boxes [data-field=date]").hover()
    expect(page.locator(".field.pointed")).to_contain_text("Date")
    page.locator(".boxes [data-field=date]").click()
    expect(page.get_by_label("Date")).to_be_focused()


def test_digits_stand_as_they_are_printed(page: Page, read: Read) -> None:
    bad = readings()["date"].model_copy(update={"value": None, "text": "١٢-٠٥-٢٠٢٤"})
    reason = Reason(code="unreadable", message="date: “١٢-٠٥-٢٠٢٤” is no date", fields=("date",))
    made = read(fields=readings(date=bad), reasons=[reason], status=Status.NEEDS_REVIEW)
    page.goto(f"/invoices/{made.id}")
    printed = page.locator(".meaning .muted .digits")
    assert {printed.nth(i).evaluate(SEEN) for i in range(printed.count())} == {
        "٠٠٤٢",
        "١٢-٠٥-٢٠٢٤",
        "٥٦٬٠٠٠٫٥٠",
    }
    assert page.locator("#fault-date .digits").evaluate(SEEN) == "١٢-٠٥-٢٠٢٤"
    # Words go from right to left.
    seller = page.get_by_label("Seller")
    assert seller.evaluate("entry => getComputedStyle(entry).direction") == "rtl"


def test_what_comes_from_outside_runs_nothing(
    page: Page, adapters: Adapters, read: Read, acme: Template
) -> None:
    evil = "<script>alert(1)</script><img src=x onerror=alert(2)>"
    words = readings()["seller"].model_copy(update={"text": evil, "value": evil})
    reason = Reason(code="unreadable", message=f"seller: “{evil}” is odd", fields=("seller",))
    made = read(
        f"{evil}.png", fields=readings(seller=words), reasons=[reason], status=Status.NEEDS_REVIEW
    )
    nameless = read(f"{evil}2.png", seed=2, template=None, fields={}, status=Status.NEEDS_REVIEW)
    page.goto("/")
    expect(page.get_by_text(f"{evil}2.png")).to_be_visible()
    page.goto(f"/invoices/{made.id}")
    expect(page.get_by_label("Seller")).to_have_value(evil)
    page.goto(f"/invoices/{nameless.id}")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"{evil}2.png")
    page.locator("#upload input").set_input_files(
        {"name": f"{evil}3.png", "mimeType": "image/png", "buffer": picture(3)}
    )
    expect(page.get_by_role("link", name="Show")).to_be_visible()


def test_from_one_invoice_to_the_next(page: Page, read: Read) -> None:
    ids = [
        read(f"{n}.png", seed=n, ago=timedelta(hours=n), status=status).id
        for n, status in enumerate(
            [Status.DONE, Status.NEEDS_REVIEW, Status.DONE, Status.NEEDS_REVIEW]
        )
    ]
    page.goto("/")
    page.get_by_role("link", name="Needs review").click()
    expect(page.get_by_role("row")).to_have_count(3)  # with that of the headings
    _row(page, "1.png").click()
    page.get_by_role("link", name="Next invoice").click()
    expect(page).to_have_url(
        f"{page.url.partition('/invoices')[0]}/invoices/{ids[3]}?status=needs_review"
    )
    expect(page.get_by_role("link", name="Next invoice")).to_have_count(0)
    page.get_by_role("link", name="Previous invoice").click()
    expect(page.get_by_role("img", name="Page 1 of 1.png")).to_be_visible()


def test_a_failed_file_says_what_to_do_and_can_be_read_again(
    page: Page, adapters: Adapters, read: Read
) -> None:
    made = read(
        "سر.pdf",
        status=Status.FAILED,
        template=None,
        fields={},
        page_sizes={},
        error={"code": "password_needed", "message": "سر.pdf: needs a password to be opened"},
    )
    page.goto(f"/invoices/{made.id}")
    expect(page.get_by_text("Needs a password to be opened")).to_be_visible()
    expect(page.get_by_text("Save a copy without the password")).to_be_visible()
    expect(page.get_by_text("This file can’t be shown.")).to_be_visible()
    page.get_by_label("Template").select_option("شركة أكمي")
    page.get_by_role("button", name="Read again").click()
    expect(page.get_by_text("Waiting", exact=True)).to_be_visible()
    assert adapters.store.get(made.id).requested_template == "acme"


@pytest.mark.parametrize("width", [320, 390, 768, 1024])
def test_nothing_sticks_out_on_small_screens(page: Page, read: Read, width: int) -> None:
    made = read("a-file-with-a-rather-long-name-that-a-phone-has-no-room-for-2024-05-12.png")
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/", f"/invoices/{made.id}"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("language", ["ar", "en"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_the_button_that_reads_again_covers_no_choice(
    page: Page, read: Read, width: int, language: str
) -> None:
    page.set_extra_http_headers({"Accept-Language": language})
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"/invoices/{read().id}")
    choice, button = (
        page.locator(f".again {part}").bounding_box() for part in ("select", "button")
    )
    assert choice
    assert button
    beside = (
        choice["x"] + choice["width"] <= button["x"] or button["x"] + button["width"] <= choice["x"]
    )
    assert beside or choice["y"] + choice["height"] <= button["y"]


@pytest.mark.parametrize("width", [320, 1280])
def test_a_name_that_can_not_be_broken_sticks_out_nowhere(
    page: Page, adapters: Adapters, read: Read, width: int
) -> None:
    long = ACME.model_copy(update={"id": "long", "name": "a_name_without_a_blank" * 9})
    adapters.store.put_template(StoredTemplate(long))
    made = read(f"{'d41d8cd98f00b204e980' * 10}.png", template=TemplateRef(id="acme", version=1))
    named = read("b.png", seed=1, template=TemplateRef(id="long", version=1))
    page.set_viewport_size({"width": width, "height": 800})
    invoices = (f"/invoices/{made.id}", f"/invoices/{named.id}")
    for path in ("/", *invoices, "/overview", "/drive", "/templates", "/templates/long"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path


def test_the_documentation_works_without_anybody_else(page: Page) -> None:
    page.goto("/docs")
    expect(page.get_by_text("Takes in a file and has it read.")).to_be_visible()
    page.get_by_text("Takes in a file and has it read.").click()
    expect(page.get_by_text("PNG, TIFF, WebP, HEIC, BMP or PDF")).to_be_visible()


def test_the_documentation_is_dark_and_stays_left_to_right_on_an_arabic_page(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    page.goto("/docs")
    summary = page.get_by_text("Takes in a file and has it read.")
    expect(summary).to_be_visible()

    def lightness() -> int:
        return int(summary.evaluate("e => parseInt(getComputedStyle(e).color.match(/\\d+/)[0])"))

    assert lightness() > 200
    page.get_by_role("button", name="العربية").click()
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("link", name="واجهة البرمجة")).to_have_attribute("aria-current", "page")
    expect(summary).to_have_css("direction", "ltr")
    page.get_by_role("button", name="فاتح").click()
    expect(summary).to_be_visible()
    assert lightness() < 80


def test_an_address_of_nothing_says_so_in_the_reader_s_language(
    page: Page, faults: list[str]
) -> None:
    page.goto("/nothing")
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing here")
    page.context.set_extra_http_headers({"Accept-Language": "ar"})
    page.goto("/nothing")
    expect(page.locator("html")).to_have_attribute("dir", "rtl")
    expect(page.get_by_role("heading", level=1)).to_have_text("لا شيء هنا")
    page.get_by_role("link", name="كل الفواتير").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("الفواتير")
    faults.clear()  # the browser notes a 404 on its console
