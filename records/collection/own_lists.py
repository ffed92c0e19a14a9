"""Lists of codes that an agency uses in its own files: loaded as a table, kept by version, never changed."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.access import Anyone
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.models import OwnCodeList, Upload
from records.validation import personal
from standards import code_systems, codelists
from standards.code_systems import OWN, OwnList, key_of
from standards.spelling import normalise

MOST = 2000  # lines of a list
LONGEST_NAME = 60
DELIMITERS = "\t;,|="
# What stands above the codes of a table with headers, as `normalise` leaves it.
HEADS = frozenset(["code", "codes", "код", "коды", "kod", "kodlar", "código", "codigo"])
NOT_FOR = ("sex", "sex_or_firm")  # what stands for a sex is declared for each file
SHOWN = 10  # problems that are told at once


class Wrong(ValueError):
    """A table that is no list of codes: what is wrong, line by line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def codelists_of(codelists_used: Iterator[str]) -> list[str]:
    """Return the lists of the portal that codes of an agency may mean, each once."""
    return sorted({name for name in codelists_used if name not in NOT_FOR})


def table_of(text: str, codelist: str) -> dict[str, str]:
    """Read a table of two columns: code in the files, then code or name in the list of the portal. Raises `Wrong`.

    A name of the list will do where it means one code for sure. One code stands once, with or without its zeros.
    """
    codes: dict[str, str] = {}
    seen: dict[str, str] = {}
    problems: list[str] = []
    for number, (own, meant) in enumerate(_lines(text), start=1):
        code, problem = _line(own, meant, codelist)
        if not problem and key_of(own) in seen and seen[key_of(own)] != code:
            problem = _("“%(code)s” stands twice and means two things.") % {"code": own}
        if problem:
            problems.append(_("Line %(n)s: %(problem)s") % {"n": number, "problem": problem})
        else:
            codes[own] = seen[key_of(own)] = code
    if len(codes) > MOST:
        problems.append(_("A list has at most %(n)s lines.") % {"n": MOST})
    if not codes and not problems:
        problems.append(_("The table has no lines."))
    if problems:
        raise Wrong(problems[:SHOWN])
    return codes


def _lines(text: str) -> Iterator[tuple[str, str]]:
    """Yield the first two cells of each line that is not empty, without headers; the delimiter is that which most lines have."""
    lines = [line for line in text.lstrip("\ufeff").splitlines() if line.strip()]
    delimiter = max(DELIMITERS, key=lambda mark: sum(1 for line in lines if mark in line))
    for place, cells in enumerate(csv.reader(io.StringIO("\n".join(lines)), delimiter=delimiter)):
        own, meant = ([cell.strip() for cell in cells] + ["", ""])[:2]
        if place or normalise(own) not in HEADS:
            yield own, meant


def _line(own: str, meant: str, codelist: str) -> tuple[str, str]:
    """Return the code that a line names, and what is wrong with the line."""
    listed = codelists.load(codelist)
    (match,) = listed.match([meant])
    code = meant if meant in listed.by_code else match.code if not match.note else None
    if not own or not meant:
        return "", _("It has no two cells.")
    if len(own) > code_systems.LONGEST or personal.names_somebody(own):
        return "", _("Its first cell is no code: it is long, or looks like a document.")
    return (
        (code, "")
        if code
        else (
            "",
            _("“%(text)s” is not on the list.") % {"text": personal.without_persons(meant[:40])},
        )
    )


@transaction.atomic
def save(
    agency: Agency,
    name: str,
    codelist: str,
    codes: Mapping[str, str],
    *,
    by: Person,
    base: int = 0,
    reason: str = "",
) -> OwnCodeList:
    """Append a version of a list; `base` is the version that was edited, 0 for a new list. Raises `Denied`, `Refused`."""
    access.require(by, Permission.ENTER, agency)
    latest = _versions(agency).filter(name=name).order_by("-version").first()
    if (latest.version if latest else 0) != base:
        raise Refused(
            _("Somebody has changed this list meanwhile, or the name is taken. Look at it again.")
        )
    if latest and latest.codelist != codelist:
        raise Refused(_("A list keeps what its codes mean. Begin another one."))
    try:
        with transaction.atomic():
            own = OwnCodeList.objects.create(
                agency=agency, name=name, version=base + 1, codelist=codelist, codes=dict(codes),
                reason=personal.without_persons(reason[:200]), made_by=by,
            )  # fmt: skip
    except IntegrityError:
        raise Refused(_("Somebody has changed this list meanwhile, or the name is taken. Look at it again.")) from None  # fmt: skip
    audit.record("create", f"own_list:{own.pk}", name=str(own), by=by, agency=agency)
    return own


@transaction.atomic
def withdraw(listed: OwnCodeList, *, by: Person) -> None:
    """Let no file be read with a list any more; what was read with it stays. Raises `Denied`."""
    access.require(by, Permission.ENTER, listed.agency)
    versions = _versions(listed.agency).filter(name=listed.name, withdrawn_at=None)
    versions.update(withdrawn_by=by, withdrawn_at=timezone.now())
    audit.record("revoke", f"own_list:{listed.pk}", name=listed.name, by=by, agency=listed.agency)


def _versions(agency: Agency) -> Any:
    return OwnCodeList.objects.filter(agency=agency)


def seen_by(person: Anyone) -> Any:
    """Return all versions of the lists that a person may see: those of the agencies whose records she sees."""
    agencies = access.agencies(person, Permission.SEE_RECORDS)
    return OwnCodeList.objects.filter(agency__in=agencies).select_related("agency", "made_by")


def latest_of(rows: Any) -> Any:
    """Return the newest version of each list among some rows."""
    newest = rows.order_by("agency_id", "name", "-version").distinct("agency_id", "name")
    return OwnCodeList.objects.filter(pk__in=newest.values("pk"))


def in_use(agency: Agency) -> list[OwnList]:
    """Return the lists with which files of an agency are read: the newest version of each that is not withdrawn."""
    return [_own(row) for row in latest_of(_versions(agency)) if row.withdrawn_at is None]


def versions_of(upload: Upload, lists: Iterable[OwnList]) -> dict[str, int]:
    """Return list -> version of those with which an upload is read, by what was said of its columns and proven by them."""
    used = {**(upload.report.get("lists") or {}), **(upload.answers.get("codes") or {})}
    names = {name for name in used.values() if name.startswith(OWN)}
    return {own.key: own.version for own in lists if own.key in names}


def used_by(upload: Upload) -> list[OwnList]:
    """Return the versions with which an upload was read; they hold for its corrected rows, whatever came since."""
    versions = upload.report.get("own_lists") or {}
    names = [name.removeprefix(OWN) for name in versions]
    if not names:
        return []
    rows = _versions(upload.agency).filter(name__in=names)
    return [_own(row) for row in rows if versions[f"{OWN}{row.name}"] == row.version]


def _own(row: OwnCodeList) -> OwnList:
    return OwnList(row.name, row.version, row.codelist, row.codes)
