"""The ledger of what was imported into one workspace from one system: what is known, and writing down what is new."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tertulia.integrations.models import ImportedItem
from tertulia.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class Ledger:
    """What `source` has brought into `workspace`."""

    workspace: Workspace
    source: str

    def known(self, kind: str, external_ids: Iterable[str]) -> dict[str, uuid.UUID]:
        """External id -> local id of those that were brought in before. One query."""
        rows = ImportedItem.objects.filter(
            workspace=self.workspace, source=self.source, kind=kind, external_id__in=set(external_ids)
        )
        return dict(rows.values_list("external_id", "local_id"))

    def note(self, kind: str, items: Mapping[str, uuid.UUID]) -> None:
        """Write down what was brought in, in the caller's transaction. One query.

        What was noted before is noted anew: it had to be made again.
        """
        ImportedItem.objects.bulk_create(
            [
                ImportedItem(
                    workspace=self.workspace, source=self.source, kind=kind, external_id=external_id, local_id=local_id
                )
                for external_id, local_id in items.items()
            ],
            update_conflicts=True,
            unique_fields=["workspace", "source", "kind", "external_id"],
            update_fields=["local_id"],
        )
