// Notices written beforehand: what comes when, who wrote it, and what is held back while the ground shakes or the sea comes. What is
// written is read first as it will go out; for a real one the town's name is typed. Nothing is sent from here: the clock does that.

import { call, person } from "./api.js";
import { cards } from "./cards.js";
import { ask, button, byID, make, row, timeWord, words } from "./parts.js";
import { Refusals } from "./refusals.js";
import { Rows, oneAtATime, soon } from "./rows.js";
import { current, question } from "./towns.js";
import { go, world } from "./world.js";

const RHYTHMS = { once: "一度", daily: "毎日", weekly: "毎週" };
const PERIODS = { daily: 86400e3, weekly: 7 * 86400e3 };
const DAYS = "日月火水木金土";
const HEADS = ["次の時刻", "くり返し", "件名と本文", "書いた人", "前回", "操作"];

let problem = () => {};
let list = null, refusals = null, sendRefusals = null;
/** As it will be written down; null where what is in the form was not read yet. */
let previewed = null, written = 0;

export function prepare(onProblem) {
  problem = onProblem;
  const form = byID("notice-form"), send = byID("notice-send");
  list = new Rows(byID("notice-rows"), line);
  refusals = new Refusals(form);
  sendRefusals = new Refusals(send);
  form.oninput = (event) => {
    if (event.target.name === "test" && event.target.checked) suggest(form);
    withdraw();
    showTimes();
  };
  form.onsubmit = (event) => { event.preventDefault(); preview().catch((error) => show(error, refusals)); };
  send.oninput = judge;
  send.onsubmit = (event) => { event.preventDefault(); add().catch((error) => show(error, sendRefusals)); };
}

/** What the form can mend is said there. */
function show(error, where) {
  if (error.status === undefined || error.status === 401) return problem(error);
  if (where === sendRefusals && error.problem.errors) withdraw();
  return (where === sendRefusals && error.problem.errors ? refusals : where).show(error);
}

export async function open() {
  withdraw();
  byID("notice-form").reset();
  byID("notice-test").hidden = world() !== "exercise";
  byID("notice-done").textContent = "";
  showTimes();
  await again();
}

export const again = oneAtATime(read);
const refresh = soon(() => again().catch(problem), 300);
const HOLDING = new Set(["notice", "eew", "tsunami"]);
export const arrive = (item) => { if (HOLDING.has(item.kind)) refresh(); };
export const close = () => withdraw();

async function read() {
  const answer = await call("GET", "/v1/notices" + question());
  const notices = answer.notices.filter((one) => one.mode === world()), held = notices.filter((one) => one.held_since);
  list.show(notices.map((one) => [one.id, one]));
  byID("notices-none").hidden = notices.length > 0;
  showTests(world() === "exercise" ? answer.tests ?? [] : [], notices);
  showHeld(answer.holding ?? [], held, (answer.digests ?? []).find((one) => one.mode === world()));
}

function showHeld(holding, held, digest) {
  const [newest] = holding;
  byID("notices-held").hidden = !newest && held.length === 0;
  byID("notices-why").textContent = !newest ? "まもなく送ります。" : newest.in_force
    ? `${newest.title}（${timeWord(newest.accepted_at, false)}から）が出ているので、お知らせは送りません。`
    : `${newest.title}（${timeWord(newest.accepted_at, false)}）のすぐあとなので、${timeWord(newest.until, false)}までお知らせは送りません。`;
  byID("notices-count").textContent = held.length > 0 ? `${held.length}件` : "時刻の来たものは、まだありません";
  byID("notices-waiting").replaceChildren(...held.map((one) => make("li", `${one.title}　${timeWord(one.held_since, false)}から控えています`)));
  byID("notices-digest").hidden = !digest;
  byID("notices-digest-text").replaceChildren(...(digest ? [make("h3", digest.title), make("p", digest.body, "body")] : []));
}

/** What a test says, where nobody has written anything. */
function suggest({ elements: { title, body, every } }) {
  title.value ||= "タブレットの試験";
  body.value ||= "これは試験です。音が聞こえたら「このタブレットは鳴りました」を押してください。";
  every.value = "weekly";
}

const HEARD = { shown: "画面には出た", reached: "届いたが、画面に出ていない", silent: "返事がない" };

/** The last time of each test, by place; those that were all heard in one line. */
function showTests(tests, notices) {
  byID("notice-tests").hidden = tests.length === 0;
  byID("notice-tests-list").replaceChildren(...tests.flatMap((test) => {
    const title = notices.find((one) => one.id === test.notice)?.title ?? "", missing = test.places.filter((place) => place.missing.length > 0), list = make("ul");
    list.append(...missing.map((place) => {
      const item = make("li");
      item.append(make("b", `${place.name}　${place.devices}台のうち${place.missing.length}台`), make("p", place.missing
        .map((one) => `${one.name || one.device}（${HEARD[one.state]}${one.mute ? "。音が出ないと自分で言っています" : ""}）`).join("、"), "hint"));
      return item;
    }));
    return [make("p", `${title}　${timeWord(test.told_at, false)}　${test.devices}台のうち${test.sounded}台から、鳴ったと返事がありました（生徒の端末は、画面に出たもの）。${missing.length > 0 ? "" : "全部の場所から返事がありました。"}`), list];
  }));
}

/** 12月1日（火） 08:00, in Japan. */
function dayWord(time) {
  const local = new Date(time + 9 * 3600e3).toISOString();
  return `${Number(local.slice(5, 7))}月${Number(local.slice(8, 10))}日（${DAYS[new Date(time + 9 * 3600e3).getUTCDay()]}） ${local.slice(11, 16)}`;
}

/** Those after the first. */
const later = (time, every) => (PERIODS[every] ? [1, 2].map((count) => dayWord(time + count * PERIODS[every])) : []);

function line(one) {
  const at = Date.parse(one.at), next = make("span"), said = make("span"), past = make("div");
  if (one.held_since) next.append(make("b", "控えています", "state held"), make("span", `${timeWord(one.held_since, false)}から`, "hint"));
  else next.append(make("b", dayWord(at)), make("span", later(at, one.every).join("、").replace(/^(?=.)/, "そのあと "), "hint"));
  said.append(make("b", one.title), make("span", one.body, "hint body"));
  if (one.told_at) {
    const reach = button("届いた先", () => go("reach:" + one.alert));
    reach.setAttribute("aria-label", `${one.title}：届いた先`);
    past.append(timeWord(one.told_at, false), " ", reach);
  }
  if (one.trouble) past.append(words(one.trouble, "warn"));
  const stop = button("やめる", () => remove(one).catch(problem), "danger");
  stop.setAttribute("aria-label", `${one.title}：やめる`);
  const acts = make("span", "", "row"), who = make("span", one.by);
  if (one.needs_approval && one.by !== person()) {
    const yes = button("承認しておく", () => agree(one).catch(problem), "main");
    yes.setAttribute("aria-label", `${one.title}：承認しておく`);
    acts.append(yes);
  }
  acts.append(stop);
  if (one.approved_by) who.append(make("span", `承認 ${one.approved_by}　${timeWord(one.approved_at, false)}`, "hint"));
  else if (one.needs_approval) who.append(make("span", "二人目の承認は、まだです。その時刻から待ちます", "warn"));
  return row([next, RHYTHMS[one.every], said, who, past, acts], HEADS);
}

/** The second person's yes while he is here: each time of it goes out when it is due. */
async function agree(one) {
  const when = [dayWord(Date.parse(one.at)), ...later(Date.parse(one.at), one.every)].join("、") + (one.every === "once" ? "" : " …");
  if (!await ask("前もって承認しますか", `「${one.title}」\n${one.body}\n\n${when}に、本番のお知らせとして送ります（書いた人 ${one.by}）。`, "承認しておく")) return;
  await call("POST", `/v1/notices/${encodeURIComponent(one.id)}/approve`);
  byID("notice-done").textContent = `「${one.title}」を承認しました。その時刻に送ります。`;
  await again();
}

async function remove(one) {
  const what = one.every === "once" ? "この予定を消します。住民には何も知らせません。" : "この先のくり返しを、すべてやめます。もう送ったものは、そのままです。";
  if (!await ask(`「${one.title}」をやめますか`, what, "やめる（送らない）")) return;
  await call("DELETE", "/v1/notices/" + encodeURIComponent(one.id));
  byID("notice-done").textContent = `「${one.title}」をやめました。`;
  await again();
}

/** The hours of a form are Japan's, whatever this machine's are. */
function wish() {
  const { title, body, at, every, test } = byID("notice-form").elements;
  return { ...(test.checked ? { test: true } : {}), town: current().code, mode: world(), title: title.value.trim(), body: body.value.trim(), at: at.value ? `${at.value.slice(0, 16)}:00+09:00` : "", every: every.value };
}

function showTimes() {
  const { at, every } = wish(), time = Date.parse(at);
  byID("notice-times").textContent = Number.isNaN(time) ? "" : [dayWord(time), ...later(time, every)].join("、") + (every === "once" ? "" : " …");
}

function withdraw() {
  written += 1;
  previewed = null;
  byID("notice-preview").hidden = true;
  sendRefusals?.clear();
}

/** The words as they will go out; the hour is looked at when it is written down. */
async function preview() {
  withdraw();
  refusals.clear();
  const asked = wish(), mine = written;
  const answer = await call("POST", "/v1/alerts?preview=true", { town: asked.town, kind: "notice", mode: asked.mode, title: asked.title, body: asked.body, ...(asked.test ? { test: true } : {}) });
  if (mine !== written) return;
  previewed = asked;
  const isLive = asked.mode === "actual", send = byID("notice-send"), times = byID("notice-times").textContent;
  byID("notice-texts").replaceChildren(...cards(answer.previews ?? [], asked.mode));
  byID("notice-words").textContent = `${current().name}　${RHYTHMS[asked.every]}　${times || "時刻がありません"}に、${isLive ? "本番のお知らせ" : "訓練"}として送ります。`
    + (answer.approval ? "ほかの人が上の一覧で前もって承認しておけば、その時刻に出ます。承認がなければ、その時刻から待ちます。" : "");
  send.elements.name.value = "";
  send.elements.name.parentElement.hidden = !isLive;
  send.elements.name.previousElementSibling.textContent = `本番として予定に入れるには、市町村の名前「${current().name}」を入力してください`;
  byID("notice-preview").hidden = false;
  judge();
  byID("notice-preview-title").focus();
}

function judge() {
  const { name } = byID("notice-send").elements;
  byID("notice-send").querySelector("button").disabled = !previewed || (previewed.mode === "actual" && name.value.trim() !== current().name);
}

async function add() {
  if (!previewed) return;
  const asked = previewed, press = byID("notice-send").querySelector("button");
  press.disabled = true;
  try {
    await call("POST", "/v1/notices", asked);
  } catch (error) {
    if (error.status === 0) error.message += "。予定に入ったかどうか分かりません。上の一覧を確かめてください";
    throw error;
  } finally {
    judge();
    refresh();
  }
  withdraw();
  byID("notice-form").reset();
  showTimes();
  byID("notice-done").textContent = `「${asked.title}」を予定に入れました。まだ送っていません。`;
  byID("notices-title").focus();
}
