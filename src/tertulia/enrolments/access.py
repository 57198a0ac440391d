"""Who may see sources and what they did: members with ENROL. Everybody else gets the answer of a wrong address."""

from __future__ import annotations

import uuid

from tertulia.enrolments.models import Run, Source, UploadedList
from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person
from tertulia.workspaces import access
from tertulia.workspaces.access import Permission, Place


def place(person: Person, slug: str) -> Place:
    """The workspace, for those who run its enrolments. Raises NotFound for outsiders, Forbidden for other members."""
    found = access.workspace(person, slug)
    access.check(found, Permission.ENROL)
    return found


def source(place: Place, source_id: uuid.UUID) -> Source:
    """A source of this workspace. Raises NotFound."""
    found = Source.objects.filter(workspace=place.workspace, pk=source_id).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found


def run(place: Place, run_id: uuid.UUID) -> Run:
    """A run of one of this workspace's sources, with the source and who made it. Raises NotFound."""
    found = Run.objects.select_related("source", "by").filter(source__workspace=place.workspace, pk=run_id).first()
    if found is None:
        raise NotFound
    return found


def uploaded(place: Place, list_id: uuid.UUID) -> UploadedList:
    """A list that this person uploaded here and has not applied yet. Raises NotFound."""
    rows = UploadedList.objects.select_related("source").filter(source__workspace=place.workspace)
    found = rows.filter(pk=list_id, by_id=place.membership.person_id).first()
    if found is None:
        raise NotFound
    found.source.workspace = place.workspace
    return found
