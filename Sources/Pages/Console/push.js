// An operator's alert. What is sent is what was previewed: any change of the form takes the preview away. A drill is
// the default; for a real one the town's name is typed by hand.

import { newID } from "/tablet/store.js";
import { call } from "./api.js";
import { button, byID, channelWord, japanese, make, modeMark, subject } from "./parts.js";
import { current } from "./towns.js";

const LANGUAGES = { ja: "日本語", "ja-x-easy": "やさしい日本語", en: "English" };

/** The body that was previewed, as it will be sent. */
let previewed = null;
/** Made once per preview: sent again after a lost answer, the order is still one order. */
let key = "";
/** The alert that this one follows up or lifts; null for something new. */
let base = null;

export function prepare(problem, done) {
  const form = byID("push-form");
  form.addEventListener("input", changed);
  form.onsubmit = (event) => { event.preventDefault(); preview().catch(problem); };
  byID("send-form").oninput = judge;
  byID("send-form").onsubmit = (event) => { event.preventDefault(); send().then(done).catch(problem); };
  byID("base-none").onclick = () => { location.hash = "push"; };
  changed();
}

/** Another town: its districts and shelters, and no preview. With `alert`, its next revision. */
export function open(alert) {
  const last = base;
  fill();
  base = alert && [undefined, current().code].includes(alert.town) ? alert : null;
  if (base) follow(base);
  else if (last) byID("push-form").reset();
  changed();
}

/** Fills the form with what was ordered, so that only the change has to be made. */
function follow(alert) {
  const form = byID("push-form"), order = alert.detail ?? {};
  form.reset();
  form.mode.value = alert.mode;
  form.kind.value = "evacuation";
  form.level.value = String(order.level ?? 4);
  form.hazard.value = order.hazard ?? "";
  form.reason.value = order.reason ?? "";
  const districts = new Set(order.districts ?? []), shelters = new Set(order.shelters ?? []);
  for (const box of form.querySelectorAll("input[name=district]")) box.checked = districts.delete(box.value);
  for (const box of form.querySelectorAll("input[name=goal]")) box.checked = shelters.has(box.value);
  form.districts.value = [...districts].join("、");
}

function changed() {
  const form = byID("push-form");
  const mode = form.mode.value, kind = form.kind.value;
  byID("push").dataset.mode = mode;
  byID("mode-bar").textContent = mode === "actual"
    ? `【実際】 ${current().name}の住民の電話・画面に実際に出ます`
    : `【訓練】 ${current().name}の訓練です。文面のはじめに訓練と付きます`;
  for (const part of form.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
  // A drill follows up a drill, and an order an order. Only what was ordered can be lifted.
  for (const choice of form.querySelectorAll("[name=mode], [name=kind]")) choice.disabled = base !== null && !choice.checked;
  byID("base").hidden = base === null;
  byID("base-text").textContent = base ? `続報：「${subject(base)}」を書きかえます。` : "";
  byID("lift").hidden = base === null;
  byID("level-hint").hidden = kind !== "evacuation" || form.hazard.value !== "津波" || form.level.value === "4";
  previewed = null;
  byID("preview").hidden = true;
  byID("push-done").textContent = "";
}

function fill() {
  const town = current();
  byID("districts").replaceChildren(...[everywhere(town.name), ...(town.districts ?? [])].map((name) => tick("district", name, name)));
  byID("goals").replaceChildren(...(town.shelters ?? []).map((shelter) => tick("goal", shelter.id, shelter.name)));
  byID("push-form").shelter.replaceChildren(
    ...(town.shelters ?? []).map((shelter) => new Option(shelter.name, shelter.id)));
}

/** 市内全域, 町内全域 …: the whole town in one press. */
function everywhere(town) {
  const kind = (town ?? "").at(-1);
  return "市区町村".includes(kind) ? `${kind}内全域` : "全域";
}

function tick(name, value, words) {
  const label = make("label", "", "inline"), box = document.createElement("input");
  Object.assign(box, { type: "checkbox", name, value });
  label.append(box, " " + words);
  return label;
}

const ticked = (name) => [...byID("push-form").querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);

/** The body of POST /v1/alerts. The hub refuses a field it does not know. */
function body() {
  const form = byID("push-form");
  const text = (name) => form[name].value.trim() || undefined;
  const common = { town: current().code, kind: form.kind.value, mode: form.mode.value };
  if (common.kind === "evacuation") {
    const typed = form.districts.value.split(/[、,]/).map((name) => name.trim()).filter(Boolean);
    return {
      ...common, level: Number(form.level.value), hazard: form.hazard.value, districts: [...ticked("district"), ...typed],
      reason: text("reason"), shelters: ticked("goal"), lifted: form.lifted.checked, event: base?.event };
  }
  if (common.kind === "shelter") return { ...common, shelter: form.shelter.value, state: form.state.value, note: text("note") };
  if (common.kind === "headquarters") {
    return { ...common, title: form.seat.value, state: form.seatState.value, note: text("seatNote") };
  }
  return { ...common, title: text("title"), body: text("body") };
}

async function preview() {
  const asked = body();
  const answer = await call("POST", "/v1/alerts?preview=true", asked);
  const previews = answer.previews ?? [];
  const problems = previews.flatMap((item) => item.problems ?? []);
  byID("preview-list").replaceChildren(...merged(previews).map((item) => card(item, asked.mode)));
  byID("preview-problems").hidden = problems.length === 0;
  byID("preview-problems").textContent = `直す必要のあるところが${problems.length}件あります。このままでは、その経路では送れないことがあります。`;
  previewed = asked;
  key = newID();
  dress(asked, previews);
  byID("preview").hidden = false;
  byID("preview-title").focus();
}

/** Japanese first; what reads the same on several ways out is read once. */
function merged(previews) {
  const tags = Object.keys(LANGUAGES), rank = (item) => (tags.indexOf(item.language) + tags.length) % tags.length;
  const cards = new Map();
  for (const item of previews.toSorted((a, b) => rank(a) - rank(b))) {
    const name = JSON.stringify([item.language, item.title, item.body, item.verdict, item.reason, item.problems]);
    const one = cards.get(name) ?? { ...item, channels: [] };
    one.channels.push(channelWord(item.channel));
    cards.set(name, one);
  }
  return [...cards.values()];
}

function card(item, mode) {
  const element = make("article", "", "card");
  const head = make("p", [item.channels.join("・"), LANGUAGES[item.language] ?? item.language].filter(Boolean).join("　") + "　", "head");
  head.append(modeMark(mode));
  if (item.verdict === "skip" || item.body == null) {
    element.append(head, make("p", "この経路では送りません。" + japanese(item.reason)));
    return element;
  }
  const title = make("h3", item.title), text = make("p", item.body, "body");
  title.lang = text.lang = item.language;
  element.append(head, title, text, make("p", `${[...item.body].length}文字`, "hint"));
  for (const problem of item.problems ?? []) element.append(make("p", "直してください: " + (problem.position == null ? "" : `${problem.position + 1}文字目、`) + problem.text, "warn"));
  return element;
}

/** The last question names place, channels and mode. */
function dress(asked, previews) {
  const form = byID("send-form"), isLive = asked.mode === "actual";
  const sent = previews.filter((item) => item.verdict !== "skip");
  const channels = [...new Set(sent.map((item) => channelWord(item.channel)))];
  const places = new Set(sent.flatMap((item) => (item.endpoints ?? []).map((endpoint) => item.channel + "/" + endpoint)));
  byID("send-words").textContent =
    `${current().name}　${channels.length}経路${places.size > 0 ? `・${places.size}か所` : ""}（${channels.join("、")}）へ、${isLive ? "実際の情報" : "訓練"}として送ります。`;
  byID("send-name").hidden = !isLive;
  byID("send-name").firstElementChild.textContent = `実際に送るには、市町村の名前「${nameToType()}」を入力してください`;
  form.elements.name.value = "";
  form.querySelector("button").textContent = isLive ? `【実際】${nameToType()}に送る` : "【訓練】として送る";
  judge();
}

const nameToType = () => current().name;

function judge() {
  const form = byID("send-form");
  form.querySelector("button").disabled = previewed?.mode === "actual" && form.elements.name.value.trim() !== nameToType();
}

async function send() {
  if (!previewed) return null;
  const sent = previewed;
  const button = byID("send-form").querySelector("button");
  button.disabled = true;
  try {
    const answer = await call("POST", "/v1/alerts", sent, { "Idempotency-Key": key });
    const id = answer?.id ?? answer?.alerts?.[0]?.id ?? answer?.ids?.[0] ?? "";
    byID("push-form").reset();
    base = null;
    changed();
    byID("push-done").textContent = `${sent.mode === "actual" ? "実際の情報" : "訓練"}として受け付けました（番号 ${id}）　`;
    byID("push-done").append(button("届いた先を見る", () => { location.hash = "reach:" + id; }));
    return id;
  } finally {
    judge();
  }
}
