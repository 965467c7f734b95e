"""A tablet whose screen is dark: what a hint shows, and how it is asked for. A push service of the outside is not here: the browser's own debugging
delivers hints, and an address is a stand-in's."""
import json
import unittest

from browser import CHROMIUM
from screens import OnSmallHub
from test_seals import FIRST, STRANGER

DESK = "!document.querySelector('#desk').hidden"
READY = "navigator.serviceWorker.ready.then(({ active }) => active.state === 'activated' && active.scriptURL)"
NOTES = """navigator.serviceWorker.ready.then((one) => one.getNotifications()).then((notes) => notes.map(
    ({ title, body, tag, lang, silent }) => ({ title, body, tag, lang, silent })))"""
HINT = json.dumps({"web_push": 8030, "mutable": True, "noroshi": {"position": "1-1", "mode": "actual"}})
DRILL = json.dumps({"noroshi": {"position": "1-1", "mode": "exercise"}})
ORDER = {"level": 4, "gravity": "danger", "texts": {
    "ja": {"title": "警戒レベル4 避難指示", "body": "本町地区に避難指示を発令しました。\n\n速やかに避難してください。"},
    "en": {"title": "Alert Level 4: Evacuation Instruction", "body": "Leave at once."}}}
# An uncompressed P-256 point.
KEY = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
# A push service that gives out addresses: Google's cannot be reached from a test.
SERVICE = """
    globalThis.given = null; globalThis.refuses = false;
    PushManager.prototype.getSubscription = async () => globalThis.given;
    PushManager.prototype.subscribe = async function ({ applicationServerKey, userVisibleOnly }) {
      if (!userVisibleOnly || globalThis.refuses) throw new Error("push service not available");
      return globalThis.given = {
        endpoint: "https://fcm.googleapis.com/fcm/send/abc", options: { applicationServerKey: applicationServerKey.buffer },
        toJSON() { return { endpoint: this.endpoint, expirationTime: null, keys: { p256dh: "p", auth: "a" } }; },
        async unsubscribe() { globalThis.given = null; return true; } };
    };"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class WakeTests(OnSmallHub):
    def enrol(self, code: str = "BCDFGHJK"):
        self.browser.call("Browser.grantPermissions", {"permissions": ["notifications"], "origin": self.hub.address}, on_page=False)
        self.enrol_at("/tablet/", "体育館1号", DESK, code)
        self.browser.until(READY)
        self.assertTrue(self.browser.evaluate(READY).endswith("/tablet/wake.js"))

    def hint(self, data: str, wanted: str) -> list[dict]:
        """Delivers until the notes are as wanted: chromium loses what its debugging delivers to a worker that is just going to sleep."""
        for _ in range(4):
            self.browser.push(data)
            try:
                self.browser.until(f"{NOTES}.then((notes) => {wanted})", 10)
                return sorted(self.browser.evaluate(NOTES), key=lambda note: note["tag"])
            except AssertionError:
                continue
        self.fail(f"not shown: {wanted}, but {self.browser.evaluate(NOTES)}")

    def asleep(self):
        """The page is gone; the worker is not."""
        self.browser.open(self.hub.address + "/tablet/icon.svg")

    def test_a_hint_fetches_what_the_town_says_and_shows_it_in_the_pages_language(self):
        self.enrol()
        self.asleep()
        self.hub.publish("alert", **ORDER)
        notes = self.hint(HINT, "notes.length === 1")
        self.assertEqual(notes, [{"title": "警戒レベル4 避難指示", "body": "本町地区に避難指示を発令しました。", "tag": "actual e1", "lang": "ja", "silent": False}])
        self.browser.evaluate("import('/tablet/store.js').then(({ write }) => write('language', 'en'))")
        self.hub.publish("alert", **{**ORDER, "id": "a2", "event": "e2"})
        # What was shown already makes no sound again.
        _, new = self.hint(HINT, "notes.length === 2 && notes.some((note) => note.tag === 'actual e1' && note.silent)")
        self.assertEqual((new["title"], new["lang"]), ("Alert Level 4: Evacuation Instruction", "en"))
        self.assertEqual(self.hub.receipts, {}, "a note is no receipt: the page tells what was shown")

    def test_a_fault_while_fetching_is_no_silence_and_no_guess(self):
        self.enrol()
        self.asleep()
        self.hub.publish("alert", **ORDER)
        self.hub.cut()
        notes = self.hint(HINT, "notes.length === 1")
        self.assertEqual([(note["title"], note["body"]) for note in notes], [("防災タブレット", "新しいお知らせがあります")])
        self.hint(DRILL, "notes[0]?.body === '【訓練】新しいお知らせがあります'")
        self.hint("nonsense", "notes[0]?.body === '新しいお知らせがあります'")
        self.hub.mend()
        self.hint(HINT, "notes.length === 1 && notes[0].title.includes('避難指示')")

    def test_what_was_taken_back_leaves_no_note_and_the_hint_says_that_nothing_is_in_force(self):
        self.enrol()
        self.asleep()
        self.hub.publish("alert", **ORDER)
        self.hint(HINT, "notes.length === 1")
        self.hub.events = []
        self.hint(HINT, "notes.length === 1 && notes[0].body === 'いま出ている情報はありません'")

    def test_a_drill_says_so_and_stands_beside_nothing_grave(self):
        self.enrol()
        self.asleep()
        self.hub.publish("alert", **{**ORDER, "mode": "exercise", "texts": {"ja": {"title": "【訓練】避難指示", "body": "【訓練】これは訓練です。"}}})
        self.assertEqual(self.hint(DRILL, "notes.length === 1")[0]["title"], "【訓練】避難指示")
        self.hub.publish("alert", **{**ORDER, "id": "a2", "event": "e2"})
        self.hint(HINT, "notes.length === 1 && notes[0].title === '警戒レベル4 避難指示'")

    def test_a_word_that_is_not_proven_to_be_the_towns_is_in_no_note(self):
        self.hub.town_key = FIRST
        self.enrol(f"BCDFGHJK.{FIRST.mark}")
        self.asleep()
        self.hub.publish("alert", **ORDER)
        self.assertEqual(self.hint(HINT, "notes.length === 1")[0]["title"], "警戒レベル4 避難指示")
        self.hub.town_key = STRANGER
        self.hub.publish("alert", **{**ORDER, "id": "f1", "event": "forged"})
        self.hint(HINT, "notes.length === 2 && notes.some((note) => note.body === '新しいお知らせがあります')")

    def test_a_person_asks_once_and_the_hub_is_told_the_address_and_no_more(self):
        self.hub.wake_key = KEY
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": SERVICE})
        self.enrol()
        self.browser.until("document.querySelector('#wake') && !document.querySelector('#wake').hidden")
        self.assertEqual(self.browser.text("#wake-button"), "画面が消えているときも知らせる")
        self.browser.evaluate("globalThis.refuses = true")
        self.browser.click("#wake-button")
        self.browser.until("document.querySelector('#wake').textContent.includes('push service not available')")
        self.assertEqual(self.hub.wakes, [])
        self.browser.evaluate("globalThis.refuses = false")
        self.browser.click("#wake-button")
        self.wait(lambda: self.hub.wakes, "where it is woken")
        self.assertEqual(self.hub.wakes, [{
            "endpoint": "https://fcm.googleapis.com/fcm/send/abc", "keys": {"p256dh": "p", "auth": "a"}, "language": "ja", "page": self.hub.address + "/tablet/"}])
        self.browser.until("document.querySelector('#wake-button').getAttribute('aria-pressed') === 'true'")
        self.browser.photograph("tablet-wake")
        self.browser.click("#wake-button")
        self.wait(lambda: not self.hub.wakes, "that it is not woken any more")
        self.browser.until("document.querySelector('#wake-button').textContent === '画面が消えているときも知らせる'")

    def test_where_nothing_wakes_it_the_page_offers_nothing(self):
        self.enrol()
        self.browser.until("document.querySelector('#wake') !== null")
        self.assertTrue(self.browser.evaluate("document.querySelector('#wake').hidden"))
