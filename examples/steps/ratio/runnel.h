// runnel.h is what a step in C needs: it reads and writes tables, and reads
// params. Copy it into a folder of your own. What it does is described in
// docs/guest-abi.md; it needs a C library for WASI and nothing else.
//
//   rn_table in = rn_read("/in/dataset.columns");
//   rn_column *length = rn_find(&in, "length");
//   ...
//   rn_write("/out/dataset.columns", &out);
//
// What cannot be done ends the step with a message for whoever runs it: see rn_fail.
#ifndef RUNNEL_H
#define RUNNEL_H

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef enum { RN_FLOAT64, RN_INT64, RN_BOOL, RN_STRING, RN_TIME } rn_kind;

// A column. Its values are as many as the table has rows, of the type that the
// kind says: double, int64_t, uint8_t, uint32_t (an index into the dictionary),
// or int64_t (microseconds since 1970).
typedef struct {
  const char *name;
  uint64_t name_bytes;
  rn_kind kind;
  void *values;
  uint64_t *valid; // bit i%64 of word i/64: row i has a value; NULL: every row has
  uint64_t *ends;  // of a string column: string i is the bytes ends[i] to ends[i+1] of text
  const char *text;
  uint64_t strings;
} rn_column;

typedef struct {
  uint64_t rows;
  uint32_t columns;
  rn_column *column;
} rn_table;

// rn_fail ends the step: its input is at fault, and the message says how.
static _Noreturn void rn_fail(const char *format, ...) {
  char message[1024];
  va_list args;
  va_start(args, format);
  vsnprintf(message, sizeof message, format, args);
  va_end(args);
  fputs("{\"error\": {\"class\": \"permanent\", \"message\": \"", stdout);
  for (const unsigned char *c = (const unsigned char *)message; *c; c++) {
    if (*c < 0x20)
      printf("\\u%04x", *c);
    else if (*c == '"' || *c == '\\')
      printf("\\%c", *c);
    else
      putchar(*c);
  }
  puts("\"}}");
  fflush(stdout);
  exit(1);
}

// rn_alloc gives memory that is zero; there is no need to free it, as the step
// ends with the event.
static void *rn_alloc(uint64_t bytes) {
  void *p = bytes < SIZE_MAX ? calloc(1, bytes ? (size_t)bytes : 1) : NULL;
  if (!p) rn_fail("no memory for %llu bytes: give the step more, as in memory: 2GiB", (unsigned long long)bytes);
  return p;
}

// rn_slurp reads a stream to its end, and puts a zero byte behind.
static char *rn_slurp(FILE *f, uint64_t *bytes) {
  size_t room = 1 << 16, n = 0;
  char *b = malloc(room);
  while (b) {
    n += fread(b + n, 1, room - n - 1, f);
    if (ferror(f)) return NULL;
    if (n < room - 1) break;
    b = room <= SIZE_MAX / 2 ? realloc(b, room *= 2) : NULL;
  }
  if (!b) rn_fail("no memory for the input: give the step more, as in memory: 2GiB");
  b[n] = 0;
  *bytes = n;
  return b;
}

static int rn_has(const rn_column *c, uint64_t row) { return !c->valid || (c->valid[row / 64] >> (row % 64) & 1); }

static uint64_t rn_width(uint32_t kind) { return kind == RN_BOOL ? 1 : kind == RN_STRING ? 4 : 8; }

// rn_part is the part of a file at an offset that the file itself gives.
static void *rn_part(char *file, uint64_t size, uint64_t at, uint64_t count, uint64_t width) {
  if (at % 8 || at > size || count > (size - at) / width) rn_fail("the table is broken: a part at byte %llu is not inside it", (unsigned long long)at);
  return file + at;
}

// rn_read reads a table, whose columns lie where they were read.
static rn_table rn_read(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) rn_fail("%s cannot be opened: the event has no dataset", path);
  uint64_t size, head[4];
  char *b = rn_slurp(f, &size);
  if (!b) rn_fail("%s cannot be read", path);
  fclose(f);
  if (size < 32 || memcmp(b, "runnel\0\1", 8)) rn_fail("%s is not a table in columns, version 1", path);
  memcpy(head, b, 32);
  rn_table t = {.rows = head[2], .columns = (uint32_t)head[3]};
  uint64_t *entry = rn_part(b, size, 32, t.columns, 64);
  t.column = rn_alloc(sizeof(rn_column) * (uint64_t)t.columns);
  for (uint32_t i = 0; i < t.columns; i++, entry += 8) {
    rn_column *c = &t.column[i];
    uint32_t kind = (uint32_t)entry[6];
    if (kind > RN_TIME) rn_fail("%s: column %u is of kind %u, which version 1 does not have", path, i, kind);
    c->kind = (rn_kind)kind;
    c->name_bytes = entry[1];
    c->name = rn_part(b, size, entry[0], entry[1], 1);
    c->values = rn_part(b, size, entry[2], t.rows, rn_width(kind));
    if (entry[3]) c->valid = rn_part(b, size, entry[3], t.rows / 64 + (t.rows % 64 != 0), 8);
    if (kind != RN_STRING) continue;
    c->strings = entry[5];
    if (c->strings >= size) rn_fail("%s: the dictionary of column %u is broken", path, i);
    c->ends = rn_part(b, size, entry[4], c->strings + 1, 8);
    c->text = (const char *)(c->ends + c->strings + 1);
    uint64_t room = size - (uint64_t)(c->text - b);
    for (uint64_t s = 0; s <= c->strings; s++)
      if (c->ends[s] > room || (s && c->ends[s] < c->ends[s - 1])) rn_fail("%s: the dictionary of column %u is broken", path, i);
    for (uint64_t r = 0; r < t.rows; r++)
      if (((uint32_t *)c->values)[r] >= c->strings && rn_has(c, r)) rn_fail("%s: row %llu of column %u has no string", path, (unsigned long long)r, i);
  }
  return t;
}

// rn_find gives the column of a name, NULL where there is none.
static rn_column *rn_find(const rn_table *t, const char *name) {
  for (uint32_t i = 0; i < t->columns; i++)
    if (t->column[i].name_bytes == strlen(name) && !memcmp(t->column[i].name, name, strlen(name))) return &t->column[i];
  return NULL;
}

// rn_number is the value of a row as a number: NAN where there is none, or the
// column is of strings.
static double rn_number(const rn_column *c, uint64_t row) {
  if (!rn_has(c, row)) return NAN;
  switch (c->kind) {
  case RN_FLOAT64: return ((double *)c->values)[row];
  case RN_BOOL: return ((uint8_t *)c->values)[row];
  case RN_STRING: return NAN;
  default: return (double)((int64_t *)c->values)[row];
  }
}

// rn_floats makes a column of numbers. Rows that hold NAN have no value.
static rn_column rn_floats(const char *name, double *values, uint64_t rows) {
  rn_column c = {.name = name, .name_bytes = strlen(name), .kind = RN_FLOAT64, .values = values};
  c.valid = rn_alloc((rows / 64 + 1) * 8);
  uint64_t missing = 0;
  for (uint64_t r = 0; r < rows; r++) {
    if (isnan(values[r])) {
      values[r] = NAN;
      missing++;
    } else
      c.valid[r / 64] |= 1ull << (r % 64);
  }
  if (!missing) c.valid = NULL;
  return c;
}

static uint64_t rn_padded(uint64_t n) { return (n + 7) / 8 * 8; }

static void rn_put(FILE *f, const void *b, uint64_t n) {
  static const char zeros[8];
  fwrite(b, 1, n, f);
  fwrite(zeros, 1, rn_padded(n) - n, f);
}

// rn_write writes a table.
static void rn_write(const char *path, const rn_table *t) {
  FILE *f = fopen(path, "wb");
  if (!f) rn_fail("%s cannot be written", path);
  uint64_t words = t->rows / 64 + (t->rows % 64 != 0), at = 32 + 64 * (uint64_t)t->columns;
  uint64_t *entries = rn_alloc(64 * (uint64_t)t->columns), *e = entries;
  for (uint32_t i = 0; i < t->columns; i++, e += 8) {
    const rn_column *c = &t->column[i];
    e[0] = at, e[1] = c->name_bytes, e[6] = c->kind;
    e[2] = at += rn_padded(c->name_bytes);
    at += rn_padded(t->rows * rn_width(c->kind));
    if (c->valid) {
      e[3] = at;
      at += words * 8;
      for (uint64_t r = 0; r < t->rows; r++) e[7] += !rn_has(c, r);
    }
    if (c->kind == RN_STRING) {
      e[4] = at, e[5] = c->strings;
      at += (c->strings + 1) * 8 + rn_padded(c->ends[c->strings]);
    }
  }
  uint64_t head[4] = {0, at, t->rows, t->columns};
  memcpy(head, "runnel\0\1", 8);
  rn_put(f, head, 32);
  rn_put(f, entries, 64 * (uint64_t)t->columns);
  for (uint32_t i = 0; i < t->columns; i++) {
    const rn_column *c = &t->column[i];
    rn_put(f, c->name, c->name_bytes);
    rn_put(f, c->values, t->rows * rn_width(c->kind));
    if (c->valid) rn_put(f, c->valid, words * 8);
    if (c->kind != RN_STRING) continue;
    rn_put(f, c->ends, (c->strings + 1) * 8);
    rn_put(f, c->text, c->ends[c->strings]);
  }
  if (ferror(f) | fclose(f)) rn_fail("%s cannot be written whole", path);
}

// JSON: a value is found and the rest is passed over, never past its end.

static const char *rn_blank(const char *p, const char *end) {
  while (p < end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r')) p++;
  return p;
}

// rn_past is where the JSON value at p ends.
static const char *rn_past(const char *p, const char *end) {
  for (int depth = 0; p < end;) {
    if (*p == '"') {
      for (p++; p < end && *p != '"'; p++)
        if (*p == '\\') p++;
      p = p < end ? p + 1 : end;
    } else if (*p == '{' || *p == '[') {
      depth++, p++;
    } else if (*p == '}' || *p == ']') {
      if (!depth) return p;
      depth--, p++;
    } else if (depth) {
      p++;
      continue;
    } else { // a number, true, false or null
      while (p < end && !strchr(",:}] \n\t\r", *p)) p++;
      return p;
    }
    if (!depth) return p;
  }
  return end;
}

// rn_member finds a member of the JSON object at p; NULL where there is none.
static const char *rn_member(const char *p, const char *end, const char *name) {
  p = rn_blank(p, end);
  if (p == end || *p++ != '{') return NULL;
  while ((p = rn_blank(p, end)) < end && *p == '"') {
    const char *key = p + 1;
    p = rn_past(p, end);
    int found = (size_t)(p - key) == strlen(name) + 1 && !memcmp(key, name, strlen(name));
    p = rn_blank(p, end);
    if (p == end || *p++ != ':') return NULL;
    p = rn_blank(p, end);
    if (found) return p;
    p = rn_blank(rn_past(p, end), end);
    if (p < end && *p == ',') p++;
  }
  return NULL;
}

// rn_param finds a param in the invocation, which is read once. NULL: there is none.
static const char *rn_param(const char *name, const char **end) {
  static char *invocation;
  static uint64_t bytes;
  if (!invocation && !(invocation = rn_slurp(stdin, &bytes))) rn_fail("standard input cannot be read");
  const char *params = rn_member(invocation, invocation + bytes, "params");
  if (!params) return NULL;
  *end = rn_past(params, invocation + bytes);
  return rn_member(params, *end, name);
}

// rn_param_number is a param of type number, integer or boolean.
static double rn_param_number(const char *name, double otherwise) {
  const char *end, *p = rn_param(name, &end);
  if (!p || *p == 'n') return otherwise;
  if (*p == 't' || *p == 'f') return *p == 't';
  return strtod(p, NULL); // a zero byte follows the invocation
}

// rn_param_text is a param of type string, "" where there is none.
static char *rn_param_text(const char *name) {
  const char *end, *p = rn_param(name, &end);
  if (!p || *p != '"') return rn_alloc(1);
  const char *last = rn_past(p, end) - 1;
  char *text = rn_alloc((uint64_t)(last - p)), *t = text;
  for (p++; p < last; p++) {
    if (*p != '\\' || ++p == last) {
      *t++ = *p;
      continue;
    }
    if (*p == 'u') { // shorter in UTF-8 than as it is written
      char hex[5] = {0};
      strncpy(hex, p + 1, 4);
      unsigned long u = strtoul(hex, NULL, 16);
      if (last - p < 5 || (u >= 0xd800 && u < 0xe000)) rn_fail("param %s: write the character as it is, not by its number", name);
      if (u >= 0x800) *t++ = (char)(0xe0 | u >> 12), *t++ = (char)(0x80 | (u >> 6 & 0x3f));
      else if (u >= 0x80) *t++ = (char)(0xc0 | u >> 6);
      *t++ = (char)(u >= 0x80 ? 0x80 | (u & 0x3f) : u);
      p += 4;
    } else {
      const char *from = "nrtbf", *to = "\n\r\t\b\f", *at = strchr(from, *p);
      *t++ = at ? to[at - from] : *p;
    }
  }
  return text;
}

#endif
