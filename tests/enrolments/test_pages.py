"""The pages of enrolments, as people use them; who may open them is in tests/permissions."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tertulia.enrolments import services
from tertulia.enrolments.models import Leaving, Run, Source, UploadedList
from tertulia.people.models import Person
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Role

from .world import World, entry

HOME = "/w/course/enrolments"
CSV = "email,name,groups,channels\nana@example.org,Ana,A,secret\nben@example.org,Ben,A,nowhere\nnobody,Nobody,,\n"


@pytest.fixture
def olga(world: World) -> Client:
    """Her browser."""
    client = Client()
    client.force_login(world.olga, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def upload(client: Client, content: str, source: str = "Spring class", mode: str = "merge") -> str:
    """Upload a list; the address of its preview."""
    file = SimpleUploadedFile("class.csv", content.encode(), "text/csv")
    answer = client.post(HOME, {"source": source, "mode": mode, "file": file})
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def test_a_list_is_looked_at_before_anything_happens(world: World, olga: Client) -> None:
    preview = upload(olga, CSV)
    page = olga.get(preview).content.decode()
    assert "2 new accounts, 1 refused" in page
    assert "nowhere" in page
    assert not Person.objects.filter(email="ana@example.org").exists()
    answer = olga.post(preview, follow=True)
    assert "2 new accounts, 1 refused" in answer.content.decode()
    assert world.channels("ana") == {"hall", "secret"}
    assert not UploadedList.objects.exists()
    assert olga.post(preview).status_code == 404


def test_letting_many_go_needs_a_tick(world: World, olga: Client) -> None:
    olga.post(upload(olga, CSV))
    preview = upload(olga, CSV.rpartition("ben")[0], mode="mirror")
    assert "1 of 2 people would leave" in olga.get(preview).content.decode()
    refused = olga.post(preview)
    assert refused.status_code == 409
    assert "Nothing has been changed" in refused.content.decode()
    assert world.role("ben") is Role.LEARNER
    assert olga.post(preview, {"confirm": "on"}).status_code == 302
    assert world.role("ben") is None


def test_a_list_that_cannot_be_read_is_told_beside_the_file(olga: Client) -> None:
    file = SimpleUploadedFile("class.csv", b"name\nAna\n", "text/csv")
    answer = olga.post(HOME, {"source": "Spring class", "mode": "merge", "file": file})
    assert answer.status_code == 422
    assert "email or external_id" in answer.content.decode()
    assert olga.post(HOME, {"source": "Spring class", "mode": "merge"}).status_code == 422
    assert not Source.objects.filter(name="Spring class").exists()


def test_anothers_list_is_not_to_be_seen(world: World, olga: Client) -> None:
    preview = upload(olga, CSV)
    omar = world.member("omar", Role.OPERATIONS)
    client = Client()
    client.force_login(omar, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert client.get(preview).status_code == 404
    assert client.post(preview).status_code == 404


def test_settings_of_a_source_are_changed_and_kept(world: World, olga: Client) -> None:
    address = reverse("enrolments:source", args=["course", world.source.pk])
    wanted = {"name": "Roster", "leaving": "guest", "largest_share": "50", "welcome": "on"}
    assert olga.post(address, wanted).status_code == 302
    world.source.refresh_from_db()
    assert (world.source.leaving, world.source.largest_share, world.source.welcome) == (Leaving.GUEST, 50, True)
    assert olga.post(address, {"leaving": "vanish", "largest_share": "101"}).status_code == 422
    world.source.refresh_from_db()
    assert world.source.largest_share == 50


def test_a_run_can_be_read_person_by_person(world: World, olga: Client) -> None:
    world.enrol(entry("ana", channels=["nowhere"]), entry("ben", role="king"), entry("<b>bold</b>"))
    run = Run.objects.get()
    page = olga.get(reverse("enrolments:run", args=["course", run.pk])).content.decode()
    for words in ("Ana", "nowhere", "refused", "king", "&lt;b&gt;bold"):
        assert words in page
    assert "<b>bold" not in page
    world.enrol(entry("ana"))
    world.enrol(entry("ana"))
    page = olga.get(reverse("enrolments:source", args=["course", world.source.pk])).content.decode()
    assert "2 times in a row" in page


def test_the_log_of_a_run_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch, olga: Client) -> None:
    from tertulia.enrolments.services import enrolling

    monkeypatch.setattr(enrolling, "MOST_LINES", 3)
    monkeypatch.setattr(enrolling, "MOST_RUNS", 2)
    world.enrol(*[entry(f"p{number}") for number in range(5)])
    run = Run.objects.get()
    assert (len(run.lines), run.counts) == (3, {"created": 5})
    assert "And 2 more people" in olga.get(reverse("enrolments:run", args=["course", run.pk])).content.decode()
    for role in ("mentor", "learner"):
        world.enrol(entry("p1", role=role))
    assert Run.objects.count() == 2


def test_an_archived_workspace_shows_its_sources_and_takes_no_list(world: World, olga: Client) -> None:
    preview = upload(olga, CSV)
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    page = olga.get(HOME).content.decode()
    assert "roster" in page
    assert "Upload a list" not in page
    assert olga.get(preview).status_code == 409
    assert olga.post(preview).status_code == 409
    assert not Person.objects.filter(email="ana@example.org").exists()


def test_another_workspaces_sources_are_not_here(world: World, olga: Client) -> None:
    other = workspace_services.create_workspace(actor=world.olga, slug="other", name="Other", template="blank")
    world.enrol(entry("ana"))
    run = Run.objects.get()
    kept = services.keep_list(actor=world.olga, source=world.source, people=[], mode=run.mode)  # type: ignore[arg-type]
    for name, key in (("source", world.source.pk), ("run", run.pk), ("list", kept.pk)):
        assert olga.get(reverse(f"enrolments:{name}", args=["course", key])).status_code == 200
        assert olga.get(reverse(f"enrolments:{name}", args=[other.slug, key])).status_code == 404
