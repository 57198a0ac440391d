"""Workspaces: their goal, members and roles, named groups, invitations, requests and bans."""

from __future__ import annotations

import re

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id
from tertulia.people.models import Person

SLUG_PATTERN = re.compile(r"\A[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")
SLUG = RegexValidator(SLUG_PATTERN, _("Use small letters, digits and dashes, such as spring-2027."))


SLUG_LENGTH = 60
GROUP_SLUG_LENGTH = 40


class Role(models.TextChoices):
    """What a member may do, from most to least. `workspaces.access` holds what each may."""

    OWNER = "owner", _("Owner")
    OPERATIONS = "operations", _("Operations")
    INSTRUCTOR = "instructor", _("Instructor")
    MODERATOR = "moderator", _("Moderator")
    MENTOR = "mentor", _("Mentor")
    LEARNER = "learner", _("Learner")
    GUEST = "guest", _("Guest")


STAFF = frozenset({Role.OWNER, Role.OPERATIONS, Role.INSTRUCTOR, Role.MODERATOR})


class Template(models.TextChoices):
    """What a workspace is made for; decides its first channels and words."""

    COURSE = "course", _("Course")
    PLATFORM = "platform", _("Platform")
    SEGMENT = "segment", _("Segment")
    COMPANY = "company", _("Company")
    BLANK = "blank", _("Blank")


class Joining(models.TextChoices):
    """How people get in besides invitations."""

    OPEN = "open", _("Anyone with an account may join")
    REQUEST = "request", _("People ask, staff decide")
    CLOSED = "closed", _("By invitation only")


class Workspace(models.Model):
    """A sealed home of one community: nothing of it shows in another."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(_("address"), max_length=SLUG_LENGTH, validators=[SLUG])
    name = models.CharField(_("name"), max_length=80)
    template = models.CharField(max_length=10, choices=Template, default=Template.COURSE)
    goal = models.CharField(_("what this community is for"), max_length=300, blank=True)
    joining = models.CharField(_("joining"), max_length=8, choices=Joining, default=Joining.CLOSED)
    listed = models.BooleanField(_("shown in the directory"), default=False)
    learners_may_message = models.BooleanField(_("learners may message each other"), default=True)
    archived_at = models.DateTimeField(null=True)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(Lower("slug"), name="workspace_slug_unique")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("channels:home", args=[self.slug])


class Membership(models.Model):
    """A person in a workspace, with one role."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.LEARNER)
    joined_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "person"], name="membership_once")]
        indexes = [models.Index(fields=["person", "workspace"], name="membership_by_person")]


class Ban(models.Model):
    """A person who may not come back; removing a member does not ban."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="bans")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "person"], name="ban_once")]


class Group(models.Model):
    """A named set of members - a cohort, a team - that can be mentioned and added to channels as a whole."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="groups")
    slug = models.CharField(_("handle"), max_length=GROUP_SLUG_LENGTH, validators=[SLUG])
    name = models.CharField(_("name"), max_length=80)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "workspace",
                Lower("slug"),
                name="group_slug_unique",
                violation_error_message=_("There is a group with this handle."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class GroupMembership(models.Model):
    """A member of a group. Leaving the workspace ends it."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="memberships")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    added_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["group", "person"], name="group_membership_once")]
        indexes = [models.Index(fields=["person"], name="group_membership_by_person")]


class Invitation(models.Model):
    """A way in by link or by mail. Only the SHA-256 of its secret is stored; the link is shown once.

    `channels` (ids) are what a guest will be given. Mailed invitations carry `email` and work for that address only.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="invitations")
    digest = models.BinaryField(max_length=32, unique=True)
    email = models.EmailField(_("e-mail"), blank=True)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.LEARNER)
    channel_ids = models.JSONField(default=list)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(_("ends"), null=True)
    max_uses = models.PositiveIntegerField(_("how many may use it"), null=True)
    uses = models.PositiveIntegerField(default=0)
    revoked_at = models.DateTimeField(null=True)


class JoinRequest(models.Model):
    """Somebody asked to join; deleted when decided (the audit log keeps the decision)."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="join_requests")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    message = models.CharField(_("message"), max_length=500, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "person"], name="join_request_once")]
