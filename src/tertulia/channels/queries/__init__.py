"""Reads. Each function runs a fixed number of queries, said in its docstring."""

from tertulia.channels.queries.browsing import (
    SHOWN,
    Effect,
    Listed,
    addable_groups,
    addable_people,
    browse,
    group,
    groups,
    member_count,
    members,
    people_to_message,
    visibility_effect,
    visible,
)
from tertulia.channels.queries.conversations import conversations
from tertulia.channels.queries.reading import RailRow, Waiting, free_slug, home, member_ids, rail, unread, waiting
from tertulia.channels.queries.sidebar import SIDEBAR, Row, Sidebar, sidebar, sidebar_of
from tertulia.channels.queries.switching import Choice, Sort, switcher

__all__ = [
    "SHOWN",
    "SIDEBAR",
    "Choice",
    "Effect",
    "Listed",
    "RailRow",
    "Row",
    "Sidebar",
    "Sort",
    "Waiting",
    "addable_groups",
    "addable_people",
    "browse",
    "conversations",
    "free_slug",
    "group",
    "groups",
    "home",
    "member_count",
    "member_ids",
    "members",
    "people_to_message",
    "rail",
    "sidebar",
    "sidebar_of",
    "switcher",
    "unread",
    "visibility_effect",
    "visible",
    "waiting",
]
