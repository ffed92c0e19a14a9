"""Held rows that come back corrected in the workbook that they went out in.

What was changed goes through the same engine as everything else, as rows of a file of its own: its good rows become
records, its wrong ones are held, and the rows they were are closed by it. So undoing it brings those back. Rows that
nobody changed, or that are missing from the workbook, stay as they are (ADR 34).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection, transaction
from django.utils import timezone

from agencies.models import Person
from agencies.refusal import Refused
from records.collection import admission, collisions, held_keys, names, staging
from records.collection.admission import Admitted
from records.collection.answers import answers_of
from records.collection.ceiling import HeldCeiling, TooManyHeld
from records.collection.findings_by_cause import FindingsByCause
from records.collection.held_rows import texts_of_held
from records.collection.numberings import numbering_of
from records.collection.report import RowCounts, SentBack
from records.instruments import versions
from records.instruments.spec import Spec
from records.models import HeldRow, InstrumentVersion, Upload
from records.reading import refusals
from records.reading.child import Reading
from records.reading.layout import Refusal
from records.reading.returned import KEY
from records.validation import engine, parsing
from records.validation.findings import Checked
from records.validation.meanings import Answers
from standards import sex
from standards.translation import in_language

ATTEMPTS = 3  # so often somebody else may be quicker with one of the rows
NAMED = 20  # numbers of rows that a refusal names
AGE = ("age", "age_precision")
DATES = ("event_date", "birth_date")  # what an age is worked out from
SPACES = r"[\s\x{a0}]+"


class Overtaken(Exception):
    """A row was corrected or removed by somebody else while it was being merged."""


@dataclass(frozen=True)
class Held:
    """A held row as it is now, and where it stands in the workbook (from 0)."""

    row: HeldRow
    place: int

    @property
    def is_typed(self) -> bool:
        """Say whether the row was valid but for its number, so that typed values were kept of it."""
        return "age_precision" in self.row.raw


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
    report = origin.report
    cells = {c["variable"]: c["letter"] for c in report.get("columns", ()) if c["variable"]}
    place = report.get("file", {}).get("sheet")
    cells[""] = f"{place}!" if place else ""
    causes, ceiling = FindingsByCause(cells), _ceiling(upload, len(changed))
    staging.prepare()
    try:
        for block, checked in workbook.checked(changed):
            causes.add(checked)
            size = staging.stage(block, checked, workbook.spec, cells)
            ceiling.add(rows=block.num_rows, held=int(checked.held.sum()), size=size)
    except TooManyHeld as too_many:
        _refuse(upload, too_many.refusal)
    _answer_as(upload, origin)
    admitted = admission.admit(upload, version, by=by, of_held=True)
    collision = collisions.repeated(counts=workbook.spec.is_counts)
    causes.add_counted(collision, admitted.repeated)
    causes.add_counted(collisions.OTHER_CONTENT, admitted.other_content)
    _close(upload, [held.row.pk for held in changed])
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
        self.held: list[Held] = []
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
            if (
                row is None
                or row.kind != HeldRow.Kind.ERROR
                or row.closed_by_id
                or row.state != state
                or row.upload_id != origin
            ):
                self.gone.append(self.numbers[k])
            elif row.submission and not row.submission.is_open:
                self.closed.append(self.numbers[k])
            else:
                self.held.append(Held(row, k))

    @cached_property
    def origin(self) -> Upload:
        """The file whose held rows these are. Its answers hold for them."""
        files = Upload.objects.select_related("agency", "instrument")
        return files.get(held_rows=self.held[0].row.pk)

    def nothing_to_do(self) -> Refusal:
        """Return why nothing of the workbook is merged, with the rows that cannot be."""
        code = "sent_back_unchanged" if self.held else "sent_back_unknown"
        if self.gone or self.closed:
            code = "sent_back_gone"
        numbers = sorted({*self.gone, *self.closed, *self.without_key, *self.twice})
        return refusals.refusal(code, ", ".join(f"A{number}" for number in numbers[:NAMED]))

    def changed_rows(self) -> list[Held]:
        """Return the held rows of which a cell says something else than it did."""
        if not self.held:
            return []
        own = _own_texts(self.held, self.names)
        sent = self._sent(self.held)
        differ = np.zeros(len(self.held), dtype=bool)
        for name in self.names:
            differ |= _differ(own[name], sent[name])
        return [held for held, changed in zip(self.held, differ.tolist(), strict=True) if changed]

    def checked(self, changed: Sequence[Held]) -> Iterator[tuple[pa.Table, Checked]]:
        """Check the changed rows; yield the texts to be kept of them, and what was found.

        Typed values mean what they are, whatever was answered about the file; texts mean what they meant in it.
        """
        for typed, answers in ((False, answers_of(self.origin)), (True, Answers())):
            rows = [held for held in changed if held.is_typed is typed]
            if not rows:
                continue
            block, redated = self._merged(rows)
            checked = engine.check(
                _without_ages(block, redated) if typed else block,
                self.spec,
                today=timezone.localdate(),
                answers=answers,
                numbering=numbering_of(self.upload.agency, self.upload.instrument),
            )
            yield _with_ages(rows, block, checked, redated) if typed else (block, checked)

    def _merged(self, rows: Sequence[Held]) -> tuple[pa.Table, Any]:
        """Return the texts of rows as they are to be, and (n,) bool: whose dates were changed."""
        names = [v.name for v in self.spec.variables]
        own, sent = _own_texts(rows, names), self._sent(rows)
        redated = np.zeros(len(rows), dtype=bool)
        for name in self.names:
            differs = _differ(own[name], sent[name])
            if name in DATES:
                redated |= differs
            texts = sent[name]
            if self.spec.by_name[name].kind in ("date", "birth"):  # a day in digits alone
                texts = _each(texts, parsing.with_points)
            own[name] = pc.if_else(pa.array(differs), texts, own[name])
        numbers = pa.array([held.row.row_no for held in rows], pa.int32())
        return pa.table({**own, "_row": numbers}), redated

    def _sent(self, rows: Sequence[Held]) -> dict[str, pa.Array]:
        places = pa.array([held.place for held in rows], pa.int64())
        return {name: _plain(self.sent[name].take(places)) for name in self.names}


def _plain(texts: pa.ChunkedArray) -> pa.Array:
    flat = texts.cast(pa.string()).combine_chunks()
    flat = flat.combine_chunks() if isinstance(flat, pa.ChunkedArray) else flat
    return pc.utf8_trim_whitespace(pc.fill_null(flat, ""))


def _own_texts(rows: Sequence[Held], names: Sequence[str]) -> dict[str, pa.Array]:
    texts = [texts_of_held(held.row) for held in rows]
    return {n: pa.array([t.get(n, "").strip() for t in texts], pa.string()) for n in names}


def _differ(own: pa.Array, sent: pa.Array) -> Any:
    """Say (n,) where two texts differ for a person who sees them: line breaks and double spaces do not."""
    seen = [pc.replace_substring_regex(texts, SPACES, " ") for texts in (own, sent)]
    return np.asarray(pc.not_equal(*seen))


def _each(texts: pa.Array, change: Any) -> pa.Array:
    """Change each distinct text."""
    coded = texts.dictionary_encode()
    changed = pa.array([change(text) for text in coded.dictionary.to_pylist()], pa.string())
    return changed.take(coded.indices)


def _without_ages(block: pa.Table, redated: Any) -> pa.Table:
    """Leave out ages that were worked out from dates as they were."""
    if "age" not in block.column_names:
        return block
    ages = pc.if_else(pa.array(redated), "", block["age"].combine_chunks())
    return block.set_column(block.column_names.index("age"), "age", ages)


def _with_ages(
    rows: Sequence[Held], block: pa.Table, checked: Checked, redated: Any
) -> tuple[pa.Table, Checked]:
    """Give rows whose dates nobody changed the exact age that is known of them: of a birth date only the year is kept.

    The texts keep it as well, and with it that these are typed values.
    """
    typed, change = checked.typed, pa.array(redated)
    for name in AGE:
        now = typed[name].combine_chunks()
        now = now.dictionary_decode() if pa.types.is_dictionary(now.type) else now
        known = pa.array([held.row.raw.get(name) for held in rows], now.type)
        ages = pc.if_else(change, now, known)
        typed = typed.set_column(typed.column_names.index(name), name, ages)
        texts = pc.fill_null(ages.cast(pa.string()), "")
        if name in block.column_names:
            block = block.set_column(block.column_names.index(name), name, texts)
        else:
            block = block.append_column(name, texts)
    return block, replace(checked, typed=typed)


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
    for part in ("columns", "letters", "lists", "own_lists"):
        upload.report[part] = origin.report.get(part, {})


def _close(upload: Upload, rows: Sequence[int]) -> None:
    """Close the held rows that this file replaces. Raises Overtaken where one is no longer there."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE records_heldrow SET closed_by_id = %s WHERE id = ANY(%s) AND kind = 'ERROR'"
            " AND (closed_by_id IS NULL OR closed_by_id = %s)",
            [upload.pk, list(rows), upload.pk],
        )
        if cursor.rowcount != len(rows):
            raise Overtaken


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
