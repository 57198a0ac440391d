"""What every child of `tertulia serve` does first."""

from __future__ import annotations

import os
import signal
import threading

STDIN = 0


def follow_parent() -> None:
    """Stop when the parent is gone: standard input is a pipe of which it holds the other end."""

    def wait() -> None:
        while os.read(STDIN, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="follow-parent", daemon=True).start()
