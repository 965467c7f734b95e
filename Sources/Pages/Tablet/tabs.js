// One tab owns the line, the sound and the outbox; the others show what it has, and hand over what people do there.
// When it closes the next one takes over.

const NAME = "noroshi-tablet";
/** Milliseconds between two signs of life where the browser has no locks (a page without https), and until a silent owner is none. */
const SIGN = 2000;
const SILENT = 8000;

export class Tabs {
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;
  #name = Math.random().toString(36).slice(2);
  isOwner = false;

  /** `hooks`: owned(), heard(message). */
  constructor(hooks) {
    this.hooks = hooks;
    if (this.#channel) this.#channel.onmessage = ({ data }) => hooks.heard(data);
  }

  /** Asks to be the owner, now or when the present one is gone. */
  claim() {
    if (!navigator.locks) return this.#lease();
    navigator.locks.request(NAME, () => {
      this.#own();
      return new Promise(() => {});
    });
  }

  tell(message) {
    this.#channel?.postMessage(message);
  }

  #own() {
    if (this.isOwner) return;
    this.isOwner = true;
    this.hooks.owned();
  }

  /** The owner signs every two seconds. Two tabs that sign at once: the later one is read by both. */
  #lease() {
    const read = () => { try { return JSON.parse(localStorage.getItem(NAME)); } catch { return null; } };
    const sign = () => { try { localStorage.setItem(NAME, JSON.stringify({ tab: this.#name, at: Date.now() })); } catch { /* nobody else can read it either */ } };
    const look = () => {
      const owner = read();
      if (owner && owner.tab !== this.#name && Math.abs(Date.now() - owner.at) < SILENT) {
        // Another has taken over while this one slept.
        if (this.isOwner) location.reload();
        return;
      }
      const isMine = owner?.tab === this.#name;
      sign();
      if (isMine || !this.#channel) this.#own();
      else setTimeout(look, 100 + Math.random() * 200);
    };
    look();
    setInterval(look, SIGN);
    addEventListener("pagehide", () => { if (read()?.tab === this.#name) localStorage.removeItem(NAME); });
  }
}
