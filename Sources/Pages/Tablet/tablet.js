// The tablet's page: wires the line, the board, the sound and the outbox to what is on the screen.

import { heard } from "./alarm.js";
import { Board, key } from "./board.js";
import { HubClock } from "./clock.js";
import { enrol } from "./enrolment.js";
import { hideFront, showFront } from "./front.js";
import { showList } from "./list.js";
import { Outbox } from "./outbox.js";
import { Reports } from "./report.js";
import { Sound } from "./sound.js";
import { showCut, showHubLine, speakPage } from "./spoken.js";
import { erase, read, shortName, write } from "./store.js";
import { Line } from "./stream.js";
import { Tabs } from "./tabs.js";
import { LANGUAGES, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

const clock = new HubClock();
const sound = new Sound();
let language = "ja";
let device = null;
let position = null;
let board = new Board();
/** The event put in front by hand, after it was touched. */
let chosen = null;
/** Whether the line is "up", "down" or "unknown" (whoever answers does not know this device); null before its first word. */
let state = null;
let cutSince = null;
let cutTimer = null;
/** What an edge last said of its own line to the hub; null at a hub. */
let hubLine = null;
let wakeLock = null;

const tabs = new Tabs({ owned, heard: fromTab });

const outbox = new Outbox({
  token: () => device?.token, town: () => device?.code, owns: () => tabs.isOwner,
  handOver: () => tabs.tell({ outbox: true }),
  changed: (count) => { byID("outbox-state").textContent = count > 0 ? wordsOf(language).outbox(count) : ""; },
  told: (entry, how) => { if (entry.path === "reports") tellReport(entry.body.id, how); },
  refused: (entry, why) => { if (entry.path === "reports") tellReport(entry.body.id, "refused", why); },
});

const reports = new Reports({ language: () => language, token: () => device?.token, outbox: () => outbox });

const line = new Line({
  token: () => device?.token ?? "", device: () => device?.id, position: () => position, event: onEvent, state: onState, revoked: forget,
}, clock);

// MARK: what arrives

function onEvent({ name, data, id }) {
  // "gap": all that is in force follows. For the other reasons the hub hangs up and the next try catches up.
  if (name === "resync" && data.includes('"gap"')) {
    board.beginReplay();
    takeHubLine(null);
  }
  // The word alone, from a hub that was misled or a line that was, erases nothing: it makes us ask at once.
  if (name === "resync" && data.includes('"revoked"')) line.hurry();
  if (name === "position" && board.endReplay()) {
    keepBoard();
    show();
  }
  // One bad line must not silence the next; the console says it, so that a fault of ours is found.
  try {
    if (name === "line") takeHubLine(JSON.parse(data));
    if (name === "alert" || name === "cancel") onAlert(JSON.parse(data));
  } catch (problem) {
    console.error(problem);
  }
  if (id) {
    position = id;
    write("position", id);
  }
}

function onAlert(alert) {
  receipt(alert, "reached");
  const change = board.take(alert, clock.now());
  keepBoard();
  if (change === "ignored") return;
  if (change !== "halted") chosen = null;
  show();
}

async function keepBoard() {
  await write("board", board.saved());
  if (clock.mayJudge) await write("hubTime", clock.now());
  tabs.tell({ board: true });
}

/** An edge goes on when its line to the hub is cut, and people read that nothing newer can come. */
function takeHubLine(said) {
  hubLine = said?.state === "cut" ? said : null;
  write("hubLine", hubLine);
  showHubLine(hubLine, language, device);
}

/** The id is made of what it says, so that the same thing said twice counts once; the hub knows the device. */
function receipt(alert, level) {
  const id = level + "-" + shortName(alert.delivery ?? alert.id);
  outbox.add("receipts", { id, delivery: alert.delivery, alert: alert.id, level });
}

const seen = new Set();

/** Shown means that it is painted and the page is in front, not that it arrived. */
function reportShown(alert) {
  if (seen.has(alert.id) || document.visibilityState !== "visible") return;
  seen.add(alert.id);
  requestAnimationFrame(() => requestAnimationFrame(() => receipt(alert, "shown")));
}

// MARK: what is on the screen

function frontEntry() {
  return board.visible().find((entry) => key(entry.alert) === chosen) ?? board.front();
}

function show() {
  const now = clock.now(), front = device ? frontEntry() : null;
  if (front) {
    showFront(front, board.visible(), language, now);
    reportShown(front.cancelledBy ?? front.alert);
  } else {
    hideFront();
  }
  showList(board, language, now, (entry) => { chosen = key(entry.alert); show(); });
  sing();
}

/** The loudspeaker does what the arbiter says, and nothing else ever starts or stops it. */
function sing() {
  const next = heard(sound.sounding, tabs.isOwner ? board.visible() : [], sound.isBusy);
  if (!sound.follow(next)) return;
  board.rung(next.key);
  keepBoard();
}

function onState(now) {
  state = now;
  byID("link-state").textContent = state === "up" ? wordsOf(language).connected : "";
  byID("unknown").hidden = state !== "unknown";
  if (state === "unknown") sayCut(false);
  if (state === "up") {
    clearTimeout(cutTimer);
    cutTimer = cutSince = null;
    sayCut(false);
    outbox.send();
  } else if (state === "down") {
    cutSince ??= clock.now();
    expectCut();
  }
}

/** The hub ending a stream to begin a new one is no failure: three seconds of grace, once per cut. */
function expectCut() {
  cutTimer ??= setTimeout(() => sayCut(true), 3000);
}

function sayCut(isCut) {
  showCut(isCut && device && state !== "up" && state !== "unknown", cutSince, clock, language);
}

function showSound() {
  const hasStarted = sound.isRunning || !tabs.isOwner;
  byID("mute").hidden = !device || hasStarted;
  byID("start").hidden = hasStarted;
  byID("other-tab").hidden = !device || tabs.isOwner;
}

// MARK: what people do

function start() {
  sound.unlock(showSound);
  keepAwake();
  navigator.storage?.persist?.();
  showSound();
  show();
}

async function keepAwake() {
  try { wakeLock = await navigator.wakeLock?.request("screen"); } catch { wakeLock = null; }
}

/** What was in front when the finger came down: a press meant for one alert never reads the next one that has just come. */
let pressed = null;

function touchFront() {
  const meant = pressed, front = frontEntry();
  pressed = null;
  if (!front || meant && meant !== byID("full").dataset.alert) return;
  chosen = null;
  const said = front.cancelledBy ?? front.alert;
  receipt(said, "touched");
  touch(said);
  if (!tabs.isOwner) tabs.tell({ touch: { mode: said.mode, event: said.event, id: said.id } });
}

/** Only what was read: a newer word on the same event has to be read for itself. */
function touch(said) {
  const entry = board.entries.get(key(said));
  if (!entry || (entry.cancelledBy ?? entry.alert).id !== said.id) return;
  board.touch(said);
  if (tabs.isOwner) keepBoard();
  show();
}

function tellReport(id, how, why = null) {
  reports.tell(id, how, why);
  tabs.tell({ report: true });
}

async function register(form) {
  byID("enrol-problem").textContent = "";
  try {
    const made = await enrol(form.code.value.trim(), form.name.value.trim());
    // Registered anew, perhaps elsewhere: what is in force is told from the beginning. What was not sent yet stays.
    if (device && device.code !== made.device.code) board = new Board();
    position = null;
    device = made.device;
    await write("position", null);
    await write("board", board.saved());
    await write("device", device);
    if (made.pair) await write("key", made.pair);
    await outbox.open();
    form.reset();
    tabs.tell({ device: true });
    enter();
  } catch (problem) {
    byID("enrol-problem").textContent = wordsOf(language).enrolFailed(problem.message);
  }
}

/** The town has revoked this device: nothing of it stays on a tablet that is lost or handed back. */
async function forget() {
  if (!device) return;
  leave();
  await erase();
  tabs.tell({ device: true });
}

function leave() {
  line.stop();
  outbox.close();
  reports.forget();
  clearTimeout(cutTimer);
  device = position = hubLine = state = chosen = cutSince = cutTimer = null;
  board = new Board();
  showHubLine(null, language, null);
  show();
  byID("desk").hidden = byID("cut").hidden = byID("unknown").hidden = true;
  byID("enrol").hidden = false;
  byID("device").textContent = "";
  byID("enrol-problem").textContent = wordsOf(language).revoked;
  showSound();
}

// MARK: the page itself

function speak(tag) {
  language = LANGUAGES.some(([known]) => known === tag) ? tag : "ja";
  speakPage(language, (chosen) => { write("language", chosen); speak(chosen); });
  if (device?.town) byID("place").textContent = device.town;
  if (!byID("cut").hidden) sayCut(true);
  showHubLine(hubLine, language, device);
  reports.show();
  byID("link-state").textContent = state === "up" && device ? wordsOf(language).connected : "";
  show();
}

function enter() {
  byID("enrol").hidden = true;
  byID("desk").hidden = false;
  byID("unknown").hidden = true;
  if (device.town) byID("place").textContent = device.town;
  byID("device").textContent = device.name ?? "";
  showSound();
  show();
  if (!tabs.isOwner) return;
  // Known here by another token now, it does not wait for the next try.
  if (state === "unknown") line.restart();
  if (state !== "up") expectCut();
  line.run();
  outbox.send();
}

/** What lies on this tablet, as the tab that owns the line has left it. */
async function load() {
  device = (await read("device")) ?? null;
  position = (await read("position")) ?? null;
  board = new Board((await read("board")) ?? []);
  hubLine = (await read("hubLine")) ?? null;
  clock.recall(await read("hubTime"));
}

/** This tab has the line now: the first one, or the one before it was closed. */
async function owned() {
  await load();
  await outbox.open();
  showHubLine(hubLine, language, device);
  if (device) enter();
  showSound();
}

/** Another tab of this tablet. */
async function fromTab(message) {
  if (message.touch && tabs.isOwner) touch(message.touch);
  if (message.outbox && tabs.isOwner) outbox.open().then(() => outbox.send());
  if (message.report) reports.open();
  if (message.device) {
    await load();
    if (device) enter();
    else leave();
  } else if (message.board && !tabs.isOwner) {
    board = new Board((await read("board")) ?? []);
    show();
  }
}

function onVisible() {
  if (document.visibilityState !== "visible" || !device) return;
  if (tabs.isOwner) line.restart();
  sound.wake();
  if (sound.isRunning) keepAwake();
  showSound();
  show();
}

let lastTick = Date.now();

/** Once a second: what is over goes; a jump of the clock means that the tablet slept. */
function tick() {
  const jump = Math.abs(Date.now() - lastTick - 1000);
  lastTick = Date.now();
  if (jump > 20000 && device && tabs.isOwner) line.restart();
  // Nothing is over by a clock that may be a year ahead.
  if (tabs.isOwner && clock.mayJudge && board.age(clock.now())) {
    keepBoard();
    show();
  }
  showSound();
  sing();
}

async function boot() {
  await load();
  await reports.open();
  speak((await read("language")) ?? "ja");
  const code = decodeURIComponent(location.hash.slice(1));
  if (code) {
    // The code is good for one use: it stays neither in the address nor in the history.
    history.replaceState(null, "", location.pathname);
    byID("enrol-form").code.value = code;
  }
  if (device) enter();
  else byID("enrol").hidden = false;
  byID("wait").hidden = true;
  tabs.claim();
  setInterval(tick, 1000);
  setInterval(() => {
    outbox.send();
    if (!tabs.isOwner) return;
    if (clock.isCertain) write("hubTime", clock.now());
    reports.ask().then(() => tabs.tell({ report: true }));
  }, 30000);
  if (globalThis.isSecureContext) navigator.serviceWorker?.register("worker.js").catch(() => {});
}

byID("enrol-form").onsubmit = (event) => { event.preventDefault(); register(event.target); };
byID("report-form").onsubmit = (event) => { event.preventDefault(); reports.send(event.target); };
byID("start-button").onclick = byID("unmute").onclick = start;
byID("enrol-again").onclick = () => { byID("enrol").hidden = false; byID("enrol-form").code.focus(); };
byID("touch").onpointerdown = () => { pressed = byID("full").dataset.alert; };
byID("touch").onclick = touchFront;
document.addEventListener("visibilitychange", onVisible);
addEventListener("pageshow", onVisible);
addEventListener("online", onVisible);
boot();
