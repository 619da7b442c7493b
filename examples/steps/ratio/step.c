// A step in C: it adds a column that is the quotient of two others.
#include "runnel.h"

// numeric is the column that a param names or, where it is not given, the nth
// column of numbers.
static rn_column *numeric(const rn_table *t, const char *param, int nth) {
  char *name = rn_param_text(param);
  for (uint32_t i = 0; !*name && i < t->columns; i++)
    if (t->column[i].kind <= RN_INT64 && nth-- == 0) return &t->column[i];
  rn_column *c = rn_find(t, name);
  if (!c) rn_fail("param %s: the table has no column \"%s\"", param, name);
  if (c->kind == RN_STRING) rn_fail("param %s: column %s holds text, not numbers", param, name);
  return c;
}

int main(void) {
  rn_table in = rn_read("/in/dataset.columns");
  rn_column *above = numeric(&in, "numerator", 0), *below = numeric(&in, "denominator", 1);
  char *name = rn_param_text("name");
  if (rn_find(&in, name)) rn_fail("param name: the table has a column %s already", name);

  double *quotient = rn_alloc(in.rows * sizeof(double));
  for (uint64_t r = 0; r < in.rows; r++) {
    double d = rn_number(below, r);
    quotient[r] = d == 0 ? NAN : rn_number(above, r) / d; // NAN: the row has no value
  }

  rn_table out = {.rows = in.rows, .columns = in.columns + 1};
  out.column = rn_alloc(sizeof(rn_column) * (uint64_t)out.columns);
  memcpy(out.column, in.column, sizeof(rn_column) * (uint64_t)in.columns);
  out.column[in.columns] = rn_floats(name, quotient, in.rows);
  rn_write("/out/dataset.columns", &out);
  return 0;
}
