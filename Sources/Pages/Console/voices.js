// Places that an alert would not reach this minute, whatever is in force: asked every three minutes by the hub, without a word to anybody.
// Beside them the devices that will soon be silent. A notice for the people there is ready; a person sends it, or does not.

import { call } from "./api.js";
import { callTo, callWords, onChange } from "./calls.js";
import { isUp } from "./live.js";
import { byID, japanese, make, timeWord } from "./parts.js";
import { Rows } from "./rows.js";
import { noteButton, showTools } from "./silent.js";
import { channelWord, code } from "./towns.js";
import { go, isDrill } from "./world.js";

/** The hub brings no event of it over the line. */
const EVERY = 30000;
const ROOMS = new Set(["alerts", "wall"]);
/** Rows on the screen at most; on paper are all. */
const WINDOW = 60;
let seen = null, draft = null, list = null;

export function prepare() {
  list = new Rows(byID("voice-rows"), line);
  byID("voices-go").onclick = () => { byID("voices-title").scrollIntoView(); byID("voices-title").focus(); };
  byID("voice-draft").onclick = () => { draft = seen.draft; go("push:notice:draft"); };
  onChange(show);
  setInterval(() => { if (isUp() && ROOMS.has(document.body.dataset.open)) read().catch(() => {}); }, EVERY);
}

/** Real devices and lines: the desk of drills has none. Whoever may not look sees none. */
export async function read() {
  if (!code() || isDrill()) return;
  seen = await call("GET", `/v1/towns/${code()}/voices`).catch((error) => {
    if (error.status === 403 || error.status === 404) return null;
    throw error;
  });
  show();
  byID("alerts").dispatchEvent(new Event("read"));
}

/** What was put by for the form, once. */
export function takeDraft() {
  const own = draft;
  draft = null;
  return own;
}

const key = ({ channel, endpoint }) => `${channel}/${endpoint}`;

/** Places that cannot be reached, by the key that all lists know them by: for the map, the wall and the paper. */
export const lost = () => (isDrill() ? [] : (seen?.lost ?? []).map((one) => ({ ...one, key: key(one) })));

/** Places of devices that will soon be silent, or make no sound, each once. */
export const weak = () => (isDrill() ? [] : [...new Map((seen?.weak ?? []).map((one) => [key(one), { ...one, key: key(one) }])).values()]);

/** Since when, and how far that is known. */
export const sinceWords = (one) => `${one.since_at_latest ? "遅くとも" : ""}${timeWord(one.since, false)}から${one.since_before_restart ? "（途中でハブが止まっていました）" : ""}`;

/** What a device at a far end last said of its power; empty where none did. */
export function powerWords(at) {
  const one = [...(isDrill() ? [] : seen?.lost ?? []), ...(isDrill() ? [] : seen?.weak ?? [])].find((item) => key(item) === at), power = one?.power ?? one;
  if (power?.plugged === undefined && power?.charge === undefined) return "";
  const state = power.plugged === undefined ? "" : power.plugged ? "電源につながっている" : "電池で動いている", charge = power.charge === undefined ? "" : `残り${power.charge}％`;
  return `端末は${timeWord(power.at, false)}に「${[state, charge].filter(Boolean).join("、")}」`;
}

function show() {
  const { lost: places = [], nobody = [], weak = [] } = seen ?? {};
  byID("voices").hidden = !seen?.asked_at;
  byID("voices-go").hidden = places.length + weak.length === 0;
  byID("voices-go").textContent = `つながらない ${places.length}${weak.length > 0 ? `・弱い ${weak.length}` : ""}`;
  byID("voices-count").textContent = places.length > 0 ? `${places.length}か所` : "ありません";
  list.show(places.slice(0, WINDOW).map((one) => [key(one), { ...one, call: callTo({ ...one, offered_at: one.since }), power: powerWords(key(one)) }]));
  byID("voices-rest").hidden = places.length <= WINDOW;
  byID("voices-rest").textContent = `ほか${places.length - WINDOW}か所。「この一覧を印刷」には、すべて出ます。`;
  showTools();
  byID("voice-draft-line").hidden = !seen?.draft;
  byID("weak-head").hidden = weak.length === 0;
  byID("weak-rows").replaceChildren(...weak.map(weakLine));
  byID("voices-nobody").hidden = nobody.length === 0;
  byID("voices-nobody").textContent = `端末をまだ登録していない場所：${nobody.map((one) => one.name).join("、")}`;
  byID("voices-about").textContent = seen ? `${Math.round(seen.every_seconds / 60)}分ごとに、知らせを出さずに確かめています（${timeWord(seen.asked_at, false)}、${seen.heard}／${seen.asked}か所）` : "";
}

function line(one) {
  const item = make("li"), head = make("p", "", "row"), how = make("p", "", "hint");
  head.append(make("b", one.name));
  if (one.phone) head.append(Object.assign(make("a", "電話 " + one.phone), { href: "tel:" + one.phone.replace(/[^0-9+]/g, "") }));
  head.append(noteButton({ ...one, offered_at: one.since }, one.phone));
  if (one.call) how.append(make("span", callWords(one.call), "called"), "　");
  how.append(make("b", "つながりません", "state rejected"), ["", sinceWords(one), channelWord(one.channel), japanese(one.words), one.power].filter((part, index) => index === 0 || part).join("　"));
  item.append(head, how);
  return item;
}

function weakLine(one) {
  const item = make("li"), parts = [];
  if (one.plugged === false) parts.push(`電源が切れ、電池で動いています${one.charge === undefined ? "" : `（残り${one.charge}％）`}`, one.silent_at ? `${timeWord(one.silent_at, false)}ごろ止まります` : "いつまで動くかは、まだ分かりません");
  if (one.exam_until && Date.parse(one.exam_until) > Date.now()) parts.push(`試験中です（${timeWord(one.exam_until, false)}まで音を出しません。警報は画面が光ります）`);
  if (one.mute) parts.push(one.role === "edge" ? "この場所の拡声やサイレンが鳴りません。中継機のログに理由があります" : "音が出ません。端末の画面に触れると出ます");
  item.append(make("b", `${one.name}　${one.device}`), make("p", parts.join("。"), "hint"));
  return item;
}
