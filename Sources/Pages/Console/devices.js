// The register of tablets and spots: who is let in and how, who has what, how it stands, and who is out. Fetched when somebody opens it.

import { Refused, call } from "./api.js";
import * as exams from "./exams.js";
import { Refusals } from "./refusals.js";
import { code, current, question, siteName, sites } from "./towns.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";

let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  exams.prepare(onProblem);
  byID("ask-form").onsubmit = (event) => {
    event.preventDefault();
    byID("asking").replaceChildren();
    look(event.target).catch((error) => (error instanceof Refused && error.status !== 401 ? byID("asking").replaceChildren(make("p", error.message, "problem")) : problem(error)));
  };
  byID("many-form").onsubmit = byID("paper-form").onsubmit = (event) => {
    event.preventDefault();
    const isMany = event.target.id === "many-form", say = (words) => { byID("sheet-words").textContent = words; };
    say("");
    (isMany ? many(event.target.elements.file.files[0]) : beforehand(event.target)).catch((error) => (error instanceof Refused && error.status !== 401 ? say(error.message) : problem(error)));
  };
  byID("sheet-print").onclick = () => print();
  const refusals = new Refusals(byID("invite-form"));
  byID("invite-form").onsubmit = (event) => {
    event.preventDefault();
    refusals.clear();
    invite(event.target).catch((error) => (error instanceof Refused && error.status !== 401 ? refusals.show(error) : problem(error)));
  };
}

/** What shows that number, and the door for it: the person has read it on the tablet, or was told it by somebody he knows. */
async function look(form) {
  const said = form.elements.code.value.trim(), found = await call("POST", "/v1/device-asks/look", { code: said });
  const card = make("article", "", "card"), place = make("select"), label = make("label", "置き場所 "), yes = button("この端末を登録する", () => approve(said, place.value).catch(problem), "main");
  place.append(...sites().map((item) => new Option(item.name ?? item.id, item.id)));
  label.append(place);
  card.append(
    make("h3", `${found.code}　${found.name || "名前のない端末"}`),
    make("p", `${found.address}${found.site ? `（${placeName(found.site)}の中継機の先）` : ""}から、${timeWord(found.asked_at)}に`),
    make("p", "この番号を自分の目で見たか、知っている人から聞いたときだけ、登録してください。", "hint"), label, yes);
  byID("asking").replaceChildren(card);
}

async function approve(said, site) {
  const asked = { code: said, site };
  if (code()) asked.town = code();
  await call("POST", "/v1/device-asks/approve", asked);
  byID("asking").replaceChildren(make("p", `${siteName(site)}の端末として登録します。数秒で端末の画面が変わります。`));
  byID("ask-form").reset();
}

/** Places by name; where the hub tells none, the id is typed. */
function showSites() {
  const places = sites();
  for (const id of ["site-select", "paper-site"]) byID(id).replaceChildren(...places.map((item) => new Option(item.name ?? item.id, item.id)));
  byID("site-select-label").hidden = byID("site-select").disabled = places.length === 0;
  byID("site-input-label").hidden = byID("site-input").disabled = places.length > 0;
}

async function invite(form) {
  const said = new FormData(form), asked = { site: (said.get("site") ?? "").trim() };
  for (const name of ["use", "group"]) if (said.get(name)?.trim()) asked[name] = said.get(name).trim();
  if (code()) asked.town = code();
  const answer = await call("POST", "/v1/devices/invitations", asked);
  const card = make("article", "", "card invitation");
  card.append(
    make("h3", [siteName(asked.site), owner(asked)].filter(Boolean).join("　")),
    make("p", "登録するタブレットでQRコードを読み取るか、下のアドレスを開いてコードを入れてください。1台だけ、一度だけ使えます。"),
    make("p", answer.code, "code"), make("p", answer.url ?? "", "url"), make("p", `${timeWord(answer.expires_at, false)}まで使えます`, "hint"), make("p", keyWords(answer.town_key), "hint"));
  if (answer.qr_svg) card.prepend(picture(answer.qr_svg, "登録用のQRコード"));
  if (answer.trust_url) card.append(
    make("h4", "先に、この町の中継機を信頼させます"), picture(answer.trust_qr_svg, "証明書のQRコード"), make("p", "タブレットでこのQRコードを開いて証明書を入れます。入れる前に指紋を比べてください。"), make("p", answer.trust_url, "url"), make("p", `指紋　${answer.ca_fingerprint}`, "hint"));
  byID("invitation").replaceChildren(card);
}

/** As an image it can neither run nor fetch anything. */
function picture(svg, alt) {
  const image = make("img");
  image.alt = alt;
  image.src = "data:image/svg+xml," + encodeURIComponent(svg);
  return image;
}

const keyWords = (mark) => (mark ? `この町の鍵の指紋　${mark}` : "");

export const again = read;

export async function open() {
  showSites();
  for (const id of ["invitation", "asking", "code-sheet", "device-form", "sheet-words"]) byID(id).replaceChildren();
  byID("sheet-print").hidden = true;
  await Promise.all([read(), batches(), exams.open()]);
}

async function read() {
  const answer = await call("GET", "/v1/devices" + question());
  const devices = answer.devices ?? [];
  byID("device-rows").replaceChildren(...devices.map(line));
  byID("devices-key").textContent = keyWords(answer.town_key);
  byID("devices-none").hidden = devices.length > 0;
  const lent = devices.filter((device) => device.lent_to), late = lent.filter((device) => device.overdue);
  byID("devices-lent").textContent = lent.length > 0 ? `貸出中 ${lent.length}台。期限を過ぎて戻っていないもの ${late.length}台。` : "";
}

function line(device) {
  const id = device.id ?? device.device_id, name = device.name || id;
  const isOut = Boolean(device.revoked_at ?? device.retired_at);
  const act = make("span", "", "acts");
  if (!isOut && device.role !== "edge") {
    act.append(device.lent_to ? button("返却", () => giveBack(id).catch(problem)) : button("貸す", () => lend(id, name)));
    act.append(button("変える", () => change(device, name)));
  }
  if (!isOut) act.append(button("使い終える", () => end(id, name, true).catch(problem)), button("使えなくする", () => end(id, name, false).catch(problem), "danger"));
  for (const one of act.children) one.setAttribute("aria-label", `${name}：${one.textContent}`);
  return row([
    device.role === "edge" ? `${name}（中継）` : name, siteName(device.site), isOut ? out(device) : [owner(device), loan(device), proof(device)].filter(Boolean).join("、"),
    isOut ? "" : signs(device), timeWord(device.enrolled_at, false), timeWord(device.last_seen, false), act], ["", "置き場所", "状態", "ようす", "登録", "最後の連絡", ""]);
}

/** Not lost is another thing than lost; and whether it has shown that nothing is on it any more. */
function out(device) {
  const what = device.retired_at ? `${timeWord(device.retired_at, false)}に使い終えました` : device.revoked_for === "code-used" ? "番号が先に使われていたので断りました" : "登録を取り消しました";
  const wiped = device.erased_at ? `消去を確認 ${timeWord(device.erased_at, false)}` : device.role === "edge" ? "" : device.has_key ? "消去はまだ確認していません" : "消去は確かめられません（鍵のない端末）";
  return [what, wiped].filter(Boolean).join("、");
}

/** Also of a spot, where an edge may stand. */
const placeName = (id) => (current().endpoints ?? []).find((item) => item.id === id)?.name ?? id;

/** Of an edge: it comes for another one when sixty days are left. */
const certificate = (ends) => (ends ? `証明書は${timeWord(ends, false)}まで${Date.parse(ends) - Date.now() < 55 * 864e5 ? "。新しくなっていません" : ""}` : "");

const signs = ({ battery, plugged, sound, page_is_current: isCurrent, elsewhere, certificate_until: ends }) => [
  battery == null ? "" : `電池 ${battery}%${plugged ? "（充電中）" : ""}`, sound === false ? "音が出ません" : sound ? "音が出ます" : "", isCurrent === false ? "ページが古い版です" : "",
  elsewhere ? `いま${placeName(elsewhere)}にあります` : "", certificate(ends)].filter(Boolean).join("、");

const owner = ({ use, group }) => (use === "staff" ? ["先生", group] : use === "pupil" ? ["生徒", group] : []).filter(Boolean).join(" ");
const proof = ({ seals }) => ({ doubt: "町の署名のない知らせを受けました", unchecked: "署名を確かめていません" })[seals] ?? "";

/** Who has it, and whether it should be back by now. */
function loan(device) {
  if (!device.lent_to) return "使用中";
  const until = device.lent_until ? `、${timeWord(device.lent_until, false)}まで` : "";
  return `${device.lent_to}さんに貸出中${until}${device.overdue ? "（期限を過ぎています）" : ""}`;
}

/** A form of its own above the list, where more than a word is asked; `act` gets what was written. */
function form(title, text, fields, yes, act) {
  const card = make("form", "", "card"), say = make("p", "", "problem");
  card.autocomplete = "off";
  say.setAttribute("role", "alert");
  const close = () => byID("device-form").replaceChildren();
  card.append(make("h3", title), make("p", text, "hint"), ...fields.map(([words, control]) => {
    const label = make("label", `${words} `);
    label.append(control);
    return label;
  }), say);
  const send = make("button", yes, "main"), acts = make("p", "", "row");
  acts.append(send, button("やめる", close));
  card.append(acts);
  card.onsubmit = (event) => {
    event.preventDefault();
    act().then(() => { close(); return read(); }).catch((error) => (error instanceof Refused && error.status !== 401 ? say.replaceChildren(error.message) : problem(error)));
  };
  byID("device-form").replaceChildren(card);
  card.scrollIntoView({ block: "center" });
  card.querySelector("input,select").focus();
}

function field(value = "", more = {}) {
  return Object.assign(document.createElement("input"), { value, ...more });
}

function choice(options, value) {
  const select = document.createElement("select");
  select.append(...options.map(([key, words]) => new Option(words, key)));
  select.value = value ?? "";
  return select;
}

const OWNERS = [["", "場所（避難所・職員室など）"], ["pupil", "生徒"], ["staff", "先生・職員"]];

function change(device, name) {
  const own = field(device.name, { maxLength: 64, required: true }), use = choice(OWNERS, device.use), group = field(device.group, { maxLength: 20 });
  const site = choice(sites().map((item) => [item.id, item.name ?? item.id]), device.site);
  form(`「${name}」を変える`, "点呼で尋ねるのは、生徒と先生です。置き場所を変えると、端末はすぐに新しい場所の知らせを受けます。", [["名前", own], ["置き場所", site], ["だれの端末か", use], ["組", group]], "変える", () => {
    const wish = { use: use.value || null, group: group.value.trim() || null };
    if (own.value.trim() !== device.name) wish.name = own.value.trim();
    if (site.value && site.value !== device.site) wish.site = site.value;
    return call("PATCH", "/v1/devices/" + encodeURIComponent(device.id ?? device.device_id), wish);
  });
}

function lend(id, name) {
  const to = field("", { maxLength: 64, required: true }), until = field("", { type: "datetime-local" });
  form(`「${name}」を貸す`, "借りる人の名前は、返るまで残ります。", [["借りる人の名前", to], ["返す時刻（空けておけば、返るまで）", until]], "貸す", () =>
    // The desk's hours are Japan's, wherever its clock thinks it is.
    call("POST", `/v1/devices/${encodeURIComponent(id)}/lend`, { to: to.value.trim(), ...(until.value ? { until: `${until.value}:00+09:00` } : {}) }));
}

async function giveBack(id) {
  await call("POST", `/v1/devices/${encodeURIComponent(id)}/return`, {});
  await read();
}

async function end(id, name, retires) {
  const text = `「${name}」はすぐに切れ、保存しているものを消します。消したことを端末が知らせると、「消去を確認」と出ます。もう一度使うには新しい招待が要ります。`;
  if (!await ask(retires ? "端末を使い終えますか" : "端末を使えなくしますか", retires ? `手もとにある端末のためのものです。${text}` : text, retires ? "使い終える" : "使えなくする")) return;
  await call(retires ? "POST" : "DELETE", `/v1/devices/${encodeURIComponent(id)}${retires ? "/retire" : ""}`);
  await read();
  byID("devices-title").focus();
}

// MARK: many at once, on paper

/** A CSV with the columns name and site, and use and group where it has them. */
function rows(text) {
  const cells = (written) => [...written.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].slice(0, -1).map(([, cell]) => cell.trim().replace(/^"|"$/g, "").replaceAll('""', '"'));
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).filter((written) => written.trim() !== "").map(cells), [head = [], ...rest] = lines;
  if (!head.includes("name") || !head.includes("site")) throw new Refused(0, "一行目に name と site の列がありません");
  const all = rest.map((written) => Object.fromEntries(head.map((key, index) => [key, written[index] ?? ""])));
  const wrong = all.findIndex(({ name, site }) => !name || !sites().some((item) => [item.id, item.name].includes(site)));
  if (wrong >= 0) throw new Refused(0, `${wrong + 2}行目に name がないか、置き場所（site）がこの町にありません`);
  if (all.length === 0 || all.length > 500) throw new Refused(0, "1〜500台の表を選んでください");
  return all;
}

/** Every line is read before the first code is made: half a class is worse than a question. */
async function many(file) {
  const all = rows(await file.text()), cards = [];
  for (const { name, site, use, group } of all) {
    const asked = { name, site, ...(use ? { use } : {}), ...(group ? { group } : {}), ...(code() ? { town: code() } : {}) };
    const answer = await call("POST", "/v1/devices/invitations", asked);
    cards.push({ title: name, place: siteName(answer.site), code: answer.code, qr: answer.qr_svg, until: answer.expires_at });
  }
  show(cards, "15分のうちに、端末ごとに1枚ずつ登録してください。");
}

async function beforehand(form) {
  const said = new FormData(form), site = said.get("site"), asked = { site, count: Number(said.get("count")), ...(code() ? { town: code() } : {}) };
  const answer = await call("POST", "/v1/device-codes", asked);
  show(answer.codes.map((one) => ({ title: "タブレット登録の番号", place: answer.site_name, code: one.code, qr: one.qr_svg, until: answer.batch.expires_at })), "回線が切れていても、町の中継機で登録できます。鍵のかかるところに置いてください。この画面を離れると、番号は二度と出ません。");
  await batches();
}

function show(cards, words) {
  byID("code-sheet").replaceChildren(...cards.map(({ title, place, code: written, qr, until }) => {
    const card = make("figure"), picture = document.createElement("img");
    picture.alt = "登録用のQRコード";
    picture.src = "data:image/svg+xml," + encodeURIComponent(qr ?? "");
    card.append(picture, make("b", title), make("span", place), make("span", written, "code"), make("small", `${timeWord(until, false)}まで。1台だけ、一度だけ`));
    return card;
  }));
  byID("sheet-words").textContent = `${cards.length}枚。${words}`;
  byID("sheet-print").hidden = false;
}

async function batches() {
  const { batches: all = [] } = await call("GET", "/v1/device-codes" + question());
  byID("batch-rows").replaceChildren(...all.filter((one) => !one.revoked_at && Date.parse(one.expires_at) > Date.now() && one.used < one.count).map((one) => {
    const item = make("li", `${siteName(one.site)}　${one.count}枚のうち${one.used}枚を使用、${timeWord(one.expires_at, false)}まで　`);
    item.append(button("残りを取り消す", () => take(one).catch(problem), "danger"));
    return item;
  }));
}

async function take(batch) {
  if (!await ask("番号を取り消しますか", `${siteName(batch.site)}の残り${batch.count - batch.used}枚は、使えなくなります。登録済みの端末はそのままです。`, "取り消す")) return;
  await call("DELETE", "/v1/device-codes/" + encodeURIComponent(batch.id));
  await batches();
}
