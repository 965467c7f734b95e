"""What `hung` and `attacked` share: a hub of its own, a far end that notes when it heard, and one call timed."""
import http.client, pathlib, re, socket, subprocess, sys, tempfile, threading, time

HOUSE = pathlib.Path(__file__).resolve().parent.parent
SECRET = "whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4="


class FarEnd(threading.Thread):
    """Answers every request, and notes when its first octet came."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.heard = []

    def start(self):
        """Python's own first call takes two milliseconds: it is made here, and to this far end."""
        super().start()
        call = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        call.request("POST", "/", b"first")
        call.getresponse().read()
        call.close()

    def run(self):
        while True:
            line, _ = self.socket.accept()
            threading.Thread(target=self.answer, args=(line,), daemon=True).start()

    def answer(self, line):
        octets = b""
        while part := line.recv(65536):
            first = time.monotonic() if not octets else first
            octets += part
            head, blank, body = octets.partition(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head.lower())
            if blank and len(body) >= (int(length[1]) if length else 0):
                self.heard.append(first)
                status = b"200 OK" if head.startswith(b"DELETE") else b"201 Created"
                line.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n\r\nok")
                octets = b""

    def heard_after(self, port, path, body, kind):
        """Milliseconds from the POST to the first octet here, and the answer's status."""
        before, start = len(self.heard), time.monotonic()
        call = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        call.request("POST", path, body, {"Authorization": "Bearer t", "Content-Type": kind})
        while len(self.heard) == before and time.monotonic() < start + 60:
            time.sleep(0.0005)
        took = (self.heard[before] - start) * 1000 if len(self.heard) > before else float("inf")
        status = call.getresponse().status
        call.close()
        return took, status


class Hub:
    """Runs while it is entered."""

    def __init__(self, program, settings):
        self.program, self.work = program, pathlib.Path(tempfile.mkdtemp(prefix="noroshi-bench-"))
        (self.work / "settings.yaml").write_text(settings)

    def __enter__(self):
        errors = open(self.work / "errors", "w")
        self.process = subprocess.Popen(
            [self.program, "serve", "--config", self.work / "settings.yaml", "--data", self.work / "data", "--templates", HOUSE / "Templates",
             "--listen", "127.0.0.1:0"], stdout=errors, stderr=errors)
        while not (found := re.search(r"listens on http://127.0.0.1:(\d+)", (self.work / "errors").read_text())):
            if self.process.poll() is not None:
                sys.exit((self.work / "errors").read_text())
            time.sleep(0.05)
        return int(found[1])

    def __exit__(self, *_):
        self.process.kill()
