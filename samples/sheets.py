"""How an invoice of each form is filled in: sums, and numbers as that supplier prints them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from samples.damage import Damage
from samples.forms import BAHR, MERIDIAN, RIMAL, WAHA, Form
from samples.printed import Printed, Style

VAT_PERCENT = 5
CENT = Decimal("0.01")

Item = tuple[str, str, int, str]
"""Description, unit, quantity, price of one."""


@dataclass(frozen=True)
class Sheet:
    """One invoice: its fields, the lines of its table as printed, and what was done to it."""

    file: str
    form: Form
    fields: dict[str, Printed]
    lines: Sequence[Sequence[str]]
    notes: dict[str, str] = field(default_factory=dict)
    damage: Damage = field(default_factory=Damage)


def _sheet(
    file: str,
    form: Form,
    fields: dict[str, Printed],
    items: Sequence[Item],
    styles: tuple[Style, Style],
    damage: Damage,
    *,
    notes: dict[str, str] | None = None,
    currency: str = "",
) -> Sheet:
    """An invoice over `items`; `styles` are those of its lines and of its sums."""
    of_lines, of_sums = styles
    subtotal = sum((Decimal(price) * quantity for _, _, quantity, price in items), Decimal(0))
    sums = {
        "subtotal": of_sums.amount(subtotal),
        "tax": of_sums.amount(_tax(subtotal)),
        "total": of_sums.amount(subtotal + _tax(subtotal), before=currency),
    }
    lines = [_line(i, item, of_lines, taxed=form is WAHA) for i, item in enumerate(items, 1)]
    return Sheet(file, form, fields | sums, lines, notes or {}, damage)


def _line(index: int, item: Item, style: Style, *, taxed: bool) -> list[str]:
    """Number, description, unit, quantity, price, net; with tax and gross where `taxed`."""
    name, unit, quantity, price = item
    net = Decimal(price) * quantity
    amounts = [Decimal(price), net]
    if taxed:
        amounts += [_tax(net), net + _tax(net)]
    printed = [style.amount(amount).text for amount in amounts]
    return [style.digits(str(index)), name, unit, style.digits(str(quantity)), *printed]


def _tax(amount: Decimal) -> Decimal:
    return (amount * VAT_PERCENT / 100).quantize(CENT, ROUND_HALF_UP)


def waha(
    file: str,
    number: str,
    day: Printed,
    customer: tuple[str, str],
    items: Sequence[Item],
    style: Style,
    damage: Damage,
) -> Sheet:
    name, trn = customer
    fields = {
        "invoice_number": style.number(number),
        "date": day,
        "customer": Printed(name, name),
        "customer_trn": style.number(trn),
    }
    return _sheet(file, WAHA, fields, items, (style, style), damage)


def meridian(
    file: str,
    numbers: tuple[str, str],
    dates: tuple[date, date, str],
    customer: tuple[str, str],
    items: Sequence[Item],
    damage: Damage,
) -> Sheet:
    """`numbers`: of the invoice and the order; `dates`: issued, due, and how they are printed."""
    style = Style()
    issued, due, pattern = dates
    name, address = customer
    fields = {
        "invoice_number": style.number(numbers[0]),
        "date": style.day(issued, pattern),
        "due_date": style.day(due, pattern),
        "customer": Printed(name, name),
        "order_number": style.number(numbers[1]),
    }
    notes = {"address": address}
    return _sheet(file, MERIDIAN, fields, items, (style, style), damage, notes=notes)


def rimal(
    file: str,
    number: Printed,
    dates: tuple[Printed, Printed],
    customer: tuple[str, str],
    items: Sequence[Item],
    styles: tuple[Style, Style],
    damage: Damage,
) -> Sheet:
    name, waybill = customer
    fields = {
        "invoice_number": number,
        "date": dates[0],
        "hijri_date": dates[1],
        "customer": Printed(name, name),
        "tax_rate": styles[1].percent(VAT_PERCENT),
    }
    notes = {"waybill": waybill}
    return _sheet(file, RIMAL, fields, items, styles, damage, notes=notes, currency="AED")


def bahr(
    file: str, number: str, day: date, items: Sequence[Item], style: Style, damage: Damage
) -> Sheet:
    fields = {
        "invoice_number": style.number(number),
        "date": style.day(day, "%m/%d/%Y"),
        "quantity": style.number(str(sum(quantity for _, _, quantity, _ in items))),
    }
    return _sheet(file, BAHR, fields, items, (style, style), damage)
