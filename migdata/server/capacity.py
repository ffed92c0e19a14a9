"""How much is done at once: pools of threads with a queue, and places for bodies being received."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")


class Busy(Exception):
    """No place is free. `own` says that the sender itself holds those it may have."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("busy")
        self.own = own


class Places:
    """So many at once, and so many of each sender."""

    def __init__(self, most: int, each: int) -> None:
        self.most, self.each = most, each
        self.held: Counter[str] = Counter()

    @contextmanager
    def taken(self, sender: str) -> Iterator[None]:
        """Hold a place for the block. Raises Busy."""
        if self.held[sender] >= self.each:
            raise Busy(own=True)
        if self.held.total() >= self.most:
            raise Busy(own=False)
        self.held[sender] += 1
        try:
            yield
        finally:
            self.held[sender] -= 1
            if not self.held[sender]:
                del self.held[sender]


@dataclass(frozen=True)
class Room:
    """The size of a pool: its threads, who may wait, and how long (seconds)."""

    threads: int
    queue: int
    wait: float


class Pool:
    """Threads that do blocking work, for one kind of visitor.

    One sender gets half of the threads and half of the queue, so that nobody takes all of it.
    """

    def __init__(self, name: str, room: Room) -> None:
        self.room = room
        self._threads = ThreadPoolExecutor(room.threads, thread_name_prefix=name)
        self._free = asyncio.Semaphore(room.threads)
        self._places = Places(room.threads + room.queue, max(2, (room.threads + room.queue) // 2))
        self._own: dict[str, asyncio.Semaphore] = {}

    async def run(self, sender: str, function: Callable[..., Result], *arguments: Any) -> Result:
        """Call the function in a thread when one is free. Raises Busy."""
        with self._places.taken(sender):
            own = self._own.setdefault(sender, asyncio.Semaphore(max(1, self.room.threads // 2)))
            try:
                return await self._in_turn(own, function, *arguments)
            finally:
                if self._places.held[sender] == 1:  # the last one of this sender leaves
                    self._own.pop(sender, None)

    async def _in_turn(
        self, own: asyncio.Semaphore, function: Callable[..., Result], *arguments: Any
    ) -> Result:
        try:
            async with asyncio.timeout(self.room.wait):
                await own.acquire()
                try:
                    await self._free.acquire()
                except BaseException:
                    own.release()
                    raise
        except TimeoutError:
            raise Busy(own=False) from None
        running = asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)
        # The thread is free when the work is done, not when somebody stopped waiting for it.
        running.add_done_callback(lambda _done: own.release())
        running.add_done_callback(lambda _done: self._free.release())
        return await asyncio.shield(running)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
