"""Lists of people may be megabytes: none is read from somebody who may not send it."""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor

from django.conf import settings
from django.db import DatabaseError, close_old_connections

from tertulia.config.bridge import Message, Receive, Scope
from tertulia.kernel.errors import Refusal

SCOPE = "enrolments:write"
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="list")
_LIST = re.compile(r"/api/v1/workspaces/([^/]+)/enrolments(?:/preview)?")


def is_list(scope: Scope) -> bool:
    """Whether a program, which shows a token, sends a list of people. From a browser's session none is so long."""
    return _LIST.fullmatch(scope["path"]) is not None and any(name == b"authorization" for name, _v in scope["headers"])


async def checked(scope: Scope, receive: Receive) -> Receive:
    """What gives the body of a request: as it comes, or empty for a large list that Django will refuse anyway.

    Who asks is answered by Django as ever, which checks token and rights before it looks at the body.
    """
    if not is_list(scope):
        return receive
    headers = dict(scope["headers"])
    told = headers.get(b"content-length", b"")
    if told.isdigit() and int(told) <= settings.MAX_FORM_BYTES:
        return receive
    token = headers.get(b"authorization", b"").decode("latin-1")
    if await asyncio.get_running_loop().run_in_executor(_threads, _in_thread, token, scope["path"]):
        return receive
    return _empty


def may_send(authorization: str, path: str) -> bool:
    """Whether a bearer token opens this list: it is good, has the scope, and its person may enrol people there."""
    from tertulia.enrolments import access  # with models, so once Django is set up
    from tertulia.kernel.rest import Grant
    from tertulia.people.access import person_for_token

    kind, _blank, raw = authorization.partition(" ")
    found = _LIST.fullmatch(path)
    if kind.lower() != "bearer" or found is None:
        return False
    try:
        known = person_for_token(raw.strip())
        if known is None or not Grant(known[0], frozenset(known[1].scopes)).allows(SCOPE):
            return False
        access.place(known[0], found[1])
    except Refusal:
        return False
    return True


def _in_thread(authorization: str, path: str) -> bool:
    close_old_connections()
    try:
        return may_send(authorization, path)
    except DatabaseError:
        return False  # Django will say that the database is away
    finally:
        close_old_connections()


async def _empty() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}
