// Nothing moves under a finger. While somebody points at a list or goes through it by keys, what would move its rows waits
// behind a bar that says how much there is. A hand that has rested for a while is no hand: an unattended desk is never old.

const RESTED = 8000;

export class Still {
  #box;
  #bar;
  #draw;
  #last = -Infinity;
  #timer = 0;

  /** `bar` is a button whose place is kept while it is not needed; `draw` puts everything where it belongs. */
  constructor(box, bar, draw) {
    this.#box = box;
    this.#bar = bar;
    this.#draw = draw;
    for (const kind of ["pointermove", "pointerdown", "wheel", "keydown", "focusin"]) {
      box.addEventListener(kind, () => { this.#last = performance.now(); }, { passive: true });
    }
    for (const kind of ["pointerleave", "focusout"]) box.addEventListener(kind, () => setTimeout(() => this.#look(), 50));
    bar.onclick = () => {
      this.#show();
      box.focus({ preventScroll: true });
      this.#last = -Infinity;
    };
  }

  get #isInHand() {
    return performance.now() - this.#last < RESTED && (this.#box.matches(":hover") || this.#box.contains(document.activeElement));
  }

  /** True where rows may move now; else the bar says that `count` new ones wait. */
  mayMove(count) {
    if (!this.#isInHand) {
      this.#bar.classList.remove("waits");
      return true;
    }
    this.#bar.textContent = count > 0 ? `新しい${count}件` : "変わりました";
    this.#bar.classList.add("waits");
    this.#timer ||= setInterval(() => this.#look(), 1000);
    return false;
  }

  /** Nothing waits any more: all has just been drawn. */
  rest() {
    clearInterval(this.#timer);
    this.#timer = 0;
    this.#bar.classList.remove("waits");
  }

  #look() {
    if (this.#bar.classList.contains("waits") && !this.#isInHand) this.#show();
  }

  #show() {
    this.rest();
    this.#last = -Infinity;
    this.#draw();
  }
}
