"""Rules of the installation: a workspace for each value of a key."""

from __future__ import annotations

import pytest

from tertulia.channels.models import Channel, ChannelMembership, Visibility
from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Rule, RuleSource
from tertulia.enrolments.records import Draft, Registered
from tertulia.kernel.errors import NotFound
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Group, Membership, Role, Workspace

from .rules_world import RulesWorld


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


def per(world: RulesWorld, key: Key, **fields: object) -> Rule:
    """Olga's rule: one workspace for each value."""
    draft = Draft(name="Per", per=key, **fields)  # type: ignore[arg-type]
    rule = services.write_rule(actor=world.olga, workspace=None, draft=draft)
    services.apply_all()
    return rule


def made(rule: Rule) -> dict[str, Workspace]:
    """The workspaces that the rule made, by value."""
    rows = RuleSource.objects.filter(rule=rule).exclude(source=None).select_related("source__workspace")
    return {row.value: row.source.workspace for row in rows if row.source is not None}


def people(workspace: Workspace) -> set[str]:
    """Who is in a workspace, but Olga, who owns it."""
    rows = Membership.objects.filter(workspace=workspace).exclude(role=Role.OWNER)
    return set(rows.values_list("person__handle", flat=True))


def test_a_workspace_for_each_course_with_its_people_groups_and_channels(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE, channels=["Questions"], groups=["Class"])
    titles = {(Key.COURSE, "c1"): "Baking for Beginners"}
    said = Registered(subject="ana", scope="r1", facts={Key.COURSE: ["c1"]}, email="ana@example.org", active=True)
    services.tell(system=world.campus, people=[said], titles=titles)
    world.tell("ben", scope="r2", course=["c2"])
    found = made(rule)
    assert found["c1"].name == "Baking for Beginners"
    assert found["c1"].slug == "baking-for-beginners"
    assert people(found["c1"]) == {"ana"}
    assert people(found["c2"]) == {"ben"}
    questions = Channel.objects.get(workspace=found["c1"], name="Questions")
    assert questions.visibility == Visibility.PRIVATE
    assert ChannelMembership.objects.filter(channel=questions, person__handle="ana").exists()
    assert not ChannelMembership.objects.filter(channel=questions, person__handle="ben").exists()
    assert Group.objects.get(workspace=found["c1"], name="Class").memberships.filter(person__handle="ana").exists()
    world.tell("ana", scope="r1", course=["c1"], active=False)
    assert people(found["c1"]) == set()


def test_the_same_value_of_two_systems_is_two_workspaces(world: RulesWorld) -> None:
    other = world.system("Other", "https://other.example")
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["1"])
    world.tell("ben", course=["1"], system=other)
    assert RuleSource.objects.filter(rule=rule, value="1").count() == 2
    assert {frozenset(people(row.source.workspace)) for row in rule.sources.all() if row.source} == {
        frozenset({"ana"}),
        frozenset({"ben"}),
    }


def test_one_for_each_platform(world: RulesWorld) -> None:
    rule = per(world, Key.PLATFORM)
    world.tell("ana", "ben")
    (workspace,) = made(rule).values()
    assert workspace.name == "Campus"
    assert people(workspace) == {"ana", "ben"}


def test_one_for_each_mail_domain(world: RulesWorld) -> None:
    rule = per(world, Key.DOMAIN, conditions=[(Key.DOMAIN, ["example.*"])])
    world.member("zoe")
    assert people(made(rule)["example.org"]) >= {"zoe", "otto"}


def test_a_renamed_workspace_is_not_made_again(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE, groups=["Class"], channels=["Questions"])
    world.tell("ana", course=["c1"])
    workspace = made(rule)["c1"]
    workspace_services.change_workspace(actor=world.olga, workspace=workspace, name="Another name")
    Group.objects.filter(workspace=workspace).update(name="Renamed")
    Channel.objects.filter(workspace=workspace, name="Questions").update(name="Renamed")
    world.tell("ben", course=["c1"])
    services.apply_all()
    assert people(workspace) == {"ana", "ben"}
    assert Workspace.objects.count() == 2
    assert list(Group.objects.filter(workspace=workspace).values_list("name", flat=True)) == ["Renamed"]
    assert Channel.objects.filter(workspace=workspace, name="Renamed").exists()
    assert not Channel.objects.filter(workspace=workspace, name="Questions").exists()


def test_an_archived_workspace_is_left_alone_and_not_made_again(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["c1"])
    workspace = made(rule)["c1"]
    workspace_services.archive_workspace(actor=world.olga, workspace=workspace)
    world.tell("ben", course=["c1"])
    services.apply_all()
    assert people(workspace) == {"ana"}
    assert Workspace.objects.count() == 2


def test_a_deleted_workspace_is_not_made_again(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["c1"])
    RuleSource.objects.get(rule=rule).source.delete()  # type: ignore[union-attr]
    world.tell("ben", course=["c1"])
    services.apply_all()
    assert Workspace.objects.count() == 2
    assert RuleSource.objects.get(rule=rule).source is None


def test_more_places_are_made_in_workspaces_that_are_there(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["c1"])
    draft = Draft(name="Per", per=Key.COURSE, groups=["Class"])
    services.write_rule(actor=world.olga, workspace=None, draft=draft, rule=rule)
    services.apply_all()
    assert Group.objects.get(workspace=made(rule)["c1"]).memberships.filter(person__handle="ana").exists()


def test_it_makes_nothing_once_its_author_does_not_own_the_installation(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["c1"])
    Person.objects.filter(pk=world.olga.pk).update(is_owner=False)
    world.tell("ben", course=["c2"])
    world.tell("ben", scope="other", course=["c1"])
    assert people(made(rule)["c1"]) == {"ana"}
    assert set(made(rule)) == {"c1"}
    world.tell("ana", course=["c1"], active=False)
    assert people(made(rule)["c1"]) == set()


def test_it_is_written_by_owners_of_the_installation_only(world: RulesWorld) -> None:
    rita = world.member("rita", Role.OPERATIONS)
    with pytest.raises(NotFound):
        services.write_rule(actor=rita, workspace=None, draft=Draft(name="Per", per=Key.COURSE))


def test_when_it_ends_its_workspaces_stay(world: RulesWorld) -> None:
    rule = per(world, Key.COURSE)
    world.tell("ana", course=["c1"])
    workspace = made(rule)["c1"]
    services.delete_rule(actor=world.olga, rule=rule, keep_people=False)
    assert people(workspace) == set()
    assert Workspace.objects.filter(pk=workspace.pk).exists()
