"""A plugin of pytest: run some tests with one rule taken out. MUTANT names it.

    MUTANT="…" python -m pytest -p tests.matrix.mutated tests/…

Called as a program it does so for each rule that only a test of its own can miss (`BY_TEST`).
"""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop() -> Iterator[object]:
    from tests.matrix import mutations

    (mutant,) = [m for m in mutations.mutants() if m.name == os.environ["MUTANT"]]
    with mutant.applied():
        return (yield)


def main() -> int:
    """Return how many mutants no test of theirs missed."""
    from tests.matrix import mutations

    survivors = 0
    for name, test in mutations.BY_TEST.items():
        command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.matrix.mutated", test]
        quiet = ["-p", "no:cacheprovider", "-p", "no:logging", "--tb=no"]
        done = subprocess.run([*command, *quiet], env={**os.environ, "MUTANT": name}, check=False)
        survivors += done.returncode != 1
        sys.stdout.write(f"{'missed' if done.returncode == 1 else 'SURVIVED'}: {name}\n")
    return survivors


if __name__ == "__main__":
    import django

    from tests import servers  # noqa: F401 - the addresses of the servers

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "migdata.settings")
    django.setup()
    sys.exit(main())
