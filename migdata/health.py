"""Whether the portal can work: the database answers, the broker answers, no job is stuck."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from redis import Redis
from redis.exceptions import RedisError

from jobs.models import Job

LATE = timedelta(minutes=15)


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 with `{"database", "broker", "oldest_job_minutes"}`; 503 where a part does not answer."""
    facts: dict[str, object] = {"database": "ok", "broker": "ok"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    try:
        with Redis.from_url(_address(), socket_timeout=3) as broker:
            broker.ping()
    except RedisError as error:
        facts["broker"] = type(error).__name__
    waiting = Job.objects.filter(state=Job.State.QUEUED).order_by("asked_at").first()
    age = timezone.now() - waiting.asked_at if waiting else timedelta()
    facts["oldest_job_minutes"] = round(age.total_seconds() / 60, 1)
    well = facts["broker"] == "ok" and age < LATE
    return JsonResponse(facts, status=200 if well else 503)


def _address() -> str:
    return settings.REDIS_URL.replace("redis+socket://", "unix://")
