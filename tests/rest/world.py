"""A community for scripts: Ana owns it and has a token that may do everything, Ben learns in it, Otto is outside."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponseBase
from django.test import Client

from tertulia.channels import access as channel_access
from tertulia.channels import services as channel_services
from tertulia.channels.models import Channel
from tertulia.enrolments import services as enrolment_services
from tertulia.enrolments.models import Kind, System
from tertulia.enrolments.records import Draft, Entry, Mode
from tertulia.kernel.clock import now
from tertulia.people import services as people_services
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.posts import services as post_services
from tertulia.posts.states import PostState
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Workspace


def person(handle: str, *, is_owner: bool = False) -> Person:
    """Somebody with a verified account."""
    return people_services.create_person(
        email=f"{handle}@example.org", handle=handle, display_name=handle.capitalize(), verified=True, is_owner=is_owner
    )


def token(somebody: Person, *scopes: str) -> str:
    """A token of theirs, for everything if no scopes are named."""
    made = people_services.create_token(actor=somebody, name="script", scopes=list(scopes or SCOPES), expires_at=None)
    return made[1]


@dataclass(frozen=True)
class Answer:
    """What came back: `json` is None where there is no body."""

    status: int
    json: Any
    headers: dict[str, str]

    @classmethod
    def of(cls, response: HttpResponseBase) -> Answer:
        """Of Django's response."""
        body = response.content if hasattr(response, "content") else b""
        return cls(response.status_code, json.loads(body) if body else None, dict(response.headers))


@dataclass(frozen=True)
class Script:
    """A program that holds a token."""

    raw: str

    def __call__(self, method: str, path: str, data: Any = None, /, **query: Any) -> Answer:
        """One request; `data` goes as JSON."""
        body = "" if data is None else json.dumps(data)
        return self.send(method, f"{path}?{urlencode(query)}" if query else path, body)

    def send(self, method: str, path: str, body: str | bytes = "", kind: str = "application/json") -> Answer:
        """One request with a body as it stands."""
        headers = {"Authorization": f"Bearer {self.raw}"}
        return Answer.of(Client().generic(method, f"/api/v1{path}", body, kind, headers=headers))

    def upload(self, name: str, content: bytes, **more: Any) -> Answer:
        """`POST /files`."""
        file = io.BytesIO(content)
        file.name = name
        headers = {"Authorization": f"Bearer {self.raw}"}
        return Answer.of(Client().post("/api/v1/files", {"file": file, **more}, headers=headers))

    def pages(self, path: str, **query: Any) -> list[list[Any]]:
        """All pages of a list, followed by `next`."""
        found: list[list[Any]] = []
        while True:
            answer = self("GET", path, **query)
            assert answer.status == 200, answer
            found.append(answer.json["items"])
            if answer.json["next"] is None:
                return found
            query = {"limit": query.get("limit", 50), "cursor": answer.json["next"]}


@dataclass
class World:
    """One workspace with what a community has, and somebody outside it."""

    ana: Person = field(init=False)
    ben: Person = field(init=False)
    otto: Person = field(init=False)
    workspace: Workspace = field(init=False)
    chatter: Channel = field(init=False)

    def __post_init__(self) -> None:
        self.ana, self.otto = person("ana", is_owner=True), person("otto", is_owner=True)
        self.ben = person("ben")
        self.workspace = workspace_services.create_workspace(
            actor=self.ana, slug="course", name="Course", template="blank"
        )
        self.add(self.ben)
        self.chatter = self.channel("chatter", self.ben)

    def add(self, somebody: Person, role: str = "learner") -> Person:
        """One more member."""
        workspace_services.add_member(actor=self.ana, workspace=self.workspace, person=somebody, role=role)
        return somebody

    def channel(self, slug: str, *people: Person, **fields: Any) -> Channel:
        """One more channel of Ana's."""
        made = channel_services.create_channel(
            actor=self.ana, workspace=self.workspace, name=slug.capitalize(), slug=slug, **fields
        )
        if people:
            channel_services.add_people(actor=self.ana, channel=made, person_ids=[one.pk for one in people])
        return made

    def say(self, somebody: Person, body: str, **fields: Any) -> PostState:
        """One post in the chatter."""
        seat = channel_access.channel(somebody, fields.pop("channel", self.chatter).pk)
        return post_services.post(actor=somebody, seat=seat, body=body, **fields)[0]

    def script(self, somebody: Person, *scopes: str) -> Script:
        """A program of theirs."""
        return Script(token(somebody, *scopes))

    def furnish(self) -> dict[str, list[str]]:
        """Something of every kind. Answers what there is, by the name of a path's part or a body's field.

        What most can be done with stands there more than once.
        """
        tomorrow = now() + timedelta(days=1)
        group = workspace_services.create_group(actor=self.ana, workspace=self.workspace, name="Team", slug="team")
        workspace_services.set_group_members(actor=self.ana, group=group, person_ids=[self.ben.pk])
        invitation, _secret = workspace_services.create_invitation(
            actor=self.ana, workspace=self.workspace, role="learner", expires_at=tomorrow
        )
        attic = self.channel("attic")
        channel_services.archive_channel(actor=self.ana, channel=attic)
        secret = self.channel("secret", visibility="private")
        direct = channel_services.open_direct(actor=self.ana, workspace=self.workspace, person_ids=[self.ben.pk])
        root = self.say(self.ana, "A root, *well*")
        answer = self.say(self.ben, "An answer", root_id=root.id)
        gone = self.say(self.ana, "Gone soon")
        seat = channel_access.channel(self.ana, self.chatter.pk)
        _delete(self.ana, gone.id)
        loose, shown = (self._file(name) for name in ("loose.txt", "shown.txt"))
        held = self.say(self.ana, "With a file", file_ids=[shown])
        post_services.save_draft(actor=self.ana, seat=seat, body="half")
        roster = enrolment_services.open_source(actor=self.ana, workspace=self.workspace, name="roster", kind=Kind.REST)
        enrolment_services.enrol(source=roster, people=[Entry("1", email="one@example.org")], mode=Mode.MERGE)
        campus = enrolment_services.open_system(kind=Kind.OPENEDX, name="Campus", issuer="https://lms.example.org")
        System.objects.update(is_open=True)
        rule = enrolment_services.write_rule(
            actor=self.ana, workspace=self.workspace, draft=Draft(name="Cooks", system_id=campus.pk)
        )
        later = post_services.schedule(actor=self.ana, seat=seat, body="later", send_at=tomorrow)
        ids: dict[str, list[UUID]] = {
            "channel_id": [self.chatter.pk, self.chatter.pk, self.chatter.pk, secret.pk, direct.pk, attic.pk],
            "post_id": [root.id, answer.id, held.id, gone.id],
            "person_id": [self.ben.pk, self.ben.pk, self.ana.pk, self.otto.pk],
            "file_id": [loose, shown],
            "group_id": [group.pk],
            "invitation_id": [invitation.pk],
            "scheduled_id": [later.pk],
            "rule_id": [rule.pk],
            "system_id": [campus.pk],
            "token_id": [self.ana.access_tokens.get().pk],
        }
        words = {"slug": ["course"], "group": ["team"], "emoji": ["👍", ":tada:"], "send_at": [tomorrow.isoformat()]}
        return {name: [str(value) for value in values] for name, values in ids.items()} | words

    def _file(self, name: str) -> UUID:
        content = io.BytesIO(f"Words of {name}".encode())
        return post_services.upload_file(actor=self.ana, name=name, stream=content).pk


def _delete(actor: Person, post_id: UUID) -> None:
    from tertulia.posts import access

    post, seat = access.post(actor, post_id)
    post_services.delete(actor=actor, post=post, seat=seat)
