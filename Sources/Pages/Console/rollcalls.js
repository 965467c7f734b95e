// 点呼 of the schools, as numbers: who is missing is known at the school, and stays there.

import { call } from "./api.js";
import { byID, make, timeWord } from "./parts.js";
import { isUp } from "./live.js";
import { code } from "./towns.js";
import { isDrill } from "./world.js";

/** Milliseconds: a school's machine tells each quarter of a minute. */
const EVERY = 15000;

export function prepare() {
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
  byID("rollcall-rows").replaceChildren(...own.map(line));
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
