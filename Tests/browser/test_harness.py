"""The rule that every browser test stands on: a page that complains fails its test."""
import os
import pathlib
import unittest
import unittest.mock

import outside
from browser import CHROMIUM, Browser
from fake_hub import FakeHub

FAULTS = {
    "throws": "setTimeout(() => { throw new Error('broken') })",
    "rejects": "void Promise.reject(new Error('broken'))",
    "writes an error to the console": "console.error('broken')",
    "asserts in vain": "console.assert(false, 'broken')",
    "asks for a script that is not there": "document.head.append(Object.assign(document.createElement('script'), {src: 'broken.js'}))",
    "breaks its content policy": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color:red\">broken</p>')",
}
NO_FAULTS = {
    "warns": "console.warn('old')",
    "is refused by the hub": "fetch('/v1/alerts').then((answer) => answer.status)",
}


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class HarnessTests(unittest.TestCase):
    def setUp(self):
        self.hub = FakeHub()
        self.addCleanup(self.hub.close)

    def complaint(self, script: str) -> str | None:
        browser = Browser()
        browser.open(self.hub.address + "/tablet/")
        browser.evaluate(script)
        browser.evaluate("new Promise((done) => setTimeout(done, 200))")
        try:
            browser.close()
        except AssertionError as error:
            return str(error)
        return None

    def test_a_page_that_complains_fails_its_test(self):
        for name, script in FAULTS.items():
            with self.subTest(name):
                self.assertIsNotNone(self.complaint(script), name)

    def test_a_page_that_only_hears_no_does_not(self):
        for name, script in NO_FAULTS.items():
            with self.subTest(name):
                self.assertIsNone(self.complaint(script), name)

    def test_on_ci_a_look_that_cannot_be_taken_is_a_complaint_and_elsewhere_none(self):
        nowhere = pathlib.Path("/nonexistent")
        for environment, complaints in (({"CI": "true"}, 1), ({}, 0)):
            with unittest.mock.patch.dict(os.environ, environment, clear=True):
                with unittest.mock.patch.object(outside, "AXE", nowhere):
                    self.assertEqual(len(outside.accessibility(None)), complaints)
                for name in ("CHECKER", "JAVA"):
                    with unittest.mock.patch.object(outside, name, nowhere if name == "CHECKER" else None):
                        self.assertEqual(len(outside.markup("<p>")), complaints, name)


if __name__ == "__main__":
    unittest.main()
