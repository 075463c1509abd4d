# A server of rocks that goes away in the middle of each rock that it sends.
# Usage: dying_server.py PORT DIRECTORY
# SPDX-License-Identifier: MIT
import http.server
import os
import sys


class Dying(http.server.SimpleHTTPRequestHandler):
    def do_GET(self):
        if not self.path.endswith(".rock"):
            return super().do_GET()
        with open(self.translate_path(self.path), "rb") as file:
            data = file.read()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.close_connection = True

    def log_message(self, *_):
        pass


os.chdir(sys.argv[2])
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Dying)
print("listens", flush=True)
server.serve_forever()
