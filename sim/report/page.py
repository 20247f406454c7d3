"""The report as one HTML page that needs nothing beside it."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files


@dataclass(frozen=True)
class Section:
    """One section of the page.

    Parameters
    ----------
    title : str
        Plain text.
    body : str
        HTML, already escaped.
    """

    title: str
    body: str

    @property
    def anchor(self) -> str:
        """Identifier for links inside the page."""
        return "".join(c if c.isalnum() else "-" for c in self.title.lower())


def page(
    title: str, lead: str, cards: Iterable[tuple[str, str]], sections: Sequence[Section]
) -> str:
    """Return the whole page.

    Parameters
    ----------
    title, lead : str
        Plain text.
    cards : iterable of (value, meaning)
        Headline numbers, plain text.
    sections : sequence of Section
    """
    style = files("sim.report").joinpath("style.css").read_text(encoding="utf-8")
    links = "".join(f'<a href="#{s.anchor}">{html.escape(s.title)}</a>' for s in sections)
    tops = "".join(
        f'<div class="card"><b>{html.escape(value)}</b><span>{html.escape(meaning)}</span></div>'
        for value, meaning in cards
    )
    body = "".join(
        f'<section id="{s.anchor}"><h2>{html.escape(s.title)}</h2>{s.body}</section>'
        for s in sections
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{style}</style></head><body><main>"
        f'<h1>{html.escape(title)}</h1><p class="lead">{html.escape(lead)}</p>'
        f'<nav>{links}</nav><div class="cards">{tops}</div>{body}</main></body></html>\n'
    )


def table(
    head: Sequence[str], rows: Iterable[Sequence[str]], text_columns: Iterable[int] = (0,)
) -> str:
    """Return an HTML table; cells are plain text and are escaped here."""
    left = set(text_columns)

    def cell(tag: str, number: int, value: str) -> str:
        kind = ' class="text"' if number in left else ""
        return f"<{tag}{kind}>{html.escape(value)}</{tag}>"

    top = "".join(cell("th", number, value) for number, value in enumerate(head))
    body = "".join(
        "<tr>" + "".join(cell("td", number, value) for number, value in enumerate(row)) + "</tr>"
        for row in rows
    )
    inner = f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody>"
    return f'<div class="scroll"><table>{inner}</table></div>'


def picture(svg: str, caption: str) -> str:
    """Return a picture with its caption (plain text; none where it is empty)."""
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return f"<figure>{svg}{below}</figure>"


def side_by_side(parts: Iterable[str]) -> str:
    """Return parts beside each other where the window is wide enough."""
    return f'<div class="pair">{"".join(parts)}</div>'


def small_multiples(parts: Iterable[str]) -> str:
    """Return many small pictures, as many beside each other as there is room for."""
    return f'<div class="many">{"".join(parts)}</div>'


def subheading(text: str) -> str:
    """Return a heading inside a section (plain text)."""
    return f"<h3>{html.escape(text)}</h3>"


def paragraph(text: str) -> str:
    """Return a paragraph of plain text."""
    return f"<p>{html.escape(text)}</p>"
