"""Invoices as files for others: what all forms share, CSV for programs, JSON Lines for the rest.

Every form is written piece by piece, so that any number of invoices takes the memory of one page of
them. Those for people are `core.export_xlsx` and `core.export_pdf`.
"""

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from core.invoice import ErrorInfo, Invoice, Reading, Reason, Status
from core.ports import InvoiceStore, Query
from core.template import TODAY, Kind

PAGE_SIZE = 200
"""Invoices that are in memory at a time."""

INTERNAL = frozenset({"lease_until", "requested_template", "again"})
"""What an invoice notes for Khana's own sake: not part of what leaves it."""

HEAD = ("id", "status", "file", "page", "template", "received_at", "read_at")
TAIL = ("lowest_confidence", "reviewed_by", "reasons")
"""The columns before and after those of the fields."""

Cell = str | Decimal | date | datetime | float | None
"""What one cell of a table holds; times are UTC."""

# A spreadsheet takes a cell that starts so for a formula (OWASP, "CSV Injection"). Blanks before it
# don't stop every program.
_FORMULA = re.compile(r"\s*[=+\-@\t\r＝＋－＠]")
# A name in a rule, or a text in quotes, in which there are no names.
_WORD = re.compile(r"""\w+|"[^"]*"|'[^']*'""")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True)
class Wording:
    """How a file for people says what it says.

    `words` maps English to its language, of which `code` is the name; `faults` the codes of errors
    and reasons to sentences, which may hold `{message}` for Khana's own and `{rule}` for the one
    that is broken.
    """

    code: str = "en"
    right_to_left: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)

    def say(self, english: str) -> str:
        return self.words.get(english, english)

    def label(self, name: str) -> str:
        """A field's, column's or status's name as people read it."""
        return self.say(label(name))

    def why(self, invoice: Invoice) -> list[str]:
        """Why the invoice failed or needs review, a sentence each."""
        faults = [invoice.error] if invoice.error else invoice.reasons
        return [self._fault(each, invoice) for each in faults]

    def _fault(self, fault: ErrorInfo | Reason, invoice: Invoice) -> str:
        said = self.faults.get(fault.code)
        if said is None:
            return fault.message
        # Khana's own sentence begins with the field, or says of itself what it is about.
        fields = fault.fields if isinstance(fault, Reason) and "{" not in said else ()
        names = ("، " if self.right_to_left else ", ").join(map(self.label, fields))
        rule = broken_rule(fault, self.label)
        said = said.format(message=own_words(fault, invoice), rule=rule)
        return (f"{names}: " if names else "") + said


ENGLISH = Wording()


def label(name: str) -> str:
    """A name as people read it: `invoice_number` → `Invoice number`."""
    words = name.replace("_", " ").strip() or name
    return words[:1].upper() + words[1:]


def percent(share: float) -> str:
    """A share in [0, 1] as people read it, rounded down, so that 100 % is said of nothing less."""
    return f"{int(share * 1000) / 10:g} %"


def own_words(fault: ErrorInfo | Reason, invoice: Invoice | None = None) -> str:
    """Khana's own sentence; of an `invoice` that was rejected only by whom and why: `Mona: …`."""
    if invoice is None or not invoice.rejected or not invoice.decisions:
        return fault.message
    last = invoice.decisions[-1]
    return f"{last.by}: {last.why}"


def broken_rule(fault: ErrorInfo | Reason, name: Callable[[str], str]) -> str:
    """The rule that is broken, its fields as `name` calls them: `Total = Subtotal + Tax`.

    Khana's own sentence where the reason, of an earlier release, doesn't tell its rule apart.
    """
    if not isinstance(fault, Reason) or fault.rule is None:
        return fault.message
    return rule_in_words(fault.rule, fault.fields, name)


def rule_in_words(rule: str, fields: Iterable[str], name: Callable[[str], str]) -> str:
    """The rule of a template as `broken_rule` gives it: `fields` are those that it may speak of."""
    known = {*fields, TODAY}
    words = _WORD.sub(lambda m: name(m[0]) if m[0] in known else m[0], rule)
    return words.replace("==", "=")


def fields_of(rule: str, fields: Collection[str]) -> set[str]:
    """Of `fields` those that the rule of a template speaks of."""
    return {word for word in _WORD.findall(rule) if word in fields}


def every(store: InvoiceStore, query: Query) -> Iterator[Invoice]:
    """All invoices of the query from its page on, whatever its page size."""
    query = replace(query, page_size=PAGE_SIZE)
    while True:
        page = store.list(query)
        yield from page.invoices
        if page.next_page_token is None:
            return
        query = replace(query, page_token=page.next_page_token)


def field_names(invoices: Iterable[Invoice]) -> list[str]:
    """The names of all fields of these invoices, in the order in which they are met first."""
    return list(dict.fromkeys(name for invoice in invoices for name in invoice.fields))


def columns(fields: Sequence[str]) -> list[str]:
    """The names of the columns of a table with these fields, each once: a field that is called as
    one of the others, such as `status`, is `field_status`."""

    def column(field: str) -> str:
        name = field
        while name in (*HEAD, *TAIL) or (name != field and name in fields):
            name = f"field_{name}"
        return name

    return [*HEAD, *map(column, fields), *TAIL]


def cells(invoice: Invoice, fields: Sequence[str], *, wording: Wording = ENGLISH) -> list[Cell]:
    """The row of the invoice in a table with these fields: a cell per column, typed."""
    readings = [invoice.fields.get(name) for name in fields]
    people = {r.reviewed_by for r in invoice.fields.values() if r.reviewed_by}
    if invoice.accepted:
        people |= {each.by for each in invoice.decisions if each.status is Status.DONE}
    return [
        invoice.id,
        invoice.status.value,
        invoice.source.name,
        str(invoice.part.page) if invoice.part else None,
        invoice.template.id if invoice.template else None,
        invoice.received_at.astimezone(UTC),
        invoice.read_at.astimezone(UTC) if invoice.read_at else None,
        *(typed(reading) if reading else None for reading in readings),
        min((r.confidence for r in invoice.fields.values()), default=None),
        ", ".join(sorted(people)) or None,
        "; ".join(wording.why(invoice)),
    ]


def typed(reading: Reading) -> Cell:
    """A reading's value as what it is; an identifier is text, for its leading zeros count."""
    if reading.value is None:
        return None
    if reading.kind is Kind.AMOUNT:
        return Decimal(reading.value)
    return date.fromisoformat(reading.value) if reading.kind is Kind.DATE else reading.value


def csv_lines(invoices: Iterable[Invoice], fields: Sequence[str]) -> Iterator[str]:
    """A line of names, then one per invoice with the values of `fields`, each with its line end.

    It starts with a byte order mark: without one Excel doesn't take it for UTF-8.
    """
    yield "\N{BYTE ORDER MARK}" + _csv_line([_safe(name) for name in columns(fields)])
    for invoice in invoices:
        yield _csv_line([_safe(_text(cell)) for cell in cells(invoice, fields)])


def json_lines(invoices: Iterable[Invoice]) -> Iterator[str]:
    """Each invoice as one line of JSON."""
    for invoice in invoices:
        yield invoice.model_dump_json(exclude=set(INTERNAL)) + "\n"


def public(invoice: Invoice) -> dict[str, Any]:
    """The invoice as the contract's JSON."""
    return invoice.model_dump(mode="json", exclude=set(INTERNAL))


def _text(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case float():
            return f"{cell:.4f}"
        case Decimal():
            return f"{cell:f}"
        case datetime():
            return cell.isoformat(timespec="seconds")
        case date():
            return cell.isoformat()
    return cell


def _safe(cell: str) -> str:
    """`cell` so that no spreadsheet computes it: a quote before it makes it text."""
    return "'" + cell if _FORMULA.match(cell) and not _NUMBER.fullmatch(cell) else cell


def _csv_line(row: Sequence[str]) -> str:
    line = io.StringIO()
    csv.writer(line).writerow(row)
    return line.getvalue()
