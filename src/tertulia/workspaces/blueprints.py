"""The templates of workspaces, as data: what each starts with. `channels` makes the channels on WorkspaceCreated.

(Not named templates.py: that folder holds HTML.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tertulia.workspaces.models import Role, Template

# Translated when the workspace is made: its channels are in its creator's language.
Text = str | Promise


@dataclass(frozen=True)
class ChannelPlan:
    """A channel that a new workspace starts with; a default one takes in every new member."""

    name: Text
    slug: str
    purpose: Text
    posting: Literal["everyone", "staff"] = "everyone"
    is_default: bool = True


@dataclass(frozen=True)
class Blueprint:
    """One template: what it is for, a question that draws out a good goal, roles to fill, first channels."""

    description: Text
    goal_prompt: Text
    goal_example: Text
    roles: tuple[Role, ...]
    channels: tuple[ChannelPlan, ...]


def _announcements(purpose: Text) -> ChannelPlan:
    return ChannelPlan(_("announcements"), "announcements", purpose, posting="staff")


_INTRODUCTIONS = ChannelPlan(
    _("introductions"), "introductions", _("Say hello: who you are, where you are, what you hope to learn.")
)
_CHATTER = ChannelPlan(_("chatter"), "chatter", _("Anything and everything. Come in, sit down, talk."))
_QUESTIONS = ChannelPlan(
    _("q&a"), "q-and-a", _("Ask anything about the material. No question is too small; answer when you can.")
)
_TECH_ISSUES = ChannelPlan(
    _("tech-issue-reports"),
    "tech-issue-reports",
    _("Something does not work? Say what you did, what you expected and what happened instead."),
)

BLUEPRINTS: Mapping[Template, Blueprint] = {
    Template.COURSE: Blueprint(
        description=_("One course or tutorial: announcements, questions, help when things break."),
        goal_prompt=_("What will people be able to do at the end of this course?"),
        goal_example=_("Learn enough Python in six weeks to automate one boring task of your own."),
        roles=(Role.INSTRUCTOR, Role.MODERATOR, Role.MENTOR, Role.LEARNER),
        channels=(
            _announcements(_("News from the instructors: dates, material, changes.")),
            _INTRODUCTIONS,
            _CHATTER,
            _QUESTIONS,
            _TECH_ISSUES,
        ),
    ),
    Template.PLATFORM: Blueprint(
        description=_("A whole learning platform: everybody on it, across all courses."),
        goal_prompt=_("What brings all learners of this platform together?"),
        goal_example=_("Where everyone who learns with us meets, helps each other and finds study partners."),
        roles=(Role.OPERATIONS, Role.MODERATOR, Role.MENTOR, Role.LEARNER),
        channels=(
            _announcements(_("News of the platform: new courses, maintenance, events.")),
            _INTRODUCTIONS,
            _CHATTER,
            ChannelPlan(
                _("study-partners"), "study-partners", _("Find people to learn with: say what you study and when.")
            ),
            ChannelPlan(
                _("show-and-tell"), "show-and-tell", _("Show what you made, finished or not. Be kind and curious.")
            ),
            ChannelPlan(
                _("ideas"), "ideas", _("What should the platform do better? One idea a message."), is_default=False
            ),
            _TECH_ISSUES,
        ),
    ),
    Template.SEGMENT: Blueprint(
        description=_("Learners who have something in common: a language, a city, a profession, a level."),
        goal_prompt=_("Who is this for, and what do they want together?"),
        goal_example=_("Nurses who learn statistics after their shifts, at a pace that survives night duty."),
        roles=(Role.OPERATIONS, Role.MODERATOR, Role.MENTOR, Role.LEARNER),
        channels=(
            _announcements(_("News for this group.")),
            _INTRODUCTIONS,
            _CHATTER,
            _QUESTIONS,
            ChannelPlan(_("meet-ups"), "meet-ups", _("Plan to meet, online or in person."), is_default=False),
        ),
    ),
    Template.COMPANY: Blueprint(
        description=_("People who learn at one company: teams, onboarding, certificates."),
        goal_prompt=_("What should people here learn, and how will the company notice?"),
        goal_example=_("Every team has somebody who can review a data-protection question by spring."),
        roles=(Role.OPERATIONS, Role.INSTRUCTOR, Role.MENTOR, Role.LEARNER),
        channels=(
            _announcements(_("News from the people who run learning here.")),
            _INTRODUCTIONS,
            ChannelPlan(_("general"), "general", _("Talk about work and learning.")),
            _QUESTIONS,
            ChannelPlan(_("good-reads"), "good-reads", _("Articles, talks and courses worth a colleague's time.")),
            ChannelPlan(
                _("certificates"), "certificates", _("Plan and prepare for certificates together."), is_default=False
            ),
        ),
    ),
    Template.BLANK: Blueprint(
        description=_("One channel and nothing else; build the rest yourself."),
        goal_prompt=_("What is this community for?"),
        goal_example=_("Twelve people who read one paper a week and talk about it."),
        roles=(Role.LEARNER,),
        channels=(ChannelPlan(_("general"), "general", _("Talk about anything.")),),
    ),
}
