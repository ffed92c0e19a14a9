"""What somebody searches for among the records of one agency and instrument; its address, and back.

Nothing is looked for in several agencies at once, and no person by a document: a search begins where a delivery is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext as _

from agencies import access
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from records.instruments.spec import Spec, Variable
from records.instruments.versions import current, spec_of
from records.models import Instrument, InstrumentVersion, Record, Submission, Upload
from records.review import counting, rows_behind
from records.review.rows_behind import Behind
from records.search import hidden
from standards import sex, spelling

NEWEST, OLDEST, BY_NUMBER = "newest", "oldest", "number"
ORDERS = (NEWEST, OLDEST, BY_NUMBER)
TYPED = "typed"  # instead of an upload: records that came with no file
FIRST_COLUMNS = 6
RECOGNISED = ("record_ref", "event_date", "age", "birth_date", "sex", "citizenship", "region")
ONCE = ("of", "period", "first", "last", "number", "upload", "person", "order")
SEVERAL = ("is", "behind", "column")
LIMITS_OF = "limits_of"  # of a form: the place whose limits it shows
PLACE = ("after", "before")  # the record beside which a page stands
OTHERS = (*(code for code in sex.CODES if code not in ("F", "M")), sex.NOT_APPLICABLE)
MOST = 40  # values of one name in an address
LONGEST = 400  # letters of the codes of one variable


class NotThere(Exception):
    """What is asked for names something that is not there, or not for this person: no form offers it."""


class Mistyped(Refused):
    """Something was typed in no way that can be read: who typed it can put it right. `names`: the fields it stands in."""

    def __init__(self, text: str, *names: str) -> None:
        super().__init__(text)
        self.names = names


@dataclass(frozen=True)
class Search:
    """One search. Empty parts limit nothing.

    codes: dimension (a coded variable, or a band of ages) -> codes, of which any will do; behind: words of
    `review.rows_behind`, all of which have to hold; number: a part of a record number; upload: the id of one, or `TYPED`;
    person: the id of a record whose person is meant; submissions: ids of those that are looked through.
    """

    agency: Agency
    instrument: Instrument
    version: InstrumentVersion
    submissions: tuple[int, ...] = ()
    period: str = ""
    first: date | None = None
    last: date | None = None
    codes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    behind: tuple[str, ...] = ()
    number: str = ""
    upload: str = ""
    person: int | None = None
    order: str = NEWEST
    columns: tuple[str, ...] = ()

    @cached_property
    def spec(self) -> Spec:
        return spec_of(self.version)

    @property
    def place(self) -> str:
        return f"{self.agency.code}/{self.instrument.code}"

    @property
    def shown(self) -> tuple[Variable, ...]:
        """The columns of the list and of files, in the order of the instrument."""
        chosen = self.columns or first_columns(self.spec)
        return tuple(v for v in columns_of(self.spec) if v.name in chosen)

    @property
    def is_limited(self) -> bool:
        limits = (self.period, self.first, self.last, self.codes, self.behind)
        return any((*limits, self.number, self.upload, self.person))

    @cached_property
    def query(self) -> str:
        """The search as it stands in an address, the number of a record hidden."""
        query = QueryDict(mutable=True)
        told = {
            "of": self.place,
            "period": self.period,
            "first": self.first and self.first.isoformat(),
            "last": self.last and self.last.isoformat(),
            "number": self.number and hidden.hide(self.number, self.place),
            "upload": self.upload,
            "person": self.person,
            "order": self.order if self.order != NEWEST else "",
        }
        query.update({name: str(value) for name, value in told.items() if value})
        query.setlist("is", [f"{name}:{','.join(codes)}" for name, codes in self.codes.items()])
        query.setlist("behind", list(self.behind))
        query.setlist("column", list(self.columns))
        return query.urlencode(safe="/:,")


def address(of: Submission | Upload, **limits: str | Sequence[str]) -> str:
    """Return the page of the records of a submission, or of those that came with a file; `limits` as in an address."""
    query = QueryDict(mutable=True)
    for name, value in limits.items():
        query.setlist(name.rstrip("_"), [value] if isinstance(value, str) else list(value))
    return "&".join(filter(None, (of.records_url, query.urlencode(safe="/:,"))))


def by_sex(of: Submission | Upload, *is_: str) -> dict[str, str]:
    """Return the pages of the rows behind women, men, others and their total; `is_` limits all of them."""
    limited = {
        "f": ["sex:F"],
        "m": ["sex:M"],
        "o": [f"sex:{','.join(OTHERS)}"],
        "total": list[str](),
    }
    return {name: address(of, is_=[*is_, *codes]) for name, codes in limited.items()}


def places(person: Person) -> list[tuple[Agency, Instrument]]:
    """Return where the person may look: agencies and instruments of which there are submissions."""
    of = _submissions(person).order_by().values_list("agency", "instrument").distinct()
    pairs = set(of)
    agencies = Agency.everywhere.in_bulk({agency for agency, _instrument in pairs})
    instruments = Instrument.objects.in_bulk({instrument for _agency, instrument in pairs})
    listed = [(agencies[agency], instruments[instrument]) for agency, instrument in pairs]
    return sorted(listed, key=lambda pair: (pair[0].code, pair[1].code))


def read(given: QueryDict, person: Person, *, in_clear: bool = False) -> Search | None:
    """Return what an address asks for, or a form (`in_clear`: the number is as it was typed). `is=sex:F,M` is either.

    None where it does not say of which agency and instrument, and the person sees several. Raises `NotThere`.
    """
    _require_known(given)
    pair = _place(given.get("of", ""), person)
    if pair is None:
        return None
    agency, instrument = pair
    version = current(instrument)
    search = Search(agency, instrument, version)
    number = given.get("number", "").strip()
    if number and not in_clear:
        number = hidden.read(number, search.place)
        if not number:
            raise Mistyped(
                _("The record number in this address cannot be read any more."), "number"
            )
    search = replace(
        search,
        period=given.get("period", ""),
        first=_day(given, "first"),
        last=_day(given, "last"),
        codes=_codes(given.getlist("is"), search.spec),
        behind=tuple(dict.fromkeys(filter(None, given.getlist("behind")))),
        number=spelling.reference(number)[:40],
        upload=_upload(given.get("upload", ""), agency, instrument, person),
        person=_record(given.get("person", ""), agency, instrument, person),
        order=_one_of(given.get("order", "") or NEWEST, ORDERS),
        columns=_columns(given.getlist("column"), search.spec),
    )
    behind_of(search)  # every word names rows
    if search.first and search.last and search.last < search.first:
        raise Mistyped(_("The last day lies before the first."), "last", "first")
    return replace(search, submissions=_looked_through(search, person))


def read_typed(
    given: QueryDict, person: Person, *, in_clear: bool = False
) -> tuple[Search | None, dict[str, str]]:
    """Return what is asked for, as `read`, without what is mistyped; and of each such field what is wrong.

    Raises `NotThere`.
    """
    readable, problems = given.copy(), dict[str, str]()
    while True:
        try:
            return read(readable, person, in_clear=in_clear), problems
        except Mistyped as refusal:  # of fields that are there: each is left out once
            problems[refusal.names[0]] = str(refusal)
            for name in refusal.names:
                readable.pop(name, None)


def behind_of(search: Search) -> list[Behind]:
    """Return the conditions that the words of a search name. Raises `NotThere` where one names none."""
    named = [rows_behind.behind(word, search.spec) for word in search.behind]
    if None in named:
        raise NotThere
    return [behind for behind in named if behind]


def dimensions(spec: Spec) -> dict[str, str]:
    """Return by what codes records are limited: the name of each dimension and its expression on a record."""
    coded = {v.name: counting.column_of(v) for v in spec.variables if v.kind == "code"}
    return {**coded, **dict(counting.dimensions(spec))}


def columns_of(spec: Spec) -> list[Variable]:
    """Return the variables that can be shown; a key that stands for a person never is."""
    return [v for v in spec.variables if v.kind != "key"]


def first_columns(spec: Spec) -> tuple[str, ...]:
    """Return the columns that are shown before anybody chose: what a record is recognised by; of counts every one."""
    names = [v.name for v in columns_of(spec)]
    if spec.is_counts:
        return tuple(names)
    recognised = [name for name in names if name in RECOGNISED]
    others = [v.name for v in spec.extras() if v.kind == "code" and v.required]
    return tuple(recognised + others[: max(0, FIRST_COLUMNS - len(recognised))])


def _require_known(given: QueryDict) -> None:
    known = (*ONCE, *SEVERAL, *PLACE, "csrfmiddlewaretoken", "form", LIMITS_OF)
    for name, values in given.lists():
        if name not in known or len(values) > (1 if name in ONCE else MOST):
            raise NotThere


def _submissions(person: Person) -> QuerySet[Submission]:
    """The submissions whose records the person sees."""
    return Submission.objects.filter(access.covered(person, Permission.SEE_RECORDS))


def _place(text: str, person: Person) -> tuple[Agency, Instrument] | None:
    pairs = places(person)
    if text:
        named = [pair for pair in pairs if f"{pair[0].code}/{pair[1].code}" == text]
        if not named:
            raise NotThere
        return named[0]
    return pairs[0] if len(pairs) == 1 else None


def _looked_through(search: Search, person: Person) -> tuple[int, ...]:
    own = _submissions(person).filter(agency=search.agency, instrument=search.instrument)
    chosen = own.filter(period=search.period) if search.period else own
    ids = tuple(chosen.values_list("pk", flat=True))
    if search.period and not ids:
        raise NotThere
    return ids


def _day(given: QueryDict, name: str) -> date | None:
    text = given.get(name, "")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Mistyped(_("Write a day as year-month-day."), name) from None


def _codes(texts: list[str], spec: Spec) -> dict[str, tuple[str, ...]]:
    known, codes = dimensions(spec), dict[str, tuple[str, ...]]()
    for text in filter(None, texts):
        name, _colon, any_of = text.partition(":")
        if name not in known or name in codes or not any_of or len(any_of) > LONGEST:
            raise NotThere
        codes[name] = tuple(any_of.split(","))
    return codes


def _columns(names: list[str], spec: Spec) -> tuple[str, ...]:
    known = [v.name for v in columns_of(spec)]
    if any(name not in known for name in names):
        raise NotThere
    chosen = tuple(name for name in known if name in names)
    return () if chosen == first_columns(spec) else chosen


def _one_of(text: str, options: tuple[str, ...]) -> str:
    if text not in options:
        raise NotThere
    return text


def key(text: str) -> int:
    """Return an id as it stands in an address. Raises `NotThere`."""
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise NotThere
    return int(text)


def _upload(text: str, agency: Agency, instrument: Instrument, person: Person) -> str:
    if text in ("", TYPED):
        return text
    seen = Upload.objects.visible_to(person).filter(agency=agency, instrument=instrument)
    if not seen.filter(pk=key(text)).exists():
        raise NotThere
    return str(key(text))


def _record(text: str, agency: Agency, instrument: Instrument, person: Person) -> int | None:
    if not text:
        return None
    seen = Record.objects.visible_to(person).filter(
        agency=agency, submission__instrument=instrument
    )
    if not seen.filter(pk=key(text)).exists():
        raise NotThere
    return key(text)
