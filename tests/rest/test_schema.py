"""The OpenAPI document against the program: no request, however odd, breaks it or gets an undocumented answer.

schemathesis makes requests from the document, sound and broken ones, and checks status, media type and shape of every
answer. Where a request names something by id, most times something is put there that exists, and that the
asker may see. `FUZZ_EXAMPLES=500` tries more than CI has time for.
"""

from __future__ import annotations

import json
import os
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, settings
from ninja.responses import NinjaJSONEncoder
from pytest_django.plugin import DjangoDbBlocker
from schemathesis import Case
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth, negative_data_rejection, positive_data_acceptance

from tertulia.config.api import api
from tertulia.kernel.rest import Out, Strict

from .world import World, token

pytestmark = pytest.mark.django_db

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))

# Fields of bodies, and what there is to put into them; ids and times that were made up give way.
FIELDS = {
    "person_id": "person_id",
    "person_ids": "person_id",
    "root_id": "post_id",
    "attachment_ids": "file_id",
    "channel_ids": "channel_id",
    "group_ids": "group_id",
    "rule_id": "rule_id",
    "system_id": "system_id",
    "send_at": "send_at",
}
MADE_UP = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)")

schema = schemathesis.openapi.from_dict(json.loads(json.dumps(api.get_openapi_schema(), cls=NinjaJSONEncoder)))
schema.app = WSGIHandler()
schema.config.generation.update(with_security_parameters=False)  # the token is always a good one here


class Furnished:
    """The world, with a token and with the names of what there is in it."""

    def __init__(self) -> None:
        world = World()
        self.token = token(world.ana)
        self.names = world.furnish()
        self.tried: set[str] = set()
        self.done: set[str] = set()

    def lead(self, case: Case[Any]) -> None:
        """Give the case, most times, names of what exists instead of made-up ones."""
        made = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
        if made is not None and made.mode.is_positive:
            for name, value in case.path_parameters.items():
                case.path_parameters[name] = self._pick(str(value), self.names[name]) or value
        case.body = self._led(case.body, "")

    def _led(self, value: Any, field: str) -> Any:
        if isinstance(value, dict):
            return {key: self._led(item, str(key)) for key, item in value.items()}
        if isinstance(value, list):
            return [self._led(item, field) for item in value]
        if isinstance(value, str) and field in FIELDS and MADE_UP.fullmatch(value):
            return self._pick(value, self.names[FIELDS[field]]) or value
        return value

    @staticmethod
    def _pick(value: str, names: list[str]) -> str | None:
        """One of the names, always the same for the same value; none for every tenth."""
        number = zlib.crc32(f"a{value}".encode(errors="replace"))  # the letter: so that the commonest value is replaced
        return names[number // 10 % len(names)] if number % 10 else None


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Furnished]:
    del django_db_setup
    signals = (request_started, request_finished)
    for signal in signals:  # a request does not close the connection, on whose transaction all of this stands
        signal.disconnect(close_old_connections)
    with django_db_blocker.unblock(), transaction.atomic():
        yield Furnished()
        transaction.set_rollback(True)
    for signal in signals:
        signal.connect(close_old_connections)


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
def test_every_answer_is_as_described(furnished: Furnished, case: Case[Any]) -> None:
    furnished.lead(case)
    unfair = [negative_data_rejection] if case.media_type == "multipart/form-data" else []  # there, all is text
    with transaction.atomic():  # what the request changes is taken back: the next one finds the same world
        response = case.call_and_validate(
            headers={"Authorization": f"Bearer {furnished.token}"},
            excluded_checks=[
                positive_data_acceptance,  # what exists and what is allowed, no document can tell
                ignored_auth,  # tests/permissions tries every operation without a token
                *unfair,
            ],
        )
        transaction.set_rollback(True)
    furnished.tried.add(case.operation.label)
    if response.status_code < HTTPStatus.BAD_REQUEST:
        furnished.done.add(case.operation.label)


def test_every_operation_was_done_at_least_once(furnished: Furnished) -> None:
    """Else the answers above would be refusals only."""
    assert furnished.tried - furnished.done == set()


def test_no_two_shapes_have_the_same_name() -> None:
    """The document knows shapes by name alone: the second would be described as the first."""
    names = Counter(shape.__name__ for base in (Strict, Out) for shape in _below(base))
    assert [name for name, count in names.items() if count > 1] == []


def _below(base: type[object]) -> Iterator[type[object]]:
    shape: type[object]
    for shape in base.__subclasses__():
        if shape.__module__.startswith("tertulia."):
            yield shape
        yield from _below(shape)
