"""Code lists: what they hold, for everybody; changed by the statistics office, with what a change touches, and history."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.readers import open_like_figures
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes, checks, editions
from records.codelists.changes import Content, Overtaken, Wrong, content_of
from records.codelists.exchange import names_in
from records.codelists.touched import touched
from records.models import ListEdition
from records.pages.history import Difference, Entry
from records.pages.instruments import tabs
from standards import codelists
from standards.codelists import Code, CodeList
from standards.languages import LANGUAGES
from standards.translation import active_language, in_language

SHOWN = 40  # codes of an edition whose differences are told
FIELDS = ("parent", "retired", "successor")


@open_like_figures
@require_safe
def code_lists(request: HttpRequest) -> HttpResponse:
    """All code lists with what they are called, how many codes they have, and whose codes these are."""
    language = active_language()
    lines = [
        {
            "name": codes.name,
            "title": codes.title[language],
            "count": len(codes.in_use),
            "standard": codes.standard if codes.standard != "portal" else "",
            "edition": codelists.number_of(codes.name),
        }
        for codes in codelists.every()
    ]
    context = {
        "lines": sorted(lines, key=lambda line: str(line["title"]).casefold()),
        **tabs(request, "code_lists"),
    }
    return render(request, "records/code_lists.html", context)


@open_like_figures
@require_safe
def code_list(request: HttpRequest, name: str) -> HttpResponse:
    """One list: every code with labels, aliases and group; each has an anchor."""
    codes = list_named(name)
    groups = group_labels(codes)
    may_keep = changes.is_kept_here(name) and access.may(request.user, Permission.ACCEPT)
    context = {
        "list": codes,
        "title": in_language(codes.title),
        "edition": codelists.number_of(name),
        "lines": [_line(code, codes, groups) for code in codes.codes],
        "has_groups": any(code.parent for code in codes.codes),
        "locked": checks.locked(codes),
        "parts": [
            (part, in_language(codelists.load(part).title))
            for part in codelists.PARTS.get(name, ())
        ],
        "may_keep": may_keep,
        "may_add": may_keep and not codes.standard,
    }
    return render(request, "records/code_list.html", context)


def _line(code: Code, codes: CodeList, groups: Mapping[str, str]) -> dict[str, Any]:
    language = active_language()
    return {
        "code": code.code,
        "label": code.label(language),
        "others": [(lang, code.labels[lang]) for lang in LANGUAGES if lang != language],
        "aliases": code.aliases,
        "group": groups.get(code.parent, code.parent),
        "retired": day_of(code.retired),
        "successor": code.successor and codes.label(code.successor, language),
    }


def day_of(text: str) -> str:
    """Return a day of ISO 8601 as the page writes days; "" where there is none."""
    return date_format(date.fromisoformat(text), "SHORT_DATE_FORMAT") if text else ""


def list_named(name: str) -> CodeList:
    """Return a code list in the edition in force, or raise 404."""
    if name not in codelists.names():
        raise Http404
    return codelists.load(name)


def group_labels(codes: CodeList) -> dict[str, str]:
    """Return the codes that may be groups of a list, with their labels in the language of the page."""
    above = codes.above() if codes.above else codes
    return {code.code: code.label(active_language()) for code in above.codes}


@dataclass(frozen=True)
class Form:
    """What was typed of one code: the texts of its fields, why, and the edition that the person had before her."""

    code: str
    content: Content
    reason: str
    base: int

    @classmethod
    def of(cls, code: Code | None, name: str) -> "Form":
        """Return the form of a code as it is; of a new one, an empty form."""
        blank = Code("", dict.fromkeys(LANGUAGES, ""))
        return cls(code.code if code else "", content_of(code or blank), "", codelists.number_of(name))  # fmt: skip

    @classmethod
    def posted(cls, request: HttpRequest, code: Code | None) -> "Form":
        """Read a form that was sent. Raises BadRequest where its edition is no number."""
        base = request.POST.get("base", "")
        if not (base.isascii() and base.isdecimal() and len(base) < 10):
            raise BadRequest
        content = changes.cleaned(
            {
                "labels": {language: request.POST.get(language, "") for language in LANGUAGES},
                "aliases": request.POST.get("aliases", "").splitlines(),
                **{name: request.POST.get(name, "") for name in FIELDS},
            }
        )
        typed = code.code if code else request.POST.get("code", "").strip()[:40]
        return cls(typed, content, request.POST.get("reason", "").strip()[:500], int(base))

    @property
    def aliases(self) -> str:
        """The other names, one a line."""
        return "\n".join(self.content["aliases"])

    @property
    def seen(self) -> str:
        """What names what was looked at: exactly that is saved."""
        return digest_of([self.code, self.content, self.base])


def digest_of(content: Any) -> str:
    """Return by what a preview is known again: what was seen is what is confirmed."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@takes_forms
def code_new(request: SignedInRequest, name: str) -> HttpResponse:
    """A new code of a list."""
    return _edit(request, name, None)


@takes_forms
def code(request: SignedInRequest, name: str, code: str) -> HttpResponse:
    """One code of a list: its labels, aliases, group and retirement."""
    access.require(request.user, Permission.ACCEPT)
    known = list_named(name).by_code
    if code not in known:
        raise Http404
    return _edit(request, name, known[code])


def _edit(request: SignedInRequest, name: str, code: Code | None) -> HttpResponse:
    access.require(request.user, Permission.ACCEPT)
    codes = list_named(name)
    if not changes.is_kept_here(name) or (code is None and codes.standard):
        raise Http404
    form = Form.posted(request, code) if request.method == "POST" else Form.of(code, name)
    context = {**_of_form(codes, code), "form": form}
    status = 200
    if request.method == "POST":
        try:
            changes.require_right(name, {form.code: form.content})
            if request.POST.get("seen") == form.seen:
                changes.save(
                    name,
                    {form.code: form.content},
                    base=form.base,
                    reason=form.reason,
                    by=request.user,
                )
                messages.success(request, _("Saved."))
                return redirect("records:code_list", name)
            context["preview"] = _preview(request, codes, code, form)
        except Overtaken as refusal:
            status, context["refused"] = 422, str(refusal)
            newest = Form(form.code, form.content, form.reason, editions.current(name).number)
            context["form"] = newest
        except Wrong as wrong:
            status, context["problems"] = 422, wrong.problems
            context["wrong"] = {problem.field: problem.text for problem in wrong.problems}
        except Refused as refusal:
            status, context["refused"] = 422, str(refusal)
    return render(request, "records/code.html", context, status=status)


def _of_form(codes: CodeList, code: Code | None) -> dict[str, Any]:
    language = active_language()
    own = code.code if code else ""
    return {
        "list": codes,
        "title": in_language(codes.title),
        "code": code,
        "label": code.label(language) if code else "",
        "groups": [(c, label) for c, label in group_labels(codes).items() if c != own],
        "successors": [
            (c.code, c.label(language)) for c in codes.codes if c.code != own and not c.retired
        ],
        "locked": checks.locked(codes),
    }


def _preview(
    request: SignedInRequest, codes: CodeList, code: Code | None, form: Form
) -> dict[str, Any]:
    differences = differences_of(form.code, content_of(code) if code else None, form.content)
    if not differences:
        raise Refused(_("Nothing is changed."))
    return {
        "seen": form.seen,
        "differences": differences,
        "touched": touched(codes.name, [form.code], request.user),
    }


def differences_of(
    code: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> tuple[Difference, ...]:
    """Return what is not the same in two states of a code, in the words of the page; None: there was no such code."""
    states = [dict(before or {}), dict(after or {})]
    labels = {
        "en": _("Name in English"),
        "ru": _("Name in Russian"),
        "tk": _("Name in Turkmen"),
    }
    rows = [
        *(
            (name, [_label(state, language) for state in states])
            for language, name in labels.items()
        ),
        (_("Other names"), ["; ".join(state.get("aliases", ())) for state in states]),
        (_("Group"), [state.get("parent", "") for state in states]),
        (_("Retired from"), [day_of(state.get("retired", "")) for state in states]),
        (_("Successor"), [state.get("successor", "") for state in states]),
    ]
    return tuple(
        Difference(f"{code}: {label}", old, new) for label, (old, new) in rows if old != new
    )


def _label(state: Mapping[str, Any], language: str) -> str:
    return str(state.get("labels", {}).get(language, ""))


@require_safe
def code_list_history(request: SignedInRequest, name: str) -> HttpResponse:
    """Who changed what in a list, and when; the newest edition first."""
    access.require(request.user, Permission.ACCEPT)
    codes = list_named(name)
    if not changes.is_kept_here(name):
        raise Http404
    delivered = codelists.delivered(name).by_code
    entries = [_entry(row, before, delivered) for row, before in editions.history(name)]
    context = {"list": codes, "title": in_language(codes.title), "became": entries}
    return render(request, "records/code_list_history.html", context)


def _entry(row: ListEdition, before: Mapping[str, Any], delivered: Mapping[str, Code]) -> Entry:
    def state(codes: Mapping[str, Any], code: str) -> Mapping[str, Any] | None:
        if code in codes:
            return dict(codes[code])
        return content_of(delivered[code]) if code in delivered else None

    changed = [c for c in dict.fromkeys([*before, *row.codes]) if before.get(c) != row.codes.get(c)]
    return Entry(
        row.at,
        str(row.by),
        _("Edition %(n)s: %(codes)s") % {"n": row.number, "codes": names_in(changed)},
        row.reason,
        _all_differences(changed[:SHOWN], before, row.codes, state),
    )


def _all_differences(
    codes: Iterable[str], before: Mapping[str, Any], after: Mapping[str, Any], state: Any
) -> tuple[Difference, ...]:
    return tuple(
        difference
        for code in codes
        for difference in differences_of(code, state(before, code), state(after, code))
    )
