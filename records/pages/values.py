"""Words of a file that no list knows: each once, with its count and places, to be explained in one go."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _

from agencies import access
from agencies.http import SignedInRequest, takes_forms
from agencies.refusal import Refused
from agencies.roles import Permission
from records.collection import decided_words, names, unknown_words
from records.collection.names import GivenNames
from records.collection.report import UploadReport
from records.collection.unknown_words import UnknownWord
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current, spec_of
from records.models import Upload
from records.pages.corrected import outcome_and_reasons
from records.reading.questions import NONE
from standards import codelists
from standards.translation import active_language, in_language

ANSWERABLE = (Upload.State.NEEDS_ANSWERS, Upload.State.COMMITTED)


@dataclass
class Line:
    """One word on the page: what may be chosen for it, what was, and what is wrong with that."""

    number: int
    word: UnknownWord
    cells: tuple[str, ...]
    choices: list[dict[str, Any]]
    chosen: str = ""
    other: str = ""
    ticked: bool = False
    problem: str = ""


@dataclass
class Group:
    """The words of one variable; `codes` are the names that can be typed for them."""

    variable: Variable
    label: str
    column: str
    lines: list[Line]
    codes: list[str]
    same: str = ""  # what all ticked words mean
    problem: str = ""


@takes_forms
def values(request: SignedInRequest, upload_id: int) -> HttpResponse:
    """Explain the unknown words of an upload, saved in one go."""
    uploads = Upload.objects.visible_to(request.user).select_related("agency", "instrument")
    upload = get_object_or_404(uploads, pk=upload_id)
    access.require(request.user, Permission.ENTER, upload.agency, upload.instrument_id)
    if upload.state not in ANSWERABLE:
        return redirect(upload)
    spec = spec_of(current(upload.instrument))
    given = names.given_names(upload, request.user)
    groups = _groups(upload, spec, given, request.POST)
    status = 200
    if request.method == "POST":
        decided = _decided(groups)
        if not any(group.problem or any(w.problem for w in group.lines) for group in groups):
            return _save(request, upload, decided) if decided else redirect(upload)
        status = 422
    context = {
        "upload": upload,
        "name": given.file or str(upload),
        "groups": groups,
        "waits": upload.state == Upload.State.NEEDS_ANSWERS,
        "words": sum(len(group.lines) for group in groups),
        "rows": sum(line.word.count for group in groups for line in group.lines),
    }
    return render(request, "records/values.html", context, status=status)


def _save(
    request: SignedInRequest, upload: Upload, decided: dict[tuple[str, str], str]
) -> HttpResponse:
    try:
        corrected = decided_words.decide(upload, decided, by=request.user)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return redirect("records:upload_values", upload.pk)
    if corrected is None:
        return redirect(upload)
    say = messages.warning if corrected.refused else messages.success
    say(request, outcome_and_reasons(corrected))
    left = unknown_words.of(upload)
    return redirect("records:upload_values", upload.pk) if left else redirect(upload)


def _groups(upload: Upload, spec: Spec, given: GivenNames, posted: QueryDict) -> list[Group]:
    """Return the words by variable, those of most rows first, with what was posted for each."""
    words = [w for w in unknown_words.of(upload) if w.variable in spec.by_name]
    order: dict[str, int] = {}
    for word in words:
        order[word.variable] = order.get(word.variable, 0) + word.count
    words.sort(key=lambda w: (-order[w.variable], w.variable, -w.count, w.text))
    places = {key: k for k, key in enumerate(posted.getlist("word"))}
    headers = {c.variable: c for c in UploadReport.of(upload).columns if c.variable}
    waits = upload.state == Upload.State.NEEDS_ANSWERS
    groups = []
    for name, listed in groupby(words, key=lambda w: w.variable):
        variable, column = spec.by_name[name], headers.get(name)
        lines = [_line(word, variable, given, waits, places, posted) for word in listed]
        shown = f"{column.letter} {given.header_of(column.letter, column.header)}" if column else ""
        same = posted.get(f"same-{name}", "").strip()
        label = in_language(variable.label)
        groups.append(Group(variable, label, shown, lines, _names(variable), same))
    for number, line in enumerate(line for group in groups for line in group.lines):
        line.number = number
    return groups


def _names(variable: Variable) -> list[str]:
    language = active_language()
    return sorted(code.label(language) for code in variable.accepted)


def _line(
    word: UnknownWord,
    variable: Variable,
    given: GivenNames,
    waits: bool,
    places: Mapping[str, int],
    posted: QueryDict,
) -> Line:
    place = places.get(_key(word))
    said = {name: posted.get(f"{name}-{place}", "").strip() for name in ("code", "other", "tick")}
    return Line(
        number=0,
        word=word,
        cells=tuple(given.sheet_of(cell) for cell in word.cells),
        choices=_choices(word, variable, waits),
        chosen=said["code"],
        other=said["other"],
        ticked=bool(said["tick"]),
    )


def _key(word: UnknownWord) -> str:
    """Return the name of a word in the form; line breaks do not come back from it as they were."""
    return f"{word.variable}:{' '.join(word.text.split())}"


def _choices(word: UnknownWord, variable: Variable, waits: bool) -> list[dict[str, Any]]:
    """Return what is offered for a word: likely codes, “not stated”, and to hold its rows while the file waits."""
    language = active_language()
    choices = [
        {"value": code.code, "label": code.label(language), "code": code.code}
        for code in unknown_words.likely(word.text, variable)
    ]
    if variable.unknown:
        choices.append({"value": variable.unknown, "label": _("not stated")})
    if waits:
        choices.append({"value": NONE, "label": _("hold these rows")})
    return choices


def _decided(groups: Sequence[Group]) -> dict[tuple[str, str], str]:
    """Return what was said of the words, and note on the lines what cannot be used."""
    decided = {}
    for group in groups:
        same, group.problem = _code_of(group.same, group.variable)
        ticked = [line for line in group.lines if line.ticked]
        if ticked and not group.same:
            group.problem = _("Say what the ticked words mean.")
        if group.same and not ticked:
            group.problem = _("Tick the words that mean this.")
        for line in group.lines:
            code, line.problem = _code_of(line.other, group.variable)
            code = code or line.chosen or (same if line.ticked else "")
            if code:
                decided[line.word.key] = code
    return decided


def _code_of(text: str, variable: Variable) -> tuple[str, str]:
    """Return the code of a name that somebody typed or chose of the list, or what is wrong with it."""
    if not text:
        return "", ""
    accepted = {code.code for code in variable.accepted}
    labels = {code.label(active_language()): code.code for code in variable.accepted}
    (match,) = codelists.load(variable.codelist).match([text], variable.codes)
    code = labels.get(text) or (match.code if match.code in accepted else "")
    return (code, "") if code else ("", _("Choose one of the list; type a part of its name."))
