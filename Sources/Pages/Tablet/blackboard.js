// The electronic blackboard of a classroom: what is received, read from the last row. Nothing to press while it works; a touch
// anywhere gives it its sound, or silences what calls.

import { isInForce } from "./board.js";
import { Patience, inOrder, readFirst } from "./classroom.js";
import { codeOfAddress } from "./enrolment.js";
import { fit, fitLine } from "./fit.js";
import { facts, icon, kindWords, markOf, paragraphs, showShaking, textOf, times, titleParts, tone } from "./front.js";
import { block } from "./list.js";
import { Receiver } from "./receiver.js";
import { showCut, showHubLine } from "./spoken.js";
import { read, write } from "./store.js";
import { clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
const words = wordsOf("ja");
/** Alerts beneath the largest, a line each; of more it says how many. */
const LINES = 4;

let patience = new Patience();

const receiver = new Receiver({
  show, sayLine, saySound, entered, left,
  audible: (visible) => patience.audible(visible, performance.now()),
  taken: () => {}, waiting: () => {}, told: () => {}, fromTab: () => {}, everyHalfMinute: () => {},
});

// MARK: what is on the screen

let painted = "";

function show() {
  const now = receiver.clock.now(), visible = receiver.device ? inOrder(receiver.board.visible(), now) : [];
  const front = visible[0] ?? null;
  byID("front").hidden = !front;
  byID("calm").hidden = Boolean(front) || !receiver.device;
  showClock();
  showShaking("front-shake", front, "ja", receiver.clock);
  const what = JSON.stringify([visible.map((entry) => [entry.alert.id, entry.alert.doubt, entry.cancelledBy?.id, entry.calls, Object.keys((entry.cancelledBy ?? entry.alert).texts ?? {})]), receiver.board.halted().length, innerWidth, innerHeight,
    document.querySelectorAll("#banners p:not([hidden])").length]);
  if (what !== painted) {
    painted = what;
    if (front) showFront(front, now);
    showOthers(visible.slice(1));
    for (const line of byID("others").children) fitLine(line);
    byID("below").hidden = true;
    byID("below").hidden = !front || fit(byID("front"));
  }
  if (front) receiver.reportShown(front.cancelledBy ?? front.alert);
  receiver.sing();
}

function showFront(entry, now) {
  const isDrill = entry.alert.mode === "exercise", said = textOf(entry.alert, "ja"), mark = markOf(entry, "ja");
  const parts = entry.cancelledBy ? { name: "", act: "", rest: textOf(entry.cancelledBy, "ja").body } : readFirst(said);
  byID("front").className = "tone-" + tone(entry) + (entry.calls ? " calls" : "") + (entry.alert.doubt ? " doubt" : "") + (entry.cancelledBy ? " void" : isInForce(entry) ? "" : " calm");
  byID("front-drill").hidden = !isDrill && !entry.alert.doubt;
  byID("front-drill").textContent = entry.alert.doubt ? words.doubt : words.drillBar;
  byID("front-icon").replaceChildren(icon(entry.alert.kind));
  byID("front-kind").textContent = (isDrill ? `【${words.drill}】` : "") + kindWords(entry, "ja");
  byID("front-mark").hidden = !mark;
  byID("front-mark").textContent = mark;
  byID("front-name").replaceChildren(...(entry.cancelledBy ? titleParts(entry, said.title) : [parts.name]));
  byID("front-act").textContent = parts.act;
  byID("front-body").replaceChildren(...paragraphs(parts.rest));
  byID("front-facts").textContent = facts(entry, "ja");
  byID("front-times").textContent = times(entry, "ja", now, parts.rest);
  byID("front-languages").replaceChildren(...languages(entry.cancelledBy ?? entry.alert));
}

/** The first line of what is said in easy Japanese and in English, where it is said. */
function languages(alert) {
  return ["ja-x-easy", "en"].filter((tag) => alert.texts?.[tag]?.title).map((tag) => block("p", alert.texts[tag].title, "", tag === "en" ? "en" : "ja"));
}

function showOthers(entries) {
  const halted = receiver.board.halted().length, shown = entries.length > LINES ? entries.slice(0, LINES - 1) : entries;
  byID("others").replaceChildren(...shown.map(line));
  const left = entries.length - shown.length;
  byID("left-out").textContent = [left > 0 ? words.more(left) : "", halted > 0 ? words.halted(halted) : ""].filter(Boolean).join("　");
}

function line(entry) {
  const item = document.createElement("li"), mark = isInForce(entry) ? "" : markOf(entry, "ja");
  item.className = "tone-" + tone(entry);
  const isDrill = entry.alert.mode === "exercise";
  item.append((isDrill ? `【${words.drill}】` : "") + (mark ? mark + "　" : ""), ...titleParts(entry, textOf(entry.alert, "ja").title));
  return item;
}

/** The hub's time; what nobody knows is not shown. */
function showClock() {
  const { clock, lastHeard, isCut, state, device } = receiver;
  const now = clock.isCertain ? clockText(clock.now(), clock.now(), "ja") : "--:--";
  byID("clock").textContent = byID("calm-clock").textContent = now;
  byID("clock").hidden = byID("front").hidden;
  const local = new Date(clock.now() + 9 * 3600e3);
  byID("calm-date").textContent = clock.isCertain
    ? words.date.replace("{month}", local.getUTCMonth() + 1).replace("{day}", local.getUTCDate()) : "";
  byID("as-of").textContent = device && lastHeard !== null ? words.asOf(clockText(lastHeard, clock.now(), "ja")) : "";
  byID("unchecked").hidden = receiver.seals.isChecking;
  // Nothing may be in force, or nobody may know: never one for the other.
  const isKnown = lastHeard !== null && !isCut && state !== "unknown";
  byID("calm-words").textContent = isKnown ? words.quiet : words.nothingKnown;
}

function sayLine() {
  const { state, device, isCut, cutSince, clock, hubLine } = receiver;
  byID("unknown").hidden = !device || state !== "unknown";
  byID("unproven").hidden = !receiver.isUnproven;
  showCut(isCut, cutSince, clock, "ja");
  showHubLine(hubLine, "ja", device);
  show();
}

function saySound() {
  const { device, sound, isOwner } = receiver;
  byID("mute").hidden = !device || sound.isRunning || !isOwner;
  byID("other-tab").hidden = !device || isOwner;
  show();
}

// MARK: the page itself

function entered() {
  byID("enrol").hidden = true;
  byID("place").textContent = receiver.device.town || words.brand;
  byID("device").textContent = receiver.device.name ?? "";
  receiver.keepAwake();
  // Where the browser was told to allow it, there is sound without a touch.
  receiver.sound.open(saySound);
  saySound();
}

function left(why) {
  byID("device").textContent = "";
  byID("enrol").hidden = false;
  byID("enrol-problem").textContent = words[why === "code-used" ? "codeUsed" : "revoked"];
  sayLine();
  saySound();
}

async function register(form) {
  byID("enrol-problem").textContent = "";
  try {
    await receiver.register(form.code.value.trim(), form.name.value.trim(), words.doubt);
    form.reset();
  } catch (problem) {
    byID("enrol-problem").textContent = words.enrolFailed(problem.message);
  }
}

function touched() {
  if (!receiver.device) return;
  if (!receiver.sound.isRunning) return receiver.start();
  patience.hush(receiver.board.visible());
  write("hushed", patience.hushed);
  receiver.sing();
}

async function boot() {
  await receiver.load();
  patience = new Patience((await read("hushed")) ?? []);
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = words[element.dataset.w];
  byID("enrol-form").code.value = codeOfAddress();
  if (receiver.device) receiver.enter();
  else byID("enrol").hidden = false;
  byID("wait").hidden = true;
  receiver.run();
  sayLine();
}

byID("enrol-form").onsubmit = (event) => {
  event.preventDefault();
  receiver.sound.open(saySound);
  register(event.target);
};
document.addEventListener("click", touched);
addEventListener("resize", show);
boot();
