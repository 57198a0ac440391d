"""Happenings: frozen records that a package emits and packages above it may react to.

`emit` runs in the emitter's transaction. `config.subscriptions` lists who reacts, in two ways:

- `inside`: at once, in the same transaction. For what must be true together with the cause (a new member is in the
  default channels). Only reads and writes of our own database.
- `after`: as a job whose row is written in the same transaction, so it runs if and only if the cause is committed.
  For everything that can wait or leave the machine. May run more than once: handlers are idempotent.

A handler is named by its dotted path and takes the happening.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.module_loading import import_string


@dataclasses.dataclass(frozen=True)
class Happening:
    """Base of all happenings. Fields are JSON values: ids as strings, tuples of them, numbers, words."""


@dataclasses.dataclass(frozen=True)
class Reactions:
    """Dotted paths of the handlers of one kind of happening."""

    inside: Sequence[str] = ()
    after: Sequence[str] = ()


Handler = Callable[[Any], None]


@functools.cache
def _subscriptions() -> Mapping[type[Happening], Reactions]:
    subscriptions: Mapping[type[Happening], Reactions] = import_string(settings.SUBSCRIPTIONS)
    return subscriptions


def is_heard(kind: type[Happening]) -> bool:
    """Whether anybody reacts to happenings of this kind, which then need a transaction of Django's."""
    return kind in _subscriptions()


def emit(happening: Happening) -> None:
    """Tell those who subscribed. Must be called inside the transaction that made it happen."""
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(f"{type(happening).__name__} was emitted outside its transaction.")
    reactions = _subscriptions().get(type(happening))
    if reactions is None:
        return
    for path in reactions.inside:
        handler: Handler = import_string(path)
        handler(happening)
    if reactions.after:
        from tertulia.kernel.jobs import react

        kind = f"{type(happening).__module__}.{type(happening).__qualname__}"
        for path in reactions.after:
            react.defer(handler=path, kind=kind, data=dataclasses.asdict(happening))
