// 届いていない: of all that is in force, which far ends have not heard it, in the order of need, with the telephone number
// where the register of shelters has one. Made of the log's own rows, and changed by each that comes.

import { call } from "./api.js";
import { callTo, callWords, note, onChange, read as readCalls, settled } from "./calls.js";
import { STATES, place } from "./log.js";
import { byID, button, isOurs, japanese, make, row, subject, timeWord } from "./parts.js";
import { GROUPS, groupOf } from "./reach.js";
import { isGrave } from "./real.js";
import { Rows, soon } from "./rows.js";
import { nowWords } from "./standing.js";
import { Still } from "./still.js";
import { channelWord, code, current, question } from "./towns.js";
import { lost, powerWords, sinceWords } from "./voices.js";
import { go, world } from "./world.js";

/** Alerts looked into, in the order of need; rows read of each, and far ends on the screen. The rest is in the room of the alert. */
const ALERTS = 12;
const PAGES = 3;
const WINDOW = 60;
const RANK = new Map(GROUPS.map((group, index) => [group.name, index]));
const WORDS = new Map(GROUPS.map((group) => [group.name, group.word]));
/** From afar. */
const SHORT = { missed: "届かず", retrying: "再送中", underway: "送信中", silent: "応答なし", unseen: "未表示", untouched: "未確認" };
const HURRY = new Set(["immediate", "urgent"]);
const POWER = { yes: "電気あり", no: "停電" };

/** With `isOver`: nothing of its event stands any more, and its end is still under way. */
let alerts = new Map();
let standing = null;
/** By alert and delivery. */
let rows = new Map();
let phones = new Map();
let phonesOf = "";
let list = null, perAlert = null, still = null;
let early = null;
/** Alerts in force that were not looked into, and those whose rows were not read to the end. */
let others = 0;
let cut = new Set();
let isRead = false;
/** Of the list as it was drawn last. */
let silentCount = 0;

const draw = soon(() => show(), 200);

export function prepare() {
  list = new Rows(byID("silent-rows"), line);
  perAlert = new Rows(byID("silent-alerts"), alertLine);
  still = new Still(byID("silent"), byID("silent-fresh"), () => show());
  onChange(() => show());
  byID("silent-print").onclick = () => print();
}

/** An order of the town stands before any bulletin, however many came after it; `inForce` is the newest first. */
const urgency = (alert) => (isOurs(alert) ? 1 : 0) + (isGrave(alert) ? 2 : 0) - (alert.isOver ? 4 : 0);

/**
 * What of `inForce` is silent, read anew. `also`: what stands no more by itself and has to arrive all the same, the last word
 * of what was lifted in a part, and an end that is still under way.
 */
export async function read(inForce, also = [], state = null) {
  standing = state;
  const events = new Set(inForce.map(({ event }) => event)), known = new Set(inForce.map(({ id }) => id));
  const all = [...inForce, ...also.filter(({ id }) => !known.has(id)).map((alert) => ({ ...alert, isOver: !events.has(alert.event) }))];
  const chosen = all.toSorted((a, b) => urgency(b) - urgency(a)).slice(0, ALERTS), unended = new Set();
  early = [];
  try {
    const [found] = await Promise.all([Promise.all(chosen.map(({ id }) => rowsOf(id, unended))), readPhones(), readCalls()]);
    alerts = new Map(chosen.map((alert) => [alert.id, alert]));
    rows = new Map(chosen.map(({ id }, index) => [id, found[index]]));
    [others, cut] = [all.length - chosen.length, unended];
    isRead = true;
  } finally {
    const missed = early;
    early = null;
    missed.forEach(arrive);
  }
  show();
}

/** An alert with more rows than are read is put into `unended`. */
async function rowsOf(alert, unended) {
  const found = new Map();
  let after = "0";
  for (let page = 0; page < PAGES && after !== null; page += 1) {
    const answer = await call("GET", "/v1/deliveries" + question({ alert, mode: world(), after, limit: "1000" }));
    for (const item of answer.deliveries ?? []) found.set(item.delivery, item);
    after = answer.next == null ? null : String(answer.next);
  }
  if (after !== null) unended.add(alert);
  return found;
}

/** What was not looked at, in words; empty where all was. */
const unread = () => [others > 0 ? `ほかに${others}件の情報` : "", cut.size > 0 ? `${cut.size}件の情報の送り先の残り` : ""].filter(Boolean).join("と、");

const countText = (silent, all, isPart) => `${silent}か所／${all}か所${isPart ? "（途中まで）" : ""}`;

/** Where no far end is silent. What was not looked at is never "none". */
function noneText(all) {
  if (unread()) return "届いていない先がないかは、ここでは分かりません。";
  if ([...alerts.values()].every((alert) => alert.isOver)) return "出ている情報はありません。";
  return all === 0 ? "まだ、どこにも送っていません。" : "届いていない先はありません。";
}

/** Of shelters, once a town: a register does not change in an hour. */
export async function readPhones() {
  if (!code() || phonesOf === code()) return;
  const answer = await call("GET", `/v1/towns/${code()}/shelters`).catch(() => null);
  if (!answer) return;
  phones = new Map((answer.shelters ?? []).filter((one) => one.phone).map((one) => [one.id, one.phone]));
  phonesOf = code();
}

export function arrive(item) {
  if (early) return void early.push(item);
  const own = rows.get(item.alert);
  if (!own) return;
  own.set(item.delivery, item);
  draw();
}

/**
 * Of each event the newest word for each far end. One that is overtaken while it is still tried again is answered for by the
 * one that took its place; and where nobody has heard the order, its quiet correction is as urgent as it was.
 */
function newest() {
  const found = new Map(), hurry = new Set(), touched = new Set();
  for (const [id, own] of rows) {
    const { event, isOver } = alerts.get(id) ?? {};
    for (const item of own.values()) {
      const group = groupOf(item), key = item.channel + "/" + item.endpoint, name = event + "\n" + key, old = found.get(name);
      if (group === null) continue;
      if (HURRY.has(item.priority)) hurry.add(name);
      if (group === "touched") touched.add(name);
      if (group !== "over" && (!old || isAfter(item, old.item))) found.set(name, { key, event, isOver, item, group });
    }
  }
  for (const [name, one] of found) {
    Object.assign(one, { isHurry: hurry.has(name), wasTouched: touched.has(name) });
    const isOnItsWay = ["missed", "retrying", "underway"].includes(one.group), isQuiet = !HURRY.has(one.item.priority);
    one.isCall = GROUPS[RANK.get(one.group)].calls === true && (isOnItsWay || !(one.isOver || isQuiet && one.wasTouched));
  }
  // Of what is over nobody is counted but who still waits for it.
  return [...found.values()].filter((one) => one.isCall || !one.isOver);
}

const isAfter = (a, b) => (a.offered_at === b.offered_at ? Number(a.number) > Number(b.number) : Date.parse(a.offered_at) > Date.parse(b.offered_at));

/** One entry for a far end: the delivery that needs a person most, and how many of its others do. */
function places() {
  const found = new Map();
  for (const { key, item, group, isCall, isHurry } of newest()) {
    const need = (isHurry ? 0 : 100) + RANK.get(group), old = found.get(key);
    if (!old) found.set(key, { key, item, group, need, calls: isCall ? 1 : 0, says: isCall ? [sayWords(item)] : [] });
    else if (isCall) {
      old.calls += 1;
      old.says.push(sayWords(item));
      if (old.calls === 1 || need < old.need) Object.assign(old, { item, group, need });
    }
  }
  const silent = [...found.values()].filter((one) => one.calls > 0).map((one) => ({ ...one, call: callTo(one.item) }));
  // Who has it by telephone needs nobody now; of two alike the one that nobody has called yet.
  silent.sort((a, b) => settled(a.call) - settled(b.call) || a.need - b.need || (a.call !== null) - (b.call !== null) || (a.item.offered_at < b.item.offered_at ? -1 : a.item.offered_at > b.item.offered_at ? 1 : 0));
  return { silent, all: found.size };
}

function show() {
  if (!isRead) return;
  const { silent, all } = places(), shown = silent.slice(0, WINDOW).map((one) => [one.key, one]);
  byID("silent-count").textContent = all > 0 ? countText(silent.length, all, unread()) : "";
  byID("silent-called").textContent = silent.some((one) => one.call) ? calledText(silent) : "";
  silentCount = silent.length;
  showTools();
  byID("silent-more").hidden = !unread();
  byID("silent-more").textContent = `${unread()}は、ここでは見ていません。左の「届いた先と文面」から見られます。`;
  byID("silent-loading").hidden = true;
  byID("silent-none").hidden = silent.length > 0;
  byID("silent-none").textContent = noneText(all);
  byID("silent-rest").hidden = silent.length <= WINDOW;
  byID("silent-rest").textContent = `ほか${silent.length - WINDOW}か所。情報ごとの一覧で、すべて見られます。`;
  perAlert.show(perEvent().map((one) => [one.id, one]));
  if (list.isInPlace(shown)) list.update(shown);
  else if (still.mayMove(list.unknown(shown))) list.show(shown);
  else list.update(silent.map((one) => [one.key, one]));
  byID("alerts").dispatchEvent(new Event("read"));
}

/** How far the telephone has come. */
function calledText(silent) {
  const count = (test) => silent.filter(({ call: one }) => test(one)).length;
  return [["伝わった", count((one) => settled(one) === 2)], ["向かっている", count((one) => settled(one) === 1)],
    ["応答なし・ほか", count((one) => one !== null && settled(one) === 0)], ["まだ", count((one) => one === null)]]
    .map(([word, number]) => `${word} ${number}`).join("　").replace(/^/, "☎ ");
}

/** Paper is for what has not heard, and for what would not. */
export function showTools() {
  byID("silent-tools").hidden = silentCount + lost().length === 0;
}

/** What shelters said last of their electricity, by place: within two seconds, or the paper goes without. */
async function reportedPower() {
  const answer = call("GET", "/v1/reports" + question({ limit: "500" })).catch(() => null), late = new Promise((done) => setTimeout(done, 2000, null)), found = new Map();
  for (const { site, body, occurred_at: at } of (await Promise.race([answer, late]))?.reports ?? []) {
    let said = body;
    try { said = typeof body === "string" ? JSON.parse(body) : body; } catch { continue; }
    if (POWER[said?.power] && !found.has(site)) found.set(site, `避難所は${timeWord(at, false)}に「${POWER[said.power]}」`);
  }
  return found;
}

/** All of it on paper, with what the telephone has brought and empty squares for the pen: who has not heard, then who would not. */
async function print() {
  const { silent, all } = places(), dead = new Map(lost().map((one) => [one.key, one])), known = new Set(silent.map((one) => one.key)), reported = await reportedPower();
  const counts = [all > 0 ? countText(silent.length, all, unread()) : "", dead.size > 0 ? `つながらない場所${dead.size}か所` : ""];
  const powerOf = (key, endpoint) => [reported.get(endpoint), powerWords(key)].filter(Boolean).join("。");
  const line = (key, item, phone, what, one) => {
    const gone = dead.get(key), state = [...what, gone ? `つながりません　${sinceWords(gone)}` : ""].filter(Boolean).join("。");
    return row([make("b", place(item)), phone ?? "", state, powerOf(key, item.endpoint), one ? callWords(one) : "", "", ""]);
  };
  byID("sheet-about").textContent = [`${byID("world").textContent}${current().name}`, `${timeWord(Date.now() / 1000)}現在`, ...counts].filter(Boolean).join("　");
  byID("sheet-rows").replaceChildren(
    ...silent.map(({ key, item, group, call: one }) => line(key, item, phoneOf(item), [`${sayWords(item)}　${WORDS.get(group)}`], one)),
    ...[...dead.values()].filter((one) => !known.has(one.key)).map((one) => line(one.key, one, one.phone, [], callTo({ ...one, offered_at: one.since }))));
  byID("sheet").hidden = false;
  document.body.dataset.sheet = "silent";
  addEventListener("afterprint", () => {
    byID("sheet").hidden = true;
    delete document.body.dataset.sheet;
  }, { once: true });
  window.print();
}

/** The same for the wall: every silent far end with its name and how it stands, how many of how many, and what was not looked at. */
export function summary() {
  const { silent, all } = places();
  return {
    silent: silent.map(({ key, item, group, call: one }) => ({ key, name: place(item), told: settled(one), word: settled(one) === 2 ? "電話で伝えた" : SHORT[group] })), none: noneText(all).replace("。", ""),
    count: all > 0 ? countText(silent.length, all, unread()).replace("か所", "") : "", unread: unread() ? `${unread()}は、ここでは見ていません` : "" };
}

/** A line for each event: named by what stands of it, and leading to its last word, which is where those are who have not heard. */
function perEvent() {
  const found = new Map();
  for (const alert of alerts.values()) {
    const old = found.get(alert.event), isNewer = !old || Date.parse(alert.sent) > Date.parse(old.last.sent);
    const stands = alert.in_force && (!old?.stands || Date.parse(alert.sent) > Date.parse(old.stands.sent)) ? alert : old?.stands;
    found.set(alert.event, { last: isNewer ? alert : old.last, stands, isPart: cut.has(alert.id) || old?.isPart === true, silent: 0, all: 0 });
  }
  for (const { event, isCall } of newest()) {
    const one = found.get(event);
    one.all += 1;
    if (isCall) one.silent += 1;
  }
  return [...found.values()].filter(({ last, silent }) => !last.isOver || silent > 0)
    .map(({ last, stands, isPart, silent, all }) => ({ id: last.id, name: (last.isOver ? null : nowWords(standing, stands ?? last)) ?? subject(stands ?? last), isPart, silent, all }));
}

/** What is to be said there now, and not what the last message was about. */
function sayWords(item) {
  const end = current().endpoints?.find((one) => one.channel === item.channel && one.id === item.endpoint);
  const alert = alerts.get(item.alert);
  return (alert?.isOver ? null : nowWords(standing, alert, end?.district)) ?? item.title;
}

function alertLine({ id, name, silent, all, isPart }) {
  const item = make("li", "", "row"), open = button("一覧と印刷", () => go("reach:" + id));
  open.setAttribute("aria-label", `${name}：一覧と印刷`);
  item.append(make("span", name), make("b", all > 0 ? countText(silent, all, isPart).replace("か所", "") : "送っていません", silent > 0 ? "state rejected" : "state"), open);
  return item;
}

export function phoneOf(item) {
  const end = current().endpoints?.find((one) => one.channel === item.channel && one.id === item.endpoint);
  return phones.get(end?.shelter ?? item.endpoint);
}

export function noteButton(item, phone, says = []) {
  const one = button("電話した", () => note(item, place(item), phone, says));
  one.setAttribute("aria-label", `${place(item)}：電話した`);
  return one;
}

function line({ item, group, calls, call: one, says }) {
  const element = make("li", "", settled(one) === 2 ? "told" : ""), head = make("p", "", "row"), phone = phoneOf(item);
  head.append(make("b", place(item)));
  if (phone) head.append(Object.assign(make("a", "電話 " + phone), { href: "tel:" + phone.replace(/[^0-9+]/g, "") }));
  const why = ["missed", "retrying", "underway"].includes(group) ? [STATES[item.state]?.slice(2), japanese(item.detail ?? item.sentence)] : [];
  const rest = [
    sayWords(item) + (calls > 1 ? `　ほか${calls - 1}件` : ""), why.filter(Boolean).join("："), channelWord(item.channel), timeWord(item.settled_at ?? item.offered_at, false)];
  head.append(noteButton(item, phone, says));
  const how = make("p", "", "hint");
  if (one) how.append(make("span", callWords(one), "called"), "　");
  how.append(make("b", WORDS.get(group), "state " + (group === "missed" ? "rejected" : "")), "　" + rest.filter(Boolean).join("　"));
  element.append(head, how);
  return element;
}
