// A text as people will read it, or have read it, on each way out.

import { make, modeMark, words } from "./parts.js";
import { channelWord, endpointName } from "./towns.js";

/** Far ends named on a card. */
const NAMED = 4;
const LANGUAGES = { ja: "日本語", "ja-x-easy": "やさしい日本語", en: "English" };
const NAMES = new Intl.DisplayNames("ja", { type: "language" });
const languageName = (tag) => LANGUAGES[tag] ?? NAMES.of(tag);

/** Japanese first; what reads the same on several ways out is read once. */
function merged(texts) {
  const tags = Object.keys(LANGUAGES), rank = (item) => (item.language && !LANGUAGES[item.language] ? tags.length : Math.max(0, tags.indexOf(item.language)));
  const cards = new Map();
  for (const item of texts.toSorted((a, b) => rank(a) - rank(b))) {
    const isSkip = item.verdict === "skip" || item.body == null;
    const name = JSON.stringify([item.language, item.title, item.body, isSkip && item.reason, item.problems]);
    const one = cards.get(name) ?? { ...item, channels: [], places: new Set() };
    const channel = channelWord(item.channel);
    if (!one.channels.includes(channel)) one.channels.push(channel);
    for (const endpoint of item.endpoints ?? []) one.places.add(endpointName(item.channel, endpoint));
    cards.set(name, one);
  }
  return [...cards.values()];
}

/** What the desk reads, and folded under it the languages it most likely does not; one with something to mend stands open. */
export function cards(texts, mode) {
  const all = merged(texts), isFolded = (item) => item.language && !LANGUAGES[item.language] && !item.problems?.length;
  const shown = all.filter((item) => !isFolded(item)).map((item) => card(item, mode)), folded = all.filter(isFolded);
  if (folded.length === 0) return shown;
  const details = make("details"), names = [...new Set(folded.map((item) => languageName(item.language)))];
  details.append(make("summary", `ほかの言語の文面（${names.join("、")}）`), ...folded.map((item) => card(item, mode)));
  return [...shown, details];
}

/** Far ends of one channel may say different things: who says this one. */
const places = (names) => (names.length > NAMED ? `${names.slice(0, NAMED).join("、")} ほか${names.length - NAMED}か所` : names.join("、"));

function card(item, mode) {
  const element = make("article", "", "card");
  const head = make("p", [item.channels.join("・"), item.language && languageName(item.language)].filter(Boolean).join("　") + "　", "head");
  head.append(modeMark(mode));
  element.append(head);
  if (item.places.size > 0) element.append(make("p", places([...item.places]), "hint"));
  if (item.verdict === "skip" || item.body == null) {
    element.append(words("この経路では送りません。" + (item.reason ?? "")));
    return element;
  }
  const title = make("h3", item.title), text = make("p", item.body, "body");
  title.lang = text.lang = item.language;
  element.append(title, text, make("p", `${[...item.body].length}文字`, "hint"));
  for (const problem of item.problems ?? []) {
    const place = problem.position == null ? "" : `${problem.position + 1}文字目、`;
    element.append(words(`直してください: ${place}${problem.text}${problem.suggestion ? `　${problem.suggestion}` : ""}`, "warn"));
  }
  return element;
}
