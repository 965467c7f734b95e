// What shelters report: newest first.

import { call } from "./api.js";
import { byID, row, timeWord } from "./parts.js";
import { question, siteName } from "./towns.js";

const NEEDS = {
  water: "水", food: "食べ物", blanket: "毛布・暖房", medical: "けが人・病人・薬", toilet: "トイレ", power: "電気・充電", baby: "赤ちゃん用品", help: "人手",
};

export const again = open;

export async function open() {
  const answer = await call("GET", "/v1/reports" + question());
  const reports = (answer.reports ?? []).toSorted((a, b) => (a.received_at < b.received_at ? 1 : -1));
  byID("report-rows").replaceChildren(...reports.map(line));
  byID("reports-none").hidden = reports.length > 0;
  await sayRead(reports.filter((report) => !report.read_at).map((report) => report.id));
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
  return row([
    timeWord(report.occurred_at, false), siteName(report.site), said.people == null ? "" : `${said.people}人`,
    (said.needs ?? []).map((need) => NEEDS[need] ?? need).join("、"), said.note, timeWord(report.received_at, false)]);
}
