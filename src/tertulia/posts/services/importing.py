"""What hangs on imported posts: reactions and pins, as they were elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from tertulia.posts.models import Kind, Post, Reaction


@dataclass(frozen=True, slots=True)
class OldReaction:
    """Somebody's emoji (in the form that `normalise_emoji` gives) on an imported post."""

    post_id: UUID
    person_id: UUID
    emoji: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class OldPin:
    """An imported post that was kept at hand; `by_id` None: nobody knows by whom."""

    post_id: UUID
    at: datetime
    by_id: UUID | None = None


def mark_imported(*, reactions: Sequence[OldReaction], pins: Sequence[OldPin]) -> None:
    """Put these on posts that `create_posts` has made in the same transaction, so that nobody has seen them without.

    No limits, no notices of their own; a repeated reaction is one. System lines are not pinned. One query for all
    reactions, and one a pin. Raises TransactionManagementError outside of a transaction.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("Imported posts were marked outside of their transaction.")
    Reaction.objects.bulk_create(
        [
            Reaction(post_id=old.post_id, person_id=old.person_id, emoji=old.emoji, created_at=old.created_at)
            for old in reactions
        ],
        ignore_conflicts=True,
    )
    for pin in pins:
        Post.objects.filter(pk=pin.post_id, kind=Kind.MESSAGE).update(pinned_at=pin.at, pinned_by=pin.by_id)
