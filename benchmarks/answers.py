"""How each variant answers a question about the released dataset; in a child process."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from agencies import scope
from agencies.models import Agency
from benchmarks.measure import peak_mib, stopwatch
from benchmarks.tables import EXACT, POSTGRES, QUESTIONS, WORK_MEM, Answer, Question
from benchmarks.worker import DATASET
from reports.designs import datasets
from reports.exact import cube
from reports.published import editions
from reports.published.figures import Figures, sums, tabulate
from reports.published.structure import SEX, SEXES
from reports.published.tree import holding

Rows = Sequence[tuple[tuple[str, ...], Any]]
Ask = Callable[[Question], Rows]
REPEATS = 3  # inside a process; the median counts


def answer_all(variant: str) -> dict[str, Any]:
    """Answer every question: once to be compared, which also warms up, then on the clock.

    `again` are the protected answers worked out a second way.
    """
    with ready(variant) as (ask, again_asked, cells):
        answers = {name: plain(ask(question)) for name, question in QUESTIONS.items()}
        seconds = {name: _seconds(ask, question) for name, question in QUESTIONS.items()}
        again = {}
        if again_asked:
            again = {name: plain(again_asked(question)) for name, question in QUESTIONS.items()}
    return {
        "answers": answers,
        "again": again,
        "seconds": seconds,
        "cells": cells,
        **peak_mib(),
    }


@contextmanager
def ready(variant: str) -> Iterator[tuple[Ask, Ask | None, int]]:
    """Yield the function that answers, with all that is read once already read; a second way to the same
    answers, where there is one; and the number of cells."""
    dataset = datasets.datasets()[DATASET]
    with scope.working(Agency.objects.values_list("pk", flat=True)):
        if variant == POSTGRES:
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL work_mem = '{WORK_MEM}'")
            yield lambda q: by_postgres(dataset, q), None, 0
        elif variant == EXACT:
            exact = cube.exact_of(dataset)
            structure = dataset.structure(cube.periods_of(exact))
            cells = exact.rename_columns({cube.COUNT: editions.VALUE})
            yield lambda q: sums(cells, structure, q.by, q.where), None, cells.num_rows
        else:
            edition = editions.latest(DATASET)
            number = sum(table.cells for table in edition.structure.tables)
            yield lambda q: by_tabulate(edition, q), lambda q: by_arrow(edition, q), number


def by_tabulate(edition: editions.Edition, question: Question) -> Rows:
    """The portal's own answer to a reader, without the rows of zero that a table by time adds."""
    table = tabulate(edition, question.by, question.where)
    return [(row.codes, row.figures) for row in table.rows if row.figures.total]


def by_postgres(dataset: datasets.Dataset, question: Question) -> Rows:
    """Count records in PostgreSQL with the expressions from which slices are made, as role app."""
    sources = {source.name: source.sql() for source in dataset.recorded}
    dims = "".join(f"{sources[name]}, " for name in question.by)
    counts = ", ".join(f"count(*) FILTER (WHERE {sources[SEX]} = '{sex}')" for sex in SEXES)
    tests = [f"{sources[name]} = ANY(%s)" for name in question.where]
    places = ", ".join(str(k + 1) for k in range(len(question.by)))
    query = (
        f"SELECT {dims}{counts} FROM records_record r"
        " JOIN records_submission s ON s.id = r.submission_id"
        + (f" WHERE {' AND '.join(tests)}" if tests else "")
        + f" GROUP BY {places} ORDER BY {places}"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [list(codes) for codes in question.where.values()])
        width = len(question.by)
        return [(row[:width], row[width:]) for row in cursor.fetchall()]


def by_arrow(edition: editions.Edition, question: Question) -> Rows:
    """Add protected cells up a second way, only to check the first."""
    table, _conditions = holding(edition.structure, question.by, question.where)
    cells = editions.cells(edition, table)
    for name, codes in question.where.items():
        cells = cells.filter(pc.is_in(cells[name], pa.array(codes)))
    summed = cells.group_by([*question.by, SEX]).aggregate([(editions.VALUE, "sum")])
    answers: dict[tuple[str, ...], list[int]] = {}
    for row in summed.to_pylist():
        figures = answers.setdefault(tuple(row[name] for name in question.by), [0, 0, 0])
        figures[SEXES.index(row[SEX])] = row[f"{editions.VALUE}_sum"]
    return list(answers.items())


def plain(rows: Rows) -> Answer:
    """Return an answer as JSON carries it."""
    return {" ".join(codes): _numbers(figures) for codes, figures in rows}


def _numbers(figures: Any) -> list[int]:
    if isinstance(figures, Figures):
        return [figures.f, figures.m, figures.o]
    return list(figures)


def _seconds(ask: Ask, question: Question) -> float:
    taken = []
    for _repeat in range(REPEATS):
        with stopwatch() as watch:
            ask(question)
        taken.append(watch.seconds)
    return statistics.median(taken)
