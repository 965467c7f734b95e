// Small pieces of the page. Everything from the hub becomes text, never markup.

export const byID = (id) => document.getElementById(id);

export function make(name, text = "", className = "") {
  const element = document.createElement(name);
  element.textContent = text;
  if (className) element.className = className;
  return element;
}

export function button(text, act, className = "") {
  const element = make("button", text, className);
  element.type = "button";
  element.onclick = act;
  return element;
}

/** A row of a table; strings become cells of text. `labels` say what a cell is where a narrow screen has no heads. */
export function row(cells, labels = []) {
  const element = document.createElement("tr");
  for (const [index, cell] of cells.entries()) {
    const place = document.createElement("td");
    place.append(cell ?? "");
    if (labels[index]) place.dataset.label = labels[index];
    element.append(place);
  }
  return element;
}

/** 訓練 or 本番 as a word in a frame of its own shape, not by colour alone. */
export function modeMark(mode) {
  return mode === "actual" ? make("b", "【本番】", "mark actual") : make("b", "【訓練】", "mark exercise");
}

const KINDS = {
  eew: "緊急地震速報", earthquake: "地震情報", tsunami: "津波", weather: "気象", landslide: "土砂災害", flood: "洪水", volcano: "火山", ashfall: "降灰",
  typhoon: "台風", tornado: "竜巻", "heavy-rain-record": "記録的大雨", nankai: "巨大地震", missile: "ミサイル等", notice: "お知らせ", evacuation: "避難情報",
  shelter: "避難所", headquarters: "災害対策本部", other: "その他",
};
export const kindWord = (kind) => KINDS[kind] ?? kind ?? "";

const PRIORITIES = { immediate: "1 即時", urgent: "2 緊急", routine: "3 通常", background: "4 後回し" };
export const priorityWord = (priority) => PRIORITIES[priority] ?? priority ?? "";

/** Only its sender takes an alert back: the weather service's are not ours. */
export const isOurs = (alert) => (alert.type ?? "operator") === "operator";

/** The time of day in Japan, with the date before it where it is not today; nothing for nothing. */
export function timeWord(text, hasSeconds = true) {
  const time = typeof text === "number" ? text * 1000 : Date.parse(text ?? "");
  if (Number.isNaN(time)) return "";
  const local = (moment) => new Date(moment + 9 * 3600e3).toISOString();
  const day = local(time).slice(0, 10), clock = local(time).slice(11, hasSeconds ? 19 : 16);
  return day === local(Date.now()).slice(0, 10) ? clock : `${Number(day.slice(5, 7))}月${Number(day.slice(8))}日 ${clock}`;
}

/** What the alert is about, in one line: an order with its level, hazard and districts, never its reason alone. */
export function subject(alert) {
  const detail = alert.detail ?? {}, title = alert.title ?? alert.headline ?? alert.id;
  switch (detail.kind) {
    case "evacuation":
      return [`${title}（${detail.hazard}）`, (detail.districts ?? []).join("、")].filter(Boolean).join("　");
    case "shelter": return `${title}　${detail.name}${detail.others ? `、ほか${detail.others.length}か所` : ""}`;
    case "headquarters": return title;
    case "notice": return detail.title;
    default: return alert.headline ?? title;
  }
}

/** The hub says why in Japanese and, in brackets behind it, in English. */
const ENGLISH = / \(([^()（）ぁ-んァ-ヶ]*[A-Za-z][^ぁ-んァ-ヶ]*)\)$/;

/** Where there is room for one language only. */
export const japanese = (text) => (text ?? "").replace(ENGLISH, "");

/** Both: the Japanese, and the English small behind it. */
export function words(text, className = "") {
  const english = (text ?? "").match(ENGLISH)?.[1], element = make("p", japanese(text), className);
  if (english) {
    const small = make("small", " " + english);
    small.lang = "en";
    element.append(small);
  }
  return element;
}

/** Asks before what cannot be taken back. True when the answer is yes; with `field` what was written, empty for no. */
export function ask(title, text, yes, field = "") {
  const dialog = byID("ask"), input = byID("ask-input");
  byID("ask-field").hidden = !field;
  byID("ask-field").firstElementChild.textContent = field;
  input.value = "";
  input.required = field !== "";
  byID("ask-title").textContent = title;
  byID("ask-text").textContent = text;
  byID("ask-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const isYes = dialog.returnValue === "yes";
      resolve(field ? (isYes ? input.value.trim() : "") : isYes);
    }, { once: true });
  });
}
