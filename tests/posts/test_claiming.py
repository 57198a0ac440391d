"""Somebody claims what a placeholder of an import said."""

from __future__ import annotations

from tertulia.people.happenings import PlaceholderClaimed
from tertulia.posts import queries, reactions
from tertulia.posts.models import Reaction, SavedPost, ThreadFollow
from tertulia.posts.services import create_posts

from .world import World, new, row, say, seat


def test_everything_becomes_theirs_and_tabs_hear_of_it(world: World) -> None:
    ghost = world.member("ghost", is_placeholder=True)
    theirs = [new(ghost, world.chatter, f"Imported {number}") for number in range(3)]
    first = create_posts(theirs, silent=True)[0].post_id
    assert first is not None
    root = say(world.mia, world.chatter, "Did @ghost say that?")
    create_posts([new(ghost, world.chatter, "Yes", root_id=root.id)], silent=True)
    untouched = say(world.mia, world.chatter, "Nothing of theirs")
    shared = say(world.mia, world.chatter, "Both liked it")
    for person in (ghost, world.ben):
        Reaction.objects.create(post_id=shared.id, person=person, emoji="👍")
        SavedPost.objects.create(post_id=shared.id, person=person)
    Reaction.objects.create(post_id=shared.id, person=ghost, emoji="🎉")
    before = world.chatter
    before.refresh_from_db()
    reactions.take_over_claimed(PlaceholderClaimed(placeholder_id=str(ghost.pk), person_id=str(world.ben.pk)))

    assert {post.author.handle for post in queries.page(world.chatter.pk).posts} == {"ben", "mia"}
    assert row(first).author == world.ben
    state = queries.state(shared.id)
    assert [(one.emoji, one.person_ids) for one in state.reactions] == [
        ("👍", (world.ben.pk,)),
        ("🎉", (world.ben.pk,)),
    ]
    assert SavedPost.objects.filter(post_id=shared.id).count() == 1
    assert ThreadFollow.objects.filter(root_id=root.id, person=world.ben).exists()
    html = queries.state(root.id).html
    assert f'data-person="{world.ben.pk}"' in html
    assert 'href="/people/ben"' in html
    assert queries.state(root.id).repliers[0].handle == "ben"
    assert seat(world.ben, world.chatter).is_member

    heard = queries.changes(world.chatter.pk, since_revision=before.revision)
    every = {post.id for post in queries.page(world.chatter.pk, with_replies=True).posts}
    assert {post.id for post in heard} == every - {untouched.id}
    revisions = [post.revision for post in queries.page(world.chatter.pk, with_replies=True).posts]
    assert len(set(revisions)) == len(revisions)
    world.chatter.refresh_from_db()
    assert max(revisions) == world.chatter.revision
