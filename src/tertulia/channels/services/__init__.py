"""Verbs that write: channels, who is in them, direct conversations. Each is one transaction; the actor comes first."""

from tertulia.channels.services.direct import MOST_PEOPLE, open_direct
from tertulia.channels.services.making import (
    LONGEST_SLOW,
    Fields,
    archive_channel,
    change_channel,
    change_visibility,
    create_channel,
    restore_channel,
    update_channel,
)
from tertulia.channels.services.many import givable, give_seats, take_seats
from tertulia.channels.services.members import (
    add_group,
    add_people,
    bring_in,
    join,
    leave,
    remove_group,
    remove_person,
    set_manager,
    set_preferences,
)

__all__ = [
    "LONGEST_SLOW",
    "MOST_PEOPLE",
    "Fields",
    "add_group",
    "add_people",
    "archive_channel",
    "bring_in",
    "change_channel",
    "change_visibility",
    "create_channel",
    "givable",
    "give_seats",
    "join",
    "leave",
    "open_direct",
    "remove_group",
    "remove_person",
    "restore_channel",
    "set_manager",
    "set_preferences",
    "take_seats",
    "update_channel",
]
