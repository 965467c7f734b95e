// The operators' desk: signing in and out, and which room is open.

import * as alerts from "./alerts.js";
import { Refused, call, dropPerson, dropToken, isIn, keepPerson, keepToken, person } from "./api.js";
import * as approvals from "./approvals.js";
import * as behalf from "./behalf.js";
import * as calls from "./calls.js";
import * as drills from "./drills.js";
import * as here from "./here.js";
import * as live from "./live.js";
import * as log from "./log.js";
import * as keys from "./keys.js";
import { byID, timeWord } from "./parts.js";
import * as passkeys from "./passkeys.js";
import * as push from "./push.js";
import * as reach from "./reach.js";
import * as real from "./real.js";
import { Refusals } from "./refusals.js";
import * as reports from "./reports.js";
import * as towns from "./towns.js";
import * as wall from "./wall.js";
import * as world from "./world.js";

/** A room that is fetched when somebody opens it for the first time. What nothing listens to yet cannot be pressed. */
function later(name) {
  const id = name.slice(2, -3);
  let room = null;
  const fetched = async () => {
    if (room) return room;
    byID(id).inert = true;
    const own = await import(name).catch(() => { throw new Refused(0, "ハブにつながりません"); });
    // Asked for twice while it came.
    if (!room) own.prepare(problem);
    room = own;
    byID(id).inert = false;
    if (document.activeElement === document.body) byID(`${id}-title`).focus();
    return room;
  };
  return {
    open: async (said) => (await fetched()).open(said), again: async () => (await fetched()).again(), arrive: (item) => room?.arrive?.(item), close: () => room?.close?.(),
  };
}

/** Each has `open(said)` and `again()`, and may have `arrive(delivery)` and `close()`. `reach` and `wall` have no button of their own. */
const ROOMS = { alerts, push, log, reports, drills, devices: later("./devices.js"), shelters: later("./shelters.js"), people: later("./people.js"), settings: later("./settings.js"), notices: later("./notices.js"), chronicle: later("./chronicle.js"), muster: later("./muster.js"), pact: later("./pact.js"), overview: later("./overview.js"), reach, wall };
const WORDS = "noroshi-words";
/** What is there sooner than this comes without a word. Milliseconds. */
const LATE = 400;

let room = null;
/** The town, and the place in it, that the line is open for; null before anybody has signed in. */
let line = null;

/** A refusal is said; anything else is a fault of this page, and also goes where faults are looked for. */
function problem(error) {
  if (error instanceof Refused && error.problem.type === "urn:noroshi:problem:other-place") return askAgain(error);
  if (error instanceof Refused && error.status === 401) return signOut(person() ? "時間がたったので、もう一度入ってください" : "トークンが違うか、使えなくなりました");
  byID("problem").textContent = error instanceof Refused ? error.message : `画面の中で誤りが起きました: ${error.message}`;
  byID("problem").hidden = false;
  if (!(error instanceof Refused)) console.error(error);
  return undefined;
}

function calm() {
  byID("problem").hidden = true;
}

async function signIn() {
  try {
    await towns.prepare(enter);
    if (!towns.mustChoose() && !towns.isEmpty()) await call("GET", "/v1/alerts" + towns.question({ limit: "1" }));
  } catch (error) {
    // Several towns and none named yet is no reason to stay outside.
    if (error.status !== 400) return problem(error);
  }
  calm();
  byID("sign-in").hidden = true;
  byID("person").textContent = person() ? `${person()}さん` : "";
  byID("sign-out").hidden = false;
  return enter();
}

/** The page begins anew: nothing that the last person wrote, chose or read is left for the next one. */
function signOut(said = "") {
  const wasIn = !byID("sign-out").hidden;
  dropToken();
  dropPerson();
  live.close();
  approvals.close();
  here.close();
  behalf.close();
  if (wasIn) {
    sessionStorage.clear();
    if (said) sessionStorage.setItem(WORDS, said);
    return location.replace(location.pathname);
  }
  byID("town").hidden = true;
  byID("sign-in").hidden = false;
  byID("problem").textContent = said;
  byID("problem").hidden = !said;
  return byID("person-form").elements.name.focus();
}

/** Signed in at the other desk: this one has a sign-in of its own, and stands beside that one from then on. */
function askAgain(error) {
  leaveLine();
  for (const name of ["rooms", ...Object.keys(ROOMS)]) byID(name).hidden = true;
  world.dress();
  byID("sign-in").hidden = false;
  byID("sign-in-title").textContent = world.isDrill() ? "訓練の操作卓に入る" : "本番の操作卓に入る";
  byID("problem").textContent = error.message;
  byID("problem").hidden = false;
  byID("person-form").elements.name.focus();
}

function enter() {
  if (!isIn()) return;
  let [said, ...rest] = world.place().split(":");
  if (!(said in ROOMS && world.hasRoom(said))) [said, rest] = ["alerts", []];
  room?.close?.();
  room = null;
  byID("reading").hidden = true;
  world.dress();
  byID("overview-door").hidden = towns.all().length < 2;
  const first = towns.isEmpty() ? "found" : towns.mustChoose() ? "choose" : world.isBetween() ? "between" : null;
  for (const name of ["found", "choose", "between"]) byID(name).hidden = name !== first;
  document.body.dataset.open = first ?? said;
  for (const name of Object.keys(ROOMS)) byID(name).hidden = first !== null || name !== said;
  byID("rooms").hidden = first !== null;
  mark(said === "reach" ? "alerts" : said);
  calm();
  const title = byID((first ?? said) + "-title");
  document.title = `${first ? "" : byID("world").textContent}${title.textContent} – 狼煙 操作卓`;
  title.focus();
  if (first) return leaveLine();
  room = ROOMS[said];
  sayReading(room, room.open(rest.join(":")).catch(problem));
  if (line !== towns.code()) listen();
}

/** A room that takes long says that it is being read: an empty table is no answer. The first room says so itself. */
function sayReading(mine, reading) {
  const isMine = () => room === mine && mine !== alerts && mine !== wall;
  const late = setTimeout(() => { if (isMine()) byID("reading").hidden = false; }, LATE);
  reading.finally(() => {
    clearTimeout(late);
    if (room === mine) byID("reading").hidden = true;
  });
}

/** Each thing that happens goes to the room where it belongs to the place the person is in, and else to the red line. */
function listen() {
  line = towns.code();
  approvals.open(person(), world.isDrill() ? real.waits : null);
  live.open({ arrive: (item) => (item.mode === world.world() ? room?.arrive?.(item) : real.arrive(item)), again, refused: problem });
  real.again().catch(problem);
  here.open();
  behalf.open();
}

/** Between the two places nothing of either is on the screen. */
function leaveLine() {
  line = null;
  live.close();
  approvals.close();
  here.close();
  behalf.close();
}

function mark(name) {
  for (const item of document.querySelectorAll("[data-room]")) {
    if (item.dataset.room === name) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
}

/** Everything on the screen, anew; what could not be read before is no trouble any more. */
async function again() {
  try {
    await Promise.all([room?.again(), real.again()]);
    calm();
  } catch (error) {
    problem(error);
  }
}

/** By name or by the key from the safe: the hub gives a cookie. */
async function enterBy(form, wish) {
  try {
    const session = await call("POST", "/v1/sessions", wish);
    dropToken();
    keepPerson(session.person);
    form.reset();
    byID("code-field").hidden = true;
    byID("change-password").hidden = !session.change_password;
    await signIn();
  } catch (error) {
    const isCode = error.problem?.type === "urn:noroshi:problem:code-needed";
    if (isCode) byID("code-field").hidden = false;
    byID("problem").textContent = error.message;
    byID("problem").hidden = false;
    if (!(error instanceof Refused)) console.error(error);
    (isCode ? form.elements.code : form.elements.password ?? form.elements.key).focus();
  }
}

async function leave() {
  // Of both desks: whoever goes leaves nothing open.
  if (person()) for (const place of ["actual", "exercise"]) await call("DELETE", "/v1/sessions/current", undefined, { "Noroshi-Place": place }).catch(() => {});
  signOut();
}

/** Nothing happens where the person thinks better of it. */
async function enterByPasskey() {
  const wish = await passkeys.answer();
  if (wish) await enterBy(byID("person-form"), wish);
}

const foundRefusals = new Refusals(byID("found-form"));
approvals.prepare(problem);
behalf.prepare(enter, () => { if (room === ROOMS.pact) room.again().catch(problem); });
calls.prepare(problem);
real.prepare(problem);
keys.prepare();
world.prepare(enter);
byID("passkey-way").hidden = !passkeys.isPossible();
byID("passkey-enter").onclick = () => enterByPasskey().catch(problem);
for (const one of Object.values(ROOMS)) one.prepare?.(problem);
for (const item of document.querySelectorAll("[data-room]")) item.onclick = () => world.go(item.dataset.room);
addEventListener("hashchange", enter);
// Somebody went back to a page that the browser had put by, with the last person's form in it.
addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
reports.prepare(problem);
byID("reports-again").onclick = () => reports.open().catch(problem);
byID("log-more").onclick = () => log.readMore().catch(problem);
byID("sign-out").onclick = leave;
byID("person-form").onsubmit = (event) => {
  event.preventDefault();
  const { name, password, code } = event.target.elements;
  enterBy(event.target, { name: name.value, password: password.value, ...(code.value ? { code: code.value } : {}) });
};
byID("safe-form").onsubmit = (event) => {
  event.preventDefault();
  const { name, key } = event.target.elements;
  enterBy(event.target, { name: name.value, safe_key: key.value });
};
byID("password-form").onsubmit = (event) => {
  event.preventDefault();
  call("PUT", "/v1/sessions/current/password", { password: event.target.elements.password.value })
    .then(() => { byID("change-password").hidden = true; }, problem)
    .finally(() => event.target.reset());
};
byID("password-later").onclick = () => { byID("change-password").hidden = true; };
byID("sign-in-form").onsubmit = (event) => {
  event.preventDefault();
  keepToken(event.target.token.value.trim());
  event.target.reset();
  signIn();
};
byID("found-form").onsubmit = (event) => {
  event.preventDefault();
  call("POST", "/v1/towns", { code: event.target.elements.code.value.trim() })
    .then(async () => {
      await towns.prepare(enter);
      event.target.reset();
      location.hash = "settings";
      world.choose("actual", enter);
    }).catch((error) => (error instanceof Refused && error.status === 422 ? foundRefusals.show(error) : problem(error)));
};
/** The town's own sign-in, where it has one; from there a browser comes back with `?openid=yes` or `no`. */
async function showWays() {
  const { openid } = await call("GET", "/v1/sessions");
  byID("openid-way").hidden = !openid;
  byID("openid-enter").textContent = openid?.name ?? "";
}

async function comeBack(word) {
  history.replaceState(null, "", location.pathname + location.hash);
  if (word !== "yes") return signOut("庁内の認証では入れませんでした。登録されているか、管理者に確かめてください");
  keepPerson((await call("GET", "/v1/sessions/current")).person);
  return signIn();
}

/** The time of day in Japan, whatever this machine's own zone is. */
const tick = () => { byID("clock").textContent = timeWord(Date.now() / 1000); };
tick();
setInterval(tick, 1000);

const words = sessionStorage.getItem(WORDS) ?? "";
sessionStorage.removeItem(WORDS);
const openid = new URLSearchParams(location.search).get("openid");
if (openid) comeBack(openid).catch(problem);
else if (isIn()) signIn();
else signOut(words);
if (!isIn()) showWays().catch(() => { byID("openid-way").hidden = true; });
