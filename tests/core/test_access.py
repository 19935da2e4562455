"""Roles and keys, on the real local store."""

from pathlib import Path

import pytest

from core.access import STATE, Role, create_key, key_of, list_keys, revoke_key
from core.adapters import connect
from core.errors import NotFoundError, RequestError
from core.ports import InvoiceStore
from core.settings import Settings


@pytest.fixture
def store(tmp_path: Path) -> InvoiceStore:
    return connect(Settings(data=tmp_path)).store


def test_a_role_includes_those_before_it() -> None:
    assert Role.ADMIN.includes(Role.READER)
    assert Role.EDITOR.includes(Role.EDITOR)
    assert not Role.READER.includes(Role.EDITOR)


def test_a_key_is_known_until_it_is_revoked(store: InvoiceStore) -> None:
    mona, shown = create_key(store, "Mona", Role.EDITOR)
    create_key(store, "till", Role.READER)
    assert key_of(list_keys(store), shown) == mona
    revoke_key(store, mona.id)
    assert key_of(list_keys(store), shown) is None
    assert [key.name for key in list_keys(store)] == ["Mona", "till"]


@pytest.mark.parametrize("name", ["", "  "])
def test_a_key_is_somebody_s(store: InvoiceStore, name: str) -> None:
    with pytest.raises(RequestError, match="needs a name"):
        create_key(store, name, Role.EDITOR)
    assert list_keys(store) == []


def test_of_the_secret_nothing_is_kept(store: InvoiceStore) -> None:
    _, shown = create_key(store, "Mona", Role.EDITOR)
    # A secret may have '_' in it, so that is where not to cut it.
    secret = shown.split("_", 2)[2]
    assert secret and secret not in str(store.get_state(STATE))


@pytest.mark.parametrize("change", ["", "x", "kh_", "kh__", "prefix", "id", "secret"])
def test_what_only_looks_like_a_key_is_none(store: InvoiceStore, change: str) -> None:
    key, shown = create_key(store, "Mona", Role.EDITOR)
    wrong = {
        "prefix": shown.replace("kh_", "kx_"),
        "id": shown.replace(key.id, "0" * 8),
        "secret": shown[:-1] + ("a" if shown[-1] != "a" else "b"),
    }.get(change, change)
    assert key_of(list_keys(store), wrong) is None


def test_revoking_twice_keeps_the_first_time_and_a_stranger_is_said(store: InvoiceStore) -> None:
    key, _ = create_key(store, "Mona", Role.EDITOR)
    first = revoke_key(store, key.id)
    assert revoke_key(store, key.id) == first
    with pytest.raises(NotFoundError, match="no such key"):
        revoke_key(store, "nobody")
