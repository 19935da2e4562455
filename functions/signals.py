"""OpenTelemetry's traces and metrics, made of what happened (`core.observe`).

Where they go: `console` prints them, `otlp` sends them to the collector that
OTEL_EXPORTER_OTLP_ENDPOINT names (http://localhost:4318 if unset), `google` sends the same to
Google's own collector, from where they are in Cloud Trace and Cloud Monitoring
(https://cloud.google.com/stackdriver/docs/reference/telemetry/overview).
"""

import uuid
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import google.auth
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from opentelemetry import trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags

from core.errors import SetupError
from core.settings import Settings

GOOGLE = "https://telemetry.googleapis.com/v1"
_CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"

_MS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000)
_AGES_S = (0.5, 1, 2, 5, 10, 30, 60, 300, 900, 3_600, 6 * 3_600, 24 * 3_600)
_CONFIDENCES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)

Facts = Mapping[str, Any]


def signals(settings: Settings, function: str) -> "Signals":
    """What makes traces and metrics of `function`'s work, and sends them where the settings say."""
    spans, metrics = _exporters(settings)
    told = {
        "service.name": f"khana-{function}",
        "service.version": version("khana"),
        "service.instance.id": uuid.uuid4().hex,
    }
    if settings.project:
        told["gcp.project_id"] = settings.project
    resource = Resource.create(told)
    tracers = TracerProvider(resource=resource)
    tracers.add_span_processor(BatchSpanProcessor(spans))
    meters = MeterProvider([PeriodicExportingMetricReader(metrics)], resource=resource)
    return Signals(tracers, meters)


def _exporters(settings: Settings) -> tuple[SpanExporter, MetricExporter]:
    if settings.telemetry == "console":
        return ConsoleSpanExporter(), ConsoleMetricExporter()
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import (  # noqa: PLC0415
        OTLPMetricExporter,
    )
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415
        OTLPSpanExporter,
    )

    if settings.telemetry == "otlp":
        return OTLPSpanExporter(), OTLPMetricExporter()
    try:
        credentials, _ = google.auth.default(scopes=[_CLOUD_SCOPE])
    except GoogleAuthError as error:
        raise SetupError(
            f"setting telemetry: Google can't be told without credentials: {error}",
            code="no_credentials",
        ) from error
    session: Any = AuthorizedSession
    return (
        OTLPSpanExporter(f"{GOOGLE}/traces", session=session(credentials)),
        OTLPMetricExporter(f"{GOOGLE}/metrics", session=session(credentials)),
    )


class Signals:
    """Traces and metrics of one process."""

    def __init__(self, tracers: TracerProvider, meters: MeterProvider) -> None:
        self._tracers, self._meters = tracers, meters
        self._tracer = tracers.get_tracer("khana")
        meter = meters.get_meter("khana")

        def histogram(name: str, unit: str, what: str, bounds: tuple[float, ...]) -> Any:
            return meter.create_histogram(
                name, unit, what, explicit_bucket_boundaries_advisory=bounds
            )

        self._stage = histogram("khana.stage.duration", "ms", "time of a stage of reading", _MS)
        self._step = histogram("khana.step.duration", "ms", "time of a whole step", _MS)
        self._age = histogram("khana.queue.age", "s", "from coming in to being read", _AGES_S)
        self._confidence = histogram(
            "khana.confidence", "1", "the reader's confidence in a field", _CONFIDENCES
        )
        self._request = histogram("khana.request.duration", "ms", "time of an answer", _MS)
        self._read = meter.create_counter(
            "khana.invoices",
            "1",
            "invoices read, by what came of it: needs_review is what people look at",
        )
        self._failed = meter.create_counter("khana.failures", "1", "what failed, by its code")
        self._reviewed = meter.create_counter("khana.reviews", "1", "invoices that people settled")

    def take(self, facts: Facts, at: float) -> None:
        """Makes of one thing that happened, at `at` (seconds since 1970), what it is worth."""
        match facts["event"]:
            case "received":
                self._span(facts, at, "receive", {"source": facts["source"]})
            case "split":
                self._span(facts, at, "split", {"pages": facts["pages"]})
            case "read":
                self._take_reading(facts, at)
            case "given up" | "refused":
                self._failed.add(1, {"code": facts["code"]})
            case "reviewed":
                self._reviewed.add(1, {"status": facts["status"]})
                self._span(facts, at, "review", {"status": facts["status"]})
            case "told":
                self._span(facts, at, "tell", {"webhook": facts["webhook"]})
            case "looked":
                self._step.record(facts["ms"], {"step": "look"})
            case "answered":
                told = {"route": facts["route"], "status": facts["status"]}
                self._request.record(facts["ms"], told)
                self._span(facts, at, facts["route"], told)

    def flush(self) -> None:
        """Sends what is not sent yet."""
        self._tracers.force_flush()
        self._meters.force_flush()

    def close(self) -> None:
        self._tracers.shutdown()
        self._meters.shutdown()

    def _take_reading(self, facts: Facts, at: float) -> None:
        status, code = facts["status"], facts.get("code")
        self._read.add(1, {"status": status})
        if code is not None:
            self._failed.add(1, {"code": code})
        if "age" in facts:
            self._age.record(facts["age"])
        for confidence in facts.get("confidences", ()):
            self._confidence.record(confidence)
        stages: Mapping[str, float] = facts.get("stages", {})
        for stage, ms in stages.items():
            self._stage.record(ms, {"stage": stage})
        told = {"status": status} | ({"code": code} if code else {})
        self._span(facts, at, "read", told, stages)

    def _span(
        self,
        facts: Facts,
        at: float,
        name: str,
        told: Mapping[str, Any],
        stages: Mapping[str, float] | None = None,
    ) -> None:
        """A span that took `ms` and ended at `at`, of the invoice's trace, with its stages."""
        end = int(at * 1e9)
        start = end - int(facts.get("ms", 0.0) * 1e6)
        span = self._tracer.start_span(
            name,
            _trace_of(facts.get("invoice")),
            kind=SpanKind.SERVER,
            attributes={"khana." + key: value for key, value in told.items()},
            start_time=start,
        )
        begin = start
        for stage, ms in (stages or {}).items():
            # One after the other: their order is kept, the time between them is not.
            child = self._tracer.start_span(
                stage, trace.set_span_in_context(span), start_time=begin
            )
            begin += int(ms * 1e6)
            child.end(begin)
        span.end(end)


def _trace_of(invoice: object) -> Any:
    """The context in which a span is of the trace that has the invoice's id."""
    try:
        number = int(str(invoice), 16)
    except ValueError:
        return None
    if not 0 < number < 1 << 128:
        return None
    # The parent is the invoice itself, which nobody sends: each step stands under the trace.
    of = SpanContext(number, number & (1 << 64) - 1 or 1, True, TraceFlags(TraceFlags.SAMPLED))
    return trace.set_span_in_context(NonRecordingSpan(of))
