"""Reads: who is where, with which role. Each function runs a fixed number of queries, said in its docstring."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Lower

from tertulia.kernel.models import AuditEntry
from tertulia.kernel.paging import Slice, keyset
from tertulia.people import queries as people_queries
from tertulia.people.models import Person
from tertulia.workspaces.access import Place
from tertulia.workspaces.models import (
    Ban,
    Group,
    GroupMembership,
    Invitation,
    JoinRequest,
    Membership,
    Role,
    Workspace,
)

TOLD = ("workspace", "person", "group", "invitation", "enrolment source", "enrolment rule", "question")
"""The kinds of objects of which the log of a workspace tells."""


def workspaces_of(person: Person, *, archived: bool = False) -> list[Place]:
    """The person's workspaces by name; `archived`: only those, else only the others. One query."""
    rows = (
        Membership.objects.select_related("workspace")
        .filter(person_id=person.pk, workspace__archived_at__isnull=not archived)
        .order_by(Lower("workspace__name"), "workspace_id")
    )
    return [Place.of(row) for row in rows]


def recent_workspace(person: Person, slug: str = "") -> Workspace | None:
    """Where to go when somebody comes in: the workspace `slug` if theirs, else the one joined last. One query."""
    rows = Membership.objects.select_related("workspace").filter(person_id=person.pk, workspace__archived_at=None)
    newest: Membership | None = None
    for row in rows.order_by("-joined_at", "-id"):
        if row.workspace.slug == slug:
            return row.workspace
        newest = newest or row
    return newest.workspace if newest else None


def workspaces_page(person: Person, *, cursor: str | None = None, limit: int = 50) -> Slice[Membership]:
    """The person's memberships, archived workspaces too, by the workspace's address. One query."""
    rows = Membership.objects.select_related("workspace").filter(person_id=person.pk).annotate(slug=_slug())
    return keyset(rows, order=("slug", "id"), cursor=cursor, limit=limit)


def _slug() -> Lower:
    return Lower("workspace__slug")


def place_ids(person: Person) -> frozenset[uuid.UUID]:
    """Ids of the workspaces the person is in. One query."""
    return frozenset(Membership.objects.filter(person_id=person.pk).values_list("workspace_id", flat=True))


def share_workspace(a_id: uuid.UUID, b_id: uuid.UUID) -> bool:
    """Whether two people meet in some workspace. One query.

    A guest meets its staff, and the people in the channels given to them.
    """
    if a_id == b_id:
        return True
    return bool(people_queries.shared_workspaces(a_id, b_id))


def role_of(workspace_id: uuid.UUID, person_id: uuid.UUID) -> Role | None:
    """The role of a person in a workspace, None for outsiders. One query."""
    role = Membership.objects.filter(workspace_id=workspace_id, person_id=person_id).values_list("role", flat=True)
    found = role.first()
    return Role(found) if found else None


def members(
    place: Place, q: str = "", role: Role | str | None = None, after: str | None = None, limit: int = 50
) -> Slice[Membership]:
    """Members by name, with their `person`; `q` searches names and handles, `after` is a cursor. One query."""
    rows = Membership.objects.select_related("person").filter(workspace=place.workspace)
    if role:
        rows = rows.filter(role=role)
    if q:
        rows = rows.filter(_named(q, "person__"))
    rows = rows.annotate(sort_name=Lower("person__display_name"))
    return keyset(rows, order=("sort_name", "id"), cursor=after, limit=limit)


def member_people(place: Place) -> QuerySet[Person]:
    """The people of a workspace, to narrow further (autocompletion, pickers)."""
    return Person.objects.filter(memberships__workspace=place.workspace)


def member_counts(place: Place) -> dict[Role, int]:
    """How many members have each role; roles of nobody are left out. One query."""
    rows = Membership.objects.filter(workspace=place.workspace).values_list("role").annotate(Count("id"))
    return {Role(role): count for role, count in rows}


def groups(place: Place) -> list[Group]:
    """The groups by name, each with its `size`. One query."""
    rows = Group.objects.filter(workspace=place.workspace).annotate(size=Count("memberships"))
    return list(rows.order_by(Lower("name"), "id"))


def group_people(place: Place, slugs: Collection[str]) -> dict[str, set[uuid.UUID]]:
    """Who is in these groups; unknown slugs are left out, empty groups are not. One query."""
    rows = Group.objects.filter(workspace=place.workspace, slug__in=[slug.lower() for slug in slugs])
    found: dict[str, set[uuid.UUID]] = defaultdict(set)
    for slug, person_id in rows.values_list("slug", "memberships__person_id"):
        found[slug] |= {person_id} if person_id else set()
    return dict(found)


def group_member_ids(group_id: uuid.UUID) -> set[uuid.UUID]:
    """Who is in one group. One query."""
    return set(GroupMembership.objects.filter(group_id=group_id).values_list("person_id", flat=True))


def group_members(group: Group, *, cursor: str | None = None, limit: int = 50) -> Slice[Person]:
    """The people of one group by name. One query."""
    people = Person.objects.filter(pk__in=GroupMembership.objects.filter(group=group).values("person_id"))
    people = people.annotate(sort_name=Lower("display_name"))
    return keyset(people, order=("sort_name", "id"), cursor=cursor, limit=limit)


def group_candidates(group: Group, q: str, *, limit: int = 20) -> list[Person]:
    """Members who are not in the group yet and whose name or handle has `q`, by name. One query."""
    people = Person.objects.filter(_named(q), memberships__workspace_id=group.workspace_id)
    people = people.exclude(pk__in=GroupMembership.objects.filter(group=group).values("person_id"))
    return list(people.order_by(Lower("display_name"), "id")[:limit])


def _named(q: str, prefix: str = "") -> Q:
    return Q(**{f"{prefix}display_name__icontains": q}) | Q(**{f"{prefix}handle__icontains": q.removeprefix("@")})


def directory(person: Person, *, q: str = "", cursor: str | None = None, limit: int = 30) -> Slice[Workspace]:
    """Listed workspaces and the person's own, by name. One query.

    Each carries `role` (the person's, or None) and `asked` (whether their request waits).
    """
    mine = Membership.objects.filter(workspace=OuterRef("pk"), person_id=person.pk)
    asked = JoinRequest.objects.filter(workspace=OuterRef("pk"), person_id=person.pk)
    rows = Workspace.objects.filter(Q(listed=True) | Exists(mine), archived_at=None)
    if q:
        rows = rows.filter(Q(name__icontains=q) | Q(goal__icontains=q))
    rows = rows.annotate(role=Subquery(mine.values("role")[:1]), asked=Exists(asked), sort_name=Lower("name"))
    return keyset(rows, order=("sort_name", "id"), cursor=cursor, limit=limit)


def has_asked(workspace: Workspace, person: Person) -> bool:
    """Whether the person's request to join waits for a decision. One query."""
    return JoinRequest.objects.filter(workspace=workspace, person_id=person.pk).exists()


def invitations(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[Invitation]:
    """Invitations, newest first, those that no longer work too, with who made them (`by`). One query."""
    rows = Invitation.objects.select_related("by", "workspace").filter(workspace=place.workspace)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def requests(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[JoinRequest]:
    """People who ask to join, oldest first, with `person`. One query."""
    rows = JoinRequest.objects.select_related("person").filter(workspace=place.workspace)
    return keyset(rows, order=("id",), cursor=cursor, limit=limit)


def request_count(place: Place) -> int:
    """How many requests wait. One query."""
    return JoinRequest.objects.filter(workspace=place.workspace).count()


def bans(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[Ban]:
    """Banned people, newest first, with `person` and `by`. One query."""
    rows = Ban.objects.select_related("person", "by").filter(workspace=place.workspace)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)


def log(place: Place, *, cursor: str | None = None, limit: int = 50) -> Slice[AuditEntry]:
    """What was changed in this workspace and by whom, newest first, with `actor`. One query.

    Without what concerns channels and posts: private channels do not exist for those who are not in them.
    """
    rows = AuditEntry.objects.select_related("actor").filter(workspace_id=place.workspace.pk)
    rows = rows.filter(object_kind__in=TOLD)
    return keyset(rows, order=("-id",), cursor=cursor, limit=limit)
