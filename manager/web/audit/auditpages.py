"""The page of the audit log, and the log as a file. Admins only: needs.py."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest, NotFound

from ....units.errors import BadValue
from ...rules import auditing, deeds
from ...rules.auditing import FILTERS, FORMATS, Wanted
from ...rules.chain import Broken
from ...rules.deeds import Deed
from ...storage import audit
from ..access.origin import operator
from ..framing import address
from ..given import whole_number
from ..site import flashed, store
from .auditrows import row

bp = Blueprint("auditpages", __name__)

PAGE = 100


@bp.get("/audit")
def show() -> str:
    wanted, given = read(request.args), _given(request.args)
    before = whole_number(request.args.get("before", ""))
    found = audit.newest_first(store().database, wanted, before, PAGE + 1)
    more, now = len(found) > PAGE, store().clock()
    here = url_for(".show")
    return render_template(
        "audit.html",
        section="farm",
        notices=flashed(),
        rows=[row(entry, now) for entry in found[:PAGE]],
        filters={name: given.get(name, "") for name in FILTERS},
        filtered=bool(given),
        head=audit.head(store().database),
        newest=address(here, dict(given)) if before is not None else None,
        older=address(here, {**given, "before": found[PAGE - 1].seq}) if more else None,
        files={name: address(url_for(".export", format=name), dict(given)) for name in FORMATS},
    )


@bp.post("/audit/verify")
def verify() -> ResponseReturnValue:
    """Follow the chain, and say on the page whether it is whole."""
    found = audit.verify(store().database, key=store().settings.audit_key())
    if isinstance(found, Broken):
        flash(f"The audit log is not as it was written. Row {found.seq} is {found.kind}: {found.why}.", "bad")
    else:
        unsealed = (
            f", {found.unsealed} of them without a seal" if store().settings.audit_key() and found.unsealed else ""
        )
        flash(f"The audit log is whole: {found.head.seq:,} {'row' if found.head.seq == 1 else 'rows'}{unsealed}.", "ok")
    return redirect(url_for(".show"), 303)


@bp.get("/audit.<format>")
def export(format: str) -> Response:
    """Send the wanted rows, the oldest first, however many there are."""
    if format not in FORMATS:
        raise NotFound
    form, wanted = FORMATS[format], read(request.args)
    deed = Deed(deeds.EXPORTED, operator(request), f"the audit log as {format}", _given(request.args))
    return Response(
        auditing.lines(audit.exported(store().database, wanted, deed), form),
        mimetype=form.type,
        headers={"Content-Disposition": f'attachment; filename="audit.{format}"'},
    )


def read(given: Mapping[str, str]) -> Wanted:
    try:
        return auditing.read(given, ZoneInfo(store().settings.time_zone))
    except BadValue as error:
        raise BadRequest(f"{error.problem}; {error.hint}") from None


def _given(given: Mapping[str, str]) -> dict[str, str]:
    return {name: given[name].strip() for name in FILTERS if given.get(name, "").strip()}
