// Which town this desk works for. Whoever has several chooses; nobody starts in a town by accident. A hub that does not
// list its towns leaves the code to be typed.

import { call } from "./api.js";
import { button, byID } from "./parts.js";

const KEY = "noroshi-town";
let towns = [];

/** Towns with their districts, shelters and far ends. `changed` is called when another one is chosen. */
export async function prepare(changed) {
  const answer = await call("GET", "/v1/towns").catch((error) => {
    if (error.status === 401) throw error;
    return null;
  });
  towns = answer?.towns ?? [];
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

/** Several towns, and none chosen yet. */
export const mustChoose = () => towns.length > 1 && !byID("town-select").value;

export const code = () => (towns.length > 0 ? byID("town-select").value : byID("town-code").value.trim());

/** The chosen town; only its code where the hub tells no more. */
export const current = () => towns.find((town) => town.code === code()) ?? { code: code(), name: code() };

/** The ways out this town has. */
export const channels = () => [...new Set((current().endpoints ?? []).map((item) => item.channel))];

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
