// The delivery log: what we meant to say, to whom, and what became of it.

import { call, follow } from "./api.js";
import { endpointName, question } from "./towns.js";
import { byID, channelWord, japanese, kindWord, make, modeMark, priorityWord, row, timeWord } from "./parts.js";

/** How a delivery stands, numbered in the order of its life; from 5 on nothing more happens. */
export const STATES = {
  waiting: "0 待機", held: "1 保留（人の判断待ち）", sending: "2 送信中", retrying: "3 再試行待ち", stopped: "4 停止（設定の誤り）", delivered: "5 配信済み",
  superseded: "6 新しい報に交代", annulled: "7 送る前に取消", expired: "8 期限切れ", rejected: "9 拒否", skipped: "– 対象外",
};
/** Rows asked for at first, and at most. */
const TAIL = 200;
const LIMIT = 1000;

const rows = new Map();
let tail = TAIL;
let stop = null;

export function prepare() {
  const form = byID("log-form");
  for (const [state, word] of Object.entries(STATES)) form.state.append(new Option(word, state));
  for (const channel of ["area-mail", "wifi-portal", "school-tablet", "l-alert"]) {
    form.channel.append(new Option(channelWord(channel), channel));
  }
}

/** Reads the log with the form's filters from the newest on, then follows it. */
export async function open(onLine) {
  close();
  tail = TAIL;
  await read();
  stop = new AbortController();
  follow("/v1/deliveries/stream" + question(), stop.signal, ({ name, data }) => {
    if (name === "delivery") arrive(JSON.parse(data));
  }, onLine);
}

export function close() {
  stop?.abort();
  stop = null;
}

/** As far back as the hub gives at once. */
export async function readMore() {
  tail = LIMIT;
  await read();
}

async function read() {
  const page = await call("GET", "/v1/deliveries" + question({ ...filters(), tail: String(tail) }));
  const newest = (page.deliveries ?? []).toSorted((a, b) => (b.number ?? 0) - (a.number ?? 0));
  rows.clear();
  for (const item of newest) rows.set(item.delivery, item);
  show();
}

function filters() {
  const form = byID("log-form");
  const all = { alert: form.alert.value.trim(), channel: form.channel.value, state: form.state.value };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value));
}

function arrive(item) {
  const isWanted = Object.entries(filters()).every(([key, value]) => item[key] === value);
  const isKnown = rows.delete(item.delivery);
  if (!isWanted && !isKnown) return;
  if (isWanted) {
    const others = [...rows];
    rows.clear();
    rows.set(item.delivery, item);
    for (const [key, value] of others.slice(0, LIMIT - 1)) rows.set(key, value);
  }
  show();
}

function show() {
  byID("log-rows").replaceChildren(...[...rows.values()].map(line));
  byID("log-none").hidden = rows.size > 0;
  byID("log-more").hidden = tail === LIMIT || rows.size < tail;
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
