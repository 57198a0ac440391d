"""People of an export and who they are here: matched by confirmed e-mail, else placeholders.

An address in an export proves nothing about an account that has not confirmed it, so only confirmed ones match; a
placeholder keeps its address, and whoever confirms that address later takes the placeholder over (`people.services`).
Slack's rights are not taken: everybody comes as a learner, guests as guests.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence

from allauth.account.models import EmailAddress
from django.db import transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext as _

from tertulia.integrations.ledger import Ledger
from tertulia.integrations.slack.progress import Stop
from tertulia.integrations.slack.records import SlackMessage, SlackUser
from tertulia.integrations.slack.report import Report
from tertulia.kernel.errors import Forbidden
from tertulia.people.models import Person
from tertulia.people.services import create_placeholder
from tertulia.workspaces.models import Membership, Role
from tertulia.workspaces.services import add_member


class People:
    """Slack's ids -> people here, filled by `take` and, for those who are in no list, while messages are read."""

    def __init__(self, *, actor: Person, ledger: Ledger, report: Report) -> None:
        """`actor` is who imports; they need the right to add members."""
        self._actor = actor
        self._ledger = ledger
        self._report = report
        self._people: dict[str, Person] = {}
        self._bots: dict[str, Person] = {}
        self._members: frozenset[uuid.UUID] = frozenset()

    def take(self, users: Sequence[SlackUser], *, stop: Stop) -> None:
        """Find or make everybody of `users.json`, each in a transaction of their own, until `stop` is asked for."""
        self._people = self._known("person", (user.id for user in users))
        self._report.counts["people_known"] += len(self._people)
        new = [user for user in users if user.id not in self._people]
        accounts = _confirmed_accounts(user.email for user in new)
        for user in new:
            if stop.asked:
                return
            self._people[user.id] = self._new(user, accounts.get(user.email.lower()))
        rows = Membership.objects.filter(workspace=self._ledger.workspace)
        self._members = frozenset(rows.values_list("person_id", flat=True))

    def handles(self) -> dict[str, str]:
        """Slack's id -> handle."""
        return {identity: person.handle for identity, person in self._people.items()}

    def displayed(self) -> dict[str, str]:
        """Slack's id -> name to show."""
        return {identity: person.display_name for identity, person in self._people.items()}

    def by_id(self, identity: str) -> Person | None:
        """Who this is here; None for ids in no list."""
        return self._people.get(identity)

    def members(self, identities: Iterable[str]) -> list[Person]:
        """Those of them who are in the workspace, each once."""
        found = {person.pk: person for identity in identities if (person := self._people.get(identity))}
        return [person for key, person in found.items() if key in self._members]

    def author(self, message: SlackMessage) -> Person | None:
        """Who said it; made as a placeholder if they are in no list. None when the message does not say."""
        if message.bot_name and (message.subtype == "bot_message" or not message.user):
            return self._bot(message)
        if message.user:
            return self._people.get(message.user) or self._stranger(message)
        return self._bot(message) if message.bot_id else None

    def _new(self, user: SlackUser, account: Person | None) -> Person:
        with transaction.atomic():
            person = account or create_placeholder(
                display_name=user.shown_name,
                handle=user.name.lower(),
                headline=user.title,
                time_zone=user.time_zone or "UTC",
                email=user.email or None,
            )
            self._ledger.note("person", {user.id: person.pk})
            if not user.is_bot and not user.is_deleted:
                self._add(user, person)
        self._report.counts["bots" if user.is_bot else "people_matched" if account else "people_made"] += 1
        return person

    def _add(self, user: SlackUser, person: Person) -> None:
        try:
            with transaction.atomic():
                add_member(
                    actor=self._actor,
                    workspace=self._ledger.workspace,
                    person=person,
                    role=Role.GUEST if user.is_guest else Role.LEARNER,
                    quiet=person.is_placeholder,
                )
        except Forbidden as refusal:  # they are banned
            self._report.note(user.place, refusal.detail)

    def _stranger(self, message: SlackMessage) -> Person:
        key = message.user
        person = self._known("person", [key]).get(key)
        if person is None:
            with transaction.atomic():
                person = create_placeholder(display_name=_name(message))
                self._ledger.note("person", {key: person.pk})
            self._report.counts["people_made"] += 1
        self._people[key] = person
        return person

    def _bot(self, message: SlackMessage) -> Person:
        name = message.bot_name or _("Bot")
        key = f"{message.bot_id}/{name}"[:200]
        if key not in self._bots:
            person = self._known("bot", [key]).get(key)
            if person is None:
                with transaction.atomic():
                    person = create_placeholder(display_name=name)
                    self._ledger.note("bot", {key: person.pk})
                self._report.counts["bots"] += 1
            self._bots[key] = person
        return self._bots[key]

    def _known(self, kind: str, identities: Iterable[str]) -> dict[str, Person]:
        """Who was taken before; those who have claimed their placeholder stand for it."""
        known = self._ledger.known(kind, identities)
        people = Person.objects.select_related("claimed_by").in_bulk(list(set(known.values())))
        return {identity: people[key].claimed_by or people[key] for identity, key in known.items() if key in people}


def _name(message: SlackMessage) -> str:
    if message.user == "USLACKBOT":
        return "Slackbot"
    return message.author_name or message.bot_name or message.user


def _confirmed_accounts(emails: Iterable[str]) -> Mapping[str, Person]:
    """The accounts of people who have proved that they read these addresses, by address in small letters. One query."""
    wanted = {email.lower() for email in emails if email}
    rows = EmailAddress.objects.annotate(small=Lower("email")).filter(
        small__in=wanted, verified=True, user__is_active=True, user__is_placeholder=False
    )
    return {row.email.lower(): row.user for row in rows.select_related("user")}
