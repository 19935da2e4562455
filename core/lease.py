"""A right to work that one process has at a time, kept in the store that all of them share."""

import uuid
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict

from core.errors import BusyError
from core.invoice import now
from core.ports import InvoiceStore

LENGTH = timedelta(minutes=3)
"""How long a lease holds that is not renewed: what a process that died keeps the others waiting."""


class _Held(BaseModel):
    model_config = ConfigDict(extra="forbid")

    owner: str
    until: datetime
    asked: bool = False


class Lease:
    """The lease kept under `key`. It guards against doing work twice, not against harm: what it
    covers must do none when two do it, since a process may stand still until its lease is over.

    Whoever finds it held leaves word, and its holder is told when it gives the lease back. So what
    came up while the holder was about to finish is not left for later.

    Every method raises what the store does.
    """

    def __init__(self, store: InvoiceStore, key: str, *, length: timedelta = LENGTH) -> None:
        self._store = store
        self._key = key
        self._length = length
        self._owner = uuid.uuid4().hex
        self._renew_at = now()

    def take(self) -> bool:
        """Whether it is ours now; if not, its holder will be told that we asked."""

        def change(value: str | None) -> str:
            held = _read(value)
            # What runs for longer than a lease does was set by a clock that was wrong.
            if held is None or not now() < held.until <= now() + self._length:
                return self._ours()
            return held.model_copy(update={"asked": True}).model_dump_json()

        return self._is_ours(self._store.change_state(self._key, change))

    def keep(self) -> None:
        """Renews it when a third of it is over.

        Raises:
            BusyError: it ran out, and somebody else has taken it.
        """
        # A clock that was set back would never come to the time of renewal.
        if self._renew_at - self._length <= now() < self._renew_at:
            return

        def change(value: str | None) -> str | None:
            held = _read(value)
            if held is None or held.owner != self._owner:
                return None
            return self._ours(asked=held.asked)

        if not self._is_ours(self._store.change_state(self._key, change)):
            raise BusyError(f"{self._key}: ran out, and somebody else works on it by now")

    def give_back(self) -> bool:
        """Lets others have it; whether one of them asked for it meanwhile."""
        asked = False

        def change(value: str | None) -> str | None:
            nonlocal asked
            held = _read(value)
            asked = held is not None and held.owner == self._owner and held.asked
            return "" if held is not None and held.owner == self._owner else None

        self._store.change_state(self._key, change)
        return asked

    def _ours(self, *, asked: bool = False) -> str:
        at = now()
        self._renew_at = at + self._length / 3
        held = _Held(owner=self._owner, until=at + self._length, asked=asked)
        return held.model_dump_json()

    def _is_ours(self, value: str | None) -> bool:
        held = _read(value)
        return held is not None and held.owner == self._owner


def _read(value: str | None) -> _Held | None:
    return _Held.model_validate_json(value) if value else None
