"""The attackers work on what the road of the reports has published."""

from tests.reports.conftest import (  # noqa: F401 - fixtures
    accept,
    build,
    builder,
    lead,
    permits,
    publish,
    released,
    submit,
)
