"""The frames of the live protocol, as they leave and as they come in. See docs/architecture.md for their meaning.

What leaves is made once, down to the bytes of the websocket: a server's frames are not masked (RFC 6455 section 5.1),
so the same bytes go to everybody, and several frames after each other are one write.
"""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from websockets.frames import Frame, Opcode

MOST_WATCHED: Final = 200
LARGEST_REVISION: Final = 2**63 - 1
"""What PostgreSQL's bigint holds."""

_encoder = msgspec.json.Encoder(enc_hook=str.__str__)


def encode(kind: str, **fields: Any) -> bytes:
    """One frame to a tab, as a websocket's text frame. Encoded once and written to every subscriber."""
    return Frame(Opcode.TEXT, _encoder.encode({"t": kind, **fields})).serialize(mask=False)


class Show(msgspec.Struct, tag_field="t", tag="show", forbid_unknown_fields=True):
    """I show this channel and know its changes up to `revision`."""

    channel: UUID
    revision: Annotated[int, msgspec.Meta(ge=0, le=LARGEST_REVISION)]


class Hide(msgspec.Struct, tag_field="t", tag="hide", forbid_unknown_fields=True):
    """I no longer show it."""

    channel: UUID


class Typing(msgspec.Struct, tag_field="t", tag="typing", forbid_unknown_fields=True):
    """I am writing there."""

    channel: UUID
    root: UUID | None = None


class Watch(msgspec.Struct, tag_field="t", tag="watch", forbid_unknown_fields=True):
    """Tell me whether these people are here, instead of those before."""

    people: Annotated[list[UUID], msgspec.Meta(max_length=MOST_WATCHED)]


class Ping(msgspec.Struct, tag_field="t", tag="ping", forbid_unknown_fields=True):
    """Are you there?"""


Incoming = Show | Hide | Typing | Watch | Ping
_decoder: msgspec.json.Decoder[Incoming] = msgspec.json.Decoder(Incoming)


def decode(text: str | bytes) -> Incoming:
    """A frame from a tab. Raises msgspec.DecodeError (or its ValidationError) or UnicodeDecodeError for all else."""
    return _decoder.decode(text)
