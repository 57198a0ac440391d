"""A launch signs people in, where their course is, as what they are there."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client

from tertulia.channels.models import ChannelMembership, Visibility
from tertulia.channels.services import create_channel
from tertulia.integrations.lti.models import Attempt, Context, Deployment, Refused
from tertulia.integrations.lti.services import courses
from tertulia.integrations.lti.services.platforms import change_platform
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import GroupMembership, Membership, Role

from .platform import DROP, INSTRUCTOR, LEARNER, MEMBERSHIP, FakePlatform, begin, end, launch
from .world import World, who


def test_a_learner_lands_in_the_workspace_of_their_course(world: World, fake: FakePlatform, visitor: Client) -> None:
    answer = launch(visitor, fake)
    assert (answer.status_code, answer["Location"]) == (302, world.workspace.get_absolute_url())
    person = world.person("user-1")
    assert who(visitor) == str(person.pk)
    assert (person.display_name, person.email) == ("Lena Learner", None)
    assert world.role("user-1") is Role.LEARNER
    assert visitor.get(world.workspace.get_absolute_url(), follow=True).status_code == 200


def test_login_initiation_asks_the_platform_as_the_standard_says(
    world: World, fake: FakePlatform, visitor: Client
) -> None:
    del world
    begun = begin(visitor, fake, get=True, lti_message_hint="hint & more", lti_deployment_id="1")
    assert begun.response["Location"].startswith(f"{fake.url}/auth?")
    assert {name: begun.query[name] for name in begun.query if name not in {"state", "nonce"}} == {
        "scope": "openid",
        "response_type": "id_token",
        "response_mode": "form_post",
        "prompt": "none",
        "client_id": fake.client_id,
        "redirect_uri": f"{settings.BASE_URL}/lti/launch",
        "login_hint": "7",
        "lti_message_hint": "hint & more",
    }
    assert begin(visitor, fake).state != begun.state


def test_coming_again_makes_nobody_twice(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    launch(Client(), fake, name="Lena Married")
    assert Person.objects.filter(identities__subject="user-1").count() == 1
    assert Membership.objects.filter(workspace=world.workspace, person=world.person("user-1")).count() == 1


@pytest.mark.parametrize(
    ("roles", "role"),
    [
        ([LEARNER], Role.LEARNER),
        ([INSTRUCTOR], Role.INSTRUCTOR),
        ([f"{MEMBERSHIP}#ContentDeveloper"], Role.INSTRUCTOR),
        ([INSTRUCTOR, f"{MEMBERSHIP}/Instructor#TeachingAssistant"], Role.MENTOR),
        ([f"{MEMBERSHIP}#Administrator"], Role.INSTRUCTOR),
        ([f"{MEMBERSHIP}#Mentor"], Role.GUEST),
        ([], Role.LEARNER),
        (["http://purl.imsglobal.org/vocab/lis/v2/institution/person#Administrator"], Role.LEARNER),
    ],
)
def test_roles_in_the_course_become_roles_here(world: World, fake: FakePlatform, roles: list[str], role: Role) -> None:
    launch(Client(), fake, roles=roles)
    assert world.role("user-1") is role


def test_administrators_run_the_workspace_where_the_owner_says_so(world: World, fake: FakePlatform) -> None:
    change_platform(actor=world.olga, platform=world.platform, administrators_run=True)
    launch(Client(), fake, roles=[f"{MEMBERSHIP}#Administrator"])
    assert world.role("user-1") is Role.OPERATIONS


def test_a_role_that_changes_there_changes_here(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    launch(Client(), fake, roles=[INSTRUCTOR])
    assert world.role("user-1") is Role.INSTRUCTOR


def test_the_course_gives_channels_groups_and_its_own_roles(world: World, fake: FakePlatform) -> None:
    secret = create_channel(actor=world.ida, workspace=world.workspace, name="Class", visibility=Visibility.PRIVATE)
    courses.change_course(
        actor=world.ida,
        context=world.context,
        unit_channel=None,
        channel_ids=[secret.pk],
        groups=["Cohort 7"],
        role_map={"learner": "mentor"},
    )
    launch(Client(), fake)
    lena = world.person("user-1")
    assert world.role("user-1") is Role.MENTOR
    assert ChannelMembership.objects.filter(channel=secret, person=lena).exists()
    assert GroupMembership.objects.filter(group__name="Cohort 7", person=lena).exists()


def test_a_banned_person_is_told_so_and_stays_out(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    workspaces.ban(actor=world.ida, workspace=world.workspace, person=world.person("user-1"))
    browser = Client()
    answer = launch(browser, fake)
    assert answer.status_code == 403
    assert "banned" in answer.content.decode()
    assert who(browser) == ""
    assert world.role("user-1") is None


def test_a_closed_account_stays_closed(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    Person.objects.filter(pk=world.person("user-1").pk).update(is_active=False)
    browser = Client()
    assert launch(browser, fake).status_code == 403
    assert who(browser) == ""


def test_an_archived_workspace_can_still_be_read(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    workspaces.archive_workspace(actor=world.ida, workspace=world.workspace)
    assert launch(Client(), fake)["Location"] == world.workspace.get_absolute_url()
    assert launch(Client(), fake, sub="user-2").status_code == 409


def test_a_learner_cannot_open_a_course_and_gets_no_account(world: World, fake: FakePlatform) -> None:
    del world
    browser = Client()
    answer = launch(browser, fake, context={"id": "course-2", "title": "<b>Brewing</b>"})
    assert answer.status_code == 409
    page = answer.content.decode()
    assert "instructor has to open" in page
    assert "<b>Brewing" not in page
    assert "&lt;b&gt;Brewing" in page
    assert not Person.objects.filter(identities__subject="user-1").exists()
    assert who(browser) == ""


def test_an_instructor_gives_a_new_course_its_workspace(world: World, fake: FakePlatform) -> None:
    browser = Client()
    answer = launch(browser, fake, sub="iva", roles=[INSTRUCTOR], context={"id": "course-2", "title": "Brewing"})
    page = browser.get(answer["Location"])
    assert "Brewing" in page.content.decode()
    made = browser.post(answer["Location"], {"workspace": "new", "name": "Brewing"})
    context = Context.objects.get(context_id="course-2")
    assert made["Location"] == f"/lti/courses/{context.pk}"
    assert context.workspace is not None
    assert Membership.objects.get(workspace=context.workspace, person=world.person("iva")).role == Role.OWNER
    assert launch(Client(), fake, context={"id": "course-2"})["Location"] == context.workspace.get_absolute_url()


def test_only_own_workspaces_can_be_chosen(world: World, fake: FakePlatform) -> None:
    browser = Client()
    answer = launch(browser, fake, sub="iva", roles=[INSTRUCTOR], context={"id": "course-2"})
    assert browser.post(answer["Location"], {"workspace": str(world.other.pk)}).status_code == 422
    assert Context.objects.get(context_id="course-2").workspace is None


def test_nobody_else_sets_a_course_up(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, sub="iva", roles=[INSTRUCTOR], context={"id": "course-2"})
    learner = Client()
    launch(learner, fake)
    path = f"/lti/courses/{Context.objects.get(context_id='course-2').pk}/set-up"
    assert learner.get(path).status_code == 404
    assert learner.post(path, {"workspace": "new", "name": "Mine"}).status_code == 404
    assert world.role("user-1") is Role.LEARNER


def test_without_a_course_people_come_in_and_go_where_the_link_leads(world: World, fake: FakePlatform) -> None:
    del world
    browser = Client()
    assert launch(browser, fake, context=DROP)["Location"] == "/"
    assert who(browser)
    somewhere = launch(browser, fake, context=DROP, target_link_uri=f"{settings.BASE_URL}/settings?tab=1")
    assert somewhere["Location"] == "/settings?tab=1"


def test_another_persons_session_in_this_browser_ends(world: World, fake: FakePlatform) -> None:
    browser = Client()
    launch(browser, fake, sub="user-2", name="Ben")
    before = browser.session.session_key
    launch(browser, fake)
    assert who(browser) == str(world.person("user-1").pk)
    assert browser.session.session_key != before


def test_a_new_deployment_waits_for_the_owner(world: World, fake: FakePlatform) -> None:
    browser = Client()
    assert launch(browser, fake, deployment_id="2").status_code == 403
    refused = Refused.objects.get()
    assert (refused.reason, refused.details) == ("unknown-deployment", {"deployment": "2"})
    change_platform(actor=world.olga, platform=world.platform, takes_new_deployments=True)
    launch(browser, fake, deployment_id="2", roles=[INSTRUCTOR])
    assert Deployment.objects.filter(deployment_id="2").exists()


def test_hostile_names_and_titles_are_text(world: World, fake: FakePlatform) -> None:
    browser = Client()
    answer = launch(
        browser,
        fake,
        framed=True,
        name='<script>alert("x")</script>\u202e',
        resource_link={"id": "x", "title": "<img src=x>"},
    )
    assert "<script>alert" not in answer.content.decode()
    assert "\u202e" not in world.person("user-1").display_name


def test_two_posts_of_one_launch_are_one_sign_in(world: World, fake: FakePlatform, visitor: Client) -> None:
    del world
    begun = begin(visitor, fake)
    token = fake.sign(fake.claims(begun.nonce))
    assert end(visitor, begun, token).status_code == 302
    assert end(visitor, begun, token).status_code == 403
    assert Refused.objects.get().reason == "replayed"
    assert Attempt.objects.filter(used_at=None).count() == 0
