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


if __name__ == "__main__":
    unittest.main()
