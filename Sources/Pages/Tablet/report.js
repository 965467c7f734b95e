// What a shelter tells the town, and how far the last word has come: on this tablet, kept at this school, with the town,
// read by a person of the town. Each is said only when it is so.

import { newID, read, write } from "./store.js";
import { wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
/** Milliseconds after which nobody asks any more how far it has come. */
const DAY = 86400e3;

export class Reports {
  /** `{id, state, at}`; state is saved, unsaved, kept, received, read or refused (with `why`). */
  #last = null;

  /** `hooks`: language(), token(), outbox() */
  constructor(hooks) {
    this.hooks = hooks;
  }

  async open() {
    this.#last = (await read("report")) ?? null;
    this.show();
  }

  forget() {
    this.#last = null;
    this.show();
  }

  async send(form) {
    const needs = [...form.querySelectorAll("input[name=need]:checked")].map((box) => box.value);
    const people = form.people.value === "" ? null : Number(form.people.value);
    const note = form.note.value.trim();
    if (people === null && needs.length === 0 && !note) return this.#say(wordsOf(this.hooks.language()).empty);
    form.reset();
    const id = newID();
    const isKept = this.hooks.outbox().add("reports", { id, people, needs, note: note || null });
    // 保存しました is said when it is on the tablet, and not before. The answer may be faster.
    if (await isKept) this.tell(id, "saved");
    else this.tell(id, "unsaved");
  }

  /** A later state of the same report never goes back to an earlier one. */
  tell(id, state, why = null) {
    const steps = ["unsaved", "saved", "kept", "received", "read"];
    if (this.#last?.id === id && steps.indexOf(state) >= 0 && steps.indexOf(state) <= steps.indexOf(this.#last.state)) return;
    this.#last = { id, state, why, at: this.#last?.id === id ? this.#last.at : Date.now() };
    write("report", this.#last);
    this.show();
  }

  /** Asks how far it has come, where it can still come further. */
  async ask() {
    const last = this.#last;
    if (!last || !["kept", "received"].includes(last.state) || !this.hooks.token() || Math.abs(Date.now() - last.at) > DAY) return;
    try {
      const answer = await fetch("/v1/reports/" + last.id, {
        headers: { Authorization: "Bearer " + this.hooks.token() }, signal: AbortSignal.timeout(10000), cache: "no-store",
      });
      if (answer.ok) this.tell(last.id, (await answer.json()).state);
    } catch { /* later */ }
  }

  show() {
    const words = wordsOf(this.hooks.language()), last = this.#last;
    this.#say(!last ? "" : last.state === "refused" ? words.refused(last.why ?? "") : words.report[last.state] ?? "");
  }

  #say(text) {
    byID("report-state").textContent = text;
  }
}
