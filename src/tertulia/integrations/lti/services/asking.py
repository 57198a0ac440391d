"""Asking a platform's services (roster, gradebook): tokens, who gets one, and what its answers mean."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import UTC
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from django.utils.translation import gettext as _

from tertulia.integrations.lti import attempts, secrets
from tertulia.integrations.lti.models import Platform
from tertulia.integrations.lti.services import keys
from tertulia.kernel import fetching
from tertulia.kernel.clock import now
from tertulia.kernel.fetching import Answer, Unreachable
from tertulia.kernel.tidying import tidy

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_SECONDS = 300
SECONDS = 30.0
"""For one answer: an LMS makes a page of a roster of many tables."""
PAUSE = 60
"""Seconds to wait when a platform is asked too much and does not say how long."""
SHORTEST, LONGEST = 5, 3600
"""Of pauses, whatever the platform says: an hour later it can say so again."""
LOW = 100.0
"""Canvas: what is left of the allowance (`X-Rate-Limit-Remaining`; full at 700, and one request costs up to 50)."""
LOW_PAUSE = 15
SAID = 200


class Wait(Exception):
    """The platform is asked too much: not before so many seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    @property
    def sentence(self) -> str:
        """For people."""
        return _("The learning platform asks to wait; it goes on by itself.")


class Away(Unreachable):
    """No answer, or that of a platform in trouble: another time it may be a better one."""


class Denied(Unreachable):
    """The platform understood, and said no. `said` is what it says itself, one line of plain text."""

    def __init__(self, sentence: str, *, status: int, said: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.said = said


def access_token(platform: Platform, scopes: Collection[str]) -> str:
    """A token of the platform's for these scopes (Security Framework 1.0, 4.1: client credentials, a signed JWT).

    Raises Wait, Away, Denied; Unreachable if the platform gives a token for less.
    """
    moment = int(now().timestamp())
    assertion = keys.sign(
        {
            "iss": platform.client_id,
            "sub": platform.client_id,
            "aud": platform.token_url,
            "iat": moment,
            "exp": moment + ASSERTION_SECONDS,
            "jti": secrets.new_secret(),
        }
    )
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
        "scope": " ".join(sorted(scopes)),
    }
    answer = _judged(platform.token_url, _asked(platform.token_url, form=form)).json()
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not token.isprintable() or not token.isascii():
        raise Unreachable(_("The platform gave no access token."))
    granted = answer.get("scope")
    # RFC 6749, 5.1: named if it is less than was asked for.
    missing = set(scopes) - set(granted.split()) if isinstance(granted, str) and granted.strip() else set()
    if missing:
        raise Denied(
            _("The learning platform gives no token for %(scopes)s. Allow it there, in the settings of the tool.")
            % {"scopes": ", ".join(sorted(missing))},
            status=HTTPStatus.FORBIDDEN,
        )
    return token


def ask(
    platform: Platform, url: str, *, token: str, accept: str, json_body: object = None, content_type: str = ""
) -> Answer:
    """GET, or with `json_body` POST, at an address that a launch or an answer named. Raises Wait, Away, Denied.

    A token goes to the host of the token address and to the platform's own origins only: that is what its
    administrator entered, and all that a token must ever see.
    """
    origin = attempts.origin_of(url)
    if not origin or origin not in {attempts.origin_of(platform.token_url), *attempts.frame_origins(platform)}:
        raise Unreachable(
            _(
                "It is at %(origin)s, which gets no token of ours: it is none of the platform's addresses. If it should"
                " be, an owner enters it under “Other addresses of its pages”."
            )
            % {"origin": origin or url[:SAID]}
        )
    headers = {"Authorization": f"Bearer {token}", "Accept": accept}
    if content_type:
        headers["Content-Type"] = content_type
    return _judged(url, _asked(url, chosen=platform.token_url, headers=headers, json_body=json_body))


def pause_after(answer: Answer) -> int:
    """Seconds to leave the platform alone after this answer, which was a good one; 0 for none."""
    try:
        left = float(answer.headers.get("X-Rate-Limit-Remaining", ""))
    except ValueError:
        return 0
    return LOW_PAUSE if left < LOW else 0


def _asked(url: str, **how: object) -> Answer:
    fetching.check_address(url)
    try:
        return fetching.fetch(url, any_status=True, seconds=SECONDS, **how)  # type: ignore[arg-type]  # by name, as above
    except Unreachable as failure:
        raise Away(str(failure)) from None


def _judged(url: str, answer: Answer) -> Answer:
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return answer
    said = _said(answer)
    wait = _retry_after(answer)
    throttled = status == HTTPStatus.FORBIDDEN and "rate limit exceeded" in said.lower()  # Canvas
    if status == HTTPStatus.TOO_MANY_REQUESTS or throttled:
        raise Wait(wait or PAUSE)
    if status == HTTPStatus.SERVICE_UNAVAILABLE and wait:
        raise Wait(wait)
    sentence = _("%(url)s answers %(status)d.") % {"url": url.partition("?")[0][:SAID], "status": status}
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.REQUEST_TIMEOUT:
        raise Away(sentence)
    raise Denied(f"{sentence} {said}".strip() if said else sentence, status=status, said=said)


def _retry_after(answer: Answer) -> int:
    """Seconds (RFC 9110, 10.2.3: a number, or a date); 0 if it does not say."""
    said = answer.headers.get("Retry-After", "").strip()
    if said.isdecimal() and said.isascii():
        seconds = float(said[:9])
    else:
        try:
            date = parsedate_to_datetime(said)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now()).total_seconds()
        except (ValueError, OverflowError):
            return 0
    return min(LONGEST, max(SHORTEST, math.ceil(seconds)))


def _said(answer: Answer) -> str:
    """The beginning of its words, if they are words: pages of HTML tell people nothing."""
    text = answer.content[: 4 * SAID].decode(errors="replace").lstrip()
    return "" if text.startswith("<") else tidy(text)[:SAID].strip()
