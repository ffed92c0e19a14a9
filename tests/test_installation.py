"""The locks are complete, and install on any later day, whatever newer versions there are by then."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from importlib import metadata

import pytest
from django.conf import settings
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import package_index
from tests.package_index import Package

ROOT = settings.BASE_DIR
LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
PYPROJECT = (ROOT / "pyproject.toml").read_text()
PROJECT = tomllib.loads(PYPROJECT)
BASE = PROJECT["project"]["dependencies"]
LOCAL = PROJECT["project"]["optional-dependencies"]["local"]
DEV = PROJECT["dependency-groups"]["dev"]
DECLARED = {"base": BASE, "dev": [*BASE, *LOCAL, *DEV]}
DOCKERFILE = (ROOT / "Dockerfile").read_text()
# `caller` asks for `called` with an extra, which needs `wanted`: the case that stopped fresh clones.
SMALL = [
    Package("caller", "1.0", ("called[extra]>=1.0",)),
    Package("called", "1.0", ("wanted>=1.0; extra == 'extra'",), ("extra",)),
    Package("wanted", "1.0"),
]
LIST = """
import json
from importlib import metadata
print(json.dumps({package.name: package.version for package in metadata.distributions()}))
"""


def has(module):
    return importlib.util.find_spec(module) is not None


def lock_of(name):
    return ROOT / "requirements" / f"{name}.lock"


def pins_of(lock):
    """The packages of a lock, each with its one version, for every platform and Python."""
    lines = lock.read_text().splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]


def applies(requirement, extra=""):
    """Whether this Python needs it, when it is asked for by a package with this extra."""
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def version_of(pin):
    return str(pin.specifier).removeprefix("==")


def versions(pins):
    """{package: version} of the pins that are for this Python."""
    return {pin.name: version_of(pin) for pin in pins if applies(pin)}


def unpinned(declared, pins):
    """The requirements, our own and those of the packages they bring, with extras, that no pin meets."""
    pinned = versions(pins)
    waiting = [Requirement(text) for text in declared]
    visited, missing = set(), set()
    while waiting:
        asked = waiting.pop()
        name = canonicalize_name(asked.name)
        if name not in pinned or not asked.specifier.contains(pinned[name], prereleases=True):
            missing.add(str(asked))
            continue
        for extra in {"", *asked.extras}:
            if (name, extra) not in visited:
                visited.add((name, extra))
                needs = map(Requirement, metadata.requires(name) or ())
                waiting += [need for need in needs if applies(need, extra)]
    return missing


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_host_and_has_a_hash_for_every_package(lock):
    text = lock.read_text()
    assert not re.search(r"://|--index|--find-links|\bgit\+|@ file", text)
    packages = re.findall(
        r"^([a-z0-9._-]+)==[^\n]*((?:\n    --hash=sha256:[0-9a-f]{64}[^\n]*)+)", text, re.M
    )
    assert len(packages) == len(re.findall(r"^[a-z0-9._-]+==", text, re.M)) > 50


def test_every_dependency_says_why_it_is_there():
    declared = re.findall(r'^    "([a-z0-9-]+(?:\[[a-z,]+\])?)[><=~][^"]*",(.*)$', PYPROJECT, re.M)
    assert len(declared) == len(DECLARED["dev"])
    assert [name for name, why in declared if "# " not in why] == []


@pytest.mark.parametrize("name", ["base", "dev"])
def test_a_lock_pins_everything_that_is_asked_for_with_every_extra(name):
    assert unpinned(DECLARED[name], pins_of(lock_of(name))) == set(), "run `make lock`"


@pytest.mark.parametrize(
    ("package", "asked"),
    [
        ("django", "django"),  # by ourselves
        ("amqp", "amqp"),  # by a package
        ("coverage", "coverage[toml]"),  # by a package, with an extra
        ("psycopg-binary", "psycopg-binary"),  # by an extra that we ask for
    ],
)
def test_a_package_that_a_lock_forgets_is_noticed(package, asked):
    pins = [pin for pin in pins_of(lock_of("dev")) if pin.name != package]
    missing = unpinned(DECLARED["dev"], pins)
    assert asked in {re.split("[^a-z0-9[\\]-]", text)[0] for text in missing}


def test_the_packages_of_this_environment_fit_together():
    if has("pip"):
        check = [sys.executable, "-m", "pip", "check"]
    elif shutil.which("uv"):
        check = ["uv", "pip", "check", "--python", sys.executable]
    else:
        pytest.skip("neither pip nor uv")
    done = subprocess.run(check, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def pins_to(packages):
    return [Requirement(f"{package.name}=={package.version}") for package in packages]


def as_installed(pin):
    """A package that asks for what the real one asks for; for nothing where that is not installed."""
    version = version_of(pin)
    try:
        real = metadata.metadata(pin.name)
    except metadata.PackageNotFoundError:
        return Package(pin.name, version)
    requires, extras = (real.get_all(key) or () for key in ("Requires-Dist", "Provides-Extra"))
    return Package(pin.name, version, tuple(requires), tuple(extras))


def with_real_needs(lock):
    """The pins of a lock with a package for each; the small case too, should the lock have none like it."""
    pins = pins_of(lock)
    return pins + pins_to(SMALL), [as_installed(pin) for pin in pins] + SMALL


def newer(packages):
    """A later version of every package."""
    return [replace(package, version="9999") for package in {p.name: p for p in packages}.values()]


def script(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


@pytest.fixture(params=["pip", "pip of another Python", "uv"])
def installer(request, tmp_path):
    """The environment variables under which install.sh takes one of its three roads."""
    programs = tmp_path / "programs"
    chosen = {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "PYTHON": sys.executable}
    if request.param == "uv":
        if shutil.which("uv") is None:
            pytest.skip("no uv")
        return chosen
    script(programs / "uv", "exit 1")  # as if there were none
    if request.param == "pip":
        if not has("ensurepip"):
            pytest.skip("this Python has no ensurepip")
        return chosen
    if not has("pip"):
        pytest.skip("this Python has no pip")
    (programs / "ensurepip.py").write_text(
        "raise ImportError  # as where python3-venv is missing\n"
    )
    without = f'PYTHONPATH="{programs}" exec "{sys.executable}" "$@"'
    return {**chosen, "PYTHON": str(script(programs / "python", without))}


class Clone:
    """A folder with install.sh and a lock, beside an index that has what it names and what came later."""

    def __init__(self, folder, environment):
        self.folder = folder / "a clone"
        self.index = folder / "index"
        self.lock = self.folder / "requirements" / "dev.lock"
        self.lock.parent.mkdir(parents=True)
        shutil.copy(ROOT / "requirements" / "install.sh", self.lock.parent)
        self.environment = {
            **environment,
            **package_index.only_index(self.index),
            "HOME": str(folder),
        }

    def lock_and_publish(self, pins, packages):
        hashes = package_index.publish(self.index, packages)
        self.lock.write_text(package_index.lock(pins, hashes))

    def install(self):
        return subprocess.run(
            ["sh", "requirements/install.sh"],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def installed(self):
        """{package: version} without what every environment has."""
        listed = subprocess.run(
            [self.folder / ".venv" / "bin" / "python", "-I", "-c", LIST],
            capture_output=True,
            text=True,
            check=True,
        )
        found = json.loads(listed.stdout)
        return {name: found[name] for name in found if name not in {"pip", "setuptools"}}

    @property
    def is_ready(self):
        return (self.folder / ".venv" / ".installed").exists()


@pytest.fixture
def clone(tmp_path, installer):
    return Clone(tmp_path, installer)


def without_pip(pins, packages):
    """Leave pip out: the empty wheel of these tests would take the place of what installs."""
    others = [
        replace(p, requires=tuple(r for r in p.requires if Requirement(r).name != "pip"))
        for p in packages
        if p.name != "pip"
    ]
    return [pin for pin in pins if pin.name != "pip"], others


def test_the_lock_installs_quietly_when_every_package_has_a_newer_version(clone):
    pins, packages = without_pip(*with_real_needs(lock_of("dev")))
    clone.lock_and_publish(pins, packages + newer(packages))

    done = clone.install()

    assert done.returncode == 0, done.stderr
    assert clone.installed() == versions(pins)
    assert clone.is_ready
    assert done.stdout == ""
    assert re.fullmatch(r"Building \.venv with .*\n", done.stderr)


def test_a_lock_whose_packages_do_not_fit_together_is_refused_with_their_names(clone):
    caller = [replace(SMALL[0], requires=("called[extra]>=2.0", "forgotten"))]
    clone.lock_and_publish(pins_to(SMALL), caller + SMALL[1:])

    done = clone.install()

    assert done.returncode == 1
    assert "requirements/dev.lock do not fit together" in done.stderr
    assert re.search(r"\bcalled\b.*2\.0", done.stderr)
    assert "forgotten" in done.stderr
    assert not clone.is_ready


def test_a_wheel_that_is_not_the_one_of_the_lock_is_refused(clone):
    clone.lock_and_publish(pins_to(SMALL), SMALL)
    clone.lock.write_text(re.sub(r"[0-9a-f]{64}", "0" * 64, clone.lock.read_text()))

    done = clone.install()

    assert done.returncode == 1
    assert "could not be installed" in done.stderr
    assert clone.installed() == {}
    assert not clone.is_ready


def test_the_image_installs_its_lock_when_every_package_has_a_newer_version(tmp_path):
    """The command of the Dockerfile itself, with its folders moved into this one."""
    if not has("ensurepip"):
        pytest.skip("this Python has no ensurepip")
    (command,) = re.findall(r"^RUN (python -m venv (?:.*\\\n)*.*)", DOCKERFILE, re.M)
    pins, packages = with_real_needs(lock_of("base"))
    hashes = package_index.publish(tmp_path / "index", packages + newer(packages))
    (tmp_path / "base.lock").write_text(package_index.lock(pins, hashes))
    script(tmp_path / "bin" / "python", f'exec "{sys.executable}" "$@"')
    command = command.replace("/requirements/", f"{tmp_path}/").replace("/venv", f"{tmp_path}/venv")

    done = subprocess.run(
        ["sh", "-ec", command],
        env={
            **package_index.only_index(tmp_path / "index"),
            "PATH": f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "No broken requirements found" in done.stdout
