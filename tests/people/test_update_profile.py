"""People change their profile and preferences."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tertulia.kernel.errors import Conflict, Invalid
from tertulia.kernel.models import AuditEntry
from tertulia.people import services
from tertulia.people.models import Person

from .world import World, signed_in


def form(**changes: str) -> dict[str, str]:
    """The profile form as the page fills it."""
    audience = dict.fromkeys(("pronouns", "headline", "about", "interests", "picture", "time_zone"), "shared")
    return {
        "display_name": "Mia",
        "handle": "mia",
        "pronouns": "",
        "headline": "",
        "about": "",
        "interests": "",
        **{f"visibility_{field}": seen_by for field, seen_by in {**audience, "email": "nobody"}.items()},
        **changes,
    }


def test_the_form_saves_what_it_names(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    answer = signed_in(world.mia).post(
        "/settings",
        form(
            display_name="Mia Ngô",
            handle="@Mia.Ngo",
            about="*Hello*",
            interests="data,  choir ,Data",
            visibility_email="everyone",
        ),
    )
    assert answer.status_code == 302
    mia = Person.objects.get(pk=world.mia.pk)
    assert (mia.display_name, mia.handle, mia.interests) == ("Mia Ngô", "mia.ngo", ["data", "choir"])
    assert "<em>Hello</em>" in mia.about_html
    assert mia.visibility["email"] == "everyone"
    assert ("identity", {"person": mia.pk}) in notices
    entry = AuditEntry.objects.get(verb="renamed")
    assert (entry.before, entry.after) == (
        {"handle": "mia", "display_name": "Mia"},
        {"handle": "mia.ngo", "display_name": "Mia Ngô"},
    )


def test_a_taken_handle_is_said_at_its_field_and_nothing_is_lost(world: World) -> None:
    answer = signed_in(world.mia).post("/settings", form(handle="ben", headline="Kept words"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert answer.context["form"].errors["handle"] == ["This handle is taken. Choose another one."]
    assert "Kept words" in page
    assert Person.objects.get(pk=world.mia.pk).headline == ""


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("display_name", "n" * 81),
        ("display_name", "\u202e\u202e"),
        ("handle", "🎉"),
        ("handle", "here"),
        ("headline", "h" * 161),
        ("about", "a" * 4001),
        ("interests", ",".join(f"i{number}" for number in range(21))),
        ("interests", "i" * 41),
        ("visibility_email", "friends"),
    ],
)
def test_what_cannot_be_used_is_said_at_its_field(world: World, field: str, value: str) -> None:
    answer = signed_in(world.mia).post("/settings", form(**{field: value}))
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]


def test_all_or_nothing(world: World) -> None:
    with pytest.raises(Invalid):
        services.update_profile(actor=world.mia, headline="New", time_zone="Mars/Olympus")
    with pytest.raises(Conflict):
        services.update_profile(actor=world.mia, headline="New", handle="BEN")
    assert Person.objects.get(pk=world.mia.pk).headline == ""


def test_two_tabs_do_not_undo_each_other(world: World) -> None:
    stale = Person.objects.get(pk=world.mia.pk)
    services.update_profile(actor=world.mia, visibility={"email": "everyone"}, headline="From one tab")
    services.update_profile(actor=stale, visibility={"about": "nobody"}, pronouns="she/her")
    mia = Person.objects.get(pk=world.mia.pk)
    assert (mia.headline, mia.pronouns) == ("From one tab", "she/her")
    assert mia.visibility == {"email": "everyone", "about": "nobody"}


def test_saving_what_is_there_tells_nobody(world: World, notices: list[tuple[str, dict[str, Any]]]) -> None:
    services.update_profile(actor=world.mia, display_name="Mia", door_open=True)
    assert notices == []


def test_preferences_change_the_pages(world: World) -> None:
    browser = signed_in(world.mia)
    answer = browser.post(
        "/settings/preferences",
        {"time_zone": "Asia/Tokyo", "language": "ar", "theme": "dark", "density": "compact"},
    )
    assert answer.status_code == 302
    mia = Person.objects.get(pk=world.mia.pk)
    assert (mia.time_zone, mia.language, mia.theme, mia.density, mia.door_open) == (
        "Asia/Tokyo",
        "ar",
        "dark",
        "compact",
        False,
    )
    page = browser.get("/settings/preferences").content.decode()
    assert 'dir="rtl"' in page
    assert 'data-theme="dark"' in page


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Olympus"), ("language", "tlh"), ("theme", "neon"), ("density", "")]
)
def test_unknown_preferences_are_refused(world: World, field: str, value: str) -> None:
    answer = signed_in(world.mia).post(
        "/settings/preferences", {"time_zone": "UTC", "language": "", "theme": "auto", "density": "cosy", field: value}
    )
    assert answer.status_code == 422
    assert answer.context["form"].errors[field]


def test_a_zone_with_an_old_name_stays_choosable(world: World) -> None:
    Person.objects.filter(pk=world.mia.pk).update(time_zone="US/Pacific")
    assert 'value="US/Pacific" selected' in signed_in(world.mia).get("/settings/preferences").content.decode()


def test_the_door_is_opened_and_closed_from_anywhere(world: World) -> None:
    browser = signed_in(world.mia)
    answer = browser.post("/settings/door", {"open": "0", "next": "/people/ben"})
    assert (answer.status_code, answer["Location"]) == (302, "/people/ben")
    assert not Person.objects.get(pk=world.mia.pk).door_open
    assert browser.post("/settings/door", {"open": "1"}, headers={"HX-Request": "true"}).status_code == 204
    assert Person.objects.get(pk=world.mia.pk).door_open


@pytest.mark.parametrize("elsewhere", ["https://evil.test/", "//evil.test", "javascript:alert(1)", "\\\\evil.test"])
def test_a_form_does_not_lead_elsewhere(world: World, elsewhere: str) -> None:
    answer = signed_in(world.mia).post("/settings/door", {"open": "0", "next": elsewhere})
    assert answer["Location"] == "/settings/preferences"


@pytest.mark.parametrize(
    "path", ["/settings", "/settings/preferences", "/settings/tokens", "/settings/blocks", "/settings/picture"]
)
def test_settings_are_for_people_who_are_signed_in(world: World, visitor: Client, path: str) -> None:
    assert signed_in(world.otto).get(path).status_code == 200
    answer = visitor.get(path)
    assert (answer.status_code, answer["Location"]) == (302, f"/accounts/login/?next={path}")
