"""Loaded before Django (`-p tests.servers`): real PostgreSQL and a real broker for the tests."""

import os
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
    from migdata.local import ensure

    # Servers of their own: a worker of a running demonstration must not take the tests' jobs.
    os.environ.setdefault("MIGDATA_LOCAL", str(ROOT / ".local" / "test"))
    os.environ.setdefault("MIGDATA_LOCAL_DURABLE", "0")
    os.environ.update(ensure())
os.environ["MIGDATA_AS_OWNER"] = "1"  # creates and flushes; every test body runs as `app`
os.environ["SECRET_KEY"] = "tests only: sessions, thirty-two bytes at least"
os.environ["DISCLOSURE_SECRET"] = "tests only: thirty-two bytes at least"
os.environ["PERSON_REF_SECRET"] = "tests only: references, thirty-two bytes"
os.environ["FILES_SECRET"] = "tests only: files, thirty-two bytes"
os.environ["SEALS_SECRET"] = "tests only: seals, thirty-two bytes"
os.environ["ACCOUNTS_SECRET"] = "tests only: accounts, thirty-two bytes"
os.environ["PRIVATE_ROOT"] = tempfile.mkdtemp(prefix="migdata-tests-")
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # playwright runs its own loop in this thread
