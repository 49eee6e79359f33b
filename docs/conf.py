"""How Sphinx builds these pages: `make docs`, or `sphinx-build -W docs build/docs`."""

from importlib.metadata import version as installed

from pygments.lexers.special import TextLexer
from sphinx.application import Sphinx

project = "Farmhand"
author = "The Farmhand authors"
version = release = installed("farmhand")

extensions = ["myst_parser"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]

html_theme = "furo"
html_title = f"Farmhand {release}"
html_show_copyright = False


def setup(app: Sphinx) -> None:
    # Forges draw these diagrams; here they are shown as they are written.
    app.add_lexer("mermaid", TextLexer)
