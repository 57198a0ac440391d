"""Reading an id_token: what it must hold before any of it is believed (LTI core 1.3; Security Framework 1.0, 5.1.3)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from joserfc import jws, jwt
from joserfc.errors import JoseError

from tertulia.integrations.lti.models import ID_LENGTH, URL_LENGTH, Platform
from tertulia.integrations.lti.platform_keys import platform_key
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.integrations.lti.services.keys import ALGORITHM
from tertulia.kernel import fetching
from tertulia.kernel.clock import now
from tertulia.kernel.tidying import tidy

LTI = "https://purl.imsglobal.org/spec/lti/claim/"
DEEP_LINKING = "https://purl.imsglobal.org/spec/lti-dl/claim/"
NRPS = "https://purl.imsglobal.org/spec/lti-nrps/claim/namesroleservice"
VERSION = "1.3.0"
LINK_REQUEST = "LtiResourceLinkRequest"
DEEP_LINKING_REQUEST = "LtiDeepLinkingRequest"

LEEWAY = 60
"""Seconds by which the platform's clock may differ."""
LONGEST_TOKEN = 100_000
LONGEST_DATA = 100_000
TITLE = 200

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Launch:
    """A launch that has been checked. Names and titles are one line of plain text; ids are as claimed."""

    platform: Platform
    claims: Claims
    message_type: str
    deployment_id: str
    subject: str
    name: str
    email: str
    roles: tuple[str, ...]
    context_id: str
    context_title: str
    context_label: str
    """Its short name, such as B101."""
    link_id: str
    link_title: str
    target: str
    """The path (with its query) of target_link_uri, on our own host; "" for deep linking."""
    return_url: str
    """Where the platform shows what follows; "" if it does not say, or says no web address."""
    in_frame: bool

    @property
    def is_deep_linking(self) -> bool:
        """Whether somebody wants to choose what to put into their course."""
        return self.message_type == DEEP_LINKING_REQUEST

    @property
    def deep_linking_settings(self) -> Mapping[str, Any]:
        """`deep_linking_settings`, of a deep linking request."""
        return _mapping(self.claims.get(f"{DEEP_LINKING}deep_linking_settings"))


def verified(platform: Platform, token: str, *, nonce: str) -> Launch:
    """The launch in an id_token of this platform, signed by it, for us, now, in answer to `nonce`. Raises Wrong."""
    if not token or len(token) > LONGEST_TOKEN:
        raise Wrong(Reason.NO_TOKEN, platform=platform)
    claims = _signed(platform, token)
    _check_parties(platform, claims)
    _check_times(platform, claims)
    if claims.get("nonce") != nonce:
        raise Wrong(Reason.WRONG_NONCE, platform=platform)
    return launch_of(platform, claims)


def launch_of(platform: Platform, claims: Claims) -> Launch:
    """The launch in claims whose signature, times and nonce have been checked. Raises Wrong."""
    _check_message(platform, claims)
    message_type = str(claims[f"{LTI}message_type"])
    context = _mapping(claims.get(f"{LTI}context"))
    link = _mapping(claims.get(f"{LTI}resource_link"))
    presentation = _mapping(claims.get(f"{LTI}launch_presentation"))
    subject = _id(platform, "sub", claims.get("sub"), Reason.NO_SUBJECT)
    deployment = _id(platform, "deployment_id", claims.get(f"{LTI}deployment_id"), Reason.NO_DEPLOYMENT)
    deep = message_type == DEEP_LINKING_REQUEST
    launch = Launch(
        platform=platform,
        claims=claims,
        message_type=message_type,
        deployment_id=deployment,
        subject=subject,
        name=_name(claims),
        email=_line(claims.get("email"), 254),
        roles=_roles(platform, claims),
        context_id=_id(platform, "context.id", context.get("id"), None),
        context_title=_line(context.get("title") or context.get("label"), TITLE),
        context_label=_line(context.get("label"), TITLE),
        link_id="" if deep else _id(platform, "resource_link.id", link.get("id"), Reason.NO_LINK),
        link_title=_line(link.get("title"), TITLE),
        target="" if deep else _target(platform, claims.get(f"{LTI}target_link_uri")),
        return_url=web_address(presentation.get("return_url")),
        in_frame=presentation.get("document_target") in {"iframe", "frame"},
    )
    if deep:
        _check_deep_linking(launch)
    return launch


def mail_is_verified(launch: Launch) -> bool:
    """Whether the address may join an account: the owner trusts the platform's, and it does not itself deny it."""
    return launch.platform.mail_verified and bool(launch.email) and launch.claims.get("email_verified") is not False


def our_path(address: object) -> str:
    """The path, with its query, of an address on our own host; "" for any other."""
    if not isinstance(address, str) or len(address) > URL_LENGTH or any(letter <= " " for letter in address):
        return ""
    try:
        parts, ours = urlsplit(address), urlsplit(settings.BASE_URL)
        same = (parts.scheme, parts.hostname, parts.port) == (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return ""
    # A path of two slashes, or with a backslash, would be another host to a browser.
    if not same or parts.username is not None or "\\" in address or parts.path.startswith("//"):
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _signed(platform: Platform, token: str) -> Claims:
    try:
        header = jws.extract_compact(token.encode()).headers()
    except (JoseError, ValueError, RecursionError) as error:
        raise Wrong(Reason.BAD_TOKEN, platform=platform) from error
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm != ALGORITHM:
        raise Wrong(Reason.BAD_ALGORITHM, platform=platform, alg=algorithm)
    if not isinstance(kid, str) or not kid:
        raise Wrong(Reason.NO_KID, platform=platform)
    key = platform_key(platform, kid)
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
    except (JoseError, ValueError, RecursionError) as error:
        raise Wrong(Reason.BAD_SIGNATURE, platform=platform, kid=kid) from error
    if not isinstance(claims, dict) or "\\u0000" in json.dumps(claims):
        raise Wrong(Reason.BAD_TOKEN, platform=platform)
    return claims


def _check_parties(platform: Platform, claims: Claims) -> None:
    missing = [name for name in ("iss", "aud", "exp", "iat", "nonce") if claims.get(name) in (None, "", [])]
    if missing:
        raise Wrong(Reason.MISSING_CLAIMS, platform=platform, claims=", ".join(missing))
    if claims["iss"] != platform.issuer:
        raise Wrong(Reason.WRONG_ISSUER, platform=platform, issuer=claims["iss"])
    audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
    party = claims.get("azp")
    # Of several audiences the platform must say that the token was made for us (OpenID Connect Core, 3.1.3.7).
    ours = platform.client_id in audience and (party == platform.client_id if len(audience) > 1 or party else True)
    if not ours:
        raise Wrong(Reason.WRONG_AUDIENCE, platform=platform, audience=party or ", ".join(map(str, audience)))


def _check_times(platform: Platform, claims: Claims) -> None:
    moment = now().timestamp()
    times = {name: claims[name] for name in ("exp", "iat", "nbf") if name in claims}
    numbers = {name: value for name, value in times.items() if isinstance(value, int | float)}
    wrong = [name for name in times if name not in numbers or isinstance(times[name], bool)]
    if not wrong:
        wrong += ["exp"] if numbers["exp"] < moment - LEEWAY else []
        wrong += [name for name in ("iat", "nbf") if name in numbers and numbers[name] > moment + LEEWAY]
        wrong += ["iat"] if numbers["iat"] > numbers["exp"] else []
    if wrong:
        raise Wrong(Reason.BAD_TIMES, platform=platform, which=", ".join(wrong))


def _check_message(platform: Platform, claims: Claims) -> None:
    if not any(str(name).startswith(LTI) for name in claims):
        raise Wrong(Reason.NOT_LTI, platform=platform)
    version, message_type = claims.get(f"{LTI}version"), claims.get(f"{LTI}message_type")
    if not version:
        raise Wrong(Reason.NO_VERSION, platform=platform)
    if version != VERSION:
        raise Wrong(Reason.WRONG_VERSION, platform=platform, version=version)
    if not message_type:
        raise Wrong(Reason.NO_MESSAGE_TYPE, platform=platform)
    if message_type not in {LINK_REQUEST, DEEP_LINKING_REQUEST}:
        raise Wrong(Reason.UNKNOWN_MESSAGE, platform=platform, type=message_type)


def _check_deep_linking(launch: Launch) -> None:
    chosen = launch.deep_linking_settings
    if not web_address(chosen.get("deep_link_return_url")):
        raise Wrong(Reason.MISSING_CLAIMS, platform=launch.platform, claims="deep_link_return_url")
    data, types = chosen.get("data", ""), chosen.get("accept_types")
    if not isinstance(data, str) or len(data) > LONGEST_DATA:
        raise Wrong(Reason.BAD_CLAIM, platform=launch.platform, claim="deep_linking_settings.data")
    if not isinstance(types, list) or "ltiResourceLink" not in types:
        raise Wrong(Reason.BAD_CLAIM, platform=launch.platform, claim="deep_linking_settings.accept_types")


def _id(platform: Platform, name: str, value: object, missing: Reason | None) -> str:
    """An identifier as it stands; LTI core 1.3 allows 255 characters of each."""
    if value in (None, ""):
        if missing is None:
            return ""
        raise Wrong(missing, platform=platform)
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or len(text) > ID_LENGTH or not text.isprintable():
        raise Wrong(Reason.BAD_CLAIM, platform=platform, claim=name)
    return text


def _roles(platform: Platform, claims: Claims) -> tuple[str, ...]:
    roles = claims.get(f"{LTI}roles")
    if not isinstance(roles, list) or not all(isinstance(role, str) for role in roles):
        raise Wrong(Reason.NO_ROLES, platform=platform)
    return tuple(roles)


def _target(platform: Platform, address: object) -> str:
    if not address:
        raise Wrong(Reason.MISSING_CLAIMS, platform=platform, claims="target_link_uri")
    path = our_path(address)
    if not path:
        raise Wrong(Reason.BAD_TARGET, platform=platform, target=address)
    return path


def web_address(address: object) -> str:
    """The address if it is one that people may be sent to, or that may be asked; else ""."""
    if not isinstance(address, str) or len(address) > URL_LENGTH or not address.isprintable() or " " in address:
        return ""
    try:
        return fetching.check_address(address)
    except fetching.Unreachable:
        return ""


def _name(claims: Claims) -> str:
    parts: Sequence[object] = [claims.get("name")]
    if not _line(claims.get("name"), TITLE):
        parts = [claims.get("given_name"), claims.get("family_name")]
    return " ".join(filter(None, (_line(part, TITLE) for part in parts)))


def _line(text: object, longest: int) -> str:
    return tidy(text)[:longest].strip() if isinstance(text, str) else ""


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
