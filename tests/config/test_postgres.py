"""The private PostgreSQL survives what happens to programs: killing, racing, moving, odd places."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tertulia.config import postgres

HOLD = """
import sys
from pathlib import Path
from tertulia.config import postgres
print(postgres.start(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


class Holder:
    """Another process that uses the server in `folder` until told to end."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def url(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=10)


@pytest.fixture
def base() -> Iterator[Path]:
    """Not pytest's own folder: as root, each run of pytest closes that to the account that runs the server."""
    base = Path(tempfile.mkdtemp(prefix="tertulia-pg-"))
    yield base
    shutil.rmtree(base)


@pytest.fixture
def folder(base: Path) -> Iterator[Path]:
    place = base / "var/postgres"
    yield place
    postgres.release(place)


def answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def test_made_once_with_a_database_of_ours(folder: Path) -> None:
    url = postgres.start(folder)
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_database(), current_setting('listen_addresses')").fetchone()
    assert row == ("tertulia", "")
    assert postgres.start(folder) == url


def test_stops_with_its_last_user_and_keeps_what_was_written(folder: Path) -> None:
    url = postgres.start(folder)
    other = Holder(folder)
    assert other.url() == url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    postgres.release(folder)
    assert answers(url), "the other process still uses it"
    other.end()
    assert not answers(url)
    with psycopg.connect(postgres.start(folder)) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_two_at_once_make_one(folder: Path) -> None:
    first, second = Holder(folder), Holder(folder)
    assert first.url() == second.url() != ""
    first.end()
    second.end()


def test_a_killed_user_does_not_keep_it_running(folder: Path) -> None:
    killed = Holder(folder)
    url = killed.url()
    killed.kill()
    assert answers(url), "nobody was left to stop it"
    assert postgres.start(folder) == url
    postgres.release(folder)
    assert not answers(url)


def test_a_killed_server_leaves_nothing_in_the_way(folder: Path) -> None:
    url = postgres.start(folder)
    pid_file = folder / "postmaster.pid"
    os.kill(int(pid_file.read_text().splitlines()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 20
    while answers(url) and time.monotonic() < deadline:
        time.sleep(0.1)
    postgres.release(folder)
    # The id of the dead server now belongs to somebody else, as after a restart of the machine.
    lines = pid_file.read_text().splitlines() if pid_file.exists() else ["0"] * 8
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]))
    (folder / f"{postgres.SOCKET_NAME}.lock").write_text(f"{os.getpid()}\n{folder}\n")
    assert answers(postgres.start(folder))


@pytest.mark.parametrize("name", ["with space", "quo'te \" $HOME `x`", "a,b", "long" * 30, "ünï", "%20"])
def test_any_folder_will_do(base: Path, name: str) -> None:
    place = base / name / "postgres"
    try:
        assert answers(postgres.start(place))
    finally:
        postgres.release(place)


def test_a_moved_folder_works(base: Path) -> None:
    old, new = base / "old", base / "new"
    postgres.start(old / "postgres")
    postgres.release(old / "postgres")
    old.rename(new)
    try:
        assert answers(postgres.start(new / "postgres"))
    finally:
        postgres.release(new / "postgres")


def test_a_half_made_server_is_made_anew(folder: Path) -> None:
    half = folder.with_name("postgres.new")
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")
    assert answers(postgres.start(folder))


def test_something_else_in_the_folder_is_left_alone(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "diary.txt").write_text("mine")
    with pytest.raises(postgres.DatabaseError, match="holds something else"):
        postgres.start(folder)
    assert (folder / "diary.txt").read_text() == "mine"


def test_another_major_version_is_explained(folder: Path) -> None:
    postgres.start(folder)
    postgres.release(folder)
    (folder / "PG_VERSION").write_text("9\n")
    with pytest.raises(postgres.DatabaseError, match=r"made by version 9.*upgrade\.md"):
        postgres.start(folder)


def test_nobody_else_can_reach_it(folder: Path) -> None:
    postgres.start(folder)
    assert folder.stat().st_mode & 0o077 == 0
