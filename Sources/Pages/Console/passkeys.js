// Passkeys: the device asks for a finger, a face or its number, and opens the desk without a password.

import { call, person } from "./api.js";
import { ask, button, byID, make, timeWord } from "./parts.js";

/** Browsers have it on this machine itself and over https alone. */
export const isPossible = () => window.isSecureContext && "PublicKeyCredential" in window;

const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
const octets = (written) => Uint8Array.from(atob(written.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));

/** What `POST /v1/sessions` takes; null where the person thought better of it. */
export async function answer() {
  const asked = await call("POST", "/v1/passkeys/challenge", {});
  const found = await orNothing(navigator.credentials.get({
    publicKey: { challenge: octets(asked.challenge), rpId: asked.host, userVerification: "required", timeout: 120000 } }));
  return found && {
    challenge: asked.challenge, passkey: {
      id: found.id, client_data: text(found.response.clientDataJSON), authenticator_data: text(found.response.authenticatorData),
      signature: text(found.response.signature) } };
}

async function register(name) {
  const asked = await call("POST", "/v1/passkeys/challenge", {});
  const made = await orNothing(navigator.credentials.create({ publicKey: {
    challenge: octets(asked.challenge), rp: { id: asked.host, name: "狼煙 操作卓" },
    user: { id: new TextEncoder().encode(asked.name).slice(0, 64), name: asked.name, displayName: asked.name },
    pubKeyCredParams: [{ type: "public-key", alg: -7 }], attestation: "none", timeout: 120000,
    excludeCredentials: asked.known.map((id) => ({ type: "public-key", id: octets(id) })),
    authenticatorSelection: { residentKey: "required", userVerification: "required" } } }));
  if (!made) return;
  await call("POST", "/v1/passkeys", {
    name, challenge: asked.challenge, passkey: {
      id: made.id, client_data: text(made.response.clientDataJSON), attestation: text(made.response.attestationObject) } });
}

/** Whoever says no to the browser's question has only changed their mind. */
const orNothing = (asked) => asked.catch((error) => {
  if (error.name === "NotAllowedError" || error.name === "AbortError") return null;
  throw error;
});

export function prepare(problem) {
  byID("passkey-form").onsubmit = (event) => {
    event.preventDefault();
    register(event.target.elements.device.value.trim()).then(() => event.target.reset()).then(read).catch(problem);
  };
}

export async function read() {
  byID("passkeys").hidden = !person() || !isPossible();
  if (byID("passkeys").hidden) return;
  const own = (await call("GET", "/v1/passkeys")).passkeys ?? [];
  byID("passkey-rows").replaceChildren(...own.map((passkey) => {
    const item = make("li", `${passkey.name}　${timeWord(passkey.made_at, false)}　`), act = button("消す", () => remove(passkey), "danger");
    act.setAttribute("aria-label", `${passkey.name}：消す`);
    item.append(act);
    return item;
  }));
}

async function remove(passkey) {
  if (!await ask("パスキーを消しますか", `「${passkey.name}」では、もう入れなくなります。`, "消す")) return;
  await call("DELETE", "/v1/passkeys/" + encodeURIComponent(passkey.id));
  await read();
}
