"""The HTML of one post: for everybody the same, safe, and complete."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo

from django.utils import translation

from tertulia.posts import fragments, queries, services
from tertulia.posts.models import Kind, Reaction
from tertulia.posts.services import create_posts

from .acts import delete, edit, picture, pin, upload
from .world import World, new, row, say, seat

HOSTILE = "<img src=x onerror=alert(1)>\"'"


def attributes(html: str) -> dict[str, str]:
    first = html[: html.index(">")]
    return dict(re.findall(r' ([a-z-]+)="([^"]*)"', first))


def test_what_scripts_rely_on(world: World) -> None:
    root = say(world.mia, world.chatter, "Hello *you*")
    reply = say(world.ben, world.chatter, "Reply", root)
    html = fragments.article(reply)
    assert html.startswith('<li class="post"')
    assert attributes(html) == {
        "class": "post",
        "id": f"post-{reply.id}",
        "data-post": str(reply.id),
        "data-seq": "2",
        "data-revision": "2",
        "data-channel": str(world.chatter.pk),
        "data-author": str(world.ben.pk),
        "data-root": str(root.id),
        "data-created": reply.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data-kind": "message",
    }
    html = fragments.article(queries.state(root.id))
    assert attributes(html)["data-root"] == ""
    assert "Hello <em>you</em>" in html
    assert f'href="/w/course/c/chatter/t/{root.id}"' in html
    assert "1 reply" in html
    assert f'href="/posts/{root.id}"' in html
    assert 'href="/people/mia"' in html


def test_marks_and_badges(world: World) -> None:
    post = say(world.olga, world.chatter, "One")
    plain = fragments.article(post)
    assert ">edited<" not in plain
    assert "data-pinned" not in plain
    assert 'data-role="owner">Owner<' in plain
    edit(world.olga, post, "Two")
    html = fragments.article(pin(world.olga, post))
    assert ">edited<" in html
    assert " data-pinned" in html


def test_a_tombstone(world: World) -> None:
    post = say(world.mia, world.chatter, "Secret words")
    say(world.ben, world.chatter, "Reply", post)
    html = fragments.article(delete(world.mia, post))
    assert 'class="post deleted"' in html
    assert " data-deleted" in html
    assert "Deleted by its author." in html
    assert "1 reply" in html
    assert "Secret" not in html
    other = fragments.article(delete(world.olga, say(world.mia, world.chatter, "x")))
    assert "Removed by a moderator." in other


def test_reactions_name_people_by_id(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    for person in (world.mia, world.ben):
        Reaction.objects.create(post_id=post.id, person=person, emoji="👍")
    html = fragments.article(queries.state(post.id))
    assert f'data-people="{world.mia.pk} {world.ben.pk}"' in html
    assert 'data-react="👍"' in html
    assert 'aria-label="👍 2: Mia, Ben"' in html


def test_files(world: World) -> None:
    files = [
        upload(world.mia, "wide.png", picture(size=(1920, 960))),
        upload(world.mia, "small.png", picture(size=(100, 50))),
        upload(world.mia, "a.mp3", b"ID3" + b"\0" * 50),
        upload(world.mia, "a.mp4", b"\0\0\0\x18ftypmp42" + b"\0" * 50),
        upload(world.mia, HOSTILE + ".pdf", b"%PDF-1.7"),
    ]
    post, _created = services.post(
        actor=world.mia,
        seat=seat(world.mia, world.chatter),
        body="",
        file_ids=[file.pk for file in files],
        alts=[HOSTILE],
    )
    html = fragments.article(post)
    assert '<div class="prose">' not in html
    assert f'src="/files/{files[0].pk}/wide.png?w=480" srcset=' in html
    assert 'width="480" height="240" alt="&lt;img' in html
    assert f'src="/files/{files[1].pk}/small.png" width="100" height="50" alt="small.png"' in html
    assert "<audio controls preload" in html
    assert "<video controls preload" in html
    assert "<img src=x" not in html
    assert "PDF, 8" in html


def test_hostile_names_and_words_are_text(world: World) -> None:
    world.mia.display_name = HOSTILE
    world.mia.save()
    post = say(world.mia, world.chatter, f"{HOSTILE} <script>alert(1)</script> [x](javascript:alert(1))")
    Reaction.objects.create(post_id=post.id, person=world.mia, emoji="👍")
    say(world.mia, world.chatter, "Reply", post)
    line = new(world.mia, world.chatter, HOSTILE, kind=Kind.SYSTEM)
    create_posts([line], silent=True)
    html = fragments.joined(queries.page(world.chatter.pk).posts)
    assert "<img src=x" not in html
    assert "<script" not in html
    assert "javascript:" not in re.sub(r">[^<]*<", "><", html)


def test_system_lines_are_quiet(world: World) -> None:
    create_posts([new(world.mia, world.chatter, "Mia joined.", kind=Kind.SYSTEM)], silent=True)
    [state] = queries.page(world.chatter.pk).posts
    html = fragments.article(state)
    assert html.startswith('<li class="system-line"')
    assert attributes(html)["data-kind"] == "system"
    assert "<span>Mia joined.</span>" in html


def test_the_bytes_do_not_depend_on_who_reads(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    say(world.ben, world.chatter, "Reply", post)
    state = queries.state(post.id)
    with translation.override("ar"):
        other = fragments.article(state)
    assert fragments.article(state) == other
    assert "csrf" not in other


def test_times_are_put_into_the_readers_zone(world: World) -> None:
    post = say(world.mia, world.chatter, "One")
    row(post)
    html = fragments.article(post).replace(post.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "2027-01-02T23:30:00Z")
    local = fragments.localise(html, ZoneInfo("Asia/Kolkata"))
    assert ">05:00</time>" in local
    assert ">23:30</time>" in fragments.localise(html, ZoneInfo("UTC"))
    assert "3 January 2027" in local
