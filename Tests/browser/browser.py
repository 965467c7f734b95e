"""Drives a headless chromium over its debugging pipe: no driver, no package, only the standard library.

One rule for every test: a page that throws, rejects without anybody catching it, writes an error to the console, breaks
its content policy or asks for a file that is not there has failed, whatever else the test saw. `Browser.close` says so.
"""
import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.parse

from outside import accessibility, markup

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Browser:
    """One page. `evaluate` runs JavaScript in it and waits for promises."""

    def __init__(self, width: int = 1024, height: int = 768):
        self.profile = tempfile.mkdtemp(prefix="noroshi-browser-")
        to_read, to_write = os.pipe(), os.pipe()
        # Chromium reads commands on descriptor 3 and answers on 4.
        command = (f'exec "$0" "$@" 3<&{to_read[0]} 4>&{to_write[1]}')
        self.process = subprocess.Popen(
            ["bash", "-c", command, CHROMIUM, "--no-sandbox", "--headless=new", "--disable-gpu", "--hide-scrollbars",
             "--remote-debugging-pipe", "--no-first-run", f"--user-data-dir={self.profile}",
             f"--window-size={width},{height}", "about:blank"],
            pass_fds=(to_read[0], to_write[1]), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_read[0])
        os.close(to_write[1])
        self.sink, self.source = to_read[1], to_write[0]
        self.answers: dict[int, dict] = {}
        self.problems: list[str] = []
        self.registrations: dict[str, str] = {}
        self.arrived = threading.Condition()
        self.number = 0
        threading.Thread(target=self._read, daemon=True).start()
        targets = self.call("Target.getTargets", on_page=False)["targetInfos"]
        target = next(item["targetId"] for item in targets if item["type"] == "page")
        self.session = self.call("Target.attachToTarget", {"targetId": target, "flatten": True}, on_page=False)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")
        self.size(width, height)

    def _read(self):
        rest = b""
        while True:
            piece = os.read(self.source, 1 << 16)
            if not piece:
                return
            *messages, rest = (rest + piece).split(b"\0")
            with self.arrived:
                for message in map(json.loads, messages):
                    self._take(message)
                self.arrived.notify_all()

    def _take(self, message: dict):
        if "id" in message:
            self.answers[message["id"]] = message
        elif message["method"] == "ServiceWorker.workerRegistrationUpdated":
            self.registrations |= {item["registrationId"]: item["scopeURL"] for item in message["params"]["registrations"]}
        else:
            problem = problem_of(message["method"], message.get("params", {}))
            if problem:
                self.problems.append(problem)

    def call(self, method: str, parameters: dict | None = None, on_page: bool = True, session: str | None = None) -> dict:
        self.number += 1
        number = self.number
        message = {"id": number, "method": method, "params": parameters or {}}
        if on_page:
            message["sessionId"] = session or self.session
        os.write(self.sink, json.dumps(message).encode() + b"\0")
        with self.arrived:
            if not self.arrived.wait_for(lambda: number in self.answers, timeout=30):
                raise TimeoutError(f"{method} {message['params'].get('expression', '')[:300]}\n{self.problems}")
            answer = self.answers.pop(number)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        return answer["result"]

    def push(self, data: str):
        """A push service delivers to the page's worker; what the worker throws is a complaint of the page."""
        origin = self.evaluate("location.origin")
        self.call("ServiceWorker.enable")
        with self.arrived:
            if not self.arrived.wait_for(lambda: self.registrations, timeout=30):
                raise TimeoutError("no worker is registered")
        for target in self.call("Target.getTargets", on_page=False)["targetInfos"]:
            if target["type"] == "service_worker" and not target["attached"]:
                session = self.call("Target.attachToTarget", {"targetId": target["targetId"], "flatten": True}, on_page=False)["sessionId"]
                self.call("Runtime.enable", session=session)
        self.call("ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": list(self.registrations)[-1], "data": data})

    def tab(self) -> "Tab":
        """A second page in the same browser, with the same storage."""
        return Tab(self)

    def size(self, width: int, height: int):
        self.call("Emulation.setDeviceMetricsOverride",
                  {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600})

    def zoom(self, width: int, height: int, percent: int):
        """A screen of so many points, and the page enlarged in it: what is left for it is as much smaller (WCAG 2.2, 1.4.4 and 1.4.10)."""
        self.call("Emulation.setDeviceMetricsOverride", {
            "width": width * 100 // percent, "height": height * 100 // percent, "deviceScaleFactor": percent / 100, "mobile": False})

    def open(self, address: str):
        self.call("Page.navigate", {"url": address})
        self.until("document.readyState === 'complete'")

    def evaluate(self, script: str):
        answer = self.call("Runtime.evaluate", {
            "expression": script, "awaitPromise": True, "returnByValue": True, "userGesture": True})
        if "exceptionDetails" in answer:
            raise RuntimeError(json.dumps(answer["exceptionDetails"])[:400])
        return answer["result"].get("value")

    def kept(self, name: str, store: str = "kept") -> object:
        """What lies in the page's store under this name, None where nothing does. Never an error, and never a wait for ever, whatever the store is like."""
        store = json.dumps(store)
        return self.evaluate(f"""new Promise((done) => {{ const opened = indexedDB.open('noroshi'); opened.onerror = () => done(null);
            opened.onsuccess = ({{ target: {{ result }} }}) => {{ const end = (found) => {{ result.close(); done(found ?? null); }};
                if (!result.objectStoreNames.contains({store})) return end(null);
                const asked = result.transaction({store}).objectStore({store}).get({json.dumps(name)});
                asked.onsuccess = () => end(asked.result); asked.onerror = () => end(null); }}; }})""")

    def until(self, condition: str, seconds: float = 30):
        """Waits until the page says so."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            try:
                if self.evaluate(condition):
                    return
            except RuntimeError:
                pass  # the page is being replaced
            time.sleep(0.05)
        raise AssertionError(f"not within {seconds} s: {condition}\n{self.problems}")

    def click(self, selector: str):
        """A real press at the element's middle, so that the browser takes it for a person's; again where the page moved away under it, as a person does."""
        for _ in range(3):
            self.press_at(selector)
            try:
                if self.evaluate("globalThis.aimed !== false"):
                    return
            except RuntimeError:
                return  # it led to another page

    def press_at(self, selector: str):
        name = json.dumps(selector)
        # It must be where it will be pressed: in sight, uncovered and at rest for a frame.
        self.until(f"""(async () => {{ const e = document.querySelector({name});
            if (!e) return false;
            e.scrollIntoView({{block: 'center', behavior: 'instant'}});
            const before = e.getBoundingClientRect();
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
            const r = e.getBoundingClientRect();
            const top = document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2);
            return r.width > 0 && r.x === before.x && r.y === before.y && (top === e || e.contains(top)) }})()""")
        place = self.evaluate(f"""(() => {{ const r = document.querySelector({name}).getBoundingClientRect();
            globalThis.aimed = false;
            addEventListener('click', (event) => {{ globalThis.aimed = event.composedPath().some((one) => one.matches?.({name})); }}, {{ capture: true, once: true }});
            return [r.x + r.width / 2, r.y + r.height / 2] }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", {
                "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1})

    def type(self, selector: str, text: str):
        name = json.dumps(selector)
        # A page that has only just come may not have the keyboard yet: what it did not take is typed again.
        for _ in range(20):
            self.evaluate(f"document.querySelector({name}).focus()")
            before = self.evaluate(f"document.querySelector({name}).value")
            self.call("Input.insertText", {"text": text})
            if self.evaluate(f"document.querySelector({name}).value") != before:
                return
            time.sleep(0.1)
        raise AssertionError(f"{selector} takes no text")

    def press(self, key: str):
        codes = {"Enter": ("Enter", 13, "\r"), "Tab": ("Tab", 9, ""), "Escape": ("Escape", 27, "")}
        name, code, text = codes[key]
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", {
                "type": kind, "key": name, "code": name, "windowsVirtualKeyCode": code, "text": text if kind == "keyDown" else ""})

    def key(self, letter: str, seconds: float = 0):
        """One key of the board, down for so long. A letter has its place on the board; Enter is Enter."""
        code, number, text = ("Enter", 13, "\r") if letter == "Enter" else (f"{'Digit' if letter.isdigit() else 'Key'}{letter.upper()}", ord(letter.upper()), letter)
        common = {"key": letter, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", **common, "text": text})
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            # As a board does: a key that is held repeats.
            self.call("Input.dispatchKeyEvent", {"type": "keyDown", **common, "text": text, "autoRepeat": True})
            time.sleep(0.1)
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **common})

    def text(self, selector: str = "body") -> str:
        return self.evaluate(f"document.querySelector({json.dumps(selector)}).innerText")

    def pdf(self) -> bytes:
        """The page on paper of A4, as its own style sheet sets it."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": False, "preferCSSPageSize": True}
        return base64.b64decode(self.call("Page.printToPDF", paper)["data"])

    def sheets(self) -> int:
        """Sheets of A4 the page needs on paper."""
        return len(re.findall(rb"/Type\s*/Page\b", self.pdf()))

    def photograph(self, name: str):
        """A screen worth looking at: others' programs look at it too, and a picture goes into NOROSHI_PHOTOS, where that is set."""
        self.examine(name)
        folder = os.environ.get("NOROSHI_PHOTOS")
        if not folder:
            return
        pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
        data = self.call("Page.captureScreenshot", {"format": "png"})["data"]
        (pathlib.Path(folder) / f"{name}.png").write_bytes(base64.b64decode(data))

    def examine(self, name: str):
        """What axe-core and the Nu checker find is a complaint of the page."""
        found = accessibility(self) + markup("<!doctype html>" + self.evaluate("document.documentElement.outerHTML"))
        self.problems.extend(f"{name}: {item}" for item in found if f"{name}: {item}" not in self.problems)

    def close(self):
        """Ends the browser; fails where a page of this test had something to complain about."""
        try:
            # What the page has just thrown is on its way: an answer comes after it.
            self.evaluate("0")
        except (RuntimeError, TimeoutError, OSError):
            pass
        self.process.terminate()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        os.close(self.sink)
        shutil.rmtree(self.profile, ignore_errors=True)
        if self.problems:
            raise AssertionError("a page complained:\n" + "\n".join(self.problems))


class Tab(Browser):
    """Another page of a browser that is open already; closed with it, or alone."""

    def __init__(self, first: Browser):
        self.first = first
        self.target = first.call("Target.createTarget", {"url": "about:blank"}, on_page=False)["targetId"]
        self.session = first.call("Target.attachToTarget", {"targetId": self.target, "flatten": True}, on_page=False)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(domain + ".enable")

    def call(self, method: str, parameters: dict | None = None, on_page: bool = True) -> dict:
        return self.first.call(method, parameters, on_page, self.session)

    @property
    def problems(self) -> list[str]:
        return self.first.problems

    def close(self):
        self.first.call("Target.closeTarget", {"targetId": self.target}, on_page=False)


def problem_of(method: str, parameters: dict) -> str | None:
    """What an event of the browser says is wrong with the page; None for what is no fault of its own."""
    if method == "Runtime.exceptionThrown":
        return json.dumps(parameters["exceptionDetails"], ensure_ascii=False)[:600]
    if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
        return "console: " + " ".join(str(item.get("value", item.get("description", ""))) for item in parameters["args"])[:600]
    if method != "Log.entryAdded":
        return None
    entry = parameters["entry"]
    if entry["source"] == "network":
        # The hub's answers to the page's calls are for the page to read: a refusal or a cut line is no fault of the page.
        # A script, style or picture that is missing is. The picture that browsers ask for by themselves is nobody's.
        path = urllib.parse.urlsplit(entry.get("url", "")).path
        is_answer = path.startswith("/v1/") or path == "/favicon.ico" or "net::" in entry["text"]
        return None if is_answer or entry["level"] != "error" else f"{entry['text']} {path}"
    return entry["text"] if entry["source"] == "security" or entry["level"] == "error" else None
