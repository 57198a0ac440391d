"""Making, changing, archiving and restoring workspaces."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from tertulia.kernel import audit, bus
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid
from tertulia.kernel.happenings import emit
from tertulia.kernel.tidying import line
from tertulia.people.models import Person
from tertulia.workspaces import access, happenings
from tertulia.workspaces.access import Permission
from tertulia.workspaces.models import SLUG, SLUG_LENGTH, SLUG_PATTERN, Joining, Role, Template, Workspace
from tertulia.workspaces.services._common import admit, enter

NAME_LENGTH = 80
GOAL_LENGTH = 300
# Addresses of our own pages under /workspaces/.
RESERVED = frozenset({"new"})


def create_workspace(
    *,
    actor: Person,
    name: str,
    slug: str = "",
    template: Template | str = Template.COURSE,
    goal: str = "",
    joining: Joining | str = Joining.CLOSED,
    listed: bool = False,
    allowed: bool = False,
) -> Workspace:
    """Makes a workspace with the channels of its template; the actor becomes its owner.

    An empty `slug` is made from the name. One that people may come into by themselves is always `listed`.
    `allowed`: the caller lets the actor, whatever they may otherwise (an LMS whose instructors make their courses').
    Raises Forbidden, Invalid, or Conflict (`slug` is in use).
    """
    if not (allowed or access.may_create(actor)):
        raise Forbidden(_("Only owners of this installation can make workspaces. Ask one of them."))
    joining = _choice(Joining, joining, "joining")
    new = Workspace(
        name=line(name, field="name", label=_("name"), longest=NAME_LENGTH, required=True),
        slug=clean_slug(slug) if slug.strip() else free_slug(name),
        template=_choice(Template, template, "template"),
        goal=line(goal, field="goal", label=_("goal"), longest=GOAL_LENGTH),
        joining=joining,
        listed=listed or joining != Joining.CLOSED,
        created_by=actor,
    )
    with transaction.atomic():
        _save_with_free_slug(new, force_insert=True)
        audit.record(
            actor=actor,
            verb="created",
            object_kind="workspace",
            object_id=new.pk,
            workspace_id=new.pk,
            after=_described(new),
        )
        emit(happenings.WorkspaceCreated(str(new.pk), str(actor.pk), new.template))
        admit(new, actor, Role.OWNER, by=actor, how="joined")
    return new


def update_workspace(
    *,
    actor: Person,
    workspace: Workspace,
    name: str | None = None,
    slug: str | None = None,
    template: Template | str | None = None,
    goal: str | None = None,
    joining: Joining | str | None = None,
    listed: bool | None = None,
    learners_may_message: bool | None = None,
) -> Workspace:
    """Changes what is given, and returns the workspace as it is now. Needs MANAGE_WORKSPACE.

    Raises NotFound, Forbidden, Invalid, or Conflict (archived, or `slug` in use).
    """
    with transaction.atomic():
        now_ = enter(actor, workspace, Permission.MANAGE_WORKSPACE).workspace
        before = _described(now_)
        if name is not None:
            now_.name = line(name, field="name", label=_("name"), longest=NAME_LENGTH, required=True)
        if slug is not None:
            now_.slug = clean_slug(slug)
        if template is not None:
            now_.template = _choice(Template, template, "template")
        if goal is not None:
            now_.goal = line(goal, field="goal", label=_("goal"), longest=GOAL_LENGTH)
        if joining is not None:
            now_.joining = _choice(Joining, joining, "joining")
        if listed is not None:
            now_.listed = listed
        if learners_may_message is not None:
            now_.learners_may_message = learners_may_message
        now_.listed = now_.listed or now_.joining != Joining.CLOSED
        after = _described(now_)
        changed = [name for name in after if after[name] != before[name]]
        if changed:
            _save_with_free_slug(now_, update_fields=changed)
            audit.record(
                actor=actor,
                verb="changed",
                object_kind="workspace",
                object_id=now_.pk,
                workspace_id=now_.pk,
                before={name: before[name] for name in changed},
                after={name: after[name] for name in changed},
            )
            bus.notify("workspace", workspace=now_.pk)
    return now_


def change_workspace(*, actor: Person, workspace: Workspace, archived: bool | None = None, **changes: Any) -> Workspace:
    """`update_workspace` together with archiving or restoring: restores first, or archives last. All or nothing."""
    with transaction.atomic():
        if archived is False:
            restore_workspace(actor=actor, workspace=workspace)
        if changes or archived is None:
            workspace = update_workspace(actor=actor, workspace=workspace, **changes)
        if archived:
            archive_workspace(actor=actor, workspace=workspace)
    return workspace


def archive_workspace(*, actor: Person, workspace: Workspace) -> Workspace:
    """Makes it read-only and takes it out of the directory and switchers. Needs ARCHIVE_WORKSPACE; idempotent."""
    return _set_archived(actor, workspace, archived=True)


def restore_workspace(*, actor: Person, workspace: Workspace) -> Workspace:
    """Undoes `archive_workspace`. Needs ARCHIVE_WORKSPACE; idempotent."""
    return _set_archived(actor, workspace, archived=False)


def _set_archived(actor: Person, workspace: Workspace, *, archived: bool) -> Workspace:
    with transaction.atomic():
        place = enter(actor, workspace, Permission.ARCHIVE_WORKSPACE, archived=True)
        if place.is_archived != archived:
            place.workspace.archived_at = now() if archived else None
            place.workspace.save(update_fields=["archived_at"])
            audit.record(
                actor=actor,
                verb="archived" if archived else "restored",
                object_kind="workspace",
                object_id=place.workspace.pk,
                workspace_id=place.workspace.pk,
            )
            bus.notify("workspace", workspace=place.workspace.pk)
    return place.workspace


def clean_slug(slug: str) -> str:
    """A slug as typed, in small letters. Raises Invalid for what cannot be an address, Conflict for reserved ones."""
    slug = slug.strip().lower()
    if len(slug) > SLUG_LENGTH:
        raise Invalid(
            _("The address has %(length)s characters; %(longest)s is the most.")
            % {"length": len(slug), "longest": SLUG_LENGTH},
            field="slug",
        )
    if not SLUG_PATTERN.fullmatch(slug):
        raise Invalid(str(SLUG.message), field="slug")
    if slug in RESERVED:
        raise _slug_taken(slug)
    return slug


def free_slug(name: str) -> str:
    """An address made from a name that is free at this moment."""
    base = slugify(name)[: SLUG_LENGTH - 4].strip("-_").replace("_", "-") or "workspace"
    taken = set(Workspace.objects.filter(slug__startswith=base).values_list("slug", flat=True)) | RESERVED
    numbered = (f"{base}-{number}" for number in range(2, len(taken) + 3))
    return base if base not in taken else next(slug for slug in numbered if slug not in taken)


def _save_with_free_slug(workspace: Workspace, **how: Any) -> None:
    try:
        with transaction.atomic():
            workspace.save(**how)
    except IntegrityError as error:
        if "workspace_slug_unique" not in str(error):
            raise
        raise _slug_taken(workspace.slug) from None


def _slug_taken(slug: str) -> Conflict:
    return Conflict(
        _("The address “%(slug)s” is in use. Choose another.") % {"slug": slug}, type="slug-taken", field="slug"
    )


def _choice(choices: type[Any], value: str, field: str) -> Any:
    try:
        return choices(value)
    except ValueError:
        raise Invalid(
            _("“%(value)s” is not known here. Choose one of: %(choices)s.")
            % {"value": value[:40], "choices": ", ".join(choices.values)},
            field=field,
        ) from None


def _described(workspace: Workspace) -> dict[str, Any]:
    fields = ("name", "slug", "template", "goal", "joining", "listed", "learners_may_message")
    return {field: getattr(workspace, field) for field in fields}
