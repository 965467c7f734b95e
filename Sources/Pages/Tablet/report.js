// What a shelter tells the town, and how far the last word has come: on this tablet, kept at this school, with the town,
// read by a person of the town, answered. Each is said only when it is so.

import * as photo from "./photo.js";
import { ask } from "./signed.js";
import { newID, read, write } from "./store.js";
import { clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
/** Milliseconds after which nobody asks any more how far it has come, and of how many at most. */
const DAY = 86400e3;
const MOST = 8;
const STEPS = ["unsaved", "saved", "kept", "received", "read", "refused"];
/** Somebody holds it, and may say more of it. */
const HELD = ["kept", "received", "read"];

const isYoung = (one) => Math.abs(Date.now() - one.at) <= DAY;
const isFurther = (one, other) => STEPS.indexOf(one) > STEPS.indexOf(other);
const later = (one, other) => (!one || other && Date.parse(other.at) > Date.parse(one.at) ? other : one);

export class Reports {
  /**
   * The newest first: `{id, state, at, body, read_at, answer}`; state is saved, unsaved, kept, received, read or refused (with `why`).
   * The town may answer any of them, whatever was sent since.
   */
  #all = [];
  #isAsking = false;
  /** The report that the next one takes the place of. */
  #corrects = null;

  /** `hooks`: language(), token(), outbox(), now() in the hub's time. */
  constructor(hooks) {
    this.hooks = hooks;
  }

  get #last() {
    return this.#all[0] ?? null;
  }

  async open() {
    photo.prepare(() => wordsOf(this.hooks.language()), (text) => (text ? this.#say(text) : this.show()));
    await this.#read();
    this.show();
  }

  /** What lies on this tablet, also as another tab left it: of one report the state that is further. */
  async #read() {
    const all = this.#all;
    // An older page kept the last one alone.
    const kept = [(await read("report")) ?? []].flat();
    if (all !== this.#all) return;
    for (const one of kept) {
      const own = all.find(({ id }) => id === one.id);
      if (!own) {
        all.push(one);
        continue;
      }
      if (isFurther(one.state, own.state)) Object.assign(own, { state: one.state, why: one.why });
      Object.assign(own, {
        at: Math.min(own.at, one.at), body: own.body ?? one.body, read_at: own.read_at ?? one.read_at, answer: later(own.answer, one.answer) });
    }
    this.#order();
  }

  /** The last one stays, however old. */
  #order() {
    this.#all.sort((a, b) => b.at - a.at);
    this.#all.splice(0, this.#all.length, ...this.#all.filter((one, index) => index === 0 || isYoung(one)).slice(0, MOST));
  }

  forget() {
    photo.drop();
    this.#all = [];
    this.#corrects = null;
    this.show();
  }

  async send(form) {
    const body = bodyOf(form), picture = photo.chosen();
    if (picture === null && Object.values(body).every((value) => value === null || value.length === 0)) return this.#say(wordsOf(this.hooks.language()).empty);
    if (this.#corrects) body.corrects = this.#corrects;
    form.reset();
    this.#corrects = null;
    const id = newID();
    photo.drop();
    // What lies here for weeks is what was said; the picture goes with the outbox.
    const isKept = this.hooks.outbox().add("reports", { id, ...body, ...(picture ? { photo: picture } : {}) });
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
  async tell(id, state, why = null, body = null) {
    const find = () => this.#all.find((one) => one.id === id);
    // Another tab of this tablet may have kept some meanwhile.
    if (!find()) await this.#read();
    let own = find();
    if (!own) {
      own = { id, at: Date.now(), body, state, why };
      this.#all.push(own);
      this.#order();
    }
    if (body) own.body = body;
    if (isFurther(state, own.state)) Object.assign(own, { state, why });
    write("report", this.#all);
    this.show();
  }

  /** Asks how far each has come, and whether it was answered; the newest first. */
  async ask() {
    const token = this.hooks.token(), all = this.#all;
    if (!token || this.#isAsking) return;
    this.#isAsking = true;
    try {
      await this.#read();
      for (const one of all.filter(({ state }) => HELD.includes(state)).filter(isYoung)) {
        const answer = await ask(token, "/v1/reports/" + one.id, { signal: AbortSignal.timeout(10000) });
        if (!answer.ok) continue;
        const { state, read_at, answer: said } = await answer.json();
        if (all !== this.#all) return;
        // An edge that is cut knows less than it has said: what the town answered stays.
        Object.assign(one, { read_at: read_at ?? one.read_at, answer: said ?? one.answer });
        await this.tell(one.id, state);
      }
    } catch { /* later */ } finally {
      this.#isAsking = false;
    }
  }

  show() {
    const words = wordsOf(this.hooks.language()), last = this.#last;
    const isRead = last?.state === "read" && last.read_at;
    this.#say(!last ? "" : last.state === "refused" ? words.refused(last.why ?? "")
      : (isRead ? this.#clock(last.read_at) + " " : "") + (words.report[last.state] ?? ""));
    this.#showAnswers(this.#all.filter((one) => one.answer).map((one) => this.#answer(one, words)));
    byID("correct").hidden = !last?.body || last.state === "refused" || this.#corrects !== null || !isYoung(last);
    byID("correcting").hidden = this.#corrects === null;
    byID("correcting-words").textContent = this.#corrects ? words.correcting(this.#clock(last.at)) : "";
  }

  /** What has been said aloud already is not said again. */
  #showAnswers(lines) {
    const box = byID("report-answers"), text = (all) => [...all].map((line) => line.textContent).join("\n");
    box.hidden = lines.length === 0;
    if (text(lines) !== text(box.children)) box.replaceChildren(...lines);
  }

  #answer({ at, answer }, words) {
    const line = document.createElement("p"), part = (name, text) => Object.assign(document.createElement(name), { textContent: text });
    line.append(part("b", words.answer(this.#clock(answer.at))), " ", part("small", words.answerTo(this.#clock(at))), " ", Object.assign(part("span", answer.text), { lang: "ja" }));
    return line;
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
