"""Invoices, templates and state in SQLite."""

import builtins
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence

from core.adapters.local.database import Database
from core.adapters.local.outbox import announce
from core.adapters.query import (
    amount_key,
    check_version,
    decode_token,
    encode_token,
    last_version_key,
    number_keys,
    search_text,
    sort_keys,
    titles,
    words,
)
from core.errors import NotFoundError, RequestError
from core.invoice import Invoice, Status
from core.ports import InvoicePage, Query, StoredTemplate
from core.template import Template


class LocalInvoiceStore:
    """An invoice is one JSON document; the columns beside it only serve `list`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, invoice: Invoice) -> tuple[Invoice, bool]:
        with self._database.write() as connection:
            if (known := _find(connection, invoice.id)) is not None:
                return known, False
            _put(connection, invoice)
            announce(connection, None, invoice)
            return invoice, True

    def get(self, invoice_id: str) -> Invoice:
        with self._database.read() as connection:
            return _get(connection, invoice_id)

    def update(self, invoice_id: str, change: Callable[[Invoice], Invoice | None]) -> Invoice:
        with self._database.write() as connection:
            current = _get(connection, invoice_id)
            changed = change(current)
            if changed is None:
                return current
            _put(connection, changed)
            announce(connection, current, changed)
            return changed

    def delete(self, invoice_id: str) -> None:
        with self._database.write() as connection:
            if not connection.execute("DELETE FROM invoices WHERE id = ?", (invoice_id,)).rowcount:
                raise _no_invoice(invoice_id)

    def list(self, query: Query) -> InvoicePage:
        if query.page_size < 1:
            raise RequestError(f"page_size {query.page_size}: must be 1 or more")
        conditions, values = _conditions(query)
        key, direction, beyond = (
            (query.order_by, "DESC", "<") if query.descending else (query.order_by, "ASC", ">")
        )
        if (after := decode_token(query)) is not None:
            conditions.append(f"({key}, id) {beyond} (?, ?)")
            values += after
        where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
        with self._database.read() as connection:
            # One row more than asked for tells whether there is another page.
            rows = connection.execute(
                # Columns and conditions are written in this file; what people give is bound.
                f"SELECT {key} AS key, id, document FROM invoices {where} "  # nosec B608
                f"ORDER BY {key} {direction}, id {direction} LIMIT ?",
                (*values, query.page_size + 1),
            ).fetchall()
        shown = rows[: query.page_size]
        return InvoicePage(
            [Invoice.model_validate_json(row["document"]) for row in shown],
            encode_token(query, shown[-1]["key"], shown[-1]["id"])
            if len(rows) > len(shown)
            else None,
        )

    def token_after(self, query: Query, invoice: Invoice) -> str:
        return encode_token(query, sort_keys(invoice)[query.order_by], invoice.id)

    def count_by_status(self) -> Mapping[Status, int]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT status, count(*) AS n FROM invoices GROUP BY status"
            ).fetchall()
        return dict.fromkeys(Status, 0) | {Status(row["status"]): row["n"] for row in rows}

    def put_template(self, stored: StoredTemplate, *, after: int | None = None) -> Template:
        with self._database.write() as connection:
            (latest,) = connection.execute(
                "SELECT coalesce(max(version), 0) FROM templates WHERE id = ?",
                (stored.template.id,),
            ).fetchone()
            check_version(stored.template.id, latest=latest, after=after)
            last = latest or int(_state(connection, last_version_key(stored.template.id)) or 0)
            template = stored.template.model_copy(update={"version": last + 1})
            connection.execute(
                "INSERT INTO templates (id, version, document, reference, looks, revision) "
                "VALUES (?, ?, ?, ?, ?, lower(hex(randomblob(16))))",
                (
                    template.id,
                    template.version,
                    template.model_dump_json(),
                    stored.reference,
                    stored.looks,
                ),
            )
        return template

    def get_template(self, template_id: str, version: int | None = None) -> StoredTemplate:
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT document, reference, looks FROM templates "
                "WHERE id = ?1 AND (?2 IS NULL OR version = ?2) ORDER BY version DESC LIMIT 1",
                # As text, which may be any number: SQLite compares it as the column is.
                (template_id, None if version is None else str(version)),
            ).fetchone()
        if row is None:
            which = template_id if version is None else f"{template_id} version {version}"
            raise NotFoundError(f"{which}: there is no such template")
        template = Template.model_validate_json(row["document"])
        return StoredTemplate(template, row["reference"], row["looks"])

    def list_templates(self) -> Sequence[Template]:
        with self._database.read() as connection:
            # With max(), SQLite takes the other columns from the row that holds the maximum.
            rows = connection.execute(
                "SELECT document, max(version) FROM templates GROUP BY id ORDER BY id"
            ).fetchall()
        return [Template.model_validate_json(row["document"]) for row in rows]

    def template_revisions(self) -> Mapping[str, str]:
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT id, revision, max(version) FROM templates GROUP BY id"
            ).fetchall()
        return {row["id"]: row["revision"] for row in rows}

    def delete_template(self, template_id: str, *, after: int | None = None) -> None:
        with self._database.write() as connection:
            versions = connection.execute(
                "DELETE FROM templates WHERE id = ? RETURNING version", (template_id,)
            ).fetchall()
            if not versions:
                raise NotFoundError(f"{template_id}: there is no such template")
            last = max(row["version"] for row in versions)
            check_version(template_id, latest=last, after=after)
            _set_state(connection, last_version_key(template_id), str(last))

    def get_state(self, key: str) -> str | None:
        with self._database.read() as connection:
            return _state(connection, key)

    def set_state(self, key: str, value: str) -> None:
        with self._database.write() as connection:
            _set_state(connection, key, value)

    def change_state(self, key: str, change: Callable[[str | None], str | None]) -> str | None:
        with self._database.write() as connection:
            before = _state(connection, key)
            after = change(before)
            if after is None:
                return before
            _set_state(connection, key, after)
            return after

    def release_leases(self, object_name: str | None = None) -> builtins.list[Invoice]:
        """Lets every invoice that is being read (or that of one object) be read by another at once.

        Only for whoever knows that its readers are dead. Gives the invoices as they were.
        """
        with self._database.write() as connection:
            rows = connection.execute(
                "SELECT document FROM invoices WHERE status = ?", (Status.READING,)
            ).fetchall()
            reading = [Invoice.model_validate_json(row["document"]) for row in rows]
            held = [
                invoice
                for invoice in reading
                if object_name is None or (invoice.object and invoice.object.name == object_name)
            ]
            for invoice in held:
                _put(connection, invoice.model_copy(update={"lease_until": None}))
        return held


def _conditions(query: Query) -> tuple[list[str], list[str]]:
    """What the invoices of a query fulfil, and the values for it. An empty key is no value."""
    numbers = None if query.number is None else json.dumps(number_keys(query.number))
    first, last = query.date_from, query.date_to
    least, most = query.total_min, query.total_max
    pairs: Sequence[tuple[str, str | None]] = [
        ("status = ?", query.status),
        ("template = ?", query.template),
        ("number IN (SELECT value FROM json_each(?))", numbers),
        ("date >= ?", None if first is None else first.isoformat()),
        ("date != '' AND date <= ?", None if last is None else last.isoformat()),
        ("total >= ?", None if least is None else amount_key(least)),
        ("total != '' AND total <= ?", None if most is None else amount_key(most)),
    ]
    given = [(condition, value) for condition, value in pairs if value is not None]
    conditions, values = [condition for condition, _ in given], [value for _, value in given]
    shown = titles(query)
    for word in words(query.q or ""):
        # The template itself, too: of one that is deleted there is no title.
        conditions.append(
            "(instr(search || char(10) || template, ?) > 0 "
            "OR template IN (SELECT value FROM json_each(?)))"
        )
        values += [word, json.dumps([id_ for id_, title in shown.items() if word in title])]
    return conditions, values


def _find(connection: sqlite3.Connection, invoice_id: str) -> Invoice | None:
    row = connection.execute("SELECT document FROM invoices WHERE id = ?", (invoice_id,)).fetchone()
    return None if row is None else Invoice.model_validate_json(row["document"])


def _get(connection: sqlite3.Connection, invoice_id: str) -> Invoice:
    if (invoice := _find(connection, invoice_id)) is None:
        raise _no_invoice(invoice_id)
    return invoice


def _put(connection: sqlite3.Connection, invoice: Invoice) -> None:
    keys = sort_keys(invoice)
    connection.execute(
        "INSERT OR REPLACE INTO invoices VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            invoice.id,
            invoice.status,
            invoice.template.id if invoice.template else "",
            keys["received_at"],
            keys["date"],
            keys["total"],
            keys["number"],
            search_text(invoice),
            invoice.model_dump_json(),
        ),
    )


def _state(connection: sqlite3.Connection, key: str) -> str | None:
    row = connection.execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
    return None if row is None else str(row["value"])


def _set_state(connection: sqlite3.Connection, key: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, value))


def _no_invoice(invoice_id: str) -> NotFoundError:
    return NotFoundError(f"{invoice_id}: there is no such invoice")
