// The tablet's page: wires what is received to what is on the screen, and to what people do there.

import { key } from "./board.js";
import { codeOfAddress } from "./enrolment.js";
import { Exam } from "./exam.js";
import { fit, hideFront, showFront, showShaking } from "./front.js";
import { showList } from "./list.js";
import { Place } from "./place.js";
import { Receiver } from "./receiver.js";
import { Reports } from "./report.js";
import { PATH, RollCall } from "./rollcall.js";
import { showCut, showHubLine, speakPage } from "./spoken.js";
import { read, write } from "./store.js";
import { Voice } from "./voice.js";
import { LANGUAGES, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

let language = "ja";
/** The event put in front by hand, after it was touched. */
let chosen = null;
/** What stands over the words of the Japanese page, once it is here, and whether somebody wants it. */
let furigana = null, isRead = false;

const receiver = new Receiver({
  show, sayLine, saySound, entered, left, everyHalfMinute,
  everySecond: () => showShaking("full-shake", receiver.device ? frontEntry() : null, language, receiver.clock),
  audible: (visible) => (exam.isOn ? [] : visible),
  sounds: (sounding, visible) => {
    // An examination begins in the middle of a word too.
    if (exam.isOn) voice.hush();
    receiver.sound.soften(voice.follow(sounding, visible, language));
  },
  language: () => language,
  exam: () => exam.seconds,
  stated: (line) => { stated = line; plan(); },
  taken: (change, alert) => {
    if (change === "halted" || change === "richer") return;
    chosen = null;
    exam.took(alert);
  },
  waiting: (count) => { byID("outbox-state").textContent = count > 0 ? wordsOf(language).outbox(count) : ""; },
  told: (entry, state, words) => {
    if (entry.path === "reports") tellReport(entry.body.id, state, words);
    if (entry.path === PATH) roll.told(entry, state, words);
  },
  rollCalled: () => roll.ask(),
  fromTab: (message) => {
    if (message.report) reports.open();
    if (message.roll) roll.ask();
  },
});

const voice = new Voice();
const exam = new Exam({
  clock: () => receiver.clock, language: () => language,
  changed: () => { receiver.signs?.tell(); show(); },
});

const roll = new RollCall({
  device: () => receiver.device, isUp: () => receiver.state === "up", language: () => language, outbox: () => receiver.outbox,
  visible: () => receiver.board.visible(), now: () => receiver.clock.now(),
});

/** What the town last signed of a place: of this one, once it is known which this is. */
let stated = null;

function plan() {
  if (stated && place.isHere(stated.site)) exam.planned(stated.exams ?? []);
}

const place = new Place({ changed: plan, language: () => language, token: () => receiver.device?.token, visible: () => receiver.board.visible() });

const reports = new Reports({ language: () => language, token: () => receiver.device?.token, outbox: () => receiver.outbox, now: () => receiver.clock.now() });

// MARK: what is on the screen

function frontEntry() {
  const board = receiver.board;
  const picked = board.visible().find((entry) => key(entry.alert) === chosen);
  // In an examination what does not call waits for its end.
  return picked ?? (exam.isOn ? board.visible().find((entry) => entry.calls && !entry.isTouched) ?? null : board.front());
}

/** By its event's name: whoever hears it says so here. */
const isTest = ({ alert }) => alert.mode === "exercise" && /^exercise\/op\/\d{6}\/test\//.test(alert.event) && alert.message !== "cancel";

/** The button says what a touch of it says: of a test, that it was heard; never where nothing can sound. */
function showTouch(front) {
  const asks = isTest(front) && receiver.sound.isRunning, words = wordsOf(language);
  byID("touch").textContent = asks ? words.heardTest : words.touch;
  byID("unheard").hidden = !asks;
  byID("full").classList.toggle("flash", exam.isOn && Boolean(front.calls));
}

function show() {
  const now = receiver.clock.now(), front = receiver.device ? frontEntry() : null;
  if (front) {
    showFront(front, receiver.board.visible(), language, receiver.clock);
    showTouch(front);
    receiver.reportShown(front.cancelledBy ?? front.alert);
  } else {
    hideFront();
  }
  roll.show();
  place.show();
  exam.show();
  showList(receiver.board, language, now, (entry) => { chosen = key(entry.alert); show(); });
  receiver.sing();
}

function sayLine() {
  const { state, device, isCut, cutSince, clock, hubLine } = receiver;
  byID("link-state").textContent = receiver.isOwner && state === "up" && device ? wordsOf(language).connected : "";
  byID("unknown").hidden = !receiver.isOwner || state !== "unknown";
  byID("unproven").hidden = !receiver.isUnproven;
  byID("unchecked").hidden = !device || receiver.seals.isChecking;
  showCut(isCut, cutSince, clock, language);
  showHubLine(hubLine, language, device);
}

function saySound() {
  const isQuiet = receiver.sound.isRunning || !receiver.isOwner;
  byID("mute").hidden = !receiver.device || isQuiet;
  byID("start").hidden = isQuiet;
  byID("other-tab").hidden = !receiver.device || receiver.isOwner;
}

// MARK: what people do

/** What was in front when the finger came down: a press meant for one alert never reads the next one that has just come. */
let pressed = null;

/** Of a test that did not sound, or that nobody heard, the town is not told that somebody did. */
function touchFront(isHeard) {
  const meant = pressed, front = frontEntry();
  pressed = null;
  if (!front || meant && meant !== byID("full").dataset.alert) return;
  chosen = null;
  if (isHeard || !isTest(front)) receiver.receipt(front.cancelledBy ?? front.alert, "touched");
  receiver.touch(front);
}

async function tellReport(id, state, words) {
  await reports.tell(id, state, words);
  receiver.tabs.tell({ report: true });
}

async function register(form, how) {
  byID("enrol-problem").textContent = "";
  try {
    await receiver.register(form.code.value.trim(), form.name.value.trim(), wordsOf(language).doubt, how);
    // Another's tablet now, it may be.
    roll.forget();
    place.forget();
    exam.forget();
    roll.ask();
    place.ask();
    form.reset();
  } catch (problem) {
    byID("enrol-problem").textContent = wordsOf(language).enrolFailed(problem.message);
  }
}

// MARK: the page itself

/** Where the browser can be woken while the screen is dark. */
function sayWake() {
  if (globalThis.isSecureContext && globalThis.PushManager) import("./sleeper.js").then(({ offer }) => offer(receiver.device, language)).catch(() => {});
}

function speak(tag) {
  language = LANGUAGES.some(([known]) => known === tag) ? tag : "ja";
  speakPage(language, (wanted) => { write("language", wanted); speak(wanted); receiver.line.beginAnew(); });
  if (receiver.device?.town) byID("place").textContent = receiver.device.town;
  sayLine();
  reports.show();
  show();
  sayFurigana();
  if (receiver.device) sayWake();
}

/** Behind everything else, and before somebody asks for it: the line may be cut then. */
async function fetchFurigana() {
  const { Furigana, canRead, namesOf } = await import("./furigana.js").catch(() => ({}));
  if (!canRead) return;
  isRead = Boolean(await read("furigana"));
  furigana = new Furigana({
    names: () => namesOf([...receiver.board.visible(), ...receiver.board.ended()].flatMap(({ alert, cancelledBy }) => [alert, cancelledBy ?? alert]), [receiver.device?.town, ...place.names]),
    marked: () => { if (!byID("full").hidden) fit(); },
  });
  sayFurigana();
}

function sayFurigana() {
  byID("furigana").hidden = !furigana || language !== "ja";
  byID("furigana").setAttribute("aria-pressed", String(isRead));
  furigana?.turn(isRead && language === "ja");
}

function entered() {
  const device = receiver.device;
  byID("enrol").hidden = true;
  byID("desk").hidden = false;
  byID("unknown").hidden = true;
  if (device.town) byID("place").textContent = device.town;
  byID("device").textContent = device.name ?? "";
  saySound();
  show();
  roll.ask();
  sayWake();
  place.ask();
}

function left(why) {
  chosen = null;
  reports.forget();
  roll.forget();
  place.forget();
  exam.forget();
  sayLine();
  show();
  byID("desk").hidden = true;
  byID("enrol").hidden = false;
  byID("device").textContent = "";
  byID("enrol-problem").textContent = wordsOf(language)[why === "code-used" ? "codeUsed" : "revoked"];
  saySound();
  sayWake();
}

let halfMinutes = 0;

function everyHalfMinute() {
  roll.ask();
  // A register changes some times a year.
  if (++halfMinutes % 10 === 0) place.ask();
  reports.ask().then(() => receiver.tabs.tell({ report: true }));
}

async function boot() {
  await receiver.load();
  await reports.open();
  await roll.open();
  await place.open();
  await exam.open();
  speak((await read("language")) ?? "ja");
  byID("enrol-form").code.value = codeOfAddress();
  if (receiver.device) receiver.enter();
  else byID("enrol").hidden = false;
  byID("wait").hidden = true;
  receiver.run();
  fetchFurigana();
}

byID("furigana").onclick = () => {
  isRead = !isRead;
  write("furigana", isRead);
  sayFurigana();
};
byID("enrol-form").onsubmit = (event) => { event.preventDefault(); register(event.target); };
byID("no-code").onclick = async () => {
  byID("no-code").disabled = true;
  // With the hub away it is not needed, and nothing is lost.
  const own = await import("./asking.js").catch(() => null);
  const say = (code) => { byID("ask").hidden = !code; byID("ask-code").textContent = code; };
  if (own) await register(byID("enrol-form"), own.asking(say));
  byID("no-code").disabled = false;
};
byID("report-form").onsubmit = (event) => { event.preventDefault(); reports.send(event.target); };
byID("correct").onclick = () => reports.correct(byID("report-form"));
byID("correct-stop").onclick = () => reports.stopCorrecting(byID("report-form"));
byID("start-button").onclick = byID("unmute").onclick = () => receiver.start();
byID("enrol-again").onclick = () => { byID("enrol").hidden = false; byID("enrol-form").code.focus(); };
byID("touch").onpointerdown = () => { pressed = byID("full").dataset.alert; };
byID("touch").onclick = () => touchFront(receiver.sound.isRunning);
byID("unheard").onclick = () => touchFront(false);
setInterval(() => exam.tick(receiver.device ? frontEntry() : null), 1000);
boot();
