// What is in force, all of it; then what is over. Nothing is taken back
// from here without having been seen: every act leads to its preview.

import { call } from "./api.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import * as standing from "./standing.js";
import { code, question } from "./towns.js";
import { button, byID, make, modeMark, row, subject, timeWord, words } from "./parts.js";
import { go, isDrill, world } from "./world.js";

const STATES = { in_force: "出ています", cancel: "取消の知らせ", cancelled: "取消済み", over: "終わりました", superseded: "新しい報に交代" };
const CHANGES = {
  raised: "引き上げ", widened: "地区を追加", corrected: "訂正", changed: "変更", lowered: "引き下げ", "part-lifted": "一部解除", lifted: "解除",
  "taken-back": "誤報の取消", restored: "解除の取消", "ran-out": "期限で終了",
};
/** Past alerts asked for; all that is in force comes besides. */
const PAST = 100;

let known = new Map();
let lists = null;
let timer = 0;
let held = new Set();

export function prepare(problem) {
  byID("alerts-again").onclick = () => open().catch(problem);
  lists = Object.fromEntries(["now", "past"].map((name) => [name, new Rows(byID(name + "-rows"), line)]));
  refresh = soon(() => again().catch(problem), 300);
}
let refresh = () => {};

export const again = oneAtATime(read);
export const open = again;
export const close = () => clearTimeout(timer);

/** An alert of the last reading, or asked for by itself; none of the other place. */
export async function find(id) {
  if (!id) return undefined;
  if (!known.has(id)) {
    const alert = await call("GET", "/v1/alerts/" + encodeURIComponent(id)).catch((error) => {
      if (error.status === 404) return null;
      throw error;
    });
    if (alert?.mode === world()) known.set(id, alert);
  }
  return known.get(id);
}

/** A new alert, or something of a held one: the list is read again. A tablet's receipt changes nothing here. */
export function arrive(item) {
  if (!known.has(item.alert) || item.state === "held" || held.has(item.delivery)) refresh();
}

async function read() {
  const [now, recent, waiting, attention, state] = await Promise.all([
    call("GET", "/v1/alerts" + question({ in_force: "true" })), call("GET", "/v1/alerts" + question({ limit: String(PAST) })),
    readHeld(), readAttention(), standing.read()]);
  const newest = (list) => (list.alerts ?? []).filter((alert) => alert.mode === world()).toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent));
  const inForce = newest(now), past = newest(recent);
  known = new Map([...past, ...inForce].map((alert) => [alert.id, alert]));
  standing.show(state);
  const current = new Set(inForce.map((alert) => alert.id));
  show("now", inForce.map((alert) => ({ ...alert, state: "in_force" })));
  show("past", past.filter((alert) => !current.has(alert.id)).map((alert) => ({ ...alert, state: stateOf(alert, past) })));
  await showHeld(waiting);
  showAttention(attention);
  plan([standing.nextEnd(state), ...inForce.map((alert) => Date.parse(alert.expires))]);
}

function show(name, alerts) {
  lists[name].show(alerts.map((alert) => [alert.id, alert]));
  byID(name + "-count").textContent = `${alerts.length}件`;
  byID(name + "-none").hidden = alerts.length > 0;
}

/** What ends by the clock leaves the list when it does. */
function plan(ends) {
  clearTimeout(timer);
  const wait = Math.min(...ends.filter((time) => time > Date.now())) - Date.now() + 1000;
  if (wait < 3600e3) timer = setTimeout(refresh, wait);
}

/** What a restart left for a person to decide, all of it. */
async function readHeld() {
  const found = [];
  for (let after = "0"; after !== null;) {
    const answer = await call("GET", "/v1/deliveries" + question({ state: "held", after, limit: "1000" }));
    found.push(...(answer.deliveries ?? []).filter((item) => item.mode === world()));
    after = answer.next == null ? null : String(answer.next);
  }
  return found;
}

async function showHeld(rows) {
  held = new Set(rows.map((item) => item.delivery));
  const counts = Map.groupBy(rows, (item) => item.alert), items = [];
  for (const [id, own] of counts) {
    const alert = await find(id), item = make("li"), first = own[0];
    item.append(
      modeMark(first.mode), make("b", ` ${alert ? subject(alert) : first.title}`), `　${own.length}か所　発表 ${timeWord(alert?.sent ?? first.offered_at, false)}　`,
      button("確かめて決める", () => go("reach:" + id)));
    items.push(item);
  }
  byID("held").hidden = items.length === 0;
  byID("held-rows").replaceChildren(...items);
}

/** Whoever may not ask sees none; the rest of the page is not his fault. */
const readAttention = () => call("GET", "/v1/attention").catch((error) => {
  if (error.status === 403 || error.status === 404) return { attention: [] };
  throw error;
});

function showAttention(answer) {
  const rows = (answer.attention ?? []).filter((item) => item.words.startsWith("【訓練】") === isDrill()), isUrgent = (item) => item.topic === "runs-out";
  const line = (item) => {
    const element = make("li");
    element.append(words(item.words), make("small", `${timeWord(item.last_at, false)}${item.times > 1 ? `　${item.times}回` : ""}`, "hint"));
    return element;
  };
  byID("runs-out").hidden = !rows.some(isUrgent);
  byID("runs-out-rows").replaceChildren(...rows.filter(isUrgent).map(line));
  const others = rows.filter((item) => !isUrgent(item));
  byID("attention").hidden = others.length === 0;
  byID("attention-count").textContent = `${others.length + (answer.left_out ?? 0)}件`;
  byID("attention-rows").replaceChildren(...others.map(line));
}

/** What became of it, from the revisions of its event; `alerts` newest first. */
function stateOf(alert, alerts) {
  if (alert.message === "cancel") return "cancel";
  const later = alerts.slice(0, alerts.indexOf(alert)).filter((other) => other.event === alert.event && other.mode === alert.mode);
  if (later.some((other) => other.message === "cancel")) return "cancelled";
  return later.length > 0 ? "superseded" : "over";
}

/** Only its sender takes an alert back: the weather service's are not ours. */
const isOurs = (alert) => (alert.type ?? "operator") === "operator";
/** A lift that nothing followed can be taken back: the order goes on. */
const isOpenEnd = (alert) => alert.state === "over" && ["lifted", "part-lifted"].includes(alert.change);

function line(alert) {
  const what = make("span", "", "subject"), acts = make("span", "", "acts"), change = CHANGES[alert.change];
  what.append(make("b", subject(alert)), make("small", `発表元 ${alert.sender ?? ""}`, "hint"));
  acts.append(button("届いた先と文面", () => go("reach:" + alert.id)));
  if (isOurs(alert) && (alert.state === "in_force" || isOpenEnd(alert))) {
    if (alert.kind === "evacuation" && alert.state === "in_force" && code()) {
      acts.append(button("続報・解除", () => go(`push:raise:${alert.detail?.hazard}`)));
    }
    acts.append(button(isOpenEnd(alert) ? "解除の取消" : "取消", () => go("push:cancel:" + alert.id), "danger"));
  }
  for (const act of acts.children) act.setAttribute("aria-label", `${subject(alert)}：${act.textContent}`);
  const state = make("b", STATES[alert.state], "state " + alert.state);
  const element = row([
    modeMark(alert.mode), change && alert.state !== "cancel" ? join(state, make("small", change, "hint")) : state, what,
    timeWord(alert.reported ?? alert.sent, false), timeWord(alert.expires, false), acts],
    ["", "", "", "発表", "期限"]);
  element.className = alert.mode === "actual" ? "" : "drill";
  return element;
}

function join(...parts) {
  const element = make("span");
  element.append(...parts);
  return element;
}
