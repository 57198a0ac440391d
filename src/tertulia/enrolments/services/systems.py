"""Systems: outside systems that tell of people, and the workspaces whose rules may see what they tell."""

from __future__ import annotations

import uuid
from collections.abc import Collection

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from tertulia.enrolments import jobs
from tertulia.enrolments.models import NAME_LENGTH, Kind, Rule, System
from tertulia.kernel import audit
from tertulia.kernel.errors import Conflict, Invalid, NotFound
from tertulia.kernel.tidying import tidy
from tertulia.people import access as people
from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

ISSUER_LENGTH = 255
WHOLE = 100  # percent


def open_system(
    *,
    kind: Kind,
    name: str,
    issuer: str = "",
    mail_verified: bool = False,
    workspace: Workspace | None = None,
) -> System:
    """The system of this kind and issuer, or of this kind and workspace; made when it is first heard of.

    `name` and `mail_verified` become what is said now. `workspace`: it is this one's alone, and no other ever sees it;
    otherwise workspaces see nothing of it before an owner of the installation opens it to them.
    """
    issuer = issuer[:ISSUER_LENGTH]
    name = tidy(name)[:NAME_LENGTH].strip() or issuer[:NAME_LENGTH] or str(kind.label)
    with transaction.atomic():
        system, is_new = System.objects.get_or_create(
            kind=kind, issuer=issuer, workspace=workspace, defaults={"name": name, "mail_verified": mail_verified}
        )
        if not is_new and (system.name, system.mail_verified) != (name, mail_verified):
            system.name, system.mail_verified = name, mail_verified
            system.save(update_fields=["name", "mail_verified"])
    return system


def change_system(
    *,
    system: System,
    name: str | None = None,
    issuer: str | None = None,
    mail_verified: bool | None = None,
    largest_share: int | None = None,
) -> System:
    """Another name, issuer, trust or share of a system whose connection has been changed; what is None stays.

    Who waited for an identity of the new issuer is found when the nightly job looks, or when they come.
    Raises Conflict if another system has this issuer, Invalid for an impossible share.
    """
    if largest_share is not None and not 0 <= largest_share <= WHOLE:
        raise Invalid(_("The share is a number of percent from 0 to 100."), field="largest_share")
    wanted = {
        "name": tidy(name)[:NAME_LENGTH].strip() or None if name is not None else None,
        "issuer": issuer[:ISSUER_LENGTH] if issuer is not None else None,
        "mail_verified": mail_verified,
        "largest_share": largest_share,
    }
    changes = {field: value for field, value in wanted.items() if value is not None and value != getattr(system, field)}
    if not changes:
        return system
    try:
        with transaction.atomic():
            System.objects.filter(pk=system.pk).update(**changes)
    except IntegrityError:
        raise Conflict(_("Another system has this issuer already."), type="issuer-taken") from None
    for field, value in changes.items():
        setattr(system, field, value)
    return system


def lend_system(*, actor: Person, system: System, is_open: bool, workspaces: Collection[Workspace]) -> None:
    """Say whose rules may see what a system tells: everybody's, or those of these workspaces.

    For owners of the installation.

    Rules that see more or less by that are applied by jobs. Raises NotFound.
    """
    people.check_installation(actor)
    with transaction.atomic():
        locked = System.objects.select_for_update().filter(pk=system.pk, workspace=None).first()
        if locked is None:
            raise NotFound
        before = _lent(locked)
        locked.is_open = is_open
        locked.save(update_fields=["is_open"])
        locked.workspaces.set(workspaces)
        after = _lent(locked)
        if before != after:
            audit.record(
                actor=actor,
                verb="opened the system",
                object_kind="system",
                object_id=system.pk,
                before=before,
                after=after,
            )
            follow_lending()


def follow_lending() -> None:
    """Apply all rules by jobs: they may see more, or less."""
    for rule_id in Rule.objects.filter(is_on=True).exclude(workspace=None).order_by("pk").values_list("pk", flat=True):
        jobs.apply_rule.configure(lock=f"rule-{rule_id}").defer(rule_id=str(rule_id))


def _lent(system: System) -> dict[str, object]:
    slugs = system.workspaces.order_by("slug").values_list("slug", flat=True)
    return {"name": system.name, "is_open": system.is_open, "workspaces": list(slugs)}


def visible(workspace: Workspace | None, author: Person | None) -> QuerySet[System]:
    """The systems of which a rule of this author may know (no workspace: a rule of the installation).

    Owners of the installation see all that do not belong to one workspace alone.
    """
    common = Q(workspace=None)
    if author is None or not author.is_owner or not author.is_active:
        common &= Q(is_open=True) | Q(workspaces=workspace) if workspace is not None else Q(pk=None)
    own = Q(workspace=workspace) if workspace is not None else Q(pk=None)
    return System.objects.filter(common | own).distinct()


def visible_ids(workspace: Workspace | None, author: Person | None) -> Collection[uuid.UUID]:
    """The ids of `visible`. One query."""
    return list(visible(workspace, author).values_list("pk", flat=True))
