"""The `khana` command.

Exit codes: 0 all went well, 1 some file failed (the rest were read), 2 wrong usage; 141 who reads
its output has read enough.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from pydantic import TypeAdapter, ValidationError
from rich.console import Console
from rich.progress import track
from rich.table import Table
from rich.text import Text

from core.errors import FileError, KhanaError, SetupError, TemplateError
from core.invoice import ErrorInfo, Outcome, Status
from core.ports import StoredTemplate
from core.settings import Settings, explain, load_settings
from core.template import TemplateId, dump_template, import_corners
from functions.local import copies, doctor, drive, exports, hooks, keys, replays
from functions.local.options import InputFile, OutputFile, option, setting_options, wide_console
from functions.local.output import as_read, discard
from functions.local.stored import stored
from functions.local.template_files import read_template_file

_EXISTING_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.group(context_settings={"auto_envvar_prefix": "KHANA", "max_content_width": 100})
@click.version_option(package_name="khana")
def khana() -> None:
    """Reads the boxes that matter on invoices."""


# --- read ----------------------------------------------------------------------------------------


@khana.command()
@option("--template", type=_EXISTING_FILE, help="the template of all files")
@option("--templates", type=click.Path(path_type=Path), help="a folder to choose from per file")
@option(
    "--json", "as_json", envvar="KHANA_READ_JSON", is_flag=True, help="one JSON line per invoice"
)
@setting_options(
    "review_threshold", "tesseract", "threads", "max_file_bytes", "max_pixels", "max_pages"
)
@click.argument("files", nargs=-1, required=True, type=InputFile())
def read(
    template: Path | None,
    templates: Path | None,
    as_json: bool,
    files: Sequence[Path],
    **flags: str | None,
) -> None:
    """Reads FILES and prints what is in their boxes; stores nothing."""
    if (template is None) == (templates is None):
        raise click.UsageError("name a template with --template, or a folder of them, --templates")
    settings = load_settings(**flags)
    faults: list[TemplateError] = []
    paths = [template] if template else sorted((templates or Path()).glob("*.json"))
    if not paths:
        raise click.UsageError(f"{templates}: holds no template (*.json)")
    usable: list[StoredTemplate] = []
    for path in paths:
        try:
            usable.append(read_template_file(path))
        except TemplateError as error:
            faults.append(error)
            click.echo(f"khana: {error.message} [{error.code}]", err=True)
    failed = bool(faults)
    reader = _read_files(files, usable, faults, settings, named=template is not None, quiet=as_json)
    for path, page, outcome, elapsed_ms in reader:
        failed |= outcome.status is Status.FAILED
        if as_json:
            click.echo(json.dumps(_line(path, page, outcome, elapsed_ms), ensure_ascii=False))
        else:
            _print_outcome(path, page, outcome)
    sys.exit(1 if failed else 0)


def _read_files(
    files: Sequence[Path],
    templates: Sequence[StoredTemplate],
    faults: Sequence[TemplateError],
    settings: Settings,
    *,
    named: bool,
    quiet: bool,
) -> Iterator[tuple[Path, int | None, Outcome, float]]:
    """What each invoice holds, and the page of its file that it is, if there are several."""
    from core.extract import Extractor  # noqa: PLC0415  # loads OpenCV and the model
    from core.intake.parts import count  # noqa: PLC0415

    extractor = Extractor(settings) if templates else None
    console = Console(stderr=True)
    show = not quiet and len(files) > 1 and console.is_terminal
    for path in track(files, "Reading", console=console, disable=not show):
        pages, page = 1, 0
        while page < pages:
            page += 1
            start = time.perf_counter()
            try:
                if extractor is None:
                    raise faults[0]
                data, only = _file_bytes(path, settings), None if page == 1 else page
                outcome = extractor.extract(data, templates, name=str(path), page=only)
            except KhanaError as error:
                outcome = Outcome(status=Status.FAILED, error=ErrorInfo.of(error))
            if page == 1:
                pages = count(outcome, named=named)
            elapsed_ms = (time.perf_counter() - start) * 1000
            yield path, page if pages > 1 else None, outcome, elapsed_ms


def _file_bytes(path: Path, settings: Settings) -> bytes:
    try:
        with path.open("rb") as file:
            # One byte more than allowed: enough to know, whatever the size of the file.
            return file.read(settings.max_file_bytes + 1)
    except OSError as error:
        raise FileError(f"{path}: {error.strerror}", code="file_unreadable") from error


def _line(path: Path, page: int | None, outcome: Outcome, elapsed_ms: float) -> dict[str, Any]:
    data = outcome.model_dump(mode="json")
    keys = ("status", "template", "fields", "reasons", "error")
    return {
        "file": str(path),
        **({} if page is None else {"page": page}),
        **{k: data[k] for k in keys},
        "elapsed_ms": round(elapsed_ms, 1),
    }


def _print_outcome(path: Path, page: int | None, outcome: Outcome) -> None:
    console = wide_console()
    which = "" if page is None else f", page {page}"
    template = f"  ({outcome.template.id})" if outcome.template else ""
    said = f"{which}  {outcome.status.value}{template}"
    console.print(Text.assemble("\n", (str(path), "bold"), said))
    if outcome.error:
        code = (f"[{outcome.error.code}]", "dim")
        console.print(Text.assemble(f"  {outcome.error.message} ", code))
    if outcome.fields:
        table = Table("field", "text", "value", "confidence")
        for name, reading in outcome.fields.items():
            table.add_row(name, reading.text, reading.value or "—", f"{reading.confidence:.1%}")
        console.print(table)
    for reason in outcome.reasons:
        console.print(f"  • {reason.message}", highlight=False)


# --- serve ---------------------------------------------------------------------------------------


@khana.command()
@setting_options(
    "host", "port", "data", "inbox", "workers", "watch_interval", "settle", "log_level"
)
@option(
    "--samples",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="reads the sample invoices of this folder first and prints what was read",
)
def serve(samples: Path | None, **flags: str | None) -> None:
    """Watches the inbox and serves the page and the API."""
    from functions.local import samples as sample_run  # noqa: PLC0415
    from functions.local import server  # noqa: PLC0415

    settings = load_settings(**flags)
    server.serve(settings, on_ready=sample_run.reader(samples) if samples else None)


# --- template ------------------------------------------------------------------------------------


@khana.group()
def template() -> None:
    """Makes and checks templates."""


def _words(_context: click.Context, _option: click.Parameter, value: str) -> list[str]:
    return [word.strip() for word in value.split(",")]


@template.command("import")
@click.argument("boxes", type=_EXISTING_FILE)
@option("--image", required=True, type=_EXISTING_FILE, help="the sample page")
@option("--names", required=True, callback=_words, help="field names, separated by commas")
@option("--kinds", required=True, callback=_words, help="their kinds, in the same order")
@option("--id", "template_id", help="its id; the name of the output if not given")
@option("-o", "--output", required=True, type=OutputFile())
def import_(
    boxes: Path,
    image: Path,
    names: list[str],
    kinds: list[str],
    template_id: str | None,
    output: Path,
) -> None:
    """Turns BOXES, {"1": [[x1, y1], [x2, y2]], …}, into a template."""
    from core.page import Limits, open_document  # noqa: PLC0415

    settings = load_settings()
    template_id = template_id or output.stem.lower()
    try:
        TypeAdapter(TemplateId).validate_python(template_id)
    except ValidationError as error:
        raise click.BadParameter(
            f"{template_id!r} can't be an id; name one of a-z, 0-9, '.', '_' and '-'",
            param_hint="--id",
        ) from error
    try:
        corners = json.loads(boxes.read_bytes())
    except (ValueError, RecursionError) as error:
        raise TemplateError(f"{boxes}: not JSON: {error}") from error
    data = _file_bytes(image, settings)
    with open_document(data, Limits.of(settings), name=str(image)) as document:
        height, width = document.gray(1, (1, 1)).shape
    made = import_corners(
        corners,
        template_id=template_id,
        page_size=(width, height),
        names=names,
        kinds=kinds,
        where=str(boxes),
    )
    output.write_text(
        json.dumps(dump_template(made), ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    click.echo(f"{output}: {len(made.fields)} fields on a page of {width} x {height} pixels")


@template.command()
@click.argument("files", nargs=-1, required=True, type=InputFile())
def check(files: Sequence[Path]) -> None:
    """Says whether template FILES can be used, which boxes cut through print, and which look
    alike."""
    from core.alignment.learn import learn  # noqa: PLC0415  # loads OpenCV
    from core.alignment.match import alike  # noqa: PLC0415
    from core.extract import Extractor  # noqa: PLC0415
    from core.page import Limits  # noqa: PLC0415
    from core.reading.habit import silent  # noqa: PLC0415
    from core.trial import cutting  # noqa: PLC0415

    settings = load_settings()
    limits = Limits.of(settings)
    extractor = None
    failed = False
    learned = {}
    for path in files:
        try:
            stored = read_template_file(path)
            if stored.reference is not None:
                where = str(path.parent / (stored.template.reference or ""))
                learned[path] = learn(stored.reference, stored.template, limits, where=where)
                extractor = extractor or Extractor(settings)  # only pictures need it
                cut = cutting(extractor, stored.reference, stored.template, name=where)
            else:
                cut = ()
            click.echo(f"{path}: fine, {len(stored.template.fields)} fields")
            for name in cut:
                click.echo(f"{path}: {name}: its box cuts through what stands there on the picture")
            for field in silent(stored.template):
                click.echo(f"{path}: {field.name}: the example “{field.example}” tells nothing")
        except (TemplateError, FileError) as error:
            failed = True
            click.echo(f"{error.message} [{error.code}]")
    paths = list(learned)
    for first, second in alike(list(learned.values())):
        click.echo(
            f"{paths[first]} and {paths[second]} look alike: pages of both go to review unless "
            "whoever sends them names the template [templates_alike]"
        )
    sys.exit(1 if failed else 0)


@template.command("list")
@setting_options("data")
def list_(**flags: str | None) -> None:
    """Lists the templates of the store."""
    table = Table("id", "version", "name", "fields")
    for each in stored(load_settings(**flags)).store.list_templates():
        names = ", ".join(field.name for field in each.fields)
        table.add_row(each.id, str(each.version), each.name, names)
    wide_console().print(table)


# --- config --------------------------------------------------------------------------------------


@khana.command()
@setting_options(*Settings.model_fields)
def config(**flags: str | None) -> None:
    """Prints each setting in force and where it comes from."""
    table = Table("setting", "value", "from", "variable", "meaning")
    for origin in explain(load_settings(**flags), **flags):
        table.add_row(origin.name, origin.value, origin.source, origin.variable, origin.description)
    wide_console().print(table)


for each in (
    copies.backup,
    copies.restore,
    doctor.doctor,
    drive.drive,
    exports.export,
    hooks.webhook,
    keys.key,
    replays.replay,
):
    khana.add_command(each)


def main() -> None:
    """Runs the command; a fault becomes one sentence and an exit code."""
    sys.stdout, sys.stderr = as_read(sys.stdout), as_read(sys.stderr)
    try:
        try:
            khana()
        finally:
            sys.stdout.flush()
    except KhanaError as error:
        click.echo(f"khana: {error.message} [{error.code}]", err=True)
        sys.exit(2 if isinstance(error, SetupError) else 1)
    except OSError as error:
        # What the system refuses: room on a full disk, above all.
        where = f"{error.filename}: " if error.filename else ""
        click.echo(f"khana: {where}{error.strerror or error} [system_error]", err=True)
        discard(sys.stdout)
        sys.exit(1)
