"""The permission table: every page and every REST operation, and who may.

`who` may (and gets less than 400); other members get `denied`; the outsider gets 404 and a visitor is asked to sign in,
unless the row says otherwise. Addresses are filled from `World.ids`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .world import EVERYBODY, OUTSIDER

LEAD = frozenset({"owner", "operations"})
TEACH = LEAD | {"instructor"}
STAFF = TEACH | {"moderator"}
HELP = STAFF | {"mentor"}
MEMBERS = HELP | {"learner"}
ALL = MEMBERS | {"guest"}
ANYBODY = ALL | {OUTSIDER}
LEARNER = frozenset({"learner"})
PAIR = frozenset({"learner", "instructor"})  # those in the private channel and in the direct conversation
NOBODY: frozenset[str] = frozenset()
OWNERS = frozenset({"owner", OUTSIDER})  # of the installation


@dataclass(frozen=True)
class Door:
    """One row of the table."""

    method: str
    url: str
    who: frozenset[str]
    denied: int = 403
    data: dict[str, Any] = field(default_factory=dict)
    special: dict[str, int] = field(default_factory=dict)
    """Who gets another status than the row's rule says."""

    def __str__(self) -> str:
        return f"{self.method} {self.url}"


GUEST = {"guest": 404}  # who has not been given the channel does not know of it
H = "/w/house"
C = "/w/house/c/lounge"
S = "/w/house/c/secret"

PAGES = [
    # people
    Door("GET", "/", ANYBODY, special={"visitor": 200}),
    Door("GET", "/welcome", NOBODY, 404, special={"visitor": 404}),
    Door("GET", "/people/{learner}/picture", ANYBODY),
    Door("GET", "/people/learner", ALL),
    Door("POST", "/people/learner/block", ALL - {"learner"}, special={"learner": 422}),
    Door("POST", "/people/learner/unblock", ALL, special={"outsider": 404}),
    Door("GET", "/people/placeholder/hand-over", frozenset({"owner"}), 404),
    Door("GET", "/settings", ANYBODY),
    Door("POST", "/settings/picture/remove", ANYBODY),
    Door("GET", "/settings/preferences", ANYBODY),
    Door("POST", "/settings/door", ANYBODY, data={"open": "1"}),
    Door("GET", "/settings/tokens", ANYBODY),
    Door("POST", "/settings/tokens/{token}/revoke", LEARNER, 404),
    Door("GET", "/settings/blocks", ANYBODY),
    Door("GET", "/settings/sign-in", ANYBODY),
    Door("POST", "/settings/sign-in/{identity}/remove", LEARNER, 404),
    Door("GET", "/settings/tools", ANYBODY),
    Door("POST", "/settings/tools/{consent}/take-back", LEARNER, 404),
    Door("GET", "/installation/tools", OWNERS, 404),
    Door("GET", "/installation/tools/new", OWNERS, 404),
    Door("POST", "/installation/tools/rotate", OWNERS, 404),
    Door("GET", "/installation/tools/{tool}", OWNERS, 404),
    Door("POST", "/installation/tools/{tool}/secret", OWNERS, 404),
    Door("POST", "/installation/tools/{tool}/remove", OWNERS, 404),
    # For tools: a session opens none of these but the first two and the last, a tool's own token only its own.
    Door("GET", "/oidc/authorize?{asking}", ANYBODY),
    Door("GET", "/oidc/go-on?{asking}", ANYBODY),
    Door("POST", "/oidc/token", NOBODY, 400, special={"visitor": 400}),
    Door("GET", "/oidc/userinfo", NOBODY, 401, special={"visitor": 401}),
    Door("POST", "/oidc/revoke", NOBODY, 401, data={"token": "x"}, special={"visitor": 401}),
    Door("GET", "/oidc/sign-out", ANYBODY),
    Door("GET", "/.well-known/openid-configuration", ANYBODY, special={"visitor": 200}),
    Door("GET", "/.well-known/jwks.json", ANYBODY, special={"visitor": 200}),
    # Who holds nothing to join or leave is led on.
    Door("GET", "/sign-in/join", ANYBODY),
    Door("GET", "/signed-out", ANYBODY, special={"visitor": 302}),
    Door("GET", "/signed-out/there", ANYBODY, special={"visitor": 302}),
    Door("GET", "/installation", OWNERS, 404),
    Door("GET", "/installation/sign-in", OWNERS, 404),
    Door("GET", "/installation/sign-in/new", OWNERS, 404),
    Door("GET", "/installation/sign-in/campus", OWNERS, 404),
    Door("POST", "/installation/sign-in/campus/try", OWNERS, 404),
    Door("POST", "/installation/sign-in/campus/remove", OWNERS, 404),
    # workspaces
    Door("GET", "/workspaces", ANYBODY),
    Door("GET", "/workspaces/new", frozenset({"owner", OUTSIDER})),
    Door("GET", "/workspaces/house", ANYBODY),
    Door("GET", "/workspaces/elsewhere", NOBODY, 404),  # nothing is told of what is not listed
    Door("GET", "/join/{invitation_secret}", ANYBODY, special={"visitor": 200}),
    Door("GET", H + "/members", MEMBERS),
    Door("GET", H + "/members/{spare}", TEACH | {"moderator"}),
    Door("POST", H + "/members/{spare}/remove", STAFF),
    Door("POST", H + "/members/{spare}/ban", STAFF, data={"reason": "noise"}),
    Door("GET", H + "/bans", STAFF),
    Door("POST", H + "/bans/{banned}/lift", STAFF),
    Door("GET", H + "/requests", STAFF),
    Door("POST", H + "/requests/{asker}", STAFF, data={"decision": "accept"}),
    Door("GET", H + "/leave", ALL),
    Door("GET", H + "/groups", MEMBERS),
    Door("GET", H + "/groups/cohort", MEMBERS),
    Door("POST", H + "/groups/cohort/delete", TEACH),
    Door("POST", H + "/groups/cohort/add/{spare}", TEACH),
    Door("POST", H + "/groups/cohort/remove/{learner}", TEACH),
    Door("GET", H + "/invitations", STAFF),
    Door("POST", H + "/invitations/{invitation}/revoke", STAFF),
    Door("GET", H + "/settings", LEAD),
    Door("POST", H + "/archive", frozenset({"owner"})),
    Door("POST", H + "/restore", frozenset({"owner"})),
    Door("GET", H + "/log", LEAD),
    Door("POST", "/workspaces/house/withdraw", ANYBODY),
    # enrolments
    Door("GET", H + "/enrolments", LEAD),
    Door("GET", H + "/enrolments/{source}", LEAD),
    Door("POST", H + "/enrolments/{source}/delete", LEAD, data={"people": "keep"}),
    Door("GET", H + "/enrolments/runs/{run}", LEAD),
    Door("GET", H + "/enrolments/lists/{uploaded}", frozenset({"owner"}), special={"operations": 404}),
    Door("GET", H + "/enrolments/rules", LEAD),
    Door("GET", H + "/enrolments/rules/new", LEAD),
    Door("POST", H + "/enrolments/rules/preview", LEAD),
    Door("GET", H + "/enrolments/rules/{rule}", LEAD),
    Door("POST", H + "/enrolments/rules/{rule}/preview", LEAD),
    Door("POST", H + "/enrolments/rules/{rule}/switch", LEAD, data={"on": "0"}),
    Door("POST", H + "/enrolments/rules/{rule}/confirm", LEAD),
    Door("POST", H + "/enrolments/rules/{rule}/delete", LEAD, data={"people": "keep"}),
    Door("GET", H + "/questions", ALL),
    Door("POST", H + "/questions/pass", ALL),
    Door("GET", H + "/enrolments/questions", LEAD),
    Door("GET", H + "/enrolments/questions/{question}", LEAD),
    Door("POST", H + "/enrolments/questions/{question}/delete", LEAD),
    Door("GET", "/installation/systems", OWNERS, 404),
    Door("GET", "/installation/systems/{system}", OWNERS, 404),
    Door("GET", "/installation/rules", OWNERS, 404),
    Door("GET", "/installation/rules/new", OWNERS, 404),
    Door("POST", "/installation/rules/preview", OWNERS, 404),
    Door("GET", "/installation/rules/{making}", OWNERS, 404),
    Door("POST", "/installation/rules/{making}/preview", OWNERS, 404),
    Door("POST", "/installation/rules/{making}/switch", OWNERS, 404, data={"on": "0"}),
    Door("POST", "/installation/rules/{making}/confirm", OWNERS, 404),
    Door("POST", "/installation/rules/{making}/delete", OWNERS, 404, data={"people": "keep"}),
    # channels
    Door("GET", H, ALL),
    Door("GET", H + "/sidebar", ALL),
    Door("GET", H + "/switcher", ALL),
    Door("GET", H + "/channels", MEMBERS),
    Door("GET", H + "/channels/new", MEMBERS),
    Door("GET", H + "/direct", ALL),
    Door("POST", "/w/house/c/free/join", MEMBERS, special=GUEST),
    Door("POST", C + "/leave", MEMBERS, special=GUEST),
    Door("POST", C + "/preferences", MEMBERS, data={"muted": "1"}, special=GUEST),
    Door("GET", C + "/settings", MEMBERS, special=GUEST),
    Door("GET", S + "/settings", PAIR, 404),
    Door("GET", C + "/visibility", STAFF, special=GUEST),
    Door("POST", C + "/archive", STAFF, special=GUEST),
    Door("POST", "/w/house/c/attic/restore", STAFF, special=GUEST),
    Door("GET", C + "/members", MEMBERS, special=GUEST),
    Door("GET", S + "/members", PAIR, 404),
    Door("POST", "/w/house/c/free/members/add", STAFF, data={"person_ids": "{spare}"}, special=GUEST),
    Door("POST", C + "/members/{spare}/remove", STAFF, special=GUEST),
    Door("POST", C + "/members/{spare}/manager", STAFF, data={"manager": "1"}, special=GUEST),
    Door("POST", "/w/house/c/free/groups/add", STAFF, data={"group_id": "{group}"}, special=GUEST),
    Door("POST", "/w/house/c/grouped/groups/{group}/remove", STAFF, special=GUEST),
    # posts
    Door("GET", C, MEMBERS, special=GUEST),
    Door("GET", "/w/house/c/given", ALL),
    Door("GET", S, PAIR, 404),
    Door("GET", "/w/house/c/{direct_slug}", PAIR, 404),
    Door("GET", C + "/posts?before=99", MEMBERS, special=GUEST),
    Door("GET", S + "/posts", PAIR, 404),
    Door("GET", C + "/t/{post}", MEMBERS, special=GUEST),
    Door("GET", S + "/t/{hidden}", PAIR, 404),
    Door("GET", C + "/t/{hidden}", NOBODY, 404),
    Door("GET", C + "/t/{post}/posts", MEMBERS, special=GUEST),
    Door("GET", C + "/pins", MEMBERS, special=GUEST),
    Door("POST", C + "/read", MEMBERS, data={"seq": "1"}, special=GUEST),
    Door("GET", C + "/suggest?key=@&q=l", MEMBERS, special=GUEST),
    Door("POST", H + "/preview", ALL, data={"body": "*x*"}),
    Door("GET", H + "/saved", ALL),
    Door("GET", H + "/threads", ALL),
    Door("GET", H + "/drafts", ALL),
    Door("POST", H + "/drafts/{draft}/discard", LEARNER, 404),
    Door("POST", H + "/scheduled/{scheduled}/cancel", LEARNER, 404),
    Door("POST", H + "/scheduled/{scheduled}/send", LEARNER, 404),
    Door("GET", "/posts/{post}", MEMBERS, special=GUEST),
    Door("GET", "/posts/{hidden}", PAIR, 404),
    Door("GET", "/posts/{whisper}", PAIR, 404),
    Door("GET", "/posts/{post}/actions", MEMBERS, special=GUEST),
    Door("GET", "/posts/{hidden}/actions", PAIR, 404),
    Door("GET", "/posts/{post}/edit", LEARNER, 404),
    Door("GET", "/posts/{edited}/history", STAFF | LEARNER, 404),
    Door("POST", "/posts/{post}/react", MEMBERS, data={"emoji": "👍"}, special=GUEST),
    Door("POST", "/posts/{hidden}/react", PAIR, 404, data={"emoji": "👍"}),
    Door("POST", "/posts/{post}/delete", STAFF | LEARNER, special=GUEST),
    Door("POST", "/posts/{hidden}/delete", PAIR, 404),
    Door("POST", "/posts/{gone}/undelete", LEARNER, special=GUEST),
    Door("POST", "/posts/{post}/pin", STAFF, special=GUEST),
    Door("POST", "/posts/{post}/unpin", STAFF, special=GUEST),
    Door("POST", "/posts/{post}/save", MEMBERS, special=GUEST),
    Door("POST", "/posts/{post}/unsave", MEMBERS, special=GUEST),
    Door("POST", "/posts/{post}/unread", MEMBERS, special=GUEST),
    Door("POST", "/posts/{post}/follow", MEMBERS, special=GUEST),
    Door("POST", "/posts/{post}/unfollow", MEMBERS, special=GUEST),
    Door("GET", "/emoji", ANYBODY),
    Door("GET", "/files/{file}/a.txt", MEMBERS, special={**GUEST, "visitor": 404}),
    Door("GET", "/files/{loose}/b.txt", LEARNER, 404, special={"visitor": 404}),
    # LTI
    Door("GET", "/lti/jwks", ANYBODY, special={"visitor": 200}),
    Door("GET", "/lti/login", NOBODY, 403, special={"visitor": 403, "outsider": 403}),  # refused: it names no platform
    Door("POST", "/lti/launch", NOBODY, 403, special={"visitor": 403, "outsider": 403}),  # and this no launch
    Door("POST", "/lti/open", NOBODY, 403, special={"visitor": 403, "outsider": 403}),  # and this no ticket
    Door("GET", "/lti/arrived", ANYBODY, special={"visitor": 200}),
    Door("GET", "/lti/continue", NOBODY, 404),  # nobody has a launch that waits
    Door("GET", "/lti/at/{placement}", ALL, 404),
    Door("GET", "/lti/register/{registration}", ANYBODY, special={"visitor": 200}),
    Door("GET", H + "/lti", TEACH),
    Door("GET", "/lti/courses/{course}", TEACH, 404),
    Door("POST", "/lti/courses/{course}/disconnect", TEACH, 404),
    Door("POST", "/lti/courses/{course}/roster", TEACH, 404, special=dict.fromkeys(TEACH, 409)),  # it offers none
    Door("GET", "/lti/courses/{course}/set-up", frozenset({"instructor"}), 404),
    Door("GET", "/lti/deep-linking/{choice}", frozenset({"instructor"}), 404),
    Door("GET", "/lti/courses/{course}/places", NOBODY, 404),  # no rule has put anybody anywhere
    Door("GET", H + "/lti/mine", ALL),
    Door("GET", H + "/lti/{course}/grades", TEACH, 404),
    Door("GET", H + "/lti/{course}/grades/new", TEACH, 404),
    Door("GET", H + "/lti/grades/{grade}", TEACH, 404),
    Door("POST", H + "/lti/grades/{grade}/switch", TEACH, 404),
    Door("GET", "/installation/lti", OWNERS, 404),
    Door("POST", "/installation/lti/link", OWNERS, 404),
    Door("POST", "/installation/lti/rotate", OWNERS, 404),
    Door("GET", "/installation/lti/add", OWNERS, 404),
    Door("GET", "/installation/lti/{platform}", OWNERS, 404),
    Door("GET", "/installation/lti/{platform}/addresses", OWNERS, 404),
    Door("POST", "/installation/lti/{platform}/deployments", OWNERS, 404, data={"deployment_id": "9"}),
    Door("POST", "/installation/lti/{platform}/remove", OWNERS, 404),
    Door("GET", "/installation/lti/courses/{course}", OWNERS, 404),
    Door("POST", "/installation/lti/courses/{course}/roster", OWNERS, 404, special=dict.fromkeys(OWNERS, 409)),  # off
    # integrations.openedx
    Door("GET", "/installation/openedx", OWNERS, 404),
    Door("GET", "/installation/openedx/add", OWNERS, 404),
    Door("GET", "/installation/openedx/{edx}", OWNERS, 404),
    Door("GET", "/installation/openedx/{edx}/settings", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/try", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/remove", OWNERS, 404),
    Door("GET", "/installation/openedx/{edx}/courses", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/courses", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/courses/list", OWNERS, 404),
    Door("GET", "/installation/openedx/{edx}/courses/{edx_course}", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/courses/{edx_course}/fetch", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/courses/{edx_course}/confirm", OWNERS, 404),
    Door("GET", "/installation/openedx/{edx}/webhooks", OWNERS, 404),
    Door("POST", "/installation/openedx/{edx}/webhooks/secret", OWNERS, 404),
    # Who knows the secret is heard, whoever they are; then it is read, and this is no event.
    Door("POST", "/openedx/{edx}/openedx-webhooks", NOBODY, 401, special={"visitor": 401}),
    Door("POST", "/openedx/{edx}/openedx-webhooks/{edx_secret}", NOBODY, 400, special={"visitor": 400}),
    Door("POST", "/openedx/{edx}/eox-hooks", NOBODY, 401, special={"visitor": 401}),
    Door("POST", "/openedx/{edx}/eox-hooks/{edx_secret}", NOBODY, 400, special={"visitor": 400}),
]

W = "/api/v1/workspaces/house"
L = "/api/v1/channels/{lounge}"
P = "/api/v1/posts/{post}"

REST = [
    Door("GET", "/api/v1/me", ANYBODY),
    Door("PATCH", "/api/v1/me", ANYBODY, data={"headline": "Here"}),
    Door("PUT", "/api/v1/me/door", ANYBODY, data={"open": False}),
    Door("GET", "/api/v1/me/tokens", ANYBODY),
    Door("DELETE", "/api/v1/me/tokens/{token}", LEARNER, 404),
    Door("GET", "/api/v1/people/{learner}", ALL),
    Door("GET", "/api/v1/workspaces", ANYBODY),
    Door(
        "POST",
        "/api/v1/workspaces",
        frozenset({"owner", OUTSIDER}),
        data={"slug": "fresh", "name": "Fresh", "template": "blank"},
    ),
    Door("GET", W, ALL),
    Door("PATCH", W, LEAD, data={"goal": "To learn"}),
    Door("GET", W + "/members", MEMBERS),
    Door("POST", W + "/members", TEACH, data={"email": "asker@example.org", "role": "learner"}),
    Door("PATCH", W + "/members/{spare}", TEACH, data={"role": "mentor"}),
    Door("DELETE", W + "/members/{spare}", STAFF),
    Door("GET", W + "/groups", MEMBERS),
    Door("POST", W + "/groups", TEACH, data={"name": "Team", "slug": "team"}),
    Door("GET", W + "/groups/cohort", MEMBERS),
    Door("PATCH", W + "/groups/cohort", TEACH, data={"name": "Cohort 2"}),
    Door("DELETE", W + "/groups/cohort", TEACH),
    Door("GET", W + "/invitations", STAFF),
    Door("POST", W + "/invitations", STAFF, data={"role": "learner"}),
    Door("DELETE", W + "/invitations/{invitation}", STAFF),
    Door("PUT", W + "/enrolments", LEAD, data={"source": "lms", "people": []}),
    Door("POST", W + "/enrolments/preview", LEAD, data={"source": "lms", "people": []}),
    Door("GET", W + "/enrolments/sources", LEAD),
    Door("GET", W + "/enrolments/runs", LEAD),
    Door("GET", W + "/enrolments/rules", LEAD),
    Door("POST", W + "/enrolments/rules", LEAD, data={"name": "R", "conditions": [{"key": "run", "values": ["x"]}]}),
    Door("POST", W + "/enrolments/rules/preview", LEAD, data={"conditions": [{"key": "run", "values": ["x"]}]}),
    Door(
        "PUT",
        W + "/enrolments/rules/{rule}",
        LEAD,
        data={"name": "R", "conditions": [{"key": "run", "values": ["x"]}]},
    ),
    Door("DELETE", W + "/enrolments/rules/{rule}", LEAD),
    Door("GET", W + "/enrolments/systems", LEAD),
    Door("GET", W + "/channels", ALL),
    Door("POST", W + "/channels", MEMBERS, data={"name": "New", "slug": "new"}),
    Door("POST", W + "/channels", HELP, data={"name": "New", "slug": "new", "visibility": "private"}),
    Door("GET", W + "/direct", ALL),
    Door("POST", W + "/direct", ALL, data={"person_ids": ["{spare}"]}),
    Door("GET", L, MEMBERS, special=GUEST),
    Door("GET", "/api/v1/channels/{secret}", PAIR, 404),
    Door("PATCH", L, STAFF, data={"purpose": "Talk"}, special=GUEST),
    Door(
        "PATCH",
        "/api/v1/channels/{secret}",
        frozenset({"instructor"}),
        404,
        data={"purpose": "x"},
        special={"learner": 403},
    ),
    Door("DELETE", L, STAFF, special=GUEST),
    Door("GET", L + "/members", MEMBERS, special=GUEST),
    Door("GET", "/api/v1/channels/{secret}/members", PAIR, 404),
    Door("POST", "/api/v1/channels/{free}/members", STAFF, data={"person_ids": ["{spare}"]}, special=GUEST),
    Door("PATCH", L + "/members/{spare}", STAFF, data={"is_manager": True}, special=GUEST),
    Door("DELETE", L + "/members/{spare}", STAFF, special=GUEST),
    Door("PATCH", L + "/preferences", MEMBERS, data={"muted": True}, special=GUEST),
    Door("GET", L + "/posts", MEMBERS, special=GUEST),
    Door("GET", "/api/v1/channels/{secret}/posts", PAIR, 404),
    Door("GET", "/api/v1/channels/{direct}/posts", PAIR, 404),
    Door("POST", L + "/posts", MEMBERS, data={"body": "Hello"}, special=GUEST),
    Door("POST", "/api/v1/channels/{given}/posts", ALL, data={"body": "Hello"}),
    Door("POST", "/api/v1/channels/{secret}/posts", PAIR, 404, data={"body": "Hello"}),
    Door("GET", P, MEMBERS, special=GUEST),
    Door("GET", "/api/v1/posts/{hidden}", PAIR, 404),
    Door("GET", "/api/v1/posts/{whisper}", PAIR, 404),
    Door("PATCH", P, LEARNER, data={"body": "Changed"}, special=GUEST),
    Door("DELETE", P, STAFF | LEARNER, special=GUEST),
    Door("DELETE", "/api/v1/posts/{hidden}", PAIR, 404),
    Door("POST", "/api/v1/posts/{gone}/undelete", LEARNER, special=GUEST),
    Door("GET", P + "/replies", MEMBERS, special=GUEST),
    Door("GET", "/api/v1/posts/{hidden}/replies", PAIR, 404),
    Door("GET", "/api/v1/posts/{edited}/versions", STAFF | LEARNER, special=GUEST),
    Door("PUT", P + "/reactions/👍", MEMBERS, special=GUEST),
    Door("PUT", "/api/v1/posts/{hidden}/reactions/👍", PAIR, 404),
    Door("DELETE", P + "/reactions/👍", MEMBERS, special=GUEST),
    Door("GET", L + "/pins", MEMBERS, special=GUEST),
    Door("POST", P + "/pin", STAFF, special=GUEST),
    Door("DELETE", P + "/pin", STAFF, special=GUEST),
    Door("POST", L + "/read", MEMBERS, data={"seq": 1}, special=GUEST),
    Door("POST", P + "/unread", MEMBERS, special=GUEST),
    Door("POST", P + "/replies/read", MEMBERS, data={"seq": 1}, special=GUEST),
    Door("GET", "/api/v1/files/{file}", MEMBERS, special=GUEST),
    Door("GET", "/api/v1/files/{loose}", LEARNER, 404),
    Door("DELETE", "/api/v1/files/{loose}", LEARNER, 404),
    Door("GET", W + "/saved", ALL),
    Door("PUT", P + "/save", MEMBERS, special=GUEST),
    Door("DELETE", P + "/save", MEMBERS, special=GUEST),
    Door("GET", W + "/threads", ALL),
    Door("PUT", P + "/follow", MEMBERS, special=GUEST),
    Door("DELETE", P + "/follow", MEMBERS, special=GUEST),
    Door("GET", W + "/drafts", ALL),
    Door("PUT", L + "/draft", MEMBERS, data={"body": "half"}, special=GUEST),
    Door("GET", W + "/scheduled", ALL),
    Door("POST", L + "/scheduled", MEMBERS, data={"body": "later", "send_at": "{tomorrow}"}, special=GUEST),
    Door("PATCH", "/api/v1/scheduled/{scheduled}", LEARNER, 404, data={"body": "other"}),
    Door("DELETE", "/api/v1/scheduled/{scheduled}", LEARNER, 404),
    Door("POST", "/api/v1/scheduled/{scheduled}/send", LEARNER, 404),
]

assert all(door.who <= set(EVERYBODY) for door in (*PAGES, *REST))
