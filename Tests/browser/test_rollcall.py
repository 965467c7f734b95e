"""Roll-call in a real browser, against the real program: a teacher, two pupils, one of them without a line, and the town's desk."""
import unittest

from browser import CHROMIUM, Browser
from screens import Patient
from test_real_hub import PROGRAM, TOWN, RealHub

SITE = "hashikami-chu"


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
@unittest.skipUnless(PROGRAM, "the program is not built")
class RollCallTests(Patient):
    def setUp(self):
        self.hub = RealHub()
        self.addCleanup(self.hub.close)
        self.teacher, self.pupil, self.other = (self.person(*words) for words in [
            ("担任の先生", "staff", "3-2", 1024, 768), ("14番", "pupil", "3-2", 768, 1024), ("15番", "pupil", "3-2", 360, 740)])

    def person(self, name: str, use: str, group: str, width: int, height: int) -> Browser:
        code = self.hub.rows("device", "invite", "--town", TOWN, "--site", SITE, "--use", use, "--group", group)[0]["code"]
        browser = Browser(width, height)
        self.addCleanup(browser.close)
        browser.open(f"{self.hub.address}/tablet/#{code}")
        browser.until("document.querySelector('[name=code]').value.length >= 8")
        browser.type("[name=name]", name)
        browser.click("#enrol-form button")
        browser.until("!document.querySelector('#desk').hidden")
        browser.click("#start-button")
        browser.until("document.querySelector('#mute').hidden && document.querySelector('#link-state').textContent")
        return browser

    def offline(self, browser: Browser, is_cut: bool):
        """The line of this tablet alone. What the browser itself says of it in the console is the cut, and no fault of the page."""
        browser.call("Network.enable")
        browser.call("Network.emulateNetworkConditions", {"offline": is_cut, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1})

    def test_one_tap_and_the_teacher_knows_and_a_tap_without_a_line_comes_later(self):
        teacher, pupil, other = self.teacher, self.pupil, self.other
        self.assertTrue(pupil.evaluate("document.querySelector('#roll').hidden"), "nobody asks")
        pupil_sees = "!document.querySelector('#roll').hidden && document.querySelector('#roll-states .roll-safe') !== null"
        teacher.until("!document.querySelector('#roll-begin').hidden")
        teacher.photograph("roll-teacher-before")
        teacher.click("#roll-start")
        teacher.until("document.querySelector('#roll-start').textContent.endsWith('？')")
        teacher.click("#roll-start")
        teacher.until("document.querySelectorAll('#roll-people li').length === 3")
        for one in (pupil, other):
            one.until(pupil_sees)
        self.assertTrue(pupil.evaluate("document.querySelector('#roll-class').hidden && document.querySelector('#roll-begin').hidden"), "no pupil's")
        pupil.photograph("roll-pupil-asked")
        other.examine("roll-pupil-phone")
        self.offline(other, True)
        other.click("#roll-states .roll-help")
        other.until("document.querySelector('#roll-said').textContent.includes('この端末に保存しました')")
        other.photograph("roll-pupil-cut")
        pupil.click("#roll-places label:nth-child(2)")
        pupil.click("#roll-states .roll-safe")
        pupil.until("document.querySelector('#roll-said').textContent.includes('「無事　校庭」と伝えました')")
        pupil.until("document.querySelector('#roll-said').textContent.includes('届きました')")
        pupil.photograph("roll-pupil-told")
        teacher.until("document.querySelector('#roll-missing').textContent.includes('2人')")
        self.assertIn("校庭", teacher.text("#roll-people"))
        teacher.photograph("roll-teacher-missing")
        # He taps for himself, in the middle of the list: nothing jumps away under his finger. 14番, 15番, 担任の先生.
        teacher.click("#roll-people li:has(b):nth-child(3) .roll-safe")
        teacher.until("document.querySelector('#roll-missing').textContent.includes('1人')")
        teacher.type("#roll-add [name=name]", "きょうだいのハナ")
        teacher.click("#roll-add-states .roll-hurt")
        teacher.until("document.querySelector('#roll-people').textContent.includes('きょうだいのハナ')")
        self.offline(other, False)
        teacher.until("document.querySelector('#roll-help').textContent.includes('15番')", 60)
        other.until("document.querySelector('#roll-said').textContent.includes('届きました')", 60)
        teacher.photograph("roll-teacher-help")
        teacher.examine("roll-teacher")
        # The town has numbers and no name.
        desk = Browser(1440, 900)
        self.addCleanup(desk.close)
        self.hub.sign_in(desk, "actual")
        desk.evaluate("location.hash = 'reports'")
        desk.until("!document.querySelector('#rollcalls').hidden")
        said = desk.text("#rollcalls")
        self.assertIn("助けて 1人", said)
        self.assertIn("けが 1人", said)
        for name in ("14番", "15番", "ハナ", "校庭"):
            self.assertNotIn(name, desk.text("body"))
        desk.photograph("roll-desk")
        # The teacher's tablet is started again: the class is there.
        teacher.open(self.hub.address + "/tablet/")
        teacher.until("document.querySelectorAll('#roll-people li').length === 4", 60)
        teacher.click("#roll-end")
        teacher.until("document.querySelector('#roll-end').textContent.endsWith('？')")
        teacher.click("#roll-end")
        teacher.until("document.querySelector('#roll-over').hidden === false")
        pupil.until("document.querySelector('#roll').hidden")
        for one in (teacher, pupil, other, desk):
            self.assertEqual([problem for problem in one.problems if "ERR_INTERNET_DISCONNECTED" not in problem], [])

    def test_a_drill_is_called_a_drill_and_does_not_count_in_what_is_real(self):
        teacher, pupil = self.teacher, self.pupil
        teacher.until("!document.querySelector('#roll-begin').hidden")
        teacher.click("#roll-drill")
        pupil.until("!document.querySelector('#roll').hidden && document.querySelector('#roll-title').textContent.startsWith('【訓練】')")
        # What is real stands above a drill, also what calls nobody.
        below = "document.querySelector('#list').compareDocumentPosition(document.querySelector('#roll')) === Node.DOCUMENT_POSITION_FOLLOWING"
        self.assertFalse(pupil.evaluate(below))
        self.hub.rows("push", "--town", TOWN, "--kind", "notice", "--title", "断水のお知らせ", "--body", "水が止まっています。", "--actual")
        pupil.until("document.querySelector('#list').textContent.includes('断水のお知らせ')")
        pupil.until(below)
        for one in (pupil, teacher):
            one.until("document.querySelector('#touch').checkVisibility()")
            one.click("#touch")
        pupil.photograph("roll-drill-below")
        pupil.click("#roll-states .roll-hurt")
        teacher.until("document.querySelector('#roll-people .roll-is-hurt') !== null")
        teacher.photograph("roll-drill-teacher")
        teacher.click("#roll-end")
        teacher.click("#roll-end")
        pupil.until("document.querySelector('#roll').hidden")
        teacher.until("!document.querySelector('#roll-begin').hidden")
        teacher.click("#roll-start")
        teacher.until("document.querySelector('#roll-start').textContent.endsWith('？')")
        teacher.click("#roll-start")
        pupil.until("!document.querySelector('#roll').hidden && !document.querySelector('#roll-title').textContent.includes('訓練')")
        teacher.until("document.querySelector('#roll-missing').textContent.includes('3人')")
        for one in (teacher, pupil):
            self.assertEqual(one.problems, [])


if __name__ == "__main__":
    unittest.main()
