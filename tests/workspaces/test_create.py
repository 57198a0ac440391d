"""Making a workspace."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import QuerySet

from tertulia.config import environment
from tertulia.kernel.errors import Conflict, Forbidden, Invalid
from tertulia.kernel.models import AuditEntry
from tertulia.workspaces import access, services
from tertulia.workspaces.blueprints import BLUEPRINTS
from tertulia.workspaces.models import SLUG_PATTERN, Joining, Role, Template, Workspace

from .world import World, client


def log(workspace: Workspace) -> QuerySet[AuditEntry]:
    """What was written down of a workspace."""
    return AuditEntry.objects.filter(workspace_id=workspace.pk)


def test_the_maker_owns_it_and_it_is_written_down(world: World) -> None:
    made = services.create_workspace(actor=world.olga, name=" Spring \t course ", template="course", goal="Bake.")
    assert (made.name, made.slug, made.goal, made.joining, made.listed) == (
        "Spring course",
        "spring-course",
        "Bake.",
        Joining.CLOSED,
        False,
    )
    assert access.workspace(world.olga, made.slug).role is Role.OWNER
    assert list(log(made).exclude(object_kind="channel").order_by("id").values_list("verb", flat=True)) == [
        "created",
        "joined",
    ]


def test_only_owners_of_the_installation_unless_everyone_may(world: World, settings: Any) -> None:
    learner = world.member()
    with pytest.raises(Forbidden, match="Only owners"):
        services.create_workspace(actor=learner, name="Mine")
    assert client(learner).get("/workspaces/new").status_code == 403
    open_house = settings.ENVIRONMENT.model_copy(update={"workspace_creation": "everyone"})
    assert isinstance(open_house, environment.Environment)
    settings.ENVIRONMENT = open_house
    assert services.create_workspace(actor=learner, name="Mine").slug == "mine"
    assert client(learner).get("/workspaces/new").status_code == 200


def test_an_address_in_use_is_told(world: World) -> None:
    for slug in ("course", "Course", " other ", "new"):
        with pytest.raises(Conflict, match="is in use") as refused:
            services.create_workspace(actor=world.olga, name="Again", slug=slug)
        assert refused.value.field == "slug"
        assert refused.value.type == "slug-taken"


def test_addresses_made_from_names_are_free(world: World) -> None:
    slugs = [
        services.create_workspace(actor=world.olga, name=name).slug for name in ("Course", "Course", "New", "日本")
    ]
    assert slugs == ["course-2", "course-3", "new-2", "workspace"]
    long = services.create_workspace(actor=world.olga, name="x" * 80)
    assert SLUG_PATTERN.fullmatch(long.slug)


@pytest.mark.parametrize("slug", ["-a", "a-", "a b", "a/b", "é", "a\n", "a" * 61, "a.b", "%2e"])
def test_bad_addresses(world: World, slug: str) -> None:
    if slug == "a\n":
        assert services.create_workspace(actor=world.olga, name="N", slug=slug).slug == "a"
        return
    with pytest.raises(Invalid) as refused:
        services.create_workspace(actor=world.olga, name="N", slug=slug)
    assert refused.value.field == "slug"


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"name": " \u200b\u202e "}, "name", "Please fill in the name."),
        ({"name": "x" * 81}, "name", "The name has 81 characters; 80 is the most."),
        ({"name": "n", "goal": "x" * 301}, "goal", "The goal has 301 characters; 300 is the most."),
        ({"name": "n", "template": "nope"}, "template", "“nope” is not known here"),
        ({"name": "n", "joining": "nope"}, "joining", "open, request, closed"),
    ],
)
def test_bad_words(world: World, fields: dict[str, Any], field: str, sentence: str) -> None:
    with pytest.raises(Invalid, match=sentence.replace(".", r"\.")) as refused:
        services.create_workspace(actor=world.olga, **fields)
    assert refused.value.field == field


def test_nothing_turns_or_hides_text_around_it(world: World) -> None:
    made = services.create_workspace(actor=world.olga, name="\u202eevil\u2066 \ufeffname\u0000 👩‍💻", goal="<b>\u0007x")
    assert made.name == "evil name 👩‍💻"
    assert made.goal == "<b>x"
    assert b"&lt;b&gt;x" in client(world.olga).get("/workspaces").content


@pytest.mark.parametrize("joining", Joining)
def test_where_people_may_come_in_by_themselves_it_is_listed(world: World, joining: Joining) -> None:
    made = services.create_workspace(actor=world.olga, name="N", joining=joining)
    assert made.listed is (joining != Joining.CLOSED)


@pytest.mark.parametrize("template", Template)
def test_every_template_is_whole(template: Template) -> None:
    blueprint = BLUEPRINTS[template]
    slugs = [channel.slug for channel in blueprint.channels]
    assert len(set(slugs)) == len(slugs) >= 1
    assert all(SLUG_PATTERN.fullmatch(slug) for slug in slugs)
    assert any(channel.is_default and channel.posting == "everyone" for channel in blueprint.channels)
    assert all(str(channel.name) and len(str(channel.purpose)) <= 300 for channel in blueprint.channels)
    assert str(blueprint.goal_prompt).endswith("?")
    assert Role.LEARNER in blueprint.roles


def test_a_course_starts_with_what_the_demonstration_promises() -> None:
    channels = {channel.slug: channel for channel in BLUEPRINTS[Template.COURSE].channels}
    assert {"announcements", "chatter", "q-and-a", "tech-issue-reports"} <= set(channels)
    assert channels["announcements"].posting == "staff"


@pytest.mark.parametrize("template", Template)
def test_the_page_asks_for_the_kind_then_for_the_rest(world: World, template: Template) -> None:
    browser = client(world.olga)
    assert f"?template={template}".encode() in browser.get("/workspaces/new").content
    page = browser.get(f"/workspaces/new?template={template}")
    assert str(BLUEPRINTS[template].goal_prompt) in page.context["form"].fields["goal"].label
    answer = browser.post(
        f"/workspaces/new?template={template}", {"name": "Fresh", "slug": "", "goal": "G", "joining": "open"}
    )
    assert (answer.status_code, answer["Location"]) == (302, "/w/fresh")
    assert Workspace.objects.get(slug="fresh").template == template


def test_a_refused_form_keeps_what_was_typed(world: World) -> None:
    page = client(world.olga).post(
        "/workspaces/new?template=blank", {"name": "Kept", "slug": "course", "goal": "", "joining": "closed"}
    )
    assert page.status_code == 409
    assert 'value="Kept"' in page.text
    assert "is in use" in page.text
    assert client(world.olga).post("/workspaces/new?template=blank", {}).status_code == 422
