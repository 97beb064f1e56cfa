"use strict";
(() => {
  const all = (query, from = document) => [...from.querySelectorAll(query)];
  const by = (id) => document.getElementById(id);
  document.documentElement.classList.add("js");

  // An address or a command is copied by a click; where that is forbidden it is selected all the same.
  let timer;
  document.addEventListener("click", async (event) => {
    const found = event.target.closest(".cid, .command");
    if (!found) return;
    try {
      await navigator.clipboard.writeText(found.textContent);
      by("said").textContent = "copied";
    } catch {
      by("said").textContent = "selected: copy it with Ctrl-C";
    }
    clearTimeout(timer);
    timer = setTimeout(() => { by("said").textContent = ""; }, 2000);
  });

  // A click on a column's title sorts by it, another one the other way round.
  const table = by("instances");
  const body = table.tBodies[0];
  const value = (row, column) => {
    const cell = row.cells[column];
    if (cell.dataset.v !== undefined) return Number(cell.dataset.v);
    return cell.textContent.trim();
  };
  const compare = (one, other) => {
    if (one === "" || other === "") return (one === "") - (other === "");
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  };
  all("thead th", table).forEach((title, column) => {
    const button = document.createElement("button");
    button.className = "sort";
    button.type = "button";
    button.append(...title.childNodes);
    title.append(button);
    title.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const down = title.getAttribute("aria-sort") === "ascending";
      all("thead th", table).forEach((each) => each.setAttribute("aria-sort", "none"));
      title.setAttribute("aria-sort", down ? "descending" : "ascending");
      const rows = [...body.rows].map((row) => [value(row, column), row]);
      rows.sort(([one], [other]) => {
        const empty = (one === "") - (other === "");
        return empty || (down ? compare(other, one) : compare(one, other));
      });
      body.append(...rows.map(([, row]) => row));
    });
  });

  // What does not have all the words, or is in another state, is hidden.
  const form = document.querySelector(".filter");
  const filter = () => {
    const words = by("find").value.toLowerCase().split(/\s+/);
    const only = by("only").value;
    let count = 0;
    for (const row of body.rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !(words.every((word) => text.includes(word)) && (!only || row.className === only));
      count += !row.hidden;
    }
    by("found").textContent = count === body.rows.length ? "" : `${count} of ${body.rows.length}`;
  };
  form.hidden = false;
  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());

  // On paper nothing can be opened.
  let closed = [];
  addEventListener("beforeprint", () => {
    closed = all("details:not([open])");
    closed.forEach((each) => { each.open = true; });
  });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
})();
