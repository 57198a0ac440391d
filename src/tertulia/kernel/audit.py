"""The audit log: the one function that writes it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tertulia.kernel.bulk import insert_alike
from tertulia.kernel.models import AuditEntry

if TYPE_CHECKING:  # the kernel lies below people
    from tertulia.people.models import Person


def record(
    *,
    actor: Person | None,
    verb: str,
    object_kind: str,
    object_id: object,
    workspace_id: uuid.UUID | None = None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one entry in the caller's transaction. `verb` is a word people read, such as `archived` or `changed role`.

    `before` and `after` hold plain JSON values, never secrets and never what people wrote in posts.
    """
    AuditEntry.objects.create(
        actor=actor,
        verb=verb,
        object_kind=object_kind,
        object_id=str(object_id),
        workspace_id=workspace_id,
        before=dict(before or {}),
        after=dict(after or {}),
        reason=reason,
    )


def record_all(
    *,
    actor: Person | None,
    verb: str,
    object_kind: str,
    after: Mapping[uuid.UUID, Mapping[str, Any]],
    workspace_id: uuid.UUID | None = None,
) -> None:
    """The same about many objects, by their ids, in one statement."""
    pattern = AuditEntry(actor=actor, verb=verb, object_kind=object_kind, workspace_id=workspace_id)
    insert_alike(pattern, ({"object_id": str(key), "after": dict(values)} for key, values in after.items()))
