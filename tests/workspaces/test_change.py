"""Changing, archiving and restoring a workspace."""

from __future__ import annotations

import pytest

from tertulia.kernel.errors import Conflict, Forbidden, NotFound
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import services
from tertulia.workspaces.models import Joining, Role

from .world import World, client


def test_what_is_given_changes_and_the_rest_stays(world: World) -> None:
    changed = services.update_workspace(actor=world.olga, workspace=world.course, goal=" Bake bread. ")
    assert (changed.name, changed.goal) == ("Course", "Bake bread.")
    entry = AuditEntry.objects.filter(verb="changed", object_kind="workspace").get()
    assert (entry.before, entry.after) == ({"goal": "Learn to bake."}, {"goal": "Bake bread."})


def test_no_change_writes_nothing(world: World) -> None:
    services.update_workspace(actor=world.olga, workspace=world.course, name="Course", slug="COURSE")
    assert not AuditEntry.objects.filter(verb="changed", object_kind="workspace").exists()


def test_all_that_can_change(world: World) -> None:
    changed = services.update_workspace(
        actor=world.olga,
        workspace=world.course,
        name="New",
        slug="fresh",
        template="company",
        joining="open",
        listed=False,
        learners_may_message=False,
    )
    assert (changed.slug, changed.template, changed.joining, changed.listed, changed.learners_may_message) == (
        "fresh",
        "company",
        Joining.OPEN,
        True,
        False,
    )
    closed = services.update_workspace(actor=world.olga, workspace=changed, joining="closed", listed=False)
    assert not closed.listed


@pytest.mark.parametrize("role", Role)
def test_who_may_change_it(world: World, role: Role) -> None:
    actor = world.member(role)
    if role in (Role.OWNER, Role.OPERATIONS):
        services.update_workspace(actor=actor, workspace=world.course, name="X")
        assert client(actor).get("/w/course/settings").status_code == 200
    else:
        with pytest.raises(Forbidden):
            services.update_workspace(actor=actor, workspace=world.course, name="X")
        assert client(actor).get("/w/course/settings").status_code == 403


def test_outsiders_find_nothing_to_change(world: World) -> None:
    for verb in (services.update_workspace, services.archive_workspace, services.restore_workspace):
        with pytest.raises(NotFound):
            verb(actor=world.otto, workspace=world.course)


def test_another_workspaces_address_is_refused(world: World) -> None:
    with pytest.raises(Conflict, match="is in use"):
        services.update_workspace(actor=world.olga, workspace=world.course, slug="other")
    page = client(world.olga).post(
        "/w/course/settings", {"name": "Typed", "slug": "other", "joining": "closed", "goal": ""}
    )
    assert page.status_code == 409
    assert 'value="Typed"' in page.text
    assert world.fresh().name == "Course"


def test_archived_ones_can_be_read_and_left_but_not_changed(world: World) -> None:
    learner = world.member()
    services.archive_workspace(actor=world.olga, workspace=world.course)
    assert world.place(learner).is_archived
    attempts = (
        lambda: services.update_workspace(actor=world.olga, workspace=world.course, name="X"),
        lambda: services.add_member(actor=world.olga, workspace=world.course, person=world.otto),
        lambda: services.create_group(actor=world.olga, workspace=world.course, name="G"),
        lambda: services.create_invitation(actor=world.olga, workspace=world.course),
        lambda: services.remove_member(actor=world.olga, workspace=world.course, person=learner),
    )
    for attempt in attempts:
        with pytest.raises(Conflict, match="is archived") as refused:
            attempt()
        assert refused.value.type == "archived"
    services.leave(actor=learner, workspace=world.course)
    assert world.role_of(learner) is None


def test_archiving_twice_is_once_and_can_be_undone(world: World) -> None:
    first = services.archive_workspace(actor=world.olga, workspace=world.course).archived_at
    assert services.archive_workspace(actor=world.olga, workspace=world.course).archived_at == first
    assert services.restore_workspace(actor=world.olga, workspace=world.course).archived_at is None
    verbs = AuditEntry.objects.filter(object_kind="workspace", workspace_id=world.course.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == ["created", "archived", "restored"]


@pytest.mark.parametrize("role", Role)
def test_only_owners_archive(world: World, role: Role) -> None:
    answer = client(world.member(role)).post("/w/course/archive")
    assert answer.status_code == (302 if role is Role.OWNER else 403)
    assert (world.fresh().archived_at is not None) is (role is Role.OWNER)


def test_the_page_archives_and_offers_undo(world: World) -> None:
    browser = client(world.olga)
    page = browser.post("/w/course/archive", follow=True)
    assert page.status_code == 200
    assert "/w/course/restore" in page.text
    assert browser.post("/w/course/restore", follow=True).status_code == 200
    assert world.fresh().archived_at is None


def test_changing_and_archiving_together_is_all_or_nothing(world: World) -> None:
    operations = world.member(Role.OPERATIONS)
    with pytest.raises(Forbidden):
        services.change_workspace(actor=operations, workspace=world.course, name="X", archived=True)
    assert world.fresh().name == "Course"
    services.change_workspace(actor=world.olga, workspace=world.course, name="X", archived=True)
    assert world.fresh().archived_at is not None
    services.change_workspace(actor=world.olga, workspace=world.course, name="Y", archived=False)
    assert (world.fresh().archived_at, world.fresh().name) == (None, "Y")
