"""The pages of rolling actions: which there are, how far one has come, and pause, go on, cancel."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import BadRequest

from ...rules.rollouts import DONE_BY, Command, Refused, Stage
from ...storage import rollouts
from ..access.origin import operator
from ..framing import address
from ..site import flashed, store
from .rolloutview import SHOWN, rollout_row, turn_rows

bp = Blueprint("rolloutpages", __name__)


@bp.get("/rollouts")
def every() -> str:
    seq, now = store().newest(), store().clock()
    found = [rollout_row(one.rollout, one.stages, now) for one in rollouts.every(store())]
    here, live = url_for(".every"), address("/live/rollouts", {"since": seq})
    return render_template("rollouts.html", section="rollouts", rollouts=found, live=live, here=here, notices=flashed())


@bp.get("/rollouts/<rollout_id>")
def one(rollout_id: str) -> str:
    seq, now = store().newest(), store().clock()
    rollout, turns = rollouts.one(store(), rollout_id)
    stages = {stage: sum(turn.stage is stage for turn in turns) for stage in Stage}
    return render_template(
        "rollout.html",
        section="rollouts",
        r=rollout_row(rollout, stages, now),
        turns=turn_rows(turns, now),
        more=max(0, len(turns) - SHOWN),
        live=address("/live/rollouts", {"since": seq}),
        here=url_for(".one", rollout_id=rollout_id),
        notices=flashed(),
    )


@bp.post("/rollouts/<rollout_id>")
def command(rollout_id: str) -> ResponseReturnValue:
    """Pause it, go on, or cancel what has not begun."""
    what = next((command for command in Command if command.value == request.form.get("do")), None)
    if what is None:
        raise BadRequest("do: neither pause, nor resume, nor cancel")
    try:
        rollouts.command(store(), rollout_id, what, operator(request))
        flash(f"The rolling action is {DONE_BY[what]}.", "ok")
    except Refused as error:
        flash(f"Nothing was changed: {error}.", "bad")
    return redirect(url_for(".one", rollout_id=rollout_id), 303)
