"""The jobs of this app, by name, and what it does now and then."""

from celery import shared_task

from agencies import scope
from agencies.roles import Permission
from jobs import queue
from records.tasks import expiring
from reports.exact import impact, slices
from reports.releases import building, measuring, scanning, subscriptions

expiring.append(impact.expire)
queue.handler("reports.seal")(scope.of_job(slices.seal))
queue.handler("reports.publish")(scope.of_job(building.build_release, needs=Permission.PUBLISH))
queue.handler(impact.NAME)(
    scope.of_job(impact.run, needs=Permission.TABULATE, about=impact.instrument_of)
)
queue.handler(measuring.NAME)(scope.of_job(measuring.run, needs=Permission.TABULATE))


@shared_task(name="reports.scan")
def scan() -> None:
    """Compare every stored release with its seal and its checksum. Beat sends this once an hour."""
    scanning.scan()


@shared_task(name="reports.announce")
def announce() -> None:
    """Write to subscribers of what came out or was withdrawn. Beat sends this once a minute."""
    subscriptions.announce()
