"""npm's `openid-client`, which we did not write, signs people in to a tool through us."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Desk
from browser.site import Site
from cli.program import free_port
from tertulia.people.models import Consent, Person

HERE = Path(__file__).parent
NODE = shutil.which("node") or str(HERE.parents[1] / ".venv/bin/node")
PASSWORD = "seven quiet lanterns"


@dataclass(frozen=True)
class Tool:
    """A program on `openid-client`, running; `url` is its front page."""

    url: str
    client_id: str

    def says(self, page: Page, path: str) -> dict[str, Any]:
        """What one of its pages has found out."""
        page.goto(f"{self.url}{path}")
        return _json(page)


@pytest.fixture(scope="module")
def tools(site: Site, browser: Browser) -> Iterator[dict[str, Tool]]:
    """Two tools that an owner of ours has let in by the installation's pages: one keeps a secret, one can keep none."""
    desk = Desk(browser, site)
    owner = desk(site.person("Olga Owner", is_owner=True))
    made, running = {}, []
    try:
        for name, public in (("Wiki", False), ("App", True)):
            port = free_port()
            client_id, secret = _let_in(owner, name, port, public=public)
            command = [NODE, "openid_client.mjs", str(port), site.url, client_id, secret]
            process = subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True)
            running.append(process)
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            made[name] = Tool(f"http://127.0.0.1:{port}", client_id)
        desk.close()
        yield made
    finally:
        for process in running:
            process.kill()
            process.communicate()


def _let_in(page: Page, name: str, port: int, *, public: bool) -> tuple[str, str]:
    page.goto("/installation/tools/new")
    page.get_by_label("Name", exact=True).fill(name)
    home = f"http://127.0.0.1:{port}"
    page.get_by_label("Where people come back to").fill(f"{home}/back\n{home}/keep")
    page.get_by_label("Where people land after signing out").fill(f"{home}/bye")
    page.get_by_label("(groups)").check()
    if public:
        page.get_by_label("It can keep no secret").check()
    page.get_by_role("button", name="Let it in").click()
    expect(page.locator("main h2")).to_have_text(name)
    client_id = page.locator("dt:has-text('Client ID') + dd code").inner_text()
    return client_id, "" if public else page.locator("#new-secret").input_value()


def _json(page: Page) -> dict[str, Any]:
    found = json.loads(page.locator("body").inner_text())
    assert isinstance(found, dict)
    return found


def _sign_in(page: Page, person: Person) -> None:
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(person.email))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def _come(page: Page, tool: Tool, back: str = "/back", **asked: str) -> None:
    """Go to the tool, and agree to what it may learn; the browser is back at the tool then."""
    query = "&".join(f"{name}={value}" for name, value in {"back": f"{tool.url}{back}", **asked}.items())
    page.goto(f"{tool.url}/?{query}")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{tool.url}{back}?*")


@pytest.mark.parametrize("name", ["Wiki", "App"])
def test_somebody_signs_in_refreshes_and_signs_out(tools: dict[str, Tool], site: Site, browse: Desk, name: str) -> None:
    tool, vera = tools[name], site.person("Vera Paz", password=PASSWORD)
    workspace = site.workspace(site.person("Will"), f"kitchen-{name.lower()}")
    with site.database():
        owner = workspace.memberships.get().person
    site.member(workspace, owner, vera)
    page = browse()
    page.goto(tool.url)
    _sign_in(page, vera)
    expect(page.locator("h1")).to_contain_text(f"Sign in to {name}")
    expect(page.locator("main")).to_contain_text("127.0.0.1")
    page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{tool.url}/back?*")
    found = _json(page)
    assert "failed" not in found, found
    assert found["claims"]["sub"] == found["userinfo"]["sub"] == str(vera.pk)
    assert found["claims"]["iss"] == site.url
    assert found["userinfo"]["name"] == "Vera Paz"
    assert found["userinfo"]["email"] == vera.email
    assert found["userinfo"]["email_verified"] is True
    assert found["userinfo"]["groups"] == [workspace.slug, f"{workspace.slug}:learner"]

    assert tool.says(page, "/refresh")["sub"] == str(vera.pk)
    assert tool.says(page, "/revoke") == {"revoked": True}
    assert tool.says(page, "/userinfo")["status"] == 401

    page.goto(f"{tool.url}/out")
    expect(page.locator("main")).to_contain_text(name)
    page.locator("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{tool.url}/bye")
    page.goto(f"{site.url}/settings")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/settings")

    # The next time: signing in here is enough, and the browser goes all the way by itself.
    page.goto(tool.url)
    _sign_in(page, vera)
    if name == "App":  # whoever listens on a port of this device could be meant: people look each time
        page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{tool.url}/back?*")
    assert _json(page)["claims"]["sub"] == str(vera.pk)


def test_what_is_taken_back_is_over(tools: dict[str, Tool], site: Site, browse: Desk) -> None:
    tool, vera = tools["Wiki"], site.person("Vera", password=PASSWORD)
    page = browse(vera)
    _come(page, tool)
    page.goto(f"{site.url}/settings/tools")
    page.get_by_role("button", name="Take back what Wiki may learn").click()
    page.get_by_role("button", name="Take it back").click()
    expect(page.locator("main")).to_contain_text("None.")
    assert tool.says(page, "/userinfo")["status"] == 401
    assert tool.says(page, "/refresh")["failed"] == "invalid_grant"
    page.goto(tool.url)
    expect(page.locator("h1")).to_contain_text("Sign in to Wiki")


@pytest.mark.parametrize("name", ["Wiki", "App"])
def test_a_code_is_good_once_with_its_verifier(tools: dict[str, Tool], site: Site, browse: Desk, name: str) -> None:
    tool, page = tools[name], browse(site.person("Vera", password=PASSWORD))
    _come(page, tool)
    assert tool.says(page, "/again")["failed"] == "invalid_grant"
    page.goto(f"{tool.url}/?back={tool.url}/keep")
    if name == "App":
        page.get_by_role("button", name="Go on").click()
    page.wait_for_url(f"{tool.url}/keep?*")
    assert tool.says(page, "/wrong-verifier")["failed"] == "invalid_grant"


def test_a_wrong_secret_is_refused(tools: dict[str, Tool], site: Site, browse: Desk) -> None:
    tool, page = tools["Wiki"], browse(site.person("Vera", password=PASSWORD))
    _come(page, tool, "/keep")
    assert tool.says(page, "/wrong-secret")["status"] == 401


@pytest.mark.parametrize("name", ["Wiki", "App"])
def test_no_pkce_no_code(tools: dict[str, Tool], site: Site, browse: Desk, name: str) -> None:
    tool, page = tools[name], browse(site.person("Vera", password=PASSWORD))
    page.goto(f"{tool.url}/?without=pkce")
    page.wait_for_url(f"{tool.url}/back?*")
    assert _json(page)["failed"] == "invalid_request"


def test_a_wrong_address_leads_nowhere(tools: dict[str, Tool], site: Site, browse: Desk) -> None:
    tool, page = tools["Wiki"], browse(site.person("Vera", password=PASSWORD))
    page.goto(f"{tool.url}/?back=https://evil.example/back")
    expect(page.locator("main")).to_contain_text("not one that was entered for it")
    assert page.url.startswith(site.url)


def test_nobody_is_asked_where_nobody_may_be(tools: dict[str, Tool], site: Site, browse: Desk) -> None:
    """`prompt=none`: a code for who has agreed and is signed in, else the error that the library knows."""
    tool, vera = tools["Wiki"], site.person("Vera", password=PASSWORD)
    page = browse()
    assert tool.says(page, "/?prompt=none")["failed"] == "login_required"
    page = browse(vera)
    assert tool.says(page, "/?prompt=none")["failed"] == "consent_required"
    _come(page, tool)
    assert tool.says(page, "/?prompt=none")["claims"]["sub"] == str(vera.pk)
    with site.database():
        assert Consent.objects.filter(person=vera).count() == 1
