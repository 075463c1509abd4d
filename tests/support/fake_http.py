# A server that does what a test says: fake_http.py '[ANSWER, ...]'. It prints its port, then each
# request as a line of JSON. Answers are used in their order, the last one again and again:
#   {"status": 200, "headers": {}, "body": ""}
#   {"hold": true}    never answers         {"close": true}   closes without an answer
#   {"half": true}    says half of it       {"raw": "bytes"}  says just that, and closes
# With a second argument it speaks TLS, by cert.pem and key.pem in that directory.
# SPDX-License-Identifier: MIT
import http.server
import json
import socketserver
import ssl
import sys
import threading

answers = json.loads(sys.argv[1])
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def any(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode("utf-8", "replace")
        with lock:
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            print(json.dumps({"method": self.command, "path": self.path, "body": body,
                              "headers": {k.lower(): v for k, v in self.headers.items()}}),
                  flush=True)
        if answer.get("hold"):
            self.rfile.read(1)
        if "raw" in answer:
            self.wfile.write(answer["raw"].encode())
        if answer.get("hold") or answer.get("close") or "raw" in answer:
            self.close_connection = True
            return
        text = answer.get("body", "").encode()
        self.send_response(answer.get("status", 200))
        for name, value in answer.get("headers", {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text) + (10 if answer.get("half") else 0)))
        self.end_headers()
        self.wfile.write(text)
        self.close_connection = bool(answer.get("half"))

    do_GET = do_POST = do_PUT = do_DELETE = any

    def handle(self):
        try:
            super().handle()
        except (ssl.SSLError, ConnectionError):
            pass  # a client that went away, or does not trust us

    def log_message(self, *_):
        pass


# Not HTTPServer, which would look up the name of the host.
server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
if len(sys.argv) > 2:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2] + "/cert.pem", sys.argv[2] + "/key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True,
                                        do_handshake_on_connect=False)
print(server.server_address[1], flush=True)
server.serve_forever()
