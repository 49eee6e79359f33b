"""Numbers as somebody sends them: read, or refused in words; never an error of the manager's."""

import pytest
from flask.testing import FlaskClient

from farmhand.manager.storage.store import Store
from farmhand.manager.web.given import whole_number

# str.isdigit() takes the second for a number, int() the third; of the last it raises.
NO_NUMBERS = ("-1", "²", "٣", "1_0", " 1", "9" * 5000)


@pytest.mark.parametrize("text", ["", *NO_NUMBERS], ids=lambda text: ascii(text)[:12])
def test_what_no_database_counts_with_is_no_number(text: str) -> None:
    assert whole_number(text) is None


def test_a_number_may_have_as_many_digits_as_a_database_takes() -> None:
    assert whole_number("007") == 7
    assert whole_number("9" * 18) == 10**18 - 1


@pytest.mark.parametrize("path", ["/workers", "/jobs"])
@pytest.mark.parametrize("said", ["0", *NO_NUMBERS], ids=lambda text: ascii(text)[:12])
def test_no_list_has_such_a_page(client: FlaskClient, store: Store, path: str, said: str) -> None:
    refused = client.get(path, query_string={"page": said})
    assert refused.status_code == 400
    assert "is not a page number" in refused.text
