// An examination: nothing sounds here, and what has to be seen is seen all the same. It begins and ends by the hub's time, by itself.
//
// Somebody sets one on this tablet, or the town for a whole school, signed with what it says of the place. While it lasts the gravest that calls fills the screen and flashes; an early warning, or whatever comes in the first class, flashes and
// shakes the tablet too. All that came meanwhile is listed when it is over, and calls then. Where nobody knows the time there is sound.

import { block } from "./list.js";
import { read, write } from "./store.js";
import { clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
/** The longest examination, in milliseconds: whoever forgets one is not left without a sound for a day. */
const LONGEST = 6 * 3600e3;
const DAY = 86400e3;
const JAPAN = 9 * 3600e3;
/** What came in one examination, by name. */
const MOST = 50;
const SHAKE = [500, 200, 500];

/** In Japan, as a field of the form has it: `09:30`. */
const hours = (time) => new Date(time + JAPAN).toISOString().slice(11, 16);

/** The time of the clock `text` that is nearest behind `after`; a beginning may lie some minutes back. */
function moment(text, after) {
  const [hour, minute] = text.split(":").map(Number), midnight = Math.floor((after + JAPAN) / DAY) * DAY - JAPAN;
  const time = midnight + (hour * 60 + minute) * 60e3;
  return time < after ? time + DAY : time;
}

/** What flashes and shakes, whatever is written. */
export const isPressing = ({ alert, calls }) => calls && alert.mode !== "exercise" && (alert.kind === "eew" || alert.priority === "immediate");

export class Exam {
  #plan = null;
  /** The town's own, the first one first; and the end of that which somebody here has ended. */
  #town = [];
  #ended = 0;
  #missed = [];
  #wasOn = false;

  /** `hooks`: clock(), language(), changed(). */
  constructor(hooks) {
    this.hooks = hooks;
    const form = byID("exam-form");
    byID("exam").ontoggle = () => this.#suggest(form);
    form.onsubmit = (event) => { event.preventDefault(); this.#set(form); };
    byID("exam-stop").onclick = () => this.#end();
    byID("missed-close").onclick = () => { this.#missed = []; this.#keep(); this.show(); };
  }

  async open() {
    ({ plan: this.#plan = null, town: this.#town = [], ended: this.#ended = 0, missed: this.#missed = [] } = (await read("exam")) ?? {});
    this.#wasOn = this.isOn;
  }

  #keep() {
    return write("exam", { plan: this.#plan, town: this.#town, ended: this.#ended, missed: this.#missed });
  }

  /** That which lasts now. */
  get #current() {
    const clock = this.hooks.clock(), now = clock.now();
    return clock.isCertain ? this.#all.find(({ from, until }) => now >= from && now < until) : undefined;
  }

  get #all() {
    return [this.#plan, ...this.#town.filter(({ until }) => until > this.#ended)].filter(Boolean);
  }

  get isOn() {
    return Boolean(this.#current);
  }

  /** What the town has set for this place, all of it. */
  planned(exams) {
    const town = exams.map(({ from, until }) => ({ from: Date.parse(from), until: Date.parse(until) })).filter(({ from, until }) => until > from && until - from <= LONGEST);
    if (JSON.stringify(town) === JSON.stringify(this.#town)) return;
    this.#town = town;
    this.#keep();
    this.show();
  }

  /** Seconds until it is over, while it lasts: clocks of two machines are not compared. */
  get seconds() {
    return this.isOn ? Math.ceil((this.#current.until - this.hooks.clock().now()) / 1000) : null;
  }

  /** Something came, or changed. */
  took(alert) {
    if (!this.isOn) return;
    const { title } = alert.texts?.[this.hooks.language()] ?? alert.texts?.ja ?? {};
    if (!title) return;
    this.#missed = [...this.#missed, { at: this.hooks.clock().now(), title, mode: alert.mode }].slice(-MOST);
    this.#keep();
  }

  /** Once a second. */
  tick(front) {
    if (this.isOn && front && isPressing(front) && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(SHAKE);
    const clock = this.hooks.clock();
    if (this.#plan && clock.isCertain && clock.now() >= this.#plan.until) {
      this.#plan = null;
      this.#keep();
    }
    if (this.isOn === this.#wasOn) return;
    this.#wasOn = this.isOn;
    this.hooks.changed();
  }

  #suggest(form) {
    const now = this.hooks.clock().now();
    if (!byID("exam").open) return;
    form.from.value = hours(now);
    form.until.value = hours(now + 3600e3);
  }

  #set(form) {
    const now = this.hooks.clock().now(), words = wordsOf(this.hooks.language());
    // What was suggested may be a minute old.
    const from = moment(form.from.value, now - 10 * 60e3), until = moment(form.until.value, from + 60e3);
    const isFine = until - from <= LONGEST && until > now && this.hooks.clock().isCertain;
    byID("exam-problem").textContent = isFine ? "" : words.examWrong;
    if (!isFine) return;
    this.#plan = { from, until };
    this.#missed = [];
    byID("exam").open = false;
    this.#wasOn = this.isOn;
    this.#tell();
  }

  #end() {
    const now = this.hooks.clock().now(), shown = this.#shown;
    this.#ended = Math.max(this.#ended, ...this.#town.filter((one) => one === shown || one.from <= now && now < one.until).map(({ until }) => until));
    this.#plan = null;
    this.#wasOn = false;
    this.#tell();
  }

  /** What is said on the screen is on the tablet: whoever closes the page at once finds it again. */
  #tell() {
    this.#keep().finally(this.hooks.changed);
  }

  /** Another's tablet now. */
  forget() {
    [this.#plan, this.#town, this.#ended, this.#missed, this.#wasOn] = [null, [], 0, [], false];
  }

  /** Of which people read here: that which lasts, or the next of today. */
  get #shown() {
    const now = this.hooks.clock().now();
    return this.#current ?? this.#all.filter(({ from, until }) => until > now && from - now < DAY / 2).sort((a, b) => a.from - b.from)[0];
  }

  show() {
    const words = wordsOf(this.hooks.language()), now = this.hooks.clock().now(), plan = this.#shown;
    byID("exam-on").hidden = !plan;
    if (plan) {
      const text = (time) => clockText(time, now, this.hooks.language());
      byID("exam-words").textContent = (this.isOn ? "" : words.examSoon(text(plan.from)) + words.gap) + words.examOn(text(plan.until));
    }
    byID("missed").hidden = this.isOn || this.#missed.length === 0;
    byID("missed-list").replaceChildren(...this.#missed.map(({ at, title, mode }) =>
      block("li", clockText(at, now, this.hooks.language()) + words.gap + (mode === "exercise" && !title.startsWith(words.drillTitle) ? words.drillTitle : "") + title)));
  }
}
