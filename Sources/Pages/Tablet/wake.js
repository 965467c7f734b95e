// The page's other half, while its screen is dark: a hint says that there is something newer, and what it is is asked of the hub. A hint shows something
// whatever happens: what the town says, or that there is news which could not be fetched. Nothing is kept here, and no receipt is told: the page does
// both, once it is opened.

import "./worker.js";
import { Board, isInForce } from "./board.js";
import { Seals } from "./seals.js";
import { ask, hold } from "./signed.js";
import { hubWord, subscribe } from "./sleeper.js";
import { read } from "./store.js";
import { LANGUAGES, wordsOf } from "./words.js";

/** Milliseconds. A browser ends what a hint begins after some tens of seconds. */
const PATIENCE = 8000;
/** Notes at once; of more it says that there are. */
const MOST = 3;
/** The note that says only that there is news. */
const PLAIN = "news";

addEventListener("push", (event) => event.waitUntil(wake(event.data)));
addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});
addEventListener("pushsubscriptionchange", (event) => event.waitUntil(again()));

async function wake(data) {
  let isDrill = false;
  try { isDrill = data?.json().noroshi?.mode === "exercise"; } catch { /* a hint of another hub's making is one all the same */ }
  const language = (await read("language")) ?? "ja";
  try {
    await tell(await inForce(), language);
  } catch {
    await plain(language, isDrill);
  }
}

/** All that is in force, the gravest first; a drill and something grave are never there together. Throws where it is not known. */
async function inForce() {
  const device = await read("device");
  if (!device) throw new Error("nobody's tablet");
  await hold(device);
  const seals = new Seals({ again() {}, gone() {} });
  await seals.open(device);
  const answer = await ask(device.token, "/v1/catch-up", { signal: AbortSignal.timeout(PATIENCE) });
  if (!answer.ok) throw new Error("hub answered " + answer.status);
  const { server_time: time, events } = await answer.json(), board = new Board(), now = Date.parse(time) || Date.now();
  for (const { event, data } of events) {
    if (event !== "alert" && event !== "cancel") continue;
    // What is not proven to be the town's own word is said on the page, with what people can do about it, and in no note.
    if (!await seals.proves(event, data)) throw new Error("not proven");
    board.take(data, now);
  }
  return board.visible().filter(isInForce);
}

/** A note for each event: a later word takes the older one's place, and a drill's never a real one's. */
const nameOf = ({ mode, event }) => mode + " " + event;

async function tell(entries, language) {
  const words = wordsOf(language), shown = await registration.getNotifications(), isKnown = new Set(entries.map(({ alert }) => nameOf(alert)));
  for (const note of shown) if (!isKnown.has(note.tag)) note.close();
  if (entries.length === 0) return show(words.brand, words.quiet, PLAIN, language);
  for (const { alert } of entries.slice(0, MOST).reverse()) {
    const found = [language, ...LANGUAGES.map(([tag]) => tag)].find((tag) => alert.texts?.[tag]), said = alert.texts?.[found] ?? { title: words.brand, body: words.wakeNews };
    const old = shown.find((note) => note.tag === nameOf(alert) && note.data === alert.id);
    // The same word again makes no sound; something has to be shown for each hint all the same.
    await show(said.title, said.body.split("\n\n")[0], nameOf(alert), found ?? language, alert.id, Boolean(old));
  }
}

/** Said honestly: there is news, and this is not it. */
function plain(language, isDrill) {
  const words = wordsOf(language), mark = isDrill ? words.drillTitle : "";
  return show(mark + words.brand, mark + words.wakeNews, PLAIN, language);
}

function show(title, body, tag, lang, data = null, isOld = false) {
  return registration.showNotification(title, { body, tag, lang, data, icon: "icon.svg", renotify: !isOld, silent: isOld, requireInteraction: true });
}

/** A page that is open comes to the front; else one is opened. */
async function open() {
  const pages = await clients.matchAll({ type: "window", includeUncontrolled: true }), page = pages.find(({ url }) => url.startsWith(registration.scope));
  return page ? page.focus() : clients.openWindow(registration.scope);
}

/** The browser has given up an address, on its own: the hub hears another one. */
async function again() {
  const device = await read("device");
  if (!device || await read("wake") !== true) return;
  await hold(device);
  const said = await hubWord(device);
  if (said) await subscribe(device, (await read("language")) ?? "ja", registration.pushManager, said);
}
