"""Tables that no single word of the product owns: the audit log. And what tables of keys have in common."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from tertulia.kernel.ids import new_id


class AuditEntry(models.Model):
    """One change that people may ask about: who did what to what, before and after, and why.

    Written by `kernel.audit.record` only; never changed. `workspace_id` is a bare id: the kernel lies below workspaces.
    """

    id = models.UUIDField(primary_key=True, default=new_id)
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    workspace_id: models.UUIDField[uuid.UUID | None, uuid.UUID | None] = models.UUIDField(null=True)
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index(fields=["workspace_id", "-id"], name="audit_by_workspace"),
            models.Index(fields=["object_kind", "object_id", "-id"], name="audit_by_object"),
        ]


class SigningKeyFields(models.Model):
    """One of our own RSA keys, for tables of `kernel.signing`. `sealed` is the private key, readable with the
    installation's secret only.
    """

    kid = models.CharField(max_length=64, primary_key=True)
    public = models.JSONField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, help_text="Signs no more, but is still published.")

    class Meta:
        abstract = True
