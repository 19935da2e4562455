"""Drawn invoices, and what would be read on them."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from core.invoice import Invoice, Reading
from core.template import parse_template

WIDTH, HEIGHT = 400, 500
RED = (0, 0, 255)
BOXES = {
    "invoice_number": (40, 40, 160, 64),
    "date": (200, 40, 340, 64),
    "total": (40, 400, 160, 430),
    "seller": (40, 100, 360, 130),
}
ACME = parse_template(
    {
        "id": "acme",
        "name": "شركة أكمي",
        "page_size": [WIDTH, HEIGHT],
        "fields": [
            {"name": "invoice_number", "kind": "number", "box": BOXES["invoice_number"]},
            {"name": "date", "kind": "date", "box": BOXES["date"]},
            {"name": "total", "kind": "amount", "box": BOXES["total"]},
            {"name": "seller", "kind": "text", "box": BOXES["seller"], "required": False},
        ],
    }
)

local_alone = pytest.mark.parametrize("adapters", ["local"], indirect=True)
"""For tests of what only the local backend has."""

Upload = Callable[..., Invoice]
Read = Callable[..., Invoice]


def picture(seed: int = 0, kind: str = ".png") -> bytes:
    """A white page with a red bar in the box of the total; another one for each seed."""
    page = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    left, top, right, bottom = BOXES["total"]
    page[top:bottom, left:right] = RED
    page[-1, -1] = (seed % 256, seed // 256, 0)
    return bytes(cv2.imencode(kind, page)[1])


def form(seed: int = 0) -> bytes:
    """The same page with so much printed on it that others can be aligned to it."""
    page = cv2.imdecode(np.frombuffer(picture(seed), np.uint8), cv2.IMREAD_COLOR)
    for y in range(20, HEIGHT, 24):
        words = f"{y} Description {7 * y % 13} Qty {y * y % 97} Price {5 * y % 31}"
        cv2.putText(page, words, (10, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    return bytes(cv2.imencode(".png", page)[1])


def readings(**values: Reading) -> dict[str, Reading]:
    """What Khana would read on such a page, with some of it replaced."""

    def reading(name: str, text: str, value: str, confidence: float) -> Reading:
        kind = next(field.kind for field in ACME.fields if field.name == name)
        return Reading(text=text, value=value, kind=kind, confidence=confidence, box=BOXES[name])

    return {
        "invoice_number": reading("invoice_number", "٠٠٤٢", "0042", 0.999),
        "date": reading("date", "٢٠٢٤-٠٥-١٢", "2024-05-12", 0.998),
        "total": reading("total", "٥٦٬٠٠٠٫٥٠", "56000.50", 0.9612),
        "seller": reading("seller", "شركة أكمي Acme", "شركة أكمي Acme", 0.97),
    } | values


OPERATIONS = [
    "POST /v1/invoices",
    "GET /v1/invoices",
    "GET /v1/invoices:export",
    "GET /v1/invoices/{invoice_id}",
    "PATCH /v1/invoices/{invoice_id}",
    "DELETE /v1/invoices/{invoice_id}",
    "POST /v1/invoices/{invoice_id}:read",
    "GET /v1/invoices/{invoice_id}/image",
    "GET /v1/invoices/{invoice_id}/crops/{field}.png",
    "GET /v1/templates",
    "POST /v1/templates",
    "POST /v1/templates:tryRead",
    "GET /v1/templates/{template_id}",
    "PUT /v1/templates/{template_id}",
    "DELETE /v1/templates/{template_id}",
    "GET /v1/webhooks",
    "POST /v1/webhooks",
    "DELETE /v1/webhooks/{webhook_id}",
    "POST /v1/drive:notify",
    "POST /v1/drive:sync",
    "GET /healthz",
]
"""All that the API offers, by method and path."""
