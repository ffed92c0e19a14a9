"""What must be true of the repository as a whole."""

import ast
import gettext
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from migdata import catalogs
from migdata.management.commands import messages
from records.review import drawing
from tests import order

ROOT = settings.BASE_DIR
OURS = ("migdata", "reports", "records", "agencies", "jobs", "standards")
LONGEST = 440  # lines of a file: we aim at 400


def tracked():
    """The files of the repository; skips where it is not a clone."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("not a clone")
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name]


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_deployment_settings_raise_no_warning():
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_drawing_of_the_states_is_current():
    drawn = (ROOT / "docs" / "states.md").read_text()
    assert drawn == drawing.drawing(), "run `manage.py draw_states`"


def test_the_files_with_which_tests_begin_are_there():
    assert [name for name in order.LONGEST if not (order.TESTS / name).is_file()] == []
    assert len(set(order.LONGEST)) == len(order.LONGEST)


def test_the_compose_file_fits_its_schema():
    done = subprocess.run(
        [
            *(sys.executable, "-m", "check_jsonschema"),
            *("--builtin-schema", "vendor.compose-spec", "docker-compose.yml"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_every_model_has_its_place():
    """A table is under row-level security, or in the schema of public figures, or named here."""
    # Who may, what is collected, and what is to be done: no row of these is a record of a person.
    open_tables = {
        *("jobs_job", "agencies_agency", "agencies_person", "agencies_person_groups"),
        *("agencies_person_user_permissions", "agencies_agencypermission", "agencies_event"),
        "agencies_secretfingerprint",
        # Letters (encrypted), invitations, and what slows guessing down (keyed hashes).
        *(
            "agencies_letter",
            "agencies_invitation",
            "agencies_failedsignins",
            "agencies_knownaddress",
        ),
        # What roles cover, which instruments are restricted, who reviewed access, how agencies changed.
        *("agencies_duty", "agencies_restrictedinstrument", "agencies_accessreview"),
        *("agencies_agencychange", "agencies_formername"),
        # Tokens of programs (hashes) and their last use: seen by permission, as roles are.
        *("agencies_token", "agencies_tokenuse"),
        *("records_instrument", "records_instrumentversion", "records_instrument_agencies"),
        "records_listedition",  # what everybody reads on the pages of code lists
        # Which slices exist and which went into a release: paths and checksums, no cells.
        *("reports_slice", "reports_build"),
        # Who wants letters on releases of which dataset, and of an inbox when; on which days nobody works.
        *("reports_subscription", "records_reader", "records_restday", "records_holiday"),
    }
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, nspname, relrowsecurity AND relforcerowsecurity FROM pg_class"
            " JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r'"
        )
        found = {name: (schema, secured) for name, schema, secured in cursor.fetchall()}
    unplaced = []
    for model in apps.get_models(include_auto_created=True):
        if model._meta.app_label not in OURS or not model._meta.managed:
            continue
        table = model._meta.db_table
        name = table.strip('"').rpartition(".")[2].strip('"')
        schema, secured = found[name]
        if not secured and schema != "pub" and name not in open_tables:
            unplaced.append(name)
    assert unplaced == []


def test_every_module_says_what_it_owns():
    exempt = ("apps.py", "urls.py")
    silent = []
    for app in OURS:
        for path in sorted((ROOT / app).rglob("*.py")):
            local = path.relative_to(ROOT)
            if path.name in exempt or {"migrations", "management", "number_formats"} & set(
                local.parts
            ):
                continue
            if not path.read_text().startswith(('"""', "#!")):
                silent.append(str(local))
    assert silent == []


def test_the_map_of_folders_in_the_readme_says_what_each_folder_says_of_itself():
    readme = (ROOT / "README.md").read_text()
    folders = dict(re.findall(r"^\| (?:&emsp;)?`([\w/]+)/` \| (.+) \|$", readme, re.M))
    purposes = {
        str(path.parent.relative_to(ROOT)): (
            ast.get_docstring(ast.parse(path.read_text())) or ""
        ).split("\n")[0]
        for app in OURS
        for path in sorted((ROOT / app).rglob("__init__.py"))
        if not {"migrations", "management", "number_formats", "local", "demo"} & set(path.parts)
    }
    assert folders == purposes


def test_no_file_is_longer_than_a_reader_can_hold():
    long = {
        str(path.relative_to(ROOT)): count
        for app in OURS
        for path in (ROOT / app).rglob("*.py")
        if "migrations" not in path.parts
        and (count := len(path.read_text().splitlines())) > LONGEST
    }
    assert long == {}


def test_the_repository_names_no_package_registry_and_no_machine_of_ours():
    # Put together here, so that this file, which is looked at too, does not name them itself.
    registries = [
        "".join(parts) for parts in [("py", "pi.org"), ("python", "hosted.org"), ("npm", "js")]
    ]
    words = re.compile(
        "|".join(map(re.escape, [*registries, "/" + "work/"])).encode(), re.IGNORECASE
    )
    files = [path for path in tracked() if path.is_file()]
    assert Path(__file__).resolve() in files
    assert [str(path) for path in files if words.search(path.read_bytes())] == []


# What programs and clouds give out as secrets, and private keys.
SECRETS = re.compile(
    rb"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}|\bglpat-[\w-]{20}"
    rb"|\bxox[abprs]-[\w-]{10,}|\beyJ[\w-]{20,}\.eyJ[\w-]{20,}\.|\bsk_live_\w{16,}|\bAIza[\w-]{35}\b"
    rb"|\b(postgres(ql)?|redis|amqp|smtp)://[^\s:@/{}$<]+:(?!password@)[^\s:@/{}$<]{8,}@"
)


def test_no_secret_lies_in_the_repository():
    """O7: neither in a file nor in one that was removed: the history is read too."""
    found = [str(p) for p in tracked() if p.is_file() and SECRETS.search(p.read_bytes())]
    assert found == []
    history = subprocess.run(
        ["git", "log", "-p", "--no-color", "--format=%h", "-n", "2000"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    assert SECRETS.search(history.stdout) is None


def test_what_a_secret_looks_like_is_recognised():
    invented = [
        *("-----BEGIN RSA " + "PRIVATE KEY-----", "AKIA" + "A" * 16, "ghp_" + "a1" * 18),
        *("postgresql://app:" + "longenough@elsewhere.example/x", "glpat-" + "a" * 20),
    ]
    assert all(SECRETS.search(text.encode()) for text in invented)
    assert not SECRETS.search(b"postgresql://user:password@host:port")


def test_the_rules_of_security_are_checked_in_all_code_that_runs():
    """O7: ruff has the rules of bandit; only tests and measurements are exempt."""
    lint = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["ruff"]["lint"]
    assert "S" in lint["select"]
    exempt = {place for place, rules in lint["per-file-ignores"].items() if "S" in rules}
    assert exempt == {"tests/**", "benchmarks/**"}
    assert [rule for rule in lint["ignore"] if rule.startswith("S")] == ["S608"]


def test_every_catalogue_compiles(tmp_path):
    copy = tmp_path / "locale"
    shutil.copytree(ROOT / "locale", copy, ignore=shutil.ignore_patterns("*.mo"))
    sources = list(copy.glob("*/LC_MESSAGES/*.po"))
    assert len(catalogs.compile_all(copy)) == len(sources)


@pytest.mark.parametrize("language", ["ru", "tk"])
def test_every_text_that_people_see_is_translated(language):
    catalogue = messages.updated(ROOT / "locale" / language / "LC_MESSAGES" / "django.po")
    assert messages.untranslated(catalogue) == [], "run `manage.py messages` and translate"


def test_the_texts_of_pages_and_code_are_found():
    found = {message.id for message in messages.template()}
    assert {"Skip to content", "Women", ("%(n)s row is good", "%(n)s rows are good")} <= found


def test_a_compiled_catalogue_speaks_and_is_made_anew_only_when_its_source_changed(tmp_path):
    source = tmp_path / "tk" / "LC_MESSAGES" / "django.po"
    source.parent.mkdir(parents=True)
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
    source.write_text(head + 'msgid "Women"\nmsgstr "Aýallar"\n', encoding="utf-8")
    (made,) = catalogs.compile_all(tmp_path)
    with made.open("rb") as compiled:
        assert gettext.GNUTranslations(compiled).gettext("Women") == "Aýallar"
    assert catalogs.compile_all(tmp_path) == []
    os.utime(source, (made.stat().st_mtime + 5,) * 2)
    assert catalogs.compile_all(tmp_path) == [made]
