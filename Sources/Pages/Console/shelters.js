// Lists of shelters: read on trial, column by column, named by hand where the hub was not sure, and only then taken.

import { Refused, call } from "./api.js";
import { Refusals } from "./refusals.js";
import { ask, button, byID, make, row } from "./parts.js";
import { code } from "./towns.js";

/** What a column may be named as; the hub's own words. */
const OURS = ["施設名称", "名称_カナ", "名称_英字", "住所", "地区", "緯度", "経度", "電話番号", "想定収容人数", "備考", "ID", "全国地方公共団体コード", "市区町村名", "種別", "公開フラグ",
  "洪水", "土砂災害", "高潮", "地震", "津波", "大規模な火事", "内水氾濫", "火山現象", "無視"];
const KINDS = { refused: "不採用", doubtful: "要確認", mended: "補正" };
const VERDICTS = { used: "使う", ignored: "使わない", doubtful: "疑わしいので使わない" };
const FITNESS = { fit: "○", conditional: "△", unfit: "×" };
const shownRemarks = 200;

let problem = () => {};
let refusals = null;
/** The file's octets as they are read on trial, and what each column was named by hand. */
let file = null, named = new Map();

const form = () => byID("list-form");

export function prepare(onProblem) {
  problem = onProblem;
  refusals = new Refusals(form());
  form().onsubmit = (event) => { event.preventDefault(); begin().catch(refused); };
  byID("list-take").onclick = () => take().catch(refused);
}

const refused = (error) => (error instanceof Refused && error.status !== 401 ? refusals.show(error) : problem(error));

export async function open() {
  form().reset();
  forget();
  await again();
}

export async function again() {
  const shelters = (await call("GET", `/v1/towns/${code()}/shelters`)).shelters ?? [];
  byID("shelter-rows").replaceChildren(...shelters.map((shelter) => row([
    shelter.name, shelter.address ?? "", shelter.capacity ?? "", (shelter.lists ?? []).join("、") || "設定", fitnessWords(shelter.fitness), shelter.note ?? ""])));
  byID("shelters-none").hidden = shelters.length > 0;
  showLists(shelters);
}

/** Lists that were handed over, each with what takes it out again. What stands in the settings is changed there alone. */
function showLists(shelters) {
  const lists = new Map();
  for (const { id, name, lists: own } of shelters) for (const list of own ?? []) lists.set(list, [...(lists.get(list) ?? []), [id, name]]);
  byID("list-names").replaceChildren(...[...lists].map(([list, rows]) => {
    const item = make("li", `${list}（${rows.length}施設）　`);
    const names = new Map(rows);
    const act = button("外す", () => remove(list, names).catch(refused), "danger");
    act.setAttribute("aria-label", `名簿「${list}」を外す`);
    item.append(act);
    return item;
  }));
  byID("lists-none").hidden = lists.size > 0;
}

/** Asked first, with what the hub says would leave and what stays; a list that has changed meanwhile is not taken unseen. */
async function remove(list, names) {
  byID("list-done").textContent = "";
  refusals.clear();
  const path = `/v1/towns/${code()}/shelters/lists/${encodeURIComponent(list)}`;
  const trial = await call("DELETE", path + "?dry_run=true");
  const name = (id) => names.get(id) ?? id;
  const some = (ids) => ids.slice(0, 10).map(name).join("、") + (ids.length > 10 ? `　ほか${ids.length - 10}` : "");
  const words = [`${trial.removed.length}施設が外れます（${some(trial.removed) || "なし"}）。`];
  if (trial.kept_open.length) words.push(`いま開いている${trial.kept_open.length}施設は、閉じるまで残ります（${some(trial.kept_open)}）。`);
  words.push("ほかの名簿か設定にもある施設は、そちらに残ります。住民には何も知らせません。戻すには、もう一度名簿を読み込みます。");
  if (!await ask(`名簿「${list}」を外しますか`, words.join(""), "外す")) return;
  const done = await call("DELETE", path);
  await again();
  byID("list-done").textContent = `名簿「${list}」を外しました（外れた${done.removed.length}${done.kept_open.length ? `、開設中のため残る${done.kept_open.length}` : ""}）`;
  byID("lists-title").focus();
}

const fitnessWords = (fitness) => Object.entries(fitness ?? {}).map(([hazard, word]) => `${FITNESS[word] ?? word}${hazard}`).join("　") || "分かりません";

function forget() {
  [file, named] = [null, new Map()];
  refusals.clear();
  byID("list-report").hidden = true;
}

async function begin() {
  const chosen = form().file.files[0];
  forget();
  byID("list-done").textContent = "";
  if (!chosen) return refusals.show(new Refused(422, "", { errors: [{ field: "file", detail: "名簿のファイル（CSV）を選んでください" }] }));
  file = { name: chosen.name, octets: await chosen.arrayBuffer() };
  return read();
}

async function send(isTrial, mayReplace = false) {
  const question = new URLSearchParams({ name: file.name });
  const list = form().list.value.trim();
  if (list) question.set("list", list);
  for (const [column, ours] of named) question.append("map", `#${column}=${ours}`);
  if (isTrial) question.set("dry_run", "true");
  if (mayReplace) question.set("replace", "true");
  return call("POST", `/v1/towns/${code()}/shelters/import?${question}`, file.octets, { "Content-Type": "text/csv" });
}

/** On trial: nothing changes. */
async function read() {
  refusals.clear();
  try {
    show(await send(true));
  } catch (error) {
    // What was named by hand last may be what it cannot be read with.
    byID("list-take").disabled = true;
    throw error;
  }
}

function show(report) {
  byID("list-take").disabled = false;
  byID("list-report").hidden = false;
  const counts = [["追加", report.added.length], ["変更", report.changed.length], ["同じ", report.unchanged], ["名簿から外れる", report.removed.length],
    ["不採用", report.refused_rows], ["ほかの市町村", report.elsewhere]];
  byID("list-counts").textContent = `名簿「${report.list}」　${counts.map(([word, count]) => `${word} ${count}`).join("　")}`;
  byID("list-columns").replaceChildren(...report.columns.map(line));
  const remarks = report.remarks.map((one) => make("li", `${one.line}行　${KINDS[one.kind] ?? one.kind}　${one.text}`));
  remarks.push(...report.elsewhere_towns.map((one) => make("li", `${one.name}の行 ${one.rows}件は、ほかの市町村なので入れません`)));
  remarks.push(...report.removed.map((id) => make("li", `名簿から外れる　${id}`)), ...report.kept_open.map((id) => make("li", `開設中なので残る　${id}`)));
  const more = remarks.length - shownRemarks + report.remarks_left_out;
  byID("list-remarks").replaceChildren(...remarks.slice(0, shownRemarks), ...(more > 0 ? [make("li", `ほか${more}件`)] : []));
  byID("list-report-title").focus();
}

function line(column) {
  const choice = document.createElement("select");
  choice.setAttribute("aria-label", `${column.column}列「${column.header}」を使う項目`);
  choice.append(new Option("おまかせ", ""), ...OURS.map((word) => new Option(word, word)));
  choice.value = named.get(column.column) ?? "";
  choice.onchange = () => {
    if (choice.value) named.set(column.column, choice.value);
    else named.delete(column.column);
    read().catch(refused);
  };
  const verdict = VERDICTS[column.verdict] + (column.verdict === "used" ? `：${column.used_as ?? ""}` : "");
  const line = row([`${column.column}`, column.header, verdict, column.remark ?? "", choice]);
  line.dataset.verdict = column.verdict;
  return line;
}

async function take() {
  const trial = await send(true);
  const leaving = trial.removed.length, stay = trial.unchanged + trial.changed.length;
  const words = `追加${trial.added.length}、変更${trial.changed.length}、名簿から外れる${leaving}。住民には何も知らせません。開設は「情報を出す」で行います。`;
  if (!await ask(`名簿「${trial.list}」を登録しますか`, words, "登録する")) return;
  const report = await send(false, leaving > stay);
  const done = `名簿「${report.list}」を登録しました（追加${report.added.length}、変更${report.changed.length}、外れた${report.removed.length}）`;
  form().reset();
  forget();
  byID("list-done").textContent = done;
  await again();
}
