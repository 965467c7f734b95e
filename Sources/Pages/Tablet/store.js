// What survives a reload: the device's registration and key, the stream's position, the outbox. IndexedDB, since it
// keeps a key that cannot be exported; memory where the browser refuses (a private window).

const memory = new Map();

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("noroshi", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("kept");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

async function withStore(mode, act) {
  const database = await open();
  try {
    return await new Promise((resolve, reject) => {
      const transaction = database.transaction("kept", mode);
      const request = act(transaction.objectStore("kept"));
      transaction.oncomplete = () => resolve(request.result);
      transaction.onerror = transaction.onabort = () => reject(transaction.error);
    });
  } finally {
    database.close();
  }
}

export async function read(name) {
  try { return await withStore("readonly", (store) => store.get(name)); } catch { return memory.get(name); }
}

export async function write(name, value) {
  memory.set(name, value);
  try { await withStore("readwrite", (store) => store.put(value, name)); } catch { /* memory has it */ }
}

/** Everything goes: registration, key, outbox, pages kept for offline use. */
export async function erase() {
  memory.clear();
  try { await withStore("readwrite", (store) => store.clear()); } catch { /* nothing was kept */ }
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
