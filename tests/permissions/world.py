"""The house in which everybody tries every door: one person for each role, one outsider, one visitor."""

from __future__ import annotations

import io
from datetime import timedelta
from urllib.parse import urlencode
from uuid import UUID

from django.test import Client

from tertulia.channels import access as channel_access
from tertulia.channels import services as channel_services
from tertulia.channels.access import Seat
from tertulia.channels.models import Channel, Visibility
from tertulia.enrolments import services as enrolment_services
from tertulia.enrolments.models import Kind
from tertulia.enrolments.records import Draft, Entry, Mode
from tertulia.enrolments.services.questions import Wording
from tertulia.integrations.lti.models import Context, DeepLinking, Grade, Placement, Runner, Target
from tertulia.integrations.lti.services.platforms import add_platform, make_registration_link
from tertulia.integrations.openedx.models import Fetch, State
from tertulia.integrations.openedx.services.connections import add_connection, new_webhook_secret
from tertulia.kernel.clock import now
from tertulia.people import services as people_services
from tertulia.people.models import AccessToken, Person
from tertulia.people.scopes import SCOPES
from tertulia.posts import access as post_access
from tertulia.posts import services as post_services
from tertulia.posts.models import Post
from tertulia.workspaces import services as workspace_services
from tertulia.workspaces.models import Joining, Role

ROLES = tuple(str(role) for role in Role)
VISITOR = "visitor"
OUTSIDER = "outsider"
EVERYBODY = (*ROLES, OUTSIDER, VISITOR)


class World:
    """`ids` fills the addresses of the table; `client` and `headers` let somebody knock."""

    def __init__(self) -> None:
        self.people = {name: self._person(name) for name in (*ROLES, OUTSIDER, "spare", "banned", "asker")}
        people = self.people
        owner, learner, instructor = people["owner"], people["learner"], people["instructor"]
        people["placeholder"] = people_services.create_placeholder(display_name="Placeholder", handle="placeholder")
        Person.objects.filter(pk__in=[owner.pk, people[OUTSIDER].pk]).update(is_owner=True)
        for one in (owner, people[OUTSIDER]):
            one.refresh_from_db()
        self.workspace = workspace_services.create_workspace(
            actor=owner, slug="house", name="House", template="blank", joining=Joining.REQUEST
        )
        self.other = workspace_services.create_workspace(
            actor=people[OUTSIDER], slug="elsewhere", name="Elsewhere", template="blank"
        )
        for role in ROLES[1:]:
            workspace_services.add_member(actor=owner, workspace=self.workspace, person=people[role], role=role)
        workspace_services.add_member(actor=owner, workspace=self.workspace, person=people["placeholder"], quiet=True)
        for name in ("spare", "banned"):
            workspace_services.add_member(actor=owner, workspace=self.workspace, person=people[name], role="learner")
        workspace_services.ban(actor=owner, workspace=self.workspace, person=people["banned"], reason="Test")
        workspace_services.ask_to_join(actor=people["asker"], workspace=self.workspace, message="Please")
        group = workspace_services.create_group(actor=owner, workspace=self.workspace, name="Cohort", slug="cohort")
        workspace_services.set_group_members(actor=owner, group=group, person_ids=[learner.pk])
        invitation, secret = workspace_services.create_invitation(actor=owner, workspace=self.workspace, role="learner")

        members = [people[role].pk for role in ROLES[1:-1]] + [people["spare"].pk]
        lounge = self._channel(owner, "lounge")
        channel_services.add_people(actor=owner, channel=lounge, person_ids=members)
        given = self._channel(owner, "given")
        channel_services.add_people(actor=owner, channel=given, person_ids=[*members, people["guest"].pk])
        secret_channel = self._channel(instructor, "secret", visibility=Visibility.PRIVATE)
        channel_services.add_people(
            actor=instructor, channel=secret_channel, person_ids=[learner.pk, people["spare"].pk]
        )
        attic = self._channel(owner, "attic")
        channel_services.archive_channel(actor=owner, channel=attic)
        grouped = self._channel(owner, "grouped")
        channel_services.add_group(actor=owner, channel=grouped, group=group)
        free = self._channel(owner, "free")
        direct = channel_services.open_direct(actor=learner, workspace=self.workspace, person_ids=[instructor.pk])

        post = self._post(learner, lounge, "Mine")
        reply = self._post(people["mentor"], lounge, "Ours", root_id=post)
        edited = self._post(learner, lounge, "Once")
        self._change(learner, edited, "edit", body="Twice")
        hidden = self._post(learner, secret_channel, "Only us")
        whisper = self._post(learner, direct, "Psst")
        gone = self._post(learner, lounge, "Gone")
        self._change(learner, gone, "delete")
        file = post_services.upload_file(actor=learner, name="a.txt", stream=io.BytesIO(b"words"))
        loose = post_services.upload_file(actor=learner, name="b.txt", stream=io.BytesIO(b"more words"))
        attached = self._post(learner, lounge, "With a file", file_ids=[file.pk])
        seat = self._seat(learner, lounge)
        scheduled = post_services.schedule(actor=learner, seat=seat, body="later", send_at=now() + timedelta(days=1))
        draft = post_services.save_draft(actor=learner, seat=seat, body="half")
        assert draft is not None
        token, _raw = people_services.create_token(actor=learner, name="a", scopes=["profile:read"], expires_at=None)

        self.ids = {
            "lounge": lounge.pk, "given": given.pk, "secret": secret_channel.pk, "attic": attic.pk, "free": free.pk,
            "grouped": grouped.pk, "direct": direct.pk, "direct_slug": direct.slug, "group": group.pk,
            "post": post, "reply": reply, "edited": edited, "hidden": hidden, "whisper": whisper, "gone": gone,
            "attached": attached, "file": file.pk, "loose": loose.pk, "draft": draft.pk, "scheduled": scheduled.pk,
            "tomorrow": (now() + timedelta(days=1)).isoformat(),
            **self._enrolments(owner),
            "invitation": invitation.pk, "invitation_secret": secret, "token": token.pk,
            "identity": self._identity(learner, owner),
            **self._tool(learner),
            **{name: person.pk for name, person in people.items()},
            **self._lti(instructor),
            **self._openedx(),
        }  # fmt: skip
        self.clients = {name: self._client(name) for name in EVERYBODY}
        self.tokens = {
            name: people_services.create_token(actor=people[name], name="all", scopes=sorted(SCOPES), expires_at=None)[
                1
            ]
            for name in EVERYBODY
            if name != VISITOR
        }
        bare, self.bare_token = people_services.create_token(
            actor=owner, name="none", scopes=["profile:read"], expires_at=None
        )
        AccessToken.objects.filter(pk=bare.pk).update(scopes=[])

    def _lti(self, instructor: Person) -> dict[str, object]:
        """An LMS that OUTSIDER, who owns the installation, let in, and its course, which the instructor runs there."""
        owner = self.people[OUTSIDER]
        platform = add_platform(
            actor=owner,
            name="School",
            issuer="https://lms.example.org",
            client_id="tertulia",
            auth_url="https://lms.example.org/auth",
            jwks_url="https://lms.example.org/jwks",
        )
        course = Context.objects.create(
            platform=platform, deployment_id="1", context_id="c", title="Baking", workspace=self.workspace
        )
        Runner.objects.create(context=course, person=instructor)
        choice = DeepLinking.objects.create(
            context=course, person=instructor, return_url="https://lms.example.org/", expires_at=now() + timedelta(1)
        )
        return {
            "platform": platform.pk,
            "course": course.pk,
            "grade": Grade.objects.create(context=course, label="Taking part").pk,
            "choice": choice.pk,
            "placement": Placement.objects.create(context=course, target=Target.WORKSPACE).pk,
            "registration": make_registration_link(actor=owner),
        }

    def _openedx(self) -> dict[str, object]:
        """A platform that cannot be reached, with a course whose roster asks somebody to confirm it."""
        owner = self.people[OUTSIDER]
        connection = add_connection(
            actor=owner, name="Campus", address="http://127.0.0.1:9", client_id="a", client_secret="b", follow=["c+d"]
        )
        course = connection.courses.get()
        Fetch.objects.create(course=course, state=State.ASKING, began_at=now(), beat_at=now())
        secret = new_webhook_secret(actor=owner, connection=connection)
        return {"edx": connection.pk, "edx_course": course.pk, "edx_secret": secret}

    def _enrolments(self, owner: Person) -> dict[str, UUID]:
        source = enrolment_services.open_source(actor=owner, workspace=self.workspace, name="roster", kind=Kind.FILE)
        someone = [Entry(external_id="1", email="enrolled@example.org")]
        enrolment_services.enrol(source=source, people=someone, mode=Mode.MERGE, actor=owner)
        uploaded = enrolment_services.keep_list(actor=owner, source=source, people=someone, mode=Mode.MERGE)
        system = enrolment_services.open_system(kind=Kind.OPENEDX, name="Campus", issuer="https://lms.example.org")
        drafts = Draft(name="Rule", system_id=system.pk), Draft(name="Making", per="course")
        rule = enrolment_services.write_rule(actor=owner, workspace=self.workspace, draft=drafts[0])
        making = enrolment_services.write_rule(actor=owner, workspace=None, draft=drafts[1])
        wording = Wording(title="Which track?", word="Track", choices=["Design", "Code"])
        question = enrolment_services.ask(actor=owner, workspace=self.workspace, wording=wording)
        return {
            "source": source.pk,
            "run": source.runs.get().pk,
            "uploaded": uploaded.pk,
            "system": system.pk,
            "rule": rule.pk,
            "making": making.pk,
            "question": question.pk,
        }

    def _identity(self, person: Person, owner: Person) -> UUID:
        people_services.add_provider(actor=owner, kind="oidc", name="Campus")
        return people_services.link(actor=person, issuer="https://campus.example", subject="learner", email="").pk

    def _tool(self, person: Person) -> dict[str, object]:
        back = "https://wiki.example.org/back"
        tool, _secret = people_services.add_tool(actor=self.people[OUTSIDER], name="Wiki", redirect_uris=[back])
        asking = {"client_id": tool.pk, "redirect_uri": back, "response_type": "code", "scope": "openid"}
        pkce = {"code_challenge": "x" * 43, "code_challenge_method": "S256"}
        consent = people_services.allow(actor=person, client=tool, scopes=["openid"])
        return {"tool": tool.pk, "consent": consent.pk, "asking": urlencode(asking | pkce)}

    def _person(self, name: str) -> Person:
        return people_services.create_person(
            email=f"{name}@example.org", handle=name, display_name=name.capitalize(), verified=True
        )

    def _channel(self, actor: Person, slug: str, visibility: Visibility = Visibility.PUBLIC) -> Channel:
        return channel_services.create_channel(
            actor=actor, workspace=self.workspace, name=slug.capitalize(), slug=slug, visibility=visibility
        )

    def _seat(self, person: Person, channel: Channel) -> Seat:
        return channel_access.channel(person, channel.pk)

    def _post(
        self,
        author: Person,
        channel: Channel,
        body: str,
        root_id: UUID | None = None,
        file_ids: list[UUID] | None = None,
    ) -> UUID:
        state, _created = post_services.post(
            actor=author, seat=self._seat(author, channel), body=body, root_id=root_id, file_ids=file_ids or []
        )
        return state.id

    def _change(self, actor: Person, post_id: UUID, verb: str, **words: str) -> Post:
        post, seat = post_access.post(actor, post_id)
        getattr(post_services, verb)(actor=actor, post=post, seat=seat, **words)
        return post

    def _client(self, name: str) -> Client:
        client = Client()
        if name != VISITOR:
            client.force_login(self.people[name], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client
