// For the wall of the headquarters: what is so and who has not heard, in letters to be read from five metres, with nothing to
// press. What does not fit is counted, never cut. Escape, or a press anywhere, leads back.

import * as alerts from "./alerts.js";
import { byID, isOurs, make, subject, timeWord } from "./parts.js";
import * as silent from "./silent.js";
import { current } from "./towns.js";
import { lost } from "./voices.js";
import { go } from "./world.js";

const SIZES = [1.7, 1.35, 1];
/** Rows that are tried at all. */
const MOST = 60;
let isOpen = false;

export const { again, arrive } = alerts;

export function prepare() {
  byID("alerts").addEventListener("read", () => { if (isOpen) draw(); });
  byID("wall-open").onclick = () => go("wall");
  byID("wall").onclick = () => go("alerts");
  addEventListener("keydown", (event) => { if (isOpen && event.key === "Escape") go("alerts"); });
  addEventListener("resize", () => { if (isOpen) draw(); });
}

export async function open() {
  isOpen = true;
  byID("wall-town").textContent = current().name;
  await alerts.open();
}

export function close() {
  isOpen = false;
  alerts.close();
}

function draw() {
  const now = alerts.current();
  if (!now) return;
  const orders = [...Map.groupBy(now.state?.districts ?? [], (item) => `${item.level}\n${item.hazard}`).values()]
    .toSorted((a, b) => b[0].level - a[0].level).map((rows) =>
      row("state level" + rows[0].level, `${rows[0].level_name}（${rows[0].hazard}）`, rows.map((item) => item.district).join("、"), `${timeWord(rows[0].since, false)}から`));
  const bulletins = now.all.filter((alert) => !isOurs(alert))
    .map((alert) => row("state", subject(alert), "", `${alert.sender ?? ""} ${timeWord(alert.reported ?? alert.sent, false)}`));
  const others = now.all.filter((alert) => isOurs(alert) && alert.kind !== "evacuation").map((alert) => row("state", subject(alert), "", timeWord(alert.sent, false)));
  fill("wall-now", [...orders, ...bulletins, ...others], "出ている情報はありません");
  const { silent: places, count, none, unread } = silent.summary();
  const known = new Set(places.map((one) => one.key)), gone = new Set(lost().map((one) => one.key)), word = "つながらない";
  byID("wall-count").textContent = [count, gone.size > 0 ? `${word} ${gone.size}` : ""].filter(Boolean).join("・");
  // Who has it by telephone has it, whatever his line does.
  const silentRows = places.map((one) => row("", one.name, "", gone.has(one.key) && one.told === 0 ? word : one.word));
  fill("wall-silent", [...silentRows, ...lost().filter((one) => !known.has(one.key)).map((one) => row("", one.name, "", word))], none, unread);
}

function row(className, name, more, time) {
  const item = make("li");
  item.append(make("b", name, className));
  item.append(make("small", time));
  if (more) item.append(make("span", more));
  return item;
}

/** `more` is said under the list, whatever fits. */
function fill(name, rows, none, more = "") {
  const list = byID(name), rest = byID(name + "-rest");
  let left = Math.max(0, rows.length - MOST);
  const say = () => { rest.textContent = [left > 0 ? `ほか${left}件` : "", more].filter(Boolean).join("　"); };
  say();
  list.replaceChildren(...rows.length > 0 ? rows.slice(0, MOST) : [make("li", none)]);
  const isTooLong = () => list.scrollHeight > list.clientHeight;
  // As large as there is room for; never smaller than what five metres ask.
  for (const size of SIZES) {
    list.style.fontSize = size + "em";
    if (!isTooLong()) break;
  }
  while (isTooLong() && list.children.length > 1) {
    list.lastElementChild.remove();
    left += 1;
    say();
  }
}
