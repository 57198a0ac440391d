"""The database's limit: its own `pgbench` commits single rows into a table shaped like that of posts."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import tempfile
from pathlib import Path

import psycopg

from bench.native import NotPossibleError
from tertulia.config import postgres

FREE, BOUND = "bench_insert", "bench_insert_bound"
"""Tables with the columns, keys and indexes of posts; the second also looks into the other tables, as posts do."""
_WRITE = """
\\set seq :seq + 1
INSERT INTO {table} (id, channel_id, seq, revision, author_id, kind, body, html, text, client_id, reply_count)
SELECT uuidv7(), channel_id, :seq, :seq, person_id, 'message', repeat('word ', 40), repeat('word ', 50),
       repeat('word ', 40), gen_random_uuid(), 0
FROM bench_writer WHERE number = :client_id;
"""


def prepare(url: str) -> None:
    """Both tables, empty, and a row for each writer."""
    drop(url)
    with psycopg.connect(url) as connection:
        connection.execute(
            "CREATE TABLE bench_writer AS SELECT row_number() OVER () - 1 AS number, channel_id, person_id"
            " FROM (SELECT DISTINCT ON (channel_id) channel_id, person_id FROM channels_channelmembership) AS seat"
        )
        connection.execute("ALTER TABLE bench_writer ADD PRIMARY KEY (number)")
        for table in (FREE, BOUND):
            connection.execute(f"CREATE TABLE {table} (LIKE posts_post INCLUDING ALL)")
        keys = connection.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = 'posts_post'::regclass AND contype = 'f'"
        ).fetchall()
        for (key,) in keys:
            connection.execute(f"ALTER TABLE {BOUND} ADD {key}")


def drop(url: str) -> None:
    """Take them away again."""
    with psycopg.connect(url) as connection:
        connection.execute(f"DROP TABLE IF EXISTS {FREE}, {BOUND}, bench_writer")


def run(url: str, table: str, *, clients: int, seconds: float) -> dict[str, float]:
    """Rows a second, and the median time of one in us. Raises NotPossibleError."""
    with psycopg.connect(url) as connection:
        connection.execute(f"TRUNCATE {table}")
    with tempfile.TemporaryDirectory(prefix="pgbench-") as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(_WRITE.format(table=table))
        command = [str(postgres.programs() / "pgbench"), "-n", "-M", "prepared", "-f", str(script), "-D", "seq=0"]
        command += ["-c", str(clients), "-j", str(min(2, clients)), "-T", str(max(1, round(seconds)))]
        command += ["-l", "--log-prefix", str(Path(folder) / "times"), url]
        env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(command, check=False, capture_output=True, text=True, env=env)
        found = re.search(r"tps = ([\d.]+)", done.stdout)
        if done.returncode or not found:
            raise NotPossibleError(f"pgbench failed: {done.stderr}")
        times = [float(line.split()[2]) for log in Path(folder).glob("times*") for line in log.read_text().splitlines()]
    return {"per_second": float(found[1]), "p50_us": statistics.median(times)}
