// Turns a code of the town into a registration of this tablet.

import { problemWords } from "./outbox.js";
import { markOf } from "./seals.js";
import { newKey } from "./store.js";

/** The device and its key; throws with the hub's words, or with `words` where whoever answers has not the key that the invitation names. */
export async function enrol(written, name, words) {
  const [code, mark] = written.split("."), key = await newKey();
  const answer = await fetch("/v1/devices", {
    method: "POST", headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code, public_key: key?.text ?? null, name: name || null }),
  });
  if (!answer.ok) throw new Error(await problemWords(answer));
  return made(await answer.json(), mark, name, key, words);
}

/** What the hub, or an edge, has made of it. */
export async function made({ device_id: id, token, town: number, town_name: town, site_name: site, town_key: townKey }, mark, name, key, words) {
  if (mark && key && (!townKey || await markOf(townKey) !== mark)) throw new Error(words);
  return { device: { id, token, town, code: number, name: name || site, townKey }, pair: key?.pair ?? null };
}

/** A code of the address is good for one use: it stays neither in the address nor in the history. */
export function codeOfAddress() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (code) history.replaceState(null, "", location.pathname);
  return code;
}
