// The register of tablets and spots: invite, list, revoke.

import { call } from "./api.js";
import { ask, button, byID, make, row, timeWord } from "./parts.js";

const STATES = { invited: "招待中", active: "使用中", revoked: "取り消し済み" };

let problem = () => {};

export function prepare(onProblem) {
  problem = onProblem;
  byID("invite-form").onsubmit = (event) => { event.preventDefault(); invite(event.target).catch(problem); };
  byID("invite-form").town.onchange = showSites;
}

let towns = [];

export function setTowns(list) {
  towns = list;
  byID("invite-form").town.replaceChildren(...towns.map((town) => new Option(`${town.name}（${town.code}）`, town.code)));
  showSites();
}

function showSites() {
  const town = towns.find((item) => item.code === byID("invite-form").town.value);
  byID("sites").replaceChildren(...(town?.endpoints ?? []).map((item) => {
    const option = document.createElement("option");
    option.value = item.id;
    option.label = item.name ?? item.id;
    return option;
  }));
}

async function invite(form) {
  const asked = { town: form.town.value, site: form.site.value.trim() };
  if (form.role.value) asked.role = form.role.value;
  const answer = await call("POST", "/v1/devices/invitations", asked);
  const card = make("article", "", "card invitation");
  card.append(
    make("p", "この端末で読み取るか、8文字を入力してください。一度だけ使えます。"), make("p", answer.code, "code"),
    make("p", answer.url, "url"), make("p", `${timeWord(answer.expires_at)} まで`, "hint"));
  if (answer.qr_svg) {
    // As an image it can neither run nor fetch anything.
    const picture = document.createElement("img");
    picture.alt = "登録用のQRコード";
    picture.src = "data:image/svg+xml," + encodeURIComponent(answer.qr_svg);
    card.prepend(picture);
  }
  byID("invitation").replaceChildren(card);
}

export async function open() {
  const answer = await call("GET", "/v1/devices");
  const devices = answer.devices ?? [];
  byID("device-rows").replaceChildren(...devices.map(line));
  byID("devices-none").hidden = devices.length > 0;
}

function line(device) {
  const id = device.id ?? device.device_id, name = device.name ?? id;
  const state = device.state ?? (device.revoked_at ? "revoked" : "active");
  const act = state === "revoked" ? "" : button("使えなくする", () => revoke(id, name).catch(problem), "danger");
  return row([
    name, device.town, device.site, device.role, STATES[state] ?? state, timeWord(device.last_seen), act]);
}

async function revoke(id, name) {
  const text = `「${name}」はすぐに切れ、保存しているものを消します。もう一度使うには新しい招待が要ります。`;
  if (!await ask("端末を使えなくしますか", text, "使えなくする")) return;
  await call("DELETE", "/v1/devices/" + encodeURIComponent(id));
  await open();
}
