"""Invoices as CSV and JSON Lines, from the real local store."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.adapters import connect
from core.errors import ConflictError
from core.export import rows
from core.invoice import Decision, Invoice, Reading, Reason, SourceRef, Status, now, public
from core.ports import InvoiceStore, Query
from core.review import correct
from core.settings import Settings
from core.template import Kind
from core.values.value import Value

AT = datetime(2026, 3, 14, 9, 30, tzinfo=UTC)


def _reading(value: str | None, kind: Kind = Kind.TEXT, **more: object) -> Reading:
    given = {"text": value or "", "value": value, "kind": kind, "box": (1, 1, 9, 9)}
    return Reading.model_validate({"confidence": 0.98765} | given | more)


def _invoice(number: int = 0, **given: object) -> Invoice:
    name = f"{number}.jpg"
    return Invoice.model_validate(
        {
            "id": f"{number:032x}",
            "status": Status.DONE,
            "source": SourceRef(kind="folder", file_id=name, name=name),
            "received_at": AT + timedelta(minutes=number),
        }
        | given
    )


def _rows(*invoices: Invoice) -> list[dict[str, str]]:
    text = "".join(rows.csv_lines(invoices, rows.field_names(invoices)))
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


@pytest.fixture
def store(tmp_path: Path) -> InvoiceStore:
    return connect(Settings(data=tmp_path)).store


def test_all_pages_are_followed(store: InvoiceStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "PAGE_SIZE", 2)
    for number in range(5):
        store.create(_invoice(number))
    names = [invoice.source.name for invoice in rows.every(store, Query(page_size=1))]
    assert names == ["4.jpg", "3.jpg", "2.jpg", "1.jpg", "0.jpg"]


def test_forms_with_other_fields_share_a_table() -> None:
    first = _invoice(1, fields={"total": _reading("9.50", Kind.AMOUNT), "seller": _reading("أ")})
    second = _invoice(2, fields={"tax": _reading(None, Kind.AMOUNT)}, status=Status.FAILED)
    assert rows.field_names([first, second]) == ["total", "seller", "tax"]
    read = _rows(first, second)
    assert [row["total"] for row in read] == ["9.50", ""]
    assert [row["tax"] for row in read] == ["", ""]
    assert [row["status"] for row in read] == ["done", "failed"]
    assert read[0]["received_at"] == "2026-03-14T09:31:00+00:00"
    assert read[0]["lowest_confidence"] == "0.9877"


def test_why_and_by_whom() -> None:
    reasons = (Reason(code="a", message="total: odd"), Reason(code="b", message="date: old"))
    fields = {"total": _reading("1", Kind.AMOUNT, reviewed_by="Mariam")}
    (row,) = _rows(_invoice(reasons=reasons, fields=fields))
    assert (row["reasons"], row["reviewed_by"]) == ("total: odd; date: old", "Mariam")
    accepted = (Decision(status=Status.DONE, by="Omar", at=now(), reasons=reasons),)
    (row,) = _rows(_invoice(fields=fields, decisions=accepted))
    assert row["reviewed_by"] == "Mariam, Omar"


def test_who_accepted_an_earlier_reading_has_not_seen_this_one() -> None:
    accepted = (Decision(status=Status.DONE, by="Omar", at=now()),)
    read = _invoice(fields={"total": _reading("1", Kind.AMOUNT)}, decisions=accepted)
    for minutes, reviewed_by in ((-1, "Omar"), (1, "")):
        at = accepted[0].at + timedelta(minutes=minutes)
        (row,) = _rows(read.model_copy(update={"read_at": at}))
        assert row["reviewed_by"] == reviewed_by


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("=1+1", "'=1+1"),
        ("+971 4 000", "'+971 4 000"),
        ("-x", "'-x"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("＝1", "'＝1"),
        ("-12.50", "-12.50"),
        ("-5", "-5"),
        ("two\nlines, and “quotes”", "two\nlines, and “quotes”"),
    ],
)
def test_no_cell_is_a_formula(value: str, cell: str) -> None:
    assert _rows(_invoice(fields={"seller": _reading(value)}))[0]["seller"] == cell


def test_a_field_that_is_called_as_a_column_has_one_of_its_own() -> None:
    values = {"field_id": "1", "id": "2", "status": "paid", "page": "3", "total": "4"}
    (row,) = _rows(_invoice(fields={name: _reading(value) for name, value in values.items()}))
    assert (row["id"], row["status"], row["page"]) == ("0" * 32, "done", "")
    assert (row["field_id"], row["field_field_id"]) == ("1", "2")
    assert (row["field_status"], row["field_page"], row["total"]) == ("paid", "3", "4")


def test_json_lines_are_the_contract_and_no_more() -> None:
    invoice = _invoice(requested_template="acme", lease_until=AT)
    (line,) = rows.json_lines([invoice])
    assert line.endswith("}\n")
    assert json.loads(line) == public(invoice)
    assert not {"requested_template", "lease_until"} & set(json.loads(line))


def test_a_correction_keeps_the_readers_value_however_often_it_is_made() -> None:
    invoice = _invoice(status=Status.NEEDS_REVIEW, fields={"total": _reading(None, Kind.AMOUNT)})
    for value in ("1", "2"):
        invoice = correct(invoice, {"total": Value(value)}, by="Mariam")
        total = invoice.fields["total"]
        assert (total.value, total.original, total.reviewed_by) == (value, None, "Mariam")
    assert invoice.status is Status.DONE


def test_what_is_not_there_can_not_be_corrected() -> None:
    with pytest.raises(ConflictError, match="no field 'tax'"):
        correct(_invoice(), {"tax": Value("1")}, by="Mariam")
    with pytest.raises(ConflictError, match="is reading"):
        correct(_invoice(status=Status.READING), {}, by="Mariam")


def test_a_total_is_an_amount_whatever_a_field_is_called() -> None:
    fields = {"total": _reading("in words"), "sum": _reading("9.5", Kind.AMOUNT)}
    invoice = _invoice(fields=fields | {"invoice_number": _reading("INV-7")})
    assert str(invoice.total) == "9.5"
    assert invoice.number == "INV-7"
