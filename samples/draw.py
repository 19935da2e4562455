"""Draws the sample invoices, their templates and their truth: `.venv/bin/python -m samples.draw`.

The forms are web pages, laid out by headless Chromium, so that Arabic shaping, bidi and tables are
what real software prints. Boxes, and what is seen from left to right, are measured in that layout.
The same seed, fonts and browser give the same pictures. Needs the Debian packages
`chromium-headless-shell`, `fontconfig` and those of `browser.FONTS`.
"""

import json
import re
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page

from samples import FOLDER, INVOICES, TEMPLATES, TRUTH
from samples.browser import chromium
from samples.content import SHEETS
from samples.damage import Picture, Stamp, apply, ink_on
from samples.forms import FORMS, Form
from samples.sheets import Sheet

SEED = 20260314

MEASURE = """() => {
  const seen = element => {
    const letters = [], range = document.createRange();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    for (let node; (node = walker.nextNode());)
      for (let i = 0; i < node.length; i++) {
        range.setStart(node, i); range.setEnd(node, i + 1);
        letters.push([range.getBoundingClientRect().left, node.data[i]]);
      }
    return letters.sort((a, b) => a[0] - b[0]).map(letter => letter[1]).join("");
  };
  const rect = element => {
    const r = element.getBoundingClientRect();
    return [r.left, r.top, r.right, r.bottom];
  };
  const all = (key, measure) => Object.fromEntries(
    [...document.querySelectorAll(`[data-${key}]`)].map(e => [e.dataset[key], measure(e)]));
  return {boxes: all("box", rect), ink: all("field", rect), seen: all("field", seen)};
}"""

_html = jinja2.Environment(
    loader=jinja2.FileSystemLoader(FOLDER / "html"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
)


def main() -> None:
    with chromium() as browser:
        for folder in (TEMPLATES, INVOICES):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
        templates = {form.id: _draw_template(browser, form) for form in FORMS}
        truth = {
            sheet.file: {
                "template": sheet.form.id,
                "fields": _draw_invoice(browser, sheet, templates[sheet.form.id]),
            }
            for sheet in SHEETS
        }
    TRUTH.write_text(_to_json(truth), encoding="utf-8")


@contextmanager
def _page(browser: Browser, sheet: Sheet, *, blank: bool = False) -> Iterator[Page]:
    """The sheet laid out by the browser; `blank` leaves out what is filled in."""
    form = sheet.form

    def rows(count: int, columns: int) -> list[list[str]]:
        filled = [list(line[:columns]) for line in sheet.lines]
        return filled + [[""] * columns] * (count - len(filled))

    html = _html.get_template(f"{form.id}.html").render(
        width=form.size[0], height=form.size[1], blank=blank, rows=rows, **vars(sheet)
    )
    page = browser.new_page(
        viewport={"width": form.size[0], "height": form.size[1]}, device_scale_factor=form.scale
    )
    try:
        page.set_content(html)
        page.evaluate("document.fonts.ready")
        yield page
    finally:
        page.close()


def _draw_template(browser: Browser, form: Form) -> dict[str, Any]:
    """Writes the template and its reference, the empty form. Gives the template."""
    sheet = next(sheet for sheet in SHEETS if sheet.form is form)
    with _page(browser, sheet, blank=True) as page:
        picture = _screenshot(page)
        cells = page.evaluate(MEASURE)["boxes"]
    rng = _rng(form.id)
    template = {
        "id": form.id,
        "version": 1,
        "name": form.name,
        "page_size": [picture.shape[1], picture.shape[0]],
        "reference": f"{form.id}.png",
        "date_order": form.date_order,
        "fields": [
            {"name": name, "kind": kind, "box": _by_hand(cells[name], form.scale, rng)}
            | ({"languages": form.languages[name]} if name in form.languages else {})
            for name, kind in form.kinds.items()
        ],
        "rules": form.rules,
    }
    (TEMPLATES / f"{form.id}.json").write_text(_to_json(template), encoding="utf-8")
    grey = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)).quantize(16)
    grey.save(TEMPLATES / f"{form.id}.png", optimize=True)
    return template


def _by_hand(cell: list[float], scale: float, rng: np.random.Generator) -> list[int]:
    """A box as a person draws it around a cell: a little in or out, at times onto a ruled line."""
    left, top, right, bottom = (round(side * scale) for side in cell)
    inside = rng.choice([-1, 0, 1, 2, 3], size=4)
    return [left + inside[0], top + inside[1], right - inside[2], bottom - inside[3]]


def _draw_invoice(browser: Browser, sheet: Sheet, template: dict[str, Any]) -> dict[str, Any]:
    """Writes the invoice. Gives the truth of its fields."""
    rng = _rng(sheet.file)
    path = INVOICES / sheet.file
    with _page(browser, sheet) as page:
        measured = page.evaluate(MEASURE)
        if path.suffix == ".pdf":
            path.write_bytes(_print(page, sheet.form))
        else:
            _save(path, _damaged(browser, sheet, _screenshot(page), rng), sheet.damage.quality)
    fields = {}
    for field in template["fields"]:
        name = field["name"]
        _check_inside(measured["ink"][name], field["box"], sheet, name)
        printed = sheet.fields[name]
        text = printed.text if field["kind"] == "text" else measured["seen"][name]
        fields[name] = {"text": text, "value": printed.value}
        if printed.hijri:
            fields[name]["hijri"] = printed.hijri
    return fields


def _check_inside(ink: list[float], box: list[int], sheet: Sheet, name: str) -> None:
    """What is printed must fit the box from side to side; an element is as tall as its line."""
    left, _, right, _ = (side * sheet.form.scale for side in ink)
    if left < box[0] or right > box[2]:
        raise SystemExit(f"{sheet.file}: {name} reaches out of its box")


def _damaged(browser: Browser, sheet: Sheet, picture: Picture, rng: np.random.Generator) -> Picture:
    if sheet.damage.stamp:
        stamp = _draw_stamp(browser, sheet.damage.stamp)
        ink_on(picture, stamp, sheet.damage.stamp.centre, rng)
    return apply(picture, sheet.damage, rng)


def _draw_stamp(browser: Browser, stamp: Stamp) -> Picture:
    page = browser.new_page(viewport={"width": 300, "height": 300})
    try:
        page.set_content(_html.get_template("stamp.html").render(asdict(stamp)))
        return _screenshot(page)
    finally:
        page.close()


def _screenshot(page: Page) -> Picture:
    picture = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(picture, np.uint8)


def _print(page: Page, form: Form) -> bytes:
    """The page as PDF, with fixed dates in it, so that drawing twice gives the same bytes."""
    pdf = page.pdf(
        width=f"{form.size[0]}px", height=f"{form.size[1]}px", print_background=True, tagged=False
    )
    return re.sub(rb"\(D:\d{14}", b"(D:20260601090000", pdf)


def _save(path: Path, picture: Picture, quality: int) -> None:
    image = Image.fromarray(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    if (picture == picture[..., :1]).all():
        image = image.convert("L")
    stream = BytesIO()
    if path.suffix == ".png":
        image.quantize(256).save(stream, "PNG", optimize=True)
    else:
        image.save(stream, "JPEG", quality=quality, optimize=True)
    path.write_bytes(stream.getvalue())


def _rng(name: str) -> np.random.Generator:
    """One stream of chance for each file, so that a change to one leaves the others as they are."""
    return np.random.default_rng([SEED, zlib.crc32(name.encode())])


def _to_json(data: Any) -> str:
    """JSON with each innermost list on one line."""
    text = json.dumps(data, ensure_ascii=False, indent=1, default=int)
    return (
        re.sub(
            r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", text
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
