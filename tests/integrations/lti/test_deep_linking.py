"""Deep linking: an instructor chooses what stands in the course, and the platform is told so, signed."""

from __future__ import annotations

import html
import re
import uuid
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from joserfc import jwt
from joserfc.jwk import KeySet

from tertulia.channels.models import Channel, ChannelMembership, Visibility
from tertulia.channels.services import create_channel
from tertulia.integrations.lti.models import Context, DeepLinking, Placement, Refused
from tertulia.integrations.lti.services import keys

from .platform import DL, DROP, INSTRUCTOR, LEARNER, LTI, FakePlatform, Response, deep_link, launch
from .world import World, signed_in


def _answer(response: Response) -> dict[str, Any]:
    """The claims of the answer that the page posts to the platform, checked as a platform does."""
    found = re.search(r'name="JWT" value="([^"]+)"', response.content.decode())
    assert found, response.content.decode()
    published = KeySet.import_key_set(keys.public_keys())  # type: ignore[arg-type]  # a JWKS
    return jwt.decode(html.unescape(found[1]), published, algorithms=["RS256"]).claims


def test_a_chosen_channel_stands_in_the_course_and_leads_there(world: World, fake: FakePlatform) -> None:
    talk = create_channel(actor=world.ida, workspace=world.workspace, name="Questions")
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    assert "#Questions" in ida.get(page).content.decode()
    response = ida.post(page, {"target": "channel", "channel": str(talk.pk), "title": "Ask <here>"})
    assert f'action="{fake.url}/deep"' in response.content.decode()
    assert f"form-action {fake.url}" in response["Content-Security-Policy"]
    claims = _answer(response)
    assert (claims["iss"], claims["aud"]) == (fake.client_id, [fake.url])
    assert claims[f"{LTI}message_type"] == "LtiDeepLinkingResponse"
    assert claims[f"{LTI}version"] == "1.3.0"
    assert claims[f"{LTI}deployment_id"] == "1"
    assert claims[f"{DL}data"] == "opaque <data>"
    assert claims["exp"] > claims["iat"]
    [item] = claims[f"{DL}content_items"]
    placement = Placement.objects.get()
    assert item == {
        "type": "ltiResourceLink",
        "url": f"{settings.BASE_URL}/lti/at/{placement.pk}",
        "title": "Ask <here>",
    }
    learner = Client()
    assert launch(learner, fake, target_link_uri=item["url"])["Location"] == talk.get_absolute_url()
    assert learner.get(f"/lti/at/{placement.pk}")["Location"] == talk.get_absolute_url()


def test_a_new_channel_can_be_made_for_it(world: World, fake: FakePlatform) -> None:
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    [item] = _answer(ida.post(page, {"target": "unit", "new_channel": "Week 3"}))[f"{DL}content_items"]
    assert item["title"] == "#Week 3"
    assert Channel.objects.filter(workspace=world.workspace, name="Week 3").exists()


def test_the_whole_workspace_can_stand_in_the_course(world: World, fake: FakePlatform) -> None:
    ida = Client()
    [item] = _answer(ida.post(deep_link(ida, fake, sub="ida")["Location"], {"target": "workspace"}))[
        f"{DL}content_items"
    ]
    answer = launch(Client(), fake, target_link_uri=item["url"])
    assert answer["Location"] == world.workspace.get_absolute_url()


def test_a_private_channel_takes_in_the_people_of_the_course(world: World, fake: FakePlatform) -> None:
    secret = create_channel(actor=world.ida, workspace=world.workspace, name="Class", visibility=Visibility.PRIVATE)
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    [item] = _answer(ida.post(page, {"target": "channel", "channel": str(secret.pk)}))[f"{DL}content_items"]
    assert launch(Client(), fake, target_link_uri=item["url"])["Location"] == secret.get_absolute_url()
    assert ChannelMembership.objects.filter(channel=secret, person=world.person("user-1")).exists()


def test_cancelling_tells_the_platform_nothing_was_chosen(world: World, fake: FakePlatform) -> None:
    del world
    ida = Client()
    claims = _answer(ida.post(deep_link(ida, fake, sub="ida")["Location"], {"cancel": "1"}))
    assert claims[f"{DL}content_items"] == []
    assert not Placement.objects.exists()


def test_a_choice_is_made_once(world: World, fake: FakePlatform) -> None:
    del world
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    ida.post(page, {"target": "workspace"})
    assert ida.post(page, {"target": "workspace"}).status_code == 404
    assert Placement.objects.count() == 1


def test_a_choice_is_nobody_elses(world: World, fake: FakePlatform) -> None:
    page = deep_link(Client(), fake, sub="ida")["Location"]
    learner = Client()
    launch(learner, fake)
    for client in (learner, signed_in(world.otto), signed_in(world.olga)):
        assert client.get(page).status_code == 404
        assert client.post(page, {"target": "workspace"}).status_code == 404
    assert not Placement.objects.exists()


def test_a_learner_chooses_nothing(world: World, fake: FakePlatform) -> None:
    del world
    assert deep_link(Client(), fake, roles=[LEARNER]).status_code == 403
    assert not Placement.objects.exists()


def test_who_became_a_learner_meanwhile_chooses_nothing(world: World, fake: FakePlatform) -> None:
    del world
    iva = Client()
    page = deep_link(iva, fake, sub="iva")["Location"]
    launch(Client(), fake, sub="iva", roles=[LEARNER])
    assert iva.post(page, {"target": "workspace"}).status_code == 404


def test_channels_of_other_workspaces_cannot_be_chosen(world: World, fake: FakePlatform) -> None:
    foreign = create_channel(actor=world.otto, workspace=world.other, name="Elsewhere")
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    for channel in (foreign.pk, uuid.uuid4(), "nonsense"):
        assert ida.post(page, {"target": "channel", "channel": str(channel)}).status_code == 422
    assert ida.post(page, {"target": "channel"}).status_code == 422
    assert DeepLinking.objects.get().used_at is None  # nothing is lost by it


def test_what_was_chosen_in_one_course_leads_nowhere_in_another(world: World, fake: FakePlatform) -> None:
    secret = create_channel(actor=world.ida, workspace=world.workspace, name="Class", visibility=Visibility.PRIVATE)
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    [item] = _answer(ida.post(page, {"target": "channel", "channel": str(secret.pk)}))[f"{DL}content_items"]
    iva = Client()
    launch(iva, fake, sub="iva", roles=[INSTRUCTOR], context={"id": "course-2"})
    second = Context.objects.get(context_id="course-2")
    iva.post(f"/lti/courses/{second.pk}/set-up", {"workspace": "new", "name": "Second"})
    second.refresh_from_db()
    assert second.workspace is not None
    answer = launch(Client(), fake, sub="user-9", context={"id": "course-2"}, target_link_uri=item["url"])
    assert answer["Location"] == second.workspace.get_absolute_url()
    assert not ChannelMembership.objects.filter(channel=secret, person=world.person("user-9")).exists()


def test_a_new_course_is_given_its_workspace_first(world: World, fake: FakePlatform) -> None:
    del world
    iva = Client()
    page = deep_link(iva, fake, sub="iva", context={"id": "course-2", "title": "Brewing"})["Location"]
    assert "/set-up?then=" in page
    following = iva.post(page, {"workspace": "new", "name": "Brewing"})["Location"]
    assert following == f"/lti/deep-linking/{DeepLinking.objects.get().pk}"
    assert iva.get(following).status_code == 200


@pytest.mark.parametrize(
    "deep",
    [
        {"deep_link_return_url": "javascript:alert(1)"},
        {"deep_link_return_url": ""},
        {"data": {"not": "text"}},
        {"data": "x" * 200_000},
        {"accept_types": ["html"]},
        {"accept_types": "ltiResourceLink"},
    ],
)
def test_bad_settings_are_refused(world: World, fake: FakePlatform, deep: dict[str, Any]) -> None:
    del world
    assert deep_link(Client(), fake, sub="ida", deep=deep).status_code == 403
    assert Refused.objects.exists()


def test_deep_linking_needs_a_course(world: World, fake: FakePlatform) -> None:
    del world
    assert deep_link(Client(), fake, sub="ida", context=DROP).status_code == 403
    assert Refused.objects.get().reason == "no-course"
