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


@dataclass(frozen=True)
class _InForce:
    """What this process has: swapped as a whole, because other threads look while one lays over."""

    generation: int = 0
    editions: Mapping[str, Edition] = field(default_factory=dict)


_now = [_InForce()]
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
    """A request, a job or a command: the first look at a list asks for newer editions, all further looks do not.

    Inside another one nothing is asked again.
    """
    if _has_asked.get() is not None:
        yield
        return
    token = _has_asked.set(False)
    try:
        yield
    finally:
        _has_asked.reset(token)


def in_force(name: str) -> Edition:
    """Return the edition of a list that is in force."""
    _keep_fresh()
    return _now[0].editions.get(name, DELIVERED)


def all_in_force() -> dict[str, Edition]:
    """Return the editions of all lists that have a later one than the delivered, by name of the list."""
    _keep_fresh()
    return dict(_now[0].editions)


def generation() -> int:
    """Return a number that is another one whenever editions are laid over: it names what is worked out of them."""
    _keep_fresh()
    return _now[0].generation


def lay_over(editions: Mapping[str, Edition]) -> None:
    """Put editions in force, in place of all that were."""
    before = _now[0]
    is_other = _digests(editions) != _digests(before.editions)
    _now[0] = _InForce(before.generation + is_other, dict(editions))
    if is_other:
        for forget in _dependent:
            forget()


def _digests(editions: Mapping[str, Edition]) -> dict[str, str]:
    return {name: edition.digest for name, edition in editions.items()}


def by_edition(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let a function remember its answers until the editions in force are others."""

    @cache
    def remembered(
        _generation: int, *arguments: Parameters.args, **keywords: Parameters.kwargs
    ) -> Result:
        return function(*arguments, **keywords)

    _dependent.append(remembered.cache_clear)

    @wraps(function)
    def current(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        _keep_fresh()
        return remembered(_now[0].generation, *arguments, **keywords)  # type: ignore[arg-type]

    return current


def forgets(forget: Callable[[], None]) -> None:
    """Name a function that forgets what was worked out of older editions."""
    _dependent.append(forget)


def _keep_fresh() -> None:
    if _has_asked.get() is False:
        _has_asked.set(True)
        for ask in _ask:
            ask()
