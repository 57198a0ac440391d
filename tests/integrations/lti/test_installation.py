"""The owners' pages: platforms by hand, trust, deployments, keys, what was refused; and the course's page."""

from __future__ import annotations

import pytest
from django.test import Client

from tertulia.integrations.lti.models import Context, Deployment, Platform, RegistrationLink, SigningKey
from tertulia.kernel.models import AuditEntry
from tertulia.people.models import Identity
from tertulia.workspaces.models import Membership

from .platform import INSTRUCTOR, FakePlatform, launch
from .world import World, signed_in

FIELDS = {
    "name": "School",
    "issuer": "https://lms.example.org",
    "client_id": "abc",
    "deployments": "1\n 2 \n\n1",
    "auth_url": "https://lms.example.org/auth",
    "jwks_url": "https://lms.example.org/jwks",
    "token_url": "",
}


def test_a_platform_is_added_by_hand(world: World) -> None:
    owner = signed_in(world.olga)
    page = owner.get("/installation/lti/add").content.decode()
    assert "/lti/login" in page
    answer = owner.post("/installation/lti/add", FIELDS)
    made = Platform.objects.get(client_id="abc")
    assert answer["Location"] == f"/installation/lti/{made.pk}"
    assert sorted(Deployment.objects.filter(platform=made).values_list("deployment_id", flat=True)) == ["1", "2"]
    assert not made.mail_verified
    assert AuditEntry.objects.filter(verb="added", object_kind="LTI platform", object_id=str(made.pk)).exists()
    assert "School" in owner.get("/installation/lti").content.decode()
    assert owner.post("/installation/lti/add", FIELDS).status_code == 409


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("auth_url", "javascript:alert(1)"),
        ("auth_url", "https://user:pass@lms.example.org/"),
        ("auth_url", "https://lms.example.org/ x"),
        ("jwks_url", "not an address"),
        ("jwks_url", "https://lms.example.org:notaport/"),
        ("token_url", "ftp://lms.example.org"),
        ("issuer", " "),
        ("client_id", "x" * 300),
        ("name", "\u200b"),
        ("deployments", "x" * 300),
    ],
)
def test_what_cannot_be_used_is_told_at_its_field(world: World, field: str, value: str) -> None:
    answer = signed_in(world.olga).post("/installation/lti/add", {**FIELDS, field: value})
    assert answer.status_code == 422
    assert 'class="error"' in answer.content.decode() or 'role="alert"' in answer.content.decode()
    assert not Platform.objects.filter(name="School").exists()


def test_only_owners_see_any_of_it(world: World, fake: FakePlatform) -> None:
    learner = Client()
    launch(learner, fake)
    own = f"/installation/lti/{world.platform.pk}"
    reading = ["/installation/lti", "/installation/lti/add", own, f"{own}/addresses"]
    writing = ["/installation/lti/link", "/installation/lti/rotate", f"{own}/remove", f"{own}/deployments"]
    for client in (learner, signed_in(world.ida), signed_in(world.otto)):
        assert {client.get(path).status_code for path in reading} == {404}
        assert {client.post(path, {"deployment_id": "9"}).status_code for path in [*reading[1:], *writing]} == {404}
    assert {Client().get(path).status_code for path in reading} == {302}
    assert Platform.objects.count() == 1
    assert not RegistrationLink.objects.exists()


def test_trust_is_changed_and_written_down(world: World) -> None:
    owner = signed_in(world.olga)
    path = f"/installation/lti/{world.platform.pk}"
    owner.post(path, {"is_active": "on", "mail_verified": "on", "frame_origins": "https://apps.example.org/x\n"})
    world.platform.refresh_from_db()
    assert (world.platform.mail_verified, world.platform.instructors_make_workspaces) == (True, False)
    assert world.platform.frame_origins == ["https://apps.example.org"]
    entry = AuditEntry.objects.get(verb="changed", object_kind="LTI platform")
    assert entry.after["mail_verified"] is True
    assert owner.post(path, {"frame_origins": "nonsense; script-src *"}).status_code == 422


def test_a_refused_deployment_is_accepted_from_the_page(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, deployment_id="<7>")
    owner = signed_in(world.olga)
    path = f"/installation/lti/{world.platform.pk}"
    page = owner.get(path).content.decode()
    assert "&lt;7&gt;" in page
    assert "<7>" not in page
    owner.post(f"{path}/deployments", {"deployment_id": "<7>"})
    learner = Client()
    assert launch(learner, fake, deployment_id="<7>", roles=[INSTRUCTOR]).status_code == 302
    owner.post(f"{path}/deployments", {"deployment_id": "<7>", "remove": "1"})
    assert launch(learner, fake, deployment_id="<7>").status_code == 403
    assert owner.post(f"{path}/deployments", {"deployment_id": ""}).status_code == 422


def test_the_log_names_reasons_and_no_people(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake, version="11.3", name="Lena Learner", sub="secret-subject")
    page = signed_in(world.olga).get(f"/installation/lti/{world.platform.pk}").content.decode()
    assert "11.3" in page
    assert "secret-subject" not in page
    assert "Lena" not in page


def test_a_removed_platform_removes_nobody(world: World, fake: FakePlatform) -> None:
    launch(Client(), fake)
    lena = world.person("user-1")
    signed_in(world.olga).post(f"/installation/lti/{world.platform.pk}/remove")
    assert not Platform.objects.exists()
    assert Membership.objects.filter(workspace=world.workspace, person=lena).exists()
    assert Identity.objects.filter(person=lena).exists()


def test_a_new_jwks_address_forgets_the_old_keys(world: World, fake: FakePlatform) -> None:
    owner = signed_in(world.olga)
    fields = {**{name: fake.fields[name] for name in fake.fields}, "jwks_url": f"{fake.url}/nothing"}
    assert owner.post(f"/installation/lti/{world.platform.pk}/addresses", fields).status_code == 302
    assert launch(Client(), fake).status_code == 403


def test_keys_rotate_and_a_link_is_shown_once(world: World) -> None:
    owner = signed_in(world.olga)
    owner.get("/lti/jwks")
    owner.post("/installation/lti/rotate")
    assert SigningKey.objects.filter(retired_at=None).count() == 1
    assert SigningKey.objects.count() == 2
    page = owner.post("/installation/lti/link").content.decode()
    assert "/lti/register/" in page
    assert "/lti/register/" not in owner.get("/installation/lti").content.decode()


def test_the_course_page_is_for_who_runs_the_workspace(world: World, fake: FakePlatform) -> None:
    learner = Client()
    launch(learner, fake)
    path = f"/lti/courses/{world.context.pk}"
    for client in (learner, signed_in(world.otto), signed_in(world.olga)):
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/disconnect").status_code == 404
    ida = signed_in(world.ida)
    assert ida.get(path).status_code == 200
    data = {
        "unit_channel": "",
        "groups": "A\nB",
        "launches_admit": "yes",
        **dict.fromkeys(["role_instructor"], "instructor"),
    }
    roles = {"role_assistant": "moderator", "role_learner": "learner", "role_observer": "guest"}
    assert ida.post(path, {**data, **roles}).status_code == 302
    world.context.refresh_from_db()
    assert (world.context.groups, world.context.roles) == (["A", "B"], {"assistant": "moderator"})
    assert ida.post(path, {**data, **roles, "role_learner": "owner"}).status_code == 422
    ida.post(f"{path}/disconnect")
    assert Context.objects.get(pk=world.context.pk).workspace is None
    assert world.role("user-1") is not None
