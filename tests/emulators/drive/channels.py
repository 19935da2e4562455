"""Push channels: `changes.watch` opens one, each change posts a message to its address.

Google asks for https addresses; a double on loopback accepts http, too.
https://developers.google.com/drive/api/guides/push
"""

import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import ApiError, invalid

LONGEST_MS = 7 * 24 * 3600 * 1000
_USUAL_MS = 3600 * 1000


@dataclass
class Channel:
    id: str
    log: str
    address: str
    token: str | None
    expiration_ms: int
    messages: int = 0

    @property
    def resource_id(self) -> str:
        return f"changes-{self.log or 'user'}"


class Channels:
    """The open channels. Messages are posted in their order by one thread; failures are dropped."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._lock = threading.Lock()
        self.open_channels: dict[str, Channel] = {}
        self._outbox: queue.Queue[urllib.request.Request | None] = queue.Queue()
        self._thread = threading.Thread(target=self._deliver, daemon=True)
        self._thread.start()

    def open(self, log: str, body: dict[str, Any]) -> dict[str, Any]:
        for key in ("id", "type", "address"):
            if key not in body:
                raise ApiError(400, "required", f"Required field: {key}")
        if body["type"] not in ("web_hook", "webhook"):
            raise invalid("type", f"Unknown channel type: {body['type']}")
        if not body["address"].startswith(("https://", "http://127.0.0.1:")):
            raise ApiError(
                400, "push.webhookUrlNotHttps", f"WebHook callback must be HTTPS: {body['address']}"
            )
        if len(body.get("token", "")) > 256:
            raise invalid("token", "The token is longer than 256 characters.")
        now = self._clock_ms()
        expiration = int(body.get("expiration", now + _USUAL_MS))
        if expiration <= now:
            raise invalid("expiration", "The channel would have expired already.")
        channel = Channel(
            body["id"],
            log,
            body["address"],
            body.get("token"),
            min(expiration, now + LONGEST_MS),
        )
        with self._lock:
            if channel.id in self.open_channels:
                raise ApiError(400, "channelIdNotUnique", f"Channel id {channel.id} not unique")
            self.open_channels[channel.id] = channel
            self._post(channel, "sync")
        resource = {
            "kind": "api#channel",
            "id": channel.id,
            "resourceId": channel.resource_id,
            "resourceUri": "https://www.googleapis.com/drive/v3/changes?alt=json",
            "expiration": str(channel.expiration_ms),
        }
        return resource | ({"token": channel.token} if channel.token else {})

    def stop(self, body: dict[str, Any]) -> None:
        with self._lock:
            channel = self.open_channels.get(body.get("id", ""))
            if channel is None or channel.resource_id != body.get("resourceId"):
                raise ApiError(404, "notFound", f"Channel '{body.get('id')}' not found for project")
            del self.open_channels[channel.id]

    def announce(self, log: str) -> None:
        """Tells all channels of a log that it has changed."""
        with self._lock:
            for channel in list(self.open_channels.values()):
                if channel.expiration_ms <= self._clock_ms():
                    del self.open_channels[channel.id]
                elif channel.log == log:
                    self._post(channel, "change")

    def close(self) -> None:
        self._outbox.put(None)
        self._thread.join()

    def _post(self, channel: Channel, state: str) -> None:
        channel.messages += 1
        headers = {
            "X-Goog-Channel-ID": channel.id,
            "X-Goog-Message-Number": str(channel.messages),
            "X-Goog-Resource-ID": channel.resource_id,
            "X-Goog-Resource-State": state,
            "X-Goog-Resource-URI": "https://www.googleapis.com/drive/v3/changes?alt=json",
        }
        if channel.token:
            headers["X-Goog-Channel-Token"] = channel.token
        self._outbox.put(
            urllib.request.Request(channel.address, data=b"", headers=headers, method="POST")
        )

    def _deliver(self) -> None:
        while (message := self._outbox.get()) is not None:
            try:
                with urllib.request.urlopen(message, timeout=5):
                    pass
            except (OSError, urllib.error.HTTPError):
                continue
