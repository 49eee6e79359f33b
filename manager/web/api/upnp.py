"""How the manager describes itself to those who have found it in their network; 404 unless it may be found."""

import socket
from xml.etree import ElementTree as Xml

from flask import Blueprint, Response, abort
from flask.typing import ResponseReturnValue

from ....worker.wire import SSDP_DESCRIPTION, SSDP_TARGET
from ...rules.ssdp import device_id
from ..site import release, store

bp = Blueprint("upnp", __name__)

_NAMESPACE = "urn:schemas-upnp-org:device-1-0"


@bp.get(SSDP_DESCRIPTION)
def description() -> ResponseReturnValue:
    settings = store().settings
    if not settings.autodiscoverable:
        abort(404)
    root = Xml.Element("root", xmlns=_NAMESPACE)
    _add(Xml.SubElement(root, "specVersion"), major="1", minor="0")
    _add(
        Xml.SubElement(root, "device"),
        deviceType=SSDP_TARGET,
        friendlyName=settings.manager_name,
        manufacturer="Farmhand",
        modelName="Farmhand manager",
        modelNumber=release(),
        UDN=device_id(socket.gethostname(), settings.manager_name),
        presentationURL="/",
    )
    return Response(Xml.tostring(root, encoding="utf-8", xml_declaration=True), mimetype="text/xml")


def _add(parent: Xml.Element, **children: str) -> None:
    for name, text in children.items():
        Xml.SubElement(parent, name).text = text
