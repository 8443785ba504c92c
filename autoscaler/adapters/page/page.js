// Asks the daemon again and again, and shows what it says. Text is set as text: a name is never markup.

import {addPoint, draw, inWords} from "./chart.js";
import {clock, inUnit, percent, target} from "./words.js";

const LEAST_PAUSE_SECONDS = 1, LONGEST_PAUSE_SECONDS = 30, TIMEOUT_MS = 10000;
const ALARMING = ["failing", "refused", "blind"];
const CONDITIONS = [...ALARMING, "standby", "paused", "settling", "holding", "ok"];  // worst first
const cards = new Map();  // service name -> what is on the page of it
const byId = (id) => document.getElementById(id);

async function ask(path) {
  const answer = await fetch(path, {signal: AbortSignal.timeout(TIMEOUT_MS), cache: "no-store"});
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  return answer.json();
}

async function turn(failures) {
  let pause;
  try {
    const [daemon, services] = await Promise.all([ask("api/v1/status"), ask("api/v1/services")]);
    showDaemon(daemon);
    await showServices(services);
    pause = Math.max(LEAST_PAUSE_SECONDS, daemon.interval_seconds / 2);
    failures = 0;
  } catch (error) {
    failures += 1;
    pause = Math.min(LONGEST_PAUSE_SECONDS, 2 ** failures);
    say("bad", `the daemon does not answer (${error.message}); what is shown here is old`);
  }
  setTimeout(turn, pause * 1000, failures);
}

function say(kind, text) {
  const state = byId("state");
  if (state.textContent === text) return;  // a screen reader need not hear it again
  state.className = kind;
  state.textContent = text;
}

function showDaemon(daemon) {
  byId("version").textContent = daemon.version;
  const alarms = ALARMING.map((condition) => {
    const names = Object.keys(daemon.services).filter((name) => daemon.services[name] === condition);
    return names.length ? `${condition}: ${names.join(", ")}` : "";
  }).filter(Boolean);
  const notes = [...alarms, daemon.message, ...daemon.notes];
  say(!daemon.ok || alarms.length ? "bad" : daemon.notes.length ? "mark" : "good", notes.join(" · "));
}

async function showServices(services) {
  const names = new Set(services.map((service) => service.service));
  for (const [name, card] of cards) {
    if (!names.has(name)) {
      card.article.remove();
      cards.delete(name);
    }
  }
  const fresh = services.filter((service) => !cards.has(service.service)).map((service) => newCard(service.service));
  await Promise.all(fresh);
  const rank = (service) => CONDITIONS.indexOf(service.condition ?? "ok");
  const worstFirst = [...services].sort((a, b) => rank(a) - rank(b));
  worstFirst.forEach((service, index) => {
    const card = cards.get(service.service), place = byId("services").children[index];
    show(card, service);
    if (place !== card.article) place.before(card.article);
  });
}

async function newCard(name) {
  const article = byId("service").content.cloneNode(true).firstElementChild;
  const path = `api/v1/services/${encodeURIComponent(name)}`;
  article.querySelector("h2").textContent = name;
  article.querySelector(".past").href = `${path}/decisions`;
  byId("services").append(article);
  const card = {article, rule: null, points: [], desired: null};
  cards.set(name, card);
  Object.assign(card, await ask(`${path}/recent`).catch(() => ({})));
}

function show(card, service) {
  const decision = service.decision, part = (selector) => card.article.querySelector(selector);
  const alarming = ALARMING.includes(service.condition);
  card.article.classList.toggle("trouble", alarming);
  part(".condition").textContent = service.condition ?? "";
  part(".condition").className = `condition ${alarming ? "bad" : service.condition === "ok" ? "good" : "mark"}`;
  if (decision) showCounts(card, decision);
  part(".sentence").textContent = decision?.sentence ?? (service.error ? "" : "not evaluated yet");
  list(part(".notes"), notes(service));
  part("tbody").replaceChildren(...(decision?.proposals ?? []).map((each) => row(each, decision, service.rules)));
  part("table").hidden = !decision?.proposals.length;
  list(part(".limits"), limits(decision));
  part("details").hidden = !part(".limits").children.length;
  part(".past").textContent = service.at ? `evaluated at ${clock(service.at)}; earlier decisions` : "earlier decisions";
  showChart(card, service);
}

function showCounts(card, decision) {
  const {current, ready} = decision.replicas, desired = decision.desired;
  card.article.querySelector(".ready").textContent = `${ready} ready`;
  card.article.querySelector(".of").textContent =
    `of ${current}, wants ${desired}, allowed ${decision.low} to ${decision.high}`;
  if (card.desired !== null && card.desired !== desired) {
    byId("news").textContent = `${decision.service}: ${card.desired} to ${desired} replicas`;
  }
  card.desired = desired;
}

function notes(service) {
  const {paused_until: paused, override} = service.intervention ?? {};
  return [
    service.error && ["bad", service.error],
    paused && ["mark", `paused until ${clock(paused)}`],
    override && ["mark", `an operator wants ${override.replicas} replicas until ${clock(override.until)}`],
    service.held && ["mark", service.held],
    service.operation?.error && ["bad", `the last change failed: ${service.operation.error}`],
  ].filter(Boolean);
}

function row(proposal, decision, rules) {
  const rule = rules.find((each) => each.name === proposal.rule), {reading} = proposal, tr = document.createElement("tr");
  const usable = reading.kind === "value";
  tr.classList.toggle("winner", decision.winner === proposal.rule);
  tr.classList.toggle("unusable", !usable);
  const value = usable ? inUnit(rule, reading.value) : `no reading (${reading.kind})`;
  const wants = proposal.replicas === null ? "–" : `${proposal.cap ? "at most " : ""}${proposal.replicas}`;
  for (const text of [proposal.rule, value, target(rule, proposal), percent(proposal.ratio), wants]) {
    tr.insertCell().textContent = text;
  }
  if (decision.winner === proposal.rule) tr.cells[0].append(unseen(" decides"));
  tr.title = reading.note ?? "";
  return tr;
}

function unseen(text) {
  const span = document.createElement("span");
  span.className = "unseen";
  span.textContent = text;
  return span;
}

function limits(decision) {
  if (!decision) return [];
  const applied = decision.limits.map((each) => ["", `${each.limit}: ${each.before} → ${each.after}, ${each.note}`]);
  const learned = (decision.sizing?.estimates ?? []).map((each) => ["", `${each.name}: ${each.note}`]);
  return [...applied, ...learned];
}

function list(element, lines) {
  element.replaceChildren(...lines.map(([kind, text]) => {
    const item = document.createElement("li");
    item.className = kind;
    item.textContent = text;
    return item;
  }));
}

function showChart(card, service) {
  const decision = service.decision, rule = service.rules.find((each) => each.name === card.rule);
  if (decision) {
    const load = decision.proposals.find((each) => each.rule === card.rule)?.reading.value ?? null;
    addPoint(card.points, [decision.at, load, decision.replicas.current, decision.replicas.ready, decision.desired]);
  }
  const svg = card.article.querySelector("svg"), text = inWords(card.points, (value) => inUnit(rule, value));
  draw(svg, card.points);
  svg.setAttribute("aria-label", text);
  card.article.querySelector("figcaption").textContent = text;
}

turn(0);
