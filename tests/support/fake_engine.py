"""A container engine for specs that does what its script says, wrong things above all: half
answers, connections that close, silence. It speaks just as much HTTP as that takes.

    fake_engine.py SOCKET|tls:DIR <ANSWERS

SOCKET is the path to listen on; with tls: it is a port of this machine, told in place of "ready",
by TLS with DIR/server.pem and server.key, for clients that DIR/ca.pem vouches for. ANSWERS is a list in JSON: which answer belongs to the request that
comes next on any connection. An answer is a table of
  status, body, headers   an answer with a Content-Length (200, empty, none)
  length                  what the Content-Length says, when it lies
  raw                     instead: these bytes as they are, base64
  silent                  instead: nothing
  close                   the connection is closed behind it
  hang                    nothing more is sent, and the connection stays open
  pieces                  sent behind the head one by one, base64; with `acked` each but the first
                          waits until the client has written something
When the answers are used up, each request gets a 500. Each request is told on standard output as one
line of JSON: { method, path, headers, body, connection }.
"""
# SPDX-License-Identifier: MIT
import base64
import json
import socket
import sys
import threading

answers = json.load(sys.stdin)
lock = threading.Lock()


def read_request(peer, buffered):
    while b"\r\n\r\n" not in buffered:
        data = peer.recv(1 << 16)
        if not data:
            return None, b""
        buffered += data
    head, _, rest = buffered.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, _ = lines[0].split(" ", 2)
    headers = {}
    for line in lines[1:]:
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", 0))
    while len(rest) < length:
        data = peer.recv(1 << 16)
        if not data:
            return None, b""
        rest += data
    body, rest = rest[:length], rest[length:]
    if headers.get("expect", "").lower() == "100-continue":
        peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    return {"method": method, "path": path, "headers": headers,
            "body": body.decode("latin-1")}, rest


def head_of(answer):
    body = answer.get("body", "").encode()
    headers = {"Content-Type": "application/json", **answer.get("headers", {})}
    if "pieces" not in answer:
        headers["Content-Length"] = str(answer.get("length", len(body)))
    lines = ["HTTP/1.1 %d Some reason" % answer.get("status", 200)]
    lines += ["%s: %s" % pair for pair in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def serve(peer, number):
    buffered = b""
    if tls:
        try:
            peer = tls.wrap_socket(peer, server_side=True)
        except OSError:
            return
    while True:
        request, buffered = read_request(peer, buffered)
        if request is None:
            break
        with lock:
            answer = answers.pop(0) if answers else {"status": 500, "body": "no answer is left"}
            request["connection"] = number
            print(json.dumps(request), flush=True)
        try:
            if "raw" in answer:
                peer.sendall(base64.b64decode(answer["raw"]))
            elif not answer.get("silent"):
                peer.sendall(head_of(answer))
            for at, piece in enumerate(answer.get("pieces", [])):
                if at > 0 and answer.get("acked") and not peer.recv(1 << 16):
                    break
                peer.sendall(base64.b64decode(piece))
            if answer.get("hang"):
                while peer.recv(1 << 16):
                    pass
        except OSError:
            break
        if answer.get("close") or "pieces" in answer:
            break
    peer.close()


tls = None
if sys.argv[1].startswith("tls:"):
    import ssl  # takes a while, and the other specs do without

    folder = sys.argv[1][4:]
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder + "/server.pem", folder + "/server.key")
    tls.load_verify_locations(folder + "/ca.pem")
    tls.verify_mode = ssl.CERT_REQUIRED
    server = socket.create_server(("127.0.0.1", 0))
else:
    server = socket.socket(socket.AF_UNIX)
    server.bind(sys.argv[1])
server.listen(64)
print(server.getsockname()[1] if tls else "ready", flush=True)
connections = 0
while True:
    client, _ = server.accept()
    connections += 1
    threading.Thread(target=serve, args=(client, connections), daemon=True).start()
