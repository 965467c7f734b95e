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
  aloud(answer.aloud ?? [], alert?.mode);
}

/** For who stands at a microphone, and on paper for who goes out with a megaphone. */
function aloud(scripts, mode) {
  byID("aloud").hidden = scripts.length === 0;
  byID("aloud").className = mode === "exercise" ? "drill" : "";
  byID("aloud-list").replaceChildren(...scripts.map(({ seconds, takes, letters, text }) => {
    const part = make("article", ""), words = make("p", text);
    part.append(make("h4", `${seconds}秒用（${letters}文字、約${takes}秒）`), words);
    return part;
  }));
  byID("aloud-print").onclick = () => {
    document.body.classList.add("prints-aloud");
    addEventListener("afterprint", () => document.body.classList.remove("prints-aloud"), { once: true });
    print();
  };
}
