"""Debian's aiosmtpd: takes one letter, reads it with Python's own parser, prints what a reader would see as JSON."""
import email
import email.policy
import json
import socket
import threading

from aiosmtpd.controller import Controller

done = threading.Event()


class Box:
    async def handle_DATA(self, server, session, envelope):
        letter = email.message_from_bytes(envelope.content, policy=email.policy.default)
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "subject": str(letter["Subject"]), "sender": str(letter["From"]),
            "date": letter["Date"].datetime.isoformat(), "body": letter.get_content(), "defects": [str(d) for d in letter.defects],
        }), flush=True)
        done.set()
        return "250 taken"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(Box(), hostname="127.0.0.1", port=port)
controller.start()
print(f"port {port}", flush=True)
done.wait(60)
controller.stop()
