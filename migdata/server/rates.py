"""How many requests a minute an address or an account may send, counted in Redis for all processes.

Where Redis does not answer at once, each process counts for itself for some seconds.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping

from django.conf import settings
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

ANSWERS_WITHIN = 0.25  # seconds
LEFT_ALONE = 10.0  # seconds in which a Redis that did not answer is not asked again

log = logging.getLogger(__name__)


class Rates:
    """Counts requests by who sends them and what they cost."""

    def __init__(self, limits: Mapping[str, Mapping[str, int]]) -> None:
        self._limits = {
            (who, kind): RateLimitItemPerMinute(most, namespace=f"migdata/{who}/{kind}")
            for who, kinds in limits.items()
            for kind, most in kinds.items()
        }
        self._here = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._shared = SlidingWindowCounterRateLimiter(_redis())
        self._gone_until = 0.0

    async def wait(self, who: str, kind: str, sender: str) -> int:
        """Count a request; return 0, or where it is one too many the seconds to wait.

        `who` is "address" or "account", `kind` one of what settings.REQUESTS_A_MINUTE names.
        """
        limit = self._limits[who, kind]
        if time.monotonic() >= self._gone_until:
            try:
                async with asyncio.timeout(ANSWERS_WITHIN):
                    return await _wait(self._shared, limit, sender)
            except (RedisError, OSError, TimeoutError) as problem:
                self._gone_until = time.monotonic() + LEFT_ALONE
                log.warning("Requests are counted by each process: Redis: %r", problem)
        return await _wait(self._here, limit, sender)


async def _wait(
    limiter: SlidingWindowCounterRateLimiter, limit: RateLimitItemPerMinute, sender: str
) -> int:
    if await limiter.hit(limit, sender):
        return 0
    window = await limiter.get_window_stats(limit, sender)
    return max(1, math.ceil(window.reset_time - time.time()))


def _redis() -> RedisStorage:
    """Celery's `redis+socket://` is `redis+unix://` here."""
    address = settings.REDIS_URL.replace("redis+socket://", "redis+unix://")
    return RedisStorage(
        f"async+{address}",
        implementation="redispy",
        key_prefix="migdata:rates",
        socket_timeout=ANSWERS_WITHIN,
        socket_connect_timeout=ANSWERS_WITHIN,
    )
