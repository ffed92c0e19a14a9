"""A release as a bulletin: two pages of A4, typeset from texts and drawings, tagged for screen readers.

Typst typesets them and refuses what does not conform to PDF/UA-1 (ISO 14289-1). It is given texts as data, never as its own
markup, reads no file beside `bulletin.typ` and the letters, and asks no network. The same bulletin gives the same bytes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

import fontpkg_noto_sans
import typst

TEMPLATE = Path(__file__).with_name("bulletin.typ")
LETTERS = Path(fontpkg_noto_sans.__file__).parent / "files"


@dataclass(frozen=True)
class Picture:
    """A chart. svg: its drawing, `width` × `height` pixels; said: what it shows, for who does not see it."""

    title: str
    of: str
    svg: str
    width: int
    height: int
    said: str


@dataclass(frozen=True)
class Listed:
    """A table: the heads of its columns, the rows under them, and the row of their sum."""

    title: str
    of: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str]


@dataclass(frozen=True)
class Paragraph:
    """A short text under a head of its own."""

    head: str
    text: str


@dataclass(frozen=True)
class Bulletin:
    """What the two pages hold, in one language. wordmark: name of the portal; imprint: which release, of which day."""

    language: str
    title: str
    wordmark: str
    imprint: str
    kicker: str
    headline: str
    lead: str
    findings_head: str
    findings: Sequence[str]
    sums: Listed
    first: Sequence[Picture]
    table: Listed
    second: Sequence[Picture]
    reading_head: str
    reading: Sequence[Paragraph]
    citation: Paragraph
    page: str  # %(page)s of %(pages)s, with both still in it


def pdf(bulletin: Bulletin, made: datetime) -> bytes:
    """Return the bulletin as a PDF, dated `made`: the moment of the release."""
    content = compiler(bulletin).compile(
        TEMPLATE, format="pdf", pdf_standards=["ua-1"], timestamp=int(made.timestamp())
    )
    if not isinstance(content, bytes):
        raise TypeError("a PDF is one file")
    return content


def compiler(bulletin: Bulletin) -> typst.Compiler:
    """Return what typesets the bulletin, in any form that Typst knows."""
    return typst.Compiler(
        root=TEMPLATE.parent,
        font_paths=_letters(),
        ignore_system_fonts=True,
        sys_inputs={"content": json.dumps(asdict(bulletin), ensure_ascii=False)},
    )


@cache
def _letters() -> typst.Fonts:
    """Return the letters of the portal alone: what is embedded must not depend on the machine."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(LETTERS)]
    )
