"""The head of a request: all that is known before its body is received."""

import ipaddress
import sys
from collections.abc import Mapping
from functools import cached_property
from typing import IO, Any
from urllib.parse import unquote_to_bytes

from django.conf import settings
from django.http import parse_cookie
from django.utils.translation import get_language_from_request

from agencies.http import is_for_programs

ASKS = ("GET", "HEAD", "OPTIONS")  # methods without a body
METHODS = ("GET", "HEAD", "POST", "OPTIONS")  # no page has another one


def methods_at(path: str) -> tuple[str, ...]:
    """Return the methods that an address may have: files in parts are sent on with PATCH, and given up with DELETE."""
    return (*METHODS, "PATCH", "DELETE") if is_for_programs(path) else METHODS


class Arrival:
    """Method, address, headers and sender of a request, from the scope of ASGI.

    `COOKIES` and `META` are what Django looks into for the language of a request.
    """

    def __init__(self, scope: Mapping[str, Any]) -> None:
        self.method: str = scope["method"]
        self.path = unquote_to_bytes(scope["raw_path"]).decode("latin1")
        self.query: str = scope["query_string"].decode("latin1")
        self.version: str = scope["http_version"]
        self.scheme: str = scope["scheme"]
        self.server: tuple[str, str] = scope["server"]
        self.peer: str = scope["client"][0]
        self.headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name = raw.decode("latin1").lower()
            if "_" in name:
                continue  # WSGI could not tell `x_forwarded_for` from `x-forwarded-for`
            text = value.decode("latin1")
            glue = "; " if name == "cookie" else ","
            self.headers[name] = (
                f"{self.headers[name]}{glue}{text}" if name in self.headers else text
            )

    @cached_property
    def address_of_page(self) -> str:
        """The path as Django's URLs have it."""
        return self.path.encode("latin1").decode("utf-8", "replace")

    @cached_property
    def length(self) -> int | None:
        """Bytes of the body; None where they come in pieces and nobody has counted them."""
        if "transfer-encoding" in self.headers:
            return None
        return int(self.headers.get("content-length", 0))

    @cached_property
    def sender(self) -> str:
        """The address the request is counted for: of the visitor, not of the proxy.

        Only what our own proxies wrote into X-Forwarded-For counts, from the right; the rest anybody
        can write. Of IPv6 the first half: a household has all of the other.
        """
        stated = [part.strip() for part in self.headers.get("x-forwarded-for", "").split(",")]
        trusted: int = settings.ALLAUTH_TRUSTED_PROXY_COUNT
        sender = stated[-trusted] if 0 < trusted <= len(stated) and stated[-trusted] else self.peer
        try:
            address = ipaddress.ip_address(sender)
        except ValueError:
            return self.peer
        if address.version == 6:
            return str(ipaddress.ip_network((address, 64), strict=False))
        return str(address)

    @cached_property
    def COOKIES(self) -> dict[str, str]:  # noqa: N802 - Django's name
        return parse_cookie(self.headers.get("cookie", ""))

    @cached_property
    def META(self) -> dict[str, str]:  # noqa: N802 - Django's name
        return {f"HTTP_{name.upper().replace('-', '_')}": v for name, v in self.headers.items()}

    @cached_property
    def language(self) -> str:
        return get_language_from_request(self)  # type: ignore[arg-type]

    def environ(self, body: IO[bytes], size: int) -> dict[str, Any]:
        """What WSGI wants to know, with the body received whole."""
        environ: dict[str, Any] = {
            **self.META,
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": self.path,
            "QUERY_STRING": self.query,
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "SERVER_NAME": self.server[0],
            "SERVER_PORT": str(self.server[1]),
            "REMOTE_ADDR": self.peer,
            "CONTENT_TYPE": self.headers.get("content-type", ""),
            "CONTENT_LENGTH": str(size),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.scheme,
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
        }
        for name in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING"):
            environ.pop(
                name, None
            )  # HTTP_PROXY, the famous one, is harmless: nothing here reads it
        return environ
