"""The page for systems of one's own is followed to the letter, on an empty install that serves."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.program import Serving, environment, run

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/integrations/any-system.md"


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where somebody has installed Tertulia."""
    made = Path(tempfile.mkdtemp(prefix="tertulia-follow-"))
    made.chmod(0o711)  # the private database may run as somebody else
    (made / ".venv").symlink_to(Path(sys.prefix))
    yield made
    shutil.rmtree(made)


def _follow(folder: Path, url: str) -> list[str]:
    """What each command block of the page prints, pasted into one shell."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    script = "".join(f"{block}\necho '=====next====='\n" for block in blocks)
    done = subprocess.run(
        ["bash", "-eu", "-c", script.replace("http://localhost:8000", url)],
        cwd=folder,
        env=environment(folder / "var"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split("=====next=====\n")[: len(blocks)]


def _outcomes(text: str) -> dict[str, str]:
    return {line["external_id"]: line["outcome"] for line in json.loads(text)["people"]}


def _two(text: str) -> tuple[Any, Any]:
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(text)
    return first, json.loads(text[end:])


def test_following_the_page_leads_where_it_says(folder: Path) -> None:
    with Serving(folder / "var") as site:
        assert run(folder / "var", "user", "create", "you@school.example", "--owner").returncode == 0
        _token, workspace, preview, sent, mirrored, runs, directory = _follow(folder, site.url)
    assert json.loads(workspace)["slug"] == "spring-2027"
    wanted = {"4711": "created", "4712": "created", "4713": "refused"}
    assert _outcomes(preview) == wanted
    assert _outcomes(sent) == wanted, "looking first has done nothing"
    refused, done = _two(mirrored)
    assert (refused["status"], refused["type"]) == (409, "/problems/too-many-leaving")
    assert done["counts"]["left"] == 1
    assert [one["mode"] for one in json.loads(runs)["items"]] == ["mirror", "merge"]
    made, found = _two(directory)
    assert found["Resources"] == [made]
