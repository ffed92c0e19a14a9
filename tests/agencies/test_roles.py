"""The table of roles, and all that is made from it."""

import os
import shutil
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission as StoredPermission
from django.utils import translation

from agencies import authority
from agencies.models import Agency
from agencies.roles import ROLES, Permission, Role, Scope
from migdata.demo import people
from migdata.local import keys
from tests.cast import make_person

ROOT = settings.BASE_DIR
APPS = ("migdata", "reports", "records", "agencies", "jobs", "standards", "locale")
TRAINEE = """
    TRAINEE = (
        "trainee",
        marked("Trainee"),
        marked("sees the submissions of all agencies, nothing else"),
        Scope.STATISTICS_OFFICE,
        {P.SEE_SUBMISSIONS},
    )
"""
ASK = """
import django; django.setup()
from agencies.models import Agency
from agencies.roles import Role
from migdata.demo import people
from migdata.local import keys
print(dict(Agency._meta.permissions)["trainee"])
for office in (True, False):
    print(Role("trainee").is_given_in(statistics_office=office))
print([account.email for account in people.ACCOUNTS if account.role == "trainee"])
"""


@pytest.fixture
def with_a_trainee(tmp_path):
    """A copy of the repository whose table of roles has one entry more; runs Python in it."""
    for app in APPS:
        shutil.copytree(ROOT / app, tmp_path / app)
    shutil.copy(ROOT / "manage.py", tmp_path)
    table = tmp_path / "agencies" / "roles.py"
    entries, rest = table.read_text().split("\n    def __new__(")
    table.write_text(f"{entries}{TRAINEE}\n    def __new__({rest}")

    def run(*arguments):
        environment = {
            **os.environ,
            **keys.passing(),  # those of the tests are none for a process that is no test
            "DJANGO_SETTINGS_MODULE": "migdata.settings",
        }
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def test_a_new_role_is_one_entry_and_one_migration(with_a_trainee, tmp_path):
    check = ("manage.py", "makemigrations", "--check", "--dry-run", "--skip-checks")
    assert with_a_trainee(*check).returncode == 1
    before = set((tmp_path / "agencies" / "migrations").iterdir())
    written = with_a_trainee("manage.py", "makemigrations", "agencies", "-n", "trainee")
    assert written.returncode == 0, written.stderr
    (migration,) = {
        path for path in (tmp_path / "agencies" / "migrations").glob("*.py") if path not in before
    }
    assert "('trainee', 'Trainee')" in migration.read_text()
    assert with_a_trainee(*check).returncode == 0
    answer = with_a_trainee("-c", ASK)
    assert answer.stdout.splitlines() == [
        "Trainee",
        "True",
        "False",
        "['trainee@scs.example']",
    ], answer.stderr


@pytest.mark.django_db
def test_every_role_has_its_permission_in_the_database():
    stored = StoredPermission.objects.filter(
        content_type__app_label="agencies", content_type__model="agency"
    )
    names = dict(stored.values_list("codename", "name"))
    assert names == dict(Agency._meta.permissions) == dict(Role.model_permissions())


def test_an_administrator_gives_what_the_scope_of_a_role_allows(office, agency, agency_admin):
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    given = {
        place: {role.scope for role in authority.grantable(by, place)}
        for place, by in ((office, head), (agency, agency_admin))
    }
    assert given == {office: {Scope.AGENCY, Scope.STATISTICS_OFFICE}, agency: {Scope.AGENCY}}


@pytest.mark.parametrize("language", ["en", "ru", "tk"])
def test_the_page_of_an_invitation_offers_each_role_with_its_description(client, office, language):
    head = make_person("head@scs.example", Role.AGENCY_ADMIN, office)
    client.force_login(head)
    client.cookies["django_language"] = language
    page = client.get("/people/invite/SCS/").content.decode()
    with translation.override(language):
        for role in ROLES:
            offered = role.is_given_in(statistics_office=True)
            assert (f'value="{role.value}"' in page) == offered
            assert not offered or (role.label in page and role.description in page)


def test_the_demonstration_has_somebody_for_every_role():
    assert {account.role for account in people.ACCOUNTS} == set(ROLES)
    assert len({account.email for account in people.ACCOUNTS}) == len(people.ACCOUNTS)


def test_nobody_who_manages_accounts_sees_or_changes_what_agencies_deliver():
    accounts = {Permission.MANAGE_PEOPLE, Permission.MANAGE_AGENCIES}
    for role in ROLES:
        if role.permissions & accounts:
            # Neither patterns of numbers nor the log nor names of tokens tell what is delivered.
            telling = {Permission.DECLARE_NUMBERING, Permission.SEE_LOG, Permission.SEE_TOKENS}
            assert role.permissions <= {*accounts, *telling}
