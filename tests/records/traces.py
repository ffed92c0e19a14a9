"""Where the portal and its servers keep anything: every place is searched for texts that must stand nowhere."""

import os
from pathlib import Path

import redis
from django.conf import settings
from django.core import mail
from django.db import connection

from migdata.local.place import here
from migdata.local.postgres import Postgres
from tests.records import files


def postgres_log():
    """The log of the embedded server; nothing where the tests use another one."""
    return Postgres(here()).log if os.environ.get("MIGDATA_LOCAL") else Path(os.devnull)


def broker():
    """Everything the broker holds, as one text."""
    path = settings.REDIS_URL.partition("redis+socket://")[2].partition("?")[0]
    client = (
        redis.Redis(unix_socket_path=path) if path else redis.Redis.from_url(settings.REDIS_URL)
    )
    read = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"set": client.smembers,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"zset": lambda key: client.zrange(key, 0, -1),
        b"stream": client.xrange,
    }
    return "".join(f"{key}{read[client.type(key)](key)}" for key in client.scan_iter())


def columns():
    """How many columns the tables of the database have."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(DISTINCT table_schema || table_name), count(*) FROM information_schema.columns"
            " WHERE table_schema NOT IN ('pg_catalog', 'information_schema')"
        )
        return cursor.fetchone()


class Search:
    """Begins where it is made: what the log of PostgreSQL said before is not looked at."""

    def __init__(self):
        log = postgres_log()
        self.log_from = log.stat().st_size if log.exists() else 0

    def logged(self):
        """What PostgreSQL has written since."""
        log = postgres_log()
        if not log.exists():
            return ""
        with log.open("rb") as file:
            file.seek(self.log_from)
            return file.read().decode(errors="replace")

    def hits(self, texts, said=""):
        """(place, text) wherever one of the texts stands; `said` is what processes printed and logged."""
        places = {
            "log of postgresql": self.logged(),
            "broker": broker(),
            "said": said,
            "mail": "".join(str(m.message()) for m in mail.outbox),
        }
        for folder in (
            settings.BASE_DIR / ".local" / "mail",
            settings.BASE_DIR / ".local" / "logs",
        ):
            for path in folder.rglob("*") if folder.exists() else ():
                places[str(path)] = path.read_bytes().decode(errors="replace")
        found = [
            (place, text)
            for place, content in places.items()
            for text in texts
            if text.casefold() in content.casefold()
        ]
        return found + files.leaks(texts)
