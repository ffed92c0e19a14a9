"""The result: one JSON object, and the same as a table to read."""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from benchmarks import measure, rounding
from benchmarks.database import Database
from benchmarks.ingest import BULK, DEFAULT, LIMIT, OURS, Contest
from benchmarks.tables import EXACT, POSTGRES, PROTECTED, Comparison

AIMS = {  # item 16 of the issue; docs/performance.md says how each is read
    "ingest_share_of_copy": 0.6,
    "ingest_times_import_export": 100,
    "table_exact_times_postgresql": 20,
    "table_protected_times_postgresql": 20,
    "one_more_month_share_of_a_rebuild": 0.06,  # at most; of months that end no year
}
AIM_MEMORY_MIB = 400


def as_json(
    options: argparse.Namespace,
    database: Database,
    contests: Sequence[Contest],
    publishing: dict[str, Any] | None,
    compared: Comparison | None,
    rounded: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return everything that was measured."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {**measure.versions(), "postgresql": database.settings()["server_version"]},
        "machine": asdict(measure.machine()),
        "postgresql": {**database.settings(), "checkpoints": database.superuser is not None},
        "rows": options.rows,
        "rounds": options.rounds,
        "seed": options.seed,
        "errors": options.errors,
        "equal": True,  # a difference stops the run
        "ingest": [contest.report() for contest in contests],
        "publishing": publishing,
        "tables": compared.report() if compared else None,
        "rounding": rounded,
        "ratios": {
            **_ingest_ratios(contests),
            **_table_ratios(compared),
            **_month_ratio(publishing),
        },
        "aims": {**AIMS, "memory_mib": AIM_MEMORY_MIB},
    }


def text(result: dict[str, Any]) -> str:
    """Return the result as people read it."""
    machine, versions = result["machine"], result["versions"]
    head = (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gib']} GiB;"
        f" PostgreSQL {versions['postgresql']}, Python {versions['python']};"
        f" {result['rounds']} rounds, interleaved; contents and answers are equal"
    )
    parts = [[head], _ingest_lines(result["ingest"])]
    if result["taking_back"]:
        parts.append(_lines_of_taking_back(result["taking_back"]))
    if result["tables"]:
        parts.append(_table_lines(result["tables"], result["publishing"]))
    if result["rounding"]:
        parts.append(rounding.text(result["rounding"]))
    return "\n".join(["", *("\n".join([*part, ""]) for part in (*parts, _ratio_lines(result)))])


def _ingest_lines(contests: list[dict[str, Any]]) -> Iterator[str]:
    yield f"{'taking a file in':32}{'seconds: median (min–max)':>28}{'rows/s':>9}{'worker':>9}{'reader':>9}"
    for contest in contests:
        yield f"{contest['rows']} rows, {contest['held']} held, {contest['messy_mib']} MiB"
        for name, about in contest["variants"].items():
            yield (
                f"  {name:30}{_seconds(about['seconds']):>28}{about['rows_per_second']:>9}"
                f"{_mib(about, 'worker_mib'):>9}{_mib(about, 'reader_mib'):>9}"
            )


def _lines_of_taking_back(taken_back: dict[str, Any]) -> Iterator[str]:
    road = "by a worker" if taken_back["by_a_worker"] else "at once"
    yield (
        f"{'taking a file back':32}{taken_back['records']} records in {taken_back['seconds']:.2f} s,"
        f" {road}; peak {taken_back['worker_mib']:.0f} MiB"
    )


def _table_lines(compared: dict[str, Any], publishing: dict[str, Any]) -> Iterator[str]:
    cells = ", ".join(f"{name} {count} cells" for name, count in compared["cells"].items())
    yield f"{'ad-hoc table, milliseconds: median (min–max)':64}{cells:>23}"
    for name, about in compared["questions"].items():
        yield f"{name} ({about['rows']} rows)"
        for variant, taken in about["seconds"].items():
            yield f"  {variant:57}{_milliseconds(taken):>28}"
    if publishing["refused"]:
        yield f"There are no protected tables: {publishing['refused']}"


def _ratio_lines(result: dict[str, Any]) -> Iterator[str]:
    yield f"{'ratio':52}{'median (min–max)':>27}{'aim':>8}"
    for name, ratio in result["ratios"].items():
        yield f"  {name:50}{_ratio(ratio):>27}{result['aims'].get(name, ''):>8}"
    ours = result["ingest"][-1]["variants"][OURS]
    yield (
        f"Peak memory: worker {ours['worker_mib']:.0f} MiB, its reader at most"
        f" {ours['reader_mib']:.0f} MiB; the aim is {result['aims']['memory_mib']}."
    )


def _ingest_ratios(contests: Sequence[Contest]) -> dict[str, Any]:
    """Ours against the limit in the same round; against peers by row, as they run on fewer rows."""
    large = contests[-1]
    ratios: dict[str, Any] = {
        "ingest_share_of_copy": measure.quotients(large.seconds(LIMIT), large.seconds(OURS))
    }
    for contest in contests:
        for name, variant in (("", DEFAULT), ("_bulk", BULK)):
            if variant in contest.variants:
                theirs = [s / contest.files.good for s in contest.seconds(variant)]
                ours = [s / large.files.good for s in large.seconds(OURS)]
                ratios[f"ingest_times_import_export{name}"] = measure.quotients(theirs, ours)
    if len(contests) > 1:
        half = contests[-2]
        for whose in ("worker_mib", "reader_mib"):
            growth = large.peak(OURS, whose) / half.peak(OURS, whose)
            ratios[f"memory_of_{whose[:6]}_for_twice_the_rows"] = round(growth, 3)
    return ratios


def _table_ratios(compared: Comparison | None) -> dict[str, Any]:
    """PostgreSQL on records over ours, for the first question: the one of five dimensions."""
    if compared is None:
        return {}
    taken = next(iter(compared.seconds.values()))
    names = {EXACT: "table_exact_times_postgresql", PROTECTED: "table_protected_times_postgresql"}
    return {
        names[variant]: measure.quotients(taken[POSTGRES], taken[variant])
        for variant in compared.variants
        if variant != POSTGRES
    }


def _month_ratio(publishing: dict[str, Any] | None) -> dict[str, Any]:
    """Sealing and publishing each of the last months, over the same for all months before them.

    The last one ends a year: what waits for that is drawn then, and the crossings of all people are followed.
    """
    if not publishing or publishing["refused"]:
        return {}
    before, *months = (
        about["seal_seconds"] + about["publish_seconds"]
        for about in (publishing["before"], *publishing["months"])
    )
    *within, ending = (round(month / before, 3) for month in months)
    return {
        "one_more_month_share_of_a_rebuild": max(within),
        "the_month_that_ends_a_year": ending,
    }


def _seconds(spread: dict[str, float]) -> str:
    return f"{spread['median']:.2f} ({spread['min']:.2f}–{spread['max']:.2f})"


def _milliseconds(spread: dict[str, float]) -> str:
    least, most = 1000 * spread["min"], 1000 * spread["max"]
    return f"{1000 * spread['median']:.1f} ({least:.1f}–{most:.1f})"


def _mib(about: dict[str, Any], whose: str) -> str:
    return f"{about[whose]:.0f} MiB" if whose in about else ""


def _ratio(ratio: dict[str, float] | float) -> str:
    if isinstance(ratio, dict):
        return f"{ratio['median']:.2f} ({ratio['min']:.2f}–{ratio['max']:.2f})"
    return f"{ratio:.2f}"
