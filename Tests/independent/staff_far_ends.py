"""Debian's aiosmtpd and Python's own HTTPS, as far ends of call-ups that behave as badly as the address says.

`ok@`, `slow@` (answers late), `greylisted@` (451), `busy@` (421 and away), `full@` (550), `late-no@` (554 to the letter), `hang@` (no answer to RCPT),
`hang-data@` (no answer to the letter), `drop@` (away at RCPT), `drop-data@` (away after the letter). A line of JSON for each thing heard.
`smtps` and `https` have a certificate that nobody has signed; `plain` offers no STARTTLS.

usage: staff_far_ends.py FOLDER        ends when it is told to, or after five minutes
"""
import asyncio
import email
import email.policy
import http.server
import json
import ssl
import subprocess
import sys
import threading

from aiosmtpd.controller import Controller

folder = sys.argv[1]
lock = threading.Lock()


def say(**fields):
    with lock:
        print(json.dumps(fields, ensure_ascii=False), flush=True)


class Box:
    def __init__(self, name):
        self.name = name

    async def handle_RCPT(self, server, session, envelope, address, options):
        who = address.split("@")[0]
        say(heard="rcpt", at=self.name, to=who)
        if who == "busy":
            server.transport.write(b"421 4.3.2 try again later\r\n")
            server.transport.close()
        if who == "drop":
            server.transport.abort()
        if who in ("busy", "drop", "hang"):
            await asyncio.sleep(3600)
        if who == "slow":
            await asyncio.sleep(3)
        if who in ("greylisted", "full"):
            return {"greylisted": "451 4.7.1 greylisted", "full": "550 5.2.2 mailbox full"}[who]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        who = envelope.rcpt_tos[0].split("@")[0]
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        say(heard="letter", at=self.name, to=who, subject=str(letter["Subject"]), body=letter.get_content(), id=str(letter["Message-ID"]), count=len(envelope.rcpt_tos))
        if who == "drop-data":
            server.transport.abort()
        if who in ("drop-data", "hang-data"):
            await asyncio.sleep(3600)
        return "554 5.6.0 not wanted" if who == "late-no" else "250 taken"


class Hook(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        say(heard="hook", at="https", to=self.path)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass


subprocess.run(
    ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=localhost",
     "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/cert.pem"], check=True, capture_output=True)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(f"{folder}/cert.pem", f"{folder}/key.pem")


class Anywhere(Controller):
    """On a port that the system chooses."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


ports = {}
for name, host, more in [("smtp", "127.0.0.1", {}), ("plain", "127.0.0.2", {}), ("smtps", "127.0.0.1", {"ssl_context": context})]:
    controller = Anywhere(Box(name), hostname=host, port=0, **more)
    controller.start()
    ports[name] = controller.port
web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
web.socket = context.wrap_socket(web.socket, server_side=True)
threading.Thread(target=web.serve_forever, daemon=True).start()
ports["https"] = web.server_address[1]
say(heard="ports", **ports)
threading.Event().wait(300)
