"""Reads about sources and their runs. Each function runs a fixed number of queries, said in its docstring."""

from __future__ import annotations

import uuid

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from tertulia.enrolments.models import Run, Source
from tertulia.kernel.paging import Slice, keyset
from tertulia.workspaces.models import Workspace


def _sources(workspace: Workspace) -> QuerySet[Source]:
    last = Run.objects.filter(source=OuterRef("pk")).order_by("-id")
    return Source.objects.filter(workspace=workspace).annotate(
        small=Lower("name"),
        enrolled=Count("enrolments", filter=Q(enrolments__active=True)),
        last_at=Subquery(last.values("last_at")[:1]),
        last_run=Subquery(last.values("pk")[:1]),
    )


def sources(workspace: Workspace, *, cursor: str | None = None, limit: int = 50) -> Slice[Source]:
    """The sources by name, each with how many it has `enrolled`, its `last_run` and when that was. One query."""
    return keyset(_sources(workspace), order=("small", "id"), cursor=cursor, limit=limit)


def runs(
    workspace: Workspace, *, source_id: uuid.UUID | None = None, cursor: str | None = None, limit: int = 50
) -> Slice[Run]:
    """What sources (or one of them) did, newest first, with `source` and `by`. One query."""
    rows = Run.objects.select_related("source", "by").filter(source__workspace=workspace)
    if source_id is not None:
        rows = rows.filter(source_id=source_id)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def enrolled(source: Source) -> int:
    """How many people the source has now. One query."""
    return source.enrolments.filter(active=True).count()
