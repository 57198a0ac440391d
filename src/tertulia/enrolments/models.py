"""Enrolments: who is in a workspace because a source says so, and what each source has given them."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.workspaces.models import Role, Workspace

NAME_LENGTH = 80
EXTERNAL_ID_LENGTH = 255


class Kind(models.TextChoices):
    """How a source speaks."""

    REST = "rest", _("A program (REST)")
    FILE = "file", _("Uploaded lists")
    LTI = "lti", _("LTI launches")
    NRPS = "nrps", _("LTI roster")
    OPENEDX = "openedx", _("Open edX")
    SCIM = "scim", _("Directory (SCIM)")
    RULE = "rule", _("A rule")


class Leaving(models.TextChoices):
    """What happens to people who leave a source."""

    REMOVE = "remove", _("They leave the workspace")
    GUEST = "guest", _("They stay as guests, in the channels that were given to them")
    KEEP = "keep", _("Nothing: they stay as they are")


class Source(models.Model):
    """An outside system, list or rule that says who belongs to one workspace. `name` is how it calls itself."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="enrolment_sources")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    kind = models.CharField(max_length=8, choices=Kind, default=Kind.REST)
    leaving = models.CharField(_("when people leave it"), max_length=6, choices=Leaving, default=Leaving.REMOVE)
    largest_share = models.PositiveSmallIntegerField(
        _("largest share that one list may remove, in percent"), default=20, validators=[MaxValueValidator(100)]
    )
    welcome = models.BooleanField(_("mail a welcome to people who come in"), default=False)
    listed_at = models.DateTimeField(null=True, help_text="The `as_of` of its newest whole list.")
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("name"), name="enrolment_source_once")]

    def __str__(self) -> str:
        return self.name


class Enrolment(models.Model):
    """The ledger: one person of one source, what it last said of them and what it gives them now.

    An empty `role` gives nothing: they have left, or were let go. `active` is what the source last said. Without a
    `person` the line only remembers that somebody unknown had left, for older news that may still come.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="enrolments")
    external_id = models.CharField(max_length=EXTERNAL_ID_LENGTH)
    email = models.CharField(max_length=254, blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="enrolments")
    active = models.BooleanField(default=True)
    role = models.CharField(max_length=10, choices=Role, blank=True)
    group_ids = ArrayField(models.UUIDField(), default=list)
    channel_ids = ArrayField(models.UUIDField(), default=list)
    said_at = models.DateTimeField(null=True, help_text="The `as_of` of what was last said of them alone.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="enrolment_once")]
        indexes = [models.Index(fields=["person", "source"], name="enrolment_by_person")]


class Standing(models.Model):
    """What all sources together have changed for one member, so that they never touch what others gave.

    Rows are known by their ids: a membership, a group membership or a seat with another id was given by somebody else.
    `base_role`: the role that staff gave; empty where the membership itself is ours. `set_role`: the role that was
    last left behind; if there is another one now, staff changed it by hand, and from then on it is theirs (`by_hand`).
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="+")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    membership_id = models.UUIDField()
    base_role = models.CharField(max_length=10, choices=Role, blank=True)
    set_role = models.CharField(max_length=10, choices=Role)
    by_hand = models.BooleanField(default=False)
    group_rows = ArrayField(models.BigIntegerField(), default=list, help_text="Group memberships that are ours.")
    seat_rows = ArrayField(models.UUIDField(), default=list, help_text="Seats in channels that are ours.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["workspace", "person"], name="enrolment_standing_once")]


class Run(models.Model):
    """What one call did, for people to read.

    `counts`: outcome -> how many. `lines`: [external id, name, outcome, detail] of people for whom something changed
    or who were refused, `MOST_LINES` at most. A source that says the same again counts up `times` of its last run.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    mode = models.CharField(max_length=6)
    counts = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    times = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(db_default=Now())
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["source", "-id"], name="enrolment_run_by_source")]


class UploadedList(models.Model):
    """A list that somebody uploaded and looks at before it is applied; goes when applied, or after a day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="+")
    by = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    mode = models.CharField(max_length=6)
    people = models.JSONField(default=list, help_text="Entries as REST takes them.")
    created_at = models.DateTimeField(db_default=Now())
