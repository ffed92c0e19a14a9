"""The pieces that pages are put together from; the HTML of each is a file in templates/components.

Where a piece is wrapped around something it is a block: {% table _("Records") %} … {% endtable %}.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.forms import BoundField, Form
from django.template import Library
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = Library()


@register.simple_block_tag
def table(content: SafeString, label: str, kind: str = "") -> SafeString:
    """A table in a named region that scrolls sideways and is reached by the keyboard."""
    return _around("table", content, label=label, kind=kind)


@register.simple_block_tag
def notice(
    content: SafeString, kind: str = "", *, role: str = "", summary: bool = False
) -> SafeString:
    """A message that stands out: good, warn or bad. A summary of errors takes the focus."""
    return _around("notice", content, kind=kind, role=role, summary=summary)


@register.simple_block_tag
def tabs(content: SafeString, label: str, kind: str = "") -> SafeString:
    """A named row of links; each is a line of a list."""
    return _around("tabs", content, label=label, kind=kind)


@register.simple_block_tag
def crumbs(content: SafeString) -> SafeString:
    """Where one is: the pages above as links, then this one; each is a line of a list."""
    return _around("crumbs", content)


@register.simple_block_tag
def work(
    content: SafeString,
    id: str,
    url: str,
    *,
    working: bool,
    doing: str,
    stage: str = "",
    kind: str = "stack",
) -> SafeString:
    """What a job makes: while it works it says what it is doing, and fetches itself by its id from the page at url."""
    said = {"working": working, "doing": doing, "stage": stage}
    return _around("work", content, id=id, url=url, kind=kind, **said)


@register.inclusion_tag("components/fact.html")
def fact(label: str, value: object) -> dict[str, Any]:
    """One line of a list of facts."""
    return {"label": label, "value": value}


@register.inclusion_tag("components/verb.html")
def verb(
    name: str, *parts: object, label: object, kind: str = "btn", confirm: str = ""
) -> dict[str, Any]:
    """A form of one button: the name of its URL with the parts of it, and what to ask before."""
    url = reverse(name, args=parts)
    return {"url": url, "label": label, "kind": kind, "confirm": confirm}


@register.inclusion_tag("components/field.html")
def field(field: BoundField) -> dict[str, Any]:
    """One field of a Django form."""
    return {"field": field}


@register.inclusion_tag("components/errors.html")
def errors(form: Form) -> dict[str, Any]:
    """What is wrong in a Django form, each with a link to its field; takes the focus."""
    return {"form": form}


@register.inclusion_tag("components/reason.html")
def reason(label: str, hint: str, text: str = "") -> dict[str, Any]:
    """The field in which a person says why; `text` is what they typed before."""
    return {"label": label, "hint": hint, "text": text}


@register.inclusion_tag("components/sum.html", name="sum")
def women_men_other(
    numbers: object, title: str, of: str, rows: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The signature of the portal: women + men + other = total, with a line split in proportion.

    rows: the pages of the rows behind f, m, o and total, for whoever may see them.
    """
    return {"sum": numbers, "title": title, "of": of, "rows": rows}


@register.simple_tag
def codes(choices: Iterable[Mapping[str, str]], chosen: str, *, searched: bool) -> SafeString:
    """The options of a code list, with the words by which they are found where the list is searched.

    Written here and not in a template, whose line breaks would add a fifth to a page with two lists
    of countries.
    """
    return format_html_join(
        "\n",
        '<option value="{}"{}{}>{}</option>',
        (
            (
                choice["code"],
                format_html(' data-aliases="{}"', choice["aliases"]) if searched else "",
                mark_safe(" selected") if choice["code"] == chosen else "",
                choice["label"],
            )
            for choice in choices
        ),
    )


@register.filter
def breakable(code: str) -> SafeString:
    """A code or an address that is broken between its parts where a line ends, never inside a word."""
    parts = re.split(r"(?<=[./_?&=,])", code)
    return mark_safe("<wbr>".join(conditional_escape(part) for part in parts))  # noqa: S308


@register.filter
def grouped(checksum: str) -> SafeString:
    """A checksum that is broken every sixteen digits where a line ends; copied, it is whole."""
    parts = (checksum[k : k + 16] for k in range(0, len(checksum), 16))
    return mark_safe("<wbr>".join(conditional_escape(part) for part in parts))  # noqa: S308


def _around(name: str, content: SafeString, **values: object) -> SafeString:
    return render_to_string(f"components/{name}.html", {"content": content, **values})
