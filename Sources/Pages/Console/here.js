// Who else is at this desk now: names on the strip, each with the place and since when. Asking is being here; whoever has not asked for
// a minute has gone.

import { call } from "./api.js";
import { byID, timeWord } from "./parts.js";
import { code } from "./towns.js";
import { world } from "./world.js";

const EVERY = 20000;
/** Named on the strip; the others are counted, and all are in its title. */
const NAMED = 2;

let timer = 0;

export function open() {
  close();
  ask();
}

export function close() {
  clearTimeout(timer);
  show([]);
}

async function ask() {
  clearTimeout(timer);
  if (!code() || !world()) return;
  timer = setTimeout(ask, EVERY);
  try {
    show((await call("GET", `/v1/towns/${code()}/here?mode=${world()}`)).people ?? []);
  } catch (error) {
    // Who may not look, or an older hub. While the line is cut nobody knows who is here, and the strip says that it is cut.
    show([]);
    if (error.status === 403 || error.status === 404) clearTimeout(timer);
  }
}

function show(people) {
  const others = people.filter((one) => !one.you), place = (one) => (one.mode === world() ? "" : one.mode === "actual" ? "（本番）" : "（訓練）");
  const rest = others.length - NAMED, words = others.slice(0, NAMED).map((one) => `${one.name}さん${place(one)}`).join("、");
  byID("here").textContent = others.length > 0 ? `ほかに ${words}${rest > 0 ? `、ほか${rest}人` : ""}` : "";
  byID("here").title = others.map((one) => `${one.name}さん${one.mode === "actual" ? "（本番）" : "（訓練）"} ${timeWord(one.since, false)}から`).join("\n");
}
