"""`$NAME` and `${NAME}` in a command line, replaced when the command starts; systemd.service(5), "Command lines"."""

from collections.abc import Mapping

from .spec import Command


def expand_text(text: str, env: Mapping[str, str]) -> str:
    """Replace `${NAME}` by its value, or by nothing if it is unset, and `$$` by `$`; all else stays."""
    out, at = "", 0
    while (dollar := text.find("$", at)) != -1:
        out += text[at:dollar]
        name, closed, _ = text[dollar + 2 :].partition("}")
        if text[dollar + 1 : dollar + 2] == "$":
            out, at = out + "$", dollar + 2
        elif text[dollar + 1 : dollar + 2] != "{":  # and what follows is no beginning of another
            out, at = out + text[dollar : dollar + 2], dollar + 2
        elif closed and ":" not in name:
            out, at = out + env.get(name, ""), dollar + len(name) + 3
        else:
            out, at = out + "$", dollar + 1
    return out + text[at:]


def expand(command: Command, env: Mapping[str, str]) -> list[str]:
    """Give the argv of a command; argv[0] is `@`'s name if there is one. The program to run stays `command.words[0]`.

    A word that is `$NAME` as a whole becomes the words of its value, none if it is unset;
    `${NAME}` becomes the value as it is; `:` leaves everything as it is written. systemd.service(5), "Command lines".
    """
    argv = [command.argv0 if command.argv0 is not None else command.words[0], *command.words[1:]]
    if command.literal:
        return argv
    out: list[str] = []
    for word in argv:
        if word.startswith("$") and word[1:2] not in ("{", "$"):
            from .quoting import words  # which takes memory, and a supervisor lives for years

            out.extend(words(env.get(word[1:], ""), escapes="protect", relax=True))
        else:
            out.append(expand_text(word, env))
    return out


def literal(word: str) -> str:
    """Protect a word from `expand`, which then gives it back unchanged."""
    return word.replace("$", "$$")
