"""Templates stay at hand as long as they don't change."""

from pathlib import Path

import pytest

from core.adapters.local.backend import Backend, open_backend
from core.errors import TransientError
from core.ports import StoredTemplate
from core.settings import Settings
from core.template import Template, parse_template


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return open_backend(Settings(data=tmp_path))


def form(template_id: str) -> Template:
    field = {"name": "a", "kind": "text", "box": [0, 0, 1, 1]}
    return parse_template({"id": template_id, "page_size": [9, 9], "fields": [field]})


def test_what_did_not_change_is_not_fetched_again(backend: Backend) -> None:
    store, shelf = backend.store, backend.adapters.shelf
    store.put_template(StoredTemplate(form("a"), b"picture", b"looks"))
    store.put_template(StoredTemplate(form("b")))
    first = shelf.all()
    assert [each.template.id for each in first] == ["a", "b"]
    assert shelf.all() == first

    store.put_template(StoredTemplate(form("b")))
    second = shelf.all()
    assert second[0] is first[0]
    assert second[1].template.version == 2

    store.delete_template("b")
    assert shelf.all() == [first[0]]


def test_an_id_taken_again_is_another_template(backend: Backend) -> None:
    store, shelf = backend.store, backend.adapters.shelf
    store.put_template(StoredTemplate(form("a"), b"old", b"looks"))
    (old,) = shelf.all()
    store.delete_template("a")
    store.put_template(StoredTemplate(form("a"), b"new", b"other looks"))
    (new,) = shelf.all()
    assert (new.looks, new.reference) == (b"other looks", b"new")
    assert old.looks == b"looks"


def test_pictures_are_fetched_when_needed(backend: Backend) -> None:
    store, shelf = backend.store, backend.adapters.shelf
    store.put_template(StoredTemplate(form("a"), b"picture", b"looks"))
    store.put_template(StoredTemplate(form("old"), b"picture of an earlier release"))
    seen, old = shelf.all()
    assert (seen.looks, seen.reference) == (b"looks", b"picture")
    store.delete_template("a")
    store.delete_template("old")
    assert old.reference == b"picture of an earlier release"
    with pytest.raises(TransientError, match="a: was deleted meanwhile"):
        _ = seen.reference


def test_names_are_looked_up_again_when_a_template_changed(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, shelf = backend.store, backend.adapters.shelf
    assert shelf.names() == {}
    for named in (form("b"), form("a").model_copy(update={"name": "Acme"})):
        store.put_template(StoredTemplate(named, b"picture", b"looks"))
    assert list(shelf.names().items()) == [("a", "Acme"), ("b", "b")]
    with monkeypatch.context() as nothing_is_fetched:
        for method in ("list_templates", "get_template"):
            nothing_is_fetched.delattr(type(store), method)
        assert list(shelf.names()) == ["a", "b"]
    store.delete_template("a")
    assert shelf.names() == {"b": "b"}
