// The operators' calls. A token is kept for this tab only; who signed in by name has a cookie that no script sees.

import { EventParser } from "/tablet/stream.js";
import { world } from "./world.js";

const KEY = "noroshi-token";

export const token = () => sessionStorage.getItem(KEY) ?? "";
export const keepToken = (text) => sessionStorage.setItem(KEY, text);
export const dropToken = () => sessionStorage.removeItem(KEY);

/** Who signed in by name, in any tab of this browser. */
const PERSON = "noroshi-person";
export const person = () => localStorage.getItem(PERSON) ?? "";
export const keepPerson = (name) => localStorage.setItem(PERSON, name);
export const dropPerson = () => localStorage.removeItem(PERSON);
export const isIn = () => token() !== "" || person() !== "";

/** When somebody last touched this page, over a new beginning of it too. */
const TOUCHED = "noroshi-touched";
/** Longer than a round of the strip: what is touched without a word to the hub counts with the next round. */
const AT_IT = 30000;
/** A key that is held by what fell on it is nobody, and neither is what a script does. */
const touched = (event) => { if (event.isTrusted && !event.repeat) sessionStorage.setItem(TOUCHED, Date.now()); };
// What a screen reader presses or a voice writes is a click or a word alone.
for (const kind of ["pointerdown", "keydown", "wheel", "click", "input"]) addEventListener(kind, touched, { capture: true, passive: true });
function isAttended() {
  const since = Date.now() - Number(sessionStorage.getItem(TOUCHED));
  return since >= 0 && since < AT_IT;
}

/**
 * With the place this page is for: the hub does nothing of the other one for it. And whether the page asks by itself: a desk that stands open and that
 * nobody touches is silent, and its session ends.
 */
const credential = () => ({
  ...(token() ? { Authorization: "Bearer " + token() } : {}), ...(world() ? { "Noroshi-Place": world() } : {}), ...(isAttended() ? {} : { "Noroshi-Unattended": "1" }) });

/** An answer that is not a success; `status` 0 where there was none. `problem` is the hub's own document. */
export class Refused extends Error {
  constructor(status, words, problem = {}) {
    super(words);
    this.status = status;
    this.problem = problem;
  }
}

export async function call(method, path, body, more = {}) {
  const isJSON = body !== undefined && !(body instanceof ArrayBuffer);
  const headers = { ...credential(), ...more };
  if (isJSON) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method, headers, body: isJSON ? JSON.stringify(body) : body, cache: "no-store",
      signal: AbortSignal.timeout(30000),
    });
  } catch {
    throw new Refused(0, "ハブにつながりません");
  }
  if (answer.ok) return answer.status === 204 ? null : answer.json().catch(() => null);
  return refuse(answer);
}

async function refuse(answer) {
  const problem = await answer.json().catch(() => ({}));
  throw new Refused(answer.status, problem.detail ?? problem.title ?? `ハブの答え: ${answer.status}`, problem);
}

/** What is kept as a file: its name as the hub gives it, and its octets. */
export async function file(path) {
  const answer = await fetch(path, { headers: credential(), cache: "no-store", signal: AbortSignal.timeout(60000) }).catch(() => { throw new Refused(0, "ハブにつながりません"); });
  if (!answer.ok) return refuse(answer);
  return { name: answer.headers.get("Content-Disposition")?.match(/filename="([^"]+)"/)?.[1] ?? "noroshi", blob: await answer.blob() };
}

/**
 * Follows a stream until `signal` says stop. `ear` has `event({name, data})`, `line(true | false)` when the line comes or
 * goes, `heard()` at every sign of life and `refused(error)` where the hub will not have us.
 */
export async function follow(path, signal, ear) {
  let pause = 500;
  while (!signal.aborted) {
    try {
      const answer = await fetch(path, {
        headers: { ...credential(), Accept: "text/event-stream" }, signal, cache: "no-store" });
      if (!answer.ok) throw new Refused(answer.status, "記録を追えません");
      ear.heard();
      ear.line(true);
      pause = 500;
      await readAll(answer.body.getReader(), ear);
    } catch (problem) {
      if (signal.aborted) return;
      if (problem.status === 401) {
        ear.line(false);
        return ear.refused(problem);
      }
    }
    if (signal.aborted) return;
    ear.line(false);
    await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())));
    pause = Math.min(pause * 2, 15000);
  }
}

/** Gives up after 40 seconds of silence: the hub speaks every 15. */
async function readAll(reader, ear) {
  const decoder = new TextDecoder(), parser = new EventParser(ear.event);
  for (;;) {
    let timer;
    const silence = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error("silent")), 40000); });
    try {
      const { value, done } = await Promise.race([reader.read(), silence]);
      if (done) return;
      ear.heard();
      parser.feed(decoder.decode(value, { stream: true }));
    } catch (problem) {
      reader.cancel().catch(() => {});
      throw problem;
    } finally {
      clearTimeout(timer);
    }
  }
}
