"""Prepared reads give what any other read gives, and fail as any other fails."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import OperationalError, close_old_connections, connection, transaction
from django.db.utils import ProgrammingError
from django.test.utils import CaptureQueriesContext

from tertulia.channels.models import Channel, ChannelMembership
from tertulia.kernel import prepared
from tertulia.people.models import Person
from tertulia.workspaces.models import Workspace

pytestmark = pytest.mark.django_db

_ALL = """
SELECT %(id)s::uuid, %(text)s::text, %(moment)s::timestamptz, %(ids)s::uuid[], 7::bigint, NULL::text, true, 1.5::float8
"""


def test_values_arrive_as_they_were_sent_watched_or_not() -> None:
    one = Person(handle="ana").pk
    for moment in (datetime(2026, 2, 3, 4, 5, 6, 789000, UTC), datetime(1999, 12, 31, 23, 59, 59, tzinfo=UTC)):
        sent: dict[str, Any] = {"id": one, "text": "100 % <b>", "moment": moment, "ids": [one, one]}
        expected = [(one, "100 % <b>", moment, [one, one], 7, None, True, 1.5)]
        assert prepared.fetch(_ALL, sent) == expected
        with CaptureQueriesContext(connection) as watched:
            assert prepared.fetch(_ALL, sent) == expected
        assert len(watched) == 1


def test_a_statement_is_planned_once_for_all_its_values() -> None:
    for number in range(20):
        assert prepared.fetch("SELECT %s::int * 2", [number]) == [(number * 2,)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT $1::int * 2'")
        assert cursor.fetchone() == (1,)


def test_objects_are_those_of_the_orm() -> None:
    person = Person.objects.create(handle="ana", email="ana@example.org", display_name="Ana")
    workspace = Workspace.objects.create(slug="course", name="Course", created_by=person)
    channel = Channel.objects.create(workspace=workspace, slug="hall", name="Hall", direct_people=[person.pk])
    rows = prepared.fetch(
        f"SELECT {prepared.columns(Channel, 'c')}, {prepared.columns(ChannelMembership, 'm')},"  # noqa: S608 - columns
        f" {prepared.columns(Workspace, 'w')} FROM channels_channel c JOIN workspaces_workspace w"
        " ON w.id = c.workspace_id LEFT JOIN channels_channelmembership m ON m.channel_id = c.id WHERE c.id = %s",
        [channel.pk],
    )
    found, nobody, around = prepared.made(rows[0], Channel, ChannelMembership, Workspace)
    assert nobody is None
    for ours, theirs in ((found, Channel.objects.get(pk=channel.pk)), (around, Workspace.objects.get())):
        for field in type(ours)._meta.concrete_fields:
            assert getattr(ours, field.attname) == getattr(theirs, field.attname), field.name
    assert not found._state.adding


def test_mistakes_are_the_errors_of_django() -> None:
    with pytest.raises(ProgrammingError), transaction.atomic():
        prepared.fetch("SELECT nothing FROM nowhere WHERE 1 = %s", [1])
    assert prepared.fetch("SELECT 1", []) == [(1,)]


def test_a_transaction_that_failed_takes_no_more() -> None:
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(transaction.TransactionManagementError):
            prepared.fetch("SELECT 1", [])


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_closed_is_made_anew() -> None:
    assert prepared.fetch("SELECT %s::int", [1]) == [(1,)]
    connection.close()
    assert prepared.fetch("SELECT %s::int", [2]) == [(2,)]


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_noticed_and_replaced() -> None:
    ((process,),) = prepared.fetch("SELECT pg_backend_pid()", [])
    with pytest.raises(OperationalError):
        prepared.fetch("SELECT pg_terminate_backend(%s)", [process])
    connection.close_if_unusable_or_obsolete()
    assert prepared.fetch("SELECT %s::int", [3]) == [(3,)]


@pytest.mark.django_db(transaction=True)
def test_the_first_read_of_a_request_survives_a_server_that_started_anew() -> None:
    before = prepared.fetch("SELECT pg_backend_pid()", [])[0][0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    other.close()
    close_old_connections()  # as Django does when a request begins
    assert prepared.fetch("SELECT pg_backend_pid()", [])[0][0] != before
