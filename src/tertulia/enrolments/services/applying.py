"""Carries out a plan in a locked workspace: accounts, groups, members, seats, and the books about them."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable

from tertulia.channels import services as channels
from tertulia.enrolments.models import HERE, Enrolment, Standing
from tertulia.enrolments.services.planning import Plan, Said
from tertulia.enrolments.services.settling import Change
from tertulia.enrolments.services.state import Member, claim_of
from tertulia.kernel.bulk import among, insert_all
from tertulia.people.models import Person
from tertulia.people.services import bulk
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Workspace

EMAIL_LENGTH = 254


def create_accounts(plan: Plan, actor: Person | None) -> bool:
    """Make the accounts that the plan needs. False: somebody got one at this moment by another way, so plan anew."""
    newcomers = [plan.members[key].newcomer for key in plan.changes]
    wanted = [one for one in newcomers if one is not None]
    return len(bulk.create_people(actor=actor, newcomers=wanted)) == len(wanted)


def carry_out(plan: Plan, *, actor: Person | None) -> None:
    """Everything else. The workspace is locked and as it was when the plan was made."""
    workspace, changes = plan.source.workspace, plan.changes
    dismissed = [key for key, change in changes.items() if change.dismiss]
    roles = {key: change.role for key, change in changes.items() if change.role is not None}
    admitted = {key: change.admit for key, change in changes.items() if change.admit is not None}
    if dismissed:
        workspaces.dismiss_many(workspace=workspace, person_ids=dismissed)
    if roles:
        workspaces.change_roles(workspace=workspace, roles=roles)
    newborn = {key for key in changes if plan.members[key].newcomer is not None}
    memberships = workspaces.admit_many(workspace=workspace, roles=admitted, newborn=newborn) if admitted else {}
    group_rows = _change_groups(plan, workspace, actor)
    seat_rows = _change_seats(changes, newborn)
    _write_ledger(plan)
    _write_standings(plan, memberships, group_rows, seat_rows)


def _change_groups(plan: Plan, workspace: Workspace, actor: Person | None) -> dict[uuid.UUID, list[int]]:
    joining = _turned((key, change.join) for key, change in plan.changes.items())
    quitting = _turned((key, change.quit) for key, change in plan.changes.items())
    names = {key: name for key, name in plan.places.new_groups.items() if key in joining}
    if names:
        workspaces.make_groups(workspace=workspace, names=names)
    rows: dict[uuid.UUID, list[int]] = defaultdict(list)
    for group_id in sorted(joining.keys() | quitting.keys()):
        new = workspaces.change_group_people(
            actor=actor,
            workspace=workspace,
            group_id=group_id,
            add=joining.get(group_id, ()),
            remove=quitting.get(group_id, ()),
        )
        for person_id, row in new.items():
            rows[person_id].append(row)
    return rows


def _change_seats(changes: dict[uuid.UUID, Change], newborn: set[uuid.UUID]) -> dict[uuid.UUID, list[uuid.UUID]]:
    unwanted = _turned((key, change.unseat) for key, change in changes.items())
    wanted = _turned((key, change.seat) for key, change in changes.items())
    if unwanted:
        channels.take_seats(unwanted=unwanted)
    rows: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    given = channels.give_seats(wanted=wanted, newborn=newborn) if wanted else {}
    for (_channel_id, person_id), seat in given.items():
        rows[person_id].append(seat)
    return rows


def _turned(places: Iterable[tuple[uuid.UUID, frozenset[uuid.UUID]]]) -> dict[uuid.UUID, list[uuid.UUID]]:
    """From the places of each person to the people of each place."""
    found: dict[uuid.UUID, list[uuid.UUID]] = defaultdict(list)
    for person_id, place_ids in places:
        for place_id in place_ids:
            found[place_id].append(person_id)
    return dict(found)


def _write_ledger(plan: Plan) -> None:
    wanted = [one for one in plan.said if not one.refusal and not one.is_old and (one.is_news or plan.is_stamped)]
    if not plan.is_stamped:  # a line about nobody only serves to know older news when it comes
        wanted = [one for one in wanted if one.person_id is not None]
    rows = [_line(one, plan) for one in wanted]
    insert_all(
        rows,
        unique=["source_id", "external_id"],
        update=["email", "person_id", "active", "role", "group_ids", "channel_ids", "said_at"],
    )


def _line(one: Said, plan: Plan) -> Enrolment:
    known, claim, entry = one.known, one.claim, one.entry
    if one.is_over and known is not None:  # only the time is news
        claim = claim_of(known)
    return Enrolment(
        id=one.id,
        source=plan.source,
        external_id=one.external_id,
        email=(entry.email.strip() if entry and entry.active else known.email if known else "")[:EMAIL_LENGTH],
        person_id=one.person_id,
        active=entry is not None and entry.active,
        role=(claim.role or HERE) if claim else "",
        group_ids=sorted(claim.group_ids) if claim else [],
        channel_ids=sorted(claim.channel_ids) if claim else [],
        said_at=plan.as_of if plan.is_stamped else known.said_at if known else None,
    )


def _write_standings(
    plan: Plan,
    memberships: dict[uuid.UUID, uuid.UUID],
    group_rows: dict[uuid.UUID, list[int]],
    seat_rows: dict[uuid.UUID, list[uuid.UUID]],
) -> None:
    workspace = plan.source.workspace
    changed: list[Standing] = []
    over: list[uuid.UUID] = []
    for key, change in plan.changes.items():
        member = plan.members[key]
        membership_id = memberships.get(key, member.membership_id)
        if membership_id is None or change.dismiss or not member.claims:
            over.append(key)
            continue
        standing = _standing(member, change, membership_id, group_rows.get(key, []), seat_rows.get(key, []))
        standing.workspace = workspace
        if member.standing is None or _values(standing) != _values(member.standing):
            changed.append(standing)
    fields = ["membership_id", "base_role", "set_role", "by_hand", "group_rows", "seat_rows"]
    insert_all(changed, unique=["workspace_id", "person_id"], update=fields)
    Standing.objects.filter(workspace=workspace, person_id__in=among(over)).delete()


def _standing(
    member: Member, change: Change, membership_id: uuid.UUID, groups: list[int], seats: list[uuid.UUID]
) -> Standing:
    kept_groups = [row for group_id, row in member.our_groups.items() if group_id not in change.quit]
    kept_seats = [seat for channel_id, seat in member.our_seats.items() if channel_id not in change.unseat]
    return Standing(
        person_id=member.id,
        membership_id=membership_id,
        base_role=member.base_role or "",
        set_role=change.admit or change.role or member.role or "",
        by_hand=member.is_by_hand,
        group_rows=sorted(kept_groups + groups),
        seat_rows=sorted({*kept_seats, *seats}),
    )


def _values(standing: Standing) -> tuple[object, ...]:
    return (
        standing.membership_id,
        standing.base_role,
        standing.set_role,
        standing.by_hand,
        standing.group_rows,
        standing.seat_rows,
    )
