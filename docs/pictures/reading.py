"""The README's main picture: a sample page with its boxes, and beside it what Khana reads."""

import base64
from pathlib import Path
from typing import Any

import cv2
import jinja2
import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Browser

from core.extract import Extractor
from core.invoice import Reading
from core.page import Limits, open_document
from core.settings import load_settings
from functions.local.template_files import read_template_file
from samples import INVOICES, TEMPLATES

SAMPLE = INVOICES / "rimal-0091288.png"
TEMPLATE = TEMPLATES / "rimal.json"

SHOWN_WIDTH = 690
"""CSS pixels that the page is wide in the picture."""
SHOWN_PART = 0.735
"""How much of the page's height is shown: what follows is a signature box."""
MARGIN = 28


def draw(browser: Browser, pixels_per_css: float) -> bytes:
    """The picture as PNG, read afresh by the real reader."""
    settings = load_settings()
    data = SAMPLE.read_bytes()
    stored = read_template_file(TEMPLATE)
    outcome = Extractor(settings).extract(data, [stored], name=SAMPLE.name)
    with open_document(data, Limits.of(settings), name=SAMPLE.name) as document:
        page = document.color(stored.template.page, stored.template.page_size)
    scale = SHOWN_WIDTH / page.shape[1]
    height = round(page.shape[0] * scale * SHOWN_PART)
    template = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    html = jinja2.Template(template, autoescape=True, undefined=jinja2.StrictUndefined).render(
        page=_data_url(page),
        width=SHOWN_WIDTH,
        height=height,
        fields=[_card(name, r, page, scale) for name, r in outcome.fields.items()],
    )
    view = browser.new_page(
        viewport={"width": 1280, "height": height + 2 * MARGIN}, device_scale_factor=pixels_per_css
    )
    view.set_content(html)
    return view.screenshot()


def _card(name: str, reading: Reading, page: NDArray[np.uint8], scale: float) -> dict[str, Any]:
    left, top, right, bottom = reading.box
    return {
        "name": name,
        "kind": reading.kind.value,
        "text": reading.text,
        "value": reading.value or "—",
        "hijri": reading.hijri,
        "confidence": f"{reading.confidence:.1%}",
        "crop": _data_url(page[top:bottom, left:right]),
        "left": left * scale,
        "top": top * scale,
        "width": (right - left) * scale,
        "height": (bottom - top) * scale,
    }


def _data_url(picture: NDArray[np.uint8]) -> str:
    encoded = cv2.imencode(".png", picture)[1].tobytes()
    return "data:image/png;base64," + base64.b64encode(encoded).decode()
