// Which town this desk works for. A hub that does not list its towns leaves the code to be typed.

import { call } from "./api.js";
import { byID } from "./parts.js";

let towns = [];

/** Towns with their districts, shelters and far ends. `changed` is called when another one is chosen. */
export async function prepare(changed) {
  const answer = await call("GET", "/v1/towns").catch((error) => {
    if (error.status === 401) throw error;
    return null;
  });
  towns = answer?.towns ?? [];
  const select = byID("town-select"), input = byID("town-code");
  select.replaceChildren(...towns.map((town) => new Option(`${town.name}（${town.code}）`, town.code)));
  select.hidden = towns.length === 0;
  input.hidden = towns.length > 0;
  byID("town").hidden = false;
  select.onchange = input.onchange = changed;
}

export const code = () => (towns.length > 0 ? byID("town-select").value : byID("town-code").value.trim());

/** The chosen town; only its code where the hub tells no more. */
export const current = () => towns.find((town) => town.code === code()) ?? { code: code(), name: code() };

/** The name of a far end as the town knows it; its id where the hub tells none. */
export function endpointName(channel, id) {
  return current().endpoints?.find((item) => item.channel === channel && item.id === id)?.name ?? id ?? "";
}

/** For calls that ask about one town; without it the hub takes the only one this operator has. */
export function question(more = {}) {
  const all = code() ? { town: code(), ...more } : more;
  const text = new URLSearchParams(all).toString();
  return text ? "?" + text : "";
}
