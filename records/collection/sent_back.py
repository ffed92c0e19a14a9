"""Held rows that come back corrected in the workbook that they went out in.

What was changed goes through the same engine as everything else, as rows of a file of its own: its good rows become
records, its wrong ones are held, and the rows they were are closed by it. So undoing it brings those back. Rows that
nobody changed, or that are missing from the workbook, stay as they are (ADR 34).
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import transaction

from agencies.models import Person
from agencies.refusal import Refused
from records.collection import admission, collisions, held_keys, names, rechecking, staging
from records.collection.admission import Admitted
from records.collection.ceiling import HeldCeiling, TooManyHeld
from records.collection.findings_by_cause import FindingsByCause
from records.collection.report import RowCounts, SentBack, UploadReport
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import HeldRow, InstrumentVersion, Upload
from records.reading import refusals
from records.reading.child import Reading
from records.reading.layout import Refusal
from records.reading.returned import KEY
from standards import sex
from standards.translation import in_language

ATTEMPTS = 3  # so often somebody else may be quicker with one of the rows
NAMED = 20  # numbers of rows that a refusal names


class Overtaken(Exception):
    """A row was corrected or removed by somebody else while it was being merged."""


def take_in(upload: Upload, version: InstrumentVersion, reading: Reading, *, by: Person) -> None:
    """Merge the rows of a workbook that was sent back. Runs inside the transaction of its job.

    Raises `Refused` where no row of it was changed, or none is one of this agency's.
    """
    blocks = list(reading.batches())
    _refuse(upload, reading.refusal)
    sent = pa.concat_tables(blocks, promote_options="default").unify_dictionaries()
    for _attempt in range(ATTEMPTS):
        try:
            with transaction.atomic():
                return _merge(upload, version, sent, by)
        except Overtaken:  # what was done here is undone; the rows are looked at anew
            continue
    raise Refused(in_language(refusals.refusal("sent_back_busy").message))


def _merge(upload: Upload, version: InstrumentVersion, sent: pa.Table, by: Person) -> None:
    workbook = Workbook(upload, versions.spec_of(version), sent)
    changed = workbook.changed_rows()
    if not changed:
        _refuse(upload, workbook.nothing_to_do())
    origin = workbook.origin
    cells = UploadReport.of(origin).cells
    causes, ceiling = FindingsByCause(cells), _ceiling(upload, len(changed))
    staging.prepare()
    try:
        for part in rechecking.recheck(changed, workbook.changes, workbook.spec, origin):
            causes.add(part.checked)
            size = staging.stage(part.block, part.checked, workbook.spec, cells)
            ceiling.add(rows=len(part.rows), held=int(part.checked.held.sum()), size=size)
    except TooManyHeld as too_many:
        _refuse(upload, too_many.refusal)
    _answer_as(upload, origin)
    admitted = admission.admit(upload, version, by=by, held_of=origin, by_hand=True)
    collision = collisions.repeated(counts=workbook.spec.is_counts)
    causes.add_counted(collision, admitted.repeated)
    causes.add_counted(collisions.OTHER_CONTENT, admitted.other_content)
    _close(upload, changed)
    _report(upload, workbook, admitted, causes, len(changed))


class Workbook:
    """The rows of a workbook that came back, beside the held rows as they are now."""

    def __init__(self, upload: Upload, spec: Spec, sent: pa.Table) -> None:
        self.upload, self.spec, self.sent = upload, spec, sent
        self.names = [n for n in sent.column_names if n in spec.by_name]
        self.numbers: list[int] = sent["_row"].to_pylist()
        keys = [held_keys.opened(key or "", upload) for key in sent[KEY].to_pylist()]
        self.without_key = [n for n, key in zip(self.numbers, keys, strict=True) if key is None]
        places: dict[tuple[int, str], list[int]] = {}
        for k, key in enumerate(keys):
            if key:
                places.setdefault(key, []).append(k)
        self.twice = sorted(self.numbers[k] for ks in places.values() for k in ks[1:])
        self.held: list[HeldRow] = []
        self.places: list[int] = []  # where they stand in the workbook, from 0
        self.changes: dict[str, pa.Array] = {}
        self.gone: list[int] = []  # corrected, removed or changed meanwhile
        self.closed: list[int] = []  # their period is not open
        self._match({key: ks[0] for key, ks in places.items() if len(ks) == 1})

    def _match(self, places: Mapping[tuple[int, str], int]) -> None:
        """Find the held rows of the keys; of this agency and instrument only."""
        rows = HeldRow.all_rows.filter(
            agency=self.upload.agency_id,
            instrument=self.upload.instrument_id,
            pk__in=[pk for pk, _state in places],
        )
        rows = rows.annotate(state=held_keys.STATE).select_related("submission")
        now: dict[int, Any] = {row.pk: row for row in rows}  # with the state of each
        # All rows of a workbook came with one file: that of the first.
        origin = next((now[pk].upload_id for pk, _state in places if pk in now), None)
        for (pk, state), k in places.items():
            row = now.get(pk)
            if row is None or row.upload_id != origin or not held_keys.is_as_seen(row, state):
                self.gone.append(self.numbers[k])
            elif row.submission and not row.submission.is_open:
                self.closed.append(self.numbers[k])
            else:
                self.held.append(row)
                self.places.append(k)

    @cached_property
    def origin(self) -> Upload:
        """The file whose held rows these are. Its answers hold for them."""
        files = Upload.objects.select_related("agency", "instrument")
        return files.get(held_rows=self.held[0].pk)

    def nothing_to_do(self) -> Refusal:
        """Return why nothing of the workbook is merged, with the rows that cannot be."""
        code = "sent_back_unchanged" if self.held else "sent_back_unknown"
        if self.gone or self.closed:
            code = "sent_back_gone"
        numbers = sorted({*self.gone, *self.closed, *self.without_key, *self.twice})
        return refusals.refusal(code, ", ".join(f"A{number}" for number in numbers[:NAMED]))

    def changed_rows(self) -> list[HeldRow]:
        """Return the held rows of which a cell says something else than it did; `changes` has their texts."""
        if not self.held:
            return []
        places = pa.array(self.places, pa.int64())
        sent = {name: _texts(self.sent[name].take(places)) for name in self.names}
        changes = rechecking.changes_in(self.held, sent)
        differs = rechecking.changed(self.held, changes)
        self.changes = {n: texts.filter(pa.array(differs)) for n, texts in changes.items()}
        return [row for row, differ in zip(self.held, differs.tolist(), strict=True) if differ]


def _texts(cells: pa.ChunkedArray) -> pa.Array:
    flat = cells.cast(pa.string()).combine_chunks()
    flat = flat.combine_chunks() if isinstance(flat, pa.ChunkedArray) else flat
    return pc.fill_null(flat, "")


def _ceiling(upload: Upload, closing: int) -> HeldCeiling:
    """How many rows may be held: those that are closed make room."""
    ceiling = HeldCeiling.of(upload)
    ceiling.rows_of_agency -= closing
    return ceiling


def _answer_as(upload: Upload, origin: Upload) -> None:
    """Let what was answered about the first file hold for these rows, and the names of its sheets and columns."""
    upload.answers = origin.answers
    parts = names.opened(origin).parts if origin.uploaded_by_id == upload.uploaded_by_id else {}
    names.seal(upload, replace(names.opened(upload), parts=parts))
    sheets = upload.report["file"][
        "sheets"
    ]  # of the workbook: it is known by them when it comes again
    upload.report["file"] = {**origin.report.get("file", {}), "sheets": sheets}
    upload.report["copied"] = origin.answers  # what they say was taught by the first file
    for part in ("columns", "letters", "lists", "own_lists", "numbers"):
        upload.report[part] = origin.report.get(part, {})


def _close(upload: Upload, rows: Sequence[Any]) -> None:
    """Close the held rows that this file replaces (with the `state` that was read of each).

    Raises Overtaken where one is no longer there, or holds something else by now.
    """
    seen = {row.pk: row.state for row in rows}
    waiting = HeldRow.open_rows.errors().filter(pk__in=seen).annotate(state=held_keys.STATE)
    locked = waiting.select_for_update(of=("self",)).order_by("pk")
    if {row.pk: row.state for row in locked} != seen:
        raise Overtaken
    HeldRow.open_rows.filter(pk__in=seen).update(closed_by=upload)


def _refuse(upload: Upload, refusal: Refusal | None) -> None:
    if refusal:
        upload.report["refusal"] = asdict(refusal)
        raise Refused(in_language(refusal.message))


def _first(numbers: Sequence[int]) -> tuple[int, ...]:
    return tuple(sorted(numbers)[:NAMED])


def _report(
    upload: Upload,
    workbook: Workbook,
    admitted: Admitted,
    causes: FindingsByCause,
    changed: int,
) -> None:
    upload.state = Upload.State.COMMITTED
    rows = RowCounts(
        read=changed,
        accepted=admitted.accepted,
        held=admitted.held,
        late=admitted.late,
        duplicate=admitted.duplicate,
    )
    sent_back = SentBack(
        of=workbook.origin.pk,
        corrected=admitted.accepted + admitted.duplicate,
        still_wrong=admitted.held - admitted.late,
        unchanged=len(workbook.held) - changed,
        gone_count=len(workbook.gone),
        gone=_first(workbook.gone),
        closed=_first(workbook.closed),
        without_key=_first(workbook.without_key),
        twice=_first(workbook.twice),
    )
    upload.report |= {
        "rows": asdict(rows),
        "sex": {code: admitted.sex.get(code, 0) for code in sex.CODES},
        "findings": causes.as_list(),
        "skipped": {},
        "sent_back": asdict(sent_back),
    }
