"""What can go wrong between an outside system and us: one sentence for the person, one for who can mend it."""

from __future__ import annotations

from django.utils.translation import gettext as _

from tertulia.kernel.errors import Refusal


class NotBelieved(Exception):
    """An outside system's word does not hold. The text is a sentence for its administrator; it holds no token."""


class SignInFailed(Refusal):
    """Somebody came back from an outside system and could not be let in."""

    status = 403
    type = "sign-in-failed"

    def __init__(self, provider: str, reason: str) -> None:
        super().__init__(
            _(
                "%(provider)s could not sign you in here. Please try again; if it stays so, show this to the people who"
                " run this community: %(reason)s"
            )
            % {"provider": provider, "reason": reason}
        )


class ProviderAway(SignInFailed):
    """The same, because the outside system does not answer as it should."""

    status = 502
    type = "provider-away"


class Stale(Refusal):
    """Somebody came back without having set out in this browser, or too late, or twice."""

    status = 400
    type = "stale-sign-in"

    def __init__(self) -> None:
        super().__init__(
            _(
                "This sign-in was begun in another window, too long ago, or has been used. Nothing is lost: go to the"
                " sign-in page and begin again."
            )
        )
