"""The gradebook of the fake LMS: Assignment and Grade Services 2.0, as far as a tool sees it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

SCOPE = "https://purl.imsglobal.org/spec/lti-ags/scope/"
ALL = tuple(f"{SCOPE}{name}" for name in ("lineitem", "result.readonly", "score"))
Answer = tuple[int, bytes, dict[str, str]]


@dataclass(frozen=True)
class Asked:
    """A request of the tool's; `scopes` are those of its token."""

    method: str
    path: str
    content: bytes
    kind: str
    scopes: frozenset[str]
    home: str


@dataclass
class FakeGradebook:
    """`fails` is what is answered next, instead of the truth; so many answers to what did arrive are `lost`."""

    columns: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    heard: list[dict[str, Any]] = field(default_factory=list)
    fails: list[Answer] = field(default_factory=list)
    lost: int = 0
    strangers: set[str] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)

    def claim(self, home: str, *, scopes: tuple[str, ...] = ALL, line_item: str = "") -> dict[str, Any]:
        """The claim of a launch."""
        own = {"lineitem": f"{home}/ags/{line_item}?type_id=1"} if line_item else {}
        return {"scope": list(scopes), "lineitems": f"{home}/ags/lineitems?type_id=1", **own}

    def add(self, name: str, **column: Any) -> None:
        """A column that the LMS has by itself."""
        self.columns[name] = {"label": name, "scoreMaximum": 100, **column}

    def answer(self, asked: Asked) -> Answer:
        """Status, body, headers."""
        if self.fails:
            return self.fails.pop(0)
        status, body = self._truth(asked)
        if self.lost and asked.method == "POST":
            self.lost -= 1
            return 502, b"", {}
        return status, json.dumps(body).encode(), dict(self.headers)

    def _truth(self, asked: Asked) -> tuple[int, Any]:
        parts = urlsplit(asked.path)
        path = parts.path.removeprefix("/ags/")
        query: Mapping[str, list[str]] = parse_qs(parts.query)
        if query.get("type_id") != ["1"]:
            return 400, {"error": "the query of the address is missing"}
        if path == "lineitems":
            return self._line_items(asked)
        name, _slash, rest = path.partition("/")
        if name not in self.columns:
            return 404, {"error": "no such line item"}
        if rest == "scores" and asked.method == "POST":
            return self._score(asked, name)
        readable = asked.scopes & {f"{SCOPE}lineitem", f"{SCOPE}lineitem.readonly"}
        return (200, self._shown(asked, name)) if readable and not rest else (403, {})

    def _line_items(self, asked: Asked) -> tuple[int, Any]:
        if asked.method == "GET":
            return 200, [self._shown(asked, name) for name in self.columns]  # it does not filter, as some do not
        if f"{SCOPE}lineitem" not in asked.scopes or asked.kind != "application/vnd.ims.lis.v2.lineitem+json":
            return 403, {}
        name = f"made-{len(self.columns)}"
        self.columns[name] = json.loads(asked.content)
        return 201, self._shown(asked, name)

    def _shown(self, asked: Asked, name: str) -> dict[str, Any]:
        return {"id": f"{asked.home}/{name}?type_id=1", **self.columns[name]}

    def _score(self, asked: Asked, name: str) -> tuple[int, Any]:
        if f"{SCOPE}score" not in asked.scopes or asked.kind != "application/vnd.ims.lis.v1.score+json":
            return 403, {}
        score = json.loads(asked.content)
        self.heard.append(score)
        who = score["userId"]
        if who in self.strangers:  # with our own words in it, as Moodle's
            return 422, {"error": f"User is not a student {json.dumps(score)}"}
        before = self.scores.get((name, who))
        moment = datetime.fromisoformat(score["timestamp"]).replace(microsecond=0)  # so does Moodle
        if before and moment <= datetime.fromisoformat(before["timestamp"]).replace(microsecond=0):
            return 409, {"error": "Refusing score with an earlier timestamp"}
        self.scores[(name, who)] = score
        return 200, {}
