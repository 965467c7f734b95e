// What the tablet lets people hear. Tones are made here, nothing is loaded. Each kind has its own pattern, a drill a
// soft one that none of the others resembles. These are not the chimes of the broadcasters or the carriers.

/** Hertz and milliseconds; 0 Hz is silence. `shape` is the wave, `loud` from 0 to 1. */
const PATTERNS = {
  eew: { shape: "square", loud: 0.9, notes: [[740, 110], [988, 110], [740, 110], [988, 110], [1319, 260], [0, 200]] },
  tsunami: { shape: "sawtooth", loud: 0.9, notes: [[440, 700], [660, 700], [440, 700], [660, 700], [0, 300]] },
  evacuation: { shape: "square", loud: 0.8, notes: [[587, 350], [0, 120], [587, 350], [0, 120], [784, 500], [0, 500]] },
  other: { shape: "triangle", loud: 0.8, notes: [[660, 250], [0, 80], [880, 350], [0, 700]] },
  notice: { shape: "sine", loud: 0.5, notes: [[784, 180], [1047, 350]] },
  cancel: { shape: "sine", loud: 0.7, notes: [[784, 250], [659, 250], [523, 500]] },
  drill: { shape: "sine", loud: 0.35, notes: [[392, 500], [330, 700], [0, 900]] },
  test: { shape: "sine", loud: 0.6, notes: [[523, 160], [659, 160], [784, 320]] },
};

/** Seconds that a pattern repeats for, by priority; it ends earlier when somebody touches the alert. */
const LASTING = { immediate: 60, urgent: 30 };

export class Sound {
  #context = null;
  #playing = null;

  /** Must be called directly inside a tap, or the browser keeps silent. */
  unlock(changed) {
    this.#context ??= new (globalThis.AudioContext ?? globalThis.webkitAudioContext)();
    this.#context.onstatechange = changed;
    this.#context.resume().then(changed, changed);
    this.play("test", 0);
  }

  get isRunning() {
    return this.#context?.state === "running";
  }

  /** After the page was hidden iOS leaves the context interrupted; without a tap this may fail, and the banner says so. */
  wake() {
    this.#context?.resume().catch(() => {});
  }

  /** What an alert sounds like: nothing for what may wait until the night is over. */
  alert(alert) {
    if (alert.mode === "exercise") return this.play("drill", 8);
    if (alert.message === "cancel") return this.play("cancel", 0);
    if (alert.priority === "background") return;
    if (alert.priority === "routine") return this.play("notice", 0);
    this.play(PATTERNS[alert.kind] ? alert.kind : "other", LASTING[alert.priority] ?? 0);
  }

  /** `seconds` to repeat for; 0 is once. */
  play(name, seconds) {
    this.stop();
    if (!this.#context) return;
    const pattern = PATTERNS[name];
    const length = pattern.notes.reduce((sum, [, time]) => sum + time, 0) / 1000;
    const gain = this.#context.createGain();
    gain.connect(this.#context.destination);
    let at = this.#context.currentTime + 0.05;
    for (let round = 0; round < Math.max(1, Math.round(seconds / length)); round += 1) {
      at = this.#round(pattern, gain, at);
    }
    this.#playing = gain;
  }

  stop() {
    this.#playing?.disconnect();
    this.#playing = null;
  }

  #round(pattern, gain, start) {
    let at = start;
    for (const [pitch, milliseconds] of pattern.notes) {
      const end = at + milliseconds / 1000;
      if (pitch > 0) this.#note(pattern, pitch, gain, at, end);
      at = end;
    }
    return at;
  }

  #note(pattern, pitch, gain, from, to) {
    const voice = this.#context.createOscillator();
    const envelope = this.#context.createGain();
    voice.type = pattern.shape;
    voice.frequency.value = pitch;
    // A short ramp at both ends keeps the loudspeaker from clicking.
    envelope.gain.setValueAtTime(0, from);
    envelope.gain.linearRampToValueAtTime(pattern.loud, from + 0.01);
    envelope.gain.setValueAtTime(pattern.loud, Math.max(from + 0.01, to - 0.02));
    envelope.gain.linearRampToValueAtTime(0, to);
    voice.connect(envelope).connect(gain);
    voice.start(from);
    voice.stop(to);
  }
}
