"""A table of cases, `Tests/Fixtures/tablet-cases.json`: what the page's own scripts make of alerts, of the time and of what waits to be told, whoever answers.
Made by chance from one seed; whatever else plays a tablet is held to the same answers.

`python3 test_tablet_cases.py write` writes the table anew, after the page was changed on purpose.
"""
import json
import pathlib
import random
import sys
import unittest

from browser import CHROMIUM, Browser
from fake_hub import FakeHub

TABLE = pathlib.Path(__file__).parent.parent / "Fixtures" / "tablet-cases.json"

PLAY = """async (cases, from) => {
  const { Board, key } = await import(from + 'board.js');
  const { HubClock } = await import(from + 'clock.js');
  const { Outbox } = await import(from + 'outbox.js');
  const names = (entries) => entries.map((entry) => key(entry.alert)).sort().join(' | ');
  const plays = {
    board(steps) {
      const board = new Board();
      return steps.map(({ act, now, line, doubt, left, keys }) => {
        if (act === 'take') board.take({ ...line, ...(doubt ? { doubt } : {}) }, now);
        if (act === 'begin') board.beginReplay();
        if (act === 'end') board.endReplay(left);
        if (act === 'drop') board.drop((key) => keys.includes(key));
        if (act === 'age') board.age(now);
        const halted = [...board.entries.values()].filter((entry) => entry.isHalted);
        return [names(board.visible()), names(board.ended()), names(halted)].join(' / ');
      });
    },
    clock(steps) {
      const clock = new HubClock(), own = [performance.now, Date.now];
      let running = 0, wall = 0;
      performance.now = () => running;
      Date.now = () => wall;
      try {
        return steps.map((step) => {
          ({ running, wall } = step);
          if (step.act === 'recall') clock.recall(step.time);
          if (step.act === 'learn') clock.learn(step.text);
          if (step.act === 'guess') clock.guess(step.text);
          if (step.act === 'least') clock.atLeast(step.time);
          return [clock.now(), clock.mayJudge, clock.isCertain].join(' ');
        });
      } finally {
        [performance.now, Date.now] = own;
      }
    },
    async outbox({ adds, answers }) {
      const told = [], own = globalThis.fetch;
      let owns = false;
      const hooks = { token: () => 't', town: () => '', owns: () => owns, handOver() {}, changed() {}, told() {}, refused() {} };
      const box = new Outbox(hooks);
      globalThis.fetch = async (path, { body }) => {
        const said = JSON.parse(body), all = said.receipts ?? said.answers ?? [said], answer = answers.shift() ?? { status: 503 };
        told.push(path + ' ' + all.map(({ id }) => id).join(' '));
        const accepted = answer.strange ? undefined : all.map(({ id }) => id);
        const type = answer.strange ? 'text/html' : answer.status < 400 ? 'application/json' : 'application/problem+json';
        return new Response(JSON.stringify({ accepted, title: 'no' }), { status: answer.status, headers: { 'Content-Type': type } });
      };
      try {
        for (const { path, id } of adds) await box.add(path, { id });
        owns = true;
        await box.send();
        await box.send();
      } finally {
        globalThis.fetch = own;
        box.close();
      }
      return told;
    },
  };
  const all = [];
  for (const { kind, steps } of cases) all.push(await plays[kind](structuredClone(steps)));
  return all;
}"""


def stamp(seconds: int) -> str:
    return f"2026-12-01T{seconds // 3600 % 24:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


def board_case(dice: random.Random) -> dict:
    now, steps, serials = 1_796_000_000_000, [], {}
    for _ in range(dice.randint(6, 22)):
        now += dice.choice([1000, 60_000, 900_000, 4_000_000])
        act = dice.choice(["take"] * 7 + ["age", "age", "begin", "end", "drop"])
        step = {"act": act, "now": now}
        if act == "take":
            event, mode = dice.choice("abc"), dice.choice(["actual", "actual", "exercise"])
            serial = dice.choice([serials.get(event, 0) + 1, serials.get(event, 0) + 1, max(1, serials.get(event, 0)), 1])
            serials[event] = max(serials.get(event, 0), serial)
            message = dice.choice(["alert", "alert", "alert", "cancel"])
            line = {"id": f"{mode}-{event}-{serial}-{message}", "event": event, "mode": mode, "message": message, "key": ("exercise/" if mode == "exercise" else "") + event,
                    "revision": {"series": dice.choice(["s", "s", "s", "t"]), "sent": stamp(serial * 60)}, "sent": stamp(serial * 60),
                    "expires_in": dice.choice([1, 600, 7200, 100_000])}
            if dice.random() < 0.85:
                line["revision"]["serial"] = serial
            if dice.random() < 0.1:
                line["revision"]["correction"] = True
            if dice.random() < 0.8:
                line["gravity"] = dice.choice(["information", "advisory", "warning", "danger", "emergency"])
            else:
                line["priority"] = dice.choice(["immediate", "urgent", "routine", "background"])
            if message == "alert" and dice.random() < 0.15:
                line[dice.choice(["lifted", "over"])] = True
            step |= {"line": line, "doubt": dice.random() < 0.1}
        if act == "end":
            step["left"] = dice.random() < 0.5
        if act == "drop":
            step["keys"] = [dice.choice(["a", "b", "exercise/c"])]
        steps.append(step)
    return {"kind": "board", "steps": steps}


def clock_case(dice: random.Random) -> dict:
    running, steps = 0, []
    for _ in range(dice.randint(2, 6)):
        running += dice.randint(0, 10_000_000)
        step = {"act": dice.choice(["recall", "learn", "look"]), "running": running, "wall": dice.randint(0, 2_000_000_000_000)}
        step |= {"time": dice.choice([None, 1_796_000_000_000])} if step["act"] == "recall" else {"text": dice.choice([stamp(dice.randint(0, 80_000)), "no time"])}
        steps.append(step)
    return {"kind": "clock", "steps": steps}


def behind_case(dice: random.Random) -> dict:
    """A time that is behind, and what the town has said."""
    running, zero, steps = 0, 1_796_086_800_000, []
    for _ in range(dice.randint(4, 9)):
        running += dice.randint(0, 4_000_000)
        step = {"act": dice.choice(["recall", "learn", "least", "least", "look"]), "running": running, "wall": dice.randint(0, 2_000_000_000_000)}
        if step["act"] == "recall":
            step["time"] = dice.choice([None, zero])
        elif step["act"] == "learn":
            step["text"] = stamp(dice.randint(0, 80_000))
        elif step["act"] == "least":
            step["time"] = zero + dice.choice([0, dice.randint(-4_000_000, 80_000_000)])
        steps.append(step)
    return {"kind": "clock", "steps": steps}


def guess_case(dice: random.Random) -> dict:
    """An edge that does not know the time, among those that do."""
    running, zero, steps = 0, 1_796_086_800_000, []
    for _ in range(dice.randint(3, 8)):
        running += dice.randint(0, 4_000_000)
        step = {"act": dice.choice(["recall", "learn", "guess", "guess", "guess", "least", "look"]), "running": running, "wall": dice.randint(0, 2_000_000_000_000)}
        if step["act"] == "recall":
            step["time"] = dice.choice([None, zero])
        elif step["act"] in ("learn", "guess"):
            step["text"] = dice.choice([stamp(dice.randint(0, 80_000)), stamp(dice.randint(0, 80_000)), "no time"])
        elif step["act"] == "least":
            step["time"] = zero + dice.randint(-4_000_000, 80_000_000)
        steps.append(step)
    return {"kind": "clock", "steps": steps}


def outbox_case(dice: random.Random) -> dict:
    adds = [{"path": dice.choice(["receipts"] * 6 + ["reports", "rollcall/answers"]), "id": f"{dice.randint(1, 90)}"} for _ in range(dice.randint(1, 75))]
    answers = [dice.choice([{"status": 202}] * 5 + [{"status": 422}, {"status": 503}, {"status": 403}, {"status": 401}, {"status": 200, "strange": True}, {"status": 404, "strange": True}]) for _ in range(60)]
    return {"kind": "outbox", "steps": {"adds": adds, "answers": answers}}


def cases() -> list:
    dice = random.Random(20261201)
    return [make(dice) for make in [board_case] * 60 + [clock_case] * 12 + [outbox_case] * 20 + [behind_case] * 10 + [guess_case] * 12]


@unittest.skipUnless(CHROMIUM, "no chromium on this machine")
class TabletCaseTests(unittest.TestCase):
    def test_the_page_answers_as_the_table_says(self):
        table = json.loads(TABLE.read_text())
        hub, browser = FakeHub(), Browser()
        try:
            browser.open(hub.address + "/tablet/")
            said = browser.evaluate(f"({PLAY})({json.dumps([{'kind': one['kind'], 'steps': one['steps']} for one in table])}, '/tablet/')")
        finally:
            browser.close()
            hub.close()
        for number, (case, answer) in enumerate(zip(table, said)):
            self.assertEqual(case["says"], answer, f"case {number}, {case['kind']}")
        self.assertEqual(len(said), len(table))


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        hub, browser = FakeHub(), Browser()
        browser.open(hub.address + "/tablet/")
        all_cases = cases()
        answers = browser.evaluate(f"({PLAY})({json.dumps(all_cases)}, '/tablet/')")
        browser.close()
        hub.close()
        TABLE.write_text("[\n" + ",\n".join(json.dumps(case | {"says": answer}, ensure_ascii=False, separators=(",", ":")) for case, answer in zip(all_cases, answers)) + "\n]\n")
    else:
        unittest.main()
