"""What people do in these tests, through the same doors as pages and REST."""

from __future__ import annotations

import io

from PIL import Image

from tertulia.people.models import Person
from tertulia.posts import access, services
from tertulia.posts.models import File
from tertulia.posts.states import PostState

GPS = {1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)}


def edit(person: Person, state: PostState, body: str) -> PostState:
    post, seat = access.post(person, state.id)
    return services.edit(actor=person, post=post, seat=seat, body=body)


def delete(person: Person, state: PostState) -> PostState:
    post, seat = access.post(person, state.id)
    return services.delete(actor=person, post=post, seat=seat)


def undelete(person: Person, state: PostState) -> PostState:
    post, seat = access.post(person, state.id)
    return services.undelete(actor=person, post=post, seat=seat)


def react(person: Person, state: PostState, emoji: str) -> PostState:
    post, seat = access.post(person, state.id)
    return services.react(actor=person, post=post, seat=seat, emoji=emoji)


def unreact(person: Person, state: PostState, emoji: str) -> PostState:
    post, seat = access.post(person, state.id)
    return services.unreact(actor=person, post=post, seat=seat, emoji=emoji)


def pin(person: Person, state: PostState) -> PostState:
    post, seat = access.post(person, state.id)
    return services.pin(actor=person, post=post, seat=seat)


def upload(person: Person, name: str, content: bytes) -> File:
    return services.upload_file(actor=person, name=name, stream=io.BytesIO(content))


def picture(form: str = "PNG", size: tuple[int, int] = (640, 320), *, gps: bool = False, turned: int = 1) -> bytes:
    """A picture of noise, with a little EXIF; `turned` is the EXIF orientation."""
    exif = Image.Exif()
    exif[0x0112] = turned
    exif[0x010F] = "Camera Works"
    if gps:
        exif.get_ifd(0x8825).update(GPS)
    output = io.BytesIO()
    Image.effect_noise(size, 60).convert("RGB").save(output, form, exif=exif)
    return output.getvalue()
