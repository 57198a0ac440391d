"""Named groups of members: cohorts, teams."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus
from tertulia.kernel.bulk import insert_alike
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.happenings import emit
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import happenings
from tertulia.workspaces.access import Permission, Place
from tertulia.workspaces.models import (
    GROUP_SLUG_LENGTH,
    SLUG,
    SLUG_PATTERN,
    Group,
    GroupMembership,
    Membership,
    Workspace,
)
from tertulia.workspaces.services._common import enter

NAME_LENGTH = 80
# Mentions of everybody in a channel look like mentions of groups.
RESERVED = frozenset({"channel", "here", "everyone", "all", "new"})


def create_group(*, actor: Person, workspace: Workspace, name: str, slug: str = "") -> Group:
    """Makes an empty group; an empty `slug` (its handle in mentions) is made from the name. Needs MANAGE_GROUPS.

    Raises Invalid, or Conflict for a handle in use.
    """
    name = line(name, field="name", label=_("name"), longest=NAME_LENGTH, required=True)
    with transaction.atomic():
        place = enter(actor, workspace, Permission.MANAGE_GROUPS)
        group = Group(workspace=place.workspace, name=name, slug=_clean_slug(slug or slugify(name)))
        _save(group)
        _record(actor, "created", group, after={"name": group.name, "slug": group.slug})
    return group


def rename_group(*, actor: Person, group: Group, name: str, slug: str | None = None) -> Group:
    """Another name and, if given, another handle. Needs MANAGE_GROUPS."""
    name = line(name, field="name", label=_("name"), longest=NAME_LENGTH, required=True)
    with transaction.atomic():
        place = enter(actor, group.workspace, Permission.MANAGE_GROUPS)
        current = _locked(place, group)
        before = {"name": current.name, "slug": current.slug}
        current.name = name
        current.slug = current.slug if slug is None else _clean_slug(slug or slugify(name))
        after = {"name": current.name, "slug": current.slug}
        if after != before:
            _save(current)
            _record(actor, "renamed", current, before=before, after=after)
    return current


def change_group(
    *,
    actor: Person,
    group: Group,
    name: str | None = None,
    slug: str | None = None,
    person_ids: Collection[uuid.UUID] | None = None,
) -> Group:
    """Renames a group, gives it exactly these people, or both: all or nothing. Needs MANAGE_GROUPS."""
    with transaction.atomic():
        changed = rename_group(actor=actor, group=group, name=group.name if name is None else name, slug=slug)
        if person_ids is not None:
            set_group_members(actor=actor, group=changed, person_ids=person_ids)
    return changed


def delete_group(*, actor: Person, group: Group) -> None:
    """Ends a group; who came into channels only through it leaves them. Needs MANAGE_GROUPS."""
    with transaction.atomic():
        place = enter(actor, group.workspace, Permission.MANAGE_GROUPS)
        current = _locked(place, group)
        emit(happenings.GroupDeleted(str(place.workspace.pk), str(current.pk)))
        _record(actor, "deleted", current, before={"name": current.name, "slug": current.slug})
        current.delete()


def set_group_members(*, actor: Person, group: Group, person_ids: Collection[uuid.UUID]) -> None:
    """Makes exactly these members the group. Needs MANAGE_GROUPS; raises Invalid for people who are not members."""
    wanted = set(person_ids)
    with transaction.atomic():
        place = enter(actor, group.workspace, Permission.MANAGE_GROUPS)
        current = _locked(place, group)
        present = _people(current)
        _change(actor, place, current, add=wanted - present, remove=present - wanted)


def add_to_group(*, actor: Person, group: Group, person_ids: Collection[uuid.UUID]) -> None:
    """Takes these in, whoever else is there. Needs MANAGE_GROUPS; raises Invalid for people who are not members."""
    with transaction.atomic():
        place = enter(actor, group.workspace, Permission.MANAGE_GROUPS)
        current = _locked(place, group)
        _change(actor, place, current, add=set(person_ids) - _people(current), remove=set())


def remove_from_group(*, actor: Person, group: Group, person_ids: Collection[uuid.UUID]) -> None:
    """Takes these people out; idempotent. Needs MANAGE_GROUPS."""
    with transaction.atomic():
        place = enter(actor, group.workspace, Permission.MANAGE_GROUPS)
        current = _locked(place, group)
        _change(actor, place, current, add=set(), remove=_people(current) & set(person_ids))


def _locked(place: Place, group: Group) -> Group:
    # The workspace's lock, held by `enter`, keeps the group's members still as well.
    found = Group.objects.filter(pk=group.pk, workspace=place.workspace).first()
    if found is None:
        raise NotFound
    found.workspace = place.workspace
    return found


def _people(group: Group) -> set[uuid.UUID]:
    return set(GroupMembership.objects.filter(group=group).values_list("person_id", flat=True))


def _change(actor: Person, place: Place, group: Group, *, add: set[uuid.UUID], remove: set[uuid.UUID]) -> None:
    if not add and not remove:
        return
    if Membership.objects.filter(workspace=place.workspace, person_id__in=add).count() != len(add):
        raise Invalid(_("Only members of this workspace can be in its groups."), field="person_ids")
    exchange(actor, group, add=add, remove=remove)
    bus.notify("workspace", workspace=place.workspace.pk)


def exchange(
    actor: Person | None,
    group: Group,
    *,
    add: Collection[uuid.UUID],
    remove: Collection[uuid.UUID],
    quiet: bool = False,
) -> dict[uuid.UUID, int]:
    """Takes members into a group of a locked workspace, and others out of it; gives back the new rows by person."""
    people = [{"person_id": person_id} for person_id in sorted(add)]
    new: dict[uuid.UUID, int] = dict(insert_alike(GroupMembership(group=group), people, returning=["person_id", "id"]))
    GroupMembership.objects.filter(group=group, person_id__in=remove).delete()
    added, removed = (tuple(sorted(map(str, people))) for people in (add, remove))
    _record(
        actor, "changed the people of", group, after={"name": group.name, "added": len(added), "removed": len(removed)}
    )
    emit(happenings.GroupChanged(str(group.workspace_id), str(group.pk), added, removed, quiet))
    return new


def _clean_slug(slug: str) -> str:
    slug = slug.strip().lower().removeprefix("@")
    if len(slug) > GROUP_SLUG_LENGTH:
        slug_error = _("The handle has %(length)s characters; %(longest)s is the most.")
        raise Invalid(slug_error % {"length": len(slug), "longest": GROUP_SLUG_LENGTH}, field="slug")
    if not SLUG_PATTERN.fullmatch(slug):
        raise Invalid(str(SLUG.message), field="slug")
    if slug in RESERVED:
        raise Conflict(_("“@%(slug)s” has a meaning of its own. Choose another handle.") % {"slug": slug}, field="slug")
    return slug


def _save(group: Group) -> None:
    try:
        with transaction.atomic():
            group.save()
    except IntegrityError as error:
        if "group_slug_unique" not in str(error):
            raise
        raise Conflict(
            _("There is a group with the handle “@%(slug)s” already.") % {"slug": group.slug},
            type="slug-taken",
            field="slug",
        ) from None


def _record(
    actor: Person | None,
    verb: str,
    group: Group,
    *,
    before: Mapping[str, object] | None = None,
    after: Mapping[str, object] | None = None,
) -> None:
    audit.record(
        actor=actor,
        verb=verb,
        object_kind="group",
        object_id=group.pk,
        workspace_id=group.workspace_id,
        before=before,
        after=after,
    )
