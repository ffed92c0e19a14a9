"""The API asked everything that its OpenAPI description allows, and what it does not, by every role.

Schemathesis makes the questions and knows what a right answer is. `make api` asks 30,000.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction

from agencies.models import Agency
from agencies.roles import ROLES
from reports.models import Release
from tests import snapshot
from tests.cast import signed_in, the_person
from tests.matrix import country
from tests.reports.conftest import as_owner

WANTED = os.environ.get("API_EXAMPLES", "")  # of each kind of question, by each identity
USUAL = 2
# `make api` asks everything as each of them; usually a question for each operation is asked as each role.
TOGETHER = [[None], *([[role] for role in ROLES] if WANTED else [list(ROLES)])]
CONFIG = Path(__file__).parents[1] / "data" / "schemathesis.toml"


@pytest.fixture
def released(transactional_db):
    """Releases of all three datasets, and one that waits."""
    snapshot.standing("released", _release)


def _release():
    with transaction.atomic():
        built = country.build()
        hidden = [built.releases["embargo"], built.releases["withdrawn"]]
        with as_owner():  # no verb brings a withdrawn release back
            Release.objects.filter(pk__in=hidden).update(state="RELEASED", embargo_at=None)


def cookie_of(role):
    """Return the header of a browser in which somebody with the role is signed in; None: nobody is."""
    if role is None:
        return ""
    place = Agency.objects.get(code=country.OWN)
    session = signed_in(the_person(role, place)).cookies[settings.SESSION_COOKIE_NAME]
    return f"{settings.SESSION_COOKIE_NAME}={session.value}"


def ask(address, cookies, folder):
    """Run all checks; return the finished process. Browsers of several people ask in turn.

    The boundaries of every parameter, 20,000 questions, are left to `make api`: they take five minutes.
    """
    phases = "examples,coverage,fuzzing,stateful" if WANTED else "fuzzing"
    if cookies == [""] and not WANTED:
        phases = "examples,fuzzing,stateful"
    return subprocess.run(
        [
            *(Path(sys.executable).with_name("schemathesis"), "--config-file", CONFIG, "run"),
            *(f"{address}/figures/api/schema/?format=json", "--checks", "all"),
            *("-n", WANTED or str(max(USUAL, len(cookies)))),
            *("--generation-deterministic", "--phases", phases),
            *("--request-timeout", "120", "--suppress-health-check", "all", "--no-color"),
            *("--continue-on-failure", "--warnings", "off", "--workers", "6"),
        ],
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.data.schemathesis_people",
            "PYTHONPATH": str(settings.BASE_DIR),
            "COOKIES": json.dumps(cookies),
            "ASKED": str(folder / "asked.json"),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("roles", TOGETHER, ids=lambda roles: "-".join(map(str, roles)))
def test_the_api_answers_as_it_describes_itself(live_server, released, tmp_path, roles):
    done = ask(live_server.url, [cookie_of(role) for role in roles], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    generated = int(re.search(r"(\d+) generated", done.stdout)[1])
    asked = json.loads((tmp_path / "asked.json").read_text())
    least = 1000 if WANTED else 10
    assert generated > least and min(asked) > least, (asked, done.stdout)
    for role, questions in zip(roles, asked, strict=True):
        sys.stdout.write(f"\n{role or 'a visitor'}: {questions} questions\n")
