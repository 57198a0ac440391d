"""Passkeys, on a device that exists only in the browser and says yes to everything."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


def add_passkey(page: Page) -> None:
    """Whoever the page belongs to gets a passkey, as people get one; the page must have shown who they are just now."""
    wire = page.context.new_cdp_session(page)
    wire.send("WebAuthn.enable")
    wire.send("WebAuthn.addVirtualAuthenticator", {"options": DEVICE})
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Name").fill("My phone")
    passwordless = page.get_by_role("checkbox")
    if passwordless.count():
        passwordless.check()
    page.locator("#mfa_webauthn_add").click()
    expect(page).not_to_have_url(re.compile("/add/$"))
    page.goto("/accounts/2fa/webauthn/")
    expect(page.locator("main")).to_contain_text("My phone")
