"""Who meets a rule's conditions comes in by it, and who does not any more leaves."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tertulia.channels.models import Visibility
from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Kind, Rule, RuleSource, Source
from tertulia.enrolments.records import Draft, Registered
from tertulia.enrolments.services import arriving
from tertulia.kernel.errors import Conflict, Invalid
from tertulia.people import services as people_services
from tertulia.workspaces.models import Role

from .rules_world import RulesWorld
from .world import person


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


def test_people_come_in_with_what_the_rule_gives_and_leave_again(world: RulesWorld) -> None:
    world.rule("Bakers", (Key.RUN, ["baking"]), role="mentor", groups=["Bakers"], channels=["secret"])
    world.tell("ana", "ben")
    assert world.members() == {"ana", "ben"}
    assert world.role("ana") is Role.MENTOR
    assert world.groups("ana") == {"Bakers"}
    assert world.channels("ana") == {"hall", "secret"}
    world.tell("ana", active=False)
    assert world.members() == {"ben"}
    assert world.channels("ana") == set()


def test_a_rule_finds_those_who_were_told_before_it_was_written(world: RulesWorld) -> None:
    world.tell("ana", "ben")
    world.tell("cora", scope="cooking")
    world.rule("Bakers", (Key.RUN, ["baking"]))
    assert world.members() == {"ana", "ben"}


def test_all_conditions_hold_within_one_registration(world: RulesWorld) -> None:
    world.rule("Verified bakers", (Key.RUN, ["baking"]), (Key.TRACK, ["verified"]))
    world.tell("ana", run=["baking"], track=["verified"])
    world.tell("ben", run=["baking"], track=["audit"])
    world.tell("ben", scope="cooking", run=["cooking"], track=["verified"])
    assert world.members() == {"ana"}


def test_what_is_known_of_the_person_as_such_counts_everywhere(world: RulesWorld) -> None:
    directory = world.system("Staff", "https://staff.example", kind=Kind.SCIM)
    world.rule("Staff who bake", (Key.RUN, ["baking"]), (Key.GROUP, ["Staff"]))
    for handle in ("ana", "ben"):
        person(handle)
    world.tell("ana", "ben")
    assert world.members() == set()
    world.tell("ana", scope="", group=["Staff"], system=directory)  # the same address, so the same person
    assert world.members() == {"ana"}
    world.tell("ana", scope="", group=["Former"], system=directory)
    assert world.members() == set()
    world.tell("ben", scope="elsewhere", group=["Staff"], system=directory)  # of something else, not of the person
    assert world.members() == set()


def test_any_of_several_values_and_beginnings(world: RulesWorld) -> None:
    world.rule("Some", (Key.RUN, ["cooking", "bak*"]))
    world.tell("ana", scope="baking-2027")
    world.tell("ben", scope="cooking")
    world.tell("cora", scope="cooking-2027")
    assert world.members() == {"ana", "ben"}


@pytest.mark.parametrize("value", ["ba_ing", "ba%", "BAKING", "'; --", "baking\\", "[baking]"])
def test_values_are_compared_to_the_letter(world: RulesWorld, value: str) -> None:
    world.rule("Odd", (Key.RUN, [value]))
    world.tell("ana")
    assert world.members() == set()
    world.tell("ben", scope=value)
    assert world.members() == {"ben"}


def test_everybody_of_a_system(world: RulesWorld) -> None:
    world.rule("Campus", system_id=world.campus.pk)
    other = world.system("Other", "https://other.example")
    world.tell("ana")
    world.tell("ben", system=other)
    assert world.members() == {"ana"}


def test_somebody_without_an_account_waits_and_comes_in_when_they_arrive(world: RulesWorld) -> None:
    services.open_system(kind=Kind.OPENEDX, name="Campus", issuer=world.campus.issuer)  # proves nothing any more
    world.rule("Bakers", (Key.RUN, ["baking"]), channels=["secret"])
    assert world.tell("ana").waiting == 1
    assert world.members() == set()
    ana = world.come("ana")
    assert world.course.memberships.filter(person=ana, role=Role.LEARNER).exists()
    assert world.secret.memberships.filter(person=ana).exists()
    world.tell("ana", active=False)
    assert world.members() == set()


def test_who_proves_an_address_comes_in_by_its_domain(world: RulesWorld) -> None:
    rita = world.member("rita", Role.OPERATIONS)
    world.rule("Example", (Key.DOMAIN, ["example.org"]), actor=rita, role="mentor")
    assert world.members() == {"rita"}  # nobody has opened the accounts to Course
    services.lend_system(actor=world.olga, system=arriving.accounts(), is_open=False, workspaces=[world.course])
    services.apply_all()
    assert world.members() == {"rita", "otto"}
    person("zoe")
    assert world.role("zoe") is Role.MENTOR
    people_services.create_person(email="yan@example.org", handle="yan", display_name="Yan", verified=False)
    people_services.create_person(email="eve@example.com", handle="eve", display_name="Eve", verified=True)
    assert world.members() == {"rita", "otto", "zoe"}


def test_several_reasons_are_one_membership_until_the_last_is_gone(world: RulesWorld) -> None:
    world.rule("Both", (Key.RUN, ["baking", "cooking"]), groups=["All"])
    world.tell("ana")
    world.tell("ana", scope="cooking")
    world.tell("ana", active=False)
    assert world.groups("ana") == {"All"}
    world.tell("ana", scope="cooking", active=False)
    assert world.members() == set()


def test_changing_what_a_rule_gives_changes_everybody_it_brought(world: RulesWorld) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]), groups=["A"])
    world.tell("ana")
    world.rule("Bakers", (Key.RUN, ["baking"]), groups=["B"], role="mentor", rule=rule)
    assert (world.groups("ana"), world.role("ana")) == ({"B"}, Role.MENTOR)


def test_a_change_that_lets_too_many_go_is_refused_until_it_is_confirmed(world: RulesWorld) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana", "ben")
    with pytest.raises(Conflict) as caught:
        world.rule("Cooks", (Key.RUN, ["cooking"]), rule=rule)
    assert caught.value.type == "too-many-leaving"
    assert Rule.objects.get().name == "Bakers"
    assert world.members() == {"ana", "ben"}
    world.rule("Cooks", (Key.RUN, ["cooking"]), rule=rule, confirmed=True)
    assert world.members() == set()


def test_a_list_that_lets_too_many_of_a_rule_go_waits_for_somebody(world: RulesWorld) -> None:
    rule = world.rule("A", (Key.COHORT, ["A"]))
    world.tell(*(f"p{number}" for number in range(8)), run=["baking"], cohort=["B"])
    world.tell("ana", "ben", run=["baking"], cohort=["A"])
    everybody = [Registered(subject=f"p{number}", facts={Key.COHORT: ["A"]}) for number in range(7)]
    services.tell_whole(
        system=world.campus, scope="baking", people=[*everybody, Registered(subject="ana")], as_of=datetime.now(UTC)
    )
    assert "ben" in world.members()  # one of two: more than 20 %
    assert "p0" in world.members()  # who comes does not wait
    assert RuleSource.objects.get().held == 1
    services.confirm_rule(actor=world.olga, rule=rule)
    assert "ben" not in world.members()
    assert RuleSource.objects.get().held == 0


def test_a_list_that_lets_few_of_a_rule_go_is_followed_at_once(world: RulesWorld) -> None:
    """The share is one of everybody that the rule has, not of those of whom the list says something new."""
    world.rule("A", (Key.RUN, ["baking"]))
    world.tell(*(f"p{number}" for number in range(6)))
    staying = [Registered(subject=f"p{number}") for number in range(5)]
    services.tell_whole(system=world.campus, scope="baking", people=staying, as_of=datetime.now(UTC))
    assert world.members() == {f"p{number}" for number in range(5)}
    assert RuleSource.objects.get().held == 0


def test_a_rule_that_is_off_does_nothing_and_makes_up_for_it(world: RulesWorld) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana", "ben", "cora", "dan", "eva", "fin")
    services.switch_rule(actor=world.olga, rule=rule, is_on=False)
    world.tell("gus")
    world.tell("ana", active=False)
    assert world.members() == {"ana", "ben", "cora", "dan", "eva", "fin"}
    services.switch_rule(actor=world.olga, rule=rule, is_on=True)
    services.apply_all()
    assert world.members() == {"gus", "ben", "cora", "dan", "eva", "fin"}


@pytest.mark.parametrize("keep", [True, False])
def test_when_a_rule_ends_people_stay_or_leave(world: RulesWorld, keep: bool) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]), groups=["A"], channels=["secret"])
    other = world.rule("Cooks", (Key.RUN, ["cooking"]), groups=["B"])
    world.tell("ana", "ben")
    world.tell("ben", scope="cooking")
    services.delete_rule(actor=world.olga, rule=rule, keep_people=keep)
    assert not Source.objects.filter(name="Bakers").exists()
    assert world.members() == ({"ana", "ben"} if keep else {"ben"})
    assert world.groups("ben") == ({"A", "B"} if keep else {"B"})
    services.delete_rule(actor=world.olga, rule=other, keep_people=False)
    assert world.members() == ({"ana", "ben"} if keep else set())  # what staff keeps, no source takes
    assert world.groups("ben") == ({"A"} if keep else set())
    assert ("secret" in world.channels("ben")) is keep


@pytest.mark.parametrize(("leaving", "role"), [("remove", None), ("guest", Role.GUEST), ("keep", Role.LEARNER)])
def test_leaving(world: RulesWorld, leaving: str, role: Role | None) -> None:
    world.rule("Bakers", (Key.RUN, ["baking"]), leaving=leaving, channels=["secret"])
    world.tell("ana")
    world.tell("ana", active=False)
    assert world.role("ana") is role
    assert ("secret" in world.channels("ana")) is (role is not None)
    world.tell("ana")
    assert world.role("ana") is Role.LEARNER


def test_who_was_there_before_stays(world: RulesWorld) -> None:
    world.member("ana", Role.INSTRUCTOR)
    world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana")
    world.tell("ana", active=False)
    assert world.role("ana") is Role.INSTRUCTOR


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        ({"name": ""}, "name"),
        ({"conditions": ()}, "conditions"),
        ({"conditions": [("planet", ["x"])]}, "conditions"),
        ({"conditions": [(Key.RUN, [" "])]}, "conditions"),
        ({"conditions": [(Key.RUN, [str(n) for n in range(51)])]}, "conditions"),
        ({"conditions": [(Key.RUN, ["x" * 256])]}, "conditions"),
        ({"conditions": [(Key.RUN, ["x"])] * 11}, "conditions"),
        ({"role": "king"}, "role"),
        ({"leaving": "never"}, "leaving"),
        ({"largest_share": 101}, "largest_share"),
        ({"channels": ["nowhere"]}, "channels"),
        ({"groups": [str(n) for n in range(51)]}, "groups"),
        ({"groups": ["x" * 81]}, "groups"),
    ],
)
def test_what_cannot_be_a_rule_is_refused_by_the_field(world: RulesWorld, draft: dict[str, object], field: str) -> None:
    values = {"name": "Rule", "conditions": [(Key.RUN, ["x"])], **draft}
    with pytest.raises(Invalid) as caught:
        services.write_rule(actor=world.olga, workspace=world.course, draft=Draft(**values))  # type: ignore[arg-type]
    assert caught.value.field == field
    assert not Rule.objects.exists()


def test_a_rule_has_a_name_of_its_own(world: RulesWorld) -> None:
    world.rule("Bakers", (Key.RUN, ["baking"]))
    with pytest.raises(Conflict):
        world.rule("bakers", (Key.RUN, ["cooking"]))
    with pytest.raises(Conflict):
        world.rule("Roster", (Key.RUN, ["cooking"]))


def test_a_channel_made_private_stays_out_of_reach(world: RulesWorld) -> None:
    world.channel("club", visibility=Visibility.PRIVATE)
    with pytest.raises(Invalid):
        services.write_rule(
            actor=world.member("rita", Role.OPERATIONS),
            workspace=world.course,
            draft=Draft(name="Rule", conditions=[(Key.RUN, ["baking"])], channels=["club"]),
        )


def test_a_rule_without_a_role_gives_places_to_members_only(world: RulesWorld) -> None:
    for who in ("ana", "ben"):
        person(who)
    world.rule("Places", (Key.COHORT, ["A"]), role="here", groups=["A"], channels=["secret"])
    world.tell("ana", "ben", "cora", run=["baking"], cohort=["A"])
    assert world.members() == set()
    bakers = world.rule("Bakers", (Key.RUN, ["baking"]))
    assert world.members() == {"ana", "ben", "cora"}
    assert world.groups("ana") == {"A"}
    assert "secret" in world.channels("ana")
    told = world.tell("ben", run=["baking"], cohort=["B"])
    assert world.groups("ben") == set()
    assert "secret" not in world.channels("ben")
    assert told.rules[0].counts == {"left": 1}
    services.delete_rule(actor=world.olga, rule=bakers, keep_people=False)
    assert world.members() == set()  # the places hold nobody


def test_what_members_answer_cannot_bring_people_in(world: RulesWorld) -> None:
    with pytest.raises(Invalid) as caught:
        world.rule("Design", (Key.ANSWER, ["Track=Design"]))
    assert caught.value.field == "role"
