// What waits for a second person: before everybody's eyes in every room, with a sound when something new comes. Several are ticked and
// decided in one act: one question names all of them, each is asked of the hub by itself and stays a fact of its own, and what could not
// be decided any more is named.

import { call } from "./api.js";
import { cards } from "./cards.js";
import { isUp } from "./live.js";
import { ask, button, byID, japanese, make, timeWord } from "./parts.js";
import { Rows } from "./rows.js";
import { changeText } from "./standing.js";
import { code, question } from "./towns.js";

/** Nothing of it comes over the line; this often it is asked for. */
const EVERY = 5000;
/** What was done stays on the screen this long. */
const SAID = 60000;
const STATES = { waiting: "承認待ち", review: "承認なしで送信・確認待ち" };

let timer = 0;
let known = new Set();
let isFirst = true;
let problem = () => {};
let person = "";
/** In the drill there is only their number: they are real. */
let onlyCount = null;
let list = null;
/** What waits now, and what is ticked of it by id: what somebody else decided meanwhile stays in it until it was named. */
let waiting = [], ticked = new Map();
/** An act about several is under way: no second one beside it; and one question at a time, from the press on. */
let isBusy = false, isAsking = false;
let doneTimer = 0;

export function prepare(report) {
  problem = report;
  list = new Rows(byID("approvals-rows"), (one) => (one.own ? together(one) : line(one)));
  byID("approvals-yes").onclick = () => decideTicked("approve").catch(problem);
  byID("approvals-no").onclick = () => decideTicked("return").catch(problem);
  byID("approvals-all").onclick = () => tickAll();
}

export function open(name, counted = null) {
  close();
  person = name;
  onlyCount = counted;
  known = new Set();
  ticked = new Map();
  byID("approvals-done").textContent = "";
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
    // Whose time runs out first stands first.
    if (isFirst || isUp()) show(((await call("GET", "/v1/approvals" + question())).approvals ?? []).toSorted((a, b) => Date.parse(a.deadline) - Date.parse(b.deadline)));
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
  waiting = acts.filter(isTickable);
  byID("approvals").hidden = (acts.length === 0 && ticked.size === 0 && !byID("approvals-done").textContent) || onlyCount !== null;
  byID("approvals-count").textContent = `${acts.length}件`;
  if (!onlyCount) list.show([...fromOneAct(acts), ...acts.map((act) => [act.id, act])]);
  count();
  if (fresh.length > 0 && !isFirst) sound();
  isFirst = false;
}

/** Of people each is asked about by itself: whoever says yes has spoken with him. */
const isTickable = (act) => act.state === "waiting" && act.kind !== "people";

/** Shelters that one person submitted, together: they were one act, and are one yes. */
function fromOneAct(acts) {
  const shelters = acts.filter((act) => isTickable(act) && act.title.startsWith("避難所") && act.by !== person);
  return [...Map.groupBy(shelters, (act) => act.by)].filter(([, own]) => own.length > 1).map(([by, own]) => [`by ${by}`, { by, own: own.map(({ id, title, by: who }) => ({ id, title, by: who })) }]);
}

function together({ by, own }) {
  const item = make("li"), yes = button(`${by}さんが出した避難所${own.length}件をまとめて承認して送る`, () => decide(own, "approve").catch(problem), "main");
  item.append(make("p", own.map((act) => act.title).join("、"), "hint"), yes);
  return item;
}

/** What is ticked, and whether it still waits. */
function sorted(acts) {
  const now = new Set(waiting.map((act) => act.id));
  return { open: acts.filter((act) => now.has(act.id)), gone: acts.filter((act) => !now.has(act.id)) };
}

function count() {
  const { open, gone } = sorted([...ticked.values()]);
  byID("approvals-tools").hidden = waiting.length < 2 && ticked.size === 0;
  byID("approvals-acts").hidden = open.length === 0;
  byID("approvals-ticked").textContent = ticked.size === 0 ? "" : `${open.length}件を選んでいます${gone.length > 0 ? `。もう決まったもの：${titles(gone)}` : ""}`;
  byID("approvals-all").textContent = ticked.size > 0 ? "選び直す" : "すべて選ぶ";
}

const titles = (acts) => acts.map((act) => `「${act.title}」`).join("、");

function tickAll() {
  ticked = ticked.size > 0 ? new Map() : new Map(waiting.map((act) => [act.id, act]));
  for (const box of byID("approvals-rows").querySelectorAll("input")) box.checked = ticked.has(box.value);
  count();
}

async function decideTicked(how) {
  await decide([...ticked.values()], how);
}

const HOW = {
  approve: { title: "まとめて承認して送りますか", will: "いま本番として送ります", yes: "承認して送る", done: "承認して送りました", refused: "承認できなかったものがあります", left: "承認しないもの" },
  return: { title: "まとめて差し戻しますか", will: "送らずに差し戻します。理由は、どれにも同じものが残ります", yes: "送らない", done: "差し戻しました", refused: "差し戻せなかったものがあります", left: "差し戻さないもの" },
};

/** One question that names all; then each by itself, since each is a fact of its own and may have been decided by somebody else. */
async function decide(acts, how) {
  if (isBusy || acts.length === 0) return undefined;
  return alone(() => askAboutAll(acts, how));
}

/** What is read before a question is asked takes a moment: whoever presses again meanwhile has pressed once. */
async function alone(act) {
  if (isAsking) return undefined;
  isAsking = true;
  try {
    return await act();
  } finally {
    isAsking = false;
  }
}

async function askAboutAll(acts, how) {
  const words = HOW[how], { open, gone } = sorted(acts), own = how === "approve" ? open.filter((act) => act.by === person) : [], mine = open.filter((act) => !own.includes(act));
  const left = [...gone.map((act) => `・${act.title}（もう決まっています）`), ...own.map((act) => `・${act.title}（あなたが出したものです。ほかの人が承認します）`)];
  if (mine.length === 0) {
    await ask(words.refused, left.join("\n"), "分かりました");
    return forget(acts);
  }
  const changes = how === "approve" ? await Promise.all(mine.map(changesOf)) : [];
  const text = [`次の${mine.length}件を、${words.will}。`, ...mine.map((act, index) => `・${act.title}（出した人 ${act.by}）${changes[index] ?? ""}`), ...(left.length > 0 ? [`${words.left}：`, ...left] : [])].join("\n");
  const answer = await ask(words.title, text, `${mine.length}件を${words.yes}`, how === "return" ? "理由" : "");
  if (!answer) return undefined;
  isBusy = true;
  try {
    await carryOut(mine, how, answer, acts);
  } finally {
    isBusy = false;
    read();
  }
  return undefined;
}

/** `named` is what the question named: none of it is ticked any more. */
async function carryOut(acts, how, answer, named) {
  const words = HOW[how], body = how === "return" ? { reason: answer } : {}, refused = [];
  let isCut = false;
  for (const { id, title } of acts) {
    // The line is cut: what was not asked is not asked, and is said to be open.
    if (isCut) {
      refused.push(`・${title}：まだ決まっていません（ハブにつながりません）`);
      continue;
    }
    await call("POST", `/v1/approvals/${encodeURIComponent(id)}/${how}`, body).catch((error) => {
      if (error.status === 401) throw error;
      isCut = error.status === 0;
      refused.push(`・${title}：${japanese(error.message)}`);
    });
  }
  forget(named);
  clearTimeout(doneTimer);
  doneTimer = setTimeout(() => { byID("approvals-done").textContent = ""; }, SAID);
  byID("approvals-done").textContent = `${acts.length}件のうち${acts.length - refused.length}件を${words.done}（${timeWord(Date.now() / 1000, false)}）。`;
  if (refused.length > 0) await ask(words.refused, refused.join("\n"), "分かりました");
}

function forget(acts) {
  for (const { id } of acts) ticked.delete(id);
  count();
}

function line(act) {
  const item = make("li"), said = make("p"), isOwn = act.by === person || act.by === `${person}（予定）`;
  const name = isTickable(act) ? tick(act) : make("span");
  name.append(make("b", STATES[act.state] ?? act.state, "state"), make("b", act.title));
  said.append(name, `　出した人 ${act.by}　${timeWord(act.submitted_at)}`);
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

function tick(act) {
  const label = make("label", "", "inline"), box = Object.assign(document.createElement("input"), { type: "checkbox", value: act.id, checked: ticked.has(act.id) });
  box.onchange = () => {
    if (box.checked) ticked.set(act.id, act);
    else ticked.delete(act.id);
    count();
  };
  label.append(box);
  return label;
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

/** What it changes where, a line for each; empty where it changes no state. What cannot be read is said: nobody says yes to an empty list. */
async function changesOf(act) {
  const answer = await call("GET", `/v1/approvals/${encodeURIComponent(act.id)}`).catch(() => null);
  if (!answer) return "\n　　いまと後の違いは、読めませんでした";
  return (answer.changes ?? []).map((one) => `\n　　${changeText(one)}`).join("");
}

async function fill(act, texts) {
  const answer = await call("GET", `/v1/approvals/${encodeURIComponent(act.id)}`);
  texts.replaceChildren(...cards(answer.previews ?? [], "actual"));
}

function turn(act) {
  if (act.state !== "waiting") return "送信済みです。内容を確かめてください。";
  if (!act.next) return `${timeWord(act.deadline)}に自動で送られます。止めるなら、それまでに差し戻してください。`;
  const people = (act.next.people ?? []).join("、");
  if (!people) return `「${act.next.name}」の番ですが、この役割で承認できる人が、ここにいません。前に番だった人は、いまも承認できます（${timeWord(act.deadline)}まで）。`;
  return `いまは「${act.next.name}」${people ? `（${people}）` : ""}の番です。${timeWord(act.deadline)}までに返事がなければ、次の役割に移ります。`;
}

const approve = (act) => alone(() => askAbout(act));

async function askAbout(act) {
  const question = act.kind === "people"
    ? ["承認しますか", `「${act.title}」（出した人 ${act.by}）。本人に確かめましたか。`, "承認する"]
    : ["承認して送りますか", `「${act.title}」を、いま本番として送ります。${act.state === "waiting" ? await changesOf(act) : ""}`, "承認して送る"];
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
