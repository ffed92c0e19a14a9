"""The container's health check: asks the web process in its own container for /healthz."""

import os
import sys
import urllib.request

ADDRESS = "http://127.0.0.1:8000/healthz"


def main(address: str = ADDRESS) -> int:
    """0 if the portal says that it can work, 1 otherwise."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0]
    request = urllib.request.Request(address, headers={"Host": host})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=8):  # noqa: S310
            return 0
    except OSError as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
