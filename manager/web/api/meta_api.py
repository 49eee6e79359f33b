"""The manager itself: Flamenco's calls for its version, its status and its configuration, and what it will not do.

Over the network nobody changes the configuration, has the manager look at paths or start programs. There is no
Shaman, the storage that Blender's add-on uploads files to; it is told so, and uses the shared storage.
"""

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from ....worker.wire import API
from ...config import Settings, this_platform
from ...rules.farm import farm_status
from ...rules.variables import Variable, chosen, translated
from ...storage import farm
from ..site import release, store
from .api import Problem
from .contract import document

bp = Blueprint("meta_api", __name__, url_prefix=API)


@bp.get("/openapi3.json")
def show_document() -> ResponseReturnValue:
    return jsonify(document())


@bp.get("/version")
def show_version() -> ResponseReturnValue:
    number = release()
    return jsonify(version=number, shortversion=number, name=store().settings.manager_name, git="")


@bp.get("/status")
def show_status() -> ResponseReturnValue:
    return jsonify(status=farm_status(*farm.statuses(store())).value)


# -- configuration


@bp.get("/configuration")
def show_configuration() -> ResponseReturnValue:
    return jsonify(storageLocation=store().settings.shared_storage_path, shamanEnabled=False, isFirstRun=False)


@bp.get("/configuration/variables/<audience>/<platform>")
def show_variables(audience: str, platform: str) -> ResponseReturnValue:
    settings = store().settings
    values = chosen(settings.variables, platform=platform, audience=audience, jobs=settings.shared_storage_path)
    return jsonify({name: {"value": it.value, "is_twoway": it.is_twoway} for name, it in values.items()})


@bp.get("/configuration/shared-storage/<audience>/<platform>")
def show_shared_storage(audience: str, platform: str) -> ResponseReturnValue:
    settings = store().settings
    location = translated(
        settings.shared_storage_path, settings.variables, here=this_platform(), there=platform, audience=audience
    )
    return jsonify(location=location, audience=audience, platform=platform)


@bp.get("/configuration/file")
def show_configuration_file() -> ResponseReturnValue:
    return jsonify(_as_flamenco(store().settings))


def _as_flamenco(settings: Settings) -> dict[str, object]:
    """Write those settings that Flamenco's file has too, under its names; where the database is stays here."""
    return {
        "_meta": {"version": 3},
        "manager_name": settings.manager_name,
        "autodiscoverable": settings.autodiscoverable,
        "shared_storage_path": settings.shared_storage_path,
        "shaman": {"enabled": False},
        "worker_timeout": f"{settings.worker_timeout:g}s",
        "task_timeout": f"{settings.task_timeout:g}s",
        "blocklist_threshold": settings.blocklist_threshold,
        "task_fail_after_softfail_count": settings.task_fail_after_softfail_count,
        "variables": {
            name: {"is_twoway": any(it.is_twoway for it in values), "values": [_value(it) for it in values]}
            for name, values in settings.variables.items()
        },
    }


def _value(variable: Variable) -> dict[str, object]:
    platforms = sorted(variable.platforms) or ["all"]
    return {"value": variable.value, "audience": variable.audience or "all", "platforms": platforms}


# -- what it will not do


@bp.put("/configuration/file")
@bp.post("/configuration/setup-assistant")
def change_configuration() -> ResponseReturnValue:
    raise Problem(403, "the configuration is a file that is read when the manager starts; edit it where the manager is")


@bp.post("/configuration/check/shared-storage")
@bp.get("/configuration/check/blender")
@bp.post("/configuration/check/blender")
def check_path() -> ResponseReturnValue:
    raise Problem(403, "the manager looks at no paths and starts no programs for who asks over the network")


@bp.post("/shaman/checkout/requirements")
@bp.post("/shaman/checkout/create")
@bp.get("/shaman/files/<checksum>/<size>")
@bp.post("/shaman/files/<checksum>/<size>")
def shaman(checksum: str = "", size: int = 0) -> ResponseReturnValue:
    raise Problem(503, "there is no Shaman here: shamanEnabled is false; put the files into the shared storage")
