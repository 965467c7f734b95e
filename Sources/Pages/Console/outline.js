// The outline of a town, out of a file of boundaries (GeoJSON, RFC 7946): rings of this town alone, with as few points as still look like it.

/** Points of all rings, and rings; smaller islands are left out. */
const POINTS = 400, RINGS = 20;
const SIZE = 320;
const SVG = "http://www.w3.org/2000/svg";

/** `{rings, words}`: rings of [latitude, longitude], or why there are none. */
export function ringsOf(text, code) {
  let parsed = null;
  try { parsed = JSON.parse(text); } catch { return { words: "GeoJSONのファイルではありません" }; }
  const features = parsed?.features ?? [parsed];
  // 国土数値情報 says the code without its last digit.
  const own = features.filter((one) => Object.values(one?.properties ?? {}).some((value) => [code, code.slice(0, 5)].includes(String(value))));
  const chosen = own.length > 0 ? own : features.length === 1 ? features : [];
  const rings = chosen.flatMap(({ geometry, type, coordinates }) => polygons(geometry ?? { type, coordinates })).filter(isRing).toSorted((a, b) => area(b) - area(a)).slice(0, RINGS);
  if (rings.length === 0) return { words: `このファイルに、市町村コード ${code} の区域が見つかりません` };
  let tolerance = 0.0002, thin = rings;
  while (count(thin = rings.map((ring) => simple(ring, tolerance)).filter(isRing)) > POINTS) tolerance *= 1.5;
  return { rings: thin.map((ring) => ring.map(([longitude, latitude]) => [round(latitude), round(longitude)])), words: `${thin.length}つの区域、${count(thin)}点で描きました。よければ、下で変える理由を書いて登録します` };
}

const round = (number) => Math.round(number * 1e5) / 1e5;
const count = (rings) => rings.reduce((sum, ring) => sum + ring.length, 0);
const isRing = (ring) => Array.isArray(ring) && ring.length >= 4 && ring.every((point) => Array.isArray(point) && point.slice(0, 2).every(Number.isFinite));
/** Outer rings alone. */
const polygons = ({ type, coordinates } = {}) => (type === "Polygon" ? [coordinates[0]] : type === "MultiPolygon" ? coordinates.map((one) => one[0]) : []);
const area = (ring) => Math.abs(ring.reduce((sum, [x, y], index) => sum + x * ring[(index + 1) % ring.length][1] - ring[(index + 1) % ring.length][0] * y, 0));

/** Douglas and Peucker (1973), without recursion; a closed ring is cut at the point that lies farthest from its first. */
function simple(ring, tolerance) {
  const open = ring.slice(0, -1);
  let far = 0;
  open.forEach((point, index) => { if (gap(open[0], point) > gap(open[0], open[far])) far = index; });
  const half = (line) => thin(line, tolerance);
  return [...half(open.slice(0, far + 1)), ...half([...open.slice(far), open[0]]).slice(1)];
}

const gap = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

function thin(line, tolerance) {
  const kept = new Set([0, line.length - 1]), spans = [[0, line.length - 1]];
  while (spans.length > 0) {
    const [from, to] = spans.pop();
    let most = 0, index = -1;
    for (let at = from + 1; at < to; at += 1) {
      const distance = away(line[at], line[from], line[to]);
      if (distance > most) [most, index] = [distance, at];
    }
    if (most <= tolerance) continue;
    kept.add(index);
    spans.push([from, index], [index, to]);
  }
  return line.filter((_, index) => kept.has(index));
}

function away(point, a, b) {
  const length = gap(a, b);
  return length === 0 ? gap(point, a) : Math.abs((b[0] - a[0]) * (a[1] - point[1]) - (a[0] - point[0]) * (b[1] - a[1])) / length;
}

/** A small picture of it. */
export function picture(rings) {
  const all = rings.flat(), [south, north] = [Math.min(...all.map((one) => one[0])), Math.max(...all.map((one) => one[0]))];
  const [west, east] = [Math.min(...all.map((one) => one[1])), Math.max(...all.map((one) => one[1]))], flat = Math.cos((south + north) / 2 * Math.PI / 180);
  const scale = SIZE / Math.max(north - south, (east - west) * flat, 1e-6);
  const svg = document.createElementNS(SVG, "svg"), [width, height] = [Math.ceil((east - west) * flat * scale) + 8, Math.ceil((north - south) * scale) + 8];
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": "町の外形" })) svg.setAttribute(name, value);
  for (const ring of rings) {
    const shape = document.createElementNS(SVG, "polygon");
    shape.setAttribute("points", ring.map(([latitude, longitude]) => `${((longitude - west) * flat * scale + 4).toFixed(1)},${((north - latitude) * scale + 4).toFixed(1)}`).join(" "));
    svg.append(shape);
  }
  return svg;
}
