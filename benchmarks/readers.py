"""Readers at once, against a running portal: large workbooks beside health, and filtered dashboards.

    python -m benchmarks.readers http://127.0.0.1:8000 --dataset BCR

Eight readers ask for the same workbook of all dimensions while health is asked five times a second;
then dashboards, each with a filter of its own, are asked twenty times a second for twenty seconds.
"""

import argparse
import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

PATIENCE = 120  # seconds for one answer


def ask(address: str) -> tuple[int, float, int]:
    """Return the status of an address, the seconds it took, and the bytes that came."""
    begun = time.monotonic()
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE) as answer:
            return answer.status, time.monotonic() - begun, len(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, time.monotonic() - begun, len(refused.read())
    except OSError:
        return 0, time.monotonic() - begun, 0


def structure(portal: str, dataset: str) -> dict[str, Any]:
    """Return the structure of a dataset, as the API tells it."""
    with urllib.request.urlopen(f"{portal}/figures/api/v1/datasets/{dataset}") as answer:
        told: dict[str, Any] = json.load(answer)["structure"]
    return told


def percentile(seconds: list[float], share: float) -> float:
    """Return the time that `share` of the answers did not exceed."""
    return sorted(seconds)[min(int(len(seconds) * share), len(seconds) - 1)]


def workbooks(portal: str, dataset: str, names: list[str], readers: int) -> dict[str, Any]:
    """Ask for one workbook of all dimensions by several readers at once; measure health meanwhile."""
    address = f"{portal}/figures/data/{dataset}.xlsx?by={','.join(names)}&lang=en"
    done, health = threading.Event(), []

    def watch() -> None:
        while not done.is_set():
            health.append(ask(f"{portal}/healthz"))
            done.wait(0.2)

    watcher = threading.Thread(target=watch)
    watcher.start()
    with ThreadPoolExecutor(readers) as pool:
        answers = list(pool.map(ask, [address] * readers))
    done.set()
    watcher.join()
    return {
        "statuses": dict(Counter(status for status, _s, _n in answers)),
        "bytes": max(size for _status, _s, size in answers),
        "slowest": round(max(seconds for _status, seconds, _n in answers), 2),
        "health slowest": round(max(seconds for _status, seconds, _n in health), 2),
        "health asked": len(health),
    }


def dashboards(portal: str, dataset: str, told: dict[str, Any], rate: int, seconds: int) -> Any:
    """Ask for dashboards at a steady rate, each with another pair of filters."""
    codes = {d["name"]: [item["code"] for item in d["items"]] for d in told["dimensions"]}
    pairs = itertools.cycle(itertools.product(codes["CITIZENSHIP"], codes["REGION"]))
    asked = []
    with ThreadPoolExecutor(400) as pool:
        begun = time.monotonic()
        for k in range(rate * seconds):
            citizenship, region = next(pairs)
            query = f"dataset={dataset}&citizenship={citizenship}&region={region}"
            time.sleep(max(0.0, begun + k / rate - time.monotonic()))
            asked.append(pool.submit(ask, f"{portal}/figures/?{query}"))
        answers = [future.result() for future in asked]
    times = [time for _status, time, _n in answers]
    return {
        "statuses": dict(Counter(status for status, _s, _n in answers)),
        "median": round(percentile(times, 0.5), 2),
        "p95": round(percentile(times, 0.95), 2),
        "slowest": round(max(times), 2),
    }


def main() -> None:
    """Print one JSON object for each measurement. Times are seconds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("portal", help="address of a running portal")
    parser.add_argument("--dataset", default="BCR")
    parser.add_argument("--readers", type=int, default=8)
    parser.add_argument("--rate", type=int, default=20, help="dashboards a second")
    parser.add_argument("--seconds", type=int, default=20)
    options = parser.parse_args()
    told = structure(options.portal, options.dataset)
    names = [d["name"] for d in told["dimensions"] if d["name"] != "SEX"]
    for name in ("first", "again"):
        found = workbooks(options.portal, options.dataset, names, options.readers)
        print(json.dumps({"workbooks": name, **found}), flush=True)
    found = dashboards(options.portal, options.dataset, told, options.rate, options.seconds)
    print(json.dumps({"dashboards": f"{options.rate}/s", **found}), flush=True)


if __name__ == "__main__":
    main()
