// Real or drill: two places that are never on one screen. The address says which one a tab is for (`#drill/…`), the person
// says it once, deliberately, and only where both agree does a room open. Nothing written in one is carried into the other:
// whoever crosses gets a new page.

import { byID, modeMark } from "./parts.js";

const KEY = "noroshi-world";
const DRILL = "drill/";
/** Rooms of registers: what is changed there holds for real, so the drill has no door to them. */
const REAL_ONLY = new Set(["devices", "shelters", "people", "settings"]);

/** `actual` or `exercise`; empty before anybody has chosen. */
export const world = () => sessionStorage.getItem(KEY) ?? "";
export const isDrill = () => world() === "exercise";

const written = () => decodeURIComponent(location.hash.slice(1));
const asked = () => (written().startsWith(DRILL) ? "exercise" : "actual");
const address = (mode, place) => (mode === "exercise" ? DRILL : "") + place;

/** The room the address names, and what of it. */
export const place = () => written().replace(DRILL, "");
export const hasRoom = (name) => (isDrill() ? !REAL_ONLY.has(name) : name !== "drills");

/** Nothing chosen, or an address of the other place: a link, a bookmark, the way back. */
export const isBetween = () => world() !== asked();

/** Goes somewhere in the place one is in. */
export const go = (place) => { location.hash = address(world(), place); };
export const replace = (place) => history.replaceState(null, "", "#" + address(world(), place));

/** `changed` is called where the choice opened a room without a new address. */
export function prepare(changed) {
  byID("world-actual").onclick = () => choose("actual", changed);
  byID("world-exercise").onclick = () => choose("exercise", changed);
  byID("world-back").onclick = () => go("alerts");
  byID("cross").onclick = () => { location.hash = address(isDrill() ? "actual" : "exercise", "alerts"); };
}

export function choose(mode, changed = () => {}) {
  const before = world(), next = "#" + address(mode, asked() === mode && place() || "alerts");
  sessionStorage.setItem(KEY, mode);
  const isSame = decodeURIComponent(location.hash) === next;
  location.replace(next);
  if (before && before !== mode) location.reload();
  else if (isSame) changed();
}

/** The colour of the whole page, the mark on the strip, and which doors there are. */
export function dress() {
  const isOpen = !isBetween(), mode = isOpen ? world() : "";
  document.body.dataset.world = mode;
  byID("world").replaceChildren(mode ? modeMark(mode) : "");
  byID("cross").hidden = !mode;
  byID("cross").textContent = isDrill() ? "本番へ移る" : "訓練へ移る";
  byID("world-back").hidden = !world();
  const doors = [...document.querySelectorAll("[data-room]")];
  for (const door of doors) door.hidden = !hasRoom(door.dataset.room);
  byID("room-keys").textContent = isDrill() ? "1〜5・9・0" : "1〜9・0";
}
