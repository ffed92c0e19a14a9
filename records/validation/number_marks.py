"""What points and commas mean in numbers: “1.128” is a thousand or one and a bit, and only its column can say which.

A mark is the decimal mark or it groups thousands. Some texts prove it for their column: 12.75 and 0.125 (the point is
decimal), 1.128.500 (it groups), 1.128,50 (both). A group of three digits behind a single mark proves nothing: then the
person is asked, and never is 133,328 taken for 133.328 in silence.
"""

import math
import re
from collections.abc import Iterable, Mapping

DECIMAL, GROUPS = "decimal", "groups"
MARKS = (".", ",")
Roles = dict[str, str]  # mark -> DECIMAL or GROUPS; a mark that is not there is not proven
POINT_GROUPS, COMMA_GROUPS = "thousands_point", "thousands_comma"  # the answers
ANSWERS: Mapping[str, Roles] = {
    POINT_GROUPS: {".": GROUPS, ",": DECIMAL},
    COMMA_GROUPS: {",": GROUPS, ".": DECIMAL},
}
SPACES = re.compile(r"[\s\u00a0\u202f']")
DOUBTFUL = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
PLAIN = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def is_doubtful(text: str) -> bool:
    """Say whether a number can be read in two ways: one to three digits, one mark, three digits."""
    return DOUBTFUL.fullmatch(SPACES.sub("", text)) is not None


def proven(texts: Iterable[str]) -> Roles:
    """Return what the marks mean by the texts of a column; nothing where they contradict each other."""
    said: dict[str, set[str]] = {}
    for text in texts:
        for mark, role in _proven_by(SPACES.sub("", text)).items():
            said.setdefault(mark, set()).add(role)
    if any(len(roles) > 1 for roles in said.values()):
        return {}
    roles = {mark: role for mark, (role,) in said.items()}
    for mark, role in list(roles.items()):  # of two marks one is decimal, and the other groups
        roles.setdefault(_other(mark), GROUPS if role == DECIMAL else DECIMAL)
    return roles if len(set(roles.values())) == len(roles) else {}


def of_whole(texts: Iterable[str]) -> Roles:
    """Return what the marks in a column of whole numbers mean: 133,328 proves its mark there, 1.000 does not."""
    listed = list(texts)
    if roles := proven(listed):
        return roles
    doubtful = (t for t in listed if is_doubtful(t) and not t.strip().endswith("000"))
    marks = {next(mark for mark in MARKS if mark in text) for text in doubtful}
    return dict.fromkeys(marks, GROUPS) if len(marks) == 1 else {}


def _other(mark: str) -> str:
    return MARKS[mark == MARKS[0]]


def _proven_by(text: str) -> Roles:
    """Return what the marks of one number mean, as far as it says so itself."""
    marks = [letter for letter in text if letter in MARKS]
    if not marks or not PLAIN.fullmatch(text) or DOUBTFUL.fullmatch(text):
        return {}
    last = marks[-1]
    if len(set(marks)) == 2:
        return {last: DECIMAL, _other(last): GROUPS}
    return {last: DECIMAL if len(marks) == 1 else GROUPS}


def read(text: str, roles: Roles) -> float | None:
    """Read a number with these roles of its marks. None where it is none, or a mark stands where it cannot."""
    text = SPACES.sub("", text)
    if "_" in text:  # Python's own way of grouping digits, nobody else's
        return None
    whole, mark, rest = text, "", ""
    decimal = next((m for m, role in roles.items() if role == DECIMAL), "")
    groups = next((m for m, role in roles.items() if role == GROUPS), "")
    if decimal and decimal in text:
        whole, mark, rest = text.rpartition(decimal)
    if groups and groups in whole:
        first, *others = whole.split(groups)
        if not re.fullmatch(r"[+-]?\d{1,3}", first) or any(
            not re.fullmatch(r"\d{3}", g) for g in others
        ):
            return None
        whole = first + "".join(others)
    try:
        number = float(f"{whole}.{rest}" if mark else whole)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
