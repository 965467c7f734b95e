// Ed25519 (RFC 8032) for browsers that do not know it: it checks signatures and makes none. What it reckons with is public, so that it may take
// as long as it takes; SHA-512 is the browser's. Fetched where it is needed.

const P = 2n ** 255n - 19n, L = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (value, by = P) => (value % by + by) % by;
const number = (octets) => octets.reduceRight((sum, octet) => sum << 8n | BigInt(octet), 0n);

function power(base, exponent) {
  let product = 1n;
  for (base = mod(base); exponent > 0n; exponent >>= 1n, base = base * base % P) if (exponent & 1n) product = product * base % P;
  return product;
}

const D = mod(-121665n * power(121666n, P - 2n)), ROOT = power(2n, (P - 1n) / 4n);

/** In extended coordinates (RFC 8032 §5.1.3, §5.1.4); null for what is no point. */
function point(octets) {
  const y = number(octets) & 2n ** 255n - 1n, isOdd = BigInt(octets[31] >> 7);
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x - u) !== 0n) x = mod(x * ROOT);
  if (y >= P || mod(v * x * x - u) !== 0n || x === 0n && isOdd) return null;
  if ((x & 1n) !== isOdd) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function add([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2)), b = mod((y1 + x1) * (y2 + x2)), c = mod(2n * t1 * t2 * D), d = mod(2n * z1 * z2);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(factor, base) {
  let sum = [0n, 1n, 1n, 0n];
  for (; factor > 0n; factor >>= 1n, base = add(base, base)) if (factor & 1n) sum = add(sum, base);
  return sum;
}

const BASE = point([0x58, ...Array(31).fill(0x66)]);

export async function verify(key, signature, text) {
  const owner = point(key), begin = point(signature.slice(0, 32)), scalar = number(signature.slice(32));
  if (key.length !== 32 || signature.length !== 64 || !owner || !begin || scalar >= L) return false;
  const hashed = new Uint8Array([...signature.slice(0, 32), ...key, ...text]);
  const factor = mod(number(new Uint8Array(await crypto.subtle.digest("SHA-512", hashed))), L);
  const [x1, y1, z1] = times(scalar, BASE), [x2, y2, z2] = add(begin, times(factor, owner));
  return mod(x1 * z2 - x2 * z1) === 0n && mod(y1 * z2 - y2 * z1) === 0n;
}
