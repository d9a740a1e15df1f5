"use strict";
// Sorts, searches and switches the table of effects, and moves the strength along the path.
// Every number on the page was computed before; this script only shows them, and asks no network.
(function () {
  var source = document.getElementById("report-data");
  var data = source ? JSON.parse(source.textContent) : {};
  document.documentElement.classList.add("scripted");

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  function byId(id) { return document.getElementById(id); }

  // --- the table of effects -------------------------------------------------------------------------------------

  function setUpTable(table, forms) {
    var body = table.tBodies[0];
    var rows = all("tr", body);
    all(".controls").forEach(function (one) { one.hidden = false; });
    all("thead th[data-key]", table).forEach(function (head, index) { makeSortable(table, head, rows, body); });
    byId("effects-search").addEventListener("input", function (event) { search(rows, event.target.value); });
    all("input[name=effects-form]").forEach(function (input) {
      input.checked = input.defaultChecked;
      input.addEventListener("change", function () { show(table, rows, forms[Number(input.value)]); });
    });
  }

  function makeSortable(table, head, rows, body) {
    var button = document.createElement("button");
    button.type = "button";
    while (head.firstChild) { button.appendChild(head.firstChild); }
    head.appendChild(button);
    button.addEventListener("click", function () {
      var down = head.getAttribute("aria-sort") !== "descending";
      all("thead th", table).forEach(function (one) { one.removeAttribute("aria-sort"); });
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(rows, body, head, down);
    });
  }

  function sort(rows, body, head, down) {
    var column = head.cellIndex;
    var asSize = head.hasAttribute("data-size");
    var keyed = rows.map(function (row, place) {
      var size = asSize ? row.getAttribute("data-size") : row.cells[column].textContent;
      return { row: row, place: place, value: readNumber(size), text: size };
    });
    keyed.sort(function (a, b) { return order(a, b, down) || a.place - b.place; });
    keyed.forEach(function (one) { body.appendChild(one.row); });
  }

  function readNumber(text) { return text.trim() === "" ? NaN : Number(text.replace("∞", "Infinity")); }

  // Numbers by size, then texts by the alphabet; what is not there comes last in both directions.
  function order(a, b, down) {
    var way = down ? -1 : 1;
    var missing = (a.text === "–") - (b.text === "–");
    if (missing) { return missing; }
    var words = isNaN(a.value) - isNaN(b.value);
    if (words) { return words; }
    return way * (isNaN(a.value) ? a.text.localeCompare(b.text) : a.value - b.value || 0);
  }

  function search(rows, text) {
    var wanted = text.trim().toLowerCase();
    var shown = rows.filter(function (row) {
      row.hidden = row.cells[0].textContent.toLowerCase().indexOf(wanted) < 0;
      return !row.hidden;
    });
    byId("effects-count").textContent = shown.length + " of " + rows.length + " rows";
  }

  function show(table, rows, form) {
    var heads = all("thead th", table);
    byId("effects-unit").textContent = form.unit;
    rows.forEach(function (row) {
      var texts = form.cells[Number(row.getAttribute("data-row"))];
      form.keys.forEach(function (key, j) {
        var column = heads.findIndex(function (head) { return head.getAttribute("data-key") === key; });
        row.cells[column].textContent = texts[j];
      });
    });
  }

  // --- the path -------------------------------------------------------------------------------------------------

  var NS = "http://www.w3.org/2000/svg";

  function draw(parent, tag, attributes, text) {
    var node = document.createElementNS(NS, tag);
    Object.keys(attributes).forEach(function (name) { node.setAttribute(name, attributes[name]); });
    if (text !== undefined) { node.textContent = text; }
    parent.appendChild(node);
    return node;
  }

  function between(low, high, from, to) {
    return function (value) { return from + (to - from) * (value - low) / (high - low || 1); };
  }

  function pretty(value) { return value === 0 ? "0" : String(Number(value.toPrecision(4))); }

  function short(name) { return name.length > 18 ? name.slice(0, 17) + "…" : name; }

  function setUpPath(path) {
    var part = byId("moving-path");
    part.hidden = false;
    var cursor = drawLines(byId("path-lines"), path);
    var update = drawForest(byId("path-forest"), path);
    var slider = byId("path-strength");
    function move() {
      var k = Number(slider.value);
      cursor(k);
      update(k);
      var words = path.said[k];
      byId("path-said").textContent = words;
      slider.setAttribute("aria-valuetext", words);
    }
    slider.value = path.start;
    slider.addEventListener("input", move);
    move();
  }

  function drawLines(svg, path) {
    var logs = path.strengths.map(Math.log);
    var x = between(logs[0], logs[logs.length - 1], 46, 390);
    var y = between(path.lineLow, path.lineHigh, 330, 12);
    draw(svg, "line", { class: "zero", x1: 46, x2: 390, y1: y(0), y2: y(0) });
    path.beta.forEach(function (beta, j) {
      var points = beta.map(function (value, k) { return x(logs[k]).toFixed(1) + "," + y(value).toFixed(1); });
      draw(svg, "polyline", { class: path.named[j] ? "line named" : "line", points: points.join(" ") });
    });
    tick(svg, 42, y(path.lineHigh) + 8, "end", pretty(path.lineHigh));
    tick(svg, 42, y(path.lineLow), "end", pretty(path.lineLow));
    tick(svg, 42, y(0) + 4, "end", "0");
    tick(svg, 46, 348, "start", "strength " + pretty(path.strengths[0]) + ": strong");
    tick(svg, 390, 348, "end", "weak: " + pretty(path.strengths[logs.length - 1]));
    var at = x(Math.log(path.current));
    draw(svg, "line", { class: "current", x1: at, x2: at, y1: 12, y2: 330 });
    var line = draw(svg, "line", { class: "cursor", y1: 12, y2: 330 });
    return function (k) {
      line.setAttribute("x1", x(logs[path.stops[k]]));
      line.setAttribute("x2", x(logs[path.stops[k]]));
    };
  }

  function tick(svg, x, y, anchor, text) {
    draw(svg, "text", { class: "tick", x: x, y: y, "text-anchor": anchor }, text);
  }

  function drawForest(svg, path) {
    var x = between(path.low, path.high, 140, 390);
    var height = 18 * path.shown.length + 24;
    svg.setAttribute("viewBox", "0 0 400 " + height);
    draw(svg, "line", { class: "zero", x1: x(0), x2: x(0), y1: 4, y2: height - 20 });
    tick(svg, x(0), height - 6, "middle", "0");
    var marks = path.shown.map(function (j, place) {
      var middle = 14 + 18 * place;
      var label = draw(svg, "text", { x: 132, y: middle + 4, "text-anchor": "end" }, short(path.names[j]));
      draw(label, "title", {}, path.names[j]);
      return {
        bar: path.lower ? draw(svg, "line", { class: "interval", y1: middle, y2: middle }) : null,
        mean: path.mean ? draw(svg, "circle", { class: "mean", cy: middle, r: 3 }) : null,
        map: draw(svg, "path", { class: "map" }), middle: middle
      };
    });
    return function (k) {
      path.shown.forEach(function (j, place) { placeMarks(path, x, marks[place], j, place, k); });
    };
  }

  function placeMarks(path, x, mark, j, place, k) {
    if (mark.bar) {
      mark.bar.setAttribute("x1", x(Math.max(path.low, path.lower[place][k])));
      mark.bar.setAttribute("x2", x(Math.min(path.high, path.upper[place][k])));
      mark.mean.setAttribute("cx", x(path.mean[place][k]));
    }
    var value = path.beta[j][path.stops[k]], at = x(value), y = mark.middle;
    mark.map.setAttribute("class", value === 0 ? "map zero" : "map");
    mark.map.setAttribute("d", "M" + (at - 5) + "," + y + "l5,-5 5,5 -5,5z");
  }

  // --- the contents ---------------------------------------------------------------------------------------------

  function followContents() {
    var links = all("nav a");
    var sections = links.map(function (link) { return byId(link.getAttribute("href").slice(1)); });
    window.addEventListener("scroll", function () {
      var current = 0;
      sections.forEach(function (one, k) { if (one.getBoundingClientRect().top < 120) { current = k; } });
      links.forEach(function (link, k) {
        if (k === current) { link.setAttribute("aria-current", "true"); } else { link.removeAttribute("aria-current"); }
      });
    }, { passive: true });
  }

  if (data.forms) { setUpTable(byId("effects-table"), data.forms); }
  if (data.path) { setUpPath(data.path); }
  followContents();
})();
