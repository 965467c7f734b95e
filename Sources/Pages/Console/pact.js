// 代行: which towns have agreed to do whose work, the three keys of which two open it, and what was done in the other's name. What may be pressed
// is the hub's word (`offers`), and a key that is turned asks why. Everything stands in both towns' logs.

import { call } from "./api.js";
import * as behalf from "./behalf.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";
import { Refusals } from "./refusals.js";
import { all, code, current } from "./towns.js";
import { isDrill, world } from "./world.js";

const STATES = { proposed: "相手の町の署名を待っています", signed: "署名ずみ（ふだん）", released: "代行中", ended: "終わり" };
const ACTS = { order: "避難情報を出す", shelter: "避難所を開け閉めする", notice: "お知らせを出す", approve: "二人目として承認する", devices: "端末を扱う", read: "見る" };
const PARTIES = { giver: "任せる町", prefecture: "県", timer: "時計" };
const DEEDS = ["いつ", "だれが", "何を"];
/** What a new agreement lends when nobody changes it. */
const USUAL = new Set(["order", "shelter", "notice", "read"]);

document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "pact.css" }));

let problem = () => {}, refusals = null;
const list = make("div"), none = make("p", "取り決めは、まだありません。災害の前に、近くの町や、遠くて同時に被災しない町と結んでおきます。", "hint"), done = make("p"), paper = make("details");

export function prepare(onProblem) {
  problem = onProblem;
  done.setAttribute("role", "status");
  paper.id = "pact-new";
  byID("pact-box").append(
    make("p", "役場が動けないとき、決めておいた町の職員が、この町の名前で情報を出します。任せる町・県・時計の三つの鍵のうち、二つで始まります。時計だけでは始まりません。", "hint"), done, list, none, paper);
}

export async function open() {
  done.textContent = "";
  drawForm();
  await again();
}

export async function again() {
  const { pacts } = await call("GET", "/v1/pacts");
  const here = pacts.filter((pact) => [pact.giver.code, pact.helper.code].includes(code()));
  const order = { released: 0, signed: 1, proposed: 2, ended: 3 };
  list.replaceChildren(...here.toSorted((a, b) => order[a.state] - order[b.state]).map(card));
  none.hidden = here.length > 0;
  paper.hidden = isDrill();
}

const name = (town) => town.name ?? town.code;
const whole = (time) => `${Number(time.slice(0, 4))}年${Number(time.slice(5, 7))}月${Number(time.slice(8, 10))}日`;
const mark = (it) => `${it.by}　${timeWord(it.at, false)}`;

function card(pact) {
  const element = make("section", "", `pact ${pact.state}`), facts = make("dl"), title = `${name(pact.helper)}が、${name(pact.giver)}の仕事をする`;
  element.append(make("h2", title), make("b", STATES[pact.state], "state"));
  for (const [term, words] of [
    ["任せること", pact.acts.map((act) => ACTS[act]).join("、")], ["地区", pact.districts?.join("、") ?? "全域"], ["一回の長さ", `長くて${pact.hours}時間`],
    ["時計の鍵", `操作卓が${pact.silence}分使われず、震度6弱以上か、計画の前提が崩れたとき`], ["取り決めの期限", whole(pact.until)],
    ["署名", `${mark(pact.proposed)}${pact.signed ? `、${mark(pact.signed)}` : ""}`],
  ]) facts.append(make("dt", term), make("dd", words));
  const mine = pact.releases.filter((one) => one.mode === world()), now = mine.findLast((one) => one.state === "open" || one.state === "waiting");
  if (pact.state !== "proposed" && pact.state !== "ended") element.append(keys(pact, now));
  if (now?.state === "waiting") element.append(make("p", `${timeWord(now.waits_until, false)}までに、別の人が別の鍵を回すと、代行が始まります。`, "warn"));
  if (now?.state === "open") element.append(make("p", `${timeWord(now.until, false)}まで、${name(pact.helper)}の職員が${name(pact.giver)}の名前で情報を出します。`, "warn"));
  const acts = make("p", "", "row"), offers = pact.offers[world()];
  const press = (offer, word, act, kind = "") => {
    if (!offers.includes(offer)) return;
    const one = button(word, () => act(pact).catch(problem), kind);
    one.setAttribute("aria-label", `${title}：${word}`);
    acts.append(one, " ");
  };
  press("sign", "署名する", sign, "main");
  press("key", now ? "二つめの鍵を回す（代行を始める）" : "鍵を回す", turn, "main");
  press("end", now?.state === "waiting" ? "鍵を戻す" : "代行を終える", end, "danger");
  if (now?.state === "open" && all().some((town) => town.code === pact.giver.code && town.on_behalf) && code() !== pact.giver.code) acts.append(button(`${name(pact.giver)}の仕事をする`, () => behalf.enter(pact.giver.code), "main"), " ");
  element.append(acts, facts);
  for (const release of mine.toReversed().filter((one) => one.opened)) element.append(report(release));
  if (offers.includes("whole") && !isDrill()) {
    const more = make("details");
    more.append(make("summary", "取り決めをやめる"), button("この取り決めをやめる", () => stop(pact).catch(problem), "danger"));
    element.append(more);
  }
  return element;
}

/** The three keys as they lie: turned by whom, when and why; the clock's also when it would turn. */
function keys(pact, release) {
  const box = make("ul", "", "pact-keys");
  box.setAttribute("aria-label", "三つの鍵。二つで始まります");
  box.append(...Object.entries(PARTIES).map(([party, word]) => {
    const turned = release?.keys.find((key) => key.party === party)?.turned, item = make("li", "", turned ? "turned" : "");
    item.append(drawn());
    const owner = party === "giver" ? `${word}（${name(pact.giver)}）` : word;
    const clock = pact.clock ? `条件がそろっています。ほかの鍵と一緒に回ります：${pact.clock}` : "条件は、まだそろっていません";
    item.append(make("b", `${owner}の鍵`), make("span", turned ? `回りました　${mark(turned)}　${turned.reason ?? ""}` : party === "timer" ? clock : "回っていません"));
    return item;
  }));
  return box;
}

/** A key. */
function drawn() {
  const part = (name, more) => {
    const one = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(more)) one.setAttribute(key, value);
    return one;
  };
  const key = part("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" });
  key.append(part("circle", { cx: 7, cy: 12, r: 4 }), part("path", { d: "M11 12h11v4M18 12v3" }));
  return key;
}

/** What was done in the giver's name: for its people to read when they are back. */
function report(release) {
  const box = make("details"), table = make("table", "", "cards"), head = make("thead"), body = make("tbody");
  box.open = release.state === "open";
  const over = release.ended ? `${timeWord(release.ended.at, false)}に${release.ended.by}さんが終えました` : release.state === "open" ? `${timeWord(release.until, false)}まで` : `${timeWord(release.until, false)}に終わりました`;
  box.append(make("summary", `${isDrill() ? "【訓練】" : ""}代行でしたこと（${release.deeds.length}件）　${timeWord(release.opened, false)}から、${over}`));
  const line = row(DEEDS);
  line.replaceChildren(...DEEDS.map((word) => Object.assign(make("th", word), { scope: "col" })));
  head.append(line);
  body.append(...release.deeds.map((deed) => row([timeWord(deed.at), deed.by.replace(/^(operator|safe):/, ""), deed.title], DEEDS)));
  table.append(head, body);
  box.append(release.deeds.length > 0 ? table : make("p", "まだ何も出していません。", "hint"));
  return box;
}

const path = (pact, step) => `/v1/pacts/${encodeURIComponent(pact.id)}/${step}`;

async function say(words) {
  done.textContent = words;
  await again();
  behalf.open();
}

async function sign(pact) {
  const text = `${name(pact.helper)}の職員が、${name(pact.giver)}の名前で「${pact.acts.map((act) => ACTS[act]).join("、")}」ことができるようになります。鍵が二つ回ったときだけ、一回に長くて${pact.hours}時間です。`;
  if (!await ask(`${current().name}として署名しますか`, text, "署名する")) return;
  await call("POST", path(pact, "sign"));
  await say("署名しました。鍵が二つ回るまで、何も変わりません。");
}

async function turn(pact) {
  const isReal = world() === "actual";
  const text = `${isReal ? "【本番】" : "【訓練】"}二つめの鍵が回ると、すぐに${name(pact.helper)}の職員が${name(pact.giver)}の名前で${isReal ? "住民に" : "訓練の"}情報を出せます。鍵を回すだけでは、住民には何も知らせません。${pact.clock && isReal ? `時計の鍵も一緒に回るので、これで始まります（${pact.clock}）。` : ""}`;
  const reason = await ask(`${name(pact.giver)}の代行の鍵を回しますか`, text, "鍵を回す", "理由");
  if (!reason) return;
  const after = await call("POST", path(pact, "release"), { mode: world(), reason });
  await say(after.state === "released" && after.releases.some((one) => one.mode === world() && one.state === "open") ? "代行が始まりました。" : "鍵を一つ回しました。あと一つ、別の人の別の鍵で始まります。");
}

async function end(pact) {
  const text = `これから${name(pact.helper)}の職員は、${name(pact.giver)}の名前で何も出せません。出ている情報は、そのまま残ります。承認を待っているものは、送りません。`;
  if (!await ask(`${name(pact.giver)}の代行を終えますか`, text, "終える")) return;
  await call("POST", path(pact, "end"), {});
  await say("終えました。");
}

async function stop(pact) {
  const reason = await ask("取り決めをやめますか", `${name(pact.helper)}は、この先${name(pact.giver)}の仕事を代われません。もう一度結ぶには、両方の町の署名が要ります。`, "やめる", "理由");
  if (!reason) return;
  await call("POST", path(pact, "end"), { whole: true, reason });
  await say("取り決めをやめました。");
}

/** A new agreement, from this town's side. */
function drawForm() {
  const form = make("form");
  form.autocomplete = "off";
  form.noValidate = true;
  const field = (words, control) => {
    const label = make("label", words + " ");
    label.append(control);
    return label;
  };
  const input = (name, value, more = {}) => Object.assign(document.createElement("input"), { name, value, ...more });
  const way = Object.assign(document.createElement("select"), { name: "way" });
  way.append(new Option(`${current().name}の仕事を、相手の町に任せる`, "give"), new Option(`相手の町の仕事を、${current().name}が引き受ける`, "help"));
  const acts = make("fieldset");
  acts.append(make("legend", "任せること"), ...Object.entries(ACTS).map(([act, word]) => {
    const label = make("label", "", "tick");
    label.append(input("acts", act, { type: "checkbox", checked: USUAL.has(act) }), " " + word);
    return label;
  }));
  const year = new Date(Date.now() + 365 * 86400e3 + 9 * 3600e3).toISOString().slice(0, 10);
  const numbers = make("div", "", "row");
  numbers.append(
    field("一回は長くて（時間）", input("hours", "24", { type: "number", min: 1, max: 168 })), field("操作卓が使われないと時計の鍵が回る（分）", input("silence", "30", { type: "number", min: 5, max: 1440 })),
    field("取り決めの期限", input("until", year, { type: "date" })));
  const send = make("button", "この内容で提案し、署名する", "main");
  form.append(
    field("どちらの仕事を", way), field("相手の町の6桁の番号", input("other", "", { inputMode: "numeric", maxLength: 6 })), acts,
    field("地区（、で区切る。空けておくと全域）", input("districts", "", { maxLength: 2000 })), numbers, send);
  form.onsubmit = (event) => { event.preventDefault(); propose(form).catch((error) => (error.status === 422 ? refusals.show(error) : problem(error))); };
  paper.replaceChildren(make("summary", "新しい取り決めを提案する"), form);
  refusals = new Refusals(form, { giver: ["other"], helper: ["other"] });
}

async function propose(form) {
  refusals.clear();
  const { way, other, districts, hours, silence, until } = form.elements, parts = districts.value.split(/[、,\s]+/).filter(Boolean);
  const wish = {
    giver: way.value === "give" ? code() : other.value.trim(), helper: way.value === "give" ? other.value.trim() : code(),
    acts: [...form.querySelectorAll("[name=acts]:checked")].map((one) => one.value), hours: Number(hours.value), silence: Number(silence.value),
    ...(parts.length > 0 ? { districts: parts } : {}), ...(until.value ? { until: `${until.value}T23:59:59+09:00` } : {}),
  };
  await call("POST", "/v1/pacts", wish);
  paper.open = false;
  form.reset();
  await say("提案し、こちらの署名をしました。相手の町の管理者が署名すると、取り決めになります。");
}
