"""SAML 2.0 (Web Browser SSO, Single Logout) on allauth's views and python3-saml: what of an assertion is believed.

The other side's metadata is fetched by us, within our limits, and handed to allauth where it looks for a copy.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.providers.saml.utils import build_auth
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from onelogin.saml2.constants import OneLogin_Saml2_Constants as Constants
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser as MetadataParser

from tertulia.kernel import fetching
from tertulia.kernel.fetching import Unreachable
from tertulia.people import throttles
from tertulia.people.sign_in import saml_keys
from tertulia.people.sign_in.arriving import Arrival, ArrivalProvider, named_groups
from tertulia.people.sign_in.providers import Provider
from tertulia.people.sign_in.refusals import NotBelieved, SignInFailed

DAY = 24 * 60 * 60
KEPT = 4 * 60 * 60

# Names of attributes in the order in which they are believed: SAML's own subject ids, eduPerson, Microsoft.
SUBJECT = (
    "urn:oasis:names:tc:SAML:attribute:subject-id",
    "urn:oasis:names:tc:SAML:attribute:pairwise-id",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.13",  # eduPersonUniqueId
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
)
EMAIL = (
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "mail",
    "email",
)
NAME = (
    "urn:oid:2.16.840.1.113730.3.1.241",
    "displayName",
    "http://schemas.microsoft.com/identity/claims/displayname",
    "urn:oid:2.5.4.3",
    "cn",
)
GROUPS = (
    "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",  # isMemberOf
    "isMemberOf",
    "memberOf",
    "groups",
    "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
)
GIVEN = ("urn:oid:2.5.4.42", "givenName", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname")
FAMILY = ("urn:oid:2.5.4.4", "sn", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname")


def described(record: Provider, *, fresh: bool = False) -> dict[str, Any]:
    """What the metadata says of the other side, in python3-saml's words. Raises Unreachable.

    Read anew from its address after a day; while that does not answer, the copy of the day on which an owner saved it.
    """
    xml = record.metadata
    if record.address:
        key = f"sign-in:{record.address}"
        kept = None if fresh else cache.get(key)
        if kept is None:
            try:
                kept = fetching.fetch(record.address, chosen=record.address).content.decode("utf-8", "replace")
                read_metadata(kept)
            except Unreachable:
                if fresh or not xml:
                    raise
                kept = xml
            cache.set(key, kept, DAY)
        xml = kept
    found = read_metadata(xml)
    if record.token_issuer and found["entityId"] != record.token_issuer:
        raise Unreachable(
            _("Its metadata now calls it “%(found)s”; it was saved as “%(wanted)s”. If that is right, save it again.")
            % {"found": found["entityId"][: fetching.SHOWN], "wanted": record.token_issuer}
        )
    return found


def read_metadata(xml: str) -> dict[str, Any]:
    """The identity provider that this metadata describes. Raises Unreachable with a sentence for its administrator."""
    try:
        found = MetadataParser.parse(xml).get("idp", {})
    except Exception:  # noqa: BLE001 - whatever XML does to a parser, it is no metadata
        raise Unreachable(_("This is not SAML metadata.")) from None
    if not found.get("entityId") or not found.get("singleSignOnService", {}).get("url"):
        raise Unreachable(_("This metadata describes no identity provider that people could be sent to."))
    if not (found.get("x509cert") or found.get("x509certMulti")):
        raise Unreachable(_("This metadata has no certificate for signatures."))
    fetching.check_address(found["singleSignOnService"]["url"])
    return dict(found)


class SamlProvider(ArrivalProvider, SAMLProvider):  # type: ignore[misc]  # allauth ships no types
    """An identity provider, as allauth sees it. What it wants to know of us is at `…/saml/SLUG/metadata/`."""

    package = "allauth.socialaccount.providers.saml"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.app.settings = {
            "idp": {"entity_id": "", "metadata_url": f"tertulia:{self.record.slug}"},
            "advanced": {
                "reject_idp_initiated_sso": True,  # nobody here has asked: it could be anybody's answer
                "want_attribute_statement": False,
                "want_name_id": False,
                "allow_single_label_domains": True,
                **saml_keys.pair(),
                "logout_request_signed": True,
                "logout_response_signed": True,
                **getattr(self.request, "saml_wants", {}),
            },
        }
        self.found: dict[str, Any] = {}
        try:
            self.found = described(self.record)
        except Unreachable:
            # Our own metadata is shown even before theirs is known; everything else asks `ready` first.
            self.found = {}
        self._hand_over()

    def _hand_over(self) -> None:
        idp = self.app.settings["idp"]
        digest = hashlib.sha256(repr(self.found).encode()).hexdigest()
        idp["metadata_url"] = f"tertulia:{self.record.slug}:{digest}"
        # The key under which allauth's `fetch_metadata_url_config` looks for a copy before it would ask.
        key = f"saml.metadata.{idp['metadata_url']}.{idp['entity_id']}"
        if cache.get(key) is None:
            cache.set(key, {"idp": self.found}, KEPT)

    def redirect(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send the person to the other side. Raises ProviderAway."""
        throttles.spend_elsewhere(request)
        if not self.found:
            from tertulia.people.sign_in.refusals import ProviderAway

            try:
                described(self.record, fresh=True)
            except Unreachable as trouble:
                raise ProviderAway(self.record.name, str(trouble)) from None
        kwargs["process"] = "connect" if kwargs.get("process") == "connect" else "login"
        response: HttpResponse = super().redirect(request, *args, **kwargs)
        return response

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> Any:
        """As every kind, with the refusal that allauth's SAML view lets through."""
        try:
            return super().sociallogin_from_response(request, response)
        except NotBelieved as trouble:
            raise SignInFailed(self.record.name, str(trouble)) from None

    def arrival(self, response: Any) -> Arrival:
        """An assertion that python3-saml has verified."""
        said: Mapping[str, Sequence[Any]] = response.get_attributes()
        name_id, format_ = response.get_nameid() or "", response.get_nameid_format()
        subject = _first(said, SUBJECT)
        if not subject and format_ == Constants.NAMEID_TRANSIENT:
            raise NotBelieved(
                _("It names people anew each time (a transient NameID). A persistent NameID or a subject-id is needed.")
            )
        email = _first(said, EMAIL) or (name_id if format_ == Constants.NAMEID_EMAIL_ADDRESS else "")
        return Arrival(
            provider=self.record.slug,
            issuer=str(self.found.get("entityId", "")),
            subject=subject or name_id,
            name=_first(said, NAME) or " ".join(filter(None, (_first(said, GIVEN), _first(said, FAMILY)))),
            email=email,
            email_verified=self.record.trusts(claim=None),
            groups=_groups(said, self.record.groups_claim),
            leaving={
                "name_id": name_id,
                "format": format_,
                "session": response.get_session_index(),
                "qualifier": response.get_nameid_nq(),
                "our_qualifier": response.get_nameid_spnq(),
            },
        )

    def leaving_address(self, request: HttpRequest, leaving: dict[str, Any]) -> str:
        """Single Logout (SAML Profiles 4.4), by redirect."""
        if not self.found.get("singleLogoutService", {}).get("url") or not leaving.get("name_id"):
            return ""
        address: str = build_auth(request, self).logout(
            return_to=request.build_absolute_uri("/"),
            name_id=leaving["name_id"],
            session_index=leaving.get("session"),
            nq=leaving.get("qualifier"),
            spnq=leaving.get("our_qualifier"),
            name_id_format=leaving.get("format"),
        )
        return address

    @staticmethod
    def issuer_of(record: Provider) -> str:
        """The issuer of the identities that come by it; "" while that is not known."""
        if record.token_issuer or not (record.address or record.metadata):
            return record.token_issuer
        return str(described(record)["entityId"])

    @staticmethod
    def settle(record: Provider) -> dict[str, str]:
        """A copy of the metadata, and the name that it calls itself by, which another's metadata cannot take later."""
        if not (record.address or record.metadata):
            return {"token_issuer": "", "metadata": ""}
        xml = record.metadata
        if record.address:
            xml = fetching.fetch(record.address, chosen=record.address).content.decode("utf-8", "replace")
        found = read_metadata(xml)
        cache.delete(f"sign-in:{record.address}")
        return {"token_issuer": found["entityId"], "metadata": xml}

    @staticmethod
    def try_out(record: Provider) -> str:
        """Read the metadata, from its address if there is one; says what was found. Raises Unreachable."""
        found = described(record, fresh=True)
        return _("Its metadata can be read. It calls itself %(name)s.") % {"name": found["entityId"]}


def _groups(said: Mapping[str, Sequence[Any]], name: str) -> list[str] | None:
    values = next((said[one] for one in ((name,) if name else GROUPS) if one in said), None)
    return None if values is None else named_groups(list(values))


def _first(said: Mapping[str, Sequence[Any]], names: Sequence[str]) -> str:
    for name in names:
        values = said.get(name)
        if values and isinstance(values[0], str) and values[0].strip():
            return values[0].strip()
    return ""
