from tests.records.conftest import report, send  # noqa: F401
