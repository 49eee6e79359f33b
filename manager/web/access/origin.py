"""Where a request comes from: forms of other sites are refused, and operators are named."""

from urllib.parse import SplitResult, urlsplit

from werkzeug import Request
from werkzeug.exceptions import Forbidden

from .callers import caller

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_other_sites(request: Request) -> None:
    """Raise Forbidden for a request that a page of another site had a browser send.

    Browsers name the sending site with every such request, in Sec-Fetch-Site, in Origin or in both;
    programs that are no browsers send neither.
    """
    if request.method in SAFE:
        return
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    foreign = origin is not None and parts(origin).netloc != request.host
    if foreign or site not in (None, "same-origin", "none"):
        raise Forbidden(f"this was sent by a page of another site ({origin or site}); use the manager's own pages")


def parts(address: str) -> SplitResult:
    """Return the parts of an address that a browser or a program sent; empty ones of what is none."""
    try:
        return urlsplit(address)
    except ValueError:  # a bracket without its other
        return SplitResult("", "", "", "", "")


def operator(_request: Request) -> str:
    """Name who asks; where nobody has to sign in that is the address."""
    return caller().name
