"""What tools ask for and do not get, and that nonsense breaks nothing."""

from __future__ import annotations

import base64

import pytest
from django.test import Client

from tertulia.people import services
from tertulia.people.models import Person

from .wiki import BACK, Wiki, agree, hidden, sent_back
from .world import World, signed_in


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_challenge": None, "code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unauthorized_client"),
        ({"response_type": "nonsense"}, "unsupported_response_type"),
        ({"request": "eyJ"}, "request_not_supported"),
        ({"resource": "https://api.example.org/"}, "invalid_target"),
        ({"request_uri": "https://wiki.example.org/r"}, "request_uri_not_supported"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"max_age": "soon"}, "invalid_request"),
        ({"prompt": "none"}, "consent_required"),
    ],
)
def test_what_cannot_be_answered_goes_back_as_an_error(
    world: World, wiki: Wiki, changes: dict[str, str | None], error: str
) -> None:
    back = sent_back(signed_in(world.mia).get(wiki.asking(**changes)))
    assert (back["error"], back["state"]) == (error, "s1")
    assert "code" not in back


@pytest.mark.parametrize(
    "address",
    [
        "https://wiki.example.org/other",
        "https://wiki.example.org/back/",
        "https://wiki.example.org/back?more=1",
        "https://wiki.example.org/back#piece",
        "https://wiki.example.org:444/back",
        "https://evil@wiki.example.org/back",
        "https://wiki.example.org\\@evil.example/back",
        "http://wiki.example.org/back",
        "https://evil.example/back",
        "//wiki.example.org/back",
        "",
    ],
)
def test_nobody_is_sent_elsewhere(world: World, wiki: Wiki, address: str) -> None:
    answer = signed_in(world.mia).get(wiki.asking(redirect_uri=address))
    assert answer.status_code == 400
    assert "redirect_uri" in answer.content.decode()
    assert "Location" not in answer


def test_an_unknown_tool_is_refused_with_a_sentence(world: World, wiki: Wiki) -> None:
    answer = signed_in(world.mia).get(wiki.asking(client_id="nobody"))
    assert answer.status_code == 400
    assert "client ID" in answer.content.decode()


def test_a_parameter_twice_is_refused(world: World, wiki: Wiki) -> None:
    back = sent_back(signed_in(world.mia).get(wiki.asking() + "&state=s2"))
    assert back["error"] == "invalid_request"


def test_a_code_is_good_once_for_its_tool_with_its_verifier(world: World, owner: Person, wiki: Wiki) -> None:
    browser = signed_in(world.mia)
    code = agree(browser, wiki)["code"]
    assert wiki.tokens(code, code_verifier="another-verifier-that-is-long-enough-to-be-one").status_code == 400
    assert wiki.tokens(code, redirect_uri="https://wiki.example.org/other").status_code == 400
    other, secret = services.add_tool(actor=owner, name="Other", redirect_uris=[BACK])
    assert Wiki(other.pk, secret).tokens(code).json()["error"] == "invalid_grant"
    wrong = wiki.post("/oidc/token", {"grant_type": "authorization_code", "code": code}, secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wiki.tokens(code).status_code == 200
    again = wiki.tokens(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_a_tool_never_learns_by_another_tools_consent(world: World, owner: Person, wiki: Wiki) -> None:
    """By itself allauth would take any tool's tokens for consent when nobody may be asked (prompt=none)."""
    browser = signed_in(world.mia)
    wiki.tokens(agree(browser, wiki)["code"])
    other, secret = services.add_tool(actor=owner, name="Other", redirect_uris=[BACK], scopes=["openid", "profile"])
    silent = sent_back(browser.get(Wiki(other.pk, secret).asking(prompt="none", scope="openid profile")))
    assert silent["error"] == "consent_required"
    assert "code" in sent_back(browser.get(wiki.asking(prompt="none")))
    assert sent_back(Client().get(wiki.asking(prompt="none")))["error"] == "login_required"


def test_a_tools_token_opens_nothing_of_ours(world: World, wiki: Wiki) -> None:
    told = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()
    client = Client(headers={"Authorization": f"Bearer {told['access_token']}"})
    assert client.get("/api/v1/me").status_code == 401


def test_a_hint_of_somebody_else_is_not_answered(world: World, wiki: Wiki) -> None:
    hint = wiki.tokens(agree(signed_in(world.mia), wiki)["code"]).json()["id_token"]
    ben = signed_in(world.ben)
    agree(ben, wiki)
    assert sent_back(ben.get(wiki.asking(id_token_hint=hint)))["error"] == "login_required"
    assert "code" in sent_back(signed_in(world.mia).get(wiki.asking(id_token_hint=hint)))


def test_a_consent_page_of_another_session_is_refused(world: World, wiki: Wiki) -> None:
    page = signed_in(world.mia).get(wiki.asking())
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(world.ben)
    assert careful.post("/oidc/authorize", {**hidden(page), "action": "grant"}).status_code == 403
    tampered = {**hidden(page), "request": ["nonsense"], "action": "grant"}
    assert signed_in(world.mia).post("/oidc/authorize", tampered).status_code == 403


@pytest.mark.parametrize("sent", ["\0", "a b", "é" * 10, "x" * 300, "x" * 5000, "\n"])
def test_nonsense_is_refused_and_breaks_nothing(world: World, wiki: Wiki, sent: str) -> None:
    browser = signed_in(world.mia)
    for name in ("code", "client_id", "refresh_token", "redirect_uri", "code_verifier", "grant_type", "resource"):
        form = {"grant_type": "authorization_code", "code": "c", "redirect_uri": BACK, name: sent}
        assert wiki.post("/oidc/token", form).status_code in {400, 401}, name
        assert wiki.post("/oidc/revoke", {"token": sent}).status_code in {200, 400}
        if "\0" not in sent:
            assert browser.get(wiki.asking(**{name: sent})).status_code in {200, 302, 400}, name
    for pair in (f"{sent}:{sent}", f"{wiki.client_id}:{sent}"):
        headers = {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        answer = Client(headers=headers).post("/oidc/token", {"grant_type": "authorization_code", "code": "c"})
        assert answer.status_code in {400, 401}
    for header in ("Basic !!", "Basic", "Bearer " + sent.strip().replace("é", "e") or "Bearer", "Nonsense x"):
        if header.isprintable():
            assert Client(headers={"Authorization": header}).get("/oidc/userinfo").status_code == 401
    assert browser.post("/oidc/sign-out", {"id_token_hint": sent, "client_id": sent}).status_code in {200, 302, 400}


def test_too_many_questions_are_told_to_wait(world: World, wiki: Wiki, monkeypatch: pytest.MonkeyPatch) -> None:
    del world
    from tertulia.kernel.limits import Limit
    from tertulia.people import throttles

    monkeypatch.setattr(throttles, "TOOLS", Limit("few", times=1, seconds=300, fixed=True))
    assert wiki.tokens("no-code").status_code == 400
    answer = wiki.tokens("no-code")
    assert answer.status_code == 429
    assert int(answer["Retry-After"]) > 0
    assert answer.json()["error"] == "temporarily_unavailable"
