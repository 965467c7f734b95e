// What survives a reload: the device's registration and key, the stream's position, the outbox with a record for each
// entry. IndexedDB, since it keeps a key that cannot be exported; memory where the browser refuses (a private window).

const memory = new Map();
const loose = new Map();
/** Names whose newest value lies in memory alone: the store refused it, for now or for ever. */
const unsaved = new Set();
const AGAIN = 30_000;
let again = null;

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("noroshi", 2);
    request.onupgradeneeded = ({ oldVersion }) => {
      const outbox = request.result.createObjectStore("outbox");
      if (oldVersion < 1) return void request.result.createObjectStore("kept");
      // One list of all entries, as it was before: two tabs wrote over each other's.
      const kept = request.transaction.objectStore("kept");
      kept.get("outbox").onsuccess = ({ target }) => {
        for (const entry of target.result ?? []) outbox.put(entry, entry.path + "/" + entry.body.id);
        kept.delete("outbox");
      };
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore(mode, act, name = "kept") {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction(name, mode);
      const request = act(transaction.objectStore(name));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export async function read(name) {
  if (unsaved.has(name)) return memory.get(name);
  try { return await withStore("readonly", (store) => store.get(name)); } catch { return memory.get(name); }
}

/** What the store refuses is tried again: a registration that only this page knew would be gone with its next reload. */
export async function write(name, value) {
  memory.set(name, value);
  unsaved.add(name);
  try {
    await withStore("readwrite", (store) => store.put(value, name));
    if (memory.get(name) === value) unsaved.delete(name);
  } catch {
    again ??= setTimeout(() => {
      again = null;
      for (const late of unsaved) write(late, memory.get(late));
    }, AGAIN);
  }
}

/** The outbox's entries, oldest first. */
export async function records() {
  let kept = [];
  try { kept = await withStore("readonly", (store) => store.getAll(), "outbox"); } catch { /* what is loose is all there is */ }
  return [...kept, ...loose.values()].sort((a, b) => (a.order ?? 0) - (b.order ?? 0));
}

/** True once it is on the tablet; false: it lives as long as this page. */
export async function putRecord(key, entry) {
  try {
    await withStore("readwrite", (store) => store.put(entry, key), "outbox");
    return true;
  } catch {
    loose.set(key, entry);
    return false;
  }
}

export async function dropRecords(keys) {
  for (const key of keys) loose.delete(key);
  try { await withStore("readwrite", (store) => keys.map((key) => store.delete(key)).at(-1), "outbox"); } catch { /* loose ones are gone */ }
}

/** Everything goes: registration, key, outbox, pages kept for offline use. */
export async function erase() {
  memory.clear();
  unsaved.clear();
  loose.clear();
  for (const name of ["kept", "outbox"]) {
    try { await withStore("readwrite", (store) => store.clear(), name); } catch { /* nothing was kept */ }
  }
  if ("caches" in self) for (const name of await caches.keys()) await caches.delete(name);
}

/** Random, for ids that must be the same when something is sent twice. Works without a secure context. */
export function newID() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The same short name for the same text (FNV-1a, 32 bits, twice with different beginnings). For ids, not for secrets. */
export function shortName(text) {
  return [0x811c9dc5, 0x9e3779b9].map((start) => {
    let hash = start;
    for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
    return hash.toString(16).padStart(8, "0");
  }).join("");
}

/** P-256, private half not exportable; nil where the page is not a secure context. */
export async function newKey() {
  if (!globalThis.isSecureContext || !crypto.subtle) return null;
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { pair, text: btoa(String.fromCharCode(...spki)) };
}
