"""What others' programs say of a page: axe-core of what people with other senses find, the Nu checker of its markup.

Both are fetched by Tests/outside/install; where one is not there, nothing is asked of it on somebody's own machine, and on CI's its absence is a
complaint of every page: a look that is not taken must not count as one that found nothing.
"""
import atexit
import json
import os
import pathlib
import shutil
import socket
import subprocess
import time
import urllib.request

from ports import free_port

FOLDER = pathlib.Path(__file__).resolve().parents[2] / ".build/outside"
AXE = FOLDER / "axe.min.js"
CHECKER = FOLDER / "vnu.jar"
JAVA = shutil.which("java")
# Of HTML's present text, and unknown to the checker that the package carries (2022).
NEWER = ("CSS: “word-break”: “auto-phrase”", "Attribute “inert” not allowed", "Bad value “dialog” for attribute “method” on element “form”")


def absent(name: str, file: pathlib.Path) -> list[str]:
    return [f"{name} is missing ({file.name}): Tests/outside/install"] if os.environ.get("CI") else []


def accessibility(page) -> list[str]:
    """Rule, place and words of each finding."""
    if not AXE.is_file():
        return absent("axe-core", AXE)
    page.evaluate(f"if (!globalThis.axe) {{ {AXE.read_text()} }} 0")
    found = page.evaluate("""axe.run(document, {resultTypes: ['violations']}).then((answer) => JSON.stringify(
        answer.violations.flatMap((rule) => rule.nodes.map((node) => `axe ${rule.id}: ${node.target.join(' ')} ${rule.help}`))))""")
    return json.loads(found)


class Checker:
    """One process for all pages of a run: starting it takes longer than a hundred pages."""
    one: "Checker | None" = None

    def __init__(self):
        self.port = free_port()
        self.process = subprocess.Popen(
            [JAVA, "-Xmx256m", "-Dnu.validator.servlet.bind-address=127.0.0.1", "-cp", CHECKER, "nu.validator.servlet.Main", str(self.port)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        atexit.register(self.process.kill)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.1)

    def read(self, markup: str) -> list[str]:
        call = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/?out=json", data=markup.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
        with urllib.request.urlopen(call, timeout=30) as answer:
            messages = json.load(answer)["messages"]
        return [f"Nu: {item['message']} {item.get('extract', '')!r}" for item in messages
                if item["type"] in ("error", "non-document-error") and not item["message"].startswith(NEWER)]


def markup(text: str) -> list[str]:
    if not JAVA:
        return absent("Java", pathlib.Path("java"))
    if not CHECKER.is_file():
        return absent("the Nu HTML checker", CHECKER)
    Checker.one = Checker.one or Checker()
    return Checker.one.read(text)
