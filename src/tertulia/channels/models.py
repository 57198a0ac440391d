"""Channels, who is in them and how far each person has read; direct conversations are channels too."""

from __future__ import annotations

from functools import lru_cache

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.workspaces.models import Group, Workspace

SLUG = RegexValidator(
    r"^[a-z0-9](?:[a-z0-9_-]*[a-z0-9])?$", _("Use small letters, digits and dashes, such as tech-help.")
)


class Kind(models.TextChoices):
    """What a channel is for. Forum and gallery channels arrive with their own issue."""

    CHAT = "chat", _("Chat")
    DIRECT = "direct", _("Direct messages")


class Visibility(models.TextChoices):
    """Who may find a channel."""

    PUBLIC = "public", _("Public")
    PRIVATE = "private", _("Private")


class Posting(models.TextChoices):
    """Who may post."""

    EVERYONE = "everyone", _("Everyone in the channel")
    STAFF = "staff", _("Staff only")


class Channel(models.Model):
    """A place to talk.

    Counters, all bumped under the channel's row lock in the transaction that changes its posts:
    `last_seq`: place of the newest post, replies included; gapless in commit order.
    `last_root_seq`, `root_count`: the newest post that is not a reply, and how many there have been.
    `revision`: counts every change to any post (new, edited, deleted, reaction, pin, reply count); the resume cursor
    of `live`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="channels")
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.CHAT)
    visibility = models.CharField(_("type"), max_length=8, choices=Visibility, default=Visibility.PUBLIC)
    name = models.CharField(_("name"), max_length=80, blank=True)
    slug = models.CharField(_("URL"), max_length=64, validators=[SLUG])
    purpose = models.CharField(_("purpose"), max_length=300, blank=True)
    header = models.CharField(_("header"), max_length=1024, blank=True)
    header_html = models.TextField(blank=True, editable=False)
    posting = models.CharField(_("posting"), max_length=8, choices=Posting, default=Posting.EVERYONE)
    slow_seconds = models.PositiveIntegerField(
        _("slow mode"), default=0, help_text=_("Seconds between two posts of one person; 0: none.")
    )
    is_default = models.BooleanField(_("new members are added"), default=False)
    archived_at = models.DateTimeField(null=True)
    direct_people = ArrayField(
        models.UUIDField(),
        default=list,
        help_text="Everybody a direct conversation is between, sorted, also those who left the workspace; else empty.",
    )
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    last_seq = models.BigIntegerField(default=0)
    last_root_seq = models.BigIntegerField(default=0)
    root_count = models.BigIntegerField(default=0)
    revision = models.BigIntegerField(default=0)
    last_post_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint("workspace", Lower("slug"), name="channel_slug_unique"),
            models.CheckConstraint(
                condition=~models.Q(kind="direct") | models.Q(visibility="private"), name="channel_direct_is_private"
            ),
        ]
        indexes = [
            GinIndex(fields=["direct_people"], condition=models.Q(kind="direct"), name="channel_direct_people"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return channel_url(self.workspace.slug, self.slug)


@lru_cache(maxsize=4096)
def channel_url(workspace_slug: str, slug: str) -> str:
    """The address of a channel's conversation."""
    return reverse("posts:channel", args=[workspace_slug, slug])


class ChannelMembership(models.Model):
    """A person in a channel and their reading state there.

    `last_read_seq` is the place of the newest post read; `read_roots` is `channel.root_count` at that place, so that
    `root_count - read_roots` is the number unread. `via_group` is set where only a group brought the person in.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Other indexes begin with these.
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="memberships", db_index=False)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="channel_memberships", db_index=False)
    is_manager = models.BooleanField(default=False)
    via_group = models.ForeignKey(Group, null=True, on_delete=models.CASCADE, related_name="+")
    last_read_seq = models.BigIntegerField(default=0)
    read_roots = models.BigIntegerField(default=0)
    last_read_at = models.DateTimeField(null=True, help_text="When the person last read here; home goes back to it.")
    muted = models.BooleanField(default=False)
    favourite = models.BooleanField(default=False)
    hidden = models.BooleanField(
        default=False, help_text="A direct conversation closed in the sidebar until something unread is in it."
    )
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "person"], name="channel_membership_once")]
        indexes = [models.Index(fields=["person", "channel"], name="channel_membership_by_person")]


class ChannelGroup(models.Model):
    """A group whose members are all in the channel; kept in step by `channels.services`."""

    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="groups")
    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="channels")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["channel", "group"], name="channel_group_once")]
