"""What a preview says is what saving does."""

from __future__ import annotations

import pytest

from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Rule, Run
from tertulia.enrolments.records import Draft, Preview
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Group, Role

from .rules_world import RulesWorld


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


def said(preview: Preview) -> dict[str, int]:
    """The outcomes that are not zero."""
    return {outcome: count for outcome, count in preview.counts.items() if count}


def busy(world: RulesWorld) -> None:
    """People in every state there is."""
    world.tell("ana", "ben", "cora", "dan", "eva", run=["baking"])
    world.tell("fin", "gus", run=["baking"], track=["verified"])
    world.member("ana", Role.INSTRUCTOR)
    world.member("ben")
    banned = world.member("cora")
    workspace_services.ban(actor=world.olga, workspace=world.course, person=banned, reason="noise")
    world.come("ivo", subject="ivo")


def test_a_new_rule(world: RulesWorld) -> None:
    busy(world)
    draft = Draft(name="Bakers", conditions=[(Key.RUN, ["baking"])], groups=["New"], channels=["secret"])
    counts = (Person.objects.count(), Group.objects.count(), Rule.objects.count(), Run.objects.count())
    preview = services.preview(actor=world.olga, workspace=world.course, draft=draft)
    assert counts == (Person.objects.count(), Group.objects.count(), Rule.objects.count(), Run.objects.count())
    rule = services.write_rule(actor=world.olga, workspace=world.course, draft=draft)
    run = Run.objects.get(source=world.source_of(rule))
    assert run.counts == said(preview)
    assert said(preview) == {"created": 4, "changed": 2, "refused": 1}
    named = {(line.name, line.outcome.value, line.detail) for lines in preview.lines.values() for line in lines}
    assert named == {(name, outcome, detail) for _key, name, outcome, detail in run.lines}


def test_a_change(world: RulesWorld) -> None:
    busy(world)
    rule = world.rule("Bakers", (Key.RUN, ["baking"]), groups=["A"])
    draft = Draft(name="Bakers", conditions=[(Key.TRACK, ["verified"])], groups=["B"], leaving="guest")
    preview = services.preview(actor=world.olga, workspace=world.course, draft=draft, rule=rule)
    assert preview.too_many
    assert (preview.leaving, preview.enrolled) == (4, 6)
    services.write_rule(actor=world.olga, workspace=world.course, draft=draft, rule=rule, confirmed=True)
    last = Run.objects.filter(source=world.source_of(rule)).latest("pk")
    assert last.counts == said(preview)


def test_who_waits_is_named(world: RulesWorld) -> None:
    world.campus.mail_verified = False
    world.campus.save()
    world.tell("ana", "ben")
    draft = Draft(name="", conditions=[(Key.RUN, ["baking"])])
    preview = services.preview(actor=world.olga, workspace=world.course, draft=draft)
    assert (preview.waiting, preview.waiting_names) == (2, ["Ana", "Ben"])
    assert said(preview) == {}


def test_another_name_is_not_asked_for(world: RulesWorld) -> None:
    world.rule("Bakers", (Key.RUN, ["baking"]))
    draft = Draft(name="Bakers", conditions=[(Key.RUN, ["baking"])])
    assert services.preview(actor=world.olga, workspace=world.course, draft=draft).enrolled == 0
