"""One web process of `tertulia serve`; its argument is the descriptor of the socket that all of them share."""

from __future__ import annotations

import gc
import resource
import socket
import sys

import uvicorn

from tertulia.cli.child import follow_parent

DRAIN_SECONDS = 8
LARGEST_FRAME = 64 * 1024
MOST_FILES = 100_000
SWITCH = 0.0005
"""Seconds after which a busy thread lets another run: one that has just heard from the database must not wait long."""


def config(application: str = "tertulia.config.asgi:application") -> uvicorn.Config:
    """How the product is served; `bench` measures an empty application served just the same."""
    return uvicorn.Config(
        application,
        loop="uvloop",
        http="httptools",
        ws="tertulia.live.wire:Wire",
        ws_max_size=LARGEST_FRAME,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # config.asgi counts proxies; uvicorn would trust by address
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )


def main() -> None:
    """Serve until told to stop."""
    follow_parent()
    sys.setswitchinterval(SWITCH)
    _allow_many_sockets()
    serving = config()
    serving.load()
    # What has been loaded stays: looking through it for garbage again and again would hold up everybody for a tenth of
    # a second each time.
    gc.collect()
    gc.freeze()
    uvicorn.Server(serving).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


def _allow_many_sockets() -> None:
    """Each tab is an open file; shells commonly allow a thousand, and more to whoever asks."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    main()
