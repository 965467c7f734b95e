// Which town this desk works for. Whoever has several chooses; nobody starts in a town by accident. A hub that does not
// list its towns leaves the code to be typed.

import { call } from "./api.js";
import { button, byID } from "./parts.js";

/** Where this tab keeps its town. */
export const KEY = "noroshi-town";
let towns = [], isTold = false;
/** Every way out of this hub: its name, what people call it, and who is at its far end. */
let ways = [];

/** Towns with their districts, shelters and far ends. `changed` is called when another one is chosen. */
export async function prepare(changed) {
  const answer = await call("GET", "/v1/towns").catch((error) => {
    if (error.status === 401) throw error;
    return null;
  });
  // Asked for again while the line is cut: what is known stays, and with it what somebody is writing.
  if (!answer && towns.length > 0) return;
  [towns, isTold] = [answer?.towns ?? [], Boolean(answer?.towns)];
  ways = answer?.channels ?? [];
  const select = byID("town-select"), input = byID("town-code");
  const words = (town) => `${town.name}（${town.code}）`;
  select.replaceChildren(...towns.map((town) => new Option(words(town), town.code)));
  // Kept for this tab until the person signs out: a reload does not lead into another town.
  select.value = towns.length === 1 ? towns[0].code : towns.some((town) => town.code === sessionStorage.getItem(KEY))
    ? sessionStorage.getItem(KEY) : "";
  select.hidden = towns.length === 0;
  input.hidden = towns.length > 0;
  byID("town").hidden = false;
  select.onchange = () => {
    sessionStorage.setItem(KEY, select.value);
    changed();
  };
  input.onchange = changed;
  byID("choose-list").replaceChildren(...towns.map((town) => button(words(town), () => {
    select.value = town.code;
    select.onchange();
  }, "main")));
}

/** A hub that tells its towns has none yet. */
export const isEmpty = () => isTold && towns.length === 0;

/** Several towns, and none chosen yet. */
export const mustChoose = () => towns.length > 1 && !byID("town-select").value;

/** Every town that there is to work in. */
export const all = () => towns;

export const code = () => (towns.length > 0 ? byID("town-select").value : byID("town-code").value.trim());

/** The chosen town; only its code where the hub tells no more. */
export const current = () => towns.find((town) => town.code === code()) ?? { code: code(), name: code() };

/** The hub's ways out, by name, and any other that a far end of this town is at. */
export const channels = () => [...new Set([...ways.map((way) => way.name), ...(current().endpoints ?? []).map((item) => item.channel)])];

export const channelWord = (channel) => ways.find((way) => way.name === channel)?.title ?? channel ?? "";

/** Whether the devices at its far ends answer for themselves. */
export const answers = (channel) => ways.some((way) => way.name === channel && way.role === "tablet");

/** Places of this town where tablets can stand. */
export const sites = () => (current().endpoints ?? []).filter((item) => item.role === "tablet");

/** The name of a place by its id; the id where the town knows none. */
export const siteName = (id) => sites().find((item) => item.id === id)?.name ?? id ?? "";

/** The name of a far end as the town knows it; its id where the hub tells none. */
export function endpointName(channel, id) {
  return current().endpoints?.find((item) => item.channel === channel && item.id === id)?.name ?? id ?? "";
}

export const shelterName = (id) => current().shelters?.find((item) => item.id === id)?.name ?? id ?? "";

/** For calls that ask about one town; without it the hub takes the only one this operator has. */
export function question(more = {}) {
  const all = code() ? { town: code(), ...more } : more;
  const text = new URLSearchParams(all).toString();
  return text ? "?" + text : "";
}
