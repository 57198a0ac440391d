"""LMSs that launch us by LTI 1.3, their courses and links, our keys, and what is remembered between two requests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from tertulia.channels.models import Channel
from tertulia.enrolments.models import Source
from tertulia.kernel.ids import new_id
from tertulia.kernel.models import SigningKeyFields
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
    rosters_for_rules = models.BooleanField(
        default=False,
        help_text="Rosters of courses without a workspace of their own are fetched for rules of enrolment.",
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


class SigningKey(SigningKeyFields):
    """Our own RSA keys; see `kernel.signing`."""


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
    label = models.CharField(max_length=200, blank=True, help_text="Its short name, such as B101, if claimed.")
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
    launches_admit = models.BooleanField(
        default=True, help_text="Else a list of the workspace says who is in the course, and launches only sign in."
    )
    set_up_by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    nrps_url = models.URLField(max_length=URL_LENGTH, blank=True)
    roster_nightly = models.BooleanField(default=False)
    roster_at = models.DateTimeField(null=True, help_text="When the roster was last fetched, whole or not.")
    roster_problem = models.CharField(max_length=400, blank=True, help_text="Why that did not go well; empty: it did.")
    ags = models.JSONField(default=dict, help_text="What the platform last offered of its gradebook: `claims.Offer`.")
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


class Learner(models.Model):
    """Somebody whom the platform last called a learner of this course, and under which `subject` it knows them."""

    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="learners")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=ID_LENGTH)
    since = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["context", "person"], name="lti_learner_once")]


class Target(models.TextChoices):
    """What somebody chose to put into their course."""

    WORKSPACE = "workspace", _("The whole workspace")
    CHANNEL = "channel", _("A channel")
    UNIT = "unit", _("A thread of its own, in a channel")
    THREAD = "thread", _("A thread that is there")


class Placement(models.Model):
    """What a deep link leads to; its address is in the link (`/lti/at/ID`), so that it survives renaming."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="placements")
    target = models.CharField(max_length=10, choices=Target)
    channel = models.ForeignKey(Channel, null=True, on_delete=models.CASCADE, related_name="+")
    thread = models.ForeignKey(Post, null=True, on_delete=models.CASCADE, related_name="+")
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
    ags = models.JSONField(
        default=dict, help_text="As the course's, for this place; with its own column, if it has one."
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["context", "resource_link_id"], name="lti_link_once")]

    def __str__(self) -> str:
        return self.title or self.resource_link_id


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


class RosterFetch(models.Model):
    """One fetching of a course's roster: how far it is, and how it went, for people to read.

    Its pages are kept until it ends, so that it goes on where it was; `next_url` is the page to read next, empty when
    all are there. `started_at` is the moment of which the roster counts.
    """

    class State(models.TextChoices):
        RUNNING = "running", _("under way")
        DONE = "done", _("done")
        FAILED = "failed", _("not done")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="fetches")
    state = models.CharField(max_length=7, choices=State, default=State.RUNNING)
    started_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)
    next_url = models.URLField(max_length=URL_LENGTH, blank=True)
    page_count = models.PositiveIntegerField(default=0)
    people_count = models.PositiveIntegerField(default=0)
    attempts = models.PositiveIntegerField(default=0, help_text="In a row that brought no page.")
    not_before = models.DateTimeField(null=True)
    confirmed = models.BooleanField(default=False)
    problem = models.CharField(max_length=400, blank=True)
    counts = models.JSONField(
        default=dict,
        help_text="Outcome -> how many people, when done; or what `words.TOLD` names, if told to rules alone.",
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["context"], condition=models.Q(state="running"), name="lti_one_fetch_at_a_time"
            )
        ]
        indexes = [models.Index(fields=["context", "-id"], name="lti_fetch_by_course")]


class RosterPage(models.Model):
    """One page of a roster that is being fetched, as the platform sent it; gone when the fetching ends."""

    fetch = models.ForeignKey(RosterFetch, on_delete=models.CASCADE, related_name="pages")
    number = models.PositiveIntegerField()
    url = models.URLField(max_length=URL_LENGTH)
    members = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fetch", "number"], name="lti_roster_page_once")]


class Grade(models.Model):
    """Taking part as a grade: what counts, and the column of the platform's gradebook that it goes to.

    `channels`: where contributions count; none: in the thread of `link`, of which `threads` remembers every one.
    `link`: the place in the course whose column it is; none: a column of its own. `wanted` contributions of at least
    `fewest_words` words each give `maximum` points. `line_item` is the column's address, empty until it is known.
    `seen`: channel -> its revision when contributions were last counted. `notices`: channel -> the post that says so.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    context = models.ForeignKey(Context, on_delete=models.CASCADE, related_name="grades")
    link = models.ForeignKey(Link, null=True, on_delete=models.CASCADE, related_name="grades")
    channels = ArrayField(models.UUIDField(), default=list)
    threads = ArrayField(models.UUIDField(), default=list)
    label = models.CharField(_("name"), max_length=100)
    maximum = models.PositiveSmallIntegerField(_("points"), default=10)
    wanted = models.PositiveSmallIntegerField(_("contributions"), default=3)
    fewest_words = models.PositiveSmallIntegerField(_("words"), default=20)
    until = models.DateTimeField(null=True)
    is_on = models.BooleanField(default=True)
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    line_item = models.URLField(max_length=URL_LENGTH, blank=True)
    line_maximum = models.FloatField(null=True, help_text="Points of the column, where the platform says how many.")
    notices = models.JSONField(default=dict)
    seen = models.JSONField(default=dict)
    counted_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When a score last arrived.")
    problem = models.CharField(max_length=400, blank=True)
    attempts = models.PositiveIntegerField(default=0, help_text="In a row that failed for the whole column.")
    not_before = models.DateTimeField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["link"], condition=models.Q(is_on=True, link__isnull=False), name="lti_grade_of_link_once"
            )
        ]

    def __str__(self) -> str:
        return self.label


class Score(models.Model):
    """One person's contributions that count for a grade, and what of it the platform has; its own queue.

    `due`: the platform is to be told. `stamp` is the newest timestamp ever used, for it takes newer ones only (AGS 2.0,
    3.4.7); it is kept before sending, so that an answer that was lost does no harm.
    """

    grade = models.ForeignKey(Grade, on_delete=models.CASCADE, related_name="scores")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    subject = models.CharField(max_length=ID_LENGTH)
    counted = models.PositiveIntegerField()
    due = models.BooleanField(default=True)
    stamp = models.DateTimeField(null=True)
    sent_counted = models.PositiveIntegerField(null=True)
    sent_given = models.FloatField(null=True)
    sent_maximum = models.FloatField(null=True)
    sent_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveIntegerField(default=0)
    not_before = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["grade", "person"], name="lti_score_once")]
        indexes = [models.Index(fields=["grade"], condition=models.Q(due=True), name="lti_score_due")]
