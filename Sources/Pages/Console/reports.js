// What shelters report: shelter by shelter, the newest first, page by page; and what is nobody's report set aside.

import { call, file } from "./api.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";
import * as rollcalls from "./rollcalls.js";
import { question, siteName } from "./towns.js";

const NEEDS = {
  water: "水", food: "食べ物", blanket: "毛布・暖房", medical: "けが人・病人・薬", toilet: "トイレ", power: "電気・充電", baby: "赤ちゃん用品", help: "人手",
};
const CROWDING = { free: "空き", crowded: "混雑", full: "満員" };
const SUPPLY = { yes: "○", no: "×", unknown: "？" };
const PAGE = 100;

/** Pictures that somebody has asked for, by report: they stay where they are when the list is drawn anew. */
const pictures = new Map();
const MOST_PICTURES = 20;

let shown = [], next = null, asked = 0, problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  rollcalls.prepare(onProblem);
  byID("reports-more").addEventListener("click", () => more().catch(problem));
  byID("reports-aside").addEventListener("change", () => open().catch(problem));
}

export const open = () => Promise.all([read(null), rollcalls.read()]);
export const again = open;
const more = () => read(next);

/** Whoever asks again, or goes on, hears the last answer alone. */
async function read(before) {
  const mine = asked += 1;
  const words = new URLSearchParams(question());
  words.set("limit", PAGE);
  if (before) words.set("before", before);
  if (byID("reports-aside").checked) words.set("aside", "true");
  const answer = await call("GET", "/v1/reports?" + words);
  if (mine !== asked) return;
  shown = [...(before ? shown : []), ...(answer.reports ?? [])];
  next = answer.next ?? null;
  draw();
  await sayRead((answer.reports ?? []).filter((report) => !report.read_at).map((report) => report.id));
}

/** What was reported; from a hub of another age, words alone. */
function saidBy(report) {
  const body = report.body ?? report;
  if (typeof body !== "string") return body;
  try { return JSON.parse(body); } catch { return { note: body }; }
}

/** The earlier report of the same device whose place this one takes; undefined where it is further back than what was read. */
function earlier(report) {
  const id = saidBy(report).corrects;
  return shown.find((other) => id && other.device === report.device && [id, `${report.device}/${id}`].includes(other.id));
}

/** The shelter that spoke last stands first; what was corrected stands in the line of what took its place. */
function draw() {
  const sites = new Map(), gone = new Set(shown.filter((report) => !report.aside_at).map((report) => earlier(report)?.id));
  for (const report of shown.filter((one) => !gone.has(one.id))) sites.set(report.site, [...(sites.get(report.site) ?? []), report]);
  byID("report-rows").replaceChildren(...[...sites].flatMap(([site, reports]) => [head(site, reports), ...reports.map(line)]));
  byID("reports-none").hidden = shown.length > 0;
  byID("reports-more").hidden = !next;
}

function head(site, reports) {
  const last = reports.find((report) => !report.aside_at), said = last ? saidBy(last) : {};
  const now = [CROWDING[said.crowding], count(said), supply(said)].filter(Boolean).join("　");
  const item = make("tr", "", "group"), cell = make("th", `${siteName(site)}　${reports.length}件${now ? `　いま ${now}` : ""}`);
  cell.colSpan = 8;
  cell.scope = "rowgroup";
  item.append(cell);
  return item;
}

/** They are before a person's eyes now: the shelter's tablet says so. A page in the back is not read by anybody. */
async function sayRead(ids) {
  if (ids.length === 0 || document.visibilityState !== "visible") return;
  const town = new URLSearchParams(question()).get("town");
  // Not taken: they stay unread, and are told again with the next look.
  await call("POST", "/v1/reports/read", { ids, ...(town ? { town } : {}) }).catch(() => null);
}

const count = (said) => [said.people == null ? "" : `${said.people}人`, said.households == null ? "" : `${said.households}世帯`].filter(Boolean).join("　");
const supply = (said) => [["水", said.water], ["電気", said.power]].filter(([, state]) => state).map(([name, state]) => name + (SUPPLY[state] ?? state)).join("　");
const needs = (said) => (said.needs ?? []).map((need) => NEEDS[need] ?? need).join("、");

/** What it says in its own words, what it corrects, and what was answered. */
function words(report, said) {
  const cell = make("div", ""), before = earlier(report);
  if (said.note) cell.append(make("p", said.note));
  if (said.photo?.lost) cell.append(make("p", "写真は、ここで保存できませんでした", "warn"));
  else if (pictures.has(report.id)) cell.append(picture(report));
  else if (said.photo) {
    const show = button("写真を見る", () => showPhoto(report, show).catch(problem));
    show.setAttribute("aria-label", `${siteName(report.site)} ${timeWord(report.occurred_at, false)}：写真を見る`);
    cell.append(show);
  }
  if (said.corrects) {
    const old = before ? saidBy(before) : {};
    const what = before ? `（${[count(old), CROWDING[old.crowding], supply(old), needs(old), old.note].filter(Boolean).join("　")}）` : "";
    cell.append(make("p", `${before ? `${timeWord(before.occurred_at, false)}の報告` : "前の報告"}を訂正${what}`, "hint"));
  }
  if (report.handed_in_at) cell.append(make("p", `${siteName(report.handed_in_at)}で預かった報告です`, "hint"));
  for (const { at, by, text } of report.answers ?? []) cell.append(make("p", `${timeWord(at, false)} ${by}の返事：${text}`, "answer"));
  return cell;
}

function line(report) {
  const said = saidBy(report);
  const acts = make("span", "", "acts");
  if (report.aside_at) {
    acts.append(make("span", `${report.aside_by}さんが脇に置きました`, "hint"), button("戻す", () => aside(report, false).catch(problem)));
  } else {
    acts.append(button("返事をする", () => answer(report).catch(problem)), button("脇に置く", () => aside(report, true).catch(problem)), button("この端末の報告をすべて脇に置く", () => asideDevice(report).catch(problem)));
  }
  for (const act of acts.querySelectorAll("button")) act.setAttribute("aria-label", `${siteName(report.site)} ${timeWord(report.occurred_at, false)}：${act.textContent}`);
  return row([
    timeWord(report.occurred_at, false), count(said), CROWDING[said.crowding] ?? "", supply(said), needs(said),
    words(report, said), timeWord(report.received_at, false), acts], ["", "人数・世帯", "混み具合", "水・電気", "困っていること", "くわしく", "受信", ""]);
}

/** In the button's place, and there when the list is drawn anew. It is fetched when a person asks for it, and by nobody's cache. */
async function showPhoto(report, press) {
  press.disabled = true;
  const { blob } = await file("/v1/reports/photo?" + new URLSearchParams({ ...town(), id: report.id })).catch((error) => {
    press.disabled = false;
    throw error;
  });
  const reader = new FileReader();
  reader.onload = () => {
    pictures.set(report.id, reader.result);
    if (pictures.size > MOST_PICTURES) pictures.delete(pictures.keys().next().value);
    draw();
  };
  reader.readAsDataURL(blob);
}

const picture = (report) => Object.assign(new Image(), { alt: `${siteName(report.site)}の写真`, className: "photo", src: pictures.get(report.id) });

/** A short text to the shelter's tablet, which shows it with its time. */
async function answer(report) {
  const text = await ask(`${siteName(report.site)}に返事をする`, "この報告をした端末に、時刻といっしょに表示されます。", "返事を送る", "返事（例: 水 18時着）");
  if (!text) return;
  await call("POST", "/v1/reports/answer", { ...town(), id: report.id, text });
  await open();
}

const town = () => Object.fromEntries(new URLSearchParams(question()));

async function aside(report, isAside) {
  // One whose device is set aside comes back with its device.
  await call("POST", "/v1/reports/aside", { ...town(), ids: [report.id], ...(isAside ? {} : { device: report.device }), aside: isAside });
  await open();
}

async function asideDevice(report) {
  const text = "この端末がこれまでに送ったもの、これから送るものが、この表に出なくなります。消えはしません。「脇に置いたものも見る」で見られ、戻せます。";
  if (!await ask("この端末の報告をすべて脇に置きますか", text, "脇に置く")) return;
  await call("POST", "/v1/reports/aside", { ...town(), device: report.device });
  await open();
}
