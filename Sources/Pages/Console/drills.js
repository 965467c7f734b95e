// Drills as things of their own: planned, begun, ended, scored, erased. What is told in one is sent as ever, from 情報を出す.

import { call } from "./api.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";
import { channelWord, code, question } from "./towns.js";

const STATES = { planned: "計画", running: "実施中", over: "終了", erased: "終了（消去済み）" };
const ROW = ["題", "状態", "いつ、だれが", "届いた／頼んだ", "操作"], ALERT = ["時刻", "題", "だれが", "届いた／頼んだ", "最初まで", "95％まで"];
let problem = () => {}, shown = "";

export function prepare(onProblem) {
  problem = onProblem;
  byID("drill-print").onclick = () => window.print();
  byID("drill-form").onsubmit = (event) => {
    event.preventDefault();
    const { title, note } = event.target.elements;
    call("POST", "/v1/drills", { town: code(), title: title.value, ...(note.value ? { note: note.value } : {}) })
      .then(() => { event.target.reset(); return list(); }).catch(problem);
  };
}

export async function open() {
  shown = "";
  byID("drill-score").hidden = true;
  await list();
}

export async function again() {
  await list();
  if (shown) await show(shown);
}

async function list() {
  const { drills = [] } = await call("GET", "/v1/drills" + question());
  byID("drill-rows").replaceChildren(...drills.map(line));
  byID("drills-none").hidden = drills.length > 0;
}

function line(drill) {
  const last = drill.erased ?? drill.ended ?? drill.begun ?? drill.planned, acts = make("span", "", "acts");
  const step = (word, name, text) => named(button(word, () => act(drill, name, text).catch(problem), name === "erase" ? "danger" : ""), drill);
  if (drill.state === "planned") acts.append(step("始める", "begin", "いまから終えるまでの訓練の情報が、この訓練の結果になります。何も送りません。"));
  if (drill.state === "running") acts.append(step("終えて採点する", "end", "採点を残します。出ている訓練の情報は、消去するまで残ります。"));
  if (drill.state === "over") acts.append(step("残ったものを消す", "erase", "出ている訓練の情報をすべて取り消し、訓練のページを空にし、訓練中の報告を脇に置きます。行ったことと採点は残ります。"));
  if (drill.begun) acts.append(" ", named(button("結果", () => show(drill.id).catch(problem)), drill));
  return row([drill.title, STATES[drill.state], `${timeWord(last.at, false)} ${last.by}`, had(drill.score), acts], ROW);
}

const had = (one) => (one ? `${one.delivered}／${one.asked}` : "—");
const time = (milliseconds) => (milliseconds === undefined ? "—" : milliseconds < 1000 ? `${milliseconds}ミリ秒` : `${(milliseconds / 1000).toFixed(1)}秒`);

function named(element, drill) {
  element.setAttribute("aria-label", `${drill.title}：${element.textContent}`);
  return element;
}

async function act(drill, name, text) {
  if (!await ask(`「${drill.title}」`, text, { begin: "始める", end: "終える", erase: "消す" }[name])) return;
  await call("POST", `/v1/drills/${encodeURIComponent(drill.id)}/${name}`);
  await list();
  if (name !== "begin") await show(drill.id);
}

async function show(id) {
  const drill = await call("GET", "/v1/drills/" + encodeURIComponent(id)), score = drill.score;
  shown = id;
  byID("drill-score-title").textContent = `【訓練】${drill.title}の結果${drill.state === "running" ? "（いままで）" : ""}`;
  byID("drill-marks").replaceChildren(...[
    ["届いた送り先", had(score)], ["最初の送り先まで", time(score.first_ms)], ["95％の送り先まで", time(score.to_95_percent_ms)], ["最初の端末まで", time(score.first_device_ms)],
    ["端末に届いた／出た／触れた", `${score.reached}／${score.shown}／${score.touched}`], ["届かなかった", score.misses], ["同じ言葉が二度", score.doubles],
  ].map(([name, value]) => {
    const item = make("li", name + "　");
    item.append(make("b", value));
    return item;
  }));
  byID("drill-messages").replaceChildren(...score.alerts.map((one) => row([
    timeWord(one.at), one.title, one.by.replace(/^(operator|safe):/, ""), had(one), time(one.first_ms), time(one.to_95_percent_ms)], ALERT)));
  const quiet = [...score.never, ...score.silent];
  byID("drill-never").replaceChildren(...(quiet.length > 0 ? quiet.map((one) => make("li", `${one.name || one.endpoint}（${channelWord(one.channel)}）　${one.why}`)) : [make("li", "すべて答えました")]));
  byID("drill-score").hidden = false;
  byID("drill-score-title").focus();
}
