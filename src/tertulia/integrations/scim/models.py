"""What a directory said by SCIM, so that it can read it back. What it means for the workspace is in the enrolments."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower, Now

from tertulia.enrolments.models import Enrolment, Source
from tertulia.workspaces.models import Group

NAME_LENGTH = 255


class DirectoryUser(models.Model):
    """One user of a directory. Their id is that of their line in the ledger of enrolments."""

    enrolment = models.OneToOneField(Enrolment, primary_key=True, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    user_name = models.CharField(max_length=NAME_LENGTH)
    external_id = models.CharField(max_length=NAME_LENGTH, blank=True)
    emails = ArrayField(models.CharField(max_length=254), default=list, help_text="All addresses, in small letters.")
    said = models.JSONField(default=dict, help_text="Names, addresses and roles as the directory says them.")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("source", Lower("user_name"), name="scim_user_name_once")]
        indexes = [models.Index(fields=["source", "external_id"], name="scim_user_by_external_id")]

    def __str__(self) -> str:
        return self.user_name


class DirectoryGroup(models.Model):
    """One group of a directory: a group of the workspace, which SCIM made (`is_ours`) or found under this name.

    `name` and `users` are what the directory says; who is in the workspace's group by that is in the enrolments.
    """

    group = models.OneToOneField(Group, primary_key=True, on_delete=models.CASCADE, related_name="+")
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    external_id = models.CharField(max_length=NAME_LENGTH, blank=True)
    is_ours = models.BooleanField()
    users = models.ManyToManyField(DirectoryUser, related_name="groups")
    created_at = models.DateTimeField(db_default=Now())
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("source", Lower("name"), name="scim_group_once")]
        indexes = [models.Index(fields=["source", "external_id"], name="scim_group_by_external_id")]

    def __str__(self) -> str:
        return self.name
