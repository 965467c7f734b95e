// クロノロ: everything that was done here, the newest first, as it goes on; by a period, on paper and as a file the oldest first, for the
// prefecture. A line can be written by hand: what was decided at the table, who rang up. Of the place one is in alone.

import { newID } from "/tablet/store.js";
import { call, file } from "./api.js";
import { button, byID, japanese, make, row } from "./parts.js";
import { Refusals } from "./refusals.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import { Still } from "./still.js";
import { current, question } from "./towns.js";
import { go, isDrill, world } from "./world.js";

const PAGE = 100;
/** On the screen, and on paper, at most. */
const MOST = 1000, MOST_ON_PAPER = 5000;
const HEADS = ["時刻", "種類", "だれが", "内容", ""];

let problem = () => {};
let list = null, still = null, refusals = null;
let wanted = PAGE, entries = [], next = null;
/** Made once for each line: sent again after a lost answer it is one. */
let noteID = newID();

export function prepare(onProblem) {
  problem = onProblem;
  list = new Rows(byID("chronicle-rows"), line);
  still = new Still(byID("chronicle-box"), byID("chronicle-fresh"), draw);
  refusals = new Refusals(byID("chronicle-note"));
  byID("chronicle-note").onsubmit = (event) => { event.preventDefault(); note().catch((error) => (error.status === 422 ? refusals.show(error) : problem(error))); };
  byID("chronicle-period").onchange = () => open().catch(problem);
  byID("chronicle-more").onclick = () => { wanted = Math.min(MOST, wanted + PAGE); again(true).catch(problem); };
  byID("chronicle-print").onclick = () => print().catch(problem);
  for (const form of ["csv", "jsonl"]) byID("chronicle-" + form).onclick = () => save(form).catch(problem);
}

export async function open() {
  wanted = PAGE;
  byID("chronicle-done").textContent = "";
  byID("chronicle-title").textContent = `${isDrill() ? "訓練の" : ""}クロノロ（時刻の順の記録）`;
  await again(true);
}

let isAsked = false;
const readOn = oneAtATime(async () => {
  const mine = isAsked;
  isAsked = false;
  ({ entries, next } = await read(wanted));
  const shown = entries.map((one) => [one.place, one]);
  if (mine || list.isInPlace(shown) || still.mayMove(list.unknown(shown))) draw();
});

/** `isWanted`: somebody has just asked for it, and nothing waits behind the bar. */
export function again(isWanted = false) {
  isAsked ||= isWanted;
  return readOn();
}
const refresh = soon(() => again().catch(problem), 1000);
export const arrive = refresh;
export const close = () => {};

/** From when on, as the hub is asked; nothing for all of it. */
function since() {
  const hours = Number(byID("chronicle-period").value);
  return hours > 0 ? { since: new Date(Date.now() - hours * 3600e3).toISOString().replace(/\.\d+Z$/, "Z") } : {};
}

async function read(count) {
  const found = [], asked = { mode: world(), ...since() };
  let before;
  do {
    const page = await call("GET", "/v1/chronicle" + question({ ...asked, limit: String(Math.min(MOST, count - found.length)), ...(before ? { before } : {}) }));
    found.push(...page.entries);
    before = page.next;
  } while (before && found.length < count);
  return { entries: found, next: before ?? null };
}

function draw() {
  still.rest();
  list.show(entries.map((one) => [one.place, one]));
  byID("chronicle-none").hidden = entries.length > 0;
  byID("chronicle-more").hidden = !next || wanted >= MOST;
  byID("chronicle-count").textContent = `${entries.length}件${next ? "（まだ前があります）" : ""}`;
}

/** With its day, today too: a night goes over midnight. */
function momentWord(at) {
  const local = new Date(Date.parse(at) + 9 * 3600e3).toISOString();
  return `${Number(local.slice(5, 7))}月${Number(local.slice(8, 10))}日 ${local.slice(11, 19)}`;
}

const byWord = (by) => (by === "hub" ? "（自動）" : by);

function line(one) {
  const reach = one.alert ? button("届いた先", () => go("reach:" + one.alert)) : "";
  if (reach) reach.setAttribute("aria-label", `${one.words}：届いた先`);
  const item = row([momentWord(one.at), make("b", one.kind_name, "kind " + one.kind), byWord(one.by), japanese(one.words), reach], HEADS);
  item.dataset.kind = one.kind;
  return item;
}

async function note() {
  refusals.clear();
  const { words, at } = byID("chronicle-note").elements;
  await call("POST", "/v1/chronicle", {
    town: current().code, mode: world(), id: noteID, words: words.value.trim(), ...(at.value ? { at: `${at.value.slice(0, 16)}:00+09:00` } : {}) });
  noteID = newID();
  byID("chronicle-note").reset();
  byID("chronicle-done").textContent = "書きとめました。住民には何も知らせません。";
  words.focus();
  await again(true);
}

/** All of the period on paper, the oldest first; the screen is as before afterwards. */
async function print() {
  const { entries: all, next: more } = await read(MOST_ON_PAPER);
  const period = byID("chronicle-period").selectedOptions[0].textContent;
  byID("chronicle-paper").textContent = `${byID("world").textContent}${current().name}　${period}　${all.length}件${more ? "（前の分は入っていません）" : ""}　${momentWord(new Date().toISOString())}現在`;
  byID("chronicle-rows").replaceChildren(...all.toReversed().map(line));
  addEventListener("afterprint", () => {
    byID("chronicle-paper").textContent = "";
    byID("chronicle-rows").replaceChildren();
    list = new Rows(byID("chronicle-rows"), line);
    draw();
  }, { once: true });
  window.print();
}

async function save(form) {
  const { name, blob } = await file("/v1/chronicle" + question({ mode: world(), ...since(), format: form }));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  byID("chronicle-done").textContent = `${name} を保存しました。`;
}
