"""Somebody comes back from an outside system: who they are here, and the way to where they wanted to go."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.app_settings import EmailVerificationMethod
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialLogin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tertulia.people import services
from tertulia.people.models import Person
from tertulia.people.sign_in import providers
from tertulia.people.sign_in.providers import Provider
from tertulia.people.sign_in.refusals import Stale

CAME_BY = "came_by"  # in the session: how this sign-in came about, so that one can sign out there, too
LEFT = "left"  # in the session after signing out: the same
_WAITING = "arrival"
MOST_GROUPS = 1000
LONGEST_GROUP = 255
WAIT = 15 * 60  # seconds that somebody has for signing in to the account they want to join


@dataclass(frozen=True, slots=True)
class Arrival:
    """What an outside system said, once it is believed."""

    provider: str
    issuer: str
    subject: str
    name: str
    email: str
    email_verified: bool
    groups: list[str] | None = None
    """The directory groups that the system named; None if it spoke of none."""
    leaving: dict[str, Any] = field(default_factory=dict)
    """What the system wants to hear again when the person signs out there."""


class ArrivalProvider:
    """For the providers of allauth: hands what was said to `services.arrive` instead of allauth's own tables."""

    app: SocialApp
    sub_id: str

    @property
    def record(self) -> Provider:
        """The outside system, as configured."""
        record: Provider = self.app.record
        return record

    def arrival(self, response: Any) -> Arrival:
        """What the system said. Raises NotBelieved."""
        raise NotImplementedError

    def leaving_address(self, request: HttpRequest, leaving: dict[str, Any]) -> str:
        """Where one signs out there, too; "" if the system offers none. Raises Unreachable."""
        raise NotImplementedError

    def sociallogin_from_response(self, request: HttpRequest, response: Any) -> SocialLogin:
        """What allauth takes for a sign-in, and nothing saves: it carries the arrival to `come_in`."""
        del request
        arrival = self.arrival(response)
        uid = sha256(arrival.subject.encode()).hexdigest()
        login = SocialLogin(provider=self, account=SocialAccount(provider=self.sub_id, uid=uid))
        login.arrival = arrival
        return login

    def unstash_redirect_state(self, request: HttpRequest, state_id: str) -> dict[str, Any]:
        """What was noted when the person left for the system; once. Raises Stale."""
        from allauth.socialaccount.internal import statekit

        state: dict[str, Any] | None = statekit.unstash_state(request, provider_id=self.sub_id, state_id=state_id)
        if state is None:
            raise Stale
        return state


def named_groups(said: object) -> list[str] | None:
    """Directory groups as systems name them: a list, or one name; None for what is neither. Each once."""
    if isinstance(said, str):
        said = [said]
    if not isinstance(said, list):
        return None
    names = (str(name).strip() for name in said if isinstance(name, str | int))
    return list(dict.fromkeys(name for name in names if 0 < len(name) <= LONGEST_GROUP))[:MOST_GROUPS]


def come_in(request: HttpRequest, arrival: Arrival, state: dict[str, Any]) -> HttpResponse:
    """Sign the person of this arrival in, or have them say which account is theirs. Raises what `arrive` raises."""
    wanted = str(state.get("next") or "")
    if state.get("process") == "connect" and request.user.is_authenticated:
        keep(request, arrival, wanted)
        return redirect("people:join")
    provider = providers.enabled_one(arrival.provider)
    try:
        person = services.arrive(
            issuer=arrival.issuer,
            subject=arrival.subject,
            name=arrival.name,
            email=arrival.email,
            email_verified=arrival.email_verified,
            newcomers=provider.newcomers,
            system=provider.name,
            groups=arrival.groups,
        )
    except services.NeedsLinking:
        keep(request, arrival, wanted)
        return redirect("people:join")
    return _sign_in(request, person, arrival, wanted)


def keep(request: HttpRequest, arrival: Arrival, wanted: str) -> None:
    """Remember an arrival in the session until the person has said which account is theirs."""
    request.session[_WAITING] = {**asdict(arrival), "at": time.time(), "next": wanted}


def waiting(request: HttpRequest) -> tuple[Arrival, str] | None:
    """The arrival that waits in this session, and where its person wanted to go."""
    kept = request.session.get(_WAITING)
    if not isinstance(kept, dict) or kept["at"] < time.time() - WAIT:
        return None
    said = {name: value for name, value in kept.items() if name not in ("at", "next")}
    return Arrival(**said), str(kept["next"])


def forget(request: HttpRequest) -> None:
    """Nothing waits any more."""
    request.session.pop(_WAITING, None)


def note_came_by(request: HttpRequest, arrival: Arrival) -> None:
    """This session came about by that system."""
    request.session[CAME_BY] = {"provider": arrival.provider, "leaving": arrival.leaving}


def _sign_in(request: HttpRequest, person: Person, arrival: Arrival, wanted: str) -> HttpResponse:
    if request.user.is_authenticated:
        get_adapter(request).logout(request)
        request.session.pop(LEFT, None)
    record_authentication(request, person, "socialaccount", provider=arrival.provider)
    note_came_by(request, arrival)
    response: HttpResponse = perform_login(
        request,
        person,
        # What an outside system vouches for is its identity; whether an address was confirmed is another matter.
        email_verification=EmailVerificationMethod.NONE,
        redirect_url=wanted or None,
    )
    return response
