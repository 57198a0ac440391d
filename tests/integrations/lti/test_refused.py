"""Launches that must not be: refused with a page for the person, a line for the administrator, and nothing done."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tertulia.integrations.lti import attempts
from tertulia.integrations.lti.models import Attempt, Platform, Refused
from tertulia.integrations.lti.refusals import Reason, to_administrator, to_person
from tertulia.integrations.lti.services.platforms import add_platform, change_platform
from tertulia.kernel.clock import now
from tertulia.people.models import Identity

from .platform import DROP, LTI, TARGET, Begun, FakePlatform, begin, end, key, launch
from .world import World, who

Bend = Callable[[FakePlatform, Begun], str]


def _with(**changes: Any) -> Bend:
    return lambda fake, begun: fake.sign(fake.claims(begun.nonce, **changes))


def _unsigned(fake: FakePlatform, begun: Begun) -> str:
    head, body = ({"alg": "none", "typ": "JWT", "kid": "one"}, fake.claims(begun.nonce))
    return ".".join([*(_encoded(part) for part in (head, body)), ""])


def _encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def _by_public_key(fake: FakePlatform, begun: Begun) -> str:
    """Signed by HMAC with the public key as its secret: the old confusion of algorithms."""
    said = f"{_encoded({'alg': 'HS256', 'kid': 'one'})}.{_encoded(fake.claims(begun.nonce))}"
    mac = hmac.new(key("one").as_pem(private=False), said.encode(), hashlib.sha256).digest()
    return f"{said}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def _bare(fake: FakePlatform, begun: Begun) -> str:
    claims = fake.claims(begun.nonce)
    return fake.sign({name: value for name, value in claims.items() if not name.startswith(LTI)})


def _tampered(fake: FakePlatform, begun: Begun) -> str:
    head, _body, signature = fake.sign(fake.claims(begun.nonce)).split(".")
    return f"{head}.{_encoded(fake.claims(begun.nonce, sub='ida'))}.{signature}"


MOMENT = int(time.time())
TWELVE: list[tuple[str, Bend, Reason]] = [
    ("no kid", lambda fake, begun: fake.sign(fake.claims(begun.nonce), kid=None), Reason.NO_KID),
    ("wrong kid", lambda fake, begun: fake.sign(fake.claims(begun.nonce), kid="two"), Reason.UNKNOWN_KID),
    ("wrong version", _with(version="11.3"), Reason.WRONG_VERSION),
    ("no version", _with(version=DROP), Reason.NO_VERSION),
    ("not LTI", _bare, Reason.NOT_LTI),
    ("missing claims", _with(iat=DROP, aud=DROP), Reason.MISSING_CLAIMS),
    ("bad timestamps", _with(iat=11111, exp=22222), Reason.BAD_TIMES),
    ("no message type", _with(message_type=DROP), Reason.NO_MESSAGE_TYPE),
    ("no roles", _with(roles=DROP), Reason.NO_ROLES),
    ("no deployment id", _with(deployment_id=DROP), Reason.NO_DEPLOYMENT),
    ("no resource link id", _with(resource_link={"title": "x"}), Reason.NO_LINK),
    ("no sub", _with(sub=DROP), Reason.NO_SUBJECT),
]
MORE: list[tuple[str, Bend, Reason]] = [
    ("unsigned", _unsigned, Reason.BAD_ALGORITHM),
    ("HMAC by the public key", _by_public_key, Reason.BAD_ALGORITHM),
    ("another key's signature", lambda f, b: f.sign(f.claims(b.nonce), kid="one", by="evil"), Reason.BAD_SIGNATURE),
    ("tampered", _tampered, Reason.BAD_SIGNATURE),
    ("no JWT", lambda _fake, _begun: "nonsense", Reason.BAD_TOKEN),
    ("three empty parts", lambda _fake, _begun: "..", Reason.BAD_TOKEN),
    ("nothing", lambda _fake, _begun: "", Reason.NO_TOKEN),
    ("huge", lambda _fake, _begun: "a." * 60_000, Reason.NO_TOKEN),
    ("issuer", _with(iss="https://evil.example.org"), Reason.WRONG_ISSUER),
    ("audience", _with(aud="somebody else"), Reason.WRONG_AUDIENCE),
    ("several audiences without azp", _with(aud=["tertulia-client", "other"]), Reason.WRONG_AUDIENCE),
    ("authorised party", _with(azp="other"), Reason.WRONG_AUDIENCE),
    ("expired", _with(iat=MOMENT - 700, exp=MOMENT - 90), Reason.BAD_TIMES),
    ("from the future", _with(iat=MOMENT + 3600, exp=MOMENT + 7200), Reason.BAD_TIMES),
    ("not yet", _with(nbf=MOMENT + 3600), Reason.BAD_TIMES),
    ("times that are none", _with(exp="tomorrow"), Reason.BAD_TIMES),
    ("times that are truths", _with(exp=True), Reason.BAD_TIMES),
    ("nonce", _with(nonce="guessed"), Reason.WRONG_NONCE),
    ("message type", _with(message_type="LtiEulaRequest"), Reason.UNKNOWN_MESSAGE),
    ("deployment", _with(deployment_id="2"), Reason.UNKNOWN_DEPLOYMENT),
    ("roles of another kind", _with(roles="Instructor"), Reason.NO_ROLES),
    ("no target", _with(target_link_uri=DROP), Reason.MISSING_CLAIMS),
    ("target elsewhere", _with(target_link_uri="https://evil.example.org/lti/launch"), Reason.BAD_TARGET),
    ("target that looks like ours", _with(target_link_uri=f"{settings.BASE_URL}@evil.example.org/"), Reason.BAD_TARGET),
    ("target with two slashes", _with(target_link_uri=f"{settings.BASE_URL}//evil.example.org"), Reason.BAD_TARGET),
    ("target that is script", _with(target_link_uri="javascript:alert(1)"), Reason.BAD_TARGET),
    ("endless subject", _with(sub="x" * 256), Reason.BAD_CLAIM),
    ("subject with NUL", _with(sub="a\0b"), Reason.BAD_TOKEN),
    ("subject with a line break", _with(sub="a\nb"), Reason.BAD_CLAIM),
    ("subject of another kind", _with(sub={"a": 1}), Reason.BAD_CLAIM),
    ("endless link", _with(resource_link={"id": "x" * 300}), Reason.BAD_CLAIM),
    ("endless course", _with(context={"id": "x" * 300}), Reason.BAD_CLAIM),
]


@pytest.mark.parametrize(
    ("bend", "reason"), [row[1:] for row in [*TWELVE, *MORE]], ids=[r[0] for r in [*TWELVE, *MORE]]
)
def test_a_bad_launch_is_refused(world: World, fake: FakePlatform, visitor: Client, bend: Bend, reason: Reason) -> None:
    people = Identity.objects.count()
    begun = begin(visitor, fake)
    token = bend(fake, begun)
    answer = end(visitor, begun, token)
    assert answer.status_code == 403
    page = answer.content.decode()
    assert to_person(reason).split("“")[0][:60] in page.replace("&#x27;", "'")
    assert f"<code>{reason.value}</code>" in page
    assert who(visitor) == ""
    assert Identity.objects.count() == people
    line = Refused.objects.get()
    assert (line.reason, line.platform) == (reason.value, world.platform)
    assert "%(" not in to_administrator(line.reason, line.details)
    if token.count(".") == 2 and len(token) > 10:
        assert token not in json.dumps(line.details)


def test_the_certification_guides_twelve_are_there() -> None:
    assert len(TWELVE) == 12
    assert len({row[2] for row in TWELVE}) == 12


@pytest.mark.parametrize("reason", Reason)
def test_each_reason_says_something_to_both(reason: Reason) -> None:
    details = dict.fromkeys(
        ("kid", "version", "claims", "which", "issuer", "client_id", "error", "alg", "audience", "type", "deployment",
         "target", "claim"), "x",
    )  # fmt: skip
    assert to_person(reason)
    assert to_administrator(reason, details)
    assert to_administrator(reason, {})


def test_the_same_launch_twice_is_a_replay(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    begun = begin(visitor, fake)
    token = fake.sign(fake.claims(begun.nonce))
    end(visitor, begun, token)
    visitor.logout()
    assert end(visitor, begun, token).status_code == 403
    assert who(visitor) == ""


def test_a_token_of_one_launch_does_not_fit_another(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    first, second = begin(visitor, fake), begin(visitor, fake)
    assert end(visitor, second, fake.sign(fake.claims(first.nonce))).status_code == 403
    assert Refused.objects.get().reason == Reason.WRONG_NONCE


def test_a_launch_that_began_in_another_browser_is_refused(world: World, fake: FakePlatform) -> None:
    """Login CSRF: somebody begins a launch of their own and has another browser end it."""
    del world
    attacker, victim = Client(), Client()
    begun = begin(attacker, fake)
    token = fake.sign(fake.claims(begun.nonce))
    answer = end(victim, begun, token)
    assert answer.status_code == 403
    assert Refused.objects.get().reason == Reason.OTHER_BROWSER
    assert who(victim) == ""
    begin(victim, fake)  # having a launch of one's own under way does not help
    assert end(victim, begun, token).status_code == 403


def test_a_binding_from_another_sites_form_proves_nothing(world: World, fake: FakePlatform) -> None:
    del world
    attacker, victim = Client(), Client()
    begun = begin(attacker, fake)
    binding = next(morsel.value for name, morsel in attacker.cookies.items() if name.startswith("tertulia_lti_"))
    sent = {"id_token": fake.sign(fake.claims(begun.nonce)), "state": begun.state, "binding": binding}
    for origin in ({"Origin": "https://evil.example.org"}, {"Origin": "null"}, {}):
        assert victim.post("/lti/launch", sent, headers=origin).status_code == 403
    assert who(victim) == ""


@pytest.mark.parametrize("state", ["", "made up", "x" * 5000])
def test_an_unknown_state_is_refused(world: World, fake: FakePlatform, visitor: Client, state: str) -> None:
    del world
    begun = begin(visitor, fake)
    token = fake.sign(fake.claims(begun.nonce))
    assert visitor.post("/lti/launch", {"id_token": token, "state": state}).status_code == 403
    assert Refused.objects.get().reason == Reason.NO_STATE


def test_a_launch_that_took_too_long_is_refused(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    begun = begin(visitor, fake)
    Attempt.objects.update(expires_at=now())
    assert end(visitor, begun, fake.sign(fake.claims(begun.nonce))).status_code == 403
    attempts.sweep()
    assert not Attempt.objects.exists()


def test_what_the_platform_itself_refuses_is_told(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    begun = begin(visitor, fake)
    sent = {"error": "login_required", "error_description": "<b>No session</b>", "state": begun.state}
    answer = visitor.post("/lti/launch", sent)
    assert answer.status_code == 403
    assert "&lt;b&gt;No session" in answer.content.decode()


def test_a_platform_that_is_off_lets_nobody_in(world: World, fake: FakePlatform, visitor: Client) -> None:
    begun = begin(visitor, fake)
    change_platform(actor=world.olga, platform=world.platform, is_active=False)
    assert end(visitor, begun, fake.sign(fake.claims(begun.nonce))).status_code == 403
    login = visitor.post("/lti/login", {"iss": fake.url, "login_hint": "7", "target_link_uri": TARGET})
    assert login.status_code == 403
    assert {line.reason for line in Refused.objects.all()} == {Reason.PLATFORM_OFF}


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({}, Reason.LOGIN_INCOMPLETE),
        ({"iss": "https://unknown.example.org", "login_hint": "1", "target_link_uri": TARGET}, Reason.UNKNOWN_PLATFORM),
        ({"iss": "{url}", "target_link_uri": TARGET}, Reason.LOGIN_INCOMPLETE),
        ({"iss": "{url}", "login_hint": "1", "target_link_uri": TARGET, "client_id": "wrong"}, Reason.UNKNOWN_PLATFORM),
        ({"iss": "{url}", "login_hint": "x" * 9000, "target_link_uri": TARGET}, Reason.BAD_CLAIM),
        ({"iss": "<script>" * 99, "login_hint": "1", "target_link_uri": TARGET}, Reason.UNKNOWN_PLATFORM),
    ],
)
def test_a_launch_that_cannot_begin_is_refused(
    world: World, fake: FakePlatform, visitor: Client, sent: dict[str, str], reason: Reason
) -> None:
    del world
    filled = {name: value.replace("{url}", fake.url) for name, value in sent.items()}
    for answer in (visitor.post("/lti/login", filled), visitor.get("/lti/login", filled)):
        assert answer.status_code == 403
        assert "<script><script>" not in answer.content.decode()
        assert "Location" not in answer
    assert {line.reason for line in Refused.objects.all()} == {reason}


def test_of_several_platforms_of_one_issuer_the_client_id_decides(
    world: World, fake: FakePlatform, visitor: Client
) -> None:
    second: Platform = add_platform(actor=world.olga, **{**fake.fields, "client_id": "second"})  # type: ignore[arg-type]  # a plain mapping
    sent = {"iss": fake.url, "login_hint": "7", "target_link_uri": TARGET}
    assert visitor.post("/lti/login", sent).status_code == 403
    assert Refused.objects.get().reason == Reason.SEVERAL_PLATFORMS
    begun = begin(visitor, fake, client_id="second")
    assert begun.query["client_id"] == second.client_id


def test_the_list_of_refusals_cannot_be_filled_from_one_address(world: World, visitor: Client) -> None:
    del world
    for _each in range(80):
        visitor.get("/lti/login", {"iss": "https://unknown.example.org", "login_hint": "1", "target_link_uri": TARGET})
    assert Refused.objects.count() == 60


def test_a_clock_that_differs_by_less_than_a_minute_is_fine(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    moment = int(time.time())
    assert launch(visitor, fake, iat=moment + 40, nbf=moment + 40, exp=moment + 300).status_code == 302
    assert launch(visitor, fake, iat=moment - 400, exp=moment - 40).status_code == 302
    assert launch(visitor, fake, aud=["tertulia-client", "other"], azp="tertulia-client").status_code == 302
