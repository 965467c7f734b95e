// Examinations that the town has set: when a school's tablets are silent on purpose. They stand with the school in the town's settings, so
// that whoever may change these sets them, with a name and in the record.

import { Refused, call } from "./api.js";
import { ask, button, byID, make } from "./parts.js";
import { code, siteName, sites } from "./towns.js";

const JAPAN = 9 * 3600e3;
let seen = null, problem = () => {};

/** By Japan's clock, as settings have it: `2026-12-05 09:00`. */
const written = (time) => new Date(time + JAPAN).toISOString().slice(0, 16).replace("T", " ");

const lasts = ({ until }) => until > written(Date.now());

export function prepare(onProblem) {
  problem = onProblem;
  byID("exam-plan").onsubmit = (event) => {
    event.preventDefault();
    const { site, day, from, until } = Object.fromEntries(new FormData(event.target));
    change(site, (exams) => [...exams, { from: `${day} ${from}`, until: `${day} ${until}` }], `${siteName(site)}の試験（${day} ${from}〜${until}）`, "決める",
      "このあいだ、この学校のタブレットは音を出しません。警報では画面が光ります。");
  };
}

/** Only for who may change settings, and a town that has schools. */
export async function open() {
  byID("exam-done").textContent = "";
  try {
    seen = sites().length > 0 ? await call("GET", `/v1/towns/${code()}/settings`) : null;
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 401) throw error;
    seen = null;
  }
  byID("exam-room").hidden = !seen;
  if (!seen) return;
  const form = byID("exam-plan").elements;
  form.site.replaceChildren(...sites().map((item) => new Option(item.name ?? item.id, item.id)));
  form.day.min = form.day.value = written(Date.now()).slice(0, 10);
  draw();
}

function draw() {
  const ends = seen.document.endpoints ?? [], rows = ends.flatMap((end) => (end.exams ?? []).filter(lasts).map((exam) => ({ site: end.id, ...exam })));
  rows.sort((a, b) => (a.from < b.from ? -1 : 1));
  byID("exam-rows").replaceChildren(...rows.map(({ site, from, until }) => {
    const isOn = from <= written(Date.now()), item = make("li", `${siteName(site)}　${from}〜${until.slice(11)}${isOn ? "　いま試験中" : ""} `);
    const end = button(isOn ? "いま終わらせる" : "取りやめる", () => change(
      site, (exams) => exams.filter((exam) => exam.from !== from || exam.until !== until), `${siteName(site)}の試験（${from}〜${until.slice(11)}）`, "取りやめる", "この学校のタブレットは、また音を出します。"));
    end.setAttribute("aria-label", `${siteName(site)}　${from}：${end.textContent}`);
    item.append(end);
    return item;
  }));
}

async function change(site, edit, words, yes, text) {
  const say = (said) => { byID("exam-done").textContent = said; };
  try {
    // What is over goes with it.
    const endpoints = seen.document.endpoints.map((end) => (end.id === site && sites().some(({ id, channel }) => id === site && channel === end.channel) ? { ...end, exams: edit((end.exams ?? []).filter(lasts)) } : end));
    const path = `/v1/towns/${code()}/settings`, tag = { "If-Match": seen.etag }, asked = { document: { ...seen.document, endpoints }, reason: `${words}を${yes}` };
    await call("PUT", path + "?dry_run=true", asked, tag);
    if (!await ask(words, text, yes)) return;
    await call("PUT", path, asked, tag);
    await open();
    say(`${words}を${yes === "決める" ? "決めました" : "取りやめました"}。つながっているタブレットには、すぐに伝わります。`);
  } catch (error) {
    if (!(error instanceof Refused) || error.status === 401) return void problem(error);
    say(error.message);
    if (error.status === 409) await open().then(() => say(error.message), problem);
  }
}
