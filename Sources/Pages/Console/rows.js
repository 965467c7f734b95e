// Lists that are brought up to date where they stand. What changes costs what is on the screen, not what there is: a
// thousand far ends that answer at once must not keep a person's press waiting.

/** The children of `body`, one for each item, made by `make(item)`; those that stayed the same are left alone. */
export class Rows {
  #body;
  #make;
  #shown = new Map();

  constructor(body, make) {
    this.#body = body;
    this.#make = make;
  }

  /** `entries` is [[key, item]] in the order to be seen. */
  show(entries) {
    const wanted = new Set(entries.map(([key]) => key)), shown = new Map();
    for (const [key, { element }] of this.#shown) if (!wanted.has(key)) element.remove();
    let place = this.#body.firstElementChild;
    for (const [key, item] of entries) {
      const old = this.#shown.get(key), isSame = old && same(old.item, item);
      const element = isSame ? old.element : this.#make(item);
      if (old && !isSame) {
        if (place === old.element) place = element;
        replace(old.element, element);
      }
      if (element === place) place = place.nextElementSibling;
      else this.#body.insertBefore(element, place);
      shown.set(key, { item, element });
    }
    this.#shown = shown;
  }

  /** How many of these are not on the screen yet. */
  unknown(entries) {
    return entries.filter(([key]) => !this.#shown.has(key)).length;
  }

  /** Whether the same rows stand in the same order: then nothing moves. */
  isInPlace(entries) {
    const keys = [...this.#shown.keys()];
    return keys.length === entries.length && entries.every(([key], at) => key === keys[at]);
  }

  /** What is on the screen is brought up to date where it stands; nothing comes, goes or moves. */
  update(entries) {
    for (const [key, item] of entries) {
      const old = this.#shown.get(key);
      if (!old || same(old.item, item)) continue;
      const element = this.#make(item);
      replace(old.element, element);
      this.#shown.set(key, { item, element });
    }
  }
}

const same = (one, other) => one === other || JSON.stringify(one) === JSON.stringify(other);

/** Whoever stands on a button of the old row stands on the same of the new one. */
function replace(old, element) {
  const stops = (row) => [...row.querySelectorAll("button, a, input")];
  const index = old.contains(document.activeElement) ? stops(old).indexOf(document.activeElement) : -1;
  old.replaceWith(element);
  if (index >= 0) stops(element)[index]?.focus();
}

/** Many calls, one act: `wait` milliseconds after the first of them. */
export function soon(act, wait = 100) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      act();
    }, wait);
  };
}

/** Reads with `read`, one at a time; asked for again meanwhile, once more afterwards. */
export function oneAtATime(read) {
  let running = null, isWanted = false;
  return async function ask() {
    if (running) {
      isWanted = true;
      return running;
    }
    running = (async () => {
      do {
        isWanted = false;
        await read();
      } while (isWanted);
    })();
    try {
      await running;
    } finally {
      running = null;
    }
  };
}
