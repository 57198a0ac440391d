"""Who may: platforms are the installation's owners', a course is run by who runs its workspace."""

from __future__ import annotations

import uuid

from tertulia.channels import access as channels
from tertulia.integrations.lti import secrets
from tertulia.integrations.lti.models import (
    Context,
    DeepLinking,
    Grade,
    Pending,
    Placement,
    Platform,
    RegistrationLink,
)
from tertulia.integrations.lti.services import facts
from tertulia.kernel.clock import now
from tertulia.kernel.errors import NotFound
from tertulia.people import access as people
from tertulia.people.models import Person
from tertulia.workspaces import access as workspaces
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import Membership, Workspace


def check_owner(person: Person) -> None:
    """Raises NotFound for everybody but owners of the installation: its set-up is nobody else's business."""
    people.check_installation(person)


def platform(person: Person, platform_id: uuid.UUID) -> Platform:
    """A platform, for an owner of the installation. Raises NotFound."""
    check_owner(person)
    found = Platform.objects.filter(pk=platform_id).first()
    if found is None:
        raise NotFound
    return found


def installation_course(person: Person, context_id: uuid.UUID) -> Context:
    """Any course, for owners of the installation, with its workspace and platform. Raises NotFound."""
    check_owner(person)
    found = Context.objects.select_related("platform", "workspace").filter(pk=context_id).first()
    if found is None:
        raise NotFound
    return found


def context(person: Person, context_id: uuid.UUID) -> tuple[Context, Place]:
    """A course, for who may manage the members of its workspace. Raises NotFound for everybody else."""
    found = Context.objects.select_related("platform", "workspace", "unit_channel").filter(pk=context_id).first()
    if found is None or found.workspace is None:
        raise NotFound
    place = workspaces.workspace_by_id(person, found.workspace.pk)
    if not workspaces.may(place, Permission.MANAGE_MEMBERS):
        raise NotFound
    return found, place


def placement(person: Person, placement_id: uuid.UUID) -> tuple[Placement, Place]:
    """Something that stands in a course, for members of its workspace. Raises NotFound."""
    found = (
        Placement.objects.select_related("channel__workspace", "thread", "context__workspace")
        .filter(pk=placement_id)
        .first()
    )
    if found is None or found.context.workspace is None:
        raise NotFound
    place = workspaces.workspace_by_id(person, found.context.workspace.pk)
    if found.channel is not None:
        channels.channel(person, found.channel.pk)
    return found, place


def set_up(person: Person, context_id: uuid.UUID) -> Context:
    """A course, for whom its platform last called an instructor of it. Raises NotFound."""
    found = Context.objects.select_related("platform", "workspace").filter(pk=context_id, platform__is_active=True)
    context = found.filter(runners__person=person).first()
    if context is None:
        raise NotFound
    return context


def places(person: Person, context_id: uuid.UUID) -> tuple[Context, list[Workspace], bool]:
    """Where rules about a course have put somebody, and whether they run it and it has no home. Raises NotFound."""
    found = Context.objects.select_related("platform").filter(pk=context_id, platform__is_active=True).first()
    there = facts.places(found, person) if found is not None else []
    if found is None or not there:
        raise NotFound
    return found, there, found.workspace_id is None and found.runners.filter(person=person).exists()


def courses_of(person: Person, slug: str) -> Place:
    """A workspace, for who may say what its courses give. Raises NotFound, Forbidden."""
    place = workspaces.workspace(person, slug)
    workspaces.check(place, Permission.MANAGE_MEMBERS)
    return place


def runs(person: Person) -> list[Place]:
    """The workspaces that this person may give a course, by name: where they manage members, archived ones left out."""
    memberships = (
        Membership.objects.select_related("workspace")
        .filter(person=person, role__in=workspaces.GRANTS[Permission.MANAGE_MEMBERS], workspace__archived_at=None)
        .order_by("workspace__name", "workspace_id")
    )
    return [Place.of(membership) for membership in memberships]


def deep_linking(person: Person, request_id: uuid.UUID) -> DeepLinking:
    """A choice that this person was sent here to make, and has not made yet. Raises NotFound."""
    found = (
        DeepLinking.objects.select_related("context__platform", "context__workspace")
        .filter(pk=request_id, person=person, used_at=None, expires_at__gt=now(), context__platform__is_active=True)
        .first()
    )
    if found is None or found.context.workspace is None:
        raise NotFound
    return found


def registration(secret: str) -> RegistrationLink:
    """A registration link that still works, for whoever holds it. Raises NotFound."""
    found = RegistrationLink.objects.select_related("by").filter(
        digest=secrets.digest(secret), used_at=None, expires_at__gt=now(), by__is_owner=True, by__is_active=True
    )
    link = found.first()
    if link is None:
        raise NotFound
    return link


def pending(secret: str) -> Pending:
    """A launch that waits in the browser which holds this secret. Raises NotFound."""
    found = (
        Pending.objects.select_related("platform")
        .filter(digest=secrets.digest(secret), expires_at__gt=now(), platform__is_active=True)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def course_of(person: Person, slug: str, context_id: uuid.UUID) -> tuple[Context, Place]:
    """As `context`, within the workspace that the address names. Raises NotFound."""
    found, place = context(person, context_id)
    if place.workspace.slug != slug:
        raise NotFound
    return found, place


def grade(person: Person, slug: str, grade_id: uuid.UUID) -> tuple[Grade, Place]:
    """A grade, for who may manage the members of its course's workspace. Raises NotFound for everybody else."""
    related = ("context__platform", "context__workspace", "link__thread", "link__placement", "by")
    found = Grade.objects.select_related(*related).filter(pk=grade_id).first()
    if found is None:
        raise NotFound
    _context, place = course_of(person, slug, found.context_id)
    return found, place
