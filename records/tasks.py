"""The jobs of this app, by name."""

from agencies import scope
from migdata import jobs
from records import intake

jobs.handler("records.intake")(scope.of_job(intake.process))
