"""The page for other systems, followed to the letter."""

from __future__ import annotations

import json
import os
import re
import urllib.request
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tertulia.channels import services as channel_services
from tertulia.people import services as people_services
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Membership

from .world import person

PAGE = (Path(__file__).resolve().parents[2] / "docs/integrations/enrolments.md").read_text()


def block(kind: str) -> str:
    """The first example of this kind."""
    found = re.search(rf"```{kind}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def token(transactional_db: None, live_server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """A workspace as the page has it, and the variables that it exports."""
    del transactional_db
    olga = person("olga")
    type(olga).objects.filter(pk=olga.pk).update(is_owner=True)
    olga.refresh_from_db()
    spring = workspace_services.create_workspace(actor=olga, slug="spring-2027", name="Spring", template="blank")
    channel_services.create_channel(actor=olga, workspace=spring, name="Tutoring", slug="tutoring")
    _token, raw = people_services.create_token(actor=olga, name="a", scopes=["enrolments:write"], expires_at=None)
    monkeypatch.setenv("TERTULIA", live_server.url)
    monkeypatch.setenv("TOKEN", raw)
    return raw


def test_the_call_answers_as_shown(token: str) -> None:
    found = re.search(r"curl -X (\w+) \"\$TERTULIA(\S+)\".*-d '(.*)'", block("sh"), re.DOTALL)
    assert found
    sent = urllib.request.Request(  # noqa: S310 - the test server
        os.environ["TERTULIA"] + found[2],
        data=found[3].encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
        method=found[1],
    )
    with urllib.request.urlopen(sent) as answer:  # noqa: S310 - as above
        told = json.load(answer)
    told["people"][0]["person_id"] = "…"
    assert told == json.loads(block("json"))


@pytest.mark.usefixtures("token")
def test_the_program_enrols_everybody(capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block("python"), "docs/integrations/enrolments.md", "exec"), {})  # noqa: S102 - our own page
    assert "'created': 100" in capsys.readouterr().out
    assert Membership.objects.filter(workspace__slug="spring-2027").count() == 101
