// Runs the script of a page that draws itself, on elements that only keep what is set on them, and looks at what was drawn.
//
// A double of the browser's document, since no browser is among the packages of the tests: it proves that the page is well-formed, loads nothing,
// runs without an error and draws numbers; not how it looks.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import vm from "node:vm";

const page = readFileSync(process.argv[2], "utf8");
const [, script] = page.match(/<script>\n([\s\S]*?)<\/script>/);

/** Every element ends where it should. */
function wellFormed(text, where) {
  const open = [];
  for (const [, end, name, self] of text.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)(?:"[^"]*"|[^">])*?(\/?)>/g)) {
    if (self) continue;
    if (end) assert.equal(open.pop(), name, `${where}: </${name}>`);
    else open.push(name);
  }
  assert.deepEqual(open, [], where);
}

wellFormed(page.replace(script, "").replace("<!DOCTYPE html>", ""), "page");
const [head] = page.split("<script>");
assert.ok(!/\b(src|href|action)\s*=|url\(|@import/i.test(head), "the page loads something");

const elements = new Map([...page.matchAll(/ id="([a-z]+)"/g)].map(([, id]) => [id, { innerHTML: "", textContent: "", value: "0", scrollIntoView() {} }]));
const rows = [];
const context = {
  document: {
    getElementById: (id) => elements.get(id) ?? assert.fail(`no element ${id}`),
    querySelectorAll: () => {
      for (const [, book] of elements.get("books").innerHTML.matchAll(/data-book="(\d+)"/g)) rows.push({ dataset: { book } });
      return rows;
    },
  },
};
vm.runInNewContext(script, context);
for (const row of rows) row.onclick();
for (const id of ["trace", "book"]) elements.get(id).onchange?.();

assert.ok(rows.length > 0, "no book can be picked");
for (const [id, element] of elements) {
  wellFormed(element.innerHTML, id);
  assert.ok(!/NaN|undefined|Infinity|\[object/.test(element.innerHTML + element.textContent), `${id}: ${(element.innerHTML + element.textContent).match(/.{60}(NaN|undefined|Infinity|\[object).{20}/)?.[0]}`);
}
for (const id of ["margin", "path", "leads"]) assert.ok(/<polyline[^>]* points="[-\d., ]+"/.test(elements.get(id).innerHTML), `${id} draws no line`);
assert.match(elements.get("verdict").innerHTML, /\d+ of \d+ aims are met/);
