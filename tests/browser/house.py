"""A house that is lived in: something of everything that pages show, so that looking at them means something."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from allauth.account.models import EmailAddress
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from PIL import Image
from playwright.sync_api import FilePayload, Page

from tertulia.channels import services as channels
from tertulia.channels.models import Channel, Visibility
from tertulia.enrolments import services as enrolments
from tertulia.enrolments.models import Key, Kind, Question, Rule, Run, System, UploadedList
from tertulia.enrolments.records import Draft, Entry, Mode, Registered
from tertulia.enrolments.services.questions import Wording
from tertulia.kernel.clock import now
from tertulia.people import services as people
from tertulia.people.models import Person
from tertulia.workspaces import services as workspaces
from tertulia.workspaces.models import Group, Joining, Role, Workspace

from .conftest import Desk
from .site import Site

PASSWORD = "seven quiet lamps"
RICH = """## A heading

Some **bold**, *slanted*, ~~struck~~ and `code` words, a [link](https://example.org), :tada:,
$e^{i\\pi} = -1$ and a note[^1].

> Quoted from a book.

- [x] done
- [ ] not yet

| one | two |
|-----|-----|
| 1   | 2   |

```python
def answer(question: str) -> int:  # a comment
    return 42 if question else None
```

[^1]: The note.
"""


@dataclass
class House:
    """Ana owns it, Ben learns in it, Tess guards her account with everything there is."""

    site: Site
    desk: Desk
    ana: Person
    ben: Person
    tess: Person
    otto: Person
    workspace: Workspace
    lobby: Workspace
    """People ask to be let in here."""
    table: Channel
    group: Group = field(init=False)
    placeholder: Person = field(init=False)
    roster: UploadedList = field(init=False)
    campus: System = field(init=False)
    rule: Rule = field(init=False)
    making: Rule = field(init=False)
    asked: Question = field(init=False)
    """A list of enrolments that waits to be looked at."""
    run: Run = field(init=False)
    question: str = field(init=False)
    edited: str = field(init=False)
    link: str = field(init=False)
    """The secret of an invitation."""
    tool: str = field(init=False)
    asking: str = field(init=False)
    """With what the tool sends people to the authorization endpoint."""
    pages: dict[str, Page] = field(default_factory=dict)

    @property
    def home(self) -> str:
        """The address of the workspace."""
        return f"/w/{self.workspace.slug}"

    @property
    def at_table(self) -> str:
        """The address of its fullest channel."""
        return f"{self.home}/c/{self.table.slug}"

    def page(self, who: str) -> Page:
        """The one page of somebody who has just shown that it is them; a new one for each `visitor`."""
        if who == "visitor":
            return self.desk()
        if who not in self.pages:
            page = self.pages[who] = self.desk(getattr(self, who))
            page.goto("/accounts/reauthenticate/?next=/settings/blocks")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Go on").click()
            page.wait_for_url("**/settings/blocks")
        return self.pages[who]


def furnish(site: Site, desk: Desk) -> House:
    """A new house."""
    ana, ben, tess, otto = (site.person(name, password=PASSWORD) for name in ("Ana", "Ben", "Tess", "Otto"))
    noisy = site.person("Noisy")
    workspace = site.workspace(ana, "house", name="The house", template="course")
    lobby = site.workspace(ana, "lobby", name="The lobby")
    for person, role in ((ben, Role.LEARNER), (tess, Role.INSTRUCTOR)):
        site.member(workspace, ana, person, role)
    house = House(
        site, desk, ana, ben, tess, otto, workspace, lobby, site.new_channel(workspace, ana, "Table", ben, tess)
    )
    with site.database():
        _people(house, noisy)
        _places(house)
        _guards(house)
        _enrolled(house)
    _talk(house)
    return house


def _people(house: House, noisy: Person) -> None:
    people.update_profile(
        actor=house.ben,
        pronouns="he/him",
        headline="Learns by explaining",
        about="I like **tables** and [links](https://example.org).",
        interests=["statistics", "bread"],
        time_zone="Europe/Madrid",
    )
    workspaces.add_member(actor=house.ana, workspace=house.workspace, person=noisy, role=Role.LEARNER)
    workspaces.ban(actor=house.ana, workspace=house.workspace, person=noisy, reason="Shouted at everybody")
    people.block(actor=house.ana, person=noisy)
    house.placeholder = people.create_placeholder(display_name="Once Here")
    workspaces.add_member(actor=house.ana, workspace=house.workspace, person=house.placeholder, role=Role.LEARNER)
    people.add_provider(actor=house.ana, kind="oidc", name="Campus")
    people.link(actor=house.ana, issuer="https://campus.example", subject="ana", email="ana@campus.example")
    _tool(house)
    people.create_token(actor=house.ana, name="my script", scopes=["posts:read"], expires_at=now() + timedelta(days=3))


def _tool(house: House) -> None:
    back = "https://wiki.example.org/back"
    scopes = ["openid", "profile", "email", "groups"]
    tool, _secret = people.add_tool(actor=house.ana, name="Course wiki", redirect_uris=[back], scopes=scopes)
    people.allow(actor=house.ben, client=tool, scopes=["openid", "profile"])
    asking = {"client_id": tool.pk, "redirect_uri": back, "response_type": "code", "scope": " ".join(scopes)}
    house.tool = tool.pk
    house.asking = urlencode({**asking, "code_challenge": "x" * 43, "code_challenge_method": "S256"})


def _enrolled(house: House) -> None:
    roster = enrolments.open_source(actor=house.ana, workspace=house.workspace, name="Spring class", kind=Kind.FILE)
    there = [Entry("1", email="ines@example.org", groups=["Cohort A"]), Entry("2", email="not one", name="Nobody")]
    enrolments.enrol(source=roster, people=there, mode=Mode.MERGE, actor=house.ana)
    house.run = roster.runs.get()
    house.roster = enrolments.keep_list(actor=house.ana, source=roster, people=there[1:], mode=Mode.MIRROR)
    _ruled(house)


def _ruled(house: House) -> None:
    """A platform, a rule about it, one that made a workspace, and a question to members."""
    house.campus = enrolments.open_system(kind=Kind.OPENEDX, name="Campus", issuer="https://campus.example.org")
    enrolments.lend_system(actor=house.ana, system=house.campus, is_open=True, workspaces=[])
    told = [
        Registered(subject=str(number), scope="baking", facts={Key.RUN: ["baking-2027"]}, name=f"Learner {number}")
        for number in range(12)
    ]
    titles = {(Key.RUN, "baking-2027"): "Baking for Beginners"}
    enrolments.tell(system=house.campus, people=told, titles=titles)
    bakers = Draft(name="Bakers", conditions=[(Key.RUN, ["baking-2027"])], groups=["Bakers"])
    house.rule = enrolments.write_rule(actor=house.ana, workspace=house.workspace, draft=bakers)
    making = Draft(name="One for each run", per="run", conditions=[(Key.RUN, ["cooking*"])])
    house.making = enrolments.write_rule(actor=house.ana, workspace=None, draft=making)
    wording = Wording(title="Which track are you on?", word="Track", choices=["Design", "Code"], staff_see=True)
    house.asked = enrolments.ask(actor=house.ana, workspace=house.workspace, wording=wording)


def _places(house: House) -> None:
    ana, workspace = house.ana, house.workspace
    workspaces.update_workspace(actor=ana, workspace=workspace, goal="Learn to live together")
    workspaces.update_workspace(actor=ana, workspace=house.lobby, joining=Joining.REQUEST, listed=True)
    workspaces.ask_to_join(actor=house.ben, workspace=house.lobby, message="Please?")
    house.group = workspaces.create_group(actor=ana, workspace=workspace, name="Early birds")
    workspaces.set_group_members(actor=ana, group=house.group, person_ids=[house.ben.pk, house.tess.pk])
    _invitation, house.link = workspaces.create_invitation(
        actor=ana, workspace=workspace, role=Role.GUEST, expires_at=now() + timedelta(days=7), max_uses=3
    )
    workspaces.create_invitation(actor=ana, workspace=workspace, email="new@example.org")
    channels.update_channel(
        actor=ana, channel=house.table, purpose="Talk at the table", header="See the [plan](https://example.org)"
    )
    channels.add_group(actor=ana, channel=house.table, group=house.group)
    channels.create_channel(actor=ana, workspace=workspace, name="Cellar", visibility=Visibility.PRIVATE)
    attic = channels.create_channel(actor=ana, workspace=workspace, name="Attic")
    channels.archive_channel(actor=ana, channel=attic)
    channels.open_direct(actor=ana, workspace=workspace, person_ids=[house.ben.pk])


def _guards(house: House) -> None:
    TOTP.activate(house.tess, generate_totp_secret())
    RecoveryCodes.activate(house.tess)
    EmailAddress.objects.create(user=house.ben, email="ben.new@example.org", verified=False)


def _talk(house: House) -> None:
    """Through REST, so that files are where the product looks for them."""
    ana = _Voice(house, house.ana)
    ben = _Voice(house, house.ben)
    rich = ben.say(RICH)
    ana.say(f"@{house.ben.handle} wrote it, @early-birds read it, #chatter and @channel know.")
    picture = io.BytesIO()
    Image.new("RGB", (800, 500), "seagreen").save(picture, "PNG")
    files = [
        ben.upload("harbour.png", "image/png", picture.getvalue()),
        ben.upload("notes.pdf", "application/pdf", b"%PDF-1.4 not much of one"),
        ben.upload("song.mp3", "audio/mpeg", b"ID3" + bytes(64)),
    ]
    ben.say("See and hear:", attachment_ids=files, alts=["The harbour", "", ""])
    house.question = ana.say("Who brings bread?")
    ben.say("I do.", root_id=house.question)
    house.edited, gone = ana.say("Teh end"), ana.say("Nothing")
    ana.call("PATCH", f"/posts/{house.edited}", body="The end")
    ana.call("DELETE", f"/posts/{gone}")
    for who, emoji in ((ana, "🎉"), (ben, "🎉"), (ben, "👀")):
        who.call("PUT", f"/posts/{house.question}/reactions/{emoji}")
    ana.call("POST", f"/posts/{rich}/pin")
    ana.call("PUT", f"/posts/{rich}/save")
    ana.call("PUT", f"/channels/{house.table.pk}/draft", body="Half a thought")
    tomorrow = (now() + timedelta(days=1)).isoformat()
    ana.call("POST", f"/channels/{house.table.pk}/scheduled", body="Good morning", send_at=tomorrow)
    ben.say("The newest, unread.")


class _Voice:
    """Somebody over REST."""

    def __init__(self, house: House, person: Person) -> None:
        self._request = house.page("otto").request
        self._channel = house.table.pk
        self._headers = {"Authorization": f"Bearer {house.site.token(person)}"}

    def call(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        answer = self._request.fetch(f"/api/v1{path}", method=method, headers=self._headers, data=body or None)
        assert answer.ok, answer.text()
        return dict(answer.json()) if answer.body() else {}

    def say(self, words: str, **more: Any) -> str:
        return str(self.call("POST", f"/channels/{self._channel}/posts", body=words, **more)["id"])

    def upload(self, name: str, content_type: str, content: bytes) -> str:
        file: FilePayload = {"name": name, "mimeType": content_type, "buffer": content}
        answer = self._request.post("/api/v1/files", headers=self._headers, multipart={"file": file})
        assert answer.ok, answer.text()
        return str(answer.json()["id"])
