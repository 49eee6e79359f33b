"""What an agent keeps: whole or not at all, and for its user alone."""

from pathlib import Path

import pytest

from farmhand.supervisor.agent.kept import BadFile, Credentials, Folder, fresh


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path / "agent", lambda path: None)


def test_what_was_kept_is_found_again(folder: Folder) -> None:
    assert (folder.credentials(), folder.spent()) == (None, {})
    known = Credentials("s" * 64, "0" * 64, "id")
    folder.keep_credentials(known)
    folder.keep_spent({"t1": 5})
    assert (folder.credentials(), folder.spent()) == (known, {"t1": 5})


def test_a_folder_belongs_to_one_agent_at_a_time(folder: Folder, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="another agent is at work there; give each a folder of its own"):
        Folder(tmp_path / "agent", lambda path: None)


def test_only_its_user_may_read_it(folder: Folder, tmp_path: Path) -> None:
    folder.keep_credentials(Credentials("s" * 64, "0" * 64, "id"))
    assert (tmp_path / "agent").stat().st_mode & 0o777 == 0o700
    assert folder.credentials_path.stat().st_mode & 0o777 == 0o600


def test_each_file_is_kept_private_before_anything_is_in_it(tmp_path: Path) -> None:
    sizes: list[int] = []
    folder = Folder(tmp_path, lambda path: sizes.append(Path(path).stat().st_size))
    folder.keep_credentials(Credentials("s" * 64, "0" * 64, "id"))
    assert sizes == [0]


def test_secrets_are_256_bits_and_no_two_are_the_same() -> None:
    made = [fresh() for _ in range(3)]
    texts = {each.secret for each in made} | {each.key for each in made}
    assert {len(bytes.fromhex(text)) for text in texts} == {32}
    assert len(texts) == 6


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"agent_id": ""}', '{"agent_id": "a", "secret": "s", "ticket_key": "00"}', "\ud800"],
)
def test_a_spoilt_file_is_told_with_what_to_do(folder: Folder, text: str) -> None:
    folder.credentials_path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(BadFile, match="remove"):
        folder.credentials()


@pytest.mark.parametrize("text", ["[]", '{"t1": "5"}', '{"t1": true}', "{"])
def test_a_spoilt_note_of_used_tickets_is_not_taken_for_none(folder: Folder, text: str) -> None:
    (folder.credentials_path.parent / "agent-spent.json").write_text(text)
    with pytest.raises(BadFile):
        folder.spent()
