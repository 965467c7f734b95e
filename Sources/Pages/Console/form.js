// The form of an order: what a person can choose, and the body of POST /v1/alerts that comes of it. Nothing in it is
// chosen beforehand that could be sent by mistake: not the level, not the hazard. Real or drill is where one is, not a choice here.

import { byID, make } from "./parts.js";
import { current } from "./towns.js";
import { world } from "./world.js";

const form = () => byID("push-form");

/** What a person is about to do: `new`, `raise`, `part`, `lift` or `cancel`, and to what. */
export const NEW = { verb: "new" };

export const chosen = () => ({ mode: world(), kind: form().kind.value, hazard: form().hazard.value, level: form().level.value });

/** Empty, for this town and this act. `standing` is what is in force where the act changes something of it. */
export function begin(act, standing) {
  const town = current(), all = form();
  all.reset();
  const own = new Map((standing?.districts ?? []).filter((item) => item.hazard === act.hazard).map((item) => [item.district, item.level_name]));
  const districts = act.verb === "part" ? [...own.keys()] : [everywhere(town.name), ...(town.districts ?? [])];
  byID("districts").replaceChildren(...districts.map((name) => tick("district", name, own.has(name) ? `${name}（いま ${own.get(name)}）` : name)));
  byID("goals").replaceChildren(...(town.shelters ?? []).map((shelter) => {
    const label = tick("goal", shelter.id, shelter.name);
    label.append(make("span", "", "hint"));
    return label;
  }));
  byID("houses").replaceChildren(...(town.shelters ?? []).map((shelter) => {
    const label = tick("house", shelter.id, shelter.name);
    label.append(make("span", "", "hint"));
    return label;
  }));
  dressHouses(standing);
  if (act.hazard) {
    all.kind.value = "evacuation";
    all.hazard.value = act.hazard;
  }
  dress(act);
}

const HOUSES = { open: "開設中", full: "満員" };

/** How each shelter stands, and what the register says of it in what is in force. */
export function dressHouses(standing) {
  const states = new Map((standing?.shelters ?? []).map((one) => [one.id, HOUSES[one.state] ?? ""]));
  const hazards = [...new Set((standing?.districts ?? []).map((item) => item.hazard))];
  for (const label of byID("houses").children) {
    const id = label.querySelector("input").value;
    const words = [states.get(id) ? `（いま ${states.get(id)}）` : "", ...hazards.map((hazard) => fitnessWord(id, hazard))];
    label.querySelector(".hint").textContent = words.join("");
  }
}

/** Ids of the shelters that are ticked. */
export const houses = () => ticked("house");

/** Shows what belongs to the kind and the act; what the act has settled cannot be changed. */
export function dress(act) {
  const all = form(), { kind, hazard, level } = chosen(), isLift = act.verb === "part" || act.verb === "lift";
  for (const part of all.querySelectorAll("[data-kind]")) part.hidden = part.dataset.kind !== kind;
  for (const choice of all.querySelectorAll("[name=kind]")) choice.disabled = act.verb !== "new" && !choice.checked;
  all.hazard.disabled = act.verb !== "new";
  byID("level").hidden = byID("goal-set").hidden = isLift;
  byID("other-districts").hidden = isLift || (current().districts ?? []).length > 0;
  byID("district-set").hidden = act.verb === "lift";
  byID("district-set").firstElementChild.textContent = act.verb === "part" ? "解除する地区（選ばない地区の避難情報は、続きます）" : "地区（ひとつ以上。選ばない地区は、いまのまま変わりません）";
  for (const label of byID("goals").children) label.querySelector(".hint").textContent = fitnessWord(label.querySelector("input").value, hazard);
  byID("house-count").textContent = `${houses().length}か所`;
  byID("level-hint").hidden = kind !== "evacuation" || isLift || hazard !== "津波" || !level || level === "4";
}

/** What the register says of a shelter in this hazard, where that is a reason to look twice. Silence is not fitness. */
function fitnessWord(id, hazard) {
  const said = (current().shelters ?? []).find((shelter) => shelter.id === id)?.fitness?.[hazard];
  if (!hazard || said === "fit") return "";
  return { unfit: `（${hazard}には使えません）`, conditional: `（${hazard}には条件つき）` }[said] ?? `（${hazard}に使えるか、名簿では分かりません）`;
}

/** 市内全域, 町内全域 …: the whole town in one press. */
function everywhere(town) {
  const kind = (town ?? "").at(-1);
  return "市区町村".includes(kind) ? `${kind}内全域` : "全域";
}

function tick(name, value, words) {
  const label = make("label", "", "inline"), box = document.createElement("input");
  Object.assign(box, { type: "checkbox", name, value });
  label.append(box, " " + words);
  return label;
}

const ticked = (name) => [...form().querySelectorAll(`input[name=${name}]:checked`)].map((box) => box.value);

/** The hub refuses a field it does not know. `seen` is the version of the standing on the screen. */
export function body(act, seen) {
  const all = form(), { mode, kind, hazard, level } = chosen();
  const text = (name) => all[name].value.trim() || undefined;
  const common = { town: current().code, kind, mode, based_on: seen };
  switch (kind) {
    case "evacuation": {
      const order = { ...common, hazard, reason: text("reason") };
      if (act.verb === "lift") return { ...order, lifted: true };
      const typed = all.districts.value.split(/[、,]/).map((name) => name.trim()).filter(Boolean);
      const districts = [...ticked("district"), ...typed];
      if (act.verb === "part") return { ...order, districts, lifted: true };
      return { ...order, districts, level: level ? Number(level) : undefined, shelters: ticked("goal") };
    }
    case "shelter": {
      const order = { state: text("state"), note: text("note") };
      return houses().length > 1 ? { mode, shelters: houses(), ...order, based_on: seen } : { ...common, shelter: houses()[0], ...order };
    }
    case "headquarters": return { ...common, title: all.seat.value, state: text("seatState"), note: text("seatNote") };
    default: return { ...common, title: text("title"), body: text("body") };
  }
}
