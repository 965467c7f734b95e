"""The operators' desk in a real browser, against a small hub."""
import json
import shutil
import subprocess
import time
import unittest

from browser import CHROMIUM, Browser
from fake_hub import hub_towns, stamp
from screens import OnSmallHub


def on_desk(at: str) -> str:
    """A time as the desk says it: of another day with its day, and a test runs at midnight too."""
    day = "" if at[:10] == stamp(time.time())[:10] else f"{int(at[5:7])}月{int(at[8:10])}日 "
    return day + at[11:16]


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class ConsoleTests(OnSmallHub):
    SIZE = (1440, 900)

    def setUp(self):
        super().setUp()
        now = time.time()
        self.hub.alerts = [
            {"id": "op-1", "event": "e1", "kind": "evacuation", "message": "alert", "mode": "actual", "title": "警戒レベル4 避難指示",
             "sender": "さくら市", "sent": stamp(now - 300), "expires": stamp(now + 3600)},
            {"id": "op-0", "event": "e0", "kind": "notice", "message": "alert", "mode": "exercise", "title": "【訓練】給水のお知らせ",
             "sender": "さくら市", "sent": stamp(now - 9000), "expires": stamp(now - 10)}]


    def sign_in(self, room: str = "alerts", mode: str = "actual"):
        """Signed in, and in the place of this mode by the person's own choice."""
        self.browser.open(self.hub.address + "/console/#" + ("drill/" if mode == "exercise" else "") + room)
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.enter_token()
        self.enter_world(mode)
        self.browser.until(f"!document.querySelector('#{room.partition(':')[0]}').hidden")

    def enter_world(self, mode: str = "actual"):
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click(f"#world-{mode}")
        self.browser.until(f"document.body.dataset.world === '{mode}' && !document.querySelector('#rooms').hidden")

    def enter_token(self):
        self.browser.type("[name=token]", "operator")
        self.browser.press("Enter")

    def order(self, district: str = "本町"):
        """The form, filled in as far as the preview."""
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.choose("level", "4")
        self.choose("hazard", "洪水")
        self.browser.click(f"#districts input[value={district}]")

    def choose(self, name: str, value: str):
        self.browser.until("!document.querySelector('#push-form').inert")
        self.browser.evaluate(f"""(() => {{ const one = document.querySelector('#push-form').elements.{name};
            one.value = '{value}'; one.dispatchEvent(new Event('input', {{bubbles: true}})) }})()""")

    def stands(self, mode: str, *rows: tuple, version: int = 3):
        names = {3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保"}
        self.hub.standing[mode].update(version=version, districts=[
            {"district": district, "hazard": hazard, "level": level, "level_name": names[level], "since": stamp(time.time() - 600),
             "by": "佐藤", "event": "e1", "alert": "op-1", "until": stamp(time.time() + until)} for district, hazard, level, until in rows])

    def sign_in_by_name(self, code: str = "123456"):
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.browser.type("#person-form [name=name]", "佐藤")
        self.browser.type("#person-form [name=password]", "secret")
        self.browser.press("Enter")
        self.browser.until("!document.querySelector('#code-field').hidden")
        self.browser.type("#person-form [name=code]", code)
        self.browser.press("Enter")

    def waiting(self, **change) -> dict:
        return {"id": "A-1", "town": "042056", "title": "警戒レベル4 避難指示", "kind": "order", "state": "waiting", "by": "鈴木",
                "alert": "x", "submitted_at": stamp(time.time()), "deadline": stamp(time.time() + 120),
                "next": {"role": "chief", "name": "防災課長", "people": ["佐藤"]}, **change}

    def test_who_signs_in_by_name_is_asked_for_the_digits_and_a_password_of_his_own_and_is_named(self):
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.assertEqual(self.browser.text("#person"), "佐藤さん")
        self.assertFalse(self.browser.evaluate("document.querySelector('#change-password').hidden"))
        self.browser.photograph("console-first-password")
        self.browser.type("#password-form [name=password]", "a long secret of my own")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#change-password').hidden")
        self.assertIn(("PUT", "/v1/sessions/current/password", {"password": "a long secret of my own"}), self.hub.decisions)
        self.assertNotIn("secret", self.browser.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"))
        self.browser.click("#sign-out")
        self.browser.until("document.readyState === 'complete' && !document.querySelector('#sign-in').hidden")
        self.assertIn(("DELETE", "/v1/sessions/current", {}), self.hub.decisions)
        self.assertIsNone(self.browser.evaluate("localStorage.getItem('noroshi-person')"))

    def test_the_key_from_the_safe_opens_the_desk(self):
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.browser.photograph("console-sign-in")
        self.browser.click("#sign-in summary")
        self.browser.type("#safe-form [name=name]", "鈴木")
        self.browser.type("#safe-form [name=key]", "key")
        self.browser.press("Enter")
        self.enter_world()
        self.assertEqual(self.browser.text("#person"), "鈴木さん")

    def test_what_waits_is_before_everybody_in_every_room_and_is_decided_there(self):
        self.hub.approvals = [self.waiting(), self.waiting(id="A-2", title="お知らせ 断水", by="佐藤"), self.waiting(
            id="A-3", state="review", reason="津波が見えた", next=None)]
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 3")
        first = self.browser.text("#approvals-rows li:nth-child(1)")
        for word in ["承認待ち", "避難指示", "鈴木", "防災課長", "次の役割"]:
            self.assertIn(word, first)
        self.assertNotIn("承認して送る", self.browser.text("#approvals-rows li:nth-child(2)"), "not one's own")
        self.browser.click("#approvals-rows li:nth-child(1) summary")
        self.browser.until("document.querySelector('#approvals-rows .texts').textContent.includes('本町の方は避難してください')")
        self.browser.photograph("console-approvals")
        self.browser.size(360, 740)
        self.browser.photograph("console-approvals-phone")
        self.browser.size(1440, 900)
        self.browser.click("[data-room=log]")
        self.assertFalse(self.browser.evaluate("document.querySelector('#approvals').hidden"))
        # Whose turn is nobody's says so. Pressed twice it is asked once.
        self.hub.approvals[0]["next"] = {"role": "prefecture", "name": "県", "people": []}
        self.browser.until("document.querySelector('#approvals-rows').textContent.includes('「県」の番ですが、この役割で承認できる人が、ここにいません')", 15)
        self.browser.evaluate("""(() => { const shown = HTMLDialogElement.prototype.showModal, one = document.querySelector('#approvals-rows li:nth-child(1) .main');
            globalThis.asked = 0; HTMLDialogElement.prototype.showModal = function () { globalThis.asked += 1; shown.call(this); }; one.click(); one.click(); })()""")
        self.browser.until("document.querySelector('#ask').open")
        time.sleep(0.5)
        self.assertEqual(self.browser.evaluate("globalThis.asked"), 1)
        self.browser.click("#ask-yes")
        self.wait(lambda: ("POST", "/v1/approvals/A-1/approve", {}) in self.hub.decisions)
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 2")
        self.browser.click("#approvals-rows li:nth-child(1) .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.assertTrue(self.browser.evaluate("document.querySelector('#ask').open"), "not without a reason")
        self.browser.type("#ask-input", "地区が違う")
        self.browser.click("#ask-yes")
        self.wait(lambda: ("POST", "/v1/approvals/A-2/return", {"reason": "地区が違う"}) in self.hub.decisions)

    def test_shelters_that_one_person_submitted_are_one_yes(self):
        self.hub.approvals = [self.waiting(id=f"A-{number}", title=f"避難所開設 第{number}小学校", kind="shelter") for number in range(3)] + [self.waiting(id="A-9")]
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 5")
        self.assertIn("鈴木さんが出した避難所3件をまとめて承認して送る", self.browser.text("#approvals-rows li:first-child"))
        self.browser.photograph("console-approvals-together")
        self.browser.click("#approvals-rows li:first-child button")
        self.browser.until("document.querySelector('#ask').open")
        for number in range(3):
            self.assertIn(f"第{number}小学校", self.browser.text("#ask-text"))
        self.browser.click("#ask-yes")
        self.wait(lambda: [path for _, path, _ in self.hub.decisions if path.endswith("/approve")] == [f"/v1/approvals/A-{number}/approve" for number in range(3)])
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 1")

    def test_several_that_wait_are_ticked_and_decided_in_one_act_and_what_cannot_be_is_named(self):
        self.hub.approvals = [self.waiting(id=f"A-{number}", title=f"お知らせ 第{number}号", kind="notice", by="鈴木" if number % 2 else "高橋") for number in range(6)] + [
            self.waiting(id="A-own", title="お知らせ 自分の", by="佐藤"), self.waiting(id="A-people", title="田中さんの役割", kind="people")]
        self.hub.approvals[0]["changes"] = [{"kind": "evacuation", "district": "本町", "hazard": "洪水", "before": 4, "before_name": "避難指示", "after": None}]
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 8")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#approvals-rows input').length"), 7, "of people each is asked about by itself")
        self.assertFalse(self.browser.evaluate("document.querySelector('#approvals-yes').checkVisibility()"))
        tick = "document.querySelector('#approvals-rows input[value=%s]')"
        for name in ("A-0", "A-1", "A-2", "A-own"):
            self.browser.click(f"#approvals-rows input[value={name}]")
        self.browser.until("document.querySelector('#approvals-ticked').textContent === '4件を選んでいます'")
        # A colleague decides one; the list is read again, ticks stay, and the one that is gone is named.
        self.hub.approvals = [act for act in self.hub.approvals if act["id"] != "A-1"]
        self.browser.until("document.querySelector('#approvals-ticked').textContent === '3件を選んでいます。もう決まったもの：「お知らせ 第1号」'", 15)
        self.assertTrue(self.browser.evaluate((tick % "A-0") + ".checked"))
        self.browser.photograph("desk-approvals-ticked")
        self.browser.size(360, 740)
        self.browser.photograph("desk-approvals-ticked-360")
        self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
        self.browser.size(1440, 900)
        self.browser.evaluate("document.activeElement.blur()")
        self.browser.key("y")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("お知らせ 第0号（出した人 高橋）\n　　本町（洪水）：避難指示 → なし", self.browser.evaluate("document.querySelector('#ask-text').textContent"))
        asked = self.browser.text("#ask-text")
        for part in ["次の2件を、いま本番として送ります", "お知らせ 第0号（出した人 高橋）", "お知らせ 第2号", "承認しないもの", "第1号（もう決まっています）", "自分の（あなたが出したものです"]:
            self.assertIn(part, asked)
        self.assertEqual(self.browser.text("#ask-yes"), "2件を承認して送る")
        self.assertEqual(self.hub.decisions, [], "the key alone decides nothing")
        self.browser.photograph("desk-approvals-ask")
        # While the question stands a colleague decides another one: the hub says so, and it is named.
        self.hub.approvals = [act for act in self.hub.approvals if act["id"] != "A-2"]
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#ask').open && document.querySelector('#ask-title').textContent === '承認できなかったものがあります'")
        self.assertEqual(self.browser.text("#ask-text"), "・お知らせ 第2号：もう決まっています（鈴木さん）")
        self.browser.click("#ask-yes")
        self.assertEqual([path for _, path, _ in self.hub.decisions], ["/v1/approvals/A-0/approve"], "neither one's own nor what was decided")
        self.browser.until("document.querySelector('#approvals-done').textContent.startsWith('2件のうち1件を承認して送りました')")
        # Refused together: one reason for all, one's own taken back with it.
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 5")
        self.browser.click("#approvals-all")
        self.browser.click("#approvals-no")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.assertTrue(self.browser.evaluate("document.querySelector('#ask').open"), "not without a reason")
        self.browser.type("#ask-input", "朝にまとめて出す")
        self.browser.click("#ask-yes")
        self.wait(lambda: [(path.split("/")[3], body) for _, path, body in self.hub.decisions if path.endswith("/return")] == [
            (f"A-{name}", {"reason": "朝にまとめて出す"}) for name in ("3", "4", "5", "own")])
        self.browser.until("document.querySelectorAll('#approvals-rows li').length === 1 && !document.querySelector('#approvals-tools').checkVisibility()")

    def test_two_people_who_approve_the_same_at_once_send_each_once_and_each_hears_what_the_other_did(self):
        self.hub.approvals = [self.waiting(id=f"A-{number}", title=f"お知らせ 第{number}号", kind="notice") for number in range(8)]
        self.sign_in_by_name()
        self.enter_world()
        first, self.browser = self.browser, Browser(*self.SIZE)
        other = self.browser
        self.addCleanup(other.close)
        self.sign_in_by_name()
        self.enter_world()
        self.browser = first
        for page in (first, other):
            page.until("document.querySelectorAll('#approvals-rows li').length === 8")
            page.evaluate("document.querySelector('#approvals-all').click(); document.querySelector('#approvals-yes').click(); 0")
            page.until("document.querySelector('#ask').open")
        for page in (first, other):
            page.evaluate("document.querySelector('#ask-yes').click(); 0")
        for page in (first, other):
            page.until("document.querySelector('#approvals-done').textContent.startsWith('8件のうち')")
        self.assertEqual(sorted(path for _, path, _ in self.hub.decisions if path.endswith("/approve")), [f"/v1/approvals/A-{number}/approve" for number in range(8)], "each once")
        done = [int(page.text("#approvals-done").split("うち")[1].split("件")[0]) for page in (first, other)]
        self.assertEqual(sum(done), 8)
        for page, count in zip((first, other), done):
            named = page.evaluate("document.querySelector('#ask').open ? document.querySelector('#ask-text').textContent.split('もう決まっています').length - 1 : 0")
            self.assertEqual(named, 8 - count, "what the other one decided is named")

    def test_an_order_that_will_wait_says_so_before_and_after_and_can_go_at_once_with_a_reason(self):
        self.hub.waits = {"next": {"role": "chief", "name": "防災課長", "people": ["高橋"]}, "seconds": 120}
        self.sign_in("push")
        for glass in (False, True):
            self.order()
            self.browser.click("#push-form button.main")
            self.browser.until("!document.querySelector('#preview').hidden")
            self.assertIn("「防災課長」（高橋）の承認を待ちます", self.browser.text("#second-words"))
            self.browser.type("#send-form [name=name]", "さくら市")
            if glass:
                self.browser.click("#send-form [name=glass]")
                self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"), "not without a reason")
                self.browser.type("#send-form [name=why]", "津波が見えた")
                self.browser.photograph("console-break-glass")
            self.browser.click("#send-form button")
            said = "受け付けました" if glass else "まだ送っていません。「防災課長」の承認を待っています"
            self.browser.until(f"document.querySelector('#push-done').textContent.includes('{said}')")
            self.assertEqual(self.hub.glass, ["津波が見えた"] if glass else [])

    def test_an_examination_is_set_for_a_school_and_taken_back(self):
        self.hub.settings["document"]["endpoints"].append({"channel": "school-tablet", "id": "daiichi-sho", "name": "第一小学校", "actual": {}, "exercise": {}, "procedure": "1. 待つ"})
        self.sign_in_by_name()
        self.enter_world()
        self.browser.click("#password-later")
        self.browser.click("[data-room=devices]")
        self.browser.until("!document.querySelector('#exam-room').hidden && document.querySelector('#exam-plan [name=site]').value === 'daiichi-sho'")
        self.browser.evaluate("const plan = document.querySelector('#exam-plan').elements; plan.day.value = '2099-12-05'; plan.from.value = '09:00'; plan.until.value = '11:30'; 0")
        self.browser.click("#exam-plan button")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("第一小学校の試験（2099-12-05 09:00〜11:30）", self.browser.text("#ask"))
        self.assertIn("音を出しません", self.browser.text("#ask"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#exam-rows li').length === 1 && document.querySelector('#exam-done').textContent.includes('すぐに伝わります')")
        school = self.hub.settings["document"]["endpoints"][-1]
        self.assertEqual((school["exams"], school["procedure"]), ([{"from": "2099-12-05 09:00", "until": "2099-12-05 11:30"}], "1. 待つ"))
        self.assertEqual([end.get("exams") for end in self.hub.settings["document"]["endpoints"][:-1]], [None, None])
        for name, width, height in [("-phone", 360, 740), ("-tablet", 768, 1024), ("-wide", 1920, 1080)]:
            self.browser.size(width, height)
            self.browser.evaluate("document.querySelector('#exam-room').scrollIntoView()")
            self.browser.photograph("console-exams" + name)
        # Somebody was faster: it is said, and read anew.
        self.hub.settings["etag"] = '"9"'
        self.browser.click("#exam-rows button")
        self.browser.until("document.querySelector('#exam-done').textContent.includes('読み直してから')")
        self.browser.click("#exam-rows button")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#exam-rows li').length === 0")
        self.assertEqual(self.hub.settings["document"]["endpoints"][-1]["exams"], [])

    def test_a_towns_districts_and_far_ends_are_changed_with_a_reason_and_its_links_are_tried(self):
        self.sign_in_by_name()
        self.enter_world()
        self.browser.click("#password-later")
        self.browser.click("[data-room=settings]")
        self.browser.until("document.querySelectorAll('#end-rows tr').length === 2 && document.querySelectorAll('#start-steps li').length === 8")
        self.assertIn("2地区", self.browser.text("#start-steps"))
        self.browser.click("#link-test")
        self.browser.until("document.querySelector('#link-done').textContent.includes('返事のない送り先が1か所')")
        self.assertIn("× つながりません", self.browser.text("#end-rows"))
        for name, width, height in [("-phone", 360, 740), ("-tablet", 768, 1024), ("-wide", 1920, 1080), ("", 1440, 900)]:
            self.browser.size(width, height)
            self.browser.evaluate("scrollTo(0, 0)")
            self.browser.photograph("console-settings" + name)
        self.assertTrue(self.browser.evaluate("document.querySelector('#settings-send').hidden"))
        self.browser.type("#district-name", "大島地区")
        self.browser.click("#district-add")
        self.browser.until("document.querySelectorAll('#district-rows li').length === 3 && !document.querySelector('#settings-send').hidden")
        # A far end is refused beside its field, then in the hub's words.
        self.browser.click("#end-rows tr:nth-child(2) button")
        self.browser.until("!document.querySelector('#end-form').hidden")
        self.browser.evaluate("document.querySelector('#end-form [name=exercise]').value = 'url'")
        self.browser.click("#end-form [type=submit]")
        self.browser.until("document.querySelector('#end-form .refusal') !== null")
        self.browser.evaluate("document.querySelector('#end-form [name=exercise]').value = 'url=http://a.example\\nsecret=********'")
        self.browser.photograph("console-settings-end")
        self.browser.click("#end-form [type=submit]")
        self.browser.until("document.querySelector('#end-form').hidden")
        self.browser.click("#settings-form [type=submit]")
        self.browser.until("document.querySelector('#settings-form .refusal') !== null")
        self.browser.type("#settings-form [name=reason]", "大島の分")
        self.browser.click("#settings-form [type=submit]")
        self.browser.until("document.querySelector('#settings-form .refusals').textContent.includes('https にしてください')")
        self.browser.click("#end-rows tr:nth-child(2) button")
        self.browser.evaluate("document.querySelector('#end-form [name=exercise]').value = 'url=https://a.example\\nsecret=********'")
        self.browser.click("#end-form [type=submit]")
        self.browser.click("#settings-form [type=submit]")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("districts を変更", self.browser.text("#ask-text"))
        self.assertIn("知らせません", self.browser.text("#ask-text"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#settings-done').textContent.includes('第1版')")
        self.assertIn("大島の分", self.browser.text("#change-rows"))
        self.assertEqual(self.hub.settings["document"]["endpoints"][1]["exercise"], {"url": "https://a.example", "secret": "********"})
        self.assertEqual(self.hub.settings["document"]["districts"][2], {"name": "大島地区"})
        # Somebody was faster: it is said, and what was written stays.
        self.hub.settings["etag"] = '"9"'
        self.browser.type("#district-name", "唐桑地区")
        self.browser.click("#district-add")
        self.browser.type("#settings-form [name=reason]", "唐桑の分")
        self.browser.click("#settings-form [type=submit]")
        self.browser.until("document.querySelector('#settings-form .refusals').textContent.includes('山田さん')")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#district-rows li').length"), 4)

    def test_people_are_added_stopped_and_handed_over_to_and_no_secret_stays_on_the_screen(self):
        self.hub.users = [{"name": "鈴木", "roles": [{"role": "duty", "name": "当直", "towns": ["042056"]}], "disabled": False, "code": True,
                           "last_sign_in_at": stamp(time.time() - 60)}]
        self.sign_in_by_name()
        self.enter_world()
        self.browser.click("#password-later")
        self.browser.click("[data-room=people]")
        self.browser.until("document.querySelectorAll('#user-rows tr').length === 1")
        self.assertIn("3枚", self.browser.text("#safe-left"))
        self.browser.type("#user-form [name=name]", "高橋")
        self.browser.click("#user-form button")
        self.browser.until("document.querySelector('#user-form .refusal') !== null")
        self.browser.click("#user-form input[value=chief]")
        self.browser.click("#user-form button")
        self.browser.until("document.querySelector('#secret').textContent.includes('abcde-fghjk')")
        self.browser.until("document.querySelectorAll('#user-rows tr').length === 2")
        self.browser.photograph("console-people")
        self.browser.size(360, 740)
        self.browser.photograph("console-people-phone")
        self.browser.size(1440, 900)
        self.browser.click("[data-room=log]")
        self.browser.until("!document.querySelector('#log').hidden")
        self.assertNotIn("abcde-fghjk", self.browser.evaluate("document.documentElement.textContent"))
        self.browser.click("[data-room=people]")
        self.browser.until("document.querySelectorAll('#user-rows tr').length === 2")
        for number, question in [(1, "引き継ぐ"), (2, "作る"), (3, "使えなくする")]:
            self.browser.click(f"#user-rows tr:nth-child(1) button:nth-of-type({number})")
            self.browser.until(f"document.querySelector('#ask').open && document.querySelector('#ask-yes').textContent === '{question}'")
            self.browser.click("#ask-yes")
        self.wait(lambda: len(self.hub.decisions) == 3)
        self.assertEqual(self.hub.decisions, [
            ("POST", "/v1/users/鈴木/hand-over", {"role": "chief", "town": "042056"}), ("PATCH", "/v1/users/鈴木", {"reset": True}),
            ("PATCH", "/v1/users/鈴木", {"disabled": True})])
        self.browser.click("#safe-make")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#secret-lines .code').length === 10")
        self.browser.photograph("console-safe-keys")
        self.browser.type("#token-form [name=name]", "サイレン")
        self.browser.click("#token-form input[value=read]")
        self.browser.click("#token-form button")
        self.browser.until("document.querySelector('#secret').textContent.includes('secret-token')")
        self.browser.click("#token-rows .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#token-rows tr').length === 0")

    def test_the_towns_own_sign_in_is_offered_and_who_comes_back_from_it_is_in_or_hears_why_not(self):
        self.hub.has_openid = True
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#openid-way').hidden")
        self.assertEqual(self.browser.evaluate("document.querySelector('#openid-enter').href"), self.hub.address + "/v1/sessions/openid")
        self.browser.photograph("console-openid")
        self.browser.open(self.hub.address + "/console/?openid=no")
        self.browser.until("document.querySelector('#problem').textContent.includes('庁内の認証では入れませんでした')")
        self.browser.evaluate("document.cookie = '__Host-noroshi=s-1; Path=/; Secure'")
        self.browser.open(self.hub.address + "/console/?openid=yes")
        self.enter_world()
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.assertEqual(self.browser.text("#person"), "佐藤さん")
        self.assertEqual(self.browser.evaluate("location.search"), "")

    def test_real_or_drill_is_chosen_first_and_neither_is_seen_before(self):
        self.stands("actual", ("本町", "洪水", 4, 9000))
        self.browser.open(self.hub.address + "/console/#push")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.enter_token()
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.photograph("console-between")
        self.assertEqual(self.browser.evaluate("[document.body.dataset.world, document.querySelector('#rooms').hidden]"), ["", True])
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('main > section')].filter((one) => !one.hidden).length"), 1)
        self.browser.click("#world-exercise")
        self.browser.until("document.body.dataset.world === 'exercise'")
        self.assertEqual(self.browser.evaluate("location.hash"), "#drill/alerts", "an address of its own")
        self.assertIn("【訓練】", self.browser.evaluate("document.title"))
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('[data-room]')].filter((one) => !one.hidden).map((one) => one.dataset.room)"),
                         ["alerts", "push", "log", "reports", "drills", "notices", "chronicle", "muster", "pact"], "registers are real")
        self.browser.open(self.hub.address + "/console/#drill/people")
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.assertTrue(self.browser.evaluate("document.querySelector('#people').hidden"))

    def test_each_desk_has_a_sign_in_of_its_own_and_both_stand_beside_each_other(self):
        self.hub.bound = set()
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.browser.click("#cross")
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click("#world-exercise")
        self.browser.until("!document.querySelector('#sign-in').hidden && document.querySelector('#rooms').hidden")
        self.assertEqual(self.browser.text("#sign-in-title"), "訓練の操作卓に入る")
        self.assertIn("あらためて", self.browser.text("#problem"))
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('main > section')].filter((one) => !one.hidden).map((one) => one.id)"), ["sign-in"])
        self.browser.photograph("console-sign-in-drill")
        self.browser.type("#person-form [name=name]", "佐藤")
        self.browser.type("#person-form [name=password]", "secret")
        self.browser.press("Enter")
        self.browser.until("!document.querySelector('#code-field').hidden")
        self.browser.type("#person-form [name=code]", "123456")
        self.browser.press("Enter")
        self.browser.until("document.body.dataset.world === 'exercise' && !document.querySelector('#alerts').hidden && document.querySelector('#sign-in').hidden")
        self.assertEqual(self.hub.bound, {"actual", "exercise"})
        # At night what is real is one key away: nobody is asked a second time.
        self.browser.click("#cross")
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click("#world-actual")
        self.browser.until("document.body.dataset.world === 'actual' && !document.querySelector('#alerts').hidden && document.querySelector('#sign-in').hidden")

    def test_a_drill_is_planned_begun_ended_scored_and_erased(self):
        self.sign_in("drills", "exercise")
        self.browser.until("!document.querySelector('#drills-none').hidden")
        self.browser.photograph("console-drills-empty")
        self.browser.type("#drill-form [name=title]", "秋の津波訓練")
        self.browser.type("#drill-form [name=note]", "沿岸の三地区の避難指示と避難所")
        self.browser.press("Enter")
        self.browser.until("document.querySelectorAll('#drill-rows tr').length === 1 && document.querySelector('#drills-none').hidden")
        self.assertNotIn("結果", self.browser.text("#drill-rows"), "no score before it has begun")
        for word, state in [("始める", "実施中"), ("終えて採点する", "終了"), ("残ったものを消す", "消去済み")]:
            self.browser.evaluate(f"[...document.querySelectorAll('#drill-rows button')].find((one) => one.textContent === '{word}').click()")
            self.browser.until("document.querySelector('#ask').open")
            self.browser.click("#ask-yes")
            self.browser.until(f"document.querySelector('#drill-rows').textContent.includes('{state}')")
            if state == "終了":
                self.browser.until("!document.querySelector('#drill-score').hidden")
                score = self.browser.text("#drill-score")
                for said in ["秋の津波訓練", "39／40", "12ミリ秒", "2.4秒", "庁舎の表示板", "二号機", "避難指示", "佐藤"]:
                    self.assertIn(said, score)
                self.browser.photograph("console-drills")
                self.browser.size(360, 740)
                self.browser.photograph("console-drills-phone")
                self.browser.size(1440, 900)
        self.assertEqual([path.split("/")[-1] for _, path, _ in self.hub.decisions if path.startswith("/v1/drills/")], ["begin", "end", "erase"])
        self.assertIn("39／40", self.browser.text("#drill-rows"), "the score stays")
        self.sign_in_again_in_the_real_place()

    def test_a_notice_is_written_for_later_read_first_as_it_will_go_out_and_stopped_by_whoever_thinks_better_of_it(self):
        now = time.time()
        self.hub.has_problems = False
        self.hub.notices = [{"id": "S-9", "town": "042056", "mode": "exercise", "title": "訓練の予定", "body": "訓練です。", "every": "once", "at": stamp(now + 900), "by": "鈴木"}]
        self.sign_in()
        self.browser.key("9")
        self.browser.until("!document.querySelector('#notices').hidden && !document.querySelector('#notices-none').hidden")
        self.assertNotIn("訓練の予定", self.browser.text("#notices"), "a drill's notices are the drill's")
        self.assertTrue(self.browser.evaluate("document.querySelector('#notice-test').hidden"), "a test that is real would be an alarm")
        self.browser.photograph("console-notices-empty")
        self.browser.type("#notice-form [name=title]", "朝市")
        self.browser.type("#notice-form [name=body]", "港の広場で朝市があります。")
        day = stamp(now + 86400)[:10]
        self.browser.evaluate(f"""(() => {{ const form = document.querySelector('#notice-form').elements; form.at.value = '{day}T08:00'; form.every.value = 'weekly';
            form.every.dispatchEvent(new Event('input', {{ bubbles: true }})) }})()""")
        month, date = int(day[5:7]), int(day[8:])
        self.assertRegex(self.browser.text("#notice-times"), f"^{month}月{date}日（.） 08:00、.*08:00、.*08:00 …$")
        self.browser.click("#notice-form button")
        self.browser.until("document.activeElement.id === 'notice-preview-title'")
        self.assertIn(f"さくら市　毎週　{month}月{date}日", self.browser.text("#notice-words"))
        self.browser.photograph("console-notices-preview")
        self.browser.press("Enter")
        self.assertTrue(self.browser.evaluate("document.querySelector('#notice-send button').disabled"), "not without the town's name")
        self.browser.type("#notice-send [name=name]", "さくら市")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#notice-done').textContent.includes('予定に入れました')")
        self.assertEqual([(one["at"], one["every"], one["mode"]) for one in self.hub.notices[1:]], [(f"{day}T08:00:00+09:00", "weekly", "actual")])
        self.browser.until("document.querySelectorAll('#notice-rows tr').length === 1")
        row = self.browser.text("#notice-rows")
        for word in ("毎週", "朝市", "佐藤", "08:00", "そのあと"):
            self.assertIn(word, row)
        self.assertEqual(self.hub.pushes, [])
        # A change after the reading takes the reading away, and an hour that has gone is said beside it.
        self.browser.type("#notice-form [name=title]", "昨日の市")
        self.browser.type("#notice-form [name=body]", "もう終わりました。")
        self.browser.evaluate("document.querySelector('#notice-form').elements.at.value = '2020-01-01T08:00'")
        self.browser.click("#notice-form button")
        self.browser.until("document.activeElement.id === 'notice-preview-title'")
        self.browser.type("#notice-send [name=name]", "さくら市")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#notice-form .refusal')?.textContent.includes('これからの時刻')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#notice-preview').hidden"))
        self.browser.photograph("console-notices-refused")
        self.browser.click("#notice-rows button.danger")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("くり返しを、すべてやめます", self.browser.text("#ask-text"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#notice-rows tr').length === 0")
        self.assertEqual([one["id"] for one in self.hub.notices], ["S-9"])

    def test_a_test_of_tablets_is_planned_in_the_drill_alone_and_says_afterwards_which_were_not_heard(self):
        now = time.time()
        self.hub.has_problems = False
        self.sign_in("notices", "exercise")
        self.browser.until("!document.querySelector('#notices').hidden && !document.querySelector('#notice-test').hidden")
        self.browser.click("#notice-test input")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#notice-form [name=title], #notice-form [name=every]')].map((one) => one.value)"), ["タブレットの試験", "weekly"])
        day = stamp(now + 86400)[:10]
        self.browser.evaluate(f"document.querySelector('#notice-form').elements.at.value = '{day}T08:20'")
        self.browser.click("#notice-form button")
        self.browser.until("document.activeElement.id === 'notice-preview-title'")
        self.browser.click("#notice-send button")
        self.browser.until("document.querySelector('#notice-done').textContent.includes('予定に入れました')")
        self.assertEqual([(one.get("test"), one["mode"], one["every"]) for one in self.hub.notices], [(True, "exercise", "weekly")])
        self.hub.notices[0].update(told_at=stamp(now - 600), alert="op-0")
        self.hub.tests = [{"notice": "S-1", "alert": "op-0", "told_at": stamp(now - 600), "devices": 40, "sounded": 37, "places": [
            {"site": "daiichi-sho", "name": "第一小学校", "devices": 12, "sounded": 9, "missing": [
                {"device": "dev-1", "name": "体育館1号", "state": "silent", "mute": False}, {"device": "dev-2", "name": "保健室", "state": "shown", "mute": True},
                {"device": "dev-3", "name": "職員室", "state": "reached", "mute": False}]},
            {"site": "daini-sho", "name": "第二小学校", "devices": 28, "sounded": 28, "missing": []}]}]
        self.browser.open(self.hub.address + "/console/#drill/alerts")
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.browser.key("9")
        self.browser.until("!document.querySelector('#notice-tests').hidden")
        said = self.browser.text("#notice-tests")
        for words in ("40台のうち37台から、鳴ったと返事がありました", "第一小学校", "12台のうち3台", "体育館1号（返事がない）", "保健室（画面には出た。音が出ないと自分で言っています）", "職員室（届いたが、画面に出ていない）"):
            self.assertIn(words, said)
        self.assertNotIn("第二小学校", said, "all of them sounded")
        for name, width, height in (("-phone", 360, 740), ("", 1440, 900)):
            self.browser.size(width, height)
            self.browser.photograph("console-notices-tests" + name)

    def test_what_is_held_back_says_beside_what_since_when_and_how_it_will_be_told(self):
        now = time.time()
        common = {"town": "042056", "mode": "actual", "body": "広場であります。", "by": "佐藤"}
        self.hub.notices = [
            {**common, "id": "S-1", "title": "朝市", "every": "weekly", "at": stamp(now - 600), "held_since": stamp(now - 590)},
            {**common, "id": "S-2", "title": "給食の献立", "every": "once", "at": stamp(now - 300), "held_since": stamp(now - 290)},
            {**common, "id": "S-3", "title": "体操", "every": "daily", "at": stamp(now + 7200), "told_at": stamp(now - 79200), "alert": "op-0"},
            {**common, "id": "S-4", "title": "健康相談", "every": "weekly", "at": stamp(now + 90000), "trouble": "時刻を過ぎてから時間がたったので、送りませんでした (too late to be told)"}]
        self.hub.holding = [{"alert": "j", "kind": "tsunami", "title": "大津波警報", "accepted_at": stamp(now - 700), "in_force": True}]
        self.sign_in("notices")
        self.browser.until("document.querySelectorAll('#notice-rows tr').length === 4")
        for word in ("2件", "大津波警報", "が出ているので", "朝市", "給食の献立", "から控えています"):
            self.assertIn(word, self.browser.text("#notices-held"))
        self.browser.click("#notices-digest summary")
        self.assertIn("お知らせのまとめ（2件）", self.browser.text("#notices-digest"))
        self.assertIn("時刻を過ぎてから時間がたったので、送りませんでした", self.browser.text("#notice-rows tr:last-child"))
        for name, width, height in [("-phone", 360, 740), ("-tablet", 768, 1024), ("-wide", 1920, 1080), ("", 1440, 900)]:
            self.browser.size(width, height)
            self.browser.evaluate("scrollTo(0, 0)")
            self.browser.photograph("console-notices" + name)
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > innerWidth"), name)
        # Its last word was said: a while yet, and then all of it is gone from here by itself.
        self.hub.holding = [{"alert": "k", "kind": "tsunami", "title": "津波警報解除", "accepted_at": stamp(now - 60), "in_force": False, "until": stamp(now + 540)}]
        self.hub.row(delivery="k.1", alert="k", kind="tsunami")
        self.browser.until("document.querySelector('#notices-why').textContent.includes('のすぐあとなので')")
        self.hub.holding = []
        self.hub.notices = self.hub.notices[2:]
        self.hub.row(delivery="n.1", alert="n", kind="notice")
        self.browser.until("document.querySelector('#notices-held').hidden && document.querySelectorAll('#notice-rows tr').length === 2")
        # Of what a second person says yes to, he says it while he is there.
        self.hub.notices += [{"town": "042056", "mode": "actual", "id": "S-9", "title": "断水", "body": "水が止まります。", "by": name, "every": "once", "at": stamp(now + 3600), "needs_approval": True} for name in ("鈴木",)]
        self.hub.row(delivery="n.2", alert="n2", kind="notice")
        self.browser.until("document.querySelector('#notice-rows').textContent.includes('二人目の承認は、まだです')")
        self.browser.click("#notice-rows button.main")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("水が止まります。", self.browser.text("#ask-text"))
        self.browser.photograph("console-notices-agree")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#notice-rows').textContent.includes('承認 佐藤')")
        self.assertIsNone(self.browser.evaluate("document.querySelector('#notice-rows button.main')"))
        self.browser.click("#notice-rows button:not(.danger)")
        self.browser.until("!document.querySelector('#reach').hidden")

    def a_chronicle(self):
        now = time.time()
        self.hub.note_down("操作卓に入った", "desk", "佐藤", now - 3600)
        self.hub.note_down("大津波警報　大津波警報が発表されました。ただちに高いところへ。", "bulletin", "気象庁", now - 3000, alert="jma-1")
        self.hub.note_down("災害対策本部を設置することに決めた。町長と電話", "note", "高橋", now - 2900)
        self.hub.note_down("承認待ちに出した：「警戒レベル4 避難指示（津波）港町、浜通り」", "approval", "佐藤", now - 2880)
        self.hub.note_down("承認した：「警戒レベル4 避難指示（津波）港町、浜通り」（出した人 佐藤）", "approval", "高橋", now - 2870)
        self.hub.note_down("発令：避難指示（津波）港町、浜通り。理由：大津波警報が出ました", "order", "佐藤（承認 高橋）", now - 2869, alert="op-1")
        self.hub.note_down("第二小学校（0226-22-0110）に電話：伝わった。「教頭が出た」", "call", "鈴木", now - 2600)
        self.hub.note_down("120人　40世帯　満員　水なし　「毛布が足りない <b>至急</b>」", "report", "第一小学校", now - 2400)
        self.hub.note_down("計画した：「秋の津波訓練」", "drill", "佐藤", now - 2000, mode="exercise")

    def test_the_chronicle_has_everything_in_the_order_of_time_takes_a_line_by_hand_and_goes_on_paper_and_into_files(self):
        self.a_chronicle()
        self.sign_in()
        self.browser.key("0")
        self.browser.until("document.querySelectorAll('#chronicle-rows tr').length === 8")
        words = self.browser.evaluate("[...document.querySelectorAll('#chronicle-rows tr')].map((one) => one.children[3].textContent)")
        self.assertIn("120人", words[0])
        self.assertEqual(words[-1], "操作卓に入った")
        self.assertNotIn("秋の津波訓練", self.browser.text("#chronicle"), "a drill is another chronicle")
        self.assertIn("<b>至急</b>", words[0], "text, never markup")
        for name, width, height in [("-phone", 360, 740), ("-tablet", 768, 1024), ("-wide", 1920, 1080), ("", 1440, 900)]:
            self.browser.size(width, height)
            self.browser.evaluate("scrollTo(0, 0)")
            self.browser.photograph("console-chronicle" + name)
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > innerWidth"), name)
        # By hand; an empty line is refused beside its field.
        self.browser.click("#chronicle-note button")
        self.browser.until("document.querySelector('#chronicle-note .refusal') !== null")
        self.browser.type("#chronicle-note [name=words]", "自衛隊に災害派遣を要請すると決めた")
        self.browser.press("Enter")
        self.browser.until("document.querySelectorAll('#chronicle-rows tr').length === 9")
        self.assertIn("自衛隊に災害派遣", self.browser.text("#chronicle-rows tr:first-child"))
        self.assertEqual(self.browser.text("#chronicle-done"), "書きとめました。住民には何も知らせません。")
        # What others do comes by itself, and under a finger it waits.
        self.hub.note_down("鹿折小学校に電話：応答なし", "call", "鈴木", time.time() + 1)
        self.hub.row(delivery="x.1", alert="x")
        self.browser.until("document.querySelectorAll('#chronicle-rows tr').length === 10")
        self.browser.evaluate("document.querySelector('#chronicle-box').focus(); document.querySelector('#chronicle-box').dispatchEvent(new PointerEvent('pointermove'))")
        self.hub.note_down("解除：避難指示（津波）港町", "order", "佐藤", time.time() + 2, alert="op-9")
        self.hub.row(delivery="x.2", alert="x")
        self.browser.until("document.querySelector('#chronicle-fresh').classList.contains('waits')")
        self.assertEqual(self.browser.text("#chronicle-fresh"), "新しい1件")
        self.browser.click("#chronicle-fresh")
        self.browser.until("document.querySelectorAll('#chronicle-rows tr').length === 11")
        # On paper: the oldest first, on one sheet, with the place and the town over it.
        self.browser.evaluate("window.print = () => { globalThis.paper = [...document.querySelectorAll('#chronicle-rows tr')].map((one) => one.children[3].textContent) }")
        self.browser.click("#chronicle-print")
        self.browser.until("globalThis.paper?.length === 11")
        self.assertEqual(self.browser.evaluate("globalThis.paper[0]"), "操作卓に入った")
        self.assertIn("さくら市", self.browser.evaluate("document.querySelector('#chronicle-paper').textContent"))
        self.assertIn("【本番】", self.browser.evaluate("document.querySelector('#chronicle-paper').textContent"))
        self.browser.call("Emulation.setEmulatedMedia", {"media": "print"})
        self.browser.size(794, 1123)
        self.browser.photograph("console-chronicle-paper")
        self.browser.call("Emulation.setEmulatedMedia", {"media": ""})
        self.browser.size(1440, 900)
        self.assertEqual(self.browser.sheets(), 1)
        # The screen is as before once it is printed.
        self.browser.until("document.querySelector('#chronicle-rows tr:last-child').textContent.includes('操作卓に入った')")
        # Files, with the hub's own names.
        self.browser.evaluate("""(() => { let text = null;
            URL.createObjectURL = (blob) => { text = blob.text(); return 'blob:kept'; };
            HTMLAnchorElement.prototype.click = function () { globalThis.saved = text.then((words) => [this.download, words]) } })()""")
        for form, first in (("csv", "操作卓"), ("jsonl", '"kind": "desk"')):
            self.browser.evaluate("globalThis.saved = null")
            self.browser.click(f"#chronicle-{form}")
            self.browser.until("globalThis.saved !== null")
            name, text = self.browser.evaluate("globalThis.saved")
            self.assertEqual(name, f"chronicle-042056-actual.{form}")
            self.assertIn(first, text.splitlines()[0])

    def test_the_chronicle_of_drills_is_the_drills_and_a_long_one_is_read_page_by_page(self):
        self.a_chronicle()
        now = time.time()
        for number in range(250):
            self.hub.note_down(f"訓練の電話 {number}", "call", "鈴木", now - 1000 + number, mode="exercise")
        self.sign_in("chronicle", "exercise")
        self.browser.until("document.querySelectorAll('#chronicle-rows tr').length === 100 && !document.querySelector('#chronicle-more').hidden")
        self.assertEqual(self.browser.text("#chronicle-title"), "訓練のクロノロ（時刻の順の記録）")
        for count in (200, 251):
            self.browser.click("#chronicle-more")
            self.browser.until(f"document.querySelectorAll('#chronicle-rows tr').length === {count}")
        self.assertTrue(self.browser.evaluate("document.querySelector('#chronicle-more').hidden"))
        self.assertIn("秋の津波訓練", self.browser.text("#chronicle-rows tr:last-child"))
        self.assertNotIn("港町", self.browser.text("#chronicle-rows"))
        self.browser.evaluate("scrollTo(0, 0)")
        self.browser.photograph("console-chronicle-drill")

    SCREENS = (("4k", 3840, 2160, []), ("dark", 360, 740, [{"name": "prefers-color-scheme", "value": "dark"}]), ("contrast", 360, 740, [{"name": "prefers-contrast", "value": "more"}]),
               ("dark-contrast", 1440, 900, [{"name": "prefers-contrast", "value": "more"}, {"name": "prefers-color-scheme", "value": "dark"}]),
               ("forced", 1440, 900, [{"name": "forced-colors", "value": "active"}]))

    def see_on_every_screen(self, room: str, part: str = ""):
        """`part`: what of the room is to be in sight."""
        for name, width, height, features in self.SCREENS:
            self.browser.call("Emulation.setEmulatedMedia", {"features": features})
            self.browser.size(width, height)
            self.browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            self.browser.evaluate(f"document.querySelector('{part}').scrollIntoView()" if part else "scrollTo(0, 0)")
            self.browser.photograph(f"screens-{room}-{name}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{room} {name}")
            if name == "4k":
                # Of the height 1.2 %: 16 px on a screen of 1,333.
                small = self.browser.evaluate("""[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
                    .filter((one) => parseFloat(getComputedStyle(one).fontSize) < 2160 * .0115 && !one.closest('svg, .heard-only')).map((one) => one.textContent.slice(0, 20))""")
                self.assertEqual(small, [], f"{room}: letters too small for a wall")
        self.browser.call("Emulation.setEmulatedMedia", {"features": []})
        self.browser.size(1440, 900)

    def some_notices(self):
        now = time.time()
        self.hub.notices = [
            {"town": "042056", "mode": "actual", "id": "S-1", "title": "朝市", "body": "港の広場で朝市があります。", "by": "佐藤", "every": "weekly", "at": stamp(now - 600), "held_since": stamp(now - 590)},
            {"town": "042056", "mode": "actual", "id": "S-2", "title": "体操", "body": "公民館で体操があります。", "by": "鈴木", "every": "daily", "at": stamp(now + 7200), "told_at": stamp(now - 79200), "alert": "op-1"}]
        self.hub.holding = [{"alert": "jma-1", "kind": "tsunami", "title": "大津波警報", "accepted_at": stamp(now - 700), "in_force": True}]

    def test_the_rooms_stand_on_a_wall_of_4k_on_a_phone_in_the_dark_with_more_contrast_and_in_forced_colours(self):
        now = time.time()
        self.a_night()
        self.a_chronicle()
        self.hub.map |= {
            "outline": [[[38.85, 141.50], [38.86, 141.62], [38.90, 141.66], [38.96, 141.63], [38.98, 141.55], [38.92, 141.47]]],
            "districts": [{"name": "港町", "at": [38.94, 141.58]}, {"name": "浜通り", "at": [38.88, 141.57]}, {"name": "山手", "at": [38.95, 141.53]}, {"name": "本町", "at": [38.92, 141.55]}],
            "shelters": [{"id": "koko", "name": "桜高校", "at": [38.94, 141.58]}], "places": [{"channel": "school-tablet", "endpoint": "daini-sho", "at": [38.87, 141.53]}]}
        self.some_notices()
        self.two_dead_voices()
        self.a_muster()
        self.sign_in()
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        self.browser.click("#map-open")
        self.browser.until("document.querySelectorAll('#map .district').length >= 4")
        self.see_on_every_screen("map")
        self.browser.click("#silent-rows button")
        self.browser.until("document.querySelector('#call').open")
        self.see_on_every_screen("call")
        self.browser.click("#call-no")
        for key, room, rows in (("9", "notices", "#notice-rows tr"), ("0", "chronicle", "#chronicle-rows tr"), ("2", "push", "#seen-rows li"), ("m", "muster", "#muster-people tr"), ("3", "log", "#log-rows tr")):
            self.browser.evaluate("document.activeElement.blur()")
            self.browser.key(key)
            self.browser.until(f"!document.querySelector('#{room}').hidden && document.querySelector('{rows}') !== null")
            self.see_on_every_screen(room)
        # What cannot be reached, beside what was not heard: in the first room, and on the wall.
        self.browser.key("1")
        self.browser.until("!document.querySelector('#alerts').hidden && document.querySelectorAll('#voice-rows > li').length === 2")
        self.see_on_every_screen("voices", "#voices")
        self.browser.click("#wall-open")
        self.browser.until("!document.querySelector('#wall').hidden && document.querySelector('#wall-count').textContent === '5／7か所・つながらない 2'")
        # Where nobody would hear says so first; who answers and has not shown it stays that.
        walls = self.browser.text("#wall-silent")
        self.assertEqual(walls.count("つながらない"), 2)
        self.assertIn("未表示", walls)
        self.see_on_every_screen("wall")

    def two_dead_voices(self):
        now = time.time()
        self.hub.voices.update(heard=38, lost=[
            {"channel": "school-tablet", "endpoint": "daiichi-sho", "name": "第一小学校", "phone": "0226-22-0100", "since": stamp(now - 900), "power": {"charge": 3, "plugged": False, "at": stamp(now - 960)},
             "words": "端末2台のどれもつながっていません (none of 2 devices is there)"},
            {"channel": "wifi-portal", "endpoint": "eki", "name": "さくら駅前", "since": stamp(now - 7200), "since_at_latest": True, "words": "応えません (no answer)"}], weak=[
            {"channel": "school-tablet", "endpoint": "daisan-chu", "name": "第三中学校", "device": "一号機", "role": "tablet", "charge": 34, "plugged": False, "mute": True, "silent_at": stamp(now + 3000), "at": stamp(now)}],
            nobody=[{"channel": "school-tablet", "endpoint": "new", "name": "新しい公民館"}],
            draft={"title": "情報が届かない場所があります", "body": "ラジオ、テレビ、携帯電話で情報を確かめてください。"})

    def a_muster(self, mode: str = "actual", **change):
        now = time.time()
        people = [
            {"name": "佐藤", "role": "duty", "role_name": "当直", "step": 1, "calls": [{"at": stamp(now - 300), "way": "webhook"}], "said": {"answer": "taken", "at": stamp(now - 240)}},
            {"name": "鈴木", "role": "duty", "role_name": "当直", "phone": "090-0000-0001", "step": 1, "calls": [], "said": {"answer": "no-answer", "at": stamp(now - 200), "by": "佐藤"}},
            {"name": "高橋", "role": "chief", "role_name": "防災課長", "step": 2, "calls": [{"at": stamp(now - 30), "way": "mail", "trouble": "メールのサーバーにつながりません (no answer)"}]},
            {"name": "田中", "role": "press", "role_name": "広報", "step": 3, "calls": []}]
        self.hub.staff = [{"name": one["name"], "role": one["role"], "role_name": one["role_name"], "mail": False, "webhook": one["name"] in ("佐藤", "高橋"), "unreachable": one["name"] == "田中",
                           **({"phone": one["phone"]} if "phone" in one else {})} for one in people]
        self.hub.musters["M-1"] = {
            "id": "M-1", "town": "042056", "mode": mode, "words": "大雨警報のため、庁舎2階の災害対策室へ", "by": "佐藤", "begun_at": stamp(now - 300), "roles": ["duty", "chief", "press"], "needed": 2,
            "pause_seconds": 300, "rounds": 3, "round": 2, "taken": 1, "next_at": stamp(now + 270), "people": people, "facts": [], **change}

    def a_pact(self, state: str = "signed", releases: tuple = (), offers: tuple = (), drill: tuple = (), helps: bool = False, **change) -> dict:
        now = time.time()
        return {"id": "P-1", "state": state, "giver": {"code": "042056", "name": "さくら市"}, "helper": {"code": "042021", "name": "うみ市"}, "acts": ["order", "shelter", "read"],
                "hours": 24, "silence": 30, "until": "2027-03-31T23:59:59+09:00", "proposed": {"by": "高橋", "at": stamp(now - 9e6)}, "signed": {"by": "千葉", "at": stamp(now - 8e6)},
                "releases": list(releases), "offers": {"actual": list(offers), "exercise": list(drill)}, "helps": helps, **change}

    def a_release(self, state: str, mode: str = "actual", keys: tuple = ("prefecture", "giver"), deeds: tuple = ()) -> dict:
        now = time.time()
        return {"mode": mode, "state": state, "keys": [{"party": party, "turned": {"by": {"prefecture": "県庁", "giver": "伊藤", "timer": "時計"}[party], "at": stamp(now - 60), "reason": "役場と連絡がとれない"}} for party in keys],
                "deeds": list(deeds), **({"waits_until": stamp(now + 3500)} if state == "waiting" else {}), **({"opened": stamp(now - 60), "until": stamp(now + 86000)} if state in ("open", "over") else {})}

    def test_two_towns_agree_and_two_of_three_keys_open_it_and_each_step_asks_before(self):
        self.sign_in()
        self.browser.key("D")
        self.browser.until("!!document.querySelector('#pact-new summary') && document.activeElement.id === 'pact-title'")
        self.assertIn("取り決めは、まだありません", self.browser.text("#pact-box"))
        self.browser.photograph("console-pact-none")
        self.browser.click("#pact-new summary")
        self.browser.type("#pact-new [name=other]", "42")
        self.browser.click("#pact-new button")
        self.browser.until("document.querySelector('#pact-new .refusal')?.textContent.includes('6桁の市町村コードです')")
        self.browser.photograph("console-pact-form")
        self.browser.evaluate("document.querySelector('#pact-new [name=other]').value = ''")
        self.browser.type("#pact-new [name=other]", "042021")
        self.browser.type("#pact-new [name=districts]", "本町、川端")
        self.hub.pacts = [self.a_pact("proposed", offers=("sign", "whole"), signed=None, after={"state": "signed", "offers": {"actual": ["key"], "exercise": ["key"]}, "signed": {"by": "佐藤", "at": stamp(time.time())}})]
        self.browser.click("#pact-new button")
        self.browser.until("!!document.querySelector('.pact.proposed')")
        self.assertEqual(self.hub.decisions[-1][2] | {"until": ""}, {"giver": "042056", "helper": "042021", "acts": ["order", "shelter", "notice", "read"], "districts": ["本町", "川端"], "hours": 24, "silence": 30, "until": ""})
        self.assertRegex(self.hub.decisions[-1][2]["until"], r"^20\d\d-\d\d-\d\dT23:59:59\+09:00$")
        self.browser.click(".pact .main")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("うみ市の職員が、さくら市の名前で", self.browser.text("#ask-text"))
        self.browser.click("#ask-yes")
        self.browser.until("!!document.querySelector('.pact.signed')")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('.pact-keys li')].map((one) => one.className)"), ["", "", ""])
        self.assertIn("条件は、まだそろっていません", self.browser.text(".pact-keys"))
        # The first key: a reason is written, and nothing begins.
        self.hub.pacts[0]["after"] = {"releases": [self.a_release("waiting", keys=("giver",))], "offers": {"actual": ["end"], "exercise": ["key"]}}
        self.browser.click(".pact .main")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("【本番】", self.browser.text("#ask-text"))
        self.browser.type("#ask-input", "役場が浸水")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('.pact-keys .turned').length === 1")
        self.assertEqual(self.hub.decisions[-1], ("POST", "/v1/pacts/P-1/release", {"mode": "actual", "reason": "役場が浸水"}))
        self.assertIn("あと一つ", self.browser.text("#pact-box"))
        self.browser.photograph("console-pact-waiting")
        # Somebody else turned the second: whose hand does what, until when, and what was done.
        now = time.time()
        self.hub.pacts[0].update(state="released", releases=[self.a_release("open", deeds=({"at": stamp(now - 30), "by": "operator:伊藤（うみ市）", "title": "警戒レベル4 避難指示", "alert": "op-1"},))], offers={"actual": ["end"], "exercise": []})
        # Whoever has the room open sees it without leaving it.
        self.browser.evaluate("import('/console/behalf.js').then((one) => one.open())")
        self.browser.until("!!document.querySelector('.pact.released')")
        text = self.browser.text("#pact-box")
        for word in ("代行中", "うみ市の職員がさくら市の名前で", "伊藤（うみ市）", "警戒レベル4 避難指示", "代行でしたこと（1件）"):
            self.assertIn(word, text)
        self.see_on_every_screen("pact")
        self.hub.pacts[0]["after"] = {"state": "signed", "releases": [{**self.hub.pacts[0]["releases"][0], "state": "over", "ended": {"by": "佐藤", "at": stamp(now)}}], "offers": {"actual": ["key", "whole"], "exercise": ["key"]}}
        self.browser.click(".pact .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("!!document.querySelector('.pact.signed')")
        self.assertIn("佐藤さんが終えました", self.browser.text("#pact-box"))

    def test_who_works_in_another_towns_name_sees_it_in_every_room_and_is_at_home_when_it_ends(self):
        self.hub.towns[0].update(code="042021", name="うみ市", districts=["浜"])
        self.sign_in()
        self.browser.until("document.querySelector('#behalf').hidden")
        sakura = {**hub_towns()[0], "on_behalf": {"pact": "P-1", "by": "うみ市", "until": {"actual": stamp(time.time() + 86000)}}}
        self.hub.towns.append(sakura)
        self.hub.pacts = [self.a_pact("released", releases=(self.a_release("open"),), helps=True)]
        self.browser.evaluate("dispatchEvent(new HashChangeEvent('hashchange'))")
        ask = "import('/console/behalf.js').then((one) => one.open())"
        # The line is cut in this moment: nobody is thrown out of the town and the page that he is writing in.
        self.browser.evaluate("globalThis.fetched = fetch; globalThis.fetch = (path, ...rest) => (String(path).endsWith('/v1/towns') ? Promise.reject(new TypeError('cut')) : fetched(path, ...rest)); globalThis.stayed = true")
        self.browser.evaluate(ask)
        self.browser.until("document.querySelector('#behalf-words').textContent.includes('さくら市の代行が始まっています')")
        self.assertTrue(self.browser.evaluate("stayed && document.querySelector('#town-select').value === '042021'"))
        self.browser.evaluate("globalThis.fetch = fetched")
        self.browser.evaluate(ask)
        self.browser.until("document.querySelector('#behalf-words').textContent.includes('さくら市の代行が始まっています')")
        self.assertFalse(self.browser.evaluate("'behalf' in document.body.dataset"), "one's own town is one's own")
        self.browser.photograph("console-behalf-offered")
        self.browser.click("#behalf-go")
        self.browser.until("document.body.dataset.behalf === 'yes' && document.querySelector('#town-select').value === '042056'")
        self.assertIn("さくら市（うみ市が代行）", self.browser.text("#behalf"))
        for key, room in (("1", "alerts"), ("2", "push"), ("3", "log")):
            self.browser.key(key)
            self.browser.until(f"!document.querySelector('#{room}').hidden")
            self.assertTrue(self.browser.evaluate("document.querySelector('#behalf').checkVisibility()"), room)
        doors = "[...document.querySelectorAll('[data-room]')].filter((one) => one.checkVisibility()).map((one) => one.dataset.room)"
        self.assertEqual(self.browser.evaluate(doors), ["alerts", "push", "log", "devices", "pact"], "what no pact lends has no door")
        self.browser.photograph("console-behalf-own")
        # It ends: the page begins anew at home, and nothing that was written comes along.
        self.hub.pacts = [self.a_pact()]
        self.hub.towns.pop()
        self.browser.evaluate(ask)
        self.browser.until("document.querySelector('#town-select').value === '042021' && !('behalf' in document.body.dataset) && document.body.dataset.open")
        self.browser.until("document.querySelector('#behalf').hidden")

    def test_a_prefecture_sees_every_town_and_first_the_one_whose_desk_is_silent_under_a_warning(self):
        now = time.time()
        self.sign_in()
        self.assertFalse(self.browser.evaluate("document.querySelector('#overview-door').checkVisibility()"), "one town is no overview")
        quiet = {"districts": 0, "shelters_open": 0, "asked": 40, "lost": 0}
        self.hub.overview = [
            {"code": "042021", "name": "うみ市", **quiet, "desk_used_at": stamp(now - 60), "gravest": {"title": "大津波警報", "sender": "気象庁", "gravity": "emergency", "more": 2}, "level": 4, "level_name": "避難指示", "districts": 3, "shelters_open": 5, "headquarters": "災害対策本部"},
            {"code": "042056", "name": "さくら市", **quiet, "desk_used_at": stamp(now - 2400), "gravest": {"title": "津波警報", "sender": "気象庁", "gravity": "danger", "more": 0}, "lost": 12},
            {"code": "042111", "name": "やま町", **quiet}]
        self.hub.pacts = [self.a_pact(clock="操作卓が40分使われていません。震度6強が伝えられています", offers=("key",))]
        self.hub.towns.append({**hub_towns()[0], "code": "042021", "name": "うみ市"})
        self.browser.evaluate("sessionStorage.setItem('noroshi-town', '042056'); location.reload()")
        self.browser.until("document.querySelector('#overview-door')?.checkVisibility()")
        self.browser.key("A")
        self.browser.until("document.querySelectorAll('#overview tbody tr').length === 3")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#overview tbody tr td:first-child')].map((one) => one.textContent)"), ["さくら市", "うみ市", "やま町"])
        text = self.browser.text("#overview")
        for word in ("操作卓が使われていない市町村が1あります", "大津波警報　ほか2件", "警戒レベル4 避難指示（3地区）、災害対策本部", "40分使われていません", "12／40", "うみ市：始められます", "まだだれも使っていません", "取り決めがありません"):
            self.assertIn(word, text)
        self.see_on_every_screen("overview")
        self.browser.click("#overview tbody tr:nth-child(2) button")
        self.browser.until("document.querySelector('#town-select')?.value === '042021' && document.body.dataset.open === 'alerts'")

    def test_a_key_that_waits_and_the_clock_that_would_turn_its_own_are_said_on_the_strip_of_both_places(self):
        self.hub.pacts = [self.a_pact(clock="操作卓が47分使われていません。震度6強が伝えられています", offers=("key",))]
        self.sign_in()
        self.browser.until("document.querySelector('#behalf-words').textContent.includes('震度6強')")
        self.assertIn("うみ市の代行を始められます", self.browser.text("#behalf"))
        self.browser.click("#behalf-go")
        self.browser.until("!!document.querySelector('.pact-keys')")
        self.assertIn("ほかの鍵と一緒に回ります", self.browser.text(".pact-keys"))
        self.browser.click("#cross")
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click("#world-exercise")
        self.browser.until("document.querySelector('#behalf-words').textContent.startsWith('【本番】')")
        self.assertEqual(self.browser.text("#behalf-go"), "本番の画面へ")
        self.browser.photograph("console-behalf-drill")
        self.hub.pacts[0].update(clock=None, releases=[self.a_release("waiting", "exercise", keys=("prefecture",))])
        self.browser.evaluate("import('/console/behalf.js').then((one) => one.open())")
        self.browser.until("document.querySelector('#behalf-words').textContent.includes('鍵が一つ回り')")
        self.assertIn("県庁", self.browser.text("#behalf"))

    def test_each_newer_room_has_a_picture_of_each_of_its_states(self):
        def shot(name, ready):
            self.browser.until(ready)
            self.browser.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
            self.browser.photograph("state-" + name)
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), name)
        # While it is read a room says so; an empty table is no answer.
        self.hub.may_tell_standing.clear()
        self.sign_in()
        shot("voices-loading", "document.querySelector('#silent-loading').checkVisibility()")
        self.assertFalse(self.browser.evaluate("document.querySelector('#voices').checkVisibility()"), "nothing is said of them before it is known")
        self.hub.may_tell_standing.set()
        self.browser.until("!document.querySelector('#silent-loading').checkVisibility()")
        self.browser.evaluate("location.hash = 'log'; window.fetch = () => new Promise(() => {}); 0")
        for room in ("notices", "chronicle", "muster"):
            self.browser.evaluate(f"location.hash = '{room}'")
            shot(room + "-loading", f"!document.querySelector('#{room}').hidden && document.querySelector('#reading').checkVisibility()")
            self.assertFalse(self.browser.evaluate("[...document.querySelectorAll('main [id$=-none]')].some((one) => one.checkVisibility())"), "none is not said before it is known")
        self.browser.open("about:blank")
        rooms = {"notices": ("#notices-none", "#notice-rows tr"), "chronicle": ("#chronicle-none", "#chronicle-rows tr"), "muster": ("#muster-past-none", "#muster-people tr")}
        self.hub.alerts = []
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#alerts').hidden")
        shot("voices-empty", "document.querySelector('#voices-count').textContent === 'ありません'")
        for room, (none, _) in rooms.items():
            self.browser.evaluate(f"location.hash = '{room}'")
            shot(room + "-empty", f"!document.querySelector('#{room}').hidden && document.querySelector('{none}').checkVisibility()")
        self.a_night()
        self.a_chronicle()
        self.two_dead_voices()
        self.a_muster()
        self.some_notices()
        self.browser.open("about:blank")
        self.browser.open(self.hub.address + "/console/#alerts")
        self.browser.until("document.querySelectorAll('#voice-rows > li').length === 2 && document.querySelectorAll('#silent-rows > li').length === 5")
        self.browser.evaluate("document.querySelector('#voices').scrollIntoView()")
        shot("voices-full", "true")
        for room, (_, rows) in rooms.items():
            self.browser.evaluate(f"location.hash = '{room}'")
            shot(room + "-full", f"document.querySelector('{rows}')?.checkVisibility()")
        self.hub.cut()
        self.browser.until("document.body.dataset.line === 'down'")
        for room in rooms:
            self.browser.evaluate(f"location.hash = '{room}'")
            shot(room + "-cut", f"!document.querySelector('#{room}').hidden && document.querySelector('#problem').checkVisibility()")
            self.assertIn("古い画面", self.browser.evaluate(f"getComputedStyle(document.querySelector('#{room}-title'), '::after').content"))
        self.browser.evaluate("location.hash = 'alerts'")
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.browser.evaluate("document.querySelector('#voices').scrollIntoView()")
        shot("voices-cut", "true")

    def test_the_drills_room_stands_on_every_screen(self):
        self.hub.drills = [{"id": "D-1", "town": "042056", "title": "秋の津波訓練", "state": "over", "planned": {"by": "佐藤", "at": stamp(time.time() - 9000)}, "begun": {"by": "佐藤", "at": stamp(time.time() - 8000)},
                            "ended": {"by": "佐藤", "at": stamp(time.time() - 5000)}, "score": self.hub.score(39)}]
        self.sign_in("drills", "exercise")
        self.browser.until("document.querySelectorAll('#drill-rows tr').length === 1")
        self.browser.evaluate("[...document.querySelectorAll('#drill-rows button')].find((one) => one.textContent === '結果').click()")
        self.browser.until("!document.querySelector('#drill-score').hidden")
        self.see_on_every_screen("drills")

    def sign_in_again_in_the_real_place(self):
        self.browser.click("#cross")
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.click("#world-actual")
        self.browser.until("document.body.dataset.world === 'actual'")
        self.assertTrue(self.browser.evaluate("document.querySelector('[data-room=drills]').hidden"), "no door to drills where it is real")

    def test_nothing_of_the_drill_is_seen_or_sent_in_the_real_place_and_the_other_way_round(self):
        now = time.time()
        self.hub.alerts[1]["expires"] = stamp(now + 3600)
        self.stands("actual", ("本町", "洪水", 4, 9000))
        self.stands("exercise", ("川端", "津波", 4, 9000))
        self.hub.attention = [{"topic": "runs-out", "subject": mark, "words": mark + "川端は期限が来ます (runs out)", "times": 1, "last_at": stamp(now)}
                              for mark in ("", "【訓練】")]
        for index in range(3):
            self.hub.row(delivery=f"x.{index}", alert=f"op-{index}", mode=("exercise", "actual")[index % 2], state="held")
        self.sign_in()
        for mode, own, others, held in (("actual", "避難指示", "給水", 1), ("exercise", "給水", "警戒レベル4", 2)):
            self.browser.until(f"document.querySelector('#now-rows').textContent.includes('{own}')")
            self.browser.until(f"document.querySelectorAll('#held-rows li').length === {held}")
            self.assertNotIn(others, self.browser.text("main"))
            self.assertEqual("川端\t" in self.browser.text("#standing"), mode == "exercise")
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('#runs-out-rows li').length"), 1)
            self.assertEqual("訓練" in self.browser.text("main"), mode == "exercise")
            self.browser.photograph("console-world-" + mode)
            self.browser.click("[data-room=log]")
            self.browser.until(f"document.querySelectorAll('#log-rows tr').length === {held}")
            self.browser.click("[data-room=push]")
            self.browser.until("document.body.dataset.open === 'push'")
            self.order()
            self.browser.photograph("console-push-" + mode)
            self.browser.click("#push-form button.main")
            self.browser.until("!document.querySelector('#preview').hidden")
            if mode == "actual":
                self.browser.type("#send-form [name=name]", "さくら市")
            self.browser.click("#send-form button")
            self.wait(lambda: self.hub.pushes and self.hub.pushes[-1]["mode"] == mode)
            self.browser.type("#push-form [name=reason]", "書きかけ")
            if mode == "actual":
                self.browser.click("#cross")
                self.browser.until("!document.querySelector('#between').hidden")
                self.browser.click("#world-exercise")
                self.browser.until("document.body.dataset.world === 'exercise' && !document.querySelector('#alerts').hidden")
        self.assertEqual([push["mode"] for push in self.hub.pushes], ["actual", "exercise"])
        # The way back leads over the choice, and what was begun stays behind.
        self.browser.evaluate("location.hash = 'push'")
        self.browser.until("!document.querySelector('#between').hidden && document.querySelector('#push').hidden")
        self.browser.click("#world-actual")
        self.browser.until("document.body.dataset.world === 'actual' && document.querySelectorAll('#districts input').length === 4")
        self.assertEqual(self.browser.evaluate("document.querySelector('#push-form').reason.value"), "")

    def test_what_is_grave_is_the_hubs_word_and_not_guessed_from_titles(self):
        self.sign_in("push", "exercise")
        self.assertIn("1〜5・9・0 画面", self.browser.text("#keys"), "of the drill's rooms, and no others")
        self.assertFalse(self.browser.evaluate("""import('/console/real.js').then(({ isGrave }) =>
            isGrave({ kind: 'weather', title: '警報級の可能性', message: 'alert', gravity: 'information' }))"""))
        self.assertTrue(self.browser.evaluate("""import('/console/real.js').then(({ isGrave }) =>
            isGrave({ kind: 'other', title: 'お知らせ', message: 'alert', gravity: 'danger' })
            && isGrave({ kind: 'tsunami', title: '津波', message: 'alert' }))"""))

    def test_what_is_real_and_grave_is_said_in_the_drill_and_one_key_leads_to_it(self):
        self.hub.alerts = []
        self.sign_in("push", "exercise")
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#real').hidden"))
        now = time.time()
        self.hub.alerts = [{"id": "n-1", "event": "n1", "kind": "notice", "message": "alert", "mode": "actual", "title": "断水のお知らせ", "sender": "さくら市",
                            "sent": stamp(now), "expires": stamp(now + 900)}]
        self.hub.row(alert="n-1", delivery="n.1", mode="actual", title="断水のお知らせ")
        self.hub.alerts.append({"id": "t-1", "event": "t1", "kind": "tsunami", "type": "VTSE41", "message": "alert", "mode": "actual", "title": "大津波警報",
                                "sender": "気象庁", "sent": stamp(now), "expires": stamp(now + 9000)})
        self.hub.row(alert="t-1", delivery="t.1", mode="actual", title="大津波警報", kind="tsunami")
        self.browser.until("!document.querySelector('#real').hidden")
        said = self.browser.text("#real")
        self.assertIn("大津波警報（気象庁", said)
        self.assertNotIn("断水", said)
        self.browser.photograph("console-real-in-drill")
        self.browser.size(360, 740)
        self.browser.photograph("console-real-in-drill-phone")
        self.hub.approvals = [self.waiting()]
        self.browser.until("document.querySelector('#real').textContent.includes('二人目を待っているもの 1件')")
        self.assertTrue(self.browser.evaluate("document.querySelector('#approvals').hidden"), "real, and so not here")
        self.browser.evaluate("scrollTo(0, document.body.scrollHeight)")
        self.browser.click("#real-go")
        self.browser.until("document.body.dataset.world === 'actual' && document.querySelector('#bulletin-rows').textContent.includes('大津波警報')")

    def test_the_strip_is_there_in_every_room_however_far_one_scrolls(self):
        self.stands("actual", *[(f"第{number}地区", "洪水", 4, 9000) for number in range(60)])
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("document.querySelector('#strip').innerText.includes('つながって')")
        for size in ((1440, 900), (360, 740), (740, 360)):
            self.browser.size(*size)
            for room in ("alerts", "push", "log", "reports", "devices", "shelters", "people"):
                self.browser.evaluate(f"location.hash = '{room}'")
                self.browser.until(f"!document.querySelector('#{room}').hidden")
                self.browser.evaluate("scrollTo(0, document.body.scrollHeight)")
                self.browser.until("document.querySelector('header').getBoundingClientRect().top === 0")
                strip = self.browser.text("#strip")
                for part in ["【本番】", "さくら市", "佐藤さん", "つながって"]:
                    self.assertIn(part, strip)
                self.assertRegex(strip, r"\d\d:\d\d:\d\d")
                self.assertLess(self.browser.evaluate("document.querySelector('header').offsetHeight / innerHeight"), 0.25, f"{room} {size}")
                self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > innerWidth"), f"{room} {size}")

    def test_what_the_page_asks_by_itself_says_so_and_what_follows_a_press_does_not(self):
        self.sign_in()
        here = "/v1/towns/042056/here"
        self.wait(lambda: (here, False) in self.hub.desk_calls)
        # Nobody touches it for a minute.
        self.browser.evaluate("(() => { const now = Date.now.bind(Date); Date.now = () => now() + 60000; })()")
        self.wait(lambda: (here, True) in self.hub.desk_calls, 60)
        before = len(self.hub.desk_calls)
        # What a script does is no press.
        self.browser.evaluate("dispatchEvent(new KeyboardEvent('keydown', {key: 'x'}))")
        self.wait(lambda: here in [path for path, _ in self.hub.desk_calls[before:]], 60)
        self.assertEqual([path for path, alone in self.hub.desk_calls[before:] if not alone], [])
        before = len(self.hub.desk_calls)
        self.browser.key("D")
        self.browser.until("!document.querySelector('#pact').hidden")
        self.wait(lambda: ("/v1/pacts", False) in self.hub.desk_calls[before:])
        self.wait(lambda: (here, False) in self.hub.desk_calls[before:], 60)

    def test_who_else_is_here_stands_on_the_strip_with_the_place_and_leaves_it(self):
        since = stamp(time.time() - 600)
        self.hub.others = [{"name": "鈴木", "mode": "actual", "since": since, "you": False}]
        self.sign_in_by_name()
        self.enter_world()
        self.browser.until("document.querySelector('#here').textContent === 'ほかに 鈴木さん'")
        self.assertIn(f"鈴木さん（本番） {on_desk(since)}から", self.browser.evaluate("document.querySelector('#here').title"))
        self.browser.evaluate("document.querySelector('#password-later').click()")
        self.hub.others = [{"name": name, "mode": mode, "since": since, "you": False} for name, mode in (("鈴木", "actual"), ("高橋", "exercise"), ("山田", "actual"), ("県庁", "actual"))]
        self.browser.until("document.querySelector('#here').textContent === 'ほかに 鈴木さん、高橋さん（訓練）、ほか2人'", 25)
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.browser.photograph(f"desk-here-{width}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
            self.assertLess(self.browser.evaluate("document.querySelector('header').offsetHeight / innerHeight"), 0.25)
        # Between the two places nobody is shown.
        self.browser.click("#cross")
        self.browser.until("!document.querySelector('#between').hidden")
        self.assertEqual(self.browser.text("#here"), "")

    def a_night(self, mode: str = "actual"):
        """A great tsunami warning, what the town has said of it, and who has heard: in this mode."""
        now, mark = time.time(), "【訓練】" if mode == "exercise" else ""
        schools = [("daiichi-sho", "第一小学校"), ("daini-sho", "第二小学校"), ("daisan-chu", "第三中学校"), ("koko", "桜高校"), ("hoikuen", "川端保育園")]
        self.hub.towns[0]["districts"] = ["本町", "川端", "山手", "港町", "浜通り"]
        self.hub.towns[0]["endpoints"] = [
            {"id": key, "channel": "school-tablet", "role": "tablet", "name": name, "shelter": key} for key, name in schools] + [
            {"id": "gw", "channel": "area-mail", "role": "crowd", "name": "町の同報局"}, {"id": "eki", "channel": "wifi-portal", "role": "page", "name": "さくら駅前"}]
        self.hub.shelters = [{"id": key, "name": name, "phone": f"0226-22-01{number}0"} for number, (key, name) in enumerate(schools)]
        self.hub.plans = [
            {"id": "2", "name": "洪水 計画", "order": {"hazard": "洪水", "level": 3, "districts": ["本町"]}},
            {"id": "1", "name": "大津波 計画1", "order": {"hazard": "津波", "level": 4, "districts": ["港町", "浜通り", "川端"]}}]
        order = {"kind": "evacuation", "hazard": "津波", "level": 4, "level_name": "避難指示", "districts": ["港町", "浜通り"], "shelters": [], "lifted": False}
        common = {"message": "alert", "mode": mode, "sender": "さくら市", "expires": stamp(now + 9000)}
        self.hub.alerts = [
            {**common, "id": "op-1", "event": "e1", "kind": "evacuation", "title": mark + "避難指示", "detail": order, "change": "new", "type": "operator", "sent": stamp(now - 300)},
            {**common, "id": "op-2", "event": "e2", "kind": "notice", "title": mark + "お知らせ", "detail": {"kind": "notice", "title": "断水のお知らせ", "body": "断水しています。"},
             "type": "operator", "sent": stamp(now - 7200)},
            {**common, "id": "jma-1", "event": "j1", "kind": "tsunami", "type": "VTSE41", "title": mark + "大津波警報", "headline": mark + "大津波警報が発表されました。ただちに高いところへ。",
             "sender": "気象庁", "sent": stamp(now - 420)}]
        self.stands(mode, ("港町", "津波", 4, 9000), ("浜通り", "津波", 4, 9000), ("山手", "土砂災害", 3, 5000), version=7)
        self.hub.standing[mode].update(headquarters={"name": "災害対策本部", "state": "open", "since": stamp(now - 400), "by": "佐藤", "alert": "x"},
                                       shelters=[{"id": "koko", "name": "桜高校", "state": "open", "since": stamp(now - 200), "alert": "y"}])
        for alert, title, kind in (("op-1", mark + "避難指示", "evacuation"), ("jma-1", mark + "大津波警報", "tsunami")):
            row = {"alert": alert, "mode": mode, "title": title, "kind": kind, "priority": "immediate"}
            self.hub.row(delivery=alert + ".gw", endpoint="gw", state="retrying" if alert == "op-1" else "delivered", detail="中央局につながりません。",
                         offered_at=stamp(now - 100), **row)
            self.hub.row(delivery=alert + ".eki", channel="wifi-portal", endpoint="eki", **row)
            for index, (key, _) in enumerate(schools):
                self.hub.row(delivery=f"{alert}.{key}", channel="school-tablet", endpoint=key, **row, offered_at=stamp(now - 200 - index), reach={
                    "accepted": 1, "reached": 3 * (index > 0), "shown": 3 * (index > 1), "touched": 2 * (index > 3)})

    def test_the_first_room_says_what_is_so_what_can_be_given_out_and_who_has_not_heard(self):
        for mode in ("actual", "exercise"):
            with self.subTest(mode):
                self.browser.open("about:blank")
                self.a_night(mode)
                self.browser.size(1920, 1080)
                if mode == "actual":
                    self.sign_in_by_name()
                    self.enter_world(mode)
                    self.browser.click("#password-later")
                else:
                    self.browser.open(self.hub.address + "/console/#drill/alerts")
                    self.enter_world(mode)
                self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
                left = self.browser.evaluate("['now', 'give', 'silent'].map((name) => document.querySelector('#' + name).getBoundingClientRect().left)")
                self.assertEqual(left, sorted(set(left)), "side by side")
                for part in ["港町", "避難指示", "津波", "佐藤", "あと2時間", "災害対策本部", "開いている避難所 1か所：桜高校"]:
                    self.assertIn(part, self.browser.text("#now"))
                self.assertIn("計画「大津波 計画1」", self.browser.text("#bulletin-rows"))
                tiles = self.browser.text("#tiles")
                self.assertLess(tiles.index("大津波 計画1"), tiles.index("洪水 計画"), "what the bulletin calls for comes first")
                self.assertIn("いまの発表に合う計画", tiles)
                self.assertEqual(self.browser.text("#silent-count"), "5か所／7か所")
                silent = self.browser.text("#silent-rows")
                self.assertLess(silent.index("町の同報局"), silent.index("第一小学校"), "in the order of need")
                self.assertLess(silent.index("第一小学校"), silent.index("第三中学校"))
                self.assertIn("電話 0226-22-0100", silent)
                self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#silent-rows > li')].filter((one) => one.offsetHeight > 30).length"), 5)
                self.assertEqual(self.browser.evaluate("document.querySelector('#silent-rows a').href"), "tel:0226220100")
                self.browser.photograph("desk-" + mode)
                for width, height in ((360, 740), (768, 1024)):
                    self.browser.size(width, height)
                    self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
                    left = self.browser.evaluate("['now', 'give', 'silent'].map((name) => document.querySelector('#' + name).getBoundingClientRect().left)")
                    self.assertEqual(len(set(left)), 1, "one under the other")
                    self.browser.photograph(f"desk-{mode}-{width}")
                self.browser.size(1920, 1080)
        # A tablet answers.
        self.hub.row(delivery="op-1.daiichi-sho", alert="op-1", mode="exercise", channel="school-tablet", endpoint="daiichi-sho",
                     reach={"accepted": 1, "reached": 3, "shown": 3, "touched": 1})
        self.hub.row(delivery="jma-1.daiichi-sho", alert="jma-1", mode="exercise", channel="school-tablet", endpoint="daiichi-sho",
                     reach={"accepted": 1, "reached": 3, "shown": 3, "touched": 1})
        self.browser.until("document.querySelector('#silent-count').textContent === '4か所／7か所'")
        self.browser.click("#silent-alerts li:first-child button")
        self.browser.until("!document.querySelector('#reach').hidden && document.querySelectorAll('#call-rows tr').length > 0")

    def test_the_towns_own_people_are_called_by_role_and_who_has_no_way_is_named_before(self):
        def person(name, role, role_name, **ways):
            return {"name": name, "role": role, "role_name": role_name, "mail": False, "webhook": False, "unreachable": not ways, **ways}
        self.hub.staff = [person("佐藤", "duty", "当直", webhook=True), person("鈴木", "duty", "当直", phone="090-0000-0001"), person("高橋", "chief", "防災課長", webhook=True),
                          person("田中", "press", "広報"), person("佐藤", "chief", "防災課長", webhook=True)]
        self.hub.users = [{"name": "鈴木", "roles": [], "ways": {"phone": "090-0000-0001"}, "disabled": False, "confirmed": True}]
        self.sign_in("muster")
        self.browser.until("document.querySelectorAll('#staff-rows tr').length === 4")
        self.assertEqual(self.browser.text("#staff-rows tr:first-child td:nth-child(2)"), "当直、防災課長")
        self.browser.photograph("desk-muster-empty")
        for role in ["duty", "press", "chief"]:
            self.browser.click(f"#muster-roles input[value={role}]")
        self.assertIn("1 当直 → 2 広報 → 3 防災課長（4人）", self.browser.text("#muster-order"))
        self.assertIn("呼ぶ手段が一つもない人：田中", self.browser.text("#muster-nobody"))
        self.assertIn("電話だけの人：鈴木", self.browser.text("#muster-by-hand"))
        # Without words it is refused beside its field, and nobody is called.
        self.browser.click("#muster-form button.main")
        self.browser.until("document.querySelector('#muster-form .refusal') !== null")
        self.assertEqual(self.hub.musters, {})
        self.browser.type("#muster-form [name=words]", "大雨警報のため、庁舎2階へ")
        self.browser.click("#muster-form button.main")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("呼ぶ手段のない人は、電話で呼んでください：田中。3人（当直、広報、防災課長）を呼びます。住民には何も知らせません", self.browser.text("#ask"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#muster-people tr').length === 4")
        one = next(iter(self.hub.musters.values()))
        self.assertEqual((one["roles"], one["mode"], one["pause_seconds"], one["rounds"], one["needed"]), (["duty", "press", "chief"], "actual", 300, 3, 1))
        self.assertEqual(self.hub.pushes, [], "nothing to residents")
        rows = self.browser.text("#muster-people")
        for part in ["佐藤", "1回", "通知", "電話してください", "2回目から", "3回目から", "090-0000-0001"]:
            self.assertIn(part, rows)
        # That one way went out hides nothing of the other.
        one["people"][0]["calls"].insert(0, {"round": 1, "way": "mail", "at": one["begun_at"], "trouble": "メールサーバーが受け取りませんでした: 550 5.2.2 mailbox full (refused)"})
        self.browser.until("document.querySelector('#muster-people').textContent.includes('1回') && "
                           "document.querySelector('#muster-people').textContent.includes('×メール：メールサーバーが受け取りませんでした: 550')")
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
            self.browser.photograph(f"desk-muster-{width}")
        self.browser.size(1440, 900)
        act = "[...document.querySelectorAll('#muster-people tr')].find((one) => one.textContent.startsWith('鈴木')).querySelectorAll('button')[%d].click()"
        self.browser.evaluate(act % 2)
        self.browser.until("document.querySelector('#muster-people').textContent.includes('電話に出ない（')")
        self.browser.evaluate(act % 0)
        self.browser.until("document.querySelector('#muster-now-state').textContent.includes('必要な人数がそろいました')")
        self.assertIn("1／1人が引き受けました", self.browser.text("#muster-now-title"))
        self.browser.click("#muster-now summary")
        self.assertIn("鈴木　引き受けた　佐藤", self.browser.text("#muster-facts"))
        # A way is written down by who may change people.
        self.browser.evaluate("[...document.querySelectorAll('#staff-rows tr')].find((one) => one.textContent.startsWith('鈴木')).querySelector('button').click()")
        self.browser.until("!document.querySelector('#ways-form').hidden")
        self.browser.type("#ways-form [name=webhook]", "https://chat.example/x")
        self.browser.click("#ways-form button.main")
        self.wait(lambda: ("PATCH", "/v1/users/鈴木", {"ways": {"mail": "", "webhook": "https://chat.example/x", "phone": "090-0000-0001"}}) in self.hub.decisions)

    def test_a_call_up_in_the_drill_says_so_and_is_in_the_drills_room_alone(self):
        self.hub.staff = [{"name": "佐藤", "role": "duty", "role_name": "当直", "mail": False, "webhook": True, "unreachable": False}]
        self.sign_in("muster", "exercise")
        self.browser.until("document.querySelectorAll('#staff-rows tr').length === 1")
        self.assertEqual(self.browser.text("[data-room=muster]"), "M 職員参集")
        self.browser.click("#muster-roles input")
        self.browser.type("#muster-form [name=words]", "訓練のため、庁舎2階へ")
        self.browser.click("#muster-form button.main")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("【訓練】", self.browser.text("#ask-title"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#muster-now-title').textContent.startsWith('【訓練】呼んでいます')")
        self.browser.photograph("desk-muster-drill")
        self.assertEqual([one["mode"] for one in self.hub.musters.values()], ["exercise"])
        self.browser.click("#muster-end")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#muster-past').textContent.includes('終えました')")

    def test_a_place_that_cannot_be_reached_is_listed_while_nothing_is_in_force_and_its_people_get_a_notice_from_a_person_alone(self):
        self.hub.alerts = []
        lost = {"channel": "school-tablet", "endpoint": "daiichi-sho", "name": "第一小学校", "phone": "0226-22-0100", "since": stamp(time.time() - 900),
                "words": "端末2台のどれもつながっていません (none of 2 devices is there)"}
        weak = {"channel": "school-tablet", "endpoint": "daisan-chu", "name": "第三中学校", "device": "一号機", "role": "tablet", "charge": 34, "plugged": False,
                "mute": True, "silent_at": stamp(time.time() + 3000), "at": stamp(time.time())}
        draft = {"title": "情報が届かない場所があります", "body": "ラジオ、テレビ、携帯電話で情報を確かめてください。\n第一小学校では、画面に出ないことがあります。"}
        self.hub.voices.update(heard=39, lost=[lost], weak=[weak], nobody=[{"channel": "school-tablet", "endpoint": "new", "name": "新しい公民館"}], draft=draft)
        self.sign_in()
        self.browser.until("document.querySelectorAll('#voice-rows > li').length === 1")
        text = self.browser.text("#voices")
        for part in ["第一小学校", "電話 0226-22-0100", "つながりません", "端末2台のどれも", "第三中学校　一号機", "残り34％", "ごろ止まります", "音が出ません", "新しい公民館", "3分ごと", "39／40か所"]:
            self.assertIn(part, text)
        self.assertNotIn("none of 2", text)
        self.assertEqual(self.browser.text("#voices-go"), "つながらない 1・弱い 1")
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
            self.browser.click("#voices-go")
            self.browser.photograph(f"desk-voices-{width}")
        # A call is noted as for any silent place.
        self.browser.click("#voice-rows button")
        self.browser.until("document.querySelector('#call').open")
        self.browser.click("#call-answers button:nth-child(1)")
        self.browser.until("document.querySelector('#voice-rows').textContent.includes('伝わった')")
        # The notice is in the form, and nobody has sent it.
        self.browser.click("#voice-draft")
        self.browser.until("!document.querySelector('#push').hidden && document.querySelector('#push-form').elements.title.value !== ''")
        self.assertEqual(self.browser.evaluate("[document.querySelector('#push-form').elements.kind.value, document.querySelector('#push-form').elements.title.value, document.querySelector('#push-form').elements.body.value]"),
                         ["notice", draft["title"], draft["body"]])
        self.assertEqual(self.hub.pushes, [])
        # It answers again.
        self.hub.voices.update(heard=40, lost=[], weak=[], nobody=[], draft=None)
        self.browser.click("[data-room=alerts]")
        self.browser.until("document.querySelectorAll('#voice-rows > li').length === 0 && document.querySelector('#voices-go').hidden && document.querySelector('#voice-draft-line').hidden")
        self.assertIn("ありません", self.browser.text("#voices-title"))

    def test_dead_voices_stand_on_the_map_by_their_own_shape_and_on_the_paper_with_telephone_since_when_and_power(self):
        self.a_night()
        now = time.time()
        common = {"channel": "school-tablet", "words": "端末2台のどれもつながっていません (none of 2 devices is there)"}
        self.hub.voices.update(heard=37, weak=[
            {"channel": "school-tablet", "endpoint": "daini-sho", "name": "第二小学校", "device": "一号機", "role": "tablet", "charge": 34, "plugged": False, "mute": False, "at": stamp(now)}], lost=[
            {**common, "endpoint": "daiichi-sho", "name": "第一小学校", "phone": "0226-22-0100", "since": stamp(now - 900), "power": {"charge": 3, "plugged": False, "at": stamp(now - 960)}},
            {**common, "endpoint": "hoikuen", "name": "川端保育園", "phone": "0226-22-0140", "since": stamp(now - 300), "since_at_latest": True},
            {"channel": "area-mail", "endpoint": "gw", "name": "町の同報局", "since": stamp(now - 7200), "since_before_restart": True, "words": "応えません"}])
        self.hub.reports = {"r1": {"site": "hoikuen", "power": "no", "people": 12}, "r2": {"site": "daini-sho", "power": "yes"}}
        self.hub.map["outline"] = [[[38.85, 141.50], [38.86, 141.62], [38.90, 141.66], [38.96, 141.63], [38.98, 141.55], [38.92, 141.47]]]
        self.hub.map["places"] = [{"channel": "school-tablet", "endpoint": key, "at": at} for key, at in (
            ("daiichi-sho", [38.915, 141.60]), ("hoikuen", [38.89, 141.55]), ("daini-sho", [38.87, 141.53]))]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#voice-rows > li').length === 3 && document.querySelectorAll('#silent-rows > li').length === 5")
        rows = self.browser.text("#voice-rows")
        for part in [f"{on_desk(stamp(now - 900))}から", f"遅くとも{on_desk(stamp(now - 300))}から", f"{on_desk(stamp(now - 7200))}から（途中でハブが止まっていました）", "「電池で動いている、残り3％」"]:
            self.assertIn(part, rows)
        self.browser.click("#map-open")
        self.browser.until("document.querySelectorAll('#map-box .dead').length === 2")
        # A diamond with its own letter to the left, a triangle to the right: one says what was not heard, the other what would not be.
        found = self.browser.evaluate("['.silent', '.dead'].map((kind) => [...document.querySelectorAll('#map-box ' + kind)].map((one) => [one.querySelector('text').textContent, one.querySelectorAll('path').length, one.querySelector('path').getAttribute('d').split('l')[1]]))")
        self.assertEqual((len(found[0]), len(found[1])), (2, 2))
        self.assertEqual({one[0] for one in found[1]}, {"×"})
        self.assertNotIn(found[1][0][2], [one[2] for one in found[0]], "another shape, not another colour alone")
        said = self.browser.evaluate("document.querySelector('#map-box svg').getAttribute('aria-label')").split("つながらない場所：")[1].split("端末の弱い場所")[0]
        for name in ["第一小学校", "川端保育園", "町の同報局"]:
            self.assertIn(name, said)
        self.assertEqual(self.browser.text("#map-missing").count("町の同報局"), 1, "in two lists, and named once")
        self.assertIn("いま、つながらない場所", self.browser.text("#map-legend"))
        # A device that will soon be silent has a sign of its own where it stands.
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#map-box .weak')].map((one) => one.textContent)"), ["弱"])
        self.assertIn("端末の弱い場所：第二小学校", self.browser.evaluate("document.querySelector('#map-box svg').getAttribute('aria-label')"))
        for scheme in ("light", "dark"):
            self.browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            self.browser.evaluate("document.querySelector('#map').scrollIntoView({ block: 'center' })")
            self.browser.photograph(f"desk-map-dead-{scheme}")
        self.browser.evaluate("window.print = () => {}; document.querySelector('#silent-print').click()")
        self.browser.until("!document.querySelector('#sheet').hidden")
        lines = self.browser.evaluate("[...document.querySelectorAll('#sheet-rows tr')].map((one) => [...one.children].map((cell) => cell.textContent))")
        by_name = {line[0]: line for line in lines}
        self.assertEqual(len(lines), 6, "who has not heard, then who would not; each once")
        self.assertEqual(lines[-1][0], "川端保育園")
        self.assertEqual(by_name["第一小学校"][1], "0226-22-0100")
        self.assertIn(f"つながりません　{on_desk(stamp(now - 900))}から", by_name["第一小学校"][2])
        self.assertIn("「電池で動いている、残り3％」", by_name["第一小学校"][3])
        self.assertEqual(by_name["川端保育園"][1:3], ["0226-22-0140", f"つながりません　遅くとも{on_desk(stamp(now - 300))}から"])
        self.assertIn("「停電」", by_name["川端保育園"][3])
        self.assertIn("「電気あり」", by_name["第二小学校"][3])
        self.assertIn("残り34％", by_name["第二小学校"][3])
        self.assertIn("つながらない場所3か所", self.browser.evaluate("document.querySelector('#sheet-about').textContent"))
        self.browser.call("Emulation.setEmulatedMedia", {"media": "print"})
        # As wide as A4 is between its margins.
        self.browser.size(703, 1000)
        self.browser.photograph("desk-dead-paper")
        self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), "on A4")
        self.browser.size(1440, 900)
        self.browser.call("Emulation.setEmulatedMedia", {"media": ""})
        self.browser.evaluate("dispatchEvent(new Event('afterprint'))")
        # It answers again: the sign goes with the line of the list. Paper is there while nothing is in force, too.
        self.hub.voices["lost"] = self.hub.voices["lost"][1:2]
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelectorAll('#map-box .dead').length === 1 && document.querySelectorAll('#voice-rows > li').length === 1")
        self.hub.alerts, self.hub.rows = [], []
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 0 && document.querySelector('#silent-print').checkVisibility()")
        self.hub.voices["lost"] = []
        self.browser.click("#alerts-again")
        self.browser.until("!document.querySelector('#silent-print').checkVisibility()")

    def test_who_telephoned_whom_with_what_answer_stands_beside_the_place_and_changes_the_order(self):
        self.a_night()
        self.sign_in()
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        first = self.browser.evaluate("document.querySelector('#silent-rows > li b').textContent")
        self.assertEqual((first, self.browser.text("#silent-called")), ("町の同報局", ""))
        rows = "[...document.querySelectorAll('#silent-rows > li')]"
        height = self.browser.evaluate("document.querySelector('#silent-rows > li').offsetHeight")

        def note(place: str, answer: int, words: str = ""):
            self.browser.evaluate(rows + f".find((one) => one.textContent.startsWith('{place}')).querySelector('button').click()")
            self.browser.until("document.querySelector('#call').open")
            self.assertEqual(self.browser.text("#call-place"), place)
            self.assertIn("避難指示（津波）　港町、浜通り", self.browser.text("#call-say"))
            if words:
                self.browser.type("#call-form [name=words]", words)
            self.browser.click(f"#call-answers button:nth-child({answer})")

        self.browser.evaluate(rows + ".find((one) => one.textContent.startsWith('第一小学校')).querySelector('button').click()")
        self.browser.until("document.querySelector('#call').open")
        self.assertIn("電話 0226-22-0100", self.browser.text("#call"))
        self.browser.photograph("desk-call")
        self.browser.click("#call-answers button:nth-child(4)")
        self.browser.until("document.querySelector('#call .refusal') !== null")
        self.assertTrue(self.browser.evaluate("document.querySelector('#call').open"), "words are asked for, nothing is kept")
        self.browser.click("#call-no")
        self.assertEqual(self.hub.calls, [])
        note("第一小学校", 2)
        self.browser.until("document.querySelector('#silent-called').textContent.includes('応答なし・ほか 1')")
        self.browser.evaluate("document.activeElement.blur()")
        note("町の同報局", 1, "庁舎の放送で流した")
        self.wait(lambda: len(self.hub.calls) == 2)
        self.assertEqual({key: self.hub.calls[0].get(key) for key in ("town", "mode", "channel", "endpoint", "answer", "words")},
                         {"town": "042056", "mode": "actual", "channel": "area-mail", "endpoint": "gw", "answer": "reached", "words": "庁舎の放送で流した"})
        # Whoever has it by telephone stands last, once no hand is in the list.
        self.browser.evaluate("document.activeElement.blur()")
        self.browser.until(rows + ".at(-1).textContent.startsWith('町の同報局')", 15)
        self.assertIn("佐藤：伝わった　庁舎の放送で流した", self.browser.text("#silent-rows > li:last-child"))
        self.assertIn("☎ 伝わった 1　向かっている 0　応答なし・ほか 1　まだ 3", self.browser.text("#silent-called"))
        self.assertEqual(self.browser.evaluate("document.querySelector('#silent-rows > li').offsetHeight"), height, "a row that was called is as high")
        self.browser.photograph("desk-called")
        # A colleague's call comes with the next reading; one of before this alert says nothing of it.
        school = {"mode": "actual", "channel": "school-tablet", "name": "x", "phone": None, "by": "鈴木", "words": None}
        self.hub.calls = [{**school, "id": "1", "endpoint": "daini-sho", "answer": "on-the-way", "at": stamp(time.time())},
                          {**school, "id": "2", "endpoint": "daisan-chu", "answer": "reached", "at": stamp(time.time() - 4000)}] + self.hub.calls
        self.browser.until("document.querySelector('#silent-called').textContent.includes('向かっている 1')", 25)
        self.assertIn("伝わった 1　", self.browser.text("#silent-called"))
        # On paper: all of them, their numbers, what was answered, and room for the pen.
        self.browser.evaluate("window.print = () => {}; document.querySelector('#silent-print').click()")
        self.browser.until("!document.querySelector('#sheet').hidden")
        sheet = self.browser.evaluate("document.querySelector('#sheet').textContent")
        for part in ["さくら市", "【本番】", "5か所／7か所", "0226-22-0100", "鈴木：人が向かっている", "庁舎の放送で流した"]:
            self.assertIn(part, sheet)
        self.browser.call("Emulation.setEmulatedMedia", {"media": "print"})
        self.assertEqual(self.browser.evaluate("[document.querySelector('#alerts').offsetHeight, document.querySelectorAll('#sheet-rows tr').length]"), [0, 5])
        self.browser.photograph("desk-called-paper")
        self.browser.call("Emulation.setEmulatedMedia", {"media": ""})
        self.browser.evaluate("dispatchEvent(new Event('afterprint'))")
        self.assertTrue(self.browser.evaluate("document.querySelector('#sheet').hidden"))
        # The same beside one alert.
        self.browser.click("#silent-alerts li:first-child button")
        self.browser.until("!document.querySelector('#reach').hidden && document.querySelectorAll('#call-rows tr').length > 3")
        self.assertIn("鈴木：人が向かっている", self.browser.text("#call-rows"))
        self.browser.photograph("desk-called-reach")
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.browser.photograph(f"desk-called-reach-{width}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
        self.browser.evaluate("location.hash = 'alerts'")
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
            self.browser.evaluate("document.querySelector('#silent').scrollIntoView()")
            self.browser.photograph(f"desk-called-{width}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")

    def test_the_map_says_what_the_lists_say_and_names_what_has_no_place_on_it(self):
        self.a_night()
        self.hub.map |= {
            "outline": [[[38.85, 141.50], [38.86, 141.62], [38.90, 141.66], [38.96, 141.63], [38.98, 141.55], [38.92, 141.47]], [[38.91, 141.68], [38.92, 141.70], [38.93, 141.68]]],
            # Of one shelter alone: its middle is that shelter.
            "districts": [{"name": "港町", "at": [38.94, 141.58]}, {"name": "浜通り", "at": [38.88, 141.57]}, {"name": "山手", "at": [38.95, 141.53]},
                          {"name": "本町", "at": [38.92, 141.55]}, {"name": "川端", "at": None}],
            "shelters": [{"id": "koko", "name": "桜高校", "at": [38.94, 141.58]}, {"id": "daiichi-sho", "name": "第一小学校", "at": [38.915, 141.60]}],
            "places": [{"channel": "school-tablet", "endpoint": "daiichi-sho", "at": [38.915, 141.60]}, {"channel": "school-tablet", "endpoint": "koko", "at": [38.94, 141.58]},
                       {"channel": "school-tablet", "endpoint": "daini-sho", "at": [38.87, 141.53]}]}
        self.hub.calls = [{"id": "1", "mode": "actual", "channel": "school-tablet", "endpoint": "daini-sho", "answer": "reached", "at": stamp(time.time() + 1), "by": "鈴木", "words": None}]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        self.assertEqual((self.hub.maps_asked, self.browser.evaluate("performance.getEntriesByType('resource').filter((one) => one.name.includes('/map.')).length")), (0, 0))
        self.browser.click("#map-open")
        self.browser.until("document.querySelectorAll('#map .district').length >= 5")
        count = "(kind) => document.querySelectorAll('#map-box ' + kind).length"
        self.assertEqual(self.browser.evaluate(f"['.town', '.district', '.level4', '.level3', '.shelter', '.open', '.silent', '.told'].map({count})"), [2, 4, 2, 1, 2, 1, 3, 1])
        self.assertIn("町の同報局、第三中学校" if "町の同報局、第三中学校" in self.browser.text("#map-missing") else "町の同報局", self.browser.text("#map-missing"))
        self.assertIn("第三中学校", self.browser.text("#map-missing"))
        said = self.browser.evaluate("document.querySelector('#map-box svg').getAttribute('aria-label')")
        for part in ("港町 避難指示（津波）", "山手 高齢者等避難（土砂災害）", "桜高校", "第一小学校"):
            self.assertIn(part, said)
        self.assertEqual(self.browser.evaluate("""(() => { const boxes = (kind) => [...document.querySelectorAll('#map-box ' + kind)].map((one) => one.getBoundingClientRect());
            return boxes('.district circle').flatMap((a) => [...boxes('.shelter rect'), ...boxes('.silent path')].filter((b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)).length })()"""),
            0, "no sign covers a level")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#map-box .level4 .number')].map((one) => one.textContent)"), ["4", "4"], "by number, not by colour alone")
        for scheme in ("light", "dark"):
            self.browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
            for width, height in ((360, 740), (768, 1024), (1920, 1080)):
                self.browser.size(width, height)
                self.browser.until("document.querySelector('#map-box svg')?.clientWidth <= document.querySelector('#map-box').clientWidth")
                self.browser.evaluate("document.querySelector('#map').scrollIntoView()")
                self.browser.photograph(f"desk-map-{scheme}-{width}")
                self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
        # What changes in the lists changes on it, and nothing that stands there moves.
        before = self.browser.evaluate("[...document.querySelectorAll('#map-box .district circle')].map((one) => [one.getAttribute('cx'), one.getAttribute('cy')])")
        self.stands("actual", ("港町", "津波", 5, 9000), version=8)
        self.hub.standing["actual"]["shelters"][0]["state"] = "full"
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelectorAll('#map-box .level5').length === 1")
        self.assertEqual(self.browser.evaluate(f"['.level4', '.full'].map({count})"), [0, 1])
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#map-box .district circle')].map((one) => [one.getAttribute('cx'), one.getAttribute('cy')])"), before)
        self.assertEqual(self.hub.maps_asked, 1, "the ground is read once")
        self.browser.click("#map-open")
        self.assertFalse(self.browser.evaluate("document.querySelector('#map-box').checkVisibility() || document.querySelector('#map').offsetHeight > 0"))
        # Opened again after a change: whoever pressed sees first that it opens, and then what has changed.
        self.stands("actual", ("山手", "土砂災害", 5, 9000), version=9)
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelector('#standing').textContent.includes('山手')")
        # Asked within that frame, after whatever the page does in it.
        self.assertTrue(self.browser.evaluate("""(async () => { const box = document.querySelector('#map-box'), old = box.firstChild;
            const first = new Promise((done) => new ResizeObserver(() => { if (box.clientWidth > 0) done(box.firstChild === old); }).observe(document.querySelector('#map')));
            document.querySelector('#map-open').click();
            return await first })()"""), "drawn before the frame in which it opens")
        self.browser.until("document.querySelectorAll('#map-box .level5').length === 1")

    def test_a_town_without_an_outline_or_places_says_so_where_the_map_would_be(self):
        self.a_night()
        self.hub.map["districts"] = [{"name": "港町", "at": None}]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        self.browser.click("#map-open")
        self.browser.until("!document.querySelector('#map-none').hidden")
        self.assertEqual(self.browser.evaluate("document.querySelector('#map-box').children.length"), 0)
        self.browser.photograph("desk-map-none")

    def test_a_quake_below_the_threshold_is_a_quiet_card_and_an_order_says_how_often_its_districts_were_sounded_at(self):
        self.hub.felt = [{"alert": "q", "event": "e", "title": "震源・震度情報", "intensity": "2", "threshold": "4", "at": stamp(time.time() - 600),
                          "words": "震度２でした。お知らせの基準は震度４です (felt at intensity 2)"}]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#felt-rows li').length === 1")
        card = self.browser.text("#felt-rows")
        self.assertIn("震源・震度情報　震度２でした。お知らせの基準は震度４です。音は鳴らしていません。", card)
        self.assertNotIn("felt at", card)
        for width, height in ((360, 740), (1440, 900)):
            self.browser.size(width, height)
            self.browser.photograph(f"desk-felt-{width}")
        self.hub.felt = []
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelectorAll('#felt-rows li').length === 0")
        self.browser.evaluate("location.hash = 'push'")
        self.order()
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertEqual(self.browser.text("#sounded-rows"), "本町　24時間に2回、7日間に5回")
        self.browser.photograph("desk-sounded")

    def test_one_press_fills_the_form_and_sends_nothing(self):
        self.a_night()
        self.sign_in()
        self.browser.until("document.querySelectorAll('#tiles button').length === 6")
        self.browser.click("#tiles li:first-child button")
        form = "document.querySelector('#push-form')"
        self.browser.until(f"{form}.hazard.value + {form}.level.value === '津波4'")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#districts input:checked')].map((one) => one.value)"), ["川端", "港町", "浜通り"])
        self.browser.click("[data-room=alerts]")
        self.browser.click("#tiles li:nth-child(4) button")
        self.browser.until(f"{form}.kind.value === 'shelter' && {form}.state.value === 'open'")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#houses input:checked').length"), 0, "which ones is the person's own choice")
        self.assertEqual(self.browser.evaluate(f"{form}.hazard.value"), "")
        self.browser.click("[data-room=alerts]")
        self.browser.click("#tiles li:nth-child(5) button")
        self.browser.until(f"{form}.kind.value === 'notice' && !!{form}.title.offsetParent")
        self.browser.click("[data-room=alerts]")
        self.browser.click("#take-back-newest")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("避難指示（津波）　港町、浜通り", self.browser.text("#base-text"))
        self.assertEqual((self.hub.pushes, self.hub.cancels), ([], []))

    def test_seventeen_shelters_are_opened_in_one_act_and_those_not_to_be_used_are_named(self):
        self.a_night()
        self.hub.towns[0]["shelters"] = [
            {"id": f"s{number}", "name": f"第{number}小学校", "fitness": {"津波": "unfit" if number in (4, 9) else "fit", "土砂災害": "fit"}} for number in range(1, 18)]
        self.hub.standing["actual"]["shelters"] = [{"id": "s2", "name": "第2小学校", "state": "open", "since": stamp(time.time() - 200), "alert": "y"}]
        self.sign_in("push:shelter")
        form = "document.querySelector('#push-form')"
        self.browser.until(f"{form}.kind.value === 'shelter' && document.querySelector('#houses').textContent.includes('開設中')")
        self.assertIn("第4小学校（津波には使えません）", self.browser.evaluate("document.querySelector('#houses').textContent.replace(/\\s+/g, '')"))
        self.browser.click("#houses-all")
        self.assertEqual(self.browser.text("#house-count"), "17か所")
        self.browser.photograph("desk-shelters-form")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#changes-rows tr').length"), 14)
        self.assertIn("14か所の避難所", self.browser.text("#changes"))
        self.assertIn("避難所14か所を、さくら市", self.browser.text("#send-words"))
        for words in ("第4小学校は出しません：津波のときは使えません", "第9小学校は出しません", "第2小学校は変わりません"):
            self.assertIn(words, self.browser.text("#preview-problems"))
        self.browser.photograph("desk-shelters-preview")
        self.assertEqual(self.hub.batches, [])
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.press("Enter")
        self.wait(lambda: self.hub.batches)
        self.assertEqual(self.hub.batches[0], {"mode": "actual", "state": "open", "shelters": [f"s{number}" for number in range(1, 18)], "based_on": 7})
        self.assertTrue(self.hub.keys[0])
        self.browser.until("document.querySelector('#push-done').textContent.includes('避難所14か所を、本番の情報として受け付けました')")
        self.assertIn("第4小学校は出していません：津波のときは使えません", self.browser.text("#push-done"))
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.browser.photograph(f"desk-shelters-{width}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")
        # One alone is an order as it always was.
        self.browser.evaluate("location.hash = 'alerts'")
        self.browser.evaluate("location.hash = 'push:shelter'")
        self.browser.until(f"{form}.kind.value === 'shelter' && {form}.state.value === 'open' && document.querySelector('#houses').textContent.includes('開設中')")
        self.browser.click("#houses input[value=s4]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.press("Enter")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0]["shelter"], "s4")
        # Nothing is left to be done: nothing can be sent.
        self.browser.evaluate("location.hash = 'alerts'")
        self.browser.evaluate("location.hash = 'push:shelter'")
        self.browser.until(f"{form}.kind.value === 'shelter' && {form}.state.value === 'open' && document.querySelector('#houses').textContent.includes('開設中')")
        for key in ("s1", "s2"):
            self.browser.click(f"#houses input[value={key}]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.type("#send-form [name=name]", "さくら市")
        self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"))
        self.assertEqual(len(self.hub.batches), 1)

    def test_what_is_written_while_the_rest_is_read_stays(self):
        self.hub.may_tell_plans.clear()
        self.sign_in("push", "exercise")
        self.order()
        self.hub.may_tell_plans.set()
        self.browser.until("!document.querySelector('#seen').hidden")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes and self.hub.pushes[0]["districts"] == ["本町"])

    def test_a_broken_plan_gives_its_tile_to_the_one_to_use_instead(self):
        self.a_night()
        self.hub.broken = {"hall": "浸水"}
        self.sign_in()
        self.browser.until("document.querySelector('#tiles').textContent.includes('「洪水 計画」の前提が崩れたため')")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#tiles b')].map((one) => one.textContent)")[:2], ["大津波 計画1 P", "避難情報を出す"])

    def test_from_sign_in_to_taking_back_it_is_three_keys_and_the_last_is_held(self):
        self.a_night()
        self.sign_in_by_name()
        self.browser.until("!document.querySelector('#between').hidden")
        pressed = 0
        for key, ready in (("h", "!document.querySelector('#take-back-newest').hidden"), ("t", "!document.querySelector('#preview').hidden && document.activeElement.id === 'hold-back'")):
            self.browser.key(key)
            pressed += 1
            self.browser.until(ready)
        self.assertEqual(self.hub.cancels, [])
        self.assertIn("【本番】さくら市　「避難指示（津波）　港町、浜通り」：誤報として取り消します", self.browser.text("#hold-back"))
        self.assertTrue(self.browser.evaluate("(() => { const r = document.querySelector('#hold-back').getBoundingClientRect(); return r.top > 0 && r.bottom < innerHeight })()"))
        self.browser.photograph("console-hold")
        # A stray press is no confirmation, and neither are three of them or one that is not quite long enough.
        for seconds in (0, 0, 0.5):
            self.browser.key("Enter", seconds)
        time.sleep(1.2)
        self.assertEqual(self.hub.cancels, [])
        self.browser.key("Enter", 1.4)
        pressed += 1
        self.wait(lambda: self.hub.cancels == ["op-1"])
        self.assertLessEqual(pressed, 3)
        self.browser.until("document.querySelector('#push-done').textContent.includes('c1')")
        self.assertEqual(self.hub.if_match[-1], '"7"', "on the state that was seen")

    def test_the_plan_that_is_called_for_is_one_key_and_neither_a_key_nor_the_wrong_name_sends_it(self):
        self.a_night()
        self.hub.has_problems = False
        self.sign_in()
        self.browser.until("document.querySelector('#tiles [data-key=P]')?.checkVisibility()")
        self.assertIn("大津波", self.browser.text("#tiles [data-key=P]"), "of several the one that the bulletins call for")
        self.assertIn("P 計画", self.browser.text("#keys"))
        self.browser.key("p")
        name = "document.querySelector('#send-form').elements.name"
        self.browser.until(f"document.activeElement === {name}")
        self.assertIn("避難指示", self.browser.text("#preview-list"))
        seen = self.browser.evaluate("['#preview-title', '#send-form'].map((one) => document.querySelector(one).getBoundingClientRect()).every((r) => r.top >= document.querySelector('header').getBoundingClientRect().bottom && r.bottom <= innerHeight + 1)")
        self.assertTrue(seen, "what will be read and the last question, both")
        self.browser.photograph("console-plan-ready")
        for word in ("", "ひばり市"):
            if word:
                self.browser.type("#send-form [name=name]", word)
            self.browser.press("Enter")
        self.assertEqual(self.hub.pushes, [])
        self.browser.evaluate(f"{name}.value = ''")
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.press("Enter")
        self.wait(lambda: [one["districts"] for one in self.hub.pushes] == [["川端", "港町", "浜通り"]])
        # What has something to mend is read first.
        self.hub.has_problems = True
        self.browser.click("[data-room=alerts]")
        self.browser.until("document.body.dataset.open === 'alerts' && document.querySelector('#tiles [data-key=P]').checkVisibility()")
        self.browser.key("p")
        self.browser.until("document.activeElement.id === 'preview-title'")

    def test_what_was_planned_for_a_drill_is_read_before_anything_is_pressed(self):
        self.a_night("exercise")
        self.sign_in(mode="exercise")
        self.browser.until("document.querySelector('#tiles [data-key=P]')?.checkVisibility()")
        self.browser.key("p")
        self.browser.until("document.activeElement.id === 'preview-title'")
        self.browser.press("Enter")
        self.assertEqual(self.hub.pushes, [])

    def test_a_key_that_is_still_down_from_before_sends_nothing(self):
        self.a_night()
        self.sign_in()
        self.browser.until("!document.querySelector('#take-back-newest').hidden")
        self.browser.evaluate("document.querySelector('#take-back-newest').focus()")
        self.browser.key("Enter", 3)
        self.assertEqual(self.browser.evaluate("document.activeElement.id"), "hold-back")
        self.assertEqual(self.hub.cancels, [])

    def test_taking_back_by_hand_is_a_button_that_is_held(self):
        self.a_night("exercise")
        self.sign_in("push:cancel:op-1", "exercise")
        self.browser.until("!document.querySelector('#hold-back').disabled && document.querySelector('#hold-back').offsetHeight > 0")
        self.browser.click("#hold-back")
        time.sleep(1.2)
        self.assertEqual(self.hub.cancels, [])
        x, y = self.browser.evaluate("(() => { const r = document.querySelector('#hold-back').getBoundingClientRect(); return [r.x + 40, r.y + 10] })()")
        self.browser.call("Input.dispatchMouseEvent", {"type": "mousePressed", "x": x, "y": y, "button": "left", "clickCount": 1})
        self.wait(lambda: self.hub.cancels == ["op-1"])
        self.browser.call("Input.dispatchMouseEvent", {"type": "mouseReleased", "x": x, "y": y, "button": "left", "clickCount": 1})
        self.assertEqual(len(self.hub.cancels), 1)
        # Whoever cannot hold a button writes the town's name; a short press alone takes nothing back in the drill either.
        self.browser.evaluate("location.hash = 'drill/push:cancel:op-2'")
        self.browser.until("!document.querySelector('#hold-back').disabled && document.querySelector('#hold-back').offsetHeight > 0")
        self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"))
        self.assertIn("押し続けられないときは", self.browser.text("#send-form"))
        self.browser.photograph("desk-cancel-drill")
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.cancels == ["op-1", "op-2"])

    def test_the_end_of_an_order_is_taken_back_by_no_key_and_says_that_the_order_comes_back(self):
        self.a_night()
        order = self.hub.alerts[0]
        self.hub.alerts = [{**order, "id": "op-3", "title": "避難指示の解除", "change": "lifted", "message": "update", "in_force": False, "sent": stamp(time.time() - 30), "detail": {**order["detail"], "lifted": True}}]
        self.sign_in()
        self.browser.until("!document.querySelector('#take-back-newest').hidden")
        self.assertIn("解除を取り消す（避難情報がまた出ます）", self.browser.text("#take-back-newest"))
        self.browser.photograph("desk-take-back-end")
        self.browser.evaluate("document.activeElement.blur()")
        self.browser.key("t")
        time.sleep(0.5)
        self.assertTrue(self.browser.evaluate("document.querySelector('#push').hidden"))
        self.browser.click("#take-back-newest")
        self.browser.until("!document.querySelector('#push').hidden")

    def test_what_is_held_is_what_was_chosen_last_whatever_answers_late(self):
        self.a_night()
        self.hub.may_find.clear()
        self.sign_in("push:cancel:op-2")
        self.browser.evaluate("location.hash = 'alerts'")
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 2")
        self.browser.evaluate("location.hash = 'push:cancel:op-1'")
        self.browser.until("document.activeElement.id === 'hold-back' && !document.querySelector('#hold-back').disabled")
        self.hub.may_find.set()
        time.sleep(1)
        self.assertIn("避難指示（津波）", self.browser.text("#base-text"))
        self.browser.key("Enter", 1.4)
        self.wait(lambda: self.hub.cancels == ["op-1"])

    def test_a_preview_of_what_was_written_before_does_not_come_up(self):
        self.sign_in("push", "exercise")
        self.order()
        for status in (200, 422):
            self.hub.may_preview.clear()
            if status == 422:
                self.browser.click("#districts input[value=本町]")
            self.browser.click("#push-form button.main")
            self.browser.until("document.activeElement.closest('#push-form') !== null")
            time.sleep(0.3)
            if status == 422:
                self.browser.click("#districts input[value=本町]")
            else:
                self.choose("level", "3")
            self.hub.may_preview.set()
            time.sleep(1)
            self.assertTrue(self.browser.evaluate("document.querySelector('#preview').hidden"))
            self.assertEqual(self.browser.evaluate("document.querySelectorAll('#push-form [aria-invalid=true]').length"), 0)
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")

    def test_a_plan_that_comes_late_is_written_neither_into_another_act_nor_over_what_a_person_wrote(self):
        self.a_night()
        form = "document.querySelector('#push-form')"
        self.hub.may_tell_plans.clear()
        self.sign_in("push:plan:1")
        self.browser.evaluate("location.hash = 'push:notice'")
        self.browser.until(f"{form}.kind.value === 'notice'")
        self.hub.may_tell_plans.set()
        self.browser.until("!document.querySelector('#plans').hidden")
        time.sleep(1)
        self.assertEqual(self.browser.evaluate(f"[{form}.kind.value, {form}.hazard.value, location.hash]"), ["notice", "", "#push:notice"])
        self.hub.may_tell_plans.clear()
        self.browser.evaluate("location.hash = 'push:plan:1'")
        self.browser.until("document.querySelectorAll('#districts input').length === 6 && document.querySelector('#plans').hidden")
        self.choose("hazard", "洪水")
        self.hub.may_tell_plans.set()
        self.browser.until("document.querySelector('#push-done').textContent.startsWith('書きかけの内容があるので')")
        self.assertEqual(self.browser.evaluate(f"{form}.hazard.value"), "洪水")
        self.browser.photograph("console-plan-late")

    def test_keys_are_for_whoever_does_not_write_and_can_be_switched_off(self):
        self.a_night()
        self.sign_in()
        self.browser.until("!document.querySelector('#take-back-newest').hidden")
        self.assertIn("1〜9・0 画面", self.browser.text("#keys"))
        self.assertIn("T 取消", self.browser.text("#keys"))
        self.browser.key("3")
        self.browser.until("!document.querySelector('#log').hidden")
        self.browser.evaluate("document.querySelector('#log-form').alert.focus()")
        for letter in "1t2":
            self.browser.key(letter)
        self.assertEqual(self.browser.evaluate("[document.querySelector('#log-form').alert.value, document.querySelector('#log').hidden]"), ["1t2", False])
        self.browser.key("t")
        self.assertEqual(self.browser.evaluate("location.hash"), "#log", "not where it is not written")
        self.browser.click("#keys-switch")
        self.browser.key("2")
        self.assertEqual(self.browser.evaluate("[location.hash, document.querySelector('#keys .keys').offsetParent]"), ["#log", None])
        self.browser.click("#keys-switch")
        self.browser.key("2")
        self.browser.until("!document.querySelector('#push').hidden")

    def test_the_wall_is_read_from_five_metres_has_nothing_to_press_and_counts_what_does_not_fit(self):
        for mode in ("actual", "exercise"):
            self.a_night(mode)
            if mode == "actual":
                self.sign_in("wall", mode)
            else:
                self.browser.evaluate("location.hash = 'drill/wall'")
                self.enter_world_by_key("k")
            self.browser.size(3840, 2160)
            self.browser.until("document.querySelector('#wall-silent').children.length === 5")
            for part in ["避難指示（津波）", "港町、浜通り", "高齢者等避難（土砂災害）", "大津波警報が発表されました", "断水のお知らせ", "5／7か所", "町の同報局", "応答なし"]:
                self.assertIn(part, self.browser.text("#wall"))
            strip = self.browser.text("#strip")
            for part in ["【本番】" if mode == "actual" else "【訓練】", "さくら市", "つながっています"]:
                self.assertIn(part, strip)
            smallest = self.browser.evaluate("""Math.min(...[...document.querySelectorAll('header *, #wall *')].filter((one) => one.checkVisibility()
                && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) && !one.matches('.heard-only')).map((one) => parseFloat(getComputedStyle(one).fontSize)))""")
            self.assertGreaterEqual(smallest, 3840 * 0.021, "25 mm on a screen of 1.2 m")
            self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('button, select, input, a')].filter((one) => one.checkVisibility()).length"), 0)
            self.browser.photograph("desk-wall-" + mode)
        self.stands("exercise", *[(f"第{number}地区", hazard, 4, 9000) for number in range(9) for hazard in ("洪水", "津波", "高潮")])
        for number in range(40):
            self.hub.row(delivery=f"op-1.w{number}", alert="op-1", endpoint=f"w{number}", mode="exercise", state="rejected", priority="immediate")
        self.hub.alerts += [{**self.hub.alerts[2], "id": f"j-{number}", "event": f"j{number}"} for number in range(20)]
        self.hub.row(delivery="j-1.1", alert="j-1", mode="exercise")
        self.browser.until("document.querySelector('#wall-now-rest').textContent.startsWith('ほか') && document.querySelector('#wall-silent-rest').textContent.startsWith('ほか')")
        self.assertFalse(self.browser.evaluate("document.documentElement.scrollHeight > innerHeight || document.querySelector('#wall-now').scrollHeight > document.querySelector('#wall-now').clientHeight"))
        self.browser.photograph("desk-wall-full")
        self.browser.size(1920, 1080)
        self.browser.photograph("desk-wall-1080")
        self.browser.press("Escape")
        self.browser.until("!document.querySelector('#alerts').hidden")

    def test_who_waits_for_the_last_word_of_an_order_is_on_the_list_whatever_took_the_place_of_what(self):
        self.a_night()
        self.hub.rows = []
        now, order = time.time(), self.hub.alerts[0]
        self.assertEqual(order["id"], "op-1")
        common = {"mode": "actual", "kind": "evacuation"}
        self.hub.towns[0]["endpoints"][1]["district"] = "浜通り"
        # Nobody answers at the town's sirens: the order waited, then the one that widened it, then the word that lifted a part of it.
        self.hub.row(delivery="op-1.gw", alert="op-1", endpoint="gw", state="superseded", offered_at=stamp(now - 300), priority="urgent", **common)
        self.hub.row(delivery="op-2.gw", alert="op-2", endpoint="gw", state="retrying", offered_at=stamp(now - 100), priority="routine", title="避難指示の一部解除", **common)
        for key, touched in (("daiichi-sho", 1), ("daini-sho", 0)):
            self.hub.row(delivery=f"op-1.{key}", alert="op-1", channel="school-tablet", endpoint=key, offered_at=stamp(now - 300), priority="urgent",
                         reach={"accepted": 1, "reached": 1, "shown": 1, "touched": touched}, **common)
            self.hub.row(delivery=f"op-2.{key}", alert="op-2", channel="school-tablet", endpoint=key, offered_at=stamp(now - 100), priority="routine",
                         reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 0}, **common)
        # Of something else that is urgent too, one that was shown and not touched.
        self.hub.row(delivery="jma-1.daisan-chu", alert="jma-1", channel="school-tablet", endpoint="daisan-chu", offered_at=stamp(now - 200), priority="urgent", title="大津波警報",
                     mode="actual", kind="tsunami", reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 0})
        self.hub.alerts = [order, self.hub.alerts[2]]
        self.hub.last_words = [{**order, "id": "op-2", "title": "避難指示の一部解除", "sent": stamp(now - 100), "message": "update", "in_force": False}]
        self.sign_in()
        self.browser.until("document.querySelector('#silent-count').textContent === '3か所／4か所'")
        rows = self.browser.text("#silent-rows")
        self.assertIn("町の同報局", rows)
        self.assertLess(rows.index("町の同報局"), rows.index("第三中学校"), "an order nobody has heard does not become less urgent by its correction")
        self.assertNotIn("第一小学校", rows, "somebody there has touched the order")
        # Who telephones says what stands, and not what the last message was about.
        self.assertNotIn("解除", rows + self.browser.text("#silent-alerts"))
        lines = self.browser.evaluate("[...document.querySelectorAll('#silent-rows > li')].map((one) => one.textContent)")
        self.assertIn("避難指示（津波）　港町、浜通り", lines[0])
        self.assertIn("避難指示（津波）　浜通り", next(line for line in lines if "第二小学校" in line))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#silent-alerts li').length"), 2)
        # All is lifted: who was told is told so still; nobody is telephoned to because a lift was not touched.
        self.hub.alerts = []
        self.hub.last_words = [{**order, "id": "op-3", "title": "避難指示の解除", "sent": stamp(now - 10), "message": "update", "in_force": False}]
        self.hub.row(delivery="op-2.gw", alert="op-2", endpoint="gw", state="superseded", offered_at=stamp(now - 100), priority="routine", **common)
        self.hub.row(delivery="op-3.gw", alert="op-3", endpoint="gw", state="retrying", offered_at=stamp(now - 10), priority="routine", title="避難指示の解除", **common)
        self.hub.row(delivery="op-3.daini-sho", alert="op-3", channel="school-tablet", endpoint="daini-sho", offered_at=stamp(now - 10), priority="routine",
                     reach={"accepted": 1, "reached": 1, "shown": 0, "touched": 0}, **common)
        self.browser.until("document.querySelector('#silent-count').textContent === '1か所／1か所'", 20)
        self.assertIn("避難指示の解除", self.browser.text("#silent-rows"))
        self.browser.photograph("desk-silent-end")
        self.hub.row(delivery="op-3.gw", alert="op-3", endpoint="gw", offered_at=stamp(now - 10), priority="routine", title="避難指示の解除", **common)
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 0")
        self.assertEqual(self.browser.text("#silent-none"), "出ている情報はありません。")

    def test_an_order_that_was_not_heard_stays_on_desk_and_wall_however_many_bulletins_follow(self):
        self.a_night()
        self.hub.rows = []
        common = {"channel": "school-tablet", "mode": "actual", "priority": "immediate"}
        for index, endpoint in enumerate(("daiichi-sho", "daini-sho")):
            self.hub.row(delivery=f"op-1.{endpoint}", alert="op-1", endpoint=endpoint, state="rejected", **common)
        later = {**self.hub.alerts[2], "kind": "weather", "title": "強風注意報", "headline": "強風注意報が発表されました。", "gravity": "advisory"}
        self.hub.alerts += [{**later, "id": f"j-{number}", "event": f"n{number}", "sent": stamp(time.time() - number)} for number in range(20)]
        for number in range(20):
            self.hub.row(delivery=f"j-{number}.koko", alert=f"j-{number}", endpoint="koko", reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 1}, **common)
        self.sign_in()
        self.browser.until("document.querySelector('#silent-rows').textContent.includes('第一小学校') && document.querySelector('#silent-rows').textContent.includes('第二小学校')")
        self.assertEqual(self.browser.text("#silent-count"), "2か所／3か所（途中まで）")
        self.assertIn("ほかに11件の情報は、ここでは見ていません", self.browser.text("#silent-more"))
        # Both are telephoned to: what was not looked at is still not "none".
        for endpoint in ("daiichi-sho", "daini-sho"):
            self.hub.row(delivery=f"op-1.{endpoint}", alert="op-1", endpoint=endpoint, reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 1}, **common)
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 0")
        self.assertEqual(self.browser.text("#silent-none"), "届いていない先がないかは、ここでは分かりません。")
        self.browser.photograph("desk-silent-part")
        self.browser.evaluate("location.hash = 'wall'")
        self.browser.until("document.querySelector('#wall-silent').textContent === '届いていない先がないかは、ここでは分かりません'")
        self.assertEqual(self.browser.text("#wall-silent-rest"), "ほかに11件の情報は、ここでは見ていません")
        self.browser.photograph("desk-wall-part")
        # All are looked at: only now it is said.
        self.hub.alerts = self.hub.alerts[:3]
        self.browser.press("Escape")
        self.browser.until("document.querySelector('#silent-none').checkVisibility() && document.querySelector('#silent-none').textContent === '届いていない先はありません。'")
        self.assertFalse(self.browser.evaluate("document.querySelector('#silent-more').checkVisibility()"))

    def test_far_ends_that_were_not_read_are_not_none(self):
        self.hub.row(mode="actual", alert="op-1")
        first = self.hub.rows[0]
        self.hub.rows = [{**first, "number": number, "delivery": f"op-1.{number}", "endpoint": f"w{number}"} for number in range(1, 3002)]
        self.hub.rows[-1]["state"] = "rejected"
        self.sign_in()
        self.browser.until("document.querySelector('#silent-count').textContent === '0か所／3000か所（途中まで）'")
        self.assertEqual(self.browser.text("#silent-none"), "届いていない先がないかは、ここでは分かりません。")
        self.assertIn("1件の情報の送り先の残りは、ここでは見ていません", self.browser.text("#silent-more"))
        self.assertIn("0／3000か所（途中まで）", self.browser.text("#silent-alerts"))

    def enter_world_by_key(self, key: str):
        self.browser.until("!document.querySelector('#between').hidden")
        self.browser.key(key)
        self.browser.until("document.querySelector('#between').hidden")

    def test_each_state_of_the_first_room_is_drawn(self):
        self.hub.alerts = []
        self.browser.size(1440, 900)
        self.sign_in()
        self.browser.until("document.querySelector('#silent-none').textContent === '出ている情報はありません。'")
        for part in ["発表は出ていません", "避難情報は出ていません", "情報は出ていません"]:
            self.assertIn(part, self.browser.text("#now"))
        self.browser.photograph("desk-empty")
        self.a_night()
        self.browser.click("#alerts-again")
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        # Who asks for it sees it, wherever the pointer is; a reading that was under way comes first.
        self.browser.until("document.querySelectorAll('#bulletin-rows > li').length === 1", 5)
        for name, features in (("dark", [{"name": "prefers-color-scheme", "value": "dark"}]), ("contrast", [{"name": "prefers-contrast", "value": "more"}]),
                               ("forced", [{"name": "forced-colors", "value": "active"}])):
            self.browser.call("Emulation.setEmulatedMedia", {"features": features})
            self.browser.photograph("desk-" + name)
        self.browser.call("Emulation.setEmulatedMedia", {"features": []})
        # 200 %: half the width for the same page.
        self.browser.size(720, 450)
        self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))
        self.browser.photograph("desk-200")
        self.browser.size(1440, 900)
        self.hub.cut()
        self.browser.until("document.body.dataset.line === 'down'")
        self.assertIn("つながっていません", self.browser.text("#line"))
        self.browser.photograph("desk-cut")

    def test_the_first_room_is_being_read_until_it_is_read(self):
        self.sign_in()
        self.browser.until("document.querySelector('#alerts').dataset.read === 'yes' && [...document.querySelectorAll('.loading')].every((one) => !one.checkVisibility())")
        self.browser.evaluate("window.fetch = () => new Promise(() => {}); delete document.querySelector('#alerts').dataset.read; document.querySelector('#silent-loading').hidden = false; 0")
        self.assertIn("読んでいます", self.browser.text("#now"))
        self.browser.photograph("desk-loading")

    def test_a_row_that_comes_costs_little_beside_a_thousand_far_ends(self):
        self.a_night()
        row = {"alert": "op-1", "mode": "actual", "kind": "evacuation", "channel": "webhook", "priority": "immediate", "title": "避難指示"}
        for index in range(1000):
            self.hub.row(delivery=f"w.{index}", endpoint=f"w{index}", state="sending", **row)
        self.browser.size(1920, 1080)
        self.sign_in()
        self.browser.until("document.querySelector('#silent-count').textContent === '1005か所／1007か所'")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#silent-rows > li').length"), 60)
        self.assertIn("ほか945か所", self.browser.text("#silent-rest"))
        self.browser.photograph("desk-thousand")
        self.browser.call("Performance.enable", {"timeDomain": "threadTicks"})

        def time_of_script() -> float:
            found = self.browser.call("Performance.getMetrics")["metrics"]
            return next(item["value"] for item in found if item["name"] == "TaskDuration") * 1000
        costs = []
        for index in range(5):
            before = time_of_script()
            self.browser.evaluate(f"""(async () => {{ const {{ arrive }} = await import('/console/alerts.js');
                arrive({{ ...{json.dumps(self.hub.rows[-1])}, delivery: 'w.{index}', endpoint: 'w{index}', state: 'rejected' }});
                await new Promise((done) => setTimeout(done, 400)) }})()""")
            costs.append(time_of_script() - before)
        self.assertLessEqual(min(costs), 100, f"{costs} ms")

    def test_nothing_moves_under_a_finger(self):
        self.a_night()
        self.browser.size(1440, 900)
        self.sign_in()
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 5")
        place = self.browser.evaluate("(() => { const r = document.querySelector('#silent-rows > li:nth-child(3)').getBoundingClientRect(); return [r.x + 40, r.y + 10, r.y] })()")
        self.browser.call("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": place[0], "y": place[1]})
        for number in range(3):
            self.hub.row(delivery=f"op-1.w{number}", alert="op-1", endpoint=f"w{number}", state="rejected", priority="immediate")
        self.hub.row(delivery="op-1.gw", alert="op-1", endpoint="gw", state="rejected", priority="immediate", detail="断られました。")
        self.browser.until("document.querySelector('#silent-fresh').textContent === '新しい3件'")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#silent-rows > li').length"), 5)
        self.assertEqual(self.browser.evaluate("document.querySelector('#silent-rows > li:nth-child(3)').getBoundingClientRect().y"), place[2])
        self.assertIn("断られました", self.browser.text("#silent-rows"), "what stands there is brought up to date")
        self.assertIn("8か所", self.browser.text("#silent-count"))
        self.browser.photograph("desk-held-still")
        self.browser.click("#silent-fresh")
        self.browser.until("document.querySelectorAll('#silent-rows > li').length === 8")
        # In the other column, and by keys; a hand that goes away lets everything come.
        self.browser.evaluate("document.querySelector('#now-rows button').focus()")
        self.hub.alerts.append({**self.hub.alerts[2], "id": "jma-2", "event": "j2", "title": "津波情報", "headline": "津波情報"})
        self.hub.row(delivery="jma-2.1", alert="jma-2", kind="tsunami")
        self.browser.until("document.querySelector('#now-fresh').textContent === '新しい1件'")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#bulletin-rows > li').length"), 1)
        self.browser.evaluate("document.querySelector('#tiles button').focus()")
        self.browser.until("document.querySelectorAll('#bulletin-rows > li').length === 2")
        # And one that rests.
        self.browser.evaluate("document.querySelector('#now-rows button').focus()")
        self.hub.alerts.append({**self.hub.alerts[2], "id": "jma-3", "event": "j3", "headline": "津波警報"})
        self.hub.row(delivery="jma-3.1", alert="jma-3", kind="tsunami")
        self.browser.until("document.querySelectorAll('#bulletin-rows > li').length === 3", 15)

    def test_a_wrong_token_is_said_and_not_kept(self):
        self.hub.revoked = True
        self.browser.open(self.hub.address + "/console/")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.browser.type("[name=token]", "wrong")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#problem').textContent.includes('トークンが違うか')")
        self.assertIsNone(self.browser.evaluate("sessionStorage.getItem('noroshi-token')"))

    def test_taking_back_shows_first_what_it_does_and_names_what_is_real(self):
        self.stands("actual", ("本町", "洪水", 4, 9000), version=7)
        self.sign_in()
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 1")
        self.browser.photograph("console-alerts")
        self.browser.click("#now-rows .danger")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("【本番】", self.browser.text("#mode-bar"))
        self.assertIn("避難指示", self.browser.text("#changes-rows"))
        self.assertIn("なし", self.browser.text("#changes-rows"))
        self.assertEqual(self.hub.cancels, [])
        self.assertTrue(self.browser.evaluate("document.querySelector('#send-form button').disabled"))
        self.browser.photograph("console-cancel")
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.cancels == ["op-1"])
        self.assertEqual(self.hub.if_match, ['"7"', '"7"'], "on the state that was seen")
        self.browser.until("document.querySelector('#push-done').textContent.includes('c1')")

    def test_a_drill_is_previewed_and_sent_and_nothing_complains(self):
        self.sign_in("push", "exercise")
        self.order()
        self.assertIn("市内全域", self.browser.text("#districts"))
        self.browser.photograph("console-push-drill")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("13文字長すぎます", self.browser.text("#preview"))
        self.browser.photograph("console-preview-drill")
        self.assertEqual(self.hub.pushes, [])
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "evacuation", "mode": "exercise", "level": 4, "hazard": "洪水", "districts": ["本町"],
            "shelters": [], "based_on": 0})
        self.assertTrue(self.hub.keys[0], "a lost answer does not make two orders of one")
        self.browser.until("document.querySelector('#push-done button') !== null")
        self.assertTrue(self.browser.evaluate("document.querySelector('#problem').hidden"), "a success is no trouble")
        self.assertIn("op-1", self.browser.text("#push-done"))
        self.assertNotIn("データベース", self.browser.text("#push-done"))
        self.hub.is_local = True
        self.order("川端")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#send-form button")
        self.browser.until("document.querySelector('#push-done').textContent.includes('このハブの機械だけにあります')")

    def test_nothing_is_chosen_beforehand(self):
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.assertEqual(self.browser.evaluate("""(() => { const all = document.querySelector('#push-form');
            return [all.level.value, all.hazard.value, all.querySelectorAll('[name=mode]').length] })()"""), ["", "", 0])

    def test_a_refusal_stands_beside_its_field_in_view_and_goes_when_it_is_mended(self):
        self.browser.size(1024, 600)
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.browser.click("#push-form button.main")
        self.browser.until("document.querySelectorAll('#push-form .refusal').length === 3")
        beside = "document.querySelector('#push-form label:has([name=hazard]) + .refusal')"
        self.assertIn("災害の種類を選んでください", self.browser.evaluate(beside + ".textContent"))
        self.assertEqual(self.browser.evaluate(beside + ".querySelector('small').lang"), "en")
        self.browser.until(f"""(() => {{ const r = {beside}.getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight }})()""")
        self.assertEqual(self.browser.evaluate("document.activeElement.name"), "hazard", "the keys go to what is to be mended")
        self.assertTrue(self.browser.evaluate(f"document.activeElement.getAttribute('aria-describedby') === {beside}.id"))
        self.assertTrue(self.browser.evaluate("document.querySelector('#problem').hidden"))
        self.browser.photograph("console-refused")
        self.choose("hazard", "洪水")
        self.assertIsNone(self.browser.evaluate(beside))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#push-form .refusal').length"), 2)
        self.choose("level", "4")
        self.browser.click("#districts input[value=本町]")
        self.assertEqual(self.browser.text("#push-form .refusals").strip(), "", "all is mended, and nothing stays")

    def test_the_form_keeps_nothing_across_a_sign_out(self):
        self.sign_in("log")
        self.browser.click("[data-room=push]")
        self.browser.until("document.body.dataset.open === 'push'")
        self.order()
        self.browser.type("#push-form [name=reason]", "桜川が氾濫するおそれ")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#sign-out")
        self.browser.until("document.readyState === 'complete' && !document.querySelector('#sign-in').hidden")
        self.assertEqual(self.browser.evaluate("sessionStorage.length"), 0)
        self.enter_token()
        self.enter_world()
        self.browser.click("[data-room=push]")
        self.browser.until("document.body.dataset.open === 'push'")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.assertEqual(self.browser.evaluate("""(() => { const all = document.querySelector('#push-form');
            return [all.hazard.value, all.level.value, all.reason.value, all.querySelectorAll('[type=checkbox]:checked').length,
                document.querySelector('#preview').hidden, document.querySelector('#preview-list').textContent] })()"""),
            ["", "", "", 0, True, ""])
        self.browser.evaluate("void setTimeout(() => history.go(-2))")
        self.browser.until("location.hash === '#log' && document.readyState === 'complete' && !document.querySelector('#rooms').hidden")
        self.assertEqual(self.browser.evaluate("document.querySelector('#push-form').reason.value"), "", "not by going back either")

    def test_whoever_has_two_towns_chooses_and_a_reload_keeps_the_choice(self):
        self.hub.towns = self.hub.towns + [{**self.hub.towns[0], "code": "042030", "name": "塩竈市", "districts": []}]
        self.browser.open(self.hub.address + "/console/#push")
        self.browser.until("!document.querySelector('#sign-in').hidden")
        self.enter_token()
        self.browser.until("!document.querySelector('#choose').hidden")
        self.assertTrue(self.browser.evaluate("document.querySelector('#push').hidden"), "no work in a town nobody chose")
        self.browser.photograph("console-choose")
        self.browser.click("#choose-list button:nth-of-type(2)")
        self.enter_world()
        self.browser.until("!document.querySelector('#push').hidden && document.querySelector('#mode-bar').textContent")
        self.assertIn("塩竈市", self.browser.text("#mode-bar"))
        self.browser.open("about:blank")
        self.browser.open(self.hub.address + "/console/#push")
        self.browser.until("!document.querySelector('#push').hidden && document.querySelector('#mode-bar').textContent")
        self.assertIn("塩竈市", self.browser.text("#mode-bar"))

    def test_a_real_one_needs_the_towns_name_typed(self):
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#districts input').length === 4")
        self.browser.click("#push-form input[value=notice]")
        self.browser.type("#push-form [name=title]", "断水")
        self.browser.type("#push-form [name=body]", "16時から断水します。")
        self.browser.click("#push-form button.main")
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
            "town": "042056", "kind": "notice", "mode": "actual", "title": "断水", "body": "16時から断水します。", "based_on": 0})
        self.browser.until("document.querySelector('#push-form').title.value === ''")

    def test_changing_the_form_takes_the_preview_away(self):
        self.sign_in("push")
        self.order(district="川端")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#districts input[value=山手]")
        self.assertTrue(self.browser.evaluate("document.querySelector('#preview').hidden"))

    def test_who_changed_the_state_meanwhile_is_said_and_nothing_is_sent(self):
        self.sign_in("push", "exercise")
        self.order()
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.hub.meanwhile = lambda: self.stands("exercise", ("川端", "洪水", 5, 9000), version=1)
        self.browser.click("#send-form button")
        self.browser.until("!document.querySelector('#conflict').hidden")
        for part in ["佐藤", "16時41分", "川端", "緊急安全確保"]:
            self.assertIn(part, self.browser.text("#conflict"))
        self.assertEqual(self.hub.pushes, [])
        self.assertTrue(self.browser.evaluate("document.querySelector('#preview').hidden"))
        self.browser.photograph("console-conflict")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes and self.hub.pushes[0]["based_on"] == 1)

    def test_ones_own_later_act_is_not_called_somebody_elses_and_a_cancel_that_came_too_late_says_how_it_ends(self):
        self.a_night()
        self.sign_in_by_name()
        self.enter_world()
        self.browser.click("#password-later")
        self.browser.evaluate("location.hash = 'push:cancel:op-1'")
        self.browser.until("!document.querySelector('#hold-back').disabled && document.querySelector('#hold-back').offsetHeight > 0")
        self.hub.cancel_conflict = True
        self.browser.type("#send-form [name=name]", "さくら市")
        self.browser.click("#send-form button")
        self.browser.until("!document.querySelector('#conflict').hidden")
        said = self.browser.text("#conflict")
        self.assertIn("あなたの操作で状態が変わっています", said)
        self.assertIn("「一部解除」か「すべて解除」", said)
        self.assertNotIn("文面を確かめる", said)

    def test_what_becomes_less_grave_is_said_before_it_is_sent(self):
        self.stands("exercise", ("本町", "洪水", 5, 9000), version=1)
        self.sign_in("push", "exercise")
        self.order()
        self.browser.click("#districts input[value=川端]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        said = self.browser.text("#preview-problems")
        self.assertIn("いまより軽くなる地区があります：本町 緊急安全確保→避難指示", said)
        self.assertNotIn("川端", said)

    def test_a_preview_on_an_old_state_cannot_be_sent(self):
        self.sign_in("push", "exercise")
        self.wait(lambda: self.hub.row_followers)
        self.order()
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.stands("exercise", ("川端", "洪水", 5, 9000), version=1)
        self.hub.row(alert="other", mode="exercise")
        self.browser.until("!document.querySelector('#stale').hidden && document.querySelector('#send-form button').disabled")
        self.assertIn("川端", self.browser.text("#seen"))

    def test_the_log_follows_and_filters(self):
        self.hub.row()
        self.hub.row(delivery="d.1", channel="school-tablet", mode="exercise", title="【訓練】避難指示")
        self.hub.row(delivery="t.1", channel="school-tablet", endpoint="daiichi-sho",
                     state="rejected", reason="長すぎます", reach={"accepted": 0, "reached": 0, "shown": 0, "touched": 0})
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 2")
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.hub.row(delivery="t.2", channel="school-tablet", endpoint="daiichi-sho", state="delivered",
                     reach={"accepted": 1, "reached": 12, "shown": 11, "touched": 3})
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 3")
        first = self.browser.text("#log-rows tr")
        for part in ["本番", "5 配信済み", "学校タブレット", "12", "11", "3"]:
            self.assertIn(part, first)
        self.assertIn("9 拒否", self.browser.text("#log-rows"))
        self.assertNotIn("訓練", self.browser.text("#log-rows"))
        self.assertIn("長すぎます", self.browser.text("#log-rows"))
        self.browser.photograph("console-log")
        self.browser.evaluate("document.querySelector('#log-form').channel.value = 'area-mail'")
        self.browser.click("#log-form button")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 1")

    def test_the_log_is_asked_by_person_place_time_and_alert_with_suggestions_and_its_address_keeps_them(self):
        self.a_night()
        self.hub.rows = []
        self.hub.alerts[0]["actor"] = "operator:佐藤 approved:高橋"
        now = time.time()
        common = {"alert": "op-1", "channel": "school-tablet", "mode": "actual"}
        self.hub.row(delivery="1", endpoint="daiichi-sho", by="佐藤", offered_at=stamp(now - 7200), **common)
        self.hub.row(delivery="2", endpoint="daini-sho", by="佐藤", offered_at=stamp(now - 600), **common)
        self.hub.row(delivery="3", endpoint="daini-sho", by="高橋", offered_at=stamp(now - 600), **{**common, "alert": "op-2"})
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 3")
        options = lambda name: self.browser.evaluate(f"[...document.querySelectorAll('#log-{name} option')].map((one) => one.value)")
        self.assertEqual([options("people"), "第二小学校" in options("ends"), any(one.startswith("避難指示（津波）") for one in options("alerts"))], [["佐藤", "高橋"], True, True])

        def ask(rows: int, **fields):
            self.browser.click("#log-all")
            for name, text in fields.items():
                self.browser.evaluate(f"document.querySelector('#log-form').elements['{name}'].value = {json.dumps(text)}")
            self.browser.click("#log-form .main")
            self.browser.until(f"document.querySelectorAll('#log-rows tr').length === {rows}")
            return {key: value for key, value in self.hub.log_questions[-1].items() if key in ("alert", "by", "endpoint", "channel", "state", "since", "until", "mode")}

        self.assertEqual(ask(2, by="佐藤"), {"by": "佐藤", "mode": "actual"})
        self.assertEqual(ask(2, endpoint="第二小学校"), {"endpoint": "daini-sho", "mode": "actual"}, "a name is its number")
        self.assertEqual(ask(1, alert=next(one for one in options("alerts") if one.startswith("断水")))["alert"], "op-2", "a title is its number")
        minute = stamp(now - 3600)[:16]
        self.assertEqual(ask(2, since=minute)["since"], minute + ":00+09:00", "hours are Japan's")
        self.assertEqual(ask(1, until=minute)["until"], minute + ":00+09:00")
        asked = ask(1, by="佐藤", endpoint="第二小学校", since=minute)
        self.browser.photograph("desk-log-asked")
        # What comes over the line is held against the same: who sent it the hub alone knows, and it is asked.
        self.wait(lambda: self.hub.row_followers)
        self.hub.row(delivery="4", endpoint="daini-sho", by="高橋", **common)
        self.hub.row(delivery="5", endpoint="daini-sho", by="佐藤", **common)
        self.hub.row(delivery="6", endpoint="daiichi-sho", by="佐藤", **common)
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 2", 15)
        self.assertNotIn("第一小学校", self.browser.text("#log-rows"))
        # The address is the question: opened again, and after another room, it is asked the same.
        self.assertIn("佐藤", self.browser.evaluate("decodeURIComponent(location.hash)"))
        self.browser.call("Page.reload")
        self.browser.until("document.readyState === 'complete' && document.querySelectorAll('#log-rows tr').length === 2")
        self.assertEqual({key: self.hub.log_questions[-1].get(key) for key in asked}, asked)
        self.browser.evaluate("location.hash = 'alerts'")
        self.browser.until("!document.querySelector('#alerts').hidden")
        self.browser.evaluate("history.back()")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 2 && document.querySelector('#log-form').by.value === '佐藤'")
        # A part of a title or of a name is enough, where it is one's alone.
        self.browser.click("#log-all")
        self.hub.log_questions.clear()
        self.browser.type("#log-form [name=alert]", "断水")
        self.browser.type("#log-form [name=by]", "佐")
        self.browser.click("#log-form .main")
        self.wait(lambda: any(one.get("alert") == "op-2" and one.get("by") == "佐藤" for one in self.hub.log_questions))
        self.browser.click("#log-all")
        # Signs that an address is made of, written by a person, stay what they are.
        ask(0, by="100%&a=b#+c")
        self.browser.call("Page.reload")
        self.browser.until("document.readyState === 'complete' && document.querySelector('#log-form').by.value === '100%&a=b#+c'")
        # What would be answered by nothing is said first.
        self.hub.log_questions.clear()
        for fields, words in (({"endpoint": "どこか"}, "この名前の送り先はありません"), ({"alert": "どの題でもない"}, "この言葉の入る題は、新しい100件にありません"), ({"endpoint": "小"}, "この言葉の入る送り先が2か所あります。どれか一つを書いてください：第一小学校、第二小学校"), ({"since": minute, "until": minute}, "「いつから」より後に")):
            self.browser.click("#log-all")
            self.browser.evaluate(f"for (const [name, text] of Object.entries({json.dumps(fields)})) document.querySelector('#log-form').elements[name].value = text")
            self.browser.click("#log-form .main")
            self.browser.until(f"document.querySelector('#log-form .refusal')?.textContent.includes('{words}')")
        self.assertTrue(all("endpoint" not in one and "since" not in one for one in self.hub.log_questions), "and not asked")
        for width, height in ((360, 740), (768, 1024), (1920, 1080)):
            self.browser.size(width, height)
            self.browser.photograph(f"desk-log-{width}")
            self.assertFalse(self.browser.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"), f"{width}")

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
        self.browser.click("#device-rows .danger")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 0")

    def test_letting_in_a_tablet_by_the_number_that_it_shows(self):
        self.sign_in("devices")
        self.browser.until("!document.querySelector('#devices').hidden")
        self.browser.type("#ask-form [name=code]", "XXX-XXX")
        self.browser.click("#ask-form button")
        self.browser.until("document.querySelector('#asking .problem')?.textContent.includes('この番号を出している端末はありません')")
        self.browser.evaluate("document.querySelector('#ask-form').reset()")
        self.browser.type("#ask-form [name=code]", "bcd-fgh")
        self.browser.click("#ask-form button")
        self.browser.until("document.querySelector('#asking article') !== null")
        for part in ["BCD-FGH", "体育館1号", "192.0.2.9", "この番号を自分の目で見たか"]:
            self.assertIn(part, self.browser.text("#asking"))
        self.browser.photograph("console-devices-ask")
        self.browser.click("#asking .main")
        self.browser.until("document.querySelector('#asking').textContent.includes('数秒で端末の画面が変わります')")
        self.assertEqual([(path, body) for _, path, body in self.hub.decisions if path.endswith("approve")],
                         [("/v1/device-asks/approve", {"code": "bcd-fgh", "site": "daiichi-sho", "town": "042056"})])

    def test_an_invitation_says_whom_to_trust_first(self):
        self.hub.trust = {"trust_url": self.hub.address + "/trust/042056", "ca_fingerprint": "AB:CD:EF"}
        self.sign_in("devices")
        self.browser.click("#invite-form button")
        self.browser.until("[...document.querySelectorAll('.invitation img')].filter((image) => image.complete && image.naturalWidth > 0).length === 2")
        for part in ["/trust/042056", "AB:CD:EF", "指紋"]:
            self.assertIn(part, self.browser.text("#invitation"))
        self.browser.photograph("console-invitation-trust")

    def test_reports_from_shelters_are_listed(self):
        self.hub.reports["r1"] = {"id": "r1", "people": 87, "needs": ["water", "toilet"], "note": "夜は寒い"}
        self.sign_in("reports")
        self.wait(lambda: self.hub.report_state == "read")
        self.browser.until("document.querySelectorAll('#report-rows tr').length === 2")
        for part in ["87人", "水、トイレ", "夜は寒い", "第一小学校"]:
            self.assertIn(part, self.browser.text("#report-rows"))

    def test_a_plan_fills_the_form_and_a_broken_assumption_offers_the_next_plan(self):
        self.hub.plans = [
            {"id": "1", "name": "大津波 計画1", "order": {"hazard": "津波", "level": 4, "districts": ["本町", "川端"]}},
            {"id": "2", "name": "大津波 計画2", "order": {"hazard": "津波", "level": 4, "districts": ["沖ノ島"]}}]
        self.sign_in("push")
        self.browser.until("!document.querySelector('#plans').hidden")
        self.browser.click("#plans summary")
        self.browser.click("#plan-rows li:first-child button")
        form = "document.querySelector('#push-form')"
        self.assertEqual(self.browser.evaluate(f"{form}.hazard.value + {form}.level.value"), "津波4")
        self.assertIn("まだ送っていません", self.browser.text("#push-done"))
        self.browser.click("#assumption-rows button")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.type("#ask-input", "浸水")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#plan-rows').textContent.includes('代わりに「大津波 計画2」')")
        self.browser.photograph("console-plans")
        self.browser.click("#plan-rows li:first-child button")
        self.assertIn("沖ノ島", self.browser.evaluate(f"{form}.districts.value"))
        self.assertEqual(self.hub.pushes, [])
        self.browser.click("#assumption-rows button")
        self.browser.until("!document.querySelector('#plan-rows').textContent.includes('代わりに')")

    def test_a_desk_bound_to_networks_is_opened_with_a_reason(self):
        self.hub.place = {"bound": True, "open": False}
        self.sign_in("people")
        self.browser.until("!document.querySelector('#places').hidden")
        self.browser.click("#places-open")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.type("#ask-input", "役場が浸水")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#places-words').textContent.includes('役場が浸水')")
        self.assertIn(("PUT", "/v1/towns/042056/open-desk", {"reason": "役場が浸水"}), self.hub.decisions)
        # What was asked before it was closed again comes late: it is older than that.
        self.browser.evaluate("""globalThis.fetched = fetch; globalThis.fetch = async (path, ...rest) => {
            const answer = await fetched(path, ...rest);
            if (String(path).endsWith('/open-desk') && (rest[0]?.method ?? 'GET') === 'GET') await new Promise((done) => { globalThis.come = done; });
            return answer; }; import('/console/people.js').then((one) => one.again()).then(() => { globalThis.read = true; }); undefined""")
        self.browser.until("!!globalThis.come")
        self.browser.click("#places-close")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#places-close').hidden")
        self.browser.evaluate("come()")
        self.browser.until("globalThis.read")
        self.assertTrue(self.browser.evaluate("document.querySelector('#places-close').hidden"))

    def test_a_tablet_is_lent_and_comes_back(self):
        self.hub.devices["dev-1"] = {"id": "dev-1", "site": "daiichi-sho", "name": "一号", "role": "tablet", "enrolled_at": stamp(time.time())}
        self.sign_in("devices")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 1")
        self.browser.click("#device-rows button")
        self.browser.type("#device-form input", "山田花子")
        self.browser.evaluate("document.querySelector('#device-form [type=datetime-local]').value = '2099-12-01T17:00'")
        self.browser.photograph("console-devices-lend")
        self.browser.click("#device-form .main")
        self.browser.until("document.querySelector('#device-rows').textContent.includes('山田花子さんに貸出中、12月1日 17:00まで')")
        self.assertEqual(self.hub.devices["dev-1"]["lent_until"], "2099-12-01T17:00:00+09:00", "Japan's hours")
        self.assertIn("貸出中 1台", self.browser.text("#devices-lent"))
        self.browser.click("#device-rows button")
        self.browser.until("!document.querySelector('#device-rows').textContent.includes('山田花子')")

    def test_a_device_is_moved_and_grouped_and_the_register_says_how_it_stands(self):
        self.hub.devices["dev-1"] = {"id": "dev-1", "site": "daiichi-sho", "name": "一号", "role": "tablet", "enrolled_at": stamp(time.time()), "battery": 41, "plugged": False, "sound": False,
                                     "page_is_current": False, "elsewhere": "daiichi-sho"}
        self.sign_in("devices")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 1")
        for part in ["電池 41%", "音が出ません", "ページが古い版です", "いま第一小学校にあります"]:
            self.assertIn(part, self.browser.text("#device-rows"))
        self.browser.click("#device-rows button:nth-of-type(2)")
        self.browser.until("document.querySelector('#device-form form') !== null")
        self.browser.evaluate("""(() => { const [site, use] = document.querySelectorAll('#device-form select'), [, group] = document.querySelectorAll('#device-form input');
            site.append(new Option('中央公民館', 'chuo-kominkan')); site.value = 'chuo-kominkan'; use.value = 'pupil'; group.value = '3-2'; })()""")
        self.browser.photograph("console-devices-change")
        self.browser.click("#device-form .main")
        self.browser.until("document.querySelector('#device-rows').textContent.includes('生徒 3-2')")
        self.assertIn(("PATCH", "/v1/devices/dev-1", {"use": "pupil", "group": "3-2", "site": "chuo-kominkan"}), self.hub.decisions)
        self.browser.click("#device-rows button:nth-of-type(3)")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#device-rows').textContent.includes('に使い終えました、消去は確かめられません')")
        self.hub.devices["dev-1"].update(has_key=True, erased_at=stamp(time.time()))
        self.browser.evaluate("location.reload()")
        self.browser.until("document.querySelector('#device-rows')?.textContent.includes('消去を確認')")

    def test_the_register_says_until_when_a_relay_has_its_certificate_and_that_it_did_not_come_for_another(self):
        for number, days in [(1, 80), (2, 40)]:
            self.hub.devices[f"edge-{number}"] = {"id": f"edge-{number}", "site": "daiichi-sho", "name": f"中継{number}", "role": "edge", "enrolled_at": stamp(time.time()),
                                                  "certificate_until": stamp(time.time() + days * 86400)}
        self.sign_in("devices")
        self.browser.until("document.querySelectorAll('#device-rows tr').length === 2")
        good, late = [self.browser.evaluate(f"[...document.querySelectorAll('#device-rows tr')].find((row) => row.textContent.includes('中継{number}')).textContent") for number in (1, 2)]
        self.assertIn("証明書は", good)
        self.assertNotIn("新しくなっていません", good)
        self.assertIn("まで。新しくなっていません", late)

    def test_a_table_of_tablets_and_codes_for_the_safe_become_a_sheet_to_print(self):
        self.sign_in("devices")
        self.browser.until("!document.querySelector('#devices').hidden && document.querySelector('#paper-site').options.length > 0")
        self.browser.evaluate("document.querySelector('#devices details').open = true")
        def choose(text):
            self.browser.evaluate(f"""(() => {{ const box = new DataTransfer(), place = document.querySelector('#many-form [type=file]');
                box.items.add(new File([{json.dumps(text)}], 'a.csv')); place.files = box.files; }})()""")
            self.browser.click("#many-form button")
        choose("name,site\n一号,第一小学校\n二号,どこか\n")
        self.browser.until("document.querySelector('#sheet-words').textContent.includes('3行目')")
        self.assertEqual(self.hub.invitations, [], "not half of them")
        choose('name,site,use,group\n"一号, 予備",第一小学校,pupil,3-2\n二号,daiichi-sho\n')
        self.browser.until("document.querySelectorAll('#code-sheet figure').length === 2")
        self.assertEqual(self.hub.invitations, [{"name": "一号, 予備", "site": "第一小学校", "use": "pupil", "group": "3-2", "town": "042056"},
                                                {"name": "二号", "site": "daiichi-sho", "town": "042056"}])
        self.browser.photograph("console-devices-sheet")
        self.browser.evaluate("document.querySelector('#paper-form [name=count]').value = 3")
        self.browser.click("#paper-form button")
        self.browser.until("document.querySelectorAll('#code-sheet figure').length === 3 && document.querySelector('#code-sheet').textContent.includes('BCDF-GHJK-LMNP-QRBB')")
        self.assertIn("二度と出ません", self.browser.text("#sheet-words"))
        self.browser.until("document.querySelector('#batch-rows').textContent.includes('3枚のうち0枚を使用')")

    def test_a_report_knows_crowding_and_supply_takes_the_place_of_the_one_it_corrects_and_is_answered(self):
        self.hub.reports["r2"] = {"id": "r2", "people": 120, "households": 45, "crowding": "full", "water": "no", "power": "unknown", "needs": ["blanket"],
                                  "corrects": "r1"}
        self.hub.reports["r1"] = {"id": "r1", "people": 12, "crowding": "free", "note": "打ち間違い"}
        # Of another device: what it says it corrects is not its own.
        self.hub.reports["x"] = {"id": "x", "people": 7, "device": "dev-2", "site": "chuo-kominkan", "corrects": "r2"}
        self.sign_in("reports")
        self.browser.until("document.querySelectorAll('#report-rows tr:not(.group)').length === 2")
        said = self.browser.text("#report-rows")
        for part in ("いま 満員　120人　45世帯　水×　電気？", "の報告を訂正（12人　空き　打ち間違い）", "前の報告を訂正", "7人"):
            self.assertIn(part, said)
        self.browser.photograph("console-reports-more")
        self.browser.click("#report-rows tr:not(.group) button")
        self.browser.type("#ask-input", "水 18時着")
        self.browser.photograph("console-report-answer")
        self.browser.press("Enter")
        self.browser.until("document.querySelector('#report-rows .answer')?.textContent.includes('佐藤の返事：水 18時着')")
        self.assertEqual(self.hub.reports["r2"]["answers"][0]["text"], "水 18時着")
        for size in [(360, 740), (768, 1024), (1920, 1080)]:
            self.browser.size(*size)
            self.browser.photograph(f"console-reports-more-{size[0]}")

    def test_the_photograph_of_a_report_is_fetched_when_somebody_asks_for_it(self):
        self.hub.reports = {"r-1": {"id": "r-1", "people": 12, "photo": {"sha256": "0" * 64, "octets": 631, "width": 1, "height": 1}}, "r-2": {"id": "r-2", "people": 3, "photo": {"lost": True}}}
        self.sign_in("reports")
        self.browser.until("document.querySelectorAll('#report-rows button').length > 0")
        self.assertIn("写真は、ここで保存できませんでした", self.browser.text("#report-rows"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#report-rows img').length"), 0)
        self.hub.photos["r-1"] = self.browser.evaluate("(() => { const canvas = Object.assign(document.createElement('canvas'), { width: 320, height: 240 }); return canvas.toDataURL('image/jpeg').split(',')[1] })()")
        self.browser.evaluate("[...document.querySelectorAll('#report-rows button')].find((one) => one.textContent === '写真を見る').click()")
        self.browser.until("document.querySelector('#report-rows img')?.naturalWidth === 320")
        self.assertEqual(self.browser.evaluate("document.querySelector('#report-rows img').alt"), "第一小学校の写真")
        self.browser.photograph("console-report-photo")

    def test_what_is_nobodys_report_is_set_aside_and_taken_back_and_the_list_goes_on_page_by_page(self):
        for number in range(130):
            self.hub.reports[f"r{number}"] = {"id": f"r{number}", "people": number, "device": "loud" if number else "dev-1"}
        self.sign_in("reports")
        rows = "document.querySelectorAll('#report-rows tr:not(.group)').length"
        self.browser.until(f"{rows} === 100")
        self.browser.click("#reports-more")
        self.browser.until(f"{rows} === 130 && document.querySelector('#reports-more').hidden")
        self.browser.photograph("console-reports")
        self.browser.click("#report-rows tr:last-child button:last-child")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.click("#ask-yes")
        self.browser.until(f"{rows} === 1")
        self.assertIn("0人", self.browser.text("#report-rows"))
        self.browser.click("#reports-aside")
        self.browser.until(f"{rows} === 100")
        self.assertIn("佐藤さんが脇に置きました", self.browser.text("#report-rows"))
        self.browser.click("#report-rows tr:last-child button")
        self.browser.click("#reports-aside")
        self.browser.until(f"{rows} === 100")

    def test_what_was_cancelled_cannot_be_cancelled_again(self):
        first = self.hub.alerts[0]
        self.hub.alerts.append({**first, "id": "op-2", "message": "cancel", "sent": stamp(time.time())})
        self.sign_in()
        self.browser.until("document.querySelectorAll('#past-rows > li').length === 2")
        self.assertIn("取消済み", self.browser.evaluate("document.querySelector('#past-rows').textContent"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#alerts .list .danger').length"), 0)

    def test_a_real_order_stands_alone_after_a_hundred_drills_and_a_new_one_comes_by_itself(self):
        now = time.time()
        self.hub.alerts = self.hub.alerts[:1] + [
            {**self.hub.alerts[1], "id": f"d-{index}", "event": f"d{index}", "sent": stamp(now - 100 + index * 0.5),
             "expires": stamp(now + 3600)} for index in range(120)]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 1")
        self.assertIn("避難指示", self.browser.text("#now-rows"))
        self.assertNotIn("訓練", self.browser.text("#alerts"))
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.hub.alerts.append({**self.hub.alerts[0], "id": "op-9", "event": "e9", "title": "緊急安全確保", "sent": stamp(now)})
        self.stands("actual", ("川端", "洪水", 5, 9000))
        self.hub.row(alert="op-9", delivery="op-9.1")
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 2")
        self.assertIn("緊急安全確保", self.browser.text("#standing"))

    def test_what_ends_by_the_clock_leaves_the_list_by_itself(self):
        self.hub.alerts[0]["expires"] = stamp(time.time() + 25)
        self.sign_in()
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 1")
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 0", 60)

    def test_districts_stand_with_who_since_and_until_and_what_runs_out_is_said_before(self):
        self.stands("actual", ("本町", "洪水", 4, 9000), ("川端", "洪水", 3, 600), ("山手", "土砂災害", 5, 9000))
        self.hub.attention = [
            {"topic": "runs-out", "subject": "x", "words": "川端の避難情報（洪水）は期限が来ます (runs out)", "times": 1, "last_at": stamp(time.time())},
            {"topic": "unknown-code", "subject": "y", "words": "知らないコード (unknown)", "times": 3, "last_at": stamp(time.time())}]
        self.sign_in()
        self.browser.until("document.querySelectorAll('#standing tbody tr').length === 3")
        text = self.browser.text("#standing")
        self.assertLess(text.index("土砂災害"), text.index("洪水"), "the gravest first")
        for part in ["本町", "避難指示", "高齢者等避難", "佐藤", "まもなく期限で終わります", "上げる・広げる", "一部解除", "すべて解除", "誤報の取消"]:
            self.assertIn(part, text)
        self.assertIn("川端の避難情報", self.browser.text("#runs-out"))
        # Whoever calls for help stands on top of the first room within seconds, though nothing was sent meanwhile, and goes when it is over.
        self.assertFalse(self.browser.evaluate("document.querySelector('#help').checkVisibility()"))
        help = {"topic": "calls-for-help", "subject": "daiichi-sho", "words": "第一小学校の点呼で「助けて」と伝えた人がいます (somebody calls for help)", "times": 1, "last_at": stamp(time.time())}
        self.hub.attention.append(help)
        self.browser.until("document.querySelector('#help').checkVisibility() && document.querySelector('#help').getBoundingClientRect().top < innerHeight", 20)
        self.assertIn("第一小学校の点呼で「助けて」", self.browser.text("#help"))
        self.browser.photograph("desk-help")
        self.hub.attention.remove(help)
        self.browser.until("!document.querySelector('#help').checkVisibility()", 20)
        self.assertNotIn("知らないコード", self.browser.text("#runs-out"))
        self.browser.photograph("console-standing")

    def test_a_part_is_lifted_with_what_stands_before_and_after(self):
        self.stands("exercise", ("本町", "洪水", 4, 9000), ("川端", "洪水", 4, 9000), version=5)
        self.sign_in(mode="exercise")
        self.browser.until("document.querySelectorAll('#standing tbody tr').length === 2")
        self.browser.click("#standing button[aria-label='洪水：一部解除']")
        self.browser.until("document.querySelectorAll('#districts input').length === 2")
        self.assertIn("一部を解除します", self.browser.text("#base-text"))
        self.browser.click("#districts input[value=川端]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("一部解除", self.browser.text("#changes"))
        self.assertIn("川端（洪水）", self.browser.text("#changes-rows"))
        self.assertIn("取り消します", self.browser.evaluate("document.querySelector('#take-back').textContent"))
        self.browser.photograph("console-lift")
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "evacuation", "mode": "exercise", "hazard": "洪水", "districts": ["川端"], "lifted": True, "based_on": 5})

    def test_all_of_a_hazard_is_lifted_and_what_was_raised_is_raised_further(self):
        self.stands("exercise", ("本町", "洪水", 3, 9000), ("川端", "洪水", 3, 9000), version=5)
        self.sign_in("push:lift:洪水", "exercise")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.hub.may_answer.clear()
        self.browser.click("#send-form button")
        self.wait(lambda: self.hub.pushes)
        self.assertEqual(self.hub.pushes[0], {
            "town": "042056", "kind": "evacuation", "mode": "exercise", "hazard": "洪水", "lifted": True, "based_on": 5})
        # The next act is begun before the hub has answered, and is kept when it does.
        self.browser.evaluate("location.hash = 'drill/push:raise:洪水'")
        self.browser.until("document.querySelector('#base-text').textContent.includes('広げます')")
        self.assertIn("いま 高齢者等避難", self.browser.text("#districts"))
        self.choose("level", "4")
        self.browser.click("#districts input[value=本町]")
        self.hub.may_answer.set()
        self.browser.until("document.querySelector('#push-done').textContent.includes('受け付けました')")
        self.browser.click("#districts input[value=山手]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.browser.click("#send-form button")
        self.wait(lambda: len(self.hub.pushes) == 2)
        self.assertEqual(self.hub.pushes[1]["districts"], ["本町", "山手"])
        self.assertEqual((self.hub.pushes[1]["hazard"], self.hub.pushes[1]["mode"]), ("洪水", "exercise"))

    def test_an_act_on_what_stands_takes_nothing_before_it_knows_what_stands(self):
        self.stands("exercise", ("本町", "洪水", 3, 9000), version=5)
        self.sign_in("push", "exercise")
        self.order("山手")
        self.hub.may_tell_standing.clear()
        self.browser.evaluate("location.hash = 'drill/push:raise:洪水'")
        self.browser.until("document.querySelector('#base-text').textContent.includes('広げます')")
        box = "#districts input[value=山手]"
        self.assertTrue(self.browser.evaluate(f"(() => {{ const one = document.querySelector('{box}'); one.focus(); return document.activeElement !== one }})()"))
        self.hub.may_tell_standing.set()
        self.choose("level", "4")
        self.browser.click("#districts input[value=本町]")
        self.assertFalse(self.browser.evaluate(f"document.querySelector('{box}').checked"), "the act before is not in this one")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")

    def test_a_thousand_far_ends_do_not_keep_a_press_waiting(self):
        row = {"alert": "op-1", "channel": "webhook", "mode": "actual", "kind": "evacuation", "state": "sending"}
        for index in range(1000):
            self.hub.row(delivery=f"w.{index}", endpoint=f"w{index}", **row)
        for room, ready in (("log", "#log-rows"), ("reach:op-1", "#reach tbody")):
            self.browser.open("about:blank")
            self.browser.open(self.hub.address + "/console/#" + room)
            self.browser.until("!document.querySelector('#sign-in').hidden || !document.querySelector('#sign-out').hidden")
            if self.browser.evaluate("!document.querySelector('#sign-in').hidden"):
                self.enter_token()
                self.enter_world()
            self.browser.until(f"document.querySelectorAll('{ready} tr').length >= 50")
            if room == "log":
                self.browser.click("#log-more")
                self.browser.until("document.querySelector('#log-place').textContent.startsWith('1000')")
            self.browser.until("document.querySelector('#line').textContent.includes('●')")
            # All of it at once is the longest that a press could wait. In the page's own time, since others use this machine.
            costs = [self.cost_of_a_thousand_changes(room.partition(":")[0], attempt) for attempt in range(4)]
            self.assertLessEqual(min(costs), 100, f"{room}: {costs} ms")
            self.assertLessEqual(self.browser.evaluate("document.querySelectorAll('main tbody tr').length"), 300)
        for index in range(1000):
            self.hub.row(delivery=f"w.{index}", endpoint=f"w{index}", **{**row, "state": "rejected"})
        self.browser.until("document.querySelector('#reach-counts').textContent.includes('1000か所 届いていません')")

    def cost_of_a_thousand_changes(self, room: str, attempt: int) -> float:
        def time_of_tasks():
            found = self.browser.call("Performance.getMetrics")["metrics"]
            return next(item["value"] for item in found if item["name"] == "TaskDuration") * 1000
        self.browser.call("Performance.enable", {"timeDomain": "threadTicks"})
        before = time_of_tasks()
        self.browser.evaluate(f"""(async () => {{ const {{ arrive }} = await import('/console/{room}.js');
            for (let at = 0; at < 1000; at += 1) arrive({{ ...{json.dumps(self.hub.rows[0])}, delivery: 'w.' + at, endpoint: 'w' + at,
                state: {attempt} % 2 ? 'delivered' : 'retrying' }});
            await new Promise((done) => setTimeout(done, 500)) }})()""")
        return time_of_tasks() - before

    def test_rows_are_changed_where_they_stand(self):
        for index in range(3):
            self.hub.row(delivery=f"w.{index}", endpoint=f"w{index}", state="sending")
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 3")
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.browser.evaluate("window.before = [...document.querySelectorAll('#log-rows tr')]")
        self.hub.row(delivery="w.0", endpoint="w0", state="delivered")
        self.browser.until("document.querySelector('#log-rows').textContent.includes('5 配信済み')")
        self.assertEqual(self.browser.evaluate("[...document.querySelectorAll('#log-rows tr')].map((row, at) => row === before[at])"),
                         [True, True, False], "the others were left alone, and nothing moved")

    def test_what_came_while_the_line_was_cut_is_on_the_screen_when_it_is_back(self):
        tablet = {"alert": "op-1", "channel": "school-tablet", "mode": "actual", "endpoint": "daiichi-sho", "delivery": "r.2"}
        self.hub.row(**tablet, reach={"accepted": 1, "reached": 0, "shown": 0, "touched": 0})
        self.sign_in("reach:op-1")
        self.browser.until("document.querySelectorAll('#call-rows tr').length === 1")
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.hub.cut()
        self.browser.until("document.querySelector('#line').className === 'down'")
        self.assertRegex(self.browser.text("#line"), "つながっていません（[0-9:]+から）。無線と電話で")
        self.browser.photograph("console-cut")
        self.hub.row(**tablet, reach={"accepted": 1, "reached": 1, "shown": 1, "touched": 1})
        self.hub.mend()
        self.browser.until("document.querySelector('#line').textContent.includes('●')")
        self.browser.until("document.querySelectorAll('#call-rows tr').length === 0")
        self.assertIn("人が確認しました", self.browser.text("#heard-rows"))

    def test_the_words_as_they_were_sent_are_on_the_desk(self):
        self.hub.texts["op-1"] = [
            {"channel": "area-mail", "language": "ja", "title": "避難指示", "body": "本町に避難指示を発令しました。"},
            {"channel": "wifi-portal", "language": "ja", "title": "避難指示", "body": "本町に避難指示を発令しました。"},
            {"channel": "wifi-portal", "language": "en", "title": "Evacuate", "body": "Leave now."}]
        self.hub.row(alert="op-1")
        self.sign_in("reach:op-1")
        self.browser.until("document.querySelectorAll('#said-list .card').length === 2")
        self.assertIn("緊急速報メール・Wi-Fiスポット", self.browser.text("#said-list"))
        self.assertIn("本町に避難指示を発令しました。", self.browser.text("#said-list"))
        self.browser.photograph("console-said")
        self.assertFalse(self.browser.evaluate("document.querySelector('#aloud').checkVisibility()"), "nothing to read aloud")

    @unittest.skipUnless(shutil.which("pdftotext"), "no pdftotext on this machine")
    def test_what_is_read_aloud_stands_below_and_comes_onto_one_sheet_by_itself(self):
        self.hub.texts["op-1"] = [{"channel": "area-mail", "language": "ja", "title": "避難指示", "body": "本町に避難指示を発令しました。"}]
        self.hub.aloud["op-1"] = [
            {"seconds": 10, "takes": 3, "letters": 12, "text": "避難指示。危険な場所から全員避難。"},
            {"seconds": 30, "takes": 9, "letters": 44, "text": "こちらは、さくら市です。\n避難指示。\n本町に避難指示を発令しました。\nこちらは、さくら市でした。"},
            {"seconds": 60, "takes": 12, "letters": 60, "text": "こちらは、さくら市です。\n避難指示。\n本町に避難指示を発令しました。\nくり返します。避難指示。\nこちらは、さくら市でした。"}]
        self.hub.row(alert="op-1")
        self.sign_in("reach:op-1")
        self.browser.until("document.querySelectorAll('#aloud-list article').length === 3")
        self.assertIn("30秒用（44文字、約9秒）", self.browser.text("#aloud-list"))
        self.browser.photograph("console-aloud")
        self.browser.evaluate("window.print = () => { globalThis.printed = true }; document.querySelector('#aloud-print').click()")
        self.assertTrue(self.browser.evaluate("printed"))
        self.browser.call("Emulation.setEmulatedMedia", {"media": "print"})
        paper = self.browser.pdf()
        words = subprocess.run(["pdftotext", "-", "-"], input=paper, capture_output=True, check=True).stdout.decode().replace("\n", "")
        for said in ("読み上げ原稿", "10秒用", "30秒用", "60秒用", "くり返します。避難指示。"):
            self.assertIn(said, words)
        self.assertNotIn("緊急速報メール", words, "the desk is not on it")
        self.browser.call("Emulation.setEmulatedMedia", {"media": ""})
        self.browser.evaluate("dispatchEvent(new Event('afterprint'))")
        self.assertTrue(self.browser.evaluate("document.querySelector('#said-list').checkVisibility({visibilityProperty: true})"))

    def test_held_deliveries_say_subject_and_mode_also_of_an_old_alert(self):
        self.hub.row(delivery="h.1", alert="long-ago", state="held", title="大津波警報", kind="tsunami")
        self.hub.row(delivery="h.2", alert="op-1", state="held")
        self.hub.row(delivery="h.3", alert="op-0", state="held", mode="exercise")
        self.sign_in()
        self.browser.until("document.querySelectorAll('#held-rows li').length === 2")
        text = self.browser.text("#held-rows")
        self.assertNotIn("【訓練】", text)
        self.assertIn("大津波警報", text)
        self.assertNotIn("long-ago", text, "never a bare number")

    def test_every_scrolling_box_is_reached_by_keys_and_headings_leave_out_no_step(self):
        self.stands("actual", ("本町", "洪水", 4, 9000))
        for room in ("alerts", "push", "log", "reports", "devices", "reach:op-1"):
            with self.subTest(room):
                self.browser.open("about:blank")
                self.browser.open(self.hub.address + "/console/#" + room)
                self.browser.until("!document.querySelector('#sign-in').hidden || !document.querySelector('#sign-out').hidden")
                if self.browser.evaluate("!document.querySelector('#sign-in').hidden"):
                    self.enter_token()
                    self.enter_world()
                self.browser.until(f"!document.querySelector('#{room.partition(':')[0]}').hidden")
                self.assertEqual(self.browser.evaluate("""[...document.querySelectorAll('main section:not([hidden]) .wide')]
                    .filter((box) => box.offsetParent && !(box.tabIndex === 0 && box.getAttribute('aria-label'))).length"""), 0)
                levels = self.browser.evaluate("""[...document.querySelectorAll('h1,h2,h3,h4')].filter((one) => one.offsetParent)
                    .map((one) => Number(one.localName[1]))""")
                self.assertEqual(levels[0], 1)
                self.assertTrue(all(after <= before + 1 for before, after in zip(levels, levels[1:])), levels)
                self.assertFalse(self.browser.evaluate("""[...document.querySelectorAll('label')]
                    .some((label) => label.querySelectorAll('input,select,textarea').length > 1)"""), "one label for one control")

    def test_who_did_not_hear_is_on_the_list_to_telephone(self):
        tablet = {"alert": "op-1", "channel": "school-tablet", "mode": "actual"}
        self.hub.row(delivery="r.1", alert="op-1", mode="actual")
        self.hub.row(delivery="r.2", endpoint="daiichi-sho", reach={"accepted": 1, "reached": 0, "shown": 0, "touched": 0}, **tablet)
        self.hub.row(delivery="r.3", endpoint="daini-sho", reach={"accepted": 1, "reached": 2, "shown": 1, "touched": 1}, **tablet)
        self.hub.row(delivery="r.4", endpoint="daisan-sho", state="held", sentence="古くなりました。 (Too old.)", **tablet)
        self.hub.row(delivery="r.5", endpoint="*", endpoints=7, state="skipped", sentence="地域の外です。 (Outside.)", **tablet)
        self.hub.row(delivery="other", alert="op-0", channel="school-tablet", endpoint="yonban-sho", state="rejected")
        self.sign_in()
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 1")
        self.browser.until("!document.querySelector('#held').hidden")
        self.assertIn("1か所", self.browser.text("#held-rows"))
        self.browser.click("#now-rows button")
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
        self.assertIn("本番", self.browser.text("#reach-mode"))
        self.browser.click("#ask-yes")
        self.wait(lambda: self.hub.settled == [("release", {"town": "042056", "alert": "op-1"})])

    def test_the_weather_services_alerts_are_not_ours_to_take_back(self):
        self.hub.alerts[0].update(type="VTSE41", kind="tsunami", sender="気象庁")
        self.sign_in()
        self.browser.until("document.querySelectorAll('#bulletin-rows > li').length === 1")
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#alerts .list .danger').length"), 0)
        self.assertTrue(self.browser.evaluate("document.querySelector('#take-back-newest').hidden"))

    def test_the_desk_is_dark_in_a_dark_room(self):
        self.browser.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        self.sign_in()
        self.browser.until("document.querySelectorAll('#now-rows > li').length === 1")
        self.assertEqual(self.browser.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(20, 24, 31)")
        self.browser.photograph("console-dark")

    def test_markup_from_the_hub_stays_text(self):
        self.hub.row(title="<img src=x onerror=alert(1)>", reason="<b>x</b>")
        self.sign_in("log")
        self.browser.until("document.querySelectorAll('#log-rows tr').length === 1")
        self.assertIn("<img", self.browser.text("#log-rows"))
        self.assertEqual(self.browser.evaluate("document.querySelectorAll('#log-rows img').length"), 0)

    def give(self, name: str, text: str):
        self.browser.evaluate(f"""(() => {{ const box = new DataTransfer(), place = document.querySelector('#list-form').elements.file;
            box.items.add(new File([{json.dumps(text)}], {json.dumps(name)})); place.files = box.files }})()""")
        self.browser.click("#list-form button")

    def test_a_list_is_read_on_trial_its_columns_named_by_hand_and_only_then_taken(self):
        self.sign_in("shelters")
        self.browser.until("!document.querySelector('#shelters-none').hidden")
        self.browser.type("#list-form [name=list]", "津波避難ビル")
        self.give("list.csv", "USER_名,住所,浸水想定\n甲ビル,本町1,3m\n乙ビル,本町2,0m\n")
        self.browser.until("document.querySelectorAll('#list-columns tr').length === 3")
        self.assertIn("使わない", self.browser.text("#list-columns tr:nth-child(1)"))
        self.assertIn("疑わしい", self.browser.text("#list-columns tr:nth-child(3)"))
        self.assertIn("塩竈市の行 1件", self.browser.text("#list-remarks"))
        self.browser.photograph("console-list")
        self.browser.evaluate("""(() => { const one = document.querySelector('#list-columns select'); one.value = '施設名称';
            one.dispatchEvent(new Event('change')) })()""")
        self.browser.until("document.querySelector('#list-counts').textContent.includes('追加 2')")
        self.assertIn("使う：施設名称", self.browser.text("#list-columns tr:nth-child(1)"))
        self.assertTrue(all(asked.get("dry_run") == ["true"] for _, asked in self.hub.lists), "nothing is taken before a person says so")
        self.browser.click("#list-take")
        self.browser.until("document.querySelector('#ask').open")
        self.assertIn("住民には何も知らせません", self.browser.text("#ask-text"))
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelectorAll('#shelter-rows tr').length === 2")
        text, asked = self.hub.lists[-1]
        self.assertEqual((asked["list"], asked["map"], asked["name"]), (["津波避難ビル"], ["#1=施設名称"], ["list.csv"]))
        self.assertNotIn("dry_run", asked)
        self.assertIn("甲ビル", text)
        self.assertIn("○洪水　×津波", self.browser.text("#shelter-rows"))
        self.browser.photograph("console-shelters")

    def test_a_list_is_taken_out_again_only_after_the_desk_has_shown_what_leaves(self):
        tall = ["津波避難ビル"]
        self.hub.shelters = [
            {"id": "gym", "name": "市民体育館", "lists": []}, {"id": "a", "name": "甲ビル", "lists": tall}, {"id": "b", "name": "乙ビル", "lists": tall, "state": "open"},
            {"id": "c", "name": "丙<b>ビル", "lists": tall + ["避難所 / 本庁"]}]
        self.sign_in("shelters")
        self.browser.until("document.querySelectorAll('#list-names li').length === 2")
        self.assertIn("津波避難ビル（3施設）", self.browser.text("#list-names"))
        self.browser.click("#list-names button")
        self.browser.until("document.querySelector('#ask').open")
        said = self.browser.text("#ask-title") + self.browser.text("#ask-text")
        for words in ["名簿「津波避難ビル」を外しますか", "2施設が外れます（甲ビル、丙<b>ビル）", "いま開いている1施設は、閉じるまで残ります（乙ビル）", "住民には何も知らせません"]:
            self.assertIn(words, said)
        self.browser.click("#ask [value=no]")
        self.assertEqual(self.hub.removals, [("津波避難ビル", True)], "no is no")
        self.browser.click("#list-names button")
        self.browser.until("document.querySelector('#ask').open")
        self.browser.photograph("console-list-removal")
        self.browser.click("#ask-yes")
        self.browser.until("document.querySelector('#list-done').textContent.includes('外しました（外れた2、開設中のため残る1）')")
        self.assertEqual(self.hub.removals[-1], ("津波避難ビル", False))
        self.assertEqual(self.browser.evaluate("document.activeElement.id"), "lists-title")
        self.browser.until("document.querySelectorAll('#shelter-rows tr').length === 3")

    def test_a_list_that_a_colleague_took_out_meanwhile_is_said_to_be_gone(self):
        self.hub.shelters = [{"id": "a", "name": "甲ビル", "lists": ["津波避難ビル"]}]
        self.sign_in("shelters")
        self.browser.until("document.querySelectorAll('#list-names li').length === 1")
        self.hub.shelters = []
        self.browser.click("#list-names button")
        self.browser.until("document.querySelector('#shelters .refusals')?.textContent.includes('この名前の名簿はありません')")
        self.assertFalse(self.browser.evaluate("document.querySelector('#ask').open"))

    def test_without_a_file_the_form_says_so(self):
        self.sign_in("shelters")
        self.browser.click("#list-form button")
        self.browser.until("document.querySelector('#list-form .refusal')?.textContent.includes('CSV')")
        self.assertEqual(self.hub.lists, [])

    def test_a_shelter_whose_fitness_is_unknown_or_no_says_so_beside_its_box(self):
        self.hub.towns[0]["shelters"] = [
            {"id": "a", "name": "高台", "fitness": {"洪水": "fit"}}, {"id": "b", "name": "浜", "fitness": {"洪水": "unfit"}}, {"id": "c", "name": "校舎", "fitness": {"洪水": "conditional"}},
            {"id": "d", "name": "会館"}]
        self.sign_in("push")
        self.browser.until("document.querySelectorAll('#goals input').length === 4")
        self.assertNotIn("（", self.browser.text("#goals"))
        self.choose("hazard", "洪水")
        said = self.browser.evaluate("[...document.querySelectorAll('#goals label')].map((one) => one.innerText.trim().replace('\\n', ''))")
        self.assertEqual(said, ["高台", "浜（洪水には使えません）", "校舎（洪水には条件つき）", "会館（洪水に使えるか、名簿では分かりません）"])
        self.choose("hazard", "津波")
        self.assertIn("高台（津波に使えるか", self.browser.text("#goals").replace("\n", ""))
        # Nobody is sent to a door that is shut without a word to who sends him.
        self.order()
        self.browser.click("#goals input[value=d]")
        self.browser.click("#push-form button.main")
        self.browser.until("!document.querySelector('#preview').hidden")
        self.assertIn("まだ開いていない避難先：会館", self.browser.text("#preview-problems"))

    def wait(self, condition, seconds: float = 30):
        super().wait(condition, seconds=seconds)


if __name__ == "__main__":
    unittest.main()
