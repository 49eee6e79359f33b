"""Signing in with a provider and out again in a real browser, whose policies for pages and cookies count."""

import re
from pathlib import Path

import needs
from browser import chromium
from manager_server import serving
from playwright.sync_api import expect
from provider import CLIENT, SECRET, providing
from stores import fresh

from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Role
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import Oidc

pytestmark = needs.program("chromium")


def test_there_and_back_and_out_again(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    with providing() as it, chromium() as browser:
        roles = {"wranglers": Granted(Role.OPERATOR)}
        store = fresh(tmp_path / "data", Settings(oidc=Oidc(it.issuer, CLIENT, roles, "Nightjar", str(secret))))
        with serving(store) as url:
            page = browser.new_page()
            wrong: list[str] = []
            page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
            page.goto(f"{url}/jobs")
            page.get_by_role("link", name="Sign in with Nightjar").click()
            expect(page).to_have_url(f"{url}/jobs")
            page.get_by_role("link", name="Your account, kim").click()
            expect(page.get_by_text("operator", exact=True)).to_be_visible()
            page.get_by_role("button", name="Sign out", exact=True).first.click()
            expect(page).to_have_url(f"{url}/signed-out")
            page.get_by_role("link", name=re.compile("Sign out of Nightjar")).click()
            expect(page).to_have_url(f"{url}/sign-in")
            assert it.signed_out == [{"client_id": CLIENT, "post_logout_redirect_uri": f"{url}/sign-in"}]
            page.goto(f"{url}/jobs")
            expect(page).to_have_url(re.compile("/sign-in"))
            assert wrong == []
        store.close()
