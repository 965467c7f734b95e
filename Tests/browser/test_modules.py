"""The parts of the pages that need no page: run in the browser, given values, asked for values."""
import json
import pathlib
import unittest

from browser import CHROMIUM, Browser
from fake_hub import FakeHub

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BOARD = """(async () => {
  const { Board, isNewer, isWorse } = await import('/tablet/board.js');
  const alert = (change) => ({ id: 'a', event: 'e', mode: 'actual', message: 'alert', priority: 'urgent', expires_in: 60,
    revision: { series: 's', serial: 1, sent: '2026-01-01T00:00:00Z' }, sent: '2026-01-01T00:00:00Z', ...change });
  const serial = (n) => ({ series: 's', serial: n, sent: '2026-01-01T00:00:00Z' });
  %s
})()"""


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class ModuleTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hub = FakeHub()
        cls.browser = Browser()
        cls.browser.open(cls.hub.address + "/tablet/")

    @classmethod
    def tearDownClass(cls):
        cls.browser.close()
        cls.hub.close()

    def board(self, script: str):
        return self.browser.evaluate(BOARD % script)

    def parse(self, pieces: list[str]):
        return self.browser.evaluate(f"""(async () => {{
            const {{ EventParser }} = await import('/tablet/stream.js');
            const events = [], retries = [];
            const parser = new EventParser((event) => events.push(event), (retry) => retries.push(retry));
            for (const piece of {json.dumps(pieces)}) parser.feed(piece);
            return {{ events, retries }} }})()""")

    def test_a_text_is_read_as_the_hub_reads_it_and_stays_what_it_was(self):
        cases = json.loads((REPOSITORY / "Tests" / "Fixtures" / "readings.json").read_text())
        read = """(async () => { const { pieces } = await import('/tablet/furigana.js');
            return %s.map(({ text, names }) => pieces(text, new Map(Object.entries(names ?? {})))) })()"""
        for one, found in zip(cases, self.browser.evaluate(read % json.dumps(cases)), strict=True):
            self.assertEqual("".join(piece["text"] + (f"[{piece['reading']}]" if "reading" in piece else "") for piece in found), one["read"])
        told = sorted(set((REPOSITORY / "Templates" / "texts.txt").read_text().splitlines())) + ["避難" * 20000]
        joined = self.browser.evaluate("""(async (texts) => { const { pieces } = await import('/tablet/furigana.js');
            return texts.filter((text) => [new Map(), new Map([["の", ""], ["津波", "つなみ"], ["", ""]])].some((names) => pieces(text, names).map((one) => one.text).join("") !== text)) })(%s)""" % json.dumps(told))
        self.assertEqual(joined, [])

    def test_what_waited_for_weeks_has_its_true_age_whatever_the_tablets_clock_did(self):
        """Each: days by the page's running time, by the hub's (null: not known at one end), by the tablet's own clock, and whether the page was loaded again."""
        cases = [
            ([21, 21, 21, False], 21), ([21, 21, 421, False], 21), ([21, 21, -300, False], 21),
            # Asleep at night: the running time stood.
            ([9, 21, 21, False], 21), ([9, None, 21, False], 9),
            # Loaded again: the hub's time where it is known, else the tablet's clock.
            ([1, 21, 400, True], 21), ([1, None, 21, True], 21), ([1, None, -5, True], 0),
        ]
        for (running, hub, own, again), expected in cases:
            with self.subTest(running=running, hub=hub, own=own, again=again):
                age = self.browser.evaluate("""(async (running, hub, own, again) => {
                    const { Outbox } = await import('/tablet/outbox.js'), { erase } = await import('/tablet/store.js');
                    const day = 864e5, [wall, tick, ask] = [Date.now, performance.now, globalThis.fetch];
                    let sent = null, time = hub === null ? null : 1e12;
                    const hooks = { token: () => 't', town: () => '1', owns: () => false, handOver() {}, changed() {}, told() {}, refused() {}, time: () => time };
                    try {
                        await erase();
                        let box = new Outbox(hooks);
                        await box.add('reports', { id: 'r' });
                        if (again) { box = new Outbox(hooks); await box.open(); }
                        const [now, ran] = [wall.call(Date), tick.call(performance)];
                        Date.now = () => now + own * day;
                        performance.now = () => ran + running * day;
                        if (hub !== null) time = 1e12 + hub * day;
                        globalThis.fetch = async (path, call) => { sent = JSON.parse(call.body); return new Response('{}', { status: 202 }); };
                        hooks.owns = () => true;
                        await box.send();
                    } finally { Date.now = wall; performance.now = tick; globalThis.fetch = ask; await erase(); }
                    return sent.elapsed_ms / day;
                })(...%s)""" % json.dumps([running, hub, own, again]))
                self.assertAlmostEqual(age, expected, delta=0.01)

    def test_events_are_the_same_wherever_they_are_cut(self):
        text = ": hello\r\nretry: 500\nid: 1-2\nevent: alert\ndata: {\"a\":\ndata: 1}\n\nid: 1-3\r\n\r\ndata: x\r\r"
        whole = self.parse([text])
        self.assertEqual(whole["retries"], [500])
        self.assertEqual(whole["events"][0], {"name": "alert", "data": '{"a":\n1}', "id": "1-2"})
        self.assertEqual(whole["events"][1]["name"], "position")
        for cut in range(1, len(text)):
            self.assertEqual(self.parse([text[:cut], text[cut:], "\n"])["events"][:2], whole["events"][:2], cut)

    def test_heartbeats_are_no_events(self):
        self.assertEqual(self.parse([": \n\n", ":\n\n"])["events"], [])

    def classroom(self, script: str):
        return self.browser.evaluate("""(async () => {
          const { Patience, inOrder, readFirst } = await import('/tablet/classroom.js');
          const entry = (name, gravity, change) => ({ alert: { id: name, event: name, mode: 'actual', message: 'alert', priority: 'urgent' }, gravity, calls: false, ...change });
          const names = (entries) => entries.map((one) => one.alert.id).join(' ');
          %s
        })()""" % script)

    def test_a_title_gives_its_act_and_a_bare_name_takes_it_from_the_text(self):
        for title, body, name, act in [
                ("避難指示（警戒レベル4）洪水：危険な場所から全員避難", "x", "避難指示（警戒レベル4）洪水", "危険な場所から全員避難"),
                ("地震です　机の下へ", "x", "地震です", "机の下へ"),
                ("大雨警報", "さくら市に大雨警報が出ました。川に近づかないでください。\n（気象庁）", "大雨警報", "川に近づかないでください。"),
                ("断水のお知らせ", "断水です。", "断水のお知らせ", ""), ("お知らせ：", "断水です。", "お知らせ：", "")]:
            said = self.classroom(f"return readFirst({json.dumps({'title': title, 'body': body})})")
            self.assertEqual((said["name"], said["act"]), (name, act))
            self.assertNotIn(act or "-", said["rest"])

    def test_what_was_wrong_stands_before_what_is_less_grave_for_five_minutes(self):
        self.assertEqual(self.classroom("""
          const wrong = entry('wrong', 5, { cancelledBy: { id: 'c' }, cancelledAt: 0 });
          const visible = [entry('order', 5), entry('rain', 2), entry('drill', 5, { alert: { id: 'drill', event: 'd', mode: 'exercise' } }), wrong];
          return [names(inOrder(visible, 1000)), names(inOrder(visible, 301e3)), names(inOrder([wrong], 0)),
            names(inOrder([entry('rain', 2), entry('slip', 2, { cancelledBy: { id: 'c' }, cancelledAt: 0 })], 0))]"""),
            ["order wrong rain drill", "order rain drill wrong", "wrong", "rain slip"])

    def test_a_classroom_hears_what_is_immediate_for_a_minute_and_again_when_it_gets_worse(self):
        self.assertEqual(self.classroom("""
          const patience = new Patience(), quick = { alert: { id: 'q1', event: 'q', mode: 'actual', message: 'alert', priority: 'immediate' }, calls: true };
          const hears = (now, ...entries) => names(patience.audible(entries, now));
          const quake = (id, change) => entry(id, 5, { ...quick, alert: { ...quick.alert, id, priority: 'routine' }, change });
          const said = [hears(0, entry('order', 4, { calls: true }), entry('notice', 1, { chime: 'notice' }), entry('q1', 4, quick)),
            hears(30e3, quake('q2', 'unchanged')), hears(59e3, quake('q2', 'unchanged')), hears(61e3, quake('q2', 'unchanged')),
            hears(62e3, quake('q3', 'unchanged')), hears(63e3, quake('q4', 'raised')), hears(120e3, quake('q4', 'raised')), hears(124e3, quake('q4', 'raised'))];
          patience.hush([quake('q5', 'raised')]);
          return [...said, hears(125e3, quake('q5', 'raised')), names(new Patience(patience.hushed).audible([quake('q5', 'raised')], 0)),
            hears(126e3, entry('c', 5, { chime: 'cancel', cancelledBy: { id: 'c2' } }), entry('l', 1, { chime: 'lifted' }))]"""),
            ["q1", "q2", "q2", "", "", "q4", "q4", "", "", "", "c"])

    def test_a_newer_serial_wins_and_a_cancel_comes_after_its_own(self):
        self.assertEqual(self.board("""
          const board = new Board();
          return [board.take(alert({ id: 'b', revision: serial(2) }), 0), board.take(alert({ id: 'a' }), 0),
            board.take(alert({ id: 'b', revision: serial(2) }), 0),
            board.take(alert({ id: 'c', message: 'cancel', revision: serial(2) }), 0),
            board.take(alert({ id: 'c', message: 'cancel', revision: serial(2) }), 0),
            board.take(alert({ id: 'd', revision: serial(3) }), 0)]"""),
            ["new", "ignored", "ignored", "cancelled", "ignored", "new"])

    def test_under_one_serial_a_correction_and_then_a_cancel_are_newer(self):
        self.assertEqual(self.board("""
          const at = (second, change = {}) => ({ series: 's', serial: 1, sent: `2026-01-01T00:00:0${second}Z`, ...change });
          const a = alert({ revision: at(2) }), b = alert({ revision: at(1, { correction: true }) });
          const c = alert({ revision: at(1), message: 'cancel' });
          const x = alert({ revision: at(1, { series: 'VXSE43' }) }), y = alert({ revision: at(1, { series: 'VXSE45' }) });
          const o = alert({ revision: { series: 'operator', sent: '2026-01-01T00:00:00.100Z' } });
          const p = alert({ revision: { series: 'operator', sent: '2026-01-01T00:00:00.101Z' } });
          return [[b, a], [c, b], [x, y], [p, o]].map(([more, less]) => isNewer(more, less) && !isNewer(less, more))
            .concat(isNewer(a, a))"""), [True, True, True, True, False])

    def test_a_cancel_in_more_languages_is_richer_and_keeps_those_it_had(self):
        self.assertEqual(self.board("""
          const board = new Board(), text = (title) => ({ title, body: title });
          const cancel = (texts) => alert({ id: 'c', message: 'cancel', revision: serial(2), texts });
          board.take(alert({ texts: { ja: text('指示') } }), 0);
          const said = [cancel({ ja: text('取消') }), cancel({ en: text('Taken back') }), cancel({ ja: text('取消') }), alert({ texts: { en: text('Order') } })]
            .map((one) => board.take(one, 0));
          const [entry] = board.visible();
          return [said, Object.keys(entry.cancelledBy.texts), Object.keys(entry.alert.texts), entry.isTouched === true]"""),
            [["cancelled", "richer", "ignored", "richer"], ["ja", "en"], ["ja", "en"], False])

    def fill(self, answers: str):
        """A live line in one language, its alert, and what the catch-up for the other words answers; all of it as the page hears it."""
        return self.browser.evaluate("""(async () => {
          const { Line } = await import('/tablet/stream.js');
          const own = [globalThis.fetch, globalThis.setTimeout, Math.random], later = own[1].bind(globalThis), asked = [], heard = [], answers = %s;
          const rest = (milliseconds) => new Promise((done) => later(done, milliseconds));
          let live = null, line = null, position = 'OLD-1';
          // The fill comes at once, and tries follow each other.
          Math.random = () => 0;
          globalThis.setTimeout = (act, milliseconds, ...more) => later(act, milliseconds === 10000 ? 150 : milliseconds, ...more);
          globalThis.fetch = async (address) => {
            if (address.startsWith('/v1/stream')) return new Response(new ReadableStream({ start: (one) => { live = one; } }), { headers: { 'Content-Type': 'text/event-stream' } });
            asked.push(address);
            return new Response(JSON.stringify(await answers(asked.length, { send, end: () => live.close() })), { headers: { 'Content-Type': 'application/json' } });
          };
          const send = (name, id, at) => live.enqueue(new TextEncoder().encode(`id: ${at}\nevent: ${name}\ndata: {"id":"${id}"}\n\n`));
          try {
            line = new Line({ token: () => 't', language: () => 'ja', device: () => 'd', position: () => position, state: () => {}, revoked: () => {},
              event: ({ name, data, id }) => { if (id) position = id; heard.push(name + ' ' + (JSON.parse(data || '{}').id ?? '')); } }, { learn: () => {} });
            line.run();
            while (!live) await rest(10);
            heard.length = 0;
            send('alert', 'a', 'OLD-2');
            await rest(50);
            if (answers.ends) live.close();
            await rest(1500);
            return { heard, asked: asked.length, position };
          } finally {
            line?.stop();
            [globalThis.fetch, globalThis.setTimeout, Math.random] = own;
          }
        })()""" % answers)

    def test_what_is_fetched_for_its_words_ends_nothing_that_is_live(self):
        whole = "({ events: [], position: 'NEW-1', resync: false })"
        # Another hub answers with a beginning of its own while an alert comes over the live line.
        said = self.fill("""(number, { send }) => {
          if (number === 3) send('alert', 'eew', 'OLD-3');
          return number > 2 ? { events: [{ id: 'NEW-7', event: 'alert', data: { id: 'b' } }], position: 'NEW-9', resync: true } : %s }""" % whole)
        self.assertEqual(said, {"heard": ["alert a", "alert eew"], "asked": 4, "position": "OLD-3"})
        said = self.fill("""(number) => number > 2 ? { events: [{ id: 'OLD-1', event: 'alert', data: { id: 'a' } }, { id: 'OLD-2', event: 'line', data: { id: 'l' } }],
          position: 'OLD-1', resync: false } : %s""" % whole)
        self.assertEqual(said, {"heard": ["alert a", "alert a"], "asked": 3, "position": "OLD-2"})

    def test_a_line_that_ends_takes_the_question_for_words_with_it(self):
        said = self.fill("Object.assign(() => ({ events: [], position: 'NEW-1', resync: false }), { ends: true })")
        # Two at the start, since all is asked for once; one after the end of the line.
        self.assertEqual(said["asked"], 3)

    def test_a_cancel_that_comes_first_silences(self):
        self.assertEqual(self.board("""
          const board = new Board();
          const first = board.take(alert({ id: 'c', message: 'cancel', revision: serial(2) }), 0);
          return [first, board.take(alert({}), 0), board.visible().length]"""), ["ignored", "ignored", 0])

    def test_only_what_got_worse_rings_again_and_it_must_be_touched_again(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({ local_intensity: '4' }), 0);
          board.touch(board.visible()[0].alert);
          const same = board.take(alert({ id: 'b', revision: serial(2), local_intensity: '4' }), 0);
          const untouched = board.front() === null;
          const worse = board.take(alert({ id: 'c', revision: serial(3), local_intensity: '6-' }), 0);
          return [same, untouched, worse, board.front() !== null]"""), ["updated", True, "worse", True])

    def test_drills_hide_while_something_real_is_there(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({ id: 'd', mode: 'exercise', priority: 'immediate' }), 0);
          const alone = board.front().alert.id;
          board.take(alert({}), 0);
          const both = board.visible().map((entry) => entry.alert.id).join();
          board.age(61000);
          return [alone, both, board.visible().length]"""), ["d", "a", 0])

    def test_a_gap_drops_what_does_not_come_again(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({}), 0);
          board.take(alert({ id: 'b', event: 'f' }), 0);
          board.beginReplay();
          board.take(alert({ id: 'b', event: 'f' }), 0);
          const changed = board.endReplay();
          return [changed, board.visible().map((entry) => entry.alert.id).join(), board.endReplay()]"""),
            [True, "b", False])

    def test_expiry_counts_from_when_the_hub_said_it(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({ expires_in: 10 }), 5000);
          const before = board.age(14999), after = board.age(15000);
          return [before, after, board.take(alert({ id: 'x', event: 'x', expires_in: 0 }), 0)]"""),
            [False, True, "ignored"])

    def hear(self, script: str):
        return self.board("""
          const { heard } = await import('/tablet/alarm.js');
          const board = new Board(), said = [];
          let sounding = null;
          const listen = () => { const next = heard(sounding, board.visible()); if (next !== sounding && next?.isOnce) board.rung(next.key);
            said.push(next === sounding ? 'same' : next?.name ?? 'silence'); sounding = next; };
          const take = (change) => { board.take(alert(change), 0); listen(); };
          """ + script)

    def test_the_gravest_unread_alert_sounds_and_nothing_lesser_touches_it(self):
        self.assertEqual(self.hear("""
          take({ kind: 'eew', event: 'q', id: 'q1', gravity: 'emergency' });
          take({ kind: 'eew', event: 'q', id: 'q2', gravity: 'emergency', change: 'unchanged', priority: 'routine', revision: serial(2) });
          take({ kind: 'shelter', event: 's', id: 's1', gravity: 'information', priority: 'routine' });
          take({ kind: 'weather', event: 'w', id: 'w1', gravity: 'danger' });
          take({ kind: 'weather', event: 'w', id: 'w2', message: 'cancel', revision: serial(2) });
          board.touch({ mode: 'actual', event: 'q' }); listen();
          take({ kind: 'eew', event: 'q', id: 'q3', gravity: 'emergency', change: 'unchanged', priority: 'routine', revision: serial(3) });
          return said"""), ["eew", "same", "same", "same", "same", "notice", "cancel"])

    def test_what_nobody_has_read_goes_on_calling_until_it_ends(self):
        self.assertEqual(self.hear("""
          take({ kind: 'eew', event: 'q', gravity: 'emergency', expires_in: 180 });
          for (const second of [30, 60, 179]) { board.age(second * 1000); listen(); }
          board.age(180000); listen();
          return said.concat(board.ended().length, board.visible().length)"""),
            ["eew", "same", "same", "same", "silence", 1, 0])

    def test_a_part_lift_of_an_unread_order_does_not_silence_it_and_a_whole_lift_does(self):
        self.assertEqual(self.hear("""
          take({ kind: 'evacuation', gravity: 'danger' });
          take({ kind: 'evacuation', gravity: 'danger', change: 'part-lifted', over: false, id: 'b', revision: serial(2) });
          take({ kind: 'evacuation', gravity: 'danger', change: 'taken-back', over: false, id: 'c', revision: serial(3) });
          take({ kind: 'evacuation', gravity: 'information', change: 'lifted', over: true, lifted: true, id: 'd', revision: serial(4) });
          take({ kind: 'evacuation', gravity: 'danger', change: 'restored', over: false, id: 'e', revision: serial(5) });
          return said"""), ["evacuation", "same", "same", "lifted", "evacuation"])

    def test_news_wakes_who_has_read_what_was_before_and_quiet_news_does_not(self):
        for change, gravity, wakes in [("raised", "danger", True), ("widened", "danger", True), ("corrected", "danger", True),
                                       ("restored", "danger", True), ("unchanged", "danger", False), ("lowered", "warning", False)]:
            with self.subTest(change):
                self.assertEqual(self.hear(f"""
                  take({{ gravity: 'danger' }});
                  board.touch(alert({{}})); listen();
                  take({{ id: 'b', revision: serial(2), change: '{change}', gravity: '{gravity}' }});
                  return board.visible()[0].calls"""), wakes)

    def test_gravity_falls_back_on_what_an_older_hub_says_and_is_lowered_by_no_silence(self):
        self.assertEqual(self.browser.evaluate("""(async () => {
          const { gravityOf } = await import('/tablet/news.js');
          return [gravityOf({ gravity: 'danger', priority: 'background' }), gravityOf({ priority: 'immediate' }), gravityOf({ priority: 'routine' }, 5),
            gravityOf({ priority: 'urgent', level: 3 }, 4), gravityOf({ gravity: 'advisory' }, 5), gravityOf({ gravity: 'unheard of', priority: 'urgent' })] })()"""),
            [4, 5, 5, 3, 2, 4])

    def test_the_same_alert_again_says_how_long_it_still_holds(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({ expires_in: 60 }), 0);
          board.age(61000);
          const ended = board.visible().length;
          const again = board.take(alert({ expires_in: 100 }), 62000);
          return [ended, again, board.visible().length, board.age(161000), board.age(162000)]"""), [0, "updated", 1, False, True])

    def test_a_replay_leaves_what_was_cancelled_and_what_has_ended(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({}), 0);
          board.take(alert({ id: 'c', message: 'cancel', revision: serial(2) }), 1);
          board.take(alert({ id: 'f', event: 'f', expires_in: 1 }), 0);
          board.age(2000);
          board.beginReplay();
          const changed = board.endReplay();
          return [changed, board.visible().length, board.ended().length]"""), [False, 1, 1])

    def test_a_drill_ends_by_itself_within_hours(self):
        self.assertEqual(self.board("""
          const board = new Board();
          board.take(alert({ mode: 'exercise', expires_in: 72 * 3600 }), 0);
          return [board.age(3 * 3600e3 - 1), board.age(3 * 3600e3), board.visible().length]"""), [False, True, 0])

    def test_what_is_held_must_be_the_same_at_the_end(self):
        self.assertEqual(self.browser.evaluate("""(async () => {
          const { hold } = await import('/console/keys.js'), fired = [];
          const held = async (first, last) => {
            const button = document.body.appendChild(document.createElement('button'));
            let what = first;
            hold(button, () => what, () => fired.push(what));
            button.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter' }));
            what = last;
            await new Promise((done) => setTimeout(done, 1200));
            button.remove();
          };
          await Promise.all([held('one', 'one'), held('one', 'other'), held('two', null), held(null, 'three')]);
          return fired })()"""), ["one"])

    def test_a_countdown_to_the_shaking_is_never_at_zero_and_never_longer_than_the_way(self):
        said = self.browser.evaluate("""(async () => {
          const { shakingText } = await import('/tablet/front.js');
          const { LANGUAGES, wordsOf } = await import('/tablet/words.js');
          const arrival = Date.parse('2026-11-23T14:46:58+09:00'), wrong = [], seen = new Set();
          const clock = (left, isCertain = true) => ({ isCertain, now: () => arrival - left });
          const entry = (change) => ({ alert: { kind: 'eew', message: 'alert', arrival: '2026-11-23T14:46:58+09:00', ...change } });
          for (const [language] of LANGUAGES) {
            const words = wordsOf(language);
            for (let left = -5000; left <= 400000; left += left < 20000 ? 37 : 997) {
              const text = shakingText(entry(), language, clock(left)), number = Number(text.match(/\\d+/)?.[0]);
              if (text !== words.shakeNow && !(number >= 1 && number <= 300 && number * 1000 <= left)) wrong.push([language, left, text]);
              if (text === words.shakeNow && left >= 2000 && left <= 300000) wrong.push([language, left, text]);
              if (language === 'ja') seen.add(text);
            }
          }
          const ja = (change, time = clock(30000), more = {}) => shakingText({ ...entry(change), ...more }, 'ja', time);
          return { wrong: wrong.slice(0, 3), seen: seen.size, ten: ja({}, clock(11000)), arrived: ja({ arrived: true }), none: ja({ arrival: undefined }), nonsense: ja({ arrival: 'soon' }),
            unsure: ja({}, clock(30000, false)), others: [ja({ kind: 'earthquake' }), ja({ doubt: true }), ja({ over: true }), ja({}, clock(30000), { cancelledBy: {} })] } })()""")
        self.assertEqual(said["wrong"], [])
        self.assertGreater(said["seen"], 290)
        self.assertEqual(said["ten"], "揺れまで あと10秒")
        self.assertEqual([said[name] for name in ("arrived", "none", "nonsense", "unsure")], ["揺れに注意"] * 4)
        self.assertEqual(said["others"], [""] * 4)

    def test_the_hubs_time_is_moved_forward_by_what_it_says_now_and_never_back(self):
        self.assertEqual(self.browser.evaluate("""(async () => {
          const { HubClock } = await import('/tablet/clock.js');
          const clock = new HubClock(), time = '2026-11-23T14:46:00Z', near = (text) => Math.abs(clock.now() - Date.parse(text)) < 500, least = (text) => clock.atLeast(Date.parse(text));
          least(time);
          const before = clock.mayJudge;
          clock.learn(time);
          least('2026-11-23T14:00:00Z'); const same = near(time);
          least('2026-11-23T14:46:09Z'); const later = near('2026-11-23T14:46:09Z');
          least(undefined); least('soon');
          return [before, same, later, near('2026-11-23T14:46:09Z')] })()"""), [False, True, True, True])

    def test_every_word_is_there_in_every_language(self):
        missing = self.browser.evaluate("""(async () => {
          const { wordsOf } = await import('/tablet/words.js');
          const names = (words) => Object.entries(words).flatMap(([name, value]) =>
            typeof value === 'object' ? Object.keys(value).map((inner) => name + '.' + inner) : [name]).sort().join();
          return [wordsOf('ja'), wordsOf('ja-x-easy'), wordsOf('en')].map(names) })()""")
        self.assertEqual(missing[0], missing[1])
        self.assertEqual(missing[0], missing[2])

    def test_every_field_and_button_has_a_name(self):
        for page in ("tablet", "console"):
            self.browser.open(f"{self.hub.address}/{page}/")
            nameless = self.browser.evaluate("""[...document.querySelectorAll('input,select,textarea,button')]
              .filter((e) => !(e.labels?.length || e.getAttribute('aria-label') || e.textContent.trim() || e.id === 'ask-yes'
                || e.closest('#send-form'))).map((e) => e.outerHTML)""")
            self.assertEqual(nameless, [])
        self.browser.open(self.hub.address + "/tablet/")


if __name__ == "__main__":
    unittest.main()
