"""The peer: django-import-export on the same table, in a child process.

It is given more than ours: rows that are ready and right. It checks types; of codes, rules, repeated
numbers and persons it knows nothing.
"""

import csv
from pathlib import Path
from typing import Any

import tablib
from import_export import fields, resources, widgets

from agencies import scope
from agencies.models import Person
from benchmarks import generator
from benchmarks.measure import peak_mib, stopwatch
from records.models import Record

NAMES = {"agency_id": "agency", "submission_id": "submission", "upload_id": "upload"}


class ByNumber(widgets.Widget):
    """A foreign key as it is stored: the number, without a query for each row."""

    def clean(self, value: Any, row: Any = None, **_kwargs: Any) -> Any:
        return int(value)


class Default(resources.ModelResource):
    """As its documentation begins; the natural key says which record a row is."""

    class Meta:
        model = Record
        fields = tuple(NAMES.get(name, name) for name in generator.READY)
        import_id_fields = ("submission", "record_ref")


class Bulk(Default):
    """With all that its documentation advises for speed, and no query for a foreign key."""

    agency = fields.Field("agency_id", "agency", ByNumber())
    submission = fields.Field("submission_id", "submission", ByNumber())
    upload = fields.Field("upload_id", "upload", ByNumber())

    class Meta(Default.Meta):
        import_id_fields = (
            "record_ref",
        )  # must be named; with force_init_instance it is not asked
        use_bulk = True
        batch_size = 1000
        skip_diff = True
        force_init_instance = True


def load(kind: str, file: str) -> dict[str, Any]:
    """Import the ready file in one transaction."""
    resource = {"default": Default, "bulk": Bulk}[kind]()
    clerk = Person.objects.named("clerk@benchmark.example")
    with stopwatch() as watch, scope.acting(clerk):
        with Path(file).open(newline="") as source:
            head, *rows = csv.reader(source)
        headers = [NAMES.get(name, name) for name in head]
        done = resource.import_data(tablib.Dataset(*rows, headers=headers), raise_errors=True)
    return {"seconds": watch.seconds, "rows": done.totals["new"], **peak_mib()}
