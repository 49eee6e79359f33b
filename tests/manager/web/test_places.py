"""The menus: one finds in them what one may open, and nothing else."""

import re
from pathlib import Path

import pytest
from signed import ADMIN, OPERATOR, VIEWER, person, signed_in
from stores import opened

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Need
from farmhand.manager.web.access.needs import NEEDS
from farmhand.manager.web.places import FARM, MAIN

OF_ALL = ["Over time", "Agents", "Joining"]
OF_ADMINS = ["People", "Tokens", "Notices", "Audit"]


def menu(page: str, name: str) -> dict[str, str]:
    """Return the words and addresses of a menu."""
    [inside] = re.findall(rf'<nav class="\w+" aria-label="{name}">(.*?)</nav>', page, re.DOTALL)
    return {words: href for href, words in re.findall(r'<a href="([^"]+)"[^>]*>([^<]+)</a>', inside)}


@pytest.mark.parametrize(
    ("grants", "words"),
    [
        pytest.param(VIEWER, OF_ALL, id="viewer"),
        pytest.param(OPERATOR, OF_ALL, id="operator"),
        pytest.param(ADMIN, [*OF_ALL, *OF_ADMINS], id="admin"),
    ],
)
def test_the_menus_lead_to_what_one_may_open(tmp_path: Path, grants, words):
    with opened("sqlite", tmp_path, settings=Settings()) as store:
        browser = signed_in(create_app(store), store, person(store, "kim", grants))
        page = browser.get("/farm").text
        assert list(menu(page, "Main")) == [place.words for place in MAIN]
        assert list(menu(page, "Farm")) == words
        for href in [*menu(page, "Main").values(), *menu(page, "Farm").values()]:
            found = browser.get(href)
            assert found.status_code == 200, href
            assert f'href="{href}" aria-current="page"' in found.text


def test_every_page_that_only_admins_open_by_itself_is_in_the_menu():
    alone = {"peoplepages.people", "tokenpages.all_of_them", "noticepages.show", "auditpages.show"}
    assert {place.endpoint for place in FARM if NEEDS[place.endpoint] is Need.ADMIN} == alone
