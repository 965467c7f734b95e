"""A port for a program that is started in a moment, and again after it was killed."""
import random
import socket


def free_port() -> int:
    """Below where the kernel takes the ports of this machine's own calls from: none of chromium's stands in the place meanwhile."""
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as place:
            try:
                place.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
