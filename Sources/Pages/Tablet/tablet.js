// The tablet's page: wires the line, the board, the sound and the outbox to what is on the screen.

import { heard } from "./alarm.js";
import { Board } from "./board.js";
import { hideFront, showFront } from "./front.js";
import { block, showList } from "./list.js";
import { Outbox, problemWords } from "./outbox.js";
import { Sound } from "./sound.js";
import { erase, newID, newKey, read, shortName, write } from "./store.js";
import { HubClock, Line } from "./stream.js";
import { LANGUAGES, clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

const clock = new HubClock();
const sound = new Sound();
let language = "ja";
let device = null;
let position = null;
let board = new Board();
/** Put in front by hand, after it was touched. */
let chosen = null;
let cutSince = null;
let cutTimer = null;
/** What an edge last said of its own line to the hub; null at a hub. */
let hubLine = null;
let wakeLock = null;

const outbox = new Outbox({
  token: () => device?.token, revoked: forget,
  changed: (count) => { byID("outbox-state").textContent = count > 0 ? wordsOf(language).outbox(count) : ""; },
  accepted: (entry) => { if (entry.path === "reports") sayReport(wordsOf(language).sent); },
  refused: (entry, why) => { if (entry.path === "reports") sayReport(wordsOf(language).refused(why)); },
});

const line = new Line({
  token: () => device?.token ?? "", position: () => position, event: onEvent, state: onState, revoked: forget,
}, clock);

// MARK: what arrives

function onEvent({ name, data, id }) {
  // "gap": all that is in force follows. For the other reasons the hub hangs up and the next try catches up.
  if (name === "resync" && data.includes('"gap"')) {
    board.beginReplay();
    takeHubLine(null);
  }
  // Only a 401 erases anything: the word alone, from a hub that was misled or a line that was, makes us ask at once.
  if (name === "resync" && data.includes('"revoked"')) line.hurry();
  if (name === "position" && board.endReplay()) {
    write("board", board.saved());
    show();
  }
  if (name === "line") {
    try { takeHubLine(JSON.parse(data)); } catch { /* as with alerts */ }
  }
  if (name === "alert" || name === "cancel") {
    // One bad line must not silence the next; the console says it, so that a fault of ours is found.
    try { onAlert(JSON.parse(data)); } catch (problem) { console.error(problem); }
  }
  if (id) {
    position = id;
    write("position", id);
  }
}

/** An edge goes on when its line to the hub is cut, and people read that nothing newer can come. */
function takeHubLine(said) {
  hubLine = said?.state === "cut" ? said : null;
  write("hubLine", hubLine);
  showHubLine();
}

function showHubLine() {
  const text = hubLine?.texts?.[language] ?? hubLine?.texts?.ja ?? "";
  byID("hub-cut").textContent = text;
  byID("hub-cut").hidden = !text || !device;
}

function onAlert(alert) {
  receipt(alert, "reached");
  const change = board.take(alert, clock.now());
  write("board", board.saved());
  if (change === "ignored") return;
  if (change !== "halted") chosen = null;
  show();
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

function show() {
  const now = clock.now(), visible = board.visible();
  const front = visible.find((entry) => entry === chosen) ?? board.front();
  if (front) {
    showFront(front, visible, language, now);
    reportShown(front.cancelledBy ?? front.alert);
  } else {
    hideFront();
  }
  showList(board, language, now, (entry) => { chosen = entry; show(); });
  sing();
}

/** The loudspeaker does what the arbiter says, and nothing else ever starts or stops it. */
function sing() {
  const next = heard(sound.sounding, board.visible(), sound.isBusy);
  if (!sound.follow(next)) return;
  board.rung(next.key);
  write("board", board.saved());
}

function onState(state) {
  byID("link-state").textContent = state === "up" ? wordsOf(language).connected : "";
  if (state === "up") {
    clearTimeout(cutTimer);
    cutSince = null;
    byID("cut").hidden = true;
    outbox.send();
  } else if (cutSince === null) {
    cutSince = clock.now();
    // The hub ending a stream to begin a new one is no failure: three seconds of grace, once per cut.
    cutTimer = setTimeout(showCut, 3000);
  }
}

function showCut() {
  byID("cut").hidden = false;
  byID("cut-since").textContent = wordsOf(language).cutSince(clockText(cutSince ?? clock.now(), clock.now(), language));
}

function showSound() {
  const hasStarted = sound.isRunning;
  byID("mute").hidden = !device || hasStarted;
  byID("start").hidden = hasStarted;
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
  const meant = pressed;
  pressed = null;
  if (meant && meant !== byID("full").dataset.alert) return;
  const front = board.visible().find((entry) => entry === chosen) ?? board.front();
  chosen = null;
  if (front) {
    board.touch(front.alert);
    write("board", board.saved());
    receipt(front.cancelledBy ?? front.alert, "touched");
  }
  show();
}

async function enrol(form) {
  const words = wordsOf(language);
  const code = form.code.value.trim();
  byID("enrol-problem").textContent = "";
  try {
    const key = await newKey();
    const answer = await fetch("/v1/devices", {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ code, public_key: key?.text ?? null, name: form.name.value.trim() || null }),
    });
    if (!answer.ok) throw new Error(await problemWords(answer));
    const { device_id: id, token, town_name: town, site_name: site } = await answer.json();
    device = { id, token, town, name: form.name.value.trim() || site };
    await write("device", device);
    if (key) await write("key", key.pair);
    await outbox.open();
    form.reset();
    enter();
  } catch (problem) {
    byID("enrol-problem").textContent = words.enrolFailed(problem.message);
  }
}

/** 401: nothing of the town's stays on a tablet that is lost or handed back. */
async function forget() {
  if (!device) return;
  line.stop();
  outbox.close();
  clearTimeout(cutTimer);
  cutSince = null;
  device = null;
  position = null;
  hubLine = null;
  board = new Board();
  await erase();
  showHubLine();
  show();
  byID("desk").hidden = true;
  byID("enrol").hidden = false;
  byID("cut").hidden = true;
  byID("device").textContent = "";
  byID("enrol-problem").textContent = wordsOf(language).revoked;
  showSound();
}

async function report(form) {
  const words = wordsOf(language);
  const needs = [...form.querySelectorAll("input[name=need]:checked")].map((box) => box.value);
  const people = form.people.value === "" ? null : Number(form.people.value);
  const note = form.note.value.trim();
  if (people === null && needs.length === 0 && !note) return sayReport(words.empty);
  sayReport(words.waiting);
  form.reset();
  await outbox.add("reports", { id: newID(), people, needs, note: note || null });
}

function sayReport(text) {
  byID("report-state").textContent = text;
}

// MARK: the page itself

function speak(tag) {
  language = LANGUAGES.some(([known]) => known === tag) ? tag : "ja";
  const words = wordsOf(language);
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = words[element.dataset.w];
  if (device?.town) byID("place").textContent = device.town;
  byID("languages").replaceChildren(...LANGUAGES.map(([known, name]) => {
    const button = block("button", name, "", known);
    button.type = "button";
    button.setAttribute("aria-pressed", String(known === language));
    button.onclick = () => { write("language", known); speak(known); };
    return button;
  }));
  const checked = new Set([...document.querySelectorAll("input[name=need]:checked")].map((box) => box.value));
  byID("needs").replaceChildren(...Object.entries(words.need).map(([value, text]) => {
    const label = document.createElement("label"), box = document.createElement("input");
    Object.assign(box, { type: "checkbox", name: "need", value, checked: checked.has(value) });
    label.append(box, text);
    return label;
  }));
  if (!byID("cut").hidden) showCut();
  showHubLine();
  byID("link-state").textContent = cutSince === null && device ? words.connected : "";
  show();
}

function enter() {
  byID("enrol").hidden = true;
  byID("desk").hidden = false;
  if (device.town) byID("place").textContent = device.town;
  byID("device").textContent = device.name ?? "";
  showSound();
  show();
  line.run();
  outbox.send();
}

function onVisible() {
  if (document.visibilityState !== "visible" || !device) return;
  line.restart();
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
  if (jump > 20000 && device) line.restart();
  if (board.age(clock.now())) {
    write("board", board.saved());
    show();
  }
  showSound();
  sing();
}

async function boot() {
  device = (await read("device")) ?? null;
  position = (await read("position")) ?? null;
  board = new Board((await read("board")) ?? []);
  hubLine = (await read("hubLine")) ?? null;
  await outbox.open();
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
  setInterval(tick, 1000);
  setInterval(() => outbox.send(), 30000);
  if (globalThis.isSecureContext) navigator.serviceWorker?.register("worker.js").catch(() => {});
}

byID("enrol-form").onsubmit = (event) => { event.preventDefault(); enrol(event.target); };
byID("report-form").onsubmit = (event) => { event.preventDefault(); report(event.target); };
byID("start-button").onclick = byID("unmute").onclick = start;
byID("touch").onpointerdown = () => { pressed = byID("full").dataset.alert; };
byID("touch").onclick = touchFront;
document.addEventListener("visibilitychange", onVisible);
addEventListener("pageshow", (event) => { if (event.persisted) onVisible(); });
addEventListener("online", onVisible);
boot();
