"""A class of ten thousand arrives by one call, beside a bare COPY of the rows that this writes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

from bench.native import HOST
from bench.report import Row, Sample
from bench.scene import Scene
from bench.world import environment

PEOPLE, FEW = 10_000, 100
GROUPS = 20
MOST_SECONDS = 10.0
TABLES = {
    "people_person": "id",
    "account_emailaddress": "user_id",
    "workspaces_membership": "person_id",
    "workspaces_groupmembership": "person_id",
    "channels_channelmembership": "person_id",
    "enrolments_enrolment": "person_id",
    "enrolments_standing": "person_id",
}
"""Where a new person has rows, and the column that says so."""


def run(scene: Scene) -> None:
    """New people, each with a group and a channel besides those for all; then the same list once more."""
    count = FEW if scene.options.quick else PEOPLE
    with scene.product():
        found = scene.compete("enrolments", {"product": lambda: _enrol(scene, count)})["product"]
    details = {name: round(value, 2) for name, value in found.items()}
    scene.report.add(
        Row(
            "enrolments-seconds",
            f"enrol {count:,} new people by one call: accounts, members, groups, channels",
            "s",
            found["seconds"],
            most=MOST_SECONDS,
            details=details,
        )
    )
    scene.report.add(
        Row(
            "enrolments-copy",
            f"the same beside a COPY of its {found['rows']:,.0f} rows",
            "s",
            found["seconds"],
            found["copy"],
            "bare COPY into tables with the same keys and indexes",
        )
    )
    scene.report.add(
        Row("enrolments-again", f"the same {count:,} people once more: nothing changes", "s", found["again"])
    )
    _rule(scene, count)


def _rule(scene: Scene, count: int) -> None:
    told = scene.compete("rule", {"told": lambda: _tell(scene, count)})["told"]
    scene.report.add(
        Row(
            "enrolments-rule",
            f"a rule over {count:,} people whom a platform tells of: told, applied, accounts and all",
            "s",
            told["tell"] + told["apply"],
            most=MOST_SECONDS,
            details={name: round(value, 2) for name, value in told.items()},
        )
    )


def _tell(scene: Scene, count: int) -> Sample:
    command = [sys.executable, "-m", "bench.told", scene.world.channels[0].workspace, str(count)]
    more = {"TERTULIA_DATABASE_URL": scene.world.url}
    done = subprocess.run(command, env=environment(scene.world.var, **more), capture_output=True, text=True, check=True)
    found: Sample = json.loads(done.stdout.splitlines()[-1])
    return found


def _enrol(scene: Scene, count: int) -> Sample:
    world = scene.world
    mark = uuid.uuid4().hex[:8]
    channel = world.channels[0]
    body = {
        "source": f"bench {mark}",
        "people": [
            {
                "external_id": f"{mark}-{number}",
                "email": f"{mark}-{number}@example.org",
                "name": f"Learner {number % 500}",
                "groups": [f"Cohort {number % GROUPS}"],
                "channels": [channel.slug],
            }
            for number in range(count)
        ],
    }
    seconds, again = (_call(scene, channel.workspace, body) for _time in range(2))
    with psycopg.connect(world.url) as connection:
        new = connection.execute(
            "SELECT array_agg(id) FROM people_person WHERE email LIKE %s", [f"{mark}-%"]
        ).fetchone()
        assert new
        assert len(new[0]) == count
        rows, copy = _copy(connection, new[0])
    return {"seconds": seconds, "again": again, "rows": rows, "copy": copy}


def _call(scene: Scene, workspace: str, body: dict[str, Any]) -> float:
    sent = urllib.request.Request(
        f"http://{HOST}:{scene.port(0)}/api/v1/workspaces/{workspace}/enrolments",
        data=json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {scene.world.tokens[0]}", "Content-Type": "application/json"},
        method="PUT",
    )
    began = time.perf_counter()
    with urllib.request.urlopen(sent, timeout=300) as answer:  # noqa: S310 - the product's own address
        answer.read()
    return time.perf_counter() - began


def _copy(connection: psycopg.Connection[Any], people: Sequence[uuid.UUID]) -> tuple[int, float]:
    """How many rows these people have, and the seconds to copy them into empty tables, in one transaction."""
    data: dict[str, bytes] = {}
    rows = 0
    with connection.cursor() as cursor:
        for table, column in TABLES.items():
            copied = sql.Identifier(f"bench_{table}")
            cursor.execute(sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING ALL)").format(copied, sql.Identifier(table)))
            wanted = sql.SQL("COPY (SELECT * FROM {} WHERE {} = ANY({})) TO STDOUT").format(
                sql.Identifier(table), sql.Identifier(column), sql.Literal(list(people))
            )
            with cursor.copy(wanted) as out:
                data[table] = b"".join(map(bytes, out))
            rows += data[table].count(b"\n")
        connection.commit()
        began = time.perf_counter()
        for table, lines in data.items():
            with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"bench_{table}"))) as into:
                into.write(lines)
        connection.commit()
        seconds = time.perf_counter() - began
        for table in TABLES:
            cursor.execute(sql.SQL("DROP TABLE {}").format(sql.Identifier(f"bench_{table}")))
    return rows, seconds
