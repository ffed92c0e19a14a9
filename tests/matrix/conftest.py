"""The country of the matrix is built once, in a transaction that is never committed."""

import contextlib
from types import SimpleNamespace

import pytest
from django.db import connections, transaction
from django.test import override_settings
from django.utils import translation

from tests.matrix import country, identities


@pytest.fixture
def private_files():
    """The files of the country stay for all tests of the matrix."""


@contextlib.contextmanager
def _one_connection_as_app():
    """Run as `app`, with the log of events on the same connection, so that it is undone too."""
    side, default = connections["side"], connections["default"]
    default.ensure_connection()
    connections["side"] = default
    with default.cursor() as cursor:
        cursor.execute("SET ROLE migdata_app")
    try:
        yield
    finally:
        connections["side"] = side
        with default.cursor() as cursor:
            cursor.execute("RESET ROLE")


@pytest.fixture(scope="package")
def matrix(django_db_setup, django_db_blocker, tmp_path_factory):
    """The country and everybody who asks."""
    changed = override_settings(
        PRIVATE_ROOT=tmp_path_factory.mktemp("matrix"),
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        EMAIL_BACKEND="django.core.mail.backends.locmem.EmailBackend",
    )
    with django_db_blocker.unblock(), changed, _one_connection_as_app(), transaction.atomic():
        with translation.override("en"):
            built = country.build()
            people, programs = identities.everybody(), identities.programs()
        yield SimpleNamespace(country=built, people=people, programs=programs)
        transaction.set_rollback(True)
