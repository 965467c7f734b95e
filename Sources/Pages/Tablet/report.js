// What a shelter tells the town, and how far the last word has come: on this tablet, kept at this school, with the town,
// read by a person of the town, answered. Each is said only when it is so.

import { newID, read, write } from "./store.js";
import { clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
/** Milliseconds after which nobody asks any more how far it has come. */
const DAY = 86400e3;

export class Reports {
  /** `{id, state, at, body, read_at, answer}`; state is saved, unsaved, kept, received, read or refused (with `why`). */
  #last = null;
  /** The report that the next one takes the place of. */
  #corrects = null;

  /** `hooks`: language(), token(), outbox(), now() in the hub's time. */
  constructor(hooks) {
    this.hooks = hooks;
  }

  async open() {
    this.#last = (await read("report")) ?? null;
    this.show();
  }

  forget() {
    this.#last = this.#corrects = null;
    this.show();
  }

  async send(form) {
    const body = bodyOf(form);
    if (Object.values(body).every((value) => value === null || value.length === 0)) return this.#say(wordsOf(this.hooks.language()).empty);
    if (this.#corrects) body.corrects = this.#corrects;
    form.reset();
    this.#corrects = null;
    const id = newID();
    const isKept = this.hooks.outbox().add("reports", { id, ...body });
    // 保存しました is said when it is on the tablet, and not before. The answer may be faster.
    if (await isKept) this.tell(id, "saved", null, body);
    else this.tell(id, "unsaved", null, body);
  }

  /** Puts the last report into the form; what is sent then takes its place. */
  correct(form) {
    const last = this.#last;
    if (!last?.body) return;
    fill(form, last.body);
    this.#corrects = last.id;
    this.show();
    form.people.focus();
  }

  stopCorrecting(form) {
    this.#corrects = null;
    form.reset();
    this.show();
  }

  /** A later state of the same report never goes back to an earlier one. */
  tell(id, state, why = null, body = null) {
    const steps = ["unsaved", "saved", "kept", "received", "read"], last = this.#last?.id === id ? this.#last : null;
    if (last && body) last.body = body;
    if (last && steps.indexOf(state) >= 0 && steps.indexOf(state) <= steps.indexOf(last.state)) {
      write("report", last);
      return this.show();
    }
    this.#last = { at: Date.now(), body, ...last, id, state, why };
    write("report", this.#last);
    this.show();
  }

  /** Asks how far it has come, and whether it was answered. */
  async ask() {
    const last = this.#last;
    if (!last || !["kept", "received", "read"].includes(last.state) || !this.hooks.token() || Math.abs(Date.now() - last.at) > DAY) return;
    try {
      const answer = await fetch("/v1/reports/" + last.id, {
        headers: { Authorization: "Bearer " + this.hooks.token() }, signal: AbortSignal.timeout(10000), cache: "no-store",
      });
      if (!answer.ok) return;
      const { state, read_at, answer: said } = await answer.json();
      if (this.#last?.id !== last.id) return;
      // An edge that is cut knows less than it has said: what the town answered stays.
      Object.assign(this.#last, { read_at: read_at ?? this.#last.read_at, answer: said ?? this.#last.answer });
      this.tell(last.id, state);
    } catch { /* later */ }
  }

  show() {
    const words = wordsOf(this.hooks.language()), last = this.#last;
    const isRead = last?.state === "read" && last.read_at;
    this.#say(!last ? "" : last.state === "refused" ? words.refused(last.why ?? "")
      : (isRead ? this.#clock(last.read_at) + " " : "") + (words.report[last.state] ?? ""));
    byID("report-answer").hidden = !last?.answer;
    byID("answer-time").textContent = last?.answer ? words.answer(this.#clock(last.answer.at)) : "";
    byID("answer-text").textContent = last?.answer?.text ?? "";
    byID("correct").hidden = !last?.body || last.state === "refused" || this.#corrects !== null || Math.abs(Date.now() - last.at) > DAY;
    byID("correcting").hidden = this.#corrects === null;
    byID("correcting-words").textContent = this.#corrects ? words.correcting(this.#clock(last.at)) : "";
  }

  #clock(time) {
    return clockText(typeof time === "number" ? time : Date.parse(time), this.hooks.now?.() ?? Date.now(), this.hooks.language());
  }

  #say(text) {
    byID("report-state").textContent = text;
  }
}

/** As the hub reads it; what was not said is null. */
function bodyOf(form) {
  const number = (name) => (form[name].value === "" ? null : Number(form[name].value));
  const chosen = (name) => form.querySelector(`input[name=${name}]:checked`)?.value ?? null;
  return {
    people: number("people"), households: number("households"), crowding: chosen("crowding"), water: chosen("water"), power: chosen("power"),
    needs: [...form.querySelectorAll("input[name=need]:checked")].map((box) => box.value), note: form.note.value.trim() || null,
  };
}

function fill(form, body) {
  for (const name of ["people", "households", "note"]) form[name].value = body[name] ?? "";
  for (const box of form.querySelectorAll("input[type=radio]")) box.checked = body[box.name] === box.value;
  for (const box of form.querySelectorAll("input[name=need]")) box.checked = (body.needs ?? []).includes(box.value);
}
