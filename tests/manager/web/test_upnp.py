"""How the manager describes itself to those who have found it in their network."""

from pathlib import Path
from xml.etree import ElementTree

from stores import fresh

from farmhand.manager.app import create_app
from farmhand.manager.config import Settings

PLACE = "/upnp/description.xml"
SPACE = {"": "urn:schemas-upnp-org:device-1-0"}


def test_a_manager_that_may_be_found_describes_itself(tmp_path: Path) -> None:
    store = fresh(tmp_path, Settings(manager_name="A & <B>", autodiscoverable=True))
    answer = create_app(store).test_client().get(PLACE)
    store.close()
    assert (answer.status_code, answer.mimetype) == (200, "text/xml")
    root = ElementTree.fromstring(answer.data)
    assert root.findtext("device/deviceType", namespaces=SPACE) == "urn:flamenco:manager:0"
    assert root.findtext("device/friendlyName", namespaces=SPACE) == "A & <B>"
    assert str(root.findtext("device/UDN", namespaces=SPACE)).startswith("uuid:")


def test_one_that_may_not_has_no_such_page(tmp_path: Path) -> None:
    store = fresh(tmp_path)
    assert create_app(store).test_client().get(PLACE).status_code == 404
    store.close()
