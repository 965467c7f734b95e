// The hub's time. A tablet's own clock may have lain in a cupboard for a year: it is never asked what is over.

export class HubClock {
  #offset = null;
  /** The hub has said the time in this life of the page. */
  isCertain = false;
  /** Who answers now does not know the time himself. */
  isGuessed = false;
  /** The last time the hub said before the page was loaded again: it is later than that now, nobody knows how much. */
  recalled = null;

  recall(time) {
    this.recalled = time ?? null;
    if (!this.isCertain && time) this.#offset = time - performance.now();
  }

  learn(text) {
    const time = Date.parse(text ?? "");
    if (Number.isNaN(time)) return;
    this.#offset = time - performance.now();
    this.isCertain = true;
    this.isGuessed = false;
  }

  /** Said by an edge that has not heard the hub since it started: it may be hours behind, and takes nothing from who knows the time. */
  guess(text) {
    const time = Date.parse(text ?? "");
    this.isGuessed = true;
    if (!Number.isNaN(time) && (!this.mayJudge || time > this.now())) this.#offset = time - performance.now();
  }

  /** It is no earlier than this. The line's time may be hours old, and a tablet that slept counts on without its sleep. */
  atLeast(time) {
    if (this.mayJudge && time > this.now()) this.#offset = time - performance.now();
  }

  /** Whether `now` may end anything: never later than it is, unless the hub was never heard. */
  get mayJudge() {
    return this.#offset !== null;
  }

  /** Milliseconds since 1970. The tablet's own clock where the hub was never heard. */
  now() {
    return this.#offset === null ? Date.now() : this.#offset + performance.now();
  }
}
