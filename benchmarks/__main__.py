"""`make bench`: servers and a database of its own, all measurements, a table to read and one JSON object."""

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import attack, database, generator, ingest, measure, report, rounding, tables
from benchmarks.database import Database
from benchmarks.ingest import BULK, DEFAULT, LIMIT, OURS, Contest, Files
from benchmarks.measure import Different, Failed
from migdata import local
from migdata.local import keys

ROOT = Path(__file__).resolve().parent.parent
SECRET = "benchmarks only, thirty-two bytes at least"
QUICK, FULL = (100_000, 3), (1_000_000, 3)
LEAST = 48  # a few rows a month, or there is nothing to release


def main(arguments: list[str]) -> int:
    """Measure; returns the exit code: 1 where two roads led to different results."""
    options = _options(arguments)
    os.environ.setdefault("MIGDATA_LOCAL", str(ROOT / ".local" / "bench"))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that all is cleared away
    if options.only == "attack":
        return _attack(options)
    if options.only == "rounding":
        return _rounding(options)
    given = os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL")
    try:
        with nullcontext() if given else local.session(), _folder() as folder:
            result = _measure(options, folder)
    except (Different, Failed, local.Unusable) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    print(report.text(result))
    print(json.dumps(result, ensure_ascii=False))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n")
    return 0


def _attack(options: argparse.Namespace) -> int:
    try:
        result = attack.on_the_demonstration(options.web, _say)
    except (Failed, local.Unusable) as problem:
        print(problem, file=sys.stderr)
        return 1
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _rounding(options: argparse.Namespace) -> int:
    try:
        result = rounding.run(options.rows, options.rounds, _without_database(), _say)
    except (Different, Failed) as problem:
        print(problem, file=sys.stderr)
        return 1
    print("\n".join(rounding.text(result)))
    print(json.dumps(result, ensure_ascii=False))
    return 0


def _without_database() -> dict[str, str]:
    """What a child process sees that only computes: the settings, and an address that nobody answers."""
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "migdata.settings",
        "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "DEBUG": "0",
        "DEMO": "1",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        **{name: f"{SECRET}: {name}" for name in keys.NAMES},
    }


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--rows", type=int, help=f"rows of the large file ({QUICK[0]})")
    parser.add_argument("--rounds", type=int, help=f"how often all is run in turn ({QUICK[1]})")
    parser.add_argument("--full", action="store_true", help=f"{FULL[0]} rows, {FULL[1]} rounds")
    parser.add_argument("--peer-rows", type=int, default=5000, help="rows for import-export")
    parser.add_argument("--errors", type=float, default=0.005, help="share of rows with an error")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument(
        "--only", choices=["ingest", "tables", "rounding", "attack"], help="measure one part"
    )
    parser.add_argument("--web", default=attack.OURS, help="the web process that is attacked")
    parser.add_argument(
        "--spoil", action="store_true", help="load one wrong value: must be noticed"
    )
    parser.add_argument("--json", type=Path, default=_result(), help="where the result is written")
    options = parser.parse_args(arguments)
    rows, rounds = FULL if options.full else QUICK
    options.rows, options.rounds = options.rows or rows, options.rounds or rounds
    options.peer_rows = min(options.peer_rows, options.rows)
    if options.peer_rows < LEAST or options.rounds < 1:
        parser.error(f"at least {LEAST} rows and one round are needed")
    return options


def _result() -> Path:
    return ROOT / ".local" / "bench" / f"{datetime.now(UTC):%Y%m%d-%H%M%S}.json"


@contextmanager
def _folder() -> Iterator[Path]:
    """A folder for generated files and what the portal keeps; removed at the end."""
    folder = Path(os.environ["MIGDATA_LOCAL"]) / f"benchmark-{os.getpid()}"
    folder.mkdir(parents=True, mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(options: argparse.Namespace, folder: Path) -> dict[str, Any]:
    with database.fresh(local.addresses()) as fresh:
        env = _environment(fresh, folder)
        print(f"Making the database and files of {options.rows} rows.", flush=True)
        agency = _settle(fresh, env)
        contests = _contests(options, folder, agency, env)
        for contest in contests:
            ingest.run(contest, options.rounds, fresh, env, _say)
        publishing, compared, taken_back = None, None, None
        if options.only == "ingest":  # what is published cannot be taken back
            taken_back = measure.child("worker", "take_back", env=env)
        else:
            fresh.analyse()
            _say("  review, sealing, publishing")
            publishing = measure.child("worker", "publish", env=env)
            compared = tables.run(options.rounds, env, _say, released=not publishing["refused"])
        rounded = None
        if options.only is None:
            rounded = rounding.run(options.rows, options.rounds, env, _say)
        result = report.as_json(options, fresh, contests, publishing, compared, rounded)
        return {**result, "taking_back": taken_back}


def _contests(
    options: argparse.Namespace, folder: Path, agency: int, env: Mapping[str, str]
) -> list[Contest]:
    """Peers on few rows; then two sizes, so that memory can be compared; the largest comes last."""

    def contest(rows: int, *variants: str) -> Contest:
        return Contest(_files(options, folder, rows, agency, env), variants)

    if options.spoil:
        spoiled = contest(options.peer_rows, LIMIT, OURS)
        _spoil(spoiled.files.ready)
        return [spoiled]
    if options.only == "tables":
        return [contest(options.rows, LIMIT, OURS)]
    return [
        contest(options.peer_rows, LIMIT, DEFAULT, BULK, OURS),
        contest(max(options.rows // 2, LEAST), LIMIT, OURS),
        contest(options.rows, LIMIT, OURS),
    ]


def _files(
    options: argparse.Namespace, folder: Path, rows: int, agency: int, env: Mapping[str, str]
) -> Files:
    place = folder / f"{rows}"
    key = generator.person_key(SECRET, "SMS").hex()
    parameters = {"rows": rows, "seed": options.seed, "errors": options.errors, "agency": agency}
    command = [f"--{name}={value}" for name, value in parameters.items()]
    command = ["-m", "benchmarks.generator", str(place), *command, f"--person-key={key}"]
    facts = json.loads(measure.command(command, env=env))
    return Files(
        place / "messy.csv", place / "ready.csv", rows, facts["held"], facts["messy_bytes"]
    )


def _settle(fresh: Database, env: Mapping[str, str]) -> int:
    """Make the tables as owner, and what stands in them before the first file."""
    owner = {**env, "MIGDATA_AS_OWNER": "1"}
    measure.command(["-m", "django", "migrate", "--verbosity=0"], env=owner)
    fresh.admit_the_others()
    settled = measure.child("worker", "settle", env=env)
    fresh.remember_places()
    return int(settled["agency"])


def _environment(fresh: Database, folder: Path) -> dict[str, str]:
    """What the child processes see: the portal's settings in this database, and no coverage."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("COV", "PYTEST", "PG"))}
    return {
        **environment,
        "DATABASE_URL": fresh.app,
        "DATABASE_OWNER_URL": fresh.owner,
        "REDIS_URL": local.addresses()["REDIS_URL"],
        "DJANGO_SETTINGS_MODULE": "migdata.settings",
        "PRIVATE_ROOT": str(folder / "private"),
        "MIGDATA_AS_OWNER": "0",
        "DEBUG": "0",
        "DEMO": "1",  # nobody's data, with secrets that everybody can read here
        "PYTHONPATH": str(ROOT),
        **{name: f"{SECRET}: {name}" for name in keys.NAMES},
        "PERSON_REF_SECRET": SECRET,  # the variants that are compared make the same references
    }


def _spoil(ready: Path) -> None:
    """Make one region wrong, so that a test can see the comparison notice it."""
    text = ready.read_text()
    ready.write_text(text.replace(",TM-M,", ",TM-L,", 1))


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
