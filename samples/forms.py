"""The four forms: which fields a template of each has, and how large a page of it is."""

from dataclasses import dataclass, field
from typing import Literal

A4 = (794, 1123)
DPI_150 = 150 / 96
"""Device pixels per CSS pixel: a CSS inch is 96 pixels."""


@dataclass(frozen=True)
class Form:
    """One supplier's form, drawn by `html/<id>.html`. `kinds` gives its template's fields.

    `size` is in CSS pixels, `scale` in device pixels per CSS pixel.
    """

    id: str
    name: str
    kinds: dict[str, str]
    size: tuple[int, int] = A4
    scale: float = DPI_150
    languages: dict[str, tuple[str, ...]] = field(default_factory=dict)
    date_order: Literal["dmy", "mdy", "ymd"] = "dmy"
    rules: tuple[str, ...] = ("total == subtotal + tax",)


_SUMS = {"subtotal": "amount", "tax": "amount", "total": "amount"}

WAHA = Form(
    id="waha",
    name="واحة النخيل لمواد البناء",
    kinds={
        "invoice_number": "number",
        "date": "date",
        "customer": "text",
        "customer_trn": "number",
        **_SUMS,
    },
    languages={"customer": ("ara",)},
)
MERIDIAN = Form(
    id="meridian",
    name="Meridian Gulf Trading",
    kinds={
        "invoice_number": "number",
        "date": "date",
        "due_date": "date",
        "customer": "text",
        "order_number": "number",
        **_SUMS,
    },
    languages={"customer": ("eng",)},
)
RIMAL = Form(
    id="rimal",
    name="Rimal Logistics",
    kinds={
        "invoice_number": "number",
        "date": "date",
        "hijri_date": "date",
        "customer": "text",
        "subtotal": "amount",
        "tax_rate": "amount",
        "tax": "amount",
        "total": "amount",
    },
)
BAHR = Form(
    id="bahr",
    name="مؤسسة البحر للتجارة العامة",
    kinds={"invoice_number": "number", "date": "date", "quantity": "number", **_SUMS},
    size=(752, 973),
    scale=1.0,
    date_order="mdy",
)
FORMS = (WAHA, MERIDIAN, RIMAL, BAHR)
