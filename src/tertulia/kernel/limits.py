"""Rate limits that hold across all processes: the generic cell rate algorithm (ITU-T I.371), one statement a check.

`full_at` is the theoretical arrival time of the algorithm: the moment at which the allowance is whole again.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.translation import ngettext

from tertulia.kernel.clock import now
from tertulia.kernel.errors import TooMany
from tertulia.kernel.prepared import fetch


@dataclass(frozen=True)
class Limit:
    """`times` may come at once, and one more each time that a `times`-th part of `seconds` has passed.

    The installation may multiply `times` (`TERTULIA_LIMITS`), except where they guard
    accounts or are a rule of the community (`fixed`).
    """

    name: str
    times: int
    seconds: int
    fixed: bool = False

    @property
    def step(self) -> float:
        """Seconds of the allowance that one use takes."""
        return self.seconds / (self.times if self.fixed else max(1.0, self.times * settings.LIMITS))


SIGN_IN = Limit("sign-in", times=10, seconds=300, fixed=True)
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
TAKE_EACH = """
WITH wanted AS (
    SELECT key, make_interval(secs => take) AS take, make_interval(secs => span) AS span
    FROM json_to_recordset({uses}::json) AS v(key text, take float8, span float8) WHERE v.take <= v.span
)
INSERT INTO kernel_limit AS l (key, full_at)
SELECT key, {now}::timestamptz + take FROM wanted ORDER BY key
ON CONFLICT (key) DO UPDATE
SET full_at = GREATEST(l.full_at, {now}::timestamptz) + (EXCLUDED.full_at - {now}::timestamptz)
WHERE GREATEST(l.full_at, {now}::timestamptz) + (EXCLUDED.full_at - {now}::timestamptz)
      <= {now}::timestamptz + (SELECT span FROM wanted WHERE wanted.key = EXCLUDED.key)
RETURNING key
"""
"""Counts several uses of several limits, all of one's or none; also a part of other statements. `{uses}`: JSON of
`rows`; `{now}`: the moment."""
_TAKE_EACH = TAKE_EACH.format(uses="%(uses)s", now="%(now)s")
_FORGET = "WITH spent AS (DELETE FROM kernel_limit WHERE full_at < %s RETURNING 1) SELECT count(*) FROM spent"


def spend(limit: Limit, who: object) -> None:
    """Count one use of `limit` by `who` (a person's id, an address).

    Raises TooMany, with the seconds to wait, when the allowance is used up. Outside a transaction the count stays even
    if what follows fails, which is what a limit wants.
    """
    key = _key(limit, who)
    moment = now()
    span = float(limit.seconds)
    step = limit.step
    if fetch(_TAKE, {"key": key, "now": moment, "step": step, "span": span}):
        return
    rows = fetch("SELECT full_at FROM kernel_limit WHERE key = %s", [key])
    full_at = rows[0][0] if rows else moment
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


def spend_each(uses: Mapping[tuple[Limit, object], int]) -> set[tuple[Limit, object]]:
    """Count several uses each of several limits by several people or addresses, in one statement: all of one's or none.

    Returns those for whom it was too much.
    """
    parameters = {"uses": json.dumps(rows(uses)), "now": now()}
    granted = {key for (key,) in fetch(_TAKE_EACH, parameters)}
    return {(limit, who) for limit, who in uses if _key(limit, who) not in granted}


def rows(uses: Mapping[tuple[Limit, object], int]) -> list[dict[str, Any]]:
    """The rows of `TAKE_EACH`."""
    return [
        {"key": _key(limit, who), "take": limit.step * times, "span": limit.seconds}
        for (limit, who), times in uses.items()
    ]


def _key(limit: Limit, who: object) -> str:
    return f"{limit.name}:{who}"[:200]


def forget_old() -> int:
    """Drop the rows of allowances that are whole again; returns how many. Run now and then by a job."""
    with connection.cursor() as cursor:
        cursor.execute(_FORGET, [now()])
        return int(cursor.fetchone()[0])
