"""The tablet's page in a real browser, against a small hub."""
import base64
import time
import unittest

from browser import CHROMIUM
from fake_hub import stamp
from screens import OnSmallHub

FULL = "!document.querySelector('#full').hidden"


def texts(title: str, body: str) -> dict:
    return {"ja": {"title": title, "body": body}, "ja-x-easy": {"title": "にげて ください", "body": "すぐに にげて ください。"},
            "en": {"title": "Evacuate", "body": "Leave dangerous places at once."}}


ORDER = dict(level=4, texts=texts(
    "警戒レベル4 避難指示", "本町地区・川端地区に、洪水に関する避難指示を発令しました。\n\n危険な場所にいる方は、速やかに全員避難してください。"),
    shelters=[{"id": "gym", "name": "市民体育館", "address": "本町1丁目", "state": "open", "note": "毛布あり"},
              {"id": "s1", "name": "第一小学校", "state": "full"}])


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class TabletTests(OnSmallHub):
    def enrol(self):
        self.enrol_at("/tablet/", "体育館1号", "!document.querySelector('#desk').hidden")

    def start(self):
        self.enrol()
        self.browser.click("#start-button")
        self.browser.until("document.querySelector('#mute').hidden")

    def photograph(self, name: str):
        """At the sizes people have."""
        for size, width, height in [("phone", 360, 740), ("tablet", 768, 1024), ("desktop", 1440, 900)]:
            self.browser.size(width, height)
            self.browser.photograph(f"tablet-{name}-{size}")
        self.browser.size(1024, 768)

    def test_everything_is_to_be_read_and_pressed_at_200_percent_and_on_a_phone_laid_on_its_side(self):
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#enrol').hidden")
        self.everywhere(lambda name: self.browser.photograph(f"tablet-enrol-{name}"))
        self.browser.open("about:blank")
        self.hub.site = self.SITE
        self.start()
        self.hub.publish("alert", **ORDER | {"hazard": "津波", "shelters": self.SHORE})
        self.browser.until(FULL)

        def front(name):
            self.browser.evaluate("document.querySelector('#full').scrollTop = 0; dispatchEvent(new Event('resize'))")
            self.browser.photograph(f"tablet-front-{name}")
            # The name and the button are on the screen at once, and the whole text comes by scrolling.
            for selector in ("#full-title", "#touch"):
                box = self.browser.evaluate(f"(({{top, bottom}}) => [top, bottom])(document.querySelector({selector!r}).getBoundingClientRect())")
                self.assertTrue(0 <= box[0] and box[0] + 40 <= self.browser.evaluate("innerHeight"), f"{selector} at {box}")
        self.everywhere(front)
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")

        def listed(name):
            self.assertGreaterEqual(self.browser.evaluate("document.querySelector('main').clientHeight"), 100, "room to read in")
            self.browser.photograph(f"tablet-list-{name}")
            self.browser.evaluate("document.querySelector('#report-form .big').scrollIntoView()")
            self.browser.photograph(f"tablet-report-{name}")
            self.browser.evaluate("document.querySelector('main').scrollTop = 0")
        self.everywhere(listed)

    def test_enrolment_takes_the_code_from_the_address_and_removes_it(self):
        self.browser.open(self.hub.address + "/tablet/#BCDFGHJK")
        self.browser.until("document.querySelector('[name=code]').value === 'BCDFGHJK'")
        self.assertEqual(self.browser.evaluate("location.hash"), "")
        self.browser.photograph("tablet-enrol")
        self.browser.click("#enrol-form button")
        self.browser.until("!document.querySelector('#desk').hidden")
        # An uncompressed P-256 key is 91 bytes of SubjectPublicKeyInfo.
        self.assertEqual(len(self.hub.devices["dev-1"]["public_key"]), 124)

    def test_a_wrong_code_says_why(self):
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#enrol').hidden")
        self.browser.type("[name=code]", "XXXXXXXX")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#enrol-problem').textContent.includes('コードが違うか')")

    def test_without_a_code_it_shows_a_number_of_its_own_until_somebody_has_let_it_in(self):
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#enrol').hidden")
        self.browser.type("[name=name]", "体育館1号")
        self.hub.let_in = False
        self.browser.click("#no-code")
        self.browser.until("document.querySelector('#enrol-problem').textContent.includes('時間（10分）が過ぎました')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#ask').hidden"), "a number whose time is over is not shown")
        self.hub.let_in = None
        self.browser.until("!document.querySelector('#no-code').disabled")
        self.browser.click("#no-code")
        self.browser.until("document.querySelector('#ask-code').textContent === 'BCD-FGH' && !document.querySelector('#ask').hidden")
        self.photograph("ask")
        self.assertEqual((self.hub.asks[-1]["name"], len(self.hub.asks[-1]["public_key"])), ("体育館1号", 124))
        self.hub.let_in = True
        self.browser.until("!document.querySelector('#desk').hidden")
        self.assertEqual(self.browser.text("#device"), "体育館1号")

    def test_it_says_of_itself_that_it_is_there_and_whether_it_can_sound(self):
        self.enrol()
        self.wait(lambda: self.hub.signs, "its first word", 20)
        sign = self.hub.signs[0]
        self.assertTrue(sign["mute"], "nobody has touched it")
        # What the battery says, where the browser tells it; never more.
        self.assertLessEqual(set(sign), {"mute", "charge", "plugged", "minutes", "seals", "page"})
        self.assertEqual(sign["page"], "0123456789", "which build runs here")
        self.assertEqual(sign["seals"], "unchecked", "a hub of before has no key")

    def test_without_a_tap_the_page_says_that_it_is_silent(self):
        self.enrol()
        self.assertIn("音が出ません", self.browser.text("#banners"))
        self.browser.photograph("tablet-silent")

    def test_an_alert_fills_the_screen_and_all_levels_come_back(self):
        self.start()
        self.browser.photograph("tablet-idle")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.assertIn("避難指示", self.browser.text("#full-title"))
        self.assertIn("警戒レベル4", self.browser.text("#full-band"))
        self.wait(lambda: self.levels("a1") == {"reached", "shown"}, "reached and shown")
        self.browser.photograph("tablet-order")
        self.browser.size(390, 844)
        self.browser.photograph("tablet-order-phone")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.wait(lambda: "touched" in self.levels("a1"), "touched")
        self.assertIn("避難指示", self.browser.text("#list"))
        self.assertIn("市民体育館", self.browser.text("#shelter-list"))
        self.browser.photograph("tablet-list-phone")
        self.browser.size(1024, 768)
        self.browser.photograph("tablet-list")

    def test_receipts_carry_their_age_and_one_name_each(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.wait(lambda: len(self.levels("a1")) == 2, "reached and shown")
        self.assertEqual(len(self.hub.receipts), 2)
        for receipt in self.hub.receipts.values():
            self.assertGreaterEqual(receipt["elapsed_ms"], 0)
            self.assertEqual(receipt["delivery"], "a1.d")

    def test_one_refused_receipt_does_not_take_the_others_with_it(self):
        self.start()
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.hub.publish("alert", id="refused", event="x")
        self.hub.publish("alert", **ORDER)
        self.hub.mend()
        self.wait(lambda: "reached" in self.levels("a1"), "the good one")
        self.browser.until("document.querySelector('#outbox-state').textContent === ''")
        self.assertEqual(self.levels("refused"), set())

    def test_a_cancel_says_so_and_what_was_never_shown_stays_silent(self):
        self.start()
        later = {"series": "operator", "serial": 2, "sent": "2099-01-01T00:00:00+09:00"}
        self.hub.publish("cancel", id="c9", event="never", revision=later)
        self.hub.publish("alert", id="a9", event="never")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.assertNotIn("見本", self.browser.text())
        self.hub.publish("cancel", id="c1", revision=later, texts=texts("取消", "先ほどの避難指示は誤りでした。取り消します。"))
        self.browser.until("document.querySelector('#full-mark').textContent === '取り消し'")
        self.assertIn("避難指示", self.browser.text("#full-title s"))
        self.assertIn("誤りでした", self.browser.text("#full-body"))
        sizes = self.browser.evaluate("""[...document.querySelectorAll('#full *')].filter((e) => e.childElementCount === 0 && e.innerText?.trim())
            .map((e) => [parseFloat(getComputedStyle(e).fontSize), e.innerText]).sort((a, b) => b[0] - a[0])""")
        self.assertEqual(sizes[0][1], "取り消し", "the largest words are these")
        self.assertGreater(sizes[0][0], 1.5 * sizes[1][0])
        self.photograph("cancelled")

    def test_a_band_that_calls_never_shows_another_levels_colour(self):
        self.start()
        self.hub.publish("alert", id="a1", event="e1", **ORDER)
        self.browser.until("document.querySelector('#full').classList.contains('calls')")
        colours = self.browser.evaluate("""(() => { const band = document.querySelector('#full-band');
            const motion = band.getAnimations()[0]; motion.pause();
            return [0, 900].map((time) => { motion.currentTime = time; const s = getComputedStyle(band);
                return [s.backgroundColor, s.filter]; }); })()""")
        self.assertEqual(colours, [["rgb(170, 0, 170)", "none"], ["rgb(255, 255, 255)", "none"]])

    def test_a_long_text_is_made_to_fit_or_says_that_more_follows(self):
        self.start()
        def line(count): return texts("避難指示", "\n".join(["ただちに高い所へ避難してください。"] * count))
        hint, tight = "!document.querySelector('#full-below').hidden", "document.querySelector('#full').classList.contains('tight')"
        self.hub.publish("alert", id="a1", event="e1", texts=line(3))
        self.browser.until("!document.querySelector('#full').hidden")
        self.assertFalse(self.browser.evaluate(f"{hint} || {tight}"))
        self.hub.publish("alert", id="a2", event="e2", priority="immediate", texts=line(9))
        self.browser.until(tight)
        self.assertFalse(self.browser.evaluate(hint), "smaller, it fits")
        self.browser.photograph("tablet-tight")
        self.hub.publish("alert", id="a3", event="e3", priority="immediate", texts=line(40), sent="2099-01-01T00:00:00+09:00")
        self.browser.until(hint)
        self.browser.photograph("tablet-below")
        self.browser.evaluate("document.querySelector('#full').scrollTop = 99999")
        self.browser.until("document.querySelector('#full-below').hidden")

    def test_sender_and_time_stand_once_and_what_to_do_is_seen_without_scrolling(self):
        self.start()
        body = ("本町地区・川端地区に、洪水に関する避難指示を発令しました。\n\n川の水があふれるおそれが高まっているためです。\n\n"
                "危険な場所にいる方は、速やかに全員避難してください。\n\n（気仙沼市　11月28日16時41分発令）")
        self.hub.publish("alert", id="a1", event="e1", level=4, sender="気仙沼市", texts=texts("警戒レベル4 避難指示　危険な場所から全員避難", body))
        self.browser.until(FULL)
        for width, height in [(1024, 625), (360, 740)]:
            self.browser.size(width, height)
            self.browser.until(f"innerHeight === {height}")
            said = self.browser.evaluate("document.querySelector('#full').innerText")
            self.assertEqual(said.count("気仙沼市"), 1, said)
            act = "[...document.querySelectorAll('#full-body p')].find((p) => p.textContent.includes('全員避難してください'))"
            self.browser.until(f"{act}.getBoundingClientRect().bottom <= innerHeight")
            over = f"document.elementsFromPoint(innerWidth / 2, {act}.getBoundingClientRect().bottom - 8).includes({act})"
            self.assertTrue(self.browser.evaluate(over), f"covered at {width} by {height}")
        self.browser.size(1024, 768)

    def hear(self):
        """Keeps what the loudspeaker is told: pitches of the notes that sound now, nothing when it was silenced."""
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            globalThis.loud = [];
            const start = OscillatorNode.prototype.start, stop = OscillatorNode.prototype.stop, connect = AudioNode.prototype.connect;
            const disconnect = AudioNode.prototype.disconnect;
            OscillatorNode.prototype.start = function (at) { this.begins = at; loud.push(this); return start.call(this, at); };
            OscillatorNode.prototype.stop = function (at) { this.ends = at; return stop.call(this, at); };
            AudioNode.prototype.connect = function (to, ...rest) { this.to = to; return connect.call(this, to, ...rest); };
            AudioNode.prototype.disconnect = function (...rest) { this.to = null; return disconnect.apply(this, rest); };
            // Notes within the next seconds that reach the loudspeaker.
            globalThis.pitches = (seconds = 10) => [...new Set(loud.filter((note) => {
                const now = note.context.currentTime, reaches = (node) => node === note.context.destination || (node?.to && reaches(node.to));
                return note.ends > now && note.begins < now + seconds && reaches(note);
            }).map((note) => note.frequency.value))].sort((a, b) => a - b);"""})

    def speak(self, *languages: str):
        """A voice for each of these; what it was given, and whether it speaks. It comes to no end by itself."""
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            globalThis.spoken = []; globalThis.hushed = 0;
            const voices = %s.map((lang) => ({ lang, localService: true, name: lang }));
            globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
            Object.defineProperty(globalThis, 'speechSynthesis', { value: {
              speaking: false, getVoices: () => voices,
              speak(one) { this.speaking = true; spoken.push([one.lang, one.text]); }, cancel() { this.speaking = false; hushed += 1; } } });""" % list(languages)})

    def test_what_calls_is_said_aloud_in_the_pages_language_until_a_teacher_touches_it(self):
        self.hear()
        self.speak("ja-JP", "en-US")
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            const gain = AudioContext.prototype.createGain; globalThis.gains = [];
            AudioContext.prototype.createGain = function () { const one = gain.call(this); gains.push(one); return one; };"""})
        self.start()
        self.assertEqual(self.browser.evaluate("spoken"), [])
        self.hub.publish("alert", id="q1", event="q", kind="eew", priority="immediate", gravity="emergency", change="new", texts=texts("緊急地震速報：頭を守って", "地震です。机の下へ。"))
        self.browser.until("spoken.length === 1")
        self.assertEqual(self.browser.evaluate("spoken[0]"), ["ja-JP", "緊急地震速報。頭を守って"])
        self.browser.until("gains.some((one) => Math.abs(one.gain.value - 0.15) < 0.01)")
        self.assertTrue(self.browser.evaluate("pitches().includes(740)"), "the siren stays, below the words")
        # Not once more at each look, and nothing lesser talks into it.
        self.hub.publish("alert", id="n1", event="n", kind="notice", gravity="information", change="new", priority="routine", texts=texts("給水所", "給水所です。"))
        self.wait(lambda: "reached" in self.levels("n1"), "the lesser one")
        self.browser.evaluate("new Promise((done) => setTimeout(done, 2500))")
        self.assertEqual(self.browser.evaluate("[spoken.length, hushed]"), [1, 0])
        self.browser.evaluate("[...document.querySelectorAll('#languages button')].find((one) => one.lang === 'en').click()")
        self.browser.until("spoken.length === 2")
        self.assertEqual(self.browser.evaluate("spoken[1]"), ["en-US", "Evacuate"])
        before = self.browser.evaluate("hushed")
        self.browser.click("#touch")
        self.browser.until(f"hushed > {before}")
        # The lesser one has its turn then, until it is touched too.
        self.browser.until("spoken.length === 3")
        self.browser.click("#touch")
        self.browser.until("!speechSynthesis.speaking")
        self.browser.evaluate("new Promise((done) => setTimeout(done, 2500))")
        self.assertEqual(self.browser.evaluate("[spoken.length, speechSynthesis.speaking]"), [3, False])

    def test_what_was_taken_back_is_said_by_the_words_that_take_it_back_and_a_drill_says_so(self):
        self.speak("ja-JP")
        self.start()
        self.hub.publish("alert", id="d1", event="d1", mode="exercise", gravity="danger", change="new", texts=texts("避難指示：全員避難", "危険な場所から避難してください。"))
        self.browser.until("spoken.length === 1")
        self.assertEqual(self.browser.evaluate("spoken[0][1]"), "訓練。避難指示。全員避難")
        self.hub.publish("cancel", id="d2", event="d1", mode="exercise", change="taken-back", over=True, revision={"series": "operator", "serial": 2, "sent": "2099-01-01T00:00:00Z"},
                         texts=texts("避難指示を取り消します", "誤りでした。"))
        self.browser.until("spoken.length === 2")
        self.assertEqual(self.browser.evaluate("spoken[1][1]"), "訓練。避難指示を取り消します")

    def test_without_a_voice_of_the_language_nothing_is_said_and_everything_else_is_as_before(self):
        self.hear()
        self.speak("de-DE")
        self.start()
        self.hub.publish("alert", id="q1", event="q", kind="eew", priority="immediate", gravity="emergency", change="new", texts=texts("緊急地震速報", "地震です。机の下へ。"))
        self.browser.until("pitches().includes(740)")
        self.assertEqual(self.browser.evaluate("spoken"), [])
        self.browser.click("#touch")
        self.browser.until("pitches().length === 0")

    def test_a_quiet_second_serial_lowers_neither_colour_nor_siren(self):
        self.hear()
        self.start()
        quake = dict(kind="eew", event="q", local_intensity="5-", texts=texts("緊急地震速報", "地震です。机の下へ。"))
        serial = lambda n: {"series": "VXSE45", "serial": n, "sent": "2026-01-01T00:00:00+09:00"}
        siren = "pitches().includes(740) && pitches().includes(1319)"
        self.hub.publish("alert", id="q1", priority="immediate", gravity="emergency", change="new", revision=serial(1), **quake)
        self.browser.until(siren)
        self.photograph("eew-first")
        colour = self.browser.evaluate("document.querySelector('#full').className.match(/tone-\\S+/)[0]")
        self.hub.publish("alert", id="q2", message="update", priority="routine", gravity="emergency", change="unchanged", revision=serial(2), **quake)
        self.wait(lambda: "shown" in self.levels("q2"), "the second is on the screen")
        self.assertTrue(self.browser.evaluate(siren), "it calls until somebody has read it")
        self.assertIn(colour, self.browser.evaluate("document.querySelector('#full').className"))
        self.photograph("eew-second")
        # Lesser news, another one's cancel and a drill touch nothing.
        self.hub.publish("alert", id="s1", event="s", kind="shelter", priority="routine", gravity="information", change="new")
        self.hub.publish("alert", id="w1", event="w", kind="weather", priority="routine", gravity="advisory", change="new")
        self.hub.publish("cancel", id="w2", event="w", revision={"series": "operator", "serial": 2, "sent": "2099-01-01T00:00:00+09:00"})
        self.wait(lambda: "reached" in self.levels("w2"), "the cancel")
        self.assertTrue(self.browser.evaluate(siren))
        self.assertEqual(self.browser.text("#full-title"), "緊急地震速報")
        self.browser.click("#touch")
        self.browser.until("!pitches().includes(1319)")
        # Read: a quiet serial stays silent; a rise calls again.
        self.hub.publish("alert", id="q3", message="update", priority="routine", gravity="emergency", change="unchanged", revision=serial(3), **quake)
        self.wait(lambda: "reached" in self.levels("q3"), "the third")
        self.assertFalse(self.browser.evaluate("pitches().includes(1319)"))
        self.hub.publish("alert", id="q4", message="update", priority="immediate", gravity="emergency", change="raised", revision=serial(4),
                         **{**quake, "local_intensity": "6+"})
        self.browser.until(siren)
        self.assertIn("6強", self.browser.text("#full-facts"))
        self.hub.publish("cancel", id="q5", revision=serial(5), **{**quake, "texts": texts("緊急地震速報の取消", "先ほどの緊急地震速報は誤りでした。")})
        self.browser.until("!pitches().includes(1319)")
        self.assertNotIn("calls", self.browser.evaluate("document.querySelector('#full').className"))

    def test_the_seconds_to_the_shaking_run_out_into_a_word_and_the_range_stands_beside(self):
        self.start()
        quake = dict(kind="eew", event="q", priority="immediate", gravity="emergency", local_intensity="5-", local_intensity_from="4",
                     texts=texts("地震です　机の下へ", "机の下に入り、頭を守ってください。"))
        self.hub.publish("alert", id="q1", arrival=stamp(time.time() + 25), **quake)
        self.browser.until("/^揺れまで あと([1-9]|[12][0-9])秒$/.test(document.querySelector('#full-shake').textContent)")
        self.assertIn("予想される震度 4〜5弱", self.browser.text("#full-facts"))
        said = self.browser.evaluate("""(async () => {
          const said = [], line = document.querySelector('#full-shake');
          while (said.at(-1) !== '揺れに注意' && said.length < 60) {
            if (said.at(-1) !== line.textContent) said.push(line.textContent);
            await new Promise((done) => setTimeout(done, 20));
          }
          return said })()""")
        counted = [int(text.removeprefix("揺れまで あと").removesuffix("秒")) for text in said[:-1]]
        self.assertEqual(counted, sorted(counted, reverse=True))
        self.assertGreater(min(counted), 0)
        self.assertEqual(said[-1], "揺れに注意")
        self.hub.publish("alert", id="q2", message="update", arrived=True, **{**quake, "local_intensity_from": None, "local_intensity_or_more": True},
                         revision={"series": "VXSE45", "serial": 2, "sent": "2099-01-01T00:00:00+09:00"})
        self.browser.until("document.querySelector('#full-facts').textContent === '予想される震度 5弱程度以上'")
        self.assertEqual(self.browser.text("#full-shake"), "揺れに注意")
        self.hub.publish("alert", id="q3", message="update", arrival=stamp(time.time() + 200), **quake,
                         revision={"series": "VXSE45", "serial": 3, "sent": "2099-01-01T00:00:01+09:00"})
        self.browser.until("document.querySelector('#full-shake').textContent.includes('あと1')")
        self.photograph("eew-countdown")

    def test_a_hub_that_says_only_the_pace_lowers_nothing_by_a_quiet_serial(self):
        self.start()
        serial = lambda n: {"series": "VXSE45", "serial": n, "sent": "2026-01-01T00:00:00+09:00"}
        self.hub.publish("alert", id="q1", kind="eew", priority="immediate", revision=serial(1))
        self.browser.until(FULL)
        colour = self.browser.evaluate("document.querySelector('#full').className")
        self.hub.publish("alert", id="q2", kind="eew", message="update", priority="routine", revision=serial(2))
        self.wait(lambda: "shown" in self.levels("q2"), "the second")
        self.assertEqual(self.browser.evaluate("document.querySelector('#full').className"), colour)

    def test_reading_one_alert_leaves_the_next_calling(self):
        self.hear()
        self.start()
        self.hub.publish("alert", id="a1", event="e1", gravity="danger", change="new", **ORDER)
        self.browser.until("pitches().includes(587)")
        self.hub.publish("alert", id="t1", event="t", kind="tsunami", priority="immediate", gravity="emergency", change="new",
                         texts=texts("大津波警報", "今すぐ高台へ。"))
        self.browser.until("pitches().includes(440) && !pitches().includes(587)")
        self.browser.click("#touch")
        self.browser.until("pitches().includes(587) && !pitches().includes(440)")
        self.assertIn("避難指示", self.browser.text("#full-title"))
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden && pitches().length === 0")

    def test_a_press_that_began_on_one_alert_does_not_read_the_next(self):
        self.start()
        self.hub.publish("alert", id="a1", event="e1", gravity="danger", **ORDER)
        self.browser.until(FULL)
        self.browser.evaluate("document.querySelector('#touch').dispatchEvent(new PointerEvent('pointerdown'))")
        self.hub.publish("alert", id="t1", event="t", kind="tsunami", gravity="emergency", texts=texts("大津波警報", "今すぐ高台へ。"))
        self.browser.until("document.querySelector('#full-title').textContent === '大津波警報'")
        self.browser.evaluate("document.querySelector('#touch').click()")
        self.assertEqual(self.browser.text("#full-title"), "大津波警報")
        self.assertNotIn("touched", self.levels("t1"))

    def test_a_lift_is_calm_has_its_own_sound_and_says_what_still_holds(self):
        self.hear()
        self.start()
        self.hub.publish("alert", id="a1", event="e1", gravity="danger", change="new", **ORDER)
        self.hub.publish("alert", id="w1", event="w", kind="weather", gravity="warning", change="new", texts=texts("大雨警報", "大雨に警戒してください。"))
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full-title').textContent === '大雨警報'")
        self.browser.click("#touch")
        later = lambda n: {"series": "operator", "serial": n, "sent": f"2099-01-01T00:00:0{n}+09:00"}
        self.hub.publish("alert", id="a2", event="e1", message="update", revision=later(2), gravity="danger", change="part-lifted", over=False, level=4,
                         texts=texts("川端地区の避難指示は続いています", "本町地区の避難指示は解除されました。川端地区の避難指示は続いています。"))
        self.browser.until("document.querySelector('#full-mark').textContent === '一部解除'")
        self.assertIn("続いています", self.browser.text("#full-title"))
        self.assertIn("tone-l4", self.browser.evaluate("document.querySelector('#full').className"))
        self.assertFalse(self.browser.evaluate("document.querySelector('#full').classList.contains('calm')"))
        self.photograph("part-lift")
        self.hub.publish("alert", id="a3", event="e1", message="update", revision=later(3), gravity="danger", change="restored", over=False, level=4,
                         texts=texts("避難指示は続いています", "本町地区の解除は誤りでした。本町地区・川端地区の避難指示は続いています。"))
        self.browser.until("document.querySelector('#full-mark').textContent.includes('解除の取り消し')")
        self.browser.until("pitches().includes(587)")
        self.photograph("part-lift-undone")
        self.browser.click("#touch")
        self.hub.publish("alert", id="a4", event="e1", message="update", revision=later(4), gravity="information", change="lifted", over=True, lifted=True,
                         texts=texts("避難指示は解除されました", "本町地区・川端地区の避難指示は解除されました。\n川には近づかないでください。"))
        self.browser.until("document.querySelector('#full-mark').textContent === '解除'")
        self.browser.until("pitches(3).includes(523) && pitches(3).includes(1047)")
        self.assertIn("calm tone-l1", " ".join(sorted(self.browser.evaluate("document.querySelector('#full').className").split())))
        self.assertIn("大雨警報", self.browser.text("#full-rest"))
        self.photograph("lifted")
        self.browser.click("#touch")
        self.assertNotIn("避難指示", self.browser.text("#list"))
        self.assertIn("避難指示", self.browser.text("#past-list"))

    def test_a_drill_is_not_shown_under_what_is_grave_and_never_fills_the_screen_afterwards(self):
        self.start()
        self.hub.publish("alert", id="n1", event="n", kind="notice", gravity="information", priority="routine", texts=texts("断水のお知らせ", "断水です。"))
        self.browser.until(FULL)
        self.browser.click("#touch")
        drill = dict(mode="exercise", gravity="danger", change="new", texts=texts("【訓練】避難指示", "訓練です。"))
        self.hub.publish("alert", id="d1", event="d1", **drill)
        self.wait(lambda: "shown" in self.levels("d1"), "a drill beside a notice is shown")
        self.assertIn("断水", self.browser.evaluate("document.querySelector('#list').textContent"))
        self.hub.publish("alert", id="a1", event="e1", gravity="danger", change="new", expires_in=15, texts=texts("避難指示", "逃げてください。"))
        self.browser.until("document.querySelector('#full-title').textContent === '避難指示'")
        self.hub.publish("alert", id="d2", event="d2", **drill)
        self.wait(lambda: "reached" in self.levels("d2"), "the second drill")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.assertIn("訓練2件は、本番の情報が出ているため表示していません", self.browser.text("#halted"))
        self.photograph("drill-under-real")
        self.browser.until("document.querySelector('#halted').hidden", 40)
        self.assertFalse(self.browser.evaluate(FULL), "no old drill fills the screen when the real one has ended")
        self.assertIn("避難指示", self.browser.text("#past-list"))
        self.assertEqual(self.levels("d2"), {"reached"})

    def test_a_drill_is_marked_and_gives_way_to_what_is_real(self):
        self.start()
        self.hub.publish("alert", id="t1", mode="exercise", level=4, texts=texts("【訓練】避難指示", "いま訓練をしています。\n第一小学校へ移動してください。"))
        self.browser.until(FULL)
        self.assertIn("【訓練】これは訓練です", self.browser.text("#full"))
        self.browser.photograph("tablet-drill")
        self.hub.publish("alert", id="a2", kind="eew", priority="immediate", event="q", local_intensity="6-",
                         texts=texts("緊急地震速報", "強い揺れに警戒してください。\n頭を守り、丈夫な机の下などへ。"),
                         hypocentre={"name": "宮城県沖", "magnitude": 7.4, "depth_km": 50, "assumed": False})
        self.browser.until("document.querySelector('#full-title').textContent === '緊急地震速報'")
        self.assertNotIn("訓練", self.browser.text("#full"))
        self.assertIn("予想される震度 6弱", self.browser.text("#full-facts"))
        self.browser.photograph("tablet-quake")
        self.browser.size(1440, 900)
        self.browser.photograph("tablet-quake-desktop")

    def examine(self):
        """From now on, for an hour, as the form suggests."""
        self.browser.click("#exam summary")
        self.browser.until("document.querySelector('#exam-form [name=until]').value !== ''")
        self.browser.click("#exam-form .big")

    def test_an_examination_is_silent_flashes_and_ends_by_itself(self):
        self.hear()
        # A clock that can be turned on, and a tablet that writes down how it shakes.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            const now = performance.now.bind(performance); let turned = 0; performance.now = () => now() + turned;
            globalThis.turn = (time) => { turned += time; }; globalThis.shaken = 0; navigator.vibrate = () => { shaken += 1; return true; };"""})
        self.start()
        self.examine()
        self.browser.until("!document.querySelector('#exam-on').hidden")
        self.assertRegex(self.browser.text("#exam-words"), r"^試験中（(\d+月\d+日 )?\d\d:\d\dまで音を出しません）$")
        self.wait(lambda: any(3500 < sign.get("exam_seconds", 0) <= 3600 for sign in self.hub.signs), "the town knows")
        self.photograph("exam")
        # What does not call stays off the screen; what does is there and flashes; neither sounds.
        self.hub.publish("alert", id="n1", event="n", kind="notice", priority="routine", gravity="information", change="new", expires_in=86400, texts=texts("断水のお知らせ", "水が止まります。"))
        self.wait(lambda: "reached" in self.levels("n1"), "the notice")
        self.hub.publish("alert", id="a1", event="e1", change="new", gravity="danger", priority="urgent", expires_in=86400, **ORDER)
        self.browser.until(FULL)
        self.assertEqual(self.browser.evaluate("document.querySelector('#full').className.split(' ').includes('flash')"), True)
        self.assertEqual(self.browser.text("#full-title"), "警戒レベル4 避難指示")
        self.assertEqual(self.browser.evaluate("[pitches().length, shaken]"), [0, 0])
        for reduced in ("reduce", "no-preference"):
            self.browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": reduced}]})
            self.assertEqual(self.browser.evaluate("document.querySelector('#full').getAnimations().map((one) => one.animationName)"), ["flash"], reduced)
        self.photograph("exam-order")
        # An early warning shakes it as well.
        quake = dict(kind="eew", event="q", local_intensity="5-", texts=texts("緊急地震速報", "地震です。机の下へ。"))
        self.hub.publish("alert", id="q1", priority="immediate", gravity="emergency", change="new", **quake)
        self.browser.until("document.querySelector('#full-title').textContent === '緊急地震速報' && shaken > 0")
        self.assertEqual(self.browser.evaluate("pitches().length"), 0)
        self.photograph("exam-quake")
        self.browser.click("#touch")
        self.wait(lambda: "touched" in self.levels("q1"), "it is read")
        # The line is cut, and the hour passes: nobody has to end it.
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 15)
        self.browser.evaluate("turn(3600e3)")
        self.browser.until("document.querySelector('#exam-on').hidden && pitches().length > 0")
        self.assertFalse(self.browser.evaluate("document.querySelector('#full').classList.contains('flash')"))
        # The order first, and then the notice, which nobody has seen yet: both hold for a day, so that neither ends under the finger.
        for title in ("警戒レベル4 避難指示", "断水のお知らせ"):
            self.browser.until(f"document.querySelector('#full-title').textContent === '{title}' && " + FULL)
            self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        missed = self.browser.text("#missed")
        for word in ("試験中に届いた情報", "断水のお知らせ", "避難指示", "緊急地震速報"):
            self.assertIn(word, missed)
        self.photograph("exam-missed")
        self.browser.click("#missed-close")
        self.browser.until("document.querySelector('#missed').hidden")

    def test_an_examination_has_an_end_may_be_ended_and_outlives_a_reload(self):
        self.start()
        self.browser.click("#exam summary")
        self.browser.until("document.querySelector('#exam-form [name=until]').value !== ''")
        # Seven hours on is too long for one.
        self.browser.evaluate("""(() => { const form = document.querySelector('#exam-form'), at = new Date(Date.now() + 16 * 3600e3);
            form.until.value = at.toISOString().slice(11, 16); })()""")
        self.browser.click("#exam-form .big")
        self.browser.until("document.querySelector('#exam-problem').textContent.includes('6時間以内')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#exam-on').hidden"))
        self.browser.evaluate("document.querySelector('#exam').open = false")
        self.examine()
        self.browser.until("!document.querySelector('#exam-on').hidden")
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#exam-on').hidden")
        self.browser.click("#exam-stop")
        self.browser.until("document.querySelector('#exam-on').hidden")
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#desk').hidden")
        self.assertTrue(self.browser.evaluate("document.querySelector('#exam-on').hidden"))

    TEST = dict(id="t1", event="exercise/op/042056/test/t1", kind="notice", mode="exercise", priority="background", gravity="information", change="new")

    def test_a_test_asks_whether_it_was_heard_and_only_a_yes_counts(self):
        self.hear()
        self.start()
        words = texts("【訓練】タブレットの試験", "これは試験です。")
        self.hub.publish("alert", texts=words, **self.TEST)
        self.browser.until(FULL)
        self.assertIn("【訓練】これは訓練です", self.browser.text("#full"))
        self.browser.until("pitches().includes(392)", 10)
        self.assertEqual(self.browser.text("#touch"), "このタブレットは鳴りました")
        self.photograph("test")
        self.browser.click("#touch")
        self.wait(lambda: "touched" in self.levels("t1"), "it was heard")
        # The next one nobody hears.
        self.hub.publish("alert", texts=words, **{**self.TEST, "id": "t2", "event": "exercise/op/042056/test/t2"})
        self.browser.until(FULL)
        self.browser.click("#unheard")
        self.browser.until("document.querySelector('#full').hidden")
        self.wait(lambda: "shown" in self.levels("t2"), "it was seen")
        # A notice of a drill that is no test asks nothing of the kind.
        self.hub.publish("alert", texts=words, **{**self.TEST, "id": "d1", "event": "exercise/op/042056/d1"})
        self.browser.until(FULL)
        self.assertEqual(self.browser.text("#touch"), "確認しました")
        self.assertTrue(self.browser.evaluate("document.querySelector('#unheard').hidden"))
        self.browser.click("#touch")
        self.wait(lambda: "touched" in self.levels("d1"), "read")
        self.assertNotIn("touched", self.levels("t2"))

    def test_a_silent_tablet_never_says_that_it_sounded(self):
        self.enrol()
        self.hub.publish("alert", texts=texts("【訓練】タブレットの試験", "これは試験です。"), **self.TEST)
        self.browser.until(FULL)
        self.assertEqual(self.browser.text("#touch"), "確認しました")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.wait(lambda: "shown" in self.levels("t1"), "it was seen")
        self.hub.publish("alert", **{**ORDER, "id": "a9", "event": "e9"})
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.wait(lambda: "touched" in self.levels("a9"), "what is read is read")
        self.assertNotIn("touched", self.levels("t1"))

    def test_a_shelter_opened_in_a_drill_says_so_in_its_own_line(self):
        self.start()
        self.hub.publish("alert", id="d1", event="d1", mode="exercise", **ORDER)
        self.browser.until("!document.querySelector('#full').hidden")
        self.browser.click("#touch")
        self.browser.until("!document.querySelector('#shelters').hidden")
        self.assertIn("【訓練】避難所", self.browser.text("#shelters"))
        self.assertIn("【訓練】開設中", self.browser.text("#shelter-list"))
        self.browser.photograph("tablet-drill-shelters")
        self.hub.publish("alert", id="a1", event="e1", **ORDER)
        self.browser.until("!document.querySelector('#full').hidden")
        self.assertNotIn("訓練", self.browser.evaluate("document.querySelector('#shelters').textContent"))

    SHORE = [{"id": "hama", "name": "浜の学校", "state": "open", "fitness": {"津波": "unfit"}, "latitude": 38.9001, "longitude": 141.5001},
             {"id": "to", "name": "塔", "state": "open", "fitness": {"津波": "conditional"}, "latitude": 38.9002, "longitude": 141.5},
             {"id": "kaikan", "name": "会館", "state": "open", "latitude": 38.9002, "longitude": 141.5},
             {"id": "takadai", "name": "高台の学校", "roman_name": "Takadai School", "state": "open", "fitness": {"津波": "fit"}, "latitude": 38.9100, "longitude": 141.5128},
             {"id": "yama", "name": "山の寺", "state": "open", "fitness": {"津波": "fit"}, "latitude": 38.9000, "longitude": 141.4950},
             {"id": "mannin", "name": "満員の家", "state": "full", "fitness": {"津波": "fit"}, "latitude": 38.9001, "longitude": 141.5}]
    SITE = {"town": "042056", "site": "daiichi-sho", "name": "第一小学校", "district": "川端", "latitude": 38.9, "longitude": 141.5,
            "procedure": "1. 校庭に出ない\n2. 3階へ上がる <b>"}

    def lines(self, selector: str) -> list[str]:
        return self.browser.evaluate(f"[...document.querySelectorAll({selector!r})].map((one) => one.innerText.replaceAll(/\\s+/g, ' ').trim())")

    def test_a_shelter_that_is_not_fit_says_so_and_stands_last(self):
        self.start()
        self.hub.publish("alert", **ORDER | {"hazard": "津波", "shelters": self.SHORE})
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        lines = self.lines("#shelter-list li")
        self.assertEqual(self.lines("#shelter-list li span"), ["塔", "会館", "高台の学校", "山の寺", "満員の家", "浜の学校"])
        self.assertEqual([line for line in lines if "津波のときは使えません" in line], [lines[5]])
        self.assertIn("津波のときは一部だけ使えます", lines[0])
        self.assertIn("津波のときに使えるかは未確認です", lines[1])

    def test_place_first_the_own_district_what_to_do_and_the_two_nearest_fit_shelters(self):
        self.hub.site = self.SITE
        self.start()
        self.browser.until("!document.querySelector('#here').hidden")
        self.assertEqual(self.browser.text("#here h2").strip(), "ここ（川端）", "nothing in force: nothing is said of it")
        self.assertFalse(self.browser.evaluate("document.querySelector('#here-steps').open"))
        self.hub.publish("alert", **ORDER | {"hazard": "津波", "shelters": self.SHORE})
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.assertEqual(self.browser.text("#here h2"), "ここ（川端） 避難情報　警戒レベル4")
        self.assertEqual(self.browser.text("#here-what"), "警戒レベル4 避難指示")
        self.assertEqual(self.browser.text("#here-shelters-title"), "近くの使える避難所")
        self.assertEqual(self.lines("#here-list li"), ["山の寺 西 450 m", "高台の学校 北東 1.6 km"])
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#here-list path')].map((one) => one.getAttribute('transform'))"), ["rotate(270 12 12)", "rotate(45 12 12)"])
        self.assertTrue(self.browser.evaluate("document.querySelector('#here-steps').open"))
        self.assertEqual(self.browser.text("#here-procedure"), self.SITE["procedure"])
        self.photograph("place-first")
        self.browser.evaluate("[...document.querySelectorAll('#languages button')].find((one) => one.lang === 'en').click()")
        self.browser.until("document.querySelector('#here-list').innerText.includes('Takadai School')")
        self.assertIn("northeast 1.6 km", self.lines("#here-list li")[1])
        # Without a line, after a reload: what the school has written down is there. The page itself is kept once its worker runs.
        self.browser.until("navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
        self.hub.cut()
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("Boolean(document.querySelector('#here-list li'))")
        self.assertIn("3階へ上がる", self.browser.text("#here-procedure"))

    def test_nothing_is_invented_where_the_register_is_silent(self):
        self.hub.site = {"town": "042056", "site": "daiichi-sho", "name": "第一小学校"}
        self.start()
        bare = [{key: value for key, value in shelter.items() if key not in ("latitude", "longitude")} for shelter in self.SHORE]
        self.hub.publish("alert", **ORDER | {"hazard": "津波", "shelters": bare})
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.assertEqual(self.browser.text("#here-name"), "ここ（第一小学校）")
        self.assertEqual(self.browser.text("#here-shelters-title"), "使える避難所")
        self.assertEqual(self.lines("#here-list li"), ["高台の学校", "山の寺"])
        self.assertTrue(self.browser.evaluate("document.querySelector('#here-steps').hidden"))
        self.hub.publish("alert", **ORDER | {"id": "a2", "hazard": "津波", "revision": {"series": "operator", "serial": 2, "sent": "2099-01-01T00:00:00Z"}, "shelters": bare[:1]})
        self.browser.until("document.querySelector('#here-list').innerText.includes('まだ開いていません')")
        self.hub.publish("alert", **ORDER | {"id": "a3", "level": 5, "hazard": "津波", "revision": {"series": "operator", "serial": 3, "sent": "2099-01-01T00:00:00Z"}, "shelters": bare})
        self.browser.until("document.querySelector('#here-shelters').hidden")

    def test_only_what_the_clock_ends_says_until_when(self):
        self.start()
        self.hub.publish("alert", id="a1", event="e1", **ORDER)
        self.browser.until("!document.querySelector('#full').hidden")
        self.assertNotIn("まで有効", self.browser.text("#full-times"), "an order holds until it is lifted")
        self.browser.click("#touch")
        self.hub.publish("alert", id="a2", event="e2", kind="tornado", priority="routine")
        self.browser.until("document.querySelector('#full-times').textContent.includes('まで有効')")

    def test_a_page_that_does_not_come_up_says_what_to_do(self):
        # A browser whose storage never answers, as one that is out of order does.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": "indexedDB.open = () => ({})"})
        self.browser.open(self.hub.address + "/tablet/")
        self.assertIn("もう一度開いてください", self.browser.text("main"))
        self.assertTrue(self.browser.evaluate("document.querySelector('#enrol').hidden"))

    def test_what_the_store_refuses_for_a_while_is_kept_when_it_takes_again(self):
        # Full, or busy with something else: every record is refused until it takes them. And half a minute is short.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            const put = IDBObjectStore.prototype.put, later = setTimeout; globalThis.refuses = !sessionStorage.getItem('takes');
            IDBObjectStore.prototype.put = function (...all) { if (globalThis.refuses) throw new DOMException('full', 'QuotaExceededError'); return put.apply(this, all); };
            globalThis.setTimeout = (act, time, ...rest) => later(act, time === 30000 ? 200 : time, ...rest)"""})
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.assertIsNone(self.browser.kept("device"))
        self.browser.evaluate("globalThis.refuses = false; sessionStorage.setItem('takes', 'yes'); 0")
        self.wait(lambda: self.browser.kept("device") and self.browser.kept("board") and self.browser.kept("key"), "what was refused")
        # Loaded again it is the same tablet, and shows what it showed.
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("document.querySelector('#list').textContent.includes('避難指示')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#enrol').hidden"))

    def test_languages_change_page_and_alert(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.browser.click("#languages button[lang=en]")
        # The line spoke Japanese alone; the other words come at once when somebody wants them.
        self.browser.until("document.querySelector('#full-title').textContent === 'Evacuate'")
        self.assertFalse(self.browser.evaluate("document.querySelector('#full').hidden"), "nobody has read it")
        self.assertEqual(self.browser.evaluate("document.documentElement.lang"), "en")
        self.browser.photograph("tablet-english")
        self.browser.click("#languages button[lang=ja-x-easy]")
        self.assertEqual(self.browser.text("#touch"), "わかりました")

    def test_the_other_languages_are_there_before_the_line_is_cut(self):
        # Not all tablets at once: ten seconds are the earliest.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": "Math.random = () => 0"})
        self.start()
        asked = len(self.hub.asked)
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.wait(lambda: len(self.hub.asked) > asked, "asked for the other words", 20)
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.browser.click("#languages button[lang=en]")
        self.assertEqual(self.browser.text("#full-title"), "Evacuate")

    def test_an_older_revision_does_not_replace(self):
        self.start()
        revision = {"series": "operator", "serial": 3, "sent": "2026-01-01T00:00:00+09:00"}
        self.hub.publish("alert", id="a3", revision=revision, texts=texts("第3報", ""))
        self.browser.until(FULL)
        self.hub.publish("alert", id="a2", revision={**revision, "serial": 2}, texts=texts("第2報", ""))
        self.wait(lambda: "reached" in self.levels("a2"), "the older one")
        self.assertEqual(self.browser.text("#full-title"), "第3報")

    def test_a_cut_line_is_said_and_what_was_missed_comes_after(self):
        self.start()
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.browser.photograph("tablet-cut")
        self.hub.publish("alert", **ORDER)
        self.hub.mend()
        self.browser.until(FULL, 20)
        self.browser.until("document.querySelector('#cut').hidden")

    def test_an_edge_says_that_its_line_to_the_hub_is_cut_until_it_is_back(self):
        self.start()
        self.hub.publish("line", state="cut", since="2026-11-23T14:05:00+09:00", texts={
            "ja": "役場との回線が切れています（14:05から）。最後に届いた情報を表示しています", "en": "The line to the town office is cut"})
        self.browser.until("!document.querySelector('#hub-cut').hidden")
        self.assertIn("14:05から", self.browser.text("#hub-cut"))
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("!document.querySelector('#hub-cut').hidden")
        self.wait(lambda: self.hub.followers, "listening")
        self.hub.publish("line", state="up")
        self.browser.until("document.querySelector('#hub-cut').hidden")

    def test_after_a_gap_what_does_not_come_again_is_gone(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.hub.forget()
        self.hub.publish("alert", id="a7", event="other", texts=texts("給水のお知らせ", "16時から"))
        self.hub.mend()
        self.browser.until("document.querySelector('#full-title').textContent === '給水のお知らせ'", 20)
        self.assertNotIn("避難指示", self.browser.text("body"))

    def test_an_alert_ends_by_itself(self):
        self.start()
        self.hub.publish("alert", **{**ORDER, "expires_in": 8})
        self.browser.until(FULL)
        self.browser.until("document.querySelector('#full').hidden", 30)

    def test_a_report_waits_for_the_line_and_arrives_once(self):
        self.start()
        self.hub.cut()
        self.browser.type("[name=people]", "87")
        self.browser.click("#needs input[value=water]")
        self.browser.click("#report-form [type=submit]")
        self.browser.until("document.querySelector('#report-state').textContent.includes('保存しました')")
        self.assertIn("未送信 1件", self.browser.text("#outbox-state"))
        self.hub.mend()
        self.wait(lambda: self.hub.reports, "the report")
        report = next(iter(self.hub.reports.values()))
        self.assertEqual((report["people"], report["needs"], report["note"]), (87, ["water"], None))
        self.browser.until("document.querySelector('#report-state').textContent === '町に届きました'")
        self.assertEqual(len(self.hub.reports), 1)

    def test_after_a_reload_what_was_shown_is_there_without_the_hub(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.browser.until("navigator.serviceWorker.ready.then(() => true)")
        self.hub.cut()
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until(FULL)
        self.assertIn("避難指示", self.browser.text("#full-title"))

    def test_a_revoked_tablet_forgets_everything(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.hub.revoked = True
        self.browser.until("!document.querySelector('#enrol').hidden", 15)
        self.assertIn("登録は取り消されました", self.browser.text("#enrol"))
        self.assertFalse(self.browser.evaluate(FULL))
        kept = self.kept("kept")
        self.assertEqual(kept, "")
        # And it has said so, by the key that nobody stores any more.
        self.wait(lambda: self.hub.erased, "the proof")
        self.assertEqual((self.hub.erased[0]["device"], len(self.hub.erased[0]["signature"])), ("dev-1", 88))

    def test_a_tablet_whose_code_another_one_had_first_says_so(self):
        self.start()
        self.hub.revoked_for = "code-used"
        self.hub.revoked = True
        self.browser.until("!document.querySelector('#enrol').hidden", 15)
        self.assertIn("先にほかのタブレットが使っていました", self.browser.text("#enrol"))

    def kept(self, store: str) -> str:
        return self.browser.evaluate(f"""new Promise(done => {{ const r = indexedDB.open('noroshi');
            r.onsuccess = () => {{ const q = r.result.transaction('{store}').objectStore('{store}').getAllKeys();
            q.onsuccess = () => {{ r.result.close(); done(q.result.join()) }} }} }})""")

    def choose_photo(self, maker: str):
        """`maker`: an expression of a File."""
        self.browser.evaluate(f"""(async () => {{ const box = new DataTransfer(), place = document.querySelector('#photo-file');
            box.items.add(await ({maker})); place.files = box.files; place.dispatchEvent(new Event('change', {{ bubbles: true }})) }})()""")

    # 12 million points of noise, the worst that a telephone's camera brings.
    NOISE = """(async () => { const canvas = Object.assign(document.createElement('canvas'), { width: 4000, height: 3000 }), pen = canvas.getContext('2d');
        for (let part = 0; part < 4000; part += 1) { pen.fillStyle = `hsl(${part * 137 % 360} 80% ${part % 90}%)`; pen.fillRect(part * 7919 % 4000, part * 104729 % 3000, 90, 60) }
        return new File([await new Promise((done) => canvas.toBlob(done, 'image/png'))], 'IMG_0001.png', { type: 'image/png' }) })()"""

    def test_a_photograph_is_drawn_small_on_the_tablet_goes_with_the_report_and_can_be_left_out(self):
        self.start()
        self.choose_photo("new File(['no picture'], 'a.txt', { type: 'text/plain' })")
        self.browser.until("document.querySelector('#report-state').textContent === 'この写真は使えません'")
        self.choose_photo(self.NOISE)
        self.browser.until("!document.querySelector('#photo-shown').hidden && document.querySelector('#photo-seen').complete && document.querySelector('#photo-seen').naturalWidth > 0")
        self.assertEqual(self.browser.text("#report-state"), "")
        self.assertLessEqual(self.browser.evaluate("Math.max(document.querySelector('#photo-seen').naturalWidth, document.querySelector('#photo-seen').naturalHeight)"), 960)
        self.browser.evaluate("document.querySelector('#photo-shown').scrollIntoView()")
        self.browser.photograph("tablet-photo")
        self.browser.click("#photo-drop")
        self.assertTrue(self.browser.evaluate("document.querySelector('#photo-shown').hidden"))
        self.report(self.browser, "12")
        self.wait(lambda: len(self.hub.reports) == 1, "the report")
        self.assertNotIn("photo", next(iter(self.hub.reports.values())))
        # The picture alone is a report too.
        self.choose_photo(self.NOISE)
        self.browser.until("!document.querySelector('#photo-shown').hidden")
        self.browser.click("#report-form [type=submit]")
        self.wait(lambda: len(self.hub.reports) == 2, "the picture")
        octets = base64.b64decode(list(self.hub.reports.values())[1]["photo"])
        self.assertTrue(octets.startswith(b"\xff\xd8\xff") and b"Exif" not in octets)
        self.assertLessEqual(len(octets), 60_000)
        self.assertGreater(len(octets), 5_000)
        self.browser.until("document.querySelector('#photo-shown').hidden && document.querySelector('#report-state').textContent === '町に届きました'")
        said = self.browser.evaluate("import('/tablet/store.js').then((store) => store.read('report')).then(JSON.stringify)")
        self.assertTrue('"state":"received"' in said and "/9j/" not in said, "what was said stays for the correction; the picture does not")

    def report(self, browser, people: str):
        browser.type("[name=people]", people)
        browser.click("#report-form [type=submit]")

    def test_who_does_not_know_a_tablet_erases_nothing_and_is_told_so(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.browser.click("#touch")
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 10)
        self.report(self.browser, "87")
        self.browser.until("document.querySelector('#report-state').textContent.includes('この端末に保存しました')")
        self.hub.is_stranger = True
        self.hub.mend()
        self.browser.until("!document.querySelector('#unknown').hidden", 20)
        self.assertIn("この端末は、ここでは登録されていません", self.browser.text("#banners"))
        self.assertNotIn("通信が切れています", self.browser.text("#banners"))
        self.assertIn("避難指示", self.browser.text("#list"))
        self.assertIn("reports/", self.kept("outbox"))
        self.assertIn("device", self.kept("kept"))
        self.photograph("unknown")
        # It tries on, and is back when it is known again.
        self.hub.is_stranger = False
        self.browser.until("document.querySelector('#unknown').hidden", 30)
        self.wait(lambda: self.hub.reports, "the report")

    def test_a_tablet_may_be_registered_anew_without_losing_what_it_has_not_sent(self):
        self.start()
        self.hub.is_stranger = True
        self.browser.until("!document.querySelector('#unknown').hidden", 20)
        self.report(self.browser, "12")
        self.browser.until("document.querySelector('#report-state').textContent.includes('保存しました')")
        self.browser.click("#enrol-again")
        self.browser.type("[name=code]", "BCDFGHJK")
        self.hub.is_stranger = False
        self.browser.click("#enrol-form button")
        self.wait(lambda: self.hub.reports, "the report")
        self.browser.until("document.querySelector('#unknown').hidden", 20)

    def test_a_revocation_of_another_device_erases_nothing(self):
        self.start()
        self.browser.evaluate("""(() => { const fetched = globalThis.fetch; globalThis.fetch = async (address, ...rest) => {
            const answer = await fetched(address, ...rest);
            if (answer.status !== 401) return answer;
            return new Response(JSON.stringify({ type: 'urn:noroshi:problem:device-revoked', device: 'another' }), { status: 401 }); }; })()""")
        self.hub.revoked = True
        self.browser.until("!document.querySelector('#unknown').hidden", 20)
        self.assertIn("device", self.kept("kept"))

    def test_a_clock_a_year_ahead_and_a_cut_line_forget_nothing(self):
        self.start()
        self.hub.publish("alert", **{**ORDER, "expires_in": 3600})
        self.browser.until(FULL)
        self.browser.until("navigator.serviceWorker.ready.then(() => true)")
        self.hub.cut()
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            const now = Date.now; Date.now = () => now() + 365 * 86400e3;"""})
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until(FULL)
        self.browser.until("!document.querySelector('#cut').hidden", 15)
        self.assertIn("古いかもしれません", self.browser.text("#cut"))
        self.browser.until("document.querySelector('#cut').textContent.includes('最後に受信')")
        self.assertTrue(self.browser.evaluate(FULL))
        self.photograph("stale")
        self.hub.mend()
        self.browser.until("document.querySelector('#cut').hidden", 20)
        self.assertIn("避難指示", self.browser.text("#full-title"))

    def test_after_a_reload_the_whole_state_is_asked_for_once(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.hub.publish("alert", id="b1", event="b", texts=texts("断水のお知らせ", "断水です。"))
        self.browser.until(FULL)
        # As it is after a fault of ours, or of the browser's storage: something is missing here, something is too much.
        self.browser.evaluate("""new Promise(done => { const r = indexedDB.open('noroshi'); r.onsuccess = () => {
            const store = r.result.transaction('kept', 'readwrite').objectStore('kept'); store.get('board').onsuccess = ({ target }) => {
            store.put(target.result.filter((entry) => entry.alert.event === 'b').concat({ ...target.result[0], isTouched: false, alert: {
              ...target.result[0].alert, id: 'z1', event: 'z', texts: { ja: { title: '余分', body: '' } } } }), 'board').onsuccess = done } } })""")
        asked = len(self.hub.asked)
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("document.querySelector('#list').textContent.includes('避難指示')")
        self.browser.until("!document.querySelector('#list').textContent.includes('余分')")
        self.wait(lambda: self.hub.followers, "listening")
        self.assertEqual([question for question in self.hub.asked[asked:] if not question], [""], "once")

    def test_two_tabs_lose_no_report_and_one_has_the_line_and_the_sound(self):
        for locks in (True, False):
            with self.subTest("locks" if locks else "no locks"):
                self.hub.reports.clear()
                without = {"source": "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined })"}
                if not locks:
                    self.browser.call("Page.addScriptToEvaluateOnNewDocument", without)
                if locks:
                    self.enrol()
                self.browser.open("about:blank")
                first = self.browser.tab()
                if not locks:
                    first.call("Page.addScriptToEvaluateOnNewDocument", without)
                first.open(self.hub.address + "/tablet/")
                first.until("document.querySelector('#link-state').textContent === '接続中'", 30)
                self.wait(lambda: len(self.hub.followers) == 1, "one line")
                second = self.browser
                second.open(self.hub.address + "/tablet/")
                second.until("!document.querySelector('#other-tab').hidden")
                second.until("document.querySelector('#mute').hidden && document.querySelector('#start').hidden")
                self.hub.publish("alert", id=f"a-{locks}", event=f"e-{locks}", **ORDER)
                second.until(FULL)
                self.assertEqual(len(self.hub.followers), 1, "one line for both")
                second.call("Page.bringToFront")
                second.click("#touch")
                first.until("document.querySelector('#full').hidden")
                self.wait(lambda: "touched" in self.levels(f"a-{locks}"), "touched in the second tab")
                self.hub.cut()
                for tab, people in ((first, "1"), (second, "2")):
                    tab.call("Page.bringToFront")
                    self.report(tab, people)
                    tab.until("document.querySelector('#report-state').textContent.includes('この端末に保存しました')")
                self.hub.mend()
                self.wait(lambda: sorted(report["people"] for report in self.hub.reports.values()) == [1, 2],
                          f"both reports: {[tab.text('.foot') + tab.text('#report-state') for tab in (first, second)]} {self.hub.reports}", 60)
                first.close()
                second.until("document.querySelector('#other-tab').hidden", 30)
                self.wait(lambda: len(self.hub.followers) == 1, "the second tab's line", 30)

    def test_a_report_says_where_it_is_and_no_more(self):
        self.start()
        self.hub.report_state = "kept"
        self.report(self.browser, "5")
        self.browser.until("document.querySelector('#report-state').textContent.includes('この学校で預かりました')")
        self.assertNotIn("町に届きました", self.browser.text("#report-state"))
        self.photograph("report-kept")
        module = "import('/tablet/report.js')"
        self.hub.report_state = "received"
        ask = f"""(async () => {{ const {{ Reports }} = await {module};
            const reports = new Reports({{ language: () => 'ja', token: () => 't-1', outbox: () => null }});
            await reports.open(); await reports.ask(); return document.querySelector('#report-state').textContent }})()"""
        self.assertEqual(self.browser.evaluate(ask), "町に届きました")
        self.hub.report_state = "read"
        self.assertEqual(self.browser.evaluate(ask), "町が読みました")

    def choose(self, name: str, value: str):
        self.browser.click(f"[name={name}][value={value}]")

    def test_a_report_says_households_crowding_and_supply_is_corrected_and_answered(self):
        self.start()
        self.browser.type("[name=people]", "120")
        self.browser.type("[name=households]", "45")
        for name, value in [("crowding", "crowded"), ("water", "no"), ("power", "unknown"), ("need", "blanket")]:
            self.choose(name, value)
        self.photograph("report-form")
        self.browser.click("#report-form .big")
        self.wait(lambda: len(self.hub.reports) == 1, "the report")
        first = list(self.hub.reports.values())[0]
        self.assertEqual({key: first[key] for key in ("people", "households", "crowding", "water", "power", "needs", "note")},
                         {"people": 120, "households": 45, "crowding": "crowded", "water": "no", "power": "unknown", "needs": ["blanket"], "note": None})
        self.assertNotIn("corrects", first)
        # The form is empty again; correcting brings back what was sent, and takes its place.
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#report-form :checked').length"), 0)
        self.browser.click("#correct")
        self.browser.until("document.querySelector('[name=people]').value === '120' && document.querySelector('[name=water][value=no]').checked")
        self.assertRegex(self.browser.text("#correcting"), r"\d\d:\d\dの報告を直しています")
        self.photograph("report-correcting")
        self.browser.click("#correct-stop")
        self.browser.until("document.querySelector('#correcting').hidden && document.querySelector('[name=people]').value === ''")
        self.browser.click("#correct")
        self.choose("crowding", "full")
        self.browser.click("#report-form .big")
        self.wait(lambda: len(self.hub.reports) == 2, "the correction")
        second = list(self.hub.reports.values())[1]
        self.assertEqual((second["corrects"], second["crowding"], second["people"]), (first["id"], "full", 120))
        # What the desk answers stands on the tablet with its time, also when an edge that is cut knows less.
        self.hub.report_state = "read"
        second["answers"] = [{"at": "2026-01-01T14:30:00+09:00", "by": "佐藤", "text": "読みました"}, {"at": "2026-01-01T14:32:00+09:00", "by": "佐藤", "text": "水 18時着"}]
        ask = """(async () => { const { Reports } = await import('/tablet/report.js');
            const reports = new Reports({ language: () => 'ja', token: () => 't-1', outbox: () => null, now: () => Date.parse('2026-01-01T15:00:00+09:00') });
            await reports.open(); await reports.ask(); return document.querySelector('#report-answers').innerText + '|' + document.querySelector('#report-state').innerText })()"""
        self.assertRegex(self.browser.evaluate(ask), r"^14:32 町からの返事 （[0-9:月日 ]+の報告へ） 水 18時着\|14:30 町が読みました$")
        self.photograph("report-answered")
        second["answers"] = []
        self.assertIn("水 18時着", self.browser.evaluate(ask))

    def test_each_report_hears_its_own_answer_whatever_was_sent_since(self):
        self.start()
        for people in ("1", "2"):
            self.report(self.browser, people)
            self.wait(lambda: len(self.hub.reports) == int(people), "the report")
            self.browser.until("document.querySelector('#report-state').textContent === '町に届きました'")
        first, second = self.hub.reports.values()
        ask = """(async () => { const { Reports } = await import('/tablet/report.js');
            const reports = new Reports({ language: () => 'ja', token: () => 't-1', outbox: () => null, now: () => Date.parse('2026-01-01T15:00:00+09:00') });
            await reports.open(); await reports.ask(); const said = () => [...document.querySelectorAll('#report-answers p')].map((line) => line.innerText.replace(/（.*）/, ''));
            const before = document.querySelector('#report-answers p'); await reports.ask();
            return [said(), before === document.querySelector('#report-answers p')] })()"""
        first["answers"] = [{"at": "2026-01-01T14:32:00+09:00", "by": "佐藤", "text": "水 18時着"}]
        self.assertEqual(self.browser.evaluate(ask), [["14:32 町からの返事  水 18時着"], True])
        self.report(self.browser, "3")
        self.wait(lambda: len(self.hub.reports) == 3, "the third")
        self.browser.until("document.querySelector('#report-state').textContent === '町に届きました'")
        second["answers"] = [{"at": "2026-01-01T14:40:00+09:00", "by": "佐藤", "text": "毛布 20時着"}]
        first["answers"].append({"at": "2026-01-01T14:50:00+09:00", "by": "佐藤", "text": "水 19時着に変わりました"})
        self.assertEqual(self.browser.evaluate(ask)[0], ["14:40 町からの返事  毛布 20時着", "14:50 町からの返事  水 19時着に変わりました"])
        self.browser.evaluate("document.querySelector('#report-answers').scrollIntoView()")
        self.photograph("report-answers")
        # Nine more: the newest eight are asked for, and no other.
        self.assertEqual(self.browser.evaluate("""(async () => { const { Reports } = await import('/tablet/report.js'), { write } = await import('/tablet/store.js');
            const now = Date.now(), own = fetch, asked = [];
            await write('report', [25 * 3600e3, ...Array(9).keys()].map((age, index) => ({ id: 'r' + index, at: now - age, state: index === 3 ? 'refused' : 'received', body: {} })).reverse());
            globalThis.fetch = async (address) => { asked.push(address.split('/').at(-1)); return Response.json({ state: 'received' }); };
            try { const reports = new Reports({ language: () => 'ja', token: () => 't-1', outbox: () => null }); await reports.open(); await reports.ask(); } finally { globalThis.fetch = own; }
            return asked })()"""), [f"r{number}" for number in (1, 2, 4, 5, 6, 7, 8)])

    def test_a_last_report_kept_by_an_older_page_still_hears_its_answer(self):
        self.start()
        self.hub.reports["old"] = {"id": "old", "answers": [{"at": "2026-01-01T14:32:00+09:00", "by": "佐藤", "text": "毛布 20時着"}]}
        self.assertIn("毛布 20時着", self.browser.evaluate("""(async () => { const { Reports } = await import('/tablet/report.js'), { write } = await import('/tablet/store.js');
            await write('report', { id: 'old', at: Date.now(), state: 'received', body: { people: 1 } });
            const reports = new Reports({ language: () => 'ja', token: () => 't-1', outbox: () => null }); await reports.open(); await reports.ask();
            return document.querySelector('#report-answers').innerText })()"""))

    def test_coming_back_to_the_page_opens_a_new_line(self):
        self.start()
        for event in ("new Event('visibilitychange')", "new PageTransitionEvent('pageshow', { persisted: true })", "new Event('pageshow')"):
            with self.subTest(event):
                self.wait(lambda: len(self.hub.followers) == 1, "one line")
                self.browser.evaluate("new Promise((done) => setTimeout(done, 1100))")
                before = self.hub.followers[0]
                self.browser.evaluate(f"({'document' if 'visibility' in event else 'window'}).dispatchEvent({event})")
                self.wait(lambda: self.hub.followers and self.hub.followers[-1] is not before, "a new line", 5)


if __name__ == "__main__":
    unittest.main()
