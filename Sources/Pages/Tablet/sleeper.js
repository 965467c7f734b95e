// Whether this tablet is woken when its screen is dark: a person says so once, the browser is asked for an address, the hub is told it. Fetched by who can.

import { ask } from "./signed.js";
import { read, write } from "./store.js";
import { wordsOf } from "./words.js";

const PATH = "/v1/wake-ups";
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const isSame = (a, b) => a.length === b.length && a.every((octet, place) => octet === b[place]);

/** The hub's key, and where it wakes this device; null where nothing wakes devices of its place. */
export async function hubWord(device) {
  const answer = await ask(device.token, PATH);
  const said = answer.ok ? await answer.json() : {};
  return said.public_key ? said : null;
}

/** An address for the hub's key and no older one's, and the hub knows it. */
export async function subscribe(device, language, manager, said) {
  const key = bytes(said.public_key);
  let known = await manager.getSubscription();
  if (known && !isSame(new Uint8Array(known.options.applicationServerKey ?? []), key)) {
    await known.unsubscribe();
    known = null;
  }
  known ??= await manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  if (known.endpoint === said.endpoint && language === said.language) return;
  const { endpoint, keys } = known.toJSON(), page = new URL("./", location.href).href;
  const answer = await ask(device.token, PATH, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ endpoint, keys, language, page }),
  });
  if (!answer.ok) throw new Error("hub answered " + answer.status);
}

async function stop(device, manager) {
  await write("wake", false);
  await (await manager.getSubscription())?.unsubscribe();
  await ask(device.token, PATH, { method: "DELETE" });
}

// MARK: on the page

let turn = 0;

function place() {
  const found = document.getElementById("wake");
  if (found) return found;
  const made = document.createElement("p"), button = document.createElement("button"), trouble = document.createElement("span");
  Object.assign(made, { id: "wake", hidden: true });
  Object.assign(button, { type: "button", id: "wake-button" });
  trouble.setAttribute("role", "status");
  made.append(button, " ", trouble);
  document.getElementById("start").after(made);
  return made;
}

/** `device` null: it is nobody's any more, and wakes for nobody. */
export async function offer(device, language) {
  const mine = ++turn, at = place(), [button, trouble] = at.children;
  at.hidden = true;
  const registration = await navigator.serviceWorker.ready, manager = registration.pushManager;
  // A browser that takes no scripts in parts has the half alone that keeps pages.
  if (mine !== turn || !manager || !registration.active?.scriptURL.endsWith("/wake.js")) return;
  if (!device) return void await (await manager.getSubscription())?.unsubscribe();
  const said = await hubWord(device).catch(() => null);
  if (mine !== turn || !said || Notification.permission === "denied") return;
  const words = wordsOf(language);
  let isOn = Notification.permission === "granted" && await read("wake") === true;
  const show = () => {
    button.textContent = isOn ? words.wakeOn : words.wakeOffer;
    button.setAttribute("aria-pressed", String(isOn));
    at.hidden = false;
  };
  const turnOn = async () => {
    await subscribe(device, language, manager, said);
    await write("wake", true);
  };
  const guarded = async (act) => {
    trouble.textContent = "";
    try { await act(); } catch (problem) {
      isOn = false;
      trouble.textContent = words.enrolFailed(problem.message);
    }
    if (mine === turn) show();
  };
  button.onclick = () => guarded(async () => {
    if (isOn) await stop(device, manager);
    else if (await Notification.requestPermission() !== "granted") return;
    else await turnOn();
    isOn = !isOn;
  });
  // The browser may have another address by now, the hub another key.
  await guarded(() => isOn && turnOn());
}
