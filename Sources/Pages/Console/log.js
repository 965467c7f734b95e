// The delivery log: what we meant to say, to whom, and what became of it.

import { call } from "./api.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import { channelWord, channels, endpointName, question } from "./towns.js";
import { byID, japanese, kindWord, make, modeMark, priorityWord, row, timeWord } from "./parts.js";
import { world } from "./world.js";

/** How a delivery stands, numbered in the order of its life; from 5 on nothing more happens. */
export const STATES = {
  waiting: "0 待機", held: "1 保留（人の判断待ち）", sending: "2 送信中", retrying: "3 再試行待ち", stopped: "4 停止（設定の誤り）", delivered: "5 配信済み",
  superseded: "6 新しい報に交代", annulled: "7 送る前に取消", expired: "8 期限切れ", rejected: "9 拒否", skipped: "– 対象外",
};
/** Rows asked for at first, and at most; rows on the screen at once. */
const TAIL = 200;
const LIMIT = 1000;
const WINDOW = 50;

/** By delivery, and their order: the newest first. What changes does not move. */
let rows = new Map();
let order = [];
let first = 0;
let fresh = 0;
let tail = TAIL;
/** Nothing is further back. */
let isAll = true;
let early = null;
let list = null;
const draw = soon(() => show(), 200);

export function prepare() {
  const form = byID("log-form");
  list = new Rows(byID("log-rows"), line);
  for (const [state, word] of Object.entries(STATES)) form.state.append(new Option(word, state));
  byID("log-newer").onclick = () => turn(first - WINDOW);
  byID("log-older").onclick = () => turn(first + WINDOW);
  byID("log-newest").onclick = () => turn(0);
}

/** Reads the log with the form's filters from the newest on; the desk's line brings what changes. */
export async function open() {
  tail = TAIL;
  first = fresh = 0;
  const select = byID("log-form").channel, chosen = select.value;
  const all = channels();
  select.replaceChildren(new Option("すべて", ""), ...all.map((channel) => new Option(channelWord(channel), channel)));
  select.value = all.includes(chosen) ? chosen : "";
  await again();
}

/** As far back as the hub gives at once. */
export async function readMore() {
  tail = LIMIT;
  await again();
}

export const again = oneAtATime(read);

async function read() {
  // What comes while the answer is on its way may be newer than the answer.
  early = [];
  try {
    const page = await call("GET", "/v1/deliveries" + question({ ...filters(), tail: String(tail) }));
    isAll = (page.deliveries ?? []).length < tail;
    const newest = (page.deliveries ?? []).toSorted((a, b) => (b.number ?? 0) - (a.number ?? 0));
    rows = new Map(newest.map((item) => [item.delivery, item]));
    order = newest.map((item) => item.delivery);
  } finally {
    const missed = early;
    early = null;
    missed.forEach(arrive);
  }
  show();
}

function filters() {
  const form = byID("log-form");
  const all = { mode: world(), alert: form.alert.value.trim(), channel: form.channel.value, state: form.state.value };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}

export function arrive(item) {
  if (early) return early.push(item);
  const key = item.delivery, isKnown = rows.has(key);
  const isWanted = Object.entries(filters()).every(([name, value]) => item[name] === value);
  if (!isWanted && !isKnown) return undefined;
  if (!isWanted) {
    rows.delete(key);
    order.splice(order.indexOf(key), 1);
  } else {
    rows.set(key, item);
    if (!isKnown) begin(key);
  }
  return draw();
}

/** A new row is the first. Whoever reads further down keeps what is before the eyes. */
function begin(key) {
  order.unshift(key);
  if (order.length > LIMIT) rows.delete(order.pop());
  if (first === 0) return;
  first += 1;
  fresh += 1;
}

function turn(to) {
  first = Math.max(0, Math.min(to, Math.max(0, order.length - 1)));
  if (first === 0) fresh = 0;
  show();
  byID("log-box").focus();
}

function show() {
  const shown = order.slice(first, first + WINDOW);
  list.show(shown.map((key) => [key, rows.get(key)]));
  byID("log-none").hidden = rows.size > 0;
  byID("log-more").hidden = tail === LIMIT || isAll;
  byID("log-place").textContent = rows.size > 0 ? `${rows.size}件のうち ${first + 1}〜${first + shown.length}件目` : "";
  byID("log-newer").disabled = first === 0;
  byID("log-older").disabled = first + WINDOW >= order.length;
  byID("log-newest").hidden = fresh === 0;
  byID("log-newest").textContent = `新しい記録が${fresh}件あります。先頭へ`;
}

function line(item) {
  const reach = item.reach ?? {};
  const element = row([
    modeMark(item.mode), make("b", STATES[item.state] ?? item.state, "state " + (item.state ?? "")),
    make("span", item.title || kindWord(item.kind), "subject"), channelWord(item.channel), place(item),
    priorityWord(item.priority), String(item.attempts ?? ""), item.milliseconds == null ? "" : `${Math.round(item.milliseconds)} ms`,
    count(reach.accepted), count(reach.reached), count(reach.shown), count(reach.touched),
    timeWord(item.settled_at ?? item.offered_at), why(item),
  ]);
  element.className = item.mode === "actual" ? "" : "drill";
  return element;
}

/** One row may stand for all far ends of a channel that are not told. */
export function place(item) {
  if (item.endpoint === "*") return `${item.endpoints}か所`;
  return endpointName(item.channel, item.endpoint);
}

/** Why it was sent or not, what the far end said, and under what name it knows the message. */
function why(item) {
  const words = make("span", [japanese(item.sentence ?? item.reason), japanese(item.detail)].filter(Boolean).join("　"));
  if (item.reference) words.append(make("small", `　参照 ${item.reference}`, "hint"));
  return words;
}

/** A number stays a number; a yes is a tick; nothing yet is a dash. */
function count(value) {
  if (value === true || typeof value === "string") return "✓";
  return value ? String(value) : "–";
}
