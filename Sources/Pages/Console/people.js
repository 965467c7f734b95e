// People and their roles, tokens for programs, and the key from the safe. Secrets are shown once, and leave the screen with the room.

import { Refused, call, person } from "./api.js";
import { Refusals } from "./refusals.js";
import * as passkeys from "./passkeys.js";
import { code, current } from "./towns.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";

const SCOPES = {
  feed: "電文の投入", drill: "訓練の送信", send: "本番の送信", approve: "承認", devices: "端末の登録", read: "閲覧", watch: "監視", admin: "管理",
};

let problem = () => {};
let roles = [];

export function prepare(onProblem) {
  problem = onProblem;
  submit("user-form", addUser);
  submit("token-form", addToken);
  passkeys.prepare(onProblem);
  byID("places-open").onclick = () => openDesk().catch(problem);
  byID("places-close").onclick = () => closeDesk().catch(problem);
  byID("safe-make").onclick = () => makeKeys().catch(problem);
  byID("secret-print").onclick = () => print();
  byID("token-scopes").replaceChildren(...Object.entries(SCOPES).map(([scope, name]) => box("scope", scope, `${name}（${scope}）`)));
}

function submit(id, act) {
  const form = byID(id), refusals = new Refusals(form, { roles: ["role"], scopes: ["scope"] });
  form.onsubmit = (event) => {
    event.preventDefault();
    refusals.clear();
    act(form).then(() => form.reset()).catch((error) => (error instanceof Refused && error.status !== 401 ? refusals.show(error) : problem(error)));
  };
}

function box(name, value, text) {
  const label = make("label", "", "inline"), input = document.createElement("input");
  Object.assign(input, { type: "checkbox", name, value });
  label.append(input, " " + text);
  return label;
}

export const again = read;
export const close = () => hide();

export async function open() {
  hide();
  // Everybody's own; the rest of this room is for who decides on people.
  await passkeys.read();
  roles = (await call("GET", "/v1/roles")).roles ?? [];
  byID("user-roles").replaceChildren(...roles.map((role) => box("role", role.role, role.name)));
  await read();
}

/** Nothing that opens a door stays on a screen. */
function hide() {
  byID("secret").hidden = true;
  byID("secret-lines").replaceChildren();
}

function show(title, lines, picture = "") {
  byID("secret-title").textContent = title;
  byID("secret-lines").replaceChildren(...lines.map((line) => make("p", line, "code")), ...(picture ? [make("pre", picture)] : []));
  byID("secret").hidden = false;
  byID("secret-title").focus();
}

async function read() {
  const [users, tokens, safe] = await Promise.all([
    call("GET", "/v1/users"), call("GET", "/v1/tokens"), code() ? call("GET", `/v1/towns/${code()}/safe-keys`) : { left: 0 }]);
  const turn = acts, place = code() ? await call("GET", `/v1/towns/${code()}/open-desk`) : { bound: false };
  // Somebody here opened or closed it meanwhile: what was read before is older than that.
  if (turn === acts) showPlaces(place);
  byID("user-rows").replaceChildren(...(users.users ?? []).map(userLine));
  byID("users-none").hidden = (users.users ?? []).length > 0;
  const open = (tokens.tokens ?? []).filter((token) => !token.revoked_at);
  byID("token-rows").replaceChildren(...open.map(tokenLine));
  byID("tokens-none").hidden = open.length > 0;
  byID("safe-left").textContent = safe.left > 0 ? `まだ使われていない鍵が${safe.left}枚あります。` : "使える鍵がありません。作って、封をして、金庫に入れてください。";
}

function userLine(user) {
  const acts = make("span", "", "acts"), isOwn = user.name === person();
  const own = user.roles.filter((role) => !role.towns || role.towns.includes(code()));
  if (!isOwn && !user.disabled && person()) {
    acts.append(button("役割を引き継ぐ", () => handOver(user.name).catch(problem)));
  }
  acts.append(
    button("新しいパスワード", () => reset(user.name).catch(problem)),
    button(user.disabled ? "また使えるようにする" : "使えなくする", () => stop(user).catch(problem), user.disabled ? "" : "danger"));
  for (const act of acts.children) act.setAttribute("aria-label", `${user.name}：${act.textContent}`);
  return row([
    user.name, own.map((role) => role.name).join("、"), user.disabled ? "止めています" : user.confirmed ? "使用中" : "使用中（本人の確認待ち）", user.code ? "あり" : "なし",
    timeWord(user.last_sign_in_at, false) || "まだ入っていません", acts], ["", "役割", "", "確認コード", "最後に入った"]);
}

function tokenLine(token) {
  const act = button("取り消す", () => revoke(token).catch(problem), "danger");
  act.setAttribute("aria-label", `${token.name}：取り消す`);
  return row([token.name, token.scopes.map((scope) => SCOPES[scope] ?? scope).join("、"), timeWord(token.expires, false), act], ["", "権限", "期限"]);
}

const chosen = (form, name) => [...form.querySelectorAll(`[name=${name}]:checked`)].map((input) => input.value);

async function addUser(form) {
  const wish = { name: form.elements.name.value, roles: chosen(form, "role"), towns: [code()], code: form.elements.digits.checked };
  told(await call("POST", "/v1/users", wish));
  await read();
}

/** The password and the picture, once. */
function told(user) {
  const lines = user.password ? [`名前　${user.name}`, `最初のパスワード　${user.password}`] : [`名前　${user.name}`];
  if (user.approval) lines.push(`ほかの人の確認を待っています。それまで、${user.name}さんはあなたの出したものを承認できません`);
  show("本人に渡してください。この画面を離れると、もう表示されません", lines, user.code_qr_text ?? "");
}

async function reset(name) {
  if (!await ask("新しいパスワードを作りますか", `${name}さんは、いま開いている画面からも出ます。登録したパスキーも消えます。`, "作る")) return;
  told(await call("PATCH", "/v1/users/" + encodeURIComponent(name), { reset: true }));
}

async function stop(user) {
  const text = user.disabled ? `${user.name}さんは、また入れるようになります。` : `${user.name}さんは、いま開いている画面からも、すぐに出ます。`;
  if (!await ask(user.disabled ? "また使えるようにしますか" : "使えなくしますか", text, user.disabled ? "使えるようにする" : "使えなくする")) return;
  await call("PATCH", "/v1/users/" + encodeURIComponent(user.name), { disabled: !user.disabled });
  await read();
}

/** One tap for one role; whoever has several is asked for each. */
async function handOver(name) {
  const session = await call("GET", "/v1/sessions/current");
  for (const role of session.roles) {
    const word = roles.find((item) => item.role === role)?.name ?? role;
    if (!await ask(`「${word}」を引き継ぎますか`, `この瞬間から${name}さんの権限になり、あなたの権限はなくなります。`, "引き継ぐ")) continue;
    await call("POST", `/v1/users/${encodeURIComponent(name)}/hand-over`, { role, town: code() });
  }
  await read();
}

async function addToken(form) {
  const token = await call("POST", "/v1/tokens", { name: form.elements.name.value, towns: [code()], scopes: chosen(form, "scope") });
  show("プログラムに設定してください。この画面を離れると、もう表示されません", [token.token]);
  await read();
}

async function revoke(token) {
  if (!await ask("トークンを取り消しますか", `「${token.name}」は、すぐに使えなくなります。`, "取り消す")) return;
  await call("DELETE", "/v1/tokens/" + encodeURIComponent(token.id));
  await read();
}

async function makeKeys() {
  if (!await ask("金庫の鍵を作りますか", "前に作った鍵は、すべて使えなくなります。", "作る")) return;
  const answer = await call("POST", `/v1/towns/${code()}/safe-keys`, {});
  const waits = answer.approval ? "　ほかの人が承認するまで使えません。それまでは前の鍵が使えます。" : "";
  show(`${current().name}　金庫の鍵。印刷し、封をして、金庫に入れてください。一枚で一回、パスワードなしで入れます${waits}`, answer.keys);
  await read();
}

/** How often it was opened or closed here. */
let acts = 0;

/** A town that binds its desk to networks opens it in the night its hall is gone. */
function showPlaces(place) {
  byID("places").hidden = !place.bound;
  byID("places-open").hidden = place.open;
  byID("places-close").hidden = !place.open;
  byID("places-words").textContent = place.open
    ? `いま、どこからでも使えます（${place.by}さん、${timeWord(place.until, false)}まで。理由：${place.reason}）。`
    : "設定に書いたネットワーク（役場など）からだけ使えます。金庫の鍵は、どこからでも開きます。";
}

function changePlaces(place) {
  acts += 1;
  showPlaces(place);
}

async function openDesk() {
  const reason = await ask("操作卓を、どこからでも使えるようにしますか", "24時間、ほかの町の役場などからも使えます。全員に知らせ、記録に残ります。", "使えるようにする", "理由");
  if (reason) changePlaces(await call("PUT", `/v1/towns/${code()}/open-desk`, { reason }));
}

async function closeDesk() {
  if (!await ask("いつもの場所だけに戻しますか", "いま、ほかの場所で使っている人は、そこから使えなくなります。", "戻す")) return;
  changePlaces(await call("DELETE", `/v1/towns/${code()}/open-desk`));
}
