"""Invitations: making, mailing, accepting, and the ways in which they end."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooMany
from tertulia.kernel.ids import new_id
from tertulia.kernel.limits import INVITATIONS
from tertulia.workspaces import doors, invitation_secrets, jobs, services
from tertulia.workspaces.access import RANK
from tertulia.workspaces.doors import ChannelChoice
from tertulia.workspaces.models import Invitation, Role

from .world import World, client, person, undone

SECRET = re.compile(r"/join/([\w-]{43})")


def accept(one: Any, secret: str) -> Role:
    """The role that somebody gets by an invitation."""
    return services.accept_invitation(actor=one, secret=secret).role


def test_only_the_digest_is_stored(world: World) -> None:
    secret = world.invite()
    assert bytes(Invitation.objects.get().digest) == hashlib.sha256(secret.encode()).digest()
    assert accept(person("ann"), secret) is Role.LEARNER


@pytest.mark.parametrize("own", Role)
def test_who_may_invite_as_what(world: World, own: Role) -> None:
    actor, ann = world.member(own), person("ann")
    for given in Role:
        with undone():
            if RANK[own] <= RANK[Role.MODERATOR] and RANK[own] <= RANK[given]:
                assert accept(ann, world.invite(actor=actor, role=given)) is given
            else:
                with pytest.raises(Forbidden):
                    world.invite(actor=actor, role=given)


def test_outsiders_do_not_invite(world: World) -> None:
    with pytest.raises(NotFound):
        world.invite(actor=world.otto)


@pytest.mark.parametrize(
    "terms",
    [
        {"expires_at": timezone.now() - timedelta(seconds=1)},
        {"expires_at": timezone.now() + timedelta(days=400)},
        {"max_uses": 0},
        {"max_uses": 10**9},
        {"email": "not an address"},
        {"channel_ids": [str(new_id())]},
        {"role": "king"},
    ],
)
def test_bad_terms(world: World, terms: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as refused:
        world.invite(**terms)
    assert refused.value.field in terms


def test_one_that_is_over_says_how(world: World) -> None:
    used = world.invite(max_uses=1)
    accept(person("first"), used)
    expired, revoked = world.invite(), world.invite()
    Invitation.objects.filter(digest=invitation_secrets.digest(expired)).update(expires_at=now())
    gone = Invitation.objects.get(digest=invitation_secrets.digest(revoked))
    services.revoke_invitation(actor=world.olga, invitation=gone)
    services.revoke_invitation(actor=world.olga, invitation=gone)
    ann = person("ann")
    for secret, sentence in ((used, "used up"), (expired, "run out"), (revoked, "taken back")):
        with pytest.raises(Conflict, match=sentence) as refused:
            accept(ann, secret)
        assert refused.value.type == "invitation-over"
        for browser in (client(ann), client()):
            page = browser.get(f"/join/{secret}")
            assert (page.status_code, sentence in page.text, "Course" in page.text) == (409, True, False)
    assert world.role_of(ann) is None


def test_a_wrong_secret_tells_nothing(world: World) -> None:
    for secret in ("x", "A" * 43, "☃" * 43, world.invite()[:-1]):
        with pytest.raises(NotFound, match="no such invitation"):
            accept(person(f"p{abs(hash(secret))}"), secret)
        page = client().get(f"/join/{secret}")
        assert (page.status_code, "Course" in page.text) == (404, False)


def test_accepting_again_uses_nothing_up(world: World) -> None:
    secret = world.invite(max_uses=2)
    ann = person("ann")
    assert [accept(ann, secret) for _again in range(3)] == [Role.LEARNER] * 3
    assert Invitation.objects.get().uses == 1
    assert accept(person("ben"), secret) is Role.LEARNER


def test_a_higher_invitation_raises_and_a_lower_one_does_not_lower(world: World) -> None:
    guest = world.member(Role.GUEST)
    assert accept(guest, world.invite(role=Role.MENTOR)) is Role.MENTOR
    assert accept(guest, world.invite(role=Role.LEARNER)) is Role.MENTOR
    assert accept(world.olga, world.invite(role=Role.LEARNER)) is Role.OWNER
    assert [invitation.uses for invitation in Invitation.objects.order_by("created_at", "id")] == [1, 0, 0]


def test_guests_are_given_channels_that_the_inviter_may_give(
    world: World, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INVITATION_CHANNELS = f"{__name__}.two_channels"
    happened: list[Any] = []
    secret = world.invite(role=Role.GUEST, channel_ids=["c1"])
    with pytest.raises(Invalid, match="not yours to give"):
        world.invite(role=Role.GUEST, channel_ids=["c1", "c3"])
    monkeypatch.setattr("tertulia.workspaces.services._common.emit", happened.append)
    accept(person("ann"), secret)
    assert [(each.role, each.channel_ids) for each in happened] == [(Role.GUEST, ("c1",))]


def two_channels(place: object) -> list[ChannelChoice]:
    """What channels would say."""
    del place
    return [ChannelChoice("c1", "one"), ChannelChoice("c2", "two")]


def test_channels_of_the_workspace_can_be_given(world: World) -> None:
    from tertulia.channels.models import Channel

    mine = Channel.objects.create(workspace=world.course, name="Mine", slug="mine")
    theirs = Channel.objects.create(workspace=world.other, name="Theirs", slug="theirs")
    choices = {choice.id for choice in doors.channel_choices(world.place(world.olga))}
    assert str(mine.pk) in choices
    assert str(theirs.pk) not in choices


def test_mail_goes_out_as_a_job_of_the_same_transaction(world: World) -> None:
    services.create_invitation(actor=world.olga, workspace=world.course, email="ann@example.org", role="mentor")
    job = ProcrastinateJob.objects.get(task_name="tertulia.workspaces.jobs.send_invitation")
    made = Invitation.objects.get()
    assert job.args == {"invitation_id": str(made.pk)}
    assert mail.outbox == []
    jobs.send_invitation(**job.args)
    (sent,) = mail.outbox
    assert sent.to == ["ann@example.org"]
    assert sent.subject == "Olga invites you to Course"
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    found = {match for body in (str(sent.body), html) for match in SECRET.findall(body)}
    assert len(found) == 1
    assert "Learn to bake." in sent.body
    assert accept(person("ann"), found.pop()) is Role.MENTOR


def test_mail_of_one_that_is_over_is_not_sent(world: World) -> None:
    made, _secret = services.create_invitation(actor=world.olga, workspace=world.course, email="ann@example.org")
    services.revoke_invitation(actor=world.olga, invitation=made)
    jobs.send_invitation(invitation_id=str(made.pk))
    jobs.send_invitation(invitation_id=str(new_id()))
    assert mail.outbox == []


def test_hostile_names_stay_text_in_mail(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, name="<b>A\nBcc: x</b>", goal="<script>1")
    made, _secret = services.create_invitation(actor=world.olga, workspace=world.course, email="ann@example.org")
    jobs.send_invitation(invitation_id=str(made.pk))
    (sent,) = mail.outbox
    assert sent.subject == "Olga invites you to <b>A Bcc: x</b>"
    html = str(sent.alternatives[0][0])  # type: ignore[attr-defined]
    assert "<script>" not in html
    assert "&lt;script&gt;1" in html


def test_mailed_ones_work_for_their_address_only(world: World) -> None:
    secret = world.invite(email="Ann@Example.org")
    with pytest.raises(Forbidden, match="another address") as refused:
        accept(person("eve"), secret)
    assert refused.value.type == "wrong-address"
    page = client(person("mallory")).get(f"/join/{secret}")
    assert (page.status_code, "Course" in page.text, "Sign out" in page.text) == (403, False, True)
    assert accept(person("ann"), secret) is Role.LEARNER


def test_a_second_mail_to_one_address_replaces_the_first(world: World) -> None:
    first, second = world.invite(email="ann@example.org"), world.invite(email="ANN@example.org")
    ann = person("ann")
    with pytest.raises(Conflict, match="taken back"):
        accept(ann, first)
    accept(ann, second)
    with pytest.raises(Conflict, match="member already"):
        world.invite(email="ann@example.org")


def test_many_addresses_one_bad_does_not_keep_the_others_back(world: World) -> None:
    emails = ["a@example.org", "a@example.org", "broken", "olga@example.org", "b@example.org"]
    mailed = services.mail_invitations(actor=world.olga, workspace=world.course, emails=emails)
    assert mailed.sent == ["a@example.org", "b@example.org"]
    assert set(mailed.skipped) == {"broken", "olga@example.org"}
    for bad in ([], [" "], [f"p{number}@example.org" for number in range(51)]):
        with pytest.raises(Invalid) as refused:
            services.mail_invitations(actor=world.olga, workspace=world.course, emails=bad)
        assert refused.value.field == "emails"
    with pytest.raises(Forbidden):
        services.mail_invitations(actor=world.member(), workspace=world.course, emails=["c@example.org"])


def test_too_many_are_held_back(world: World) -> None:
    for _time in range(INVITATIONS.times):
        world.invite()
    with pytest.raises(TooMany):
        world.invite()
    page = client(world.olga).post("/w/course/invitations", {"by": "link", "link-role": "learner", "link-days": "7"})
    assert page.status_code == 429
    assert int(page["Retry-After"]) > 0


def test_the_door_of_sign_up(world: World) -> None:
    from django.test import RequestFactory

    from tertulia.workspaces import access

    request = RequestFactory().get("/")
    request.session = {}  # type: ignore[assignment]
    assert not access.invited(request)
    request.session[invitation_secrets.SESSION_KEY] = world.invite()
    assert access.invited(request)
    assert access.invited(request, "whoever@example.org")
    request.session[invitation_secrets.SESSION_KEY] = world.invite(email="ann@example.org")
    assert access.invited(request)
    assert access.invited(request, " ANN@example.org")
    assert not access.invited(request, "eve@example.org")
    Invitation.objects.update(revoked_at=now())
    assert not access.invited(request, "ann@example.org")


def test_visitors_see_who_invites_and_keep_the_invitation(world: World) -> None:
    secret = world.invite(role=Role.MENTOR)
    browser = client()
    page = browser.get(f"/join/{secret}")
    assert page.status_code == 200
    for words in ("Course", "Learn to bake.", "Olga", "Mentor", "/accounts/signup/?next=", "/accounts/login/?next="):
        assert words in page.text
    assert page["X-Robots-Tag"] == "noindex"
    assert page["Referrer-Policy"] == "same-origin"  # stricter ones break the form's forgery check
    assert browser.session[invitation_secrets.SESSION_KEY] == secret
    ann = person("ann")
    browser.force_login(ann)
    assert browser.get("/")["Location"] == f"/join/{secret}"
    assert browser.get("/")["Location"] == "/workspaces"
    assert "Join" in browser.get(f"/join/{secret}").text
    assert world.role_of(ann) is None
    assert browser.post(f"/join/{secret}")["Location"] == "/w/course"
    assert world.role_of(ann) is Role.MENTOR
    assert browser.get(f"/join/{secret}")["Location"] == "/w/course"


def test_the_page_makes_a_link_shown_once(world: World) -> None:
    browser = client(world.olga)
    page = browser.post(
        "/w/course/invitations", {"by": "link", "link-role": "guest", "link-days": "30", "link-max_uses": "3"}
    )
    (secret,) = set(SECRET.findall(page.text))
    assert not SECRET.search(browser.get("/w/course/invitations").text)
    made = Invitation.objects.get()
    assert (made.role, made.max_uses, made.expires_at is not None) == (Role.GUEST, 3, True)
    assert accept(person("ann"), secret) is Role.GUEST
    assert browser.post(f"/w/course/invitations/{made.pk}/revoke").status_code == 302
    assert "taken back" in browser.get("/w/course/invitations").text


def test_the_page_mails_several_and_names_those_it_did_not(world: World) -> None:
    browser = client(world.olga)
    form = {"by": "mail", "mail-role": "learner", "mail-days": "7"}
    page = browser.post("/w/course/invitations", {**form, "mail-emails": "a@example.org,\n b@example.org; oops"})
    assert page.status_code == 200
    assert "“oops” is not an e-mail address." in page.text
    assert Invitation.objects.count() == 2
    assert browser.post("/w/course/invitations", {**form, "mail-emails": "c@example.org"}).status_code == 302
    assert browser.post("/w/course/invitations", {**form, "mail-emails": ""}).status_code == 422


@pytest.mark.parametrize("role", Role)
def test_who_sees_the_page(world: World, role: Role) -> None:
    allowed = RANK[role] <= RANK[Role.MODERATOR]
    browser = client(world.member(role))
    assert browser.get("/w/course/invitations").status_code == (200 if allowed else 403)
    made = Invitation.objects.get(digest=invitation_secrets.digest(world.invite()))
    answer = browser.post(f"/w/course/invitations/{made.pk}/revoke")
    assert answer.status_code == (302 if allowed else 403)


def test_nobody_takes_back_an_invitation_above_their_role(world: World) -> None:
    made = Invitation.objects.get(digest=invitation_secrets.digest(world.invite(role=Role.OWNER)))
    with pytest.raises(Forbidden):
        services.revoke_invitation(actor=world.member(Role.MODERATOR), invitation=made)
    made.refresh_from_db()
    assert made.revoked_at is None


def test_workers_know_the_jobs() -> None:
    from procrastinate.contrib.django import app

    program = "import django; django.setup(); from procrastinate.contrib.django import app; print(*app.tasks)"
    known = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    for job in (jobs.send_invitation, jobs.send_welcome):
        assert job.name in known
        assert app.tasks[job.name] is job
