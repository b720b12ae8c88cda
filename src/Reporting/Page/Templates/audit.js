"use strict";
const audit = JSON.parse(document.getElementById("audit").textContent);
const fields = [...document.querySelectorAll("fieldset")];
const place = "dfkd-audit:" + location.pathname;

const quoted = text => /[",\r\n]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
const table = () => [audit.header, ...audit.rows].map(row => row.map(quoted).join(",")).join("\n") + "\n";

// A browser that keeps nothing for files of the disk still lets one answer and save.
function remember() {
  try { localStorage.setItem(place, JSON.stringify(audit.rows.map(row => row[audit.answer]))); } catch { }
}
function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(place));
    if (kept?.length === audit.rows.length) audit.rows.forEach((row, at) => row[audit.answer] ||= kept[at]);
  } catch { }
}
function count() {
  const done = audit.rows.filter(row => row[audit.answer]).length;
  document.getElementById("count").textContent = `${done} of ${audit.rows.length} answered`;
}
function set(at, answer) {
  audit.rows[at][audit.answer] = answer;
  fields[at].querySelector(`[value=${answer}]`).checked = true;
  fields[at].classList.add("answered");
  remember();
  count();
}

recall();
audit.rows.forEach((row, at) => { if (["yes", "no", "unsure"].includes(row[audit.answer])) set(at, row[audit.answer]); });
count();

document.addEventListener("change", event => {
  const field = event.target.closest("fieldset");
  if (field) set(Number(field.dataset.row), event.target.value);
});
document.addEventListener("keydown", event => {
  const answer = { y: "yes", n: "no", u: "unsure" }[event.key];
  if (!answer || event.ctrlKey || event.altKey || event.metaKey) return;
  const here = document.activeElement.closest("fieldset");
  const at = here ? fields.indexOf(here) : Math.max(0, audit.rows.findIndex(row => !row[audit.answer]));
  set(at, answer);
  const next = fields[Math.min(at + 1, fields.length - 1)];
  next.querySelector("input:checked, input").focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
});
document.getElementById("save").addEventListener("click", () => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([table()], { type: "text/csv" }));
  link.download = audit.file;
  link.click();
  URL.revokeObjectURL(link.href);
});
