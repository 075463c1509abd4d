# A webhook that does what a test says: hook.py FILE [STATUS...]. It listens on $PORT, writes each request to FILE as a
# line of JSON, and answers with the statuses in their order, the last one again and again.
# SPDX-License-Identifier: MIT
import http.server
import json
import os
import sys

statuses = [int(word) for word in sys.argv[2:]] or [200]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status = statuses.pop(0) if len(statuses) > 1 else statuses[0]
        with open(sys.argv[1], "a", encoding="utf-8") as file:
            json.dump({"path": self.path, "type": self.headers.get("Content-Type"),
                       "message": json.loads(body)}, file)
            file.write("\n")
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(b"ok" if status == 200 else b"no_service")

    def log_message(self, *_):
        pass


class Server(http.server.HTTPServer):
    def server_bind(self):  # without looking up the name of the host
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.server_address


Server(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
