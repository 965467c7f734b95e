// The delivery log: what we meant to say, to whom, and what became of it.

import { call, follow } from "./api.js";
import { byID, channelWord, kindWord, make, modeMark, priorityWord, row, timeWord } from "./parts.js";

/** How a delivery stands, in the order in which it goes through them; the first four are still open. */
const STATES = {
  skipped: "0 対象外", waiting: "1 待機", sending: "2 送信中", retrying: "3 再試行待ち", delivered: "4 配信済み", superseded: "5 新しい報に交代",
  annulled: "6 送る前に取消", expired: "7 期限切れ", rejected: "8 拒否",
};
/** Rows kept on the page. */
const LIMIT = 500;

const rows = new Map();
let next = null;
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
  rows.clear();
  next = null;
  await readMore();
  stop = new AbortController();
  follow("/v1/deliveries/stream", stop.signal, ({ name, data }) => {
    if (name === "delivery") arrive(JSON.parse(data));
  }, onLine);
}

export function close() {
  stop?.abort();
  stop = null;
}

export async function readMore() {
  const question = new URLSearchParams(filters());
  question.set("limit", "100");
  if (next) question.set("after", next);
  const page = await call("GET", "/v1/deliveries?" + question);
  for (const item of page.deliveries ?? []) rows.set(item.delivery, item);
  next = page.next ?? null;
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
  byID("log-more").hidden = !next;
}

function line(item) {
  const reach = item.reach ?? {};
  const element = row([
    modeMark(item.mode), make("b", STATES[item.state] ?? item.state, "state " + (item.state ?? "")),
    `${kindWord(item.kind)}　${item.title ?? ""}`, channelWord(item.channel), `${item.town ?? ""} ${item.endpoint ?? ""}`,
    priorityWord(item.priority), String(item.attempts ?? ""), item.milliseconds == null ? "" : `${item.milliseconds} ms`,
    count(reach.accepted), count(reach.reached), count(reach.shown), count(reach.touched),
    timeWord(item.settled_at ?? item.offered_at), [item.reason, item.reference].filter(Boolean).join("　"),
  ]);
  element.className = item.mode === "actual" ? "" : "drill";
  return element;
}

/** A number stays a number; a yes is a tick; nothing yet is a dash. */
function count(value) {
  if (value === true || typeof value === "string") return "✓";
  return value ? String(value) : "–";
}
