import pytest

from farmhand.manager.rules.versions import is_older


@pytest.mark.parametrize(
    ("version", "than", "older"),
    [
        ("3.9", "3.10", True),
        ("3.10", "3.9", False),
        ("3.9", "3.9", False),
        ("3.9", "3.9.0", False),
        ("3.9.0", "3.9.1", True),
        ("3.9-beta1", "3.9", True),
        ("3.9", "3.9-beta1", False),
        ("3.9-beta2", "3.9-beta10", True),
        ("3.9-alpha1", "3.9-beta1", True),
        ("0.3.0.dev4", "0.3.0", True),
        ("v1.2", "1.3", True),
        ("1.2+local", "1.2", False),
        ("nightly", "3.9", False),
        ("3.9", "", False),
    ],
)
def test_what_is_older_for_certain(version, than, older):
    assert is_older(version, than) is older
