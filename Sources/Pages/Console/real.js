// What is real while somebody works in the drill: one red line on the strip, and one key to the place where it is real.

import { call } from "./api.js";
import { byID, subject, timeWord } from "./parts.js";
import { oneAtATime, soon } from "./rows.js";
import { question } from "./towns.js";
import { choose, isDrill } from "./world.js";

/** Kinds that are no reason to stop a drill by themselves, and those that are only where their words say so. */
const QUIET = new Set(["notice", "shelter", "headquarters", "ashfall", "typhoon", "other"]);
const BY_WORDS = new Set(["weather", "earthquake", "volcano", "nankai"]);
const GRAVE = /警報|警戒|緊急|特別|レベル\s*[３-５3-5]|震度\s*[５-７5-7]/;

let known = new Set();
let waiting = 0;
let grave = [];

export function prepare(problem) {
  byID("real-go").onclick = () => choose("actual");
  refresh = soon(() => again().catch(problem), 300);
}
let refresh = () => {};

/** From here on it stops a drill (`Gravity`). */
const STOPS = new Set(["warning", "danger", "emergency"]);

/** The hub says how bad it is here; where it has not said, kind and words do. In doubt it is grave: the price is one look too many. */
export const isGrave = (alert) => alert.message !== "cancel" && (alert.gravity ? STOPS.has(alert.gravity)
  : !QUIET.has(alert.kind) && (!BY_WORDS.has(alert.kind) || GRAVE.test(`${alert.title} ${alert.headline ?? ""}`)));

export const again = oneAtATime(read);

export function arrive(item) {
  if (isDrill() && !known.has(item.alert)) refresh();
}

/** What waits for a second person in the real place. */
export function waits(count) {
  waiting = count;
  show();
}

async function read() {
  if (!isDrill()) return;
  const real = ((await call("GET", "/v1/alerts" + question({ in_force: "true" }))).alerts ?? []).filter((alert) => alert.mode === "actual");
  known = new Set(real.map((alert) => alert.id));
  grave = real.filter(isGrave).toSorted((a, b) => Date.parse(b.sent) - Date.parse(a.sent));
  show();
}

function show() {
  const [newest] = grave, words = [];
  if (newest) {
    words.push(`${subject(newest)}（${newest.sender ?? ""} ${timeWord(newest.reported ?? newest.sent, false)}）が出ています`);
    if (grave.length > 1) words.push(`ほか${grave.length - 1}件`);
  }
  if (waiting > 0) words.push(`二人目を待っているもの ${waiting}件`);
  byID("real").hidden = words.length === 0;
  const text = words.join("　");
  if (byID("real-words").textContent !== text) byID("real-words").textContent = text;
}
