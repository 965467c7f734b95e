// A text as people will read it, or have read it, on each way out.

import { channelWord, make, modeMark, words } from "./parts.js";

const LANGUAGES = { ja: "日本語", "ja-x-easy": "やさしい日本語", en: "English" };

/** Japanese first; what reads the same on several ways out is read once. */
export function merged(texts) {
  const tags = Object.keys(LANGUAGES), rank = (item) => (tags.indexOf(item.language) + tags.length) % tags.length;
  const cards = new Map();
  for (const item of texts.toSorted((a, b) => rank(a) - rank(b))) {
    const name = JSON.stringify([item.language, item.title, item.body, item.verdict, item.reason, item.problems]);
    const one = cards.get(name) ?? { ...item, channels: [] };
    const channel = channelWord(item.channel);
    if (!one.channels.includes(channel)) one.channels.push(channel);
    cards.set(name, one);
  }
  return [...cards.values()];
}

export function card(item, mode) {
  const element = make("article", "", "card");
  const head = make("p", [item.channels.join("・"), LANGUAGES[item.language] ?? item.language].filter(Boolean).join("　") + "　", "head");
  head.append(modeMark(mode));
  element.append(head);
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
