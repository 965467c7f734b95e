"""Debian's aiosmtpd: takes letters, and returns the first in a report (RFC 3464) that Python's own email package writes, into a Maildir that
Python's own mailbox package keeps.

    return_mail.py MAILDIR ACTION STATUS
"""
import email
import email.utils
import mailbox
import socket
import sys
import threading
from email.message import Message
from email.mime.message import MIMEMessage
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.mime.text import MIMEText

from aiosmtpd.controller import Controller

folder, action, status = sys.argv[1:4]
done = threading.Event()


def report(envelope) -> Message:
    whole = MIMEMultipart("report", report_type="delivery-status")
    whole["From"] = "MAILER-DAEMON@mx.example.jp"
    whole["To"] = envelope.mail_from
    whole["Date"] = email.utils.formatdate()
    whole["Subject"] = "Delivery Status Notification"
    whole.attach(MIMEText("お知らせ: 下記の宛先について", "plain", "utf-8"))
    letter, one = Message(), Message()
    letter["Reporting-MTA"] = "dns; mx.example.jp"
    one["Original-Recipient"] = one["Final-Recipient"] = "rfc822;" + envelope.rcpt_tos[0]
    one["Action"], one["Status"] = action, status
    one["Diagnostic-Code"] = "smtp; 550 5.1.1 <" + envelope.rcpt_tos[0] + ">: Recipient address rejected: User unknown in virtual mailbox table, and a long line that is folded"
    part = MIMENonMultipart("message", "delivery-status")
    part.set_payload([letter, one])
    whole.attach(part)
    whole.attach(MIMEMessage(email.message_from_bytes(envelope.content)))
    return whole


class Server:
    async def handle_DATA(self, server, session, envelope):
        mailbox.Maildir(folder).add(report(envelope))
        done.set()
        return "250 taken"


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    port = free.getsockname()[1]
controller = Controller(Server(), hostname="127.0.0.1", port=port)
controller.start()
print(f"port {port}", flush=True)
done.wait(60)
print("returned", flush=True)
# The link test comes after.
threading.Event().wait(20)
controller.stop()
