// 点呼 on a tablet: one tap of whoever holds it, also while the line is cut; and on a teacher's, who is missing.

import { isInForce } from "./board.js";
import { GRAVE } from "./news.js";
import { ask } from "./signed.js";
import { newID, read, write } from "./store.js";
import { clockText, unread, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);
export const PATH = "rollcall/answers";
const STATES = ["safe", "hurt", "help"];
const PLACES = ["class", "yard", "gym", "home", "other"];
/** Milliseconds between two looks of a teacher who reads the list. */
const LOOK = 5000;
/** A place is said in the school's own words, in whichever language the page is. */
const SCHOOL = "ja";

export class RollCall {
  /** As the school's machine last said it: `{rollcall, use, group, own, people, count}`. */
  #said = {};
  #tag = null;
  /** What was tapped here and is not known there yet, by whom it is about; with the outbox's id. */
  #waiting = new Map();
  #place = null;
  /** What was pressed once and wants a second press: it would hide who calls for help. */
  #asked = null;
  #group = "";
  #isAsking = false;
  /** Something became new while we asked. */
  #isStale = false;

  /** `hooks`: device(), isUp(), language(), outbox(), visible() of the board, now() in the hub's time. */
  constructor(hooks) {
    this.hooks = hooks;
    setInterval(() => { if (this.#isTeacher && this.#isOpen && document.visibilityState === "visible") this.ask(); }, LOOK);
    byID("roll-start").onclick = () => this.#twice("start", () => this.#begin("actual"));
    byID("roll-drill").onclick = () => this.#begin("exercise");
    byID("roll-end").onclick = () => {
      const end = () => this.#act("/v1/rollcall/close", { id: this.#said.rollcall?.id ?? "" });
      const { help = 0, missing = 0 } = this.#said.count ?? {};
      if (help + missing > 0) this.#twice("end", end);
      else end();
    };
    byID("roll-group").onchange = (event) => { this.#group = event.target.value; this.show(); };
    byID("roll-add").onsubmit = (event) => { event.preventDefault(); this.#add(event.target, event.submitter?.value ?? "safe"); };
  }

  get #isOpen() { return Boolean(this.#said.rollcall && !this.#said.rollcall.closed_at); }
  get #isTeacher() { return this.#said.use === "staff"; }
  get #isShaken() { return this.hooks.visible().some((entry) => isInForce(entry) && entry.gravity >= GRAVE && entry.alert.mode !== "exercise"); }
  /** What is tapped while something real is in force is real, whatever drill was open. */
  get #isDrill() { return this.#said.rollcall?.mode === "exercise" && !this.#isShaken; }
  get #mode() { return this.#isOpen && this.#isDrill ? "exercise" : "actual"; }

  async open() {
    const kept = await read("rollcall");
    this.#said = kept?.said ?? {};
    this.#waiting = new Map(kept?.waiting ?? []);
    this.show();
  }

  forget() {
    this.#said = {};
    this.#tag = null;
    this.#waiting.clear();
    this.show();
  }

  /** What is open, and who is missing. */
  async ask() {
    const token = this.hooks.device()?.token;
    if (!token || !this.hooks.isUp()) return;
    if (this.#isAsking) return void (this.#isStale = true);
    this.#isAsking = true;
    this.#isStale = false;
    try {
      const headers = this.#tag ? { "If-None-Match": this.#tag } : {};
      const answer = await ask(token, "/v1/rollcall", { headers, signal: AbortSignal.timeout(10000) });
      if (!answer.ok || token !== this.hooks.device()?.token) return;
      this.#tag = answer.headers.get("ETag");
      this.#said = await answer.json();
      this.#keep();
      this.show();
    } catch { /* later */ } finally {
      this.#isAsking = false;
    }
    if (this.#isStale) await this.ask();
  }

  /** The outbox has brought one, or it was refused. */
  told(entry, state, why) {
    for (const [who, one] of this.#waiting) if (one.id === entry.body.id) this.#waiting.delete(who);
    byID("roll-problem").textContent = state === "refused" ? wordsOf(this.hooks.language()).refused(why ?? "") : "";
    this.#tag = null;
    this.#keep();
    this.ask();
    this.show();
  }

  #keep() {
    // Names of a class are not kept on a tablet.
    const { people, count, ...said } = this.#said;
    write("rollcall", { said, waiting: [...this.#waiting].filter(([who]) => who === "own") });
  }

  /** At the second press within some seconds. */
  #twice(what, act) {
    if (this.#asked?.what === what) {
      this.#asked = null;
      act();
    } else {
      const own = this.#asked = { what };
      setTimeout(() => { if (this.#asked === own) { this.#asked = null; this.show(); } }, 6000);
    }
    this.show();
  }

  #mark(what, text) { return text + (this.#asked?.what === what ? "？" : ""); }

  async #begin(mode) {
    await this.#act("/v1/rollcall", { id: newID(), mode });
  }

  async #act(path, body) {
    const words = wordsOf(this.hooks.language());
    try {
      const answer = await ask(this.hooks.device().token, path, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(10000),
      });
      byID("roll-problem").textContent = answer.ok ? "" : words.refused((await answer.json().catch(() => ({}))).detail ?? answer.status);
    } catch {
      byID("roll-problem").textContent = words.cut;
    }
    this.#tag = null;
    await this.ask();
  }

  async #say(who, state, more = {}) {
    const id = newID(), place = who === "own" && this.#place ? wordsOf(SCHOOL).rollAt[this.#place] : null;
    const body = { id, state, mode: this.#mode, ...(place ? { place } : {}), ...more };
    this.#waiting.set(who, { id, state, place, at: this.hooks.now(), isKept: true });
    this.show();
    const isKept = await this.hooks.outbox().add(PATH, body);
    const one = this.#waiting.get(who);
    if (one?.id === id) one.isKept = isKept;
    this.#keep();
    this.show();
  }

  #add(form, state) {
    const name = form.name.value.trim();
    if (!name) return form.name.focus();
    form.reset();
    this.#say("+" + name, state, { name });
  }

  // MARK: what is on the screen

  show() {
    const { rollcall, use } = this.#said, words = wordsOf(this.hooks.language());
    const isMine = Boolean(use) && (this.#isOpen || this.#isShaken && !this.#isTeacher);
    byID("roll").hidden = !this.hooks.device() || !isMine && !(this.#isTeacher && rollcall);
    byID("roll-begin").hidden = !this.hooks.device() || !this.#isTeacher || this.#isOpen;
    byID("report").hidden = use === "pupil";
    byID("roll-start").textContent = this.#mark("start", words.rollStart);
    byID("roll-end").textContent = this.#mark("end", words.rollEnd);
    if (byID("roll").hidden) return;
    const isDrill = this.#isDrill && (this.#isOpen || this.#isTeacher);
    byID("roll").className = isDrill ? "tone-drill" : "";
    this.#stand(isDrill);
    byID("roll-title").textContent = (isDrill ? words.drillTitle : "") + (isMine ? words.rollAsk : words.rollTitle);
    byID("roll-over").hidden = this.#isOpen || !rollcall || !this.#isTeacher;
    if (rollcall?.closed_at) byID("roll-over").textContent = words.rollOver(this.#clock(Date.parse(rollcall.closed_at)));
    byID("roll-own").hidden = !isMine;
    if (isMine) this.#showOwn(words);
    byID("roll-class").hidden = !this.#isTeacher;
    if (this.#isTeacher) this.#showClass(words);
  }

  /** A drill stands below whatever is real; where it stands it stays under a finger. */
  #stand(isDrill) {
    const isReal = this.hooks.visible().some((entry) => isInForce(entry) && entry.alert.mode !== "exercise");
    const next = byID(isDrill && isReal ? "halted" : "roll-problem");
    if (byID("roll").nextElementSibling !== next && !byID("roll").contains(document.activeElement)) next.before(byID("roll"));
  }

  #showOwn(words) {
    const own = this.#waiting.get("own") ?? this.#said.own, isWaiting = this.#waiting.has("own");
    const text = !own ? "" : words.rollSaid([words.roll[own.state], own.place].filter(Boolean).join(words.parts)) + words.gap
      + (isWaiting ? (own.isKept === false ? words.report.unsaved : words.report.saved) : words.rollTaken + " " + this.#clock(Date.parse(own.at)));
    if (unread(byID("roll-said")).textContent !== text) byID("roll-said").textContent = text;
    const places = PLACES.map((name) => {
      const label = document.createElement("label"), box = Object.assign(document.createElement("input"), { type: "radio", name: "roll-place", value: name, checked: name === this.#place });
      // Chosen after the answer it goes after it.
      box.onchange = () => {
        this.#place = name;
        const own = this.#waiting.get("own") ?? this.#said.own;
        if (own) this.#say("own", own.state);
      };
      label.append(box, words.rollAt[name]);
      return label;
    });
    if (unread(byID("roll-places")).textContent !== places.map((one) => one.textContent).join("")) byID("roll-places").replaceChildren(...places);
    this.#put(byID("roll-states"), this.#buttons(words, own?.state, (state) => this.#say("own", state), "big "));
  }

  #buttons(words, chosen, act, kind = "", whose = "") {
    return STATES.map((state) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: kind + "roll-" + state, textContent: words.roll[state] });
      button.setAttribute("aria-pressed", String(state === chosen));
      if (whose) button.setAttribute("aria-label", whose + words.gap + words.roll[state]);
      button.onclick = () => act(state);
      return button;
    });
  }

  /** Nothing moves under a finger: what reads the same stays, and so does the focus in it. */
  #put(place, parts) {
    const same = (one) => unread(one).outerHTML;
    if (place.children.length === parts.length && [...place.children].every((one, index) => same(one) === same(parts[index]))) return;
    const focused = [...place.children].findIndex((one) => one.contains(document.activeElement));
    const inside = focused >= 0 ? [...place.children[focused].querySelectorAll("button")].indexOf(document.activeElement) : -1;
    const key = focused >= 0 ? place.children[focused].dataset.who : null;
    place.replaceChildren(...parts);
    if (focused < 0) return;
    const again = key ? parts.find((one) => one.dataset.who === key) : parts[focused];
    (inside >= 0 ? again?.querySelectorAll("button")[inside] : again)?.focus({ preventScroll: true });
  }

  #showClass(words) {
    const all = this.#said.people ?? [], groups = [...new Set(all.map(({ group }) => group).filter(Boolean))].sort();
    const state = (one) => this.#waiting.get(one.who)?.state ?? one.answer?.state;
    const shown = all.filter((one) => !this.#group || one.group === this.#group);
    const extra = [...this.#waiting].filter(([who]) => who.startsWith("+") && !all.some((one) => one.who === who))
      .map(([who]) => ({ who, name: who.slice(1) })).filter(() => !this.#group);
    const everybody = [...shown, ...extra].sort((a, b) => (a.group ?? "").localeCompare(b.group ?? "", "ja", { numeric: true }) || a.name.localeCompare(b.name, "ja", { numeric: true }));
    const missing = everybody.filter((one) => !state(one)).length;
    // Nobody is looked for in the list: its order never changes under a finger.
    for (const name of ["help", "hurt"]) {
      const those = everybody.filter((one) => state(one) === name), place = byID("roll-" + name);
      place.hidden = those.length === 0;
      place.textContent = `${words.roll[name]} ${those.length}${words.gap}${those.map((one) => one.name).join(words.parts)}`;
    }
    const names = everybody.filter((one) => !state(one)).map((one) => one.name);
    byID("roll-missing").textContent = words.rollMissing(missing) + (missing > 0 && missing <= 12 ? words.gap + names.join(words.parts) : "");
    byID("roll-known").textContent = words.rollKnown(everybody.length - missing);
    const share = byID("roll-share");
    Object.assign(share, { max: Math.max(1, everybody.length), value: everybody.length - missing });
    share.setAttribute("aria-label", words.rollKnown(everybody.length - missing));
    byID("roll-group-label").hidden = groups.length < 2;
    const options = ["", ...groups];
    if (byID("roll-group").dataset.of !== options.join("\n") + words.rollAll) {
      byID("roll-group").replaceChildren(...options.map((group) => new Option(group || words.rollAll, group, false, group === this.#group)));
      byID("roll-group").dataset.of = options.join("\n") + words.rollAll;
    }
    this.#put(byID("roll-people"), everybody.map((one) => this.#line(one, state(one), words)));
    byID("roll-add").hidden = byID("roll-end").hidden = !this.#isOpen;
    this.#put(byID("roll-add-states"), this.#buttons(words, null, () => {}).map((button, index) => Object.assign(button, { type: "submit", value: STATES[index], onclick: null })));
  }

  #line(one, state, words) {
    const item = document.createElement("li"), name = document.createElement("span"), acts = document.createElement("span");
    item.dataset.who = one.who;
    item.className = "roll-is-" + (state ?? "missing");
    const told = one.answer && !this.#waiting.has(one.who) ? [one.answer.place, this.#clock(Date.parse(one.answer.at))] : [];
    name.append(Object.assign(document.createElement("b"), { textContent: one.name }), " ",
      Object.assign(document.createElement("small"), { textContent: [one.group, ...told].filter(Boolean).join(words.gap) }));
    acts.className = "acts";
    const say = (next) => this.#say(one.who, next, one.who.startsWith("+") ? { name: one.name } : { of: one.who });
    // Over his own call for help only on purpose.
    const press = (next) => (next === "safe" && (state === "help" || state === "hurt") ? this.#twice("safe " + one.who, () => say(next)) : say(next));
    if (this.#isOpen) {
      acts.append(...this.#buttons(words, state, press, "", one.name));
      acts.firstElementChild.textContent = this.#mark("safe " + one.who, words.roll.safe);
    }
    if (!this.#isOpen) acts.textContent = state ? words.roll[state] : "—";
    item.append(name, acts);
    return item;
  }

  #clock(time) {
    return clockText(time, this.hooks.now(), this.hooks.language());
  }
}
