"""Reading environment variables: flags, pairs of limits, addresses, and secrets, which may lie in files."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit


def flag(name: str, *, default: bool = False) -> bool:
    """Read a yes/no variable; anything but 0 or 1 is a mistake worth stopping for."""
    return {"0": False, "1": True}[os.environ.get(name, "1" if default else "0")]


def limits(name: str, *, person: int, agency: int) -> dict[str, int]:
    """Read `200,400`: how much one person may have, and one agency."""
    given = os.environ.get(name, f"{person},{agency}").split(",")
    return dict(zip(("person", "agency"), map(int, given), strict=True))


def is_given(name: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Say whether a secret is given: as NAME, or as NAME_FILE, the file that holds it."""
    return bool(environment.get(name) or environment.get(f"{name}_FILE"))


def secret(name: str) -> str:
    """Return NAME, or what stands in the file NAME_FILE without its last line end; "" where neither is set.

    Raises SystemExit, in words, where both are set or the file cannot be read: nobody should have to
    guess which of two secrets is in force.
    """
    value, file = os.environ.get(name, ""), os.environ.get(f"{name}_FILE", "")
    if not file:
        return value
    if value:
        raise SystemExit(f"{name} and {name}_FILE are both set. Leave one of them.")
    try:
        return Path(file).read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SystemExit(f"{name}_FILE names {file}, which cannot be read: {error}.") from error


def secrets(name: str) -> list[str]:
    """Return the secrets of NAME or NAME_FILE, one a line."""
    return secret(name).splitlines()


def address(name: str, password: str) -> str:
    """Return the address NAME with the password of its own variable or file, where it has one."""
    parts, given = urlsplit(os.environ[name]), secret(password)
    if not given:
        return os.environ[name]
    user, _at, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(given, safe='')}@{host}"))


def process() -> str:
    """Return what kind of process this is: `web`, `worker`, or `command`, which may take its time."""
    program = Path(sys.argv[0])
    if "celery" in (program.name, program.parent.name):
        return "worker"
    patient = program.name == "manage.py" or program.parent.name == "benchmarks"
    return "command" if patient or "pytest" in sys.modules else "web"


def database(url: str, *, limits: Mapping[str, int], **extra: Any) -> dict[str, Any]:
    """Read postgresql://user:password@host:port/name?host=/socket/folder.

    `limits` are settings of PostgreSQL in seconds; 0 is without end.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host") or parts.hostname or "",
        "PORT": query.get("port") or parts.port or "",
        # Public figures live in the schema `pub`; everything else is created in `public`.
        # Values travel beside the statement, not in it: no list of running statements shows a record.
        "OPTIONS": {
            "server_side_binding": True,
            "options": " ".join(
                ["-c search_path=public,pub", *(f"-c {k}={v}s" for k, v in limits.items())]
            ),
            "connect_timeout": 5,
        },
        "CONN_HEALTH_CHECKS": True,
        **extra,
    }
