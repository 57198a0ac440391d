"""Refusals: a status, a name that never changes, a sentence - and REST documents each."""

from __future__ import annotations

import json

import pytest

from tertulia.config import problems
from tertulia.config.api import ALWAYS, WITH_BODY
from tertulia.kernel.errors import Busy, Conflict, Forbidden, Invalid, NotFound, Refusal, TooLarge, TooMany

# Programs rely on these names and numbers.
KNOWN = {
    NotFound: (404, "not-found"),
    Forbidden: (403, "forbidden"),
    Invalid: (422, "invalid"),
    Conflict: (409, "conflict"),
    TooMany: (429, "too-many"),
    Busy: (503, "busy"),
    TooLarge: (413, "too-large"),
    problems.NotAllowed: (405, "method-not-allowed"),
    problems.NotSignedIn: (401, "not-signed-in"),
    problems.WrongMediaType: (415, "unsupported-media-type"),
    problems.Malformed: (400, "malformed"),
    problems.Broken: (500, "broken"),
}


def make(kind: type[Refusal]) -> Refusal:
    return kind("Wait.", retry_after=7) if issubclass(kind, TooMany | Busy) else kind("It is so.")


@pytest.mark.parametrize("kind", KNOWN)
def test_each_becomes_the_same_problem_for_ever(kind: type[Refusal]) -> None:
    refusal = make(kind)
    status, name = KNOWN[kind]
    response = problems.problem(refusal)
    body = json.loads(response.content)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert (body["status"], body["type"], body["detail"]) == (status, f"/problems/{name}", refusal.detail)
    assert body["title"]
    assert response.get("Retry-After") == ("7" if issubclass(kind, TooMany | Busy) else None)
    assert ("WWW-Authenticate" in response) == (status == 401)


def test_no_kind_is_left_out() -> None:
    shared = (Refusal.__module__, problems.__name__)
    assert {kind for kind in Refusal.__subclasses__() if kind.__module__ in shared} == set(KNOWN)
    told_apart = {*ALWAYS, *WITH_BODY, 405, 500}  # these two belong to no operation
    assert {status for status, _name in KNOWN.values()} == told_apart


def test_a_finer_name_and_the_culprit() -> None:
    refusal = Conflict("“bread” is taken.", type="slug-taken", field="slug")
    assert str(refusal) == refusal.detail
    body = json.loads(problems.problem(refusal, errors=[{"field": "slug", "detail": "Taken."}]).content)
    assert (body["type"], body["field"], body["errors"]) == (
        "/problems/slug-taken", "slug", [{"field": "slug", "detail": "Taken."}]
    )  # fmt: skip
    assert Conflict.type == "conflict"


def test_missing_and_forbidden_read_alike_by_default() -> None:
    assert NotFound().detail.endswith(".")
    assert NotFound("Nobody is called that.").detail == "Nobody is called that."


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 418, 500, 502, 503])
def test_answers_of_others_find_their_refusal(status: int) -> None:
    refusal = problems.for_status(status)
    expected = 500 if status >= 500 else 400 if status == 418 else status
    assert (refusal.status, refusal.detail.endswith(".")) == (expected, True)
