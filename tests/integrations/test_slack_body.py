"""Bodies of posts made from Slack messages: words, files, previews, quotations, bots; and system lines."""

from __future__ import annotations

from typing import Any

import pytest

from tertulia.integrations.slack import parse
from tertulia.integrations.slack.body import body, event, event_line
from tertulia.integrations.slack.inline import Names
from tertulia.integrations.slack.records import Place, SlackMessage

NAMES = Names(people={"U1": "ana", "U2": "ben"}, channels={"C1": "chatter"})


def slack(text: str = "", **more: Any) -> SlackMessage:
    return parse.message(
        {"type": "message", "ts": "1714550400.000100", "user": "U1", "text": text, **more}, Place("x", 1)
    )


def made(text: str = "", **more: Any) -> str:
    return body(slack(text, **more), NAMES).replace("\xa0", " ")


def test_files_are_cards() -> None:
    file = {
        "name": "photo_1.png",
        "title": "Our [new] room",
        "pretty_type": "PNG",
        "filetype": "png",
        "size": 2048,
        "permalink": "https://x.slack.com/files/photo_1.png",
        "url_private": "https://files.slack.com/photo_1.png?t=xoxe-1",
    }
    assert made("look", files=[file]) == (
        "look\n\n> 🖼️ **[Our \\[new\\] room](https://x.slack.com/files/photo_1.png)** · PNG · 2.0 KB"
    )


def test_files_elsewhere_lead_there() -> None:
    file = {
        "name": "notes",
        "filetype": "gdoc",
        "is_external": True,
        "url_private": "https://docs.example.org/1",
        "permalink": "https://x.slack.com/files/notes",
    }
    assert made(files=[file]) == "> 📄 **[notes](https://docs.example.org/1)** · GDOC"


def test_snippets_show_their_beginning() -> None:
    code = {"name": "-.r", "title": "Untitled", "filetype": "r", "preview": " x <- `1`\n" + "y" * 300, "lines_more": 1}
    prose = {"name": "a.txt", "filetype": "text", "preview": "# One *day*\n", "lines_more": 2}
    assert made(files=[code, prose]) == (
        f"> 📎 **Untitled** · R\n> ```r\n>  x <- `1`\n> {'y' * 200}…\n> ```\n> and 1 more line\n\n"
        "> 📄 **a.txt** · TEXT\n> \\# One \\*day\\*\n> and 2 more lines"
    )


def test_short_snippets_are_whole() -> None:
    assert (
        made(files=[{"name": "a.py", "filetype": "py", "preview": "a = 1"}])
        == "> 📎 **a.py** · PY\n> ```py\n> a = 1\n> ```"
    )


def test_files_that_are_gone() -> None:
    assert made(files=[{"id": "F1", "mode": "tombstone"}, {"mode": "hidden_by_limit", "name": "a.pdf"}]) == (
        "> 📎 **a file** · no longer there\n\n> 📎 **a.pdf** · no longer there"
    )


def test_links_of_files_must_be_links() -> None:
    assert made(files=[{"name": "a", "permalink": "javascript:alert(1)"}]) == "> 📎 **a**"


def test_comments_name_their_file() -> None:
    file = {"name": "a.png", "permalink": "https://x.slack.com/a.png"}
    comment = {"user": "U2", "comment": "so *good*"}
    assert made("<@U2> commented on …", subtype="file_comment", file=file, comment=comment) == (
        "so **good**\n\n> On the file **[a.png](https://x.slack.com/a.png)**"
    )


def test_previews_of_links_are_short_cards() -> None:
    preview = {
        "from_url": "https://www.example.org/a",
        "service_name": "Example &amp; Co",
        "author_name": "Cleo",
        "title": "  A   *title* ",
        "title_link": "https://www.example.org/a",
        "text": "Costs $5 &amp;amp; more: <https://example.org|see> {{unfilled}} " + "word " * 100,
    }
    first, *rest = made("<https://www.example.org/a>", attachments=[preview]).split("\n")
    assert first == "<https://www.example.org/a>"
    assert rest[:3] == ["", "> Example & Co · Cleo", r"> **[A \*title\*](https://www.example.org/a)**"]
    assert rest[3].startswith(r"> Costs \$5 & more: see word")
    assert rest[3].endswith(" word…")
    assert len(rest[3]) < 320


@pytest.mark.parametrize(
    ("preview", "expected"),
    [
        ({"text": "{{metaTag.description}}"}, ""),
        ({"title": "Only a title"}, "> example.org\n> **Only a title**"),
        ({"title": "Same", "text": "Same"}, "> example.org\n> **Same**"),
        ({"text": "Only words, that end well."}, "> example.org\n> Only words, that end well."),
        ({"text": "a " * 90 + "cut of"}, "> example.org\n> " + "a " * 89 + "a cut…"),
    ],
)
def test_previews_say_only_what_they_know(preview: dict[str, str], expected: str) -> None:
    assert made(attachments=[{"from_url": "https://example.org/", **preview}]) == expected


def test_shared_messages_are_quotations() -> None:
    shared = {
        "is_msg_unfurl": True,
        "author_name": "Ben",
        "text": "*hello* <@U1>\nthere",
        "from_url": "https://x.slack.com/1",
    }
    assert made("see", attachments=[shared]) == "see\n\n> **Ben**\n> **hello** @ana\n> there"


def test_what_bots_attach() -> None:
    box = {
        "pretext": "*Build*",
        "mrkdwn_in": ["text"],
        "author_name": "CI",
        "title": "Run <7>",
        "title_link": "https://ci.example.org/7",
        "text": "all _green_",
        "fields": [{"title": "Branch", "value": "main"}, {"title": "Log", "value": "a\nb"}, {"value": "alone"}],
        "image_url": "https://ci.example.org/7.png",
        "footer": "1 min",
    }
    assert made(subtype="bot_message", attachments=[box]) == (
        "\\*Build\\*\n\n> CI\n> **[Run 7](https://ci.example.org/7)**\n> all *green*\n> **Branch:** main\n> **Log:**\n"
        "> a\n> b\n> alone\n> [picture](https://ci.example.org/7.png)\n> 1 min"
    )
    assert made(subtype="bot_message", attachments=[{"fallback": "something *happened*"}]) == (
        "> something \\*happened\\*"
    )


def test_actions_are_emphasised() -> None:
    assert made("waves at <@U2>", subtype="me_message") == "*waves at @ben*"
    assert made("waves *wildly*", subtype="me_message") == "waves **wildly**"


def test_nothing_stays_nothing() -> None:
    assert made("  ", attachments=[{"from_url": "https://example.org"}]) == ""


@pytest.mark.parametrize(
    ("subtype", "more", "expected"),
    [
        ("channel_join", {}, "Ana joined."),
        ("group_join", {"inviter": "U2"}, "Ana joined, invited by 100% Ben."),
        ("channel_join", {"inviter": "U1"}, "Ana joined."),
        ("channel_leave", {}, "Ana left."),
        ("channel_archive", {}, "Ana archived the channel."),
        ("channel_unarchive", {}, "Ana brought the channel back."),
        ("channel_name", {"old_name": "a", "name": "b"}, "Ana renamed the channel from “a” to “b”."),
        (
            "channel_topic",
            {"text": "<@U1> set the channel topic: be *kind*: 100%"},
            "Ana changed the header: be *kind*: 100%",
        ),
        ("group_topic", {"text": "<@U1> cleared the channel topic"}, "Ana took the header away."),
        (
            "channel_purpose",
            {"text": "<@U1> set the channel purpose: ask <@U2>"},
            "Ana changed the purpose: ask @100% Ben",
        ),
        ("channel_purpose", {"text": "<@U1> cleared the channel purpose"}, "Ana took the purpose away."),
        ("pinned_item", {"attachments": [{"is_msg_unfurl": True, "text": "x"}]}, "Ana pinned a message."),
        ("unpinned_item", {}, "Ana unpinned a message."),
        ("channel_convert_to_private", {}, "Ana made the channel private."),
        ("channel_convert_to_public", {}, "Ana made the channel public."),
        ("channel_posting_permissions", {}, "Ana changed who may post."),
        ("bot_add", {"text": "<@U1> added an integration: <https://x.test|CI>"}, "Ana added an integration: CI"),
        ("bot_remove", {"text": "<@U1>"}, "Ana changed the channel's apps."),
        ("tombstone", {}, "A message was deleted."),
        ("huddle_thread", {}, "Ana started a huddle."),
        ("sh_room_created", {}, "Ana started a call."),
        ("channel_canvas_updated", {}, "Ana changed the channel's canvas."),
    ],
)
def test_system_lines(subtype: str, more: dict[str, Any], expected: str) -> None:
    line = slack(subtype=subtype, **more)
    assert event(line)
    assert event_line(line, "Ana", Names(people={"U1": "Ana", "U2": "100% Ben"})) == expected


@pytest.mark.parametrize("subtype", ["", "bot_message", "me_message", "something_new"])
def test_words_are_no_system_lines(subtype: str) -> None:
    assert not event(slack("x", subtype=subtype))
