"""The API of intake asked what its OpenAPI description allows, and what it does not, with a token of every verb.

Schemathesis makes the questions and knows what a right answer is; `make api` asks more of them.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from tests.records import files
from tests.records.files import plain, table
from tests.records.programs import program

WANTED = os.environ.get("API_EXAMPLES", "")
CONFIG = Path(__file__).parents[1] / "data" / "schemathesis.toml"
PHASES = "examples,coverage,fuzzing" if WANTED else "fuzzing"


def test_the_api_answers_as_it_describes_itself(live_server, clerk, agency, permits, tmp_path):
    """No answer is a fault of ours, and each is one that the description names."""
    files.send(plain(table(3, sex=["F", "M", "??"])), by=clerk, agency=agency, instrument=permits)
    robot = program(clerk, agency, permits)
    assert robot.get("uploads/").status_code == 200
    done = subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run"),
            *(f"{live_server.url}/api/v1/schema/?format=json", "--phases", PHASES),
            *("-n", WANTED or "4", "--generation-deterministic", "--request-timeout", "60"),
            *("-H", f"Authorization: Bearer {robot.token}"),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance"),
            *("--suppress-health-check", "all", "--no-color", "--continue-on-failure"),
            *("--warnings", "off", "--workers", "2"),
        ],
        cwd=tmp_path,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.data.schemathesis_parts",
            "PYTHONPATH": str(settings.BASE_DIR),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(re.search(r"(\d+) generated", done.stdout)[1]) > 20


def test_the_two_descriptions_name_their_own_addresses(client, db):
    intake, figures = (
        json.loads(client.get(f"{path}?format=json").content)["paths"]
        for path in ("/api/v1/schema/", "/figures/api/schema/")
    )
    assert intake and all(path.startswith("/api/v1/") for path in intake)
    assert figures and all(path.startswith("/figures/") for path in figures)
    assert "/api/v1/uploads/{upload_id}/held/" in intake
    assert settings.SPECTACULAR_SETTINGS["TITLE"] == "Migration in figures"
