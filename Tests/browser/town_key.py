"""A town's key in plain Python: Ed25519 as RFC 8032 has it, and what a town signs with it. Written apart from the hub's, so that both read the same rules."""
import base64
import hashlib
import json
import os
import time

P = 2 ** 255 - 19
L = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
BASE_Y = 4 * pow(5, P - 2, P) % P


def recover(y: int, odd: int) -> int:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if x & 1 != odd else x


BASE = (recover(BASE_Y, 0), BASE_Y, 1, recover(BASE_Y, 0) * BASE_Y % P)


def add(p, q):
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def times(n: int, p):
    q = (0, 1, 1, 0)
    while n:
        if n & 1:
            q = add(q, p)
        p, n = add(p, p), n >> 1
    return q


def packed(p) -> bytes:
    inverse = pow(p[2], P - 2, P)
    x, y = p[0] * inverse % P, p[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def number(octets: bytes) -> int:
    return int.from_bytes(octets, "little")


def spelled(value) -> str:
    """RFC 8785, as far as these lines go: their keys are ASCII, and no number of theirs has an exponent."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


class TownKey:
    def __init__(self, secret: bytes | None = None):
        hashed = hashlib.sha512(secret or os.urandom(32)).digest()
        self.scalar = number(hashed[:32]) & (2 ** 254 - 8) | 2 ** 254
        self.prefix = hashed[32:]
        self.public = packed(times(self.scalar, BASE))
        self.text = "ed25519:" + base64.b64encode(self.public).decode()
        self.mark = base64.b32encode(hashlib.sha256(self.public).digest()[:10]).decode()

    def sign(self, text: bytes) -> bytes:
        r = number(hashlib.sha512(self.prefix + text).digest()) % L
        begin = packed(times(r, BASE))
        k = number(hashlib.sha512(begin + self.public + text).digest()) % L
        return begin + ((r + k * self.scalar) % L).to_bytes(32, "little")

    def signature(self, kind: str, value: dict) -> str:
        return base64.b64encode(self.sign(f"noroshi-{kind} 1\n".encode() + spelled(value).encode())).decode()

    def seal(self, name: str, line: dict, number: int) -> dict:
        """The line with its seal."""
        texts = {tag: base64.b64encode(hashlib.sha256(spelled(text).encode()).digest()[:18]).decode() for tag, text in line.get("texts", {}).items()}
        seal = {"key": self.mark, "number": number, "texts": texts}
        rest = {key: value for key, value in line.items() if key not in ("expires_in", "delivery", "texts", "seal")}
        signed = f"noroshi-event 1\n{name}\n".encode() + spelled({**rest, "seal": seal}).encode()
        return {**line, "seal": {**seal, "signature": base64.b64encode(self.sign(signed)).decode()}}

    def word(self, of: int, town: str, by: "TownKey", ends: str | None = None) -> dict:
        word = {"at": "2026-11-30T12:00:00+09:00", "by": by.mark, "key": self.text, "number": of, "town": town, **({"ends": ends} if ends else {})}
        return {**word, "signature": by.signature("key", word)}

    def revocation(self, device: str, town: str, number: int) -> dict:
        return {"key": self.mark, "number": number, "signature": self.signature("revoked", {"device": device, "number": number, "town": town})}


def now_number() -> int:
    return int(time.time() * 1000)
