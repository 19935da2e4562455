"""`khana doctor`: whether this installation can work, and if not, what to do about it.

Each check does a small part of what working does: Tesseract reads a page, the model reads a number.
"""

import json
import logging
import os
import platform
import sys
from collections.abc import Callable, Iterator, Set
from dataclasses import asdict, dataclass
from difflib import get_close_matches
from functools import partial

import click
from rich.text import Text

from core.errors import KhanaError, SetupError
from core.settings import PREFIX, Settings, load_settings, variable_of
from functions.local.drive import check_watched
from functions.local.options import option, option_variables, setting_options, wide_console

log = logging.getLogger(__name__)

TESSERACT_TIMEOUT_S = 30.0


@dataclass(frozen=True)
class Finding:
    """What one check came to. `message` says what is there, or what is wrong and what to do."""

    check: str
    ok: bool
    message: str
    code: str | None = None


def examine(settings: Settings, variables: Set[str]) -> Iterator[Finding]:
    """What every check comes to, one by one as they are made. variables: of the environment, that
    mean something."""
    for name, check in _checks(settings, variables):
        try:
            yield Finding(name, True, check())
        except KhanaError as error:
            yield Finding(name, False, error.message, error.code)
        except Exception as error:  # a doctor that falls ill helps nobody
            log.debug("check %s", name, exc_info=True)
            yield Finding(name, False, f"{type(error).__name__}: {error}", "internal")


def _checks(settings: Settings, variables: Set[str]) -> Iterator[tuple[str, Callable[[], str]]]:
    yield "settings", partial(_settings, variables)
    yield "Python", _python
    yield "Tesseract", partial(_tesseract, settings)
    yield "model", partial(_model, settings)
    yield "font", partial(_font, settings)
    # Imported here so that no check of one backend needs the libraries of the other.
    if settings.backend == "google":
        from core.adapters.google import health as google  # noqa: PLC0415

        yield "bucket", partial(google.check_bucket, settings)
        yield "database", partial(google.check_database, settings)
        if settings.drive_folders:
            yield "Drive", partial(google.check_drive, settings)
    else:
        from core.adapters.local import health as local  # noqa: PLC0415

        yield "data folder", partial(local.check_folder, settings.data)
        yield "inbox", partial(local.check_inbox, settings.inbox_dir, settings.data)
        yield "disk space", partial(local.check_space, settings.data)
        yield "store", partial(local.check_database, settings.data)
        yield "privacy", partial(local.check_privacy, settings.data)
        if settings.drive_folders:
            yield "Drive", partial(_drive, settings)


def _font(settings: Settings) -> str:
    from core.export.pdf import check_font  # noqa: PLC0415  # loads fpdf2

    check_font(settings)
    return f"{settings.font} can be used for PDFs"


def _drive(settings: Settings) -> str:
    check_watched(settings)
    return "is looked at"


def _settings(variables: Set[str]) -> str:
    unknown = sorted(
        name for name in os.environ if name.startswith(PREFIX) and name not in variables
    )
    if not unknown:
        return "each variable of the environment has a meaning"
    meant = [get_close_matches(name, variables, 1) for name in unknown]
    said = [
        f"{name} (is {close[0]} meant?)" if close else name
        for name, close in zip(unknown, meant, strict=True)
    ]
    raise SetupError(f"nothing looks at {', '.join(said)}", code="unknown_variable")


def _python() -> str:
    try:
        import cv2  # noqa: PLC0415  here is where it must be found missing
        import pypdfium2  # noqa: PLC0415

        from core.reading.runtime import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise SetupError(f"{error}: run `make setup` again", code="library_missing") from error
    return (
        f"{platform.python_version()} on {platform.system()} {platform.machine()} with "
        f"OpenCV {cv2.__version__}, onnxruntime {onnxruntime.__version__}, "
        f"pypdfium2 {pypdfium2.version.PYPDFIUM_INFO}"
    )


def _tesseract(settings: Settings) -> str:
    import numpy as np  # noqa: PLC0415

    from core.reading.tesseract import Tesseract  # noqa: PLC0415

    program = Tesseract(settings.tesseract, TESSERACT_TIMEOUT_S)
    if int(program.version.split(".")[0]) < 5:
        raise SetupError(
            f"Tesseract {program.version} is too old: install version 5", code="tesseract_too_old"
        )
    program.read([np.full((40, 200), 255, np.uint8)], ["ara", "eng"])
    return f"{program.version} with ara and eng"


def _model(settings: Settings) -> str:
    import cv2  # noqa: PLC0415
    import numpy as np  # noqa: PLC0415

    from core.reading.numeric import NumericReader  # noqa: PLC0415

    reader = NumericReader(threads=settings.threads)
    line = np.full((48, 160), 255, np.uint8)
    cv2.putText(line, "2026", (10, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (0,), 2, cv2.LINE_AA)
    (reading,) = reader.read([line], ["number"])
    if reading.text != "2026":
        raise SetupError(
            f"{reader.version} reads a plain 2026 as {reading.text!r}: get the files of "
            "core/reading/model again (git checkout)",
            code="model_corrupt",
        )
    return f"{reader.version} reads"


@click.command()
@setting_options("backend", "bucket", "project", "database", "data", "inbox", "tesseract")
@option("--json", "as_json", is_flag=True, help="one JSON line per check")
def doctor(as_json: bool, **flags: str | None) -> None:
    """Checks this installation and says what is wrong and what to do."""
    settings = load_settings(**flags)
    logging.basicConfig(level=settings.log_level.upper(), format="%(levelname)s %(message)s")
    console = wide_console()
    sick = 0
    variables = {variable_of(name) for name in (*Settings.model_fields, "config")}
    variables |= option_variables(click.get_current_context().find_root())
    for finding in examine(settings, variables):
        sick += not finding.ok
        if as_json:
            click.echo(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            mark = ("fine ", "green") if finding.ok else ("wrong", "red")
            code = (f" [{finding.code}]" if finding.code else "", "dim")
            line = Text.assemble(mark, f"  {finding.check:12} {finding.message}", code)
            console.print(line, soft_wrap=True)
    if not as_json:
        console.print(f"\n{sick} wrong" if sick else "\nall fine", highlight=False)
    sys.exit(1 if sick else 0)
