"""What is said of Khana's work: the log as text or JSON, and OpenTelemetry's traces and metrics.

Both are made of one thing, the records of `core.observe`. An invoice's id is 128 bits, as is that
of a trace: so all that was ever done for an invoice, from Drive to the API, is one trace with its
id, and nothing has to be handed on for that.
"""

import json
import logging
import math
import re
import sys
import threading
import time
from typing import Any

from core.observe import EVENT
from core.settings import Settings
from functions.complaints import SAY_AGAIN_S

_installed = threading.Lock()
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
"""What is no character of a line, or turns its direction."""
_SEVERITY = {"WARNING": "WARNING", "ERROR": "ERROR", "CRITICAL": "CRITICAL", "DEBUG": "DEBUG"}


def install(settings: Settings, function: str) -> None:
    """Has this process, which runs `function`, say what the settings ask for.

    Of several in one process, as under `khana serve`, the first names it; the others add nothing.

    Raises:
        SetupError: traces and metrics are to go to Google, and there are no credentials.
    """
    with _installed:
        root = logging.getLogger()
        if any(_is_ours(handler) for handler in root.handlers):
            return
        if settings.log_form == "json":
            # In the place of what functions-framework has set up.
            lines = logging.StreamHandler(sys.stdout)
            lines.setFormatter(_Json(settings.project, function))
            lines.addFilter(_Rarely())
            logging.basicConfig(level=settings.log_level.upper(), handlers=[lines], force=True)
        else:
            logging.basicConfig(
                level=settings.log_level.upper(), format="%(levelname)s %(message)s"
            )
            for handler in root.handlers:
                handler.addFilter(_for_people)
                handler.addFilter(_Rarely())
        if settings.telemetry != "none":
            # Some 60 ms of imports, for whoever asks for it.
            from functions.signals import signals  # noqa: PLC0415

            root.addHandler(_Telemetry(signals(settings, function)))


def _is_ours(handler: logging.Handler) -> bool:
    return isinstance(handler, _Telemetry) or isinstance(handler.formatter, _Json)


def _for_people(record: logging.LogRecord) -> bool:
    """Each invoice's steps are for programs: people see what is out of the ordinary."""
    if hasattr(record, EVENT):
        return False
    # A file is called whatever its sender likes, and must neither begin a line of the log nor talk
    # to the terminal.
    said = _UNFIT.sub(lambda each: ascii(each[0])[1:-1], record.getMessage())
    record.msg, record.args = said, None
    return True


class _Rarely(logging.Filter):
    """Of a collector that doesn't answer each process would speak several times a minute."""

    def __init__(self) -> None:
        super().__init__()
        self._last: dict[tuple[str, int], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        key = record.name, record.levelno
        if not record.name.startswith("opentelemetry."):
            return True
        if time.monotonic() < self._last.get(key, -math.inf) + SAY_AGAIN_S:
            return False
        self._last[key] = time.monotonic()
        return True


class _Json(logging.Formatter):
    """A line of JSON as Cloud Logging takes it
    (https://cloud.google.com/logging/docs/structured-logging)."""

    def __init__(self, project: str | None, function: str) -> None:
        super().__init__()
        self._project = project
        self._function = function

    def format(self, record: logging.LogRecord) -> str:
        facts: dict[str, Any] = getattr(record, EVENT, {})
        line: dict[str, Any] = {
            "severity": _SEVERITY.get(record.levelname, "INFO"),
            "time": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}"
            f".{int(record.msecs):03}Z",
            "message": record.getMessage(),
            "function": self._function,
            "logger": record.name,
            **facts,
        }
        if self._project and isinstance(invoice := facts.get("invoice"), str):
            line["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{invoice}"
        if record.exc_info:
            line["stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class _Telemetry(logging.Handler):
    """Hands what happened to whoever makes traces and metrics of it."""

    def __init__(self, signals: Any) -> None:
        super().__init__(logging.INFO)
        self._signals = signals

    def emit(self, record: logging.LogRecord) -> None:
        facts = getattr(record, EVENT, None)
        if facts is None:
            return
        try:
            self._signals.take(facts, record.created)
        except Exception:
            self.handleError(record)
