"""Launches under way: begun by the platform's login initiation, ended by one id_token in the same browser.

What binds the end to the beginning is a random word that only that browser knows: in a cookie (partitioned, so that
it also lives in frames where third-party cookies are blocked), or, where cookies do not work at all, in the platform's
own storage (LTI Client Side postMessages 1.0).
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from tertulia.integrations.lti import secrets
from tertulia.integrations.lti.models import (
    ID_LENGTH,
    Attempt,
    DeepLinking,
    Pending,
    Platform,
    Refused,
    RegistrationLink,
    Ticket,
)
from tertulia.integrations.lti.refusals import Reason, Wrong
from tertulia.kernel.clock import now

MINUTES = 10
COOKIE_PREFIX = "tertulia_lti_"
LONGEST_HINT = 8000
HINTS = ("iss", "login_hint", "target_link_uri", "client_id", "lti_message_hint", "lti_deployment_id")
REFUSED_DAYS = 30


@dataclass(frozen=True, slots=True)
class Begun:
    """A launch that has begun here and goes on at `address`; `binding` is for the browser, under `key`."""

    attempt: Attempt
    address: str
    key: str
    binding: str


def platform_for(issuer: str, client_id: str) -> Platform:
    """The platform that begins a launch. Raises Wrong (UNKNOWN_PLATFORM, SEVERAL_PLATFORMS, PLATFORM_OFF)."""
    found = Platform.objects.filter(issuer=issuer[: ID_LENGTH + 1])
    if client_id:
        found = found.filter(client_id=client_id[: ID_LENGTH + 1])
    platforms = list(found[:2])
    if not platforms:
        raise Wrong(Reason.UNKNOWN_PLATFORM, issuer=issuer, client_id=client_id)
    if len(platforms) > 1:
        raise Wrong(Reason.SEVERAL_PLATFORMS, issuer=issuer)
    if not platforms[0].is_active:
        raise Wrong(Reason.PLATFORM_OFF, platform=platforms[0])
    return platforms[0]


def begin(sent: Mapping[str, str], *, launch_url: str) -> Begun:
    """A third-party initiated login (Security Framework 1.0, 5.1.1): where the browser goes on. Raises Wrong."""
    missing = [name for name in ("iss", "login_hint", "target_link_uri") if not sent.get(name)]
    if missing:
        raise Wrong(Reason.LOGIN_INCOMPLETE, claims=", ".join(missing))
    too_long = [name for name in HINTS if len(sent.get(name, "")) > LONGEST_HINT]
    if too_long:
        raise Wrong(Reason.BAD_CLAIM, claim=too_long[0])
    platform = platform_for(sent["iss"], sent.get("client_id", ""))
    state, binding, nonce = secrets.new_secret(), secrets.new_secret(), secrets.new_secret()
    storage = sent.get("lti_storage_target", "")
    attempt = Attempt.objects.create(
        state=secrets.digest(state),
        binding=secrets.digest(binding),
        nonce=nonce,
        platform=platform,
        storage=storage if len(storage) <= ID_LENGTH and storage.isprintable() else "",
        again={name: sent[name] for name in HINTS if sent.get(name)},
        expires_at=now() + timedelta(minutes=MINUTES),
    )
    query = {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": platform.client_id,
        "redirect_uri": launch_url,
        "login_hint": sent["login_hint"],
        "state": state,
        "nonce": nonce,
    }
    if sent.get("lti_message_hint"):
        query["lti_message_hint"] = sent["lti_message_hint"]
    joint = "&" if urlsplit(platform.auth_url).query else "?"
    return Begun(attempt, f"{platform.auth_url}{joint}{urlencode(query)}", key_of(attempt), binding)


def find(state: str) -> Attempt:
    """The attempt that this state belongs to. Raises Wrong (NO_STATE, REPLAYED, PLATFORM_OFF)."""
    found = Attempt.objects.select_related("platform").filter(state=secrets.digest(state)).first()
    if found is None or found.expires_at < now():
        raise Wrong(Reason.NO_STATE, platform=found.platform if found else None)
    if found.used_at is not None:
        raise Wrong(Reason.REPLAYED, platform=found.platform)
    if not found.platform.is_active:
        raise Wrong(Reason.PLATFORM_OFF, platform=found.platform)
    return found


def is_bound(attempt: Attempt, binding: str) -> bool:
    """Whether this is the word that the browser was given when the launch began."""
    return hmac.compare_digest(secrets.digest(binding), bytes(attempt.binding))


def use(attempt: Attempt) -> None:
    """Only once, whoever sends it a second time at the same moment. Raises Wrong (REPLAYED)."""
    if not Attempt.objects.filter(pk=attempt.pk, used_at=None).update(used_at=now()):
        raise Wrong(Reason.REPLAYED, platform=attempt.platform)


def key_of(attempt: Attempt) -> str:
    """The name under which the browser keeps its word: its own for each launch, for there may be several at once."""
    return f"{COOKIE_PREFIX}{bytes(attempt.state).hex()[:16]}"


def frame_origins(platform: Platform | None) -> list[str]:
    """Who may frame pages of this platform's launches: the origins of its addresses, and those its owner named."""
    if platform is None:
        return []
    addresses = [platform.issuer, platform.auth_url, *platform.frame_origins]
    return list(dict.fromkeys(filter(None, (origin_of(address) for address in addresses))))


def origin_of(address: str) -> str:
    """`scheme://host:port` of a web address; "" for anything else."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return ""
    host = parts.hostname or ""
    plain = bool(host) and all(letter.isalnum() or letter in "-._" for letter in host) and host.isascii()
    return f"{parts.scheme}://{host}{port}" if plain and parts.scheme in {"https", "http"} else ""


def sweep() -> None:
    """Drop what is over. State and nonce need not be remembered longer than they would be accepted."""
    moment = now()
    Attempt.objects.filter(expires_at__lt=moment).delete()
    Ticket.objects.filter(expires_at__lt=moment).delete()
    Pending.objects.filter(expires_at__lt=moment).delete()
    DeepLinking.objects.filter(expires_at__lt=moment).delete()
    RegistrationLink.objects.filter(expires_at__lt=moment).delete()
    Refused.objects.filter(at__lt=moment - timedelta(days=REFUSED_DAYS)).delete()
