"""The body of a post made from a Slack message: its words, then its cards; and the words of quiet system lines."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _

from tertulia.integrations.slack.cards import attachment_card, file_card, file_reference
from tertulia.integrations.slack.inline import Inline, Names
from tertulia.integrations.slack.markup import to_markdown
from tertulia.integrations.slack.records import SlackMessage

# What people said, in one way or another.
MESSAGES = frozenset(
    {
        "",
        "assistant_app_thread",
        "bot_message",
        "file_comment",
        "file_mention",
        "file_share",
        "me_message",
        "reminder_add",
        "reply_broadcast",
        "slackbot_response",
        "thread_broadcast",
    }
)


def event(message: SlackMessage) -> str:
    """The key of the channel's event that `message` tells of; empty when somebody said it."""
    name = message.subtype.removeprefix("channel_").removeprefix("group_")
    return name if name in _EVENTS and message.subtype not in MESSAGES else ""


def event_line(message: SlackMessage, person: str, names: Names) -> str:
    """The sentence of a quiet line: plain text. `person` is who did it; the people in `names` are names to show."""
    return _EVENTS[event(message)](message, names) % {"person": person}


def body(message: SlackMessage, names: Names) -> str:
    """Markdown of what somebody said, with what hangs on it. Empty when there is nothing that can be taken."""
    if message.subtype == "file_comment" and message.files:
        parts = [to_markdown(message.file_comment or message.text, names), file_reference(message.files[0])]
    else:
        words = to_markdown(message.text, names)
        if message.subtype == "me_message" and words and "\n" not in words and "*" not in words:
            words = f"*{words}*"
        parts = [words, *(file_card(file) for file in message.files)]
    parts += [attachment_card(item, names) for item in message.attachments]
    return "\n\n".join(part for part in parts if part.strip())


def _joined(message: SlackMessage, names: Names) -> str:
    inviter = names.people.get(message.inviter)
    if inviter is None or message.inviter == message.user:
        return _("%(person)s joined.")
    return _("%(person)s joined, invited by %(other)s.").replace("%(other)s", _literal(inviter))


def _renamed(message: SlackMessage, _names: Names) -> str:
    sentence = _("%(person)s renamed the channel from “%(old)s” to “%(new)s”.")
    return sentence.replace("%(old)s", _literal(message.old_name)).replace("%(new)s", _literal(message.new_name))


def _topic(message: SlackMessage, names: Names) -> str:
    text = _set_to(message, names)
    return (
        _("%(person)s changed the header: %(text)s").replace("%(text)s", text)
        if text
        else _("%(person)s took the header away.")
    )


def _purpose(message: SlackMessage, names: Names) -> str:
    text = _set_to(message, names)
    return (
        _("%(person)s changed the purpose: %(text)s").replace("%(text)s", text)
        if text
        else _("%(person)s took the purpose away.")
    )


def _set_to(message: SlackMessage, names: Names) -> str:
    # Slack's sentence ends in a colon and the new text: “<@U1> set the channel purpose: talk about data”.
    return _literal(Inline(names).plain(message.text.partition(": ")[2]))


def _app(message: SlackMessage, names: Names) -> str:
    # “<@U1> added an integration to this channel: <https://…|GitHub>”
    words = _literal(Inline(names).plain(message.text.partition("> ")[2]))
    return f"%(person)s {words}" if words else _("%(person)s changed the channel's apps.")


def _literal(text: str) -> str:
    return " ".join(text.split()).replace("%", "%%")


# What happened to the channel: Slack's subtype without `channel_` or `group_` -> the sentence.
_EVENTS: dict[str, Callable[[SlackMessage, Names], str]] = {
    "join": _joined,
    "leave": lambda _message, _names: _("%(person)s left."),
    "archive": lambda _message, _names: _("%(person)s archived the channel."),
    "unarchive": lambda _message, _names: _("%(person)s brought the channel back."),
    "name": _renamed,
    "topic": _topic,
    "purpose": _purpose,
    "convert_to_private": lambda _message, _names: _("%(person)s made the channel private."),
    "convert_to_public": lambda _message, _names: _("%(person)s made the channel public."),
    "posting_permissions": lambda _message, _names: _("%(person)s changed who may post."),
    "pinned_item": lambda _message, _names: _("%(person)s pinned a message."),
    "unpinned_item": lambda _message, _names: _("%(person)s unpinned a message."),
    "bot_add": _app,
    "bot_remove": _app,
    "bot_enable": _app,
    "bot_disable": _app,
    "tombstone": lambda _message, _names: _("A message was deleted."),
    "huddle_thread": lambda _message, _names: _("%(person)s started a huddle."),
    "sh_room_created": lambda _message, _names: _("%(person)s started a call."),
    "canvas_updated": lambda _message, _names: _("%(person)s changed the channel's canvas."),
}
