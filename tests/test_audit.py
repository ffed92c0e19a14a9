"""The packages we stand on: no known fault of the stored copy, and a list of them that auditors read."""

import importlib.util
import json
import re
import socket
import subprocess
import sys

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from django.conf import settings

ROOT = settings.BASE_DIR
PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.M)
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@pytest.fixture(scope="module")
def audit():
    spec = importlib.util.spec_from_file_location("audit", ROOT / "requirements" / "audit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["base.lock", "dev.lock"])
def test_no_package_of_a_lock_has_a_fault_that_the_stored_copy_knows(audit, name):
    with audit.stored_copy() as address:
        assert audit.known_faults(ROOT / "requirements" / name, address) == []


def test_an_old_version_in_the_lock_is_found_with_its_advisories(audit, tmp_path):
    lock = tmp_path / "base.lock"
    text = (ROOT / "requirements" / "base.lock").read_text()
    lock.write_text(re.sub(r"^django==\S+", "django==5.2.0", text, flags=re.M))
    with audit.stored_copy() as address:
        faults = audit.known_faults(lock, address)
    assert len(faults) == len([a for a in audit.stored() if a["package"] == "django"])
    assert any("CVE-2025-64459" in fault for fault in faults)
    assert any("CVE-2026-33033" in fault for fault in faults)


def test_an_advisory_ends_where_it_is_mended(audit):
    advisory = {"package": "django", "ranges": [["5.2", "5.2.8"], ["6.0", ""]]}
    affected = ("5.2", "5.2.7", "6.0", "6.1")
    for version in (*affected, "5.1.9", "5.2.8", "5.2.19"):
        assert audit.affects(advisory, "django", version) == (version in affected), version
    assert not audit.affects(advisory, "djangorestframework", "5.2")


def test_a_service_that_does_not_answer_is_no_clean_audit(audit):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # nobody listens
        address = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(audit.NoAnswer):
            audit.known_faults(ROOT / "requirements" / "base.lock", address)


@pytest.fixture(scope="module")
def bill(tmp_path_factory):
    """The list of packages that `make sbom` writes."""
    path = tmp_path_factory.mktemp("sbom") / "sbom.json"
    done = subprocess.run(
        ["make", "--no-print-directory", "-o", "venv", "sbom", f"SBOM={path}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return path.read_text()


def test_the_list_of_packages_has_all_of_the_lock_with_version_and_hashes(bill):
    lock = (ROOT / "requirements" / "base.lock").read_text()
    parts = re.split(r"^(?=[A-Za-z0-9])", lock, flags=re.M)
    wanted = {PINNED.match(part).groups(): set(HASH.findall(part)) for part in parts if part}
    listed = {
        (part["name"], part["version"]): {
            entry["content"]
            for reference in part["externalReferences"]
            for entry in reference.get("hashes", ())
        }
        for part in json.loads(bill)["components"]
    }
    assert len(wanted) > 40 and all(wanted.values())
    assert listed == wanted


def test_the_list_of_packages_fits_its_schema_and_names_no_machine(bill):
    content = json.loads(bill)
    assert (content["bomFormat"], content["specVersion"]) == ("CycloneDX", "1.6")
    assert content["metadata"]["component"]["name"] == "migdata"
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    for word in (str(ROOT), socket.gethostname(), sys.prefix):
        assert word not in bill


def test_the_list_of_packages_is_the_same_every_time(bill, tmp_path):
    again = tmp_path / "sbom.json"
    subprocess.run(["make", "-s", "-o", "venv", "sbom", f"SBOM={again}"], cwd=ROOT, check=True)
    assert again.read_text() == bill
