"""What has been brought in from elsewhere, so that bringing it in again doubles nothing."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from tertulia.workspaces.models import Workspace


class ImportedItem(models.Model):
    """One thing of another system and what it became here: `(source, kind, external_id)` -> `local_id`.

    Written in the transaction that makes the local thing. Rows outlive what they point to: channels and posts that were
    deleted here are not brought in again.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    source = models.CharField(max_length=20, help_text="The other system, such as `slack`.")
    kind = models.CharField(
        max_length=20, help_text="`person`, `bot`, `channel`, `seats` (a channel's members) or `message`."
    )
    external_id = models.CharField(max_length=200)
    local_id = models.UUIDField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workspace", "source", "kind", "external_id"], name="imported_item_once")
        ]
