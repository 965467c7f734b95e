"""A far end that answers as Apple documents its push service ("Sending notification requests to APNs", "Handling notification responses from APNs"):
HTTP/2 over TLS, one stream until a request with a good token has succeeded, JSON reasons, GOAWAY.

Usage: answer_as_apns.py CERTIFICATE KEY PUBLIC_KEY_PEM [NOW [old]]. Says its port on the first line, and each request as a line of JSON. What becomes of a
request is said by the first two digits of the device's token: ANSWERS, and the words below them. `old`: something between that speaks HTTP/1.1 alone.
"""
import base64
import json
import re
import socket
import ssl
import sys
import threading
import time
from collections import Counter

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

ANSWERS = {
    "01": (410, "Unregistered"), "02": (400, "BadDeviceToken"), "03": (403, "ExpiredProviderToken"), "04": (429, "TooManyProviderTokenUpdates"), "05": (429, "TooManyRequests"),
    "06": (500, "InternalServerError"), "07": (503, "ServiceUnavailable"), "08": (403, "InvalidProviderToken"), "09": (413, "PayloadTooLarge"), "0a": (400, "BadTopic"),
    "0b": (410, "Unregistered"), "0c": (503, "Shutdown"), "0d": (400, "DeviceTokenNotForTopic"), "0e": (410, "ExpiredToken"), "0f": (403, "SomethingNew"),
}
# Of 410: seconds between its time and ours.
SINCE = {"01": 60, "0b": -86400, "0e": 60}
# GOAWAY in place of an answer, each time or the first time, with and without an error; no answer at all; "expired" until a token that was made later comes;
# GOAWAY when eight of these are open, of which the earlier four are answered; GOAWAY behind an answer.
GOAWAY, GOAWAY_ERROR, GOAWAY_ONCE, HANG, STALE, CROWD, LAST = "10", "11", "13", "12", "14", "15", "16"
NOW = int(sys.argv[4]) if len(sys.argv) > 4 else int(time.time())
IS_OLD = len(sys.argv) > 5
TOPIC, KEY_ID, TEAM = "jp.example.city.bosai", "ABC123DEFG", "DEF123GHIJ"
lock = threading.Lock()
went, first_made, tokens = set(), {}, {}


def say(**line):
    with lock:
        print(json.dumps(line), flush=True)


def claims_of(token: str, key) -> dict | None:
    """Nothing where the key's owner has not signed it as he should."""
    try:
        head, claims, signature = token.split(".")
        raw = base64.urlsafe_b64decode(signature + "==")
        if len(raw) != 64:
            return None
        both = utils.encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(both, f"{head}.{claims}".encode(), ec.ECDSA(hashes.SHA256()))
        return {**json.loads(base64.urlsafe_b64decode(head + "==")), **json.loads(base64.urlsafe_b64decode(claims + "=="))}
    except Exception:
        return None


def fault_of_token(authorization: str, claims: dict | None) -> tuple[int, str] | None:
    if not authorization.startswith("bearer "):
        return 403, "MissingProviderToken"
    if claims is None or claims.get("alg") != "ES256" or claims.get("kid") != KEY_ID or claims.get("iss") != TEAM:
        return 403, "InvalidProviderToken"
    if type(claims.get("iat")) is not int or abs(claims["iat"] - NOW) > 3600:
        return 403, "ExpiredProviderToken"
    with lock:
        # By the times in them: no more often than once in twenty minutes.
        if authorization not in tokens and any(abs(made - claims["iat"]) < 1200 for made in tokens.values()):
            return 429, "TooManyProviderTokenUpdates"
        tokens[authorization] = claims["iat"]
    return None


def fault_of_request(head: dict, body: bytes) -> tuple[int, str] | None:
    if head[":method"] != "POST":
        return 405, "MethodNotAllowed"
    if not re.fullmatch(r"/3/device/[0-9a-f]+", head[":path"]):
        return 404, "BadPath"
    if "apns-topic" not in head:
        return 400, "MissingTopic"
    if head["apns-topic"] != TOPIC:
        return 400, "TopicDisallowed"
    kind, priority = head.get("apns-push-type"), head.get("apns-priority", "10")
    if kind not in ("alert", "background"):
        return 400, "InvalidPushType"
    if priority not in ("1", "5", "10") or kind == "background" and priority == "10":
        return 400, "BadPriority"
    if not re.fullmatch(r"[0-9]{1,10}", head.get("apns-expiration", "0")):
        return 400, "BadExpirationDate"
    if len(head.get("apns-collapse-id", "").encode()) > 64:
        return 400, "BadCollapseId"
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", head.get("apns-id", "00000000-0000-0000-0000-000000000000")):
        return 400, "BadMessageId"
    if not body:
        return 400, "PayloadEmpty"
    return (413, "PayloadTooLarge") if len(body) > 4096 else None


class Line:
    def __init__(self, sock, key, number):
        self.sock, self.key, self.number = sock, key, number
        self.http = h2.connection.H2Connection(config=h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.requests, self.bodies, self.open, self.crowd = {}, {}, set(), []
        self.is_known, self.is_over, self.most = False, False, 0

    def run(self):
        # One stream until a request with a good token has succeeded.
        self.http.local_settings = h2.settings.Settings(client=False, initial_values={h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1, h2.settings.SettingCodes.ENABLE_PUSH: 0})
        self.http.initiate_connection()
        self.flush()
        while not self.is_over:
            data = self.sock.recv(65536)
            if not data:
                return
            for event in self.http.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    self.requests[event.stream_id], self.bodies[event.stream_id] = event.headers, b""
                    self.open.add(event.stream_id)
                    self.most = max(self.most, len(self.open))
                elif isinstance(event, h2.events.DataReceived):
                    self.bodies[event.stream_id] += event.data
                    self.http.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded) and not self.is_over:
                    self.answer(event.stream_id)
                elif isinstance(event, h2.events.StreamReset):
                    self.open.discard(event.stream_id)
            self.flush()

    def flush(self):
        self.sock.sendall(self.http.data_to_send())

    def say(self, head, body, claims, state):
        say(path=head[":path"], head={k: v for k, v in head.items() if k.startswith("apns-")}, body=body.decode(), claims=claims, connection=self.number,
            token=head.get("authorization"), state=state, at_once=self.most)

    def answer(self, stream: int):
        fields, body = self.requests[stream], self.bodies[stream]
        head = dict(fields)
        device = head[":path"].rsplit("/", 1)[-1]
        word, claims = device[:2], claims_of(head.get("authorization", "").removeprefix("bearer "), self.key)
        if word in (GOAWAY, GOAWAY_ERROR) or word == GOAWAY_ONCE and device not in went:
            went.add(device)
            self.say(head, body, claims, "not worked on")
            return self.go_away(stream - 2, h2.errors.ErrorCodes.INTERNAL_ERROR if word == GOAWAY_ERROR else h2.errors.ErrorCodes.NO_ERROR)
        if word == CROWD and CROWD not in went:
            self.crowd.append(stream)
            if len(self.crowd) == 8:
                went.add(CROWD)
                crowd = sorted(self.crowd)
                for one in crowd[:4]:
                    self.reply_to(one)
                for one in crowd[4:]:
                    left = dict(self.requests[one])
                    self.say(left, self.bodies[one], None, "not worked on")
                self.go_away(crowd[3], h2.errors.ErrorCodes.NO_ERROR)
            return None
        if word == HANG:
            return self.say(head, body, claims, "held")
        self.reply_to(stream)
        if word == LAST:
            self.go_away(stream, h2.errors.ErrorCodes.NO_ERROR)
        return None

    def reply_to(self, stream: int):
        fields, body = self.requests.pop(stream), self.bodies.pop(stream)
        self.open.discard(stream)
        head = dict(fields)
        word, authorization = head[":path"].rsplit("/", 1)[-1][:2], head.get("authorization", "")
        claims = claims_of(authorization.removeprefix("bearer "), self.key)
        twice = [name for name, count in Counter(name for name, _ in fields).items() if count > 1]
        fault = ((400, "DuplicateHeaders") if twice else None) or fault_of_token(authorization, claims) or fault_of_request(head, body)
        if not fault and word == STALE and claims["iat"] <= first_made.setdefault(word, claims["iat"]):
            fault = 403, "ExpiredProviderToken"
        status, reason = fault or ANSWERS.get(word, (200, None))
        if status == 200 and not self.is_known:
            self.is_known = True
            self.http.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 100})
        self.say(head, body, claims, reason or "taken")
        answer = {"reason": reason} if reason else {}
        if not fault and word in SINCE:
            answer["timestamp"] = (NOW + SINCE[word]) * 1000
        octets = json.dumps(answer).encode() if answer else b""
        more = [("retry-after", "9")] if word == "05" and not fault else []
        self.http.send_headers(stream, [(":status", str(status)), ("apns-id", head.get("apns-id", "")), *more], end_stream=not octets)
        if octets:
            self.http.send_data(stream, octets, end_stream=True)

    def go_away(self, last: int, error):
        self.http.close_connection(error_code=error, additional_data=b'{"reason":"Shutdown"}', last_stream_id=max(0, last))
        self.is_over = True


def serve(sock, context, key, number):
    try:
        # Of others who connect and say nothing nobody has to wait.
        sock = context.wrap_socket(sock, server_side=True)
        if IS_OLD:
            sock.recv(65536)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            sock.recv(65536)
        else:
            Line(sock, key, number).run()
            # What the other end has not read yet would be lost by a close with something of its own unread here.
            sock.shutdown(socket.SHUT_WR)
            sock.settimeout(5)
            while sock.recv(65536):
                pass
    except (OSError, h2.exceptions.ProtocolError):
        pass
    finally:
        sock.close()


def main():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[1], sys.argv[2])
    context.set_alpn_protocols(["http/1.1"] if IS_OLD else ["h2"])
    with open(sys.argv[3], "rb") as file:
        key = serialization.load_pem_public_key(file.read())
    door = socket.create_server(("127.0.0.1", 0))
    print(door.getsockname()[1], flush=True)
    number = 0
    while True:
        sock, _ = door.accept()
        number += 1
        threading.Thread(target=serve, args=(sock, context, key, number), daemon=True).start()


main()
