// The page's own words. They are data (Templates/screens of the hub), and lists.js is made of them when the hub starts. What an
// alert says comes from the hub, reviewed, in each language.

import { LISTS } from "./lists.js";

export const LANGUAGES = LISTS.map(({ language, words }) => [language, words.own]);

/** A text with a place for something is a function that puts it in. */
const living = (text) => (text.includes("{}") ? (value) => text.replace("{}", () => value) : text);

/** `report.saved` becomes `report: { saved }`. */
function shaped(flat) {
  const words = {};
  for (const [key, text] of Object.entries(flat)) {
    const [head, ...rest] = key.split(".");
    if (rest.length > 0) (words[head] ??= {})[rest.join(".")] = living(text);
    else words[key] = living(text);
  }
  const { depth, depthZero } = words;
  return { ...words, depth: (km) => (km === 0 ? depthZero : depth(km)) };
}

const ALL = new Map(LISTS.map(({ language, words }) => [language, shaped(words)]));

export const wordsOf = (language) => ALL.get(language) ?? ALL.get("ja");

/** 震度 as written in Japan (5弱), or with the word as JMA writes it in English (5-lower). */
export function intensityText(value, language) {
  const words = wordsOf(language);
  return value ? value.replace("-", words.intensityLow).replace("+", words.intensityHigh) : "";
}

/** The time of day in Japan, with the date before it where it is another day than `now`. */
export function clockText(milliseconds, now, language) {
  const local = (time) => new Date(time + 9 * 3600e3);
  const moment = local(milliseconds), today = local(now), words = wordsOf(language);
  const clock = moment.toISOString().slice(11, 16);
  if (moment.toISOString().slice(0, 10) === today.toISOString().slice(0, 10)) return clock;
  const date = words.date.replace("{month}", words.months.split(" ")[moment.getUTCMonth()]).replace("{day}", moment.getUTCDate());
  return words.dated.replace("{date}", date).replace("{clock}", clock);
}

/** A copy without the readings over its words (furigana.js): what was written there. */
export function unread(element) {
  const copy = element.cloneNode(true);
  for (const above of copy.querySelectorAll(".furigana rt")) above.remove();
  for (const marked of copy.querySelectorAll(".furigana")) marked.replaceWith(marked.textContent);
  return copy;
}
