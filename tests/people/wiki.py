"""A tool that signs people in through us, as a program that follows the protocol."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.test import Client

BACK = "https://wiki.example.org/back"
VERIFIER = "a-verifier-that-nobody-else-knows-0123456789abc"


@dataclass
class Wiki:
    """A tool, as a program that follows the protocol."""

    client_id: str
    secret: str
    back: str = BACK

    def asking(self, **changes: str | None) -> str:
        """Where it sends people."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
        asked: dict[str, str | None] = {
            "client_id": self.client_id,
            "response_type": "code",
            "redirect_uri": self.back,
            "scope": "openid profile email",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            **changes,
        }
        return "/oidc/authorize?" + urlencode({name: value for name, value in asked.items() if value is not None})

    def tokens(self, code: str, **changes: str) -> Any:
        """Its answer for a code."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.back, "code_verifier": VERIFIER}
        return self.post("/oidc/token", {**form, **changes})

    def post(self, path: str, form: dict[str, str], secret: str | None = None) -> Any:
        """A question by the tool itself."""
        secret = self.secret if secret is None else secret
        pair = base64.b64encode(f"{self.client_id}:{secret}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"} if secret else {}
        form = form if secret else {**form, "client_id": self.client_id}
        return Client(headers=headers).post(path, form)

    def learns(self, token: str) -> Any:
        """What the userinfo endpoint says."""
        return Client(headers={"Authorization": f"Bearer {token}"}).get("/oidc/userinfo")


def sent_back(answer: Any) -> dict[str, str]:
    """With what somebody comes back to the tool, by a redirect or by the page that leads on."""
    if answer.status_code == 200:
        address = unescape(re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', answer.content.decode())[1])  # type: ignore[index]  # else it fails
    else:
        assert answer.status_code == 302, answer.content.decode()
        address = answer["Location"]
    assert address.startswith(BACK + "?"), address
    return dict(parse_qsl(urlsplit(address).query))


def agree(browser: Client, wiki: Wiki, answer: str = "grant", **changes: str | None) -> dict[str, str]:
    """Go where the tool sends, and answer the page."""
    page = browser.get(wiki.asking(**changes))
    assert page.status_code == 200, page
    return sent_back(browser.post("/oidc/authorize", {**hidden(page), "action": answer}))


def hidden(page: Any) -> dict[str, list[str]]:
    """The hidden fields of a page's form."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()):
        found.setdefault(name, []).append(unescape(value))
    return found
