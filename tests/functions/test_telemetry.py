"""Logs, traces and metrics: one id from Drive to the API, over sockets where there are any."""

import json
import logging
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from asking import ask
from emulators.drive import DriveServer
from emulators.eventarc import Eventarc
from emulators.serving import running
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from core.invoice import Status
from core.observe import EVENT, tell
from core.ports import Query, StoredTemplate
from core.settings import Settings
from core.template import parse_template
from functions import telemetry

FORM = StoredTemplate(
    parse_template(
        {
            "id": "form",
            "page_size": [260, 60],
            "fields": [{"name": "number", "kind": "number", "box": [10, 5, 250, 55]}],
        }
    )
)


def page() -> bytes:
    drawn = np.full((60, 260), 255, np.uint8)
    cv2.putText(drawn, "10042", (20, 42), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
    return bytes(cv2.imencode(".png", drawn)[1])


class Collector(ThreadingHTTPServer):
    """A double of OpenTelemetry's collector: what it is sent over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Collecting)
        self.spans: list[tuple[str, Any]] = []
        self.metrics: dict[str, list[Any]] = defaultdict(list)
        self.measured_at: list[dict[str, str]] = []


class _Collecting(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raise NotImplementedError
        if self.path == "/v1/traces":
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = {a.key: a.value.string_value for a in resource.resource.attributes}
                for scope in resource.scope_spans:
                    self.server.spans += [(service["service.name"], span) for span in scope.spans]
        else:
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                place = {a.key: a.value.string_value for a in resource.resource.attributes}
                self.server.measured_at.append(place)
                for scope in resource.scope_metrics:
                    for metric in scope.metrics:
                        self.server.metrics[metric.name].append(metric)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_from_drive_to_the_api_all_is_one_trace(cloud, collector: Collector) -> None:
    sent = {
        "KHANA_TELEMETRY": "otlp",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{collector.server_port}",
        "OTEL_BSP_SCHEDULE_DELAY": "50",
        "OTEL_METRIC_EXPORT_INTERVAL": "100",
        "OTEL_RESOURCE_ATTRIBUTES": "cloud.region=me-central1",
    }
    with DriveServer() as drive, cloud.storage_client() as files, cloud.adapters() as adapters:
        adapters.store.put_template(FORM)
        inbox = drive.state.folder("Inbox")
        drive.state.file("a.png", page(), inbox)
        watched = {"KHANA_DRIVE_FOLDERS": inbox, "DRIVE_EMULATOR_HOST": drive.url}
        with (
            running("drive_watch", **(cloud.variables | watched | sent)) as look,
            running("extract", **(cloud.variables | sent)) as extract,
            running("api", **(cloud.variables | sent)) as api,
            Eventarc(files, cloud.bucket, extract),
        ):
            assert ask(look, method="POST")[0] == 200
            (invoice,) = adapters.store.list(Query()).invoices
            wait_for(
                lambda: (
                    adapters.store.get(invoice.id).status in Status.__members__.values()
                    and adapters.store.get(invoice.id).status.final
                )
            )
            assert ask(f"{api}/v1/invoices/{invoice.id}")[0] == 200
            asked = "GET /v1/invoices/<string:invoice_id>"
            wait_for(lambda: {"receive", "read", asked} <= {s.name for _, s in collector.spans})
            awaited = {
                *("khana.invoices", "khana.queue.age", "khana.request.duration"),
                *("khana.confidence", "khana.stage.duration"),
            }
            wait_for(lambda: awaited <= collector.metrics.keys())
    ours = [(service, s) for service, s in collector.spans if s.trace_id.hex() == invoice.id]
    by_name = {span.name: service for service, span in ours}
    assert by_name["receive"] == "khana-drive_watch"
    assert by_name["read"] == by_name["decode"] == by_name["read_numeric"] == "khana-extract"
    assert by_name[asked] == "khana-api"
    stages = {
        attribute.value.string_value
        for metric in collector.metrics["khana.stage.duration"]
        for point in metric.histogram.data_points
        for attribute in point.attributes
    }
    assert {"decode", "crop", "read_numeric", "check"} <= stages
    # Without these two Cloud Monitoring takes no metric.
    assert {place["cloud.region"] for place in collector.measured_at} == {"me-central1"}
    assert all(place["service.instance.id"] for place in collector.measured_at)
    assert collector.metrics["khana.confidence"][-1].histogram.data_points[0].count == 1


def wait_for(condition) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until, "waited 60 s"
        time.sleep(0.05)


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root of the log, put back as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield root
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_of_json_is_what_cloud_logging_takes(root, capsys) -> None:
    telemetry.install(Settings(log_form="json", project="p", telemetry="none"), "extract")
    tell("read", invoice="0123abcd", status="done", code=None, confidences=[0.5])
    logging.getLogger("core").error("%s: went wrong", "x.png", exc_info=ValueError("why"))
    read, wrong = map(json.loads, capsys.readouterr().out.splitlines())
    assert read["severity"] == "INFO"
    assert (read["message"], read["event"], read["invoice"]) == ("read", "read", "0123abcd")
    assert read["logging.googleapis.com/trace"] == "projects/p/traces/0123abcd"
    assert (read["function"], read["confidences"]) == ("extract", [0.5])
    assert "code" not in read
    assert (wrong["severity"], wrong["message"]) == ("ERROR", "x.png: went wrong")
    assert "ValueError: why" in wrong["stack_trace"]


def test_what_runs_in_one_process_is_called_as_that_is(root, capsys) -> None:
    for function in ("serve", "api", "webhooks"):  # as they are first called under `khana serve`
        telemetry.install(Settings(log_form="json"), function)
    tell("answered", status=200)
    (line,) = map(json.loads, capsys.readouterr().out.splitlines())
    assert line["function"] == "serve"


def test_people_are_not_told_of_every_step(root, capsys) -> None:
    root.handlers[:] = []
    telemetry.install(Settings(), "serve")
    tell("read", invoice="0123abcd")
    logging.getLogger("core").warning("look here")
    assert capsys.readouterr().err == "WARNING look here\n"


def test_what_can_t_be_told_stops_nothing(root, monkeypatch, capsys) -> None:
    root.handlers[:] = []
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "0.2")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    telemetry.install(Settings(telemetry="otlp"), "serve")
    (handler,) = [h for h in root.handlers if isinstance(h, telemetry._Telemetry)]
    monkeypatch.setattr(logging, "raiseExceptions", False)
    logging.getLogger("khana").info("odd", extra={EVENT: {"event": "read"}})
    tell("read", invoice="no number", status="done")
    handler._signals.close()


def test_everything_that_happens_is_known_to_who_makes_signals_of_it() -> None:
    """A new kind of record is either made a signal of or left to the log on purpose."""
    root = Path(__file__).parents[2]
    code = "".join(p.read_text() for f in ("core", "functions") for p in (root / f).rglob("*.py"))
    told = {part.split('"')[1] for part in code.split("tell(")[1:] if part.strip()[:1] == '"'}
    taken = (root / "functions" / "signals.py").read_text()
    assert told
    assert {each for each in told if f'"{each}"' not in taken} == set()


def test_a_name_begins_no_line_of_the_log(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    telemetry.install(Settings(), "serve")
    logging.getLogger("a").warning("%s: can't be read", "a\nERROR b\x1b[31m\u202egpj.é.ف.jpg")
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "WARNING a\\nERROR b\\x1b[31m\\u202egpj.é.ف.jpg: can't be read"


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_collector_that_does_not_answer_fills_no_log(
    form: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    telemetry.install(Settings(log_form=form), "serve")
    for number in range(5):
        logging.getLogger("opentelemetry.exporter.a").warning("no answer %d", number)
        logging.getLogger("opentelemetry.exporter.a").error("lost %d", number)
        logging.getLogger("khana").warning("ours %d", number)
    said = "".join(capsys.readouterr())
    assert (said.count("no answer"), said.count("lost"), said.count("ours")) == (1, 1, 5)
