"""Makes one database of a plan, in a process of its own: `python -m bench.seed community|growth [--quick] [--full]`.

Where it is, TERTULIA_VAR says. What is needed to act as its people is left in `world.json` there. Rows go in by SQL:
through the product's own verbs it would take an hour. Bodies are rendered by the product, each of a few hundred once.
"""

from __future__ import annotations

import json
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from bench import plan as plans
from bench.plan import Plan

HERE = Path(__file__).parent
BODIES = 300
DAYS = 180
TABLES = ("posts_post", "posts_reaction", "people_person", "channels_channelmembership", "workspaces_membership")
WORDS = (  # noqa: SIM905 - two hundred quotation marks less to read
    "a about after again all also always an and answer any are as ask at because been before but by can chapter "
    "class could course day did do each else example exercise first for found from get good group had has have "
    "help how idea if in is it join just know last learn let like line look made make many may me mean more most "
    "much my need never new next no not now of on one only or other our out over page part people place point "
    "problem question read right said same see she should show so some start still task than thanks that the "
    "their them then there these they thing think this time to today together try two unit up use very want was "
    "way we week well what when where which who why will with word work would write yes you your "
).split()


def main(words: list[str]) -> None:
    """Make the database, unless it is there already."""
    quick, full = "--quick" in words, "--full" in words
    plan = plans.community(quick=quick) if words[0] == "community" else plans.growth(full=full)

    from tertulia.cli import start  # sets Django up, which reads TERTULIA_VAR: not at import

    environment = start.ready()
    world = _fill(plan)
    (environment.var / "world.json").write_text(json.dumps({**world, "stamp": plan.stamp}))


def bodies() -> list[str]:
    """Made-up messages: most short and plain, some with what Markdown can do."""
    dice = random.Random(7)  # noqa: S311 - the same on each machine

    def some(least: int, most: int) -> str:
        said = " ".join(dice.choice(WORDS) for _ in range(dice.randint(least, most)))
        return f"{said[0].upper()}{said[1:]}."

    def one(kind: int) -> str:
        if kind < 11:
            return some(4, 30)
        if kind < 14:
            return f"{some(3, 9)} **{some(1, 3)}** {some(4, 20)} :tada: `{dice.choice(WORDS)}()`"
        if kind < 16:
            return f"{some(3, 9)}\n\n- {some(2, 8)}\n- {some(2, 8)}\n- {some(2, 8)}"
        if kind < 18:
            return f"> {some(5, 15)}\n\n{some(10, 40)} https://example.org/{dice.choice(WORDS)}"
        if kind < 19:
            name = dice.choice(WORDS)
            return f"{some(4, 9)}\n\n```python\nfor {name} in range(10):\n    print({name} + 1)\n```"
        return f"{some(30, 60)}\n\n{some(30, 60)} *{some(1, 2)}* {some(10, 30)}"

    return [one(number % 20) for number in range(BODIES)]


def _fill(plan: Plan) -> dict[str, Any]:
    from django.db import connection, transaction

    from tertulia.kernel.clock import now

    with transaction.atomic(), _without_indexes(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # our own ids need no checking
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        world = _community(plan)
        statements = (HERE / "seed.sql").read_text()
        begin = now() - timedelta(days=DAYS, hours=1)
        cursor.execute(_filled(statements, {"start": f"'{begin.isoformat()}'", "days": DAYS, "bodies": BODIES}))
        cursor.execute("DROP TABLE bench_room, bench_body")
        cursor.execute("DROP FUNCTION bench_id")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return world


def _filled(statements: str, values: dict[str, object]) -> str:
    for name, value in values.items():
        statements = statements.replace(f"%({name})s", str(value))
    return statements


def _community(plan: Plan) -> dict[str, Any]:
    from tertulia.channels.models import Channel
    from tertulia.people import services as people
    from tertulia.people.models import Person
    from tertulia.workspaces.models import Role, Workspace

    first = people.create_person(
        email="p1@bench.test", display_name="Person 1", handle="p1", verified=True, is_owner=True
    )
    hands = [
        first,
        *Person.objects.bulk_create(
            [
                Person(email=f"p{number}@bench.test", display_name=f"Person {number}", handle=f"p{number}")
                for number in range(2, plan.hands + 1)
            ]
        ),
    ]
    _clone_people(first.pk, plan)
    workspaces = Workspace.objects.bulk_create(
        [Workspace(slug=f"w{number}", name=f"Workspace {number}") for number in range(len(plan.memberships))]
    )
    channels = Channel.objects.bulk_create(
        [
            Channel(workspace=workspaces[room.workspace], slug=f"c{number}", name=f"Channel {number}")
            for number, room in enumerate(plan.rooms)
        ]
    )
    for number, (workspace, count) in enumerate(zip(workspaces, plan.memberships, strict=True)):
        _join_workspace(workspace.pk, number, count, plan, Role.LEARNER)
    for number, (channel, room) in enumerate(zip(channels, plan.rooms, strict=True)):
        _join_channel(channel.pk, workspaces[room.workspace].pk, number, room.members)
    seats = _describe_rooms(channels, plan)
    _write_bodies()
    numbers = {person.pk: number for number, person in enumerate(hands)}
    return {
        "people": _credentials(hands),
        "channels": [
            {
                "id": str(channel.pk),
                "workspace": workspaces[room.workspace].slug,
                "slug": channel.slug,
                "members": [numbers[person] for person in seats[channel.pk] if person in numbers],
            }
            for channel, room in zip(channels, plan.rooms, strict=True)
        ],
    }


def _run(statement: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall()) if cursor.description else []


def _clone_people(pattern: Any, plan: Plan) -> None:
    """People who never sign in are copies of the first, in one statement."""
    _run(
        """
        INSERT INTO people_person
        SELECT made.* FROM people_person AS first, generate_series(%(from)s::int, %(to)s::int) AS number,
            LATERAL jsonb_populate_record(first, jsonb_build_object('id', gen_random_uuid(), 'is_owner', false,
                'email', 'p' || number || '@bench.test', 'handle', 'p' || number,
                'display_name', 'Person ' || number)) AS made
        WHERE first.id = %(pattern)s
        """,
        {"from": plan.hands + 1, "to": plan.people, "pattern": pattern},
    )


_NUMBERED = "(SELECT id, substr(handle, 2)::int AS number FROM people_person)"


def _join_workspace(workspace: Any, number: int, count: int, plan: Plan, role: str) -> None:
    """People in turn: the first workspace begins at the first person, the next ones further on."""
    _run(
        f"""
        INSERT INTO workspaces_membership (id, workspace_id, person_id, role)
        SELECT gen_random_uuid(), %(workspace)s, id, CASE WHEN number = 1 THEN 'owner' ELSE %(role)s END
        FROM {_NUMBERED} AS person WHERE (number - 1 + %(offset)s) %% %(people)s < %(count)s
        """,  # noqa: S608 - our own words
        {
            "workspace": workspace,
            "role": role,
            "offset": -number * 2 * plan.people // 9 % plan.people,
            "people": plan.people,
            "count": count,
        },
    )


def _join_channel(channel: Any, workspace: Any, number: int, count: int) -> None:
    _run(
        f"""
        INSERT INTO channels_channelmembership (id, channel_id, person_id, is_manager, last_read_seq, read_roots, muted,
                                                favourite, hidden)
        SELECT gen_random_uuid(), %(channel)s, person_id, false, 0, 0, false, false, false
        FROM (SELECT person_id, row_number() OVER (ORDER BY number) AS place, count(*) OVER () AS total
              FROM workspaces_membership JOIN {_NUMBERED} AS person ON person.id = person_id
              WHERE workspace_id = %(workspace)s) AS member
        WHERE (place - 1 + total - %(offset)s %% total) %% total < %(count)s
        """,  # noqa: S608 - our own words
        {"channel": channel, "workspace": workspace, "offset": max(0, number - 4) * 37, "count": count},
    )


def _describe_rooms(channels: list[Any], plan: Plan) -> dict[Any, list[Any]]:
    """The table that seed.sql reads; returns who can write in each channel, at most a hundred."""
    _run(
        "CREATE TABLE bench_room (number int PRIMARY KEY, channel_id uuid, posts bigint, hands uuid[])",
    )
    seats: dict[Any, list[Any]] = {}
    for number, (channel, room) in enumerate(zip(channels, plan.rooms, strict=True)):
        rows = _run(
            f"""
            SELECT person_id FROM channels_channelmembership JOIN {_NUMBERED} AS person ON person.id = person_id
            WHERE channel_id = %(channel)s ORDER BY number LIMIT 3000
            """,  # noqa: S608 - our own words
            {"channel": channel.pk},
        )
        seats[channel.pk] = [row[0] for row in rows]
        _run(
            "INSERT INTO bench_room VALUES (%(number)s, %(channel)s, %(posts)s, %(hands)s)",
            {"number": number, "channel": channel.pk, "posts": room.posts, "hands": seats[channel.pk][:50]},
        )
    return seats


def _write_bodies() -> None:
    from tertulia.kernel.rich_text import render

    _run("CREATE TABLE bench_body (number int PRIMARY KEY, body text, html text, text text)")
    for number, body in enumerate(bodies()):
        looks = render(body, prefix=f"b{number}")
        _run(
            "INSERT INTO bench_body VALUES (%(number)s, %(body)s, %(html)s, %(text)s)",
            {"number": number, "body": body, "html": looks.html, "text": looks.text},
        )


def _credentials(hands: list[Any]) -> list[dict[str, str]]:
    """A token and a session for each person, as if they had made the one and signed in for the other."""
    import secrets

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    from tertulia.kernel.clock import now
    from tertulia.people import access
    from tertulia.people.models import AccessToken
    from tertulia.people.scopes import SCOPES

    store, tokens, sessions, found = SessionStore(), [], [], []
    for person in hands:
        raw = f"{access.TOKEN_PREFIX}{secrets.token_urlsafe(32)}"
        key = secrets.token_hex(16)
        tokens.append(
            AccessToken(person=person, name="bench", digest=access.digest(raw), hint=raw[-4:], scopes=list(SCOPES))
        )
        content = {
            SESSION_KEY: str(person.pk),
            BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: person.get_session_auth_hash(),
        }
        ends = now() + timedelta(seconds=settings.SESSION_COOKIE_AGE)
        sessions.append(Session(session_key=key, session_data=store.encode(content), expire_date=ends))
        found.append({"token": raw, "cookie": f"{settings.SESSION_COOKIE_NAME}={key}"})
    AccessToken.objects.bulk_create(tokens)
    Session.objects.bulk_create(sessions)
    return found


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Indexes (but for primary keys) are made anew at the end, which is several times as fast as row by row."""
    rows = _run(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid), con.conname, pg_get_constraintdef(con.oid),
               indrelid::regclass::text
        FROM pg_index LEFT JOIN pg_constraint con ON con.conindid = indexrelid AND con.contype IN ('u', 'x')
        WHERE indrelid::regclass::text = ANY(%(tables)s) AND NOT indisprimary
        """,
        {"tables": list(TABLES)},
    )
    for index, _definition, constraint, _constrains, table in rows:
        _run(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}" if constraint else f"DROP INDEX {index}")
    yield
    for _index, definition, constraint, constrains, table in rows:
        _run(f"ALTER TABLE {table} ADD CONSTRAINT {constraint} {constrains}" if constraint else definition)


if __name__ == "__main__":
    main(sys.argv[1:])
