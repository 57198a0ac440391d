"""Making channels: who may, what is checked, what clashes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tertulia.channels import reactions, services, words
from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people import services as people_services
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.access import GRANTS, Permission
from tertulia.workspaces.happenings import WorkspaceCreated
from tertulia.workspaces.models import Role

from .conftest import Notices
from .world import World, inside, seat


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("visibility", ["public", "private"])
def test_who_may_make_a_channel(world: World, role: Role, visibility: str) -> None:
    actor = world.member("ann", role)
    needed = Permission.CREATE_PRIVATE_CHANNEL if visibility == "private" else Permission.CREATE_CHANNEL
    if role in GRANTS[needed]:
        channel = world.channel("Book club", by=actor, visibility=visibility)
        assert inside(channel) == {"ann"}
        assert seat(actor, channel).may_manage
    else:
        with pytest.raises(Forbidden):
            world.channel("Book club", by=actor, visibility=visibility)
        assert not Channel.objects.filter(name="Book club").exists()


def test_an_outsider_makes_nothing_and_learns_nothing(world: World) -> None:
    with pytest.raises(NotFound):
        world.channel("Mine", by=world.otto)


def test_everything_given_is_kept(world: World, notices: Notices) -> None:
    channel = world.channel(
        "  # Tech   help ",
        purpose="Ask when it does not run.",
        header="[Install](https://example.org/install)",
        posting="staff",
        is_default=True,
    )
    assert (channel.name, channel.slug) == ("Tech help", "tech-help")
    assert (channel.purpose, channel.posting, channel.is_default) == ("Ask when it does not run.", "staff", True)
    assert 'href="https://example.org/install"' in channel.header_html
    assert ("joined", {"channel": str(channel.pk), "person": str(world.ina.pk)}) in notices
    entry = AuditEntry.objects.get(object_id=str(channel.pk), verb="created")
    assert (entry.actor, entry.workspace_id, entry.after["slug"]) == (world.ina, world.course.pk, "tech-help")


def test_a_header_holds_no_active_content(world: World) -> None:
    channel = world.channel("Help", header="<script>alert(1)</script> [x](javascript:alert(1))")
    assert "<script" not in channel.header_html
    assert 'href="javascript' not in channel.header_html


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("q&a", "q-and-a"),
        ("Español avanzado", "espanol-avanzado"),
        ("R2-D2_unit", "r2-d2_unit"),
        ("  --x-- ", "x"),
        ("日本語", ""),
        ("a" * 90, "a" * 64),
    ],
)
def test_the_url_is_derived_from_the_name(name: str, slug: str) -> None:
    assert words.derive_slug(name) == slug


def test_a_name_without_latin_letters_gets_a_numbered_url(world: World) -> None:
    first, second = world.channel("日本語"), world.channel("中文")
    assert (first.slug, second.slug) == ("channel", "channel-2")


@pytest.mark.parametrize("taken_by", ["public", "private"])
def test_a_taken_url_is_explained_with_a_free_one(world: World, taken_by: str) -> None:
    world.channel("Book club", visibility=taken_by)
    world.channel("Book club 2")
    with pytest.raises(Conflict) as refused:
        world.channel("Book club", by=world.mia)
    assert (refused.value.type, refused.value.field) == ("slug-taken", "slug")
    assert "“book-club-3” is free" in refused.value.detail
    world.channel("Book club", by=world.mia, slug="book-club-3")


def test_the_same_url_is_free_in_another_workspace(world: World) -> None:
    world.channel("Book club")
    made = services.create_channel(actor=world.otto, workspace=world.other, name="Book club")
    assert made.slug == "book-club"


@pytest.mark.parametrize(
    ("fields", "field", "words_in_it"),
    [
        ({"name": " # "}, "name", "fill in"),
        ({"name": "a" * 81}, "name", "81 characters; 80"),
        ({"purpose": "a" * 301}, "purpose", "301 characters; 300"),
        ({"header": "a" * 1025}, "header", "1025 characters; 1024"),
        ({"slug": "Über uns"}, "slug", "uber-uns"),
        ({"slug": "a" * 65}, "slug", "65 characters; 64"),
        ({"slug": "-a"}, "slug", "small letters"),
        ({"slug": "d-0123456789abcdef01234567"}, "slug", "direct conversations"),
        ({"kind": "forum"}, "kind", "“forum”"),
        ({"kind": "direct"}, "kind", "naming the people"),
        ({"visibility": "hidden"}, "visibility", "public, private"),
        ({"posting": "nobody"}, "posting", "everyone, staff"),
        ({"visibility": "private", "is_default": True}, "is_default", "public channels only"),
    ],
)
def test_what_cannot_be_used_gets_a_sentence(
    world: World, fields: dict[str, object], field: str, words_in_it: str
) -> None:
    before = Channel.objects.count()
    with pytest.raises(Invalid) as refused:
        services.create_channel(actor=world.ina, workspace=world.course, **{"name": "Fine", **fields})  # type: ignore[arg-type]
    assert refused.value.field == field
    assert words_in_it in refused.value.detail
    assert Channel.objects.count() == before


def test_only_those_who_manage_channels_make_default_ones(world: World) -> None:
    with pytest.raises(Forbidden):
        world.channel("For all", by=world.mia, is_default=True)


def test_an_archived_workspace_gets_no_channels(world: World) -> None:
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    with pytest.raises(Conflict):
        world.channel("Too late")


def test_an_import_keeps_who_and_when_and_tells_nobody(world: World, notices: Notices) -> None:
    creator = people_services.create_placeholder(display_name="Paula Past")
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=creator, quiet=True)
    when = datetime(2019, 5, 1, tzinfo=UTC)
    notices.clear()
    channel = services.create_channel(
        actor=world.olga,
        workspace=world.course,
        name="old-times",
        creator=creator,
        created_at=when,
        archived=True,
        quiet=True,
    )
    services.add_people(actor=world.olga, channel=channel, person_ids=[world.mia.pk], quiet=True)
    channel.refresh_from_db()
    assert (channel.created_by, channel.created_at, channel.last_seq) == (creator, when, 0)
    assert channel.archived_at is not None
    assert inside(channel) == {creator.handle, "mia"}
    assert notices == []


def test_an_imported_private_channel_takes_the_importer_in(world: World) -> None:
    creator = people_services.create_placeholder(display_name="Paula Past")
    workspace_services.add_member(actor=world.olga, workspace=world.course, person=creator, quiet=True)
    channel = services.create_channel(
        actor=world.olga, workspace=world.course, name="inner", visibility="private", creator=creator, quiet=True
    )
    assert inside(channel) == {creator.handle, "olga"}


def test_making_the_channels_of_a_template_twice_makes_them_once(world: World) -> None:
    happening = WorkspaceCreated(str(world.course.pk), str(world.olga.pk), "blank")
    reactions.follow_workspace_created(happening)
    assert Channel.objects.filter(workspace=world.course).count() == 1


def test_a_creator_is_in_the_channels_that_are_not_for_all_too(world: World) -> None:
    made = workspace_services.create_workspace(actor=world.olga, slug="plat", name="Plat", template="platform")
    ideas = Channel.objects.get(workspace=made, slug="ideas")
    assert (ideas.is_default, inside(ideas)) == (False, {"olga"})


def test_a_new_workspace_has_the_channels_of_its_template(world: World) -> None:
    made = workspace_services.create_workspace(actor=world.olga, slug="py", name="Py", template="course")
    channels = {channel.slug: channel for channel in Channel.objects.filter(workspace=made)}
    assert {"announcements", "chatter", "q-and-a", "tech-issue-reports"} <= set(channels)
    assert channels["announcements"].posting == "staff"
    mine = ChannelMembership.objects.filter(channel__workspace=made, person=world.olga).count()
    assert mine == len(channels)
