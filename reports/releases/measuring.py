"""Measuring a draft of a design as a job: what its tables would be worth, on everything that is accepted. Private.

A draft is the YAML of a dataset, kept below PRIVATE_ROOT by its digest beside what was measured of it; of a dataset the latest
draft is kept. Nothing of it is published, and no release knows of it.
"""

import hashlib
import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from django.utils.translation import gettext as _

from agencies import access, audit
from agencies.models import Agency, Person
from agencies.refusal import Refused
from agencies.roles import Permission
from jobs import queue, worker
from jobs.queue import Job
from records.instruments import deliveries
from reports.designs import datasets
from reports.designs.datasets import Dataset
from reports.exact.private_files import private, write_private
from reports.releases import drafts
from reports.releases.seeds import require_secret
from standards.definitions import InvalidDefinition
from standards.languages import marked

LARGEST = 64 << 10  # bytes of a draft; ours have ten thousand
NAME, MEASURED = "reports.measure", "measured.json"


@dataclass(frozen=True)
class Measuring(queue.Arguments):
    """Of which dataset which draft (its digest) is measured."""

    dataset: str
    draft: str


def key(dataset: str) -> str:
    """Return the key of the job that measures drafts of a dataset: one at a time."""
    return f"measure:{dataset}"


def measure(dataset: str, text: str, *, by: Person) -> Job:
    """Ask for the measurement of a draft of a dataset. Raises `Denied`, `Refused`; InvalidDefinition for a bad draft."""
    access.require(by, Permission.TABULATE)
    known = datasets.datasets().get(dataset)
    if known is None:
        raise Refused(_("There is no dataset %(code)s.") % {"code": dataset})
    deliveries.require(by, Permission.TABULATE, known.instrument)
    digest = _keep(known, text)
    job = queue.enqueue(
        NAME,
        key=key(dataset),
        arguments=Measuring(dataset, digest),
        agencies=list(Agency.objects.values_list("pk", flat=True)),
        by=by,
    )
    asked = queue.arguments(job, Measuring).draft
    for folder in private(f"designs/{dataset}").iterdir():
        if folder.name != asked:
            shutil.rmtree(folder, ignore_errors=True)
    if asked != digest:
        raise Refused(_("Another draft of this dataset is being measured. Wait until it is done."))
    audit.record("design", f"dataset:{dataset}", name=dataset, by=by)
    return job


def run(job: Job) -> None:
    """Measure the draft of the job, year by year. Raises `GaveUp`."""
    asked = queue.arguments(job, Measuring)
    try:
        dataset = draft_of(asked)
    except InvalidDefinition:
        raise queue.GaveUp(marked("The draft is gone or was changed. Measure it again.")) from None
    require_secret(dataset.code)
    worker.progress(job, stage=marked("adding up"))
    try:
        measured = list(_years(job, dataset))
    except (KeyError, ValueError):  # what was looked for is a value of records: it is not told
        raise queue.GaveUp(
            marked("The draft does not fit the accepted records: some have values without a code.")
        ) from None
    if not measured:
        raise queue.GaveUp(marked("Nothing is accepted yet, so there is nothing to measure."))
    write_private(f"{_folder(asked)}/{MEASURED}", json.dumps(measured).encode())


def _years(job: Job, dataset: Dataset) -> list[dict[str, Any]]:
    counted = drafts.exact_cells(dataset)
    measured = []
    for k, (year, exact) in enumerate(counted.years.items(), start=1):
        worker.progress(job, stage=marked("measuring"), year=year, done=k, of=len(counted.years))
        draft = drafts.try_design(counted.numbering, year, exact)
        gates = [{**gate.as_dict(), "year": year} for gate in draft.gates]
        measured.append({**asdict(draft), "base": dataset.base, "gates": gates})
    return measured


def latest(dataset: str) -> tuple[Job | None, str]:
    """Return the job that measures, or last measured, a draft of a dataset, and the text of the draft; empty without one."""
    job = queue.find(key(dataset))
    if job is None:
        return None, ""
    file = _file(queue.arguments(job, Measuring))
    return job, file.read_text(encoding="utf-8") if file.exists() else ""


def measured_of(job: Job) -> list[dict[str, Any]]:
    """Return what a job measured, a `DraftYear` for each year as JSON has it; empty before it is done."""
    file = private(f"{_folder(queue.arguments(job, Measuring))}/{MEASURED}")
    if job.state != Job.State.DONE or not file.exists():
        return []
    content: list[dict[str, Any]] = json.loads(file.read_text())
    return content


def draft_of(asked: Measuring) -> Dataset:
    """Return the draft that a job measures. Raises InvalidDefinition where it is gone, or another one."""
    file = _file(asked)
    if not file.exists() or _digest(file.read_text(encoding="utf-8")) != asked.draft:
        raise InvalidDefinition([f"{file.name} does not exist"])
    return datasets.read(file)


def _keep(known: Dataset, text: str) -> str:
    """Keep the text of a draft of a dataset and return its digest. Raises Refused, InvalidDefinition."""
    text = text.replace("\r\n", "\n")
    if len(text.encode()) > LARGEST:
        raise Refused(_("A design has at most %(n)s kB.") % {"n": LARGEST >> 10})
    _require_plain(text, f"{known.code}.yaml")
    asked = Measuring(known.code, _digest(text))
    if not _file(asked).exists():
        write_private(f"{_folder(asked)}/{known.code}.yaml", text.encode())
    try:
        draft = datasets.read(_file(asked))
        if (draft.code, draft.instrument) != (known.code, known.instrument):
            raise InvalidDefinition(
                [f"code: a draft of {known.code} keeps its code and its instrument"]
            )
    except InvalidDefinition:
        shutil.rmtree(_file(asked).parent, ignore_errors=True)
        raise
    return asked.draft


def _require_plain(text: str, name: str) -> None:
    """Raise InvalidDefinition for what a design never needs: references, which may grow beyond all measure, and depth."""
    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > 20:
                line = event.start_mark.line + 1 if event.start_mark else 0
                raise InvalidDefinition([f"{name}, line {line}: no references, no deeper nesting"])
    except yaml.YAMLError:
        return  # the reader says what is wrong, and where


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _folder(asked: Measuring) -> str:
    return f"designs/{asked.dataset}/{asked.draft}"


def _file(asked: Measuring) -> Path:
    return private(f"{_folder(asked)}/{asked.dataset}.yaml")
