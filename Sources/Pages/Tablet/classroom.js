// What a classroom makes of the alerts, as values: which one is the largest, what is read first of it, what may sound.
// Nobody stands at an electronic blackboard to press a button: what calls ends by itself, and what is taken back comes first
// for a while by itself.

import { key } from "./board.js";
import { GRAVE, isOver } from "./news.js";

/** Milliseconds for which something grave that was taken back stands before what is less grave. */
const TAKEN_BACK_FOR = 5 * 60e3;
/** Milliseconds of calling; the words stay. */
const CALLS_FOR = 60e3;
/** The longest sentence that is set in the largest letters. */
const ACT = 44;

const isFresh = (entry, now) => entry.cancelledBy && entry.gravity >= GRAVE && now - entry.cancelledAt < TAKEN_BACK_FOR;

/** `visible` as the board has it; a lesser alert does not hide that a graver one was wrong. */
export function inOrder(visible, now) {
  const fresh = visible.filter((entry) => isFresh(entry, now)), rest = visible.filter((entry) => !isFresh(entry, now));
  for (const entry of fresh) {
    const place = rest.findIndex((other) => isOver(other.alert) || other.cancelledBy || other.gravity < entry.gravity
      || (other.alert.mode === "exercise" && entry.alert.mode !== "exercise"));
    rest.splice(place < 0 ? rest.length : place, 0, entry);
  }
  return rest;
}

/**
 * The alert's name, the one thing to do, and what else is said. Titles are made of name and act (「避難指示：危険な場所から全員避難」);
 * where one is a name alone, the first sentence of the text that asks for something is the act.
 */
export function readFirst({ title, body }) {
  const cut = Math.max(title.lastIndexOf("："), title.lastIndexOf("　"));
  if (cut > 0 && cut < title.length - 1) return { name: title.slice(0, cut), act: title.slice(cut + 1), rest: body };
  const act = body.split(/(?<=。)|\n/).map((one) => one.trim()).find((one) => /ください。?$/.test(one) && one.length <= ACT);
  return act ? { name: title, act, rest: body.replace(act, "").replace(/^[ \t]*\n/gm, "\n").trim() } : { name: title, act: "", rest: body };
}

/** What of the alerts a classroom hears: what is immediate, for a minute. */
export class Patience {
  /** Since when each calls, by event; what has been hushed, by the id of what was said. */
  #since = new Map();
  #hushed;

  constructor(hushed = []) {
    this.#hushed = new Set(hushed);
  }

  get hushed() {
    return [...this.#hushed].slice(-50);
  }

  /** `now` in milliseconds of any clock that does not jump. */
  audible(visible, now) {
    return visible.filter((entry) => {
      const name = key(entry.alert), said = (entry.cancelledBy ?? entry.alert).id;
      const isImmediate = entry.gravity === 5 || entry.alert.priority === "immediate";
      if (!entry.calls) {
        this.#since.delete(name);
        return isImmediate && entry.chime && !isOver(entry.alert);
      }
      if (this.#hushed.has(said)) return false;
      const began = this.#since.get(name);
      if (!began && !isImmediate) return false;
      const isNews = began && began.said !== said && entry.change !== "unchanged";
      if (!began || isNews) this.#since.set(name, { said, at: now });
      else began.said = said;
      if (now - this.#since.get(name).at < CALLS_FOR) return true;
      this.#hushed.add(said);
      return false;
    });
  }

  /** Somebody touched the screen: what calls now has been heard. */
  hush(visible) {
    for (const entry of visible) if (entry.calls) this.#hushed.add((entry.cancelledBy ?? entry.alert).id);
  }
}
