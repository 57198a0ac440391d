"""Who people of an export are here: matched by confirmed mail only, else placeholders."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tertulia.channels.models import ChannelMembership
from tertulia.people.models import Person
from tertulia.people.services import create_person
from tertulia.workspaces.models import Membership, Role
from tertulia.workspaces.services import ban

from .slack_export import channel, small, user, write
from .slack_world import World, posts, problems, said, take

pytestmark = pytest.mark.django_db


def test_people_without_account_become_placeholders(world: World, tmp_path: Path) -> None:
    users = [
        user("U1", "Ana.B", email="ana@example.org", profile={"display_name": "Ana B.", "title": "Teacher"}),
        user("U2", "ben", deleted=True),
        user("U3", "robot", is_bot=True),
        user("U4", "gus", is_restricted=True),
    ]
    report = take(world, write(tmp_path / "e.zip", {"users.json": users}))
    ana = Person.objects.get(handle="ana.b")
    assert (ana.display_name, ana.headline, ana.time_zone) == ("Ana B.", "Teacher", "Europe/Madrid")
    assert ana.is_placeholder
    assert ana.email is None
    assert not ana.has_usable_password()
    roles = dict(Membership.objects.filter(workspace=world.workspace).values_list("person__handle", "role"))
    assert roles == {"olga": Role.OWNER, "mia": Role.LEARNER, "ana.b": Role.LEARNER, "gus": Role.GUEST}
    assert Person.objects.filter(handle__in=["ben", "robot"], is_placeholder=True).count() == 2
    assert (report.counts["people_made"], report.counts["bots"]) == (3, 1)


def test_people_are_matched_by_confirmed_mail_only(world: World, tmp_path: Path) -> None:
    unconfirmed = create_person(email="una@example.org", display_name="Una", verified=False)
    users = [user("U1", "o", email="Otto@Example.org"), user("U2", "u", email="una@example.org")]
    days = [said(1, "U1"), said(2, "U2")]
    parts = {
        "users.json": users,
        "channels.json": [channel("C1", "chatter", ["U1", "U2"])],
        "chatter/2024-05-01.json": days,
    }
    report = take(world, write(tmp_path / "e.zip", parts))
    first, second = posts()
    assert first.author == world.outsider
    assert Membership.objects.filter(workspace=world.workspace, person=world.outsider).exists()
    # Whoever put this address into an export has not proved that it is theirs: the account stays outside.
    assert not Membership.objects.filter(person=unconfirmed).exists()
    assert not ChannelMembership.objects.filter(person=unconfirmed).exists()
    assert second.author.is_placeholder
    assert second.author != unconfirmed
    assert (report.counts["people_matched"], report.counts["people_made"]) == (1, 1)


def test_somebody_claims_their_placeholder_and_a_second_run_knows_them(world: World, tmp_path: Path) -> None:
    parts: dict[str, Any] = {
        "users.json": [user("U1", "ana", email="ana@example.org")],
        "channels.json": [channel("C1", "chatter", ["U1"])],
        "chatter/2024-05-01.json": [said(1)],
    }
    take(world, write(tmp_path / "e.zip", parts))
    ana = create_person(email="ana@example.org", display_name="Ana", verified=True)
    assert Person.objects.get(handle="ana").claimed_by == ana
    parts["chatter/2024-05-02.json"] = [said(90000)]
    report = take(world, write(tmp_path / "e.zip", parts))
    assert posts()[-1].author == ana
    assert (report.counts["people_known"], report.counts["known"], report.counts["posts"]) == (1, 1, 1)


def test_the_banned_stay_out(world: World, tmp_path: Path) -> None:
    ban(actor=world.owner, workspace=world.workspace, person=world.member)
    path = write(tmp_path / "e.zip", {"users.json": [user("U1", "mia", email="mia@example.org")]})
    report = take(world, path)
    assert not Membership.objects.filter(person=world.member).exists()
    assert problems(report) == ["users.json:2: Mia is banned from Art. Its staff can lift the ban."]


def test_bots_and_strangers_keep_their_names(world: World, tmp_path: Path) -> None:
    lines = [
        {
            "type": "message",
            "subtype": "bot_message",
            "ts": "1714550400.000100",
            "text": "built",
            "bot_id": "B1",
            "username": "CI",
        },
        {"type": "message", "subtype": "bot_message", "ts": "1714550401.000100", "text": "nameless", "bot_id": "B2"},
        said(2, "U9", user_profile={"real_name": "Zoe from afar"}),
        said(3, "U9"),
        said(4, "USLACKBOT", "reminder", subtype="slackbot_response"),
        said(5, "U1", "new", subtype="something_new"),
        {"type": "message", "ts": "1714550406.000100", "text": "whose?"},
    ]
    path = small(tmp_path / "e.zip", d2024_05_01=lines)
    report = take(world, path)
    assert [(post.author.display_name, post.body) for post in posts()] == [
        ("CI", "built"),
        ("Bot", "nameless"),
        ("Zoe from afar", "m2"),
        ("Zoe from afar", "m3"),
        ("Slackbot", "reminder"),
        ("Ana", "new"),
    ]
    assert Membership.objects.filter(workspace=world.workspace).count() == 4  # Olga, Mia, Ana, Ben
    assert [problem.why for problem in report.problems] == [
        "Its kind “something_new” is not known; it was taken as an ordinary message.",
        "It does not say who wrote it.",
    ]
    people = Person.objects.count()
    path = small(
        tmp_path / "e.zip",
        d2024_05_01=[*lines, *([{**lines[0], "ts": f"171455040{n}.000100"} for n in (8, 9)]), said(10, "U9")],
    )
    take(world, path)
    assert Person.objects.count() == people
    assert [post.author.display_name for post in posts()[-3:]] == ["CI", "CI", "Zoe from afar"]


def test_a_person_erased_here_is_made_again_when_they_speak(world: World, tmp_path: Path) -> None:
    parts: dict[str, Any] = {"users.json": [user("U1", "ana")], "channels.json": [channel("C1", "chatter")]}
    take(world, write(tmp_path / "e.zip", parts))
    Person.objects.get(handle="ana").delete()
    parts["chatter/2024-05-01.json"] = [said(0)]
    take(world, write(tmp_path / "e.zip", parts))
    assert [post.author.handle for post in posts()] == ["ana"]
    assert take(world, write(tmp_path / "e.zip", parts)).counts["known"] == 1
