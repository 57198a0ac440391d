"""Reading exports, sound and unsound: what cannot be used is named by file and line, the rest is there."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tertulia.integrations.slack.reader import SlackExport

from .slack_export import channel, message, small, user, write
from .slack_reading import DAY, messages, read, with_day


def test_people(tmp_path: Path) -> None:
    bot = {"id": "U3", "name": "robot", "is_bot": True, "deleted": True}
    full = user("U1", "ana", email="ana@example.org", profile={"display_name": "Ana!", "title": "Teacher"})
    path = write(tmp_path / "export.zip", {"users.json": [full, bot, {"name": "nobody"}, full]})
    with SlackExport(path) as export:
        ana, robot = export.users
        problems = [str(problem) for problem in export.problems]
    assert (ana.shown_name, ana.email, ana.title, ana.time_zone) == (
        "Ana!",
        "ana@example.org",
        "Teacher",
        "Europe/Madrid",
    )
    assert (robot.shown_name, robot.is_bot, robot.is_deleted) == ("robot", True, True)
    assert problems == [
        "users.json:19: “id” is missing or is not text.",
        "users.json:22: U1 is listed twice; the first was taken.",
    ]


def test_conversations_of_every_kind(tmp_path: Path) -> None:
    pins = [{"id": "1714550400.000100", "user": "U1", "created": 1714550500}, {"id": "F123", "type": "F"}]
    parts = {
        "users.json": [user("U1", "ana"), user("U2", "ben")],
        "channels.json": [channel("C1", "chatter", ["U1"], topic="t", purpose="p", pins=pins, is_general=True)],
        "groups.json": [channel("G1", "secret", ["U1"], is_archived=True)],
        "dms.json": [{"id": "D1", "created": 1600000000, "members": ["U1", "U2"]}],
        "mpims.json": [channel("G2", "mpdm-ana--ben--cleo-1", ["U1", "U2"])],
        "D1/2024-05-01.json": [message("1714550400.000100", "U1", "psst")],
    }
    with SlackExport(write(tmp_path / "export.zip", parts)) as export:
        assert [(c.id, c.kind, c.name) for c in export.channels] == [
            ("C1", "public", "chatter"),
            ("G1", "private", "secret"),
            ("D1", "direct", ""),
            ("G2", "group", "mpdm-ana--ben--cleo-1"),
        ]
        chatter, secret = export.channels[:2]
        assert (chatter.topic, chatter.purpose, chatter.is_general, secret.is_archived) == ("t", "p", True, True)
        assert [(pin.ts, pin.user) for pin in chatter.pins] == [("1714550400.000100", "U1")]
        assert [m.text for m in messages(export)] == ["psst"]
        assert export.problems == []


def test_days_and_messages_come_in_order_of_time(tmp_path: Path) -> None:
    path = small(
        tmp_path / "export.zip",
        d2024_05_02=[message("1714636800.000100", "U1", "third")],
        d2024_05_01=[message("1714550400.000200", "U1", "second"), message("1714550400.000100", "U2", "first")],
    )
    found, problems = read(path)
    assert [m.text for m in found] == ["first", "second", "third"]
    assert found[0].at == datetime(2024, 5, 1, 8, 0, 0, 100, tzinfo=UTC)
    assert problems == []


def test_everything_that_hangs_on_a_message(tmp_path: Path) -> None:
    rich = message(
        "1714550400.000100",
        "U1",
        "hello",
        thread_ts="1714550400.000100",
        edited={"user": "U2", "ts": "1714550460.000000"},
        reactions=[
            {"name": "+1", "users": ["U1", "U2"], "count": 2},
            {"name": "+1", "users": ["U2"], "count": 1},
            {"name": "eyes", "users": ["U1"], "count": 5},
            "nonsense",
        ],
        files=[{"id": "F1", "name": "a.pdf", "size": 10, "permalink": "https://x.slack.com/a.pdf?t=xoxe-1-2&v=3"}],
        attachments=[{"from_url": "https://example.org", "title": "An example"}],
        pinned_to=["C1"],
    )
    answer = message("1714550500.000100", "U2", "hi", thread_ts="1714550400.000100")
    first, second = read(small(tmp_path / "export.zip", d2024_05_01=[rich, answer]))[0]
    assert (first.is_reply, second.is_reply) == (False, True)
    assert first.edited_at == datetime(2024, 5, 1, 8, 1, tzinfo=UTC)
    assert [(r.name, r.users, r.count) for r in first.reactions] == [("+1", ("U1", "U2"), 2), ("eyes", ("U1",), 5)]
    assert first.files[0].link == "https://x.slack.com/a.pdf?v=3"
    assert first.attachments[0].is_preview
    assert first.pinned_to == ("C1",)


def test_shared_files_of_old_exports(tmp_path: Path) -> None:
    file = {"id": "F1", "name": "a.png", "reactions": [{"name": "+1", "users": ["U2"], "count": 1}]}
    text = "<@U1> uploaded a file: <https://x.slack.com/a.png|a.png> and commented: see\nthis"
    shared = message("1714550400.000100", "U1", text, subtype="file_share", username="<@U1>", file=file)
    comment = {"subtype": "file_comment", "comment": {"user": "U2", "comment": "nice"}, "file": file}
    commented = {"type": "message", "ts": "1714550400.000200", "text": "<@U2> commented on …", **comment}
    first, second = read(small(tmp_path / "export.zip", d2024_05_01=[shared, commented]))[0]
    assert (first.text, first.user, first.bot_name, first.files[0].name) == ("see\nthis", "U1", "", "a.png")
    assert [r.users for r in first.reactions] == [("U2",)]
    assert (second.user, second.file_comment, second.reactions) == ("U2", "nice", ())


def test_bots_speak_by_name_and_blocks_hold_text(tmp_path: Path) -> None:
    blocks = [
        {"type": "header", "text": {"type": "plain_text", "text": "Build"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "*green*"}, "fields": [{"text": "fast"}]},
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by"}, {"type": "mrkdwn", "text": "robot"}]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "1 < 2", "style": {"bold": True}},
                        {"type": "user", "user_id": "U1"},
                        {"type": "emoji", "name": "tada"},
                        {"type": "link", "url": "https://example.org", "text": "x"},
                        {"type": "link", "url": "https://example.org"},
                    ],
                },
                {"type": "rich_text_list", "style": "ordered", "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]}]},
                {"type": "rich_text_list", "style": "bullet", "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]}]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "so"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
            ],
        },
        {"type": "divider"},
        "nonsense",
    ]  # fmt: skip
    said = {"type": "message", "subtype": "bot_message", "ts": "1714550400.000100", "text": "", "bot_id": "B1"}
    named = {**said, "username": "Robot", "blocks": blocks}
    profiled = {**said, "ts": "1714550400.000200", "bot_profile": {"name": "Deputy"}, "blocks": "none"}
    first, second = read(small(tmp_path / "export.zip", d2024_05_01=[named, profiled]))[0]
    assert (first.bot_id, first.bot_name, second.bot_name, second.text) == ("B1", "Robot", "Deputy", "")
    assert first.text.split("\n") == [
        "Build", "*green*", "fast", "by robot",
        "*1 &lt; 2*<@U1>:tada:<https://example.org|x><https://example.org>",
        "1. one", "• two", "&gt; so", "```code```",
    ]  # fmt: skip


def test_a_changed_message_has_its_last_words(tmp_path: Path) -> None:
    change = {
        "type": "message",
        "subtype": "message_changed",
        "ts": "1714550600.000100",
        "message": message("1714550400.000100", "U1", "new", edited={"user": "U1", "ts": "1714550600.000000"}),
    }
    days = [
        message("1714550400.000100", "U1", "old"),
        change,
        {**change, "message": {"subtype": "message_changed"}},
        {"type": "message", "subtype": "message_deleted", "ts": "1714550700.000100"},
    ]
    found, problems = read(small(tmp_path / "export.zip", d2024_05_01=days))
    assert [(m.text, m.subtype) for m in found] == [("new", "")]
    assert [problem.split(": ")[1] for problem in problems] == [
        "It is a change of a change.",
        "It only says that another message was deleted or answered.",
    ]


@pytest.mark.parametrize(
    ("record", "why"),
    [
        ({"type": "message", "text": "no time"}, "“ts” is missing or is not text."),
        ({"type": "message", "ts": 1714550400.1, "text": "a number"}, "“ts” is missing or is not text."),
        ({"type": "message", "ts": "yesterday", "text": ""}, "The time “yesterday” is not one."),
        (
            {"type": "message", "ts": "99999999999.000100", "text": ""},
            "The time “99999999999.000100” is too far in the future.",
        ),
        ({"type": "presence_change", "ts": "1714550400.000100"}, "It is a “presence_change”, not a message."),
        (["not", "a", "record"], "This is not a record with named fields, which it should be."),
    ],
)
def test_a_record_that_cannot_be_used_is_named(tmp_path: Path, record: object, why: str) -> None:
    day = [message("1714550400.000300", "U1", "before"), record, message("1714550400.000400", "U1", "after")]
    found, problems = read(with_day(tmp_path, json.dumps(day, indent=1)))
    assert [m.text for m in found] == ["before", "after"]
    assert problems == [f"{DAY}:8: {why}"]


def test_a_repeated_message_is_taken_once(tmp_path: Path) -> None:
    again = message("1714550400.000100", "U1", "again")
    path = small(tmp_path / "export.zip", d2024_05_01=[{**again, "text": "once"}, again], d2024_05_02=[again])
    found, problems = read(path)
    assert [m.text for m in found] == ["once"]
    assert [problem.split(": ")[0] for problem in problems] == [f"{DAY}:8", "chatter/2024-05-02.json:2"]


def test_broken_json_costs_one_record(tmp_path: Path) -> None:
    lines = json.dumps([message(f"171455040{n}.000100", "U1", f"m{n}") for n in range(4)], indent=1).split("\n")
    assert '"user": "U1"' in lines[10]
    lines[10] = '  "user": "U1'
    found, problems = read(with_day(tmp_path, "\n".join(lines)))
    assert [m.text for m in found] == ["m0", "m2", "m3"]
    assert problems == [f"{DAY}:11: The JSON is broken: invalid control character at."]


def test_a_record_that_swallows_the_next_costs_only_itself(tmp_path: Path) -> None:
    content = '[\n {"ts": "1", "files": [\n {"ts": "1714550400.000100", "text": "ok"},\n {"ts": }\n]'
    found, problems = read(with_day(tmp_path, content))
    assert [m.text for m in found] == ["ok"]
    assert problems == [
        f"{DAY}:4: The JSON is broken: expecting value.",
        f"{DAY}:4: The JSON is broken: expecting value. The rest of the file was not read.",
    ]


def test_odd_values_count_as_missing(tmp_path: Path) -> None:
    odd = {
        "edited": {"ts": True},
        "reactions": [{"users": ["U1"]}],
        "files": [7],
        "thread_ts": "no time",
        "user": ["U1"],
        "blocks": [{"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": ["x"]}]}],
    }
    found, problems = read(small(tmp_path / "export.zip", d2024_05_01=[{"ts": "1714550400.000100", **odd}]))
    assert problems == []
    assert (found[0].edited_at, found[0].reactions, found[0].files, found[0].thread_ts, found[0].user) == (
        None,
        (),
        (),
        "",
        "",
    )
    early = message("1714550400.000100", "U1", "", edited={"ts": "never"}, upload={"ts": 5})
    assert read(small(tmp_path / "export.zip", d2024_05_01=[early]))[0][0].edited_at is None


def test_lists_of_other_things_are_passed_over(tmp_path: Path) -> None:
    parts = {"channels.json": [channel("C1", "chatter")], "chatter/canvas_in_the_conversation.json": []}
    assert read(write(tmp_path / "export.zip", parts)) == ([], [])


def test_a_comma_too_few_costs_nothing_before_it(tmp_path: Path) -> None:
    one = json.dumps(message("1714550400.000100", "U1", "one"))
    found, problems = read(with_day(tmp_path, f"[{one} {one}]"))
    assert found == []
    assert problems == [f"{DAY}:1: The JSON is broken: expecting ',' delimiter. The rest of the file was not read."]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "1: The file is empty."),
        ('\n{"a": 1}', "2: This is not a list of records; it was not read."),
        ('[\n {"ts": "1714550400.000100", "text": "ok"},\n', "3: The file ends in the middle; it may be cut off."),
        ("[" + '{"a":' * 100_000, "1: The record is nested too deeply. The rest of the file was not read."),
        (
            f'[{{"ts": {"9" * 5000}}}]',
            "1: The record holds a number that cannot be read. The rest of the file was not read.",
        ),
        (
            b'[\n {"ts": "1714550400.000100",\n  "text": "caf\xe9"}]',
            "3: The record holds bytes that are not UTF-8 text.",
        ),
    ],
    ids=["empty", "object", "cut off", "deep", "long number", "latin-1"],
)
def test_a_file_that_is_no_list_of_records(tmp_path: Path, content: str | bytes, problem: str) -> None:
    assert read(with_day(tmp_path, content))[1] == [f"{DAY}:{problem}"]


def test_text_that_the_database_cannot_store(tmp_path: Path) -> None:
    found, problems = read(with_day(tmp_path, '\ufeff[{"ts": "1714550400.000100", "text": "a\\u0000b\\ud800c"}]'))
    assert [m.text for m in found] == ["ab\ufffdc"]
    assert problems == []
