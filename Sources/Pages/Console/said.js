// The words in which an alert went out, as the hub recorded them then: never made again from today's templates.

import { call } from "./api.js";
import { cards } from "./cards.js";
import { byID, make } from "./parts.js";
import { find } from "./alerts.js";

export async function open(id) {
  const [answer, alert] = await Promise.all([call("GET", `/v1/alerts/${encodeURIComponent(id)}/texts`), find(id)]);
  const texts = (answer.texts ?? []).map((text) => ({ verdict: "send", ...text }));
  byID("said-list").replaceChildren(...texts.length > 0
    ? cards(texts, alert?.mode ?? "exercise")
    : [make("p", "文面の記録はありません。どこにも送られていないか、記録を始める前の情報です。", "hint")]);
}
