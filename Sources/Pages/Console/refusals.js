// What the hub does not take, said where it is to be mended: beside the field, in view, read out, and gone as soon as
// the field is touched.

import { make, words } from "./parts.js";
import { channelWord } from "./towns.js";

export class Refusals {
  #form;
  #controls;
  #box;
  /** Each sentence beside a field, with its place and its field. */
  #notes = new Map();

  /** `controls` gives the names of a form's controls for a field of the hub where they differ. */
  constructor(form, controls = {}) {
    this.#form = form;
    this.#controls = controls;
    this.#box = make("div", "", "refusals");
    this.#box.setAttribute("role", "alert");
    this.#box.tabIndex = -1;
    form.append(this.#box);
    for (const kind of ["input", "change"]) form.addEventListener(kind, (event) => this.#mended(event.target));
  }

  clear() {
    for (const note of this.#notes.keys()) this.#remove(note);
    this.#box.replaceChildren();
  }

  /** Shows it and brings the first place to be mended into view and under the keys. */
  show(error) {
    this.clear();
    const fields = error.problem?.errors ?? [], others = [];
    let first = null;
    for (const { field, detail } of fields) {
      const control = this.#control(field);
      if (control) {
        this.#beside(control, detail);
        first ??= control;
      } else others.push(field ? `${channelWord(field)}: ${detail}` : detail);
    }
    const count = fields.length - others.length;
    if (count > 0) others.unshift(`直すところが${count}か所あります`);
    if (fields.length === 0) others.push(error.message);
    this.#box.replaceChildren(...others.map((text) => words(text)));
    const target = first ?? this.#box;
    target.focus();
    target.scrollIntoView({ block: "center" });
  }

  #control(field) {
    const named = (name) => [...this.#form.querySelectorAll(`[name="${CSS.escape(name)}"]`)];
    const found = (this.#controls[field] ?? [field]).flatMap(named).filter((one) => one.offsetParent && !one.disabled);
    return found.find((one) => one.checked) ?? found[0] ?? null;
  }

  #beside(control, detail) {
    const place = control.closest("fieldset") ?? control.closest("label") ?? control;
    const note = words(detail, "refusal");
    note.id = `refusal-${this.#form.getAttribute("id")}-${this.#notes.size}`;
    if (place.localName === "fieldset") place.append(note);
    else place.after(note);
    control.setAttribute("aria-invalid", "true");
    control.setAttribute("aria-describedby", note.id);
    this.#notes.set(note, { place, control });
  }

  #remove(note) {
    const { control } = this.#notes.get(note);
    control.removeAttribute("aria-invalid");
    control.removeAttribute("aria-describedby");
    this.#notes.delete(note);
    note.remove();
  }

  #mended(control) {
    for (const [note, { place }] of this.#notes) if (place.contains(control)) this.#remove(note);
    if (this.#notes.size === 0) this.#box.replaceChildren();
  }
}
