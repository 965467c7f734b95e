// A person's act, from the choice to the sending. What is sent is what was previewed, on the state that was on the screen:
// any change of the form takes the preview away, and a change of the state by somebody else stops the sending and says
// who made it. For a real one the town's name is typed by hand.

import { newID } from "/tablet/store.js";
import { find } from "./alerts.js";
import { Refused, call, person } from "./api.js";
import { cards } from "./cards.js";
import { NEW, begin, body, dress, dressHouses, houses } from "./form.js";
import { Refusals } from "./refusals.js";
import { soon } from "./rows.js";
import { hold } from "./keys.js";
import * as plans from "./plans.js";
import * as standing from "./standing.js";
import { button, byID, japanese, make, subject, timeWord, words } from "./parts.js";
import { channelWord, current } from "./towns.js";
import { takeDraft } from "./voices.js";
import { go, replace, world } from "./world.js";

const VERBS = { raise: "上げるか、広げます", part: "一部を解除します", lift: "解除します", cancel: "誤報として取り消します" };
const CHANGES = {
  new: "新しい情報", raised: "引き上げ", widened: "地区の追加", corrected: "訂正", changed: "変更", lowered: "引き下げ", unchanged: "いまと同じ内容",
  "part-lifted": "一部解除", lifted: "解除", "taken-back": "誤報の取消", restored: "解除の取消（避難情報は続きます）",
};
const KINDS = new Set(["shelter", "notice", "headquarters"]);
/** Controls by the hub's names of fields. */
const CONTROLS = {
  districts: ["district", "districts"], shelters: ["goal", "house"], shelter: ["house"], title: ["title", "seat"], state: ["state", "seatState"], note: ["note", "seatNote"],
};

let act = NEW, isBegun = true;
/** The standing on the screen. */
let seen = null;
/** What was previewed, as it will be sent: `{path, body, headers, mode, version, place}`. */
let previewed = null;
/** Made once per preview: sent again after a lost answer, the order is still one order. */
let key = "";
/** Counts openings of the form, and what is written in it: an answer to what was asked before belongs to nobody. */
let opened = 0, written = 0;
let refusals = null, sendRefusals = null;
let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  plans.prepare(write, onProblem);
  refusals = new Refusals(byID("push-form"), CONTROLS);
  sendRefusals = new Refusals(byID("send-form"));
  byID("push-form").addEventListener("input", () => { changed(); });
  byID("push-form").onsubmit = (event) => { event.preventDefault(); attempt(() => preview(), refusals); };
  byID("send-form").oninput = judge;
  byID("send-form").onsubmit = (event) => { event.preventDefault(); attempt(send, sendRefusals); };
  hold(byID("hold-back"), () => (act.verb === "cancel" && maySend() ? previewed : null), () => attempt(send, sendRefusals));
  for (const [name, isAll] of [["all", true], ["none", false]]) {
    byID("houses-" + name).onclick = () => {
      for (const box of byID("houses").querySelectorAll("input")) box.checked = isAll;
      changed();
    };
  }
  byID("base-none").onclick = () => go("push");
}

/** A refusal is for the person at the form; anything else is a fault of this page. */
async function attempt(step, where) {
  try {
    await step();
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 401) problem(error);
    else if (error.problem.standing) conflict(error);
    else if (where === sendRefusals && error.problem.errors && act.verb !== "cancel") {
      withdraw();
      refusals.show(error);
    } else where.show(error);
  }
}

/** `said` is empty, or `raise:HAZARD`, `part:…`, `lift:…`, `cancel:ALERT`; for a new one `plan:ID`, its kind, or `notice:draft`. */
export async function open(said = "") {
  const [verb, ...rest] = said.split(":");
  close();
  const mine = opened;
  act = NEW;
  byID("push-done").textContent = "";
  refusals.clear();
  if (verb === "cancel") {
    const alert = await find(rest.join(":"));
    if (mine !== opened) return;
    if (alert) act = { verb, alert };
  } else if (verb in VERBS) act = { verb, hazard: rest.join(":") };
  byID("plans").hidden = true;
  // A new one is there at once: what is written while the rest is read stays. Any other begins with what stands, and takes nothing before.
  isBegun = act.verb === "new";
  byID("push-form").inert = !isBegun;
  if (isBegun) begin(act, null);
  if (KINDS.has(verb)) choose(verb, rest[0] === "draft" ? takeDraft() : null);
  changed();
  const blank = written, town = act.verb === "new" ? await plans.read() : {};
  if (mine !== opened) return;
  plans.show(town);
  await look();
  if (mine !== opened) return;
  const plan = verb === "plan" ? plans.ordersOf(town).find((one) => one.id === rest.join(":")) : null;
  if (plan && blank === written) {
    write(plan.order);
    await attempt(() => preview(true), refusals);
  } else if (plan) byID("push-done").textContent = "書きかけの内容があるので、計画は書きませんでした。下の「計画」から書けます。";
  if (act.verb === "lift" || act.verb === "cancel") await attempt(() => preview(), act.verb === "cancel" ? sendRefusals : refusals);
}

/** Whoever leaves, or begins something else: what is still being read for the act before changes nothing any more. */
export function close() {
  opened += 1;
  withdraw();
}

/** Whoever came by a tile has said the kind; of a shelter that it opens, but not which. */
function choose(kind, draft) {
  const form = byID("push-form");
  form.kind.value = kind;
  if (draft) [form.title.value, form.body.value] = [draft.title, draft.body];
  if (kind === "shelter") form.state.value = "open";
}

/** What a plan begins with, in the form. */
function write(order) {
  const form = byID("push-form");
  form.kind.value = "evacuation";
  form.hazard.value = order.hazard;
  form.level.value = String(order.level);
  const ticks = [...form.querySelectorAll("input[name=district]")];
  for (const box of ticks) box.checked = order.districts.includes(box.value);
  const known = new Set(ticks.map((box) => box.value));
  form.districts.value = order.districts.filter((name) => !known.has(name)).join("、");
  changed();
  byID("push-done").textContent = "計画の内容を書きました。文面を確かめてください。まだ送っていません。";
  form.querySelector("button.main").focus();
}

/** Reads the state, and shows it. */
async function look() {
  const mine = opened, now = await standing.read();
  if (mine !== opened) return;
  seen = now;
  if (!isBegun) {
    begin(act, seen);
    isBegun = true;
    byID("push-form").inert = false;
  }
  dressHouses(seen);
  byID("seen").hidden = !seen;
  byID("seen-rows").replaceChildren(...(seen ? standing.lines(seen) : []));
  judge();
}

export const again = look;
const refresh = soon(() => again().catch(problem), 300);

/** Somebody's act may have changed the state on the screen. */
export function arrive(item) {
  if (["evacuation", "shelter", "headquarters", "notice"].includes(item.kind) && !heard.has(item.alert)) {
    heard.add(item.alert);
    refresh();
  }
}
const heard = new Set();

function changed() {
  const mode = world(), town = current().name;
  byID("push").dataset.mode = mode;
  byID("mode-bar").textContent = {
    actual: `【本番】 ${town}の住民の電話・画面に実際に出ます`, exercise: `【訓練】 ${town}の訓練です。文面のはじめに訓練と付きます`,
  }[mode];
  byID("push-form").hidden = act.verb === "cancel";
  byID("base").hidden = act.verb === "new";
  const what = act.alert ? `「${subject(act.alert)}」` : `${act.hazard}の避難情報`;
  byID("base-text").textContent = act.verb === "new" ? "" : `${what}：${VERBS[act.verb]}`;
  dress(act);
  withdraw();
  byID("push-done").textContent = "";
}

/** Without a preview nothing can be sent; one that is on its way is of what is no longer so. */
function withdraw() {
  written += 1;
  previewed = null;
  byID("preview").hidden = true;
  byID("conflict").hidden = true;
  sendRefusals.clear();
}

/** Several shelters are one request of their own. */
const isMany = () => byID("push-form").kind.value === "shelter" && houses().length > 1;

/** `isPlanned`: what was written beforehand is read here for the first time, and the last question stands under it, ready to be answered. */
async function preview(isPlanned = false) {
  withdraw();
  refusals.clear();
  const mode = world(), mine = written;
  if (!seen) await look();
  if (mine !== written) return;
  const asked = act.verb === "cancel"
    ? { path: `/v1/alerts/${encodeURIComponent(act.alert.id)}/cancel`, body: undefined, headers: seen ? { "If-Match": `"${seen.version}"` } : {} }
    : { path: isMany() ? `/v1/towns/${current().code}/shelters/states` : "/v1/alerts", body: body(act, seen?.version), headers: {} };
  const answer = await call("POST", asked.path + "?preview=true", asked.body, asked.headers).catch((error) => {
    if (mine === written || error.status === 401) throw error;
  });
  if (mine !== written) return;
  key = newID();
  previewed = { ...asked, mode, version: seen?.version, place: location.hash };
  show(answer, mode);
  byID("preview").hidden = false;
  if (answer.refused && steps(answer) === 0) previewed = null;
  judge();
  if (isPlanned && previewed && mode === "actual" && byID("preview-problems").hidden) {
    byID("send-form").elements.name.focus({ preventScroll: true });
    return byID("preview-title").scrollIntoView();
  }
  // What everybody will read, and not the foot of the page over it.
  if (act.verb !== "cancel") byID("preview-title").scrollIntoView();
  return (act.verb === "cancel" ? byID("hold-back") : byID("preview-title")).focus();
}

const steps = (answer) => (answer.changes ?? []).length;

function show(answer, mode) {
  const previews = answer.previews ?? [], rows = answer.changes ?? [], back = answer.take_back ?? [];
  const problems = previews.flatMap((item) => item.problems ?? []);
  byID("changes").hidden = rows.length === 0;
  byID("changes-word").textContent = answer.refused ? `${rows.length}か所の避難所` : CHANGES[answer.change] ?? "";
  byID("changes-rows").replaceChildren(...standing.changes(rows));
  byID("sounded").hidden = !answer.sounded;
  byID("sounded-rows").replaceChildren(...(answer.sounded ?? []).map((one) => make("li", `${one.district}　24時間に${one.day}回、7日間に${one.week}回`)));
  byID("preview-list").replaceChildren(...cards(previews, mode));
  byID("take-back").hidden = back.length === 0;
  byID("take-back-list").replaceChildren(...cards(back, mode));
  const warnings = (answer.warnings ?? []).map((item) => words(item.detail ?? item.text ?? String(item)));
  const open = new Set((seen?.shelters ?? []).map((one) => one.id)), goals = previewed?.body?.kind === "evacuation" ? previewed.body.shelters ?? [] : [];
  const shut = (current().shelters ?? []).filter((one) => goals.includes(one.id) && !open.has(one.id)).map((one) => one.name);
  if (shut.length > 0) warnings.push(make("p", `まだ開いていない避難先：${shut.join("、")}。開設も知らせてください`));
  const down = rows.filter((one) => one.before > one.after);
  if (down.length > 0) warnings.push(make("p", `いまより軽くなる地区があります：${down.map((one) => `${one.district} ${one.before_name}→${one.after_name}`).join("、")}`));
  if (problems.length > 0) warnings.push(make("p", `直す必要のあるところが${problems.length}件あります。このままでは、その経路では送れないことがあります。`));
  byID("preview-problems").hidden = warnings.length === 0;
  byID("preview-problems").replaceChildren(...warnings);
  sentence(previews, mode, answer.refused ? rows.length : 0);
  second(answer.approval);
}

/** Whether it will wait for a second person, for whom and how long; and how not to wait. */
function second(approval) {
  const form = byID("send-form");
  byID("second").hidden = !approval;
  form.elements.glass.checked = false;
  form.elements.why.value = "";
  byID("glass-why").hidden = true;
  if (!approval) return;
  const people = (approval.next?.people ?? []).join("、");
  byID("second-words").textContent = approval.next
    ? `送ると、「${approval.next.name}」${people ? `（${people}）` : ""}の承認を待ちます。${approval.seconds}秒返事がなければ、次の役割に移ります。`
    : `送ると、${approval.seconds}秒後に出ます。それまでは止められます。`;
}

/** The last question names place, channels and mode. */
function sentence(previews, mode, count) {
  const form = byID("send-form"), isLive = mode === "actual", town = current().name;
  const sent = previews.filter((item) => item.verdict !== "skip");
  const channels = [...new Set(sent.map((item) => channelWord(item.channel)))];
  const places = new Set(sent.flatMap((item) => (item.endpoints ?? []).map((endpoint) => item.channel + "/" + endpoint)));
  byID("send-words").textContent =
    `${count > 0 ? `避難所${count}か所を、` : ""}${town}　${channels.length}経路${places.size > 0 ? `・${places.size}か所` : ""}（${channels.join("、")}）へ、${isLive ? "本番の情報" : "訓練"}として送ります。`;
  byID("send-name").hidden = !isNamed(mode);
  byID("send-name").firstElementChild.textContent = act.verb === "cancel" ? `押し続けられないときは、市町村の名前「${town}」を入力して、下のボタンで取り消します` : `本番として送るには、市町村の名前「${town}」を入力してください`;
  form.elements.name.value = "";
  byID("hold-back").hidden = act.verb !== "cancel";
  // The button that is held is above it, and not under it.
  form.classList.toggle("below", act.verb === "cancel");
  byID("hold-back").firstElementChild.textContent = `${isLive ? "【本番】" : "【訓練】"}${town}　${byID("base-text").textContent}`;
  const what = act.verb === "cancel" ? "取消を送る" : "送る";
  form.querySelector("button").textContent = isLive ? `【本番】${town}に${what}` : `【訓練】として${what}`;
}

function judge() {
  byID("glass-why").hidden = !byID("send-form").elements.glass.checked;
  const form = byID("send-form");
  byID("stale").hidden = !isStale();
  byID("hold-back").disabled = !maySend();
  form.querySelector("button").disabled = !maySend() || (isNamed(previewed.mode) && form.elements.name.value.trim() !== current().name);
}

/** A real one, and every taking back: of that no short press is enough, in the drill no more than at night. */
const isNamed = (mode) => mode === "actual" || act.verb === "cancel";

const isStale = () => previewed !== null && seen !== null && previewed.version !== seen.version;

/** But for the town's name: taking back asks for a key that is held down instead, since each second counts there. */
function maySend() {
  const { glass, why } = byID("send-form").elements;
  return previewed !== null && !isStale() && (!glass.checked || why.value.trim() !== "");
}

async function send() {
  if (!previewed) return;
  const sent = previewed, press = byID("send-form").querySelector("button");
  press.disabled = true;
  try {
    const { glass, why } = byID("send-form").elements;
    const now = glass.checked ? "?" + new URLSearchParams({ break_glass: why.value.trim() }) : "";
    const answer = await call("POST", sent.path + now, sent.body, { ...sent.headers, "Idempotency-Key": key });
    done(answer, sent);
  } catch (error) {
    if (error.status === 0) error.message += "。送られたかどうか分かりません。この画面でもう一度送ってください。二重には送られません";
    throw error;
  } finally {
    judge();
  }
}

function done(answer, sent) {
  const id = answer?.id ?? "";
  heard.add(id);
  // Whoever has gone on to another act meanwhile keeps what is in the form.
  if (previewed === sent && location.hash === sent.place) {
    act = NEW;
    replace("push");
    seen = null;
    begin(act, null);
    changed();
    refresh();
    byID("push-title").focus();
  }
  if (answer?.approval) {
    const next = answer.approval.next;
    byID("push-done").textContent = next
      ? `まだ送っていません。「${next.name}」の承認を待っています（${timeWord(answer.approval.deadline)}まで）`
      : `まだ送っていません。${timeWord(answer.approval.deadline)}に出ます`;
    return;
  }
  if (answer?.sent) return doneMany(answer, sent);
  byID("push-done").textContent = `${sent.mode === "actual" ? "本番の情報" : "訓練"}として受け付けました（番号 ${id}）　`;
  byID("push-done").append(button("届いた先を見る", () => go("reach:" + id)));
  if (answer?.recorded_here_only) byID("push-done").append(make("span", "送りました。記録は、いまはこのハブの機械だけにあります。データベースが戻ると移ります", "warn"));
}

/** Each that went out, that waits and that did not, by its name. */
function doneMany({ sent: houses, unchanged, refused }, { mode }) {
  const waits = houses.filter((one) => one.approval), out = houses.length - waits.length;
  for (const { id } of houses) heard.add(id);
  const parts = [out > 0 ? `避難所${out}か所を、${mode === "actual" ? "本番の情報" : "訓練"}として受け付けました` : "", waits.length > 0 ? `${waits.length}か所は承認を待っています。まだ送っていません` : ""];
  const not = [...refused, ...unchanged].map((one) => make("p", `${one.name}は出していません：${japanese(one.reason)}`, "warn"));
  byID("push-done").replaceChildren(parts.filter(Boolean).join("。") || "どの避難所も出していません", ...not);
}

/** Somebody changed the state meanwhile: who, what, when, and how it stands now. Nothing was sent. */
function conflict(error) {
  const { changed_by: by, changed_at: at, standing: now } = error.problem;
  withdraw();
  seen = now;
  byID("seen-rows").replaceChildren(...standing.lines(seen));
  byID("seen").hidden = false;
  byID("conflict-words").replaceChildren(words(error.message));
  const isOwn = by === person();
  byID("conflict-title").textContent = isOwn ? "送っていません。そのあと、あなたの操作で状態が変わっています" : "送っていません。ほかの人が状態を変えました";
  byID("conflict-next").textContent = act.verb === "cancel"
    ? "いまの状態です。残っている避難情報は、1の画面の「一部解除」か「すべて解除」で終えられます。" : "いまの状態です。確かめてから、もう一度「文面を確かめる」を押してください。";
  byID("conflict-who").textContent = by ? `${timeWord(at)}　${by}さん` : "";
  byID("conflict-rows").replaceChildren(...standing.lines(now));
  byID("conflict").hidden = false;
  byID("conflict-title").focus();
}
