"""An LMS registers itself (LTI Dynamic Registration 1.0): it is read what it is, and told what we are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from tertulia.integrations.lti import attempts, gradebook
from tertulia.integrations.lti.checking import DEEP_LINKING_REQUEST, LINK_REQUEST
from tertulia.integrations.lti.models import Platform, RegistrationLink
from tertulia.integrations.lti.services import platforms
from tertulia.kernel import fetching
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.tidying import tidy

TOOL = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM = "https://purl.imsglobal.org/spec/lti-platform-configuration"
ROSTER_SCOPE = "https://purl.imsglobal.org/spec/lti-nrps/scope/contextmembership.readonly"
CLAIMS = ["iss", "sub", "name", "given_name", "family_name", "email"]


@dataclass(frozen=True, slots=True)
class Offer:
    """What an LMS says of itself."""

    name: str
    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str


def read_offer(configuration_url: str) -> Offer:
    """The LMS behind its openid_configuration (3.4). Raises Invalid with what is wrong with it."""
    try:
        found = fetching.fetch(configuration_url, chosen=settings.BASE_URL).json()
    except fetching.Unreachable as error:
        raise _unusable(str(error)) from error
    if not isinstance(found, dict):
        raise _unusable("not a configuration")
    words = {
        "issuer": "issuer",
        "auth_url": "authorization_endpoint",
        "token_url": "token_endpoint",
        "jwks_url": "jwks_uri",
        "registration_url": "registration_endpoint",
    }
    missing = [word for word in words.values() if not isinstance(found.get(word), str) or not found[word]]
    if missing:
        raise _unusable(_("it lacks %(words)s") % {"words": ", ".join(missing)})
    try:
        for field in ("token_url", "jwks_url", "registration_url"):
            fetching.check_stranger(found[words[field]])
    except fetching.Unreachable as error:
        raise _unusable(str(error)) from error
    # 3.5.1: what speaks for an issuer must be served by it.
    if urlsplit(found["issuer"]).hostname != urlsplit(configuration_url).hostname:
        raise _unusable(_("it speaks for another host, %(issuer)s") % {"issuer": tidy(found["issuer"])[:200]})
    family = found.get(PLATFORM)
    family_name = family.get("product_family_code") if isinstance(family, dict) else ""
    host = urlsplit(found["issuer"]).hostname or ""
    name = f"{tidy(family_name).capitalize()} ({host})" if isinstance(family_name, str) and family_name else host
    return Offer(name=name[:80], **{field: found[word] for field, word in words.items()})


def register(*, link: RegistrationLink, offer: Offer, token: str) -> Platform:
    """Register us with this LMS, and it with us, in the name of the owner who made the link; which is used up by it.

    Raises Conflict if it was used meanwhile, Invalid if the LMS refuses.
    """
    if not RegistrationLink.objects.filter(pk=link.pk, used_at=None).update(used_at=now()):
        raise Conflict(_("This registration link has been used. Ask for another one."))
    try:
        return _register(link, offer, token)
    except Exception:
        RegistrationLink.objects.filter(pk=link.pk).update(used_at=None)
        raise


def _register(link: RegistrationLink, offer: Offer, token: str) -> Platform:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = fetching.fetch(
            offer.registration_url, chosen=settings.BASE_URL, headers=headers, json_body=tool_configuration()
        ).json()
    except fetching.Unreachable as error:
        raise _unusable(str(error)) from error
    client_id = answer.get("client_id") if isinstance(answer, dict) else None
    if not isinstance(client_id, str | int):
        raise _unusable(_("it gave no client id"))
    tool = answer.get(TOOL)
    deployment = tool.get("deployment_id") if isinstance(tool, dict) else None
    with transaction.atomic():
        return platforms.add_platform(
            actor=link.by,
            name=offer.name,
            issuer=offer.issuer,
            client_id=str(client_id),
            auth_url=offer.auth_url,
            token_url=offer.token_url,
            jwks_url=offer.jwks_url,
            deployments=[str(deployment)] if isinstance(deployment, str | int) and str(deployment) else [],
        )


def addresses() -> Mapping[str, str]:
    """Our addresses, as LMSs ask for them."""
    return {name: f"{settings.BASE_URL}{reverse(f'lti:{name}')}" for name in ("login", "launch", "jwks")}


def tool_configuration() -> dict[str, Any]:
    """What we tell an LMS of ourselves (4.1, and OpenID Connect Dynamic Client Registration)."""
    ours = addresses()
    domain = attempts.origin_of(settings.BASE_URL).partition("://")[2]
    name = "Tertulia"
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": ours["login"],
        "redirect_uris": [ours["launch"]],
        "client_name": name,
        "jwks_uri": ours["jwks"],
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": f"{ROSTER_SCOPE} {gradebook.LINE_ITEM} {gradebook.SCORE}",
        TOOL: {
            "domain": domain,
            "description": _("Where the people of your course talk and learn together."),
            "target_link_uri": ours["launch"],
            "claims": CLAIMS,
            "messages": [
                {"type": LINK_REQUEST, "target_link_uri": ours["launch"], "label": name},
                {"type": DEEP_LINKING_REQUEST, "target_link_uri": ours["launch"], "label": name},
            ],
        },
    }


def _unusable(why: str) -> Invalid:
    return Invalid(_("The learning platform cannot be registered: %(why)s.") % {"why": why[:300].removesuffix(".")})
