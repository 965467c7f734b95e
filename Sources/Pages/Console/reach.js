// Who heard one alert, and who did not: the list to telephone from at three in the morning.
//
// Only tablets answer for themselves. Of every other way out we know that it took the message, and no more: that is
// said, and never counted as heard.

import { find } from "./alerts.js";
import { call } from "./api.js";
import { callTo, callWords, onChange, read as readCalls } from "./calls.js";
import { STATES, place } from "./log.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import * as said from "./said.js";
import { noteButton, phoneOf, readPhones } from "./silent.js";
import { ask, byID, japanese, make, modeMark, row, subject, timeWord } from "./parts.js";
import { answers, channelWord, question } from "./towns.js";
import { world } from "./world.js";

/** Rows of one reading, and readings at most: a town has hundreds of far ends, not tens of thousands. */
const PAGE = 1000;
const PAGES = 10;

/** From the one that needs a person most. `calls` are those that are on the list to telephone. */
export const GROUPS = [
  { name: "missed", word: "届いていません", calls: true },
  { name: "retrying", word: "届かず、送り直しています", calls: true },
  { name: "underway", word: "送っています", calls: true },
  { name: "silent", word: "応答した端末がありません", calls: true },
  { name: "unseen", word: "端末に届き、画面にはまだ出ていません", calls: true },
  { name: "untouched", word: "画面に出て、まだ誰も確認していません", calls: true },
  { name: "touched", word: "人が確認しました" },
  { name: "accepted", word: "送り先が受け付けました（人に届いたかは分かりません）" },
  { name: "over", word: "新しい報に代わったか、送る前に取り消されました" },
];

/** Which group a delivery is in; null for one that was never meant to go. */
export function groupOf(item) {
  const reach = item.reach ?? {};
  if (item.state === "skipped" || item.hint) return null;
  if (["held", "stopped", "rejected", "expired"].includes(item.state)) return "missed";
  if (item.state === "retrying") return "retrying";
  if (["waiting", "sending"].includes(item.state)) return "underway";
  if (item.state !== "delivered") return "over";
  if (!answers(item.channel)) return "accepted";
  if (reach.touched > 0) return "touched";
  if (reach.shown > 0) return "untouched";
  return reach.reached > 0 ? "unseen" : "silent";
}

/** Rows of a list on the screen before it is asked for whole; on paper it always is. */
const WINDOW = 100;

let alert = "";
let early = null;
let isWhole = false;
let lists = null;
let rows = new Map();
const draw = soon(() => show(), 200);

export function prepare(problem) {
  lists = { call: new Rows(byID("call-rows"), (one) => line(one, true)), heard: new Rows(byID("heard-rows"), (one) => line(one, false)) };
  for (const name of ["call", "heard"]) byID(name + "-all").onclick = () => whole(true);
  byID("reach-print").onclick = () => print();
  onChange(() => { if (!byID("reach").hidden) show(); });
  addEventListener("beforeprint", () => whole(true));
  const ask = (act, ...texts) => settle(act, ...texts).catch(problem);
  byID("release").onclick = () => ask("release", "保留を送りますか", "いまから送ります。期限の過ぎたものと取り消されたものは送りません。", "送る");
  byID("drop").onclick = () => ask("drop", "保留を送らないことにしますか", "保留した配信は、もう送られません。だれが決めたかが記録に残ります。", "送らない");
}

export async function open(id) {
  alert = id;
  isWhole = false;
  rows = new Map();
  byID("said-list").replaceChildren();
  const one = await find(id);
  byID("reach-subject").textContent = one ? subject(one) : `番号 ${id}`;
  byID("reach-mode").replaceChildren(one ? modeMark(one.mode) : "");
  await Promise.all([again(), said.open(id)]);
}

export const again = oneAtATime(read);

export function arrive(item) {
  if (item.alert !== alert) return;
  if (early) early.push(item);
  else {
    rows.set(item.delivery, item);
    draw();
  }
}

async function read() {
  early = [];
  try {
    const found = new Map();
    await Promise.all([readCalls(), readPhones()]);
    let after = "0";
    for (let page = 0; page < PAGES && after !== null; page += 1) {
      const answer = await call("GET", "/v1/deliveries" + question({ alert, after, limit: String(PAGE) }));
      for (const item of (answer.deliveries ?? []).filter((one) => one.mode === world())) found.set(item.delivery, item);
      after = answer.next == null ? null : String(answer.next);
    }
    rows = found;
  } finally {
    const missed = early;
    early = null;
    missed.forEach(arrive);
  }
  show();
}

function whole(isAsked) {
  isWhole = isAsked;
  show();
}

function show() {
  const groups = new Map(GROUPS.map((group) => [group.name, []])), skipped = [];
  for (const item of rows.values()) {
    if (item.state === "skipped") skipped.push(item);
    else groups.get(groupOf(item)).push(item);
  }
  byID("reach-counts").replaceChildren(...GROUPS.filter((group) => groups.get(group.name).length > 0).map((group) => {
    const item = make("li", "", group.calls ? "call" : "");
    item.append(make("b", `${groups.get(group.name).length}か所`), " " + group.word);
    return item;
  }));
  list("call", GROUPS.filter((group) => group.calls), groups);
  list("heard", GROUPS.filter((group) => !group.calls), groups);
  byID("call-none").hidden = !byID("call-rows").matches(":empty");
  byID("reach-held").hidden = !groups.get("missed").some((item) => item.state === "held");
  showSkipped(skipped);
}

function list(name, kinds, groups) {
  const all = kinds.flatMap((group) => groups.get(group.name).map((item) => [item.delivery, { item, group: group.name, call: callTo(item) }]));
  lists[name].show(isWhole ? all : all.slice(0, WINDOW));
  byID(name + "-all").hidden = isWhole || all.length <= WINDOW;
  byID(name + "-all").textContent = `残り${all.length - WINDOW}か所も表示する`;
}

function line({ item, group: name, call: one }, isCall) {
  const group = GROUPS.find((one) => one.name === name);
  const reach = item.reach ?? {}, counts = [`到達 ${reach.reached ?? 0}`, `表示 ${reach.shown ?? 0}`, `確認 ${reach.touched ?? 0}`];
  const how = make("span");
  how.append(make("b", group.word));
  const detail = ["missed", "retrying", "underway", "over"].includes(group.name)
    ? [STATES[item.state]?.slice(2), japanese(item.detail ?? (group.name === "over" ? "" : item.sentence))] : [];
  if (detail.length > 0) how.append(make("small", detail.filter(Boolean).join("："), "hint"));
  const cells = [
    make("b", place(item)), channelWord(item.channel), how,
    answers(item.channel) ? counts.join("　") : "–", timeWord(item.settled_at ?? item.offered_at)];
  if (!isCall) return row(cells);
  const told = make("div");
  if (phoneOf(item)) told.append(make("span", `電話 ${phoneOf(item)}　`));
  told.append(noteButton(item, phoneOf(item)));
  if (one) told.append(make("span", callWords(one), "hint called"));
  // Empty squares for the pen, on paper only.
  return row([...cells, told, "", ""]);
}

function showSkipped(skipped) {
  const counts = new Map();
  for (const item of skipped) {
    const words = `${channelWord(item.channel)}：${japanese(item.sentence ?? item.reason)}`;
    counts.set(words, (counts.get(words) ?? 0) + (item.endpoints ?? 1));
  }
  byID("reach-skipped").hidden = counts.size === 0;
  byID("skipped-rows").replaceChildren(...[...counts].map(([words, count]) => make("li", `${count}か所　${words}`)));
}

async function settle(act, title, text, yes) {
  const count = [...rows.values()].filter((item) => item.state === "held").length;
  if (!await ask(title, `${byID("reach-subject").textContent}　${count}か所。${text}`, yes)) return;
  const body = Object.fromEntries(new URLSearchParams(question({ alert })));
  await call("POST", "/v1/deliveries/held/" + act, body);
  await again();
  // The buttons are gone: whoever pressed one goes on at the head of the page.
  byID("reach-title").focus();
}
