// What this device says of itself every three minutes: that its page runs, whether it can sound, and how long its battery lasts.
// The town sees a place that will be silent before it is.

import { BUILD } from "./lists.js";
import { ask } from "./signed.js";

const EVERY = 180000;
/** How often it is looked whether a word is due: the first one comes within so many milliseconds, and not of all tablets in the same moment. */
const LOOK = 5000;

export class Signs {
  #battery = null;
  #told = -EVERY;

  /** `hooks`: token() while the line is up, null else; isMute(); exam() seconds of an examination that are left, or null; seals() whether the town's words are proven here. */
  constructor(hooks) {
    this.hooks = hooks;
  }

  async run() {
    setTimeout(() => setInterval(() => { if (performance.now() - this.#told >= EVERY) this.tell(); }, LOOK), Math.random() * LOOK);
    // Not every browser tells it, and none over plain http.
    this.#battery = await navigator.getBattery?.().catch(() => null) ?? null;
    this.#battery?.addEventListener("chargingchange", () => this.tell());
  }

  tell() {
    const token = this.hooks.token(), battery = this.#battery;
    if (!token) return;
    this.#told = performance.now();
    const left = battery?.dischargingTime, sign = { mute: this.hooks.isMute(), seals: this.hooks.seals(), page: BUILD, exam_seconds: this.hooks.exam() ?? undefined };
    if (battery) Object.assign(sign, { charge: Math.round(battery.level * 100), plugged: battery.charging, minutes: Number.isFinite(left) ? Math.floor(left / 60) : null });
    ask(token, "/v1/signs", {
      method: "POST", signal: AbortSignal.timeout(10000), headers: { "Content-Type": "application/json" }, body: JSON.stringify({ signs: [sign] }),
    }).catch(() => {});
  }
}
