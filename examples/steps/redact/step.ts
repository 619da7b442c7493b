// A step in AssemblyScript: it replaces the values of text columns by a hash of
// them. Equal values stay equal, so that groups can still be learnt from.
import { fail, Kind, Params, Table } from "./runnel";
import { sha256 } from "./sha256";

function main(): void {
  const params = new Params();
  const columns = params.list("columns"), salt = params.text("salt");
  const table = Table.read();
  if (columns.length == 0) {
    for (let i = 0; i < table.columns.length; i++) {
      const c = table.columns[i];
      if (c.kind == Kind.String && c.name != params.target) columns.push(c.name);
    }
  }
  for (let i = 0; i < columns.length; i++) {
    const c = table.column(columns[i]);
    if (c == null || c.kind != Kind.String) return fail("param columns: the table has no text column " + columns[i]);
    for (let s = 0; s < c.strings.length; s++) c.strings[s] = sha256(salt + c.strings[s]).substring(0, 16);
  }
  table.write();
}

main();
