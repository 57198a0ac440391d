"""A wrong setting is named in a sentence; secrets stay secret; the documentation names every setting."""

from __future__ import annotations

from pathlib import Path

import pytest

from tertulia.config.environment import Environment, SettingsError, read_environment

DOCS = Path(__file__).parents[2] / "docs/operate/settings.md"


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)  # without the developer's .env
    for name in Environment.model_fields:
        monkeypatch.delenv(f"TERTULIA_{name.upper()}", raising=False)


def test_without_any_setting_there_are_defaults() -> None:
    environment = read_environment()
    assert environment.url == "http://localhost:8000"
    assert environment.sign_up == "invited"
    assert environment.database_url is None


def test_an_empty_value_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_WORKERS", "")
    assert read_environment().workers == 2


def test_settings_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TERTULIA_SIGN_UP=open\nOTHER=1\n")
    assert read_environment().sign_up == "open"


@pytest.mark.parametrize(
    ("name", "value", "hint"),
    [
        ("WORKERS", "many", "integer"),
        ("WORKERS", "0", "greater than or equal to 1"),
        ("DATABASE_URL", "mysql://x/y", "postgresql://"),
        ("DATABASE_URL", "postgresql://host:99999/name", "port"),
        ("BUS_URL", "localhost:6379", "valkey://user:password@host:6379/0"),
        ("BUS_URL", "amqp://host/0", "valkey://user:password@host:6379/0"),
        ("BUS_URL", "valkey:///0", "valkey://user:password@host:6379/0"),
        ("BUS_URL", "redis://host/name", "valkey://user:password@host:6379/0"),
        ("BUS_URL", "redis://host/0?ssl_cert_reqs=none", "end after the number"),
        ("BUS_URL", "valkeys://host:99999/0", "port"),
        ("URL", "learn.example.org", "https://learn.example.org"),
        ("URL", "https://example.org/learn", "without a path"),
        ("SIGN_UP", "maybe", "'open', 'invited' or 'closed'"),
        ("SECRET_KEY", "short", "50 characters"),
        ("MAIL_URL", "mailto:x@example.org", "smtp://"),
        ("MAIL_URL", "file:", "file:FOLDER"),
        ("STORAGE_URL", "s3://bucket-only", "s3://key:secret@endpoint/bucket"),
        ("LANGUAGE", "tlh", "en, es, ar"),
        ("BEHIND_PROXY", "9", "less than or equal to 5"),
    ],
)
def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, hint: str) -> None:
    monkeypatch.setenv(f"TERTULIA_{name}", value)
    with pytest.raises(SettingsError) as caught:
        read_environment()
    message = str(caught.value)
    assert message.startswith(f"TERTULIA_{name}: ")
    assert hint in message
    assert "docs/operate/settings.md" in message


@pytest.mark.parametrize("url", ["valkey://host", "redis://:secret@host/2", "valkeys://me:secret@host:6380/0"])
def test_a_bus_may_be_any_of_these(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TERTULIA_BUS_URL", url)
    bus_url = read_environment().bus_url
    assert bus_url is not None
    assert bus_url.get_secret_value() == url


def test_a_misspelt_name_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERTULIA_DATABSE_URL", "postgresql://x/y")
    with pytest.raises(SettingsError, match="Did you mean TERTULIA_DATABASE_URL"):
        read_environment()


@pytest.mark.parametrize("name", ["DATABASE_URL", "BUS_URL", "SECRET_KEY", "MAIL_URL", "STORAGE_URL"])
def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"TERTULIA_{name}", "xyzzy://me:hunter2@host/x")
    with pytest.raises(SettingsError) as caught:
        read_environment()
    assert "hunter2" not in str(caught.value)


def test_the_documentation_names_every_setting_and_no_other() -> None:
    documented = {line.split("`")[1] for line in DOCS.read_text().splitlines() if line.startswith("| `TERTULIA_")}
    assert documented == {f"TERTULIA_{name.upper()}" for name in Environment.model_fields}


def test_the_documentation_says_what_the_program_says() -> None:
    text = DOCS.read_text()
    for name, field in Environment.model_fields.items():
        assert str(field.description) in text, f"docs/operate/settings.md has other words for TERTULIA_{name.upper()}"
