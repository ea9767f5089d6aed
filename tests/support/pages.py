"""A page as a browser parses it."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from airflow_sagemaker_automl import render_html

VOID_TAGS = {"meta", "br", "hr", "img", "link", "input", "base", "embed", "source"}


class Page(HTMLParser):
    """The elements and texts of a parsed page, and unmatched end tags."""

    def __init__(self, source: str) -> None:
        """Parse a page."""
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[tuple[str, str]] = []
        self.open_tags: list[str] = []
        self.stray_end_tags: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record an element and remember that it is open."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID_TAGS:
            self.open_tags.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Record a self-closing element."""
        self.elements.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        """Close the innermost element."""
        if self.open_tags and self.open_tags[-1] == tag:
            self.open_tags.pop()
        else:
            self.stray_end_tags.append(tag)

    def handle_data(self, data: str) -> None:
        """Record a text with the element around it."""
        if data.strip() and self.open_tags:
            self.texts.append((self.open_tags[-1], data.strip()))

    def texts_in(self, *tags: str) -> list[str]:
        """Texts directly inside one of the tags, in page order."""
        return [text for tag, text in self.texts if tag in tags]

    def of_class(self, name: str) -> list[dict[str, str]]:
        """Attributes of the elements that have a class."""
        return [attributes for _, attributes in self.elements if name in attributes.get("class", "").split()]


def rendered(card: dict[str, Any], title: str = "Cancer, version 3") -> Page:
    """Render and parse a card."""
    return Page(render_html(card, title=title))
