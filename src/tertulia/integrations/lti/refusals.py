"""Launches that are refused: what the person is told, and what whoever runs the LMS or Tertulia has to mend.

The first twelve reasons are the bad launches of 1EdTech's certification guide for tools.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tertulia.integrations.lti.models import Platform, Refused
from tertulia.kernel import limits
from tertulia.kernel.errors import TooMany
from tertulia.kernel.tidying import tidy

LONGEST_DETAIL = 200
LOGGED = limits.Limit("lti-refused", times=60, seconds=600, fixed=True)
"""Refusals from one address that are written down; more tell nothing new."""


class Reason(enum.StrEnum):
    """Why a launch is refused."""

    NO_KID = "no-kid"
    UNKNOWN_KID = "unknown-kid"
    WRONG_VERSION = "wrong-version"
    NO_VERSION = "no-version"
    NOT_LTI = "not-lti"
    MISSING_CLAIMS = "missing-claims"
    BAD_TIMES = "bad-times"
    NO_MESSAGE_TYPE = "no-message-type"
    NO_ROLES = "no-roles"
    NO_DEPLOYMENT = "no-deployment"
    NO_LINK = "no-link"
    NO_SUBJECT = "no-subject"
    UNKNOWN_PLATFORM = "unknown-platform"
    SEVERAL_PLATFORMS = "several-platforms"
    PLATFORM_OFF = "platform-off"
    LOGIN_INCOMPLETE = "login-incomplete"
    PLATFORM_ERROR = "platform-error"
    NO_TOKEN = "no-token"  # noqa: S105 - a name
    NO_STATE = "no-state"
    REPLAYED = "replayed"
    OTHER_BROWSER = "other-browser"
    BAD_TOKEN = "bad-token"  # noqa: S105 - a name
    BAD_ALGORITHM = "bad-algorithm"
    BAD_SIGNATURE = "bad-signature"
    NO_KEYS = "no-keys"
    WRONG_ISSUER = "wrong-issuer"
    WRONG_AUDIENCE = "wrong-audience"
    WRONG_NONCE = "wrong-nonce"
    UNKNOWN_MESSAGE = "unknown-message"
    UNKNOWN_DEPLOYMENT = "unknown-deployment"
    BAD_TARGET = "bad-target"
    BAD_CLAIM = "bad-claim"
    NO_COURSE = "no-course"


class Wrong(Exception):
    """A launch that is refused. `details` fill the sentence for administrators; they hold no token and no person."""

    def __init__(self, reason: Reason, *, platform: Platform | None = None, **details: object) -> None:
        super().__init__(reason)
        self.reason = reason
        self.platform = platform
        self.details = {name: tidy(str(value))[:LONGEST_DETAIL] for name, value in details.items()}


_OLD = gettext_lazy(
    "This launch is over: it was used before, or took too long. Go back to your course and open it again."
)
_SETUP = gettext_lazy(
    "Your learning platform and Tertulia are not yet set up to work together. It is not your fault, and nothing is"
    " lost: please tell the people who run your learning platform."
)
_FAULT = gettext_lazy(
    "Your learning platform sent something that Tertulia cannot accept. It is not your fault: go back to your course"
    " and open it again; if it stays so, tell the people who run your learning platform."
)

TO_PERSON: Mapping[Reason, Any] = {
    Reason.NO_SUBJECT: gettext_lazy(
        "Your learning platform did not say who you are, so that nobody here could know you again. If you were only"
        " looking around as a guest or in a preview, sign in to the platform and open the activity as yourself."
    ),
    Reason.REPLAYED: _OLD,
    Reason.NO_STATE: _OLD,
    Reason.BAD_TIMES: gettext_lazy(
        "This launch is out of date. Go back to your course and open it again; if it stays so, the clock of your"
        " learning platform may be wrong, and its people should know."
    ),
    Reason.OTHER_BROWSER: gettext_lazy(
        "Your browser did not keep what shows that it was you who began this launch, as it does where cookies are"
        " blocked inside other pages. Open Tertulia in a window of its own."
    ),
    Reason.NO_KEYS: gettext_lazy(
        "Tertulia could not reach your learning platform to check this launch. Go back to your course and open it again"
        " in a minute."
    ),
    Reason.PLATFORM_ERROR: gettext_lazy(
        "Your learning platform did not let this launch go on. Sign in there anew, go back to your course and open it"
        " again."
    ),
    Reason.NO_COURSE: gettext_lazy(
        "This was opened from outside of a course, so that Tertulia cannot know which community is meant. Open it from"
        " within your course."
    ),
    **dict.fromkeys(
        [
            Reason.UNKNOWN_PLATFORM,
            Reason.SEVERAL_PLATFORMS,
            Reason.PLATFORM_OFF,
            Reason.UNKNOWN_DEPLOYMENT,
            Reason.BAD_TARGET,
        ],
        _SETUP,
    ),
}

TO_ADMINISTRATOR: Mapping[Reason, Any] = {
    Reason.NO_KID: gettext_lazy(
        "The header of the id_token names no key (kid). The platform must name one of its JWKS."
    ),
    Reason.UNKNOWN_KID: gettext_lazy(
        "The id_token is signed by the key “%(kid)s”, which is not in the platform's JWKS. Check the JWKS address; a"
        " key that was changed a moment ago is found within a minute."
    ),
    Reason.WRONG_VERSION: gettext_lazy("The platform says LTI version “%(version)s”; 1.3.0 is needed."),
    Reason.NO_VERSION: gettext_lazy("The id_token has no LTI version (claim …/lti/claim/version)."),
    Reason.NOT_LTI: gettext_lazy(
        "The id_token has no LTI claims at all: the platform sent an ordinary OpenID sign-in."
    ),
    Reason.MISSING_CLAIMS: gettext_lazy("The id_token lacks: %(claims)s."),
    Reason.BAD_TIMES: gettext_lazy(
        "The id_token's times do not hold (%(which)s). Compare the clocks of the platform and of Tertulia's server; a"
        " minute of difference is allowed."
    ),
    Reason.NO_MESSAGE_TYPE: gettext_lazy("The id_token has no message type (claim …/lti/claim/message_type)."),
    Reason.NO_ROLES: gettext_lazy("The id_token has no list of roles (claim …/lti/claim/roles)."),
    Reason.NO_DEPLOYMENT: gettext_lazy("The id_token has no deployment id (claim …/lti/claim/deployment_id)."),
    Reason.NO_LINK: gettext_lazy("The id_token has no resource_link.id (claim …/lti/claim/resource_link)."),
    Reason.NO_SUBJECT: gettext_lazy(
        "The launch is anonymous: the id_token has no “sub”. Allow the platform to send who its users are; previews and"
        " guests cannot come in."
    ),
    Reason.UNKNOWN_PLATFORM: gettext_lazy(
        "A launch named the issuer “%(issuer)s” and the client id “%(client_id)s”, which are not set up here. Compare"
        " both with what the platform shows, to the letter, or add the platform."
    ),
    Reason.SEVERAL_PLATFORMS: gettext_lazy(
        "A launch named the issuer “%(issuer)s” without a client id, and several platforms here have it. Have the"
        " platform send client_id."
    ),
    Reason.PLATFORM_OFF: gettext_lazy("The platform is switched off here. Switch it on to let its people in."),
    Reason.LOGIN_INCOMPLETE: gettext_lazy("The platform began a launch without %(claims)s."),
    Reason.PLATFORM_ERROR: gettext_lazy("The platform itself refused: “%(error)s”. Its log says why."),
    Reason.NO_TOKEN: gettext_lazy(
        "Something was sent to the launch address without an id_token, or with one too long."
    ),
    Reason.NO_STATE: gettext_lazy(
        "The state that came with the id_token is not one of ours, or over ten minutes old. The platform must send back"
        " what it was given."
    ),
    Reason.REPLAYED: gettext_lazy(
        "The same launch was sent a second time: somebody reloaded the page, or replayed it."
    ),
    Reason.OTHER_BROWSER: gettext_lazy(
        "The launch ended in another browser than it began, or in one that keeps no cookies inside frames, on a"
        " platform without LTI storage. If it happens often, have the platform open Tertulia in a new window."
    ),
    Reason.BAD_TOKEN: gettext_lazy("The id_token is not a signed JWT that can be read."),
    Reason.BAD_ALGORITHM: gettext_lazy("The id_token is signed by “%(alg)s”; only RS256 is accepted."),
    Reason.BAD_SIGNATURE: gettext_lazy(
        "The signature of the id_token does not fit the platform's key “%(kid)s”. Check that the JWKS address belongs"
        " to this platform."
    ),
    Reason.NO_KEYS: gettext_lazy("The platform's keys could not be fetched: %(error)s."),
    Reason.WRONG_ISSUER: gettext_lazy("The id_token is from “%(issuer)s”, not from this platform's issuer."),
    Reason.WRONG_AUDIENCE: gettext_lazy("The id_token is meant for “%(audience)s”, not for our client id."),
    Reason.WRONG_NONCE: gettext_lazy("The id_token does not hold the nonce that it was asked for with."),
    Reason.UNKNOWN_MESSAGE: gettext_lazy("Messages of type “%(type)s” are not known here."),
    Reason.UNKNOWN_DEPLOYMENT: gettext_lazy(
        "The deployment “%(deployment)s” is not known here. If it is yours, accept it on the platform's page."
    ),
    Reason.BAD_TARGET: gettext_lazy(
        "The target_link_uri “%(target)s” does not lead to this Tertulia. Enter one of the addresses shown on the"
        " platform's page."
    ),
    Reason.BAD_CLAIM: gettext_lazy("The claim “%(claim)s” cannot be used: it is too long, or of the wrong kind."),
    Reason.NO_COURSE: gettext_lazy(
        "The launch has no context (course), which deep linking and links into channels need."
    ),
}


def to_person(reason: Reason) -> str:
    """What happened and what to do, for whoever sat before the screen."""
    return str(TO_PERSON.get(reason, _FAULT))


def to_administrator(reason: str, details: Mapping[str, str]) -> str:
    """What to mend. Unknown reasons (of an older release) and missing details make no trouble."""
    try:
        return str(TO_ADMINISTRATOR[Reason(reason)]) % details
    except (ValueError, KeyError):
        return _("Refused (%(reason)s).") % {"reason": reason}


def note(wrong: Wrong, *, address: str) -> None:
    """Write a refusal down for the owners, unless this address fills the list."""
    try:
        limits.spend(LOGGED, address)
    except TooMany:
        return
    Refused.objects.create(platform=wrong.platform, reason=wrong.reason.value, details=wrong.details)
