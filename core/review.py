"""What a person says of an invoice, and what that does to the rules of its template."""

from collections.abc import Mapping
from datetime import date

from core.checks import broken_rules
from core.invoice import Invoice, Status, correct
from core.template import Template
from core.values import Value


def review(
    invoice: Invoice,
    values: Mapping[str, Value],
    *,
    template: Template | None,
    by: str,
    today: date,
) -> Invoice:
    """The invoice with the values that a person, `by`, has given its fields.

    It is done, unless a value that they changed breaks a rule of `template` (None: there are
    none to break): then somebody slipped, here or before, and it needs review for that. Who looks
    again and changes nothing insists, and it is done: invoices may be wrong themselves.

    Raises:
        ConflictError: as `core.invoice.correct`.
    """
    corrected = correct(invoice, values, by=by)
    if template is None:
        return corrected
    changed = {name for name in values if _value(corrected, name) != _value(invoice, name)}
    broken = tuple(
        reason
        for reason in broken_rules(template, corrected.fields, today=today)
        if not changed.isdisjoint(reason.fields)
    )
    if not broken:
        return corrected
    return corrected.model_copy(update={"status": Status.NEEDS_REVIEW, "reasons": broken})


def _value(invoice: Invoice, name: str) -> str | None:
    return invoice.fields[name].value
