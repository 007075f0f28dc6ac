"""A node of some version: python3 deploy-node.py PORT NAME VERSION.

Versions that begin with "bad" fail on /pay, those with "slow" take twice as long, and those with
"broken" end at once.
"""
import signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, name, version = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if version.startswith("broken"):
    sys.exit("no such thing")
latency = 0.04 if version.startswith("slow") else 0.02


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path != "/healthz":
            time.sleep(latency)
        fails = version.startswith("bad") and self.path.startswith("/pay")
        body = f"{version}\n".encode()
        self.send_response(500 if fails else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


server = Server(("127.0.0.1", port), Handler)
signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=server.shutdown).start())
print(f"{name} serves on {port}", flush=True)
server.serve_forever()
