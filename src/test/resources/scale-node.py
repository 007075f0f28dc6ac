"""A node that tests start and stop: python3 scale-node.py PORT NAME [LATENCY [START]], in seconds.

Answers with its name and its process, ends when told to once what it has begun is answered. Says how
long it took from the begin of its process, which the kernel knows to 10 ms: that much too long at most.
"""
import os, signal, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

port, name = int(sys.argv[1]), sys.argv[2]
latency = float(sys.argv[3]) if len(sys.argv) > 3 else 0
time.sleep(float(sys.argv[4]) if len(sys.argv) > 4 else 0)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Head and body leave at once: who is killed between the two has broken an answer, not a request.
    wbufsize = -1

    def do_GET(self):
        if latency and self.path != "/healthz":
            time.sleep(latency)
        body = f"{name} {os.getpid()}\n".encode()
        self.send_response(200)
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
with open("/proc/self/stat") as stat:
    began = int(stat.read().rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")
took = time.clock_gettime(time.CLOCK_BOOTTIME) - began
print(f"{name} serves on {port} after {1000 * took:.1f} ms", flush=True)
server.serve_forever()
print(f"{name} ends", flush=True)
