"""Who may do what: roles, and the API keys that programs and people show.

A key is `kh_<id>_<secret>`, shown once, when it is made. The store keeps of the secret, 256 random
bits, its SHA-256 alone: a digest made for passwords would only slow down what nobody can guess.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, TypeAdapter

from core.errors import NotFoundError, RequestError
from core.invoice import now
from core.ports import InvoiceStore

STATE = "keys"
"""The state that holds all keys of an installation: there are a handful."""


class Role(StrEnum):
    """Each may do what those before it may: look; take in, correct and have read again; delete,
    and change templates."""

    READER = "reader"
    EDITOR = "editor"
    ADMIN = "admin"

    def includes(self, other: "Role") -> bool:
        order = list(Role)
        return order.index(self) >= order.index(other)


@dataclass(frozen=True)
class Identity:
    """Somebody whose proof was accepted. `name` is what is noted with what they do."""

    name: str
    role: Role


class ApiKey(BaseModel):
    """`digest` is the SHA-256 of the secret in hex."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: str
    role: Role
    digest: str
    created_at: datetime
    revoked_at: datetime | None = None


_KEYS = TypeAdapter(list[ApiKey])


def create_key(store: InvoiceStore, name: str, role: Role) -> tuple[ApiKey, str]:
    """A new key, and what is to be shown for it, once.

    Raises:
        RequestError: `name` is empty: corrections would be nobody's.
    """
    name = name.strip()
    if not name:
        raise RequestError("the key needs a name: it stands beside what its holder changes")
    secret = secrets.token_urlsafe(32)
    key = ApiKey(
        id=secrets.token_hex(4), name=name, role=role, digest=_digest(secret), created_at=now()
    )
    store.change_state(STATE, lambda kept: _dumped([*_loaded(kept), key]))
    return key, f"kh_{key.id}_{secret}"


def list_keys(store: InvoiceStore) -> Sequence[ApiKey]:
    """All keys ever made, the oldest first."""
    return _loaded(store.get_state(STATE))


def revoke_key(store: InvoiceStore, key_id: str) -> ApiKey:
    """Ends a key. Instances that have just looked at the keys may take it for some seconds more.

    Raises:
        NotFoundError: there is no such key.
    """

    def change(kept: str | None) -> str:
        keys = _loaded(kept)
        if key_id not in {key.id for key in keys}:
            raise NotFoundError(f"{key_id}: there is no such key")
        return _dumped(
            [
                key.model_copy(update={"revoked_at": key.revoked_at or now()})
                if key.id == key_id
                else key
                for key in keys
            ]
        )

    changed = _loaded(store.change_state(STATE, change))
    return next(key for key in changed if key.id == key_id)


def key_of(keys: Sequence[ApiKey], shown: str) -> ApiKey | None:
    """The key that `shown` is, if it holds; in a time that tells nothing of any secret."""
    prefix, _, rest = shown.partition("_")
    key_id, _, secret = rest.partition("_")
    digest = _digest(secret)
    found = None
    for key in keys:
        same = hmac.compare_digest(key.digest, digest)
        if same and key.id == key_id and prefix == "kh" and key.revoked_at is None:
            found = key
    return found


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _loaded(kept: str | None) -> list[ApiKey]:
    return _KEYS.validate_json(kept) if kept else []


def _dumped(keys: list[ApiKey]) -> str:
    return _KEYS.dump_json(keys).decode()
