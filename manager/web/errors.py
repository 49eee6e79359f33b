"""What is answered when something is wrong: a page for people, JSON for programs; both say what."""

import logging

from flask import Flask, jsonify, make_response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import exc
from werkzeug.exceptions import HTTPException, NotFound

from ..rules.joining import Full
from ..rules.tasks import Refused
from ..storage.door import NotAdmitted
from ..storage.store import Missing
from .api.api import Problem, Stranger
from .api.wording import Unfit

log = logging.getLogger(__name__)

TITLES = {
    400: "That could not be understood",
    401: "Sign in first",
    403: "That is not allowed",
    404: "There is no such page",
    405: "That cannot be done here",
    409: "That cannot be done now",
    429: "That is too much for now",
    421: "That is not the manager's name",
    413: "That is too much at once",
    500: "The manager failed",
    503: "The manager is busy",
}


def answer(code: int, what: str) -> ResponseReturnValue:
    """Say what a call or a page found to be wrong, in the language of the caller."""
    return (jsonify(code=code, message=what), code) if for_program() else page(code, what)


def turned_away(code: int, what: str) -> ResponseReturnValue:
    """Say what was wrong before there was a call; Flamenco's programs are told no code then."""
    return (jsonify(message=what), code) if for_program() else page(code, what)


def page(code: int, what: str) -> ResponseReturnValue:
    return render_template("error.html", section="", title=TITLES.get(code, "That went wrong"), what=what), code


def path() -> str:
    """Return the path that was asked for, without a secret in it."""
    secret = (request.view_args or {}).get("secret")
    return request.path.replace(secret, "…") if secret else request.path


def for_program() -> bool:
    return request.path in ("/api", "/metrics") or request.path.startswith("/api/")


def http(error: HTTPException) -> ResponseReturnValue:
    if error.code is None or error.code < 400:
        return error
    if for_program() and error.code in (404, 405):
        return turned_away(error.code, error.name)
    if error.code == 404 and error.description == NotFound.description:
        return turned_away(404, f"Nothing is at {request.path}.")
    return turned_away(error.code, error.description or error.name)


def failed(error: Exception) -> ResponseReturnValue:
    log.exception("%s %s failed", request.method, path(), exc_info=error)
    return turned_away(500, "Nothing was changed; the manager's log says what happened.")


def busy(error: Exception) -> ResponseReturnValue:
    log.warning("%s %s: the database did not answer: %s", request.method, path(), error)
    answered = make_response(answer(503, "the database did not answer; try again"))
    answered.headers["Retry-After"] = "1"
    return answered


def full(error: Exception) -> ResponseReturnValue:
    answered = make_response(answer(429, str(error)))
    answered.headers["Retry-After"] = "60"
    return answered


def prepare(app: Flask) -> None:
    """Answer every error of the application."""
    app.register_error_handler(HTTPException, http)
    app.register_error_handler(Problem, lambda error: answer(error.code, str(error)))
    app.register_error_handler(Stranger, lambda error: turned_away(403, str(error)))
    app.register_error_handler(Unfit, lambda error: turned_away(400, str(error)))
    app.register_error_handler(Missing, lambda error: answer(404, error.args[0]))
    app.register_error_handler(Refused, lambda error: answer(409, str(error)))
    app.register_error_handler(NotAdmitted, lambda error: answer(403, str(error)))
    app.register_error_handler(Full, full)
    app.register_error_handler(exc.OperationalError, busy)
    app.register_error_handler(exc.TimeoutError, busy)
    app.register_error_handler(Exception, failed)
