"""A town from nothing to its first drill, by the pages alone, against the real program: the way a new town goes, in the order in which its page asks."""
import hashlib
import http.server
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time
import unittest
import urllib.request

from browser import CHROMIUM, Browser
from ports import free_port
from screens import Patient
from test_real_hub import PROGRAM, ROOT

TOWN = "042056"
CSV = "名称,住所,緯度,経度,電話番号,想定収容人数,災害種別_洪水,災害種別_津波\n第一小学校,宮城県気仙沼市本町1-1,38.9000,141.5600,0226-22-0100,300,1,0\n階上中学校,宮城県気仙沼市長磯1,38.8200,141.5500,0226-27-0200,500,1,1\n"
SEA = [[141.40, 38.75], [141.60, 38.75], [141.66, 38.85], [141.62, 39.00], [141.45, 38.98], [141.40, 38.75]]


class Hook(http.server.BaseHTTPRequestHandler):
    """Somebody else's system: keeps what it is told."""
    told: list[dict] = []

    def do_POST(self):
        Hook.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self):
        self.send_response(405)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_OPTIONS = do_HEAD

    def log_message(self, *_):
        pass


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
@unittest.skipUnless(PROGRAM, "the program is not built")
class FirstStartTests(Patient):
    def setUp(self):
        Hook.told = []
        self.hook = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
        threading.Thread(target=self.hook.serve_forever, daemon=True).start()
        self.addCleanup(self.hook.shutdown)
        folder = tempfile.TemporaryDirectory(prefix="noroshi-first-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        # What stands on the machine before anybody opens a page: who keeps it, and no town.
        digest = hashlib.sha256(b"tok").hexdigest()
        (self.folder / "noroshi.yaml").write_text(f"operators:\n  - {{name: 管理者, token_sha256: {digest}}}\ntowns: []\n")
        self.listen = f"127.0.0.1:{free_port()}"
        self.address = "http://" + self.listen
        self.process = None
        self.addCleanup(self.stop)
        self.start()
        self.browser = Browser(1440, 900)
        self.addCleanup(self.browser.close)

    def start(self):
        with open(self.folder / "words", "a") as words:
            self.process = subprocess.Popen(
                [PROGRAM, "serve", "--config", self.folder / "noroshi.yaml", "--data", self.folder / "data", "--listen", self.listen], cwd=ROOT,
                stdout=subprocess.DEVNULL, stderr=words)

        def is_ready():
            try:
                return self.get("/v1/towns") is not None
            except OSError:
                self.assertIsNone(self.process.poll(), (self.folder / "words").read_text()[-2000:])
                return False
        self.wait(is_ready, "the hub", 60)

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait(timeout=10)

    def get(self, path: str) -> dict:
        with urllib.request.urlopen(urllib.request.Request(self.address + path, headers={"Authorization": "Bearer tok"}), timeout=60) as answer:
            return json.load(answer)

    # MARK: hands

    def sign_in(self):
        self.browser.open(self.address + "/console/")
        self.browser.until("document.querySelector('#sign-in')?.hidden === false")
        self.browser.type("[name=token]", "tok")
        self.browser.press("Enter")

    def world(self, mode: str):
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click(f"#world-{mode}")
        self.browser.until(f"document.body.dataset.world === '{mode}' && !document.querySelector('#rooms').hidden")

    def room(self, name: str):
        self.browser.click(f"[data-room={name}]")
        self.browser.until(f"!document.querySelector('#{name}').hidden")

    def yes(self):
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("!document.querySelector('#ask').open")

    def file(self, place: str, name: str, text: str):
        self.browser.evaluate(f"""(() => {{ const box = new DataTransfer(), place = {place};
            box.items.add(new File([{json.dumps(text)}], {json.dumps(name)})); place.files = box.files; place.dispatchEvent(new Event('change', {{bubbles: true}})) }})()""")

    def keep(self, reason: str, version: int):
        self.browser.type("#settings-form [name=reason]", reason)
        self.browser.click("#settings-send button.main")
        self.yes()
        self.browser.until(f"document.querySelector('#settings-done').textContent.includes('第{version}版')")

    def far_end(self, channel: str, name: str, number: str, settings: str = "", sides=("actual", "exercise")):
        self.browser.click("#end-add")
        self.browser.evaluate(f"document.querySelector('#end-form').elements.channel.value = '{channel}'")
        for field, value in (("id", number), ("name", name)):
            self.browser.type(f"#end-form [name={field}]", value)
        for side in ("actual", "exercise"):
            self.browser.evaluate(f"document.querySelector('#end-form').elements['takes-{side}'].checked = {json.dumps(side in sides)}")
            if side in sides and settings:
                self.browser.evaluate(f"document.querySelector('#end-form').elements.{side}.value = {json.dumps(settings)}")
        self.browser.click("#end-form button[type=submit]")
        self.browser.until("document.querySelector('#end-form').hidden")

    def steps(self) -> str:
        return self.browser.text("#start-steps")

    def test_a_town_from_nothing_to_its_first_drill_by_the_pages_alone(self):
        began = time.monotonic()
        self.sign_in()
        self.browser.until("!document.querySelector('#found').hidden")
        self.browser.photograph("first-start-nothing")
        # Code and name.
        self.browser.type("#found-form [name=code]", "存在しない市")
        self.browser.click("#found-form button")
        self.browser.until("document.querySelector('#found-form .refusal')?.textContent.includes('6桁の市町村コード')")
        self.browser.evaluate("document.querySelector('#found-form').elements.code.value = ''")
        self.browser.type("#found-form [name=code]", TOWN)
        self.browser.click("#found-form button")
        self.browser.until("!document.querySelector('#settings').hidden && document.querySelectorAll('#start-steps li').length === 8")
        self.assertIn("気仙沼市（042056）Kesennuma City", self.steps())
        # The coast, and the outline on the map.
        self.browser.click("#tsunami input[value='220']")
        self.file("document.querySelector('#outline-file')", "N03.geojson", json.dumps({"type": "FeatureCollection", "features": [
            {"type": "Feature", "properties": {"N03_007": "04205"}, "geometry": {"type": "Polygon", "coordinates": [SEA]}},
            {"type": "Feature", "properties": {"N03_007": "04202"}, "geometry": {"type": "Polygon", "coordinates": [[[1, 1], [2, 1], [2, 2], [1, 1]]]}}]}))
        self.browser.until("document.querySelectorAll('#outline-picture polygon').length === 1")
        # Districts.
        for name, roman in (("本町", "Honcho"), ("階上地区", "Hashikami")):
            self.browser.type("#district-name", name)
            self.browser.type("#district-roman", roman)
            self.browser.click("#district-add")
        # Far ends, each with its link test.
        address = f"url=http://127.0.0.1:{self.hook.server_address[1]}/\nsecret=whsec_bm9yb3NoaS1lbmQtdG8tZW5kLXRlc3RzLXNlY3JldC4="
        self.far_end("webhook", "県の防災システム", "ken", address, sides=("exercise",))
        self.far_end("school-tablet", "第一小学校", "daiichi-sho")
        self.far_end("wifi-portal", "駅前", "eki")
        self.browser.photograph("first-start-settings")
        self.keep("町をはじめる", 2)
        self.browser.click("#link-test")
        self.browser.until("/つながりました|返事のない/.test(document.querySelector('#link-done').textContent)")
        self.assertIn("3か所とも、つながりました", self.browser.text("#link-done"))
        # It is left here, and the machine is restarted: the next one goes on where it stopped.
        self.browser.click("#sign-out")
        self.browser.until("document.readyState === 'complete' && document.querySelector('#sign-in')?.hidden === false")
        self.stop()
        self.start()
        self.sign_in()
        self.world("actual")
        self.room("settings")
        self.browser.until("document.querySelectorAll('#start-steps li').length === 8")
        for part in ["2地区", "3か所", "外形があります", "宮城県", "0施設"]:
            self.assertIn(part, self.steps())
        # Shelters from a list, with its report.
        self.room("shelters")
        self.file("document.querySelector('#list-form').elements.file", "避難所.csv", CSV)
        self.browser.click("#list-form button.main")
        self.browser.until("document.querySelector('#list-counts').textContent.includes('追加 2')")
        self.browser.click("#list-take")
        self.yes()
        self.browser.until("document.querySelectorAll('#shelter-rows tr').length === 2")
        # People and roles, and the keys for the safe.
        self.room("people")
        self.browser.until("document.querySelectorAll('#user-roles input').length > 3")
        self.browser.type("#user-form [name=name]", "佐藤")
        self.browser.click("#user-roles input[value=chief]")
        self.browser.click("#user-form button.main")
        self.browser.until("document.querySelector('#secret-lines').textContent.includes('最初のパスワード')")
        self.browser.click("#safe-make")
        self.yes()
        self.browser.until("document.querySelectorAll('#secret-lines p').length === 10")
        # Until here nobody has heard a word: editing never publishes.
        self.assertEqual(self.get(f"/v1/alerts?town={TOWN}")["alerts"], [])
        self.assertEqual(self.get(f"/v1/deliveries?town={TOWN}")["deliveries"], [])
        self.assertEqual(Hook.told, [])
        # The first drill.
        self.browser.click("#cross")
        self.world("exercise")
        self.room("drills")
        self.browser.type("#drill-form [name=title]", "はじめての訓練")
        self.browser.click("#drill-form button")
        self.browser.until("document.querySelectorAll('#drill-rows tr').length === 1")
        self.browser.click("#drill-rows button")
        self.yes()
        self.browser.until("document.querySelector('#drill-rows').textContent.includes('実施中')")
        self.room("push")
        self.browser.click("#push-form [name=kind][value=notice]")
        self.browser.type("#push-form [name=title]", "はじめての訓練")
        self.browser.type("#push-form [name=body]", "これは訓練です。")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#send-form button")
        self.browser.until("document.querySelector('#push-done').textContent.includes('訓練として受け付けました')")
        self.wait(lambda: Hook.told, "the county's system", 30)
        self.assertEqual(Hook.told[0]["mode"], "exercise")
        self.room("drills")
        self.browser.until("[...document.querySelectorAll('#drill-rows button')].some((one) => one.textContent.includes('終えて採点'))")
        self.wait(lambda: all(row["state"] in ("delivered", "skipped") for row in self.get(f"/v1/deliveries?town={TOWN}")["deliveries"]), "every far end", 30)
        self.browser.evaluate("[...document.querySelectorAll('#drill-rows button')].find((one) => one.textContent.includes('終えて採点')).click()")
        self.yes()
        self.browser.until("!document.querySelector('#drill-score').hidden")
        self.assertIn("3／3", self.browser.text("#drill-marks"))
        self.browser.photograph("first-start-score")
        # And the page of the first start says that nothing is missing.
        self.browser.click("#cross")
        self.world("actual")
        self.room("settings")
        self.browser.until("document.querySelectorAll('#start-steps li.done').length === 8")
        self.browser.photograph("first-start-done")
        self.assertLess(time.monotonic() - began, 1800, "thirty minutes, and a machine needs less than one")
        self.call_up()

    def call_up(self):
        """The town's own people by the link that their chat is sent: on a phone, without a name or a password."""
        self.room("muster")
        self.browser.until("document.querySelectorAll('#staff-rows tr').length === 1")
        self.browser.click("#staff-rows button")
        self.browser.until("!document.querySelector('#ways-form').hidden")
        self.browser.type("#ways-form [name=webhook]", f"http://127.0.0.1:{self.hook.server_address[1]}/chat")
        self.browser.click("#ways-form button.main")
        self.browser.until("document.querySelector('#staff-rows').textContent.includes('○')")

        def call() -> str:
            self.browser.click("#muster-roles input")
            self.browser.type("#muster-form [name=words]", "大雨警報のため、庁舎2階の災害対策室へ")
            Hook.told.clear()
            self.browser.click("#muster-form button.main")
            self.yes()
            self.wait(lambda: Hook.told, "the chat", 30)
            return re.search(r"/muster/[\w-]+", json.dumps(Hook.told[0]))[0]
        link = call()
        phone = Browser(390, 844)
        self.addCleanup(phone.close)
        phone.open(self.address + link)
        self.assertIn("引き受けます", phone.text())
        phone.photograph("muster-link")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#muster-people .delivered').length"), 0, "opening it says nothing")
        phone.click("button.main")
        phone.until("document.body.textContent.includes('引き受けたと記録しました')")
        phone.photograph("muster-link-taken")
        self.browser.until("document.querySelector('#muster-people').textContent.includes('引き受けた（')", 60)
        # One that the town has ended says so.
        link = call()
        self.browser.until("document.querySelector('#muster-end').checkVisibility()")
        self.browser.click("#muster-end")
        self.yes()
        self.browser.until("document.querySelector('#muster-past').textContent.includes('終えました')")
        phone.open(self.address + link)
        self.assertIn("この参集は終わりました", phone.text())
        phone.photograph("muster-link-over")


if __name__ == "__main__":
    unittest.main()
