"""Lists of codes that an agency uses in its files: loaded as a file or pasted, seen, edited as a new version, withdrawn."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.models import Agency
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import own_lists as verbs
from records.collection.own_lists import LONGEST_NAME, MOST, Wrong, latest_of, seen_by
from records.collection.uploads import file_secrets
from records.instruments.versions import current_of, spec_of
from records.models import OwnCodeList
from records.reading import child, encrypted_file
from records.validation.personal import MASK, without_persons
from standards import codelists
from standards.translation import active_language, in_language

PER_PAGE = 50
LARGEST = 200_000  # characters that are pasted


@require_safe
def own_lists(request: SignedInRequest) -> HttpResponse:
    """The lists of the agencies one works for, each in its newest version."""
    access.require(request.user, Permission.SEE_RECORDS)
    rows = latest_of(seen_by(request.user)).select_related("agency", "made_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    lines = [{"own": row, "means": _title(row.codelist)} for row in page.object_list]
    may_enter = access.may(request.user, Permission.ENTER)
    context = {"page": page, "lines": lines, "may_enter": may_enter}
    return render(request, "records/own_lists.html", context)


@require_safe
def own_list(request: SignedInRequest, own_list: int) -> HttpResponse:
    """One version of a list: its codes with what they mean, and its other versions."""
    rows = seen_by(request.user)
    shown = get_object_or_404(rows, pk=own_list)
    listed = codelists.load(shown.codelist)
    versions = list(rows.filter(agency=shown.agency, name=shown.name).order_by("-version"))
    context = {
        "own": shown,
        "means": _title(shown.codelist),
        "codes": [
            {"text": text, "code": code, "label": listed.label(code, active_language())}
            for text, code in shown.codes.items()
        ],
        "versions": versions,
        "is_newest": shown.pk == versions[0].pk,
        "may_enter": access.may(request.user, Permission.ENTER, shown.agency),
    }
    return render(request, "records/own_list.html", context)


@takes_forms
@access.takes_files(Permission.ENTER)
def own_list_new(request: SignedInRequest) -> HttpResponse:
    """Load a list from a file or pasted: a new one, or (`own`) the next version of one."""
    edited = request.POST.get("own") or request.GET.get("own")
    form = _of_edited(request, edited) if edited else _of_new(request)
    return _load(request, form)


def _of_new(request: SignedInRequest) -> dict[str, Any]:
    """Return the form for a new list."""
    agencies = {agency.code: agency for agency in access.agencies(request.user, Permission.ENTER)}
    agency = agencies.get(request.POST.get("agency", ""), next(iter(agencies.values())))
    return {
        "agencies": list(agencies.values()),
        "agency": agency,
        "choices": _codelists_of(agency),
        "name": " ".join(request.POST.get("name", "").split())[:LONGEST_NAME],
        "codelist": request.POST.get("codelist", ""),
        "base": 0,
    }


def _of_edited(request: SignedInRequest, number: str) -> dict[str, Any]:
    """Return the form for the next version of a list, with its lines as they are."""
    if not (number.isascii() and number.isdecimal() and len(number) < 10):
        raise BadRequest
    edited = get_object_or_404(seen_by(request.user), pk=number)
    access.require(request.user, Permission.ENTER, edited.agency)
    return {
        "own": edited,
        "agency": edited.agency,
        "name": edited.name,
        "codelist": edited.codelist,
        "text": "\n".join(f"{text}\t{code}" for text, code in edited.codes.items()),
        "base": edited.version,
    }


@require_POST
def own_list_withdraw(request: SignedInRequest, own_list: int) -> HttpResponse:
    """Let no file be read with a list any more."""
    rows = seen_by(request.user)
    withdrawn = get_object_or_404(rows, pk=own_list)
    verbs.withdraw(withdrawn, by=request.user)
    messages.success(request, _("Withdrawn: the next file asks which list its codes follow."))
    return redirect("records:own_lists")


def _load(request: SignedInRequest, form: dict[str, Any]) -> HttpResponse:
    """Show the form, or save what was sent and go to the list."""
    status = 200
    if request.method == "POST":
        form |= {
            "text": request.POST.get("text", ""),
            "reason": request.POST.get("reason", ""),
        }
        try:
            saved = _save(request, form)
        except Wrong as wrong:
            status, form["problems"] = 422, wrong.problems
        except Refused as refusal:
            status, form["problems"] = 422, [str(refusal)]
        else:
            messages.success(
                request, _("The list is kept. Say of a column that its codes follow it.")
            )
            return redirect("records:own_list", saved.pk)
    return render(request, "records/own_list_form.html", form, status=status)


def _save(request: SignedInRequest, form: Mapping[str, Any]) -> OwnCodeList:
    """Read the table and keep it. Raises `Wrong`, `Refused`."""
    if "choices" in form and form["codelist"] not in dict(form["choices"]):
        raise Refused(_("Say what the codes mean."))
    if not form["name"] or MASK in without_persons(form["name"]):
        raise Refused(_("Give the list a name that names nobody."))
    table = _sent(request) or form["text"]
    if len(table) > LARGEST:
        raise Refused(_("A list has at most %(n)s lines.") % {"n": MOST})
    codes = verbs.table_of(table, form["codelist"])
    return verbs.save(
        form["agency"], form["name"], form["codelist"], codes,
        by=request.user, base=form["base"], reason=form["reason"],
    )  # fmt: skip


def _sent(request: SignedInRequest) -> str:
    """Return the table of the file that was sent, as lines of two cells; "" where none was. Raises `Refused`."""
    file = request.FILES.get("file")
    if file is None:
        return ""
    with encrypted_file.opened(file.received.path, *file_secrets()) as sealed:  # type: ignore[attr-defined]
        rows, refusal = child.first_cells(sealed, MOST + 2, child.Limits())
    if refusal:
        raise Refused(in_language(refusal.message))
    cells = [[" ".join(cell.split()) for cell in row[:2]] for row in rows]
    return "\n".join("\t".join(row) for row in cells if any(row))


def _codelists_of(agency: Agency) -> list[tuple[str, str]]:
    """Return the lists of the portal that codes of the agency's instruments may mean, with their titles."""
    specs = [spec_of(version) for version in current_of(agency.instruments.all()).values()]
    used = (v.codelist for spec in specs for v in spec.variables if v.kind == "code")
    return sorted(((n, _title(n)) for n in verbs.codelists_of(used)), key=lambda pair: pair[1])


def _title(name: str) -> str:
    return in_language(codelists.load(name).title) or name
