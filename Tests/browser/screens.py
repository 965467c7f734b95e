"""What tests of pages have in common: a small hub, a browser before it, and patience with an end."""
import time
import unittest

from browser import Browser
from fake_hub import FakeHub


# Width, height, and how much the page is enlarged there: a phone laid on its side, and what people with weak eyes set.
NARROW = {"landscape": (740, 360, 100), "tablet-200": (1024, 768, 200), "phone-200": (360, 740, 200), "hd": (1920, 1080, 100)}


class Patient(unittest.TestCase):
    def wait(self, condition, what: str = "it", seconds: float = 30):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not within {seconds} s: {what}")
            time.sleep(0.05)


class OnSmallHub(Patient):
    """Width and height of the screen; the browser's own where none is given."""
    SIZE: tuple[int, ...] = ()

    def setUp(self):
        self.hub = FakeHub()
        self.browser = Browser(*self.SIZE)
        self.addCleanup(self.hub.close)
        self.addCleanup(self.browser.close)

    def enrol_at(self, path: str, name: str, ready: str, code: str = "BCDFGHJK"):
        """Registered by the code in the address, listening, and past the form."""
        self.browser.open(self.hub.address + path + "#" + code)
        self.browser.until("!document.querySelector('#enrol').hidden")
        self.browser.type("[name=name]", name)
        self.browser.click("#enrol-form button")
        self.browser.until(ready)
        self.wait(lambda: self.hub.followers, "listening")

    def everywhere(self, look, sizes=NARROW):
        """`look(name)` in each of these sizes; nothing may run out to the side in any."""
        for name, (width, height, percent) in sizes.items():
            self.browser.zoom(width, height, percent)
            self.browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            with self.subTest(name):
                wide = self.browser.evaluate("""[...document.querySelectorAll('main *, #full *, #front *, body')].filter((one) => one.checkVisibility() && !one.closest('nav, svg')
                    && one.getBoundingClientRect().right > innerWidth + 1).map((one) => one.tagName + '#' + one.id + ' ' + one.textContent.slice(0, 20))""")
                self.assertEqual(wide, [], f"runs out of {name}")
                look(name)
        self.browser.size(1024, 768)

    def levels(self, alert: str) -> set[str]:
        return {receipt["level"] for receipt in list(self.hub.receipts.values()) if receipt["alert"] == alert}
