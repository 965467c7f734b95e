// What this tablet asks and tells, with its token and, where it has a key, signed by it (RFC 9421): a token that was copied is worth nothing
// then. No clock is asked: the hub gives a nonce, and an answer that wants a newer one is asked again at once.

import { read } from "./store.js";

const NONCE = "Noroshi-Nonce";
let pair = null, id = null, nonce = "";

/** From now on requests are this device's; `null`: nobody's. */
export async function hold(device) {
  id = device?.id ?? null;
  pair = device && globalThis.isSecureContext && crypto.subtle ? (await read("key")) ?? null : null;
}

const base64 = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer)));
const octets = (text) => new TextEncoder().encode(text);

async function sealed(path, method, headers, body) {
  const at = new URL(path, location.href), names = ["@method", "@path", "@query", "authorization"];
  const lines = [["@method", method], ["@path", at.pathname], ["@query", at.search || "?"], ["authorization", headers.Authorization]];
  if (method !== "GET") {
    headers["Content-Digest"] = `sha-256=:${base64(await crypto.subtle.digest("SHA-256", octets(body ?? "")))}:`;
    names.push("content-digest");
    lines.push(["content-digest", headers["Content-Digest"]]);
  }
  const input = `(${names.map((name) => `"${name}"`).join(" ")});nonce="${nonce}";keyid="${id}";alg="ecdsa-p256-sha256"`;
  const text = [...lines, ["@signature-params", input]].map(([name, value]) => `"${name}": ${value}`).join("\n");
  const signature = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, octets(text));
  return { ...headers, "Signature-Input": "noroshi=" + input, Signature: `noroshi=:${base64(signature)}:` };
}

/** What only this device can say, of what is over; nothing where it has no key. */
export const statement = async (text) => pair && base64(await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, pair.privateKey, octets(text)));

/** As `fetch`, of one's own hub or edge. */
export async function ask(token, path, { method = "GET", headers = {}, body, ...rest } = {}, isAgain = false) {
  const own = { Authorization: "Bearer " + token, ...headers };
  const answer = await fetch(path, { method, body, headers: pair ? await sealed(path, method, own, body) : own, cache: "no-store", ...rest });
  const next = answer.headers.get(NONCE);
  if (next) nonce = next;
  // The key may not have been to be read when the page opened.
  if (answer.status === 401 && next && !pair) await hold({ id });
  return answer.status === 401 && next && pair && !isAgain ? ask(token, path, { method, headers, body, ...rest }, true) : answer;
}
