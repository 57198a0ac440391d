"""The demonstration's texts are whole: everybody who speaks or reacts exists, and nothing is lost in reading them."""

from __future__ import annotations

from tertulia.demo import script


def test_everybody_who_speaks_or_reacts_exists() -> None:
    known = {somebody.handle for somebody in script.people()}
    for conversation in script.conversations():
        named = {handle for handles in conversation.roles.values() for handle in handles}
        named |= {handle for _slug, _name, handles in conversation.groups for handle in handles}
        for root in (one for said in conversation.channels.values() for one in said):
            for one in (root, *root.replies):
                named |= {one.by, *(handle for _emoji, handle in one.reactions)}
        assert named <= known


def test_each_tutorial_has_its_four_channels() -> None:
    tutorials = script.conversations()
    assert len(tutorials) == 8
    for conversation in tutorials:
        assert list(conversation.channels) == ["announcements", "chatter", "q-and-a", "tech-issue-reports"]
        assert conversation.goal


def test_a_post_keeps_its_lines_its_replies_and_its_reactions() -> None:
    frames = next(one for one in script.conversations() if one.slug == "data-frames")
    first = frames.channels["q-and-a"][0]
    assert first.body.startswith("What is the difference between `loc`")
    assert "| `df.iloc[0]` | the first row, whatever it is called |" in first.replies[0].body
    assert first.replies[0].body.endswith("`iloc[a:b]` does not.")
    assert ("💡", "diego") in first.replies[0].reactions
