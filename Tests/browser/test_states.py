"""What people see of each state of things, in a real browser against the real program: a first report and its second, an
early warning taken back, an order lifted in part and the lifting taken back, fourteen orders at once, a drill beside a
real notice. At a spot (phone), on a tablet and at the desk, each with a picture (NOROSHI_PHOTOS)."""
import pathlib
import shutil
import subprocess
import tempfile
import time
import unittest

from browser import CHROMIUM, Browser
from test_real_hub import PROGRAM, ROOT, TOWN, RealHub

WARNING = "02_20110311144648_VXSE43.xml"
SIZES = {"portal": (390, 844), "tablet": (1024, 768), "desk": (1440, 900)}


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
@unittest.skipUnless(PROGRAM, "the program is not built")
class StateTests(unittest.TestCase):
    def setUp(self):
        self.hub = RealHub()
        self.addCleanup(self.hub.close)
        self.tablet = Browser(*SIZES["tablet"])
        self.addCleanup(self.tablet.close)
        self.portal = Browser(*SIZES["portal"])
        self.addCleanup(self.portal.close)
        self.desk = Browser(*SIZES["desk"])
        self.addCleanup(self.desk.close)
        self.hub.enrol(self.tablet, "oya-sho")
        self.hub.sign_in(self.desk)
        self.desk.click("[data-room=alerts]")

    # What is said

    def play(self, *changes):
        """The first report of that day and what followed it, each a drill of today."""
        folder = pathlib.Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, folder)
        text = (ROOT / "Templates/demo" / WARNING).read_text()
        for number, change in enumerate((lambda words: words, *changes)):
            later = f"14:46:{48 + number:02}"
            said = change(text.replace("14:46:48", later).replace("05:46:48", "05:46" + later[5:]))
            (folder / f"{number}_201103111446{48 + number}_VXSE43.xml").write_text(said)
        self.player = subprocess.Popen(
            [PROGRAM, "replay", str(folder), "--speed", "0.12"], env=self.hub.environment, cwd=ROOT,
            stdout=subprocess.DEVNULL)
        self.addCleanup(self.player.wait)
        self.addCleanup(self.player.kill)

    def order(self, *districts, level="4", hazard="津波", more=()):
        return self.hub.push(
            "--kind", "evacuation", "--level", level, "--hazard", hazard,
            *(word for name in districts for word in ("--district", name)), *more)

    # What is seen

    def see(self, state: str, portal: str, tablet: str, spot: str = "michi-no-eki-oya", language: str = "ja"):
        """Waits until a spot's page, the tablet and the desk say it, and photographs the three."""
        page = f"{self.hub.address}/spots/{spot}/index.{language}.html"

        def told() -> bool:
            self.portal.open(page)
            return portal in self.portal.text()
        self.wait(told, f"{portal} on {page}")
        self.tablet.until(f"document.body.innerText.includes('{tablet}')", 15)
        self.portal.photograph(f"{state}-portal")
        self.tablet.photograph(f"{state}-tablet")
        self.desk.photograph(f"{state}-desk")
        self.assertFalse(self.portal.evaluate("document.documentElement.scrollWidth > innerWidth"), "nothing runs out of the screen")

    def wait(self, condition, what: str, seconds: float = 15):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                self.fail(f"not within {seconds} s: {what}\n{self.portal.text()}")
            time.sleep(0.1)

    def largest(self, browser: Browser) -> str:
        """The words with the largest letters that are not struck through."""
        return browser.evaluate("""(() => { let best = ['', 0];
            for (const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walker.nextNode();) {
                const words = walker.currentNode.textContent.trim(), at = walker.currentNode.parentElement;
                if (!words || !at.checkVisibility() || at.closest('del, s')) continue;
                const size = parseFloat(getComputedStyle(at).fontSize);
                if (size > best[1]) best = [words, size];
            } return best[0] })()""")

    # The states

    def test_an_early_warning_its_second_report_and_its_cancel(self):
        def second(text):
            return text.replace("<Serial>1<", "<Serial>2<")

        def cancel(text):
            head, body = text.replace("<Serial>1<", "<Serial>3<").replace(">発表<", ">取消<").split("<Body", 1)
            return head.split("<Headline>")[0] + (
                "<Headline><Text>先ほどの、緊急地震速報を取り消します。</Text></Headline></Head>"
                '<Body xmlns="http://xml.kishou.go.jp/jmaxml1/body/seismology1/">'
                "<Text>先ほどの、緊急地震速報を取り消します。</Text></Body></Report>")
        self.play(second, cancel)
        self.see("eew", "緊急地震速報", "緊急地震速報")
        colour = "getComputedStyle(document.querySelector('#full')).backgroundColor"
        first = self.tablet.evaluate(colour)
        self.wait(lambda: len(self.hub.rows("log", "--town", TOWN, "--channel", "school-tablet")) > 5, "the second report")
        self.assertEqual(self.tablet.evaluate(colour), first, "a second report is as grave as the first")
        self.see("eew-second", "緊急地震速報", "緊急地震速報")
        self.see("eew-cancelled", "取り消", "取り消")
        self.assertIn("取り消", self.largest(self.tablet))
        self.assertEqual(self.player.wait(timeout=10), 0)

    def test_an_order_lifted_in_part_and_the_lifting_taken_back(self):
        self.order("階上地区", "大谷地区", "面瀬地区", more=("--shelter", "hashikami-chu", "--reason", "大津波警報が発表されました"))
        self.see("order", "避難指示", "避難指示")
        button = "[...document.querySelectorAll('#now-rows button')].find((one) => one.textContent.includes('届いた先'))"
        self.desk.until(f"Boolean({button})")
        self.desk.evaluate(button + ".click()")
        self.desk.until("document.querySelectorAll('#reach tbody tr').length > 5")
        self.desk.photograph("order-reach-desk")
        self.desk.click("[data-room=alerts]")
        lift = self.hub.push("--kind", "evacuation", "--hazard", "津波", "--lifted", "--district", "大谷地区")
        self.see("part-lift", "解除", "解除されました")
        self.assertIn("階上地区", self.portal.text())
        self.hub.say("cancel", lift)
        self.see("lift-undone", "誤り", "誤り")
        self.assertIn("続いて", self.portal.text())
        self.desk.until("document.querySelector('#standing').textContent.includes('大谷地区')")

    def test_fourteen_orders_fit_on_a_page(self):
        kinds = [("4", "津波"), ("3", "洪水"), ("4", "土砂災害"), ("4", "高潮")]
        districts = ["気仙沼地区", "鹿折地区", "松岩地区", "階上地区", "大島地区", "面瀬地区", "唐桑地区", "本吉地区", "大谷地区"]
        for number in range(14):
            level, hazard = kinds[number % 4]
            self.order(districts[number * 2 % 9], level=level, hazard=hazard)
        rows = []

        def isToldOfAll():
            rows[:] = [row for row in self.hub.rows("log", "--town", TOWN, "--channel", "wifi-portal")
                       if row["endpoint"] == "michi-no-eki-oya"]
            return len(rows) == 14 and all(row["state"] in ("delivered", "superseded") for row in rows)
        self.wait(isToldOfAll, "all fourteen at the spot")
        self.see("fourteen", "避難指示", "避難指示")
        for language in ("ja", "ja-x-easy", "en"):
            self.portal.open(f"{self.hub.address}/spots/michi-no-eki-oya/index.{language}.html")
            self.assertEqual(self.portal.sheets(), 1, language)
            self.assertIn("Roadside Station" if language == "en" else "道の駅", self.portal.text("header"))
            # Two and a half screens of a phone; it was nine before orders were joined and folded.
            self.assertLess(self.portal.evaluate("document.documentElement.scrollHeight"), 2200, language)

    def test_a_drill_beside_a_real_notice_does_not_pass_for_real(self):
        self.hub.rows("push", "--town", TOWN, "--actual", "--kind", "notice", "--title", "断水のお知らせ", "--body", "本吉地区で断水しています。")
        self.tablet.until("document.body.innerText.includes('断水')", 15)
        self.order("大谷地区")
        self.see("drill-and-notice", "断水", "断水")
        self.see("drill-and-notice", "訓練", "訓練")
        self.assertIn("断水", self.portal.text())


if __name__ == "__main__":
    unittest.main()
