"""The portal as an ASGI application: the door, and Django behind it (python -m migdata.server)."""

import multiprocessing
import os
import signal

from migdata.local.processes import end_with_parent

# A server that is killed leaves no process behind that holds its port, not even one that is just
# starting and hears no polite signal yet.
end_with_parent(signal.SIGKILL)
_server = multiprocessing.parent_process()
if _server is not None and os.getppid() != _server.pid:
    raise SystemExit("The server has ended.")

from migdata.wsgi import application as django  # noqa: E402 - reads the settings, looks at the secrets

# isort: split
from migdata.server.door import Door  # noqa: E402 - needs the settings

application = Door(django)
