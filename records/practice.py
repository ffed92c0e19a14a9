"""What is practised: an instrument to deliver, files to try, a list that ticks itself, and the reset.

What is ticked is asked of what was really done: of files, deeds and steps in the practice agency.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils.translation import gettext as _

from agencies import access, audit, practice, scope
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission, Role
from records.instruments import versions
from records.models import Handling, HeldRow, Instrument, ReviewStep, Upload
from standards.languages import marked

USUAL = "SMS-WPF"  # for whom enters nothing of her own
Deed = Handling.Deed


@dataclass(frozen=True)
class File:
    """A file to try: its name, and its bytes."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Task:
    """One line of the list: what to do, as whom, whether it is done."""

    name: str
    role: Role
    done: bool

    @property
    def title(self) -> str:
        return _(TASKS[self.name][0])

    @property
    def hint(self) -> str:
        return _(TASKS[self.name][1])


# In the order in which they are done: title and hint, marked for the translators.
TASKS = {
    "upload": (
        marked("Send a file"),
        marked("Take the file with mistakes from “Files to try” and send it."),
    ),
    "mend": (
        marked("Correct the rows that were held"),
        marked("Each says what is wrong. Correct them all, or remove what is no record."),
    ),
    "answer": (
        marked("Answer a question about a file"),
        marked("Send the file with a question: its sexes are numbers, which nobody may guess."),
    ),
    "type": (
        marked("Type a record"),
        marked("Add one by hand to the month, with its sex as the document has it."),
    ),
    "submit": (
        marked("Submit a month"),
        marked(
            "Look at its totals by sex first. What is submitted is changed only if it is returned."
        ),
    ),
    "return": (
        marked("Return it as the reviewer"),
        marked("Work as the reviewer, look at the month and return it with a reason."),
    ),
    "resubmit": (
        marked("Correct and submit again"),
        marked("Work as the clerk, read the reason, change a record and submit again."),
    ),
    "sign": (
        marked("Sign it as the reviewer"),
        marked("Work as the reviewer and sign. The clerk cannot: four eyes look at every month."),
    ),
}
BY_REVIEWER = ("return", "sign")
# Functions of the rooms above: code of an instrument, language -> files to try.
_makers: list[Callable[[str, str], list[File]]] = []
_instruments: list[Callable[[], frozenset[str]]] = []


def files_made_by(
    files: Callable[[str, str], list[File]], instruments: Callable[[], frozenset[str]]
) -> None:
    """Say who makes files to try, of an instrument in a language, and of which instruments."""
    _makers[:], _instruments[:] = [files], [instruments]


@transaction.atomic
def opened(owner: Person) -> tuple[Agency, Instrument]:
    """Return the practice agency of a person and what it delivers, both made when she first practises.

    Raises `Denied`, and `Refused` where no instrument can be practised.
    """
    place = practice.opened(owner)
    instrument = place.instruments.first() or _chosen(owner)
    place.instruments.set([instrument])
    return place, instrument


def instrument_of(place: Agency) -> Instrument | None:
    """Return what a practice agency delivers."""
    return place.instruments.first()


def _chosen(owner: Person) -> Instrument:
    """An ordinary instrument that the person enters or signs, of which there are files; else work permits."""
    can = frozenset().union(*(ask() for ask in _instruments))
    restricted = access.restricted_instruments()
    ids = access.agency_ids(owner, Permission.ENTER, Permission.SIGN)
    covered = access.coverage(owner, Permission.ENTER, Permission.SIGN)
    own = Instrument.objects.filter(agencies__in=ids, code__in=can).exclude(pk__in=restricted)
    for instrument in sorted(own.distinct(), key=lambda i: (i.code != USUAL, i.code)):
        if any(covered.covers(place, instrument.pk) for place in ids):
            return instrument
    usual = Instrument.objects.filter(code=USUAL).first()
    if usual is None:
        raise Refused(_("There is nothing to practise yet: no instrument is published."))
    return usual


def files(instrument: Instrument, language: str) -> list[File]:
    """Return the files to try, the same for everybody: invented records with planted mistakes."""
    return [file for make in _makers for file in make(instrument.code, language)]


def tasks(place: Agency | None) -> list[Task]:
    """Return the list, ticked by what was done in a practice agency; in a constant number of queries."""
    done = _done(place) if place else set()
    return [
        Task(name, Role.REVIEWER if name in BY_REVIEWER else Role.CLERK, name in done)
        for name in TASKS
    ]


def _done(place: Agency) -> set[str]:
    with scope.widened([place.pk]):
        taken_in = Upload.objects.filter(agency=place, state=Upload.State.COMMITTED).exists()
        held = HeldRow.open_rows.filter(agency=place).errors().exists()
        deeds = set(Handling.objects.filter(agency=place).values_list("deed", flat=True))
        of = ReviewStep.objects.filter(submission__agency=place).order_by("pk")
        steps = list(of.values_list("submission_id", "verb"))
    done = {verb for _submission, verb in steps if verb in ("submit", "return", "sign")}
    for submission in {of for of, verb in steps if verb == "return"}:
        verbs = [verb for of, verb in steps if of == submission]
        if "submit" in verbs[verbs.index("return") :]:
            done.add("resubmit")
    if taken_in:
        done.add("upload")
    if taken_in and not held and deeds & {Deed.CORRECT, Deed.DISCARD}:
        done.add("mend")
    named = {Deed.ANSWER: "answer", Deed.ENTER: "type"}
    return done | {name for deed, name in named.items() if deed in deeds}


@transaction.atomic
def reset(owner: Person) -> None:
    """Delete all that was practised: files, records, held rows, submissions, their steps and their history.

    What is in the log stays there. Does nothing for who has no practice agency.
    """
    from records.collection import uploads  # with all that reads files

    place = practice.agency_of(owner)
    if place is None:
        return
    with scope.widened([place.pk]):
        paths = [
            uploads.path_of(upload)
            for upload in Upload.objects.filter(agency=place)
            if upload.report.get("path")
        ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT reset_practice(%s)", [place.pk])
    place.instruments.set([_chosen(owner)])
    audit.record("reset_practice", f"agency:{place.pk}", name=place.code, by=owner, agency=place)

    def forget() -> None:
        for path in paths:
            with suppress(OSError):
                path.unlink(missing_ok=True)

    transaction.on_commit(forget)


def title_of(instrument: Instrument) -> str:
    """Return what is practised, in the language of the page."""
    return versions.current(instrument).title
