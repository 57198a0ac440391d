"""The commands, as the installed program: what they print, what they refuse, how they end."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tertulia.config import postgres
from tertulia.config.testing import TUNING
from valkey_server import ValkeyServer

from .program import run


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="tertulia-cli-"))
    base.chmod(0o711)
    postgres.start(base / "var/postgres", TUNING)  # the commands join it, instead of starting it each time
    yield base / "var"
    postgres.release(base / "var/postgres")
    shutil.rmtree(base)


@pytest.fixture(scope="module")
def owner(var: Path) -> str:
    made = run(var, "user", "create", "olga@example.org", "--name", "Olga Ruiz", "--owner")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("http://localhost:8000/accounts/password/reset/key/")
    assert "Olga Ruiz (@" in made.stderr
    return "olga@example.org"


def test_without_arguments_it_explains_itself(var: Path) -> None:
    elsewhere = var.with_name("elsewhere")
    shown = run(elsewhere, "--help")
    assert shown.returncode == 0
    for command in ("serve", "demo", "migrate", "doctor", "user", "token", "workspace", "import"):
        assert command in shown.stdout
    assert not elsewhere.exists(), "asking for help starts nothing"


def test_a_wrong_setting_is_a_sentence(var: Path) -> None:
    ended = run(var, "migrate", url="learn.example.org")
    assert ended.returncode == 2
    assert ended.stderr.startswith("TERTULIA_URL: ")
    assert "Traceback" not in ended.stderr


def test_a_database_that_is_not_there_is_a_sentence(var: Path) -> None:
    ended = run(var, "migrate", database_url="postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    assert ended.returncode == 1
    assert "TERTULIA_DATABASE_URL" in ended.stderr
    assert "hunter2" not in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_token_and_nothing_else(var: Path, owner: str) -> None:
    made = run(var, "token", "create", owner)
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("tert_")
    assert made.stdout.count("\n") == 1
    assert made.stderr == ""


def test_a_token_for_nobody(var: Path, owner: str) -> None:
    del owner
    ended = run(var, "token", "create", "who@example.org")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "tertulia user create who@example.org" in ended.stderr


def test_a_token_with_an_unknown_scope(var: Path, owner: str) -> None:
    ended = run(var, "token", "create", owner, "--scopes", "posts:read,cake:eat")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert "cake:eat" in ended.stderr


def test_the_same_person_twice(var: Path, owner: str) -> None:
    ended = run(var, "user", "create", owner)
    assert ended.returncode == 1
    assert ended.stderr.strip().endswith(".")


def test_a_workspace_and_its_address(var: Path, owner: str) -> None:
    del owner
    made = run(var, "workspace", "create", "pycon", "--name", "PyCon", "--template", "blank")
    assert made.returncode == 0, made.stderr
    assert made.stdout == "http://localhost:8000/w/pycon\n"
    again = run(var, "workspace", "create", "pycon")
    assert (again.returncode, again.stdout) == (1, "")
    assert "Traceback" not in again.stderr


def test_the_doctor_finds_nothing_broken(var: Path, owner: str) -> None:
    del owner
    report = run(var, "doctor")
    assert report.returncode == 0, report.stdout
    assert "PostgreSQL" in report.stdout
    assert "PostgreSQL carries notices between web processes." in report.stdout
    assert "No job worker is at work" in report.stdout


def test_the_doctor_tries_the_bus(var: Path, owner: str) -> None:
    del owner
    with ValkeyServer(password="s3cret") as server:
        report = run(var, "doctor", bus_url=server.url)
    assert "The server of TERTULIA_BUS_URL carries notices" in report.stdout
    assert "s3cret" not in report.stdout + report.stderr


def test_the_doctor_says_how_to_mend(var: Path, owner: str, tmp_path: Path) -> None:
    del owner
    (tmp_path / "blocked").write_text("a file where a folder should be")
    away = {"mail_url": "smtp://u:hunter2@127.0.0.1:1", "bus_url": "valkey://u:hunter2@127.0.0.1:1/0"}
    report = run(var, "doctor", storage_url=f"folder:{tmp_path}/blocked/files", **away)
    assert report.returncode == 1
    broken = [line for line in report.stdout.splitlines() if line.startswith("broken")]
    assert any("TERTULIA_STORAGE_URL" in line for line in broken)
    assert any("TERTULIA_MAIL_URL" in line for line in broken)
    assert any("TERTULIA_BUS_URL" in line for line in broken)
    assert "hunter2" not in report.stdout
