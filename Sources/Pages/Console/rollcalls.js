// 点呼 of the schools, as numbers: who is missing is known at the school, and stays there.

import { call } from "./api.js";
import { ask, byID, make, timeWord } from "./parts.js";
import { isUp } from "./live.js";
import { code } from "./towns.js";
import { isDrill } from "./world.js";

/** Milliseconds: a school's machine tells each quarter of a minute. */
const EVERY = 15000;

export function prepare(problem) {
  byID("rollcalls-open").onclick = () => begin().catch(problem);
  byID("rollcalls-close").onclick = () => end().catch(problem);
  setInterval(() => { if (isUp() && document.body.dataset.open === "reports") read().catch(() => {}); }, EVERY);
}

/** Those whose people call for help first, then those who miss the most. */
const graver = (one, other) => other.help - one.help || other.hurt - one.hurt || other.missing - one.missing;

export async function read() {
  if (!code()) return;
  // A hub of before knows none, and whoever may not look sees none.
  const answer = await call("GET", `/v1/towns/${code()}/rollcalls`).catch((error) => {
    if (error.status === 403 || error.status === 404) return { rollcalls: [] };
    throw error;
  });
  const own = answer.rollcalls.filter((one) => (one.mode === "exercise") === isDrill()).sort(graver);
  byID("rollcalls").hidden = own.length === 0;
  byID("rollcalls-open").hidden = !answer.people;
  byID("rollcalls-close").hidden = !own.some((one) => !one.closed_at);
  byID("rollcall-rows").replaceChildren(...own.map(line));
}

const mode = () => (isDrill() ? "exercise" : "actual");

/** All of them at once: after a great earthquake nobody telephones eleven schools to begin. */
async function begin() {
  const what = isDrill() ? "訓練の点呼" : "点呼";
  if (!await ask(`すべての学校で${what}を始めますか`, "生徒と先生の端末に、無事かどうかを尋ねる画面が出ます。音は鳴りません。もう始めている学校では、そのまま続きます。", "始める")) return;
  const { open, refused } = await call("POST", `/v1/towns/${code()}/rollcalls`, { id: crypto.randomUUID?.() ?? String(Math.random()).slice(2), mode: mode() });
  byID("rollcalls-said").textContent = `${open.length}校で点呼をしています。${refused.length > 0 ? `本番の点呼をしているため、始めていません：${refused.join("、")}` : ""}`;
  await read();
}

async function end() {
  if (!await ask("点呼をすべて終えますか", "わかったことは、本番なら1週間、訓練なら1日で消えます。", "終える")) return;
  const { closed } = await call("POST", `/v1/towns/${code()}/rollcalls/close`, { mode: mode() });
  byID("rollcalls-said").textContent = `${closed.length}校の点呼を終えました。`;
  await read();
}

function line(one) {
  const all = one.safe + one.hurt + one.help + one.missing, item = make("li"), bar = make("progress");
  const when = one.closed_at ? `${timeWord(one.closed_at, false)}に終わりました` : `${timeWord(one.opened_at, false)}から${one.told_at ? `、${timeWord(one.told_at, false)}現在` : ""}`;
  Object.assign(bar, { max: Math.max(1, all), value: all - one.missing });
  bar.setAttribute("aria-label", `${one.name} ${all}人のうち${all - one.missing}人がわかりました`);
  item.append(make("b", one.name), " ", bar, " ");
  if (one.help > 0) item.append(make("strong", `助けて ${one.help}人`, "problem"), " ");
  if (one.hurt > 0) item.append(make("strong", `けが ${one.hurt}人`, "problem"), " ");
  item.append(`無事 ${one.safe}人、まだわからない ${one.missing}人 `, make("small", when));
  return item;
}
