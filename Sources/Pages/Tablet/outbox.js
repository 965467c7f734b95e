// Receipts and reports on their way up. An entry stays until the hub has accepted it; the same id twice counts once,
// so sending again is always right.

import { read, write } from "./store.js";

const LIMIT = 500;
const BATCH = 50;

export class Outbox {
  #entries = [];
  #isSending = false;
  #batch = BATCH;
  #isClosed = false;
  /** Tells entries of this page, whose age is known exactly, from those before a reload. */
  #session = Math.random();

  /** `hooks`: token(), revoked(), changed(count), accepted(entry), refused(entry, words). */
  constructor(hooks) {
    this.hooks = hooks;
  }

  async open() {
    this.#isClosed = false;
    this.#entries = (await read("outbox")) ?? [];
    this.hooks.changed(this.#entries.length);
  }

  /** Forgets everything and writes nothing any more until it is opened again. */
  close() {
    this.#isClosed = true;
    this.#entries = [];
    this.hooks.changed(0);
  }

  get count() {
    return this.#entries.length;
  }

  /** `path` is `receipts` or `reports`. An id that is already waiting is not put in again. */
  async add(path, body) {
    if (this.#isClosed || this.#entries.some((entry) => entry.body.id === body.id)) return;
    this.#entries.push({ path, body, at: Date.now(), tick: performance.now(), session: this.#session });
    if (this.#entries.length > LIMIT) {
      // Receipts are worth less than what a shelter reports.
      const oldest = this.#entries.findIndex((entry) => entry.path === "receipts");
      this.#entries.splice(Math.max(0, oldest), 1);
    }
    await this.#keep();
    await this.send();
  }

  async send() {
    if (this.#isSending || !this.hooks.token()) return;
    this.#isSending = true;
    try {
      while (this.#entries.length > 0 && await this.#sendSome()) { /* until it is empty or the line is cut */ }
    } finally {
      this.#isSending = false;
    }
  }

  async #sendSome() {
    const first = this.#entries[0];
    const some = first.path === "receipts"
      ? this.#entries.filter((entry) => entry.path === "receipts").slice(0, this.#batch) : [first];
    const bodies = some.map((entry) => ({ ...entry.body, elapsed_ms: this.#age(entry) }));
    let answer;
    try {
      answer = await fetch("/v1/" + first.path, {
        method: "POST", signal: AbortSignal.timeout(10000),
        headers: { Authorization: "Bearer " + this.hooks.token(), "Content-Type": "application/json" },
        body: JSON.stringify(first.path === "receipts" ? { receipts: bodies } : bodies[0]),
      });
    } catch {
      return false;
    }
    if (answer.status === 401) {
      this.hooks.revoked();
      return false;
    }
    const isFinal = answer.ok || [400, 404, 409, 413, 422].includes(answer.status);
    if (!isFinal) return false;
    if (!answer.ok && some.length > 1) {
      // One of them is wrong: told one by one, the others arrive.
      this.#batch = 1;
      return true;
    }
    if (answer.ok) this.hooks.accepted(first);
    else this.hooks.refused(first, await problemWords(answer));
    this.#entries = this.#entries.filter((entry) => !some.includes(entry));
    await this.#keep();
    return true;
  }

  /** Milliseconds since it happened, never by comparing clocks of two machines. */
  #age(entry) {
    const age = entry.session === this.#session ? performance.now() - entry.tick : Date.now() - entry.at;
    return Math.max(0, Math.round(age));
  }

  async #keep() {
    if (this.#isClosed) return;
    this.hooks.changed(this.#entries.length);
    await write("outbox", this.#entries);
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
