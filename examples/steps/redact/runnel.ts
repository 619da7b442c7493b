// What a step in AssemblyScript needs: it reads and writes tables, and reads
// params. Copy it into a folder of your own. What it does is described in
// docs/guest-abi.md; it needs WASI's functions for files and nothing else.
// Build with --use abort=runnel/aborted --exportStart _start.

@external("wasi_snapshot_preview1", "path_open")
declare function path_open(dir: u32, look: u32, path: usize, bytes: usize, open: u32, rights: u64, inherit: u64, flags: u32, fd: usize): u32;
@external("wasi_snapshot_preview1", "fd_read")
declare function fd_read(fd: u32, list: usize, count: usize, done: usize): u32;
@external("wasi_snapshot_preview1", "fd_write")
declare function fd_write(fd: u32, list: usize, count: usize, done: usize): u32;
@external("wasi_snapshot_preview1", "fd_close")
declare function fd_close(fd: u32): u32;
@external("wasi_snapshot_preview1", "proc_exit")
declare function proc_exit(status: u32): void;

const root: u32 = 3; // the folder "/", open from the start
const reading: u64 = 1 << 1, writing: u64 = 1 << 6;
const list = memory.data(8), done = memory.data(8);

function open(path: string, flags: u32, rights: u64): u32 {
  const name = String.UTF8.encode(path.substring(1));
  if (path_open(root, 0, changetype<usize>(name), name.byteLength, flags, rights, 0, 0, done) != 0) return 0;
  return load<u32>(done);
}

function readAll(fd: u32): ArrayBuffer {
  let b = new ArrayBuffer(1 << 16), size = 0;
  while (true) {
    if (size == b.byteLength) {
      const larger = new ArrayBuffer(2 * size);
      memory.copy(changetype<usize>(larger), changetype<usize>(b), size);
      b = larger;
    }
    store<u32>(list, (changetype<usize>(b) + size) as u32);
    store<u32>(list, b.byteLength - size, 4);
    if (fd_read(fd, list, 1, done) != 0) fail("the input cannot be read");
    const n = load<u32>(done);
    if (n == 0) return b.slice(0, size);
    size += n;
  }
}

function writeAll(fd: u32, at: usize, bytes: usize): bool {
  while (bytes > 0) {
    store<u32>(list, at as u32);
    store<u32>(list, bytes as u32, 4);
    if (fd_write(fd, list, 1, done) != 0) return false;
    at += load<u32>(done);
    bytes -= load<u32>(done);
  }
  return true;
}

function say(fd: u32, text: string): void {
  const b = String.UTF8.encode(text);
  writeAll(fd, changetype<usize>(b), b.byteLength);
}

// fail ends the step: its input is at fault, and the message says how.
export function fail(message: string): void {
  let quoted = "";
  for (let i = 0; i < message.length; i++) {
    const c = message.charAt(i);
    quoted += c == '"' || c == "\\" ? "\\" + c : c < " " ? " " : c;
  }
  say(1, '{"error": {"class": "permanent", "message": "' + quoted + '"}}');
  proc_exit(1);
}

// aborted is what the language calls where a program is wrong.
export function aborted(message: string | null, file: string | null, line: u32, column: u32): void {
  say(2, (file || "") + ":" + line.toString() + ":" + column.toString() + ": " + (message || "") + "\n");
  proc_exit(1);
}

export enum Kind { Float64, Int64, Bool, String, Time }

// A Column holds its values as bytes, in the form of the file; the methods give
// them one by one.
export class Column {
  valid: ArrayBuffer | null = null; // bit i%8 of byte i/8: row i has a value; null: every row has
  strings: string[] = []; // that a column of strings counts by

  constructor(public name: string, public kind: Kind, public values: ArrayBuffer) {}

  // has reports whether a row has a value.
  has(row: i32): bool {
    const valid = this.valid;
    return valid == null || ((load<u8>(changetype<usize>(valid) + (row >> 3)) >> ((row & 7) as u8)) & 1) == 1;
  }

  // number is the value of a row as a number; NaN where there is none, or it is text.
  number(row: i32): f64 {
    const at = changetype<usize>(this.values);
    if (!this.has(row) || this.kind == Kind.String) return NaN;
    if (this.kind == Kind.Float64) return load<f64>(at + 8 * row);
    if (this.kind == Kind.Bool) return load<u8>(at + row) as f64;
    return load<i64>(at + 8 * row) as f64;
  }

  // text is the value of a row of a column of strings; "" where there is none.
  text(row: i32): string {
    if (this.kind != Kind.String || !this.has(row)) return "";
    return this.strings[load<u32>(changetype<usize>(this.values) + 4 * row)];
  }

  // floats makes a column of numbers; rows that hold NaN have no value.
  static floats(name: string, values: f64[]): Column {
    const c = new Column(name, Kind.Float64, new ArrayBuffer(8 * values.length));
    const valid = new ArrayBuffer((values.length + 63) / 64 * 8);
    for (let r = 0; r < values.length; r++) {
      store<f64>(changetype<usize>(c.values) + 8 * r, isNaN(values[r]) ? NaN : values[r]);
      const at = changetype<usize>(valid) + (r >> 3);
      if (!isNaN(values[r])) store<u8>(at, load<u8>(at) | (1 << (r & 7)));
      else c.valid = valid;
    }
    return c;
  }
}

function width(kind: Kind): i32 {
  return kind == Kind.Bool ? 1 : kind == Kind.String ? 4 : 8;
}

export class Table {
  columns: Column[] = [];

  constructor(public rows: i32) {}

  column(name: string): Column | null {
    for (let i = 0; i < this.columns.length; i++) if (this.columns[i].name == name) return this.columns[i];
    return null;
  }

  // read reads the dataset of the event.
  static read(): Table {
    const fd = open("/in/dataset.columns", 0, reading);
    if (fd == 0) fail("the event has no dataset");
    const file = new File(readAll(fd));
    fd_close(fd);
    if (file.bytes < 32 || load<u64>(file.start) != 0x01006c656e6e7572) fail("the dataset is not a table in columns, version 1");
    const t = new Table(file.size(16));
    const count = load<u32>(file.start + 24) as i32;
    file.part(32, count, 64);
    for (let i = 0; i < count; i++) {
      const entry = 32 + 64 * i, kind = load<u32>(file.start + entry + 48);
      if (kind > (Kind.Time as u32)) fail("a column of the dataset is of a kind that version 1 does not have");
      const name = file.text(file.size(entry), file.size(entry + 8));
      const c = new Column(name, kind as Kind, file.part(file.size(entry + 16), t.rows, width(kind as Kind)));
      const valid = file.size(entry + 24);
      if (valid != 0) c.valid = file.part(valid, (t.rows + 63) / 64, 8);
      if (kind == Kind.String) {
        const at = file.size(entry + 32), strings = file.size(entry + 40);
        file.part(at, strings + 1, 8);
        const text = at + 8 * (strings + 1);
        for (let s = 0; s < strings; s++) {
          const from = file.size(at + 8 * s), to = file.size(at + 8 * s + 8);
          c.strings.push(file.text(text + from, to - from));
        }
      }
      t.columns.push(c);
    }
    return t;
  }

  // write hands over the dataset of the event that the step emits.
  write(): void {
    const parts: ArrayBuffer[] = [];
    const head = new ArrayBuffer(32 + 64 * this.columns.length), h = changetype<usize>(head);
    let at = head.byteLength;
    for (let i = 0; i < this.columns.length; i++) {
      const c = this.columns[i], entry = h + 32 + 64 * i, name = String.UTF8.encode(c.name);
      store<u64>(entry, at);
      store<u64>(entry, name.byteLength, 8);
      at += add(parts, name);
      store<u64>(entry, at, 16);
      at += add(parts, c.values);
      const valid = c.valid;
      if (valid != null) {
        let missing = 0;
        for (let r = 0; r < this.rows; r++) missing += c.has(r) ? 0 : 1;
        store<u64>(entry, at, 24);
        store<u64>(entry, missing, 56);
        at += add(parts, valid);
      }
      store<u32>(entry, c.kind, 48);
      if (c.kind != Kind.String) continue;
      store<u64>(entry, at, 32);
      store<u64>(entry, c.strings.length, 40);
      at += add(parts, dictionary(c.strings));
    }
    store<u64>(h, 0x01006c656e6e7572);
    store<u64>(h, at, 8);
    store<u64>(h, this.rows, 16);
    store<u32>(h, this.columns.length, 24);
    const fd = open("/out/dataset.columns", 1 | 8, writing); // made, and emptied where it is there
    let whole = fd != 0 && writeAll(fd, h, head.byteLength);
    for (let i = 0; whole && i < parts.length; i++) whole = writeAll(fd, changetype<usize>(parts[i]), parts[i].byteLength);
    if (!whole || fd_close(fd) != 0) fail("the dataset cannot be written");
  }
}

// add adds a part, with zeros up to a multiple of 8, and gives its bytes.
function add(parts: ArrayBuffer[], b: ArrayBuffer): i32 {
  const padded = new ArrayBuffer((b.byteLength + 7) / 8 * 8);
  memory.copy(changetype<usize>(padded), changetype<usize>(b), b.byteLength);
  parts.push(padded);
  return padded.byteLength;
}

function dictionary(strings: string[]): ArrayBuffer {
  let size = 8 * (strings.length + 1), end = 0;
  for (let i = 0; i < strings.length; i++) size += String.UTF8.byteLength(strings[i]);
  const b = new ArrayBuffer(size), at = changetype<usize>(b), text = at + 8 * (strings.length + 1);
  for (let i = 0; i < strings.length; i++) {
    const s = String.UTF8.encode(strings[i]);
    memory.copy(text + end, changetype<usize>(s), s.byteLength);
    end += s.byteLength;
    store<u64>(at + 8 * (i + 1), end);
  }
  return b;
}

// A File is the bytes of a table; what is asked for and not inside ends the step.
class File {
  start: usize;
  bytes: i32;

  constructor(private b: ArrayBuffer) {
    this.start = changetype<usize>(b);
    this.bytes = b.byteLength;
  }

  check(at: i32, bytes: i64): void {
    if (at < 0 || bytes < 0 || (at as i64) + bytes > (this.bytes as i64)) fail("the dataset is broken: a part is not inside it");
  }

  size(at: i32): i32 {
    this.check(at, 8);
    const v = load<u64>(this.start + at);
    if (v > (i32.MAX_VALUE as u64)) fail("the dataset is too large, or broken");
    return v as i32;
  }

  part(at: i32, count: i32, width: i32): ArrayBuffer {
    this.check(at, (count as i64) * width);
    return this.b.slice(at, at + count * width);
  }

  text(at: i32, bytes: i32): string {
    this.check(at, bytes);
    return String.UTF8.decodeUnsafe(this.start + at, bytes);
  }
}

// Params are those of the invocation on standard input.
export class Params {
  private json: string;
  target: string; // the column to predict, of the event's dataset; "" where none is known

  constructor() {
    const invocation = String.UTF8.decode(readAll(0));
    this.json = member(invocation, "params");
    this.target = unquote(member(member(member(member(invocation, "event"), "data"), "dataset"), "target"));
  }

  number(name: string): f64 {
    return parseFloat(member(this.json, name));
  }

  text(name: string): string {
    return unquote(member(this.json, name));
  }

  // list is a param of type array, of strings.
  list(name: string): string[] {
    const out: string[] = [];
    let rest = member(this.json, name).substring(1).trimStart();
    while (rest.startsWith('"')) {
      const end = past(rest);
      out.push(unquote(rest.substring(0, end)));
      rest = rest.substring(end).trimStart();
      if (rest.startsWith(",")) rest = rest.substring(1).trimStart();
    }
    return out;
  }
}

// past is where the JSON value that the text begins with ends.
function past(text: string): i32 {
  let depth = 0, inside = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charAt(i);
    if (inside) {
      if (c == "\\") i++;
      else if (c == '"') {
        inside = false;
        if (depth == 0) return i + 1;
      }
    } else if (c == '"') inside = true;
    else if (c == "{" || c == "[") depth++;
    else if (c == "}" || c == "]") {
      if (depth == 0) return i;
      if (--depth == 0) return i + 1;
    } else if (depth == 0 && (c == "," || c == ":" || c <= " ")) return i;
  }
  return text.length;
}

// member is the member of that name of a JSON object; "" where there is none.
function member(object: string, name: string): string {
  let rest = object.trimStart().substring(1).trimStart();
  while (rest.startsWith('"')) {
    let end = past(rest);
    const key = unquote(rest.substring(0, end));
    rest = rest.substring(end).trimStart().substring(1).trimStart(); // past the colon
    end = past(rest);
    if (key == name) return rest.substring(0, end);
    rest = rest.substring(end).trimStart();
    if (rest.startsWith(",")) rest = rest.substring(1).trimStart();
  }
  return "";
}

function unquote(text: string): string {
  let out = "";
  for (let i = 1; i < text.length - 1; i++) {
    let c = text.charAt(i);
    if (c == "\\") {
      c = text.charAt(++i);
      if (c == "u") {
        c = String.fromCharCode(parseInt(text.substring(i + 1, i + 5), 16) as i32);
        i += 4;
      } else if (c == "n") c = "\n";
      else if (c == "t") c = "\t";
      else if (c == "r") c = "\r";
      else if (c == "b") c = "\b";
      else if (c == "f") c = "\f";
    }
    out += c;
  }
  return out;
}
