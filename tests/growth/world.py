"""A community that grows: each `grow` gives it as much again of everything that a list may show."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tertulia.channels import access as channel_access
from tertulia.channels import services as channels
from tertulia.channels.models import Channel
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Kind, Question
from tertulia.enrolments.records import Draft, Entry, Mode, Registered
from tertulia.enrolments.services.questions import Wording
from tertulia.integrations.lti import gradebook
from tertulia.integrations.lti.models import (
    Context,
    Grade,
    Learner,
    Link,
    Platform,
    RosterFetch,
    Score,
)
from tertulia.kernel.clock import now
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.people.scopes import SCOPES
from tertulia.posts import access as post_access
from tertulia.posts import services as posts
from tertulia.posts.models import Post
from tertulia.workspaces import access
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Group, Joining

ROLES = ("learner", "mentor", "moderator")
SOME = 3


def person(handle: str) -> Person:
    """Somebody with a verified account, findable by the name."""
    return people.create_person(
        email=f"{handle}@example.org",
        handle=handle,
        display_name=f"Some {handle}",
        verified=True,
        is_owner=handle == "ana",
    )


class Growing:
    """Ana's workspace. What is looked at by itself - a thread, a group, an edited post - is there from the start."""

    def __init__(self) -> None:
        self.size = 0
        self.ana = person("ana")
        self.workspace = workspaces.create_workspace(
            actor=self.ana, slug="course", name="Course", template="course", joining=Joining.REQUEST
        )
        self.chatter = self._channel("hall")
        self.group = workspaces.create_group(actor=self.ana, workspace=self.workspace, name="Whole", slug="whole")
        self.root = self._say(self.ana, "The root")
        self.edited = self._say(self.ana, "Once")
        self.client = Client()
        self.client.force_login(self.ana, backend="allauth.account.auth_backends.AuthenticationBackend")
        self.token = people.create_token(actor=self.ana, name="script", scopes=list(SCOPES), expires_at=None)[1]
        self.members: list[Person] = []
        self.source = enrolments.open_source(
            actor=self.ana, workspace=self.workspace, name="Some roster", kind=Kind.REST
        )
        self.question: Question | None = None
        self.platform = self._platform()
        self.course = self._course("1")
        self.grade = Grade.objects.create(context=self.course, label="Some grade", channels=[self.chatter.pk])

    def names(self) -> dict[str, str]:
        """What fills the parts of addresses."""
        return {
            "channel": str(self.chatter.pk),
            "root": str(self.root),
            "edited": str(self.edited),
            "person": str(self.members[0].pk),
            "handle": self.members[0].handle,
            "source": str(self.source.pk),
            "run": str(self.source.runs.latest("id").pk),
            "uploaded": str(self.uploaded.pk),
            "course": str(self.course.pk),
            "grade": str(self.grade.pk),
            "rule": str(self.rule.pk),
            "question": str(self.question.pk) if self.question else "",
        }

    def grow(self) -> None:
        """As much again of everything."""
        numbers = range(self.size, self.size + SOME)
        self.size += SOME
        new = [person(f"p{number}") for number in numbers]
        self.members += new
        for number, one in zip(numbers, new, strict=True):
            role = ROLES[number % len(ROLES)]
            workspaces.add_member(actor=self.ana, workspace=self.workspace, person=one, role=role)
        everybody = [one.pk for one in self.members]
        channels.add_people(actor=self.ana, channel=self.chatter, person_ids=[one.pk for one in new])
        workspaces.set_group_members(actor=self.ana, group=self.group, person_ids=everybody)
        for number, one in zip(numbers, new, strict=True):
            self._grow_workspaces(number, one)
            self._grow_channels(number, one, new)
            self._grow_posts(number, one)
        self._grow_enrolments()
        for number in numbers:
            self._grow_rules(number)
        for one in new:
            self._answer(one)
        self._grow_courses(numbers, new)
        for one in new:
            self._grow_own(one)  # last, because nobody can begin to write to those they block

    def _grow_workspaces(self, number: int, one: Person) -> None:
        mine = workspaces.create_workspace(
            actor=self.ana, slug=f"mine{number}", name=f"Some mine {number}", template="blank", joining=Joining.OPEN
        )
        workspaces.add_member(actor=self.ana, workspace=mine, person=one, role="learner")
        theirs = workspaces.create_workspace(
            actor=self.ana, slug=f"theirs{number}", name=f"Theirs {number}", template="blank", joining=Joining.OPEN
        )
        workspaces.add_member(actor=self.ana, workspace=theirs, person=one, role="owner")
        workspaces.leave(actor=self.ana, workspace=theirs)
        group = workspaces.create_group(
            actor=self.ana, workspace=self.workspace, name=f"Group {number}", slug=f"g{number}"
        )
        workspaces.set_group_members(actor=self.ana, group=group, person_ids=[one.pk])
        self._bring_in(group)
        workspaces.create_invitation(actor=self.ana, workspace=self.workspace, expires_at=now() + timedelta(days=1))
        workspaces.create_invitation(
            actor=self.ana,
            workspace=self.workspace,
            email=f"nobody{number}@example.org",
            expires_at=now() + timedelta(days=1),
        )
        workspaces.ask_to_join(actor=person(f"asker{number}"), workspace=self.workspace, message="Please")
        banned = person(f"banned{number}")
        workspaces.add_member(actor=self.ana, workspace=self.workspace, person=banned, role="learner")
        workspaces.ban(actor=self.ana, workspace=self.workspace, person=banned, reason="Noise")

    def _bring_in(self, group: Group) -> None:
        channels.add_group(actor=self.ana, channel=self.chatter, group=group)

    def _grow_enrolments(self) -> None:
        for number in range(self.size - SOME, self.size):
            enrolments.open_source(actor=self.ana, workspace=self.workspace, name=f"Some {number}", kind=Kind.FILE)
            entries = [Entry(f"{number}-{who}", email=f"e{number}-{who}@example.org") for who in range(self.size)]
            enrolments.enrol(source=self.source, people=entries, mode=Mode.MERGE, actor=self.ana)
        later = [Entry(f"later{who}", email=f"later{who}@example.org") for who in range(self.size)]
        self.uploaded = enrolments.keep_list(actor=self.ana, source=self.source, people=later, mode=Mode.MERGE)

    def _grow_rules(self, number: int) -> None:
        system = enrolments.open_system(kind=Kind.OPENEDX, name=f"Some platform {number}", issuer=f"https://{number}")
        facts = {Key.COURSE: [f"some-{number}"], Key.RUN: [f"some-{number}-{run}" for run in range(self.size)]}
        told = [Registered(subject=f"s{who}", scope="some", facts=facts) for who in range(self.size)]
        enrolments.tell(system=system, people=told)
        enrolments.lend_system(actor=self.ana, system=system, is_open=False, workspaces=[self.workspace])
        draft = Draft(name=f"Some rule {number}", conditions=[(Key.COURSE, [f"some-{number}"])], system_id=system.pk)
        self.rule = enrolments.write_rule(actor=self.ana, workspace=self.workspace, draft=draft)
        wide = Draft(name=f"Some wide rule {number}", conditions=draft.conditions, per=Key.COURSE)
        enrolments.write_rule(actor=self.ana, workspace=None, draft=wide)
        choices = [f"Some {choice}" for choice in range(self.size)]
        wording = Wording(title=f"Some question {number}", word=f"q{number}", choices=choices, staff_see=True)
        question = enrolments.ask(actor=self.ana, workspace=self.workspace, wording=wording)
        self.question = self.question or question

    def _answer(self, one: Person) -> None:
        assert self.question is not None
        said = {self.question.pk: ["Some 0"]}
        enrolments.answer(actor=one, place=access.workspace(one, "course"), said=said)

    def _platform(self) -> Platform:
        return Platform.objects.create(name="Some LMS", issuer="https://lms.example", client_id="1")

    def _course(self, number: str) -> Context:
        ags = {"scopes": [gradebook.LINE_ITEM, gradebook.SCORE], "line_items": "https://lms.example/items"}
        return Context.objects.create(
            platform=self.platform,
            deployment_id="1",
            context_id=number,
            workspace=self.workspace,
            nrps_url="https://lms.example/roster",
            ags=ags,
        )

    def _grow_courses(self, numbers: range, people: Sequence[Person]) -> None:
        for number, one in zip(numbers, people, strict=True):
            self._course(f"some {number}")
            RosterFetch.objects.create(context=self.course, state=RosterFetch.State.DONE)
            Learner.objects.create(context=self.course, person=one, subject=f"some {number}")
            Score.objects.create(grade=self.grade, person=one, subject=f"some {number}", counted=1)
            Link.objects.create(
                context=self.course, resource_link_id=f"some {number}", title=f"Some {number}", ags=self.course.ags
            )
            grade = Grade.objects.create(context=self.course, label=f"Some {number}", channels=[self.chatter.pk])
            Score.objects.create(grade=grade, person=self.ana, subject="ana", counted=1, sent_at=now())

    def _grow_channels(self, number: int, one: Person, others: Sequence[Person]) -> None:
        for kind in ("loved", "joined", "archived", "free"):
            made = self._channel(f"{kind}{number}")
            channels.add_people(actor=self.ana, channel=made, person_ids=[other.pk for other in others])
            self._say(one, "Hear, @ana", channel=made)
            if kind == "loved":
                channels.set_preferences(actor=self.ana, channel=made, favourite=True)
            elif kind == "archived":
                channels.archive_channel(actor=self.ana, channel=made)
            elif kind == "free":
                channels.set_manager(actor=self.ana, channel=made, person_id=one.pk, is_manager=True)
                channels.leave(actor=self.ana, channel=made)
        for ids in ([one.pk], [other.pk for other in others if other != one]):
            direct = channels.open_direct(actor=self.ana, workspace=self.workspace, person_ids=ids)
            self._say(self.ana, "Psst", channel=direct)
            posts.save_draft(actor=self.ana, seat=channel_access.channel(self.ana, direct.pk), body="half")

    def _grow_posts(self, number: int, one: Person) -> None:
        file = posts.upload_file(actor=one, name=f"{number}.txt", stream=io.BytesIO(b"Words %d" % number))
        said = self._say(one, f"Number {number} for @ana and #hall", file_ids=[file.pk])
        self._say(one, "A reply", root_id=said)
        self._say(self.ana, "My reply", root_id=said)
        self._say(one, "To the root", root_id=self.root)
        found, seat = self._post(said)
        posts.pin(actor=self.ana, post=found, seat=seat)
        posts.save(actor=self.ana, post=found)
        for post_id in (said, self.root):
            found, _seat = self._post(post_id)
            theirs = channel_access.channel(one, self.chatter.pk)
            posts.react(actor=one, post=found, seat=theirs, emoji="👍")
            posts.react(actor=one, post=found, seat=theirs, emoji=["🎉", "👀", "🙏", "😀", "🚀", "🔥"][number])
        found, seat = self._post(self.edited)
        posts.edit(actor=self.ana, post=found, seat=seat, body=f"Once {number}")
        tomorrow = now() + timedelta(days=1)
        posts.schedule(actor=self.ana, seat=seat, body=f"Later {number}", send_at=tomorrow)
        posts.save_draft(actor=self.ana, seat=seat, body="half", root_id=said)

    def _grow_own(self, one: Person) -> None:
        people.create_token(actor=self.ana, name=f"for {one.handle}", scopes=["posts:read"], expires_at=None)
        tool, _secret = people.add_tool(
            actor=self.ana, name=f"Wiki of {one.handle}", redirect_uris=["https://x.example/"]
        )
        people.allow(actor=self.ana, client=tool, scopes=["openid"])
        people.block(actor=self.ana, person=one)
        session = SessionStore()
        session.create()
        assert session.session_key is not None
        UserSession.objects.create(user=self.ana, session_key=session.session_key, ip="192.0.2.1", user_agent="Some")

    def measure(self, url: str) -> tuple[int, list[str]]:
        """What reading an address costs: its bytes, and the queries."""
        headers = {"Authorization": f"Bearer {self.token}"} if url.startswith("/api/") else {}
        client = Client() if headers else self.client
        address = url.format(**self.names())
        client.get(address, headers=headers)  # what is noted now and then is noted now
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address, headers=headers)
        assert response.status_code == 200, (address, response.status_code)
        return len(response.content), [query["sql"] for query in queries.captured_queries]

    def _channel(self, slug: str) -> Channel:
        return channels.create_channel(actor=self.ana, workspace=self.workspace, name=f"Some {slug}", slug=slug)

    def _say(
        self,
        author: Person,
        body: str,
        channel: Channel | None = None,
        root_id: UUID | None = None,
        file_ids: Sequence[UUID] = (),
    ) -> UUID:
        seat = channel_access.channel(author, (channel or self.chatter).pk)
        state, _created = posts.post(actor=author, seat=seat, body=body, root_id=root_id, file_ids=file_ids)
        return state.id

    def _post(self, post_id: UUID) -> tuple[Post, channel_access.Seat]:
        return post_access.post(self.ana, post_id)
