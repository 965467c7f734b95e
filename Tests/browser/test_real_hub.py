"""The pages in a real browser, against the real program: what a town sees of a drill, from the first code to the revoke."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.request

from browser import CHROMIUM, Browser
from ports import free_port
from screens import Patient

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = next((path for path in [
    pathlib.Path(os.environ.get("NOROSHI_PROGRAM", "")), ROOT / ".build/debug/noroshi", ROOT / ".build/release/noroshi",
] if path.is_file()), None)
TOWN = "042056"
FULL = "!document.querySelector('#full').hidden"
TITLE = "document.querySelector('#full-title').textContent"


class RealHub:
    """The demonstration town on a free port; may be killed and started again on the same data."""

    def __init__(self):
        self.folder = tempfile.TemporaryDirectory(prefix="noroshi-pages-")
        self.listen = f"127.0.0.1:{free_port()}"
        self.address = "http://" + self.listen
        self.environment = {**os.environ, "NOROSHI_TOKEN": "tok", "NOROSHI_HUB": self.address}
        self.start()

    def start(self):
        self.words = open(self.folder.name + "/words", "ab")
        self.process = subprocess.Popen(
            [PROGRAM, "serve", "--data", self.folder.name, "--listen", self.listen], env=self.environment, cwd=ROOT,
            stdout=self.words, stderr=self.words)
        end = time.monotonic() + 60
        while True:
            try:
                # Not the pages: they are served while the record is read, and everything else answers 503 until then.
                asked = urllib.request.Request(self.address + "/v1/towns", headers={"Authorization": "Bearer tok"})
                return urllib.request.urlopen(asked, timeout=2).close()
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=10)
        self.words.close()

    def close(self):
        self.kill()
        self.folder.cleanup()

    def say(self, *words: str) -> str:
        """One command of the program, as a person types it."""
        done = subprocess.run(
            [PROGRAM, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, timeout=30)
        if done.returncode != 0:
            raise AssertionError(f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def rows(self, *words: str) -> list[dict]:
        return [json.loads(line) for line in self.say(*words, "--format", "json").splitlines() if line]

    def get(self, path: str) -> dict:
        asked = urllib.request.Request(self.address + path, headers={"Authorization": "Bearer tok"})
        with urllib.request.urlopen(asked, timeout=60) as answer:
            return json.load(answer)

    def push(self, *words: str) -> str:
        """The alert's id."""
        return self.rows("push", "--town", TOWN, "--exercise", *words)[0]["id"]

    def enrol(self, browser: Browser, shelter: str):
        """A tablet of this shelter in this browser, past its first touch."""
        code = self.rows("device", "invite", "--town", TOWN, "--shelter", shelter)[0]["code"]
        browser.open(f"{self.address}/tablet/#{code}")
        browser.until("document.querySelector('[name=code]').value.length >= 8")
        browser.type("[name=name]", "体育館1号")
        browser.click("#enrol-form button")
        browser.until("!document.querySelector('#desk').hidden")
        browser.click("#start-button")
        browser.until("document.querySelector('#mute').hidden && document.querySelector('#link-state').textContent")

    def sign_in(self, browser: Browser, mode: str = "exercise"):
        """A person at the desk, in the place of this mode."""
        browser.open(self.address + "/console/")
        browser.until("document.querySelector('#sign-in')?.hidden === false")
        browser.type("[name=token]", "tok")
        browser.press("Enter")
        enter_world(browser, mode)

    def reach(self, alert: str) -> dict:
        rows = self.rows("log", "--town", TOWN, "--alert", alert, "--channel", "school-tablet")
        return next((row["reach"] for row in rows if row["endpoint"] == "hashikami-chu"), {})


def enter_world(browser: Browser, mode: str):
    browser.until("!document.querySelector('#between').hidden")
    browser.click(f"#world-{mode}")
    browser.until("!document.querySelector('#rooms').hidden")


class Hand:
    """Somebody at the desk who is in a hurry: each press and each word that is typed is a step, and the clock runs from the sign-in on."""

    def __init__(self, browser: Browser):
        self.browser, self.steps, self.began = browser, 0, time.monotonic()

    def press(self, letter: str, ready: str, held: float = 0):
        self.browser.until(ready)
        self.browser.key(letter, held)
        self.steps += 1

    def say(self, selector: str, word: str):
        self.browser.until(f"document.activeElement === document.querySelector('{selector}')")
        self.browser.type(selector, word)
        self.browser.press("Enter")
        self.steps += 1

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


ORDER = ["--kind", "evacuation", "--level", "4", "--hazard", "津波", "--district", "階上地区", "--shelter", "hashikami-chu"]


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
@unittest.skipUnless(PROGRAM, "the program is not built")
class RealHubTests(Patient):
    def setUp(self):
        self.hub = RealHub()
        self.addCleanup(self.hub.close)
        self.browser = Browser()
        self.addCleanup(self.browser.close)

    def test_a_token_that_was_copied_out_of_the_browser_opens_nothing_and_the_tablet_goes_on(self):
        self.hub.enrol(self.browser, "hashikami-chu")
        self.wait(lambda: self.browser.kept("device"), "the registration, kept")
        token = self.browser.kept("device")["token"]
        self.assertTrue(token)

        def asked() -> int:
            request = urllib.request.Request(self.hub.address + "/v1/catch-up", headers={"Authorization": "Bearer " + token})
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status
            except urllib.error.HTTPError as problem:
                self.assertIn("signature-wanted", problem.read().decode())
                return problem.code
        self.wait(lambda: asked() == 401, "its first signature")
        # The hub is started again and knows none of its nonces: the tablet signs once more, and hears what comes.
        self.hub.kill()
        self.hub.start()
        self.browser.until("document.querySelector('#link-state').textContent", 60)
        self.hub.push(*ORDER)
        self.browser.until(FULL)
        self.assertEqual(asked(), 401)
        self.assertIn("signs", self.hub.get("/v1/devices?town=" + TOWN)["devices"][0])

    def test_a_blackboard_reads_an_order_from_the_last_row_and_a_shelters_report_is_answered(self):
        self.hub.enrol(self.browser, "hashikami-chu")
        board = Browser(1920, 1080)
        self.addCleanup(board.close)
        code = self.hub.rows("device", "invite", "--town", TOWN, "--shelter", "hashikami-chu")[0]["code"]
        board.open(f"{self.hub.address}/tablet/board#{code}")
        board.until("document.querySelector('[name=code]').value.length >= 8")
        board.click("#enrol-form button")
        board.until("document.querySelector('#calm-words').textContent.includes('いま出ている情報はありません')")
        board.photograph("real-board-quiet")
        self.hub.push(*ORDER)
        board.until("document.querySelector('#front-act').textContent === 'ただちに高い所へ'")
        self.assertIn("【訓練】避難指示", board.text("#front-name"))
        self.assertIn("[DRILL]", board.text("#front-languages [lang=en]"))
        self.assertAlmostEqual(board.evaluate("parseFloat(getComputedStyle(document.querySelector('#front-act')).fontSize)"), 90, delta=0.5)
        board.photograph("real-board-order")
        # The shelter reports, corrects itself, and hears the desk.
        self.browser.until("!document.querySelector('#full').hidden")
        self.browser.click("#touch")
        for people, correcting in (("12", False), ("120", True)):
            if correcting:
                self.browser.click("#correct")
                self.browser.evaluate("document.querySelector('[name=people]').value = ''")
            self.browser.type("[name=people]", people)
            self.browser.click("[name=crowding][value=full]")
            self.browser.click("#report-form .big")
            self.wait(lambda: len(self.hub.get(f"/v1/reports?town={TOWN}")["reports"]) == (2 if correcting else 1), "the report at the hub")
            self.browser.until("document.querySelector('#report-state').textContent.includes('町に届きました')")
        desk = Browser(1440, 900)
        self.addCleanup(desk.close)
        self.hub.sign_in(desk, "actual")
        desk.click("[data-room=reports]")
        desk.until("document.querySelector('#report-rows').textContent.includes('の報告を訂正')")
        self.assertIn("の報告を訂正（12人　満員）", desk.text("#report-rows"))
        desk.click("#report-rows tr:not(.group) button")
        desk.type("#ask-input", "水 18時着")
        desk.press("Enter")
        desk.until("document.querySelector('#report-rows .answer')?.textContent.includes('水 18時着')")
        desk.photograph("real-desk-answered")
        self.browser.until("document.querySelector('#report-answers span')?.textContent === '水 18時着'", 40)
        self.assertRegex(self.browser.text("#report-state"), r"^\d\d:\d\d 町が読みました$")
        self.browser.photograph("real-tablet-answered")

    def settle(self, change):
        """The town's settings, changed as the desk changes them."""
        path = f"{self.hub.address}/v1/towns/{TOWN}/settings"
        with urllib.request.urlopen(urllib.request.Request(path, headers={"Authorization": "Bearer tok"}), timeout=60) as answer:
            tag, document = answer.headers["ETag"], json.load(answer)["document"]
        change(document)
        urllib.request.urlopen(urllib.request.Request(
            path, method="PUT", data=json.dumps({"document": document, "reason": "避難所の混み具合を公表"}).encode(),
            headers={"Authorization": "Bearer tok", "Content-Type": "application/json", "If-Match": tag}), timeout=60).close()

    def test_an_examination_that_the_town_sets_is_on_the_schools_tablet_at_once_and_off_when_it_is_taken_back(self):
        self.hub.enrol(self.browser, "hashikami-chu")

        def told(exams: list):
            def change(document):
                next(end for end in document["endpoints"] if end["id"] == "hashikami-chu")["exams"] = exams
            self.settle(change)
        clock = [time.strftime("%Y-%m-%d %H:%M", time.gmtime(time.time() + 9 * 3600 + later)) for later in (-600, 3600)]
        told([{"from": clock[0], "until": clock[1]}])
        self.browser.until("/^試験中/.test(document.querySelector('#exam-words').textContent) && !document.querySelector('#exam-on').hidden")
        told([])
        self.browser.until("document.querySelector('#exam-on').hidden")

    def test_a_shelters_keeper_hears_a_drill_and_its_end_reports_over_a_dead_hub_and_a_wrong_clock_and_the_spots_say_that_it_is_crowded(self):
        def rule(document):
            document["crowding"] = "publish"
            next(end for end in document["endpoints"] if end["id"] == "hashikami-chu")["procedure"] = "1. 体育館を開ける\n2. 受付を置く"
        self.settle(rule)
        self.hub.kill()
        self.hub.start()
        # A clock that can be turned, over a reload too; and what the loudspeaker is given.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            if (location.protocol !== 'about:') {
              const own = Date.now; Date.now = () => own() + Number(localStorage.getItem('ahead') ?? 0); globalThis.trueNow = own;
              const begin = OscillatorNode.prototype.start; globalThis.tones = 0; OscillatorNode.prototype.start = function (at) { globalThis.tones += 1; return begin.call(this, at); }; }"""})
        self.hub.enrol(self.browser, "hashikami-chu")
        self.browser.until("document.querySelector('#here-procedure').textContent.includes('受付を置く')")
        self.assertIn("階上地区", self.browser.text("#here-name"))
        self.assertFalse(self.browser.evaluate("document.querySelector('#here-steps').open"))
        # A drill that sounds, and its end.
        before = self.browser.evaluate("tones")
        drill = self.hub.push(*ORDER)
        self.browser.until(FULL)
        self.assertIn("【訓練】", self.browser.text("#full-kind"))
        self.browser.until(f"tones > {before}")
        self.browser.photograph("scene-drill")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.assertIn("訓練", self.browser.text("#here-level"))
        self.hub.say("cancel", drill)
        self.browser.until(f"{FULL} && document.querySelector('#full-mark').textContent.includes('取り消し')")
        self.browser.photograph("scene-drill-cancelled")
        self.browser.click("#touch")
        # The shelter opens in earnest.
        opened = self.hub.rows("push", "--town", TOWN, "--actual", "--kind", "shelter", "--shelter", "hashikami-chu", "--state", "open")[0]["id"]
        self.browser.until(f"{FULL} && {TITLE}.includes('開設')")
        self.browser.click("#touch")
        self.wait(lambda: self.hub.reach(opened).get("touched"), "that it was read")
        self.browser.until("document.querySelector('#shelter-list').textContent.includes('開設中')")
        self.browser.until("document.querySelector('#outbox-state').textContent === ''")
        self.browser.until("navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
        # The hub dies, the tablet's clock runs off, and the keeper reports all the same; then the page is loaded again.
        self.hub.kill()
        self.browser.until("!document.querySelector('#cut').hidden", 60)
        self.browser.evaluate("localStorage.setItem('ahead', String(-3 * 864e5))")
        self.browser.type("[name=people]", "120")
        self.browser.click("[name=crowding][value=crowded]")
        self.browser.click("[name=water][value=no]")
        said = time.time()
        self.browser.click("#report-form .big")
        self.browser.until("document.querySelector('#report-state').textContent.includes('この端末に保存しました')")
        self.browser.photograph("scene-hub-dead")
        self.browser.evaluate("localStorage.setItem('ahead', String(400 * 864e5))")
        # A machine without time to spare may not have the page's worker awake in time, and shows that nobody answers: whoever holds it loads it again.
        for last in (False, False, True):
            self.browser.call("Page.reload")
            try:
                self.browser.until("globalThis.trueNow && /[0-9]/.test(document.querySelector('#outbox-state')?.textContent)", 30)
                break
            except AssertionError:
                if last:
                    raise
        self.assertIn("1", self.browser.text("#outbox-state"))
        self.assertNotIn("階上地区に", self.browser.text("#list"), "the drill is over, whatever the clock says")
        self.assertIn("開設中", self.browser.text("#shelter-list"))
        self.hub.start()
        self.browser.until("document.querySelector('#outbox-state').textContent === '' && document.querySelector('#link-state').textContent", 90)
        # Nothing lost, nothing twice, nothing untrue.
        reports = self.hub.get(f"/v1/reports?town={TOWN}")["reports"]
        self.assertEqual(len(reports), 1, reports)
        body = json.loads(reports[0]["body"])
        self.assertEqual((body["people"], body["crowding"], body["water"]), (120, "crowded", "no"))
        when = [time.mktime(time.strptime(reports[0][key][:19], "%Y-%m-%dT%H:%M:%S")) - time.mktime(time.gmtime(said)) - 9 * 3600 for key in ("occurred_at", "received_at")]
        self.assertLess(abs(when[0]), 5, f"{reports[0]}: when it was said, by whichever clock")
        self.assertGreater(when[1], when[0], "it came later")
        self.wait(lambda: self.hub.reach(drill).get("touched"), "that the drill was read")
        portal = Browser(360, 740)
        self.addCleanup(portal.close)

        def told() -> bool:
            portal.open(f"{self.hub.address}/spots/michi-no-eki-oya/index.ja.html")
            return "混雑しています" in portal.text()
        self.wait(told, "the spots' page")
        page = portal.text()
        self.assertIn("階上中学校", page)
        self.assertNotIn("120", page, "numbers are the town's")
        portal.photograph("scene-portal-crowded")

    @unittest.skipUnless(shutil.which("pdftotext") and shutil.which("zbarimg"), "no pdftotext or zbarimg on this machine")
    def test_a_spots_page_is_one_sheet_that_says_which_it_is_and_leads_to_the_newest(self):
        address = "https://wifi.kesennuma.example.jp/spots/michi-no-eki-oya/"

        def printed(document):
            next(end for end in document["endpoints"] if end["id"] == "michi-no-eki-oya")["actual"] = {"address": address}
        self.settle(printed)
        self.hub.kill()
        self.hub.start()
        self.hub.rows("push", "--town", TOWN, "--actual", "--kind", "evacuation", "--level", "4", "--hazard", "津波", "--district", "大谷地区", "--shelter", "hashikami-chu")
        numbers = []
        for language, words in (("ja", ("古い紙は外してください", "ここ（大谷地区） 避難指示（津波）", "階上中学校")), ("ja-x-easy", ("ひなんしじ", "古い")), ("en", ("Take down older sheets", "Evacuation Instruction"))):
            page = f"{self.hub.address}/spots/michi-no-eki-oya/index.{language}.html"

            def told() -> bool:
                self.browser.open(page)
                return words[-1] in self.browser.text("main")
            if language == "ja":
                self.wait(told, "the order on the page")
            self.browser.open(page)
            self.assertFalse(self.browser.evaluate("document.querySelector('.paper').checkVisibility()"), "for paper alone")
            paper = self.browser.pdf()
            self.assertEqual(self.browser.sheets(), 1, language)
            said = subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode()
            flat = re.sub(r"\s", "", said)
            for word in words:
                self.assertIn(re.sub(r"\s", "", word), flat, language)
            with tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "sheet.pdf"
                file.write_bytes(paper)
                subprocess.run(["pdftoppm", "-r", "150", "-png", str(file), str(file.with_suffix(""))], check=True)
                picture = next(pathlib.Path(folder).glob("*.png"))
                read = subprocess.run(["zbarimg", "-q", "--raw", str(picture)], capture_output=True, text=True).stdout.strip()
                self.assertEqual(read, address, language)
                if photos := os.environ.get("NOROSHI_PHOTOS"):
                    shutil.copy(picture, f"{photos}/paper-{language}.png")
            if language == "ja":
                numbers.append(int(re.search(r"第(\d+)版", flat).group(1)))
        self.assertGreater(numbers[0], 0)

    def test_three_steps_after_the_sign_in_an_order_is_on_a_tablet_and_three_keys_after_the_next_it_is_taken_back(self):
        self.hub.enrol(self.browser, "hashikami-chu")
        password = self.hub.rows("user", "add", "佐藤", "--role", "chief", "--town", TOWN)[0]["password"]
        desk = Browser(1440, 900)
        self.addCleanup(desk.close)

        def sign_in() -> Hand:
            desk.open(self.hub.address + "/console/")
            desk.until("document.querySelector('#sign-in')?.hidden === false")
            desk.type("#person-form [name=name]", "佐藤")
            desk.type("#person-form [name=password]", password)
            desk.press("Enter")
            return Hand(desk)
        hand = sign_in()
        hand.press("h", "!document.querySelector('#between').hidden")
        hand.press("p", "document.querySelector('#tiles [data-key=P]')?.checkVisibility()")
        # Neither an Enter alone nor another town's name sends.
        desk.until("document.activeElement === document.querySelector('#send-form [name=name]')")
        self.assertIn("大津波", self.hub.say("plans", "list", "--town", TOWN))
        self.assertIn("津波に関する避難指示を発令しました", desk.text("#preview-list"))
        self.assertTrue(desk.evaluate("(() => { const r = document.querySelector('#send-form').getBoundingClientRect(); return r.top > 0 && r.bottom <= innerHeight + 1 })()"), "the last question is in sight")
        desk.photograph("real-console-plan-ready")
        desk.press("Enter")
        self.assertEqual(self.hub.rows("alerts", "--town", TOWN), [])
        hand.say("#send-form [name=name]", "気仙沼市")
        self.browser.until(FULL)
        self.assertIn("避難指示", self.browser.text("#full-title"))
        self.assertNotIn("訓練", self.browser.text("#full"))
        sent = hand.seconds
        print(f"sign-in to an order on a tablet: {hand.steps} steps, {sent:.1f} s")
        self.assertLessEqual(hand.steps, 3)
        self.assertLessEqual(sent, 60)

        desk.click("#sign-out")
        desk.until("document.readyState === 'complete' && document.querySelector('#sign-in')?.hidden === false")
        hand = sign_in()
        hand.press("h", "!document.querySelector('#between').hidden")
        hand.press("t", "document.querySelector('#take-back-newest').checkVisibility()")
        hand.press("Enter", "document.activeElement.id === 'hold-back' && !document.querySelector('#hold-back').disabled", held=1.4)
        self.browser.until("document.querySelector('#full-mark').textContent === '取り消し'")
        print(f"sign-in to its taking back on a tablet: {hand.steps} keys, {hand.seconds:.1f} s")
        self.assertLessEqual(hand.steps, 3)
        self.assertLessEqual(hand.seconds, 30)
        self.assertEqual(self.hub.get(f"/v1/towns/{TOWN}/standing?mode=actual")["districts"], [])

    def test_a_person_signs_in_by_name_orders_and_another_approves(self):
        def person(name: str, role: str) -> str:
            return self.hub.rows("user", "add", name, "--role", role, "--town", TOWN)[0]["password"]

        def enter(browser: Browser, name: str, password: str):
            browser.open(self.hub.address + "/console/")
            browser.until("document.querySelector('#sign-in')?.hidden === false")
            browser.type("#person-form [name=name]", name)
            browser.type("#person-form [name=password]", password)
            browser.press("Enter")
            enter_world(browser, "actual")

        duty, chief = person("佐藤", "duty"), person("高橋", "chief")
        enter(self.browser, "佐藤", duty)
        self.browser.click("#password-later")
        self.browser.click("[data-room=push]")
        self.browser.until("document.querySelectorAll('#districts input').length > 1")
        self.browser.click("#push-form input[value=notice]")
        self.browser.type("#push-form [name=title]", "断水")
        self.browser.type("#push-form [name=body]", "断水しています。")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("高橋", self.browser.text("#second-words"))
        self.browser.type("#send-form [name=name]", "気仙沼市")
        self.browser.click("#send-form button.send")
        self.browser.until("document.querySelector('#push-done').textContent.includes('まだ送っていません')")
        second = Browser()
        self.addCleanup(second.close)
        enter(second, "高橋", chief)
        second.until("document.querySelectorAll('#approvals-rows li').length === 1")
        self.assertIn("断水", second.text("#approvals-rows"))
        second.click("#approvals-rows summary")
        second.until("document.querySelector('#approvals-rows .texts').textContent.includes('断水しています')")
        second.photograph("real-approval")
        second.click("#approvals-rows .main")
        second.until("document.querySelector('#ask').open")
        second.click("#ask-yes")
        second.until("document.querySelector('#approvals').hidden")
        self.assertEqual([alert["title"] for alert in self.hub.rows("alerts", "--town", TOWN)], ["断水"])
        # A reload is no sign-in; signing out is one for every tab.
        second.open(self.hub.address + "/console/#log")
        second.until("!document.querySelector('#log').hidden")
        second.click("#sign-out")
        second.until("document.readyState === 'complete' && document.querySelector('#sign-in')?.hidden === false")

    def test_a_device_that_knows_its_person_opens_the_desk_and_a_removed_one_does_not(self):
        password = self.hub.rows("user", "add", "佐藤", "--role", "chief", "--town", TOWN)[0]["password"]
        browser, address = self.browser, self.hub.address.replace("127.0.0.1", "localhost")
        browser.call("WebAuthn.enable")
        browser.call("WebAuthn.addVirtualAuthenticator", {"options": {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True,
            "automaticPresenceSimulation": True}})
        browser.open(address + "/console/")
        browser.until("document.querySelector('#sign-in')?.hidden === false")
        browser.type("#person-form [name=name]", "佐藤")
        browser.type("#person-form [name=password]", password)
        browser.press("Enter")
        enter_world(browser, "actual")
        browser.click("#password-later")
        browser.click("[data-room=people]")
        browser.until("!document.querySelector('#passkeys').hidden")
        browser.type("#passkey-form [name=device]", "当直室のパソコン")
        browser.click("#passkey-form button")
        browser.until("document.querySelector('#passkey-rows').textContent.includes('当直室のパソコン')")
        browser.photograph("real-passkey")
        for _ in range(2):
            browser.click("#sign-out")
            browser.until("document.readyState === 'complete' && document.querySelector('#sign-in')?.hidden === false")
            browser.click("#passkey-enter")
            enter_world(browser, "actual")
            self.assertEqual(browser.text("#person"), "佐藤さん")
        browser.click("[data-room=people]")
        browser.until("document.querySelectorAll('#passkey-rows li').length === 1")
        browser.click("#passkey-rows .danger")
        browser.until("document.querySelector('#ask').open")
        browser.click("#ask-yes")
        browser.until("document.querySelectorAll('#passkey-rows li').length === 0")
        self.assertNotIn("signature", self.hub.say("user", "list", "--format", "json"))

    def test_a_tablet_hears_a_drill_and_its_end_and_forgets_when_revoked(self):
        self.hub.enrol(self.browser, "hashikami-chu")
        self.assertIn("気仙沼市", self.browser.text("#place"))
        order = self.hub.push(*ORDER)
        self.browser.until(FULL)
        self.assertIn("訓練", self.browser.text("#full-drill"))
        self.assertIn("避難指示", self.browser.text("#full-title"))
        kept = "import('/tablet/store.js').then(({ read }) => read('seals')).then((kept) => JSON.stringify(kept))"
        self.wait(lambda: json.loads(self.browser.evaluate(kept))["state"] > 0, "what stands, signed by the town")
        proven = json.loads(self.browser.evaluate(kept))
        self.assertTrue(proven["heard"] and proven["doubted"] is None and len(proven["keys"]) == 1, proven)
        self.assertTrue(self.browser.evaluate("document.querySelector('#unchecked').hidden"))
        self.browser.photograph("real-tablet-drill")
        self.wait(lambda: self.hub.reach(order).get("shown") == 1, "shown in the log")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.wait(lambda: self.hub.reach(order).get("touched") == 1, "touched in the log")
        self.assertIn("避難指示", self.browser.text("#list"))
        self.browser.photograph("real-tablet-list")

        self.hub.kill()
        self.browser.until("!document.querySelector('#cut').hidden")
        self.assertIn("通信が切れています", self.browser.text("#cut"))
        self.browser.photograph("real-tablet-cut")
        self.hub.start()
        self.browser.until("document.querySelector('#cut').hidden", 60)
        self.assertIn("避難指示", self.browser.text("#list"))
        self.assertFalse(self.browser.evaluate(FULL), "what was touched does not ask again")

        self.hub.say("cancel", order)
        self.browser.until("document.querySelector('#full-mark').textContent === '取り消し'")
        self.assertIn("訓練", self.browser.text("#full-drill"))
        self.assertEqual(self.browser.evaluate("document.querySelector('#full').scrollTop"), 0)
        self.browser.photograph("real-tablet-cancelled")

        device = self.hub.rows("device", "list", "--town", TOWN)[0]
        self.hub.say("device", "revoke", device["id"])
        # The line is cut, not left to its next heartbeat.
        self.browser.until("!document.querySelector('#enrol').hidden", 10)
        self.assertIn("登録は取り消されました", self.browser.text("#enrol"))
        self.assertNotIn("避難指示", self.browser.text("body"))
        self.browser.photograph("real-tablet-revoked")

    def test_a_replayed_earthquake_fills_the_screen_as_a_drill(self):
        self.hub.enrol(self.browser, "hashikami-chu")
        replay = subprocess.Popen(
            [PROGRAM, "replay", "Templates/demo", "--speed", "15"], env=self.hub.environment, cwd=ROOT, stdout=subprocess.DEVNULL)
        self.browser.until("document.querySelector('#full-kind').textContent.includes('緊急地震速報')")
        self.assertIn("訓練", self.browser.text("#full-drill"))
        self.assertIn("予想される震度", self.browser.text("#full-facts"))
        self.browser.photograph("real-tablet-quake")
        # Two minutes of that day later, two seconds of ours.
        self.browser.until(f"{TITLE}.includes('大津波警報')")
        self.browser.photograph("real-tablet-tsunami")
        self.assertEqual(replay.wait(timeout=60), 0)
        self.browser.click("#languages button[lang=en]")
        self.assertIn("DRILL", self.browser.text("#full-drill"))
        self.assertIn("Tsunami", self.browser.text("#full-kind"))
        self.browser.photograph("real-tablet-tsunami-english")

    def test_the_desk_previews_sends_follows_cancels_and_invites(self):
        browser = self.browser
        self.hub.sign_in(browser)
        self.assertIn("気仙沼市", browser.text("#town-select"))
        browser.click("[data-room=push]")
        # The form of a new act is laid out when its room opens, and empty then.
        browser.until("document.body.dataset.open === 'push' && document.querySelectorAll('#districts input').length > 1")
        browser.evaluate("""for (const [name, value] of [['level', '4'], ['hazard', '津波']]) {
            const one = document.querySelector('#push-form').elements[name];
            one.value = value; one.dispatchEvent(new Event('input', {bubbles: true})) }""")
        browser.click("#districts input[value=階上地区]")
        browser.click("#goals input[value=hashikami-chu]")
        browser.photograph("real-console-push")
        browser.click("#push-form button.main")
        browser.until("!document.querySelector('#preview').hidden && document.querySelectorAll('#preview-list .card').length > 3")
        self.assertIn("階上地区", browser.text("#preview-list"))
        self.assertIn("気仙沼市", browser.text("#send-words"))
        browser.evaluate("document.querySelector('#preview').scrollIntoView()")
        browser.photograph("real-console-preview")
        browser.click("#send-form button")
        browser.until("document.querySelector('#push-done').textContent.includes('訓練')")

        browser.click("[data-room=log]")
        browser.until("document.querySelectorAll('#log-rows tr').length > 0 && document.querySelector('#line').textContent.includes('●')")
        self.hub.push("--kind", "notice", "--title", "断水のお知らせ", "--body", "本吉地区で断水しています。")
        browser.until("document.querySelector('#log-rows').innerText.includes('断水のお知らせ')")
        browser.size(1280, 800)
        browser.photograph("real-console-log")

        browser.click("[data-room=alerts]")
        browser.until("document.querySelectorAll('#now-rows .danger').length === 2")
        self.assertIn("階上地区", browser.text("#standing"))
        browser.photograph("real-console-alerts")
        browser.click("#standing .danger")
        browser.until("!document.querySelector('#preview').hidden && document.querySelectorAll('#changes-rows tr').length === 1")
        self.assertIn("なし", browser.text("#changes-rows"))
        browser.photograph("real-console-take-back")
        browser.type("#send-form [name=name]", "気仙沼市")
        browser.click("#send-form button")
        browser.until("document.querySelector('#push-done').textContent.includes('訓練')")
        browser.click("#push-done button")
        browser.until("document.querySelectorAll('#said-list .card').length > 3")
        self.assertIn("取", browser.text("#said-list"))
        browser.click("[data-room=alerts]")
        browser.until("document.querySelectorAll('#now-rows .danger').length === 1")
        self.assertIn("取消済み", browser.evaluate("document.querySelector('#past-rows').textContent"))

        # The register of tablets is no part of a drill.
        browser.click("#cross")
        enter_world(browser, "actual")
        browser.click("[data-room=devices]")
        browser.until("!document.querySelector('#devices').hidden")
        browser.evaluate("document.querySelector('#site-select').value = 'hashikami-chu'")
        browser.click("#invite-form button")
        browser.until("document.querySelector('#invitation img')?.naturalWidth > 0")
        browser.photograph("real-console-invitation")

    def test_the_desk_opens_shelters_together_notes_a_call_and_draws_what_is_so(self):
        browser = self.browser
        self.hub.push(*ORDER)
        browser.size(1440, 900)
        self.hub.sign_in(browser)
        browser.until("document.querySelectorAll('#silent-rows > li').length > 0")
        # Who is silent is called: the record has it, with who called.
        browser.evaluate("[...document.querySelectorAll('#silent-rows > li')].find((one) => one.textContent.startsWith('階上')).querySelector('button').click()")
        browser.until("document.querySelector('#call').open")
        browser.type("#call-form [name=words]", "教頭が出た")
        browser.click("#call-answers button:first-child")
        browser.until("document.querySelector('#silent-called').textContent.includes('伝わった 1')")
        self.assertIn("伝わった　教頭が出た", browser.text("#silent-rows"))
        browser.photograph("real-console-called")
        browser.evaluate("location.hash = 'drill/push:shelter'")
        browser.until("document.body.dataset.open === 'push' && document.querySelectorAll('#houses input').length > 1 && document.querySelector('#push-form').state.value === 'open'")
        browser.click("#houses-all")
        browser.click("#push-form button.main")
        browser.until("!document.querySelector('#preview').hidden && document.querySelectorAll('#preview-list .card').length > 0")
        count = browser.evaluate("document.querySelectorAll('#changes-rows tr').length")
        self.assertIn(f"避難所{count}か所を、気仙沼市", browser.text("#send-words"))
        browser.photograph("real-console-shelters")
        browser.click("#send-form button")
        browser.until("document.querySelector('#push-done').textContent.includes('受け付けました')")
        self.assertIn(f"避難所{count}か所を、訓練として受け付けました", browser.text("#push-done"))
        standing = self.hub.get(f"/v1/towns/{TOWN}/standing?mode=exercise")
        self.assertEqual(len(standing["shelters"]), count, "what was counted stands")
        # The same after a restart, and on the map.
        self.hub.kill()
        self.hub.start()
        calls = self.hub.get(f"/v1/calls?town={TOWN}&mode=exercise")["calls"]
        self.assertEqual([(one["endpoint"], one["answer"], one["words"]) for one in calls], [("hashikami-chu", "reached", "教頭が出た")])
        browser.click("[data-room=alerts]")
        browser.until("document.querySelector('#line').textContent.includes('●')")
        browser.until("document.querySelectorAll('#silent-rows > li').length > 0 && document.querySelector('#silent-rows').textContent.includes('教頭が出た')")
        browser.click("#map-open")
        browser.until(f"document.querySelectorAll('#map-box .shelter.open').length === {count}")
        self.assertEqual(browser.evaluate("[...document.querySelectorAll('#map-box .level4 .number')].map((one) => one.textContent)"), ["4"])
        browser.evaluate("document.querySelector('#map').scrollIntoView()")
        browser.photograph("real-console-map")

    def test_the_night_is_on_one_list_which_is_saved_as_a_file_and_a_notice_waits_for_its_hour(self):
        browser = self.browser
        self.hub.push(*ORDER)
        browser.size(1440, 900)
        self.hub.sign_in(browser)
        browser.until("document.querySelectorAll('#silent-rows > li').length > 0")
        browser.key("0")
        browser.until("document.querySelector('#chronicle-rows').textContent.includes('発令：避難指示（津波）階上地区')")
        self.assertIn("操作卓に入った", browser.text("#chronicle-rows"))
        browser.type("#chronicle-note [name=words]", "町長に電話で伝えた")
        browser.press("Enter")
        browser.until("document.querySelector('#chronicle-rows').textContent.includes('町長に電話で伝えた')")
        browser.photograph("real-console-chronicle")
        folder = tempfile.TemporaryDirectory(prefix="noroshi-saved-")
        self.addCleanup(folder.cleanup)
        browser.call("Page.setDownloadBehavior", {"behavior": "allow", "downloadPath": folder.name})
        browser.click("#chronicle-csv")
        saved = pathlib.Path(folder.name)
        self.wait(lambda: list(saved.glob("chronicle-042056-exercise-*.csv")), "the file")
        browser.until("document.querySelector('#chronicle-done').textContent.includes('.csv を保存しました')")
        text = next(saved.glob("*.csv")).read_text("utf-8-sig")
        self.assertEqual(text.splitlines()[0], "時刻,区分,種類,だれが,内容,情報の番号")
        self.assertLess(text.index("発令：避難指示（津波）階上地区"), text.index("町長に電話で伝えた"), "the oldest first")
        self.assertNotIn("本番", text)
        self.assertIn("町長に電話で伝えた", self.hub.say("chronicle", "list", "--town", TOWN, "--exercise"))
        self.assertNotIn("町長", self.hub.say("chronicle", "list", "--town", TOWN))
        # A notice for later: read first, and not sent.
        browser.evaluate("document.activeElement.blur()")
        browser.key("9")
        browser.until("!document.querySelector('#notices').hidden && !document.querySelector('#notices-none').hidden")
        browser.type("#notice-form [name=title]", "朝市")
        browser.type("#notice-form [name=body]", "港の広場で朝市があります。")
        browser.evaluate("document.querySelector('#notice-form').elements.at.value = '2098-12-01T08:00'")
        browser.click("#notice-form button")
        browser.until("document.activeElement.id === 'notice-preview-title'")
        self.assertIn("【訓練】", browser.text("#notice-texts"))
        browser.photograph("real-console-notices")
        browser.click("#notice-send button")
        browser.until("document.querySelectorAll('#notice-rows tr').length === 1")
        self.assertIn("12月1日（月） 08:00", browser.text("#notice-rows"))
        self.assertEqual(len(self.hub.get(f"/v1/alerts?town={TOWN}")["alerts"]), 1, "only the order: nothing was sent")

    def test_a_spots_page_says_it_in_every_language_and_asks_the_phone_for_its_own(self):
        self.hub.push(*ORDER)
        page = self.hub.address + "/spots/kesennuma-eki/"
        for list in sorted((ROOT / "Templates" / "screens").glob("*.json")):
            file, words = f"index.{list.stem}.html", json.loads(list.read_text())
            if words["language"]["when"] == "named":
                continue
            with self.subTest(file):
                word = words["drill"]["title"].strip()
                self.wait(lambda: self.words_of(page + file, word), word)
                self.assertEqual(self.browser.evaluate("document.documentElement.lang"), list.stem)
                asked = urllib.request.Request(page, headers={"Accept-Language": f"{list.stem}-XX, en;q=0.5"})
                self.assertIn(f'<html lang="{list.stem}"', urllib.request.urlopen(asked).read().decode())
                for width, height in [(360, 740), (1024, 768), (1440, 900)]:
                    self.browser.size(width, height)
                    self.browser.open(page + file)
                    self.assertFalse(self.browser.evaluate(
                        "document.documentElement.scrollWidth > innerWidth"), "nothing runs out of the screen")
                    self.browser.photograph(f"real-portal-{file}-{width}")

    def words_of(self, address: str, word: str) -> bool:
        # A reading stands over its word, and in brackets only where nothing can stand over anything.
        def bare(text: str) -> str:
            return re.sub(r"[\s（）]", "", text.lower())
        self.browser.open(address)
        return bare(word) in bare(self.browser.text())



if __name__ == "__main__":
    unittest.main()
