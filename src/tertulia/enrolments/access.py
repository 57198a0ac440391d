"""Who may see sources, rules and what they did: members with ENROL, and owners of the installation for its own.

Everybody else gets the answer of a wrong address.
"""

from __future__ import annotations

import uuid

from tertulia.enrolments.models import Question, Rule, Run, Source, System, UploadedList
from tertulia.kernel.errors import NotFound
from tertulia.people import access as people
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


def rule(place: Place, rule_id: uuid.UUID) -> Rule:
    """A rule of this workspace, with its author. Raises NotFound."""
    found = Rule.objects.select_related("author", "system").filter(workspace=place.workspace, pk=rule_id).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found


def installation(person: Person) -> Person:
    """Owners of the installation may. Raises NotFound for everybody else."""
    people.check_installation(person)
    return person


def installation_rule(person: Person, rule_id: uuid.UUID) -> Rule:
    """A rule of the installation, for its owners. Raises NotFound."""
    installation(person)
    found = Rule.objects.select_related("author", "system").filter(workspace=None, pk=rule_id).first()
    if found is None:
        raise NotFound
    return found


def system(person: Person, system_id: uuid.UUID) -> System:
    """A system that does not belong to one workspace, for owners of the installation. Raises NotFound."""
    installation(person)
    found = System.objects.filter(workspace=None, pk=system_id).first()
    if found is None:
        raise NotFound
    return found


def member_place(person: Person, slug: str) -> Place:
    """The workspace, for all of its members, who may answer its questions. Raises NotFound for outsiders."""
    return access.workspace(person, slug)


def question(place: Place, question_id: uuid.UUID) -> Question:
    """A question of this workspace. Raises NotFound."""
    found = Question.objects.filter(workspace=place.workspace, pk=question_id).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found
