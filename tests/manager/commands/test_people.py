"""farmhand-manager people and tokens, on the database of a manager."""

import json

import pytest
from postgres import fresh_database
from stores import fresh

from farmhand.manager.cli import main
from farmhand.manager.config import Settings
from farmhand.manager.rules.access import Grant, Role
from farmhand.manager.rules.tokens import is_token
from farmhand.manager.storage import people, sessions, standing, tags, tokens


@pytest.fixture
def store(tmp_path):
    store = fresh(tmp_path / "data", Settings())
    yield store
    store.close()


@pytest.fixture
def run(store, tmp_path, capsys):
    """Run a command on the store's folder, and return its exit code, what it printed, and what it complained of."""

    def run(*words):
        code = main([*words, "--data", str(tmp_path / "data")])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_first_admin_is_made_without_a_console(run, store):
    code, out, _ = run("people", "add", "kim", "--role", "admin", "--url", "https://farm.example.org")
    link = out.splitlines()[-1]
    assert code == 0
    assert link.startswith("https://farm.example.org/welcome/")
    kim = people.named(store, "kim")
    assert kim.grants == (Grant(Role.ADMIN),)
    with store.database.read() as connection:
        assert sessions.link(connection, link.rpartition("/")[2], store.clock()).person_id == kim.id


def test_a_lost_password_is_helped_by_a_link(run, store):
    run("people", "add", "kim", "--role", "admin")
    code, out, _ = run("people", "link", "KIM", "--json")
    said = json.loads(out)
    assert (code, said["name"], said["link"].partition("welcome/")[0]) == (0, "kim", "http://127.0.0.1:8080/")


def test_roles_are_given_and_limited(run, store):
    gpu = tags.add(store, "gpu", "", "root")
    run("people", "add", "kim", "--role", "admin")
    run("people", "add", "lee", "--role", "operator", "--tag", "gpu", "--tag", gpu.id)
    assert people.named(store, "lee").grants == (Grant(Role.OPERATOR, gpu.id, "gpu"),)
    assert run("people", "role", "lee", "--role", "viewer") == (0, "lee is a viewer now\n", "")
    code, _, err = run("people", "role", "lee", "--role", "admin", "--tag", "gpu")
    assert (code, "tags do not limit the role admin" in err) == (2, True)
    code, _, err = run("people", "role", "lee", "--role", "operator", "--tag", "gone")
    assert (code, 'there is no tag "gone"' in err) == (1, True)
    assert people.named(store, "lee").grants == (Grant(Role.VIEWER),)


def test_who_is_deactivated_is_listed_so_and_gets_no_link(run, store):
    run("people", "add", "kim", "--role", "admin")
    run("people", "add", "lee", "--role", "viewer")
    assert run("people", "deactivate", "lee") == (0, "lee is not let in any more\n", "")
    assert "not let in; say first what they may do" in run("people", "link", "lee")[2]
    listed = json.loads(run("people", "--json")[1])
    assert [(each["name"], each["off"]) for each in listed] == [("kim", False), ("lee", True)]
    assert "deactivated" in run("people")[1]
    run("people", "role", "lee", "--role", "viewer")
    assert standing.all_of(store)[people.named(store, "lee").id].off_at is None


def test_the_last_admin_stays(run, store):
    run("people", "add", "kim", "--role", "admin")
    for words in (("deactivate", "kim"), ("role", "kim", "--role", "viewer")):
        code, _, err = run("people", *words)
        assert (code, "kim is the only admin" in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("people", "link", "nobody"), 'there is no person "nobody"'),
        (("tokens", "make", "ci", "--person", "nobody"), 'there is no person "nobody"'),
        (("tokens", "revoke", "00000000-0000-0000-0000-000000000000"), "there is no token"),
    ],
)
def test_what_cannot_be_done_is_said(run, words, said):
    code, _, err = run(*words)
    assert (code, said in err) == (1, True), err


def test_tokens_are_made_listed_and_revoked(run, store):
    run("people", "add", "kim", "--role", "admin")
    code, out, _ = run("tokens", "make", "nightly", "--person", "kim", "--role", "operator", "--days", "7")
    text = out.splitlines()[0]
    assert (code, is_token(text)) == (0, True)
    holder = tokens.known(store, text, "")
    assert holder.grants == (Grant(Role.OPERATOR),)
    assert holder.token.expires_at - holder.token.made_at == 7 * 24 * 3600 * 1000
    [listed] = json.loads(run("tokens", "--json")[1])
    assert (listed["name"], listed["owner"], listed["role"], listed["state"]) == ("nightly", "kim", "operator", "holds")
    assert text not in run("tokens")[1]
    assert run("tokens", "revoke", listed["id"]) == (0, 'the token "nightly" of kim is revoked\n', "")
    assert json.loads(run("tokens", "list", "--json")[1])[0]["state"] == "revoked"


def test_they_work_on_a_server_too(tmp_path, capsys, monkeypatch):
    with fresh_database() as url:
        monkeypatch.setenv("FARMHAND_DATABASE", url)
        place = ("--data", str(tmp_path / "other"))
        assert main(["people", "add", "kim", "--role", "admin", *place]) == 0
        assert main(["tokens", "make", "ci", "--person", "kim", *place]) == 0
        capsys.readouterr()
        assert main(["tokens", "list", "--json", *place]) == 0
        assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["ci"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("people", "add", "\u202e", "--role", "admin"), "NAME: the name has characters that do not show"),
        (("people", "add", "", "--role", "admin"), "NAME: write a name"),
        (("tokens", "make", " ", "--person", "kim"), "NAME: write a name"),
    ],
)
def test_a_name_that_nobody_can_have_is_a_mistake_on_the_command_line(run, words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert (ended.value.code, said in capsys.readouterr().err) == (2, True)
