"use strict";
// Looks at /status every two seconds. Every text from there is set as text, never as HTML.

const EVERY_MS = 2000;
const HISTORY = 150; // looks: five minutes
const history = new Map(); // pool name -> waiting jobs, newest last
let token = sessionStorage.getItem("token") || "";

const at = (id) => document.getElementById(id);

function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

function count(value) {
  return value === null || value === undefined ? "–" : Math.round(value).toLocaleString("en");
}

function duration(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const units = [["d", 86400], ["h", 3600], ["m", 60]];
  for (const [i, [unit, size]] of units.entries()) {
    if (seconds < size) continue;
    const [below, smaller] = units[i + 1] || ["s", 1];
    const rest = Math.floor((seconds % size) / smaller);
    return `${Math.floor(seconds / size)}${unit}${rest ? rest + below : ""}`;
  }
  return `${Math.floor(seconds)}s`;
}

function money(usd) {
  if (usd === null || usd === undefined) return "–";
  return "$" + (usd >= 0.01 || usd === 0 ? usd.toFixed(2) : usd.toPrecision(2));
}

function stateOf(pool) {
  if (pool.paused) return ["paused", ""];
  if (pool.retiring) return ["retiring", ""];
  if (pool.panic) return ["panic", "bad"];
  if (pool.signal.state === "none") return ["new", ""];
  if (pool.signal.state !== "fresh") return [`queue ${pool.signal.state}`, "bad"];
  return pool.problem ? ["problem", "bad"] : ["", ""];
}

function slotBar(pool) {
  const { ready, booting, busy } = pool.slots;
  const parts = {
    busy: Math.min(busy, ready), ready: Math.max(ready - busy, 0), booting,
    missing: Math.max(pool.desired - ready - booting, 0),
  };
  const bar = element("div", undefined, "bar");
  bar.title = Object.entries(parts).map(([name, slots]) => `${name} ${slots}`).join(", ") + " slots";
  for (const [name, slots] of Object.entries(parts)) {
    if (!slots) continue;
    const part = element("i", undefined, name);
    part.style.flexGrow = slots;
    bar.append(part);
  }
  return bar;
}

function sparkline(values) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  const line = document.createElementNS(space, "polyline");
  const most = Math.max(1, ...values);
  svg.setAttribute("viewBox", `0 0 ${HISTORY - 1} 100`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `waiting jobs of the last minutes, at most ${most}`);
  const first = HISTORY - values.length;
  const points = values.map((v, i) => (v === null ? "" : `${first + i},${98 - (v / most) * 96}`));
  line.setAttribute("points", points.join(" "));
  svg.append(line);
  return svg;
}

function remember(pool) {
  const values = history.get(pool.name) || [];
  values.push(pool.signal.state === "fresh" ? pool.signal.waiting : null); // null: unknown, not zero
  history.set(pool.name, values.slice(-HISTORY));
  return history.get(pool.name);
}

function poolCard(pool) {
  const card = element("section");
  const title = element("h2", pool.name);
  title.append(element("span", ...stateOf(pool)));
  const numbers = element("dl");
  const facts = {
    waiting: count(pool.signal.waiting), running: count(pool.signal.running),
    wanted: count(pool.desired), nodes: count(pool.nodes.total),
  };
  for (const [name, value] of Object.entries(facts))
    numbers.append(element("dt", name), element("dd", value));
  card.append(title, slotBar(pool), numbers, sparkline(remember(pool)));
  if (pool.problem) card.append(element("p", pool.problem, "bad"));
  if (pool.changed)
    card.append(element("p", `${pool.changed.before} → ${pool.changed.desired} slots, ` +
      `${duration(pool.changed.age_s)} ago: ${pool.changed.summary}`));
  card.append(element("p", `${money(pool.price_usd_per_hour)}/h, ${money(pool.cost_usd)} so far`));
  return card;
}

function problemsOf(status) {
  const problems = [status.problem, status.store.problem];
  problems.push(...status.policy_errors.map((p) => p.error));
  problems.push(...status.inventories.filter((i) => i.problem).map((i) => `${i.name}: ${i.problem}`));
  return problems.filter(Boolean);
}

function show(status) {
  const sum = status.totals;
  at("facts").textContent = `${status.mode}, up ${duration(status.uptime_s)}, ${count(sum.pools)} pools, ` +
    `${count(sum.nodes.total)} nodes, ${money(sum.price_usd_per_hour)}/h, ${money(sum.cost_usd)} so far` +
    (sum.dry_run ? `; really running: ${count(sum.dry_run.real.nodes)} nodes, ` +
      `${money(sum.dry_run.real.cost_usd)} so far` : "");
  at("problems").replaceChildren(...problemsOf(status).map((text) => element("li", text)));
  at("pools").replaceChildren(...status.pools.map(poolCard));
}

async function look() {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  try {
    const reply = await fetch("/status", { headers, cache: "no-store", signal: AbortSignal.timeout(10000) });
    at("login").hidden = reply.status !== 401;
    if (reply.ok) show(await reply.json());
    else at("problems").replaceChildren(element("li", (await reply.json()).error));
  } catch (problem) {
    at("problems").replaceChildren(element("li", `musterd does not answer (${problem.message})`));
  }
  setTimeout(look, document.hidden ? 5 * EVERY_MS : EVERY_MS);
}

at("login").addEventListener("submit", (event) => {
  event.preventDefault();
  token = at("token").value.trim();
  sessionStorage.setItem("token", token);
});
look();
