"""The electronic blackboard of a classroom in a real browser, against a small hub."""
import time
import unittest

from browser import CHROMIUM
from fake_hub import stamp
from screens import OnSmallHub

FRONT = "!document.querySelector('#front').hidden"
SIZES = {"hd": (1920, 1080), "4k": (3840, 2160), "small": (1280, 800)}

ORDER = dict(level=4, gravity="danger", change="new", texts={
    "ja": {"title": "避難指示（警戒レベル4）土砂災害：危険な場所から全員避難", "body":
           "こちらはさくら市です。\n本町地区・川端地区に、土砂災害に関する警戒レベル4、避難指示を発令しました。\n"
           "危険な場所にいる方は、速やかに全員避難を開始してください。\n避難先：市民体育館、第一小学校（満員）\n（11月29日14時46分）"},
    "ja-x-easy": {"title": "避難指示（ひなんしじ）：危ない 所から みんな すぐ 逃げて ください", "body": "逃げて ください。"},
    "en": {"title": "Alert Level 4: Evacuation Instruction (landslide). Everyone: leave dangerous places now", "body": "Leave now."}})
EEW = dict(kind="eew", priority="immediate", gravity="emergency", change="new", event="q", sender="気象庁", local_intensity="6-", texts={
    "ja": {"title": "地震です　机の下へ", "body":
           "さくら市に強い揺れが来ます。予想される震度は6弱程度です。\n机の下に入り、机の脚を持って、頭を守ってください。窓や棚から離れてください。\n"
           "揺れが収まるまで動かず、先生の指示を聞いてください。\n（気象庁　緊急地震速報　11月29日14時46分）"},
    "ja-x-easy": {"title": "緊急地震速報（きんきゅうじしんそくほう）：頭を 守って ください", "body": "頭を 守って ください。"},
    "en": {"title": "Earthquake: get under a desk", "body": "Strong shaking is coming."}})
QUAKE_WRONG = {"ja": {"title": "緊急地震速報を取り消します", "body": "先ほどの緊急地震速報は誤りでした。取り消します。\n取り消すのはこの情報だけです。ほかに出ている警報や避難情報には従ってください。"},
               "ja-x-easy": {"title": "取り消し：地震の お知らせは まちがいでした", "body": "まちがいでした。"},
               "en": {"title": "Cancelled, sent by mistake: Earthquake Early Warning", "body": "It was wrong."}}


def serial(number: int) -> dict:
    return {"series": "operator", "serial": number, "sent": f"2099-01-01T00:00:{number:02}+09:00"}


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class BlackboardTests(OnSmallHub):
    SIZE = SIZES["hd"]

    def enrol(self):
        self.enrol_at("/tablet/board", "6年1組", "!document.querySelector('#calm').hidden")
        self.browser.until("document.querySelector('#mute').hidden")

    def photograph(self, name: str):
        for size, (width, height) in SIZES.items():
            self.browser.size(width, height)
            self.browser.until(f"innerHeight === {height}")
            self.assert_whole()
            self.browser.photograph(f"board-{name}-{size}")
        self.browser.size(*SIZES["hd"])

    def assert_whole(self):
        """Nothing runs out of the screen, or the page says that more follows: once it has been drawn in the size it has now."""
        self.browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        self.assertFalse(self.browser.evaluate("document.documentElement.scrollHeight > innerHeight || document.documentElement.scrollWidth > innerWidth"))
        cut = self.browser.evaluate("""(() => { const front = document.querySelector('#front');
            return !front.hidden && front.scrollHeight > front.clientHeight + 1 && document.querySelector('#below').hidden })()""")
        self.assertFalse(cut, "cut silently")
        lines = self.browser.evaluate("[...document.querySelectorAll('#others li')].filter((one) => one.scrollWidth > one.clientWidth + 1).length")
        self.assertEqual(lines, 0, "a line is cut")

    def test_nothing_is_cut_where_the_page_is_enlarged_or_the_screen_is_a_phone_laid_on_its_side(self):
        self.enrol()
        sizes = {"landscape": (740, 360, 100), "hd-200": (1920, 1080, 200)}

        def look(name):
            self.assert_whole()
            self.browser.photograph(f"board-{name}-{len(self.hub.events)}")
        self.everywhere(look, sizes)
        self.hub.publish("alert", **ORDER)
        self.browser.until(FRONT)
        self.everywhere(look, sizes)

    def size_of(self, selector: str) -> float:
        return self.browser.evaluate(f"parseFloat(getComputedStyle(document.querySelector('{selector}')).fontSize)")

    def largest(self) -> str:
        return self.browser.evaluate("""[...document.querySelectorAll('body *')].filter((e) => e.childElementCount === 0 && e.innerText?.trim() && e.checkVisibility())
            .sort((a, b) => parseFloat(getComputedStyle(b).fontSize) - parseFloat(getComputedStyle(a).fontSize))[0].innerText""")

    def hear(self):
        """Keeps what the loudspeaker is told, as in test_tablet."""
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            globalThis.loud = [];
            const start = OscillatorNode.prototype.start, stop = OscillatorNode.prototype.stop, connect = AudioNode.prototype.connect;
            const disconnect = AudioNode.prototype.disconnect;
            OscillatorNode.prototype.start = function (at) { this.begins = at; loud.push(this); return start.call(this, at); };
            OscillatorNode.prototype.stop = function (at) { this.ends = at; return stop.call(this, at); };
            AudioNode.prototype.connect = function (to, ...rest) { this.to = to; return connect.call(this, to, ...rest); };
            AudioNode.prototype.disconnect = function (...rest) { this.to = null; return disconnect.apply(this, rest); };
            globalThis.pitches = (seconds = 10) => [...new Set(loud.filter((note) => {
                const now = note.context.currentTime, reaches = (node) => node === note.context.destination || (node?.to && reaches(node.to));
                return note.ends > now && note.begins < now + seconds && reaches(note);
            }).map((note) => note.frequency.value))].sort((a, b) => a - b);"""})

    def test_what_is_not_registered_shows_the_form_and_takes_the_code_of_the_address(self):
        self.browser.open(self.hub.address + "/tablet/board#BCDFGHJK")
        self.browser.until("document.querySelector('[name=code]').value === 'BCDFGHJK'")
        self.assertEqual(self.browser.evaluate("location.pathname + location.hash"), "/tablet/board")
        self.photograph("enrol")
        self.browser.click("#enrol-form button")
        self.browser.until("!document.querySelector('#calm').hidden")
        self.assertEqual(len(self.hub.devices["dev-1"]["public_key"]), 124)

    def test_a_quiet_board_is_calm_and_tells_the_hubs_time(self):
        self.enrol()
        self.browser.until("document.querySelector('#calm-words').textContent.includes('いま出ている情報はありません')")
        self.wait(lambda: self.browser.text("#calm-clock") == stamp(time.time())[11:16], "the hub's time")
        self.assertRegex(self.browser.text("#as-of"), r"^\d\d:\d\d現在$")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('button, a')].filter((one) => one.checkVisibility()).length"), 0)
        self.photograph("quiet")

    def test_an_order_is_read_from_the_last_row_and_is_silent(self):
        self.hear()
        self.enrol()
        self.browser.until("pitches().length === 0")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FRONT)
        self.assertEqual(self.browser.text("#front-name"), "避難指示（警戒レベル4）土砂災害")
        self.assertEqual(self.browser.text("#front-act"), "危険な場所から全員避難")
        for selector in ("#front-name", "#front-act"):
            self.assertAlmostEqual(self.size_of(selector), 1080 / 12, delta=0.5)
        self.assertIn("逃げて ください", self.browser.text("#front-languages"))
        self.assertIn("Evacuation Instruction", self.browser.text("#front-languages [lang=en]"))
        self.wait(lambda: self.levels("a1") == {"reached", "shown"}, "reached and shown, touched by nobody")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('button, a')].filter((one) => one.checkVisibility()).length"), 0)
        time.sleep(1.2)
        self.assertEqual(self.browser.evaluate("pitches()"), [], "silent unless it is immediate")
        self.photograph("order")

    def test_what_is_immediate_calls_until_a_touch_and_a_quiet_serial_changes_nothing(self):
        self.hear()
        self.enrol()
        self.hub.publish("alert", id="q1", **{**EEW, "revision": serial(1)})
        siren = "pitches().includes(740) && pitches().includes(1319)"
        self.browser.until(siren)
        self.assertEqual(self.browser.text("#front-act"), "机の下へ")
        self.assertIn("6弱", self.browser.text("#front-facts"))
        self.photograph("eew")
        self.hub.publish("alert", id="q2", message="update", **{**EEW, "change": "unchanged", "priority": "routine", "revision": serial(2)})
        self.wait(lambda: "shown" in self.levels("q2"), "the second")
        self.assertTrue(self.browser.evaluate(siren))
        self.browser.click("#front-text")
        self.browser.until("pitches().length === 0", 3)
        self.assertEqual(self.browser.text("#front-act"), "机の下へ", "the words stay")
        self.assertNotIn("touched", self.levels("q2"))

    def test_what_was_wrong_says_so_in_the_largest_words_before_what_is_less_grave(self):
        self.enrol()
        self.hub.publish("alert", id="w1", event="w", kind="weather", gravity="advisory", change="new", texts={"ja": {"title": "大雨注意報", "body": "大雨に注意してください。"}})
        self.hub.publish("alert", id="q1", **{**EEW, "revision": serial(1)})
        self.browser.until("document.querySelector('#front-act').textContent === '机の下へ'")
        self.hub.publish("cancel", id="q2", **{**EEW, "change": "taken-back", "over": True, "revision": serial(2), "texts": QUAKE_WRONG})
        self.browser.until("document.querySelector('#front-mark').textContent === '取り消し'")
        self.assertEqual(self.largest(), "取り消し")
        self.assertIn("机の下へ", self.browser.text("#front-name s"))
        self.assertIn("大雨注意報", self.browser.text("#others"))
        self.photograph("cancelled")

    def test_a_drill_has_its_own_colour_and_gives_way(self):
        self.enrol()
        drill = {key: {"title": ("[DRILL] " if key == "en" else "【訓練】") + text["title"], "body": text["body"]} for key, text in ORDER["texts"].items()}
        self.hub.publish("alert", id="d1", mode="exercise", **{**ORDER, "texts": drill})
        self.browser.until(FRONT)
        self.assertIn("【訓練】これは訓練です", self.browser.text("#front"))
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.querySelector('#front-band')).backgroundColor"), "rgb(27, 94, 58)")
        self.photograph("drill")
        self.hub.publish("alert", id="q1", **EEW)
        self.browser.until("document.querySelector('#front-act').textContent === '机の下へ'")
        self.assertNotIn("訓練", self.browser.text("#front"))

    def test_several_the_gravest_is_the_largest_and_each_other_has_a_line(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        for number, (title, gravity) in enumerate([("大雨警報：土砂災害に警戒", "warning"), ("強風注意報", "advisory"), ("断水のお知らせ", "information"),
                                                  ("避難所のお知らせ　市民体育館と第一小学校と第二小学校と川端公民館と山手集会所を開いています　毛布と水があります", "information")]):
            self.hub.publish("alert", id=f"w{number}", event=f"w{number}", kind="notice", gravity=gravity, texts={"ja": {"title": title, "body": "見本です。"}})
        self.browser.until("document.querySelectorAll('#others li').length === 4")
        self.assertEqual(self.browser.text("#front-act"), "危険な場所から全員避難")
        self.assertTrue(self.browser.text("#others").startswith("大雨警報"))
        self.photograph("several")
        self.hub.publish("alert", id="w9", event="w9", kind="notice", gravity="information", texts={"ja": {"title": "給水のお知らせ", "body": "見本です。"}})
        self.browser.until("document.querySelector('#left-out').textContent.includes('ほかに2件あります')")
        self.photograph("more")

    def test_what_exceeds_the_place_is_set_smaller_or_says_that_more_follows(self):
        self.enrol()
        def long(count): return {"ja": {"title": "避難指示：ただちに高い所へ", "body": "\n".join(["海岸や川から離れ、できるだけ高い所へ避難してください。"] * count)}}
        self.hub.publish("alert", **{**ORDER, "texts": long(3)})
        self.browser.until(FRONT)
        self.assertAlmostEqual(self.size_of("#front-act"), 90, delta=0.5)
        self.hub.publish("alert", id="a2", message="update", **{**ORDER, "change": "raised", "revision": serial(2), "texts": long(16)})
        self.browser.until("document.querySelector('#front-body').textContent.length > 400")
        self.assertLess(self.size_of("#front-body"), 45)
        self.assertTrue(self.browser.evaluate("document.querySelector('#below').hidden"), "smaller, it fits")
        self.photograph("long")
        self.hub.publish("alert", id="a3", message="update", **{**ORDER, "change": "raised", "revision": serial(3), "texts": long(260)})
        self.browser.until("!document.querySelector('#below').hidden")
        self.photograph("too-long")

    def test_a_cut_line_is_said_and_nothing_is_claimed(self):
        self.enrol()
        self.browser.until("document.querySelector('#calm-words').textContent.includes('ありません')")
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.assertIn("いま出ている情報は、ここではわかりません", self.browser.text("#calm-words"))
        self.photograph("cut")
        self.hub.mend()
        self.hub.publish("alert", **ORDER)
        self.browser.until("document.querySelector('#cut').hidden", 30)
        self.browser.until(FRONT)
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.photograph("order-cut")

    def test_after_a_reload_without_the_hub_no_time_is_invented(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FRONT)
        self.browser.until("navigator.serviceWorker.ready.then(() => true)")
        self.hub.cut()
        self.browser.call("Page.reload")
        self.browser.until(FRONT)
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.assertEqual(self.browser.text("#clock"), "--:--")
        self.assertRegex(self.browser.text("#as-of"), r"^\d\d:\d\d現在$")
        self.photograph("reload")

    def test_beside_a_tablets_page_one_of_the_two_has_the_line_and_both_show_it(self):
        self.enrol()
        tablet = self.browser.tab()
        tablet.open(self.hub.address + "/tablet/")
        tablet.until("!document.querySelector('#desk').hidden && !document.querySelector('#other-tab').hidden")
        self.assertEqual(len(self.hub.followers), 1)
        self.hub.publish("alert", **ORDER)
        tablet.until("!document.querySelector('#full').hidden")
        tablet.close()
        self.browser.until(FRONT)

    def test_words_in_other_languages_that_come_later_are_put_beneath(self):
        self.enrol()
        self.hub.publish("alert", **{**ORDER, "texts": {"ja": ORDER["texts"]["ja"]}})
        self.browser.until(FRONT)
        self.assertEqual(self.browser.text("#front-languages"), "")
        self.hub.publish("alert", **ORDER)
        self.browser.until("document.querySelector('#front-languages').textContent.includes('Evacuation Instruction')")

    def test_a_long_name_of_the_place_is_whole_also_on_a_screen_that_stands(self):
        self.browser.open(self.hub.address + "/tablet/board#BCDFGHJK")
        self.browser.until("document.querySelector('[name=code]').value === 'BCDFGHJK'")
        self.browser.type("[name=name]", "さくら市立川端第二小学校 特別教室棟 6年1組")
        self.browser.click("#enrol-form button")
        self.browser.until("!document.querySelector('#calm').hidden")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FRONT)
        for width, height in [(1080, 1920), (1280, 800)]:
            self.browser.size(width, height)
            self.browser.until(f"innerHeight === {height}")
            self.assert_whole()
            places = self.browser.evaluate("""['header', 'header .brand', '#as-of', '#clock'].map((name) => { const e = document.querySelector(name), r = e.getBoundingClientRect();
                return [name, r.top, r.bottom, r.left, r.right, e.scrollWidth - e.clientWidth] })""")
            for name, top, bottom, left, right, over in places:
                self.assertTrue(places[0][1] - 1 <= top and bottom <= places[0][2] + 1 and 0 <= left and right <= width and over <= 1, f"{name}: {places}")
            self.browser.photograph(f"board-name-{width}")
        self.browser.size(*SIZES["hd"])

    def test_a_revoked_board_forgets(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FRONT)
        self.hub.revoked = True
        for follower in list(self.hub.followers):
            follower.put(None)
        self.browser.until("!document.querySelector('#enrol').hidden", 20)
        self.assertNotIn("避難指示", self.browser.text())
        self.assertIn("登録は取り消されました", self.browser.text("#enrol-problem"))


if __name__ == "__main__":
    unittest.main()
