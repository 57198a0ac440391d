"""What the numbers were measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import psycopg


def describe(database_url: str) -> dict[str, str]:
    """The machine and what decides a database's speed, in words."""
    with psycopg.connect(database_url) as connection:

        def setting(name: str) -> str:
            row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
            return str(row[0]) if row else ""

        names = ("fsync", "synchronous_commit", "full_page_writes", "shared_buffers")
        settings = ", ".join(f"{name} {setting(name)}" for name in names)
        version = setting("server_version")
    return {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": _memory(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "postgresql": f"{version} ({settings})",
    }


def _processor() -> str:
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()


def _memory() -> str:
    found = re.search(r"^MemTotal:\s*(\d+) kB$", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return f"{int(found[1]) / 1024 / 1024:.0f} GiB" if found else "unknown"
