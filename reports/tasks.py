"""The jobs of this app, by name."""

from agencies import scope
from migdata import jobs
from reports import release, slices

jobs.handler("reports.seal")(scope.of_job(slices.seal))
jobs.handler("reports.publish")(scope.of_job(release.make))
