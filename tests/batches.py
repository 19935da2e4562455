"""Files that hold an invoice a page, drawn."""

from collections.abc import Sequence
from io import BytesIO
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from core.template import Template, parse_template

FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SIZE = (600, 400)
BOXES = {"invoice_number": (100, 45, 280, 90), "total": (100, 145, 280, 190)}


def form(template_id: str = "form", *, split: bool = True) -> Template:
    return parse_template(
        {
            "id": template_id,
            "page_size": SIZE,
            "split": "pages" if split else None,
            "fields": [
                {"name": "invoice_number", "kind": "number", "box": BOXES["invoice_number"]},
                {"name": "total", "kind": "amount", "box": BOXES["total"]},
            ],
        }
    )


def page(number: str, total: str) -> Image.Image:
    drawn = Image.new("L", SIZE, 255)
    pen = ImageDraw.Draw(drawn)
    font = ImageFont.truetype(FONT, 24)
    for (left, top, *_), text in zip(BOXES.values(), (number, total), strict=True):
        pen.text((left + 10, top + 7), text, font=font, fill=0)
    return drawn


def batch(numbers: Sequence[str], kind: Literal["PDF", "TIFF"] = "TIFF") -> bytes:
    """A file with a page for each number, whose total is the number's last digits."""
    first, *others = (page(number, number.lstrip("0")) for number in numbers)
    file = BytesIO()
    first.save(file, kind, save_all=True, append_images=others, compression="tiff_lzw")
    return file.getvalue()
