// SHA-256, as in FIPS 180-4.

const K: u32[] = constants(64, true), H: u32[] = constants(8, false);

// constants are the first 32 bits of the fractions of the cube roots, or the
// square roots, of the first primes.
function constants(count: i32, cubes: bool): u32[] {
  const out: u32[] = [];
  for (let p = 2; out.length < count; p++) {
    let prime = true;
    for (let d = 2; d * d <= p; d++) prime = prime && p % d != 0;
    if (!prime) continue;
    const root = cubes ? Math.cbrt(p as f64) : Math.sqrt(p as f64);
    out.push(((root - Math.floor(root)) * 4294967296.0) as u32);
  }
  return out;
}

// sha256 is the hash of the UTF-8 of a text, in hexadecimal digits.
export function sha256(text: string): string {
  const size = String.UTF8.byteLength(text);
  const message = new ArrayBuffer((size + 8) / 64 * 64 + 64), m = changetype<usize>(message);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, m);
  store<u8>(m + size, 0x80);
  store<u64>(m + message.byteLength - 8, bswap<u64>(8 * (size as u64)));

  const h = H.slice(0), w = new StaticArray<u32>(64);
  for (let block = m; block < m + message.byteLength; block += 64) {
    for (let t = 0; t < 16; t++) w[t] = bswap<u32>(load<u32>(block + 4 * t));
    for (let t = 16; t < 64; t++) {
      const x = w[t - 15], y = w[t - 2];
      w[t] = w[t - 16] + (rotr<u32>(x, 7) ^ rotr<u32>(x, 18) ^ (x >> 3)) + w[t - 7] + (rotr<u32>(y, 17) ^ rotr<u32>(y, 19) ^ (y >> 10));
    }
    let a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], i = h[7];
    for (let t = 0; t < 64; t++) {
      const one = i + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + ((e & f) ^ (~e & g)) + K[t] + w[t];
      const two = (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      i = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e, h[5] += f, h[6] += g, h[7] += i;
  }
  let out = "";
  for (let i = 0; i < 8; i++) out += h[i].toString(16).padStart(8, "0");
  return out;
}
