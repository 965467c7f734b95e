// The list behind the full screen: what is in force, what is over, and the shelters.

import { isInForce } from "./board.js";
import { endMark, kindWords, markOf, textOf, times, tone } from "./front.js";
import { isOver } from "./news.js";
import { hazardsOf, inOrder, latestOf, nameOf, warnings } from "./place.js";
import { wordsOf } from "./words.js";

const byID = (id) => document.getElementById(id);

export function block(name, text, className = "", lang = null) {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  if (lang) element.lang = lang;
  return element;
}

/** `choose(entry)` puts one in front. */
export function showList(board, language, now, choose) {
  const words = wordsOf(language), visible = board.visible(), ended = board.ended(), halted = board.halted().length;
  const inForce = visible.filter(isInForce), over = visible.filter((entry) => !isInForce(entry));
  byID("quiet").hidden = inForce.length > 0;
  byID("list").replaceChildren(...inForce.map((entry) => row(entry, "h2", language, now, choose)));
  byID("halted").hidden = halted === 0;
  byID("halted").textContent = words.halted(halted);
  byID("past").hidden = over.length + ended.length === 0;
  byID("past-list").replaceChildren(...[...over, ...ended].map((entry) => row(entry, "h3", language, now, entry.endedAt ? null : choose)));
  showShelters(visible, language);
}

/** `heading`: one below what the list stands under. */
function row(entry, heading, language, now, choose) {
  const item = document.createElement("li"), words = wordsOf(language), said = textOf(entry.alert, language);
  const mark = entry.endedAt ? endMark(entry, language) : isInForce(entry) ? "" : markOf(entry, language);
  item.className = "tone-" + (entry.endedAt ? "old" : tone(entry));
  const isDrill = entry.alert.mode === "exercise";
  if (entry.alert.doubt) item.append(block("p", words.doubt, "small"));
  const title = block(heading, entry.cancelledBy ? "" : said.title, "", said.language);
  if (entry.cancelledBy) title.append(block("s", said.title));
  item.append(
    block("p", (isDrill ? words.drillTitle : "") + (mark ? mark + words.gap : "") + kindWords(entry, language), "band"),
    title, block("p", times(entry, language, now), "small"));
  if (choose) {
    const button = block("button", words.show);
    button.type = "button";
    button.onclick = () => choose(entry);
    item.append(button);
  }
  return item;
}

/** What is not fit for what people flee from says so, and stands last. */
function showShelters(visible, language) {
  const words = wordsOf(language), latest = latestOf(visible);
  byID("shelters").hidden = !latest;
  if (!latest) return;
  const hazards = hazardsOf(visible, latest.alert.mode);
  // A shelter that a drill opened is open to nobody who needs one.
  const mark = latest.alert.mode === "exercise" ? words.drillTitle : "";
  byID("shelters-drill").textContent = mark;
  byID("shelter-list").replaceChildren(...inOrder(latest.alert.shelters, hazards).map((shelter) => {
    const item = document.createElement("li"), name = nameOf(shelter, words), warning = warnings(shelter, hazards, words);
    item.append(
      block("b", mark + (words[shelter.state] ?? shelter.state), shelter.state),
      block("span", [name, shelter.address, shelter.note].filter(Boolean).join(words.gap), "", name === shelter.name ? "ja" : language));
    if (warning) item.append(" ", block("strong", warning));
    return item;
  }));
}
