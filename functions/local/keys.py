"""`khana key`: the API keys of an installation."""

import click
from rich.table import Table

from core.access import Role, create_key, list_keys, revoke_key
from core.settings import load_settings
from functions.local.options import STORE, option, setting_options, wide_console
from functions.local.stored import stored


@click.group()
def key() -> None:
    """API keys: who may ask, and for what."""


@key.command()
@option("--name", required=True, help="whose it is; noted with what they change")
@option("--role", type=click.Choice([role.value for role in Role]), required=True)
@setting_options(*STORE)
def create(name: str, role: str, **flags: str | None) -> None:
    """Makes a key and prints it: it is not shown again."""
    from core.adapters import connect  # noqa: PLC0415

    store = connect(load_settings(**flags)).store
    made, shown = create_key(store, name, Role(role))
    click.echo(shown)
    click.echo(f"{made.id}: {made.name}, {made.role}; it can't be shown again", err=True)


@key.command("list")
@setting_options(*STORE)
def list_(**flags: str | None) -> None:
    """Lists all keys, without their secrets."""
    table = Table("id", "name", "role", "made", "revoked")
    for each in list_keys(stored(load_settings(**flags)).store):
        revoked = f"{each.revoked_at:%Y-%m-%d %H:%M}" if each.revoked_at else ""
        table.add_row(each.id, each.name, each.role, f"{each.created_at:%Y-%m-%d %H:%M}", revoked)
    wide_console().print(table)


@key.command()
@click.argument("key_id")
@setting_options(*STORE)
def revoke(key_id: str, **flags: str | None) -> None:
    """Ends a key, and every session that began with it."""
    ended = revoke_key(stored(load_settings(**flags)).store, key_id)
    click.echo(f"{ended.id}: {ended.name}, {ended.role}: revoked")
