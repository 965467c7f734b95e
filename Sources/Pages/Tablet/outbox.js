// Receipts and reports on their way up, one record each, so that no tab writes over another's. An entry stays until it was
// taken; the same id twice counts once, so sending again is always right.

import { ask } from "./signed.js";
import { dropRecords, putRecord, records } from "./store.js";

const LIMIT = 500;
const BATCH = 50;

const keyOf = (entry) => entry.path + "/" + entry.body.id;

export class Outbox {
  #entries = new Map();
  #isSending = false;
  #batch = BATCH;
  #isClosed = false;
  #count = 0;
  /** Tells entries of this page, whose age is known exactly, from those before a reload. */
  #session = Math.random();

  /** `hooks`: token(), town() of it, time() of the hub (null where it is not known), owns(), handOver(), changed(count), told(entry, state), refused(entry, words). */
  constructor(hooks) {
    this.hooks = hooks;
  }

  /** Takes in what lies on the tablet, from this tab and others. */
  async open() {
    this.#isClosed = false;
    for (const entry of await records()) {
      if (!this.#entries.has(keyOf(entry))) this.#entries.set(keyOf(entry), entry);
    }
    this.hooks.changed(this.#entries.size);
  }

  /** Forgets everything and writes nothing any more until it is opened again. */
  close() {
    this.#isClosed = true;
    this.#entries.clear();
    this.hooks.changed(0);
  }

  /** `path` is `receipts`, `reports` or `rollcall/answers`. True once it lies on this tablet; false: in this page's memory alone. */
  async add(path, body) {
    const entry = { path, body, at: Date.now(), order: Date.now() * 1000 + (this.#count++ % 1000), hub: this.hooks.time?.() ?? null, least: this.hooks.least?.() ?? null, tick: performance.now(), session: this.#session, town: this.hooks.town(), device: this.hooks.device?.() };
    if (this.#isClosed || this.#entries.has(keyOf(entry))) return true;
    this.#entries.set(keyOf(entry), entry);
    const isKept = await putRecord(keyOf(entry), entry);
    await this.#makeRoom();
    this.hooks.changed(this.#entries.size);
    if (this.hooks.owns()) this.send();
    else if (isKept) this.hooks.handOver();
    return isKept;
  }

  async #makeRoom() {
    if (this.#entries.size <= LIMIT) return;
    // Receipts are worth less than what a shelter reports.
    const oldest = [...this.#entries.values()].find((entry) => entry.path === "receipts") ?? this.#entries.values().next().value;
    await this.#drop([oldest]);
  }

  async send() {
    if (this.#isSending || !this.hooks.owns() || !this.hooks.token()) return;
    this.#isSending = true;
    try {
      while (!this.#isClosed && await this.#sendSome()) { /* until it is empty or the line is cut */ }
    } finally {
      this.#isSending = false;
    }
  }

  /** What belongs to the town this tablet is registered in now. Who is hurt comes first, then what a shelter needs. */
  #waiting() {
    const town = this.hooks.town();
    const own = [...this.#entries.values()].filter((entry) => !entry.town || !town || entry.town === town);
    // Of whoever had this tablet before nobody speaks.
    const device = this.hooks.device?.(), people = own.filter((entry) => entry.path === "rollcall/answers" && (!device || entry.device === device));
    if (people.length > 0) return people.slice(0, this.#batch);
    const report = own.find((entry) => entry.path === "reports");
    return report ? [report] : own.filter((entry) => entry.path !== "rollcall/answers").slice(0, this.#batch);
  }

  async #sendSome() {
    const some = this.#waiting(), first = some[0];
    if (!first) return false;
    // An edge that had no power does not know for how long: the hub's time of then says what was said last, or a time that was certainly over then.
    const bodies = some.map((entry) => ({ ...entry.body, elapsed_ms: this.#age(entry), ...(first.path === "rollcall/answers" ? { not_before_ms: entry.hub ?? entry.least } : {}) }));
    let answer;
    try {
      answer = await ask(this.hooks.token(), "/v1/" + first.path, {
        method: "POST", signal: AbortSignal.timeout(10000), headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ receipts: { receipts: bodies }, "rollcall/answers": { answers: bodies } }[first.path] ?? bodies[0]),
      });
    } catch {
      return false;
    }
    // Not known here, or no more: the line finds out what it means. Nothing is thrown away.
    const page = answer.ok ? await answer.json().catch(() => null) : null;
    // A page that asks to log in says yes to everything, and takes nothing.
    const isFinal = answer.ok ? some.every(({ body }) => [].concat(page?.accepted).includes(body.id))
      : (answer.headers.get("Content-Type") ?? "").startsWith("application/problem+json")
        && ([400, 404, 409, 413, 422].includes(answer.status) || answer.status === 403 && first.path === "rollcall/answers");
    if (!isFinal) return false;
    if (!answer.ok && some.length > 1) {
      // One of them is wrong: told one by one, the others arrive.
      this.#batch = 1;
      return true;
    }
    const said = answer.ok ? page.state ?? "received" : await problemWords(answer);
    for (const entry of some) {
      if (answer.ok) this.hooks.told(entry, said);
      else this.hooks.refused(entry, said);
    }
    await this.#drop(some);
    if (this.#entries.size === 0) this.#batch = BATCH;
    return true;
  }

  /**
   * Milliseconds since it happened, never by comparing clocks of two machines: by the page's running time, which may stand while a tablet
   * sleeps, or by the hub's, whichever this tablet's own clock bears out; by that alone, which may have been turned, where both are missing.
   */
  #age(entry) {
    const own = Date.now() - entry.at, hub = this.hooks.time?.();
    const known = [entry.session === this.#session && performance.now() - entry.tick, hub && entry.hub && hub - entry.hub]
      .filter(Number.isFinite).sort((a, b) => Math.abs(a - own) - Math.abs(b - own));
    return Math.max(0, Math.round(known[0] ?? own));
  }

  async #drop(some) {
    for (const entry of some) this.#entries.delete(keyOf(entry));
    this.hooks.changed(this.#entries.size);
    await dropRecords(some.map(keyOf));
  }
}

/** The words of an application/problem+json answer. */
export async function problemWords(answer) {
  try {
    const problem = await answer.json();
    return problem.detail ?? problem.title ?? String(answer.status);
  } catch {
    return String(answer.status);
  }
}
