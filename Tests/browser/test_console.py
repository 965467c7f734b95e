"""The operators' desk in a real browser, against a small hub."""
import time
import unittest

from browser import CHROMIUM, Browser
from fake_hub import FakeHub, stamp


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class ConsoleTests(unittest.TestCase):
    def setUp(self):
        self.hub = FakeHub()
        self.browser = Browser(1440, 900)
        self.addCleanup(self.hub.close)
        self.addCleanup(self.browser.close)
        now = time.time()
        self.hub.alerts = [
            {"id": "op-1", "event": "e1", "kind": "evacuation", "message": "alert", "mode": "actual", "title": "警戒レベル4 避難指示",
             "sender": "さくら市", "sent": stamp(now - 300), "expires": stamp(now + 3600)},
            {"id": "op-0", "event": "e0", "kind": "notice", "message": "alert", "mode": "exercise", "title": "【訓練】給水のお知らせ",
             "sender": "さくら市", "sent": stamp(now - 9000), "expires": stamp(now - 10)}]


    def sign_in(self, room: str = "alerts"):
        self.browser.open(self.hub.address + "/console/#" + room)
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.browser.type("[name=token]", "operator")
        self.browser.press("Enter")
        self.browser.until(f"!document.querySelector('#{room}').hidden")

    def test_a_wrong_token_is_said_and_not_kept(self):
        self.hub.revoked = True
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.browser.type("[name=token]", "wrong")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#problem').textContent.includes('トークンが違うか')")
        self.assertIsNone(self.browser.evaluate("sessionStorage.getItem('noroshi-token')"))

    def test_cancelling_asks_first_and_names_what_is_real(self):
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 2")
        self.browser.photograph("console-alerts")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#alert-rows .danger').length"), 1)
        self.browser.click("#alert-rows .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("【実際】", self.browser.text("#ask"))
        self.browser.press("Escape")
        self.browser.until("!document.querySelector('#ask').open")
        self.assertEqual(self.hub.cancels, [])
        self.browser.click("#alert-rows .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.photograph("console-cancel")
        self.browser.click("#ask-yes")
        self.browser.until("!document.querySelector('#ask').open")
        self.wait(lambda: self.hub.cancels == ["op-1"])

    def test_a_drill_is_the_default_and_needs_a_preview(self):
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.assertIn("市内全域", self.browser.text("#districts"))
        self.browser.click("#districts input[value=本町]")
        self.browser.photograph("console-push-drill")
        self.browser.click("#push-form button")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("13文字長すぎます", self.browser.text("#preview"))
        self.browser.photograph("console-preview-drill")
        self.assertEqual(self.hub.pushes, [])
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "evacuation", "mode": "exercise", "level": 4, "hazard": "洪水", "districts": ["本町"],
            "shelters": [], "lifted": False})

    def test_a_real_one_needs_the_towns_name_typed(self):
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.browser.click("#push-form input[value=actual]")
        self.browser.click("#push-form input[value=notice]")
        self.browser.type("#push-form [name=title]", "断水")
        self.browser.type("#push-form [name=body]", "16時から断水します。")
        self.browser.click("#push-form button")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"))
        self.browser.press("Enter")
        self.browser.type("#send-form [name=name]", "さくら")
        self.browser.press("Enter")
        self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"))
        self.assertEqual(self.hub.pushes, [])
        self.browser.type("#send-form [name=name]", "市")
        self.browser.until("!document.querySelector('#send-form button').disabled")
        self.browser.photograph("console-preview-live")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "notice", "mode": "actual", "title": "断水", "body": "16時から断水します。"})
        self.browser.until("document.querySelector('#push').dataset.mode === 'exercise'")

    def test_changing_the_form_takes_the_preview_away(self):
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.browser.click("#districts input[value=川端]")
        self.browser.click("#push-form button")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#push-form input[value=actual]")
        self.assertTrue(self.browser.evaluate("document.querySelector('#preview').hidden"))

    def test_the_log_follows_and_filters(self):
        self.hub.row()
        self.hub.row(delivery="t.1", channel="school-tablet", endpoint="daiichi-sho", mode="exercise", title="【訓練】避難指示",
                     state="rejected", reason="長すぎます", reach={"accepted": 0, "reached": 0, "shown": 0, "touched": 0})
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 2")
        self.wait(lambda: self.hub.row_followers)
        self.hub.row(delivery="t.2", channel="school-tablet", endpoint="daiichi-sho", state="delivered",
                     reach={"accepted": 1, "reached": 12, "shown": 11, "touched": 3})
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 3")
        first = self.browser.text("#log-rows tr")
        for part in ["実際", "5 配信済み", "学校タブレット", "12", "11", "3"]:
            self.assertIn(part, first)
        self.assertIn("9 拒否", self.browser.text("#log-rows"))
        self.assertIn("長すぎます", self.browser.text("#log-rows"))
        self.browser.photograph("console-log")
        self.browser.evaluate("document.querySelector('#log-form').channel.value = 'area-mail'")
        self.browser.click("#log-form button")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 1")

    def test_inviting_and_revoking_a_device(self):
        self.hub.devices["dev-1"] = {"id": "dev-1", "name": "体育館1号", "town": "042056", "site": "daiichi-sho",
                                     "last_seen": stamp(time.time())}
        self.sign_in("devices")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 1")
        self.assertIn("第一小学校", self.browser.text("#site-select"), "places have names")
        self.browser.click("#invite-form button")
        self.browser.until("document.querySelector('.invitation img')?.complete")
        self.assertEqual(self.hub.invitations, [{"town": "042056", "site": "daiichi-sho"}])
        self.assertIn("BCDFGHJK", self.browser.text("#invitation"))
        self.assertGreater(self.browser.evaluate("document.querySelector('.invitation img').naturalWidth"), 0)
        self.browser.photograph("console-devices")
        self.browser.click("#device-rows button")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 0")

    def test_reports_from_shelters_are_listed(self):
        self.hub.reports["r1"] = {"id": "r1", "people": 87, "needs": ["water", "toilet"], "note": "夜は寒い"}
        self.sign_in("reports")
        self.browser.until("document.querySelectorAll('#report-rows tr').length === 1")
        for part in ["87人", "水、トイレ", "夜は寒い", "第一小学校"]:
            self.assertIn(part, self.browser.text("#report-rows"))

    def test_what_was_cancelled_cannot_be_cancelled_again(self):
        first = self.hub.alerts[0]
        self.hub.alerts.append({**first, "id": "op-2", "message": "cancel", "sent": stamp(time.time())})
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 3")
        self.assertIn("取消済み", self.browser.text("#alert-rows"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#alert-rows .danger').length"), 0)

    def test_who_did_not_hear_is_on_the_list_to_telephone(self):
        tablet = {"alert": "op-1", "channel": "school-tablet", "mode": "actual"}
        self.hub.row(delivery="r.1", alert="op-1", mode="actual")
        self.hub.row(delivery="r.2", endpoint="daiichi-sho", reach={"accepted": 1, "reached": 0, "shown": 0, "touched": 0}, **tablet)
        self.hub.row(delivery="r.3", endpoint="daini-sho", reach={"accepted": 1, "reached": 2, "shown": 1, "touched": 1}, **tablet)
        self.hub.row(delivery="r.4", endpoint="daisan-sho", state="held", sentence="古くなりました。 (Too old.)", **tablet)
        self.hub.row(delivery="r.5", endpoint="*", endpoints=7, state="skipped", sentence="地域の外です。 (Outside.)", **tablet)
        self.hub.row(delivery="other", alert="op-0", channel="school-tablet", endpoint="yonban-sho", state="rejected")
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 2")
        self.browser.until("!document.querySelector('#held').hidden")
        self.assertIn("1か所", self.browser.text("#held-rows"))
        self.browser.click("#alert-rows button")
        self.browser.until("document.querySelectorAll('#call-rows tr').length === 2")
        calls, heard = self.browser.text("#call-rows"), self.browser.text("#heard-rows")
        self.assertLess(calls.index("daisan-sho"), calls.index("第一小学校"), "what was never sent stands first")
        self.assertIn("応答した端末がありません", calls)
        self.assertIn("人が確認しました", heard)
        self.assertIn("人に届いたかは分かりません", heard, "taken by a gateway is not heard")
        self.assertIn("7か所　学校タブレット：地域の外です。", self.browser.text("#skipped-rows"))
        self.browser.photograph("console-reach")
        # A tablet answers: it leaves the list by itself.
        self.wait(lambda: self.hub.row_followers)
        self.hub.row(delivery="r.2", endpoint="daiichi-sho", reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 1}, **tablet)
        self.browser.until("document.querySelectorAll('#call-rows tr').length === 1")
        self.browser.click("#release")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("実際", self.browser.text("#reach-mode"))
        self.browser.click("#ask-yes")
        self.wait(lambda: self.hub.settled == [("release", {"town": "042056", "alert": "op-1"})])

    def test_an_order_is_lifted_as_a_revision_of_itself(self):
        self.hub.alerts[0].update(mode="exercise", event="exercise/op/042056/e1", detail={
            "kind": "evacuation", "level": 4, "level_name": "避難指示", "hazard": "土砂災害", "districts": ["川端", "北町"], "shelters": ["gym"], "lifted": False})
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 2")
        self.assertIn("（警戒レベル4）土砂災害　川端、北町", self.browser.text("#alert-rows"))
        self.browser.click("#alert-rows button:nth-of-type(2)")
        self.browser.until("!document.querySelector('#base').hidden")
        self.assertIn("土砂災害", self.browser.text("#base-text"))
        self.browser.click("[name=lifted]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.photograph("console-lift")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "evacuation", "mode": "exercise", "level": 4, "hazard": "土砂災害",
            "districts": ["川端", "北町"], "shelters": ["gym"], "lifted": True, "event": "exercise/op/042056/e1"})
        self.assertTrue(self.hub.keys[0], "a lost answer does not make two orders of one")
        self.browser.click("[data-room=push]")
        self.browser.until("document.querySelector('#base').hidden && document.querySelector('#lift').hidden")

    def test_the_weather_services_alerts_are_not_ours_to_take_back(self):
        self.hub.alerts[0].update(type="VTSE41", kind="tsunami", sender="気象庁")
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 2")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#alert-rows .danger').length"), 0)

    def test_the_desk_is_dark_in_a_dark_room(self):
        self.browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.sign_in()
        self.browser.until("document.querySelectorAll('#alert-rows tr').length === 2")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(20, 24, 31)")
        self.browser.photograph("console-dark")

    def test_markup_from_the_hub_stays_text(self):
        self.hub.row(title="<img src=x onerror=alert(1)>", reason="<b>x</b>")
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 1")
        self.assertIn("<img", self.browser.text("#log-rows"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#log-rows img').length"), 0)

    def wait(self, condition):
        end = time.monotonic() + 10
        while not condition():
            if time.monotonic() > end:
                self.fail("not within 10 s")
            time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
