"""`scim2-tester` and `scim-sanity`, which we did not write, judge the directory of a workspace."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tertulia.integrations.scim import endpoints
from tertulia.integrations.scim.models import DirectoryGroup, DirectoryUser
from tertulia.kernel.limits import Limit
from tertulia.people import services as people
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Membership

HERE = Path(__file__).parent
JUDGES = ("scim2-tester==0.5.2", "scim-sanity==0.7.4", "scim2-client[httpx2]==0.13.2")


@pytest.fixture(scope="session")
def judges(pytestconfig: pytest.Config) -> Path:
    """The programs' environment, made once and kept in the cache."""
    folder = pytestconfig.cache.mkdir("scim-judges") / hashlib.sha256(" ".join(JUDGES).encode()).hexdigest()[:12]
    program = folder / "bin" / "python"
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    if uv is None:
        _cannot("There is no uv, with which the judges of SCIM are installed.")
    elif not (folder / "ready").exists():
        make: list[str | Path] = [uv, "venv", "--clear", "--python", sys.executable, folder]
        fill: list[str | Path] = [uv, "pip", "install", "--python", program, *JUDGES]
        for step in (make, fill):
            done = subprocess.run(step, capture_output=True, text=True, check=False)
            if done.returncode:
                _cannot(f"The judges of SCIM cannot be installed: {done.stderr[-500:]}")
        (folder / "ready").touch()
    return folder / "bin"


def _cannot(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def directory(live_server: LiveServer, settings: object, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The address of a workspace's directory, and a token."""
    settings.BASE_URL = live_server.url  # type: ignore[attr-defined]  # a fixture without a type
    monkeypatch.setattr(endpoints, "CALLS", Limit("scim", times=100_000, seconds=60))
    olga = people.create_person(email="olga@example.org", handle="olga", display_name="Olga", verified=True)
    workspaces.create_workspace(actor=olga, slug="course", name="Course", template="blank", allowed=True)
    _token, raw = people.create_token(actor=olga, name="directory", scopes=["enrolments:write"], expires_at=None)
    return f"{live_server.url}/scim/v2/w/course", raw


def test_scim2_tester_finds_nothing(judges: Path, directory: tuple[str, str]) -> None:
    command: list[str | Path] = [judges / "python", HERE / "scim_judge.py", *directory]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["bad"] == [], found["skipped"]
    assert found["checks"] > 50


def test_scim_sanity_finds_nothing(judges: Path, directory: tuple[str, str]) -> None:
    url, token = directory
    command: list[str | Path] = [
        judges / "scim-sanity",
        "probe",
        url,
        "--token",
        token,
        "--strict",
        "--i-accept-side-effects",
        "--json-output",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    found = json.loads(done.stdout)
    assert [one for one in found["results"] if one["status"] not in {"pass", "skip"}] == []
    assert found["summary"]["passed"] > 25
    assert not DirectoryUser.objects.exists()
    assert not DirectoryGroup.objects.exists()
    assert Membership.objects.filter(workspace__slug="course").count() == 1, "it took everybody out again"
