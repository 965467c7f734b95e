// Where this tablet stands, first of all: what holds here, the two nearest shelters that are fit, and what this house has written down to do.
// The register says where that is (`GET /v1/place`), and it is kept on the tablet. What it does not say is left out: no way is told without two places.

import { isInForce } from "./board.js";
import { kindWords, textOf, tone } from "./front.js";
import { GRAVE } from "./news.js";
import { ask } from "./signed.js";
import { read, write } from "./store.js";
import { wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
/** From here on it is too late to go anywhere. */
const TOO_LATE = 5;
const FITNESS = ["fit", "conditional", undefined, "unfit"];
const STATES = ["open", "full", "closed"];
const EARTH = 6371e3;

// MARK: values

/** From which people flee now, of one mode. */
export const hazardsOf = (visible, mode) => [...new Set(visible.filter((entry) => isInForce(entry) && entry.alert.mode === mode).map((entry) => entry.alert.hazard).filter(Boolean))];

/** The worst of what the register says: "fit", "conditional", undefined (nobody has said), "unfit". */
export const fitness = (shelter, hazards) => FITNESS[Math.max(0, ...hazards.map((hazard) => FITNESS.indexOf(shelter.fitness?.[hazard])))];

const rank = (shelter, hazards) => [fitness(shelter, hazards) === "unfit" ? 1 : 0, STATES.indexOf(shelter.state)];

/** What nobody may be sent to stands last, else open ones first; what is alike stays as the town lists it. */
export const inOrder = (shelters, hazards) => shelters.map((shelter) => [shelter, ...rank(shelter, hazards)]).sort((a, b) => a[1] - b[1] || a[2] - b[2]).map(([shelter]) => shelter);

/** Metres and degrees from north; null where one of the two places is not known. */
export function way(from, to) {
  if (![from, to].every((place) => Number.isFinite(place?.latitude) && Number.isFinite(place?.longitude))) return null;
  const rad = Math.PI / 180, north = to.latitude - from.latitude, east = (to.longitude - from.longitude) * Math.cos((from.latitude + to.latitude) / 2 * rad);
  return { metres: Math.hypot(north, east) * rad * EARTH, degrees: (Math.atan2(east, north) / rad + 360) % 360 };
}

/** The two to go to: open and fit, then fit in part, the nearer first. */
export function nearest(shelters, hazards, place) {
  const isGood = (shelter) => shelter.state === "open" && (hazards.length === 0 || ["fit", "conditional"].includes(fitness(shelter, hazards)));
  return shelters.filter(isGood).map((shelter) => ({ shelter, part: FITNESS.indexOf(fitness(shelter, hazards)), way: way(place, shelter) }))
    .sort((a, b) => a.part - b.part || (a.way?.metres ?? Infinity) - (b.way?.metres ?? Infinity) || 0).slice(0, 2);
}

/** 350 m, 1.2 km: rounded, since people walk around blocks. */
export const distance = (metres) => (metres < 950 ? `${Math.max(10, Math.round(metres / (metres < 100 ? 10 : 50)) * (metres < 100 ? 10 : 50))} m` : `${(metres / 1000).toFixed(1)} km`);

/** The latest word on shelters, and of which mode it is. */
export const latestOf = (visible) => visible.filter((entry) => entry.alert.shelters?.length)
  .sort((a, b) => Date.parse(b.alert.server_time) - Date.parse(a.alert.server_time))[0];

/** What a reader must know of a shelter before going there. */
export function warnings(shelter, hazards, words) {
  if (shelter.state === "closed") return "";
  const said = { conditional: words.inPart, unfit: words.notFit, undefined: words.notKnown };
  return hazards.map((hazard) => said[shelter.fitness?.[hazard]]?.(words.hazard[hazard] ?? hazard)).filter(Boolean).join(words.remarks);
}

export const nameOf = (shelter, words) => (words.names === "roman" && shelter.roman_name ? shelter.roman_name : shelter.name);

// MARK: the page

function element(name, text, className = "", lang = "") {
  const made = document.createElement(name);
  made.textContent = text;
  if (className) made.className = className;
  if (lang) made.lang = lang;
  return made;
}

/** Points up at 0 degrees. */
function arrow(degrees) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", "M12 2l7 9h-4.5v11h-5V11H5z");
  path.setAttribute("transform", `rotate(${Math.round(degrees)} 12 12)`);
  svg.append(path);
  return svg;
}

export class Place {
  #said = null;
  #tag = null;

  /** `hooks`: token(), visible() of the board, language(), changed() where this stands. */
  constructor(hooks) {
    this.hooks = hooks;
  }

  async open() {
    const kept = await read("place");
    this.#said = kept?.said ?? null;
    this.#tag = kept?.tag ?? null;
  }

  /** What the register calls where this stands. */
  get names() {
    return [this.#said?.name, this.#said?.district].filter(Boolean);
  }

  /** Whether a word of the town's is of this place; of what is not known here, nothing is. */
  isHere(site) {
    return this.#said?.site === site;
  }

  forget() {
    this.#said = this.#tag = null;
    write("place", null);
  }

  async ask() {
    const token = this.hooks.token();
    if (!token) return;
    try {
      const answer = await ask(token, "/v1/place", { headers: this.#tag ? { "If-None-Match": this.#tag } : {}, signal: AbortSignal.timeout(10000) });
      if (!answer.ok || token !== this.hooks.token()) return;
      this.#said = await answer.json();
      this.#tag = answer.headers.get("ETag");
      await write("place", { said: this.#said, tag: this.#tag });
      this.hooks.changed?.();
      this.show();
    } catch { /* later */ }
  }

  show() {
    const place = this.#said, words = wordsOf(this.hooks.language());
    byID("here").hidden = !place;
    if (!place) return;
    byID("here-name").textContent = words.here(place.district ?? place.name);
    const visible = this.hooks.visible(), own = this.#gravest(visible.filter(isInForce));
    this.#sayLevel(own, words);
    this.#sayShelters(visible, own, words);
    const steps = byID("here-steps"), alert = own && own.gravity >= GRAVE ? own.alert.event : "";
    steps.hidden = !place.procedure;
    // Unfolded by each new danger, and folded again by people alone.
    if (alert && steps.dataset.alert !== alert) steps.open = true;
    steps.dataset.alert = alert;
    byID("here-procedure").textContent = place.procedure ?? "";
  }

  /** What is real before what is played, what is graver before a level that is less grave: an order about a tsunami has none. */
  #gravest(entries) {
    const weight = ({ alert, gravity }) => [alert.mode === "exercise" ? 0 : 1, alert.doubt ? 0 : 1, gravity, alert.level ?? 0];
    return entries.map((entry) => [entry, weight(entry)]).sort(([, a], [, b]) => b.map((one, at) => one - a[at]).find(Boolean) ?? 0)[0]?.[0];
  }

  #sayLevel(own, words) {
    const level = byID("here-level"), what = byID("here-what"), language = this.hooks.language();
    level.parentElement.className = own ? "band tone-" + tone(own) : "";
    level.textContent = own ? (own.alert.mode === "exercise" ? words.drillTitle : "") + kindWords(own, language) : "";
    const said = own && textOf(own.alert, language);
    what.textContent = said?.title ?? "";
    what.lang = said?.language ?? language;
    what.hidden = !own;
  }

  #sayShelters(visible, own, words) {
    const latest = latestOf(visible), mode = latest?.alert.mode, hazards = latest ? hazardsOf(visible, mode) : [];
    const found = latest ? nearest(latest.alert.shelters, hazards, this.#said) : [];
    const isLate = own?.alert.level >= TOO_LATE, isNone = found.length === 0 && hazards.length > 0 && latest.alert.shelters.some((shelter) => shelter.state === "open");
    byID("here-shelters").hidden = isLate || found.length === 0 && !isNone;
    byID("here-shelters-title").textContent = (mode === "exercise" ? words.drillTitle : "") + (found.length > 0 && found.every((one) => one.way) ? words.nearest : words.usable);
    byID("here-list").replaceChildren(...(isNone ? [element("li", words.noneUsable)] : found.map((one) => this.#row(one, hazards, words))));
  }

  #row({ shelter, way: known }, hazards, words) {
    const item = document.createElement("li"), name = nameOf(shelter, words), isHere = shelter.id === this.#said.shelter;
    item.append(element("b", name, "", name === shelter.name ? "ja" : ""));
    if (isHere) item.append(" ", element("span", words.atHere));
    else if (known) item.append(" ", arrow(known.degrees), element("span", `${words.directions.split("/")[Math.round(known.degrees / 45) % 8]} ${distance(known.metres)}`));
    const warning = warnings(shelter, hazards, words);
    if (warning) item.append(" ", element("strong", warning));
    return item;
  }
}
