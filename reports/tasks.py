"""The jobs of this app, by name."""

from agencies import scope
from agencies.roles import Permission
from jobs import queue
from reports.exact import slices
from reports.releases import building

queue.handler("reports.seal")(scope.of_job(slices.seal))
queue.handler("reports.publish")(scope.of_job(building.build_release, needs=Permission.PUBLISH))
