"""What a tablet believes: its town's own words, whoever brings them, and nobody else's."""
import base64
import json
import unittest

from browser import CHROMIUM
from fake_hub import stamp
from screens import OnSmallHub
from town_key import TownKey

FULL = "!document.querySelector('#full').hidden"
DOUBT = "document.querySelector('#full').classList.contains('doubt')"
TEXTS = {"ja": {"title": "避難指示", "body": "すぐに避難してください。"}, "en": {"title": "Evacuate", "body": "Leave at once."}}
ORDER = {"level": 4, "gravity": "danger", "texts": TEXTS}
FIRST, SECOND, STRANGER = (TownKey(bytes([seed]) * 32) for seed in (1, 2, 3))
DESK = "!document.querySelector('#desk').hidden"


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class SealTests(OnSmallHub):
    def enrol(self, code: str = f"BCDFGHJK.{FIRST.mark}"):
        self.hub.town_key = self.hub.town_key or FIRST
        self.enrol_at("/tablet/", "体育館1号", DESK, code)

    def start(self):
        self.enrol()
        self.browser.click("#start-button")
        self.browser.until("document.querySelector('#mute').hidden")

    def doubts(self, seconds: float = 40):
        self.browser.until(FULL, seconds)
        self.browser.until(DOUBT, seconds)
        self.assertIn("確かめられません", self.browser.text("#full-drill"))
        self.assertFalse(self.browser.evaluate("document.querySelector('#full').classList.contains('calls')"), "it does not call")

    def forged(self, **change) -> dict:
        """What somebody else says in the town's name."""
        self.hub.town_key = STRANGER
        said = self.hub.publish("alert", **{**ORDER, "id": "f1", "event": "forged", **change})
        self.hub.town_key = FIRST
        return said

    def test_the_towns_own_word_calls_and_nothing_is_said_of_doubt(self):
        self.start()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.assertFalse(self.browser.evaluate(DOUBT))
        self.assertTrue(self.browser.evaluate("document.querySelector('#full').classList.contains('calls')"))
        self.assertTrue(self.browser.evaluate("document.querySelector('#unchecked').hidden"))
        self.wait(lambda: self.levels("a1") == {"reached", "shown"}, "its receipts")

    def test_a_word_by_another_key_is_shown_as_not_proven_does_not_call_and_is_told(self):
        self.start()
        self.forged()
        self.doubts()
        self.assertIn("避難指示", self.browser.text("#full-title"), "nothing is hidden")
        self.browser.photograph("tablet-doubt")
        self.assertEqual(self.levels("f1"), set(), "nobody is told that it reached anybody")
        self.assertEqual(self.browser.evaluate("import('/tablet/store.js').then(({ read }) => read('seals')).then(({ doubted }) => typeof doubted)"), "number")

    def test_one_bit_that_was_changed_is_found_wherever_it_is(self):
        self.enrol()
        for number, change in enumerate([{"level": 5}, {"texts": {**TEXTS, "ja": {"title": "避難指示", "body": "避難しないでください。"}}}, {"sender": "別の市"},
                                         {"expires": stamp(4e9)}, {"kind": "tsunami"}, {"lifted": True, "over": True}]):
            honest = self.hub.sealed_line("alert", {**self.sample(f"c{number}"), **ORDER})
            self.hub.put("alert", {**honest, **change})
            key = f"? actual c{number}"
            self.wait(lambda: key in self.board(), f"{change} is in doubt")
            self.assertNotIn(f"actual c{number}", self.board())

    def test_a_word_without_a_seal_is_not_proven_where_the_town_signs(self):
        self.enrol()
        self.hub.put("alert", {**self.sample("bare"), **ORDER})
        self.doubts()

    def test_whoever_leaves_out_languages_and_counts_down_changes_nothing_of_it(self):
        self.enrol()
        line = self.hub.sealed_line("alert", {**self.sample("e1"), **ORDER})
        self.hub.put("alert", {**line, "expires_in": 17, "delivery": "another", "texts": {"ja": TEXTS["ja"]}})
        self.wait(lambda: "actual e1" in self.board(), "proven")

    def test_a_cancel_that_is_not_the_towns_takes_nothing_off(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.hub.town_key = STRANGER
        self.hub.publish("cancel", id="c1", revision={"series": "operator", "serial": 2, "sent": "2099-01-01T00:00:00+09:00"}, over=True)
        self.hub.town_key = FIRST
        self.hub.publish("alert", id="a2", event="e2")
        self.wait(lambda: "actual e2" in self.board(), "the next word")
        self.assertNotIn("cancelledBy", self.board()["actual e1"])

    def test_a_server_that_says_nothing_is_in_force_takes_nothing_off_and_the_towns_word_does(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        # A swapped server: another past, in which there was nothing.
        self.hub.forget()
        self.hub.cut()
        self.browser.until("!document.querySelector('#cut').hidden", 40)
        self.hub.mend()
        self.browser.until("document.querySelector('#link-state').textContent !== ''", 40)
        self.assertIn("actual e1", self.board())
        self.hub.town_key = STRANGER
        self.hub.state({})
        self.hub.town_key = FIRST
        self.hub.publish("alert", id="a2", event="e2")
        self.wait(lambda: "actual e2" in self.board(), "the next word")
        self.assertIn("actual e1", self.board(), "a stranger's state")
        self.hub.state({"e2": self.hub.sealed})
        self.wait(lambda: "actual e1" not in self.board(), "the town's")
        self.assertIn("actual e2", self.board())

    def test_an_older_state_and_an_older_word_that_are_played_again_change_nothing(self):
        self.enrol()
        empty = self.hub.state({})
        first = self.hub.publish("alert", **ORDER)
        newer = self.hub.publish("alert", **{**ORDER, "id": "a2", "level": 5, "gravity": "emergency", "revision": {"series": "operator", "serial": 2, "sent": stamp(4e9)}})
        self.wait(lambda: self.board().get("actual e1", {}).get("alert", {}).get("id") == "a2", "the newer")
        self.hub.put("state", empty)
        self.hub.put("alert", first)
        self.hub.publish("alert", id="a3", event="e3")
        self.wait(lambda: "actual e3" in self.board(), "the next word")
        self.assertEqual(self.board()["actual e1"]["alert"]["id"], "a2")
        # Over and off the screen, it does not come back either.
        self.hub.state({"e3": self.hub.sealed})
        self.wait(lambda: "actual e1" not in self.board(), "gone")
        self.hub.put("alert", first)
        self.hub.publish("alert", id="a4", event="e4")
        self.wait(lambda: "actual e4" in self.board(), "the next word")
        self.assertNotIn("actual e1", self.board())
        self.hub.put("alert", newer)
        self.wait(lambda: "actual e1" in self.board(), "the newest word on it may be said again")

    def test_whoever_plays_an_old_state_again_and_again_has_not_proven_to_be_the_town(self):
        states = [TownKey.seal(FIRST, "state", {"at": stamp(self.now()), "town": "042056", "site": "s", "in_force": {}, "keys": [FIRST.word(1, "042056", FIRST)]}, number)
                  for number in (5, 6)]
        self.browser.open(self.hub.address + "/tablet/")
        silent = self.browser.evaluate("""(async () => {
          const { Seals } = await import('/tablet/seals.js'), seals = new Seals({ again() {}, gone() {} }), real = performance.now.bind(performance);
          await seals.open({ code: '042056' });
          let later = 0; performance.now = () => real() + later;
          const said = [], [old, next] = %s, again = async (line) => { await seals.state(line); said.push(seals.isSilent); };
          await again(old); later += 890e3; said.push(seals.isSilent); later += 20e3; said.push(seals.isSilent);
          await again(old); await again({ ...next, site: 'other' }); await again(next);
          return said; })()""" % json.dumps(states))
        self.assertEqual(silent, [False, False, True, True, True, False])

    def test_what_is_over_by_the_towns_own_time_is_not_shown_again(self):
        self.enrol()
        old = self.hub.sealed_line("alert", {**self.sample("old"), **ORDER, "expires": stamp(self.now() - 60)})
        self.hub.state({})
        self.hub.put("alert", {**old, "expires_in": 3600})
        self.hub.publish("alert", id="a3", event="e3")
        self.wait(lambda: "actual e3" in self.board(), "the next word")
        self.assertEqual([name for name in self.board() if "old" in name], [])

    def test_whoever_is_hours_behind_ends_nothing_too_early_and_what_the_town_has_said_itself_ends_it_in_time(self):
        # A school's machine that started without its line: what it tells of was said while it had no power.
        self.hub.behind = 9 * 3600
        self.enrol()

        def told(event: str, lasts: float, **change) -> dict:
            now = self.now()
            times = {"sent": stamp(now - 7200), "server_time": stamp(now - 7200), "expires": stamp(now + lasts), "expires_in": lasts}
            self.hub.put("alert", self.hub.sealed_line("alert", {**self.sample(event), **ORDER, **times, **change}))
            self.wait(lambda: f"actual {event}" in self.board(), event)
            self.assertAlmostEqual(self.board()[f"actual {event}"]["over"] / 1000, now + lasts, delta=5)
            return {event: self.hub.sealed}

        def is_ended(event: str):
            self.wait(lambda: "endedAt" in self.board()[f"actual {event}"], "ended")

        self.hub.state({**told("e1", 3600), **told("short", 6)})
        is_ended("short")
        # It says its own time again, although the town has said a later one, and no longer has that word.
        self.hub.forget()
        asked = len(self.hub.asked)
        self.browser.evaluate("location.reload()")
        self.wait(lambda: len(self.hub.asked) > asked and self.hub.followers, "listening again")
        told("e2", 3600, expires_in=36000)
        told("brief", 6)
        is_ended("brief")
        self.assertNotIn("endedAt", self.board()["actual e1"])
        self.assertNotIn("endedAt", self.board()["actual e2"])

    def test_who_knows_the_time_keeps_it_where_an_edge_does_not_and_who_does_not_asks_until_the_edge_does(self):
        # Half a minute is short.
        self.browser.call("Page.addScriptToEvaluateOnNewDocument", {"source": "const every = setInterval; globalThis.setInterval = (act, time) => every(act, time === 30000 ? 500 : time)"})
        self.enrol()
        # Its edge had no power for hours, and its line is cut still: what it has counts by its own time, and is over long before.
        self.hub.behind, self.hub.guesses = 9 * 3600, True
        self.hub.forget()
        asked = len(self.hub.asked)
        self.hub.cut()
        self.wait(lambda: not self.hub.followers, "hung up on")
        self.hub.mend()
        self.wait(lambda: len(self.hub.asked) > asked and self.hub.followers, "listening again")

        def told(event: str, left: float):
            now = self.now()
            times = {"sent": stamp(now - 36000), "server_time": stamp(now - 36000), "expires": stamp(now + left), "expires_in": left + self.hub.behind}
            self.hub.put("alert", self.hub.sealed_line("alert", {**self.sample(event), **ORDER, **times}))
        told("over", -60)
        told("short", 6)
        self.wait(lambda: "endedAt" in self.board().get("actual short", {}), "ended in time")
        self.assertNotIn("actual over", self.board())
        # Loaded again it does not know the time itself, and takes no hour for certain.
        self.browser.open(self.hub.address + "/tablet/board")
        self.browser.until("document.querySelector('#calm-clock').textContent === '--:--'")
        self.wait(lambda: self.hub.followers, "listening")
        self.hub.behind, self.hub.guesses = 0, False
        self.browser.until("/^[0-9]+:[0-9]+$/.test(document.querySelector('#calm-clock').textContent)")

    def test_an_examination_that_the_town_has_set_is_silent_at_its_place_alone_and_ends_by_itself(self):
        def exam(begin: float, end: float) -> dict:
            return {"from": stamp(self.now() + begin), "until": stamp(self.now() + end)}
        self.start()
        self.browser.until("document.querySelector('#here-name').textContent !== ''")
        # A tablet that does not know where it stands is silenced by nobody.
        self.assertFalse(self.browser.evaluate("import('/tablet/place.js').then(({ Place }) => new Place({}).isHere('other'))"))
        # Another school's, one that nobody has signed, and one of a whole day: none of them silences anybody.
        self.hub.state({}, site="other", exams=[exam(-60, 3600)])
        self.hub.state({}, exams=[exam(-60, 86400)])
        self.hub.town_key = STRANGER
        self.hub.state({}, exams=[exam(-60, 3600)])
        self.hub.town_key = FIRST
        self.hub.state({}, exams=[exam(3 * 3600, 4 * 3600)])
        self.browser.until("!document.querySelector('#exam-on').hidden")
        self.assertRegex(self.browser.text("#exam-words"), r"\d\d:\d\d.*試験中（(\d+月\d+日 )?\d\d:\d\dまで音を出しません）")
        self.assertEqual([sign for sign in self.hub.signs if sign.get("exam_seconds")], [])
        self.hub.state({}, exams=[exam(-60, 3600)])
        self.browser.until("/^試験中/.test(document.querySelector('#exam-words').textContent)")
        self.wait(lambda: any((sign.get("exam_seconds") or 0) > 3500 for sign in self.hub.signs), "the town knows")
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.assertTrue(self.browser.evaluate("document.querySelector('#full').classList.contains('flash')"))
        # It holds over a reload while the line is down, where the time is known again: here after it is back.
        self.browser.open(self.hub.address + "/tablet/")
        self.browser.until("/^試験中/.test(document.querySelector('#exam-words').textContent)")
        # Who stands in the room ends it for this tablet, whatever the town says again; the town's next one begins.
        self.browser.click("#exam-stop")
        self.browser.until("document.querySelector('#exam-on').hidden")
        self.hub.state({}, exams=[exam(-60, 3500)])
        self.hub.state({}, exams=[exam(-60, 5), ])
        self.hub.state({}, exams=[exam(-60, 3700)])
        self.browser.until("/^試験中/.test(document.querySelector('#exam-words').textContent)")
        self.hub.state({}, exams=[exam(-60, 3702)])
        # Taken back by the town, it sounds.
        self.hub.state({})
        self.browser.until("document.querySelector('#exam-on').hidden")

    def test_what_was_replaced_days_ago_does_not_come_back_from_a_machine_that_missed_it(self):
        self.enrol()
        days = int(self.now() * 1000) - 2 * 86_400_000
        first, second = (FIRST.seal("alert", {**self.sample("e1"), **ORDER, "id": f"a{serial}", "revision": {"series": "operator", "serial": serial, "sent": stamp(self.now())}}, days + serial)
                         for serial in (1, 2))
        self.hub.put("alert", second)
        self.wait(lambda: "actual e1" in self.board(), "the second")
        self.hub.state({})
        self.wait(lambda: "actual e1" not in self.board(), "over")
        self.hub.put("alert", first)
        self.hub.publish("alert", id="a3", event="e3")
        self.wait(lambda: "actual e3" in self.board(), "the next word")
        self.assertNotIn("actual e1", self.board())

    def test_what_is_held_back_is_asked_for_once_more_and_then_said(self):
        self.enrol()
        asked = len(self.hub.asked)
        self.hub.state({"kept-back": self.hub.sealed + 5})
        self.hub.sealed += 10
        self.wait(lambda: len(self.hub.asked) > asked, "everything asked for")
        self.hub.state({"kept-back": self.hub.sealed - 5})
        self.browser.until("!document.querySelector('#unproven').hidden", 40)
        self.browser.photograph("tablet-unproven")
        self.hub.state({})
        self.browser.until("document.querySelector('#unproven').hidden", 40)

    def test_a_new_key_signed_by_the_old_one_is_followed_and_what_came_before_it_is_proven_then(self):
        self.start()
        words = [FIRST.word(1, "042056", FIRST), SECOND.word(2, "042056", FIRST, "2099-01-01T00:00:00+09:00")]
        self.hub.town_key = SECOND
        self.hub.publish("alert", **ORDER)
        self.doubts()
        self.hub.state({"e1": self.hub.sealed}, keys=words)
        self.browser.until(f"!({DOUBT})")
        self.assertTrue(self.browser.evaluate("document.querySelector('#full').classList.contains('calls')"))
        self.assertNotIn("? actual e1", self.board(), "it is one and the same")
        self.hub.town_key = FIRST
        self.hub.publish("alert", id="a2", event="e2")
        self.wait(lambda: "actual e2" in self.board(), "the old key holds for a while")

    def test_a_key_that_was_taken_back_signs_nothing_more_and_a_strangers_word_makes_no_key(self):
        self.enrol()
        self.hub.town_key = SECOND
        self.hub.state({}, keys=[FIRST.word(1, "042056", FIRST), SECOND.word(2, "042056", FIRST, stamp(self.now() - 1))])
        self.hub.publish("alert", id="a1", event="e1")
        self.wait(lambda: "actual e1" in self.board(), "the new key")
        self.hub.town_key = FIRST
        self.hub.publish("alert", id="a2", event="e2")
        self.wait(lambda: "? actual e2" in self.board(), "the old key")
        self.hub.town_key = STRANGER
        for by in (STRANGER, FIRST):
            self.hub.state({}, keys=[STRANGER.word(3, "042056", by)])
        self.hub.state({}, keys=[{**STRANGER.word(3, "042056", STRANGER), "by": SECOND.mark}])
        self.hub.publish("alert", id="a3", event="e3")
        self.wait(lambda: "? actual e3" in self.board(), "the stranger's")

    def test_a_tablet_of_before_takes_the_first_key_it_hears_of_and_no_other_ones(self):
        self.enrol_at("/tablet/", "体育館1号", DESK)
        self.assertFalse(self.browser.evaluate("document.querySelector('#unchecked').hidden"), "it says that nothing is checked")
        self.browser.photograph("tablet-unchecked")
        self.hub.publish("alert", key="e1", **ORDER)
        self.wait(lambda: "actual e1" in self.board(), "what nobody signed is shown as ever")
        self.hub.town_key = FIRST
        self.hub.state({"e1": 0})
        self.browser.until("document.querySelector('#unchecked').hidden")
        self.assertIn("actual e1", self.board())
        self.forged()
        self.wait(lambda: "? actual forged" in self.board(), "now it knows")

    def test_who_registers_by_a_sheet_with_another_key_is_told_and_not_registered(self):
        self.hub.town_key = STRANGER
        self.browser.open(self.hub.address + f"/tablet/#BCDFGHJK.{FIRST.mark}")
        self.browser.until("!document.querySelector('#enrol').hidden")
        self.browser.click("#enrol-form button")
        self.browser.until("document.querySelector('#enrol-problem').textContent.includes('確かめられません')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#desk').hidden"))

    def test_only_the_town_takes_a_tablet_off_its_register(self):
        self.enrol()
        self.hub.publish("alert", **ORDER)
        self.browser.until(FULL)
        self.hub.revocation = STRANGER.revocation("dev-1", "042056", 5)
        self.hub.revoked = True
        self.browser.until("!document.querySelector('#unknown').hidden", 40)
        self.assertIn("actual e1", self.board())
        self.hub.revocation = FIRST.revocation("dev-1", "042056", 5)
        self.browser.until("!document.querySelector('#enrol').hidden", 40)

    def test_a_browser_that_knows_no_such_keys_reckons_itself(self):
        self.enrol()
        for place in (None, 3, 31, 33, 62, 63):
            signature = bytearray(FIRST.sign(b"noroshi"))
            if place is not None:
                signature[place] ^= 1
            script = f"""import('/tablet/ed25519.js').then(({{ verify }}) => {{
              const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
              return verify(bytes('{base64.b64encode(FIRST.public).decode()}'), bytes('{base64.b64encode(bytes(signature)).decode()}'), new TextEncoder().encode('noroshi')); }})"""
            self.assertEqual(self.browser.evaluate(script), place is None, f"octet {place}")
        # As a browser of 2024: what is asked of it as Ed25519 it does not know.
        self.browser.evaluate("""(() => { const known = crypto.subtle.importKey.bind(crypto.subtle);
          crypto.subtle.importKey = (form, key, kind, ...rest) => kind === 'Ed25519' ? Promise.reject(new DOMException('no', 'NotSupportedError')) : known(form, key, kind, ...rest); })()""")
        self.hub.publish("alert", **ORDER)
        self.wait(lambda: "actual e1" in self.board(), "proven")
        self.forged()
        self.wait(lambda: "? actual forged" in self.board(), "not proven")

    def now(self) -> float:
        import time
        return time.time()

    def sample(self, event: str) -> dict:
        now = self.now()
        return {"id": event, "event": event, "key": event, "kind": "evacuation", "message": "alert", "mode": "actual", "priority": "urgent", "delivery": event + ".d",
                "town": "042056", "town_name": "さくら市", "town_roman_name": "Sakura City", "sender": "さくら市", "lifted": False, "shelters": [],
                "revision": {"series": "operator", "serial": 1, "sent": stamp(now)}, "sent": stamp(now), "server_time": stamp(now), "expires": stamp(now + 3600), "expires_in": 3600}

    def board(self) -> dict:
        """What the tablet has, by the board's own key."""
        saved = self.browser.evaluate("import('/tablet/store.js').then(({ read }) => read('board')).then((board) => JSON.stringify(board ?? []))")
        return {("? " if one["alert"].get("doubt") else "") + one["alert"]["mode"] + " " + one["alert"]["event"]: one for one in json.loads(saved)}


if __name__ == "__main__":
    unittest.main()
