"""A file that is sent again: its rows beside the records of the same periods, by record number.

The rows are staged (`incoming`), and `place` names the submission of each period. Everything is SQL over
whole tables of the transaction that admits the rows, with their submissions locked: what was compared is
what is there until it commits.
"""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from records.collection.staging import CORE
from records.instruments.spec import Spec
from records.models import Difference, Upload
from records.reading.layout import Question
from records.reading.made_numbers import MARK
from standards import codelists, languages

NEW, CHANGED, EXACT = CHOICES = ("new", "changed", "exact")
AGE = ("age", "age_precision")
WHOLE = (*CORE, "extras")  # what a version of a record says

# A record (`r`) becomes what a row of a file (`i`) says; the file (%s) is the one it comes from, and (%s) whether a
# person had put the row right.
REPLACE = (
    "UPDATE records_record r SET upload_id = %s, by_hand = %s, row_no = i.row_no, "
    + ", ".join(f"{name} = i.{name}" for name in WHOLE)
)


def columns(alias: str) -> str:
    """Return the columns of a version, in one order, of the table with this alias."""
    return ", ".join(f"{alias}.{name}" for name in WHOLE)


def _version(alias: str) -> str:
    """SQL of a version as JSON: variable -> value, without what it does not say."""
    core = ", ".join(f"'{name}', {alias}.{name}" for name in CORE)
    return f"jsonb_strip_nulls(jsonb_build_object({core})) || {alias}.extras"


# A record (`r`) that somebody typed, put right while it was held, or corrected since its present file brought it. The
# deed of a file, and of who took one back, names it; a version of a file that was taken back was somebody's if it stayed.
BY_HAND = (
    "r.upload_id IS NULL OR r.by_hand OR EXISTS (SELECT FROM records_recordevent e"
    " LEFT JOIN pghistory_context x ON x.id = e.pgh_context_id"
    " LEFT JOIN records_upload u ON u.id = e.upload_id"
    " WHERE e.pgh_obj_id = r.id AND e.pgh_label = 'change'"
    " AND NOT coalesce(x.metadata ?| ARRAY['upload', 'undo'], false)"
    " AND (e.upload_id = r.upload_id OR u.state = 'UNDONE'))"
)


@dataclass(frozen=True)
class Counted:
    """What a file is to the records of one period, in numbers of rows; `by_hand` of those changed or gone."""

    period: str
    new: int = 0
    changed: int = 0
    equal: int = 0
    gone: int = 0
    by_hand: int = 0


@dataclass(frozen=True)
class Comparison:
    """A file beside what is here: counts by period, and a digest of all that differs ("" where nothing does)."""

    periods: tuple[Counted, ...] = ()
    digest: str = ""
    choice: str = ""  # what a person chose
    chosen_before: bool = False  # a choice was made, but what is here has changed since

    @classmethod
    def of(cls, report: Mapping[str, Any]) -> "Comparison | None":
        """Return what an upload's report keeps of its comparison, if there was one."""
        kept = report.get("again")
        if not kept:
            return None
        return cls(**{**kept, "periods": tuple(Counted(**line) for line in kept["periods"])})

    def total(self, kind: str) -> int:
        """Return the rows of a kind in all periods."""
        return sum(getattr(line, kind) for line in self.periods)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Applied:
    """What became of the rows whose number was known, and of records that the file lacks."""

    changed: int = 0
    there: int = 0  # equal, or left as they are by choice
    removed: int = 0


def compare(cursor: CursorWrapper, upload: Upload, spec: Spec) -> Comparison:
    """Compare the staged rows of open submissions with their records; the result stays in `compared`.

    No number stands twice in the file any more. Of a period with which the file shares no number it is another
    part: nothing of it is gone. Nor is a record whose number stands in a row of the file with an error. Numbers that
    the portal made say nothing of it: a corrected row has another one. A record whose date was put right into
    another period has changed: it is neither gone from the one nor new in the other.
    """
    cursor.execute("ANALYZE incoming")
    cursor.execute(
        "CREATE TEMP TABLE compared ON COMMIT DROP AS WITH file AS (SELECT p.submission_id, i.ctid AS at, i.*"
        " FROM incoming i JOIN place p USING (period) WHERE p.is_open), known AS (SELECT r.* FROM"
        " records_record r JOIN place p USING (submission_id) WHERE p.is_open AND r.agency_id = %s)"
        " SELECT coalesce(f.submission_id, r.submission_id) AS submission_id,"
        " coalesce(f.record_ref, r.record_ref) AS record_ref, f.at, r.id AS record_id,"
        " CASE WHEN r.id IS NULL THEN 'NEW' WHEN f.at IS NULL THEN 'GONE'"
        f" WHEN ROW({columns('f')}) IS DISTINCT FROM ROW({columns('r')}) THEN 'CHANGED' ELSE 'EQUAL' END AS kind"
        " FROM file f FULL JOIN known r ON r.submission_id = f.submission_id AND r.record_ref = f.record_ref",
        [upload.agency_id],
    )
    if not (
        spec.stock or spec.is_counts
    ):  # their numbers are the same persons or cells in each period
        _find_moved(cursor, spec)
    cursor.execute(
        "DELETE FROM compared c WHERE kind = 'GONE' AND (c.submission_id NOT IN (SELECT submission_id"
        " FROM compared WHERE kind IN ('CHANGED', 'EQUAL')) AND NOT (record_ref LIKE %s AND c.submission_id IN"
        " (SELECT submission_id FROM compared WHERE kind = 'NEW' AND record_ref LIKE %s)) OR record_ref IN (SELECT raw->>'record_ref'"
        " FROM incoming_held WHERE raw->>'record_ref' IS NOT NULL))",
        [f"{MARK}%"] * 2,
    )
    cursor.execute("ANALYZE compared")
    _differing(cursor, spec)
    return Comparison(_counted(cursor), _digest(cursor))


def _find_moved(cursor: CursorWrapper, spec: Spec) -> None:
    """Join a number that is gone in one period and new in another one, where all but days and ages is equal.

    A number that stands in a third period is left as it is: it is not clear which became which, or numbers begin anew.
    """
    dates = [variable.name for variable in spec.extras() if variable.kind == "date"]
    names = [name for name in CORE if name not in (*AGE, "event_date")]
    says = {alias: ", ".join(f"{alias}.{name}" for name in names) for alias in "ir"}
    cursor.execute(
        "WITH once AS (SELECT record_ref FROM compared GROUP BY record_ref HAVING count(*) = 2"
        " AND count(*) FILTER (WHERE kind = 'NEW') = 1 AND count(*) FILTER (WHERE kind = 'GONE') = 1), moved AS (DELETE FROM compared c"
        " USING once, compared g, incoming i, records_record r WHERE c.record_ref = once.record_ref"
        " AND c.kind = 'NEW' AND g.record_ref = once.record_ref AND g.kind = 'GONE' AND i.ctid = c.at"
        f" AND r.id = g.record_id AND ROW({says['i']}) IS NOT DISTINCT FROM ROW({says['r']})"
        " AND i.extras - %s::text[] = r.extras - %s::text[] RETURNING c.at, g.record_id)"
        " UPDATE compared c SET kind = 'MOVED', at = m.at FROM moved m WHERE c.record_id = m.record_id",
        [dates, dates],
    )


def _differing(cursor: CursorWrapper, spec: Spec) -> None:
    """Put both versions of what is changed or gone side by side, in `differing`."""
    cursor.execute(
        "CREATE TEMP TABLE differing ON COMMIT DROP AS SELECT c.submission_id, c.record_ref,"
        f" CASE c.kind WHEN 'MOVED' THEN 'CHANGED' ELSE c.kind END AS kind, {_version('r')} AS before, CASE WHEN c.at IS NOT NULL THEN {_version('i')} END AS now,"
        f" CASE WHEN c.at IS NULL THEN '{{}}' ELSE {_variables(spec)} END AS variables, {BY_HAND} AS by_hand"
        " FROM compared c JOIN records_record r ON r.id = c.record_id LEFT JOIN incoming i ON i.ctid = c.at"
        " WHERE c.kind IN ('CHANGED', 'MOVED', 'GONE')"
    )


def _variables(spec: Spec) -> str:
    """SQL of the names of what differs between a record (`r`) and its row of the file (`i`).

    An age that changed with its dates is no difference of its own.
    """
    same_dates = "(r.birth_year, r.event_date) IS NOT DISTINCT FROM (i.birth_year, i.event_date)"
    age = "(r.age, r.age_precision) IS DISTINCT FROM (i.age, i.age_precision)"
    differ = {name: f"r.{name} IS DISTINCT FROM i.{name}" for name in CORE if name not in AGE}
    differ["age"] = f"{age} AND {same_dates}"
    for name in (variable.name for variable in spec.extras()):
        differ[name] = f"r.extras->'{name}' IS DISTINCT FROM i.extras->'{name}'"
    listed = ", ".join(f"CASE WHEN {test} THEN '{name}' END" for name, test in differ.items())
    return f"array_remove(ARRAY[{listed}], NULL)"


def _counted(cursor: CursorWrapper) -> tuple[Counted, ...]:
    kinds = ("'NEW'", "'CHANGED', 'MOVED'", "'EQUAL'", "'GONE'")
    counts = ", ".join(f"count(*) FILTER (WHERE kind IN ({kind}))" for kind in kinds)
    cursor.execute(
        f"SELECT p.period, {counts}, (SELECT count(*) FROM differing d WHERE d.submission_id = p.submission_id"
        " AND d.by_hand) FROM compared c JOIN place p USING (submission_id)"
        " GROUP BY p.period, p.submission_id ORDER BY p.period"
    )
    return tuple(Counted(*row) for row in cursor.fetchall())


def _digest(cursor: CursorWrapper) -> str:
    """A digest of all that differs, in letters: digits might be taken for the number of a document."""
    cursor.execute(
        "SELECT coalesce(translate(md5(string_agg(md5(ROW(submission_id, record_ref, kind, before, now)::text),"
        " '' ORDER BY submission_id, record_ref)), '0123456789', 'ghijklmnop'), '') FROM differing"
    )
    (digest,) = cursor.fetchone()
    return str(digest)


def choice_for(comparison: Comparison, answers: Mapping[str, Any]) -> str:
    """Return what was chosen of this very comparison; "" where the person has to be asked.

    To leave every record as it is needs nothing seen. Anything else was chosen of what was shown: the answer
    `again_seen` is its digest.
    """
    choice = str(answers.get("again", ""))
    if not comparison.digest or choice == NEW:
        return NEW
    return choice if answers.get("again_seen") == comparison.digest else ""


def replaces_earlier(upload: Upload) -> bool:
    """Say whether it was chosen of this file that its rows replace records of earlier ones."""
    again = Comparison.of(upload.report)
    return again is not None and again.choice in (CHANGED, EXACT)


def earlier_record(upload: Upload, submission: int, number: str) -> int | None:
    """Return the record of an earlier file that a row of this one replaces, where that was chosen.

    None for a record that somebody typed or corrected.
    """
    if not replaces_earlier(upload):
        return None
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id FROM records_record r WHERE r.agency_id = %s AND r.submission_id = %s"
            f" AND r.record_ref = %s AND r.upload_id < %s AND NOT ({BY_HAND})",
            [upload.agency_id, submission, number, upload.pk],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def by_hand(records: Collection[int]) -> frozenset[int]:
    """Return of these records (ids) those that somebody typed, or corrected since their file came."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT r.id FROM records_record r WHERE r.id = ANY(%s) AND ({BY_HAND})",
            [list(records)],
        )
        return frozenset(pk for (pk,) in cursor.fetchall())


def keep_differences(cursor: CursorWrapper, upload: Upload) -> None:
    """Keep what differs, to be shown to who chooses."""
    cursor.execute(
        "INSERT INTO records_difference (agency_id, upload_id, submission_id, record_ref, kind, before, now,"
        " variables, by_hand) SELECT %s, %s, submission_id, record_ref, kind, before, now, variables, by_hand"
        " FROM differing",
        [upload.agency_id, upload.pk],
    )


def forget_differences(upload: Upload) -> None:
    """Remove what was shown: a choice was made, or nobody waits for one."""
    Difference.objects.filter(upload=upload).delete()


def question(comparison: Comparison) -> Question:
    """Return the question of a file that is sent again; its evidence are the counts of each period."""
    texts = codelists.standard("questions")
    choices: list[dict[str, Any]] = [
        {"value": value, "label": languages.say(texts[f"again.{value}"])} for value in CHOICES
    ]
    evidence = [
        f"{line.period}: + {line.new} · ≠ {line.changed} · = {line.equal} · − {line.gone}"
        for line in comparison.periods
    ]
    return Question("again", languages.say(texts["again"]), choices, evidence)


def apply(cursor: CursorWrapper, upload: Upload, choice: str) -> Applied:
    """Do with the records that differ what was chosen; rows that are not to be inserted leave `incoming`.

    A record that moved to another period is removed here, and its row is inserted there with the new ones.
    To be called while the history names who chose and the upload: that is how it can be taken back.
    """
    applied = Applied()
    there = ["EQUAL", "CHANGED"] if choice in (CHANGED, EXACT) else ["EQUAL", "CHANGED", "MOVED"]
    if choice in (CHANGED, EXACT):
        cursor.execute(
            f"{REPLACE} FROM compared c JOIN incoming i ON i.ctid = c.at"
            " WHERE c.kind = 'CHANGED' AND r.id = c.record_id",
            [upload.pk, False],
        )
        applied.changed = int(cursor.rowcount)
        _remove(cursor, "MOVED")
    if choice == EXACT:
        applied.removed = _remove(cursor, "GONE")
    cursor.execute(
        "DELETE FROM incoming i USING compared c WHERE i.ctid = c.at AND c.kind = ANY(%s)", [there]
    )
    applied.there = int(cursor.rowcount) - applied.changed
    return applied


def _remove(cursor: CursorWrapper, kind: str) -> int:
    cursor.execute(
        "DELETE FROM records_record r USING compared c WHERE c.kind = %s AND r.id = c.record_id",
        [kind],
    )
    return int(cursor.rowcount)
