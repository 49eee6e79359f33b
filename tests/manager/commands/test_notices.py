"""farmhand-manager notices, and the settings that say who is told."""

import pytest
from receiver import receiving

from farmhand.manager.cli import main

HOOK = """notices:
  webhooks: {{allow: [127.0.0.0/8]}}
  to:
    ops:
      webhook: {url}/hooks/secret-path
      secret_file: secret
      events: [worker.lost]
"""


@pytest.fixture
def words(tmp_path):
    (tmp_path / "secret").write_text("a secret of thirty-two bytes, so")
    return ["--data", str(tmp_path / "data"), "--config", str(tmp_path / "manager.yaml")]


def test_a_test_arrives_and_its_outcome_is_printed(tmp_path, words, capsys):
    with receiving() as receiver:
        (tmp_path / "manager.yaml").write_text(HOOK.format(url=receiver.url))
        assert main(["notices", "test", "ops", *words]) == 0
        assert capsys.readouterr().out == "ops: it answered 204\n"
        receiver.answers = [500]
        assert main(["notices", "test", "ops", *words]) == 1
    assert capsys.readouterr().err == "farmhand-manager: ops: it answered 500\n"
    assert main(["notices", "test", "nobody", *words]) == 2
    said = f'{tmp_path / "manager.yaml"}: notices.to: there is no "nobody"; known are ops'
    assert said in capsys.readouterr().err
    assert main(["notices", "test", "nobody", "--data", str(tmp_path / "data")]) == 2
    assert '--config: notices.to: there is no "nobody"; write it into the file of --config' in capsys.readouterr().err
    assert main(["notices", "list", *words]) == 0
    assert "secret-path" not in capsys.readouterr().out


WRONG = [
    ("to: {ops: {webhook: ftp://x.example.org, secret_file: secret, events: []}}", "no address of a webhook"),
    ("to: {ops: {webhook: https://a:b@x.example.org/, secret_file: secret, events: []}}", "a name or a password in it"),
    ("to: {ops: {webhook: 'https://x.example.org/a b', secret_file: secret, events: []}}", "no address of a webhook"),
    ("to: {ops: {webhook: https://x.example.org/, events: [worker.lost]}}", "nothing signs what is sent"),
    ("to: {ops: {webhook: https://x.example.org/, secret_file: short, events: [worker.lost]}}", "can be guessed"),
    ("to: {ops: {webhook: https://x.example.org/, secret_file: none, events: [worker.lost]}}", "cannot be read"),
    ("to: {ops: {webhook: https://x.example.org/, form: xml, events: [worker.lost]}}", "'xml' is not a form"),
    ("to: {ops: {webhook: https://x.example.org/, form: slack, events: [worker.gone]}}", '"worker.gone" is nothing'),
    ("to: {ops: {webhook: https://x.example.org/, email: [a@example.org], events: []}}", "it says not one way"),
    ("to: {ops: {email: [a@example.org], events: [worker.lost]}}", "there is no mail server"),
    ("smtp: {host: x, sender: a@b.c}\n  to: {ops: {email: ['a@b.c, d@e.f'], events: []}}", "is no e-mail address"),
    ("smtp: {host: x, sender: \"a@b.c\\nBcc: d@e.f\"}", "is no e-mail address"),
    ("smtp: {host: x, sender: a@b.c, security: none, user: a, password_file: secret}", "in the open"),
    ("smtp: {host: x, sender: a@b.c, user: a}", "belong together"),
    ("webhooks: {allow: [everywhere]}", "neither an address nor a network"),
    ("crash_loop: {restarts: 0}", "not a number of things"),
    ("hooks: {}", "it is not known"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "problem"), WRONG)
def test_settings_that_cannot_be_meant_are_refused_with_how_to_mend_them(tmp_path, words, capsys, text, problem):
    (tmp_path / "short").write_text("12345")
    (tmp_path / "manager.yaml").write_text(f"notices:\n  {text}\n")
    assert main(["notices", "list", *words]) == 2
    told = capsys.readouterr().err
    assert problem in told
    assert "manager.yaml:" in told
    assert "; " in told
