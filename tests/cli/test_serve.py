"""`tertulia serve`: starts everything, keeps it alive, stops it clean."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tertulia.config import postgres
from waiting import until

from .program import Serving, run


@pytest.fixture(scope="module")
def var() -> Iterator[Path]:
    base = Path(tempfile.mkdtemp(prefix="tertulia-serve-"))
    base.chmod(0o711)
    yield base / "var"
    shutil.rmtree(base)


def postgres_runs(var: Path) -> bool:
    return postgres.runs(var / "postgres")


def test_an_empty_install_serves_and_says_what_to_do(var: Path) -> None:
    with Serving(var, workers=2) as site:
        assert sorted(site.children().values()) == ["tertulia.cli.jobs", "tertulia.cli.web", "tertulia.cli.web"]
        until(lambda: "The first page makes the owner" in site.log.read_text())
        assert f"serves at {site.url}" in site.log.read_text()
        assert site.status("/") == 200
        token_made_beside_it = run(var, "user", "create", "olga@example.org", "--owner")
        assert token_made_beside_it.returncode == 0
        assert site.status("/healthz") == 200, "a command that ends does not take the database along"
        began = time.monotonic()
        assert site.stop(signal.SIGINT) == 0
        assert time.monotonic() - began < 12
    assert not postgres_runs(var)
    assert "Traceback" not in site.log.read_text()


def test_the_demonstration_keeps_its_own_database_and_no_other(var: Path) -> None:
    alone = var.parent / "alone"
    with Serving(alone, command="demo") as site:
        assert site.status("/") == 200
        main_process = int((alone / "demo/postgres/postmaster.pid").read_text().splitlines()[0])
        os.kill(main_process, signal.SIGKILL)
        until(lambda: "The private PostgreSQL is back." in site.log.read_text())
        until(lambda: site.status("/") == 200)
    assert not (alone / "postgres").exists()
    assert not postgres_runs(alone / "demo")


def test_a_web_process_may_hold_many_sockets_however_few_the_shell_allows(var: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))  # as most shells do
    try:
        with Serving(var) as site:
            [web] = site.processes("web")
            until(lambda: psutil.Process(web).rlimit(psutil.RLIMIT_NOFILE)[0] == min(hard, 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_killed_child_comes_back(var: Path) -> None:
    with Serving(var) as site:
        before = site.children()
        for child in before:
            os.kill(child, signal.SIGKILL)
        until(lambda: len(site.children()) == len(before) and not set(site.children()) & set(before))
        until(lambda: site.status("/healthz") == 200)


def test_a_killed_parent_leaves_nothing_behind(var: Path) -> None:
    with Serving(var) as site:
        children = list(site.children())
        site.stop(signal.SIGKILL)
        until(lambda: not any(psutil.pid_exists(child) for child in children))
    with Serving(var) as again:
        assert again.status("/healthz") == 200
    assert not postgres_runs(var)


def test_a_port_in_use_is_a_sentence(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ended = run(var, "serve", "--port", str(port))
    assert ended.returncode == 1
    assert f"Port {port} is in use" in ended.stderr
    assert "Traceback" not in ended.stderr
