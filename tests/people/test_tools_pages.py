"""Owners let tools in, on the installation's pages."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.idp.oidc.models import Client as Tool

from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Person

from .wiki import BACK
from .world import World, signed_in


def test_owners_let_tools_in(world: World, owner: Person) -> None:
    browser = signed_in(owner)
    assert "No tool yet" in browser.get("/installation/tools").content.decode()
    form = {"name": "Wiki", "redirect_uris": BACK, "scopes": ["profile", "groups"], "needs_pkce": "on"}
    made = browser.post("/installation/tools/new", form)
    tool = Tool.objects.get()
    secret = re.search(r'value="([0-9a-f]{64})"', made.content.decode())[1]  # type: ignore[index]  # else it fails
    assert tool.check_secret(secret)
    assert tool.get_scopes() == ["openid", "profile", "groups"]
    assert tool.owner is None, "it must not go when this owner's account goes"
    assert secret not in browser.get(f"/installation/tools/{tool.pk}").content.decode(), "shown once"
    assert secret not in str(list(AuditEntry.objects.values()))
    renewed = browser.post(f"/installation/tools/{tool.pk}/secret").content.decode()
    tool.refresh_from_db()
    assert not tool.check_secret(secret)
    assert tool.check_secret(re.search(r'value="([0-9a-f]{64})"', renewed)[1])  # type: ignore[index]  # else it fails
    changed = browser.post(f"/installation/tools/{tool.pk}", {**form, "name": "Course wiki", "trusted": "on"})
    assert changed.status_code == 302
    tool.refresh_from_db()
    assert (tool.name, tool.skip_consent) == ("Course wiki", True)
    assert "Course wiki" in browser.get("/installation/tools").content.decode()
    assert signed_in(world.mia).get("/installation/tools").status_code == 404
    assert browser.post(f"/installation/tools/{tool.pk}/remove").status_code == 302
    assert not Tool.objects.exists()
    verbs = AuditEntry.objects.filter(object_kind="tool").order_by("id").values_list("verb", flat=True)
    assert list(verbs) == ["added a tool", "changed a tool", "changed a tool", "removed a tool"]


@pytest.mark.parametrize(
    "address",
    [
        "wiki.example.org/back",
        "http://wiki.example.org/back",
        "https://*.example.org/back",
        "https://wiki.example.org/back#piece",
        "https://me@wiki.example.org/back",
        "https://wiki.example.org:0/back",
        "https:///back",
        "javascript:alert(1)",
        "data:text/html,x",
        "org.example.app:/back",
        "https://wiki.example.org/" + "x" * 500,
        "https://wiki.example.org\\@evil.example/",
        "https://wíki.example.org/",
    ],
)
def test_addresses_that_lead_astray_are_refused(owner: Person, settings: Any, address: str) -> None:
    settings.BASE_URL = "https://tertulia.example.org"
    answer = signed_in(owner).post("/installation/tools/new", {"name": "Wiki", "redirect_uris": address})
    assert answer.status_code == 422
    assert not Tool.objects.exists()
