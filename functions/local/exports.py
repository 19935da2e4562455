"""`khana export`: what is stored, as files."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from core.export.forms import ENDINGS, Form, pieces
from core.invoice import Status
from core.ports import Query
from core.settings import load_settings
from functions.local.options import STORE, OutputFile, option, setting_options
from functions.local.stored import stored


@click.command("export")
@option("--format", "form", type=click.Choice(list(ENDINGS)), default="csv", show_default=True)
@option("-o", "--output", type=OutputFile(), help="a file; standard output if unset")
@option("--language", type=click.Choice(["en", "ar"]), default="en", help="of XLSX and PDF")
@option("--status", type=click.Choice([status.value for status in Status]), help="only these")
@option("--template", "template_id", help="only those read with it")
@option(
    "--crops",
    type=click.Path(path_type=Path, file_okay=False),
    help="writes corrected boxes, with what stands in them, to this folder for training instead",
)
@setting_options(*STORE, "font")
def export(
    form: Form,
    output: Path | None,
    language: str,
    status: str | None,
    template_id: str | None,
    crops: Path | None,
    **flags: str | None,
) -> None:
    """Writes the stored invoices to a file, the oldest first."""
    settings = load_settings(**flags)
    query = Query(status=Status(status) if status else None, template=template_id, descending=False)
    if output is None and crops is None and form in ("xlsx", "pdf") and sys.stdout.isatty():
        raise click.UsageError(f"a terminal shows no {form.upper()}: name a file with --output")
    adapters = stored(settings)
    if crops is not None:
        from core.export.crops import write_crops  # noqa: PLC0415  # loads OpenCV

        count = write_crops(adapters, query, crops, settings)
        click.echo(f"{crops}: {count.written} boxes written, {count.left_out} left out")
        return
    from functions.api.languages import LANGUAGES, wording  # noqa: PLC0415

    file = pieces(form, adapters, query, settings, wording=wording(LANGUAGES[language]))
    try:
        with _whole(output or Path("-")) as out:
            for piece in file:
                out.write(piece)
    except OSError as error:
        # What writing meets, a full disk above all, names no file by itself.
        error.filename = error.filename or (output and str(output))
        raise


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name once all of it is written; what was there stays until then. `-` is
    standard output.

    Click's own takes it also where writing has failed.
    """
    if str(path) == "-" or (path.exists() and not path.is_file()):  # a pipe, say, is written to
        with click.open_file(str(path), "wb") as out:
            yield out
        return
    path = path.resolve()  # where a link leads
    # Beside it, hence on the same disk. What a killed one left is overwritten by the next.
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as out:
            yield out
        if path.exists():
            shutil.copymode(path, part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
