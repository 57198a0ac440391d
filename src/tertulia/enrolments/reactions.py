"""What enrolments do when people arrive; listed in `config.subscriptions`."""

from __future__ import annotations

import uuid

from tertulia.enrolments import jobs
from tertulia.enrolments.services import arriving, questions
from tertulia.people.happenings import Arrived, IdentityNoted, PersonVerified
from tertulia.workspaces.happenings import MemberJoined, MemberLeft, MembersJoined, MembersLeft


def follow_identity_noted(happening: IdentityNoted) -> None:
    """What waited for this identity is theirs."""
    arriving.claim_identity(
        person_id=uuid.UUID(happening.person_id), issuer=happening.issuer, subject=happening.subject
    )


def follow_person_verified(happening: PersonVerified) -> None:
    """Rules of mail domains apply, and what waited for this address is theirs."""
    person_id = uuid.UUID(happening.person_id)
    arriving.tell_domains(person_id)
    arriving.claim_address(person_id=person_id, email=happening.email)


def follow_arrived(happening: Arrived) -> None:
    """Rules of directory groups apply to what the sign-in says of them now."""
    if happening.groups is not None:
        arriving.tell_groups(
            person_id=uuid.UUID(happening.person_id),
            issuer=happening.issuer,
            subject=happening.subject,
            name=happening.system,
            groups=happening.groups,
        )


def follow_membership(happening: MemberJoined | MemberLeft | MembersJoined | MembersLeft) -> None:
    """What members answered counts for rules while they are members.

    By a job: an enrolment that lets people go cannot let others go in the middle of that.
    """
    people = (happening.person_id,) if isinstance(happening, MemberJoined | MemberLeft) else happening.person_ids
    if questions.are_answered(uuid.UUID(happening.workspace_id)):
        jobs.follow_members.defer(
            workspace_id=happening.workspace_id,
            person_ids=list(people),
            are_in=isinstance(happening, MemberJoined | MembersJoined),
        )
