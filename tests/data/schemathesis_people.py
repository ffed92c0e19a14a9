"""Schemathesis asks as several people in turn: COOKIES is a list in JSON, one browser each.

At the end the file ASKED holds how many questions each of them has asked.
"""

import atexit
import json
import os
import threading
from collections import Counter
from pathlib import Path

import schemathesis

COOKIES = json.loads(os.environ["COOKIES"])
_turns: Counter[str] = Counter()  # by operation, so that each is asked by everybody
_asked = [0] * len(COOKIES)
_lock = threading.Lock()  # several threads ask


@schemathesis.hook
def before_call(context, case, kwargs):
    """Send the question from the browser whose turn it is."""
    with _lock:
        person = _turns[case.operation.label] % len(COOKIES)
        _turns[case.operation.label] += 1
        _asked[person] += 1
    if COOKIES[person]:
        case.headers["Cookie"] = COOKIES[person]


@atexit.register
def _tell():
    Path(os.environ["ASKED"]).write_text(json.dumps(_asked))
