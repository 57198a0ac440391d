"""npm's `oidc-provider`, which we did not write, signs people in here."""

from __future__ import annotations

import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from html import unescape
from http.client import HTTPResponse
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, build_opener

import pytest
from django.core.cache import cache
from django.test import Client

from tertulia.people import services
from tertulia.people.models import Identity, Person

HERE = Path(__file__).parent
NODE = shutil.which("node") or str(Path(__file__).parents[2] / ".venv/bin/node")
CLIENT, SECRET = "tertulia", "a secret with spaces + signs/of=all%kinds"
CALLBACK = "/accounts/oidc/campus/login/callback/"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """Redirects are followed one by one."""


class There:
    """A browser at the provider's."""

    def __init__(self) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), _Stay)

    def go(self, url: str, form: dict[str, str] | None = None) -> tuple[str, str]:
        """Follow redirects until a page is shown, or until they leave the provider; where, and what is shown."""
        home = urlsplit(url).netloc
        while True:
            with self._ask(url, form) as answer:
                location, page = answer.headers.get("Location"), answer.read().decode()
            if location is None:
                return url, page
            url, form = urljoin(url, location), None
            if urlsplit(url).netloc != home:
                return url, ""

    def _ask(self, url: str, form: dict[str, str] | None) -> HTTPResponse | HTTPError:
        try:
            answer: HTTPResponse = self._opener.open(url, urlencode(form).encode() if form else None, timeout=20)
        except HTTPError as error:
            return error
        return answer

    def sign_in(self, url: str, name: str) -> str:
        """Type a name, agree, and come back; where to."""
        where, page = self.go(url)
        for form in ({"prompt": "login", "login": name, "password": "any"}, {"prompt": "consent"}):
            action = re.search(r'<form[^>]* action="([^"]+)"', page)
            assert action, page
            where, page = self.go(urljoin(where, unescape(action[1])), form)
        return where


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The provider, running."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [NODE, "oidc_provider.mjs", str(port), CLIENT, SECRET, f"http://testserver{CALLBACK}"]
    with subprocess.Popen(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield f"http://127.0.0.1:{port}"
        process.kill()


@pytest.fixture
def owner(db: None) -> Person:
    """Who connects it."""
    del db
    cache.clear()
    return services.create_person(email="olga@example.org", display_name="Olga", verified=True, is_owner=True)


def test_it_signs_people_in(issuer: str, owner: Person, client: Client) -> None:
    services.add_provider(actor=owner, kind="oidc", name="Campus")
    trouble = services.change_provider(
        actor=owner, slug="campus", address=issuer, client_id=CLIENT, secret=SECRET, is_enabled=True
    )
    assert trouble == ""
    away = client.get("/accounts/oidc/campus/login/", {"next": "/settings"})["Location"]
    back = There().sign_in(away, "vera")
    assert back.startswith(f"http://testserver{CALLBACK}?")
    answer = client.get(back)
    assert answer.status_code == 302, answer.content.decode()
    assert answer["Location"] == "/settings"
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject) == (issuer, "vera")
    assert (identity.person.email, identity.person.display_name) == ("vera@example.org", "Vera Paz")
    assert client.get(back).status_code == 400, "a code is good once"
    assert client.post("/accounts/logout/")["Location"] == "/signed-out"
    _where, page = There().go(client.get("/signed-out/there")["Location"])
    assert "logout" in page.lower()


def test_a_code_is_nothing_without_its_browser(issuer: str, owner: Person, client: Client) -> None:
    services.add_provider(actor=owner, kind="oidc", name="Campus")
    services.change_provider(
        actor=owner, slug="campus", address=issuer, client_id=CLIENT, secret=SECRET, is_enabled=True
    )
    thief = Client()
    stolen = There().sign_in(client.get("/accounts/oidc/campus/login/")["Location"], "vera")
    mine = There().sign_in(thief.get("/accounts/oidc/campus/login/")["Location"], "thief")
    injected = re.sub(r"code=[^&]+", re.search(r"code=[^&]+", stolen)[0], mine)  # type: ignore[index]  # it is there
    answer = thief.get(injected)
    assert answer.status_code == 403
    assert "invalid_grant" in answer.content.decode()
    assert not Identity.objects.exists()
