// 出す: the likeliest orders as tiles, each one press away from a form that is filled in and not yet sent. What the bulletins in
// force call for by the town's plans comes first.

import { byID, make, subject, timeWord } from "./parts.js";
import { levelName, ordersOf } from "./plans.js";
import { Rows } from "./rows.js";
import { go } from "./world.js";

/** Which of an order's hazards a bulletin speaks of; by its words where its kind is of many. */
const HAZARDS = { tsunami: ["津波"], flood: ["洪水"], landslide: ["土砂災害"], volcano: ["火山現象"], earthquake: ["地震"], eew: ["地震"] };
const WEATHER = [["高潮", /高潮/], ["土砂災害", /土砂|大雨/], ["洪水", /洪水|氾濫|大雨/], ["内水氾濫", /浸水|内水/]];

/** Always there, below what is called for. */
const TILES = [
  { key: "push", name: "避難情報を出す", words: "地区を選び、レベルを決める" },
  { key: "push:shelter", name: "避難所をまとめて開設する", words: "開く避難所を選ぶ（一か所でも）" },
  { key: "push:notice", name: "お知らせを出す", words: "件名と本文を書く" },
  { key: "push:headquarters", name: "災害対策本部", words: "設置・廃止を知らせる" },
];

let tiles = null;
let newest = null;

export function prepare() {
  tiles = new Rows(byID("tiles"), tile);
  byID("take-back-newest").onclick = takeBack;
}

export function hazardsOf(alert) {
  if (alert.kind !== "weather") return HAZARDS[alert.kind] ?? [];
  const said = `${alert.title} ${alert.headline ?? ""}`;
  return WEATHER.filter(([, words]) => words.test(said)).map(([hazard]) => hazard);
}

/** Plans for what the bulletins speak of; each with the plan that stands in for one that is broken. */
export const callsFor = (alert, plans) => ordersOf(plans).filter((plan) => hazardsOf(alert).includes(plan.order.hazard));

/** `own` is the newest act of the town that can be taken back. */
export function show(bulletins, plans, own) {
  const called = new Set(bulletins.flatMap((alert) => callsFor(alert, plans).map((plan) => plan.id)));
  const orders = ordersOf(plans).toSorted((a, b) => called.has(b.id) - called.has(a.id)).map((plan) => ({
    key: "push:plan:" + plan.id, name: plan.name, isCalled: called.has(plan.id),
    words: `${levelName(plan.order.level)}（${plan.order.hazard}）${plan.order.districts.join("、")}`,
    warning: plan.insteadOf ? `「${plan.insteadOf}」の前提が崩れたため` : "" }));
  // The plan that is called for, or else the first one, is one key away.
  if (orders.length > 0) orders[0].letter = "P";
  tiles.show([...orders, ...TILES].map((item) => [item.key, item]));
  newest = own;
  // The end of an order taken back is the order again: that stands on no key that a hand knows for something else.
  const button = byID("take-back-newest"), isEnd = own !== null && own.state !== "in_force";
  button.hidden = !own;
  button.firstElementChild.replaceChildren(...(isEnd ? ["解除を取り消す（避難情報がまた出ます）"] : ["最新の情報を取り消す ", make("kbd", "T")]));
  if (isEnd) delete button.dataset.key;
  else button.dataset.key = "T";
  byID("take-back-what").textContent = own ? `${subject(own)}　${timeWord(own.sent, false)}` : "";
}

/** Leads to what taking it back would do and say; nothing is sent from here. */
export const takeBack = () => { if (newest) go("push:cancel:" + newest.id); };

function tile({ key, name, words, isCalled, warning, letter }) {
  const item = make("li"), one = make("button", "", isCalled ? "tile called" : "tile");
  one.type = "button";
  if (isCalled) one.append(make("em", "いまの発表に合う計画"));
  if (warning) one.append(make("em", warning));
  const title = make("b", name);
  if (letter) {
    one.dataset.key = letter;
    title.append(" ", make("kbd", letter));
  }
  one.append(title, make("span", words));
  one.onclick = () => go(key);
  item.append(one);
  return item;
}
