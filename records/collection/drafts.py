"""Drafts of typed records: kept while somebody types, theirs alone, and what a record leaves for the next one.

A draft keeps what the engine can read, in the form in which a record would keep it, and nothing else: a
name in a field of dates has no meaning, so it is not kept. Of a birth date only a year is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone

from agencies import scope
from agencies.models import Agency, Person
from records.collection import entry, second_entry
from records.collection.entry import Outcome
from records.collection.entry_rules import rule_of
from records.collection.history import texts_of
from records.collection.numberings import numbering_of
from records.instruments import versions
from records.instruments.spec import Variable
from records.models import EntryDraft, Instrument
from records.review.opening import require_delivery
from records.validation import parsing
from records.validation.findings import Checked, Finding


@dataclass
class Kept:
    """A draft as it stands, whether what was sent is in it, and what the engine says about what was sent."""

    draft: EntryDraft
    is_current: bool = True
    findings: list[Finding] = field(default_factory=list)


def draft_of(person: Person, agency: Agency, instrument: Instrument) -> EntryDraft:
    """Return the draft of the person, an empty one where there is none.

    It carries on what the agency wants carried on now, whatever was chosen when the last record was saved.
    """
    key = {"person": person, "agency": agency, "instrument": instrument}
    draft = EntryDraft.objects.filter(**key).first() or EntryDraft(**key)
    wanted = rule_of(agency, instrument).carried if draft.carried else []
    draft.carried = {name: text for name, text in draft.carried.items() if name in wanted}
    return draft


@transaction.atomic
def keep(
    values: Mapping[str, str], *, agency: Agency, instrument: Instrument, by: Person, turn: int
) -> Kept:
    """Keep what was typed so far (variable -> text) in the draft of the person.

    `turn` is that of the draft when the form was shown: what was sent for a record that is saved by
    now, or for a draft that was discarded, is not kept. Raises `Denied` and `Refused` as `entry.save`.
    """
    require_delivery(by, agency, instrument)
    draft = _locked(by, agency, instrument)
    spec = versions.spec_of(versions.current(instrument))
    checked = entry.check_typed(values, spec, numbering_of(agency, instrument))
    if draft.turn != turn:
        return Kept(draft, is_current=False, findings=checked.findings)
    texts = {v.name: _kept_text(v, values, checked) for v in spec.variables if v.typed}
    readable = {name: text for name, text in texts.items() if text}
    draft.values = readable if readable != draft.carried else {}
    draft.left_out = [name for name, text in texts.items() if not text and _text(values, name)]
    draft.saved_at = timezone.now()
    draft.save()
    return Kept(draft, findings=checked.findings)


@transaction.atomic
def save(
    values: Mapping[str, str],
    *,
    agency: Agency,
    instrument: Instrument,
    by: Person,
    acknowledged: frozenset[str] = frozenset(),
) -> Outcome:
    """Save what was typed as a new record, end the draft, and keep for the next record what the agency carries on.

    Where the agency wants records typed twice, a second person is asked for. Raises what `entry.save` raises.
    """
    outcome = entry.save(
        values, agency=agency, instrument=instrument, by=by, acknowledged=acknowledged
    )
    if outcome.record:
        texts, rule = texts_of(outcome.record), rule_of(agency, instrument)
        second_entry.ask_for(outcome.record, rule, by=by)
        _begin_anew(by, agency, instrument, {n: texts[n] for n in rule.carried if texts.get(n)})
    return outcome


@transaction.atomic
def discard(*, agency: Agency, instrument: Instrument, by: Person) -> None:
    """Throw the draft of the person away; what is carried on stays."""
    require_delivery(by, agency, instrument)
    _begin_anew(by, agency, instrument, _locked(by, agency, instrument).carried)


def expire() -> None:
    """Remove drafts that nobody has touched for a month. To be called now and then.

    The policy of the table opens these alone to whoever acts for nobody.
    """
    with scope.working(Agency.everywhere.values_list("pk", flat=True)):
        EntryDraft.objects.all().delete()


def _begin_anew(
    person: Person, agency: Agency, instrument: Instrument, carried: Mapping[str, str]
) -> None:
    draft = _locked(person, agency, instrument)
    draft.values, draft.left_out, draft.carried = {}, [], dict(carried)
    draft.turn += 1
    draft.saved_at = timezone.now()
    draft.save()


def _locked(person: Person, agency: Agency, instrument: Instrument) -> EntryDraft:
    """Return the draft, locked until commit: two tabs of one person take turns."""
    key = {"person": person, "agency": agency, "instrument": instrument}
    EntryDraft.objects.get_or_create(**key, defaults={"saved_at": timezone.now()})
    return EntryDraft.objects.select_for_update(of=("self",)).get(**key)


def _text(values: Mapping[str, str], name: str) -> str:
    return str(values.get(name) or "").strip()


def _kept_text(variable: Variable, values: Mapping[str, str], checked: Checked) -> str:
    """Return what a draft keeps of a field: what it means; "" where that is nothing, or may be personal."""
    name = variable.name
    if not _text(values, name) or name in checked.hidden:
        return ""
    if variable.kind == "birth":
        return _year_alone(_text(values, name))
    if variable.kind == "ref" and any(f.variable == name for f in checked.errors):
        return ""
    return entry.meaning(variable, checked)


def _year_alone(text: str) -> str:
    """Return the year of birth where nothing but a year was typed: a record keeps no day of birth either."""
    today = timezone.localdate()
    birth = parsing.parse_date(text, day_first=None, pivot=today.year, birth=True)
    return str(birth.day.year) if birth.day and birth.precision == "Y" else ""
