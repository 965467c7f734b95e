// The register of tablets and spots: invite, list, revoke.

import { Refused, call } from "./api.js";
import { Refusals } from "./refusals.js";
import { code, question, siteName, sites } from "./towns.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";

let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  byID("ask-form").onsubmit = (event) => {
    event.preventDefault();
    byID("asking").replaceChildren();
    look(event.target).catch((error) => (error instanceof Refused && error.status !== 401 ? byID("asking").replaceChildren(make("p", error.message, "problem")) : problem(error)));
  };
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
    make("p", `${found.address}${found.site ? `（${siteName(found.site)}の中継機の先）` : ""}から、${timeWord(found.asked_at)}に`),
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
  byID("site-select").replaceChildren(...places.map((item) => new Option(item.name ?? item.id, item.id)));
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
  if (answer.qr_svg) {
    // As an image it can neither run nor fetch anything.
    const picture = document.createElement("img");
    picture.alt = "登録用のQRコード";
    picture.src = "data:image/svg+xml," + encodeURIComponent(answer.qr_svg);
    card.prepend(picture);
  }
  byID("invitation").replaceChildren(card);
}

const keyWords = (mark) => (mark ? `この町の鍵の指紋　${mark}` : "");

export const again = read;

export async function open() {
  showSites();
  for (const id of ["invitation", "asking"]) byID(id).replaceChildren();
  await read();
}

async function read() {
  const answer = await call("GET", "/v1/devices" + question());
  const devices = answer.devices ?? [];
  byID("device-rows").replaceChildren(...devices.map(line));
  byID("devices-key").textContent = keyWords(answer.town_key);
  byID("devices-none").hidden = devices.length > 0;
  const out = devices.filter((device) => device.lent_to), late = out.filter((device) => device.overdue);
  byID("devices-lent").textContent = out.length > 0 ? `貸出中 ${out.length}台。期限を過ぎて戻っていないもの ${late.length}台。` : "";
}

function line(device) {
  const id = device.id ?? device.device_id, name = device.name || id;
  const isRevoked = Boolean(device.revoked_at);
  const act = make("span", "", "acts");
  if (!isRevoked && device.role !== "edge") {
    act.append(device.lent_to ? button("返却", () => giveBack(id).catch(problem)) : button("貸す", () => lend(id, name).catch(problem)));
  }
  if (!isRevoked && device.role !== "edge") act.append(button("組・持ち主", () => change(device, name).catch(problem)));
  if (!isRevoked) act.append(button("使えなくする", () => revoke(id, name).catch(problem), "danger"));
  for (const one of act.children) one.setAttribute("aria-label", `${name}：${one.textContent}`);
  return row([
    device.role === "edge" ? `${name}（中継）` : name, siteName(device.site), isRevoked ? "登録を取り消しました" : [owner(device), loan(device), proof(device)].filter(Boolean).join("、"), timeWord(device.enrolled_at, false), timeWord(device.last_seen, false), act]);
}

const STAFF = "先生";
const owner = ({ use, group }) => (use === "staff" ? [STAFF, group] : use === "pupil" ? ["生徒", group] : []).filter(Boolean).join(" ");

/** One word says both: a class makes it a pupil's. */
async function change(device, name) {
  const text = `「${name}」は、いま${owner(device) || "場所の端末"}です。生徒の端末は組（例：3-2）、先生・職員の端末は「${STAFF}」、場所の端末は「場所」と書いてください。点呼で尋ねるのは、生徒と先生です。`;
  const said = await ask("組・持ち主を変えますか", text, "変える", "組・持ち主");
  if (!said) return;
  const wish = said === "場所" ? { use: null, group: null } : said === STAFF ? { use: "staff", group: null } : { use: "pupil", group: said };
  await call("PATCH", "/v1/devices/" + encodeURIComponent(device.id ?? device.device_id), wish);
  await read();
}

const proof = ({ seals }) => ({ doubt: "町の署名のない知らせを受けました", unchecked: "署名を確かめていません" })[seals] ?? "";

/** Who has it, and whether it should be back by now. */
function loan(device) {
  if (!device.lent_to) return "使用中";
  const until = device.lent_until ? `、${timeWord(device.lent_until, false)}まで` : "";
  return `${device.lent_to}さんに貸出中${until}${device.overdue ? "（期限を過ぎています）" : ""}`;
}

async function lend(id, name) {
  const to = await ask("端末を貸しますか", `「${name}」を借りる人の名前を書いてください。名前は、返るまで残ります。`, "貸す", "借りる人の名前");
  if (!to) return;
  await call("POST", `/v1/devices/${encodeURIComponent(id)}/lend`, { to });
  await read();
}

async function giveBack(id) {
  await call("POST", `/v1/devices/${encodeURIComponent(id)}/return`, {});
  await read();
}

async function revoke(id, name) {
  const text = `「${name}」はすぐに切れ、保存しているものを消します。もう一度使うには新しい招待が要ります。`;
  if (!await ask("端末を使えなくしますか", text, "使えなくする")) return;
  await call("DELETE", "/v1/devices/" + encodeURIComponent(id));
  await read();
  byID("devices-title").focus();
}
