// What is in force, and the way to take it back.

import { call } from "./api.js";
import { ask, button, byID, kindWord, make, modeMark, row, timeWord } from "./parts.js";

const STATES = { in_force: "出ています", cancelled: "取消済み", expired: "期限切れ", superseded: "新しい報に交代" };

let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  byID("alerts-again").onclick = () => open().catch(problem);
}

export async function open() {
  const answer = await call("GET", "/v1/alerts");
  const alerts = answer.alerts ?? [];
  byID("alert-rows").replaceChildren(...alerts.map(line));
  byID("alerts-none").hidden = alerts.length > 0;
}

function stateOf(alert) {
  if (alert.state) return alert.state;
  if (alert.message === "cancel" || alert.cancelled) return "cancelled";
  return Date.parse(alert.expires) < Date.now() ? "expired" : "in_force";
}

function line(alert) {
  const state = stateOf(alert);
  const isOpen = !["cancelled", "expired", "superseded"].includes(state) && alert.message !== "cancel";
  const act = isOpen ? button("取り消す", () => cancel(alert).catch(problem), "danger") : "";
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
