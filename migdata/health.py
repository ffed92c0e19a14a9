"""Whether the portal can work: the database answers, the broker answers, no job is stuck."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import Error, connections
from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from jobs.neighbours import sqlstate

LATE = timedelta(minutes=15)
LOCKED = "55P03"  # lock_not_available
PATIENCE = 3  # seconds in which a part has to answer
# A job that waits for the end of its pause is not late: what it needs was not there.
QUEUE = """
SELECT coalesce(extract(epoch FROM max(now() - greatest(asked_at, lease_until))
                    FILTER (WHERE lease_until IS NULL OR lease_until < now())), 0) / 60,
       count(*) FILTER (WHERE lease_until >= now())
  FROM jobs_job WHERE state = 'QUEUED'
"""
# What the latest scan found changed (reports.releases.scanning).
CHANGED = """
SELECT coalesce(string_agg(r.dataset || '-' || r.number, ', ' ORDER BY r.id), 'ok')
  FROM reports_build b JOIN pub.release r ON r.id = b.release_id WHERE b.fault <> ''
"""


class HealthFirst:
    """Answer /healthz before sessions and scope are asked: they need what may not answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info == "/healthz" and request.method in ("GET", "HEAD"):
            return healthz(request)
        return self.get_response(request)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Say which part answers: `{"database", "broker", "oldest_job_minutes", "postponed_jobs", "releases"}`.

    503 where a part does not answer or a job has waited too long. `releases` is `ok`, or names those that the
    latest scan found changed: readers are told of them by their pages.
    """
    facts = {**_database(), "broker": _broker()}
    late = timedelta(minutes=float(facts.get("oldest_job_minutes", 0))) >= LATE
    well = facts["database"] == facts["broker"] == "ok" and not late
    response = JsonResponse(facts, status=200 if well else 503)
    response["Cache-Control"] = "no-store"
    response["Content-Length"] = str(len(response.content))  # no other middleware sees this answer
    return response


def _database() -> dict[str, Any]:
    """Ask over a connection of its own: one that is open may wait for a server that is gone."""
    wrapper = connections.create_connection("default")
    options = wrapper.settings_dict["OPTIONS"]
    limit = f"{options.get('options', '')} -c statement_timeout={PATIENCE * 1000}"
    wrapper.settings_dict = {
        **wrapper.settings_dict,
        "OPTIONS": {**options, "connect_timeout": PATIENCE, "options": limit},
    }
    try:
        with wrapper.cursor() as cursor:
            cursor.execute(QUEUE)
            minutes, postponed = cursor.fetchone()
            releases = _releases(cursor)
    except Error as error:
        return {"database": " ".join(filter(None, (type(error).__name__, sqlstate(error))))}
    finally:
        wrapper.close()
    return {
        "database": "ok",
        "oldest_job_minutes": round(float(minutes), 1),
        "postponed_jobs": postponed,
        "releases": releases,
    }


def _releases(cursor: CursorWrapper) -> str:
    """Return what the latest scan found. Somebody may hold a lock on releases: then health is told without."""
    try:
        cursor.execute("SET lock_timeout = '300ms'")
        cursor.execute(CHANGED)
    except Error as error:
        if sqlstate(error) != LOCKED:
            raise
        return "locked"
    return str(cursor.fetchone()[0])


def _broker() -> str:
    limits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE}
    try:
        once = Retry(NoBackoff(), 0)
        with Redis.from_url(_address(), retry=once, **limits) as broker:
            broker.ping()
    except RedisError as error:
        return type(error).__name__
    return "ok"


def _address() -> str:
    return settings.REDIS_URL.replace("redis+socket://", "unix://")
