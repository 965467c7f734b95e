// One key for each thing that takes seconds at night. They act where nobody writes, can be switched off, and stand where
// everybody reads them. No key sends by itself: the last one is held down for as long as it takes to mean it.

import { byID } from "./parts.js";

const OFF = "noroshi-keys-off";
/** Long enough that no elbow, cat or stuck finger sends; short enough for a hurry. Milliseconds. */
const HELD = 1000;

const isOff = () => localStorage.getItem(OFF) !== null;
const isWriting = (target) => target.closest?.("input:not([type=radio],[type=checkbox],[type=button]), select, textarea, [contenteditable]") !== null;
/** Where an input method has the key, its place on the board says which one it is. */
const letter = (event) => (event.key.length === 1 ? event.key : event.code.replace(/^(Key|Digit|Numpad)/, "")).toUpperCase();

/** What is marked with this key and can be pressed now. */
const marked = (key) => [...document.querySelectorAll("[data-key]")].find((one) => one.dataset.key === key && one.checkVisibility() && !one.disabled);

export function prepare() {
  addEventListener("keydown", (event) => {
    if (isOff() || event.repeat || event.ctrlKey || event.altKey || event.metaKey || event.isComposing || byID("ask").open || isWriting(event.target)) return;
    const one = marked(letter(event));
    if (!one) return;
    event.preventDefault();
    one.click();
  });
  byID("keys-switch").onclick = () => {
    if (isOff()) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "yes");
    dress();
  };
  dress();
}

function dress() {
  document.body.classList.toggle("no-keys", isOff());
  byID("keys-switch").textContent = isOff() ? "キーを使う" : "キーを使わない";
}

/**
 * `button` acts once Enter or a pointer has been held down on it; `act` is not asked before. A short press does nothing here.
 * `what()` is what the hand means, or nothing where it may not act: what is another one at the end than it was at the beginning is not acted on.
 */
export function hold(button, what, act) {
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    timer = 0;
    button.classList.remove("held");
  };
  const start = () => {
    const held = what();
    if (timer || !held) return;
    button.classList.add("held");
    timer = setTimeout(() => {
      stop();
      if (what() === held) act();
    }, HELD);
  };
  button.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    if (!event.repeat) start();
  });
  button.addEventListener("pointerdown", (event) => { if (event.button === 0) start(); });
  for (const kind of ["keyup", "blur", "pointerup", "pointerleave", "pointercancel"]) button.addEventListener(kind, stop);
  addEventListener("visibilitychange", stop);
}
