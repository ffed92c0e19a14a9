"""Whose crossing changed the usual residence: migrants by the 12/16-month rule. Private.

Crossings of one person are linked by `person_ref`, a keyed hash that the portal makes of a document number which it then
forgets; each agency has a key of its own, so only crossings of one agency are linked. The links are followed inside
the database and only counts leave it: no reference and no history of a person is ever read out.

The rule. A crossing leads to a state: present after an entry, absent after an exit. It changes the usual residence if
the person was resident elsewhere before, and spends at least twelve of the next sixteen months in that state, together and
not in one piece. Sources: United Nations (1998), Recommendations on Statistics of International Migration, Revision 1
(long-term migrant: a change of usual residence for at least a year); Regulation (EC) No 862/2007, Article 2 (the same);
Statistics New Zealand (2017), Defining migrants using travel histories and the 12/16-month rule.

What every crossing is told to be (`reports.designs.dimensions.RESIDENCE`); nothing is guessed:
- FINAL: it changed the residence, and twelve months are reached.
- PROVISIONAL: fewer than sixteen months were followed, more than four of them were spent in the new state, and twelve will be
  reached if the person stays as he or she is. Four is what the rule allows to be elsewhere: who has been here for longer
  can no longer have stayed a resident abroad. Before that a visitor who is about to leave looks like a migrant.
- NONE: it did not change the residence, or will not if the person stays as he or she is.
- _U: not known. Without a reference a crossing cannot be linked. Of somebody who has been in a new state for four months at
  most it is too early to tell. Where somebody lived before follows from the crossings before; before the first one from twelve
  months without a crossing, and where these were not observed it is not known.
- A month that was not delivered breaks the histories: they end before it and begin anew after it.
- A crossing that follows one of the same direction shows that one between them is missing; the state in between is taken to
  last until the second (`Linkage.broken` counts them).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import pyarrow as pa
from django.db import connection

from records.models import Submission
from reports.designs.datasets import Dataset
from reports.designs.dimensions import UNKNOWN
from reports.exact import slices
from reports.exact.cube import COUNT
from standards.periods import Period

FOLLOWED_MONTHS, NEEDED_MONTHS = 16, 12
# submissions, begins, ends: one entry for each accepted month; begins and ends are the days of the run of months without a
# gap that it belongs to. A state has the days from its crossing to before the next one; k numbers the crossings of a person,
# and `moment` orders those of one day. Windows only: a join of the crossings with themselves has no statistics to be planned by.
FOLLOWED = f"""
WITH month AS (
    SELECT * FROM unnest(%(submissions)s::bigint[], %(begins)s::date[], %(ends)s::date[])
        AS m(submission_id, begins, ends)
), crossing AS (
    SELECT r.id, r.agency_id, r.person_ref, r.event_date AS day,
           r.extras->>'direction' = 'IN' AS enters, m.begins, m.ends,
           row_number() OVER person AS k,
           lead(r.event_date, 1, m.ends) OVER person AS next_day,
           lag(r.extras->>'direction') OVER person = r.extras->>'direction' AS broken,
           m.begins + interval '{NEEDED_MONTHS} months' <= first_value(r.event_date) OVER person AS first_known,
           first_value(r.extras->>'direction') OVER person = 'OUT' AS at_first_present
      FROM records_record r JOIN month m USING (submission_id)
     WHERE r.person_ref IS NOT NULL AND r.extras->>'direction' IN ('IN', 'OUT')
    WINDOW person AS (PARTITION BY r.agency_id, m.begins, r.person_ref ORDER BY r.event_date, r.id)
), added AS (
    SELECT *, day + k * interval '1 microsecond' AS moment,
           coalesce(sum(CASE WHEN enters THEN next_day - day ELSE 0 END) OVER (
               PARTITION BY agency_id, begins, person_ref ORDER BY k
               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS present_before,
           least((day + interval '{FOLLOWED_MONTHS} months')::date, ends) AS until,
           (day + interval '{FOLLOWED_MONTHS} months')::date AS whole,
           (day + interval '{NEEDED_MONTHS} months')::date - day AS needed
      FROM crossing
), spent AS (
    SELECT *, last_value(enters) OVER ahead AS enters_last,
           last_value(present_before) OVER ahead - present_before
             + CASE WHEN last_value(enters) OVER ahead THEN until - last_value(day) OVER ahead ELSE 0 END AS present
      FROM added
    WINDOW ahead AS (PARTITION BY agency_id, begins, person_ref ORDER BY moment
                     RANGE BETWEEN CURRENT ROW AND interval '{FOLLOWED_MONTHS} months' FOLLOWING)
), counted AS (
    SELECT *, CASE WHEN enters THEN present ELSE until - day - present END AS days FROM spent
), judged AS (
    SELECT *, CASE
           WHEN days >= needed THEN 'FINAL'
           WHEN until = whole OR enters <> enters_last OR days + (whole - until) < needed THEN NULL
           WHEN days > whole - day - needed THEN 'PROVISIONAL'
           ELSE 'EARLY' END AS status
      FROM counted
), before AS (
    SELECT *, max(CASE WHEN status <> 'EARLY' THEN 2 * k + enters::int END) OVER (
           PARTITION BY agency_id, begins, person_ref ORDER BY k
           ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) %% 2 = 1 AS was_resident
      FROM judged WHERE status IS NOT NULL
), migrant AS (
    SELECT id, CASE
           WHEN status = 'EARLY' OR was_resident IS NULL AND NOT first_known THEN 'UNKNOWN'
           ELSE status END AS status
      FROM before
     WHERE coalesce(was_resident, CASE WHEN first_known THEN at_first_present END, NOT enters) <> enters
)
"""
# What the crossing of a record did, of those that were followed (migrant m LEFT JOINed).
CHANGE = f"""
CASE WHEN r.person_ref IS NULL OR coalesce(r.extras->>'direction', '') NOT IN ('IN', 'OUT') OR m.status = 'UNKNOWN'
     THEN '{UNKNOWN}' ELSE coalesce(m.status, 'NONE') END
"""
LINKAGE = """
SELECT count(*), count(*) FILTER (WHERE r.person_ref IS NULL),
       (SELECT count(*) FROM crossing WHERE broken),
       (SELECT count(*) FROM migrant WHERE status = 'UNKNOWN')
  FROM records_record r WHERE submission_id = ANY(%(submissions)s)
"""


@dataclass(frozen=True)
class Linkage:
    """How far crossings can be followed. crossings: all that are accepted; unlinked: those without a reference;
    broken: those that follow one of the same direction; untold: those that may have changed the residence, of
    people whose residence before is not known, or too early to tell.
    """

    crossings: int
    unlinked: int
    broken: int
    untold: int


def follow(
    submissions: Sequence[Submission], dataset: Dataset, of: Sequence[Submission] | None = None
) -> pa.Table:
    """Count crossings by the dimensions of the dataset, and by whether they changed the usual residence.

    One statement, however many people. submissions: all that are accepted, in any order; nobody may open one
    meanwhile. of: those whose crossings are counted; without it all. Only in the scope of a worker, for those who
    may tabulate; audited by callers.
    """
    columns = ", ".join(f'{d.sql()} AS "{d.name}"' for d in dataset.recorded)
    places = ", ".join(str(k + 1) for k in range(len(dataset.dimensions)))
    names = [*(dimension.name for dimension in dataset.recorded), dataset.residence]
    with connection.cursor() as cursor:
        cursor.execute(
            f"{FOLLOWED} SELECT {columns}, {CHANGE}, {slices.measured(dataset)} FROM records_record r"
            " JOIN records_submission s ON s.id = r.submission_id LEFT JOIN migrant m ON m.id = r.id"
            f" WHERE r.submission_id = ANY(%(counted)s) {slices.chosen(dataset)} GROUP BY {places} ORDER BY {places}",
            {
                **_asked(submissions),
                "counted": [s.pk for s in (submissions if of is None else of)],
            },
        )
        return slices.counted(names, cursor.fetchall())


def linkage(submissions: Sequence[Submission]) -> Linkage:
    """Return how far the crossings of submissions can be followed, as `follow` does."""
    with connection.cursor() as cursor:
        cursor.execute(FOLLOWED + LINKAGE, _asked(submissions))
        return Linkage(*cursor.fetchone())


def with_residence(cells: pa.Table, followed: pa.Table | None, dataset: Dataset) -> pa.Table:
    """Return exact cells of slices with the dimension of residence, as far as `followed` knows it of these very cells.

    cells may repeat, as two slices have them. A cell that has another number of records there was corrected, or is open, since it was sealed: of its records
    it is not known. The sums of the cells stay. followed: what `follow` returned, of these periods or more.
    """
    names, column = [dimension.name for dimension in dataset.recorded], dataset.residence
    if followed is None:
        unknown = pa.array([UNKNOWN] * cells.num_rows, pa.string())
        return cells.append_column(column, unknown).select([*names, column, COUNT])
    import duckdb  # loaded where cells are added up

    columns = ", ".join(f'"{name}"' for name in names)
    added = f"CAST(sum({COUNT}) AS BIGINT) AS {COUNT}"
    with duckdb.connect() as engine:
        engine.register("cells", cells)
        engine.register("followed", followed)
        return engine.sql(
            f"WITH sealed AS (SELECT {columns}, {added} FROM cells GROUP BY {columns}),"
            f" again AS (SELECT {columns}, {added} FROM followed GROUP BY {columns}),"
            f" same AS (SELECT {columns} FROM sealed JOIN again USING ({columns}, {COUNT}))"
            f' SELECT {columns}, "{column}", {COUNT} FROM followed SEMI JOIN same USING ({columns})'
            f" UNION ALL SELECT {columns}, '{UNKNOWN}', {COUNT} FROM sealed ANTI JOIN same USING ({columns})"
            f' ORDER BY {columns}, "{column}"'
        ).to_arrow_table()


def _asked(submissions: Sequence[Submission]) -> dict[str, list[int] | list[date]]:
    """Return the submissions with the days of the run of months that each belongs to: its first, and the one after its last."""
    by_agency: dict[int, list[Submission]] = {}
    for submission in sorted(submissions, key=lambda s: (s.agency_id, s.period)):
        by_agency.setdefault(submission.agency_id, []).append(submission)
    ids: list[int] = []
    begins: list[date] = []
    ends: list[date] = []
    for own in by_agency.values():
        for run in _runs(own):
            days = [Period.parse(submission.period) for submission in run]
            ids += [submission.pk for submission in run]
            begins += [days[0].first_day] * len(run)
            ends += [days[-1].last_day + timedelta(days=1)] * len(run)
    return {"submissions": ids, "begins": begins, "ends": ends}


def _runs(submissions: Sequence[Submission]) -> list[list[Submission]]:
    """Return submissions of one agency, oldest first, divided where a period is missing."""
    runs: list[list[Submission]] = []
    for submission in submissions:
        if runs and str(Period.parse(runs[-1][-1].period).next()) == submission.period:
            runs[-1].append(submission)
        else:
            runs.append([submission])
    return runs
