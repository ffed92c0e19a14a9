"""A draft of a design is measured on the page: as a job, on what is accepted, for those who may see exact figures."""

import re

import pytest
from django.utils.html import strip_tags

from agencies import scope
from agencies.models import Agency, Event
from jobs import queue, worker
from reports.designs import datasets
from reports.exact.private_files import private
from reports.models import Build, Release
from reports.releases import drafts, measuring
from tests.cast import signed_in

PAGE = "/disclosure/design/WPF/"
OURS = (datasets.DIRECTORY / "wpf.yaml").read_text()
COARSER = OURS.replace("base: 3", "base: 5")


def text_of(response):
    return " ".join(strip_tags(response.content.decode()).split())


def test_a_draft_is_measured_as_a_job_and_the_page_shows_its_tables_gates_and_single_records(
    accepted, statistician
):
    client = signed_in(statistician)
    assert "Nothing is published." in text_of(client.get(PAGE))
    sent = client.post(PAGE, {"design": COARSER.replace("\n", "\r\n")})
    assert sent.status_code == 302
    facts = {"stage": "measuring", "year": "2026", "done": 1, "of": 1}
    queue.Job.objects.filter(key=measuring.key("WPF")).update(progress=facts)
    waits = client.get(PAGE)
    assert "measuring 2026 (1 of 1)" in text_of(waits)
    assert "A draft is being measured." in text_of(waits) and b"hx-trigger" in waits.content
    other = client.post(PAGE, {"design": OURS})
    assert other.status_code == 422 and "Another draft of this dataset" in text_of(other)
    job = worker.work(queue.find(measuring.key("WPF")).pk)
    assert job.state == "DONE", job.reason
    page = client.get(PAGE)
    shown = text_of(page)
    assert b"hx-trigger" not in page.content and "base: 5" in page.content.decode()
    draft = measuring.draft_of(queue.arguments(job, measuring.Measuring))
    with scope.working(Agency.objects.values_list("pk", flat=True)):
        counted = drafts.exact_cells(draft)
    measured = drafts.try_design(counted.numbering, "2026", counted.years["2026"])
    assert f"{measured.records} records, base 5" in shown
    assert [table.table for table in measured.tables] == [t.name for t in draft.family.tables]
    for near in measured.tables:
        numbers = f"{near.cells:,} {near.mean:.2f} {near.usual:.0f} {near.most} {near.singles:.0f}"
        assert f"{near.table} {numbers}" in shown
    for gate in {gate.name for gate in measured.gates}:
        assert gate in shown
    assert "Year × Sex × Decision" in shown
    assert not Release.objects.exists() and not Build.objects.exists()
    told = Event.objects.using("side").filter(person=statistician.email, verb="design")
    assert [event.subject for event in told] == ["dataset:WPF"]
    assert len(list(private("designs/WPF").iterdir())) == 1


@pytest.mark.parametrize(
    ("draft", "words"),
    [
        (OURS.replace("adds: [REGION]", "adds: [PLANET]"), "WPF.yaml, line"),
        (OURS.replace("code: WPF", "code: BCR"), "keeps its code and its instrument"),
        (OURS.replace("base: 3", "base: &b 3\ncharts: *b"), "no references"),
        ("[" * 500, "no deeper nesting"),
        ("a: [", "WPF.yaml"),
        ("#" * 70_000, "at most 64 kB"),
    ],
)
def test_a_draft_that_cannot_be_measured_is_refused_with_its_place_and_stays_in_the_form(
    db, statistician, draft, words
):
    refused = signed_in(statistician).post(PAGE, {"design": draft})
    assert refused.status_code == 422
    assert words in text_of(refused)
    assert draft[:40] in re.sub(r"&#x27;", "'", refused.content.decode())
    assert queue.find(measuring.key("WPF")) is None


def test_without_accepted_records_the_job_says_so(db, statistician):
    client = signed_in(statistician)
    assert client.post(PAGE).status_code == 302
    job = worker.work(queue.find(measuring.key("WPF")).pk)
    assert job.state == "FAILED"
    assert "Nothing is accepted yet" in text_of(client.get(PAGE))
    assert client.get("/disclosure/design/NONE/").status_code == 404
