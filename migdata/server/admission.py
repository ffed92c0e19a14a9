"""How large a body may be, where it is sent and by whom: one rule, for the door and for the middleware."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

from agencies import access
from agencies.http import is_for_programs


class NotAdmitted(Exception):
    """A request that goes no further: the status of the answer, and its sentence with values to fill in.

    `retry_after` (seconds) says when the same request may succeed.
    """

    def __init__(self, status: int, text: Any, *, retry_after: int = 0, **values: object) -> None:
        super().__init__(status)
        self.status, self.retry_after = status, retry_after
        self._text, self._values = text, values

    @property
    def text(self) -> str:
        """The sentence in the language that is active now."""
        return str(self._text) % self._values if self._values else str(self._text)


def allowance(path: str, person: Callable[[], access.Anyone]) -> int:
    """Return how many bytes the person may send to the page. Raises NotAdmitted.

    Pages that take files are marked with `access.takes_files`; all others take forms. The person
    is asked for only where a file may be sent.
    """
    try:
        permission = access.permission_for_files(resolve(path).func)
    except Resolver404:
        raise NotAdmitted(404, _("There is no such page here")) from None
    if permission is None:
        return settings.FORM_LIMIT
    if not person().is_authenticated:
        if is_for_programs(path):
            raise NotAdmitted(401, _("Send a token that works as “Authorization: Bearer …”."))
        raise NotAdmitted(403, _("Sign in before you send a file."))
    try:
        access.require(person(), permission)
    except access.Denied as denied:
        raise NotAdmitted(403, str(denied)) from None
    return settings.UPLOAD_LIMIT + settings.FORM_LIMIT


def too_large(limit: int) -> NotAdmitted:
    """What is said of a body over its allowance."""
    if limit > settings.FORM_LIMIT:
        text = _("The file is larger than %(limit)s MB. Send it in parts, as CSV.")
        return NotAdmitted(413, text, limit=settings.UPLOAD_LIMIT >> 20)
    text = _("This page takes at most %(limit)s MB. Files are sent at “Uploads”.")
    return NotAdmitted(413, text, limit=settings.FORM_LIMIT >> 20)
