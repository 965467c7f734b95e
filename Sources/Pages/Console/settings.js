// A town's own settings: what is done of its first start, its districts and far ends, whether these answer, and who changed
// what. A change is looked at before it is made, has a reason, and tells nobody anything.

import { Refused, call } from "./api.js";
import { Refusals } from "./refusals.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";
import { channelWord, channels, code, question } from "./towns.js";
import * as world from "./world.js";

const SIDES = { exercise: "訓練", actual: "本番" };
let problem = () => {};
let refusals = null, endRefusals = null;
/** As the hub has it, and as it is to be. */
let seen = null, paper = null;
/** What each far end answered, by channel and id; and which one is in the form, -1 for a new one. */
let answers = new Map(), open_ = -1;

const form = () => byID("settings-form");
const endForm = () => byID("end-form");
const key = (end) => `${end.channel}/${end.id}`;
const nameOf = (district) => district.name ?? district;

export function prepare(onProblem) {
  problem = onProblem;
  refusals = new Refusals(form());
  endRefusals = new Refusals(endForm());
  form().onsubmit = (event) => { event.preventDefault(); change().catch(refused); };
  endForm().onsubmit = (event) => { event.preventDefault(); takeEnd(); };
  byID("end-cancel").onclick = closeEnd;
  byID("end-add").onclick = () => edit(-1);
  byID("link-test").onclick = () => test().catch(problem);
  byID("settings-undo").onclick = () => read().catch(problem);
}

const refused = (error) => (error instanceof Refused && error.status !== 401 ? refusals.show(error) : problem(error));

export async function open() {
  answers = new Map();
  byID("settings-done").textContent = "";
  await read();
}

/** What somebody is writing is not taken away by news. */
export const again = () => (isChanged() || !endForm().hidden ? Promise.resolve() : read());

const isChanged = () => JSON.stringify(paper) !== JSON.stringify(seen?.document);

async function read() {
  seen = await call("GET", `/v1/towns/${code()}/settings`);
  paper = structuredClone(seen.document);
  refusals.clear();
  form().reset();
  closeEnd();
  byID("settings-later").hidden = seen.at_next_start.length === 0;
  byID("settings-later").textContent = `次にハブを起動したときから効くもの: ${seen.at_next_start.join("、")}`;
  byID("change-rows").replaceChildren(...seen.changes.map((one) => row(
    [timeWord(one.at, false), one.by, one.reason, one.what.join("、")], ["", "人", "理由", "変えたところ"])));
  byID("changes-none").hidden = seen.changes.length > 0;
  draw();
  await steps();
}

/** Name, coast and outline: what all of the town is. */
function drawTown() {
  const known = seen.tables ?? {}, mine = new Set(paper.tsunami_areas ?? []);
  for (const [id, key] of [["town-name", "name"], ["town-roman", "roman_name"]]) {
    byID(id).value = paper[key] ?? "";
    byID(id).oninput = () => {
      paper[key] = byID(id).value.trim();
      mark();
    };
  }
  const box = (value, text, isTicked, act) => {
    const label = make("label", "", "inline"), input = Object.assign(document.createElement("input"), { type: "checkbox", value, checked: isTicked, onchange: act });
    label.append(input, " " + text);
    return label;
  };
  const take = (event) => {
    const boxes = [...byID("tsunami").querySelectorAll("input")];
    // A coast, or none.
    for (const one of boxes) if (event.target.checked && Boolean(one.value) !== Boolean(event.target.value)) one.checked = false;
    const ticked = boxes.filter((one) => one.checked).map((one) => one.value);
    paper.tsunami_areas = ticked.filter(Boolean);
    if (ticked.length === 0) delete paper.tsunami_areas;
    mark();
  };
  byID("tsunami-set").hidden = !(known.tsunami ?? []).length;
  byID("tsunami").replaceChildren(
    ...(known.tsunami ?? []).map((one) => box(one.code, `${one.name}（${one.code}）`, mine.has(one.code), take)),
    box("", "海に面していない", mine.size === 0 && paper.tsunami_areas !== undefined, take));
  byID("outline-drop").hidden = !paper.outline?.length;
  byID("outline-drop").onclick = () => { delete paper.outline; draw(); };
  byID("outline-file").onchange = (event) => outline(event.target.files[0]).catch(problem);
  drawOutline();
}

async function drawOutline() {
  byID("outline-picture").hidden = !paper.outline?.length;
  if (paper.outline?.length) byID("outline-picture").replaceChildren((await import("./outline.js")).picture(paper.outline));
}

async function outline(file) {
  if (!file) return;
  const { ringsOf } = await import("./outline.js"), found = ringsOf(await file.text(), code());
  byID("outline-file").value = "";
  if (found.rings) paper.outline = found.rings;
  draw();
  byID("outline-words").textContent = found.words;
}

function draw() {
  drawTown();
  const lines = (paper.districts ?? []).map(districtLine);
  byID("district-rows").replaceChildren(...lines);
  const add = byID("district-add");
  add.onclick = () => {
    const name = byID("district-name").value.trim(), roman = byID("district-roman").value.trim();
    if (!name || (paper.districts ?? []).some((one) => nameOf(one) === name)) return byID("district-name").focus();
    paper.districts = [...(paper.districts ?? []), roman ? { name, roman_name: roman } : { name }];
    byID("district-name").value = byID("district-roman").value = "";
    draw();
    return byID("district-name").focus();
  };
  byID("end-rows").replaceChildren(...(paper.endpoints ?? []).map(endLine));
  byID("ends-none").hidden = (paper.endpoints ?? []).length > 0;
  mark();
}

/** Whether there is something to be kept. */
function mark() {
  byID("settings-send").hidden = !isChanged();
}

function districtLine(district, index) {
  const item = make("li", `${nameOf(district)}${district.roman_name ? `（${district.roman_name}）` : ""}　`);
  const act = button("外す", () => { paper.districts.splice(index, 1); draw(); byID("district-name").focus(); }, "danger");
  act.setAttribute("aria-label", `地区「${nameOf(district)}」を外す`);
  item.append(act);
  return item;
}

function endLine(end, index) {
  const acts = make("span", "", "acts");
  acts.append(button("直す", () => edit(index)), button("外す", () => { paper.endpoints.splice(index, 1); draw(); byID("end-add").focus(); }, "danger"));
  for (const act of acts.children) act.setAttribute("aria-label", `${end.name}：${act.textContent}`);
  const sides = Object.entries(SIDES).filter(([side]) => end[side]).map(([, word]) => word).join("・") || "どちらも受けない";
  return row([end.name, channelWord(end.channel), end.id, end.district ?? "町全体", sides, answerWords(end), acts], ["", "経路", "番号", "地区", "受けるもの", "つながる試験"]);
}

function answerWords(end) {
  const found = answers.get(key(end)) ?? [];
  if (found.length === 0) return "まだ試していません";
  return found.map((one) => `${one.reached ? "○" : "×"} ${found.length > 1 ? one.modes.map((mode) => SIDES[mode]).join("・") + "：" : ""}${one.words.replace(/ \([^()]*\)$/, "")}`).join("　");
}

// MARK: One far end

function edit(index) {
  const end = paper.endpoints?.[index] ?? { exercise: {} }, fields = endForm().elements;
  open_ = index;
  endRefusals.clear();
  fields.channel.replaceChildren(...channels().map((name) => new Option(channelWord(name), name)));
  fields.district.replaceChildren(new Option("町全体", ""), ...(paper.districts ?? []).map((one) => new Option(nameOf(one), nameOf(one))));
  fields.channel.value = end.channel ?? channels()[0];
  for (const name of ["id", "name", "district"]) fields[name].value = end[name] ?? "";
  for (const side of Object.keys(SIDES)) {
    fields[`takes-${side}`].checked = Boolean(end[side]);
    fields[side].value = Object.entries(end[side] ?? {}).map(([name, value]) => `${name}=${value}`).join("\n");
  }
  endForm().hidden = false;
  byID("end-title").textContent = index < 0 ? "送り先を加える" : `「${end.name}」を直す`;
  byID("end-title").focus();
}

function closeEnd() {
  endForm().hidden = true;
  endRefusals.clear();
}

function takeEnd() {
  const fields = endForm().elements, end = { ...(paper.endpoints?.[open_] ?? {}) };
  const errors = [];
  for (const name of ["channel", "id", "name", "district"]) end[name] = fields[name].value.trim();
  if (!end.district) delete end.district;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(end.id)) errors.push({ field: "id", detail: "番号は、英数字と - _ で64文字までです" });
  if (!end.name) errors.push({ field: "name", detail: "名前を書いてください" });
  for (const side of Object.keys(SIDES)) {
    delete end[side];
    if (!fields[`takes-${side}`].checked) continue;
    const lines = fields[side].value.split("\n").map((line) => line.trim()).filter(Boolean);
    if (lines.some((line) => !line.includes("="))) errors.push({ field: side, detail: "一行に一つ、項目=値 の形で書いてください" });
    end[side] = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")).trim(), line.slice(line.indexOf("=") + 1).trim()]));
  }
  if (errors.length > 0) return endRefusals.show(new Refused(422, "", { errors }));
  paper.endpoints = [...(paper.endpoints ?? [])];
  if (open_ < 0) paper.endpoints.push(end);
  else paper.endpoints[open_] = end;
  answers.delete(key(end));
  closeEnd();
  draw();
  return form().elements.reason.focus();
}

// MARK: The change

async function change() {
  refusals.clear();
  const path = `/v1/towns/${code()}/settings`, tag = { "If-Match": seen.etag }, reason = form().elements.reason.value.trim();
  if (!reason) return refusals.show(new Refused(422, "", { errors: [{ field: "reason", detail: "変える理由を書いてください" }] }));
  const trial = await call("PUT", path + "?dry_run=true", { document: paper, reason }, tag);
  const later = trial.at_next_start.length > 0 ? `次にハブを起動したときから効くもの: ${trial.at_next_start.join("、")}。` : "すぐに効きます。";
  if (!await ask("町の設定を変えますか", `${trial.what.join("、") || "変わるところはありません"}。${later}住民には何も知らせません。`, "変える")) return undefined;
  const made = await call("PUT", path, { document: paper, reason }, tag);
  await read();
  byID("settings-done").textContent = `変えました（第${made.version}版）`;
  return byID("settings-title").focus();
}

async function test() {
  const waiting = byID("link-test");
  waiting.disabled = true;
  byID("link-done").textContent = "試しています（返事がないと10秒かかります）";
  try {
    const found = (await call("POST", `/v1/towns/${code()}/link-test`, {})).answers;
    answers = Map.groupBy(found, (one) => `${one.channel}/${one.endpoint}`);
    const silent = new Set(found.filter((one) => !one.reached).map((one) => `${one.channel}/${one.endpoint}`)).size;
    byID("link-done").textContent = silent > 0 ? `返事のない送り先が${silent}か所あります` : `${answers.size}か所とも、つながりました`;
    byID("end-rows").replaceChildren(...(paper.endpoints ?? []).map(endLine));
  } finally {
    waiting.disabled = false;
  }
}

// MARK: The first start

/** What is done and what is missing, each with the way there. */
async function steps() {
  const [shelters, people, drills] = await Promise.all([
    call("GET", `/v1/towns/${code()}/shelters`).then((said) => said.shelters.length), call("GET", "/v1/users").then((said) => said.users.length),
    call("GET", "/v1/alerts" + question({ limit: "100" })).then((said) => said.alerts.filter((alert) => alert.mode === "exercise").length)]);
  const ends = (seen.document.endpoints ?? []).length, districts = (seen.document.districts ?? []).length;
  const go = (room, text) => button(text, () => world.go(room));
  const list = [
    ["市町村", true, `${seen.document.name ?? ""}（${code()}）${seen.document.roman_name ?? ""}`],
    ["津波予報区", Boolean(seen.document.tsunami_areas), (seen.document.tsunami_areas ?? []).map((one) => seen.tables?.tsunami?.find((area) => area.code === one)?.name ?? one).join("、") || (seen.document.tsunami_areas ? "なし" : "下で選びます")],
    ["地図", (seen.document.outline ?? []).length > 0, (seen.document.outline ?? []).length > 0 ? "外形があります" : "なくても、避難所の位置で描けます"],
    ["地区", districts > 0, `${districts}地区`],
    ["避難所", shelters > 0, `${shelters}施設`, go("shelters", "CSVを読み込む")],
    ["送り先", ends > 0, `${ends}か所`],
    ["人と金庫の鍵", people > 0, `${people}人`, go("people", "人を加える")],
    ["訓練", drills > 0, drills > 0 ? "出したことがあります" : "まだ出していません", button("訓練へ移る", () => world.choose("exercise"))],
  ];
  byID("start-steps").replaceChildren(...list.map(([name, isDone, words, act]) => {
    const item = make("li", "", isDone ? "done" : "missing");
    item.append(make("b", isDone ? "済み" : "まだ"), make("span", name), make("span", words, "hint"), ...(act ? [act] : []));
    return item;
  }));
}
