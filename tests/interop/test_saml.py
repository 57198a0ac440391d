"""An identity provider that we did not write (`pysaml2`) reads our metadata, signs people in here, and out again."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from playwright.sync_api import Browser, Page, expect

from browser.conftest import Desk
from browser.site import Site
from cli.program import free_port
from tertulia.kernel import fetching
from tertulia.people.models import Identity

from .environments import cannot, python_with

HERE = Path(__file__).parent
SLUG = "campus"


@dataclass(frozen=True)
class Idp:
    """The identity provider, running."""

    url: str

    def seen(self) -> list[dict[str, str]]:
        """The requests that it has understood."""
        return list(fetching.fetch(f"{self.url}/seen").json())


@pytest.fixture(scope="module")
def idp(site: Site, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Idp]:
    """The provider, which an owner of ours has connected on the installation's pages."""
    if shutil.which("xmlsec1") is None:
        cannot("pysaml2 signs with the program xmlsec1, which is missing: apt-get install xmlsec1.")
    python, port = python_with("pysaml2", "pysaml2==7.5.5", "setuptools"), free_port()
    metadata = f"{site.url}/accounts/saml/{SLUG}/metadata/"
    command = [python, "-W", "ignore", "saml_idp.py", str(port), metadata, str(tmp_path_factory.mktemp("idp"))]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stdout.readline() == "ready\n"
            running = Idp(f"http://127.0.0.1:{port}")
            _connect(Desk(browser, site), site, running, metadata)
            yield running
        finally:
            process.kill()


def _connect(desk: Desk, site: Site, running: Idp, metadata: str) -> None:
    page = desk(site.person("Olga Owner", is_owner=True))
    page.goto("/installation/sign-in/new")
    page.locator("input[value=saml]").check()
    page.get_by_label("Name").fill("Campus")
    page.get_by_role("button", name="Go on").click()
    expect(page.locator("body")).to_contain_text(metadata)
    page.get_by_label("Address of its metadata").fill(f"{running.url}/metadata")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Try it").click()
    expect(page.locator("body")).to_contain_text(f"It calls itself {running.url}/metadata")
    desk.close()


def _come(page: Page, name: str = "vera") -> None:
    page.goto("/accounts/login/?next=/settings")
    page.get_by_role("link", name="Continue with Campus").click()
    expect(page).to_have_title("Campus")
    page.get_by_label("Name").fill(name)
    page.get_by_role("button", name="Sign in").click()


def test_it_signs_somebody_in_and_out(idp: Idp, site: Site, browse: Desk) -> None:
    page = browse()
    _come(page)
    expect(page).to_have_url(f"{site.url}/settings")
    with site.database():
        identity = Identity.objects.select_related("person").get(issuer=f"{idp.url}/metadata")
    assert identity.person.display_name == "Vera Paz"
    assert identity.email == "vera@example.org"
    ours = f"{site.url}/accounts/saml/{SLUG}"
    assert idp.seen() == [{"is": "sign-in", "by": f"{ours}/metadata/", "to": f"{ours}/acs/"}]

    page.goto("/accounts/logout/")
    page.locator("main").get_by_role("button", name="Sign out").click()
    expect(page.locator("h1")).to_have_text("You are signed out here")
    page.get_by_role("link", name="Sign out of Campus, too").click()
    expect(page).to_have_url(f"{site.url}/")
    assert idp.seen()[1:] == [{"is": "sign-out", "by": f"{ours}/metadata/", "name": "vera"}]
    page.goto("/settings")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/settings")

    _come(page)
    expect(page).to_have_url(f"{site.url}/settings")
    with site.database():
        assert Identity.objects.get(issuer=f"{idp.url}/metadata").person == identity.person


def test_its_answer_is_good_once_and_in_one_browser(idp: Idp, site: Site, browse: Desk) -> None:
    del idp
    page, posted = browse(), []
    page.on("request", lambda request: posted.append(request) if request.url.endswith("/acs/") else None)
    _come(page)
    expect(page).to_have_url(f"{site.url}/settings")
    [request] = posted
    thief = browse()
    thief.goto("/accounts/login/")
    answer = thief.request.post(request.url, form=_form(request.post_data or ""))
    assert answer.status in {400, 403}
    thief.goto("/settings")
    expect(thief).to_have_url(f"{site.url}/accounts/login/?next=/settings")


def test_what_is_signed_with_sha1_is_refused(idp: Idp, site: Site, browse: Desk) -> None:
    page = browse()
    _come(page, "old")
    expect(page.locator("main")).to_contain_text("Deprecated signature algorithm")
    page.goto("/settings")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/settings")
    with site.database():
        assert not Identity.objects.filter(issuer=f"{idp.url}/metadata", email="old@example.org").exists()


def test_encrypted_assertions_are_read(idp: Idp, site: Site, browse: Desk) -> None:
    page, posted = browse(), []
    page.on("request", lambda request: posted.append(request) if request.url.endswith("/acs/") else None)
    _come(page, "sealed")
    expect(page).to_have_url(f"{site.url}/settings")
    answer = base64.b64decode(str(_form(posted[0].post_data or "")["SAMLResponse"])).decode()
    assert "EncryptedAssertion" in answer
    assert "sealed@example.org" not in answer
    with site.database():
        identity = Identity.objects.select_related("person").get(
            issuer=f"{idp.url}/metadata", email="sealed@example.org"
        )
    assert identity.person.display_name == "Selma Paz"


def test_it_signs_somebody_out_here_only_by_a_signed_request(idp: Idp, site: Site, browse: Desk) -> None:
    page = browse()
    _come(page)
    expect(page).to_have_url(f"{site.url}/settings")
    refused = page.goto(f"{idp.url}/end?name=vera&unsigned=1")
    assert refused
    assert refused.status == 400
    page.goto("/settings")
    expect(page).to_have_url(f"{site.url}/settings")
    page.goto(f"{idp.url}/end?name=vera")
    expect(page.locator("h1")).to_have_text("Signed out everywhere")
    page.goto("/settings")
    expect(page).to_have_url(f"{site.url}/accounts/login/?next=/settings")


def _form(sent: str) -> dict[str, str | float | bool]:
    return dict(parse_qsl(sent))
