"""REST of a workspace's rules: who comes in because of what outside systems tell. On the router of `rest`."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import ConfigDict, Field
from pydantic.config import JsonDict

from tertulia.enrolments import access, queries, services
from tertulia.enrolments.models import Key, Kind, Leaving, System
from tertulia.enrolments.queries import RuleRow
from tertulia.enrolments.records import Draft, Outcome, Preview
from tertulia.kernel import limits
from tertulia.kernel.limits import Limit
from tertulia.kernel.rest import ListQuery, Out, Page, Strict, actor, page, problems, requires
from tertulia.workspaces.models import Role

router = Router(tags=["enrolments"])

RULES = Limit("enrolment-rules", times=120, seconds=600)
"""Rules written, changed, deleted and previewed by one person."""

Name = Annotated[str, Field(max_length=1000, description="1 to 80 characters; no other source has it here.")]
Values = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=200)]
Names = Annotated[list[Annotated[str, Field(max_length=1000)]], Field(max_length=200)]


class ConditionIn(Strict):
    """Something that is true of people."""

    key: Key
    values: Annotated[Values, Field(description="One of these; a trailing * stands for all that begin so. 1 to 50.")]


class RuleIn(Strict):
    """A rule. Whoever writes it must be able to give all that it gives."""

    name: Name
    system_id: Annotated[
        UUID | None, Field(description="Only what this system tells; null: any that is open here.")
    ] = None
    conditions: Annotated[
        list[ConditionIn],
        Field(max_length=50, description="All of them; none only with a system, and then it is everybody there."),
    ] = []
    role: Annotated[
        Role | Literal["here"],
        Field(description="Not above yours; never owner. here: no membership, only groups and channels for members."),
    ] = Role.LEARNER
    groups: Annotated[Names, Field(description="Names, handles or ids; made if they do not exist. At most 50.")] = []
    channels: Annotated[
        Names, Field(description="Names, addresses or ids; private ones only if you are in them. At most 50.")
    ] = []
    leaving: Leaving = Leaving.REMOVE
    largest_share: Annotated[int, Field(ge=0, le=100)] = 20
    welcome: bool = False
    is_on: bool = True

    def draft(self) -> Draft:
        """As services want it."""
        return Draft(
            name=self.name,
            conditions=[(one.key, one.values) for one in self.conditions],
            system_id=self.system_id,
            role=self.role,
            groups=self.groups,
            channels=self.channels,
            leaving=self.leaving,
            largest_share=self.largest_share,
            welcome=self.welcome,
            is_on=self.is_on,
        )


EXAMPLE: JsonDict = {"name": "Bakers", "conditions": [{"key": "run", "values": ["baking-2027"]}], "groups": ["Bakers"]}


class NewRule(RuleIn):
    """A new rule."""

    model_config = ConfigDict(json_schema_extra={"example": EXAMPLE})


class RuleChange(RuleIn):
    """A rule as it is to be; who sends it is its author from then on."""

    model_config = ConfigDict(json_schema_extra={"example": {**EXAMPLE, "confirm": True}})

    confirm: Annotated[bool, Field(description="Yes, let go more people than the rule's share.")] = False


class RuleTrial(RuleIn):
    """A rule that is only looked at."""

    name: Name = ""
    rule_id: Annotated[UUID | None, Field(description="The rule that would become so; null: a new one.")] = None


class ConditionOut(Out):
    """Something that is true of people."""

    key: Key
    values: list[str]


class RuleOut(Out):
    """A rule, and how it is going."""

    id: UUID
    name: str
    system_id: UUID | None
    conditions: list[ConditionOut]
    role: Role | Literal["here"]
    group_ids: list[UUID]
    channel_ids: list[UUID]
    leaving: Leaving
    largest_share: int
    welcome: bool
    is_on: bool
    author_id: UUID | None
    enrolled: int = Field(description="How many people it holds now.")
    held: int = Field(description="How many would leave, more than its share at once; they wait for a confirmation.")
    stopped: str = Field(description="Why it gives nothing any more, in a sentence; else empty.")

    @classmethod
    def of(cls, row: RuleRow) -> RuleOut:
        """One of `queries.rules`."""
        names = ("name", "system_id", "conditions", "role", "leaving", "largest_share", "welcome", "is_on", "author_id")
        places = {"group_ids": row.rule.group_ids, "channel_ids": row.rule.channel_ids}
        values = {"id": row.rule.pk, **places, **{name: getattr(row.rule, name) for name in names}}
        return cls.model_validate({**values, "enrolled": row.enrolled, "held": row.held, "stopped": row.stopped})


class RulePersonOut(Out):
    """Somebody whom the rule would concern."""

    outcome: Outcome
    person_id: UUID | None
    name: str
    detail: str


class RulePreviewOut(Out):
    """What a rule would do."""

    counts: dict[Outcome, int] = Field(description="How many people would have each outcome.")
    people: list[RulePersonOut] = Field(description="The first of each outcome but `unchanged`.")
    waiting: int = Field(description="How many fit, and have no account here that is known to be theirs.")
    enrolled: int = Field(description="How many people the rule has now.")
    leaving: int = Field(description="How many of them would leave it.")
    needs_confirmation: bool = Field(description="More than the rule's share would leave: `confirm` is needed.")

    @classmethod
    def of(cls, preview: Preview) -> RulePreviewOut:
        """A preview."""
        people = [
            {"outcome": line.outcome, "person_id": line.person_id, "name": line.name, "detail": line.detail}
            for lines in preview.lines.values()
            for line in lines
        ]
        numbers = {name: getattr(preview, name) for name in ("counts", "waiting", "enrolled", "leaving")}
        return cls.model_validate({**numbers, "people": people, "needs_confirmation": preview.too_many})


class SystemOut(Out):
    """An outside system that tells of people."""

    id: UUID
    name: str
    kind: Kind

    @classmethod
    def of(cls, system: System) -> SystemOut:
        """One of `queries.visible_systems`."""
        return cls.model_validate({"id": system.pk, "name": system.name, "kind": system.kind})


class DeleteRuleQuery(ListQuery):
    """What becomes of the people."""

    people: Annotated[
        str,
        Field(
            pattern="^(keep|leave)$",
            description="keep: they stay, as if staff had added them. leave: as the rule's leaving says.",
        ),
    ] = "keep"


@router.get("/workspaces/{slug}/enrolments/rules", response={200: Page[RuleOut]}, summary="Rules of enrolments")
@requires("enrolments:read")
def list_rules(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[RuleOut]:
    """Who comes in by themselves, and why; by name. For owners and operations."""
    place = access.place(actor(request), slug)
    return page(queries.rules_page(place.workspace, cursor=query.cursor, limit=query.limit), RuleOut.of)


@router.post("/workspaces/{slug}/enrolments/rules", response={201: RuleOut, **problems(409)}, summary="Write a rule")
@requires("enrolments:write")
def create_rule(request: HttpRequest, slug: str, new: NewRule) -> Status[RuleOut]:
    """A rule that is followed from now on: at once if it concerns few people, else in a moment."""
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(RULES, person.pk)
    rule = services.write_rule(actor=person, workspace=place.workspace, draft=new.draft())
    (row,) = queries.rules(place.workspace, rule_id=rule.pk)
    return Status(201, RuleOut.of(row))


@router.post(
    "/workspaces/{slug}/enrolments/rules/preview",
    response={200: RulePreviewOut, **problems(409)},
    summary="What a rule would do",
)
@requires("enrolments:write")
def preview_rule(request: HttpRequest, slug: str, trial: RuleTrial) -> RulePreviewOut:
    """Whom the rule would add, change and remove if it were saved so now; nothing happens."""
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(RULES, person.pk)
    rule = access.rule(place, trial.rule_id) if trial.rule_id is not None else None
    return RulePreviewOut.of(services.preview(actor=person, workspace=place.workspace, draft=trial.draft(), rule=rule))


@router.put(
    "/workspaces/{slug}/enrolments/rules/{uuid:rule_id}",
    response={200: RuleOut, **problems(409)},
    summary="Change a rule",
)
@requires("enrolments:write")
def put_rule(request: HttpRequest, slug: str, rule_id: UUID, change: RuleChange) -> RuleOut:
    """The rule becomes as it is sent, and yours. Refuses with 409 `too-many-leaving` to let go more than its share of
    people, unless `confirm` is true; nothing has changed then.
    """
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(RULES, person.pk)
    rule = access.rule(place, rule_id)
    services.write_rule(
        actor=person, workspace=place.workspace, draft=change.draft(), rule=rule, confirmed=change.confirm
    )
    (row,) = queries.rules(place.workspace, rule_id=rule.pk)
    return RuleOut.of(row)


@router.delete(
    "/workspaces/{slug}/enrolments/rules/{uuid:rule_id}",
    response={204: None, **problems(409)},
    summary="Delete a rule",
)
@requires("enrolments:write")
def delete_rule(request: HttpRequest, slug: str, rule_id: UUID, query: Query[DeleteRuleQuery]) -> Status[None]:
    """The rule ends for good. `people` says whether those whom it brought stay."""
    person = actor(request)
    place = access.place(person, slug)
    limits.spend(RULES, person.pk)
    services.delete_rule(actor=person, rule=access.rule(place, rule_id), keep_people=query.people == "keep")
    return Status(204, None)


@router.get("/workspaces/{slug}/enrolments/systems", response={200: Page[SystemOut]}, summary="Systems that tell")
@requires("enrolments:read")
def list_systems(request: HttpRequest, slug: str, query: Query[ListQuery]) -> Page[SystemOut]:
    """The systems of whose people rules of this workspace may know, by name."""
    person = actor(request)
    place = access.place(person, slug)
    found = queries.visible_systems(place.workspace, person, cursor=query.cursor, limit=query.limit)
    return page(found, SystemOut.of)
