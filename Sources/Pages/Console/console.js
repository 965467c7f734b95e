// The operators' desk: signing in, and which room is open.

import * as alerts from "./alerts.js";
import { Refused, call, dropToken, keepToken, token } from "./api.js";
import * as devices from "./devices.js";
import * as log from "./log.js";
import { byID, subject } from "./parts.js";
import * as push from "./push.js";
import * as reach from "./reach.js";
import * as reports from "./reports.js";
import * as towns from "./towns.js";

/** `reach` has no button of its own: one comes to it from an alert. */
const ROOMS = ["alerts", "push", "log", "reports", "devices", "reach"];

function problem(error) {
  if (error instanceof Refused && error.status === 401) return signOut("トークンが違うか、使えなくなりました");
  byID("problem").textContent = error.message;
  byID("problem").hidden = false;
}

function calm() {
  byID("problem").hidden = true;
}

async function signIn() {
  try {
    await towns.prepare(enter);
    await call("GET", "/v1/alerts" + towns.question());
  } catch (error) {
    // Several towns and none chosen yet is no reason to stay outside.
    if (error.status !== 400) return problem(error);
  }
  calm();
  byID("sign-in").hidden = true;
  byID("rooms").hidden = byID("sign-out").hidden = false;
  enter();
}

function signOut(words = "") {
  dropToken();
  log.close();
  reach.close();
  for (const room of [...ROOMS, "rooms", "town", "sign-out"]) byID(room).hidden = true;
  byID("sign-in").hidden = false;
  byID("line").textContent = "";
  byID("problem").textContent = words;
  byID("problem").hidden = !words;
  byID("sign-in-form").token.focus();
}

function enter() {
  if (!token()) return;
  const [said, alert = ""] = decodeURIComponent(location.hash.slice(1)).split(":");
  const wanted = ROOMS.includes(said) ? said : "alerts", shown = wanted === "reach" ? "alerts" : wanted;
  for (const room of ROOMS) byID(room).hidden = room !== wanted;
  for (const item of document.querySelectorAll("[data-room]")) {
    if (item.dataset.room === shown) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
  byID(wanted + "-title").focus();
  byID("line").textContent = "";
  calm();
  log.close();
  reach.close();
  if (wanted === "alerts") alerts.open().catch(problem);
  if (wanted === "push") known(alert).then(push.open).catch(problem);
  if (wanted === "reach") known(alert).then((one) => reach.open(alert, one ? subject(one) : "", showLine)).catch(problem);
  if (wanted === "reports") reports.open().catch(problem);
  if (wanted === "log") log.open(showLine).catch(problem);
  if (wanted === "devices") devices.open().catch(problem);
}

/** The alert of that id, read again after a reload of the page; undefined for none. */
async function known(id) {
  if (id && !alerts.find(id)) await alerts.open();
  return alerts.find(id);
}

function showLine(isUp) {
  byID("line").textContent = isUp ? "● 記録を追っています" : "× 通信が切れています";
  byID("line").className = isUp ? "" : "down";
}

log.prepare();
alerts.prepare(problem);
devices.prepare(problem);
push.prepare(problem, calm);
reach.prepare(problem);
for (const item of document.querySelectorAll("[data-room]")) item.onclick = () => { location.hash = item.dataset.room; };
addEventListener("hashchange", enter);
byID("log-form").onsubmit = (event) => { event.preventDefault(); log.open(showLine).catch(problem); };
byID("reports-again").onclick = () => reports.open().catch(problem);
byID("log-more").onclick = () => log.readMore().catch(problem);
byID("sign-out").onclick = () => signOut();
byID("sign-in-form").onsubmit = (event) => {
  event.preventDefault();
  keepToken(event.target.token.value.trim());
  event.target.reset();
  signIn();
};
if (token()) signIn();
else signOut();
