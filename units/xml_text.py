"""What XML can hold, and XML read with the line of each element; plists and WinSW's files are both XML."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from .errors import BadConfig, BadValue

# XML 1.0, "Characters". A carriage return is one of them, but is read as a line feed.
_UNFIT = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Deeper than any file that means a service, and less than what it takes to exhaust a stack.
_DEEPEST = 100


def checked(text: str, key: str) -> str:
    """Give a text that is the same when it is read from XML. Raises BadValue, which names the directive."""
    if found := _UNFIT.search(text):
        raise BadValue(f"{key}: XML cannot hold {found[0]!a}, which is in {text!a}", "take the character out")
    return text


def comment(text: str) -> str:
    """Write a text for people as a comment: two dashes end one, and what XML cannot hold is left out."""
    told = re.sub(r"-(?=-)|-$", "- ", _UNFIT.sub("", text))
    return f"<!-- {told} -->"


@dataclass
class Element:
    """An element: its name, its attributes, the texts in it but not in its children, and the line that it begins in."""

    name: str
    line: int
    attributes: dict[str, str] = field(default_factory=dict)
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def all_text(self) -> str:
        return self.text + "".join(child.all_text() for child in self.children)

    def find(self, name: str) -> "Element | None":
        return next((child for child in self.children if child.name == name), None)

    def walk(self) -> Iterator["Element"]:
        """Yield all elements below, each before those in it."""
        for child in self.children:
            yield child
            yield from child.walk()


def parse(path: str, text: str) -> Element:
    """Read XML; raises BadConfig for what is none, and for entities of its own, which may become any amount of text."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    above = [Element("", 0)]

    def begin(name: str, attributes: dict[str, str]) -> None:
        if len(above) > _DEEPEST:
            raise BadConfig(path, parser.CurrentLineNumber, name, "it is nested too deeply", "take some of it out")
        element = Element(name, parser.CurrentLineNumber, attributes)
        above[-1].children.append(element)
        above.append(element)

    def end(name: str) -> None:
        above.pop()

    def more(data: str) -> None:
        above[-1].text += data

    def refuse(name: str, *_: object) -> None:
        raise BadConfig(path, parser.CurrentLineNumber, name, "it defines an entity", "write out what it stands for")

    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begin, end, more
    parser.EntityDeclHandler = refuse
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        line = getattr(error, "lineno", 0)
        raise BadConfig(path, line, "", f"it is not XML: {error}", "mend the syntax") from None
    return above[0].children[0]
