"""A rule gives no more than its author may, sees no more than its workspace may, and says so when it stops."""

from __future__ import annotations

import pytest

from tertulia.channels import services as channel_services
from tertulia.channels.models import Visibility
from tertulia.enrolments import queries, services
from tertulia.enrolments.models import Key, Kind, Rule
from tertulia.enrolments.records import Draft, Registered
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Membership, Role

from .rules_world import RulesWorld
from .world import person

BAKING = (Key.RUN, ["baking"])


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


@pytest.fixture
def rita(world: RulesWorld) -> Person:
    """Of operations."""
    return world.member("rita", Role.OPERATIONS)


def stopped(world: RulesWorld, rule: Rule) -> str:
    """What the rule's page says."""
    (row,) = queries.rules(world.course, rule_id=rule.pk)
    return row.stopped


@pytest.mark.parametrize("role", [Role.INSTRUCTOR, Role.MODERATOR, Role.LEARNER, Role.GUEST])
def test_who_may_not_enrol_writes_no_rules(world: RulesWorld, role: Role) -> None:
    other = world.member("max", role)
    rule = world.rule("Bakers", BAKING)
    draft = Draft(name="Rule", conditions=[BAKING])
    for call in (
        lambda: services.write_rule(actor=other, workspace=world.course, draft=draft),
        lambda: services.preview(actor=other, workspace=world.course, draft=draft),
        lambda: services.switch_rule(actor=other, rule=rule, is_on=False),
        lambda: services.confirm_rule(actor=other, rule=rule),
        lambda: services.delete_rule(actor=other, rule=rule, keep_people=True),
    ):
        with pytest.raises(Forbidden):
            call()
    assert Rule.objects.get().is_on


def test_outsiders_do_not_learn_that_there_is_a_rule(world: RulesWorld) -> None:
    rule = world.rule("Bakers", BAKING)
    with pytest.raises(NotFound):
        services.delete_rule(actor=world.otto, rule=rule, keep_people=True)


def test_nobody_gives_a_role_above_their_own(world: RulesWorld, rita: Person) -> None:
    with pytest.raises(Forbidden):
        world.rule("Owners", BAKING, actor=rita, role="owner")
    with pytest.raises(Forbidden):
        world.rule("Owners", BAKING, role="owner")
    world.rule("Helpers", BAKING, actor=rita, role="operations")


def test_private_channels_are_given_by_those_who_are_in_them(world: RulesWorld, rita: Person) -> None:
    with pytest.raises(Invalid) as caught:
        world.rule("Bakers", BAKING, actor=rita, channels=["secret"])
    with pytest.raises(Invalid) as nowhere:
        world.rule("Bakers", BAKING, actor=rita, channels=["nothing"])
    assert caught.value.detail == nowhere.value.detail.replace("nothing", "secret")
    channel_services.add_people(actor=world.olga, channel=world.secret, person_ids=[rita.pk])
    world.rule("Bakers", BAKING, actor=rita, channels=["secret"])
    world.tell("ana")
    assert "secret" in world.channels("ana")


def test_a_channel_that_its_author_left_is_not_given_any_more_and_not_taken(world: RulesWorld, rita: Person) -> None:
    club = world.channel("club", visibility=Visibility.PRIVATE, by=rita)
    world.rule("Bakers", BAKING, actor=rita, channels=["club", "square"])
    world.tell("ana")
    club.memberships.filter(person=rita).delete()
    told = world.tell("ben")
    assert world.channels("ben") == {"hall", "square"}
    assert "1 of its channels cannot be given" in told.rules[0].note
    services.apply_all()
    assert world.channels("ana") == {"hall", "square", "club"}


@pytest.mark.parametrize("how", ["demoted", "left", "closed"])
def test_a_rule_stops_giving_when_its_author_may_not_any_more(world: RulesWorld, rita: Person, how: str) -> None:
    rule = world.rule("Bakers", BAKING, actor=rita)
    world.tell("ana", "ben")
    assert stopped(world, rule) == ""
    if how == "demoted":
        Membership.objects.filter(person=rita).update(role=Role.LEARNER)
    elif how == "left":
        Membership.objects.filter(person=rita).delete()
    else:
        Person.objects.filter(pk=rita.pk).update(is_active=False)
    told = world.tell("cora")
    assert "cora" not in world.members()
    assert "It gives nothing any more" in told.rules[0].note
    assert stopped(world, rule) == told.rules[0].note
    assert {"ana", "ben"} <= world.members()
    world.tell("ana", active=False)  # leaving goes on: nobody stays where they do not belong
    assert "ana" not in world.members()
    world.rule("Bakers", BAKING, rule=rule)  # Olga takes it over
    assert "cora" in world.members()
    assert stopped(world, rule) == ""


def test_systems_that_are_not_open_here_do_not_exist(world: RulesWorld, rita: Person) -> None:
    hidden = world.system("Hidden", "https://hidden.example", is_open=False)
    world.tell("ana", system=hidden)
    world.rule("Bakers", BAKING, actor=rita)
    assert world.members() == {"rita"}
    with pytest.raises(Invalid):
        world.rule("Hidden", actor=rita, system_id=hidden.pk)
    services.lend_system(actor=world.olga, system=hidden, is_open=False, workspaces=[world.course])
    services.apply_all()
    assert world.members() == {"rita", "ana"}


def test_a_system_that_is_lent_to_one_workspace_is_nothing_to_another(world: RulesWorld) -> None:
    hidden = world.system("Hidden", "https://hidden.example", is_open=False)
    services.lend_system(actor=world.olga, system=hidden, is_open=False, workspaces=[world.course])
    uma = person("uma")
    other = workspace_services.create_workspace(actor=world.olga, slug="other", name="Other", template="blank")
    workspace_services.add_member(actor=world.olga, workspace=other, person=uma, role=Role.OPERATIONS)
    world.rule("Elsewhere", BAKING, workspace=other, actor=uma)
    world.tell("ana", system=hidden)
    assert not other.memberships.filter(person__handle="ana").exists()
    systems, values = queries.offered(other, uma)
    assert [one.name for one in systems] == ["Campus"]
    assert all(not rows for rows in values.values())


def test_a_directory_of_one_workspace_is_nothing_to_another_nor_to_owners(world: RulesWorld) -> None:
    other = workspace_services.create_workspace(actor=world.otto, slug="other", name="Other", template="blank")
    directory = services.open_system(kind=Kind.SCIM, name="Staff", workspace=other, mail_verified=True)
    world.rule("Staff", (Key.GROUP, ["Staff"]))
    world.rule("Staff there", (Key.GROUP, ["Staff"]), workspace=other, actor=world.otto)
    said = Registered(subject="ana", facts={Key.GROUP: ["Staff"]}, email="ana@example.org")
    services.tell(system=directory, people=[said])
    assert world.members() == set()
    assert other.memberships.filter(person__handle="ana").exists()
    with pytest.raises(NotFound):
        services.lend_system(actor=world.otto, system=directory, is_open=True, workspaces=[])


def test_closing_a_system_lets_nobody_go_unseen(world: RulesWorld, rita: Person) -> None:
    rule = world.rule("Campus", actor=rita, system_id=world.campus.pk)
    loose = world.rule("Bakers", BAKING, actor=rita, groups=["A"])
    world.tell("ana", "ben")
    services.lend_system(actor=world.olga, system=world.campus, is_open=False, workspaces=[])
    services.apply_all()
    assert world.members() == {"rita", "ana", "ben"}
    assert "not open to this workspace" in stopped(world, rule)
    (row,) = queries.rules(world.course, rule_id=loose.pk)
    assert (row.held, row.held_of) == (2, 2)


def test_an_archived_workspace_is_left_alone(world: RulesWorld) -> None:
    world.rule("Bakers", BAKING)
    world.tell("ana")
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    told = world.tell("ben")
    world.tell("ana", active=False)
    assert world.members() == {"ana"}
    assert "archived" in told.rules[0].note
    with pytest.raises(Conflict):
        world.rule("More", BAKING)
    workspace_services.restore_workspace(actor=world.olga, workspace=world.course)
    services.apply_all()
    assert "ben" in world.members()


def test_who_is_banned_is_refused(world: RulesWorld) -> None:
    world.rule("Bakers", BAKING)
    ana = world.member("ana")
    workspace_services.ban(actor=world.olga, workspace=world.course, person=ana, reason="noise")
    told = world.tell("ana", "ben")
    assert told.rules[0].counts == {"created": 1, "refused": 1}
    assert world.members() == {"ben"}
