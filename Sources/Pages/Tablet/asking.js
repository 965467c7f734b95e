// A tablet without a code: it shows one of its own until a person at the desk has typed it there.

import { made } from "./enrolment.js";
import { problemWords } from "./outbox.js";
import { newKey } from "./store.js";

const post = (path, body) => fetch("/v1/device-asks" + path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** `say(code)` what is to be shown, empty when it is over. Throws with the hub's words. */
export const asking = (say) => async (_, name, words) => {
  const key = await newKey(), first = await post("", { name: name || null, public_key: key?.text ?? null });
  if (!first.ok) throw new Error(await problemWords(first));
  const { code, secret, interval } = await first.json();
  say(code);
  try {
    for (;;) {
      await new Promise((resolve) => { setTimeout(resolve, interval * 1000); });
      const answer = await post("/answer", { secret }).catch(() => null);
      if (answer?.status === 201) return await made(await answer.json(), "", name, key, words);
      // Whoever is away, or has no room, is asked again.
      if (answer && answer.status < 500 && !answer.ok && answer.status !== 409 && answer.status !== 429) throw new Error(await problemWords(answer));
    }
  } finally {
    say("");
  }
};
