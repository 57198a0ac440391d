"""What systems tell of people: written down so that any order of the same news gives the same end, then followed."""

from __future__ import annotations

import dataclasses
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import msgspec
from django.db import connection, transaction
from django.utils.translation import gettext as _

from tertulia.enrolments.models import VALUE_LENGTH, Key, Kind, KnownValue, Registration, System, WholeList
from tertulia.enrolments.records import MOST_PEOPLE, Registered, Told
from tertulia.enrolments.services.knowing import recognise
from tertulia.enrolments.services.rules.following import follow
from tertulia.kernel.bulk import insert_all
from tertulia.kernel.clock import now
from tertulia.kernel.errors import Conflict, Invalid

MOST_LISTED = 100_000
MOST_VALUES = 200
"""Of one key of one registration."""
WHOLE = 100  # percent
EPOCH = datetime.fromtimestamp(0, tz=UTC)
CLOCKS_DIFFER = timedelta(minutes=10)
BUCKETS = 64
"""So that news of ten thousand scopes does not need ten thousand locks."""
Pair = tuple[str, str]
Titles = Mapping[tuple[Key, str], str]


@dataclass(slots=True)
class News:
    """What a telling has changed."""

    rows: dict[Pair, Registration] = field(default_factory=dict)
    before: dict[Pair, Registration] = field(default_factory=dict)
    """Registrations as they were; those that are not in it are new."""
    written: set[Pair] = field(default_factory=set)
    """Those of which anything is new, if only the time."""

    @property
    def changed(self) -> list[Pair]:
        """Those that may mean something else to rules now."""
        return [key for key in self.written if key not in self.before or _meaning(key, self)]


def _meaning(key: Pair, news: News) -> bool:
    row, old = news.rows[key], news.before[key]
    return (row.active, row.person_id, row.facts, row.email) != (old.active, old.person_id, old.facts, old.email)


def tell(
    *, system: System, people: Sequence[Registered], as_of: datetime | None = None, titles: Titles | None = None
) -> Told:
    """News of single people, in any order, any number of times.

    `as_of`: when it was true (None: now); older news of the same key is passed over. `titles`: what people call values.
    The rules that it touches are applied in the same transaction if few people changed, else by a job after the commit.

    Raises Invalid (more than 10,000 people, an impossible `as_of`). Somebody who cannot be used fails nobody else.
    """
    if len(people) > MOST_PEOPLE:
        raise Invalid(_("That is %(count)s people; %(most)s is the most in one call.") % _sizes(people, MOST_PEOPLE))
    moment = _moment(as_of)
    with transaction.atomic():
        usable = [_clean(one) for one in people if _is_usable(one)]
        _hold(system, {one.scope for one in usable}, alone=False)
        news = News()
        _read(system, {(one.subject, one.scope) for one in usable}, news)
        for one in usable:
            _merge(news, one, moment)
        return _keep(system, news, usable, titles or {}, refused=len(people) - len(usable), confirmed=None)


def tell_whole(
    *,
    system: System,
    scope: str,
    people: Sequence[Registered],
    as_of: datetime,
    confirmed: bool = False,
    titles: Titles | None = None,
) -> Told:
    """The whole list of one scope: who is not on it becomes inactive, unless newer news says otherwise.

    Whoever is on it and of whom it does not say otherwise is active. A list older than the newest one is passed over.

    Raises Invalid for an empty list, and Conflict `too-many-leaving` if more than the system's share of its active
    people would go and nobody has `confirmed` that; nothing has changed then.
    """
    if not people:
        raise Invalid(_("The list is empty. Nothing has been changed: a list with nobody on it is a mistake."))
    if len(people) > MOST_LISTED:
        raise Invalid(_("That is %(count)s people; %(most)s is the most in one list.") % _sizes(people, MOST_LISTED))
    moment = _moment(as_of)
    with transaction.atomic():
        ours = [dataclasses.replace(one, scope=scope, active=one.active is not False) for one in people]
        usable = [_clean(one) for one in ours if _is_usable(one)]
        _hold(system, {scope}, alone=True)
        listed_at = WholeList.objects.filter(system=system, scope=scope).values_list("listed_at", flat=True).first()
        if listed_at is not None and moment < listed_at:
            return Told(unchanged=len(usable), refused=len(people) - len(usable))
        news = News()
        _read(system, {(one.subject, one.scope) for one in usable}, news, scope=scope)
        active = sum(row.active for row in news.before.values())
        for one in usable:
            _merge(news, one, moment)
        named = {one.subject for one in usable}
        for subject in [subject for subject, _scope in news.rows if subject not in named]:
            _merge(news, Registered(subject=subject, scope=scope, active=False), moment)
        leaving = sum(old.active and not news.rows[key].active for key, old in news.before.items())
        if leaving * WHOLE > active * system.largest_share and not confirmed:
            raise _too_many(system, leaving, active)
        told = {"listed_at": moment}
        WholeList.objects.update_or_create(system=system, scope=scope, defaults=told)
        refused = len(people) - len(usable)
        return _keep(system, news, usable, titles or {}, refused=refused, confirmed=confirmed)


def _too_many(system: System, leaving: int, active: int) -> Conflict:
    return Conflict(
        _(
            "By this list %(leaving)s of %(active)s people would be gone, more than %(share)s %%. Nothing has been"
            " changed. If the list is whole, confirm that."
        )
        % {"leaving": leaving, "active": active, "share": system.largest_share},
        type="too-many-leaving",
    )


def _sizes(people: Sequence[Registered], most: int) -> dict[str, int]:
    return {"count": len(people), "most": most}


def _moment(as_of: datetime | None) -> datetime:
    if as_of is None:
        return now()
    if as_of.tzinfo is None or not EPOCH <= as_of <= now() + CLOCKS_DIFFER:
        raise Invalid(_("The moment as_of must be past, and after 1970."), field="as_of")
    return as_of.astimezone(UTC)


def _is_usable(one: Registered) -> bool:
    return (
        0 < len(one.subject) <= VALUE_LENGTH
        and len(one.scope) <= VALUE_LENGTH
        and (one.subject + one.scope).isprintable()
    )


def _clean(one: Registered) -> Registered:
    """With values in one order, once each; those that cannot be stored or compared are left out."""
    facts = {
        Key(key): sorted({text for text in map(str.strip, values) if _is_value(text)})[:MOST_VALUES]
        for key, values in one.facts.items()
    }
    email = one.email.strip().lower()
    name = " ".join(one.name.split())[:VALUE_LENGTH]
    return dataclasses.replace(
        one,
        facts=facts,
        email=email if len(email) <= 254 and email.isprintable() else "",  # noqa: PLR2004 - RFC 5321's longest
        name=name if name.isprintable() else "",
    )


def _is_value(text: str) -> bool:
    return 0 < len(text) <= VALUE_LENGTH and text.isprintable()


def _hold(system: System, scopes: Collection[str], *, alone: bool) -> None:
    """A whole list has its scope for itself until the transaction ends; single news may come beside each other."""
    buckets = sorted({zlib.crc32(scope.encode()) % BUCKETS for scope in scopes})
    lock = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
    with connection.cursor() as cursor:
        for bucket in buckets:
            key = int.from_bytes(system.pk.bytes[-7:]) * BUCKETS + bucket
            cursor.execute(f"SELECT {lock}(%s)", [key])


_LOCKED = """
SELECT * FROM enrolments_registration
WHERE system_id = %s AND ((subject, scope) IN (SELECT v->>0, v->>1 FROM json_array_elements(%s::json) v) {or_scope})
ORDER BY subject, scope FOR UPDATE
"""


def _locked(system: System, pairs: Iterable[Pair], scope: str | None = None) -> dict[Pair, Registration]:
    or_scope = "" if scope is None else "OR scope = %s"
    values = [system.pk, msgspec.json.encode(sorted(pairs)).decode(), *([] if scope is None else [scope])]
    rows = Registration.objects.raw(_LOCKED.format(or_scope=or_scope), values)
    return {(row.subject, row.scope): row for row in rows}


def _read(system: System, pairs: Collection[Pair], news: News, scope: str | None = None) -> None:
    """Lock what is known of these people (and of all others of `scope`), and begin to know the others."""
    news.rows = _locked(system, pairs, scope)
    news.before = {key: _copy(row) for key, row in news.rows.items()}
    missing = sorted(set(pairs) - news.rows.keys())
    if not missing:
        return
    lists = WholeList.objects.filter(system=system, scope__in={scope for _subject, scope in missing})
    listed = dict(lists.values_list("scope", "listed_at"))
    platform = {Key.PLATFORM.value: [system.issuer]} if _is_platform(system) else {}
    fresh = (
        Registration(
            system=system,
            subject=subject,
            scope=scope,
            facts=platform,
            active=scope not in listed,  # who was not on the newest whole list needs newer news than that
            told_at={"active": listed[scope].isoformat()} if scope in listed else {},
        )
        for subject, scope in missing
    )
    insert_all(fresh, unique=["system_id", "subject", "scope"], update=["subject"])  # somebody may just have made it
    news.rows |= _locked(system, missing)
    news.written |= set(missing)


def _is_platform(system: System) -> bool:
    return bool(system.issuer) and system.kind in (Kind.OPENEDX, Kind.LTI)


def _copy(row: Registration) -> Registration:
    return Registration(
        active=row.active, person_id=row.person_id, facts=dict(row.facts), email=row.email, name=row.name
    )


def _merge(news: News, said: Registered, moment: datetime) -> None:
    key = (said.subject, said.scope)
    row = news.rows[key]
    values = {"active": said.active, "email": said.email or None, "name": said.name or None}
    wanted = {name: value for name, value in values.items() if value is not None and _is_newer(row, name, moment)}
    facts = {name.value: values for name, values in said.facts.items() if _is_newer(row, name.value, moment)}
    if wanted or facts:
        row.told_at |= dict.fromkeys([*wanted, *facts], moment.isoformat())
        for name, value in wanted.items():
            setattr(row, name, value)
        row.facts = {name: texts for name, texts in {**row.facts, **facts}.items() if texts}
        news.written.add(key)
    if said.person_id is not None and said.person_id != row.person_id:
        row.person_id = said.person_id
        news.written.add(key)


def _is_newer(row: Registration, name: str, moment: datetime) -> bool:
    told = row.told_at.get(name)
    return told is None or datetime.fromisoformat(told) <= moment


def _keep(
    system: System, news: News, said: Sequence[Registered], titles: Titles, *, refused: int, confirmed: bool | None
) -> Told:
    """Write what has changed, and let the rules follow. `confirmed` None: news of single people, which need not be."""
    recognise(system, list(news.rows.values()))
    for key, row in news.rows.items():
        if key in news.before and row.person_id != news.before[key].person_id:
            news.written.add(key)
    insert_all(
        (news.rows[key] for key in sorted(news.written)),
        unique=["system_id", "subject", "scope"],
        update=["person_id", "email", "name", "facts", "active", "told_at"],
    )
    _keep_values(system, said, titles)
    changed = news.changed
    new = [key for key in changed if key not in news.before]
    gone = [key for key in changed if key in news.before and news.before[key].active and not news.rows[key].active]
    rows = [news.rows[key] for key in changed] + [news.before[key] for key in changed if key in news.before]
    applied, later = follow(system, rows, confirmed=confirmed) if rows else ([], 0)
    return Told(
        new=len(new),
        changed=len(changed) - len(new) - len(gone),
        gone=len(gone),
        unchanged=len({(one.subject, one.scope) for one in said} - set(changed)),
        waiting=sum(row.active and row.person_id is None for row in news.rows.values()),
        refused=refused,
        rules=applied,
        later=later,
    )


def _keep_values(system: System, said: Sequence[Registered], titles: Titles) -> None:
    """Remember which values there are, and what they are called."""
    told = {(key, value) for one in said for key, values in one.facts.items() for value in values}
    names = {pair: " ".join(title.split())[:VALUE_LENGTH] for pair, title in titles.items()}
    if _is_platform(system) and any(Key.PLATFORM not in one.facts for one in said):
        told.add((Key.PLATFORM, system.issuer))
    for key, value in told:
        if key is Key.PLATFORM:
            names.setdefault((key, value), system.name)
    known = {(Key(one.key), one.value): one for one in KnownValue.objects.filter(system=system)} if told else {}
    fresh = [
        KnownValue(system=system, key=key, value=value, title=names.get((key, value)) or _title(known, key, value))
        for key, value in sorted(told)
    ]
    insert_all(
        (
            one
            for one in fresh
            if (Key(one.key), one.value) not in known or known[Key(one.key), one.value].title != one.title
        ),
        unique=["system_id", "key", "value"],
        update=["title"],
    )


def _title(known: Mapping[tuple[Key, str], KnownValue], key: Key, value: str) -> str:
    return known[key, value].title if (key, value) in known else ""
