"""One web process of `tertulia serve`; its argument is the descriptor of the socket that all of them share."""

from __future__ import annotations

import socket
import sys

import uvicorn

from tertulia.cli.child import follow_parent

DRAIN_SECONDS = 8
LARGEST_FRAME = 64 * 1024


def main() -> None:
    """Serve until told to stop."""
    follow_parent()
    config = uvicorn.Config(
        "tertulia.config.asgi:application",
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=LARGEST_FRAME,
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # config.asgi counts proxies; uvicorn would trust by address
        server_header=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])


if __name__ == "__main__":
    main()
