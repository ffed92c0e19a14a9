"""Releases as an Atom feed (RFC 4287): an entry when one comes out, another when one is withdrawn."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from django.utils.translation import gettext as _

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
XMLNS = "http://www.w3.org/2005/Atom"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # a feed has to say when it changed, an empty one too
# A publisher may have pasted what XML 1.0 has no way to write.
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """What happened to a release. number: an address that is its own for ever; page: where people read of it."""

    number: str
    title: str
    text: str
    at: datetime
    page: str
    dataset: str


@dataclass(frozen=True)
class Feed:
    """A feed in one language. address: its own; page: the same for people."""

    title: str
    author: str
    address: str
    page: str
    language: str
    entries: tuple[Entry, ...]

    @property
    def updated(self) -> datetime:
        return max((entry.at for entry in self.entries), default=NEVER)


def released(name: str, title: str) -> str:
    """Return the title of the entry of a release that came out."""
    return _("%(name)s is released: %(title)s") % {"name": name, "title": title}


def withdrawn(name: str, title: str) -> str:
    """Return the title of the entry of a release that was withdrawn."""
    return _("%(name)s is withdrawn: %(title)s") % {"name": name, "title": title}


def written(feed: Feed) -> bytes:
    """Write a feed as Atom."""
    root = Element("feed", {"xmlns": XMLNS, "xml:lang": feed.language})
    _texts(root, {"id": feed.address, "title": feed.title, "updated": _moment(feed.updated)})
    SubElement(SubElement(root, "author"), "name").text = feed.author
    _links(root, (("self", feed.address), ("alternate", feed.page)))
    for entry in feed.entries:
        root.append(_entry(entry))
    content: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return content


def _entry(entry: Entry) -> Element:
    element = Element("entry")
    at = _moment(entry.at)
    texts = {"id": entry.number, "title": entry.title, "published": at, "updated": at}
    _texts(element, {**texts, "content": entry.text})
    _links(element, [("alternate", entry.page)])
    SubElement(element, "category", {"term": entry.dataset})
    return element


def _texts(element: Element, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        SubElement(element, name).text = NOT_IN_XML.sub("", text)


def _links(element: Element, links: Iterable[tuple[str, str]]) -> None:
    for rel, address in links:
        SubElement(element, "link", {"rel": rel, "href": address})


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
