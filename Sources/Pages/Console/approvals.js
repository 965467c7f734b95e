// What waits for a second person: before everybody's eyes in every room, with a sound when something new comes.

import { call } from "./api.js";
import { cards } from "./cards.js";
import { isUp } from "./live.js";
import { ask, button, byID, make, timeWord } from "./parts.js";
import { code, question } from "./towns.js";

/** Nothing of it comes over the line; this often it is asked for. */
const EVERY = 5000;
const STATES = { waiting: "承認待ち", review: "承認なしで送信・確認待ち" };

let timer = 0;
let known = new Set();
let isFirst = true;
let problem = () => {};
let person = "";
/** In the drill there is only their number: they are real. */
let onlyCount = null;

export function prepare(report) {
  problem = report;
}

export function open(name, counted = null) {
  close();
  person = name;
  onlyCount = counted;
  known = new Set();
  isFirst = true;
  read();
}

export function close() {
  clearTimeout(timer);
  byID("approvals").hidden = true;
}

async function read() {
  clearTimeout(timer);
  if (!code()) return;
  try {
    if (isFirst || isUp()) show((await call("GET", "/v1/approvals" + question())).approvals ?? []);
  } catch (error) {
    // Who may not look, or an older hub: nothing to show. A line that is cut says so itself.
    if (error.status === 403 || error.status === 404) return close();
    if (error.status !== 0) problem(error);
  }
  timer = setTimeout(read, EVERY);
}

function show(acts) {
  const fresh = acts.filter((act) => !known.has(act.id) && act.by !== person);
  known = new Set(acts.map((act) => act.id));
  onlyCount?.(acts.length);
  byID("approvals").hidden = acts.length === 0 || onlyCount !== null;
  byID("approvals-count").textContent = `${acts.length}件`;
  if (!onlyCount) byID("approvals-rows").replaceChildren(...together(acts), ...acts.map(line));
  if (fresh.length > 0 && !isFirst) sound();
  isFirst = false;
}

/** Shelters that one person submitted, together: they were one act, and are one yes. */
function together(acts) {
  const waiting = acts.filter((act) => act.state === "waiting" && act.title.startsWith("避難所") && act.by !== person);
  return [...Map.groupBy(waiting, (act) => act.by)].filter(([, own]) => own.length > 1).map(([by, own]) => {
    const item = make("li"), words = `${by}さんが出した避難所${own.length}件`;
    const yes = button(`${words}をまとめて承認して送る`, () => approveAll(own, words).catch(problem), "main");
    item.append(make("p", own.map((act) => act.title).join("、"), "hint"), yes);
    return item;
  });
}

async function approveAll(own, words) {
  if (!await ask("まとめて承認して送りますか", `${words}（${own.map((act) => act.title).join("、")}）を、いま本番として送ります。`, "承認して送る")) return;
  const refused = [];
  for (const { id, title } of own) {
    await call("POST", `/v1/approvals/${encodeURIComponent(id)}/approve`, {}).catch((error) => {
      if (error.status === 401) throw error;
      refused.push(`${title}：${error.message}`);
    });
  }
  if (refused.length > 0) await ask("承認できなかったものがあります", refused.join("　"), "分かりました");
  read();
}

function line(act) {
  const item = make("li"), said = make("p"), isOwn = act.by === person;
  said.append(make("b", STATES[act.state] ?? act.state, "state"), make("b", `　${act.title}　`), `出した人 ${act.by}　${timeWord(act.submitted_at)}`);
  item.append(said, make("p", turn(act)));
  if (act.reason) item.append(make("p", `理由：${act.reason}`));
  const acts = make("p", "", "row");
  const isSaid = act.kind !== "people";
  if (act.by_stopped) item.append(make("p", `出した${act.by}さんは、いま止められています。ほかの人が決めてください。`, "warning"));
  if (act.state === "waiting" && isSaid) item.append(content(act));
  if (!isOwn) acts.append(button(act.state === "review" ? "確かめた" : isSaid ? "承認して送る" : "承認する", () => approve(act).catch(problem), "main"));
  if (act.state === "waiting") acts.append(button((isOwn ? "やめる" : "差し戻す") + (isSaid ? "（送らない）" : ""), () => giveBack(act, isOwn).catch(problem), "danger"));
  for (const one of acts.children) one.setAttribute("aria-label", `${act.title}：${one.textContent}`);
  item.append(acts);
  return item;
}

/** What it says, read when it is opened; what was opened stays open. */
const opened = new Map();
function content(act) {
  const details = make("details"), texts = opened.get(act.id) ?? make("div", "", "texts");
  details.append(make("summary", "送られる文面を見る"), texts);
  details.open = opened.has(act.id);
  details.ontoggle = () => {
    if (!details.open) return opened.delete(act.id);
    if (!opened.has(act.id)) fill(act, texts).catch(problem);
    return opened.set(act.id, texts);
  };
  return details;
}

async function fill(act, texts) {
  const answer = await call("GET", `/v1/approvals/${encodeURIComponent(act.id)}`);
  texts.replaceChildren(...cards(answer.previews ?? [], "actual"));
}

function turn(act) {
  if (act.state !== "waiting") return "送信済みです。内容を確かめてください。";
  if (!act.next) return `${timeWord(act.deadline)}に自動で送られます。止めるなら、それまでに差し戻してください。`;
  const people = (act.next.people ?? []).join("、");
  return `いまは「${act.next.name}」${people ? `（${people}）` : ""}の番です。${timeWord(act.deadline)}までに返事がなければ、次の役割に移ります。`;
}

async function approve(act) {
  const question = act.kind === "people"
    ? ["承認しますか", `「${act.title}」（出した人 ${act.by}）。本人に確かめましたか。`, "承認する"]
    : ["承認して送りますか", `「${act.title}」を、いま本番として送ります。`, "承認して送る"];
  if (act.state === "waiting" && !await ask(...question)) return;
  await call("POST", `/v1/approvals/${encodeURIComponent(act.id)}/approve`, {});
  read();
}

async function giveBack(act, isOwn) {
  const reason = await ask(
    isOwn ? "やめますか" : "差し戻しますか", `「${act.title}」は${act.kind === "people" ? "行われません" : "送られません"}。理由を書いてください。`,
    act.kind === "people" ? "行わない" : "送らない", "理由");
  if (!reason) return;
  await call("POST", `/v1/approvals/${encodeURIComponent(act.id)}/return`, { reason });
  read();
}

/** Two short tones. A browser that nobody has touched yet makes none; the box is there all the same. */
function sound() {
  const context = new AudioContext();
  for (const [index, pitch] of [880, 1175].entries()) {
    const tone = new OscillatorNode(context, { frequency: pitch }), volume = new GainNode(context, { gain: 0.2 });
    tone.connect(volume).connect(context.destination);
    tone.start(context.currentTime + index * 0.25);
    tone.stop(context.currentTime + index * 0.25 + 0.2);
  }
  setTimeout(() => context.close(), 1500);
}
