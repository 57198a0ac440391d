"""The end of a source: whom it brought leaves, or stays as if staff had added them."""

from __future__ import annotations

import uuid
from collections import defaultdict

from tertulia.channels.models import ChannelMembership
from tertulia.enrolments.models import Enrolment, Source, Standing
from tertulia.enrolments.records import MOST_PEOPLE, Entry, Mode
from tertulia.enrolments.services.enrolling import enrol
from tertulia.enrolments.services.state import Claim, claim_of
from tertulia.kernel.bulk import among, insert_all
from tertulia.workspaces.access import RANK
from tertulia.workspaces.models import GroupMembership, Role


def let_go(source: Source) -> None:
    """Everybody leaves the source, as its leaving says. In an archived workspace people stay."""
    if source.workspace.archived_at is not None:
        return
    rows = source.enrolments.filter(active=True).values_list("external_id", flat=True)
    people = [Entry(external_id, active=False) for external_id in rows]
    for start in range(0, len(people), MOST_PEOPLE):
        enrol(source=source, people=people[start : start + MOST_PEOPLE], mode=Mode.MERGE)


def hand_over(source: Source) -> None:
    """What the source still gives is staff's from now on, so that nobody loses it with the source. Five queries."""
    given: dict[uuid.UUID, list[Claim]] = defaultdict(list)
    for row in source.enrolments.exclude(person=None).exclude(role=""):
        claim = claim_of(row)
        if claim is not None and row.person_id is not None:
            given[row.person_id].append(claim)
    ids = among(given)
    others = Enrolment.objects.filter(source__workspace=source.workspace, person_id__in=ids).exclude(role="")
    shared = set(others.exclude(source=source).values_list("person_id", flat=True))
    standings = list(Standing.objects.filter(workspace=source.workspace, person_id__in=ids))
    groups = dict(
        GroupMembership.objects.filter(group__workspace=source.workspace, person_id__in=ids).values_list("pk", "group")
    )
    seats = dict(
        ChannelMembership.objects.filter(pk__in=among(row for one in standings for row in one.seat_rows)).values_list(
            "pk", "channel"
        )
    )
    changed = []
    for standing in standings:
        if standing.person_id not in shared:
            continue
        claims = given[standing.person_id]
        kept_groups = {key for claim in claims for key in claim.group_ids}
        kept_seats = {key for claim in claims for key in claim.channel_ids}
        roles = [claim.role for claim in claims if claim.role is not None]
        if standing.base_role:
            roles.append(Role(standing.base_role))
        standing.base_role = min(roles, key=RANK.__getitem__, default="")
        standing.group_rows = [row for row in standing.group_rows if groups.get(row) not in kept_groups]
        standing.seat_rows = [row for row in standing.seat_rows if seats.get(row) not in kept_seats]
        changed.append(standing)
    insert_all(changed, unique=["workspace_id", "person_id"], update=["base_role", "group_rows", "seat_rows"])
    alone = [one.pk for one in standings if one.person_id not in shared]
    Standing.objects.filter(pk__in=alone).delete()
