"""LMSs that launch us by LTI 1.3, their courses and links, our keys, and what is remembered between two requests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tertulia.channels.models import Channel
from tertulia.enrolments.models import Source
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.posts.models import Post
from tertulia.workspaces.models import Workspace

URL_LENGTH = 1000
ID_LENGTH = 255
"""Of issuers, subjects, deployments and links (LTI core 1.3, 5.3)."""


class Platform(models.Model):
    """An LMS, as one of its registrations knows us: `(issuer, client_id)` is what a launch names.

    `jwks` is a copy of its public keys, `keys_at` from when; `keys_tried_at` the last time that they were asked for.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=80)
    issuer = models.CharField(max_length=ID_LENGTH)
    client_id = models.CharField(max_length=ID_LENGTH)
    auth_url = models.URLField(max_length=URL_LENGTH)
    token_url = models.URLField(max_length=URL_LENGTH, blank=True)
    jwks_url = models.URLField(max_length=URL_LENGTH)
    frame_origins = ArrayField(
        models.CharField(max_length=ID_LENGTH), default=list, help_text="Besides those of its other addresses."
    )
    mail_verified = models.BooleanField(
        default=False, help_text="Its mail addresses are verified, so that they join existing accounts."
    )
    takes_new_deployments = models.BooleanField(default=False)
    instructors_make_workspaces = models.BooleanField(default=True)
    administrators_run = models.BooleanField(
        default=False, help_text="Administrators of a course come in as operations."
    )
    is_active = models.BooleanField(default=True)
    jwks = models.JSONField(default=dict)
    keys_at = models.DateTimeField(null=True)
    keys_tried_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "client_id"], name="lti_platform_once")]

    def __str__(self) -> str:
        return self.name


class Deployment(models.Model):
    """One place in a platform where we are installed."""

    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="deployments")
    deployment_id = models.CharField(max_length=ID_LENGTH)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "deployment_id"], name="lti_deployment_once")]


class SigningKey(models.Model):
    """One of our own RSA keys. `sealed` is the private key, readable with the installation's secret only."""

    kid = models.CharField(max_length=64, primary_key=True)
    public = models.JSONField()
    sealed = models.BinaryField()
    created_at = models.DateTimeField(db_default=Now())
    retired_at = models.DateTimeField(null=True, help_text="Signs no more, but is still published.")


class RegistrationLink(models.Model):
    """An owner's one-time invitation to an LMS to register itself. Only the SHA-256 of its secret is stored."""

    digest = models.BinaryField(max_length=32, unique=True)
    by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)


class Attempt(models.Model):
    """A launch under way, between login initiation and the id_token: good once, for minutes, in one browser.

    `state` and `binding` are SHA-256 of what the address and the browser hold; the hints allow to start again.
    """

    state = models.BinaryField(max_length=32, primary_key=True)
    binding = models.BinaryField(max_length=32)
    nonce = models.CharField(max_length=64)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    storage = models.CharField(max_length=ID_LENGTH, blank=True, help_text="`lti_storage_target`, if it was offered.")
    again = models.JSONField(default=dict, help_text="What the platform sent to begin with.")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class Pending(models.Model):
    """A checked launch that waits: its person has to show which account is theirs, for an hour.

    Only the browser that launched holds its secret, of which the SHA-256 is kept.
    """

    digest = models.BinaryField(max_length=32, primary_key=True)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="+")
    claims = models.JSONField()
    expires_at = models.DateTimeField(db_index=True)


class Ticket(models.Model):
    """Carries a launch from a frame, where cookies are blocked, into a window of its own. Good once, for minutes."""

    digest = models.BinaryField(max_length=32, primary_key=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="+")
    pending = models.ForeignKey("Pending", null=True, on_delete=models.CASCADE, related_name="+")
    target = models.CharField(max_length=URL_LENGTH, blank=True)
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(person=None) ^ models.Q(pending=None), name="lti_ticket_of_one")
        ]


class Context(models.Model):
    """A course of a platform, and the workspace that it leads to.

    `roles` overrides what a kind of LMS role (`roles.Kind`) becomes here. `nrps_url` is as last claimed.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    platform = models.ForeignKey(Platform, on_delete=models.CASCADE, related_name="contexts")
    deployment_id = models.CharField(max_length=ID_LENGTH)
    context_id = models.CharField(max_length=ID_LENGTH)
    title = models.CharField(max_length=200, blank=True)
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.SET_NULL, related_name="lti_contexts")
    source = models.ForeignKey(Source, null=True, on_delete=models.SET_NULL, related_name="+")
    unit_channel = models.ForeignKey(
        Channel,
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text="Where units of the course that chose nothing have a thread each; none: they lead to the workspace.",
    )
    channels = ArrayField(
        models.UUIDField(), default=list, help_text="Channels that people of the course are put into."
    )
    groups = ArrayField(models.CharField(max_length=80), default=list, help_text="And groups, by name.")
    roles = models.JSONField(default=dict)
    set_up_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    nrps_url = models.URLField(max_length=URL_LENGTH, blank=True)
    roster_nightly = models.BooleanField(default=False)
    roster_at = models.DateTimeField(null=True, help_text="When the roster was last fetched, whole or not.")
    roster_problem = models.CharField(max_length=400, blank=True, help_text="Why that did not go well; empty: it did.")
    last_launch_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["platform", "deployment_id", "context_id"], name="lti_context_once")
        ]

    def __str__(self) -> str:
        return self.title or self.context_id


class Runner(models.Model):
    """Somebody whom the platform last called an instructor or administrator of this course."""

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="runners")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["context", "person"], name="lti_runner_once")]


class Target(models.TextChoices):
    """What somebody chose to put into their course."""

    WORKSPACE = "workspace", _("The whole workspace")
    CHANNEL = "channel", _("A channel")
    UNIT = "unit", _("A thread of its own, in a channel")


class Placement(models.Model):
    """What a deep link leads to; its address is in the link (`/lti/at/ID`), so that it survives renaming."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="placements")
    target = models.CharField(max_length=10, choices=Target)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())


class Link(models.Model):
    """A place in a course from which we are launched, and the thread that was made for it, if any."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="links")
    resource_link_id = models.CharField(max_length=ID_LENGTH)
    title = models.CharField(max_length=200, blank=True)
    placement = models.ForeignKey(Placement, null=True, on_delete=models.SET_NULL, related_name="links")
    thread = models.ForeignKey(Post, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["context", "resource_link_id"], name="lti_link_once")]


class DeepLinking(models.Model):
    """Somebody choosing what to put into their course: where the answer goes, for an hour."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    return_url = models.URLField(max_length=URL_LENGTH)
    data = models.TextField(blank=True, help_text="To be sent back unread.")
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)


class Refused(models.Model):
    """A launch that was refused, for the installation's owners to read: never the token, never who it was."""

    platform = models.ForeignKey(Platform, null=True, on_delete=models.CASCADE, related_name="refused")
    reason = models.CharField(max_length=40, help_text="A `refusals.Reason`.")
    details = models.JSONField(default=dict)
    at = models.DateTimeField(db_default=Now(), db_index=True)
