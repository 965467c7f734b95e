// The town as a map, drawn of what the town itself has given: its outline, and where its shelters stand. No tiles, nothing from
// elsewhere: it is there when the lines are cut. It shows what the lists beside it say and no more; what has no place on it is
// named under it. Read only when somebody opens it.

import * as alerts from "./alerts.js";
import { call } from "./api.js";
import { byID, make } from "./parts.js";
import { soon } from "./rows.js";
import * as silent from "./silent.js";
import { code } from "./towns.js";
import { lost, weak } from "./voices.js";

const SVG = "http://www.w3.org/2000/svg";
/** Pixels around what is drawn: room for names. */
const EDGE = 46;
/** Of a name's letter. */
const LETTER = 13;
const STATES = { open: "開", full: "満" };
/** Names read out of those who have not heard; the list beside it has all. */
const SPOKEN = 30;
const TOLD = ["!", "向", "☎"];

let ground = null, groundOf = "";
let isOpen = false;
/** What it was drawn of: of the same it is the same. */
let drawn = "", drawnWidth = 0;
/** What is to be named, with the room its sign takes: `{need, x, y, reach, text}`. */
let names = [];

document.head.append(Object.assign(document.createElement("link"), { rel: "stylesheet", href: "map.css" }));
/** A thousand far ends that answer at once are drawn once a second. */
const drawSoon = soon(() => { if (isOpen) draw(); }, 1000);
byID("alerts").addEventListener("read", () => { if (isOpen) drawSoon(); });
/** Another width alone: that it has been opened is no reason to draw before it is on the screen. */
new ResizeObserver(() => { if (isOpen && drawnWidth > 0 && byID("map-box").clientWidth !== drawnWidth) draw(); }).observe(byID("map"));

/** Reads the ground once a town; draws it, and from then on whenever the lists are drawn. */
export async function open() {
  isOpen = true;
  if (groundOf !== code()) {
    ground = await call("GET", `/v1/towns/${code()}/map`);
    groundOf = code();
  }
  // Whoever pressed sees first that it opens.
  await new Promise((shown) => requestAnimationFrame(() => setTimeout(shown)));
  draw();
}

export function close() {
  isOpen = false;
}

function draw() {
  const state = alerts.shown(), places = silent.summary().silent, dead = lost(), faint = weak(), box = byID("map-box"), width = box.clientWidth;
  if (!state || !ground || width === 0) return;
  const shown = JSON.stringify([groundOf, width, state.districts, state.shelters, places.map((one) => [one.key, one.told]), dead.map((one) => one.key), faint.map((one) => one.key)]);
  if (shown === drawn && box.firstChild) return;
  [drawn, drawnWidth] = [shown, width];
  const points = [...ground.outline.flat(), ...[...ground.districts, ...ground.shelters, ...ground.places].map((one) => one.at).filter(Boolean)];
  byID("map-none").hidden = points.length > 0;
  byID("map-legend").hidden = points.length === 0;
  const missing = [];
  if (points.length > 0) {
    // Signs and names are as large as the page's letters are.
    const times = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16, own = width / times;
    const size = { width: own, height: Math.round(Math.max(220, Math.min(own * 0.68, 520))) }, at = projection(points, size);
    const svg = element("svg", { viewBox: `0 0 ${size.width} ${size.height}`, width, height: size.height * times, role: "img" });
    for (const ring of ground.outline) svg.append(element("path", { class: "town", d: `M${ring.map((point) => at(point).map(round).join(" ")).join("L")}Z` }));
    // Names in the order of need: a place keeps its sign where there is no room for its name.
    names = [];
    missing.push(...districts(svg, at, state), ...shelters(svg, at, state), ...farEnds(svg, at, places, silentSign), ...farEnds(svg, at, faint, weakSign), ...farEnds(svg, at, dead, deadSign));
    for (const one of placed(names.toSorted((a, b) => a.need - b.need), size)) svg.append(one);
    svg.setAttribute("aria-label", spoken(state, places, dead, faint));
    box.replaceChildren(svg);
  } else box.replaceChildren();
  byID("map-missing").hidden = missing.length === 0;
  byID("map-missing").textContent = `地図に場所がなく、描いていないもの：${[...new Set(missing)].join("、")}`;
}

const round = (number) => Math.round(number * 10) / 10;

/** Latitude and longitude to pixels, north up, the same scale both ways. */
function projection(points, { width, height }) {
  const squeeze = Math.cos((points[0][0] * Math.PI) / 180), flat = points.map(([north, east]) => [east * squeeze, -north]);
  const [left, top] = [0, 1].map((axis) => Math.min(...flat.map((point) => point[axis])));
  const [wide, high] = [0, 1].map((axis) => Math.max(...flat.map((point) => point[axis])) - [left, top][axis]);
  const scale = Math.min((width - 2 * EDGE) / Math.max(wide, 0.002), (height - 2 * EDGE) / Math.max(high, 0.002));
  const shift = [(width - wide * scale) / 2, (height - high * scale) / 2];
  return ([north, east]) => [(east * squeeze - left) * scale + shift[0], (-north - top) * scale + shift[1]];
}

function element(name, attributes, text = "") {
  const one = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.textContent = text;
  return one;
}

/** What is taken on the map, by cells of a grid: a name is held against what lies around it, and not against a thousand others. */
class Taken {
  #cells = new Map();

  *#around([left, top, right, bottom]) {
    for (let x = Math.floor(left / 64); x <= right / 64; x += 1) for (let y = Math.floor(top / 64); y <= bottom / 64; y += 1) yield x * 4096 + y;
  }

  add(box, owner = null) {
    for (const cell of this.#around(box)) this.#cells.set(cell, [...(this.#cells.get(cell) ?? []), { box, owner }]);
  }

  isFree(own, owner) {
    for (const cell of this.#around(own)) {
      for (const { box, owner: other } of this.#cells.get(cell) ?? []) {
        if (other !== owner && box[0] < own[2] && box[2] > own[0] && box[1] < own[3] && box[3] > own[1]) return false;
      }
    }
    return true;
  }
}

/** Below, above, to the right or to the left of its sign: the first that hides no other and stays on the map. The same name at the same house once. */
function placed(wanted, { width, height }) {
  const taken = new Taken(), shown = new Map();
  for (const one of names) taken.add([one.x - one.reach, one.y - one.reach, one.x + one.reach, one.y + one.reach], one);
  const isFree = (box, own) => box[0] >= 0 && box[1] >= 0 && box[2] <= width && box[3] <= height && taken.isFree(box, own);
  return wanted.flatMap((one) => {
    const wide = one.text.length * LETTER + 4, high = LETTER + 4;
    if (shown.has(one.text) && Math.hypot(shown.get(one.text).x - one.x, shown.get(one.text).y - one.y) < 40) return [];
    const centres = [[0, one.reach + high / 2], [0, -one.reach - high / 2], [one.reach + wide / 2, 0], [-one.reach - wide / 2, 0]];
    for (const [right, down] of centres) {
      const [x, y] = [one.x + right, one.y + down], box = [x - wide / 2, y - high / 2, x + wide / 2, y + high / 2];
      if (!isFree(box, one)) continue;
      taken.add(box);
      shown.set(one.text, one);
      return [label(x, y + LETTER * 0.36, "name", one.text)];
    }
    return [];
  });
}

const label = (x, y, className, text) => element("text", { x: round(x), y: round(y), class: className }, text);

/** The middle of one shelter is that shelter: a district's sign stands above the houses it would cover, whatever their state. */
function clear([x, y], houses) {
  const isFree = (top) => houses.every(([left, own]) => Math.abs(left - x) > 40 || Math.abs(own - top) > 28);
  let up = 0;
  while (up < 120 && !isFree(y - up)) up += 6;
  return [x, Math.max(18, y - up)];
}

/** The gravest order of each district, by its number; one under none is an empty ring. Gives the names without a place. */
function districts(svg, at, state) {
  const orders = Map.groupBy(state.districts ?? [], (item) => item.district), missing = [], known = new Set(ground.districts.map((one) => one.name));
  const houses = ground.shelters.filter((one) => one.at).map((one) => at(one.at));
  for (const one of ground.districts) {
    const own = (orders.get(one.name) ?? []).toSorted((a, b) => b.level - a.level);
    if (!one.at) {
      missing.push(one.name);
      continue;
    }
    const [x, y] = clear(at(one.at), houses), group = element("g", { class: own.length > 0 ? `district level${own[0].level}` : "district" });
    group.append(element("circle", { cx: round(x), cy: round(y), r: 15 }));
    if (own.length > 0) group.append(label(x, y + 6, "number", own[0].level));
    names.push({ need: own.length > 0 ? 0 : 3, x, y, reach: 17, text: one.name + (own.length > 0 ? ` ${[...new Set(own.map((item) => item.hazard))].join("・")}` : "") });
    svg.append(group);
  }
  return [...missing, ...[...orders.keys()].filter((name) => !known.has(name))];
}

function shelters(svg, at, state) {
  const states = new Map((state.shelters ?? []).map((one) => [one.id, one])), missing = [], known = new Map(ground.shelters.map((one) => [one.id, one]));
  for (const one of ground.shelters) {
    const now = states.get(one.id);
    if (!one.at) continue;
    const [x, y] = at(one.at), group = element("g", { class: now ? "shelter " + now.state : "shelter" }), half = now ? 10 : 5;
    group.append(element("rect", { x: round(x - half), y: round(y - half), width: 2 * half, height: 2 * half }));
    if (now) group.append(label(x, y + 5, "number", STATES[now.state] ?? "開"));
    if (now) names.push({ need: 2, x, y, reach: 12, text: one.name });
    svg.append(group);
  }
  for (const one of states.values()) if (!known.get(one.id)?.at) missing.push(one.name);
  return missing;
}

/** Far ends of a list, each by its sign beside the house, so that a shelter's own state is seen too. Gives the names without a place. */
function farEnds(svg, at, ones, sign) {
  const places = new Map(ground.places.map((one) => [`${one.channel}/${one.endpoint}`, one.at])), missing = [];
  for (const one of ones) {
    const place = places.get(one.key);
    if (place) svg.append(sign(one, ...at(place)));
    else missing.push(one.name);
  }
  return missing;
}

/** To the right: what is in force was not heard there. */
function silentSign(one, x, y) {
  const group = element("g", { class: "silent" + (one.told === 2 ? " told" : "") });
  group.append(element("path", { d: `M${round(x + 15)} ${round(y - 14)}l12 22h-24Z` }), label(x + 15, y + 5, "number", TOLD[one.told]));
  names.push({ need: one.told === 2 ? 3 : 1, x: x + 15, y: y - 3, reach: 13, text: one.name });
  return group;
}

/** To the left: nothing would be heard there. */
function deadSign(one, x, y) {
  const group = element("g", { class: "dead" });
  group.append(element("path", { d: `M${round(x - 15)} ${round(y - 13)}l13 13-13 13-13-13Z` }), label(x - 15, y + 5, "number", "×"));
  names.push({ need: 1, x: x - 15, y, reach: 13, text: one.name });
  return group;
}

/** Below: it will soon be silent there, or makes no sound. */
function weakSign(one, x, y) {
  const group = element("g", { class: "weak" });
  group.append(element("rect", { x: round(x - 11), y: round(y + 12), width: 22, height: 17 }), label(x, y + 25, "number", "弱"));
  names.push({ need: 2, x, y: y + 20, reach: 11, text: one.name });
  return group;
}

/** What it shows, for whoever does not see it: the lists say the same. */
function spoken(state, places, dead, faint) {
  const orders = (state.districts ?? []).map((item) => `${item.district} ${item.level_name}（${item.hazard}）`);
  const open = (state.shelters ?? []).map((one) => one.name);
  const some = (ones) => [...ones.slice(0, SPOKEN).map((one) => one.name), ...(ones.length > SPOKEN ? [`ほか${ones.length - SPOKEN}か所`] : [])].join("、") || "なし";
  return `町の地図。避難情報：${orders.join("、") || "なし"}。開いている避難所：${open.join("、") || "なし"}。届いていない先：${some(places)}。つながらない場所：${some(dead)}。${faint.length > 0 ? `端末の弱い場所：${some(faint)}。` : ""}`;
}

byID("map-legend").replaceChildren(...[
  ["district level4", "4", "地区と警戒レベル"], ["shelter open", "開", "開いている避難所（満＝満員）"], ["silent", "!", "届いていない先（☎＝電話で伝えた、向＝人が向かっている）"],
  ["dead", "×", "いま、つながらない場所"], ["weak", "弱", "まもなく止まる端末、音の出ない端末"],
].map(([kind, letter, words]) => {
  const item = make("li"), sign = element("svg", { viewBox: "0 0 30 30", "aria-hidden": "true" }), group = element("g", { class: kind });
  const shape = { district: element("circle", { cx: 15, cy: 15, r: 13 }), shelter: element("rect", { x: 4, y: 4, width: 22, height: 22 }), silent: element("path", { d: "M15 2l13 25h-26Z" }), dead: element("path", { d: "M15 1l14 14-14 14-14-14Z" }), weak: element("rect", { x: 3, y: 6, width: 24, height: 18 }) };
  group.append(shape[kind.split(" ")[0]], label(15, kind === "silent" ? 23 : 21, "number", letter));
  sign.append(group);
  item.append(sign, " " + words);
  return item;
}));
