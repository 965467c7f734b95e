// The first room: what is so now, what can be given out, and who has not heard. Nothing is taken back
// from here without having been seen: every act leads to its preview.

import { call } from "./api.js";
import * as give from "./give.js";
import * as plans from "./plans.js";
import { isUp } from "./live.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import * as silent from "./silent.js";
import * as standing from "./standing.js";
import { Still } from "./still.js";
import { code, question } from "./towns.js";
import * as voices from "./voices.js";
import { button, byID, isOurs, japanese, make, modeMark, subject, timeWord, words } from "./parts.js";
import { go, isDrill, world } from "./world.js";

const STATES = { in_force: "出ています", cancel: "取消の知らせ", cancelled: "取消済み", over: "終わりました", superseded: "新しい報に交代" };
const CHANGES = {
  raised: "引き上げ", widened: "地区を追加", corrected: "訂正", changed: "変更", lowered: "引き下げ", "part-lifted": "一部解除", lifted: "解除",
  "taken-back": "誤報の取消", restored: "解除の取消", "ran-out": "期限で終了",
};
/** Past alerts asked for; all that is in force comes besides. */
const PAST = 100;
/** Between two looks at what has to be looked at. */
const LOOK = 10000;

let known = new Map();
let lists = null;
let timer = 0;
let held = new Set();
/** What was read last, and the room that keeps still under a hand. */
let seen = null, still = null;
/** The state that is on the screen: what waits behind the bar is not yet. */
let drawnState = null;
export const shown = () => drawnState;
/** How often a person has asked for all that there is, and which of it was drawn: a reading that was under way before is no answer. */
let asked = 0, drawn = -1;

export function prepare(problem) {
  byID("alerts-again").onclick = () => open().catch(problem);
  lists = Object.fromEntries(["bulletin", "now", "past"].map((name) => [name, new Rows(byID(name + "-rows"), line)]));
  still = new Still(byID("now"), byID("now-fresh"), draw);
  byID("map-open").onclick = () => turnMap().catch(problem);
  for (const part of [give, silent, standing, voices]) part.prepare();
  byID("help-go").onclick = () => go("reports");
  // Nothing of it comes over the line.
  setInterval(() => { if (isUp() && document.body.dataset.open === "alerts" && code()) readAttention().then(showAttention).catch(() => {}); }, LOOK);
  refresh = soon(() => again().catch(problem), 300);
}
let refresh = () => {};

/** Read when somebody opens it for the first time. */
let map = null;
async function turnMap() {
  const box = byID("map"), isOpen = box.hidden || box.classList.contains("shut");
  byID("map-open").setAttribute("aria-expanded", String(isOpen));
  // Shut it keeps its layout: three thousand signs are not laid out anew because somebody looks again.
  box.hidden = false;
  box.classList.toggle("shut", !isOpen);
  if (isOpen) map ??= await import("./map.js");
  await (isOpen ? map.open() : map?.close());
}

export const again = oneAtATime(read);
/** Whoever has just come in, or asks for it, sees all that there is. */
export async function open() {
  asked += 1;
  await again();
}
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

/** A new alert, or something of a held one: all is read again. A tablet's receipt changes only who is silent. */
export function arrive(item) {
  silent.arrive(item);
  if (!known.has(item.alert) || item.state === "held" || held.has(item.delivery)) refresh();
}

async function read() {
  const mine = asked;
  const [now, recent, waiting, attention, state, ways, quakes] = await Promise.all([
    call("GET", "/v1/alerts" + question({ in_force: "true" })), call("GET", "/v1/alerts" + question({ limit: String(PAST) })),
    readHeld(), readAttention(), standing.read(), plans.read(), readFelt()]);
  const newest = (list) => (list.alerts ?? []).filter((alert) => alert.mode === world()).toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent));
  const inForce = newest(now), past = newest(recent), also = newest({ alerts: now.last_words });
  known = new Map([...past, ...also, ...inForce].map((alert) => [alert.id, alert]));
  const standingIDs = new Set(inForce.map((alert) => alert.id));
  const over = past.filter((alert) => !standingIDs.has(alert.id)).map((alert) => ({ ...alert, state: stateOf(alert, past) }));
  seen = { state, plans: ways, felt: quakes, past: over, all: inForce.map((alert) => ({ ...alert, state: "in_force" })) };
  byID("alerts").dataset.read = "yes";
  if (mine > drawn || isInPlace() || still.mayMove(unknown())) draw();
  drawn = mine;
  // What waits behind the bar is not "nothing".
  for (const [name, list] of Object.entries(parts())) byID(name + "-none").classList.toggle("void", list.length > 0);
  byID("standing-none").classList.toggle("void", (state?.districts ?? []).length > 0);
  give.show(seen.all.filter((alert) => !isOurs(alert)), ways, newestOwn());
  showAttention(attention);
  plan([standing.nextEnd(state), ...inForce.map((alert) => Date.parse(alert.expires))]);
  await Promise.all([showHeld(waiting), silent.read(inForce, also, state), voices.read()]);
}

/** Bulletins of others, with what the town's plans answer to them, and the town's own. */
const parts = () => ({
  bulletin: seen.all.filter((alert) => !isOurs(alert)).map((alert) => ({ ...alert, calls: give.callsFor(alert, seen.plans).map(({ id, name }) => ({ id, name })) })),
  now: seen.all.filter(isOurs), past: seen.past });

const entries = (list) => list.map((alert) => [alert.id, alert]);
const isInPlace = () => Object.entries(parts()).every(([name, list]) => lists[name].isInPlace(entries(list))) && standing.isInPlace(seen.state)
  && byID("felt-rows").children.length === seen.felt.length;
const unknown = () => Object.entries(parts()).reduce((sum, [name, list]) => sum + (name === "past" ? 0 : lists[name].unknown(entries(list))), 0);

function draw() {
  still.rest();
  standing.show(seen.state);
  drawnState = seen.state;
  byID("felt-rows").replaceChildren(...seen.felt.map((one) =>
    make("li", `${timeWord(one.at, false)}　${one.title}　${japanese(one.words)}。音は鳴らしていません。`)));
  for (const [name, list] of Object.entries(parts())) {
    lists[name].show(entries(list));
    byID(name + "-count").textContent = `${list.length}件`;
    byID(name + "-none").hidden = list.length > 0;
  }
}

/** The town's newest act that can be taken back: in force, or a lift that nothing followed. */
const newestOwn = () => [...seen.all, ...seen.past].filter((alert) => isOurs(alert) && (alert.state === "in_force" || isOpenEnd(alert)))
  .toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent))[0] ?? null;

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

/** Quakes that were felt and are below what the town tells: a quiet card, and no sound. */
const readFelt = () => (code() ? call("GET", `/v1/towns/${code()}/felt?mode=${world()}`) : Promise.resolve(null))
  .then((answer) => (answer?.felt ?? []).slice(0, 3), (error) => {
    if (error.status === 403 || error.status === 404) return [];
    throw error;
  });

function showAttention(answer) {
  const rows = (answer.attention ?? []).filter((item) => item.words.startsWith("【訓練】") === isDrill()), is = (topic) => (item) => item.topic === topic;
  const line = (item) => {
    const element = make("li");
    element.append(words(item.words), make("small", `${timeWord(item.last_at, false)}${item.times > 1 ? `　${item.times}回` : ""}`, "hint"));
    return element;
  };
  // Whoever calls for help is nothing to be looked at when there is time.
  const boxes = new Map([["runs-out", "runs-out"], ["help", "calls-for-help"]]);
  for (const [box, topic] of boxes) {
    const own = rows.filter(is(topic)), said = JSON.stringify(own);
    byID(box).hidden = own.length === 0;
    // What is the same is not read aloud again.
    if (byID(box).dataset.said !== said) byID(box + "-rows").replaceChildren(...own.map(line));
    byID(box).dataset.said = said;
  }
  const others = rows.filter((item) => ![...boxes.values()].includes(item.topic));
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

/** What was read last, for the wall. */
export const current = () => seen;

/** A lift that nothing followed can be taken back: the order goes on. */
const isOpenEnd = (alert) => alert.state === "over" && ["lifted", "part-lifted"].includes(alert.change);

function line(alert) {
  const item = make("li", "", "alert"), head = make("p", "", "row"), acts = make("p", "", "acts"), change = CHANGES[alert.change];
  head.append(make("b", STATES[alert.state], "state " + alert.state));
  if (change && alert.state !== "cancel") head.append(make("small", change, "hint"));
  head.append(make("b", (alert.state === "in_force" ? standing.nowWords(seen.state, alert, "", alert.id) : null) ?? subject(alert), "subject"));
  const facts = [alert.sender, `発表 ${timeWord(alert.reported ?? alert.sent, false)}`, `期限 ${timeWord(alert.expires, false)}`];
  for (const plan of alert.calls ?? []) acts.append(button(`計画「${plan.name}」を書く（送りません）`, () => go("push:plan:" + plan.id), "main"));
  acts.append(button("届いた先と文面", () => go("reach:" + alert.id)));
  if (isOurs(alert) && (alert.state === "in_force" || isOpenEnd(alert))) {
    if (alert.kind === "evacuation" && alert.state === "in_force" && code()) {
      acts.append(button("続報・解除", () => go(`push:raise:${alert.detail?.hazard}`)));
    }
    acts.append(button(isOpenEnd(alert) ? "解除の取消" : "取消", () => go("push:cancel:" + alert.id), "danger"));
  }
  for (const act of acts.children) act.setAttribute("aria-label", `${subject(alert)}：${act.textContent}`);
  item.append(head, make("p", facts.filter(Boolean).join("　"), "hint"), acts);
  return item;
}
