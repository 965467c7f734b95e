// Keeps the page itself, so that a tablet that restarts while the hub is away still opens it and shows what it had.
// The hub's answers under /v1/ are never kept here.

const NAME = "tablet";
const PARTS = ["./", "tablet.css", "tablet.js", "alarm.js", "board.js", "clock.js", "enrolment.js", "exam.js", "front.js", "furigana.js", "list.js", "lists.js", "news.js", "outbox.js", "photo.js", "place.js",
  "readings.js", "receiver.js", "asking.js", "erased.js", "ed25519.js", "report.js", "rollcall.js", "seals.js", "signed.js", "signs.js", "sleeper.js", "sound.js", "spoken.js", "store.js", "stream.js", "tabs.js", "voice.js", "words.js", "tablet.webmanifest", "icon.svg",
  "board", "blackboard.css", "blackboard.js", "classroom.js", "fit.js"];

addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(PARTS)).then(() => self.skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

addEventListener("fetch", (event) => {
  const path = new URL(event.request.url).pathname;
  if (event.request.method !== "GET" || !path.startsWith("/tablet/")) return;
  event.respondWith(fresh(event.request));
});

async function fresh(request) {
  const cache = await caches.open(NAME);
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(3000) });
    if (answer.ok) await cache.put(request, answer.clone());
    return answer;
  } catch {
    return (await cache.match(request, { ignoreSearch: true })) ?? Response.error();
  }
}
