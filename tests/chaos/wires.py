"""Google's client libraries on wires that the weather reaches: requests, gRPC, httplib2."""

from collections.abc import Callable
from typing import Any

import grpc
import requests
from emulators.drive import DriveServer, Fault
from google.auth.credentials import AnonymousCredentials
from google.cloud import firestore_v1 as firestore
from google.cloud import storage
from requests.adapters import HTTPAdapter

from core.adapters.google.drive_api import DriveApi
from core.adapters.google.retry import Backoff

from .turns import Turns
from .weather import Weather

# --- Cloud Storage -------------------------------------------------------------------------------


class _StorageWire(HTTPAdapter):
    """`created` is told of each object that came to be: its name and generation."""

    def __init__(self, weather: Weather, created: Callable[[str, int], None]) -> None:
        super().__init__(max_retries=0)
        self._weather = weather
        self._created = created

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        if self._weather.before("Storage"):
            how = self._weather.turns.random.choice(["429", "503", "timeout"])
            if how == "timeout":
                raise requests.ConnectTimeout("a fault on order", request=request)
            return _refusal(int(how), request)
        answer = super().send(request, **kwargs)
        if request.method == "POST" and answer.ok:
            told = answer.json()
            told = told.get("resource", told)
            if "generation" in told and "/o/" in told.get("selfLink", told.get("id", "")) + "/o/":
                self._created(told["name"], int(told["generation"]))
        try:
            lost = self._weather.after("Storage")
        except BaseException:
            answer.close()
            raise
        if lost:
            answer.close()
            raise requests.ConnectionError("a fault on order: the answer is lost", request=request)
        return answer


def _refusal(status: int, request: requests.PreparedRequest) -> requests.Response:
    answer = requests.Response()
    answer.status_code = status
    answer.request = request
    answer.url = request.url or ""
    answer.reason = "a fault on order"
    answer._content = b'{"error": {"message": "a fault on order"}}'
    answer.headers["Content-Type"] = "application/json"
    return answer


def storage_client(
    url: str, project: str, weather: Weather, created: Callable[[str, int], None]
) -> storage.Client:
    client = storage.Client(
        project=project,
        credentials=AnonymousCredentials(),
        client_options={"api_endpoint": url},
    )
    client._http.mount(url, _StorageWire(weather, created))
    return client


# --- Firestore -----------------------------------------------------------------------------------


class _Refused(grpc.RpcError, grpc.Call):  # type: ignore[misc]
    """What gRPC raises for an answer that is an error."""

    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(f"{code}: a fault on order")
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "a fault on order"

    def trailing_metadata(self) -> tuple[()]:
        return ()

    initial_metadata = trailing_metadata

    def result(self, timeout: float | None = None) -> Any:
        raise self

    __next__ = result

    def __iter__(self) -> Any:
        return self

    def is_active(self) -> bool:
        return False

    def time_remaining(self) -> None:
        return None

    def cancel(self) -> None:
        """Over already."""

    def add_callback(self, callback: Any) -> bool:
        return False


_REFUSALS = (
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.INTERNAL,
)


class _FirestoreWire(grpc.UnaryUnaryClientInterceptor, grpc.UnaryStreamClientInterceptor):  # type: ignore[misc]
    def __init__(self, weather: Weather) -> None:
        self._weather = weather

    def intercept_unary_unary(self, proceed: Any, details: Any, request: Any) -> Any:
        self._before()
        call = proceed(details, request)
        call.result()  # done, or refused by the double itself
        if self._weather.after("Firestore"):
            raise _Refused(grpc.StatusCode.UNAVAILABLE)
        return call

    def intercept_unary_stream(self, proceed: Any, details: Any, request: Any) -> Any:
        self._before()
        return proceed(details, request)

    def _before(self) -> None:
        if self._weather.before("Firestore"):
            raise _Refused(self._weather.turns.random.choice(_REFUSALS))


class _FirestoreClient(firestore.Client):
    """`wire` is put around the channel to the double."""

    wire: _FirestoreWire

    def _emulator_channel(self, transport: Any) -> Any:
        return grpc.intercept_channel(super()._emulator_channel(transport), self.wire)


def firestore_client(project: str, weather: Weather) -> firestore.Client:
    """FIRESTORE_EMULATOR_HOST says where."""
    client = _FirestoreClient(project=project)
    client.wire = _FirestoreWire(weather)
    return client


# --- Drive ---------------------------------------------------------------------------------------


def drive_api(drive: DriveServer, weather: Weather, turns: Turns) -> DriveApi:
    """The double itself gives the faults: refusals, answers cut, damaged, or never given."""
    backoff = Backoff(
        sleep=turns.pause, clock=turns.monotonic, uniform=turns.random.uniform, budget=120.0
    )
    api = DriveApi(AnonymousCredentials(), root_url=drive.url, backoff=backoff)
    wire = api._service._http.http
    request = wire.request

    def through_weather(*args: Any, **kwargs: Any) -> Any:
        if weather.before("Drive"):
            drive.faults.add(Fault("*", **_fault(turns)))
        answer = request(*args, **kwargs)
        if weather.after("Drive"):
            raise ConnectionResetError("a fault on order: the answer is lost")
        return answer

    wire.request = through_weather
    return api


def _fault(turns: Turns) -> dict[str, Any]:
    draw = turns.random
    return draw.choice(
        [
            {"status": 429, "reason": "rateLimitExceeded"},
            {"status": 403, "reason": "userRateLimitExceeded"},
            {"status": 500},
            {"status": 503},
            {"cut_after": draw.randrange(200)},
            {"corrupt": True},
            {"drop": True},
        ]
    )
