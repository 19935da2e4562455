"""The double on a socket: requests in, checked answers out."""

import json
import re
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

from .channels import Channels
from .discovery import Method, check, check_request, read_parameters, route
from .errors import ApiError, invalid
from .faults import Fault, Faults, RecordedCall
from .fields import parse, select
from .methods import DEFAULT_FIELDS, SERVED, Call
from .sign_in import SignIn
from .state import DriveState


class DriveServer:
    """Google Drive v3 on a port of loopback.

        with DriveServer() as drive:
            folder = drive.state.folder("Invoices")
            ...  # a client of https://www.googleapis.com/ told to use drive.url instead
            assert drive.calls_of("files.list")

    Leaving the block fails if the double itself broke the API's description.
    """

    def __init__(self, port: int = 0) -> None:
        self.state = DriveState()
        self.channels = Channels(clock_ms=lambda: int(time.time() * 1000))
        self.state.on_change = self.channels.announce
        self.sign_in = SignIn()
        self.faults = Faults()
        self.calls: list[RecordedCall] = []
        self.breaches: list[str] = []
        self._http = _Server(("127.0.0.1", port), _Handler)
        self._http.drive = self
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}/"
        # The default poll of 0.5 s would be the time that closing takes.
        self._thread = Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        if kind is None:
            assert not self.breaches, "\n".join(self.breaches)

    def close(self) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self.channels.close()

    def fail(self, pattern: str, **fault: Any) -> Fault:
        """Orders a fault; see `Fault`. Methods are called `files.list`, media `files.get:media`."""
        ordered = Fault(pattern, **fault)
        self.faults.add(ordered)
        return ordered

    def calls_of(self, method: str) -> list[RecordedCall]:
        return [call for call in self.calls if call.method == method]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    drive: DriveServer


@dataclass
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body are two writes; with Nagle's algorithm on, the second waits 40 ms.
    disable_nagle_algorithm = True
    server: _Server

    def _serve(self) -> None:
        drive = self.server.drive
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        signed_in = drive.sign_in.serve(self.command, self.path, body)
        if signed_in:
            status, content = signed_in
            self._send(_signed_in(status, content))
            return
        url = urlsplit(self.path)
        query = parse_qsl(url.query, keep_blank_values=True)
        name, fault = url.path, None
        try:
            method, path, uploads = route(self.command, url.path)
            name = method.name + (":media" if ("alt", "media") in query else "")
            fault = drive.faults.take(name, path.get("fileId"))
            if fault:
                fault.refuse()
            drive.sign_in.check(self.headers.get("Authorization"))
            params = read_parameters(method, query)
            resource, media = self._read(method, body, uploads, params)
            answer = self._call(method, path, params, resource, media)
        except ApiError as error:
            answer = _json(error.status, error.body())
        except Exception:
            drive.breaches.append(traceback.format_exc())
            answer = _json(500, ApiError(500, "backendError", traceback.format_exc()).body())
        dropped = fault is not None and fault.drop
        drive.calls.append(
            RecordedCall(
                method=name,
                params=dict(query),
                headers=dict(self.headers),
                body=body,
                status=0 if dropped else answer.status,
            )
        )
        if dropped:
            self.close_connection = True
        else:
            self._send(answer, fault)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = _serve

    def _read(
        self, method: Method, body: bytes, uploads: bool, params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], tuple[bytes, str] | None]:
        """The resource and the media in the body of the request."""
        kind = self.headers.get("Content-Type", "")
        if uploads and params.get("uploadType") == "multipart":
            message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
            parts = message.get_payload()
            assert isinstance(parts, list)
            head, content = parts
            resource = json.loads(head.get_payload(decode=True))
            media = content.get_payload(decode=True), content.get_content_type()
        elif uploads and params.get("uploadType") == "media":
            return {}, (body, kind)
        elif uploads:
            raise ApiError(501, "notImplemented", "the double serves no resumable uploads")
        else:
            resource, media = json.loads(body) if body else {}, None
        if method.request is None and resource:
            raise ApiError(400, "badRequest", f"{method.name} takes no body")
        if method.request:
            check_request(method.request, resource)
        return resource, media

    def _call(
        self,
        method: Method,
        path: Mapping[str, str],
        params: Mapping[str, Any],
        resource: dict[str, Any],
        media: tuple[bytes, str] | None,
    ) -> Answer:
        drive = self.server.drive
        serve = SERVED.get(method.name)
        if serve is None:
            raise ApiError(501, "notImplemented", f"the double doesn't serve {method.name}")
        call = Call(drive.state, drive.channels, path, params, resource, media)
        selection = None
        if method.response and params["alt"] == "json":
            wanted = params.get("fields") or DEFAULT_FIELDS.get(method.name, "*")
            selection = parse(wanted, method.response)
        with drive.state.lock:
            if params["alt"] == "media":
                return self._media(method, call)
            if params["alt"] != "json":
                raise invalid("alt", f"alt={params['alt']} is not served")
            answer = serve(call)
        if method.response is None or answer is None:
            assert method.response is None and answer is None, f"{method.name}: a wrong answer"
            return Answer(204)
        check(method.response, answer)
        return _json(200, select(selection or {"*": None}, answer))

    def _media(self, method: Method, call: Call) -> Answer:
        if not method.gives_media:
            raise invalid("alt", f"{method.name} gives no media")
        data = call.item.data
        if data is None:
            raise ApiError(
                403,
                "fileNotDownloadable",
                "Only files with binary content can be downloaded. "
                "Use Export with Docs Editors files.",
                location="alt",
            )
        headers = {"Content-Type": call.item.mime_type}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not asked:
            return Answer(200, data, headers)
        start, end = int(asked[1]), min(int(asked[2] or len(data)), len(data) - 1)
        if start >= len(data):
            refused = ApiError(416, "requestedRangeNotSatisfiable", "Request range not satisfiable")
            answer = _json(416, refused.body())
            return Answer(416, answer.body, {"Content-Range": f"bytes */{len(data)}"})
        headers["Content-Range"] = f"bytes {start}-{end}/{len(data)}"
        return Answer(206, data[start : end + 1], headers)

    def _send(self, answer: Answer, fault: Fault | None = None) -> None:
        body = answer.body
        if fault and fault.corrupt:
            body = bytes([body[0] ^ 0xFF]) + body[1:]
        if fault and fault.delay:
            time.sleep(fault.delay)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault and fault.cut_after is not None:
            body = body[: fault.cut_after]
            self.close_connection = True
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing: `DriveServer.calls` is the record."""


def _json(status: int, content: Any) -> Answer:
    body = json.dumps(content, ensure_ascii=False).encode()
    return Answer(status, body, {"Content-Type": "application/json; charset=UTF-8"})


def _signed_in(status: int, content: Any) -> Answer:
    answer = _json(status, content)
    # The mark by which clients know a metadata server.
    return Answer(status, answer.body, {**answer.headers, "Metadata-Flavor": "Google"})
