"""Gathers the browser's files into `TERTULIA_VAR/static`, named by content and compressed, when any has changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
from pathlib import Path

from tertulia.cli.say import say


def collect() -> None:
    """Returns at once when nothing changed since the last time."""
    from django.conf import settings
    from django.core.management import call_command

    from tertulia.config.staticfiles import LEFT_OUT

    root = Path(settings.STATIC_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    stamp = root / ".stamp"
    lock = os.open(root.with_name("static.lock"), os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several starts at once one gathers
        state = _state(str(settings.VERSION))
        if stamp.exists() and stamp.read_text() == state:
            return
        say("Gathering the browser's files …")
        call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=LEFT_OUT)
        stamp.write_text(state)
    finally:
        os.close(lock)


def _state(version: str) -> str:
    """A digest of what would be gathered: names, sizes and times of change."""
    from django.contrib.staticfiles.finders import get_finders

    from tertulia.config.staticfiles import LEFT_OUT

    digest = hashlib.sha256(version.encode())
    for finder in get_finders():
        for name, storage in finder.list(LEFT_OUT):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
