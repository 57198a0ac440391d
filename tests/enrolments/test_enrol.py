"""A list of people, merged or mirrored: what becomes of each, and of nobody else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.core import mail

from tertulia.channels import services as channel_services
from tertulia.channels.models import Visibility
from tertulia.enrolments import services
from tertulia.enrolments.models import Enrolment, Kind, Leaving, Run, Standing
from tertulia.enrolments.records import MOST_PEOPLE, Mode
from tertulia.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.posts.models import Post
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Group, Role

from .world import World, described, entry, line, outcomes, person


def test_new_people_get_an_account_and_their_places(world: World) -> None:
    report = world.enrol(
        entry("ana", groups=["Cohort A"], channels=["secret"]), entry("ben", role="mentor", channels=["#square"])
    )
    assert outcomes(report) == {"ana": "created", "ben": "created"}
    ana = Person.objects.get(email="ana@example.org")
    assert (ana.display_name, ana.handle, ana.has_usable_password()) == ("Ana", "ana", False)
    assert not EmailAddress.objects.get(user=ana).verified
    assert line(report, "ana").person_id == ana.pk
    assert (world.role("ana"), world.role("ben")) == (Role.LEARNER, Role.MENTOR)
    assert (world.groups("ana"), world.groups("ben")) == ({"Cohort A"}, set())
    assert world.channels("ana") == {"hall", "secret"}
    assert world.channels("ben") == {"hall", "square"}


def test_conversations_stay_quiet_and_nobody_gets_mail(world: World) -> None:
    before = Post.objects.count()
    world.enrol(entry("ana", groups=["A"], channels=["secret"]), entry("ben"))
    world.mirror(entry("ben"))
    assert Post.objects.count() == before
    assert mail.outbox == []


def test_reading_begins_where_they_came_in(world: World) -> None:
    world.hall.last_seq, world.hall.root_count = 7, 5
    world.hall.save(update_fields=["last_seq", "root_count"])
    world.enrol(entry("ana"))
    seat = world.hall.memberships.get(person__email="ana@example.org")
    assert (seat.last_read_seq, seat.read_roots) == (7, 5)


def test_the_same_again_changes_and_writes_nothing(world: World) -> None:
    people = [entry("ana", groups=["A"], channels=["secret"]), entry("olga", role="learner")]
    world.enrol(*people)
    entries, runs = AuditEntry.objects.count(), Run.objects.count()
    for mode in Mode:
        assert outcomes(world.enrol(*people, mode=mode)) == {"ana": "unchanged", "olga": "unchanged"}
        assert outcomes(world.enrol(*people, mode=mode)) == {"ana": "unchanged", "olga": "unchanged"}
    assert AuditEntry.objects.count() == entries
    assert Run.objects.count() == runs + 2
    assert [run.times for run in Run.objects.order_by("-id")[:2]] == [2, 2]


def test_an_account_with_this_address_becomes_a_member_and_stays_what_it_is(world: World) -> None:
    cora = person("cora")
    report = world.enrol(entry("7", email="Cora@Example.org", name="Somebody Else"))
    assert outcomes(report) == {"7": "added"}
    cora.refresh_from_db()
    assert (cora.display_name, cora.email) == ("Cora", "cora@example.org")
    assert world.role("cora") is Role.LEARNER


def test_a_person_stays_the_same_when_their_address_changes(world: World) -> None:
    world.enrol(entry("7", email="ana@example.org"))
    report = world.enrol(entry("7", email="ana.lima@example.org", name="Ana Lima"))
    assert outcomes(report) == {"7": "changed"}
    assert Person.objects.get(email="ana@example.org").display_name == "7"
    assert not Person.objects.filter(email="ana.lima@example.org").exists()
    assert Enrolment.objects.get(external_id="7").email == "ana.lima@example.org"


def test_an_address_that_nobody_has_proved_to_be_theirs_is_not_given_anything(world: World) -> None:
    thief = people_services.create_person(email="ana@example.org", display_name="Thief")
    Person.objects.filter(pk=thief.pk).update(last_login=datetime.now(UTC))
    report = world.enrol(entry("ana"))
    assert outcomes(report) == {"ana": "refused"}
    assert world.role("ana") is None
    EmailAddress.objects.filter(user=thief).update(verified=True)
    assert outcomes(world.enrol(entry("ana"))) == {"ana": "added"}


def test_an_identity_elsewhere_proves_no_address(world: World) -> None:
    thief = people_services.create_person(email="ana@example.org", display_name="Thief")
    people_services.link(actor=thief, issuer="https://lms.example", subject="1", email="")
    assert outcomes(world.enrol(entry("ana"))) == {"ana": "refused"}


def test_placeholders_are_claimed_by_proof_only(world: World) -> None:
    placeholder = people_services.create_placeholder(display_name="Ana", email="ana@example.org")
    world.enrol(entry("ana"))
    placeholder.refresh_from_db()
    assert placeholder.claimed_by is None
    assert Person.objects.get(email="ana@example.org") != placeholder


def test_bans_win(world: World) -> None:
    ana = world.member("ana")
    workspace_services.ban(actor=world.olga, workspace=world.course, person=ana, reason="noise")
    report = world.enrol(entry("ana", channels=["secret"]), entry("ben"))
    assert outcomes(report) == {"ana": "refused", "ben": "created"}
    assert (world.role("ana"), world.channels("ana")) == (None, set())


def test_who_is_banned_while_enrolled_stays_out(world: World) -> None:
    world.enrol(entry("ana"), entry("ben"))
    ana = Person.objects.get(email="ana@example.org")
    workspace_services.ban(actor=world.olga, workspace=world.course, person=ana)
    assert outcomes(world.enrol(entry("ana"), entry("ben"))) == {"ana": "refused", "ben": "unchanged"}
    assert outcomes(world.mirror(entry("ben"))) == {"ben": "unchanged", "ana": "left"}
    assert world.role("ana") is None


def test_a_closed_account_stays_out(world: World) -> None:
    ana = person("ana")
    Person.objects.filter(pk=ana.pk).update(is_active=False)
    assert outcomes(world.enrol(entry("ana"))) == {"ana": "refused"}
    assert world.role("ana") is None


@pytest.mark.parametrize("role", ["owner", "king", "", "OWNER "])
def test_nobody_becomes_an_owner_or_something_unknown(world: World, role: str) -> None:
    report = world.enrol(entry("ana", role=role), entry("ben"))
    assert outcomes(report) == {"ana": "refused", "ben": "created"}
    assert not Person.objects.filter(email="ana@example.org").exists()


def test_roles_reach_as_far_as_those_of_who_asks(world: World) -> None:
    omar = world.member("omar", Role.OPERATIONS)
    report = world.enrol(entry("ana", role="operations"), entry("ben", role="instructor"), actor=omar)
    assert outcomes(report) == {"ana": "created", "ben": "created"}
    alone = services.enrol(
        source=world.open("by itself"),
        people=[entry("cora", role="operations"), entry("dora", role="instructor")],
        mode=Mode.MERGE,
    )
    assert outcomes(alone) == {"cora": "refused", "dora": "created"}


@pytest.mark.parametrize("role", [role for role in Role if role not in (Role.OWNER, Role.OPERATIONS)])
def test_who_does_not_run_the_workspace_may_not_enrol(world: World, role: Role) -> None:
    mia = world.member("mia", role)
    for dry_run in (True, False):
        with pytest.raises(Forbidden):
            world.enrol(entry("ana"), actor=mia, dry_run=dry_run)
        with pytest.raises(NotFound):
            world.enrol(entry("ana"), actor=world.otto, dry_run=dry_run)
    assert not Person.objects.filter(email="ana@example.org").exists()


def test_an_archived_workspace_takes_nobody(world: World) -> None:
    workspace_services.archive_workspace(actor=world.olga, workspace=world.course)
    world.source.workspace.refresh_from_db()
    for dry_run in (True, False):
        with pytest.raises(Conflict, match="archived"):
            world.enrol(entry("ana"), dry_run=dry_run)


def test_channels_that_cannot_be_given_are_told_and_the_person_comes_in(world: World) -> None:
    attic = world.channel("attic")
    channel_services.archive_channel(actor=world.olga, channel=attic)
    ida = world.member("ida", Role.INSTRUCTOR)
    world.channel("hidden", by=ida, visibility=Visibility.PRIVATE)
    report = world.enrol(entry("ana", channels=["nowhere", "attic", "hidden", "secret"]))
    told = line(report, "ana")
    assert told.outcome == "created"
    assert all(name in told.detail for name in ("nowhere", "attic", "hidden"))
    assert world.channels("ana") == {"hall", "secret"}


def test_what_who_asks_cannot_see_stays_given(world: World) -> None:
    world.enrol(entry("ana", channels=["secret"]))
    omar = world.member("omar", Role.OPERATIONS)
    report = world.enrol(entry("ana", channels=["secret", "square"]), actor=omar)
    assert "secret" in line(report, "ana").detail
    assert world.channels("ana") == {"hall", "secret", "square"}


def test_channels_go_by_address_name_or_id_and_archived_ones_keep_their_people(world: World) -> None:
    tea = channel_services.create_channel(actor=world.olga, workspace=world.course, name="The Tea Room", slug="tea")
    for word in ("tea", "#tea", "the tea room", str(tea.pk)):
        world.enrol(entry("ana", channels=[word]))
        assert "tea" in world.channels("ana"), word
    channel_services.archive_channel(actor=world.olga, channel=tea)
    assert outcomes(world.enrol(entry("ana", channels=["tea"]))) == {"ana": "unchanged"}
    assert "tea" in world.channels("ana")


def test_groups_are_found_by_name_or_handle_and_made(world: World) -> None:
    workspace_services.create_group(actor=world.olga, workspace=world.course, name="Early Birds", slug="birds")
    world.enrol(
        entry("ana", groups=["early birds"]),
        entry("ben", groups=["@Birds"]),
        entry("cora", groups=["Cohort 1", "cohort 1 "]),
        entry("dora", groups=["Группа", "组", "here", "Cohort-1!"]),
    )
    assert world.groups("ana") == world.groups("ben") == {"Early Birds"}
    assert world.groups("cora") == {"Cohort 1"}
    assert world.groups("dora") == {"Группа", "组", "here", "Cohort-1!"}
    slugs = set(Group.objects.filter(workspace=world.course).values_list("slug", flat=True))
    assert len(slugs) == 6
    assert "here" not in slugs


def test_so_many_new_groups_are_a_wrong_column(world: World) -> None:
    people = [entry(f"p{number}", groups=[f"{number}"]) for number in range(1001)]
    with pytest.raises(Invalid, match="1001 new groups"):
        world.enrol(*people)
    assert not Group.objects.exists()


def test_one_bad_person_fails_nobody_else(world: World) -> None:
    report = world.enrol(
        entry("ana"),
        entry("nobody", email=""),
        entry("wrong", email="not an address"),
        entry("", email="x@example.org"),
        entry("l" * 256, email="y@example.org"),
        entry("group", groups=["g" * 81]),
        entry("many", channels=[f"c{number}" for number in range(51)]),
        entry("ana", email="other@example.org"),
        entry("long", name="n" * 500),
    )
    assert list(outcomes(report).values()).count("refused") == 7
    assert world.role("ana") is Role.LEARNER
    assert Person.objects.get(email="long@example.org").display_name == "n" * 80
    assert not Person.objects.filter(email="other@example.org").exists()
    assert all(each.detail for each in report.lines if each.outcome == "refused")


def test_too_long_a_list_is_refused_whole(world: World) -> None:
    with pytest.raises(Invalid, match="10000"):
        world.enrol(*[entry(f"p{number}") for number in range(MOST_PEOPLE + 1)])


def test_the_same_address_twice_is_one_person(world: World) -> None:
    report = world.enrol(
        entry("1", email="ana@example.org", groups=["A"]), entry("2", email="ANA@example.org", groups=["B"])
    )
    assert outcomes(report) == {"1": "created", "2": "changed"}
    assert world.groups("ana") == {"A", "B"}
    world.mirror(entry("1", email="ana@example.org", groups=["A"]))
    assert (world.role("ana"), world.groups("ana")) == (Role.LEARNER, {"A"})
    world.mirror()
    assert world.role("ana") is None


def test_a_preview_says_what_happens_and_does_nothing(world: World) -> None:
    world.member("cora")
    world.enrol(entry("ben", groups=["A"]), entry("gone"))
    people = [
        entry("ana", channels=["secret", "nowhere"]),
        entry("ben", role="mentor", groups=["B"]),
        entry("cora"),
        entry("bad", email="x"),
    ]
    tables = (Person, Run, Enrolment, Standing, Group, AuditEntry)
    before = [table._default_manager.count() for table in tables]
    preview = world.enrol(*people, mode=Mode.MIRROR, dry_run=True)
    assert [table._default_manager.count() for table in tables] == before
    done = world.mirror(*people)
    assert described(preview.lines) == described(done.lines)
    assert outcomes(done) == {
        "ana": "created", "ben": "changed", "cora": "changed", "bad": "refused", "gone": "left",
    }  # fmt: skip


def test_a_preview_of_an_unknown_source_makes_none(world: World) -> None:
    source = services.find_source(workspace=world.course, name="new", kind=Kind.REST)
    assert outcomes(world.enrol(entry("ana"), source=source, dry_run=True)) == {"ana": "created"}
    assert not type(source).objects.filter(name="new").exists()


def test_a_known_person_is_enrolled_without_an_address(world: World) -> None:
    ana = person("ana")
    report = world.enrol(entry("sub-1", email="", person_id=ana.pk))
    assert outcomes(report) == {"sub-1": "added"}
    ben = person("ben")
    world.enrol(entry("sub-1", email="", person_id=ben.pk))
    assert (world.role("ana"), world.role("ben")) == (None, Role.LEARNER)


def test_welcome_is_mailed_only_where_the_source_says_so(world: World) -> None:
    from tertulia.enrolments import jobs

    world.enrol(entry("ana"))
    source = services.change_source(
        actor=world.olga, source=world.source, leaving=Leaving.REMOVE, largest_share=20, welcome=True
    )
    world.enrol(entry("ben"), source=source)
    ben = Person.objects.get(email="ben@example.org")
    jobs.welcome(str(source.pk), str(ben.pk))
    assert [message.to for message in mail.outbox] == [["ben@example.org"]]
    assert "/w/course" in str(mail.outbox[0].body)
    world.enrol(entry("ben", active=False))
    jobs.welcome(str(source.pk), str(ben.pk))
    assert len(mail.outbox) == 1


def test_only_people_who_came_in_are_to_be_welcomed(world: World) -> None:
    from procrastinate.contrib.django.models import ProcrastinateJob

    services.change_source(
        actor=world.olga, source=world.source, leaving=Leaving.REMOVE, largest_share=20, welcome=True
    )
    world.enrol(entry("ana"), entry("olga"))
    ana = Person.objects.get(email="ana@example.org")
    jobs = ProcrastinateJob.objects.filter(task_name="tertulia.enrolments.jobs.welcome")
    assert [job.args["person_id"] for job in jobs] == [str(ana.pk)]


def test_the_log_of_the_workspace_has_one_line_for_a_run(world: World) -> None:
    from tertulia.workspaces.log_lines import sentence

    before = set(AuditEntry.objects.values_list("pk", flat=True))
    world.enrol(*[entry(f"p{number}") for number in range(30)])
    new = [one for one in AuditEntry.objects.filter(workspace_id=world.course.pk) if one.pk not in before]
    assert [sentence(one) for one in new] == ["enrolled people from roster: 30 came, 0 changed, 0 left"]


def test_invitations_of_those_who_leave_stop_working(world: World) -> None:
    world.enrol(entry("ana", role="moderator"))
    ana = Person.objects.get(email="ana@example.org")
    made, _secret = workspace_services.create_invitation(actor=ana, workspace=world.course)
    world.enrol(entry("ana", role="learner"))
    made.refresh_from_db()
    assert made.revoked_at is not None


def test_two_people_of_one_name_get_handles_of_their_own(world: World) -> None:
    person("ana")
    world.enrol(*[entry(f"{number}", email=f"a{number}@x.org", name="Ana") for number in range(3)], entry("all"))
    handles = Person.objects.filter(email__endswith="@x.org").order_by("email").values_list("handle", flat=True)
    assert list(handles) == ["ana2", "ana3", "ana4"]
    assert Person.objects.get(email="all@example.org").handle == "all2"
