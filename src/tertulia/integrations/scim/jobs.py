"""The rules of enrolments hear of a directory's people and their groups. Nothing here needs the types of SCIM."""

from __future__ import annotations

import uuid
from collections.abc import Collection

import procrastinate
from procrastinate.contrib.django import app

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Kind, Source
from tertulia.enrolments.records import MOST_PEOPLE, Registered
from tertulia.integrations.scim.models import DirectoryUser
from tertulia.kernel.clock import now


def tell_soon(source: Source, user_ids: Collection[uuid.UUID]) -> None:
    """Once this transaction is committed: it holds the workspace, which rules may lock only after themselves."""
    for first in range(0, len(user_ids), MOST_PEOPLE):
        part = sorted(map(str, user_ids))[first : first + MOST_PEOPLE]
        tell_rules.defer(source_id=str(source.pk), user_ids=part)


@app.task(queue="enrolments", retry=procrastinate.RetryStrategy(max_attempts=6, exponential_wait=4))
def tell_rules(source_id: str, user_ids: list[str]) -> None:
    """What the directory says of these users as it stands: doing it again, or late, changes nothing.

    Who is no longer in the directory is in none of its groups.
    """
    moment = now()
    source = Source.objects.select_related("workspace").filter(pk=uuid.UUID(source_id)).first()
    if source is None:
        return
    users = DirectoryUser.objects.filter(source=source, pk__in=map(uuid.UUID, user_ids)).select_related("enrolment")
    there = {str(user.pk): user for user in users.prefetch_related("groups")}
    system = enrolments.open_system(kind=Kind.SCIM, name=source.name, workspace=source.workspace)
    people = [_registered(user_id, there.get(user_id)) for user_id in user_ids]
    enrolments.tell(system=system, people=people, as_of=moment)


def _registered(user_id: str, user: DirectoryUser | None) -> Registered:
    if user is None:
        return Registered(subject=user_id, facts={Key.GROUP: []}, active=False)
    return Registered(
        subject=user_id,
        facts={Key.GROUP: sorted(group.name for group in user.groups.all())},
        name=str(user.said.get("displayName") or ""),
        active=user.enrolment.active,
        person_id=user.enrolment.person_id,
    )
