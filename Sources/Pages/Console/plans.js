// The town's plans: one press fills the form with what a plan begins with. When something a plan takes for granted is not so, somebody
// says it here, and the plan to use instead stands in its place.

import { call } from "./api.js";
import { ask, button, byID, make, timeWord } from "./parts.js";
import { code } from "./towns.js";
import { isDrill } from "./world.js";

const LEVELS = { 3: "高齢者等避難", 4: "避難指示", 5: "緊急安全確保" };
let fill = () => {}, problem = () => {};

/** `onOrder` fills the form; nothing is sent. */
export function prepare(onOrder, onProblem) {
  fill = onOrder;
  problem = onProblem;
}

export const levelName = (level) => LEVELS[level] ?? "";

/** The town's plans as they stand now; none where nobody may ask, or the hub is older. */
export async function read() {
  if (!code()) return {};
  return call("GET", `/v1/towns/${code()}/plans`).catch((error) => {
    if (error.status === 403 || error.status === 404) return {};
    throw error;
  });
}

/** Plans that can be written down now: a broken one gives its place to the one to use instead. */
export function ordersOf({ plans = [] }) {
  const standing = plans.map((plan) => (plan.holds ? plan : { ...plans.find((one) => one.id === plan.instead), insteadOf: plan.name }));
  const found = new Map();
  for (const plan of standing) if (plan.order) found.set(plan.id, { ...plan, insteadOf: plan.insteadOf ?? found.get(plan.id)?.insteadOf });
  return [...found.values()];
}

export function show({ assumptions = [], plans = [] }) {
  byID("plans").hidden = plans.length + assumptions.length === 0;
  const broken = assumptions.filter((item) => !item.holds);
  byID("plans-count").textContent = broken.length > 0 ? `前提が${broken.length}つ崩れています` : `${plans.length}件`;
  if (broken.length > 0) byID("plans").open = true;
  byID("plan-rows").replaceChildren(...plans.map((plan) => planLine(plan, assumptions, plans)));
  byID("assumption-rows").replaceChildren(...assumptions.map(assumptionLine));
}

function planLine(plan, assumptions, plans) {
  const item = make("li"), order = plan.order;
  item.append(make("b", plan.name));
  if (order) item.append(`　${LEVELS[order.level] ?? ""}（${order.hazard}）${order.districts.join("、")}`);
  if (plan.holds) {
    if (order) item.append(" ", named(button("この計画で書く（送りません）", () => fill(order)), plan.name));
    return item;
  }
  const words = plan.broken.map((id) => `「${assumptions.find((one) => one.id === id)?.name ?? id}」`).join("と");
  const instead = plans.find((one) => one.id === plan.instead);
  const warning = make("p", `前提の${words}が崩れました。` + (instead ? `代わりに「${instead.name}」を使ってください。` : "代わりの計画がありません。その場で決めてください。"), "warn");
  item.append(warning);
  if (instead?.order) item.append(named(button(`「${instead.name}」で書く（送りません）`, () => fill(instead.order), "main"), plan.name));
  return item;
}

function assumptionLine(one) {
  const item = make("li", one.name + "　");
  // What holds or not holds for real: a drill does not change it.
  if (isDrill()) {
    item.append(one.holds ? "" : make("span", `崩れた（${one.reason}）`, "state"));
    return item;
  }
  if (one.holds) {
    item.append(named(button("崩れた", () => breakIt(one).catch(problem), "danger"), one.name));
  } else {
    item.append(make("span", `崩れた（${one.broken_by} ${timeWord(one.broken_at, false)}：${one.reason}）　`, "state"));
    item.append(named(button("また成り立つ", () => set(one, { holds: true }).catch(problem)), one.name));
  }
  return item;
}

function named(element, name) {
  element.setAttribute("aria-label", `${name}：${element.textContent}`);
  return element;
}

async function breakIt(one) {
  const reason = await ask("前提が崩れましたか", `「${one.name}」が崩れたと記録し、代わりの計画を示します。何も送りません。`, "崩れた", "理由");
  if (reason) await set(one, { holds: false, reason });
}

async function set(one, wish) {
  show(await call("PUT", `/v1/towns/${code()}/assumptions/${encodeURIComponent(one.id)}`, wish));
}
