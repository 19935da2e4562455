"""`khana webhook`: who is told when an invoice is done, needs review or has failed."""

import click
from rich.table import Table

from core.invoice import Status
from core.settings import load_settings
from functions.local.options import STORE, option, setting_options, wide_console
from functions.local.stored import stored

_EVENTS = [status.value for status in Status if status.final]


@click.group()
def webhook() -> None:
    """Webhooks: addresses that are told what becomes of invoices."""


@webhook.command()
@click.argument("url")
@option("--event", "events", multiple=True, type=click.Choice(_EVENTS), help="only these")
@setting_options(*STORE, "webhook_private")
def add(url: str, events: tuple[str, ...], **flags: str | None) -> None:
    """Has URL told, and prints the secret that signs what is sent, once."""
    from core.adapters import connect  # noqa: PLC0415
    from core.webhooks.listed import add_webhook  # noqa: PLC0415

    settings = load_settings(**flags)
    store = connect(settings).store
    made = add_webhook(store, url, [Status(event) for event in events], settings)
    click.echo(made.secret)
    click.echo(f"{made.id}: {made.url}; its secret can't be shown again", err=True)


@webhook.command("list")
@setting_options(*STORE)
def list_(**flags: str | None) -> None:
    """Lists all webhooks and how they do, without their secrets."""
    from core.webhooks.listed import list_webhooks  # noqa: PLC0415

    table = Table("id", "url", "events", "made", "trouble")
    for each in list_webhooks(stored(load_settings(**flags)).store):
        events = ", ".join(each.events)
        table.add_row(
            each.id, each.url, events, f"{each.created_at:%Y-%m-%d %H:%M}", each.trouble or ""
        )
    wide_console().print(table)


@webhook.command()
@click.argument("webhook_id")
@setting_options(*STORE)
def remove(webhook_id: str, **flags: str | None) -> None:
    """Ends a webhook, and what is on its way to it."""
    from core.webhooks.listed import remove_webhook  # noqa: PLC0415

    remove_webhook(stored(load_settings(**flags)).store, webhook_id)
    click.echo(f"{webhook_id}: removed")
