"""`python -m bench.limits.serve APPLICATION PORT`: serves it as `tertulia serve` serves the product."""

from __future__ import annotations

import socket
import sys

import uvicorn

from bench.product import end_with_parent
from tertulia.cli import web


def main(application: str, port: int) -> None:
    """Serve until stopped."""
    end_with_parent()
    listener = socket.create_server(("127.0.0.1", port), backlog=2048)
    uvicorn.Server(web.config(application)).run(sockets=[listener])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
