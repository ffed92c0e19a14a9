"""R17: how much memory a worker takes for two hundred thousand rows, the process that reads included.

CSV and XLSX fit into 512 MB: both are read piece by piece. In a smaller container the kernel ends the reading process,
not the worker, and the file is refused.
"""

import os
import time
from pathlib import Path

import pytest

from agencies import scope
from records.collection import uploads
from records.models import Record, Upload
from tests.records.files import BCR, plain, table, workbook, xlsx

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 199_000


def megabytes(group):
    """What the processes of a group take, pages that they share counted once."""
    total = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if os.getpgid(int(folder.name)) == group:
                lines = (folder / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        except (OSError, ValueError):  # it has ended meanwhile
            continue
    return total / 1024


def rows():
    days = [f"{1 + k % 28:02}.{1 + k % 9:02}.2026" for k in range(280)]
    return table(
        ROWS,
        base=BCR,
        record_ref=[f"R.{k}" for k in range(ROWS)],
        event_date=days,
        sex=["F", "M", "M"],
        citizenship=["TUR", "UZB"],
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "made"),
    [("rows.csv", plain), ("rows.xlsx", lambda rows: xlsx(A=rows))],
)
def test_r17_a_file_of_200_000_rows(name, made, instruments, agency, clerk, worker):
    with scope.acting(clerk):
        upload = uploads.receive(
            [made(rows())],
            agency=agency,
            instrument=instruments["SMS-BCR"],
            file_name=name,
            by=clerk,
        )
    process, peak = worker().process, 0.0
    end = time.monotonic() + 600
    while time.monotonic() < end:
        peak = max(peak, megabytes(process.pid))
        with scope.acting(clerk):
            if Upload.objects.values_list("state", flat=True).get(pk=upload.pk) != "RECEIVED":
                break
        time.sleep(0.1)
    with scope.acting(clerk):
        upload, count = Upload.objects.get(pk=upload.pk), Record.objects.count()
    assert (upload.state, count) == ("COMMITTED", ROWS), upload.reason
    assert 100 < peak < 512  # MB


def test_where_memory_ends_the_reading_process_is_killed_first(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(plain(table(50_000)))
    reading = workbook(path)
    assert Path(f"/proc/{reading.process.pid}/oom_score_adj").read_text().strip() == "900"
    reading.close()
