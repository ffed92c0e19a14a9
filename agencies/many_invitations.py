"""Many invitations at once: pasted addresses or cells of a sheet become rows, each with what is wrong with it."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from email.utils import parseaddr

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from agencies import access, authority, collection, invitations
from agencies.coverage import Duties
from agencies.models import Agency, Invitation, Person
from agencies.refusal import Refused
from agencies.roles import ROLES, Role, excluded

MOST = 200  # at once
CELLS = ("email", "name", "language", "roles", "instruments")


@dataclass(frozen=True)
class Row:
    """One person to invite. `problems` are sentences; `foreign`: nobody of the agency has such an address."""

    line: int
    email: str
    name: str = ""
    language: str = ""
    roles: tuple[Role, ...] = ()
    duties: Duties | None = None
    problems: tuple[str, ...] = ()
    foreign: bool = False
    codes: tuple[str, ...] = ()  # of the instruments that are named

    @property
    def language_name(self) -> str:
        return dict(settings.LANGUAGES).get(self.language, self.language)


@dataclass(frozen=True)
class Defaults:
    """What holds for every row that does not say otherwise in its cells."""

    roles: tuple[Role, ...]
    language: str
    duties: Duties | None = None


@dataclass
class Place:
    """What rows are compared with: what may be given in the agency, and who is there already."""

    agency: Agency
    by: Person
    grantable: list[Role] = field(default_factory=list)
    here: dict[str, Person] = field(default_factory=dict)
    invited: set[str] = field(default_factory=set)
    instruments: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, agency: Agency, by: Person) -> "Place":
        members = [m.person for m in access.memberships(agency)]
        live = invitations.live().filter(agency=agency).values_list("email", flat=True)
        return cls(
            agency,
            by,
            authority.grantable(by, agency),
            {person.email.lower(): person for person in members},
            set(live),
            {i.code.casefold(): i.pk for i in collection.instruments_of(agency)},
        )

    @property
    def domains(self) -> set[str]:
        """The domains of the addresses that people of the agency have."""
        return {address.rpartition("@")[2] for address in [*self.here, self.by.email.lower()]}


def read(text: str, defaults: Defaults, *, agency: Agency, by: Person) -> list[Row]:
    """Return the rows of a pasted text with what is wrong with each. Raises `Refused` for too many, or none.

    A line is an address, several of them, `Name <address>`, or the cells of a sheet (divided by tabs, `;`
    or commas): address, name, language, roles, instruments. Empty cells take what `defaults` say.
    """
    place = Place.of(agency, by)
    cells = list(_lines(text))
    if not cells:
        raise Refused(_("There is no address in this text."))
    if len(cells) > MOST:
        raise Refused(_("At most %(n)s at once.") % {"n": MOST})
    times = Counter(row["email"].lower() for _line, row in cells)
    return [_row(line, row, defaults, place, times) for line, row in cells]


@transaction.atomic
def invite(rows: Iterable[Row], *, agency: Agency, by: Person, link_base: str) -> list[Invitation]:
    """Send all of these invitations, or none. Raises `Denied`, and `Refused` with the line that stands against it."""
    made = []
    for row in rows:
        if row.problems:
            raise Refused(_("Line %(line)s: %(why)s") % {"line": row.line, "why": row.problems[0]})
        made.append(
            invitations.invite(
                email=row.email,
                name=row.name,
                language=row.language,
                roles=row.roles,
                agency=agency,
                by=by,
                link_base=link_base,
                duties=row.duties,
            )
        )
    return made


def _lines(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the cells of each person by name, with the number of the line. A line of headings has no @."""
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or (number == 1 and "@" not in line):
            continue
        if "\t" not in line and line.count("@") != 1:
            for part in re.split(r"[,;\s]+", line.strip()):
                if part:
                    yield number, _cells([part])
            continue
        sign = next((s for s in "\t;," if s in line), None)
        yield number, _cells(line.split(sign) if sign else [line])


def _cells(values: list[str]) -> dict[str, str]:
    texts = [" ".join(value.split()).strip('"') for value in values]
    cells = dict(zip(CELLS, [*texts, *[""] * len(CELLS)], strict=False))
    name, address = parseaddr(cells["email"])
    if "<" in cells["email"] and address:
        cells |= {"email": address, "name": cells["name"] or name}
    return cells


def _row(
    line: int, cells: dict[str, str], defaults: Defaults, place: Place, times: Counter[str]
) -> Row:
    email, problems = cells["email"].lower(), []
    roles, unknown = _roles(cells["roles"])
    problems += [_("There is no role “%(text)s”.") % {"text": text[:40]} for text in unknown]
    duties, strange = _duties(cells["instruments"], defaults, place)
    problems += [
        _("“%(text)s” is no instrument of this agency.") % {"text": text[:40]} for text in strange
    ]
    language = _language(cells["language"])
    if language is None:
        problems.append(
            _("There is no language “%(text)s” here.") % {"text": cells["language"][:40]}
        )
    row = Row(
        line,
        email,
        cells["name"][:150],
        language or defaults.language,
        tuple(roles or ([] if unknown else defaults.roles)),
        duties,
        codes=tuple(
            sorted(
                c.upper() for c, pk in place.instruments.items() if duties and pk in duties.named
            )
        ),
        foreign=email.rpartition("@")[2] not in place.domains,
    )
    return replace(row, problems=(*problems, *_against(row, place, times)))


def _against(row: Row, place: Place, times: Counter[str]) -> Iterator[str]:
    """Yield what stands against inviting this address, as far as the inviter may know."""
    try:
        validate_email(row.email)
    except ValidationError:
        yield _("This is no e-mail address.")
        return
    if times[row.email] > 1:
        yield _("This address stands here more than once.")
    if known := _known(row.email, place):
        yield known
    if not row.roles:
        yield _("Choose at least one role.")
    for role in set(row.roles) - set(place.grantable):
        yield _("You may not give the role “%(role)s” here.") % {"role": role.label}
    for exclusion in excluded((place.agency.pk, role) for role in row.roles):
        yield exclusion.reason


def _known(email: str, place: Place) -> str:
    """Say what is known of an address in this agency, "" for nothing. Of other agencies nothing is told."""
    person = place.here.get(email)
    if email == place.by.email.lower():
        return _("This is your own address.")
    if person and not person.is_active:
        return _("The account of this person is deactivated.")
    if person:
        return _("This person works here already.")
    return _("An invitation to this address is open.") if email in place.invited else ""


def _roles(text: str) -> tuple[list[Role], list[str]]:
    """Return the roles that a cell names, by code or by label in any language, and the words that name none."""
    known: dict[str, Role] = {}
    for code, _name in settings.LANGUAGES:
        with override(code):
            known |= {role.label.casefold(): role for role in ROLES}
    known |= {role.value: role for role in ROLES}
    words = [word.strip() for word in re.split(r"[,/+|]", text) if word.strip()]
    found = [known[word.casefold()] for word in words if word.casefold() in known]
    return list(dict.fromkeys(found)), [word for word in words if word.casefold() not in known]


def _duties(text: str, defaults: Defaults, place: Place) -> tuple[Duties | None, list[str]]:
    """Return what a cell of codes of instruments limits the roles to, and the codes that are none."""
    words = [word for word in re.split(r"[,/+|\s]+", text) if word]
    if not words:
        return defaults.duties, []
    strange = [word for word in words if word.casefold() not in place.instruments]
    named = {place.instruments[w.casefold()] for w in words if w.casefold() in place.instruments}
    return Duties(False, frozenset(named)), strange


def _language(text: str) -> str | None:
    """Return the code of the language that a cell names; "" where it is empty, None where there is none."""
    word = text.strip().casefold()
    known = {code: code for code, _name in settings.LANGUAGES}
    known |= {str(name).casefold(): code for code, name in settings.LANGUAGES}
    return known.get(word) if word else ""
