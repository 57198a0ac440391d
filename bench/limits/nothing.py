"""`/` answers nothing; `/NUMBER` answers a constant body of so many bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]

_answers: dict[str, tuple[Message, Message]] = {}


async def application(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The ASGI application."""
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return
    answer = _answers.get(scope["path"]) or _make(scope["path"])
    await send(answer[0])
    await send(answer[1])


def _make(path: str) -> tuple[Message, Message]:
    body = b"." * int(path[1:] or 0)
    head = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())],
    }
    answer = _answers[path] = (head, {"type": "http.response.body", "body": body})
    return answer
