"""Wherever a look dies, the next ones do what it left, and nothing is lost."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from emulators.drive import DriveServer
from google.auth.credentials import AnonymousCredentials

from core.adapters import connect
from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_api import DriveApi
from core.intake.watch import watch
from core.lease import Lease
from core.ports import Adapters, Query
from core.settings import Settings


class Died(BaseException):
    """The end of a process, as far as what it has written is concerned."""


class Mortal:
    """An adapter that dies in its n-th call from now: before it, or after it is done."""

    def __init__(self, inner: Any, toll: Callable[[], None], methods: set[str]) -> None:
        self._inner = inner
        self._toll = toll
        self._methods = methods

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name not in self._methods:
            return found

        def call(*args: Any, **kwargs: Any) -> Any:
            self._toll()
            result = found(*args, **kwargs)
            if name != "open":
                self._toll()
            return result

        return call


def mortal(adapters: Adapters, dies_at: int) -> Adapters:
    steps = itertools.count()

    def toll() -> None:
        if next(steps) == dies_at:
            raise Died

    writes = {"create", "update", "set_state", "change_state", "get_state"}
    return Adapters(
        sources=[Mortal(source, toll, {"open"}) for source in adapters.sources],
        objects=Mortal(adapters.objects, toll, {"create"}),
        store=Mortal(adapters.store, toll, writes),
        outbox=adapters.outbox,
    )


def test_a_crash_at_each_point_repeats_work_and_loses_nothing(
    drive: DriveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A lease of no length: who died keeps nobody waiting.
    monkeypatch.setattr("core.intake.watch.Lease", partial(Lease, length=timedelta(0)))
    inbox = drive.state.folder("Inbox")
    files = {f"{number}.pdf": b"%PDF" + bytes([number]) for number in range(3)}
    for name, data in files.items():
        drive.state.file(name, data, inbox)
    drive.state.google_file("notes", inbox)
    api = DriveApi(AnonymousCredentials(), root_url=drive.url)
    for dies_at in itertools.count():
        settings = Settings(data=tmp_path / str(dies_at))
        source = DriveSource(lambda: api, [inbox], max_bytes=1000, page_size=2)
        adapters = replace(connect(settings), sources=[source])
        try:
            watch(mortal(adapters, dies_at), settings)
            break
        except Died:
            watch(adapters, settings)
        found = {i.source.name: i for i in adapters.store.list(Query()).invoices}
        assert found.keys() == {*files, "notes"}, dies_at
        for name, data in files.items():
            assert adapters.objects.read(found[name].object).data == data
        assert watch(adapters, settings).received == 0
    api.close()
    assert dies_at > 40
