// The operators' calls. The token is kept for this tab only.

import { EventParser } from "/tablet/stream.js";

const KEY = "noroshi-token";

export const token = () => sessionStorage.getItem(KEY) ?? "";
export const keepToken = (text) => sessionStorage.setItem(KEY, text);
export const dropToken = () => sessionStorage.removeItem(KEY);

/** An answer that is not a success; `status` 0 where there was none. */
export class Refused extends Error {
  constructor(status, words) {
    super(words);
    this.status = status;
  }
}

export async function call(method, path, body, more = {}) {
  const headers = { Authorization: "Bearer " + token(), ...more };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: body === undefined ? undefined : JSON.stringify(body), cache: "no-store",
      signal: AbortSignal.timeout(30000),
    });
  } catch {
    throw new Refused(0, "ハブにつながりません");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json().catch(() => null);
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? problem.title ?? `ハブの答え: ${answer.status}`);
}

/** Follows a stream until `signal` says stop: `onEvent({name, data})`, `onLine(true | false)`. */
export async function follow(path, signal, onEvent, onLine) {
  let pause = 500;
  while (!signal.aborted) {
    try {
      const answer = await fetch(path, {
        headers: { Authorization: "Bearer " + token(), Accept: "text/event-stream" }, signal, cache: "no-store" });
      if (!answer.ok) throw new Refused(answer.status, "");
      onLine(true);
      pause = 500;
      await readAll(answer.body.getReader(), onEvent);
    } catch (problem) {
      if (problem.status === 401) return onLine(false);
    }
    if (signal.aborted) return;
    onLine(false);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    pause = Math.min(pause * 2, 15000);
  }
}

/** Gives up after 40 seconds of silence: the hub speaks every 15. */
async function readAll(reader, onEvent) {
  const decoder = new TextDecoder(), parser = new EventParser(onEvent);
  for (;;) {
    let timer;
    const silence = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("silent")), 40000); });
    try {
      const { value, done } = await Promise.race([reader.read(), silence]);
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
    } catch (problem) {
      reader.cancel().catch(() => {});
      throw problem;
    } finally {
      clearTimeout(timer);
    }
  }
}
