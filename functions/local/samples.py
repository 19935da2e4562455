"""Reads the sample invoices into a running Khana and prints what it read beside the truth."""

import json
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from core.errors import KhanaError, NotFoundError
from core.intake.arrival import receive
from core.invoice import Invoice, SourceRef
from core.ports import Adapters
from core.settings import Settings
from functions.local.options import wide_console
from functions.local.server import OnReady
from functions.local.template_files import read_template_file

PATIENCE_S = 120.0
"""How long the table waits for the slowest sample."""


def reader(folder: Path) -> OnReady:
    """What a server calls once it answers: takes in the samples of `folder`, waits, prints."""

    def on_ready(adapters: Adapters, settings: Settings, url: str) -> None:
        console = wide_console()
        try:
            console.print(read(folder, adapters, settings))
        except (KhanaError, OSError, ValueError, KeyError) as error:
            console.print(f"The samples in {folder} can't be read: {error}", style="red")
        at = ("Khana is at ", (url, "bold"), f" and watches {settings.inbox_dir}/")
        console.print(Text.assemble(*at))

    return on_ready


def read(
    folder: Path,
    adapters: Adapters,
    settings: Settings,
    *,
    take_in: Callable[[Path], str] | None = None,
) -> Table:
    """Takes in the samples of `folder`, waits until somebody has read them, and gives what they
    read beside the truth.

    `take_in` has a file taken in some other way, and gives the id that its invoice will have.

    Raises:
        KhanaError: a template or the store can't be used, or a file did not come in.
        OSError, ValueError, KeyError: the folder doesn't hold what it should.
    """
    truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    _put_templates(adapters, folder / "templates", settings)
    take_in = take_in or partial(_take_in, adapters, settings)
    ids = {name: take_in(folder / "invoices" / name) for name in truth}
    return _table({name: _wait(adapters, id_) for name, id_ in ids.items()}, truth)


def _put_templates(adapters: Adapters, folder: Path, settings: Settings) -> None:
    from core.alignment.learn import with_looks  # noqa: PLC0415  # loads OpenCV

    known = {template.id for template in adapters.store.list_templates()}
    for path in sorted(folder.glob("*.json")):
        stored = read_template_file(path)
        if stored.template.id not in known:
            where = f"reference of {path.name}"
            adapters.store.put_template(with_looks(stored, settings, where=where))


def _take_in(adapters: Adapters, settings: Settings, path: Path) -> str:
    source = SourceRef(kind="folder", file_id=f"samples/{path.name}", name=path.name)
    with path.open("rb") as file:
        return receive(adapters, file, source, settings).id


def _wait(adapters: Adapters, invoice_id: str) -> Invoice:
    until = time.monotonic() + PATIENCE_S
    while True:
        late = time.monotonic() > until
        try:
            invoice = adapters.store.get(invoice_id)
            if invoice.status.final or late:
                return invoice
        except NotFoundError:  # it is on its way
            if late:
                raise
        time.sleep(0.05)


def _table(invoices: dict[str, Invoice], truth: dict[str, Any]) -> Table:
    table = Table("file", "field", "text", "value", "confidence", "truth", "")
    right = total = 0
    for name, invoice in invoices.items():
        expected = truth[name]["fields"]
        for index, (field, want) in enumerate(expected.items()):
            got = invoice.fields.get(field)
            exact = got is not None and got.value == want["value"]
            right, total = right + exact, total + 1
            table.add_row(
                name if index == 0 else "",
                field,
                got.text if got else "",
                (got.value or "—") if got else "—",
                f"{got.confidence:.1%}" if got else "",
                want["value"],
                Text("✓", "green") if exact else Text("✗", "red"),
            )
        codes = [invoice.error.code] if invoice.error else [r.code for r in invoice.reasons]
        table.add_row("", Text(" ".join([invoice.status.value, *dict.fromkeys(codes)]), "dim"))
        table.add_section()
    table.caption = f"{right} of {total} fields exact"
    return table
