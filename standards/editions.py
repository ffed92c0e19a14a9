"""What the statistics office keeps of code lists, laid over the lists as they are delivered.

A delivered list is its first edition. A later one says of each code that differs what it is now; all other codes
stay as delivered. A process keeps the editions in force and asks once for each request or job whether there are newer
ones: `ask_with` says how, because nothing in `standards` knows a database.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, cached_property, wraps
from typing import Any, ParamSpec, TypeVar

FIRST = 1  # the number of the edition that is delivered
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Edition:
    """One edition of a list: its number, and by code what differs from the delivered list.

    Of a code: `labels` by language, `aliases`, `parent`, `retired` (the day from which it is no longer used, ISO
    8601, or "") and `successor`. The list `site` holds the settings of the site instead.
    """

    number: int = FIRST
    codes: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """What names the content, the same in every process."""
        return hashlib.sha256(json.dumps(self.codes, sort_keys=True).encode()).hexdigest()


DELIVERED = Edition()
_in_force: dict[str, Edition] = {}
_ask: list[Callable[[], None]] = []
_dependent: list[
    Callable[[], None]
] = []  # what forgets that which was worked out of older editions
_has_asked: ContextVar[bool | None] = ContextVar("has_asked", default=None)


def ask_with(function: Callable[[], None]) -> None:
    """Name the function that lays newer editions over, where there are some (records.codelists.editions)."""
    _ask[:] = [function]


@contextmanager
def asked_once() -> Iterator[None]:
    """A request or a job: the first look at a list asks for newer editions, all further looks do not."""
    token = _has_asked.set(False)
    try:
        yield
    finally:
        _has_asked.reset(token)


def in_force(name: str) -> Edition:
    """Return the edition of a list that is in force."""
    _keep_fresh()
    return _in_force.get(name, DELIVERED)


def all_in_force() -> dict[str, Edition]:
    """Return the editions of all lists that have a later one than the delivered, by name of the list."""
    _keep_fresh()
    return dict(_in_force)


def lay_over(editions: Mapping[str, Edition]) -> None:
    """Put editions in force, in place of all that were."""
    if {n: e.digest for n, e in editions.items()} == {n: e.digest for n, e in _in_force.items()}:
        _in_force.update(editions)
        return
    _in_force.clear()
    _in_force.update(editions)
    for forget in _dependent:
        forget()


def by_edition(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a function remember its answers until the editions in force are others."""
    remembered = cache(function)
    _dependent.append(remembered.cache_clear)

    @wraps(function)
    def current(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        _keep_fresh()
        return remembered(*arguments, **keywords)  # type: ignore[arg-type]

    return current


def forgets(forget: Callable[[], None]) -> None:
    """Name a function that forgets what was worked out of older editions."""
    _dependent.append(forget)


def _keep_fresh() -> None:
    if _has_asked.get() is False:
        _has_asked.set(True)
        for ask in _ask:
            ask()
