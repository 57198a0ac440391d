"""Reads for the pages of LTI; each in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.utils.translation import ngettext

from tertulia.channels.queries import visible
from tertulia.integrations.lti import refusals
from tertulia.integrations.lti.models import Context, Deployment, Platform, Refused, RosterFetch, SigningKey
from tertulia.integrations.lti.refusals import Reason
from tertulia.integrations.lti.services.keys import PUBLISHED_AFTER
from tertulia.kernel.clock import now
from tertulia.kernel.paging import Slice, keyset
from tertulia.kernel.tidying import tidy
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import Workspace

NEWEST = 50
NEWEST_THREADS = 200
MOST_THREADS = 10
BEGINNING = 100


@dataclass(frozen=True, slots=True)
class Line:
    """A refused launch, as its administrator reads it."""

    at: datetime
    reason: str
    text: str


def platforms() -> list[Platform]:
    """All platforms, by name; each with `course_count`. One query."""
    return list(Platform.objects.annotate(course_count=Count("contexts")).order_by("name", "pk"))


def signing_keys() -> list[SigningKey]:
    """Our published keys, the one that signs first. One query."""
    found = SigningKey.objects.exclude(retired_at__lt=now() - PUBLISHED_AFTER).defer("sealed")
    return list(found.order_by("-created_at"))


def deployments(platform: Platform) -> list[Deployment]:
    """What is accepted. One query."""
    return list(Deployment.objects.filter(platform=platform).order_by("deployment_id"))


def unknown_deployments(platform: Platform) -> list[str]:
    """Deployments that were refused lately and are still not accepted, so that they can be. Two queries."""
    rows = Refused.objects.filter(platform=platform, reason=Reason.UNKNOWN_DEPLOYMENT).order_by("-at")[:NEWEST]
    named = dict.fromkeys(str(row.details.get("deployment", "")) for row in rows)
    known = set(Deployment.objects.filter(platform=platform).values_list("deployment_id", flat=True))
    return [name for name in named if name and name not in known]


def courses(platform: Platform, *, cursor: str | None, limit: int = 50) -> Slice[Context]:
    """Courses that have launched, the newest first, with their workspace, and how many people the newest roster that
    came whole has `listed`. One query.
    """
    done = RosterFetch.objects.filter(context=OuterRef("pk"), state=RosterFetch.State.DONE).order_by("-id")
    rows = Context.objects.select_related("workspace").filter(platform=platform)
    rows = rows.annotate(listed=Subquery(done.values("people_count")[:1]))
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def courses_in(workspace: Workspace) -> list[Context]:
    """The courses that lead to a workspace, by title, with their platform. One query."""
    return list(Context.objects.select_related("platform").filter(workspace=workspace).order_by("title", "pk")[:500])


_THREADS = """
SELECT p.id, c.name, p.text, a.display_name, p.reply_count
FROM unnest(%(channels)s::uuid[]) AS w (channel_id)
JOIN channels_channel c ON c.id = w.channel_id
CROSS JOIN LATERAL (
    SELECT * FROM posts_post x
    WHERE x.channel_id = w.channel_id AND x.root_id IS NULL AND x.kind = 'message' AND x.deleted_at IS NULL
    ORDER BY x.seq DESC LIMIT %(newest)s
) p
JOIN people_person a ON a.id = p.author_id
WHERE strpos(lower(p.text), lower(%(words)s)) > 0
ORDER BY coalesce(p.last_reply_at, p.created_at) DESC, p.id LIMIT %(most)s
"""


def threads(place: Place, *, words: str = "") -> list[tuple[str, str]]:
    """Threads that a member sees and could put into a course: id, and how they begin, those talked in last first.

    Among the newest 200 of each channel, those that hold `words`; at most 10. Two queries, the second one by hand: no
    query of `posts` goes over channels.
    """
    channels = list(visible(place).filter(archived_at=None).values_list("pk", flat=True))
    wanted: dict[str, Any] = {
        "channels": channels,
        "newest": NEWEST_THREADS,
        "words": tidy(words)[:80],
        "most": MOST_THREADS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_THREADS, wanted)
        rows = cursor.fetchall()
    return [
        (
            str(post_id),
            ngettext(
                "#%(channel)s, %(author)s: %(text)s (%(n)d reply)",
                "#%(channel)s, %(author)s: %(text)s (%(n)d replies)",
                replies,
            )
            % {"channel": channel, "author": author, "text": tidy(text)[:BEGINNING], "n": replies},
        )
        for post_id, channel, text, author, replies in rows
    ]


def refused(platform: Platform) -> list[Line]:
    """The newest refused launches of a platform. One query."""
    return _lines(Refused.objects.filter(platform=platform).order_by("-at")[:NEWEST])


def refused_by_nobody() -> list[Line]:
    """The newest refused launches that belong to no platform here. One query."""
    return _lines(Refused.objects.filter(platform=None).order_by("-at")[:NEWEST])


def _lines(rows: QuerySet[Refused]) -> list[Line]:
    return [Line(row.at, row.reason, refusals.to_administrator(row.reason, row.details)) for row in rows]
