// How kanji are read (ふりがな), over the words of the Japanese page: for whoever is handed the tablet and reads kana alone. The table is the hub's
// (readings.js), and what is read of a text is decided as Sources/ChannelKit/Readings.swift does; one list of cases holds both to it.
//
// Whatever is written on the page is marked before it is seen, and nothing else knows of it: the voice takes its words from the alert, a screen reader the
// text without what stands over it. What a person wrote and names nobody has said the reading of stay as they are.

import { TABLE } from "./readings.js";
import { unread } from "./words.js";

const KANJI = /[々〆〇ヶ\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u{20000}-\u{3ffff}]/u;
const DIGIT = /[0-9０-９]/;
/** Read in too many ways behind a number: 一日, 二人, 十分, 三階. */
const MANY = "年月日時分秒人件階版";
/** No word of ours is a longer row of kanji; what somebody else sends may be. */
const LONGEST = 40;
const isDistrict = (row) => row.length > 2 && row.slice(-2).join("") === "地区";
const isKanji = (letter) => letter !== undefined && KANJI.test(letter);

// MARK: values

/** `{ text, reading }` of a phrase as it is written: 取（と）り消（け）. */
function partsOf(line) {
  const parts = [];
  for (const [, plain, kanji, reading] of line.matchAll(/([^（）]*?)([々〆〇ヶ\u3400-\u4dbf\u4e00-\u9fff]+)（([^）]+)）|[^（）]+$/gu)) {
    if (plain) parts.push({ text: plain });
    if (kanji) parts.push({ text: kanji, reading });
  }
  const said = parts.map(({ text, reading }) => text + (reading ? `（${reading}）` : "")).join("");
  return said.length < line.length ? [...parts, { text: line.slice(said.length) }] : parts;
}

/** By first letter, the longest first. */
function shelf(lines) {
  const found = new Map();
  for (const line of lines) {
    const parts = partsOf(line), letters = Array.from(parts.map(({ text }) => text).join("")), own = found.get(letters[0]) ?? [];
    const lead = letters.findIndex((letter) => !isKanji(letter));
    own.push({ letters, parts, lead: lead < 0 ? letters.length : lead });
    found.set(letters[0], own);
  }
  for (const own of found.values()) own.sort((a, b) => b.letters.length - a.letters.length);
  return found;
}

const LINES = TABLE.split("\n").filter(Boolean);
const PHRASES = shelf(LINES.filter((line) => !line.startsWith("#")));
const COUNTERS = shelf(LINES.filter((line) => line.startsWith("#")).map((line) => line.slice(1)));

/** Whether the hub has a table. */
export const canRead = LINES.length > 0;

/** The longest phrase there that leaves no kanji of its row unread; one that is followed by another has two kanji at least, and so has the other. */
function fitting(letters, at, least, table = PHRASES) {
  for (const phrase of table.get(letters[at]) ?? []) {
    const end = at + phrase.letters.length;
    if (phrase.lead > 0 && phrase.lead < least || !phrase.letters.every((letter, index) => letter === letters[at + index])) continue;
    if (!isKanji(letters[end]) || !isKanji(letters[end - 1])) return phrase.parts;
    const rest = phrase.letters.length > 1 || table !== PHRASES ? fitting(letters, end, 2) : null;
    if (rest) return [...phrase.parts, ...rest];
  }
  return null;
}

function stretch(letters, isBehindName, isBeforeName) {
  const pieces = [], length = (found) => found.reduce((sum, { text }) => sum + Array.from(text).length, 0);
  let at = 0, least = isBehindName ? 2 : 1;
  while (at < letters.length) {
    const letter = letters[at], isBehindNumber = at > 0 && DIGIT.test(letters[at - 1]);
    let end = at + 1, found = null, next = 1;
    if (!isKanji(letter)) found = DIGIT.test(letter) && isBehindNumber ? null : fitting(letters, at, 0);
    else {
      while (isKanji(letters[end])) end += 1;
      if (isBeforeName && end === letters.length && end - at === 1 || end - at > LONGEST || isDistrict(letters.slice(at, end))) least = Infinity;
      if (isBehindNumber && least < Infinity) found = fitting(letters, at, 1, COUNTERS);
      if (!found && isBehindNumber && MANY.includes(letter)) [end, next] = [at + 1, 2];
      else found ??= fitting(letters, at, isBehindNumber ? Math.max(2, least) : least);
    }
    pieces.push(...(found ?? [{ text: letters.slice(at, end).join("") }]));
    at = found ? at + length(found) : end;
    least = next;
  }
  return pieces;
}

/** The pieces of a text, each with what stands over it. `names`: name → kana, "" where nobody has said it. */
export function pieces(text, names = new Map()) {
  const letters = Array.from(text), all = [];
  if (!letters.some(isKanji)) return text ? [{ text }] : [];
  const known = [...names].filter(([name]) => text.includes(name)).map(([name, kana]) => [Array.from(name), kana]).filter(([name]) => name.some(isKanji)).sort(([a], [b]) => b.length - a.length);
  let start = 0, at = 0, isBehind = false;
  const read = (isBefore) => { if (start < at) all.push(...stretch(letters.slice(start, at), isBehind, isBefore)); };
  while (at < letters.length) {
    const name = known.find(([name]) => name[0] === letters[at] && name.every((letter, index) => letter === letters[at + index]));
    if (!name) { at += 1; continue; }
    read(true);
    all.push(name[1] ? { text: name[0].join(""), reading: name[1] } : { text: name[0].join("") });
    at += name[0].length;
    start = at;
    isBehind = true;
  }
  read(false);
  return all.reduce((joined, piece) => {
    const last = joined.at(-1);
    if (last && !last.reading && !piece.reading) joined[joined.length - 1] = { text: last.text + piece.text };
    else joined.push(piece);
    return joined;
  }, []);
}

/** What in an alert is a name or somebody's own words; of a shelter with the kana of the register. */
export function namesOf(alerts, own = []) {
  const names = new Map();
  const add = (text, kana = "") => { for (const line of String(text ?? "").split("\n")) if (line.trim() && !names.get(line.trim())) names.set(line.trim(), kana); };
  for (const text of own) add(text);
  for (const alert of alerts) {
    add(alert.town_name);
    add(alert.hypocentre?.name);
    for (const one of alert.shelters ?? []) {
      add(one.name, one.kana ?? "");
      add(one.address);
      add(one.note);
    }
    // A notice is a person's, from its title to its last line.
    if (alert.kind === "notice") for (const text of Object.values(alert.texts?.ja ?? {})) add(text);
  }
  return names;
}

// MARK: the page

/** Not to be marked: what people write, wrote and are called, what a browser draws by itself, and what is marked. */
const OTHERS = "input, textarea, select, script, style, noscript, svg, rt, .furigana, #place, #device, #here-procedure, #roll-people, #report-answers, #ask-code";

export class Furigana {
  #watch = new MutationObserver(() => this.#mark());
  #isOn = false;

  /** `hooks`: names(), marked(). */
  constructor(hooks) {
    this.hooks = hooks;
  }

  turn(isOn) {
    if (isOn === this.#isOn) return;
    this.#isOn = isOn;
    if (isOn) return this.#mark();
    this.#watch.disconnect();
    for (const marked of document.querySelectorAll(".furigana")) marked.replaceWith(unread(marked).textContent);
    document.body.normalize();
    this.hooks.marked();
  }

  #mark() {
    this.#watch.disconnect();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [], names = this.hooks.names();
    while (walker.nextNode()) {
      const { currentNode: node } = walker;
      if (KANJI.test(node.data) && !node.parentElement.closest(OTHERS) && node.parentElement.closest("[lang]")?.lang === "ja") found.push(node);
    }
    const marked = found.map((node) => [node, pieces(node.data, names)]).filter(([, parts]) => parts.some(({ reading }) => reading));
    for (const [node, parts] of marked) node.replaceWith(drawn(parts));
    if (marked.length > 0) this.hooks.marked();
    this.#watch.observe(document.body, { childList: true, characterData: true, subtree: true });
  }
}

/** One element, wherever it stands: in a row of a form each piece would be a part of its own. */
function drawn(parts) {
  const span = document.createElement("span");
  span.className = "furigana";
  for (const { text, reading } of parts) {
    if (!reading) { span.append(text); continue; }
    const ruby = document.createElement("ruby"), above = document.createElement("rt");
    above.textContent = reading;
    // Read aloud it would be said twice.
    above.setAttribute("aria-hidden", "true");
    ruby.append(text, above);
    span.append(ruby);
  }
  return span;
}
