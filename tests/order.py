"""Which files begin first where several processes share the tests: a long one that begins last keeps all waiting.

xdist would begin with the files of most tests (`--no-loadscope-reorder` stops it), but a test that kills a server
takes as long as a hundred others.
"""

from collections import Counter
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent
# What takes a process a minute and more, the longest first.
LONGEST = (
    *("faults/test_neighbours.py", "matrix/test_matrix_of_reports.py", "matrix/test_shared.py"),
    *("matrix/test_matrix_of_records.py", "browser/test_pages_for_everybody.py"),
    *("matrix/test_mutations.py", "test_benchmarks.py", "reports/test_api_by_its_description.py"),
    *("local/test_demo.py", "matrix/test_attacks.py", "server/test_what_is_received.py"),
    *(
        "faults/test_memory_of_workers.py",
        "server/test_slow_requests.py",
        "agencies/test_secrets.py",
    ),
    *("browser/test_behaviours.py", "browser/test_charts.py", "records/test_intake.py"),
    *("matrix/test_matrix.py", "faults/test_killed_worker.py", "server/test_rates.py"),
)


def longest_first(items: list[pytest.Item]) -> None:
    """Sort tests by their files: those of LONGEST, then those of most tests. Within a file nothing changes."""
    place = {name: number for number, name in enumerate(LONGEST)}
    files = [item.path.relative_to(TESTS).as_posix() for item in items]
    tests = Counter(files)
    ordered = sorted(
        zip(files, items, strict=True),
        key=lambda pair: (place.get(pair[0], len(place)), -tests[pair[0]], pair[0]),
    )
    items[:] = [item for _file, item in ordered]
