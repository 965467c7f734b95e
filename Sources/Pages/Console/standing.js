// Who is under which level now, district by district, and the four things a person does to it: raise or widen, lift in
// part, lift, and take back as wrong.

import { call } from "./api.js";
import { Rows } from "./rows.js";
import { button, byID, make, row, timeWord } from "./parts.js";
import { code, shelterName } from "./towns.js";
import { go, world } from "./world.js";

/** An order that ends by itself within this is marked, so that nobody's order fades unseen. */
const SOON = 2 * 3600e3;
const STATES = { open: "開設", full: "満員", closed: "閉鎖" };

/** What is in force: `{version, districts, …}`; null where no town is known, to us or to the hub. */
export async function read() {
  if (!code()) return null;
  return call("GET", `/v1/towns/${code()}/standing?mode=${world()}`).catch((error) => {
    if (error.status === 404) return null;
    throw error;
  });
}

/** Where a change of an order begins: `raise`, `part` or `lift`, for one hazard. */
const begin = (verb, hazard) => go(`push:${verb}:${hazard}`);

let list = null;

export function prepare() {
  list = new Rows(byID("standing"), group);
}

/** The minutes are of it: what is left of an order is told anew with each. */
const entries = (standing) => groups(standing?.districts ?? []).map(([hazard, rows]) => [hazard, { hazard, rows, minute: Math.floor(Date.now() / 60000) }]);
export const isInPlace = (standing) => list.isInPlace(entries(standing))
  && entries(standing).every(([, { rows }], at) => byID("standing").children[at]?.querySelectorAll("tbody tr").length === rows.length);

export function show(standing) {
  const all = entries(standing);
  list.show(all);
  byID("standing").className = "standing " + world();
  byID("standing-none").hidden = all.length > 0;
  const others = [
    ...(standing?.headquarters ? [`${standing.headquarters.name}　${timeWord(standing.headquarters.since, false)}から`] : []),
    ...((standing?.shelters ?? []).length > 0 ? [`開いている避難所 ${standing.shelters.length}か所：${standing.shelters.map((one) => one.name + (one.state === "full" ? "（満員）" : "")).join("、")}`] : [])];
  byID("standing-more").replaceChildren(...others.map((text) => make("li", text)));
}

/** By hazard, the gravest first: none hides the other. */
function groups(districts) {
  const found = Map.groupBy(districts, (item) => item.hazard);
  const gravest = (rows) => Math.max(...rows.map((item) => item.level));
  return [...found].toSorted(([, a], [, b]) => gravest(b) - gravest(a));
}

function group({ hazard, rows }) {
  const element = make("div"), head = make("div", "", "row"), verb = (text, act, className) => {
    const one = button(text, act, className);
    one.setAttribute("aria-label", `${hazard}：${text}`);
    return one;
  };
  head.append(make("h4", hazard), verb("上げる・広げる", () => begin("raise", hazard)));
  if (rows.length > 1) head.append(verb("一部解除", () => begin("part", hazard)));
  head.append(verb(rows.length > 1 ? "すべて解除" : "解除", () => begin("lift", hazard)));
  for (const [alert, own] of Map.groupBy(rows, (item) => item.alert)) {
    head.append(verb(`誤報の取消（${own.length < rows.length ? own.map((item) => item.district).join("、") : `${timeWord(own[0].since, false)}の発令`}）`,
      () => go("push:cancel:" + alert), "danger"));
  }
  const table = make("table", "", "cards"), body = document.createElement("tbody"), top = document.createElement("thead");
  const names = ["地区", "状態", "いつから", "だれが", "いつまで"];
  top.append(row([]));
  top.firstElementChild.append(...names.map((name) => Object.assign(make("th", name), { scope: "col" })));
  body.append(...rows.map((item) => row(
    [make("b", item.district), make("b", item.level_name, "state level" + item.level), timeWord(item.since, false), item.by ?? "", until(item)],
    ["", "", "発令", "発令者", "いつまで"])));
  table.append(top, body);
  const wide = make("div", "", "wide");
  wide.append(table);
  wide.tabIndex = 0;
  wide.role = "region";
  wide.ariaLabel = `${hazard}の避難情報の表`;
  element.append(head, wide);
  return element;
}

function duration(minutes) {
  const hours = Math.floor(minutes / 60);
  if (hours >= 24) return `${Math.floor(hours / 24)}日${hours % 24}時間`;
  return `${hours > 0 ? `${hours}時間` : ""}${minutes % 60}分`;
}

function until(item) {
  if (!item.until) return "解除するまで";
  const words = make("span", timeWord(item.until, false)), left = Math.max(0, Math.floor((Date.parse(item.until) - Date.now()) / 60000));
  words.append(make("small", `あと${duration(left)}`, "hint"));
  if (left * 60000 < SOON) words.append(make("b", "まもなく期限で終わります", "warn"));
  return words;
}

/** One line for each district, for the form and for who was told that the state has changed. */
export function lines(standing) {
  const districts = (standing?.districts ?? []).map((item) =>
    make("li", `${item.district}　${item.level_name}（${item.hazard}）　${timeWord(item.since, false)}から　${item.by ?? ""}`));
  return districts.length > 0 ? districts : [make("li", "避難情報は出ていません。")];
}

/** Before and after, line by line: what an act does, and what it leaves. */
export function changes(steps) {
  return steps.map((step) => {
    const item = row([make("b", whereOf(step)), level(step, "before"), level(step, "after")], ["", "いま", "送ったあと"]);
    return item;
  });
}

/**
 * What stands now of an order: 避難指示（津波）　大谷地区; null where nothing does, or where it is no order. The words of an act are those of its hour: who is
 * telephoned to by them is told that he may go home while his own district stands. In `place`, a district, that one alone where it stands.
 */
export function nowWords(state, alert, place = "", act = null) {
  const { kind, hazard } = alert?.detail ?? {};
  const rows = kind === "evacuation" ? (state?.districts ?? []).filter((one) => one.hazard === hazard && (!act || !one.alert || one.alert === act)) : [];
  const own = rows.filter((one) => one.district === place), mark = alert?.title?.startsWith("【訓練】") ? "【訓練】" : "";
  const groups = Map.groupBy(own.length > 0 ? own : rows, (one) => one.level_name);
  return groups.size === 0 ? null : mark + [...groups].map(([name, those]) => `${name}（${hazard}）　${those.map((one) => one.district).join("、")}`).join("。");
}

/** The same in one line. */
export const changeText = (step) => `${whereOf(step)}：${stateWord(step, "before") ?? "なし"} → ${stateWord(step, "after") ?? "なし"}`;

const whereOf = (step) => (step.district ? `${step.district}（${step.hazard}）` : { shelter: shelterName(step.id), headquarters: "災害対策本部" }[step.kind] ?? "お知らせ");

const stateWord = (step, side) => (step[side] == null ? null : step[side + "_name"] ?? STATES[step[side]] ?? String(step[side]));

function level(step, side) {
  const word = stateWord(step, side);
  return word === null ? make("span", "なし", "hint") : make("b", word, "state");
}

/** The earliest moment at which something here ends by itself. */
export const nextEnd = (standing) => Math.min(...(standing?.districts ?? []).map((item) => Date.parse(item.until ?? "")).filter((time) => time > Date.now()));
