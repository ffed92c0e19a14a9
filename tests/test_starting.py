"""What is loaded when something starts: commands and readers of files begin without what they may never need."""

import os
import subprocess
import sys

import pytest

LARGE = [
    "celery",
    "duckdb",
    "numpy",
    "pandas",
    "pyarrow",
    "vl_convert",
    "xlsxwriter",
    "rest_framework",
]
COMMANDS_START = "import django; django.setup()"
READERS_START = "import records.reading.fork_server"


@pytest.mark.parametrize(
    ("start", "absent"),
    [(COMMANDS_START, LARGE), (READERS_START, ["pandas", "django", "duckdb", "celery"])],
    ids=["commands", "readers"],
)
def test_what_starts_loads_only_what_it_needs(start, absent):
    tell = f"import sys; {start}; print(*(set({absent}) & sys.modules.keys()))"
    process = subprocess.run(
        [sys.executable, "-c", tell],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "migdata.settings"},
    )
    assert process.stdout.split() == []
