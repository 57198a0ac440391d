"""Rate limits that hold across all processes: the generic cell rate algorithm (ITU-T I.371), one statement a check.

`full_at` is the theoretical arrival time of the algorithm: the moment at which the allowance is whole again.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from django.db import connection
from django.utils.translation import ngettext

from tertulia.kernel.clock import now
from tertulia.kernel.errors import TooMany


@dataclass(frozen=True)
class Limit:
    """`times` may come at once, and one more each time that a `times`-th part of `seconds` has passed."""

    name: str
    times: int
    seconds: int


SIGN_IN = Limit("sign-in", times=10, seconds=300)
POSTING = Limit("posting", times=60, seconds=60)
FILES = Limit("files", times=60, seconds=600)
INVITATIONS = Limit("invitations", times=50, seconds=3600)
WRITES = Limit("writes", times=300, seconds=60)
ADDRESS = Limit("address", times=1200, seconds=60)
"""All writes from one address, which may be a whole class behind one router."""

_TAKE = """
INSERT INTO kernel_limit AS l (key, full_at) VALUES (%(key)s, %(now)s + make_interval(secs => %(step)s))
ON CONFLICT (key) DO UPDATE SET full_at = GREATEST(l.full_at, %(now)s) + make_interval(secs => %(step)s)
WHERE GREATEST(l.full_at, %(now)s) + make_interval(secs => %(step)s) <= %(now)s + make_interval(secs => %(span)s)
RETURNING 1
"""
_FORGET = "WITH spent AS (DELETE FROM kernel_limit WHERE full_at < %s RETURNING 1) SELECT count(*) FROM spent"


def spend(limit: Limit, who: object) -> None:
    """Count one use of `limit` by `who` (a person's id, an address).

    Raises TooMany, with the seconds to wait, when the allowance is used up. Outside a transaction the count stays even
    if what follows fails, which is what a limit wants.
    """
    key = f"{limit.name}:{who}"[:200]
    moment = now()
    span = float(limit.seconds)
    step = span / limit.times
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"key": key, "now": moment, "step": step, "span": span})
        if cursor.fetchone():
            return
        cursor.execute("SELECT full_at FROM kernel_limit WHERE key = %s", [key])
        row: tuple[datetime] | None = cursor.fetchone()
    full_at = row[0] if row else moment
    wait = max(1, math.ceil((full_at - moment).total_seconds() + step - span))
    raise TooMany(
        ngettext(
            "That was a lot at once. Please wait %(wait)s second and try again; nothing is lost.",
            "That was a lot at once. Please wait %(wait)s seconds and try again; nothing is lost.",
            wait,
        )
        % {"wait": wait},
        retry_after=wait,
    )


def forget_old() -> int:
    """Drop the rows of allowances that are whole again; returns how many. Run now and then by a job."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [now()])
        return int(cursor.fetchone()[0])
