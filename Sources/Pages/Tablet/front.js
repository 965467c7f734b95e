// The full screen of one alert: colour, icon and words say the same three times over.

import { isInForce } from "./board.js";
import { isOver } from "./news.js";
import { LANGUAGES, clockText, intensityText, unread, wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

/** Outlines in a box of 24 by 24. */
const ICONS = {
  quake: "M2 12h4l2-6 4 13 4-15 3 8h3",
  wave: "M2 18c3 0 3-2 5-2s2 2 5 2 3-2 5-2 2 2 5 2M3 12c2-7 12-9 15-2-4-2-6 0-6 4",
  run: "M14 5a2 2 0 1 0 .1 0M6 11l4-3 4 1 2 4 4 1M12 9l-2 6 4 3v5M10 15l-2 3H4",
  home: "M3 11l9-8 9 8M5 10v11h14V10M10 21v-6h4v6",
  drop: "M12 3c4 5 6 8 6 11a6 6 0 0 1-12 0c0-3 2-6 6-11",
  mountain: "M2 20L9 7l4 7 3-4 6 10z",
  wind: "M3 9h11a3 3 0 1 0-3-3M3 13h15a3 3 0 1 1-3 3M3 17h7",
  info: "M12 3a9 9 0 1 0 .1 0M12 10v7M12 6.5v.5",
};
const KIND_ICONS = {
  eew: "quake", earthquake: "quake", nankai: "quake", missile: "run", tsunami: "wave", evacuation: "run", shelter: "home", flood: "drop",
  weather: "drop", "heavy-rain-record": "drop", landslide: "mountain", volcano: "mountain", ashfall: "mountain", typhoon: "wind", tornado: "wind",
};

export function icon(kind) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  path.setAttribute("d", ICONS[KIND_ICONS[kind] ?? "info"]);
  svg.append(path);
  return svg;
}

/** The colour's name: how bad it is, in the colours of the warning levels. Drills and what was taken back have their own. */
export function tone({ alert, gravity, cancelledBy }) {
  if (cancelledBy || alert.doubt) return "old";
  if (alert.mode === "exercise") return "drill";
  return "l" + (isOver(alert) ? 1 : gravity);
}

/** What happened to it, in a word: the largest on the screen where it is a cancel. */
export function markOf({ alert, change, cancelledBy }, language) {
  const words = wordsOf(language);
  if (cancelledBy || change === "taken-back" && isOver(alert)) return words.cancelledWord;
  return words.mark[change] ?? (alert.message === "update" ? words.updated : "");
}

/** The text in `language`, or in the one that is there; with the language it is in. */
export function textOf(alert, language) {
  const found = [language, ...LANGUAGES.map(([tag]) => tag)].find((tag) => alert.texts?.[tag]);
  return { ...(alert.texts?.[found] ?? { title: "", body: "" }), language: found ?? "ja" };
}

export function kindWords({ alert, cancelledBy }, language) {
  const words = wordsOf(language);
  const parts = [words.kind[alert.kind] ?? words.kind.other];
  if (alert.level && !cancelledBy && !isOver(alert)) parts.push(words.level(alert.level));
  return parts.join(words.gap);
}

export function facts({ alert, cancelledBy }, language) {
  const words = wordsOf(language), source = alert.hypocentre, parts = [];
  if (cancelledBy || isOver(alert)) return "";
  if (alert.local_intensity) {
    const text = expected(alert, language);
    parts.push(alert.kind === "eew" ? words.forecast(text) : words.intensity(text));
  }
  if (source?.name && words.names !== "roman") parts.push(words.hypocentre(source.name));
  if (source?.magnitude != null) parts.push(words.magnitude(source.magnitude.toFixed(1)));
  if (source?.depth_km != null) parts.push(words.depth(source.depth_km));
  return parts.join(words.parts);
}

/** As JMA gives it: one step, from one to another, or one and more. */
function expected({ local_intensity: high, local_intensity_from: low, local_intensity_or_more: isOrMore }, language) {
  const text = intensityText(high, language), isJapanese = language.startsWith("ja");
  if (isOrMore) return isJapanese ? text + "程度以上" : "≥ " + text;
  return low ? intensityText(low, language) + (isJapanese ? `〜${text}程度` : "–" + text) : text;
}

/** Seconds; no shaking is forecast for longer ahead, and a bulletin that says so is wrong. */
const LONGEST_WAY = 300;

/**
 * Of an early warning: the seconds left, while there are some by the hub's time; else that it shakes or may at any moment. Never zero or
 * less, and never by the tablet's own clock.
 */
export function shakingText({ alert, cancelledBy }, language, clock) {
  if (alert.kind !== "eew" || alert.doubt || cancelledBy || isOver(alert)) return "";
  const words = wordsOf(language);
  // The hub says its time in whole seconds: one less is promised.
  const left = clock.isCertain && !alert.arrived ? Math.floor((Date.parse(alert.arrival) - clock.now()) / 1000) - 1 : 0;
  return left > 0 && left <= LONGEST_WAY ? words.shakeIn(left) : words.shakeNow;
}

export function showShaking(id, entry, language, clock) {
  const text = entry ? shakingText(entry, language, clock) : "", line = byID(id);
  line.hidden = !text;
  if (unread(line).textContent !== text) line.textContent = text;
}

/** What ends by the clock says when. Everything else holds until it is lifted: a time would say otherwise. */
const ENDS_BY_CLOCK = ["tornado", "notice"];
/** What is over when its time is, without anybody lifting it. */
const OVER_BY_CLOCK = [...ENDS_BY_CLOCK, "eew", "earthquake", "heavy-rain-record", "shelter", "headquarters", "other"];

/** What to call something whose time is over: only what the clock ends has ended. */
export function endMark({ alert }, language) {
  const words = wordsOf(language);
  return OVER_BY_CLOCK.includes(alert.kind) ? words.ended : words.mark["ran-out"];
}

/** Whether a text ends with who says it and when, in brackets: then nobody else has to say it once more. */
export function isSigned(body) {
  return /^[（(].*\d{1,2}[時:]\d{2}.*[）)]$/.test(body.trimEnd().split("\n").at(-1));
}

export function times({ alert, over, cancelledBy }, language, now, body = "") {
  const words = wordsOf(language), signed = isSigned(body);
  return [
    signed ? "" : words.issued(clockText(Date.parse(alert.reported ?? alert.sent), now, language)),
    cancelledBy || isOver(alert) || !ENDS_BY_CLOCK.includes(alert.kind) ? "" : words.until(clockText(over, now, language)),
    signed ? "" : words.from(alert.sender),
  ].filter(Boolean).join(words.parts);
}

/** Paragraphs with their line breaks; always as text, never as markup. */
export function paragraphs(body) {
  return body.split(/\n\s*\n/).map((block) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = block;
    return paragraph;
  });
}

/**
 * Fills the screen with `entry`. `visible` is all that is on the board: how many more wait, and, under what is over, what
 * still holds.
 */
export function showFront(entry, visible, language, clock) {
  const words = wordsOf(language), isDrill = entry.alert.mode === "exercise", now = clock.now();
  const said = textOf(entry.alert, language), mark = markOf(entry, language);
  const full = byID("full"), isCalm = !isInForce(entry);
  const id = (entry.cancelledBy ?? entry.alert).id;
  const isOther = full.hidden || full.dataset.alert !== id;
  full.dataset.alert = id;
  full.className = "tone-" + tone(entry) + (entry.calls ? " calls" : "") + (isCalm ? " calm" : "") + (entry.alert.doubt ? " doubt" : "") + (entry.cancelledBy ? " void" : "");
  byID("full-drill").hidden = !isDrill && !entry.alert.doubt;
  byID("full-drill").textContent = entry.alert.doubt ? words.doubt : words.drillBar;
  byID("full-icon").replaceChildren(icon(entry.alert.kind));
  byID("full-kind").textContent = (isDrill ? words.drillTitle : "") + kindWords(entry, language);
  byID("full-mark").hidden = !mark;
  byID("full-mark").textContent = mark;
  byID("full-text").lang = said.language;
  byID("full-title").replaceChildren(...titleParts(entry, said.title));
  const body = entry.cancelledBy ? textOf(entry.cancelledBy, language).body : said.body;
  byID("full-body").replaceChildren(...notInOwn(said.language, language), ...paragraphs(body));
  showShaking("full-shake", entry, language, clock);
  byID("full-facts").textContent = facts(entry, language);
  byID("full-times").textContent = times(entry, language, now, body);
  showRest(isCalm ? visible.filter((other) => other !== entry && isInForce(other) && !isDrill) : [], language);
  const others = visible.filter((other) => !other.isTouched && other !== entry).length;
  byID("full-more").textContent = others > 0 ? words.more(others) : "";
  const wasHidden = full.hidden;
  full.hidden = false;
  setBehind(true);
  if (wasHidden) byID("touch").focus({ preventScroll: true });
  // What is new is read from its first line, wherever the one before it was left.
  if (isOther) full.scrollTop = 0;
  fit();
}

/** Where there is no text in the page's language it says so, in that language. */
function notInOwn(found, language) {
  const said = wordsOf(language).otherLanguage;
  return found === language || !said ? [] : [Object.assign(document.createElement("p"), { textContent: said, lang: language })];
}

/** What was taken back keeps its name, struck through: nobody must do what it says. */
export function titleParts(entry, title) {
  if (!entry.cancelledBy) return [title];
  const struck = document.createElement("s");
  struck.textContent = title;
  return [struck];
}

/** Under what is over: what is still to be followed. */
function showRest(others, language) {
  byID("full-rest").hidden = others.length === 0;
  byID("full-rest-title").textContent = wordsOf(language).still;
  byID("full-rest-list").replaceChildren(...others.map((entry) => {
    const item = document.createElement("li"), said = textOf(entry.alert, language);
    item.className = "tone-" + tone(entry);
    item.lang = said.language;
    item.textContent = said.title;
    return item;
  }));
}

/**
 * What to do must be on the screen without a touch: smaller letters where they are enough, else a word that more follows. Readings over the words
 * never push it off: those of the text go before a line of it does, those of the headline where that makes all of it fit, or where it would not stand whole itself.
 */
export function fit() {
  const full = byID("full"), isOver = () => full.scrollHeight > full.clientHeight;
  const isHeadlineOut = () => byID("full-title").offsetTop + byID("full-title").offsetHeight > full.clientHeight - byID("full-foot").offsetHeight;
  const sayBelow = () => { byID("full-below").hidden = full.scrollHeight - full.scrollTop - full.clientHeight < 12; };
  byID("full-below").hidden = true;
  full.classList.remove("tight", "bare", "plain");
  for (const step of ["tight", "bare", "plain"]) if (isOver()) full.classList.add(step);
  if (isOver()) {
    full.classList.remove("plain");
    full.classList.toggle("plain", isHeadlineOut());
  }
  full.onscroll = sayBelow;
  globalThis.onresize = fit;
  sayBelow();
}

export function hideFront() {
  byID("full").hidden = true;
  setBehind(false);
}

/** What is behind the alert is out of reach, and the page keeps the landmark it has. */
function setBehind(isBehind) {
  const main = document.querySelector("main");
  main.classList.toggle("behind", isBehind);
  for (const part of main.children) part.inert = isBehind;
}
