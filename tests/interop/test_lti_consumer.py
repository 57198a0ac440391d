"""Open edX's own LTI consumer (`lti-consumer-xblock`) launches us, reads our answers and gives us its roster."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from browser.conftest import Desk
from browser.site import Site
from cli.program import free_port
from tertulia.channels import access as channel_access
from tertulia.channels import services as channels
from tertulia.integrations.lti import gradebook
from tertulia.integrations.lti.models import Context, Grade, Link, Platform
from tertulia.integrations.lti.services import asking, contributions, grades, keys, roster, roster_pages, scores
from tertulia.integrations.lti.services.platforms import add_platform
from tertulia.integrations.lti.services.registration import ROSTER_SCOPE
from tertulia.kernel import fetching
from tertulia.people.models import Identity, Person
from tertulia.posts import services as posts
from tertulia.workspaces.models import Membership, Role

from .environments import python_with

HERE = Path(__file__).parent
PACKAGES = ("lti-consumer-xblock==11.4.4", "Django~=5.2", "cryptography", "setuptools")


@dataclass(frozen=True)
class Edx:
    """Open edX, running, and we as we are set up there."""

    url: str
    platform: Platform

    def course(self, handle: str, extra: str = "") -> str:
        """The address at which this person opens the unit."""
        return f"{self.url}/course?as={handle}{extra}"

    def ask(self, path: str) -> Any:
        """What it says at one of its addresses."""
        return fetching.fetch(f"{self.url}/{path}", headers={"Accept": "*/*"}).json()

    def chosen(self) -> list[dict[str, Any]]:
        """What it has stored of deep linking."""
        return list(fetching.fetch(f"{self.url}/chosen").json())


@pytest.fixture(scope="module")
def edx(site: Site) -> Iterator[Edx]:
    """Open edX with a course, connected by an owner of ours."""
    python, port = python_with("lti-consumer", *PACKAGES), free_port()
    command = [python, "openedx_course.py", str(port), site.url]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            told = json.loads(process.stdout.readline() or "null")
            assert told, "it does not serve"
            owner = site.person("Olga Owner", is_owner=True)
            with site.database():
                platform = add_platform(actor=owner, name="Open edX", deployments=["1"], **told)
                platform.mail_verified = True
                platform.save(update_fields=["mail_verified"])
            yield Edx(told["issuer"], platform)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def context(edx: Edx, site: Site, browser: Any) -> Context:
    """The course, for which its instructor has made a workspace on her first visit."""
    desk = Desk(browser, site)
    page = desk()
    page.goto(edx.course("ines"))
    expect(page.locator("h1")).to_have_text("A home for your course")
    page.get_by_label("Name of the new workspace").fill("Bread")
    page.get_by_role("button", name="Connect the course").click()
    expect(page.get_by_role("link", name="To the workspace")).to_be_visible()
    desk.close()
    with site.database():
        return Context.objects.select_related("platform", "workspace").get(platform=edx.platform)


def _role(site: Site, context: Context, handle: str) -> Role:
    with site.database():
        person = Identity.objects.get(issuer=context.platform.issuer, email=f"{handle}@example.org").person
        return Role(Membership.objects.get(workspace=context.workspace, person=person).role)


def _in_the_workspace(page: Page) -> None:
    expect(page.locator(".sidebar-head")).to_contain_text("Bread")


def test_a_learner_and_an_instructor_come_in_as_such(edx: Edx, site: Site, context: Context, browse: Desk) -> None:
    page = browse()
    page.goto(edx.course("lena"))
    _in_the_workspace(page)
    assert _role(site, context, "lena") == Role.LEARNER
    assert _role(site, context, "ines") == Role.OWNER
    assert (context.context_id, context.title) == ("course-v1:Bread+B101+2026", "Bread for beginners")


@pytest.mark.usefixtures("context")
def test_what_an_instructor_chooses_is_stored_there_and_leads_here(edx: Edx, browse: Desk) -> None:
    page = browse()
    page.goto(edx.course("ines", "&deep"))
    expect(page.locator("h1")).to_have_text("What shall stand in the course?")
    page.locator("input[value=unit]").check()
    page.get_by_label("Or make a new channel called").fill("Sourdough")
    page.get_by_role("button", name="Put it into the course").click()
    expect(page).to_have_url(re.compile("/lti-dl/response"))
    expect(page.locator("body")).to_contain_text("saved")
    [item] = edx.chosen()
    assert (item["type"], item["title"]) == ("ltiResourceLink", "#Sourdough")
    learner = browse()
    learner.goto(edx.course("paul", f"&item={item['id']}"))
    _in_the_workspace(learner)
    expect(learner).to_have_url(re.compile(r"/c/sourdough"))


def test_its_roster_is_read_page_by_page_and_followed(
    site: Site, context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roster_pages, "PAGE", 2)
    with site.database():
        fresh = Context.objects.select_related("platform").get(pk=context.pk)
        begun = roster_pages.begin(fresh)
        roster_pages.read_on(begun)
        members = roster_pages.members(begun)
        report = roster.fetch_roster(context=fresh)
        fresh.refresh_from_db()
    assert begun.page_count == 3
    assert [member["email"].partition("@")[0] for member in members] == ["ines", "lena", "paul", "staff", "quiet"]
    assert report is not None, fresh.roster_problem
    with site.database():
        found = Membership.objects.filter(workspace=context.workspace).values_list("person__email", "role")
        roles = {str(email).partition("@")[0]: Role(role) for email, role in found}
    learner = Role.LEARNER
    assert roles == {
        "ines": Role.OWNER,
        "staff": Role.INSTRUCTOR,
        "lena": learner,
        "paul": learner,
        "quiet": learner,
    }


def test_it_believes_nobody_elses_assertion(edx: Edx, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with site.database():
        assert asking.access_token(edx.platform, [ROSTER_SCOPE])
        real = keys.sign
        monkeypatch.setattr(keys, "sign", lambda claims: real(claims)[:-8] + "AAAAAAAA")
        with pytest.raises(fetching.Unreachable, match="answers 400"):
            asking.access_token(edx.platform, [ROSTER_SCOPE])


def _who(context: Context, handle: str) -> Person:
    return Identity.objects.get(issuer=context.platform.issuer, email=f"{handle}@example.org").person


def _contribute(person: Person, channel_id: uuid.UUID, *words: str) -> None:
    seat = channel_access.channel(person, channel_id)
    for said in words:
        posts.post(actor=person, seat=seat, body=said)


@pytest.mark.parametrize(
    ("mode", "column"),
    [
        ("programmatic", {"label": "Talking", "maximum": 10}),  # we make the column
        ("declarative", {"label": "Unit 1", "maximum": 50}),  # Open edX has made it
    ],
)
def test_taking_part_is_a_grade_in_its_gradebook(
    edx: Edx, site: Site, context: Context, browse: Desk, mode: str, column: dict[str, Any]
) -> None:
    fetching.fetch(f"{edx.url}/grade-mode?mode={mode}")
    for handle in ("ines", "lena"):
        page = browse()
        page.goto(edx.course(handle))
        _in_the_workspace(page)
    with site.database():
        ines, lena = _who(context, "ines"), _who(context, "lena")
        assert context.workspace is not None
        talk = channels.create_channel(actor=ines, workspace=context.workspace, name=f"Talk {mode}")
        channels.add_people(actor=ines, channel=talk, person_ids=[lena.pk])
        link = Link.objects.filter(context=context, title="").first() or Link.objects.filter(context=context)[0]
        offered = gradebook.offer(link.ags)
        assert (offered.may_score, offered.may_make) == (True, mode == "programmatic")
        assert bool(offered.line_item) == (mode == "declarative")
        grade = grades.open_grade(
            actor=ines, context=context, link_id=link.pk, channel_ids=[talk.pk], label="Talking", maximum=10, wanted=2,
            fewest_words=3,
        )  # fmt: skip
        _contribute(lena, talk.pk, "one two three")
        _contribute(ines, talk.pk, "well said indeed", "and once more so")
        assert _sent(grade) == 1, Grade.objects.get(pk=grade.pk).problem
    assert edx.ask("results") == [{**column, "scores": 1}]
    told = {"user": "lena", "score": 0.5, "maximum": 50, "comment": "1 of 2 contributions"}
    assert edx.ask("grades") == [told]
    with site.database():
        assert _sent(grade) == 0
        _contribute(lena, talk.pk, "four five six", "and one too many")
        assert _sent(grade) == 1
        grades.switch(actor=ines, grade=grade, on=False)
    assert [each["score"] for each in edx.ask("grades")] == [0.5, 1.0]
    assert edx.ask("results") == [{**column, "scores": 1}]


def _sent(grade: Grade) -> int:
    fresh = Grade.objects.select_related("context__platform", "context__workspace", "link", "by").get(pk=grade.pk)
    contributions.count(fresh)
    return scores.send(fresh)
