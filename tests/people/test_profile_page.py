"""The profile page, and who sees what of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tertulia.kernel.errors import Invalid, NotFound
from tertulia.people import access, pages, queries, services
from tertulia.people.models import Person, Visibility
from tertulia.workspaces.models import Membership, Role, Workspace

from .world import World, png, signed_in

SHOWN = {
    "pronouns": "they/them-test",
    "headline": "A headline of hers",
    "about": "About herself",
    "interests": ["lichens"],
    "time_zone": "Asia/Kolkata",
}
WORDS = {
    "pronouns": "they/them-test",
    "headline": "A headline of hers",
    "about": "About herself",
    "interests": "lichens",
    "time_zone": "Asia/Kolkata",
    "email": "mia@example.org",
}


@pytest.fixture
def mia(world: World) -> Person:
    return services.update_profile(actor=world.mia, **SHOWN)  # type: ignore[arg-type]  # fields as above


def without_chance(page: Any) -> str:
    """The page without its nonces and form tokens."""
    return re.sub(r'nonce="[^"]*"|(value|content)="[A-Za-z0-9]{64}"', "", page.content.decode())


def show(person: Person, field: str, seen_by: str) -> None:
    services.update_profile(actor=person, visibility={field: seen_by})


@pytest.mark.parametrize("field", WORDS)
@pytest.mark.parametrize(
    ("seen_by", "viewer", "sees"),
    [
        ("everyone", "mia", True),
        ("everyone", "ben", True),
        ("everyone", "otto", True),
        ("shared", "mia", True),
        ("shared", "ben", True),
        ("shared", "otto", False),
        ("nobody", "mia", True),
        ("nobody", "ben", False),
        ("nobody", "olga", False),
        ("nobody", "otto", False),
    ],
)
def test_each_field_is_seen_by_whom_it_is_for(
    world: World, mia: Person, field: str, seen_by: str, viewer: str, sees: bool
) -> None:
    # Another field is open to all, so that the page exists for the outsider and only the field is asked about.
    show(mia, "about" if field == "headline" else "headline", "everyone")
    show(mia, field, seen_by)
    answer = signed_in(getattr(world, viewer)).get("/people/mia")
    assert answer.status_code == 200
    assert (WORDS[field] in answer.content.decode()) is sees


@pytest.mark.usefixtures("mia")
def test_a_stranger_to_whom_nothing_is_shown_finds_nothing(world: World) -> None:
    outsider = signed_in(world.otto)
    assert Person.objects.filter(handle="mia").exists()
    unknown, hidden = outsider.get("/people/nobody.here"), outsider.get("/people/mia")
    assert unknown.status_code == hidden.status_code == 404
    assert without_chance(unknown) == without_chance(hidden).replace("/people/mia", "/people/nobody.here")


def test_an_empty_field_for_everyone_shows_nobody(world: World) -> None:
    show(world.ben, "about", "everyone")
    assert signed_in(world.otto).get("/people/ben").status_code == 404


def test_visitors_are_asked_to_sign_in(world: World, visitor: Client) -> None:
    show(world.mia, "email", "everyone")
    answer = visitor.get("/people/mia")
    assert (answer.status_code, answer["Location"]) == (302, "/accounts/login/?next=/people/mia")


def test_only_workspaces_in_common_are_told(world: World, mia: Person) -> None:
    secret = Workspace.objects.create(slug="secret", name="Secret Society")
    Membership.objects.create(workspace=secret, person=mia)
    page = signed_in(world.ben).get("/people/mia").content.decode()
    assert "Course" in page
    assert "Secret Society" not in page
    show(mia, "headline", "everyone")
    outside = signed_in(world.otto).get("/people/mia").content.decode()
    assert "Course" not in outside
    assert "Door" not in outside


def test_a_guest_knows_the_staff_and_the_people_of_its_channels(world: World) -> None:
    def meets(viewer: Person, other: Person) -> bool:
        return bool(queries.shared_workspaces(viewer.pk, other.pk))

    assert meets(world.gus, world.olga)
    assert meets(world.olga, world.gus)
    assert not meets(world.gus, world.mia)
    assert not meets(world.mia, world.gus)
    assert signed_in(world.gus).get("/people/mia").status_code == 404
    world.channel("given", world.gus, world.mia)
    assert meets(world.gus, world.mia)
    assert meets(world.mia, world.gus)
    assert not meets(world.gus, world.ben)


def test_a_common_channel_elsewhere_does_not_open_this_workspace_to_a_guest(world: World) -> None:
    other = Workspace.objects.create(slug="other", name="Other")
    for person in (world.gus, world.mia):
        Membership.objects.create(workspace=other, person=person, role=Role.GUEST)
    assert queries.shared_workspaces(world.gus.pk, world.mia.pk) == ()
    world.channel("given", world.gus, world.mia)
    assert [shared.slug for shared in queries.shared_workspaces(world.gus.pk, world.mia.pk)] == ["course"]


def test_somebody_inactive_is_nobody(world: World) -> None:
    Person.objects.filter(pk=world.mia.pk).update(is_active=False)
    with pytest.raises(NotFound):
        access.visible_person(world.ben, "mia")


def test_the_handle_is_found_in_any_case_and_corrected(world: World) -> None:
    answer = signed_in(world.ben).get("/people/MIA")
    assert (answer.status_code, answer["Location"]) == (302, "/people/mia")


@pytest.mark.parametrize("handle", ["🎉", "a%00b", "%2e%2e", "\u202emia", "mia'--", "x" * 3000])
def test_no_address_breaks_the_page(world: World, handle: str) -> None:
    assert signed_in(world.ben).get(f"/people/{handle}").status_code in {400, 404}


def test_what_was_written_is_shown_as_text_or_clean_markdown(world: World) -> None:
    services.update_profile(
        actor=world.mia,
        display_name="<b>Mia</b>",
        headline="<script>alert(1)</script>",
        about="**bold** <script>alert(2)</script> [x](javascript:alert(3))",
        interests=["<i>x</i>"],
    )
    page = signed_in(world.ben).get("/people/mia").content.decode()
    assert "<strong>bold</strong>" in page
    for hostile in ("<script>alert", "<b>Mia", 'href="javascript', "<i>x"):
        assert hostile not in page


def test_the_page_takes_as_many_queries_for_twice_as_much(world: World, mia: Person) -> None:
    def count() -> int:
        browser = signed_in(world.ben)
        browser.get("/people/mia")
        with CaptureQueriesContext(connection) as found:
            assert browser.get("/people/mia").status_code == 200
        return len(found)

    before = count()
    for number in range(4):
        workspace = Workspace.objects.create(slug=f"more{number}", name=f"More {number}")
        for person in (mia, world.ben):
            Membership.objects.create(workspace=workspace, person=person)
    services.update_profile(actor=mia, interests=[f"interest {number}" for number in range(20)])
    assert count() == before


def test_unknown_visibilities_are_refused(world: World) -> None:
    for wrong in ({"headline": "friends"}, {"password": "everyone"}):
        with pytest.raises(Invalid, match=r"Choose who sees|cannot be shown"):
            services.update_profile(actor=world.mia, visibility=wrong)
    world.mia.refresh_from_db()
    assert world.mia.visibility == {}


def test_every_field_that_can_be_hidden_has_a_default_and_a_name() -> None:
    from tertulia.people.forms import FIELD_NAMES

    assert set(access.FIELDS) == set(FIELD_NAMES)
    assert access.FIELDS["email"] is Visibility.NOBODY


def test_a_picture_alone_shown_to_everyone_makes_the_profile_visible(world: World) -> None:
    import io

    services.set_picture(actor=world.mia, upload=io.BytesIO(png()))
    assert signed_in(world.otto).get("/people/mia").status_code == 404
    show(world.mia, "picture", "everyone")
    assert signed_in(world.otto).get("/people/mia").status_code == 200


def test_me_sees_a_way_to_edit_and_others_do_not(world: World) -> None:
    def has_edit(viewer: Any) -> bool:
        return "Edit your profile" in signed_in(viewer).get("/people/mia").content.decode()

    assert has_edit(world.mia)
    assert not has_edit(world.ben)


def test_local_time_is_the_persons_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2027, 1, 5, 12, 0, tzinfo=UTC)
    monkeypatch.setattr(pages, "now", lambda: moment)
    services.update_profile(actor=world.mia, time_zone="Asia/Kolkata")
    assert ">17:30</time>" in signed_in(world.ben).get("/people/mia").content.decode()
    Person.objects.filter(pk=world.mia.pk).update(time_zone="Gone/Zone")
    page = signed_in(world.ben).get("/people/mia")
    assert page.status_code == 200
    assert "Local time" not in page.content.decode()


def test_a_placeholder_has_no_door_and_no_invented_time(world: World) -> None:
    husk = services.create_placeholder(display_name="Friend", handle="friend", headline="Spoke in 2019")
    Membership.objects.create(workspace=world.workspace, person=husk)
    page = signed_in(world.ben).get("/people/friend").content.decode()
    assert "Spoke in 2019" in page
    assert "From an import" in page
    assert not re.search(r"<dt>(Door|Local time)</dt>", page)
