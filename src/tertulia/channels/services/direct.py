"""Direct conversations: between the same people there is one, for ever."""

from __future__ import annotations

import hashlib
import itertools
import uuid
from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.translation import gettext as _

from tertulia.channels.access import Partner, partners_of, why_not_message
from tertulia.channels.models import Channel, ChannelMembership, Kind, Visibility
from tertulia.channels.services import seating
from tertulia.kernel import bus, limits
from tertulia.kernel.errors import Conflict, Forbidden, Invalid
from tertulia.people.models import Person
from tertulia.workspaces.access import Place, workspace_by_id
from tertulia.workspaces.models import STAFF, Role, Workspace

MOST_PEOPLE = 8
"""Including the one who opens it."""


def open_direct(
    *, actor: Person, workspace: Workspace, person_ids: Collection[uuid.UUID], quiet: bool = False
) -> Channel:
    """The direct conversation between the actor and these people; made if there is none yet, shown again if closed.

    Nobody but oneself: notes to oneself. A conversation that exists opens even where a new one would be refused (it
    can be read; `Seat.why_not_post` says why nothing can be added). `quiet`, for imports of what was said elsewhere:
    neither asks who may write to whom, nor counts, nor tells anybody.
    Raises NotFound, Invalid (too many, not in the workspace), Forbidden, Conflict (`archived`), TooMany.
    """
    place = workspace_by_id(actor, workspace.pk)
    everybody = sorted({actor.pk, *person_ids})
    if len(everybody) > MOST_PEOPLE:
        raise Invalid(
            _("A direct conversation holds %(most)s people at most, you included. Make a private channel instead.")
            % {"most": MOST_PEOPLE},
            field="person_ids",
        )
    if not quiet:
        limits.spend(limits.WRITES, actor.pk)
    slug = direct_slug(workspace.pk, everybody)
    known = ChannelMembership.objects.filter(
        channel__workspace=place.workspace, channel__slug=slug, channel__kind=Kind.DIRECT, person=actor
    ).select_related("channel__workspace")
    membership = known.first()
    if membership is None:
        if not quiet:
            _check(place, partners_of(actor, place.workspace, everybody), len(everybody) - 1)
        return _make(place, slug, everybody, quiet=quiet)
    if membership.hidden and not quiet:
        with transaction.atomic():
            ChannelMembership.objects.filter(pk=membership.pk).update(hidden=False)
            bus.notify("sidebar", person=actor.pk)
    return membership.channel


def direct_slug(workspace_id: uuid.UUID, person_ids: Sequence[uuid.UUID]) -> str:
    """The address of the conversation between these people: `d-` and 24 hex digits, the same for every order."""
    text = ":".join(str(part) for part in (workspace_id, *sorted(person_ids)))
    return f"d-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _check(place: Place, partners: Sequence[Partner], expected: int) -> None:
    if place.is_archived:
        raise Conflict(_("This workspace is archived: no conversation can be started."), type="archived")
    if len(partners) != expected or any(partner.role is None for partner in partners):
        raise Invalid(_("Only members of this workspace can be written to here."), field="person_ids")
    if reason := why_not_message(place, partners):
        raise Forbidden(reason)
    for partner in partners:
        if partner.blocked or partner.blocks or not _meet(place, place.membership.person_id, place.role, partner):
            raise Forbidden(_("You cannot write to %(name)s here.") % {"name": partner.person})
    for one, other in itertools.combinations(partners, 2):
        assert one.role is not None
        if not _meet(place, one.person.pk, one.role, other):
            raise Forbidden(_("%(a)s and %(b)s do not share a channel.") % {"a": one.person, "b": other.person})


def _meet(place: Place, person_id: uuid.UUID, role: Role, partner: Partner) -> bool:
    """Whether two members may know of each other: a guest knows staff and those who share a channel with them."""
    if Role.GUEST not in (role, partner.role) or role in STAFF or partner.role in STAFF:
        return True
    shared = ChannelMembership.objects.filter(
        person_id=person_id, channel__workspace=place.workspace, channel__archived_at=None
    ).exclude(channel__kind=Kind.DIRECT)
    return shared.filter(channel__memberships__person=partner.person).exists()


@transaction.atomic
def _make(place: Place, slug: str, everybody: Sequence[uuid.UUID], *, quiet: bool) -> Channel:
    members = seating.lock_members(place.workspace.pk, everybody)
    # Whoever comes second waits here for the first one's commit and then finds their channel.
    Channel.objects.bulk_create(
        [
            Channel(
                workspace=place.workspace,
                kind=Kind.DIRECT,
                visibility=Visibility.PRIVATE,
                slug=slug,
                direct_people=list(everybody),
                created_by=place.membership.person,
            )
        ],
        ignore_conflicts=True,
    )
    row = seating.lock(Channel.objects.get(workspace=place.workspace, slug=slug, kind=Kind.DIRECT).pk)
    seating.seat(row, members, actor_id=None, quiet=quiet)
    return row
