"""A course whose gradebook we may use, and learners who contribute."""

from __future__ import annotations

import uuid
from typing import Any

from django.test import Client

from tertulia.channels import access as channel_access
from tertulia.channels import services as channels
from tertulia.channels.models import Channel
from tertulia.integrations.lti import jobs
from tertulia.integrations.lti.models import Context, Grade, Link, Score
from tertulia.integrations.lti.services import courses, grades
from tertulia.posts import services as posts

from .gradebook import ALL
from .platform import INSTRUCTOR, LEARNER, FakePlatform, Response, begin, end
from .world import World

AGS = "https://purl.imsglobal.org/spec/lti-ags/claim/endpoint"


class Class:
    """Ida's course, in which three learners may talk in `hall`, and a unit that has a thread there."""

    def __init__(self, world: World, fake: FakePlatform, **claim: Any) -> None:
        self.world, self.fake, self.claim = world, fake, claim
        self.hall: Channel = channels.create_channel(actor=world.ida, workspace=world.workspace, name="Hall")
        courses.change_course(
            actor=world.ida, context=world.context, unit_channel=self.hall.pk, channel_ids=[self.hall.pk], groups=[],
            role_map={},
        )  # fmt: skip
        self.launch("ida", roles=[INSTRUCTOR])
        for name in ("ana", "ben", "eva"):
            self.launch(name)

    def launch(self, subject: str, *, roles: tuple[str, ...] | list[str] = (LEARNER,), **changes: Any) -> Response:
        """They open the unit."""
        browser = Client()
        begun = begin(browser, self.fake)
        claims = self.fake.claims(begun.nonce, sub=subject, name=subject.capitalize(), roles=list(roles), **changes)
        if self.claim.get("scopes", ALL):
            claims[AGS] = self.fake.gradebook.claim(self.fake.url, **self.claim)
        return end(browser, begun, self.fake.sign(claims))

    @property
    def context(self) -> Context:
        """As it is now."""
        return Context.objects.select_related("platform", "workspace").get(pk=self.world.context.pk)

    @property
    def link(self) -> Link:
        """The unit."""
        return Link.objects.get(context=self.world.context, resource_link_id="link-1")

    def say(
        self, who: str, words: str, *, root_id: uuid.UUID | None = None, channel: Channel | None = None
    ) -> uuid.UUID:
        """A post of theirs."""
        person = self.world.person(who)
        seat = channel_access.channel(person, (channel or self.hall).pk)
        state, _new = posts.post(actor=person, seat=seat, body=words, root_id=root_id)
        return state.id

    def grade(self, **changes: Any) -> Grade:
        """Two contributions of three words in the hall give ten points, in a column of its own."""
        wanted: dict[str, Any] = {
            "link_id": None, "channel_ids": [self.hall.pk], "label": "Talking", "maximum": 10, "wanted": 2,
            "fewest_words": 3,
        }  # fmt: skip
        return grades.open_grade(actor=self.world.ida, context=self.context, **{**wanted, **changes})

    def count(self) -> dict[str, int]:
        """What the job counts."""
        jobs.count_grades(0)
        scores = Score.objects.select_related("grade__context")
        subjects = {score.subject: score.counted for score in scores}
        return dict(sorted(subjects.items()))

    def send(self, grade: Grade) -> None:
        """What the job sends."""
        self.count()
        jobs.send_scores(str(grade.pk))

    def heard(self) -> dict[str, float]:
        """What the gradebook holds: subject -> points."""
        return {who: score["scoreGiven"] for (_column, who), score in self.fake.gradebook.scores.items()}
