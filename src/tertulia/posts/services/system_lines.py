"""Quiet lines in which a channel tells of itself: who came and went, what it is called now.

People who come one after the other share a line, so that a class that signs up in a morning does not bury what is said.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from tertulia.channels.models import Channel, Kind, Posting, Visibility
from tertulia.kernel.clock import now
from tertulia.people.models import Person
from tertulia.posts import sql
from tertulia.posts.models import Kind as PostKind
from tertulia.posts.models import Post
from tertulia.posts.services.changing import change
from tertulia.posts.services.create import create_posts
from tertulia.posts.services.records import NewPost

TOGETHER = timedelta(hours=1)
MOST_TOGETHER = 1000
SHOWN = 3
"""So many people are named; of more, the first two and a number."""


def tell_of_people(*, channel_id: UUID, actor_id: UUID, joined: Sequence[UUID], left: Collection[UUID]) -> None:
    """Say who came into a channel and who left. Where the actor is not among those who came, the actor brought them."""
    if joined and actor_id not in joined:
        _tell(channel_id, actor_id, "added", joined)
    elif joined:
        _tell(channel_id, joined[0], "joined", joined)
    if left:
        _tell(channel_id, next(iter(left)), "left", list(left))


def tell_of_change(*, channel_id: UUID, actor_id: UUID, what: str, after: str) -> None:
    """Say what about a channel is different now; nothing for what people need not know."""
    channel = Channel.objects.filter(pk=channel_id).exclude(kind=Kind.DIRECT).first()
    actor = Person.objects.filter(pk=actor_id).first()
    if channel is None or actor is None:
        return
    sentence = _CHANGES.get((what, after)) or _CHANGES.get((what, None))
    if sentence:
        with translation.override(settings.LANGUAGE_CODE):
            body = _(sentence) % {"name": actor.display_name, "after": after}
        line = NewPost(channel_id=channel_id, author_id=actor_id, body=body, kind=PostKind.SYSTEM)
        create_posts([line], silent=True)


# What changed, and to what (None: to anything else). `gettext_noop` marks the sentences for translation.
_CHANGES: dict[tuple[str, str | None], str] = {
    ("name", None): gettext_noop("%(name)s renamed the channel to “%(after)s”."),
    ("purpose", ""): gettext_noop("%(name)s took the purpose away."),
    ("purpose", None): gettext_noop("%(name)s changed the purpose: %(after)s"),
    ("header", None): gettext_noop("%(name)s changed the header."),
    ("visibility", Visibility.PRIVATE): gettext_noop("%(name)s made the channel private: only its members see it."),
    ("visibility", None): gettext_noop("%(name)s made the channel public: everybody here can see and join it."),
    ("posting", Posting.STAFF): gettext_noop("%(name)s changed who posts here: only staff."),
    ("posting", None): gettext_noop("%(name)s changed who posts here: everyone."),
    ("slow_seconds", "0"): gettext_noop("%(name)s ended slow mode."),
    ("slow_seconds", None): gettext_noop("%(name)s turned on slow mode: one post of each in %(after)s seconds."),
    ("archived", "yes"): gettext_noop("%(name)s archived the channel."),
    ("archived", None): gettext_noop("%(name)s brought the channel back."),
}


def _tell(channel_id: UUID, actor_id: UUID, what: str, people: Sequence[UUID]) -> None:
    with transaction.atomic(), translation.override(settings.LANGUAGE_CODE):
        sql.lock_channels([channel_id])
        if Channel.objects.filter(pk=channel_id, kind=Kind.DIRECT).exists():
            return
        by = str(actor_id) if what == "added" else None
        last = Post.objects.filter(channel_id=channel_id).order_by("-seq").first()
        together = _people_of(last, what, by)
        everybody = [*together, *(person_id for person_id in people if person_id not in together)]
        facts = {"what": what, "by": by, "people": [str(person_id) for person_id in everybody]}
        sentence = _sentence(what, actor_id, everybody)
        if last is None or not together or len(everybody) > MOST_TOGETHER:
            line = NewPost(channel_id=channel_id, author_id=actor_id, body=sentence, kind=PostKind.SYSTEM, facts=facts)
            create_posts([line], silent=True)
            return
        with change(last) as current:
            current.set(body=sentence, html=escape(sentence), text=sentence, facts=facts)


def _people_of(last: Post | None, what: str, by: str | None) -> list[UUID]:
    """The people of the channel's last line, if the next can join it."""
    if last is None or last.kind != PostKind.SYSTEM or last.deleted_at is not None or not last.facts:
        return []
    if last.facts.get("what") != what or last.facts.get("by") != by or now() - last.created_at > TOGETHER:
        return []
    return [UUID(person_id) for person_id in last.facts["people"]]


def _sentence(what: str, actor_id: UUID, people: Sequence[UUID]) -> str:
    shown = people[:SHOWN] if len(people) <= SHOWN else people[: SHOWN - 1]
    names = dict(Person.objects.filter(pk__in=[*shown, actor_id]).values_list("pk", "display_name"))
    who = _listed([names[person_id] for person_id in shown if person_id in names], len(people) - len(shown))
    if what == "added":
        return _("%(actor)s added %(people)s.") % {"actor": names.get(actor_id, ""), "people": who}
    return (_("%(people)s joined.") if what == "joined" else _("%(people)s left.")) % {"people": who}


def _listed(names: Sequence[str], others: int) -> str:
    if others:
        return ngettext("%(names)s and %(count)s other", "%(names)s and %(count)s others", others) % {
            "names": ", ".join(names),
            "count": others,
        }
    if len(names) > 1:
        return _("%(names)s and %(last)s") % {"names": ", ".join(names[:-1]), "last": names[-1]}
    return names[0] if names else ""
