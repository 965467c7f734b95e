// 代行 on the strip: in whose name one works here, who works in this town's, which key is turned and waits, and that the clock would turn its own.
// It stands in every room of both places; a release opens and ends by itself, so it is asked for again and again.

import { call } from "./api.js";
import { byID, timeWord } from "./parts.js";
import * as towns from "./towns.js";
import { choose, go, world } from "./world.js";

const EVERY = 20000;
/** The town that somebody came from, to go back to. */
const HOME = "noroshi-home";

let timer = 0, changed = () => {}, news = () => {}, last = "";

/** `onNews`: something about a release is not as it was; a room that shows them reads them again. */
export const prepare = (onChange, onNews) => { [changed, news] = [onChange, onNews]; };

export function open() {
  ask();
}

export function close() {
  clearTimeout(timer);
  last = "";
  show(null);
}

async function ask() {
  clearTimeout(timer);
  if (!towns.code() || !world()) return;
  timer = setTimeout(ask, EVERY);
  try {
    const { pacts } = await call("GET", "/v1/pacts");
    await follow(pacts);
    show(said(pacts));
    const now = JSON.stringify(pacts);
    if (last && last !== now) news();
    last = now;
  } catch (error) {
    // Who may not look, or an older hub. While the line is cut the strip says that.
    if (error.status === 403 || error.status === 404) clearTimeout(timer);
    if (error.status) show(null);
  }
}

const released = (pact) => pact.releases.find((one) => one.state === "open" && one.mode === world());

/** A release that opened or ended changes which towns there are to work in. */
async function follow(pacts) {
  const told = new Set(towns.all().filter((town) => town.on_behalf?.until[world()]).map((town) => town.code));
  const open = new Set(pacts.filter((pact) => released(pact) && pact.helps).map((pact) => pact.giver.code));
  if (told.size === open.size && [...open].every((town) => told.has(town))) return;
  const before = towns.code();
  sessionStorage.setItem(towns.KEY, before);
  await towns.prepare(changed);
  // What one worked for is over: the page begins anew in one's own town, and nothing that was written goes there.
  if (towns.code() !== before || (told.has(before) && !open.has(before))) enter(sessionStorage.getItem(HOME) ?? "");
}

/** One line: what one is doing before what others do, and that before what could be done. */
function said(pacts) {
  const here = towns.current(), own = here.on_behalf?.until[world()], name = (town) => town.name ?? town.code, until = (time) => `${timeWord(time, false)}まで`;
  if (own) return { isOwn: true, words: `${here.on_behalf.by}が${here.name}の代行をしています。${until(own)}。出すものはすべて「${here.name}（${here.on_behalf.by}が代行）」の名前で出ます`, word: "自分の町へ戻る", go: () => enter(sessionStorage.getItem(HOME) ?? "") };
  for (const pact of pacts) {
    const release = released(pact), isHere = pact.giver.code === here.code;
    if (release && isHere) return { words: `${name(pact.helper)}が${here.name}の代行をしています。${until(release.until)}`, word: "代行の画面へ", go: () => go("pact") };
    if (release && pact.helps) return { words: `${name(pact.giver)}の代行が始まっています。${until(release.until)}`, word: `${name(pact.giver)}の仕事をする`, go: () => enter(pact.giver.code) };
  }
  for (const pact of pacts) {
    const waiting = pact.releases.find((one) => one.state === "waiting" && one.mode === world());
    if (waiting) return { words: `${name(pact.helper)}による${name(pact.giver)}の代行：鍵が一つ回り、あと一つを待っています（${waiting.keys[0].turned.by}、${until(waiting.waits_until)}）`, word: "代行の画面へ", go: () => go("pact") };
  }
  const real = pacts.find((pact) => pact.clock || pact.releases.some((one) => one.mode === "actual" && ["open", "waiting"].includes(one.state)));
  if (real && world() !== "actual") return { words: `【本番】${name(real.helper)}による${name(real.giver)}の代行が、動いています`, word: "本番の画面へ", go: () => choose("actual") };
  if (real?.clock) return { words: `${name(real.giver)}：${real.clock}。${name(real.helper)}の代行を始められます`, word: "代行の画面へ", go: () => go("pact") };
  return null;
}

/** Another town is another page: nothing that was written goes over. */
export function enter(town) {
  if (!towns.current().on_behalf) sessionStorage.setItem(HOME, towns.code());
  sessionStorage.setItem(towns.KEY, town);
  location.reload();
}

function show(line) {
  byID("behalf").hidden = !line;
  if (line?.isOwn) document.body.dataset.behalf = "yes";
  else delete document.body.dataset.behalf;
  if (!line) return;
  if (byID("behalf-words").textContent !== line.words) byID("behalf-words").textContent = line.words;
  byID("behalf-go").textContent = line.word;
  byID("behalf-go").onclick = line.go;
}
