"""Inside the LMS's page: cookies that live in that frame, who may frame what, and the way into a window of its own."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client

from tertulia.integrations.lti import attempts
from tertulia.integrations.lti.models import Refused, Ticket
from tertulia.integrations.lti.refusals import Reason
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.kernel.clock import now
from tertulia.people.models import Person

from .platform import TARGET, FakePlatform, Response, begin, end, launch
from .world import World, signed_in, who

OURS = {"Origin": settings.BASE_URL}


def _ancestors(response: Response) -> str:
    found = re.search(r"frame-ancestors ([^;]*)", response["Content-Security-Policy"])
    assert found
    return found[1].strip()


def _ticket(response: Response) -> str:
    found = re.search(r'name="ticket" value="([^"]+)"', response.content.decode())
    assert found
    return found[1]


def test_a_framed_launch_makes_a_session_of_that_frame(world: World, fake: FakePlatform, visitor: Client) -> None:
    answer = launch(visitor, fake, framed=True)
    assert answer.status_code == 200
    cookie = answer.cookies[settings.SESSION_COOKIE_NAME].OutputString()
    assert "SameSite=None; Secure; Partitioned" in cookie
    assert "HttpOnly" in cookie
    assert (_ancestors(answer), "X-Frame-Options" in answer) == (fake.url, False)
    assert who(visitor) == str(world.person("user-1").pk)
    marker = re.search(r'data-marker="([^"]+)"', answer.content.decode())
    assert marker
    assert visitor.get("/lti/arrived", {"marker": marker[1]}).json() == {"arrived": True}
    assert visitor.get("/lti/arrived", {"marker": "other"}).json() == {"arrived": False}
    assert Client().get("/lti/arrived", {"marker": ""}).json() == {"arrived": False}
    page = visitor.get(world.workspace.get_absolute_url(), follow=True)
    assert (_ancestors(page), "X-Frame-Options" in page) == (fake.url, False)


def test_forms_work_in_the_frame(world: World, fake: FakePlatform, visitor: Client) -> None:
    launch(visitor, fake, framed=True)
    page = visitor.get("/settings/preferences")
    token = page.cookies[settings.CSRF_COOKIE_NAME]
    assert "SameSite=None; Secure; Partitioned" in token.OutputString()
    form_token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())
    assert form_token
    saved = visitor.post(
        "/settings/door", {"open": "", "csrfmiddlewaretoken": form_token[1]}, headers=OURS, HTTP_HOST="localhost:8000"
    )
    assert saved.status_code < 400
    assert not Person.objects.get(pk=world.person("user-1").pk).door_open


def test_other_pages_are_framed_by_nobody(world: World, fake: FakePlatform, visitor: Client) -> None:
    launch(visitor, fake)  # in a window
    for client in (visitor, signed_in(world.olga), Client()):
        page = client.get("/", follow=True)
        assert (_ancestors(page), page["X-Frame-Options"]) == ("'none'", "DENY")
        assert all("Partitioned" not in cookie.OutputString() for cookie in page.cookies.values())


def test_a_launch_in_a_window_has_an_ordinary_session(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    cookie = launch(visitor, fake).cookies[settings.SESSION_COOKIE_NAME].OutputString()
    assert "SameSite=Lax" in cookie
    assert "Partitioned" not in cookie


def test_the_word_of_a_launch_is_kept_in_the_frame(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    cookies = begin(visitor, fake).response.cookies
    [kept] = [cookie.OutputString() for name, cookie in cookies.items() if name.startswith(attempts.COOKIE_PREFIX)]
    assert kept.endswith("Path=/lti/; SameSite=None; Secure; Partitioned")


def test_pages_of_the_lms_on_other_hosts_may_frame_us_too(world: World, fake: FakePlatform, visitor: Client) -> None:
    change_platform(actor=world.olga, platform=world.platform, frame_origins=["https://apps.lms.example.org/learning/"])
    answer = launch(visitor, fake, framed=True)
    assert _ancestors(answer) == f"{fake.url} https://apps.lms.example.org"


def test_without_cookies_a_button_opens_a_window(world: World, fake: FakePlatform) -> None:
    """The frame's browser keeps no cookie; the window is the same browser's, with another jar."""
    ticket = _ticket(launch(Client(), fake, framed=True))
    window = Client()
    answer = window.post("/lti/open", {"ticket": ticket}, headers=OURS)
    assert answer["Location"] == world.workspace.get_absolute_url()
    assert who(window) == str(world.person("user-1").pk)
    assert "Partitioned" not in answer.cookies[settings.SESSION_COOKIE_NAME].OutputString()
    page = window.get(world.workspace.get_absolute_url(), follow=True)
    assert page["X-Frame-Options"] == "DENY"


def test_a_ticket_is_good_once(world: World, fake: FakePlatform) -> None:
    del world
    ticket = _ticket(launch(Client(), fake, framed=True))
    assert Client().post("/lti/open", {"ticket": ticket}, headers=OURS).status_code == 302
    late = Client()
    assert late.post("/lti/open", {"ticket": ticket}, headers=OURS).status_code == 403
    assert who(late) == ""


@pytest.mark.parametrize("origin", [{}, {"Origin": "https://evil.example.org"}, {"Origin": "null"}])
def test_a_ticket_is_taken_from_our_own_page_only(world: World, fake: FakePlatform, origin: dict[str, str]) -> None:
    """Login CSRF: a stranger's page has somebody sign in with the stranger's ticket."""
    del world
    ticket = _ticket(launch(Client(), fake, framed=True))
    victim = Client()
    assert victim.post("/lti/open", {"ticket": ticket}, headers=origin).status_code == 403
    assert who(victim) == ""
    assert victim.get("/lti/open", {"ticket": ticket}).status_code == 405


def test_an_old_or_made_up_ticket_opens_nothing(world: World, fake: FakePlatform) -> None:
    ticket = _ticket(launch(Client(), fake, framed=True))
    Ticket.objects.update(expires_at=now() - timedelta(seconds=1))
    other = _ticket(launch(Client(), fake, framed=True, sub="user-2"))
    Person.objects.filter(pk=world.person("user-2").pk).update(is_active=False)
    for word in (ticket, other, "made up", ""):
        assert Client().post("/lti/open", {"ticket": word}, headers=OURS).status_code == 403


def test_a_ticket_is_in_no_address(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    answer = launch(visitor, fake, framed=True)
    ticket = _ticket(answer)
    assert answer.content.decode().count(ticket) == 1
    assert not Ticket.objects.filter(digest=ticket.encode()).exists()
    assert "no-store" in answer["Cache-Control"]


def test_storage_of_the_platform_stands_in_for_cookies(world: World, fake: FakePlatform) -> None:
    """LTI Client Side postMessages: the page that begins hands the word over, the page that ends asks for it."""
    sent = {
        "iss": fake.url, "login_hint": "7", "target_link_uri": TARGET, "client_id": fake.client_id,
        "lti_storage_target": "_parent",
    }  # fmt: skip
    beginning = Client().post("/lti/login", sent).content.decode()
    page = {name: re.search(rf'data-{name}="([^"]*)"', beginning) for name in ("key", "value", "origin", "next")}
    assert page["origin"]
    assert page["origin"][1] == fake.url
    assert page["next"]
    state, nonce = (re.search(rf"{name}=([\w-]+)", page["next"][1]) for name in ("state", "nonce"))
    assert state
    assert nonce
    frame = Client()  # without cookies
    token = fake.sign(fake.claims(nonce[1]))
    asking = frame.post("/lti/launch", {"id_token": token, "state": state[1]}, headers={"Sec-Fetch-Dest": "iframe"})
    assert asking.status_code == 200
    assert page["key"]
    assert f'data-key="{page["key"][1]}"' in asking.content.decode()
    assert _ancestors(asking) == fake.url
    assert who(frame) == ""
    assert page["value"]
    recalled = {"id_token": token, "state": state[1], "binding": page["value"][1]}
    wrong = frame.post("/lti/launch", {**recalled, "binding": "guessed"}, headers=OURS)
    assert wrong.status_code == 403
    foreign = frame.post("/lti/launch", recalled, headers={"Origin": "https://evil.example.org"})
    assert (foreign.status_code, who(frame)) == (200, "")  # asks its own browser's platform again
    arrived = frame.post("/lti/launch", recalled, headers={**OURS, "Sec-Fetch-Dest": "iframe"})
    assert "lti-arriving" in arrived.content.decode()
    assert who(frame) == str(world.person("user-1").pk)


def test_where_nothing_is_kept_the_page_offers_to_begin_again_in_a_window(world: World, fake: FakePlatform) -> None:
    del world
    begun = begin(Client(), fake, lti_message_hint="<hint>")
    answer = end(Client(), begun, fake.sign(fake.claims(begun.nonce)), framed=True)
    page = answer.content.decode()
    assert Refused.objects.get().reason == Reason.OTHER_BROWSER
    assert 'action="/lti/login" target="_blank"' in page
    assert 'name="lti_message_hint" value="&lt;hint&gt;"' in page
    assert _ancestors(answer) == "*"


def test_who_is_signed_in_in_a_window_keeps_one_form_token(world: World, fake: FakePlatform) -> None:
    """A second cookie of the same name, partitioned, would stay when the first one changes, and no form would work."""
    olga = signed_in(world.olga)
    sent = {"iss": fake.url, "login_hint": "7", "target_link_uri": TARGET, "lti_storage_target": "_parent"}
    for answer in (olga.get("/lti/login", sent), olga.get("/lti/login")):
        assert 'name="csrf-token"' in answer.content.decode()
        assert settings.CSRF_COOKIE_NAME not in answer.cookies
        assert settings.SESSION_COOKIE_NAME not in answer.cookies


def test_a_new_launch_in_the_frame_is_a_new_session(world: World, fake: FakePlatform, visitor: Client) -> None:
    launch(visitor, fake, framed=True)
    first = visitor.session.session_key
    launch(visitor, fake, framed=True, sub="user-2")
    assert visitor.session.session_key != first
    assert who(visitor) == str(world.person("user-2").pk)


def test_an_account_with_a_second_factor_is_asked_for_it(world: World, fake: FakePlatform, visitor: Client) -> None:
    from allauth.mfa.models import Authenticator
    from allauth.mfa.totp.internal.auth import TOTP

    launch(Client(), fake)
    TOTP.activate(world.person("user-1"), "JBSWY3DPEHPK3PXP")
    assert Authenticator.objects.exists()
    answer = launch(visitor, fake, framed=True)
    assert 'data-next="/accounts/2fa/authenticate/' in answer.content.decode()
    assert who(visitor) == ""
    page = visitor.get("/accounts/2fa/authenticate/")
    assert (page.status_code, _ancestors(page)) == (200, fake.url)


def test_signing_out_in_the_frame_shows_a_page_there(world: World, fake: FakePlatform) -> None:
    del world
    frame = Client()
    launch(frame, fake, framed=True)
    answer = frame.post("/accounts/logout/")
    assert (_ancestors(answer), "X-Frame-Options" in answer) == (fake.url, False)
    assert who(frame) == ""
