"""What is loaded when something starts: commands and readers of files begin without what they may never need."""

import os
import secrets
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
    "rest_framework.views",
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
    # Commands start with real secrets only, which tests without a database do not have.
    names = [name for name in os.environ if name.endswith(("_SECRET", "SECRET_KEY"))]
    own_secrets = {name: secrets.token_hex(32) for name in names}
    process = subprocess.run(
        [sys.executable, "-c", tell],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "migdata.settings"} | own_secrets,
    )
    assert process.stdout.split() == []
