// Who heard one alert, and who did not: the list to telephone from at three in the morning.
//
// Only tablets answer for themselves. Of every other way out we know that it took the message, and no more: that is
// said, and never counted as heard.

import { call, follow } from "./api.js";
import { STATES, place } from "./log.js";
import { ask, button, byID, channelWord, japanese, make, modeMark, row, timeWord } from "./parts.js";
import { question } from "./towns.js";

/** Rows of one reading, and readings at most: a town has hundreds of far ends, not tens of thousands. */
const PAGE = 1000;
const PAGES = 10;
const ANSWERING = ["school-tablet"];

/** From the one that needs a person most. `calls` are those that are on the list to telephone. */
const GROUPS = [
  { name: "missed", word: "届いていません", calls: true },
  { name: "underway", word: "送っています", calls: true },
  { name: "silent", word: "応答した端末がありません", calls: true },
  { name: "unseen", word: "端末に届き、画面にはまだ出ていません", calls: true },
  { name: "untouched", word: "画面に出て、まだ誰も確認していません", calls: true },
  { name: "touched", word: "人が確認しました" },
  { name: "accepted", word: "配信先が受け付けました（人に届いたかは分かりません）" },
  { name: "over", word: "新しい報に代わったか、送る前に取り消されました" },
];

/** Which group a delivery is in; null for one that was never meant to go. */
export function groupOf(item) {
  const reach = item.reach ?? {};
  if (item.state === "skipped") return null;
  if (["held", "stopped", "rejected", "expired"].includes(item.state)) return "missed";
  if (["waiting", "sending", "retrying"].includes(item.state)) return "underway";
  if (item.state !== "delivered") return "over";
  if (!ANSWERING.includes(item.channel)) return "accepted";
  if (reach.touched > 0) return "touched";
  if (reach.shown > 0) return "untouched";
  return reach.reached > 0 ? "unseen" : "silent";
}

let alert = "";
let problem = () => {};
let stop = null;
const rows = new Map();

export function prepare(onProblem) {
  problem = onProblem;
  byID("reach-print").onclick = () => print();
  byID("release").onclick = () => settle("release", "保留を送りますか", "いまから送ります。期限の過ぎたものと取り消されたものは送りません。", "送る").catch(problem);
  byID("drop").onclick = () => settle("drop", "保留を送らないことにしますか", "保留した配信は、もう送られません。", "送らない").catch(problem);
}

export async function open(id, words, onLine) {
  close();
  alert = id;
  byID("reach-subject").textContent = words || `番号 ${id}`;
  await read();
  stop = new AbortController();
  follow("/v1/deliveries/stream" + question({ alert }), stop.signal, ({ name, data }) => {
    const item = name === "delivery" ? JSON.parse(data) : null;
    if (item?.alert !== alert) return;
    rows.set(item.delivery, item);
    show();
  }, onLine);
}

export function close() {
  stop?.abort();
  stop = null;
}

async function read() {
  rows.clear();
  let after = "0";
  for (let page = 0; page < PAGES && after !== null; page += 1) {
    const answer = await call("GET", "/v1/deliveries" + question({ alert, after, limit: String(PAGE) }));
    for (const item of answer.deliveries ?? []) rows.set(item.delivery, item);
    after = answer.next == null ? null : String(answer.next);
  }
  show();
}

function show() {
  const all = [...rows.values()], groups = new Map(GROUPS.map((group) => [group.name, []]));
  for (const item of all) groups.get(groupOf(item))?.push(item);
  byID("reach-counts").replaceChildren(...GROUPS.filter((group) => groups.get(group.name).length > 0).map((group) => {
    const item = make("li", "", group.calls ? "call" : "");
    item.append(make("b", `${groups.get(group.name).length}か所`), " " + group.word);
    return item;
  }));
  byID("reach-mode").replaceChildren(all[0] ? modeMark(all[0].mode) : "");
  const list = (calls) => GROUPS.filter((group) => Boolean(group.calls) === calls)
    .flatMap((group) => groups.get(group.name).map((item) => line(item, group, calls)));
  byID("call-rows").replaceChildren(...list(true));
  byID("heard-rows").replaceChildren(...list(false));
  byID("call-none").hidden = list(true).length > 0;
  byID("reach-held").hidden = !all.some((item) => item.state === "held");
  showSkipped(all.filter((item) => item.state === "skipped"));
}

function line(item, group, isCall) {
  const reach = item.reach ?? {}, counts = [`到達 ${reach.reached ?? 0}`, `表示 ${reach.shown ?? 0}`, `確認 ${reach.touched ?? 0}`];
  const how = make("span");
  how.append(make("b", group.word));
  const detail = group.name === "missed" || group.name === "underway"
    ? [STATES[item.state]?.slice(2), japanese(item.detail ?? item.sentence)] : [];
  if (detail.length > 0) how.append(make("small", detail.filter(Boolean).join("："), "hint"));
  const cells = [
    make("b", place(item)), channelWord(item.channel), how,
    ANSWERING.includes(item.channel) ? counts.join("　") : "–", timeWord(item.settled_at ?? item.offered_at)];
  // Empty squares for the pen, on paper only.
  return row(isCall ? [...cells, "", ""] : cells);
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
  await read();
}
