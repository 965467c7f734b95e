"""A tablet in the languages that are files: the words that went out, on a phone's screen, and the languages to choose from."""
import json
import pathlib
import re
import unittest

from browser import CHROMIUM
from screens import OnSmallHub

TEMPLATES = pathlib.Path(__file__).resolve().parents[2] / "Templates"
FURTHER = sorted(name.stem for name in (TEMPLATES / "screens").glob("*.json") if name.stem not in ("ja", "ja-x-easy", "en"))
FULL = "!document.querySelector('#full').hidden"


def told(sample: str) -> dict:
    """What a tablet is told of a sample, in every language, out of the texts that were reviewed."""
    texts = {}
    for file in [TEMPLATES / "texts.txt", *TEMPLATES.glob("texts.*.txt")]:
        part = re.search(rf"^## {re.escape(sample)} \([^\n]*\)\n(.*?)\n(?=\n## |\Z)", file.read_text(), re.M | re.S)[1]
        for tag, channels, title, body in re.findall(r"^\[([\w-]+)\] (.*)\n(.*)\n((?:(?!\[[\w-]+\] ).*\n?)*)", part, re.M):
            if "school-tablet" in channels:
                texts[tag] = {"title": title, "body": body.strip()}
    return texts


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class LanguageTests(OnSmallHub):
    SIZE = (360, 740)

    def start(self):
        self.enrol_at("/tablet/", "体育館1号", "!document.querySelector('#desk').hidden")
        self.browser.click("#start-button")
        self.browser.until("document.querySelector('#mute').hidden")

    def choose(self, tag: str):
        self.browser.click(f"#languages button[lang='{tag}']")
        self.browser.until(f"document.documentElement.lang === '{tag}'")

    def test_each_language_is_chosen_by_its_own_name_and_says_the_warning_and_the_page(self):
        texts = told("tsunami-major")
        self.assertEqual(sorted(texts), sorted(["ja", "ja-x-easy", "en", *FURTHER]))
        self.start()
        self.hub.publish("alert", id="t1", event="t", kind="tsunami", level=None, priority="immediate", gravity="emergency", texts=texts)
        self.browser.until(FULL)
        for tag in FURTHER:
            with self.subTest(tag):
                words = json.loads((TEMPLATES / "screens" / f"{tag}.json").read_text())
                self.assertEqual(self.browser.text(f"#languages button[lang='{tag}']"), words["language"]["own"])
                self.choose(tag)
                self.browser.until(f"document.querySelector('#full-title').textContent === {json.dumps(texts[tag]['title'])}")
                self.assertEqual(self.browser.text("#full-title"), texts[tag]["title"])
                self.assertEqual(self.browser.evaluate("document.querySelector('#full-text').lang"), tag)
                self.assertEqual(self.browser.text("#touch"), words["tablet"]["touch"])
                self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > innerWidth"), "nothing runs out of the screen")
                # The title and the first line of what to do are seen without a touch.
                self.assertLess(self.browser.evaluate("document.querySelector('#full-body p').getBoundingClientRect().top"), 620)
                self.browser.photograph(f"tablet-{tag}-phone")
        self.choose(FURTHER[-1])
        self.browser.click("#touch")
        self.browser.photograph(f"tablet-{FURTHER[-1]}-list-phone")
        self.browser.size(768, 1024)
        self.browser.photograph(f"tablet-{FURTHER[-1]}-list-tablet")

    def test_more_languages_than_a_row_shows_are_all_seen_at_a_touch(self):
        self.start()
        tags = self.browser.evaluate("[...document.querySelectorAll('#languages button[lang]')].map((one) => one.lang)")
        self.assertEqual(sorted(tags), sorted(["ja", "ja-x-easy", "en", *FURTHER]))
        seen = """[...document.querySelectorAll('#languages button[lang]')].filter((one) => {
            const box = one.getBoundingClientRect();
            return box.left >= 0 && box.right <= innerWidth && box.top >= 0 && box.bottom <= innerHeight && document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2) === one;
        }).length"""
        self.assertLess(self.browser.evaluate(seen), 5)
        self.hub.publish("alert", id="t1", event="t", kind="tsunami", level=None, priority="immediate", gravity="emergency", texts=told("tsunami-major"))
        self.browser.until(FULL)
        self.browser.click("#languages .unfold")
        self.assertEqual(self.browser.evaluate(seen), len(tags), "also above a warning")
        self.assertEqual(self.browser.evaluate("document.querySelector('.unfold').getAttribute('aria-expanded')"), "true")
        self.browser.photograph("tablet-all-languages-phone")
        self.choose("ne")
        self.assertLess(self.browser.evaluate(seen), 5, "and away again, so that the warning is read")
        # The row stands where the chosen one is, beside the button for all of them.
        for one in ["#languages .unfold", "#languages [aria-pressed=true]"]:
            self.assertTrue(self.browser.evaluate(f"(({{ left, right }}) => left >= 0 && right <= innerWidth)(document.querySelector('{one}').getBoundingClientRect())"), one)
        self.browser.photograph("tablet-ne-chosen-phone")

    def test_where_there_is_no_text_in_the_language_it_says_so_and_shows_the_japanese(self):
        self.start()
        self.choose(FURTHER[0])
        self.hub.publish("alert", id="t1", event="t", kind="notice", texts={"ja": {"title": "断水のお知らせ", "body": "本町で断水しています。"}})
        self.browser.until(FULL)
        words = json.loads((TEMPLATES / "screens" / f"{FURTHER[0]}.json").read_text())
        self.assertEqual(self.browser.text("#full-body p"), words["portal"]["otherLanguage"])
        self.assertEqual(self.browser.evaluate("[document.querySelector('#full-body p').lang, document.querySelector('#full-text').lang].join()"), FURTHER[0] + ",ja")
        self.assertIn("断水", self.browser.text("#full-title"))
        self.choose("ja")
        self.assertNotIn(words["portal"]["otherLanguage"], self.browser.text("#full-body"))


READ = "[...document.querySelectorAll('.furigana rt')].filter((one) => one.checkVisibility()).length"
# What is written on the page, without what stands over it.
WRITTEN = """import('/tablet/words.js').then(({ unread }) => { const page = unread(document.body);
    for (const other of page.querySelectorAll('#full-times, .small, #cut-since')) other.remove(); return page.textContent; })"""
ORDER = {"kind": "evacuation", "level": 4, "gravity": "danger", "hazard": "津波", "sender": "気仙沼市", "town_name": "気仙沼市", "texts": {
    "ja": {"title": "避難指示（津波）：ただちに高い所へ", "body": "こちらは気仙沼市です。\n階上地区、河口に、津波に関する避難指示を発令しました。\n\nただちに海岸や川から離れ、できるだけ高い所へ避難してください。\n\n（気仙沼市　11月28日16時41分発令）"},
    "ja-x-easy": {"title": "津波（つなみ）の 避難指示（ひなんしじ）", "body": "高い（たかい） 所へ にげて ください。"}, "en": {"title": "Evacuation Instruction (tsunami)", "body": "Go to high ground at once."}},
    "shelters": [{"id": "a", "name": "階上中学校", "kana": "はしかみちゅうがっこう", "address": "長磯原1", "state": "open", "fitness": {"津波": "fit"}}, {"id": "b", "name": "高台会館", "state": "full", "fitness": {"津波": "unfit"}}]}


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class FuriganaTests(OnSmallHub):
    """What stands over the kanji of the Japanese page, where somebody wants it."""

    def start(self):
        self.hub.site = {"town": "042056", "site": "daiichi-sho", "name": "第一小学校", "district": "河口"}
        self.enrol_at("/tablet/", "体育館1号", "!document.querySelector('#desk').hidden")
        self.browser.click("#start-button")
        self.browser.until("document.querySelector('#mute').hidden && !document.querySelector('#furigana').hidden")

    def over(self, selector: str) -> list[str]:
        return self.browser.evaluate(f"[...document.querySelectorAll('{selector} ruby')].map((one) => one.firstChild.data + ' ' + one.lastChild.textContent)")

    def name_of(self, selector: str) -> str:
        """What a screen reader says of it."""
        root = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        node = self.browser.call("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
        return self.browser.call("Accessibility.getPartialAXTree", {"nodeId": node, "fetchRelatives": False})["nodes"][0]["name"]["value"]

    def photograph(self, name: str):
        for size, width, height in [("phone", 360, 740), ("tablet", 768, 1024), ("hd", 1920, 1080)]:
            self.browser.size(width, height)
            self.browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            self.browser.photograph(f"furigana-{name}-{size}")
        self.browser.size(1024, 768)

    def test_readings_stand_over_title_text_and_buttons_say_nothing_twice_and_leave_names_alone(self):
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": """
            globalThis.spoken = []; globalThis.SpeechSynthesisUtterance = class { constructor(text) { this.text = text; } };
            Object.defineProperty(globalThis, 'speechSynthesis', { value: { speaking: false, getVoices: () => [{ lang: 'ja-JP', localService: true }], speak({ text }) { spoken.push(text); }, cancel() {} } });"""})
        self.start()
        self.browser.until("document.querySelector('#here-name').textContent.includes('河口')")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.photograph("front-off")
        before = self.browser.evaluate(WRITTEN)
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('ruby').length"), 0, "nobody has asked for it")
        self.browser.click("#furigana")
        self.browser.until(f"{READ} > 20")
        self.assertEqual(self.browser.evaluate("document.querySelector('#furigana').getAttribute('aria-pressed')"), "true")
        self.photograph("front-on")
        self.assertEqual(self.over("#full-title"), ["避難指示 ひなんしじ", "津波 つなみ", "高 たか", "所 ところ"])
        self.assertEqual(self.over("#touch"), ["確認 かくにん"])
        body = self.over("#full-body")
        self.assertIn("離 はな", body)
        self.assertFalse([one for one in body if re.match("階上|河口|気仙沼", one)], "names that nobody has read out")
        self.assertEqual(self.browser.evaluate(WRITTEN), before, "under the readings the text is what it was")
        self.assertEqual(self.name_of("#touch"), "確認しました")
        self.assertEqual(self.name_of("#full-title"), ORDER["texts"]["ja"]["title"])
        self.browser.until("spoken.length > 0")
        self.assertEqual(self.browser.evaluate("spoken[0]"), "避難指示（津波）。ただちに高い所へ")
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")
        self.photograph("list-on")
        self.assertIn("階上中学校 はしかみちゅうがっこう", self.over("#shelter-list"))
        self.assertFalse([one for one in self.over("#shelter-list") if one.startswith(("高台", "長磯"))])
        self.assertEqual(self.over("#here-name"), [])
        self.assertIn("送 おく", self.over("#report-form .big"))
        # A notice is a person's own words.
        self.hub.publish("alert", id="n1", event="n1", kind="notice", priority="routine", gravity="information", texts={"ja": {"title": "避難の練習", "body": "避難指示ではありません。\n今すぐ来てください。"}})
        self.browser.until("document.querySelector('#full-title').textContent.includes('練習')")
        self.assertEqual(self.over("#full-title") + self.over("#full-body"), [])
        self.browser.click("#furigana")
        self.browser.until("document.querySelectorAll('.furigana').length === 0")
        self.assertIn("避難の練習", self.browser.text("#full-title"))

    def test_the_switch_is_remembered_works_without_a_line_and_is_of_the_japanese_page_alone(self):
        self.start()
        self.browser.click("#furigana")
        self.browser.until(f"{READ} > 20")
        for tag in ("ja-x-easy", "en"):
            self.browser.click(f"#languages button[lang='{tag}']")
            self.browser.until(f"document.documentElement.lang === '{tag}' && document.querySelector('#furigana').hidden")
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('.furigana').length"), 0, tag)
        self.browser.click("#languages button[lang='ja']")
        self.browser.until(f"{READ} > 20")
        self.browser.until("navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated')")
        self.hub.cut()
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until(f"{READ} > 20")
        self.assertIn("情報 じょうほう", self.over("#quiet"))

    def test_what_to_do_is_on_the_screen_with_readings_too(self):
        self.start()
        self.browser.click("#furigana")
        self.browser.until(f"{READ} > 20")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        act = "[...document.querySelectorAll('#full-body p')].find((one) => one.textContent.includes('ください'))"
        for width, height in [(1024, 768), (1024, 625), (768, 1024), (360, 740)]:
            self.browser.size(width, height)
            self.browser.until(f"innerHeight === {height}")
            for part in ("document.querySelector('#full-title')", act):
                self.browser.until(f"{part}.getBoundingClientRect().bottom <= document.querySelector('#full-foot').getBoundingClientRect().top + 1", 10)
            self.assertTrue(self.browser.evaluate("document.querySelector('#full-below').hidden"), f"all of it at {width} by {height}")
            self.assertGreater(self.browser.evaluate("[...document.querySelectorAll('#full-title rt')].filter((one) => one.checkVisibility()).length"), 0, f"{width} by {height}")
        self.assertTrue(self.browser.evaluate("document.documentElement.scrollWidth <= innerWidth"))

        def front(name):
            self.browser.evaluate("document.querySelector('#full').scrollTop = 0; dispatchEvent(new Event('resize'))")
            self.browser.photograph(f"furigana-{name}")
            for selector in ("#full-title", "#touch"):
                top = self.browser.evaluate(f"document.querySelector({selector!r}).getBoundingClientRect().top")
                self.assertTrue(0 <= top and top + 40 <= self.browser.evaluate("innerHeight"), f"{selector} at {top} in {name}")
            # Never less of it than without.
            seen = "document.querySelector('#full-foot').getBoundingClientRect().top - document.querySelector('#full-body').getBoundingClientRect().top"
            with_readings = self.browser.evaluate(seen)
            self.browser.evaluate("document.querySelector('#full').classList.add('tight', 'bare', 'plain')")
            self.assertGreaterEqual(with_readings, min(0, self.browser.evaluate(seen)), name)
        self.everywhere(front)

    def test_a_button_stays_under_the_finger_while_the_page_is_written_anew(self):
        self.hub.roll = {"use": "pupil", "rollcall": {"id": "r1", "mode": "actual", "started_at": "2026-12-01T10:00:00+09:00"}}
        self.start()
        self.browser.until("document.querySelectorAll('#roll-states button').length === 3")
        self.browser.click("#furigana")
        self.browser.until(f"{READ} > 4")
        self.assertEqual(self.over("#roll-states"), ["無事 ぶじ", "助 たす"])
        self.browser.photograph("furigana-roll")
        self.browser.evaluate("globalThis.kept = [...document.querySelectorAll('#roll-states button, #roll-places label')]")
        self.hub.publish("alert", id="n2", event="n2", kind="notice", priority="routine", gravity="information", texts={"ja": {"title": "給水", "body": "あります。"}})
        self.browser.until(FULL)
        self.assertEqual(self.browser.evaluate("[kept.length, kept.filter((one) => one.isConnected).length]"), [8, 8])
        # A press goes to the button and not to a word in it, which the next writing takes away.
        self.browser.click("#touch")
        self.browser.until("document.querySelector('#full').hidden")


if __name__ == "__main__":
    unittest.main()
