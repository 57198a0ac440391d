"""What posts do when channels and people change; all `inside` the transaction that changed them.

`config.subscriptions` names these functions.
"""

from __future__ import annotations

from uuid import UUID

from tertulia.channels.happenings import ChannelChanged, ChannelMembersChanged
from tertulia.people.happenings import PlaceholderClaimed
from tertulia.people.models import Person
from tertulia.posts.services import claiming, system_lines


def tell_members_changed(happening: ChannelMembersChanged) -> None:
    """A quiet line: who came, who left."""
    system_lines.tell_of_people(
        channel_id=UUID(happening.channel_id),
        actor_id=UUID(happening.actor_id),
        joined=[UUID(person_id) for person_id in happening.joined],
        left=[UUID(person_id) for person_id in happening.left],
    )


def tell_channel_changed(happening: ChannelChanged) -> None:
    """A quiet line: what the channel is called now, what it is for, who may post."""
    system_lines.tell_of_change(
        channel_id=UUID(happening.channel_id),
        actor_id=UUID(happening.actor_id),
        what=happening.what,
        after=happening.after,
    )


def take_over_claimed(happening: PlaceholderClaimed) -> None:
    """What a placeholder of an import said is now the person's who claimed it."""
    claiming.claim(
        placeholder=Person.objects.get(pk=happening.placeholder_id),
        person=Person.objects.get(pk=happening.person_id),
    )
