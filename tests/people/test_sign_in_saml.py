"""People come in by a SAML identity provider, and nobody else does. The provider is a fake (`fake_saml`)."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from lxml import etree

from tertulia.kernel.fetching import Unreachable
from tertulia.people.models import Identity, Kind, Person, SamlKey, SignInProvider
from tertulia.people.sign_in import providers
from tertulia.people.sign_in.saml import described, read_metadata

from .fake_oidc import Fake, running
from .fake_saml import MAIL, TRANSIENT, FakeIdp, encrypted, request_of
from .world import World

LOGIN = "/accounts/saml/campus/login/"
ACS = "/accounts/saml/campus/acs/"
SLS = "/accounts/saml/campus/sls/"
METADATA = "/accounts/saml/campus/metadata/"

pytestmark = pytest.mark.usefixtures("world")


@pytest.fixture(scope="module")
def idp() -> FakeIdp:
    """The identity provider."""
    return FakeIdp()


def browser() -> Client:
    """Browsers name the host."""
    return Client(HTTP_HOST="testserver")


@pytest.fixture
def visitor() -> Client:
    """A browser in which nobody is signed in."""
    return browser()


@pytest.fixture(autouse=True)
def _campus(db: None, idp: FakeIdp) -> None:
    del db
    cache.clear()
    SignInProvider.objects.create(
        slug="campus",
        kind=Kind.SAML,
        name="Campus",
        metadata=idp.metadata,
        token_issuer=idp.entity,
        trust="never",
    )


def set_out(visitor: Client, **query: str) -> str:
    """Click on the button; where it leads."""
    answer = visitor.get(LOGIN, query)
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def bring(visitor: Client, posted: dict[str, str]) -> Any:
    """The browser posts the answer, and goes where that leads."""
    # A post from another site comes without our cookies: allauth keeps it and sends the browser round once more.
    kept = browser().post(ACS, posted)
    assert kept.status_code == 302
    for name, morsel in kept.cookies.items():
        visitor.cookies[name] = morsel.value
        visitor.cookies[name]["path"] = morsel["path"]
    return visitor.get(kept["Location"])


def is_signed_in(visitor: Client) -> bool:
    return visitor.get("/settings").status_code == 200


def test_somebody_comes_in(idp: FakeIdp, visitor: Client) -> None:
    assert f'href="{LOGIN}?next=%2Fsettings"' in visitor.get("/accounts/login/?next=/settings").content.decode()
    location = set_out(visitor, next="/people/mia")
    assert location.startswith("https://idp.example/sso?")
    assert request_of(location).attrib["AssertionConsumerServiceURL"] == f"http://testserver{ACS}"
    answer = bring(visitor, idp.respond(location))
    assert answer["Location"] == "/people/mia"
    identity = Identity.objects.get()
    assert (identity.issuer, identity.subject, identity.email) == (idp.entity, "u-1", "vera@example.org")
    assert identity.person.display_name == "Vera Paz"
    assert identity.person.email is None
    assert is_signed_in(visitor)


def test_its_addresses_count_once_the_owner_says_so(idp: FakeIdp, visitor: Client, world: World) -> None:
    mine = {MAIL: "mia@example.org"}
    assert bring(visitor, idp.respond(set_out(visitor), attributes=mine))["Location"] == "/sign-in/join"
    assert not Identity.objects.exists()
    SignInProvider.objects.update(trust="always")
    bring(visitor, idp.respond(set_out(visitor), attributes=mine))
    assert Identity.objects.get().person == world.mia


def test_a_subject_id_is_believed_before_a_name_that_may_change(idp: FakeIdp, visitor: Client) -> None:
    said = {"urn:oasis:names:tc:SAML:attribute:subject-id": "vera@campus.example"}
    bring(visitor, idp.respond(set_out(visitor), attributes=said, subject="x", format=TRANSIENT))
    assert Identity.objects.get().subject == "vera@campus.example"


def refused(answer: Any, visitor: Client, status: int = 403) -> str:
    """The page says why, and nobody is signed in or made."""
    assert answer.status_code == status, answer.content.decode()
    assert not is_signed_in(visitor)
    assert not Identity.objects.exists()
    return str(answer.content.decode())


def test_a_name_that_is_new_each_time_is_refused(idp: FakeIdp, visitor: Client) -> None:
    answer = bring(visitor, idp.respond(set_out(visitor), format=TRANSIENT))
    assert "persistent NameID" in refused(answer, visitor)


def _wrapped(assertion: str) -> str:
    """Signature wrapping: the signed assertion, and a forged one before it."""
    forged = assertion[: assertion.index("<ds:Signature")] + assertion[assertion.index("</ds:Signature>") + 15 :]
    return forged.replace(">u-1<", ">admin<").replace('ID="_', 'ID="_forged', 1) + assertion


FORGERIES: dict[str, dict[str, Any]] = {
    "unsigned": {"signed": False},
    "changed after signing": {"change": lambda text: text.replace(">u-1<", ">u-2<")},
    "another audience": {"audience": "https://elsewhere.example/metadata"},
    "for another address": {"acs": "https://elsewhere.example/acs/"},
    "expired": {"minutes": -10},
    "another issuer": {"issuer": "https://elsewhere.example/metadata"},
    "wrapped": {"change": _wrapped},
    "comment in the name": {"change": lambda text: text.replace(">u-1<", ">u-<!-- x -->1<") + " "},
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_a_forged_answer_is_not_believed(idp: FakeIdp, visitor: Client, forgery: str) -> None:
    answer = bring(visitor, idp.respond(set_out(visitor), **FORGERIES[forgery]))
    if forgery == "comment in the name" and answer.status_code == 302:
        assert Identity.objects.get().subject == "u-1", "canonical XML has no comments; the whole name counts"
        return
    assert "Campus could not sign you in here" in refused(answer, visitor)


def test_another_key_is_not_believed(visitor: Client) -> None:
    refused(bring(visitor, FakeIdp().respond(set_out(visitor))), visitor)


@pytest.mark.parametrize("posted", [{}, {"SAMLResponse": "!!!"}, {"SAMLResponse": "AAAA"}])
def test_nonsense_is_refused(visitor: Client, posted: dict[str, str]) -> None:
    set_out(visitor)
    refused(bring(visitor, posted), visitor)


@pytest.mark.parametrize("field", ["SAMLRequest", "SAMLResponse"])
def test_nonsense_about_signing_out_is_refused(visitor: Client, world: World, field: str) -> None:
    visitor.force_login(world.mia)
    answer = visitor.get("/accounts/saml/campus/sls/", {field: "AAAA"})
    assert answer.status_code in (400, 403)
    assert is_signed_in(visitor)


def test_nobody_comes_back_who_has_not_set_out(idp: FakeIdp, visitor: Client) -> None:
    refused(bring(visitor, idp.respond(None)), visitor, 400)
    refused(bring(visitor, idp.respond(set_out(browser()))), visitor, 400)  # login forgery


def test_an_answer_counts_once(idp: FakeIdp, visitor: Client) -> None:
    posted = idp.respond(set_out(visitor))
    assert bring(visitor, posted).status_code == 302
    assert bring(visitor, posted).status_code == 400


def test_our_metadata_tells_the_other_side_all(visitor: Client) -> None:
    answer = visitor.get("/accounts/saml/campus/metadata/")
    assert answer.status_code == 200
    described_by = etree.fromstring(answer.content)
    assert described_by.attrib["entityID"] == "http://testserver/accounts/saml/campus/metadata/"
    assert f"http://testserver{ACS}" in answer.content.decode()


def test_our_metadata_stays_the_same_and_names_a_key_to_encrypt_for(visitor: Client) -> None:
    """Providers keep our certificate: each answer has the same."""
    certificates = [
        [found.text for found in etree.fromstring(visitor.get(METADATA).content).findall(".//{*}X509Certificate")]
        for _time in range(2)
    ]
    assert certificates[0] == certificates[1]
    assert len(certificates[0]) == 2, "one to verify by, one to encrypt for"
    assert b"PRIVATE" not in bytes(SamlKey.objects.get().sealed)


def test_an_encrypted_assertion_is_read(idp: FakeIdp, visitor: Client) -> None:
    metadata = visitor.get(METADATA).content
    posted = idp.respond(set_out(visitor), change=lambda assertion: encrypted(assertion, metadata))
    assert b"EncryptedAssertion" in b64decode(posted["SAMLResponse"])
    assert b"vera@example.org" not in b64decode(posted["SAMLResponse"])
    assert bring(visitor, posted).status_code == 302
    assert Identity.objects.get().subject == "u-1"


@pytest.mark.parametrize("forgery", [name for name in FORGERIES if name not in {"wrapped", "comment in the name"}])
def test_encryption_proves_nothing(idp: FakeIdp, visitor: Client, forgery: str) -> None:
    """Anybody can encrypt for us; what counts is the signature inside."""
    metadata = visitor.get(METADATA).content
    about = dict(FORGERIES[forgery])
    change = about.pop("change", lambda assertion: assertion)
    posted = idp.respond(set_out(visitor), change=lambda text: encrypted(change(text), metadata), **about)
    refused(bring(visitor, posted), visitor)


@pytest.mark.parametrize("kind", ["SAMLRequest", "SAMLResponse"])
def test_unsigned_messages_about_signing_out_are_refused(
    idp: FakeIdp, visitor: Client, world: World, kind: str
) -> None:
    visitor.force_login(world.mia)
    answer = visitor.get(SLS, idp.about_signing_out(kind))
    assert answer.status_code == 400
    assert is_signed_in(visitor)
    answer = visitor.get(SLS, FakeIdp(entity=idp.entity).about_signing_out(kind, signed=True))
    assert answer.status_code == 400, "signed by another key"
    assert is_signed_in(visitor)
    answer = visitor.get(SLS, idp.about_signing_out(kind, signed=True))
    assert answer.status_code == 302, answer.content.decode()
    assert not is_signed_in(visitor)
    if kind == "SAMLRequest":
        assert answer["Location"].startswith("https://idp.example/slo?SAMLResponse=")
        assert "Signature=" in answer["Location"]


def test_signing_out_there_too(idp: FakeIdp, visitor: Client) -> None:
    bring(visitor, idp.respond(set_out(visitor)))
    assert visitor.post("/accounts/logout/")["Location"] == "/signed-out"
    there = visitor.get("/signed-out/there")["Location"]
    assert there.startswith("https://idp.example/slo?SAMLRequest=")
    assert "Signature=" in there
    asked = etree.tostring(request_of(there)).decode()
    assert ">u-1<" in asked
    assert ">s-1<" in asked


def test_switched_off_is_not_found(idp: FakeIdp, visitor: Client) -> None:
    posted = idp.respond(set_out(visitor))
    SignInProvider.objects.update(is_enabled=False)
    assert visitor.get(LOGIN).status_code == 404
    assert bring(visitor, posted).status_code == 404


def _bomb(text: str) -> str:
    return '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>' + text


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (lambda _text: "", "not SAML metadata"),
        (lambda _text: "<html>", "not SAML metadata"),
        (lambda _text: "<a/>", "no identity provider"),
        (lambda text: text.replace("X509Certificate>", "X>"), "no certificate"),
        (lambda text: text.replace("https://idp.example/sso", "javascript:alert(1)"), "not an address"),
        (_bomb, "not SAML metadata"),
    ],
)
def test_metadata_that_cannot_be_used(idp: FakeIdp, spoil: Callable[[str], str], sentence: str) -> None:
    with pytest.raises(Unreachable, match=sentence):
        read_metadata(spoil(idp.metadata))


def test_metadata_is_read_from_its_address_and_a_copy_bridges_a_failure(idp: FakeIdp, visitor: Client) -> None:
    with running(Fake()) as site:
        site.answers["/metadata"] = lambda: (200, "text/xml", idp.metadata.encode())
        SignInProvider.objects.update(address=f"{site.origin}/metadata", metadata="")
        assert described(providers.one("campus"))["entityId"] == idp.entity
        assert site.asked == ["/metadata"]
        assert visitor.get(LOGIN).status_code == 302
        assert site.asked == ["/metadata"], "once a day"
        cache.clear()
        SignInProvider.objects.update(metadata=idp.metadata)
        site.answers["/metadata"] = lambda: (500, "text/html", b"")
        assert visitor.get(LOGIN).status_code == 302
        cache.clear()
        SignInProvider.objects.update(metadata="")
        assert visitor.get(LOGIN).status_code == 502


def test_metadata_that_suddenly_speaks_for_somebody_else_is_not_followed(idp: FakeIdp, visitor: Client) -> None:
    SignInProvider.objects.update(metadata=FakeIdp(entity="https://other.example", pair=idp.pair).metadata)
    assert visitor.get(LOGIN).status_code == 502
    assert Person.objects.filter(identities__isnull=False).count() == 0
