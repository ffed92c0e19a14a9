"""Guidance beside fields, questions and figures, and links from words to the glossary."""

from typing import Any

from django.template import Library
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from standards import glossary
from standards import guidance as texts
from standards.languages import marked
from standards.translation import in_language

register = Library()
TITLES = {
    "clerk": marked("What to enter"),
    "reviewer": marked("What to look at"),
    "statistician": marked("What to watch"),
    "reader": marked("What not to infer"),
}
WHO = {
    "clerk": marked("Who enters"),
    "reviewer": marked("Who signs"),
    "statistician": marked("Who counts"),
    "reader": marked("Who reads"),
}


@register.inclusion_tag("components/guidance.html")
def guidance(
    place: str,
    role: str = "clerk",
    *,
    about: str = "",
    passed_over: bool = False,
    open: bool = False,
) -> dict[str, Any]:
    """What somebody with a role should know beside a variable, a question or on a page; nothing where nothing is said.

    about: what it is beside, for those who hear the page. passed_over: by the Tab key. open: from the beginning.
    """
    advice = texts.beside(place, role)
    if advice is None:
        return {"guidance": None}
    return {
        "guidance": advice,
        "title": _(TITLES[role]),
        "about": about,
        "passed_over": passed_over,
        "open": open,
        "text": linked(in_language(advice.text)),
        "where": in_language(advice.where),
    }


@register.simple_tag
def guidance_for_all(place: str) -> list[dict[str, Any]]:
    """What each role should know beside a variable: title and text, in the order of the roles."""
    return [
        {"title": _(WHO[role]), "text": linked(in_language(advice.text))}
        for role, advice in texts.of_variable(place)
    ]


@register.simple_tag
def term(anchor: str, word: str = "") -> SafeString:
    """A word that leads to its place in the glossary; without `word`, as the glossary calls it.

    Raises KeyError for a term that the glossary does not have.
    """
    label = word or in_language(glossary.terms()[anchor].term)
    address = f"{reverse('reports:glossary')}#{anchor}"
    return format_html('<a class="term" href="{}">{}</a>', address, label)


def linked(text: str) -> SafeString:
    """A text of guidance, escaped, in which [anchor|word] has become a link to the glossary."""
    parts, end = [], 0
    for link in texts.LINK.finditer(text):
        parts += [conditional_escape(text[end : link.start()]), term(link[1], link[2])]
        end = link.end()
    return mark_safe("".join([*parts, conditional_escape(text[end:])]))  # noqa: S308 - escaped part by part
