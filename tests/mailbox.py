"""A real mail server on a port of its own: it can be stopped, started again, and told what to answer."""

from aiosmtpd.controller import Controller

from tests.faults.portal import free_port


class Mailbox:
    """`taken`: (recipient, text) of each letter; `answer`: what is said to a recipient."""

    def __init__(self):
        self.port, self.answer, self.taken, self.controller = free_port(), "250 OK", [], None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return "250 OK"

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
        self.controller = None
