"""The glossary: what the words of the portal mean. For everybody, also where figures ask for an account."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies.readers import always_open
from standards import glossary as words
from standards.glossary import Term
from standards.translation import active_language, in_language

LONGEST = 60  # characters of a search


@always_open
@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    """All terms by group, or those in which a text is found."""
    wanted = request.GET.get("q", "")[:LONGEST].strip()
    matching = [term for term in words.terms().values() if not wanted or term.has(wanted)]
    groups = [
        {"name": name, "title": _(title), "terms": listed}
        for name, title in words.GROUPS.items()
        if (listed := [_line(term) for term in matching if term.group == name])
    ]
    cited = {term.source.name: term.source for term in matching if term.source}
    context = {"groups": groups, "wanted": wanted, "sources": cited.values()}
    return render(request, "reports/glossary.html", context)


def _line(term: Term) -> dict[str, object]:
    """A term in the language of the page, its name in the other languages, and what it leads to."""
    own = active_language()
    return {
        "anchor": term.anchor,
        "term": in_language(term.term),
        "others": [(code, text) for code, text in term.term.items() if code != own],
        "text": in_language(term.text),
        "see": [(other, in_language(words.terms()[other].term)) for other in term.see],
        "source": term.source,
    }
