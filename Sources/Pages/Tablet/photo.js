// A photograph for a report, drawn anew on this tablet: small, upright, and without the place, the time and the telephone that a camera writes into it.

const byID = (id) => document.getElementById(id);
/** Octets of a picture at most; the hub takes a little more. */
const MOST = 60_000;
const SIDES = [960, 720, 480], QUALITIES = [0.75, 0.55, 0.4];

let octets = null;

/** In base64, or null where none was chosen. */
export const chosen = () => octets;

export function drop() {
  octets = null;
  byID("photo-seen")?.remove();
  byID("photo-shown").hidden = true;
  byID("photo-file").value = "";
}

/** `words()` in the page's language; `say` where it cannot be used, and nothing where it can. */
export function prepare(words, say) {
  byID("photo-drop").onclick = drop;
  byID("photo-file").onchange = async ({ target }) => {
    const [file] = target.files;
    drop();
    if (!file) return;
    const drawn = await draw(file).catch(() => null);
    if (!drawn) return say(words().photoBad);
    say(null);
    octets = drawn.slice(drawn.indexOf(",") + 1);
    byID("photo-shown").prepend(Object.assign(new Image(), { id: "photo-seen", alt: "", src: drawn }), " ");
    byID("photo-shown").hidden = false;
  };
}

async function draw(file) {
  const picture = await createImageBitmap(file, { imageOrientation: "from-image" }), canvas = document.createElement("canvas");
  for (const side of SIDES) {
    const scale = Math.min(1, side / Math.max(picture.width, picture.height));
    [canvas.width, canvas.height] = [Math.max(1, Math.round(picture.width * scale)), Math.max(1, Math.round(picture.height * scale))];
    const pen = canvas.getContext("2d");
    // What is clear in the picture is white, as on paper.
    pen.fillStyle = "#fff";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
    for (const quality of QUALITIES) {
      const drawn = canvas.toDataURL("image/jpeg", quality);
      if (drawn.startsWith("data:image/jpeg") && drawn.length * 3 / 4 <= MOST) return drawn;
    }
  }
  return null;
}
