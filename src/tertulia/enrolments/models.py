"""Enrolments: who is in a workspace because a source says so, and what each source has given them.

`System` to `WholeList`: what outside systems tell of people. `Rule`, `RuleSource`: what follows. The rest: sources.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from tertulia.kernel.ids import new_id
from tertulia.people.models import Person
from tertulia.workspaces.models import Role, Workspace

NAME_LENGTH = 80
EXTERNAL_ID_LENGTH = 255
VALUE_LENGTH = 255
HERE = "here"
"""In place of a role: no membership is given, only groups and channels to people who are members by something else."""


class Kind(models.TextChoices):
    """How a source or a system speaks."""

    REST = "rest", _("A program (REST)")
    FILE = "file", _("Uploaded lists")
    LTI = "lti", _("LTI launches")
    NRPS = "nrps", _("LTI roster")
    OPENEDX = "openedx", _("Open edX")
    SCIM = "scim", _("Directory (SCIM)")
    RULE = "rule", _("A rule")
    SIGN_IN = "sign_in", _("Sign-in")
    ACCOUNTS = "accounts", _("Mail domains")
    ANSWERS = "answers", _("Members' answers")


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

    An empty `role` gives nothing: they have left, or were let go; HERE gives all but membership. `active` is what the
    source last said. Without a `person` the line only remembers that somebody unknown had left, for older news that may
    still come.
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
    or who were refused, `MOST_LINES` at most. A source that says the same again counts up `times` of its last run;
    news of few people at a time, within minutes, is joined to one run (`is_joined`).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    by = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    mode = models.CharField(max_length=6)
    counts = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    times = models.PositiveIntegerField(default=1)
    is_joined = models.BooleanField(default=False)
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


class Key(models.TextChoices):
    """What a fact is about. Its values are texts, compared to the letter."""

    PLATFORM = "platform", _("Platform")
    COURSE = "course", _("Course")
    RUN = "run", _("Course run")
    TRACK = "track", _("Enrolment track")
    COHORT = "cohort", _("Cohort")
    CONTEXT = "context", _("LTI context")
    GROUP = "group", _("Directory group")
    DOMAIN = "domain", _("Mail domain")  # of an address that its person has confirmed, or a system vouches for
    ROLE = "role", _("Role there")  # learner, mentor, instructor or operations, as the system says
    ANSWER = "answer", _("Answer")  # question=answer


class System(models.Model):
    """An outside system that tells of people: a platform, a directory, a sign-in provider, a workspace's questions.

    `issuer` and a registration's `subject` are the key into `people.Identity`; without it, people are known by their
    address or account only. Rules of a workspace see the systems that are open to all, are lent to it, or are its own.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=8, choices=Kind)
    name = models.CharField(max_length=NAME_LENGTH)
    issuer = models.CharField(max_length=255, blank=True)
    mail_verified = models.BooleanField(default=False, help_text="Its addresses prove who somebody is.")
    is_open = models.BooleanField(default=False, help_text="Every workspace may write rules on it.")
    workspaces = models.ManyToManyField(Workspace, related_name="lent_systems")
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="own_systems")
    largest_share = models.PositiveSmallIntegerField(
        default=20,
        validators=[MaxValueValidator(100)],
        help_text="Percent of a scope's active people that one whole list may let go unconfirmed.",
    )
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "issuer", "workspace"], nulls_distinct=False, name="system_once")
        ]

    def __str__(self) -> str:
        return self.name


class Registration(models.Model):
    """What a system says of one person about one thing: a course run, a context; `scope` "": of the person as such.

    `told_at`: key, `active`, `email` or `name` -> when that was true (RFC 3339); older news of it is passed over.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="registrations")
    subject = models.CharField(max_length=255)
    scope = models.CharField(max_length=255, blank=True)
    person = models.ForeignKey(Person, null=True, on_delete=models.CASCADE, related_name="registrations")
    email = models.CharField(max_length=254, blank=True)
    name = models.CharField(max_length=255, blank=True)
    facts = models.JSONField(default=dict)
    active = models.BooleanField(default=True)
    told_at = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "subject", "scope"], name="registration_once")]
        indexes = [
            models.Index(fields=["person", "system"], name="registration_by_person"),
            models.Index(fields=["system", "scope"], name="registration_by_scope"),
            GinIndex(fields=["facts"], opclasses=["jsonb_path_ops"], name="registration_by_facts"),
        ]


class KnownValue(models.Model):
    """A value that a system has told of somebody, and what people call it: offered to those who write rules."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="values")
    key = models.CharField(max_length=8, choices=Key)
    value = models.CharField(max_length=VALUE_LENGTH)
    title = models.CharField(max_length=VALUE_LENGTH, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "key", "value"], name="known_value_once")]


class WholeList(models.Model):
    """When the newest whole list of a scope was true: who is not known since then was not on it."""

    system = models.ForeignKey(System, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=255, blank=True)
    listed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["system", "scope"], name="whole_list_once")]


class Rule(models.Model):
    """Who is given what because of what systems say. Without a `workspace`: one workspace for each value of `per`.

    `conditions`: [{"key": Key, "values": [texts, a trailing * matches beginnings]}, …], all of which hold within one
    registration together with what is known of its person as such; `system`: only registrations of this one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, null=True, on_delete=models.CASCADE, related_name="rules")
    author = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=NAME_LENGTH)
    is_on = models.BooleanField(default=True)
    system = models.ForeignKey(System, null=True, on_delete=models.RESTRICT, related_name="+")
    conditions = models.JSONField(default=list)
    role = models.CharField(max_length=10, default=Role.LEARNER, help_text="A role, or HERE.")
    group_ids = ArrayField(models.UUIDField(), default=list)
    channel_ids = ArrayField(models.UUIDField(), default=list)
    per = models.CharField(max_length=8, choices=Key, blank=True)
    group_names = ArrayField(models.CharField(max_length=NAME_LENGTH), default=list)
    channel_names = ArrayField(models.CharField(max_length=NAME_LENGTH), default=list)
    leaving = models.CharField(max_length=6, choices=Leaving, default=Leaving.REMOVE)
    largest_share = models.PositiveSmallIntegerField(default=20, validators=[MaxValueValidator(100)])
    welcome = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class RuleSource(models.Model):
    """The source by which a rule speaks to a workspace; one for each value, if it makes workspaces.

    It outlives the workspace (`source` is null then), so that one that was deleted is not made again. `made`: name of a
    group or channel of the rule -> its id here, so that another name does not make it again.
    `held` of `held_of` people would leave, more than the rule's share: somebody has to confirm it.
    """

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="sources")
    source = models.OneToOneField(Source, null=True, on_delete=models.SET_NULL, related_name="rule_source")
    system = models.ForeignKey(System, null=True, on_delete=models.CASCADE, related_name="+")
    value = models.CharField(max_length=VALUE_LENGTH, blank=True)
    made = models.JSONField(default=dict, help_text='{"groups": {name: id}, "channels": {name: id}}')
    held = models.PositiveIntegerField(default=0)
    held_of = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "system", "value"], nulls_distinct=False, name="rule_source_once")
        ]


class QuestionKind(models.TextChoices):
    """What an answer looks like."""

    ONE = "one", _("One of several choices")
    SEVERAL = "several", _("Any of several choices")
    TEXT = "text", _("A few words")


class Question(models.Model):
    """Something that a workspace asks its members. Answers are facts for its rules: `word`=answer.

    `word` is short and never changes, because rules name it. `staff_see`: who runs the workspace sees who said what,
    and those who answer are told so; it is never switched on afterwards.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="questions")
    word = models.CharField(_("short name"), max_length=40)
    title = models.CharField(_("question"), max_length=160)
    help = models.CharField(_("explanation"), max_length=300, blank=True)
    kind = models.CharField(max_length=7, choices=QuestionKind, default=QuestionKind.ONE)
    choices = ArrayField(models.CharField(max_length=NAME_LENGTH), default=list)
    optional = models.BooleanField(default=True)
    staff_see = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint("workspace", Lower("word"), name="question_once")]

    def __str__(self) -> str:
        return self.title


class Answer(models.Model):
    """What one member answered; no `values`: they passed over the question, and are not asked again."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="answers")
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    values = ArrayField(models.CharField(max_length=200), default=list)
    answered_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["question", "person"], name="answer_once")]
