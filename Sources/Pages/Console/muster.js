// 職員参集: the town's own people are called by role, round by round, until enough have taken it. Nobody outside hears of it. Who can be
// reached by nothing is named before anybody is called; who is only reached by telephone is rung from the list here.

import { newID } from "/tablet/store.js";
import { Refused, call } from "./api.js";
import { isUp } from "./live.js";
import { ask, button, byID, japanese, make, row, timeWord } from "./parts.js";
import { Refusals } from "./refusals.js";
import { code, question } from "./towns.js";
import { isDrill, world } from "./world.js";

const EVERY = 5000;
const WAYS = { mail: "メール", webhook: "通知" };
const ANSWERS = { taken: "引き受けた", cannot: "行けない", "no-answer": "電話に出ない" };
const ENDS = { taken: "必要な人数がそろいました", nobody: "だれも引き受けていません。ほかの手段で呼んでください", stopped: "終えました" };
const STEPS = { begun: "呼びはじめ", round: "回目", called: "呼び出し", said: "答え", ended: "終わり" };
const PEOPLE = ["", "役割", "呼び出し", "電話", "答え", "操作"], STAFF = ["", "役割", "メール", "通知", "電話", "操作"];

let problem = () => {}, refusals = null, waysRefusals = null;
let staff = [], able = [], timer = 0;
/** Roles in the order in which they were ticked, and the id under which this form is one call-up. */
let order = [], id = "";
/** The one on the screen, and whose ways are in the form. */
let shown = "", edited = "";

const form = () => byID("muster-form");
const part = (name) => "/v1/musters/" + encodeURIComponent(shown) + name;

export function prepare(onProblem) {
  problem = onProblem;
  refusals = new Refusals(form(), { pause_seconds: ["pause"] });
  waysRefusals = new Refusals(byID("ways-form"));
  form().onsubmit = (event) => { event.preventDefault(); begin().catch(refused); };
  byID("ways-form").onsubmit = (event) => { event.preventDefault(); keepWays().catch((error) => (error.status === 422 ? waysRefusals.show(error) : problem(error))); };
  byID("ways-no").onclick = () => { byID("ways-form").hidden = true; };
  byID("muster-end").onclick = () => end().catch(problem);
}

const refused = (error) => (error instanceof Refused && error.status === 422 ? refusals.show(error) : problem(error));

export async function open() {
  [id, order, shown] = [newID(), [], ""];
  byID("ways-form").hidden = true;
  clearInterval(timer);
  timer = setInterval(() => { if (isUp() && shown) show().catch(() => {}); }, EVERY);
  await again();
}

export const close = () => clearInterval(timer);

export async function again() {
  const [known, found] = await Promise.all([call("GET", `/v1/towns/${code()}/staff`), call("GET", "/v1/musters" + question({ mode: world() }))]);
  [staff, able] = [known.staff, known.ways];
  drawRoles(known.roles);
  drawStaff();
  const running = found.musters.find((one) => !one.end);
  if (running) shown = running.id;
  byID("muster-past").replaceChildren(...found.musters.filter((one) => one.end).map(pastLine));
  byID("muster-past-none").hidden = found.musters.some((one) => one.end);
  if (shown) await show();
  else byID("muster-now").hidden = true;
}

// MARK: before

function drawRoles(roles) {
  const known = new Set(staff.map((one) => one.role));
  byID("muster-roles").replaceChildren(...roles.filter((one) => known.has(one.role)).map((one) => {
    const label = make("label", "", "inline"), box = Object.assign(document.createElement("input"), { type: "checkbox", name: "roles", value: one.role, checked: order.includes(one.role) });
    box.onchange = () => {
      order = box.checked ? [...order, one.role] : order.filter((role) => role !== one.role);
      drawOrder();
    };
    label.append(box, ` ${one.name}（${staff.filter((person) => person.role === one.role).length}人）`);
    return label;
  }));
  byID("muster-roles-none").hidden = known.size > 0;
  drawOrder();
}

/** Each person once, under the first of his roles that is called. */
const called = () => [...new Map(order.flatMap((role) => staff.filter((one) => one.role === role)).toReversed().map((one) => [one.name, one])).values()].toReversed();

function drawOrder() {
  const people = called(), names = (test) => people.filter(test).map((one) => one.name).join("、");
  const nobody = names((one) => one.unreachable), byHand = names((one) => !one.unreachable && !one.mail && !one.webhook);
  byID("muster-order").textContent = order.length > 0 ? `呼ぶ順：${order.map((role, index) => `${index + 1} ${staff.find((one) => one.role === role)?.role_name ?? role}`).join(" → ")}（${people.length}人）` : "";
  byID("muster-nobody").hidden = !nobody;
  byID("muster-nobody").textContent = `呼ぶ手段が一つもない人：${nobody}。下の表で、連絡先を加えてください。`;
  byID("muster-by-hand").hidden = !byHand;
  byID("muster-by-hand").textContent = `電話だけの人：${byHand}。システムは呼びません。呼びはじめたら、表を見て電話してください。`;
}

function drawStaff() {
  const seen = [...Map.groupBy(staff, (one) => one.name).values()], yes = (has) => (has ? "○" : "—");
  byID("staff-rows").replaceChildren(...seen.map((roles) => {
    const one = roles[0], edit = isDrill() ? "" : button("連絡先を直す", () => edit_(one.name).catch(problem));
    if (edit) edit.setAttribute("aria-label", `${one.name}：連絡先を直す`);
    return row([one.name, roles.map((item) => item.role_name).join("、"), yes(one.mail), yes(one.webhook), one.phone ?? "—", edit], STAFF);
  }));
  byID("staff-none").hidden = seen.length > 0;
  byID("staff-mail").hidden = able.includes("mail");
}

async function edit_(name) {
  const { users } = await call("GET", "/v1/users"), ways = users.find((one) => one.name === name)?.ways ?? {};
  edited = name;
  waysRefusals.clear();
  for (const way of ["mail", "webhook", "phone"]) byID("ways-form").elements[way].value = ways[way] ?? "";
  byID("ways-form").hidden = false;
  byID("ways-title").textContent = `${name}さんの連絡先`;
  byID("ways-title").focus();
}

async function keepWays() {
  const { mail, webhook, phone } = byID("ways-form").elements;
  waysRefusals.clear();
  await call("PATCH", "/v1/users/" + encodeURIComponent(edited), { ways: { mail: mail.value, webhook: webhook.value, phone: phone.value } });
  byID("ways-form").hidden = true;
  await again();
}

async function begin() {
  refusals.clear();
  const { words, needed, pause, rounds } = form().elements, people = called();
  const lost = people.filter((one) => one.unreachable).map((one) => one.name), reached = people.length - lost.length;
  const who = (reached === 0 ? `呼ぶ手段のある人が、一人もいません。電話で呼んでください：${lost.join("、")}。` : lost.length > 0 ? `呼ぶ手段のない人は、電話で呼んでください：${lost.join("、")}。` : "")
    + `${reached}人（${order.map((role) => staff.find((one) => one.role === role)?.role_name).join("、")}）を呼びます。住民には何も知らせません。`;
  if (people.length > 0 && words.value.trim() && !await ask(isDrill() ? "【訓練】職員を呼びますか" : "職員を呼びますか", who, "呼ぶ")) return;
  const made = await call("POST", "/v1/musters", {
    ...Object.fromEntries(new URLSearchParams(question())), id, mode: world(), words: words.value, roles: order, needed: Number(needed.value), pause_seconds: Number(pause.value) * 60, rounds: Number(rounds.value) });
  form().reset();
  [shown, id, order] = [made.id, newID(), []];
  await again();
  byID("muster-now-title").focus();
}

// MARK: while it lasts

async function show() {
  const one = await call("GET", part(""));
  byID("muster-now").hidden = false;
  byID("muster-now-title").textContent = `${isDrill() ? "【訓練】" : ""}${one.end ? "参集" : "呼んでいます"}　${one.taken}／${one.needed}人が引き受けました`;
  byID("muster-now-words").textContent = one.words;
  byID("muster-now-state").textContent = one.end
    ? `${ENDS[one.end.outcome]}（${timeWord(one.end.at, false)}${one.end.by ? ` ${one.end.by}` : ""}）`
    : `${one.round}回目／${one.rounds}回　次に呼ぶのは${timeWord(one.next_at, false)}`;
  byID("muster-now-state").className = one.end?.outcome === "nobody" ? "warn" : "";
  byID("muster-end").hidden = Boolean(one.end);
  const rows = one.people.map((person) => personLine(person, one));
  // A button under a finger stays where it is.
  if (JSON.stringify(one.people) !== byID("muster-people").dataset.said) byID("muster-people").replaceChildren(...rows);
  byID("muster-people").dataset.said = JSON.stringify(one.people);
  byID("muster-facts").replaceChildren(...one.facts.map((fact) => make("li", factWords(fact))));
}

function personLine(person, muster) {
  const acts = make("span", "", "acts"), last = person.calls.at(-1), told = person.calls.filter((one) => !one.trouble).length;
  // Of each way its last word: that a mail went out says nothing of the chat that did not.
  const troubles = Object.keys(WAYS).map((way) => person.calls.findLast((one) => one.way === way)).filter((one) => one?.trouble);
  const why = troubles.map((one) => `　×${WAYS[one.way]}：${japanese(one.trouble)}`).join("");
  const waiting = person.mail || person.webhook ? "呼んでいるところ" : person.phone ? "電話してください" : "呼ぶ手段がありません";
  const how = person.step > muster.round ? `${person.step}回目から` : last ? `${told}回　${timeWord(last.at, false)} ${WAYS[last.way]}${why}` : waiting;
  const phone = person.phone ? Object.assign(make("a", person.phone), { href: "tel:" + person.phone.replace(/[^0-9+]/g, "") }) : "—";
  if (!muster.end || muster.end.outcome === "taken") {
    for (const [answer, word] of Object.entries(ANSWERS)) {
      const one = button(word, () => say(person.name, answer).catch(problem), answer === "taken" ? "main" : "");
      one.setAttribute("aria-label", `${person.name}：${word}`);
      acts.append(one);
    }
  }
  const said = person.said ? make("b", `${ANSWERS[person.said.answer]}（${timeWord(person.said.at, false)} ${person.said.by ?? "本人"}）`, person.said.answer === "taken" ? "state delivered" : "state") : "まだ";
  return row([make("b", person.name), person.role_name, how, phone, said, acts], PEOPLE);
}

async function say(person, answer) {
  await call("POST", part("/answer"), { person, answer });
  await show();
}

async function end() {
  if (!await ask("参集を終えますか", "まだ答えていない人は、もう呼びません。", "終える")) return;
  await call("POST", part("/end"));
  await again();
}

function factWords({ at, by, words }) {
  const what = {
    begun: () => `${STEPS.begun}　${words.roles}（${words.people}）`, round: () => `${words.round}${STEPS.round}`,
    called: () => `${words.person}　${WAYS[words.way]}で呼んだ${words.trouble ? `　×${japanese(words.trouble)}` : ""}`,
    said: () => `${words.person}　${ANSWERS[words.answer]}${words.words ? `　${words.words}` : ""}`, ended: () => `${STEPS.ended}　${ENDS[words.outcome]}`,
  }[words.step]?.() ?? words.step;
  return `${timeWord(at)}　${what}${by === "hub" ? "" : `　${by}`}`;
}

function pastLine(one) {
  const item = make("li"), open_ = button("見る", () => { shown = one.id; show().then(() => byID("muster-now-title").focus()).catch(problem); });
  open_.setAttribute("aria-label", `${timeWord(one.begun_at, false)}の参集を見る`);
  item.append(make("b", timeWord(one.begun_at, false)), `　${one.words}　${one.taken}／${one.needed}人　${ENDS[one.end.outcome]}　`, open_);
  return item;
}
