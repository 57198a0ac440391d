"""Open edX platforms that tell who is in which course: how they are asked, what was read, what they have said."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tertulia.enrolments.models import System
from tertulia.kernel.ids import new_id
from tertulia.people.models import Person

NAME_LENGTH = 80
KEY_LENGTH = 255
"""Of course keys, as edx-platform stores them."""
SUBJECT_LENGTH = 150
"""Of usernames, as Django stores them."""


class Every(models.IntegerChoices):
    """How often rosters are fetched by themselves, in hours."""

    NEVER = 0, _("Only when asked for")
    HOUR = 1, _("Every hour")
    QUARTER = 6, _("Every six hours")
    NIGHT = 24, _("Every night")
    WEEK = 168, _("Every week")


class Connection(models.Model):
    """A platform, and the client by which we ask it.

    `token` is the last one it gave, sealed, good until `token_until`; `pace` how many requests a minute it gets at
    most, fewer after it complained; before `paused_until` it gets none. `listing_page`: the page at which reading its
    list of courses goes on.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey(System, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    address = models.URLField(max_length=500, unique=True)
    client_id = models.CharField(max_length=255)
    client_secret = models.BinaryField(help_text="Sealed; see `kernel.sealing`.")
    follow = ArrayField(
        models.CharField(max_length=KEY_LENGTH), default=list, help_text="Course keys; `*` stands for anything."
    )
    every = models.PositiveSmallIntegerField(choices=Every, default=Every.NIGHT)
    mail_verified = models.BooleanField(default=False)
    reads_accounts = models.BooleanField(default=True, help_text="Names and addresses of who is not known here yet.")
    is_active = models.BooleanField(default=True)
    token = models.BinaryField(default=bytes)
    token_until = models.DateTimeField(null=True)
    username = models.CharField(max_length=SUBJECT_LENGTH, blank=True, help_text="Whom the token is about.")
    pace = models.PositiveSmallIntegerField(default=60)
    paused_until = models.DateTimeField(null=True)
    webhook_secret = models.BinaryField(default=bytes, help_text="Sealed.")
    webhook_secret_at = models.DateTimeField(null=True)
    listing_page = models.PositiveIntegerField(default=1)
    listed_at = models.DateTimeField(null=True, help_text="When its list of courses was last read to its end.")
    listing_problem = models.CharField(max_length=400, blank=True)
    created_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Stage(models.TextChoices):
    """What of a roster is being read. After the last stage it is told."""

    ENROLMENTS = "enrolments", _("Enrolments")
    COHORTS = "cohorts", _("Cohorts")
    MEMBERS = "members", _("Members of cohorts")
    ACCOUNTS = "accounts", _("Names and addresses")
    TELLING = "telling", _("Applying")


class State(models.TextChoices):
    """How far a fetch is."""

    GOING = "going", _("going on")
    WAITING = "waiting", _("waiting")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    ASKING = "asking", _("asks you")
    OVER = "over", _("given up")


class Course(models.Model):
    """A course run of a platform. It is followed if an owner ticked it, or by the connection's patterns."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="courses")
    key = models.CharField(max_length=KEY_LENGTH)
    title = models.CharField(max_length=200, blank=True)
    is_ticked = models.BooleanField(default=False)
    is_followed = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=State, blank=True, help_text="Of its last fetch.")
    people = models.PositiveIntegerField(null=True, help_text="How many its last roster had, active.")
    roster_at = models.DateTimeField(null=True, help_text="When a roster was last told whole.")
    asked_at = models.DateTimeField(null=True, help_text="When a roster was last begun.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="openedx_course_once")]

    def __str__(self) -> str:
        return self.title or self.key


UNFINISHED = (State.GOING, State.WAITING)


class Fetch(models.Model):
    """One reading of one course's roster, from its start to its end, over any number of jobs.

    `stage` and `cursor` say where it goes on; `step` counts what was written, so that of two jobs at once one gives
    way. `lines`: [moment, kind, details] of the log, for people (`words`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="fetches")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    state = models.CharField(max_length=8, choices=State, default=State.GOING)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.ENROLMENTS)
    cursor = models.CharField(max_length=500, blank=True)
    step = models.PositiveIntegerField(default=0)
    tries = models.PositiveSmallIntegerField(default=0, help_text="In a row that did not go well.")
    pages = models.PositiveIntegerField(default=0)
    people = models.PositiveIntegerField(default=0)
    waits = models.PositiveIntegerField(default=0)
    has_cohorts = models.BooleanField(default=True)
    lines = models.JSONField(default=list)
    began_at = models.DateTimeField(help_text="What was read is true as of this moment.")
    beat_at = models.DateTimeField(help_text="The last sign of life.")
    next_at = models.DateTimeField(null=True, help_text="When it goes on, if it waits.")
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["course"],
                condition=models.Q(state__in=["going", "waiting"]),
                name="openedx_one_fetch_at_a_time",
            )
        ]
        indexes = [models.Index(fields=["course", "-id"], name="openedx_fetch_by_course")]


class Piece(models.Model):
    """One page of a roster as it was read; goes when the roster has been told, or given up."""

    fetch = models.ForeignKey(Fetch, on_delete=models.CASCADE, related_name="pieces")
    stage = models.CharField(max_length=10, choices=Stage)
    data = models.JSONField()


class Outcome(models.TextChoices):
    """What became of an event."""

    WAITING = "waiting", _("waits to be applied")
    TOLD = "told", _("applied")
    NOT_FOLLOWED = "passed", _("not a course that is followed")
    NOTHING = "nothing", _("says nothing about who is in a course")
    FAILED = "failed", _("could not be applied")


class Event(models.Model):
    """What the platform said by webhook; kept for some weeks, so that what comes again is known again.

    `key` is the event's own id, or the SHA-256 of the body where it has none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="events")
    key = models.CharField(max_length=100)
    type = models.CharField(max_length=100)
    subject = models.CharField(max_length=SUBJECT_LENGTH, blank=True)
    scope = models.CharField(max_length=KEY_LENGTH, blank=True)
    said = models.JSONField(default=dict, help_text="What it says of them: see `payloads.News`.")
    outcome = models.CharField(max_length=8, choices=Outcome, default=Outcome.WAITING)
    times = models.PositiveIntegerField(default=1)
    happened_at = models.DateTimeField()
    received_at = models.DateTimeField(db_default=Now(), db_index=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "key"], name="openedx_event_once")]
        indexes = [models.Index(fields=["connection", "-id"], name="openedx_event_by_connection")]


class Unknown(models.Model):
    """Kinds of events that we do not read, counted."""

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="unknown")
    type = models.CharField(max_length=100)
    times = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "type"], name="openedx_unknown_once")]
