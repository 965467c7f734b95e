// The delivery log: what we meant to say, to whom, and what became of it. What it is asked by stands in the page's address, so that
// it can be kept, sent on and opened again.

import { Refused, call, person } from "./api.js";
import { Refusals } from "./refusals.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import { channelWord, channels, current, endpointName, question } from "./towns.js";
import { byID, japanese, kindWord, make, modeMark, priorityWord, row, subject, timeWord } from "./parts.js";
import { replace, world } from "./world.js";

/** How a delivery stands, numbered in the order of its life; from 5 on nothing more happens. */
export const STATES = {
  waiting: "0 待機", held: "1 保留（人の判断待ち）", sending: "2 送信中", retrying: "3 再試行待ち", stopped: "4 停止（設定の誤り）", delivered: "5 配信済み",
  superseded: "6 新しい報に交代", annulled: "7 送る前に取消", expired: "8 期限切れ", rejected: "9 拒否", skipped: "– 対象外",
};
/** Rows asked for at first, and at most; rows on the screen at once. */
const TAIL = 200;
const LIMIT = 1000;
const WINDOW = 50;
/** Of the form, as the hub calls them, in the order in which they stand in the address. */
const FIELDS = ["since", "until", "alert", "by", "endpoint", "channel", "state"];

/** By delivery, and their order: the newest first. What changes does not move. */
let rows = new Map();
let order = [];
let first = 0;
let fresh = 0;
let tail = TAIL;
/** Nothing is further back. */
let isAll = true;
let early = null;
let list = null, refusals = null;
/** What the table is of; the form may have gone further. */
let asked = {};
/** The newest alerts, for suggestions: by what is written in the field, the alert's id. */
let alerts = new Map();
const draw = soon(() => show(), 200);
/** Who sent what comes over the line is known to the hub alone. */
let askAgain = () => {};

export function prepare(problem) {
  const form = byID("log-form");
  refusals = new Refusals(form);
  askAgain = soon(() => again().catch(problem), 1000);
  form.onsubmit = (event) => { event.preventDefault(); look().catch(problem); };
  byID("log-all").onclick = () => {
    form.reset();
    look().catch(problem);
  };
  list = new Rows(byID("log-rows"), line);
  for (const [state, word] of Object.entries(STATES)) form.state.append(new Option(word, state));
  byID("log-newer").onclick = () => turn(first - WINDOW);
  byID("log-older").onclick = () => turn(first + WINDOW);
  byID("log-newest").onclick = () => turn(0);
}

/** Reads the log with the form's filters from the newest on; the desk's line brings what changes. `said` is what the address asks by. */
export async function open(said = "") {
  const form = byID("log-form"), select = form.channel, all = channels(), kept = said ? new URLSearchParams(said) : null, chosen = kept?.get("channel") ?? select.value;
  select.replaceChildren(new Option("すべて", ""), ...all.map((channel) => new Option(channelWord(channel), channel)));
  select.value = all.includes(chosen) ? chosen : "";
  if (kept) for (const field of FIELDS.filter((name) => name !== "channel")) form.elements[field].value = kept.get(field) ?? "";
  // What somebody writes while the suggestions come is not asked by before he says so.
  const wanted = written();
  await suggest();
  await look(wanted);
}

/** By what is in the form, which the address has from now on. */
async function look(wanted = written()) {
  refusals.clear();
  const wrong = fault(wanted);
  if (wrong) return refusals.show(new Refused(422, wrong.detail, { errors: [wrong] }));
  [tail, first, fresh, asked] = [TAIL, 0, 0, wanted];
  const plain = (text) => text.replace(/[%&=+#]/g, (sign) => encodeURIComponent(encodeURIComponent(sign)));
  replace(["log", Object.entries(asked).map(([name, text]) => `${name}=${plain(text)}`).join("&")].filter(Boolean).join(":"));
  return again();
}

/** What the town knows: its far ends, the newest alerts, and who sent them or said yes. Whoever may not ask is suggested less. */
async function suggest() {
  const answer = await call("GET", "/v1/alerts" + question({ limit: "100" })).catch((error) => {
    if (error.status === 403 || error.status === 404) return { alerts: [] };
    throw error;
  });
  const own = (answer.alerts ?? []).filter((alert) => alert.mode === world());
  alerts = new Map(own.map((alert) => [`${subject(alert)}　${timeWord(alert.sent, false)}`, alert.id]));
  // `operator:佐藤 approved:高橋`
  const people = own.flatMap((alert) => (alert.actor ?? "").split(/ (?=approved:)/)).map((one) => one.match(/^(?:operator|approved|safe):([^（]+)/)?.[1]).filter(Boolean);
  const options = (id, words) => byID(id).replaceChildren(...[...new Set(words)].map((word) => new Option(word, word)));
  options("log-alerts", alerts.keys());
  options("log-people", [person(), ...people].filter(Boolean));
  options("log-ends", (current().endpoints ?? []).map((end) => end.name));
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

/** What is in the form, without what is empty. */
const written = () => Object.fromEntries(FIELDS.map((name) => [name, byID("log-form").elements[name].value.trim()]).filter(([, text]) => text));

/** Far ends of this name, at the way out that is chosen; one of that number is itself. Of none, those in whose names the word stands. */
function endsOf({ endpoint, channel }) {
  const all = (current().endpoints ?? []).filter((end) => !channel || end.channel === channel);
  const exact = all.filter((end) => end.id === endpoint || end.name === endpoint), found = exact.length > 0 ? exact : all.filter((end) => end.name.includes(endpoint));
  return [...new Map(found.map((end) => [end.id, end])).values()];
}

/** Titles of what is suggested; of none exactly, those in which the word stands. */
const alertsOf = (text) => (alerts.has(text) ? [text] : [...alerts.keys()].filter((title) => title.includes(text)));

/** Whoever is suggested, by a part of his name where nobody is called just so. */
function personOf(text) {
  const all = [...byID("log-people").children].map((one) => one.value), found = all.includes(text) ? [text] : all.filter((name) => name.includes(text));
  return found.length === 1 ? found[0] : text;
}

/** Names that a refusal counts up. */
const NAMED = 5;

/** Said before the hub is asked: of nothing it would answer nothing, and nobody would know why. */
function fault(wanted) {
  const ends = wanted.endpoint ? endsOf(wanted) : [], count = wanted.endpoint ? ends.length : 1, names = [...new Set(ends.map((end) => end.name))];
  if (wanted.since && wanted.until && wanted.since >= wanted.until) return { field: "until", detail: "「いつから」より後にしてください (later than the beginning)" };
  if (names.length > 1) {
    const some = `${names.slice(0, NAMED).join("、")}${names.length > NAMED ? `、ほか${names.length - NAMED}か所` : ""}`;
    return { field: "endpoint", detail: `この言葉の入る送り先が${names.length}か所あります。どれか一つを書いてください：${some} (several have it in their name)` };
  }
  if (count > 1) return { field: "endpoint", detail: `この名前の送り先が${count}か所あります。経路も選んでください (several of this name: choose the way out too)` };
  const titles = wanted.alert ? alertsOf(wanted.alert) : [];
  if (titles.length > 1) return { field: "alert", detail: `この言葉の入る情報が${titles.length}件あります。候補から一つを選んでください (several have it in their title)` };
  if (wanted.alert && titles.length === 0 && !/^[\w-]+$/.test(wanted.alert)) return { field: "alert", detail: "この言葉の入る題は、新しい100件にありません。番号でも探せます (no such title among the newest hundred)" };
  // A far end that is gone is still asked for by its number.
  return count === 0 && !/^[\w-]+$/.test(wanted.endpoint) ? { field: "endpoint", detail: "この名前の送り先はありません (no far end of this name)" } : null;
}

/** As the hub is asked: hours are Japan's, names are numbers. */
function filters() {
  const all = { mode: world(), ...asked };
  for (const name of ["since", "until"]) if (all[name]) all[name] = `${all[name].slice(0, 16)}:00+09:00`;
  if (all.alert) all.alert = alerts.get(alertsOf(all.alert)[0]) ?? all.alert;
  if (all.by) all.by = personOf(all.by);
  if (all.endpoint) all.endpoint = endsOf(all)[0]?.id ?? all.endpoint;
  return all;
}

/** Of what comes over the line; null where only the hub can say. */
function isAskedFor(item, { since, until, by, ...same }) {
  const at = Date.parse(item.offered_at);
  if (!Object.entries(same).every(([name, value]) => item[name] === value) || at < Date.parse(since) || at >= Date.parse(until)) return false;
  return by ? null : true;
}

export function arrive(item) {
  if (early) return early.push(item);
  const key = item.delivery, isKnown = rows.has(key);
  const answer = isAskedFor(item, filters());
  if (answer === null && !isKnown) return askAgain();
  const isWanted = answer !== false;
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
