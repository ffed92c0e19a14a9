"""Asking the fork server for a process that reads a file; each of our processes has a server of its own."""

import atexit
import fcntl
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
NUMBER = struct.Struct("!i")
HANDED_DOWN = 3  # the number under which a child finds the first descriptor that it is given
PIPE = 1 << 20  # bytes, a whole block: the child reads the next one while we check this one


class ServerGone(ConnectionError):
    """The server has ended, and every reader that it had made with it: what they read has to be read again."""


class Forked:
    """A process that reads one file, used like `subprocess.Popen`: its request is written to `stdin`.

    Where its server is gone, so is it: `returncode` is that of SIGKILL, and `went_with_server` is set.
    """

    def __init__(self, channel: socket.socket, stdin: IO[bytes], stdout: IO[bytes]) -> None:
        self.stdin, self.stdout, self._channel = stdin, stdout, channel
        self.returncode: int | None = None
        self.went_with_server = False
        self.pid = self._number()
        if self.pid < 0:
            raise OSError(-self.pid, os.strerror(-self.pid))

    def poll(self) -> int | None:
        """Return how it ended (`returncode`: an exit code, or minus the number of a signal); None while it works."""
        if self.returncode is None:
            with suppress(BlockingIOError):
                self._end(socket.MSG_DONTWAIT)
        return self.returncode

    def wait(self) -> int:
        """Wait until it has ended, and return how it did."""
        if self.returncode is None:
            self._end()
        return self.returncode or 0

    def kill(self) -> None:
        """End it at once: the server does, when it sees that nobody waits."""
        if self.returncode is None:
            with suppress(OSError):
                self._channel.shutdown(socket.SHUT_WR)

    def _number(self, flags: int = 0) -> int:
        """Return the next number that the server tells. Raises ServerGone, and BlockingIOError where flags say so."""
        try:
            message = self._channel.recv(NUMBER.size, flags | socket.MSG_WAITALL)
        except ConnectionError:
            message = b""
        if not message:
            raise ServerGone("The server of readers has ended, or no process was made.")
        return int(NUMBER.unpack(message)[0])

    def _end(self, flags: int = 0) -> None:
        """Note how it ended; the system kills it together with its server (`fork_server.become_reader`)."""
        try:
            self.returncode = self._number(flags)
            _peaks[:] = [max(*_peaks, self._number())]
        except ServerGone:
            self.returncode, self.went_with_server = -signal.SIGKILL, True
        self._channel.close()


_peaks = [0]  # KiB, of the largest reader of this process that has ended


def largest_reader_mib() -> float:
    """Return the peak memory of the largest reader of this process that has ended, in MiB, with what it shares with its server."""
    return _peaks[0] / 1024


def reader(descriptors: Sequence[int], standards: Mapping[str, Any]) -> Forked:
    """Return a new process that reads a file; it finds the descriptors from HANDED_DOWN on.

    standards: the code lists (`codelists.handed_down`), for a server that is started. Raises OSError
    where no process can be made.
    """
    server = _server(standards)
    try:
        return _made(server, descriptors)
    except ServerGone:  # a new one does as well; any other error is ours, or the system's
        return _made(_server(standards, instead_of=server), descriptors)


def _made(server: "_Server", descriptors: Sequence[int]) -> Forked:
    """Return a reader that this server makes. Raises ServerGone, and OSError where there is no process or descriptor."""
    with ExitStack() as ours, ExitStack() as theirs:
        channel, other_end = socket.socketpair()
        ours.enter_context(channel)
        theirs.enter_context(other_end)
        request, stdin = os.pipe()
        theirs.callback(os.close, request)
        requests = ours.enter_context(os.fdopen(stdin, "wb"))
        stdout, answer = os.pipe()
        theirs.callback(os.close, answer)
        answers = ours.enter_context(os.fdopen(stdout, "rb"))
        _widen(stdout)
        server.give([other_end.fileno(), request, answer, *descriptors])
        theirs.close()  # or nobody would see the other end close
        process = Forked(channel, requests, answers)
        ours.pop_all()
        return process


class _Server:
    """Our end of a fork server: it is told nothing but the code lists, and ends when we do."""

    def __init__(self, standards: Mapping[str, Any]) -> None:
        self.owner, self.state = os.getpid(), standards["state"]
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, ExitStack() as unless_started:
            unless_started.enter_context(self.control)
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "records.reading.fork_server", str(theirs.fileno())],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                cwd=ROOT,
                env={
                    "PATH": os.environ.get("PATH", ""),
                    "LANG": "C.UTF-8",
                    "ARROW_DEFAULT_MEMORY_POOL": "system",
                    "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1",
                    **{name: os.environ[name] for name in ("TZ",) if name in os.environ},
                },
            )
            unless_started.pop_all()
        with self.process.stdin or io.BytesIO() as stdin, suppress(BrokenPipeError):
            stdin.write(json.dumps(standards, default=str).encode())

    def give(self, descriptors: Sequence[int]) -> None:
        """Ask for a child with these descriptors. Raises ServerGone, and OSError where it is not the server's fault."""
        try:
            socket.send_fds(self.control, [b"+"], list(descriptors))
        except OSError as error:
            if isinstance(error, ConnectionError) or self.control.fileno() < 0:
                raise ServerGone("The server of readers has ended.") from error
            raise

    @property
    def is_ours(self) -> bool:
        """Say whether this process has started it; one that it was forked from has its own."""
        return self.owner == os.getpid()

    def retire(self) -> None:
        """Ask for nothing more: the server ends as soon as the readers that it has made have.

        The socket stays open: its number must not be another one's while a thread is about to ask.
        """
        with suppress(OSError):
            self.control.shutdown(socket.SHUT_RDWR)

    def has_ended(self) -> bool:
        """Say whether the server has ended; if so, nothing of it is left."""
        if self.process.poll() is None:
            return False
        self.control.close()
        return True

    def end(self) -> None:
        """End the server where it is our own: it would end by itself, when we are gone."""
        self.control.close()
        if self.is_ours:
            self.process.kill()
            self.process.wait()


_servers: list[_Server] = []  # the one that is asked, if there is one
_retired: list[_Server] = []
_one_at_a_time = threading.Lock()


def _server(standards: Mapping[str, Any], *, instead_of: _Server | None = None) -> _Server:
    """Return the server of this process that has these lists ready; a new one where it has none, or still the one
    that has failed.

    Another thread may have replaced that already. A process that this one was forked from keeps its own. One whose
    lists have grown old would have every reader put them together anew.
    """
    with _one_at_a_time:
        if _servers and not _servers[0].is_ours:
            for server in (*_servers, *_retired):
                server.end()
            _servers.clear()
            _retired.clear()
        if _servers and (_servers[0] is instead_of or _servers[0].state != standards["state"]):
            _retired.append(_servers.pop())
            _retired[-1].retire()
        _retired[:] = [server for server in _retired if not server.has_ended()]
        if not _servers:
            _servers.append(_Server(standards))
        return _servers[0]


@atexit.register
def _end_all() -> None:
    for server in (*_servers, *_retired):
        server.end()


def _widen(pipe: int) -> None:
    """Let the pipe hold a whole block, where the system knows how."""
    with suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
