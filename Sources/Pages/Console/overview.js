// Every town on one page, the gravest first: what is in force there, what the town has said, whose desk is silent, and who works for whom. For the
// prefecture, and for whoever keeps several towns.

import { call } from "./api.js";
import { isUp } from "./live.js";
import { button, byID, make, row, timeWord } from "./parts.js";
import { KEY } from "./towns.js";
import { go, world } from "./world.js";

const EVERY = 20000;
/** A desk that nobody has used for so long while something grave is in force is a town that may need help. Milliseconds. */
const SILENT = 30 * 60e3;
const GRAVE = ["information", "advisory", "warning", "danger", "emergency"];
const HEADS = ["市町村", "気象庁などの発表", "町の避難情報", "開いている避難所", "操作卓", "応えない送り先", "代行", "操作"];

let problem = () => {}, timer = 0;
const rows = make("tbody"), said = make("p", "", "hint");

export function prepare(onProblem) {
  problem = onProblem;
  const box = make("div", "", "wide"), table = make("table", "", "cards"), head = make("thead"), line = make("tr");
  line.append(...HEADS.map((word) => Object.assign(make("th", word), { scope: "col" })));
  head.append(line);
  table.append(head, rows);
  box.append(table);
  box.tabIndex = 0;
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", "市町村の表");
  byID("overview-box").append(said, box);
}

export async function open() {
  clearInterval(timer);
  timer = setInterval(() => { if (isUp()) again().catch(problem); }, EVERY);
  await again();
}

export const close = () => clearInterval(timer);

const gravity = (town) => (town.gravest ? GRAVE.indexOf(town.gravest.gravity) : -1);
const isSilent = (town) => gravity(town) >= GRAVE.indexOf("warning") && !(Date.now() - Date.parse(town.desk_used_at ?? "") < SILENT);

export async function again() {
  const [{ towns, left_out: more }, { pacts }] = await Promise.all([call("GET", "/v1/overview?mode=" + world()), call("GET", "/v1/pacts")]);
  const silent = towns.filter(isSilent);
  const weight = (town) => [isSilent(town) ? 1 : 0, gravity(town), town.level ?? 0, town.lost];
  const order = (a, b) => weight(b).map((one, index) => one - weight(a)[index]).find((one) => one !== 0) ?? a.code.localeCompare(b.code);
  said.textContent = `${towns.length}市町村${more > 0 ? `（ほか${more}は出していません）` : ""}。${silent.length > 0 ? `警報が出ているのに操作卓が使われていない市町村が${silent.length}あります。` : "操作卓が使われないまま警報が出ている市町村はありません。"}`;
  said.className = silent.length > 0 ? "warn" : "hint";
  rows.replaceChildren(...towns.toSorted(order).map((town) => line(town, pacts)));
}

function line(town, pacts) {
  const desk = make("span"), lost = make("span", town.asked > 0 ? `${town.lost}／${town.asked}` : "まだ確かめていません", town.lost > 0 ? "warn" : "");
  const quiet = Math.floor((Date.now() - Date.parse(town.desk_used_at)) / 60e3);
  desk.append(make("span", !town.desk_used_at ? "まだだれも使っていません" : isSilent(town) ? `${quiet}分使われていません` : `${timeWord(town.desk_used_at, false)}に使われました`, isSilent(town) ? "warn" : ""));
  const enter = button("この町を見る", () => { sessionStorage.setItem(KEY, town.code); location.hash = ""; go("alerts"); location.reload(); });
  enter.setAttribute("aria-label", `${town.name}を見る`);
  const bulletin = town.gravest ? make("b", town.gravest.title + (town.gravest.more > 0 ? `　ほか${town.gravest.more}件` : "")) : "";
  const order = [town.level ? `警戒レベル${town.level} ${town.level_name}（${town.districts}地区）` : "", town.headquarters ?? ""].filter(Boolean).join("、");
  return row([make("b", town.name), bulletin, order, town.shelters_open > 0 ? `${town.shelters_open}か所` : "", desk, lost, pactWords(town, pacts), enter], HEADS);
}

/** How the town's agreement stands, the most urgent one. */
function pactWords(town, pacts) {
  const own = pacts.filter((pact) => pact.giver.code === town.code && pact.state !== "ended"), name = (pact) => pact.helper.name ?? pact.helper.code;
  const find = (state) => own.find((pact) => pact.releases.some((one) => one.state === state && one.mode === world()));
  const open = find("open"), waiting = find("waiting"), clock = world() === "actual" && own.find((pact) => pact.clock), signed = own.find((pact) => pact.state === "signed");
  if (open) return make("b", `${name(open)}が代行しています`);
  if (waiting) return make("span", `${name(waiting)}：鍵が一つ回りました。あと一つです`, "warn");
  if (clock) return make("span", `${name(clock)}：始められます（${clock.clock}）`, "warn");
  return signed ? `${name(signed)}と取り決めずみ` : "取り決めがありません";
}
