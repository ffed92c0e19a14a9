"""Columns that a design rounds twice on true records: found when a year is drawn, signed before they are published.

Private: which columns decide one another is read off exact cells.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Person
from agencies.refusal import Refused
from agencies.roles import Permission
from reports.models import Build
from reports.protection import risk
from reports.releases.families import Exact
from reports.releases.numbering import Numbering


@dataclass(frozen=True)
class Conflict:
    """Two columns of different branches, by name; where `code` is empty, `column` decides `other` throughout.

    Otherwise the records of `code` and those of `other_code` are nearly the same.
    """

    column: str
    other: str
    code: str = ""
    other_code: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def text(self) -> str:
        """Return the conflict in words, in the language of the page."""
        words = self.as_json()
        if self.code:
            return (
                _("%(column)s %(code)s and %(other)s %(other_code)s are nearly the same records.")
                % words
            )
        return _("%(column)s decides %(other)s.") % words


def conflicts_of(numbering: Numbering, exact: Exact) -> Iterator[Conflict]:
    """Yield what the design of a dataset rounds twice on these exact cells; nothing for a good design."""
    names, dimensions = numbering.names, numbering.structure.by_name
    for conflict in risk.conflicts(exact.codes, exact.counts, numbering.tables):
        column, other = names[conflict.column], names[conflict.other]
        if conflict.group is None or conflict.other_group is None:
            yield Conflict(column, other)
        else:
            code, other_code = (
                dimensions[name].items[group].code
                for name, group in ((column, conflict.group), (other, conflict.other_group))
            )
            yield Conflict(column, other, code, other_code)


def unsigned(build: Build) -> list[Conflict]:
    """Return the conflicts of a build that nobody has signed, for it or for an earlier build of the same tree."""
    if build.conflicts_signed_by_id or not build.conflicts:
        return []
    signed = Build.objects.filter(
        release__dataset=build.release.dataset,
        tree=build.tree,
        conflicts_signed_by__isnull=False,
    )
    known = {conflict for earlier in signed for conflict in _read(earlier.conflicts)}
    return [conflict for conflict in _read(build.conflicts) if conflict not in known]


def sign(build: Build, *, by: Person, reason: str) -> None:
    """Sign the conflicts of a build as exceptions: what a reader gains by them is known, and acceptable.

    They need no second signature in later releases of the same tree. Who asked for the build does not sign it.
    Raises `Denied`, `Refused`.
    """
    access.require(by, Permission.TABULATE)
    if not reason.strip():
        raise Refused(_("Say why it is acceptable; the reason stays with the release."))
    if build.built_by_id == by.pk:
        raise Refused(_("You asked for this build, so somebody else has to sign for it."))
    if not unsigned(build):
        raise Refused(_("There is nothing to sign in %(release)s.") % {"release": build.release})
    build.conflicts_signed_by, build.conflicts_signed_because = by, reason.strip()
    build.save(update_fields=["conflicts_signed_by", "conflicts_signed_because"])
    audit.record(
        "sign_conflicts",
        f"release:{build.release_id}",
        name=str(build.release),
        by=by,
        reason=reason.strip(),
    )


def _read(stored: Iterable[dict[str, Any]]) -> list[Conflict]:
    return [Conflict(**content) for content in stored]
