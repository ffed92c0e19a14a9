"""Pages of what is listed for programs: so many rows, and the address of those after them."""

from collections.abc import Sequence
from typing import Any

from agencies.programs import TokenRequest
from records.api.endpoint import whole_number

PER_PAGE, MOST = 100, 1000
FARTHEST = 10**18


def after(request: TokenRequest) -> int:
    """Return the number after which the page begins, 0 where it is the first. Raises `BadParameter`."""
    return whole_number(request.query_params.get("after", "0"), "after", 0, FARTHEST)


def page_of(request: TokenRequest, rows: Any) -> tuple[Sequence[Any], str | None]:
    """Return so many rows as `limit` says, and the address of those after them. Raises `BadParameter`."""
    limit = whole_number(request.query_params.get("limit", str(PER_PAGE)), "limit", 1, MOST)
    page = list(rows[: limit + 1])
    if len(page) <= limit:
        return page, None
    query = request.query_params.copy()
    query["after"] = str(page[limit - 1].pk)
    return page[:limit], f"{request.path}?{query.urlencode()}"
