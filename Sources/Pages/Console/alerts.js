// What is in force, and the way to take it back.

import { call } from "./api.js";
import { question } from "./towns.js";
import { ask, button, byID, kindWord, make, modeMark, row, timeWord } from "./parts.js";

const STATES = { in_force: "出ています", cancel: "取り消しの知らせ", cancelled: "取消済み", expired: "期限切れ", superseded: "新しい報に交代" };

let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  byID("alerts-again").onclick = () => open().catch(problem);
}

export async function open() {
  const answer = await call("GET", "/v1/alerts" + question());
  const alerts = (answer.alerts ?? []).toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent));
  byID("alert-rows").replaceChildren(...alerts.map((alert) => line(alert, stateOf(alert, alerts))));
  byID("alerts-none").hidden = alerts.length > 0;
}

/** What became of it, from the revisions of its event; `alerts` newest first. */
function stateOf(alert, alerts) {
  if (alert.message === "cancel") return "cancel";
  const later = alerts.slice(0, alerts.indexOf(alert)).filter((other) => other.event === alert.event && other.mode === alert.mode);
  if (later.some((other) => other.message === "cancel")) return "cancelled";
  if (later.length > 0) return "superseded";
  return alert.in_force ?? Date.parse(alert.expires) > Date.now() ? "in_force" : "expired";
}

function line(alert, state) {
  const act = state === "in_force" ? button("取り消す", () => cancel(alert).catch(problem), "danger") : "";
  if (act) act.setAttribute("aria-label", `${alert.title ?? alert.id} を取り消す`);
  const element = row([
    modeMark(alert.mode), make("b", STATES[state] ?? state, "state " + state), kindWord(alert.kind),
    alert.headline ?? alert.title ?? alert.id, alert.sender, timeWord(alert.reported ?? alert.sent), timeWord(alert.expires), act]);
  element.className = alert.mode === "actual" ? "" : "drill";
  return element;
}

async function cancel(alert) {
  const mode = alert.mode === "actual" ? "【実際】" : "【訓練】";
  const text = `${mode}${kindWord(alert.kind)}「${alert.headline ?? alert.title ?? alert.id}」を取り消します。届いたすべての先に、取り消しが送られます。`;
  if (!await ask("取り消しますか", text, "取り消しを送る")) return;
  await call("POST", `/v1/alerts/${encodeURIComponent(alert.id)}/cancel`, {});
  await open();
}
