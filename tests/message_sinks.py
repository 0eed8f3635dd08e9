"""A mail server and a web server on this machine, that only take what they are told."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler


class Mailbox(socketserver.StreamRequestHandler):
    """As much of an SMTP server as smtplib asks for."""

    def handle(self) -> None:
        say = lambda line: self.wfile.write(line.encode() + b"\r\n")  # noqa: E731
        getattr(self.server, "go_on", threading.Event()).wait(0 if not hasattr(self.server, "go_on") else 30)
        say("220 here")
        while line := self.rfile.readline().decode().strip():
            self.server.heard.append(line)  # type: ignore[attr-defined]
            if line.upper() == "DATA":
                say("354 go on")
                while (more := self.rfile.readline()) != b".\r\n":
                    self.server.mail.append(more.decode())  # type: ignore[attr-defined]
            if line.upper() == "QUIT":
                say("221 bye")
                return
            say("250 fine")


class Hook(BaseHTTPRequestHandler):
    """Takes a POST."""

    def do_POST(self) -> None:
        self.server.taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))  # type: ignore[attr-defined]
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def serving(server: socketserver.BaseServer, **lists: object) -> Iterator[int]:
    """Run a server with what it notes into; gives its port."""
    vars(server).update(lists)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]  # type: ignore[misc, index]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
