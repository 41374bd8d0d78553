"""A proxy before a tracking server that fails as networks do, by a seeded chance."""

import http.client
import random
import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ERRORS, RESETS, LOST, SLOW = 0.10, 0.05, 0.05, 0.10  # shares of the requests
DELAY = 0.05  # seconds


@contextmanager
def faulty(address: str, seed: int = 0):
    """Yields the address of a proxy of the server; and how often it has failed, by kind."""
    chance = random.Random(seed)
    failed = dict.fromkeys(("error", "reset", "lost"), 0)
    lock = threading.Lock()

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def pass_on(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with lock:
                drawn = chance.random()
                slow = chance.random() < SLOW
            if slow:
                time.sleep(DELAY)
            if drawn < ERRORS:
                self.note("error")
                return self.answer(503, b"busy", {})
            if drawn < ERRORS + RESETS:
                return self.reset("reset")
            answer = self.asked(body)
            if drawn < ERRORS + RESETS + LOST:
                return self.reset("lost")
            return self.answer(*answer)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

        def asked(self, body):
            server = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            server.request(self.command, self.path, body, dict(self.headers))
            answer = server.getresponse()
            content = answer.read()
            server.close()
            return answer.status, content, {"Content-Type": answer.headers["Content-Type"]}

        def answer(self, status, content, headers):
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value or "text/plain")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def reset(self, kind):
            self.note(kind)
            now = struct.pack("ii", 1, 0)  # linger for no time: a reset, not an end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
            self.close_connection = True
            self.connection.close()
            self.rfile.close()

        def note(self, kind):
            with lock:
                failed[kind] += 1

        def finish(self):
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", failed
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
