"""Settings of who else may say who somebody is: an OpenID Connect provider, a proxy in front, a network.

Groups are what a provider or a proxy calls them; roles says what they may do here. Nobody is let in by default.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from . import fields
from .document import Document, Place
from .rules.access import Role, limitable
from .rules.vouched import Granted, Roles


@dataclass(frozen=True)
class Oidc:
    """An OpenID Connect provider.

    name: what the button says. claim: where its groups are, a path of names with dots. person: which claim has the name
    by which somebody is known here. secret_file: empty for a client without a secret.
    """

    issuer: str
    client_id: str
    roles: Roles
    name: str
    secret_file: str = ""
    scopes: tuple[str, ...] = ("openid", "profile")
    claim: str = "groups"
    person: str = "preferred_username"

    def secret(self) -> str | None:
        """Return the secret that is in the file now; it may be changed while the manager runs. Raises OSError."""
        return Path(self.secret_file).read_text(encoding="utf-8").strip() if self.secret_file else None


@dataclass(frozen=True)
class ProxyLogin:
    """A proxy that has people sign in, and says in headers who they are. sign_out: where it lets them sign out."""

    header: str
    roles: Roles
    groups: str = ""
    sign_out: str = ""


class Allowed(Enum):
    """What a network may do without anybody signing in."""

    VIEW = "view"
    SUBMIT = "submit"  # see everything that the API shows, and submit jobs: what Flamenco's add-on needs
    OPERATE = "operate"


@dataclass(frozen=True)
class OpenNetworks:
    """Networks from which the Flamenco-compatible operator API can be called without signing in."""

    networks: tuple[str, ...] = ()
    allow: Allowed = Allowed.SUBMIT


# -- reading them


def oidc(document: Document, place: Place, value: object) -> Oidc:
    known = ("name", "issuer", "client_id", "client_secret_file", "scopes", "claim", "person", "roles")
    said = _mapping(document, place, value, known, "issuer")

    def text(key: str, default: str | None = None) -> str:
        return fields.text(document, (*place, key), said.get(key, default))

    issuer = _issuer(document, (*place, "issuer"), said.get("issuer"))
    secret = said.get("client_secret_file")
    return Oidc(
        issuer=issuer,
        client_id=text("client_id"),
        roles=_roles(document, (*place, "roles"), said.get("roles")),
        name=text("name", urlsplit(issuer).hostname),
        secret_file="" if secret is None else fields.secret_file(document, (*place, "client_secret_file"), secret),
        scopes=_scopes(document, (*place, "scopes"), said.get("scopes", list(Oidc.scopes))),
        claim=text("claim", Oidc.claim),
        person=text("person", Oidc.person),
    )


def proxy_login(document: Document, place: Place, value: object) -> ProxyLogin:
    said = _mapping(document, place, value, ("header", "groups_header", "roles", "sign_out"), "header")
    given = {key: each for key in ("groups_header", "sign_out") if (each := said.get(key)) is not None}
    return ProxyLogin(
        header=_header(document, (*place, "header"), said.get("header")),
        groups=_header(document, (*place, "groups_header"), given["groups_header"]) if "groups_header" in given else "",
        roles=_roles(document, (*place, "roles"), said.get("roles")),
        sign_out=fields.text(document, (*place, "sign_out"), given["sign_out"]) if "sign_out" in given else "",
    )


def open_networks(document: Document, place: Place, value: object) -> OpenNetworks:
    if not isinstance(value, dict):
        return OpenNetworks(fields.networks(document, place, value))
    said = _mapping(document, place, value, ("networks", "allow"), "networks")
    networks = fields.networks(document, (*place, "networks"), said.get("networks"))
    allow = said.get("allow", OpenNetworks.allow.value)
    if allow not in [each.value for each in Allowed]:
        known = ", ".join(each.value for each in Allowed)
        document.refuse((*place, "allow"), f"{allow!r} is nothing that can be allowed", f"write one of {known}")
    return OpenNetworks(networks, Allowed(allow))


def check(document: Document, proxies: Sequence[str], proxy: ProxyLogin | None) -> None:
    """Refuse a proxy that says who people are where no proxy is trusted: anybody could say it."""
    if proxy is not None and not proxies:
        hint = "write its address under trusted_proxies:"
        document.refuse(("proxy_login",), "nothing says which proxy may vouch for people", hint)


def _mapping(
    document: Document, place: Place, value: object, known: Sequence[str], needed: str
) -> Mapping[str, object]:
    if not isinstance(value, dict):
        document.refuse(place, "it must be a mapping", f'write lines of "name: value" below it, {needed}: first')
    document.refuse_unknown(place, value, known)
    return value


def _roles(document: Document, place: Place, value: object) -> Roles:
    example = "as in render-admins: admin"
    if not isinstance(value, dict) or not value:
        document.refuse(place, "no group has a role, so nobody could sign in", f"write groups and roles, {example}")
    return {_group(document, place, group): _granted(document, (*place, group), each) for group, each in value.items()}


def _group(document: Document, place: Place, group: object) -> str:
    return fields.text(document, (*place, str(group)), group)


def _granted(document: Document, place: Place, value: object) -> Granted:
    said = value if isinstance(value, dict) else {"role": value}
    document.refuse_unknown(place, said, ("role", "tags"))
    role = said.get("role")
    if role not in [each.value for each in Role]:
        known = ", ".join(each.value for each in Role)
        document.refuse(place, f"{role!r} is no role", f"write one of {known}")
    tags = fields.names(document, (*place, "tags"), said["tags"], "gpu") if "tags" in said else ()
    if tags and not limitable(Role(role)):
        document.refuse((*place, "tags"), f"tags do not limit the role {role}", "leave them out, or make it operator")
    return Granted(Role(role), tags)


def _issuer(document: Document, place: Place, value: object) -> str:
    issuer = fields.text(document, place, value)
    parts = urlsplit(issuer)
    if parts.scheme == "http" and _is_loopback(parts.hostname or ""):
        return issuer
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        document.refuse(place, f'"{issuer}" is no https address', "write it as https://id.example.org/realms/farm")
    return issuer


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _scopes(document: Document, place: Place, value: object) -> tuple[str, ...]:
    scopes = fields.names(document, place, value, "openid, profile")
    if "openid" not in scopes:
        document.refuse(place, "openid is missing, without which there is no ID token", "add it")
    return scopes


def _header(document: Document, place: Place, value: object) -> str:
    header = fields.text(document, place, value)
    if not header.replace("-", "").isalnum() or not header.isascii():
        document.refuse(place, f'"{header}" is no name of a header', "write it as Remote-User")
    return header
