"""Pages of rules, as people use them; who may open them is in tests/permissions."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tertulia.enrolments import services
from tertulia.enrolments.models import Key, Registration, Rule, RuleSource
from tertulia.people.models import Person
from tertulia.workspaces.models import Role

from .rules_world import RulesWorld

RULES = "/w/course/enrolments/rules"
FIELDS = {"name": "Bakers", "role": "learner", "leaving": "remove", "largest_share": "20"}


@pytest.fixture
def world(db: None) -> RulesWorld:
    """Course and Campus."""
    del db
    return RulesWorld()


def browser(person: Person) -> Client:
    """Somebody's browser."""
    client = Client()
    client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


@pytest.fixture
def rita(world: RulesWorld) -> Client:
    """The browser of somebody from operations."""
    return browser(world.member("rita", Role.OPERATIONS))


def test_a_rule_is_previewed_saved_and_followed(world: RulesWorld, rita: Client) -> None:
    world.tell("ana", "ben")
    typed = {**FIELDS, "key": ["run", "run"], "value": ["baking", ""], "more_groups": "Bakers; Bread"}
    page = rita.post(RULES + "/new", {**typed, "preview": "1"}).content.decode()
    assert "This would add 2, remove 0." in page
    assert "Ana" in page
    assert 'value="baking"' in page
    assert not Rule.objects.exists()
    fragment = rita.post(RULES + "/preview", typed).content.decode()
    assert "This would add 2, remove 0." in fragment
    assert "<html" not in fragment
    answer = rita.post(RULES + "/new", {**typed, "save": "1"})
    assert answer.status_code == 302
    assert world.members() == {"rita", "ana", "ben"}
    assert world.groups("ana") == {"Bakers", "Bread"}
    assert "2 people are here by it" in rita.get(answer["Location"]).content.decode()
    listed = rita.get(RULES).content.decode()
    assert "Bakers" in listed
    assert "Course run: <bdi>baking</bdi>" in listed


def test_what_is_wrong_is_said_beside_it_and_nothing_is_lost(rita: Client) -> None:
    answer = rita.post(RULES + "/new", {**FIELDS, "key": ["run"], "value": [""], "save": "1"})
    assert answer.status_code == 422
    assert "Say whom the rule is about" in answer.content.decode()
    answer = rita.post(RULES + "/new", {**FIELDS, "name": "", "key": ["run"], "value": ["baking"], "save": "1"})
    assert answer.status_code == 422
    assert 'value="baking"' in answer.content.decode()
    assert not Rule.objects.exists()


def test_more_lines_without_scripts(rita: Client) -> None:
    before = rita.get(RULES + "/new").content.decode().count("data-rule-line>")
    page = rita.post(RULES + "/new", {**FIELDS, "key": ["run"], "value": ["baking"], "more": "1"})
    assert page.status_code == 200
    assert page.content.decode().count("data-rule-line>") == before + 1 + 3


def test_letting_too_many_go_needs_a_tick(world: RulesWorld, rita: Client) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana", "ben")
    typed = {**FIELDS, "key": ["run"], "value": ["cooking"], "save": "1"}
    refused = rita.post(f"{RULES}/{rule.pk}", typed)
    assert refused.status_code == 409
    page = refused.content.decode()
    assert "2 of 2 people" in page
    assert 'name="confirm"' in page
    assert world.members() == {"rita", "ana", "ben"}
    assert rita.post(f"{RULES}/{rule.pk}", {**typed, "confirm": "on"}).status_code == 302
    assert world.members() == {"rita"}


def test_people_who_were_held_back_are_let_go_on_the_page(world: RulesWorld, rita: Client) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana", "ben")
    world.tell("ana", "ben", scope="baking", run=["gone"])
    assert world.members() == {"rita"}  # news of single people does not wait
    world.tell("ana", "ben")
    Registration.objects.update(active=False)  # behind our back
    services.apply_all()
    page = rita.get(f"{RULES}/{rule.pk}").content.decode()
    assert "2 of 2 people would leave" in page
    rita.post(f"{RULES}/{rule.pk}/confirm")
    assert world.members() == {"rita"}
    assert "would leave, more" not in rita.get(f"{RULES}/{rule.pk}").content.decode()


def test_off_and_on_again(world: RulesWorld, rita: Client) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    page = rita.post(f"{RULES}/{rule.pk}/switch", {"on": "0"}, follow=True).content.decode()
    assert "This rule is off" in page
    assert f"{RULES}/{rule.pk}/switch?on=1" in page  # undo
    rita.post(f"{RULES}/{rule.pk}/switch?on=1")
    rule.refresh_from_db()
    assert rule.is_on


@pytest.mark.parametrize(("people", "left"), [("keep", {"rita", "ana"}), ("leave", {"rita"})])
def test_deleting_asks_what_becomes_of_people(world: RulesWorld, rita: Client, people: str, left: set[str]) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    world.tell("ana")
    assert "1 person who is here by it" in rita.get(f"{RULES}/{rule.pk}/delete").content.decode()
    assert rita.post(f"{RULES}/{rule.pk}/delete").status_code == 422
    assert rita.post(f"{RULES}/{rule.pk}/delete", {"people": people}).status_code == 302
    assert world.members() == left
    assert not Rule.objects.exists()
    assert not RuleSource.objects.exists()


def test_what_the_workspace_may_not_see_is_nowhere(world: RulesWorld, rita: Client) -> None:
    hidden = world.system("Hidden platform", "https://hidden.example", is_open=False)
    world.tell("ana", system=hidden, run=["secret-run"])
    page = rita.get(RULES + "/new").content.decode()
    assert "Campus" in page
    assert "Hidden platform" not in page
    assert "secret-run" not in page
    typed = {**FIELDS, "key": ["run"], "value": ["secret-run"]}
    fragment = rita.post(RULES + "/preview", typed).content.decode()
    assert "This would add 0" in fragment
    assert "Ana" not in fragment
    for system in (str(hidden.pk), "0198c5a0-0000-7000-8000-000000000000"):
        guess = rita.post(RULES + "/preview", {**typed, "system": system}).content.decode()
        assert "Select a valid choice" in guess


def test_the_number_of_queries_of_the_list_does_not_grow(world: RulesWorld, rita: Client) -> None:
    world.rule("One", (Key.RUN, ["baking"]))
    rita.get(RULES)
    with CaptureQueriesContext(connection) as few:
        rita.get(RULES)
    for number in range(6):
        world.rule(f"Rule {number}", (Key.RUN, [f"run-{number}"]))
    with CaptureQueriesContext(connection) as many:
        assert "Rule 5" in rita.get(RULES).content.decode()
    assert len(many) == len(few)


def test_owners_of_the_installation_open_systems_and_write_rules_that_make_workspaces(world: RulesWorld) -> None:
    otto = browser(world.otto)
    hidden = world.system("Hidden", "https://hidden.example", is_open=False)
    page = otto.get("/installation/systems").content.decode()
    assert "Accounts here" in page
    address = f"/installation/systems/{hidden.pk}"
    assert otto.post(address, {"workspaces": "nowhere"}).status_code == 422
    assert otto.post(address, {"workspaces": "course"}).status_code == 302
    assert list(hidden.workspaces.all()) == [world.course]
    world.tell("ana", scope="r1", run=["r1"], course=["C1"])
    typed = {**FIELDS, "per": "course", "more_channels": "Questions", "key": ["run"], "value": [""]}
    fragment = otto.post("/installation/rules/preview", typed).content.decode()
    assert "This would make 1 workspace." in fragment
    answer = otto.post("/installation/rules/new", {**typed, "save": "1"})
    assert answer.status_code == 302
    services.apply_all()
    assert "C1" in otto.get(answer["Location"]).content.decode()
    assert "C1" not in browser(world.olga).get("/w/course/enrolments/rules").content.decode()


def test_the_log_of_the_workspace_tells_of_rules(world: RulesWorld, rita: Client) -> None:
    rule = world.rule("Bakers", (Key.RUN, ["baking"]))
    services.switch_rule(actor=world.olga, rule=rule, is_on=False)
    services.delete_rule(actor=world.olga, rule=rule, keep_people=True)
    page = rita.get("/w/course/log").content.decode()
    for sentence in ("wrote the rule Bakers", "switched the rule Bakers off", "deleted the rule Bakers"):
        assert sentence in page
