"""What the settings of sign-in take, and how they say what they do not."""

from pathlib import Path

import pytest

from farmhand.manager.config import Settings, settings
from farmhand.manager.rules.access import Role
from farmhand.manager.rules.vouched import Granted
from farmhand.manager.signin import Allowed, Oidc, OpenNetworks, ProxyLogin
from farmhand.units.errors import BadConfig

OIDC = """\
oidc:
  issuer: https://id.example.org/realms/farm
  client_id: farmhand
  client_secret_file: secret
  roles:
    admins: admin
    gpu-team: {role: operator, tags: [gpu, night]}
    "*": viewer
"""


def read(folder: Path, text: str) -> Settings:
    path = folder / "manager.yaml"
    path.write_text(text)
    (folder / "secret").write_text("it is a secret\n")
    return settings(path, folder)


def test_a_provider_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, OIDC).oidc
    roles = {
        "admins": Granted(Role.ADMIN),
        "gpu-team": Granted(Role.OPERATOR, ("gpu", "night")),
        "*": Granted(Role.VIEWER),
    }
    issuer = "https://id.example.org/realms/farm"
    assert found == Oidc(issuer, "farmhand", roles, "id.example.org", str(tmp_path / "secret"))
    assert found.secret() == "it is a secret"


def test_a_provider_may_be_told_more(tmp_path: Path) -> None:
    more = "  name: Nightjar\n  scopes: [openid, groups]\n  claim: realm_access.roles\n  person: email\n"
    found = read(tmp_path, OIDC + more).oidc
    assert found is not None
    told = ("Nightjar", ("openid", "groups"), "realm_access.roles", "email")
    assert (found.name, found.scopes, found.claim, found.person) == told


@pytest.mark.parametrize("text", ["oidc:\n", "proxy_login:\n", "open_networks:\n", ""])
def test_all_of_it_is_off_unless_asked_for(tmp_path: Path, text: str) -> None:
    found = read(tmp_path, text)
    assert (found.oidc, found.proxy_login, found.open_networks) == (None, None, OpenNetworks())


def test_a_proxy_is_read(tmp_path: Path) -> None:
    text = "trusted_proxies: [127.0.0.1]\nproxy_login:\n  header: Remote-User\n  roles: {'*': viewer}\n"
    assert read(tmp_path, text).proxy_login == ProxyLogin("Remote-User", {"*": Granted(Role.VIEWER)})
    more = f"{text}  groups_header: Remote-Groups\n  sign_out: https://auth.example.org/logout\n"
    found = read(tmp_path, more).proxy_login
    assert found is not None
    assert (found.groups, found.sign_out) == ("Remote-Groups", "https://auth.example.org/logout")


def test_networks_are_read(tmp_path: Path) -> None:
    assert read(tmp_path, "open_networks: [10.20.0.0/16]\n").open_networks == OpenNetworks(("10.20.0.0/16",))
    text = "open_networks: {networks: [10.20.0.7], allow: operate}\n"
    assert read(tmp_path, text).open_networks == OpenNetworks(("10.20.0.7",), Allowed.OPERATE)


ISSUER = "issuer: https://id.example.org/realms/farm"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OIDC.replace(ISSUER, "issuer: http://id.example.org/"), "oidc.issuer: .* is no https address"),
        (OIDC.replace(ISSUER, "issuer: https://id.example.org/?a=b"), "oidc.issuer: .* is no https address"),
        (
            OIDC.replace("client_id: farmhand", "client: farmhand"),
            'oidc.client: it is not known; did you mean "cl',
        ),
        (OIDC.replace("  client_id: farmhand\n", ""), "oidc.client_id: it is missing"),
        (OIDC.replace(" secret\n", " nowhere\n"), "oidc.client_secret_file: .*nowhere cannot be read"),
        (OIDC.replace("admins: admin", "admins: root"), "oidc.roles.admins: 'root' is no role; write one of viewer,"),
        (OIDC.replace("role: operator", "role: admin"), "oidc.roles.gpu-team.tags: tags do not limit the role admin"),
        (OIDC.partition("  roles:")[0], "oidc.roles: no group has a role, so nobody could sign in"),
        (OIDC + "  scopes: [profile]\n", "oidc.scopes: openid is missing"),
        ("oidc: https://id.example.org/\n", "oidc: it must be a mapping"),
        ("proxy_login: {header: Remote-User, roles: {a: viewer}}\n", "proxy_login: nothing says which proxy may"),
        ("trusted_proxies: [127.0.0.1]\nproxy_login: {header: Remote_User, roles: {a: viewer}}\n", "no name of a he"),
        (
            "trusted_proxies: [127.0.0.1]\nproxy_login: {header: Remote-User}\n",
            "proxy_login.roles: no group has a role",
        ),
        ("open_networks: [anywhere]\n", 'open_networks.0: "anywhere" is neither an address nor a network'),
        ("open_networks: {networks: [10.0.0.1], allow: all}\n", "open_networks.allow: 'all' is nothing that can be"),
        ("open_networks: {allow: view}\n", "open_networks.networks: it is missing"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(BadConfig, match=said):
        read(tmp_path, text)
