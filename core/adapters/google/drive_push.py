"""Push channels: Drive calls an address of ours as soon as something changes.

A channel is good for days and then ends; it is renewed well before. Whoever calls shows the token
that the channel was opened with, of which only a digest is kept.
https://developers.google.com/workspace/drive/api/guides/push
"""

import hashlib
import hmac
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from core.errors import KhanaError, RequestError
from core.invoice import now

if TYPE_CHECKING:  # whoever only checks a call doesn't wait for Drive's client
    from core.adapters.google.drive_api import DriveApi

log = logging.getLogger(__name__)

SOURCE = "drive"
"""The name of Drive among the sources, unless there are several accounts."""

LENGTH = timedelta(days=6)
"""What is asked for; Drive gives seven days at most."""
RENEWED = timedelta(days=2)
"""Time before its end from which a channel is opened anew: a schedule may pause for a weekend."""


class Channel(BaseModel):
    """An open channel. `address` is whom it calls, `digest` the SHA-256 of its token in hex."""

    model_config = ConfigDict(extra="forbid")

    id: str
    resource_id: str
    address: str
    digest: str
    until: datetime


_JSON = TypeAdapter(dict[str, Channel])


def keep_open(api: "DriveApi", tokens: Mapping[str, str], address: str, kept: str | None) -> str:
    """Opens the channels that are missing or about to end, and gives what to keep of them.

    tokens: of each log of changes (by shared drive; "" is the account's own) where it is followed
        to. kept: what was kept last.

    Raises:
        RequestError: Drive opens none; those that are open stay so.
        SetupError, TransientError: as `DriveApi` does, when none was opened.
    """
    channels = _load(kept)
    opened, trouble = 0, None
    for name, token in tokens.items():
        old = channels.get(name)
        if old and old.address == address and old.until - now() > RENEWED:
            continue
        try:
            channels[name] = _opened(api, name, token, address)
        except KhanaError as error:
            trouble = error
            if isinstance(error, RequestError):
                continue  # of this log alone
            break
        opened += 1
        if old:
            _stop(api, old)
    for name in channels.keys() - tokens.keys():
        _stop(api, channels.pop(name))
    if trouble is not None:
        if not opened:
            raise trouble
        # Those that are open by now are known to nobody else.
        log.warning("%s", trouble.message)
    return _JSON.dump_json(channels).decode()


def is_ours(kept: str | None, channel_id: str, token: str) -> bool:
    """Whether a call is one of a channel that is open, by what was kept of them."""
    digest = _digest(token)
    return any(
        # Both are compared in full, so that the time it takes tells nothing.
        hmac.compare_digest(channel.id.encode(), channel_id.encode())
        & hmac.compare_digest(channel.digest, digest)
        for channel in _load(kept).values()
    )


def open_until(kept: str | None) -> datetime | None:
    """When the first of the channels ends, by what was kept of them; None if there is none."""
    return min((channel.until for channel in _load(kept).values()), default=None)


def _opened(api: "DriveApi", name: str, start: str, address: str) -> Channel:
    token = secrets.token_urlsafe(32)
    channel_id = secrets.token_hex(16)
    resource_id, until = api.watch_changes(
        start,
        name or None,
        channel_id=channel_id,
        address=address,
        token=token,
        until=now() + LENGTH,
    )
    return Channel(
        id=channel_id,
        resource_id=resource_id,
        address=address,
        digest=_digest(token),
        until=until,
    )


def _stop(api: "DriveApi", channel: Channel) -> None:
    try:
        api.stop_channel(channel.id, channel.resource_id)
    except KhanaError as error:  # it has ended by itself, or will
        log.info("%s", error.message)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _load(kept: str | None) -> dict[str, Channel]:
    try:
        return _JSON.validate_json(kept) if kept else {}
    except ValidationError:
        log.warning("what was kept of Drive's push channels can't be read: they are opened anew")
        return {}
