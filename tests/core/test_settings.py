"""Settings: flags before environment before file before default."""

from pathlib import Path

import pytest

from core.errors import SetupError
from core.settings import Settings, as_environment, explain, load_settings


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings but those of the test."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KHANA_{name.upper()}", raising=False)
    monkeypatch.delenv("KHANA_CONFIG", raising=False)


def test_who_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = "port = 1\nworkers = 1\nthreads = 1\n"
    (tmp_path / "khana.toml").write_text(written, encoding="utf-8-sig")
    monkeypatch.setenv("KHANA_PORT", "2")
    monkeypatch.setenv("KHANA_WORKERS", "2")
    settings = load_settings(port="3", host=None)
    assert (settings.port, settings.workers, settings.threads) == (3, 2, 1)
    assert settings.host == "127.0.0.1"
    origins = {origin.name: origin.source for origin in explain(settings, port="3")}
    assert origins["port"] == "flag"
    assert origins["workers"] == "environment KHANA_WORKERS"
    assert origins["threads"] == "file khana.toml"
    assert origins["host"] == "default"


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("prot = 1", "prot"),
        ("port = 'x'", "port"),
        ("port = ", "khana.toml"),
        ("workers = 0", "workers"),
        ("read_timeout = inf", "read_timeout"),
        ("review_threshold = nan", "review_threshold"),
        ("[local]", "local"),
    ],
)
def test_a_file_that_does_not_fit(toml: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "khana.toml").write_text(toml)
    with pytest.raises(SetupError, match=says):
        load_settings()


def test_a_named_file_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KHANA_CONFIG", "nowhere.toml")
    with pytest.raises(SetupError, match=r"nowhere\.toml"):
        load_settings()


def test_another_process_gets_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load_settings(port=9, data="elsewhere", review_threshold=0.5)
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "http", r"setting port \(from environment KHANA_PORT\)"),
        ("BACKEND", "floppy", "backend"),
        ("READ_TIMEOUT", "inf", "read_timeout"),
    ],
)
def test_a_variable_that_does_not_fit(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"KHANA_{name}", value)
    with pytest.raises(SetupError, match=says) as caught:
        load_settings()
    assert caught.value.code == "invalid_setting"


def test_a_flag_that_does_not_fit() -> None:
    with pytest.raises(SetupError, match=r"setting port \(from flag\)"):
        load_settings(port=70_000)


def test_an_empty_variable_is_unset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As docker compose and CI pass on what nobody set. An empty path would be this very folder.
    (tmp_path / "khana.toml").write_text("port = 1\n")
    for name in ("PORT", "INBOX", "REVIEW_THRESHOLD", "CONFIG"):
        monkeypatch.setenv(f"KHANA_{name}", "")
    settings = load_settings()
    assert (settings.port, settings.inbox, settings.review_threshold) == (1, None, None)
    assert settings.inbox_dir == Path("data/inbox")
    origins = {origin.name: origin.source for origin in explain(settings)}
    assert (origins["port"], origins["inbox"]) == ("file khana.toml", "default")


def test_explain_names_every_setting_with_its_meaning() -> None:
    origins = explain(load_settings())
    assert [origin.name for origin in origins] == list(Settings.model_fields)
    assert all(origin.description and origin.source == "default" for origin in origins)
    assert all(origin.variable == f"KHANA_{origin.name.upper()}" for origin in origins)


def test_the_page_of_settings_is_complete() -> None:
    page = Path(__file__).parents[2] / "docs" / "settings.md"
    table = [line for line in page.read_text(encoding="utf-8").splitlines() if "KHANA_" in line]
    assert [line for line in table if line.startswith("| `")] == [
        f"| `{each.variable}` | {f'`{each.value}`' if each.value else '—'} | {each.description} |"
        for each in explain(load_settings())
    ]
