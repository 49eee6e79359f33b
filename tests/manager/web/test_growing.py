"""What is sent of a file that grows."""

from pathlib import Path

import pytest

from farmhand.manager.web.serving.growing import send_so_far


@pytest.mark.parametrize("size", [0, 10, 200_000])
def test_what_is_written_meanwhile_is_left_for_the_next_time(tmp_path: Path, size: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"x" * size)
    response = send_so_far(path)
    with path.open("ab") as file:
        file.write(b"y" * 100_000)
    assert response.content_length == size
    assert b"".join(response.iter_encoded()) == b"x" * size
    response.close()
