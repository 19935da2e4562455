"""`khana replay`: stored invoices are read again."""

import sys
from collections.abc import Sequence

import click

from core.errors import RequestError
from core.invoice import Status
from core.ports import Query
from core.settings import load_settings
from functions.local.options import STORE, option, setting_options
from functions.local.stored import stored


@click.command()
@click.argument("ids", nargs=-1)
@option("--status", type=click.Choice([status.value for status in Status]), help="only these")
@option("--template", "template_id", help="only those read with it")
@option("--all", "everything", is_flag=True, help="whatever their status")
@setting_options(*STORE)
def replay(
    ids: Sequence[str],
    status: str | None,
    template_id: str | None,
    everything: bool,
    **flags: str | None,
) -> None:
    """Has invoices read again: those of IDS, or all that failed.

    The oldest come first. Corrected fields stay as they are, and what a person rejected stays
    rejected unless it is named.
    """
    from core.export.rows import every  # noqa: PLC0415
    from core.pipeline import read_again  # noqa: PLC0415

    if (ids and (status or template_id or everything)) or (status and everything):
        raise click.UsageError("name IDS, or --status, or --all")
    adapters = stored(load_settings(**flags))
    wanted = None if everything else Status(status or Status.FAILED)
    query = Query(status=wanted, template=template_id, descending=False)
    sent = left = 0
    kept = (invoice.id for invoice in every(adapters.store, query) if not invoice.rejected)
    for invoice_id in ids or kept:
        try:
            read_again(adapters, invoice_id)
            sent += 1
        except RequestError as error:
            left += 1
            click.echo(f"khana: {error.message} [{error.code}]", err=True)
    click.echo(f"{sent} to be read again, {left} left as they are")
    sys.exit(1 if left else 0)
