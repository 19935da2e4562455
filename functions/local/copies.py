"""`khana backup` and `khana restore`: the whole local store in one file, and back."""

from pathlib import Path

import click

from core.adapters.local import archive
from core.errors import SetupError
from core.settings import Settings, load_settings
from functions.local.options import OutputFile, setting_options
from functions.local.owning import owning


@click.command()
@click.argument("file", type=OutputFile())
@setting_options("data")
def backup(file: Path, **flags: str | None) -> None:
    """Copies the store into a new FILE; Khana may run meanwhile.

    That is invoices, templates, state and files.
    """
    settings = _local(**flags)
    copied = archive.backup(settings.data, file)
    click.echo(f"{file}: the store with {_amount(copied)}")
    for name in copied.missing:
        click.echo(f"{name}: its bytes are gone from the bucket", err=True)


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@setting_options("data")
def restore(file: Path, **flags: str | None) -> None:
    """Brings the store of FILE into a data folder that holds none.

    No Khana may work on that folder meanwhile.
    """
    settings = _local(**flags)
    with owning(settings.data):
        copied = archive.restore(file, settings.data)
    click.echo(f"{settings.data}: the store with {_amount(copied)}")


def _local(**flags: str | None) -> Settings:
    settings = load_settings(**flags)
    if settings.backend != "local":
        raise SetupError(
            f"setting backend: this copies a store on this machine, not one on {settings.backend}",
            code="invalid_setting",
        )
    return settings


def _amount(copied: archive.Copied) -> str:
    return f"{copied.objects:,} files, {copied.bytes / 1e6:,.1f} MB"
