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

from tertulia.channels import access as channel_access
from tertulia.channels.models import Channel, ChannelMembership, Visibility
from tertulia.channels.services import create_channel
from tertulia.integrations.lti.models import Context, DeepLinking, Placement, Refused, Target
from tertulia.integrations.lti.services import courses, keys
from tertulia.kernel.errors import NotFound
from tertulia.posts import access as post_access
from tertulia.posts import services as posts

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


def _say(world: World, channel: Channel, words: str, root_id: uuid.UUID | None = None) -> uuid.UUID:
    seat = channel_access.channel(world.ida, channel.pk)
    state, _new = posts.post(actor=world.ida, seat=seat, body=words, root_id=root_id)
    return state.id


def test_a_thread_that_is_there_is_found_and_stands_in_the_course(world: World, fake: FakePlatform) -> None:
    talk = create_channel(actor=world.ida, workspace=world.workspace, name="Questions")
    wanted = _say(world, talk, "How long does **sourdough** rise?")
    _say(world, talk, "A day", root_id=wanted)
    other = _say(world, talk, "Who brings butter?")
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    assert "How long does sourdough rise? (1 reply)" in ida.get(page).content.decode()
    found = ida.post(page, {"q": "SOURDOUGH", "search": "1", "title": "Rising"}).content.decode()
    assert str(wanted) in found
    assert str(other) not in found
    assert 'value="Rising"' in found
    nothing = ida.post(page, {"q": "100%_", "search": "1"}).content.decode()
    assert "look for other words" in nothing
    response = ida.post(page, {"target": "thread", "q": "sourdough", "thread": str(wanted)})
    [item] = _answer(response)[f"{DL}content_items"]
    assert item["title"] == "How long does sourdough rise?"
    address = f"{talk.get_absolute_url()}/t/{wanted}"
    learner = Client()
    assert launch(learner, fake, target_link_uri=item["url"])["Location"] == address
    assert learner.get(f"/lti/at/{Placement.objects.get().pk}")["Location"] == address
    post, seat = post_access.post(world.ida, wanted)
    posts.delete(actor=world.ida, post=post, seat=seat)
    assert launch(Client(), fake, target_link_uri=item["url"])["Location"] == talk.get_absolute_url()


def test_a_thread_of_a_private_channel_takes_in_the_course(world: World, fake: FakePlatform) -> None:
    staff = create_channel(actor=world.ida, workspace=world.workspace, name="Circle", visibility=Visibility.PRIVATE)
    wanted = _say(world, staff, "Only for us")
    ida = Client()
    page = deep_link(ida, fake, sub="ida")["Location"]
    [item] = _answer(ida.post(page, {"target": "thread", "thread": str(wanted)}))[f"{DL}content_items"]
    assert launch(Client(), fake, target_link_uri=item["url"])["Location"].endswith(f"/t/{wanted}")
    assert ChannelMembership.objects.filter(channel=staff, person=world.person("user-1")).exists()


def test_threads_that_the_instructor_does_not_see_are_not_offered(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, sub="two", roles=[INSTRUCTOR])
    hidden = create_channel(actor=world.ida, workspace=world.workspace, name="Hid", visibility=Visibility.PRIVATE)
    secret = _say(world, hidden, "A secret about bread")
    second = Client()
    page = deep_link(second, fake, sub="two")["Location"]
    assert "A secret" not in second.get(page).content.decode()
    for thread in (str(secret), str(uuid.uuid4()), "no", ""):
        assert second.post(page, {"target": "thread", "thread": thread}).status_code == 422
    for thread_id in (secret, uuid.uuid4()):
        with pytest.raises(NotFound):
            courses.place(
                actor=world.person("two"), choice=DeepLinking.objects.get(), target=Target.THREAD, thread_id=thread_id
            )
    assert not Placement.objects.exists()
    assert DeepLinking.objects.get().used_at is None
