// What is in force, and the way to take it back.

import { call } from "./api.js";
import { question } from "./towns.js";
import { ask, button, byID, make, modeMark, row, subject, timeWord } from "./parts.js";

const STATES = { in_force: "出ています", cancel: "取り消しの知らせ", cancelled: "取消済み", expired: "期限切れ", superseded: "新しい報に交代" };

let problem = () => {};
let known = [];

/** An alert of the last reading. */
export const find = (id) => known.find((alert) => alert.id === id);

/** Only its sender takes an alert back: the weather service's are not ours. */
const isOurs = (alert) => (alert.type ?? "operator") === "operator";

export function prepare(onProblem) {
  problem = onProblem;
  byID("alerts-again").onclick = () => open().catch(problem);
}

export async function open() {
  const answer = await call("GET", "/v1/alerts" + question());
  const alerts = (answer.alerts ?? []).toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent));
  known = alerts;
  const states = new Map(alerts.map((alert) => [alert, stateOf(alert, alerts)]));
  const rank = (alert) => (states.get(alert) === "in_force" ? 0 : 2) + (alert.mode === "actual" ? 0 : 1);
  byID("alert-rows").replaceChildren(
    ...alerts.toSorted((a, b) => rank(a) - rank(b)).map((alert) => line(alert, states.get(alert))));
  byID("alerts-none").hidden = alerts.length > 0;
  await showHeld(alerts);
}

/** What a restart left for a person to decide stands above everything else. */
async function showHeld(alerts) {
  const answer = await call("GET", "/v1/deliveries" + question({ state: "held", tail: "1000" }));
  const counts = new Map();
  for (const item of answer.deliveries ?? []) counts.set(item.alert, (counts.get(item.alert) ?? 0) + 1);
  byID("held").hidden = counts.size === 0;
  byID("held-rows").replaceChildren(...[...counts].map(([id, count]) => {
    const alert = alerts.find((other) => other.id === id), item = make("li");
    item.append(
      alert ? modeMark(alert.mode) : "", ` ${alert ? subject(alert) : id}　${count}か所　`,
      button("確かめて決める", () => { location.hash = "reach:" + id; }));
    return item;
  }));
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
  const what = make("span", "", "subject"), acts = make("span", "", "acts");
  what.append(make("b", subject(alert)), make("small", `発表元 ${alert.sender ?? ""}`, "hint"));
  acts.append(button("届いた先", () => { location.hash = "reach:" + alert.id; }));
  if (state === "in_force" && isOurs(alert)) {
    if (alert.kind === "evacuation") acts.append(button("続報・解除", () => { location.hash = "push:" + alert.id; }));
    acts.append(button("取り消す", () => cancel(alert).catch(problem), "danger"));
  }
  for (const act of acts.children) act.setAttribute("aria-label", `${subject(alert)}：${act.textContent}`);
  const element = row([
    modeMark(alert.mode), make("b", STATES[state] ?? state, "state " + state), what,
    timeWord(alert.reported ?? alert.sent, false), timeWord(alert.expires, false), acts],
    ["", "", "", "発表", "期限"]);
  element.className = alert.mode === "actual" ? "" : "drill";
  return element;
}

async function cancel(alert) {
  const mode = alert.mode === "actual" ? "【実際】" : "【訓練】";
  const text = `${mode}「${subject(alert)}」を取り消します。伝えたすべての先に、取り消しが送られます。${alert.kind === "evacuation" ? "取り消しは、誤って出したときのものです。終えるときは「続報・解除」から解除してください。" : ""}`;
  if (!await ask("取り消しますか", text, "取り消しを送る")) return;
  await call("POST", `/v1/alerts/${encodeURIComponent(alert.id)}/cancel`, {});
  await open();
}
