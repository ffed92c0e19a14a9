"""Code lists as files: taken away by everybody, brought by the statistics office, with what they would change."""

import base64
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.readers import open_like_figures
from agencies.refusal import Refused
from agencies.roles import Permission
from records.codelists import changes, editions, exchange
from records.codelists.changes import Content, Wrong, content_of
from records.codelists.exchange import Unreadable
from records.codelists.touched import touched
from records.collection.uploads import file_secrets
from records.pages.codelists import differences_of, digest_of, list_named
from records.reading import encrypted_file
from standards import codelists
from standards.codelists import CodeList
from standards.translation import in_language

SHOWN = 200  # differences of a preview


@open_like_figures
@require_safe
def csv_file(request: HttpRequest, name: str) -> HttpResponse:
    """A list as CSV, in the edition in force."""
    return _file(exchange.to_csv(_contents(list_named(name))), "text/csv; charset=utf-8", f"{name}.csv")  # fmt: skip


@open_like_figures
@require_safe
def sdmx_file(request: HttpRequest, name: str) -> HttpResponse:
    """A list as an SDMX-ML code list, 3.0 or (`?version=2.1`) 2.1."""
    codes, version = list_named(name), request.GET.get("version", "3.0")
    if version not in exchange.SDMX:
        raise BadRequest(_("There are the versions 3.0 and 2.1 of SDMX-ML."))
    content = exchange.to_sdmx(
        name, codes.title, codelists.number_of(name), _contents(codes), version
    )
    return _file(content, "application/xml; charset=utf-8", f"{name}.xml")


def _contents(codes: CodeList) -> dict[str, Content]:
    return {code.code: content_of(code) for code in codes.codes}


def _file(content: bytes, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=media_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@dataclass(frozen=True)
class Brought:
    """What a file would change: codes that are new or differ, and those of the list that it does not have."""

    codes: dict[str, Content]  # all of the file
    changed: dict[str, Content]
    new: list[str]
    missing: list[str]


@takes_forms
@access.takes_files(Permission.ACCEPT)
def code_list_import(request: SignedInRequest, name: str) -> HttpResponse:
    """Take in a file: what is new, changed and no longer there is shown, and saved when it is confirmed."""
    codes = list_named(name)
    if not changes.is_kept_here(name):
        raise Http404
    context: dict[str, Any] = {"list": codes, "title": in_language(codes.title)}
    context["base"] = editions.current(name).number
    status = 200
    if request.method == "POST":
        try:
            brought = _brought(codes, content_sent(request))
            if _save(request, name, brought):
                return redirect("records:code_list", name)
            changes.require_right(name, brought.changed)
            context |= _preview(request, codes, brought)
        except Wrong as wrong:
            status, context["problems"] = 422, wrong.problems[:SHOWN]
        except Refused as refusal:
            status, context["refused"] = 422, str(refusal)
        except Unreadable as unreadable:
            status, context["refused"] = 422, _(unreadable.text) % unreadable.values
    return render(request, "records/code_list_import.html", context, status=status)


def content_sent(request: SignedInRequest) -> bytes:
    """Return the file that was sent; the second time, as it was carried through the preview. Raises `Refused`."""
    file = request.FILES.get("file")
    if file is not None:
        with encrypted_file.opened(file.received.path, *file_secrets()) as sealed:  # type: ignore[attr-defined]
            return sealed.open().read(exchange.LARGEST + 1)
    carried = request.POST.get("carried", "")
    if not carried:
        raise Refused(_("Choose a file."))
    try:
        return base64.b64decode(carried, validate=True)
    except ValueError:
        raise BadRequest from None


def _brought(codes: CodeList, content: bytes) -> Brought:
    own = _contents(codes)
    read = {code: changes.cleaned(row) for code, row in exchange.read(content).items()}
    changed = {code: row for code, row in read.items() if row != own.get(code)}
    return Brought(
        read,
        changed,
        new=[code for code in read if code not in own],
        missing=[code for code in own if code not in read],
    )


def _save(request: SignedInRequest, name: str, brought: Brought) -> bool:
    """Save what was looked at and confirmed; say whether it was."""
    base = request.POST.get("base", "")
    if not (base.isascii() and base.isdecimal() and len(base) < 10):
        raise BadRequest
    if request.POST.get("seen") != digest_of([brought.changed, int(base)]):
        return False
    reason = request.POST.get("reason", "")[:500]
    changes.save(name, brought.changed, base=int(base), reason=reason, by=request.user)
    count = len(brought.changed)
    text = ngettext("%(n)s code is taken in.", "%(n)s codes are taken in.", count)
    messages.success(request, text % {"n": count})
    return True


def _preview(request: SignedInRequest, codes: CodeList, brought: Brought) -> dict[str, Any]:
    if not brought.changed:
        raise Refused(_("Nothing is changed: the list says what the file says."))
    own, base = _contents(codes), editions.current(codes.name).number
    differences = [
        difference
        for code, content in brought.changed.items()
        for difference in differences_of(code, own.get(code), content)
    ]
    preview = {
        "seen": digest_of([brought.changed, base]),
        "carried": base64.b64encode(exchange.to_csv(brought.codes)).decode(),
        "new": len(brought.new),
        "changed": len(brought.changed) - len(brought.new),
        "missing": exchange.names_in(brought.missing),
        "differences": differences[:SHOWN],
        "more": max(0, len(differences) - SHOWN),
        "touched": touched(codes.name, list(brought.changed), request.user),
    }
    return {"preview": preview, "reason": request.POST.get("reason", "")[:500]}
