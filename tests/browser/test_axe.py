"""Every page of the product, looked at: axe-core finds nothing, nothing sticks out of a phone, nothing is logged.

A page that is new in the URLs and not visited here fails `test_no_page_is_forgotten`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.urls import get_resolver, reverse
from django.urls.converters import get_converters
from django.urls.resolvers import URLPattern, URLResolver
from playwright.sync_api import Browser, Page, expect

from .axe import everywhere
from .conftest import Desk
from .house import PASSWORD, House, furnish
from .lti_pages import followed, lti, refused, several, waiting
from .openedx_pages import openedx, secret
from .passkeys import add_passkey
from .site import Site
from .talking import enter, live, menu, post


@dataclass(frozen=True)
class Visit:
    """A look at a page: `name` is its name among the URLs, `go` leads `who` there."""

    name: str
    go: Callable[[Page, House], None]
    who: str = "ana"
    note: str = ""

    def __str__(self) -> str:
        return " ".join(filter(None, (self.name, self.note)))


def at(name: str, path: str, who: str = "ana", note: str = "", *, leads_to: str = "") -> Visit:
    """A page with an address of its own. `~` stands for the workspace, `@` for the channel."""

    def go(page: Page, house: House) -> None:
        address = _filled(path, house)
        answer = page.goto(address)
        assert answer
        assert answer.status == 200, address
        assert urlsplit(page.url).path == urlsplit(_filled(leads_to, house) or address).path

    return Visit(name, go, who, note)


def _filled(path: str, house: House) -> str:
    path = path.replace("~", house.home).replace("@", house.at_table)
    return re.sub(r"\{([\w.]+)\}", lambda found: str(attrgetter(found[1])(house)), path)


def _menu_of_a_post(page: Page, house: House) -> None:
    enter(page, house.at_table)
    menu(page, post(page, "Who brings bread?"))


def _switcher(page: Page, house: House) -> None:
    enter(page, house.home)
    page.keyboard.press("Control+k")
    expect(page.locator("#switcher [role=option]").first).to_be_visible()


def _suggestions(page: Page, house: House) -> None:
    enter(page, house.at_table)
    page.locator(".conversation-foot textarea").fill("")
    page.locator(".conversation-foot textarea").press_sequentially("@be")
    expect(page.locator(".suggestion").first).to_be_visible()


def _emoji(page: Page, house: House) -> None:
    enter(page, house.at_table)
    page.locator(".conversation-foot [data-emoji-for]").click()
    expect(page.locator("#emoji-picker")).to_be_visible()


def _dialogue(page: Page, house: House) -> None:
    enter(page, house.at_table)
    page.get_by_role("link", name="New channel").click()
    expect(page.locator("#modal")).to_be_visible()


def _shortcuts(page: Page, house: House) -> None:
    page.goto(f"{house.home}/saved")
    live(page)
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()


def _missing(page: Page, house: House) -> None:
    answer = page.goto(f"{house.home}/c/no-such-channel")
    assert answer
    assert answer.status == 404


def _form_with_errors(page: Page, house: House) -> None:
    del house
    page.goto("/accounts/login/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill("ana@example.org")
    page.get_by_label("Password", exact=True).fill("not that one")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.locator("[role=alert]").first).to_be_visible()


def _wait_for_code(page: Page, house: House) -> None:
    page.goto("/accounts/login/code/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(house.otto.email))
    page.get_by_role("button").filter(has_text=re.compile("code", re.IGNORECASE)).first.click()
    expect(page).to_have_url(re.compile("/login/code/confirm/"))


def _choose_new_password(page: Page, house: House) -> None:
    page.goto("/accounts/password/reset/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(house.otto.email))
    page.get_by_role("button", name="Send it").click()
    expect(page).to_have_url(re.compile("/reset/done/"))
    link = re.search(r"https?://\S+/password/reset/key/(\S+)", house.site.mailed(str(house.otto.email)))
    assert link
    page.goto(f"/accounts/password/reset/key/{link[1]}")
    expect(page.get_by_label(re.compile("password", re.IGNORECASE)).first).to_be_visible()


def _second_factor(page: Page, house: House) -> None:
    page.goto("/accounts/login/")
    page.get_by_label(re.compile("e-?mail", re.IGNORECASE)).fill(str(house.tess.email))
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/2fa/authenticate/"))


def _confirm_address(page: Page, house: House) -> None:
    del house
    page.goto("/accounts/signup/")
    page.get_by_label("Your name").fill("Nora Lind")
    page.get_by_label("E-mail").fill("nora@example.org")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Make my account").click()
    expect(page).to_have_url(re.compile("/confirm-email/"))


def _passkey(page: Page, house: House) -> None:
    """Tess has a passkey, made as people make it."""
    del house
    page.goto("/accounts/2fa/webauthn/")
    if page.get_by_text("My phone").count():
        return
    add_passkey(page)
    page.goto("/accounts/2fa/webauthn/")


def _passkey_form(which: str) -> Callable[[Page, House], None]:
    def go(page: Page, house: House) -> None:
        _passkey(page, house)
        page.locator(f"a[href*='/2fa/webauthn/'][href*='{which}']").first.click()
        expect(page).to_have_url(re.compile(which))

    return go


def _reauthenticate_by_passkey(page: Page, house: House) -> None:
    _passkey(page, house)
    page.goto("/accounts/2fa/webauthn/reauthenticate/")


VISITS = [
    # Coming in.
    at("workspaces:front", "/", "visitor"),
    at("account_login", "/accounts/login/", "visitor"),
    Visit("account_login", _form_with_errors, "visitor", "refused"),
    at("account_signup", "/accounts/signup/", "visitor"),
    Visit("account_email_verification_sent", _confirm_address, "visitor"),
    at("account_inactive", "/accounts/inactive/", "visitor"),
    at("account_reset_password", "/accounts/password/reset/", "visitor"),
    at("account_reset_password_done", "/accounts/password/reset/done/", "visitor"),
    Visit("account_reset_password_from_key", _choose_new_password, "visitor"),
    at("account_reset_password_from_key_done", "/accounts/password/reset/key/done/", "visitor"),
    at("account_request_login_code", "/accounts/login/code/", "visitor"),
    Visit("account_confirm_login_code", _wait_for_code, "visitor"),
    Visit("mfa_authenticate", _second_factor, "visitor"),
    at("workspaces:accept", "/join/{link}", "otto"),
    # One's account.
    at("account_logout", "/accounts/logout/"),
    at("account_reauthenticate", "/accounts/reauthenticate/"),
    at("account_email", "/accounts/email/", "ben"),
    at("account_change_password", "/accounts/password/change/"),
    at("mfa_index", "/accounts/2fa/"),
    at("mfa_index", "/accounts/2fa/", "tess", "with everything"),
    at("mfa_activate_totp", "/accounts/2fa/totp/activate/"),
    at("mfa_deactivate_totp", "/accounts/2fa/totp/deactivate/", "tess"),
    at("mfa_reauthenticate", "/accounts/2fa/reauthenticate/", "tess"),
    at("mfa_view_recovery_codes", "/accounts/2fa/recovery-codes/", "tess"),
    at("mfa_generate_recovery_codes", "/accounts/2fa/recovery-codes/generate/", "tess"),
    at("mfa_add_webauthn", "/accounts/2fa/webauthn/add/"),
    Visit("mfa_list_webauthn", _passkey, "tess"),
    Visit("mfa_edit_webauthn", _passkey_form("edit"), "tess"),
    Visit("mfa_remove_webauthn", _passkey_form("remove"), "tess"),
    Visit("mfa_reauthenticate_webauthn", _reauthenticate_by_passkey, "tess"),
    at("usersessions_list", "/accounts/sessions/"),
    at("people:settings", "/settings"),
    at("people:set_picture", "/settings/picture"),
    at("people:preferences", "/settings/preferences"),
    at("people:tokens", "/settings/tokens"),
    at("people:blocks", "/settings/blocks"),
    at("people:ways", "/settings/sign-in"),
    at("people:installation", "/installation"),
    at("people:providers", "/installation/sign-in"),
    at("people:new_provider", "/installation/sign-in/new"),
    at("people:provider", "/installation/sign-in/campus"),
    at("people:tools", "/installation/tools"),
    at("people:new_tool", "/installation/tools/new"),
    at("people:tool", "/installation/tools/{tool}"),
    at("people:allowed", "/settings/tools", "ben"),
    at("people:allowed", "/settings/tools", note="none yet"),
    at("idp:oidc:authorization", "/oidc/authorize?{asking}"),
    at("idp:oidc:authorization", "/oidc/authorize?{asking}", "ben", "asks for more"),
    at("idp:oidc:logout", "/oidc/sign-out"),
    at("people:profile", "/people/{ana.handle}", note="one's own"),
    at("people:profile", "/people/{ben.handle}"),
    at("people:hand_over", "/people/{placeholder.handle}/hand-over"),
    # Workspaces.
    at("workspaces:directory", "/workspaces"),
    at("workspaces:directory", "/workspaces", "otto", "nothing to see"),
    at("workspaces:new", "/workspaces/new"),
    at("workspaces:new", "/workspaces/new?template=course", note="form"),
    at("workspaces:about", "/workspaces/lobby", "otto"),
    at("workspaces:members", "~/members"),
    at("workspaces:member", "~/members/{ben.pk}"),
    at("workspaces:bans", "~/bans"),
    at("workspaces:requests", "/w/lobby/requests"),
    at("workspaces:leave", "~/leave", "ben"),
    at("workspaces:groups", "~/groups"),
    at("workspaces:group", "~/groups/early-birds"),
    at("workspaces:invitations", "~/invitations"),
    at("workspaces:settings", "~/settings"),
    at("workspaces:log", "~/log"),
    # Enrolments.
    at("enrolments:sources", "~/enrolments"),
    at("enrolments:source", "~/enrolments/{roster.source.pk}"),
    at("enrolments:delete_source", "~/enrolments/{roster.source.pk}/delete"),
    at("enrolments:run", "~/enrolments/runs/{run.pk}"),
    at("enrolments:list", "~/enrolments/lists/{roster.pk}"),
    at("enrolments:rules", "~/enrolments/rules"),
    at("enrolments:new_rule", "~/enrolments/rules/new"),
    at("enrolments:rule", "~/enrolments/rules/{rule.pk}"),
    at("enrolments:delete_rule", "~/enrolments/rules/{rule.pk}/delete"),
    at("enrolments:answer", "~/questions", "ben"),
    at("enrolments:questions", "~/enrolments/questions"),
    at("enrolments:question", "~/enrolments/questions/{asked.pk}"),
    at("enrolments:delete_question", "~/enrolments/questions/{asked.pk}/delete"),
    at("enrolments:systems", "/installation/systems"),
    at("enrolments:system", "/installation/systems/{campus.pk}"),
    at("enrolments:installation_rules", "/installation/rules"),
    at("enrolments:new_installation_rule", "/installation/rules/new"),
    at("enrolments:installation_rule", "/installation/rules/{making.pk}"),
    at("enrolments:delete_installation_rule", "/installation/rules/{making.pk}/delete"),
    # Channels.
    at("channels:home", "~?pane=list"),
    at("channels:browse", "~/channels"),
    at("channels:new", "~/channels/new"),
    Visit("channels:new", _dialogue, note="dialogue"),
    at("channels:direct", "~/direct"),
    at("channels:switcher", "~/switcher"),
    Visit("channels:switcher", _switcher, note="dialogue"),
    at("channels:settings", "@/settings"),
    at("channels:visibility", "@/visibility"),
    at("channels:members", "@/members"),
    # Conversations.
    at("posts:channel", "@", "ben"),
    at("posts:channel", "~/c/attic", note="archived"),
    at("posts:channel", "~/c/introductions", note="empty"),
    at("posts:thread", "@/t/{question}"),
    at("posts:pins", "@/pins"),
    at("posts:saved", "~/saved"),
    at("posts:saved", "~/saved", "ben", "nothing yet"),
    at("posts:threads", "~/threads"),
    at("posts:drafts", "~/drafts"),
    at("posts:permalink", "/posts/{question}", leads_to="@"),
    at("posts:actions", "/posts/{question}/actions"),
    Visit("posts:actions", _menu_of_a_post, note="menu"),
    at("posts:edit", "/posts/{edited}/edit"),
    at("posts:history", "/posts/{edited}/history"),
    Visit("posts:suggest", _suggestions),
    Visit("posts:emoji", _emoji),
    # LTI.
    Visit("lti:installation", lti("/installation/lti")),
    Visit("lti:add", lti("/installation/lti/add")),
    Visit("lti:platform", lti("/installation/lti/{platform}")),
    Visit("lti:addresses", lti("/installation/lti/{platform}/addresses")),
    Visit("lti:installation_course", followed),
    at("lti:courses", "~/lti"),
    Visit("lti:course", lti("/lti/courses/{course}")),
    Visit("lti:grades", lti("{home}/lti/{course}/grades")),
    Visit("lti:grade_new", lti("{home}/lti/{course}/grades/new")),
    Visit("lti:grade", lti("{home}/lti/grades/{grade}")),
    Visit("lti:mine", lti("{home}/lti/mine")),
    Visit("lti:places", several),
    Visit("lti:set_up", lti("/lti/courses/{new}/set-up")),
    Visit("lti:choose", lti("/lti/deep-linking/{choice}")),
    Visit("lti:register", lti("/lti/register/{link}")),
    Visit("lti:continue", waiting),
    Visit("lti:login", refused, "visitor", "refused"),
    # Open edX.
    Visit("openedx:index", openedx("/installation/openedx")),
    Visit("openedx:add", openedx("/installation/openedx/add")),
    Visit("openedx:connection", openedx("/installation/openedx/{edx}")),
    Visit("openedx:settings", openedx("/installation/openedx/{edx}/settings")),
    Visit("openedx:choose", openedx("/installation/openedx/{edx}/courses")),
    Visit("openedx:course", openedx("/installation/openedx/{edx}/courses/{course}")),
    Visit("openedx:webhooks", openedx("/installation/openedx/{edx}/webhooks")),
    Visit("openedx:webhooks", secret, note="secret"),
    at("api:openapi-view", "/api/v1/docs"),
    Visit("shortcuts", _shortcuts),
    Visit("missing", _missing),
]

NOT_PAGES = {
    "health": "one word for machines",
    "scim": "for directories",
    "people:welcome": "only an empty install has it: test_two_people looks at it",
    "people:picture": "a picture",
    "people:join": "only for who comes from an outside system: test_sign_in looks at it",
    "people:signed_out": "only for who came from an outside system: test_sign_in looks at it",
    "people:leave": "leads elsewhere",
    "people:connections": "leads to people:ways",
    "people:pending": "leads to people:join",
    "people:saml_finish": "for the other side's posts",
    "people:saml_description": "XML for the other side",
    "people:saml_signing_out": "for the other side's messages",
    "idp:oidc:go_on": "as idp:oidc:authorization, or leads on",
    "idp:oidc:configuration": "JSON for tools",
    "idp:oidc:jwks": "JSON for tools",
    "idp:oidc:userinfo": "JSON for tools",
    "oidc_login": "leads elsewhere",
    "oidc_callback": "leads on",
    "openedx_login": "leads elsewhere",
    "openedx_callback": "leads on",
    "saml_acs": "for the other side's posts",
    "saml_finish_acs": "for the other side's posts",
    "saml_sls": "for the other side's messages",
    "saml_metadata": "XML for the other side",
    "saml_login": "leads elsewhere",
    "channels:sidebar": "a part of pages",
    "posts:part": "a part of pages",
    "posts:thread_part": "a part of pages",
    "posts:file": "a file",
    "lti:jwks": "JSON for LMSs",
    "lti:arrived": "JSON for a script",
    "lti:at": "leads on",
    "account_set_password": "for people without a password; the form is that of account_change_password",
    "mfa_download_recovery_codes": "a text file",
    "mfa_login_webauthn": "JSON for the button on the sign-in page",
}


@pytest.fixture(scope="module")
def house(browser: Browser, site: Site) -> Iterator[House]:
    """A house that is lived in, for all visits."""
    desk = Desk(browser, site)
    yield furnish(site, desk)
    desk.close()


@pytest.mark.parametrize("visit", VISITS, ids=str)
def test_nothing_is_found(house: House, visit: Visit) -> None:
    page = house.page(visit.who)
    house.desk.complaints.clear()
    page.set_viewport_size({"width": 1440, "height": 900})
    visit.go(page, house)
    expect(page.locator("h1").first).to_be_attached()
    found = everywhere(page)
    assert not found, "\n".join(found)
    assert house.desk.complaints == []


def _names(resolver: URLResolver, spaces: tuple[str, ...] = ()) -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield ":".join([*spaces, pattern.name or str(pattern.pattern)]), pattern
        else:
            yield from _names(pattern, (*spaces, pattern.namespace) if pattern.namespace else spaces)


def _address(name: str, pattern: URLPattern) -> str:
    values = {"slug": "x", "str": "x", "path": "x", "int": 1, "uuid": uuid4()}
    kinds = {kind: word for word, kind in ((word, type(converter)) for word, converter in get_converters().items())}
    wanted = pattern.pattern.converters.items()
    return reverse(name, kwargs={field: values[kinds[type(converter)]] for field, converter in wanted})


def test_no_page_is_forgotten(house: House) -> None:
    looked_at = {visit.name for visit in VISITS}
    names = dict(_names(get_resolver()))
    forgotten = [
        name
        for name, pattern in names.items()
        if name not in looked_at | NOT_PAGES.keys()
        # machines; sign-in elsewhere, which nobody set up
        and not name.startswith(("api:", "socialaccount_", "social/"))
        and house.page("ana").request.get(_address(name, pattern)).status != 405  # takes forms, shows nothing
    ]
    assert forgotten == []
    assert NOT_PAGES.keys() - names.keys() == set()
    assert looked_at - names.keys() == {"shortcuts", "missing"}
