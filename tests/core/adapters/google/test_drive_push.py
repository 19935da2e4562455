"""Push channels: opened once, renewed in time, told from strangers, and never in the way."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from following import follow

from core.adapters.google import drive_push
from core.adapters.google.drive import DriveSource
from core.adapters.google.drive_push import is_ours, keep_open
from core.errors import RequestError, TransientError

ADDRESS = "http://127.0.0.1:9/v1/drive:notify"
"""Nobody listens there: the double drops what it can't deliver."""


def open_channels(drive) -> list[tuple[str, str]]:
    return sorted((c.log, c.address) for c in drive.channels.open_channels.values())


@pytest.fixture
def sources(drive, api):
    inbox, office = drive.state.folder("Inbox"), drive.state.add_drive("Office")

    def make(address: str | None = ADDRESS, folders: tuple[str, ...] = (inbox, office)):
        source = DriveSource(lambda: api, folders, max_bytes=100, address=address)
        follow(source)
        return source

    return make


def test_each_log_that_is_followed_has_a_channel_and_only_one(drive, sources):
    source = sources()
    kept = source.listen(None)
    (account, shared) = open_channels(drive)
    assert (account, shared[1]) == (("", ADDRESS), ADDRESS)
    assert source.listen(kept) == kept
    assert len(drive.channels.open_channels) == 2


def test_without_an_address_none_is_opened(drive, sources):
    assert sources(address=None).listen(None) is None
    assert not open_channels(drive)


def test_a_channel_is_renewed_before_it_ends_and_the_old_one_stopped(drive, sources, monkeypatch):
    source = sources()
    kept = source.listen(None)
    before = set(drive.channels.open_channels)
    later = datetime.now(UTC) + drive_push.LENGTH - drive_push.RENEWED
    monkeypatch.setattr(drive_push, "now", lambda: later + timedelta(minutes=1))
    renewed = source.listen(kept)
    after = set(drive.channels.open_channels)
    assert renewed != kept
    assert len(after) == 2
    assert not before & after


def test_another_address_and_a_drive_no_longer_watched_close_what_was_open(drive, sources):
    kept = sources().listen(None)
    inbox = next(iter(drive.state.items))
    other = ADDRESS + "2"
    sources(address=other, folders=(inbox,)).listen(kept)
    assert open_channels(drive) == [("", other)]


def test_a_channel_that_ended_by_itself_is_no_trouble(drive, sources):
    source = sources()
    kept = source.listen(None)
    drive.channels.open_channels.clear()
    moved = {name: channel | {"address": "x"} for name, channel in json.loads(kept).items()}
    source.listen(json.dumps(moved))
    assert len(open_channels(drive)) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [({"status": 400, "reason": "badRequest"}, RequestError), ({"status": 503}, TransientError)],
)
def test_what_is_open_is_kept_though_another_log_has_none(drive, sources, fault, error):
    source = sources()
    drive.fail("changes.watch", skip=1, times=None, **fault)
    kept = source.listen(None)
    (channel,) = drive.channels.open_channels.values()
    assert is_ours(kept, channel.id, channel.token)
    with pytest.raises(error):
        source.listen(kept)
    drive.faults.clear()
    assert is_ours(source.listen(kept), channel.id, channel.token)
    assert len(open_channels(drive)) == 2


def test_only_who_knows_the_token_is_believed(drive, sources):
    kept = sources().listen(None)
    for channel in drive.channels.open_channels.values():
        assert is_ours(kept, channel.id, channel.token)
        assert not is_ours(kept, channel.id, channel.token + "x")
        assert not is_ours(kept, "another", channel.token)
        assert channel.token not in kept
    assert not is_ours(kept, "", "")
    assert not is_ours(None, "", "")
    assert not is_ours("damaged", "", "")


def test_what_drive_refuses_is_said(drive, api):
    with pytest.raises(RequestError, match="HTTPS"):
        keep_open(api, {"": "1"}, "http://example.com/", None)
