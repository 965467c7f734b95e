// Whether what arrives is the town's own word, whoever brought it. Keys come with the registration, and each newer one is signed by the one before it.
// What is not proven is shown as just that: it neither calls nor takes anything off the screen. Nothing is hidden for lack of a key.

import { read, write } from "./store.js";

const octets = (text) => new TextEncoder().encode(text);
const bytes = (base64) => Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
const digest = async (value) => new Uint8Array(await crypto.subtle.digest("SHA-256", value));
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
/** Milliseconds that a word on what stands is waited for (the hub says it every five minutes). */
const SILENT = 900e3;
const MOMENT = 20e3;
/** Milliseconds for which the town is told that something was not proven. */
const TOLD = 86400e3;
/** The same for which an event's last word is known: who was without a line or power brings no earlier one back. */
const HEARD = 40 * TOLD;

/** RFC 8785. */
export const spelled = (value) => Array.isArray(value) ? `[${value.map(spelled)}]`
  : value && typeof value === "object" ? `{${Object.keys(value).sort().map((name) => JSON.stringify(name) + ":" + spelled(value[name]))}}`
    : JSON.stringify(value);

/** The short name of a key `ed25519:BASE64`: sixteen letters, as on the sheet. */
export async function markOf(key) {
  const bits = [...(await digest(bytes(key.slice(8)))).slice(0, 10)].map((octet) => octet.toString(2).padStart(8, "0")).join("");
  return bits.match(/.{5}/g).map((five) => LETTERS[parseInt(five, 2)]).join("");
}

/** False also where this browser knows no such keys and has to reckon itself. */
async function isSigned(key, signature, text) {
  const raw = bytes(key.slice(8)), said = bytes(signature);
  try {
    const known = await crypto.subtle.importKey("raw", raw, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", known, said, octets(text));
  } catch (problem) {
    if (problem.name !== "NotSupportedError") return false;
    return (await import("./ed25519.js")).verify(raw, said, octets(text));
  }
}

const fresh = () => ({ town: null, keys: {}, number: 0, floor: 0, state: 0, heard: {}, doubted: null });

export class Seals {
  #kept = fresh();
  #town = null;
  #missed = null;
  #opened = Promise.resolve();
  /** When a word on what stands was last proven, by the page's own running clock. */
  #stated = performance.now();

  /** `hooks`: again() asks for all that is in force; gone(isGone) takes off the board what does not stand any more. */
  constructor(hooks) {
    this.hooks = hooks;
  }

  /** False: nothing can be checked here, and it is said so. */
  get isChecking() {
    return Boolean(globalThis.isSecureContext && crypto.subtle && Object.keys(this.#kept.keys).length);
  }

  /** Nothing that is proven has come for longer than it is said. */
  get isSilent() {
    return this.isChecking && (this.#missed?.times > 1 || performance.now() - this.#stated > SILENT);
  }

  /** It is later than that. */
  get floor() {
    return this.#kept.floor;
  }

  /** What the town is told of it: `ok`, `unchecked` or `doubt`. */
  get word() {
    return this.#kept.doubted !== null && Math.abs(Date.now() - this.#kept.doubted) < TOLD || this.isSilent ? "doubt" : this.isChecking ? "ok" : "unchecked";
  }

  /** Nothing is judged before it is known whom to believe: the line may be faster than this tablet's disk. `isAnew`: whom who registers it says, and nobody else. */
  open(device, isAnew = false) {
    return (this.#opened = this.#open(device, isAnew));
  }

  async #open(device, isAnew) {
    if (isAnew) await write("seals", null);
    const kept = await read("seals");
    this.#town = device?.code ?? null;
    this.#kept = kept && kept.town === this.#town ? kept : fresh();
    if (device?.townKey && !this.isChecking && globalThis.isSecureContext) this.#kept.keys[await markOf(device.townKey)] = { key: device.townKey };
    this.#kept.town = this.#town;
  }

  #keep() {
    return write("seals", this.#kept);
  }

  /** The line is up: whoever is on it has a moment to prove it. */
  begin() {
    this.#stated = Math.max(this.#stated, performance.now() - SILENT + MOMENT);
  }

  /** Something was not proven: the town is told of it, once the town is heard. */
  async doubt() {
    this.#kept.doubted = Date.now();
    await this.#keep();
  }

  /** `proven`, `doubt`, `unchecked`, or `old`: a word that is over, or older than what was heard of the event. */
  async judge(name, line) {
    await this.#opened;
    if (!this.isChecking) return "unchecked";
    if (!await this.#isOwn(name, line)) {
      await this.doubt();
      return "doubt";
    }
    if (line.seal.number < (this.#kept.heard[line.key] ?? 0)) return "old";
    this.#kept.heard[line.key] = line.seal.number;
    await this.#keep();
    const left = Math.floor((Date.parse(line.expires) - this.#kept.floor) / 1000);
    if (left <= 0) return "old";
    if (line.expires_in > left) line.expires_in = left;
    return "proven";
  }

  /** Seconds from `now` to the end that the line says itself. */
  left(line, now) {
    return Math.floor((Date.parse(line.expires) - now) / 1000);
  }

  /** Without a trace: for who reads beside the page. */
  async proves(name, line) {
    await this.#opened;
    if (!this.isChecking) return true;
    const { heard, floor } = this.#kept;
    return await this.#isOwn(name, line) && line.seal.number >= (heard[line.key] ?? 0) && Date.parse(line.expires) > floor;
  }

  async #isOwn(name, line) {
    const own = this.#kept.keys[line.seal?.key];
    if (!own || own.ends && Date.parse(own.ends) <= this.#kept.floor || line.town !== this.#town) return false;
    const { expires_in: _, delivery: __, texts = {}, seal: { signature, ...seal }, ...rest } = line;
    for (const [tag, text] of Object.entries(texts)) {
      const said = btoa(String.fromCharCode(...(await digest(octets(spelled(text)))).slice(0, 18)));
      if (seal.texts[tag] !== said) return false;
    }
    return isSigned(own.key, signature, `noroshi-event 1\n${name}\n${spelled({ ...rest, seal })}`);
  }

  /** What stands here, as the town says it. True: a key is known that was not. */
  async state(line) {
    await this.#opened;
    if (!globalThis.isSecureContext || !crypto.subtle) return false;
    const isNew = await this.#learn(line.keys ?? []);
    if (!await this.#isOwn("state", line) || line.seal.number <= this.#kept.state) return isNew;
    const standing = line.in_force, number = line.seal.number;
    this.#stated = performance.now();
    Object.assign(this.#kept, { state: number, floor: Date.parse(line.at) });
    this.hooks.stated?.(line);
    if (standing) {
      for (const key of Object.keys(this.#kept.heard)) if (!(key in standing) && this.#kept.heard[key] < number - HEARD) delete this.#kept.heard[key];
      this.#miss(Object.keys(standing).some((key) => standing[key] > (this.#kept.heard[key] ?? 0)));
      this.hooks.gone((key) => !(key in standing) && (this.#kept.heard[key] ?? 0) < number);
    }
    await this.#keep();
    return isNew;
  }

  /** Something stands that did not come: it is asked for once more, and then said. */
  #miss(isMissed) {
    if (!isMissed) return void (this.#missed = null);
    this.#missed = { times: (this.#missed?.times ?? 0) + 1 };
    if (this.#missed.times === 1) this.hooks.again();
    else this.#kept.doubted = Date.now();
  }

  /** Each key is signed by the one before it. A tablet of before has none: it takes the newest that it hears of first, and no other one's from then on. */
  async #learn(words) {
    const kept = this.#kept, before = kept.number;
    for (const word of words.sort((a, b) => a.number - b.number)) {
      const { signature, ...said } = word, mark = await markOf(word.key), isFirst = Object.keys(kept.keys).length === 0;
      if (word.town !== this.#town || !kept.keys[mark] && word.number <= kept.number || isFirst && word !== words.at(-1)) continue;
      if (!kept.keys[mark] && !isFirst) {
        const signer = kept.keys[word.by];
        if (!signer || signer.ends && Date.parse(signer.ends) <= kept.floor || !await isSigned(signer.key, signature, `noroshi-key 1\n${spelled(said)}`)) continue;
        signer.ends = word.ends;
      }
      kept.keys[mark] ??= { key: word.key };
      kept.number = Math.max(kept.number, word.number);
    }
    return kept.number !== before;
  }

  /** Only the town takes a tablet off its register. Where nothing can be checked its hub is believed, as before. */
  async isRevocation({ device, seal }) {
    if (!this.isChecking) return true;
    const own = this.#kept.keys[seal?.key];
    if (!own) return false;
    return isSigned(own.key, seal.signature, `noroshi-revoked 1\n${spelled({ device, number: seal.number, town: this.#town })}`);
  }
}
