"""The wall between private and public figures: an import through it fails the check of the imports.

A copy of the packages is broken in one place after the other, and `lint-imports` must name the contract.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
WALL = "Public figures cannot reach records, exact cells, protection or releases"
PRIVATE_PAGES = {
    "reports.pages.cover",
    "reports.pages.designing",
    "reports.pages.disclosure",
    "reports.pages.impact",
    "reports.pages.provenance",
    "reports.pages.release_history",
    "reports.pages.releases",
    "reports.pages.subscriptions",
}  # the desk of those who publish, and what asks for an account
# A module of every private room; what is imported has to exist.
PRIVATE = {
    "records": "records.models",
    "reports.exact": "reports.exact.cube",
    "reports.protection": "reports.protection.family",
    "reports.releases": "reports.releases.verbs",
}


def contract():
    return next(c for c in LINTER["contracts"] if c["name"] == WALL)


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """A copy of the packages without their data, to be broken and mended again."""
    folder = tmp_path_factory.mktemp("copy")
    for package in LINTER["root_packages"]:
        for path in (ROOT / package).rglob("*.py"):
            target = folder / path.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    shutil.copy(ROOT / "pyproject.toml", folder)
    return folder


def lint(folder):
    """Return whether the contracts are kept, and what the check says."""
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0, done.stdout + done.stderr


def file_of(folder, module):
    path = folder / module.replace(".", "/")
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@pytest.fixture
def importing(copy):
    """importing(module, *others): add imports to a module of the copy, until the test ends."""
    before = {}

    def go(module, *others):
        path = file_of(copy, module)
        before.setdefault(path, path.read_text() if path.exists() else None)
        imports = "".join(f"import {other}\n" for other in others)
        path.write_text(f"{before[path] or ''}\n{imports}")

    yield go
    for path, text in before.items():
        if text is None:
            path.unlink()
        else:
            path.write_text(text)


def test_the_copy_keeps_every_contract(copy):
    kept, output = lint(copy)
    assert kept, output
    assert f"{WALL} KEPT" in output


def test_a_public_room_that_imports_a_private_one_breaks_the_wall(copy, importing):
    """Each public room imports each private one, and every pair of them is named."""
    for room in contract()["source_modules"]:
        importing(room, *PRIVATE.values())
    kept, output = lint(copy)
    assert not kept
    assert f"{WALL} BROKEN" in output, output
    for room in contract()["source_modules"]:
        for private, module in PRIVATE.items():
            said = f"{room} is not allowed to import {private}:"
            assert said in output, said
            assert f"{room} -> {module} (" in output, (room, module)


def test_a_helper_between_them_is_no_way_through_the_wall(copy, importing):
    importing("reports.designs.shortcut", PRIVATE["reports.exact"])
    for room in contract()["source_modules"]:
        importing(room, "reports.designs.shortcut")
    kept, output = lint(copy)
    assert not kept
    assert f"{WALL} BROKEN" in output, output
    for room in contract()["source_modules"]:
        assert f"{room} is not allowed to import reports.exact:" in output, room
        assert f"{room} -> reports.designs.shortcut (" in output, room


def test_the_wall_is_around_every_private_room_and_every_public_page():
    assert set(contract()["forbidden_modules"]) == set(PRIVATE)
    assert not contract().get("allow_indirect_imports") and not contract().get("ignore_imports")
    pages = {f"reports.pages.{path.stem}" for path in (ROOT / "reports/pages").glob("[!_]*.py")}
    named = {name for name in contract()["source_modules"] if name.startswith("reports.pages.")}
    assert named == pages - PRIVATE_PAGES
    rooms = {"reports.published", "reports.formats", "reports.charts", "reports.api"}
    assert rooms <= set(contract()["source_modules"])
