"""Webhooks: taken from who shows the secret, once each, in any order; applied at once."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError
from django.test import Client

from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key
from tertulia.integrations.openedx.models import Connection, Event, Outcome, Unknown
from tertulia.integrations.openedx.services import connections, planning
from tertulia.kernel.clock import now
from tertulia.kernel.logging import hide_secrets

from .fake_events import as_json
from .fake_platform import RUN, FakePlatform, Form
from .world import World, post, posted

FORMS: list[Form] = ["openedx-webhooks", "openedx-webhooks-form", "openedx-webhooks-old-form", "eox-hooks"]
NO_USER = b"""{
    "openedx_events.learning.data.CourseEnrollmentData": {
        "user": {"pii": {"username": "a\\u0000b"}}, "course": {"course_key": "course-v1:A+B+C"}
    },
    "event_metadata": {"event_type": "org.openedx.learning.course.enrollment.created.v1"}
}"""
JSON = {"Content-Type": "application/json"}


def subscribe(world: World, form: Form = "openedx-webhooks") -> str:
    """The platform tells us of events; returns the secret."""
    secret = world.secret()
    if form == "eox-hooks":
        world.platform.subscribe(world.hook(form), form, extra={"secret": secret})
    else:
        world.platform.subscribe(f"{world.hook()}/{secret}", form)
    return secret


@pytest.mark.parametrize("form", FORMS)
def test_people_are_in_and_out_at_once(world: World, platform: FakePlatform, form: Form) -> None:
    subscribe(world, form)
    platform.account("ana", name="Ana Ruiz")
    platform.enrol("ana", mode="verified")
    assert platform.send_webhooks(post=posted) == [200]
    ana = world.registration("ana")
    assert ana.active
    assert (ana.name, ana.email) == ("Ana Ruiz", "ana@example.org")
    assert ana.facts[Key.TRACK] == ["verified"]
    assert ana.facts[Key.COURSE] == ["Ateneo+BAKE101"]
    platform.cohort("ana", "Mornings")
    platform.send_webhooks(post=posted)
    assert world.registration("ana").facts[Key.COHORT] == ["Mornings"]
    assert world.registration("ana").facts[Key.TRACK] == ["verified"]
    platform.unenrol("ana")
    assert platform.send_webhooks(post=posted) == [200]
    assert not world.registration("ana").active
    platform.enrol("ana", mode="audit")
    platform.send_webhooks(post=posted)
    assert world.registration("ana").active
    assert world.registration("ana").facts[Key.TRACK] == ["audit"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
def test_any_order_ends_the_same(world: World, platform: FakePlatform, order: tuple[int, ...]) -> None:
    subscribe(world)
    happened = [
        platform.enrol("ana", mode="audit"),
        platform.unenrol("ana"),
        platform.enrol("ana", mode="verified"),
        platform.cohort("ana", "Mornings"),
    ]
    for number, event in enumerate(happened):
        event.at = now() - timedelta(minutes=10 - number)
    assert platform.send([happened[number] for number in order], post=posted) == [200] * 4
    ana = world.registration("ana")
    assert ana.active
    assert (ana.facts[Key.TRACK], ana.facts[Key.COHORT]) == (["verified"], ["Mornings"])


def test_what_comes_again_is_counted_and_not_applied_again(
    world: World, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(world)
    event = platform.enrol("ana")
    told: list[object] = []
    honest = enrolments.tell

    def tell(**said: Any) -> Any:
        told.append(said)
        return honest(**said)

    monkeypatch.setattr(enrolments, "tell", tell)
    assert platform.send([event], times=3, post=posted) == [200, 200, 200]
    assert len(told) == 1
    assert world.event(event.id).times == 3
    platform.unenrol("ana")
    platform.send_webhooks(post=posted)
    platform.send([event], post=posted)
    assert not world.registration("ana").active, "a replay of old news changes nothing"


def test_an_event_without_an_id_is_known_by_its_body(world: World, platform: FakePlatform) -> None:
    secret = subscribe(world)
    body = json.loads(as_json(platform.enrol("ana"))[0])
    del body["event_metadata"]["id"]
    for _time in range(2):
        assert posted(f"{world.hook()}/{secret}", json.dumps(body).encode(), JSON) == 200
    assert Event.objects.get().times == 2
    assert Event.objects.get().key.startswith("sha256:")


def test_without_id_and_time_coming_and_going_again_is_news(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such bodies are alike each time: they must not be taken for what was heard long ago."""
    secret = subscribe(world, "eox-hooks")
    moment = now()
    for minute, kind in enumerate(["post_enrollment", "post_unenrollment", "post_enrollment"]):
        monkeypatch.setattr(
            "tertulia.integrations.openedx.payloads.now", lambda at=minute: moment - timedelta(minutes=5 - at)
        )
        said = f"event={kind}&username=ana&course={RUN.replace('+', '%2B')}&secret={secret}"
        assert (
            posted(world.hook("eox-hooks"), said.encode(), {"Content-Type": "application/x-www-form-urlencoded"}) == 200
        )
    assert Event.objects.count() == 3
    assert world.registration("ana").active


def test_events_of_other_courses_and_other_kinds_do_nothing(world: World, platform: FakePlatform) -> None:
    subscribe(world)
    platform.add_course("course-v1:Else+X+1")
    platform.enrol("ana", "course-v1:Else+X+1")
    platform.enrol("ana", quiet=True)
    certificate = platform.certify("ana")
    platform.log_in("ana")
    platform.log_in("ben")
    assert platform.send_webhooks(post=posted) == [200] * 4
    assert world.told() == {}
    assert Event.objects.exclude(key=certificate.id).get().outcome == Outcome.NOT_FOLLOWED
    assert world.event(certificate.id).outcome == Outcome.NOTHING
    assert Unknown.objects.get().times == 2
    assert Unknown.objects.get().type == "auth.session.login.completed"


def test_a_new_run_that_a_pattern_matches_is_known_by_its_first_event(world: World, platform: FakePlatform) -> None:
    connections.change_connection(actor=world.olga, connection=world.connection, follow=["course-v1:Ateneo+*"])
    subscribe(world)
    platform.add_course("course-v1:Ateneo+BREAD+1", "Bread")
    platform.enrol("ana", "course-v1:Ateneo+BREAD+1")
    assert platform.send_webhooks(post=posted) == [200]
    course = world.connection.courses.get(key="course-v1:Ateneo+BREAD+1")
    assert (course.title, course.is_followed) == ("Bread", True)
    assert world.connection.system.registrations.get(subject="ana").scope == course.key


def test_only_a_confirmed_address_is_passed_on(world: World, platform: FakePlatform) -> None:
    subscribe(world)
    platform.account("ben", is_active=False)
    platform.enrol("ben")
    platform.send_webhooks(post=posted)
    assert world.registration("ben").email == ""


@pytest.mark.parametrize("how", ["address", "bearer", "header", "field", "signature", "websub"])
def test_ways_to_show_who_sends_it(world: World, platform: FakePlatform, how: str) -> None:
    secret = world.secret()
    body, _kind = as_json(platform.enrol("ana"))
    if how == "field":
        body = json.dumps({**json.loads(body), "secret": secret}).encode()
    signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    headers = {
        "bearer": {"Authorization": f"Bearer {secret}"},
        "header": {"X-Webhook-Secret": secret},
        "signature": {"X-Tertulia-Signature": signature},
        "websub": {"X-Hub-Signature-256": signature.upper().replace("SHA256", "sha256")},
    }.get(how, {})
    address = f"{world.hook()}/{secret}" if how == "address" else world.hook()
    assert posted(address, body, JSON | headers) == 200
    assert world.active() == {"ana"}


def forgeries(world: World, secret: str, body: bytes) -> list[tuple[str, dict[str, str]]]:
    """Requests that show no secret, or a wrong one, or sign something else."""
    other = "sha256=" + hmac.new(b"guess", body, hashlib.sha256).hexdigest()
    elsewhere = "sha256=" + hmac.new(secret.encode(), body + b" ", hashlib.sha256).hexdigest()
    nobody = "/openedx/01a20227-0000-7000-8000-000000000000/openedx-webhooks"
    return [
        (world.hook(), {}),
        (f"{world.hook()}/{secret[:-1]}", {}),
        (f"{world.hook()}/{'0' * 43}", {}),
        (world.hook(), {"Authorization": f"Bearer {secret}x"}),
        (world.hook(), {"X-Webhook-Secret": "ключ"}),
        (world.hook(), {"X-Hub-Signature-256": other}),
        (f"{world.hook()}/{secret}", {"X-Hub-Signature-256": elsewhere}),
        (nobody, {}),
        (f"{nobody}/{secret}", {}),
    ]


def test_forged_events_learn_nothing(world: World, platform: FakePlatform) -> None:
    secret = world.secret()
    body, _kind = as_json(platform.enrol("ana"))
    answers = [post(address, body, JSON | headers) for address, headers in forgeries(world, secret, body)]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert world.told() == {}
    assert not Event.objects.exists()


def test_switched_off_it_is_as_if_it_were_not_there(world: World, platform: FakePlatform) -> None:
    secret = world.secret()
    body, _kind = as_json(platform.enrol("ana"))
    connections.change_connection(actor=world.olga, connection=world.connection, is_active=False)
    assert posted(f"{world.hook()}/{secret}", body, JSON) == 401
    connections.change_connection(actor=world.olga, connection=world.connection, is_active=True)
    world.connection.refresh_from_db()
    connections.no_webhooks(actor=world.olga, connection=world.connection)
    assert posted(f"{world.hook()}/{secret}", body, JSON) == 401
    assert posted(world.hook(), body, JSON | {"X-Webhook-Secret": ""}) == 401


def test_a_new_secret_ends_the_old_one(world: World, platform: FakePlatform) -> None:
    old, new = world.secret(), world.secret()
    body, _kind = as_json(platform.enrol("ana"))
    assert posted(f"{world.hook()}/{old}", body, JSON) == 401
    assert posted(f"{world.hook()}/{new}", body, JSON) == 200


def test_guessing_is_slowed_down(world: World) -> None:
    world.secret()
    answers = [post(world.hook(), b"{}", JSON) for _time in range(70)]
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("body", "kind", "sentence"),
    [
        (b"", "application/json", "nothing in this"),
        (b"{", "application/json", "not JSON"),
        (b"[" * 100_000, "application/json", "not JSON"),
        (b"[1]", "application/json", "no object"),
        (b"{}", "application/json", "event_metadata"),
        (b"\xff\xfe", "application/json", "not JSON"),
        (b"", "application/x-www-form-urlencoded", "nothing in this"),
        (b"\xff\xfe=\xff", "application/x-www-form-urlencoded", "neither JSON nor a form"),
        (b"&".join([b"a=1"] * 1000), "application/x-www-form-urlencoded", "neither JSON nor a form"),
        (b"just words", "text/plain", "openedx-webhooks?"),
        (
            b'{"event_metadata": {"event_type": "org.openedx.learning.course.enrollment.created.v1"}}',
            "application/json",
            "no user",
        ),
        (NO_USER, "application/json", "no user"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_sentence(world: World, body: bytes, kind: str, sentence: str) -> None:
    secret = world.secret()
    answer = post(f"{world.hook()}/{secret}", body, {"Content-Type": kind})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert sentence in answer.json()["detail"]
    assert secret not in answer.content.decode()


def test_too_much_is_refused(world: World) -> None:
    secret = world.secret()
    assert posted(f"{world.hook()}/{secret}", b'{"a": "' + b"x" * 300_000 + b'"}', JSON) == 413
    assert posted(world.hook(), b"x" * 20_000_000, JSON) == 413


def test_other_methods(world: World) -> None:
    assert Client().get(world.hook()).status_code == 405
    assert Client().put(world.hook(), b"{}").status_code == 405


def test_odd_values_are_survived(world: World, platform: FakePlatform) -> None:
    secret = world.secret()
    honest = json.loads(as_json(platform.enrol("ana"))[0])
    inner = next(iter(honest))
    changes: list[dict[str, Any]] = [
        {"mode": None},
        {"mode": "x" * 5000},
        {"mode": ["a"]},
        {"is_active": "False"},
        {"is_active": None},
        {"user": {**honest[inner]["user"], "pii": {"username": "ana", "name": "\u202e" * 500, "email": 5}}},
        {"course": {"course_key": RUN, "display_name": {"a": {"b": {}}}}},
    ]
    for number, change in enumerate(changes):
        meta = {**honest["event_metadata"], "id": str(number)}
        body = json.dumps({inner: {**honest[inner], **change}, "event_metadata": meta}).encode()
        assert posted(f"{world.hook()}/{secret}", body, JSON) == 200, change


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-01-31 20:28:12.798285", datetime(2026, 1, 31, 20, 28, 12, 798285, tzinfo=UTC)),
        ("2026-01-31 20:28:12+01:00", datetime(2026, 1, 31, 19, 28, 12, tzinfo=UTC)),
        ("2026-01-31T20:28:12Z", datetime(2026, 1, 31, 20, 28, 12, tzinfo=UTC)),
    ],
)
def test_the_time_is_the_events_own(world: World, platform: FakePlatform, time: str, expected: datetime) -> None:
    secret = world.secret()
    body = json.loads(as_json(platform.enrol("ana"))[0])
    body["event_metadata"]["time"] = time
    posted(f"{world.hook()}/{secret}", json.dumps(body).encode(), JSON)
    assert Event.objects.get().happened_at == expected
    assert datetime.fromisoformat(world.registration("ana").told_at["active"]) == expected


@pytest.mark.parametrize("time", ["", "yesterday", "9999-01-01 00:00:00", "0001-01-01 00:00:00", None])
def test_a_time_that_cannot_be_is_now(world: World, platform: FakePlatform, time: str | None) -> None:
    secret = world.secret()
    body = json.loads(as_json(platform.enrol("ana"))[0])
    body["event_metadata"]["time"] = time
    assert posted(f"{world.hook()}/{secret}", json.dumps(body).encode(), JSON) == 200
    assert abs((Event.objects.get().happened_at - now()).total_seconds()) < 60


def test_what_cannot_be_applied_now_is_applied_later(
    world: World, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sender does not ask twice, so that an event once taken must not be lost."""
    subscribe(world)

    def broken(**_said: object) -> None:
        raise OperationalError("deadlock detected")

    with monkeypatch.context() as patch:
        patch.setattr(enrolments, "tell", broken)
        platform.enrol("ana")
        assert platform.send_webhooks(post=posted) == [202]
    assert world.told() == {}
    assert world.waiting_jobs() == ["apply_event"]
    world.work()
    assert world.active() == {"ana"}
    assert Event.objects.get().outcome == Outcome.TOLD


def test_no_secret_is_ever_written_down(world: World, platform: FakePlatform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    secret = subscribe(world)
    platform.enrol("ana")
    platform.send_webhooks(post=posted)
    posted(f"{world.hook()}/{secret}", b"{", JSON)
    world.fetch()
    kept = bytes(Connection.objects.get().webhook_secret) + bytes(Connection.objects.get().client_secret)
    assert secret.encode() not in kept
    assert platform.roster_client[1].encode() not in kept
    path = hide_secrets(None, "", {"path": f"{world.hook()}/{secret}", "event": f"Not Found: {world.hook()}/{secret}"})
    for text in [caplog.text.replace(f"{world.hook()}/{secret}", ""), *map(str, path.values())]:
        assert secret not in text
        assert platform.roster_client[1] not in text


def test_events_are_forgotten_after_weeks(world: World, platform: FakePlatform) -> None:
    subscribe(world)
    platform.enrol("ana")
    platform.send_webhooks(post=posted)
    Event.objects.update(received_at=now() - timedelta(days=30))
    planning.drop_old()
    assert Event.objects.exists()
    Event.objects.update(received_at=now() - timedelta(days=60))
    planning.drop_old()
    assert not Event.objects.exists()
    assert world.active() == {"ana"}
