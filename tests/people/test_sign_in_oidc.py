"""People come in by an OpenID provider, and nobody else does. The provider is a fake (`fake_oidc`) over real HTTP."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from django.test import Client, RequestFactory

from tertulia.kernel.errors import Forbidden
from tertulia.people.models import Identity, Person, SignInProvider
from tertulia.people.sign_in import providers

from .fake_oidc import CLIENT, SECRET, Fake
from .oidc_visits import CALLBACK, LOGIN, come, connect, is_signed_in, refused, set_out
from .world import PASSWORD, World, signed_in

pytestmark = pytest.mark.usefixtures("world")


def test_the_sign_in_page_offers_it_and_keeps_where_one_wanted_to_go(campus: Fake, visitor: Client) -> None:
    connect(campus, "off", is_enabled=False)
    page = visitor.get("/accounts/login/?next=/people/mia").content.decode()
    assert "Continue with Campus" in page
    assert "Continue with Off" not in page
    assert f'href="{LOGIN}?next=%2Fpeople%2Fmia"' in page
    assert campus.asked == [], "nothing is asked before somebody wants to go there"


def test_somebody_new_comes_in(campus: Fake, visitor: Client) -> None:
    location = set_out(visitor, next="/people/mia")
    asked = dict(parse_qsl(urlsplit(location).query))
    assert asked["policy"] == "one", "the endpoint's own query stays"
    assert asked["client_id"] == CLIENT
    assert asked["redirect_uri"] == f"http://testserver{CALLBACK}"
    assert asked["code_challenge_method"] == "S256"
    assert asked["response_type"] == "code"
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}
    answer = come(visitor, campus, to="/people/mia")
    assert (answer.status_code, answer["Location"]) == (302, "/people/mia")
    vera = Person.objects.get(email="vera@example.org")
    assert is_signed_in(visitor)
    assert vera.display_name == "Vera Paz"
    identity = Identity.objects.get()
    assert (identity.person, identity.issuer, identity.subject) == (vera, campus.issuer, "u-1")
    assert not SocialAccount.objects.exists(), "allauth's own table is not used"


def test_the_same_person_comes_back(campus: Fake) -> None:
    come(Client(), campus)
    again = Client()
    come(again, campus, name="Vera Maria", email="other@example.org")
    assert is_signed_in(again)
    assert Person.objects.filter(identities__isnull=False).count() == 1


def test_what_the_token_leaves_out_is_asked_for(campus: Fake, visitor: Client) -> None:
    told = {"sub": "u-1", "name": "Vera Paz", "email": "vera@example.org", "email_verified": "true"}
    come(visitor, campus, name=None, email=None, email_verified=None, userinfo=told)
    assert Person.objects.get(identities__subject="u-1").email == "vera@example.org"
    assert "/userinfo" in campus.asked


def test_userinfo_of_somebody_else_is_not_believed(campus: Fake, visitor: Client) -> None:
    told = {"sub": "u-2", "email": "mia@example.org", "email_verified": True}
    answer = come(visitor, campus, email=None, userinfo=told)
    refused(answer, visitor, "somebody else")


def test_a_verified_address_joins_the_account(campus: Fake, visitor: Client, world: World) -> None:
    come(visitor, campus, email="Mia@Example.org")
    assert Identity.objects.get().person == world.mia
    assert is_signed_in(visitor)


@pytest.mark.parametrize(
    ("trust", "claim", "joined"),
    [
        ("claim", True, True),
        ("claim", False, False),
        ("claim", None, False),
        ("claim", "false", False),
        ("claim", 1, True),
        ("always", False, True),
        ("never", True, False),
    ],
)
def test_what_counts_as_verified(campus: Fake, visitor: Client, trust: str, claim: Any, joined: bool) -> None:
    SignInProvider.objects.update(trust=trust)
    answer = come(visitor, campus, email="mia@example.org", email_verified=claim)
    assert Identity.objects.exists() is joined
    assert (answer["Location"] == "/settings") is joined


def test_an_unverified_address_of_an_account_leads_to_joining_and_nothing_is_lost(
    campus: Fake, visitor: Client, world: World
) -> None:
    answer = come(visitor, campus, to="/people/ben", email="mia@example.org", email_verified=False)
    assert answer["Location"] == "/sign-in/join"
    assert not is_signed_in(visitor)
    page = visitor.get("/sign-in/join").content.decode()
    assert "mia@example.org" in page
    assert "You have been here before" in page
    assert not Identity.objects.exists()
    visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": "/sign-in/join"})
    assert "Join the two?" in visitor.get("/sign-in/join").content.decode()
    assert not Identity.objects.exists(), "not without a word"
    joined = visitor.post("/sign-in/join", {"answer": "yes"})
    assert joined["Location"] == "/people/ben"
    assert Identity.objects.get().person == world.mia
    again = Client()
    come(again, campus, email="mia@example.org", email_verified=False)
    assert is_signed_in(again)


def test_joining_can_be_declined_and_is_offered_once(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    assert visitor.post("/sign-in/join", {"answer": "no"})["Location"] == "/accounts/login/"
    assert visitor.get("/sign-in/join")["Location"] == "/accounts/login/"
    assert not Identity.objects.exists()


def test_nobody_joins_without_signing_in(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    assert visitor.post("/sign-in/join", {"answer": "yes"}).status_code == 200
    assert not Identity.objects.exists()


def test_a_waiting_arrival_ends(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="mia@example.org", email_verified=False)
    session = visitor.session
    session["arrival"] = {**session["arrival"], "at": time.time() - 3600}
    session.save()
    assert visitor.get("/sign-in/join")["Location"] == "/accounts/login/"


def test_one_adds_it_to_the_account_one_is_signed_in_to(campus: Fake, world: World) -> None:
    mia = signed_in(world.mia)
    page = mia.get("/settings/sign-in").content.decode()
    assert f'href="{LOGIN}?process=connect"' in page
    location = set_out(mia, process="connect")
    answer = mia.get(CALLBACK, campus.code_for(location, sub="u-9", name="M", email="else@example.org"))
    assert answer["Location"] == "/sign-in/join"
    assert not Identity.objects.exists(), "a link that somebody else made must not do it"
    mia.post("/sign-in/join", {"answer": "yes"})
    assert Identity.objects.get().person == world.mia
    page = mia.get("/settings/sign-in").content.decode()
    assert "else@example.org" in page
    identity = Identity.objects.get()
    assert signed_in(world.ben).post(f"/settings/sign-in/{identity.pk}/remove").status_code == 404
    mia.post(f"/settings/sign-in/{identity.pk}/remove")
    assert not Identity.objects.exists()


def test_what_is_another_accounts_is_not_joined(campus: Fake, world: World) -> None:
    come(Client(), campus)
    mia = signed_in(world.mia)
    mia.get(CALLBACK, campus.code_for(set_out(mia, process="connect"), sub="u-1"))
    answer = mia.post("/sign-in/join", {"answer": "yes"})
    assert answer.status_code == 409
    assert "another account" in answer.content.decode()
    assert Identity.objects.get().person != world.mia
    assert is_signed_in(mia)


def test_the_last_way_in_is_not_removed(campus: Fake, visitor: Client) -> None:
    come(visitor, campus, email="")
    assert "no confirmed e-mail address" in visitor.get("/settings/sign-in").content.decode()
    answer = visitor.post(f"/settings/sign-in/{Identity.objects.get().pk}/remove")
    assert answer.status_code == 409
    assert "only way" in answer.content.decode()


def test_where_newcomers_are_not_wanted_members_still_come(campus: Fake, visitor: Client) -> None:
    SignInProvider.objects.update(newcomers=False)
    answer = come(visitor, campus)
    assert answer.status_code == 403
    assert "no account here yet" in answer.content.decode()
    come(visitor, campus, email="mia@example.org")
    assert is_signed_in(visitor)


def test_a_closed_account_stays_closed(campus: Fake, visitor: Client, world: World) -> None:
    come(Client(), campus, email="mia@example.org")
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    assert come(visitor, campus, email="mia@example.org").status_code == 403
    assert not is_signed_in(visitor)


def test_a_second_factor_set_here_is_asked_for(campus: Fake, visitor: Client, world: World) -> None:
    TOTP.activate(world.mia, generate_totp_secret())
    answer = come(visitor, campus, email="mia@example.org")
    assert "/2fa/authenticate" in answer["Location"]
    assert not is_signed_in(visitor)


def test_who_is_signed_in_as_somebody_else_becomes_who_comes(campus: Fake, world: World) -> None:
    browser = signed_in(world.ben)
    come(browser, campus, email="mia@example.org")
    assert browser.get("/people/mia").context["is_me"]


def test_signing_out_offers_to_sign_out_there(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    assert visitor.post("/accounts/logout/")["Location"] == "/signed-out"
    assert "Sign out of Campus, too" in visitor.get("/signed-out").content.decode()
    there = visitor.get("/signed-out/there")["Location"]
    asked = dict(parse_qsl(urlsplit(there).query))
    assert there.startswith(f"{campus.origin}/logout?")
    assert asked == {"client_id": CLIENT, "post_logout_redirect_uri": "http://testserver/"}
    assert visitor.get("/signed-out/there")["Location"] == "/", "once"


def test_where_there_is_no_signing_out_it_is_said(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    campus.description["end_session_endpoint"] = None
    cache.clear()
    visitor.post("/accounts/logout/")
    answer = visitor.get("/signed-out/there", follow=True)
    assert "offers no way to sign out" in answer.content.decode()


@pytest.mark.usefixtures("campus")
def test_where_the_provider_is_away_it_is_said(campus: Fake, visitor: Client) -> None:
    come(visitor, campus)
    cache.clear()
    campus.answers["/realms/campus/.well-known/openid-configuration"] = lambda: (500, "text/html", b"")
    visitor.post("/accounts/logout/")
    assert visitor.get("/signed-out/there").status_code == 502


def test_who_signed_in_here_is_not_asked(visitor: Client) -> None:
    visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD})
    assert visitor.post("/accounts/logout/")["Location"] == "/"


def test_members_come_by_the_institution_alone(campus: Fake, visitor: Client, world: World, settings: Any) -> None:
    settings.LOCAL_SIGN_IN = "owners"
    page = visitor.get("/accounts/login/").content.decode()
    assert "Continue with Campus" in page
    assert 'name="password"' not in page
    assert 'name="password"' in visitor.get("/accounts/login/?local=1").content.decode()
    answer = visitor.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD})
    assert answer.status_code == 403
    assert not is_signed_in(visitor)
    assert visitor.get("/accounts/signup/").status_code == 200
    assert "display_name" not in visitor.get("/accounts/signup/").content.decode()
    Person.objects.filter(pk=world.olga.pk).update(is_owner=True)
    visitor.post("/accounts/login/", {"login": "olga@example.org", "password": PASSWORD})
    assert is_signed_in(visitor), "an owner can always get in"
    joining = Client()
    come(joining, campus, email="mia@example.org", email_verified=False)
    joining.post("/accounts/login/", {"login": "mia@example.org", "password": PASSWORD, "next": "/sign-in/join"})
    assert joining.post("/sign-in/join", {"answer": "yes"}).status_code == 302, "and who has yet to join, once"
    answer = joining.post(f"/settings/sign-in/{Identity.objects.get().pk}/remove")
    assert answer.status_code == 409, "a confirmed address is no way in here"
    SignInProvider.objects.update(is_enabled=False)
    alone = Client()
    alone.post("/accounts/login/", {"login": "ben@example.org", "password": PASSWORD})
    assert is_signed_in(alone), "with no other way there is this one"


@pytest.mark.usefixtures("campus")
@pytest.mark.parametrize(("method", "comes_in"), [("lti", True), ("password", False), ("code", False), ("mfa", False)])
def test_launches_of_the_platform_count_as_the_institution(
    rf: RequestFactory, world: World, settings: Any, method: str, comes_in: bool
) -> None:
    settings.LOCAL_SIGN_IN = "owners"
    request = rf.get("/")
    request.session, request.user = SessionStore(), AnonymousUser()
    record_authentication(request, world.mia, method)
    about: dict[str, Any] = dict.fromkeys(("email_verification", "signal_kwargs", "email", "signup", "redirect_url"))
    if comes_in:
        assert get_adapter().pre_login(request, world.mia, **about) is None
    else:
        with pytest.raises(Forbidden):
            get_adapter().pre_login(request, world.mia, **about)


def test_a_secret_is_not_in_what_is_printed(campus: Fake) -> None:
    record = providers.one("campus")
    assert record.secret == SECRET
    assert SECRET not in repr(record)
    assert SECRET not in repr(replace(record, _secret=SECRET))
    assert SECRET.encode() not in bytes(SignInProvider.objects.get().secret)
    assert campus.asked == []
