// What shelters report: shelter by shelter, the newest first, page by page; and what is nobody's report set aside.

import { call } from "./api.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";
import { question, siteName } from "./towns.js";

const NEEDS = {
  water: "水", food: "食べ物", blanket: "毛布・暖房", medical: "けが人・病人・薬", toilet: "トイレ", power: "電気・充電", baby: "赤ちゃん用品", help: "人手",
};
const PAGE = 100;

let shown = [], next = null, asked = 0, problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  byID("reports-more").addEventListener("click", () => more().catch(problem));
  byID("reports-aside").addEventListener("change", () => open().catch(problem));
}

export const open = () => read(null);
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

/** The shelter that spoke last stands first. */
function draw() {
  const sites = new Map();
  for (const report of shown) sites.set(report.site, [...(sites.get(report.site) ?? []), report]);
  byID("report-rows").replaceChildren(...[...sites].flatMap(([site, reports]) => [head(site, reports), ...reports.map(line)]));
  byID("reports-none").hidden = shown.length > 0;
  byID("reports-more").hidden = !next;
}

function head(site, reports) {
  const item = make("tr", "", "group"), cell = make("th", `${siteName(site)}　${reports.length}件`);
  cell.colSpan = 6;
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

function line(report) {
  let said = report.body ?? report;
  if (typeof said === "string") {
    try { said = JSON.parse(said); } catch { said = { note: said }; }
  }
  const acts = make("span", "", "acts");
  if (report.aside_at) {
    acts.append(make("span", `${report.aside_by}さんが脇に置きました`, "hint"), button("戻す", () => aside(report, false).catch(problem)));
  } else {
    acts.append(button("脇に置く", () => aside(report, true).catch(problem)), button("この端末の報告をすべて脇に置く", () => asideDevice(report).catch(problem)));
  }
  for (const act of acts.querySelectorAll("button")) act.setAttribute("aria-label", `${siteName(report.site)} ${timeWord(report.occurred_at, false)}：${act.textContent}`);
  return row([
    timeWord(report.occurred_at, false), said.people == null ? "" : `${said.people}人`, (said.needs ?? []).map((need) => NEEDS[need] ?? need).join("、"),
    said.note, timeWord(report.received_at, false), acts], ["", "人数", "困っていること", "くわしく", "受信", ""]);
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
