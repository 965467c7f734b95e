// The telephone, where no way out reached: who called which place, when, with what answer. Whoever calls notes it once; everybody
// at the desk sees it beside the place, so that nobody is called twice and nobody is forgotten.

import { newID } from "/tablet/store.js";
import { Refused, call } from "./api.js";
import { isUp } from "./live.js";
import { byID, button, make, timeWord } from "./parts.js";
import { Refusals } from "./refusals.js";
import { question } from "./towns.js";
import { world } from "./world.js";

export const ANSWERS = { reached: "伝わった", "no-answer": "応答なし", "on-the-way": "人が向かっている", other: "ほか" };
/** What was noted longer ago says nothing of what is in force now. */
const DAY = 86400e3;
/** A colleague's call brings no event over the line; where one sees it, it is asked for this often. */
const EVERY = 20000;
const ROOMS = new Set(["alerts", "reach", "wall"]);

/** By far end: its last call. */
let last = new Map();
let listeners = [];
let problem = () => {};
let refusals = null;
/** The place whose call is being noted, and the id under which it is one call however often it is sent. */
let item = null, id = "";

export const onChange = (act) => listeners.push(act);

export function prepare(report) {
  problem = report;
  const form = byID("call-form");
  refusals = new Refusals(form);
  byID("call-answers").append(...Object.entries(ANSWERS).map(([answer, word]) => button(word, () => send(answer).catch(refused), answer === "reached" ? "main" : "")));
  form.onsubmit = (event) => event.preventDefault();
  byID("call-no").onclick = () => byID("call").close();
  setInterval(() => {
    // A line that is cut says so itself.
    if (isUp() && ROOMS.has(document.body.dataset.open)) read().then(tell, () => {});
  }, EVERY);
}

/** Of a day, the newest first; whoever may not look sees none. */
export async function read() {
  const since = new Date(Date.now() - DAY).toISOString().slice(0, 19) + "Z";
  const answer = await call("GET", "/v1/calls" + question({ mode: world(), since })).catch((error) => {
    if (error.status === 403 || error.status === 404) return { calls: [] };
    throw error;
  });
  last = new Map((answer.calls ?? []).toReversed().map((one) => [key(one), one]));
}

const key = ({ channel, endpoint }) => `${channel}/${endpoint}`;

/** The last call to the far end of a delivery, made since it was offered: what came before was about something else. */
export function callTo(delivery) {
  const found = last.get(key(delivery));
  return found && Date.parse(found.at) >= Math.floor(Date.parse(delivery.offered_at) / 1000) * 1000 ? found : null;
}

/** 0: nobody has it yet; 1: somebody is going there; 2: it was told by telephone. */
export const settled = (one) => ({ reached: 2, "on-the-way": 1 })[one?.answer] ?? 0;

export const callWords = (one) => `☎ ${timeWord(one.at, false)} ${one.by}：${[one.answer === "other" ? "" : ANSWERS[one.answer], one.words].filter(Boolean).join("　")}`;

/** Asks how the call went. `says` is all that has to be told there: what is noted counts for all of it. Nothing is said to anybody. */
export function note(delivery, name, phone, says = []) {
  [item, id] = [delivery, newID()];
  byID("call-form").reset();
  refusals.clear();
  byID("call-place").textContent = name;
  byID("call-phone").textContent = phone ? `電話 ${phone}` : "電話番号は、避難所の名簿にありません";
  byID("call-says").hidden = says.length === 0;
  byID("call-say").replaceChildren(...[...new Set(says)].map((text) => make("li", text)));
  byID("call").showModal();
}

const refused = (error) => (error instanceof Refused && error.status === 422 ? refusals.show(error) : problem(error));

async function send(answer) {
  const words = byID("call-form").words.value.trim();
  const kept = await call("POST", "/v1/calls", {
    ...Object.fromEntries(new URLSearchParams(question())), id, mode: world(), channel: item.channel, endpoint: item.endpoint, answer, ...(words ? { words } : {}) });
  last.set(key(kept), kept);
  byID("call").close();
  tell();
}

const tell = () => { for (const act of listeners) act(); };
