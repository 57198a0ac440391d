"""Asking an Open edX platform by REST, politely: with our client's token, not too often, never behind its back.

Facts, from edx-platform: `POST /oauth2/access_token` with grant type client_credentials and `token_type=jwt` gives a
JWT, which is shown as `Authorization: JWT …`; it acts as the user whom the client was made for. A throttled request is
429; `Retry-After` is missing where `DeveloperErrorViewMixin` made the answer, and then only the sentence tells how long
(`Expected available in 47 seconds.`). Staff may ask for enrolments 120 times a minute, for the course list 40 times.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from datetime import timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

from django.utils.translation import gettext as _

from tertulia.integrations.openedx.models import SUBJECT_LENGTH, Connection
from tertulia.kernel import fetching, limits
from tertulia.kernel.clock import now
from tertulia.kernel.errors import TooMany
from tertulia.kernel.fetching import Answer, Unreachable
from tertulia.kernel.sealing import seal, unseal

PACE = 60
SLOWEST = 6
GATHER = 4
"""Seconds longer than need be, so that the next job can do more than one request."""
LONGEST_WAIT = 6 * 3600
SHORTEST_WAIT = 1
USUAL_WAIT = 60
SECONDS = 30.0
"""For one page: the platform makes it of many rows."""
EARLY = 60
"""Seconds before its end from which on a token counts as expired."""
MOST_SHOWN = 160
_TOKEN = "tertulia openedx tokens"  # noqa: S105 - what is sealed opens under this very word only
_SECRET = "tertulia openedx clients"  # noqa: S105 - the same
_IN_WORDS = re.compile(r"available in (\d+(?:\.\d+)?) second")
_PASSING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


class Wait(Exception):
    """Not now, but in `seconds`. `is_theirs`: the platform said so; else it is our own restraint."""

    def __init__(self, seconds: int, *, is_theirs: bool) -> None:
        super().__init__(seconds)
        self.seconds = seconds
        self.is_theirs = is_theirs


class Refused(Unreachable):
    """The platform answers, and says no; asking again would not help. The text is a sentence, `status` its answer."""

    def __init__(self, detail: str, status: int) -> None:
        super().__init__(detail)
        self.status = status


def sealed_secret(secret: str) -> bytes:
    """A client's secret as it is stored."""
    return seal(secret, purpose=_SECRET)


def get(connection: Connection, path: str, **query: str) -> Any:
    """The JSON at a path of the platform, with our token; a new one is fetched if the last no longer counts.

    Raises Wait, Refused for an answer of 4xx, Unreachable for everything else that is no answer.
    """
    answer = _ask(connection, path, query)
    if answer.status == HTTPStatus.UNAUTHORIZED:
        _keep_token(connection, "", 0)
        answer = _ask(connection, path, query)
    if HTTPStatus.BAD_REQUEST <= answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
        raise Refused(_said(answer, path), answer.status)
    if answer.status != HTTPStatus.OK:
        raise Unreachable(_("%(path)s answers %(status)d.") % {"path": path, "status": answer.status})
    return answer.json()


def token(connection: Connection) -> str:
    """A token that counts for a while; fetched if need be. Raises Wait, Refused, Unreachable."""
    kept = unseal(connection.token, purpose=_TOKEN)
    if kept and connection.token_until and connection.token_until > now():
        return kept
    _pay(connection)
    form = {
        "grant_type": "client_credentials",
        "client_id": connection.client_id,
        "client_secret": unseal(connection.client_secret, purpose=_SECRET),
        "token_type": "jwt",
    }
    answer = fetching.fetch(address(connection, "/oauth2/access_token"), form=form, any_status=True)
    _heed(connection, answer)
    if answer.status in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise Refused(
            _(
                "The platform gives no token to this client ID and secret. Are they those of an application with the"
                " grant type “Client credentials”?"
            ),
            answer.status,
        )
    if answer.status != HTTPStatus.OK:
        raise Unreachable(_("%(path)s answers %(status)d.") % {"path": "/oauth2/access_token", "status": answer.status})
    return _read_token(connection, answer.json())


def forget_token(connection: Connection) -> None:
    """The next request fetches a new one."""
    _keep_token(connection, "", 0)


def address(connection: Connection, path: str) -> str:
    """A page of the platform."""
    return connection.address.removesuffix("/") + path


def hurry_up(connection: Connection) -> None:
    """All went well: it may be asked somewhat more often again."""
    faster = min(PACE, connection.pace * 2)
    if faster != connection.pace:
        connection.pace = faster
        connection.save(update_fields=["pace"])


def in_path(key: str) -> str:
    """A course key as a part of an address."""
    return quote(key, safe=":+")


def _ask(connection: Connection, path: str, query: Mapping[str, str]) -> Answer:
    shown = token(connection)
    _pay(connection)
    url = address(connection, path) + (f"?{urlencode(query)}" if query else "")
    headers = {"Authorization": f"JWT {shown}"}
    answer = fetching.fetch(url, headers=headers, any_status=True, seconds=SECONDS, chosen=connection.address)
    _heed(connection, answer)
    return answer


def _pay(connection: Connection) -> None:
    """One request out of what the platform gets in a minute. Raises Wait."""
    moment = now()
    if connection.paused_until and connection.paused_until > moment:
        left = (connection.paused_until - moment).total_seconds()
        raise Wait(int(left) + 1, is_theirs=True)
    try:
        limits.spend(limits.Limit("openedx", times=connection.pace, seconds=60, fixed=True), connection.pk)
    except TooMany as full:
        raise Wait(full.retry_after + GATHER, is_theirs=False) from None


def _heed(connection: Connection, answer: Answer) -> None:
    """If the platform asks for a pause: pause, and ask less often from then on. Raises Wait then."""
    if answer.status not in _PASSING:
        return
    seconds = pause_asked(answer)
    connection.paused_until = now() + timedelta(seconds=seconds)
    connection.pace = max(SLOWEST, connection.pace // 2)
    connection.save(update_fields=["paused_until", "pace"])
    raise Wait(seconds, is_theirs=True)


def pause_asked(answer: Answer) -> int:
    """Seconds to wait, by `Retry-After` (RFC 9110, 10.2.3: seconds or a date), else by the sentence, else a minute."""
    said = answer.headers.get("Retry-After", "").strip()
    seconds: float = USUAL_WAIT
    if said.isdecimal():
        seconds = float(said[:9])
    elif said:
        try:
            seconds = (parsedate_to_datetime(said) - now()).total_seconds()
        except (ValueError, TypeError):  # no date, or one without a zone
            seconds = USUAL_WAIT
    elif found := _IN_WORDS.search(answer.content[:2000].decode(errors="replace")):
        seconds = float(found[1])
    return int(min(LONGEST_WAIT, max(SHORTEST_WAIT, seconds)))


def _read_token(connection: Connection, body: Any) -> str:
    given = body.get("access_token") if isinstance(body, dict) else None
    if not isinstance(given, str) or not given.isprintable() or not given.isascii():
        raise Unreachable(_("The platform answers without an access token."))
    if str(body.get("token_type", "")).upper() != "JWT":
        raise Refused(_("The platform gives tokens that are not JWTs; it must be Koa or newer."), HTTPStatus.OK)
    lasts = body.get("expires_in")
    seconds = lasts if isinstance(lasts, int) and 0 < lasts < LONGEST_WAIT * 100 else 3600
    connection.username = _whom(given)
    _keep_token(connection, given, max(seconds - EARLY, seconds // 2))
    return given


def _whom(jwt: str) -> str:
    """The user whom the client acts as. Not verified: it is only asked about what the token itself lets it see."""
    try:
        part = jwt.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        return str(claims.get("preferred_username") or "")[:SUBJECT_LENGTH]
    except (IndexError, ValueError, AttributeError, RecursionError):
        return ""


def _keep_token(connection: Connection, value: str, seconds: int) -> None:
    connection.token = seal(value, purpose=_TOKEN)
    connection.token_until = now() + timedelta(seconds=seconds) if value else None
    connection.save(update_fields=["token", "token_until", "username"])


def _said(answer: Answer, path: str) -> str:
    """What an answer of 4xx means, with the platform's own words where it has some."""
    words = ""
    try:
        body = json.loads(answer.content)
    except (ValueError, RecursionError):
        body = None
    if isinstance(body, dict):
        words = str(body.get("developer_message") or body.get("detail") or "")[:MOST_SHOWN]
    if answer.status == HTTPStatus.UNAUTHORIZED:
        return _("The platform does not take the token that it gave. It says: “%(words)s”") % {"words": words or "401"}
    return _("%(path)s answers %(status)d%(words)s.") % {
        "path": path,
        "status": answer.status,
        "words": f" (“{words}”)" if words else "",
    }
