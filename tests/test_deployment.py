"""What docker-compose.yml and the Dockerfile must say, read as an operator's machine reads them."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from django.conf import settings

from agencies import secrets
from tests import workers

ROOT = Path(settings.BASE_DIR)
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES = COMPOSE["services"]
LASTING = [name for name, service in SERVICES.items() if service["restart"] != "no"]
# Who needs a capability, and which: everybody else has none.
CAPABILITIES = {"proxy": ["NET_BIND_SERVICE"]}
# Which secrets each service is given; a longer list has to be argued for here.
SECRETS = {
    "proxy": set(),
    "migrate": {"app_password", "owner_password", "broker_password"},
    "web": {
        *("app_password", "broker_password", "secret_key", "files_secret", "accounts_secret"),
        *("secret_key_fallbacks", "files_secret_fallbacks", "accounts_secret_fallbacks"),
    },
    "worker": {
        *("app_password", "broker_password", "secret_key", "files_secret", "mail_password"),
        *("secret_key_fallbacks", "files_secret_fallbacks"),
        *("disclosure_secret", "person_ref_secret"),
    },
    "beat": {"broker_password"},
    "db": {"superuser_password", "owner_password", "app_password"},
    "broker": {"broker_password"},
    "backup": {"superuser_password"},
}
NETWORKS = {
    "proxy": {"outside", "front"},
    "web": {"front", "data"},
    "worker": {"data", "mail"},
    **{name: {"data"} for name in ("migrate", "beat", "db", "broker", "backup")},
}


@pytest.mark.parametrize("name", SERVICES)
class TestEveryService:
    def test_its_image_is_named_by_digest_or_built_here(self, name):
        service = SERVICES[name]
        if "build" in service:
            assert service["build"]["args"] == {"BASE_DIGEST": "${PYTHON_DIGEST:?}"}
        else:
            assert re.fullmatch(r"[a-z]+:\d+@\$\{[A-Z]+_DIGEST:\?\}", service["image"])

    def test_memory_and_processes_are_limited(self, name):
        assert re.search(r"\d+[mg]", SERVICES[name]["mem_limit"])
        assert 0 < SERVICES[name]["pids_limit"] <= 300

    def test_its_disk_cannot_be_changed_but_where_it_has_to_write(self, name):
        assert SERVICES[name]["read_only"] is True
        assert any(place.startswith("/tmp") for place in SERVICES[name]["tmpfs"])

    def test_it_has_no_rights_beyond_those_of_an_ordinary_program(self, name):
        service = SERVICES[name]
        assert service["cap_drop"] == ["ALL"]
        assert service.get("cap_add", []) == CAPABILITIES.get(name, [])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "pid", "ipc", "network_mode", "devices"} & service.keys()

    def test_its_log_cannot_fill_the_disk(self, name):
        assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}

    def test_it_is_given_the_secrets_it_needs_and_no_other(self, name):
        assert set(SERVICES[name].get("secrets", [])) == SECRETS[name]

    def test_no_secret_stands_in_its_environment_or_on_its_command_line(self, name):
        service = SERVICES[name]
        for variable, value in service.get("environment", {}).items():
            if re.search("PASSWORD|SECRET|KEY", variable):
                assert variable.endswith("_FILE"), variable
                assert value.startswith("/run/secrets/")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
            assert not re.search(r"://[^@/]*:[^@/]+@", str(value)), variable
        command = " ".join(service.get("command", []))
        assert 'requirepass "' not in command
        assert not re.search(r"--requirepass|\$\{[A-Z_]*(PASSWORD|SECRET|KEY)", command)

    def test_it_reaches_only_the_networks_it_needs(self, name):
        assert set(SERVICES[name]["networks"]) == NETWORKS[name]


@pytest.mark.parametrize("name", LASTING)
def test_what_stays_is_looked_after(name):
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    in_dockerfile = "build" in service and "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()
    assert "healthcheck" in service or in_dockerfile


def test_database_and_broker_can_be_reached_from_inside_only():
    assert COMPOSE["networks"]["data"] == COMPOSE["networks"]["front"] == {"internal": True}
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert SERVICES["db"]["user"] == "postgres"
    assert SERVICES["broker"]["user"] == "redis"


def test_every_secret_is_a_file_and_is_used():
    given = set().union(*SECRETS.values())
    assert COMPOSE["secrets"].keys() == given
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"${{SECRETS:-./secrets}}/{name}"}
    assert "secrets/" in (ROOT / ".gitignore").read_text().split()


def test_no_name_of_an_image_or_host_has_an_unsafe_default():
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"\$\{[A-Z_]*(DIGEST|VERSION|PASSWORD|SECRET|HOST)(:-[^}]|\})", text)
    assert ":latest" not in text


@pytest.mark.parametrize("part", ["web", "worker", "beat", "migrate"])
def test_each_part_is_given_what_it_says_it_needs(part):
    environment = SERVICES[part]["environment"]
    assert environment["PORTAL_PART"] == part
    given = {
        purpose
        for purpose, known in secrets.PURPOSES.items()
        if f"{known.setting}_FILE" in environment
    }
    assert given == set(secrets.PARTS[part])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("part", ["web", "worker", "beat", "migrate"])
def test_a_part_starts_with_just_its_secrets_from_files(part, tmp_path):
    """The real settings, the real check of secrets, and Django's own checks, as the container runs them."""
    environment = {k: v for k, v in os.environ.items() if not re.search("SECRET|COV", k)}
    environment |= workers.environment("nobody") | {"PORTAL_PART": part}
    for purpose in secrets.PARTS[part]:
        setting = secrets.PURPOSES[purpose].setting
        file = tmp_path / setting
        file.write_text(os.environ[setting] + "\n")
        environment[f"{setting}_FILE"] = str(file)
    code = (
        "import django; django.setup(); from agencies import secrets; secrets.require_known();"
        "from django.core.management import call_command; call_command('check');"
        "import migdata.celery, migdata.urls; print('ready')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines()[-1:] == ["ready"], done.stderr


class TestImage:
    TEXT = (ROOT / "Dockerfile").read_text()

    def test_its_base_is_named_by_digest(self):
        assert re.findall(r"^FROM (\S+)", self.TEXT, re.M) == ["${BASE}@${BASE_DIGEST}"] * 2
        assert re.search(r"^ARG BASE_DIGEST$", self.TEXT, re.M)  # no default: it must be given

    def test_it_runs_as_nobody_special(self):
        assert re.findall(r"^USER (\S+)", self.TEXT, re.M) == ["10001:10001"]
        assert "HEALTHCHECK" in self.TEXT

    def test_everything_it_copies_is_let_in(self):
        let_in = {
            line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"
        }
        copied = re.findall(r"^COPY (?!--from)(\S+)", self.TEXT, re.M)
        assert let_in == set(copied)
        assert {name for name in copied if (ROOT / name).exists()} == set(copied)
