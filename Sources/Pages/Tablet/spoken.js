// The page's own words in the language people chose, and what stands above everything else: the line's state and the sound.

import { block } from "./list.js";
import { LANGUAGES, clockText, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

/** Every word of the page; `choose(tag)` when somebody wants another language. */
export function speakPage(language, choose) {
  const words = wordsOf(language);
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-w]")) element.textContent = words[element.dataset.w];
  offerLanguages(language, choose);
  const supply = ["yes", "no", "unknown"];
  for (const [name, group, order] of [["crowding", words.crowd, ["free", "crowded", "full"]], ["water", words.tap, supply], ["power", words.mains, supply]]) {
    const chosen = document.querySelector(`input[name=${name}]:checked`)?.value;
    byID(name).replaceChildren(...order.map((value) => choice("radio", name, value, group[value], value === chosen)));
  }
  const checked = new Set([...document.querySelectorAll("input[name=need]:checked")].map((box) => box.value));
  byID("needs").replaceChildren(...Object.entries(words.need).map(([value, text]) => choice("checkbox", "need", value, text, checked.has(value))));
}

/** More than eight are no row in which people find their own: all of them at once, for who asks. */
const MANY = 8;

function offerLanguages(language, choose) {
  const place = byID("languages"), unfold = block("button", "文A", "unfold");
  const fold = (isOpen) => {
    place.classList.toggle("all", isOpen);
    unfold.setAttribute("aria-expanded", String(isOpen));
  };
  unfold.type = "button";
  unfold.setAttribute("aria-label", "言語 / Language");
  unfold.onclick = () => fold(!place.classList.contains("all"));
  fold(false);
  const buttons = LANGUAGES.map(([known, name]) => {
    const button = block("button", name, "", known);
    button.type = "button";
    button.setAttribute("aria-pressed", String(known === language));
    button.onclick = () => choose(known);
    return button;
  });
  const isLong = buttons.length > MANY, chosen = buttons.find((one) => one.lang === language);
  place.replaceChildren(...(isLong ? [unfold] : []), ...buttons);
  if (isLong && chosen) place.scrollLeft = chosen.offsetLeft - place.offsetLeft - unfold.offsetWidth * 2;
}

function choice(type, name, value, text, checked) {
  const label = document.createElement("label"), box = document.createElement("input");
  Object.assign(box, { type, name, value, checked });
  label.append(box, text);
  return label;
}

/** What an edge says of its own line to the hub: nothing newer can come. */
export function showHubLine(said, language, isKnown) {
  const text = said?.texts?.[language] ?? said?.texts?.ja ?? "";
  byID("hub-cut").textContent = text;
  byID("hub-cut").hidden = !text || !isKnown;
}

/** Since when nothing is heard. Where nobody knows the time, when something last was, and that what is seen may be old. */
export function showCut(isCut, since, clock, language) {
  byID("cut").hidden = !isCut;
  if (!isCut) return;
  const words = wordsOf(language), now = clock.now();
  byID("cut-since").textContent = clock.isCertain
    ? words.cutSince(clockText(since ?? now, now, language))
    : words.stale + (clock.mayJudge ? words.lastHeard(clockText(now, now, language)) : "");
}
