// SPDX-License-Identifier: Apache-2.0
// Asks the admin address every other second and shows what it says. Whatever came from outside is set as text, never
// as markup.
'use strict';

const EVERY = 2000;  // ms
const KEPT = 150;    // samples: five minutes
const CLASSES = ['2xx', '3xx', '4xx', '5xx'];

const byId = (id) => document.getElementById(id);

function element(name, options = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(options)) {
    if (key === 'class') made.className = value;
    else made.setAttribute(key, value);
  }
  for (const child of children) if (child !== null && child !== undefined) made.append(child);
  return made;
}

function drawn(name, attributes, text) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Nothing is drawn anew that is as it was: a selection and the place in a table stay.
const shown = new Map();
function fill(id, facts, make) {
  const now = JSON.stringify(facts);
  if (shown.get(id) === now) return;
  shown.set(id, now);
  byId(id).replaceChildren(...[make(facts)].flat());
}

// A column: [title, cell, is it a number].
function table(columns, rows, nothing) {
  if (rows.length === 0) return element('p', { class: 'faint' }, nothing);
  const head = columns.map(([title, , number]) => element('th', { scope: 'col', class: number ? 'n' : '' }, title));
  const body = rows.map((row) => element('tr', {}, ...columns.map(([, cell, number]) =>
    element('td', { class: number ? 'n' : '' }, cell(row)))));
  return element('table', {}, element('thead', {}, element('tr', {}, ...head)), element('tbody', {}, ...body));
}

const code = (text) => element('code', {}, text);
const mark = (kind, text) => element('span', { class: kind }, text);
const number = (value, digits = 0) => value.toLocaleString('en', { maximumFractionDigits: digits });
const time = (seconds) => (seconds ? new Date(seconds * 1000).toLocaleString() : '–');

function span(seconds) {
  const units = [[86400, 'd'], [3600, 'h'], [60, 'min'], [1, 's']];
  const at = Math.max(0, units.findIndex(([size]) => seconds >= size));
  return [at, at + 1].filter((i) => i < units.length)
    .map((i) => `${Math.floor((i === at ? seconds : seconds % units[at][0]) / units[i][0])} ${units[i][1]}`).join(' ');
}

function milliseconds(seconds) {
  if (seconds === null) return '–';
  return seconds < 0.0995 ? `${number(seconds * 1000, 2)} ms` : `${number(seconds, 2)} s`;
}

async function ask(path) {
  const answer = await fetch(path, { cache: 'no-store', headers: { Accept: 'application/json' } });
  const text = await answer.text();
  let body = text;
  try {
    body = JSON.parse(text);
  } catch {
    // The metrics are text.
  }
  if (answer.ok) return body;
  const problem = new Error([].concat(body.errors ?? body.detail ?? body.title ?? answer.status).join('; '));
  problem.status = answer.status;
  throw problem;
}

// ---- the metrics

// name -> [{labels, value}]
function readMetrics(text) {
  const all = new Map();
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!found) continue;
    const labels = {};
    for (const [, key, value] of (found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
      labels[key] = value.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
    if (!all.has(found[1])) all.set(found[1], []);
    all.get(found[1]).push({ labels, value: Number(found[3]) });
  }
  return all;
}

const sum = (metrics, name, wanted = () => true) =>
  (metrics.get(name) ?? []).filter(({ labels }) => wanted(labels)).reduce((all, { value }) => all + value, 0);

// Of what came between two samples, the time below which a share of it was; within its bucket, in proportion.
function quantile(before, now, share) {
  const buckets = (metrics) => (metrics.get('gatewarden_request_duration_seconds_bucket') ?? [])
    .map(({ labels, value }) => [labels.le === '+Inf' ? Infinity : Number(labels.le), value]).sort((a, b) => a[0] - b[0]);
  const old = new Map(buckets(before));
  const fresh = buckets(now).map(([end, value]) => [end, value - (old.get(end) ?? 0)]);
  const all = fresh.length ? fresh[fresh.length - 1][1] : 0;
  if (all <= 0) return null;
  let begin = 0;
  let below = 0;
  for (const [end, value] of fresh) {
    if (value >= share * all)
      return end === Infinity ? begin : begin + (end - begin) * ((share * all - below) / Math.max(1, value - below));
    begin = end;
    below = value;
  }
  return begin;
}

const samples = [];
let former = null;

function take(metrics, at) {
  const known = former;
  former = { metrics, at };
  if (!known) return null;
  const seconds = Math.max(0.001, (at - known.at) / 1000);
  const rate = (name, wanted) => Math.max(0, sum(metrics, name, wanted) - sum(known.metrics, name, wanted)) / seconds;
  const sample = {
    at,
    classes: CLASSES.map((one) => rate('gatewarden_requests_total', ({ code }) => code === one)),
    requests: rate('gatewarden_requests_total'),
    refused: rate('gatewarden_refusals_total'),
    median: quantile(known.metrics, metrics, 0.5),
    slowest: quantile(known.metrics, metrics, 0.99),
  };
  samples.push(sample);
  if (samples.length > KEPT) samples.shift();
  return sample;
}

// ---- plots

const WIDTH = 600, HEIGHT = 180, LEFT = 44, BOTTOM = 158, TOP = 10;

function roundUp(value) {
  const size = 10 ** Math.floor(Math.log10(value));
  return size * [1, 2, 5, 10].find((step) => value <= step * size);
}

// A line: [class, sample -> value or null].
function plot(id, lines, unit) {
  const values = lines.flatMap(([, value]) => samples.map(value)).filter((value) => value !== null);
  const most = roundUp(Math.max(unit === 'ms' ? 0.1 : 1, ...values));
  const y = (value) => BOTTOM - (value / most) * (BOTTOM - TOP);
  const x = (index) => WIDTH - 4 - (samples.length - 1 - index) * ((WIDTH - LEFT - 4) / (KEPT - 1));
  const parts = [0, 0.5, 1].flatMap((share) => [
    drawn('line', { class: 'grid', x1: LEFT, x2: WIDTH, y1: y(share * most), y2: y(share * most) }),
    drawn('text', { x: LEFT - 6, y: y(share * most) + 4, 'text-anchor': 'end' }, number(share * most, 2)),
  ]);
  parts.push(drawn('text', { x: LEFT, y: HEIGHT - 4 }, '5 min ago'));
  parts.push(drawn('text', { x: WIDTH - 4, y: HEIGHT - 4, 'text-anchor': 'end' }, 'now'));
  for (const [name, value] of lines) {
    // Where nothing came there is no latency, and no line.
    let run = [];
    const close = () => {
      if (run.length === 1) run.push([run[0][0] + 0.5, run[0][1]]);
      if (run.length) parts.push(drawn('polyline', { class: name, points: run.map((point) => point.map((one) => one.toFixed(1)).join(',')).join(' ') }));
      run = [];
    };
    samples.forEach((sample, index) => {
      const each = value(sample);
      if (each === null) close();
      else run.push([x(index), y(each)]);
    });
    close();
  }
  byId(id).replaceChildren(...parts);
}

function legend(id, names) {
  byId(id).replaceChildren(...names.map(([kind, text]) => element('span', { class: kind }, text)));
}

// ---- the parts of the page

function showState(status) {
  const state = byId('state');
  state.textContent = status.ready ? 'ready' : 'not ready';
  state.className = `pill ${status.ready ? 'good' : 'bad'}`;
  const reload = status.last_reload;
  byId('about').textContent = [`version ${status.version}`, `up ${span(status.uptime)}`,
    `${status.workers} ${status.workers === 1 ? 'worker' : 'workers'}`, status.config_file,
    reload ? `last reload ${reload.result} ${time(reload.at)}` : null].filter(Boolean).join(' · ');
}

function showNow(status, metrics, sample) {
  const hits = sum(metrics, 'gatewarden_token_cache_hits_total');
  const asked = hits + sum(metrics, 'gatewarden_token_cache_misses_total');
  const tiles = [
    ['Requests a second', sample ? number(sample.requests, 1) : '–'],
    ['Refused a second', sample ? number(sample.refused, 1) : '–'],
    ['Median latency', sample ? milliseconds(sample.median) : '–'],
    ['99th percentile', sample ? milliseconds(sample.slowest) : '–'],
    ['Connections', number(status.connections)],
    ['Tokens from the cache', asked ? `${number((100 * hits) / asked, 1)} %` : '–'],
  ];
  fill('tiles', tiles, (all) => all.map(([name, value]) =>
    element('div', {}, element('dt', {}, name), element('dd', {}, value))));
  plot('rate-plot', CLASSES.map((_, index) => [`l${index + 2}`, (one) => one.classes[index]]), '/s');
  plot('time-plot', [['l3', (one) => (one.median === null ? null : one.median * 1000)],
    ['l5', (one) => (one.slowest === null ? null : one.slowest * 1000)]], 'ms');
}

function showRefusals(metrics) {
  const all = (metrics.get('gatewarden_refusals_total') ?? []).filter(({ value }) => value > 0)
    .map(({ labels, value }) => [labels.code, value]).sort((a, b) => b[1] - a[1]);
  const most = all.length ? all[0][1] : 1;
  fill('refusal-bars', all, () => (all.length === 0
    ? [element('p', { class: 'faint' }, 'Nothing has been refused since the start.')]
    : all.map(([reason, count]) => element('div', { class: 'bar' }, code(reason),
      element('meter', { min: 0, max: most, value: count, 'aria-label': `${reason}: ${count}` }, String(count)),
      element('span', {}, number(count))))));
}

function showUpstreams(status) {
  const rows = status.upstreams.flatMap((upstream) => upstream.servers.map((server) => ({ upstream: upstream.name, ...server })));
  fill('upstream-table', rows, () => table([
    ['Upstream', ({ upstream }) => upstream],
    ['Server', ({ url }) => code(url)],
    ['Health', ({ up, ejected_by: by }) =>
      (!up ? mark('bad', 'down') : by ? mark('warn', `set aside by ${by} of ${status.workers} workers`) : mark('good', 'up'))],
    ['Requests now', ({ active }) => number(active), true],
  ], rows, 'This configuration has no upstreams.'));
}

function demands({ auth, require, enforce, issuers }) {
  if (auth === 'none') return mark('warn', 'open to everybody');
  const texts = [auth === 'optional' ? 'a token, if there is one, must be good' : 'a token'];
  if (issuers.length) texts.push(`of ${issuers.join(' or ')}`);
  if (require.scopes.length) texts.push(`scope ${require.scopes.join(' and ')}`);
  if (require.roles.length) texts.push(`role ${require.roles.join(' or ')}`);
  for (const [name, value] of Object.entries(require.claims)) texts.push(`${name} = ${JSON.stringify(value)}`);
  if (require.when) texts.push(require.when);
  if (require.bound.length) texts.push(`bound by ${require.bound.join(' or ')}`);
  if (require.client_certificate) texts.push('a client certificate');
  const whole = element('span', {}, texts.join(', '));
  if (!enforce) whole.append(' ', mark('warn', '(not enforced)'));
  return whole;
}

let routes = [];
function showRoutes() {
  const wanted = byId('route-filter').value.toLowerCase();
  const found = routes.filter((route) => JSON.stringify(route).toLowerCase().includes(wanted));
  const most = 500;
  byId('route-count').textContent = `${number(found.length)} of ${number(routes.length)}`
    + (found.length > most ? `, the first ${most} shown` : '');
  fill('route-table', found.slice(0, most), (some) => table([
    ['Route', ({ name }) => name],
    ['Host', ({ host }) => host ?? 'any'],
    ['Path', ({ path }) => code(path)],
    ['Methods', ({ methods }) => (methods.length ? methods.join(' ') : 'any')],
    ['Demands', demands],
    ['Goes to', ({ upstream }) => upstream ?? 'a fixed answer'],
  ], some, 'No route has that in it.'));
}

function showIssuers(status) {
  fill('issuer-table', status.issuers, (all) => table([
    ['Name', ({ name }) => name],
    ['Issuer', ({ issuer }) => code(issuer)],
    ['Keys', ({ keys }) => number(keys), true],
    ['Fetched', ({ fetched_at: at }) => (at === undefined ? 'not fetched' : at ? time(at) : mark('bad', 'never'))],
    ['Trouble', ({ problem }) => (problem ? mark('bad', problem) : '')],
  ], all, 'No issuer is accepted.'));
  fill('own-keys', status.keys, (keys) => (keys.length === 0 ? [] : ['Own keys: ',
    ...keys.flatMap((key, index) => (index ? [', ', code(key)] : [code(key)]))]));
}

function conditions(all) {
  return element('span', {}, ...all.flatMap(({ condition, name, met, error }, index) => [index ? ', ' : '',
    mark(met ? 'good' : 'bad', `${condition}${name ? ` ${name}` : ''}${met ? ' ✓' : ' ✗'}${error ? ` (${error})` : ''}`)]));
}

const verdict = ({ decision, status, code: reason }) => (decision === 'passed'
  ? mark('good', status ? `passed, ${status}` : 'passed, the client left') : mark('bad', `${status} ${reason}`));

async function searchDecisions(event) {
  event.preventDefault();
  const id = byId('d-id').value.trim();
  const filters = new URLSearchParams();
  for (const name of ['decision', 'status', 'code', 'route', 'path', 'client']) {
    const value = byId(`d-${name}`).value.trim();
    if (value) filters.set(name, value);
  }
  await answerTo('decision-table', async () => {
    const found = id ? [await ask(`/api/decisions/${encodeURIComponent(id)}`)] : (await ask(`/api/decisions?${filters}`)).decisions;
    return table([
      ['When', ({ at }) => time(at)],
      ['Request', ({ method, host, path }) => code(`${method ?? ''} ${host ?? ''}${path ?? ''}`)],
      ['Client', ({ client }) => client ?? ''],
      ['Route', ({ route }) => route ?? '–'],
      ['Decision', verdict],
      ['Conditions', (one) => conditions(one.conditions)],
      ['Time', ({ timing }) => milliseconds(timing.total_us / 1e6), true],
      ['Request id', ({ request_id: of }) => code(of)],
    ], found, 'None of the last decisions agrees.');
  });
}

async function searchSessions(event) {
  event.preventDefault();
  await answerTo('session-table', async () => {
    const { sessions } = await ask(`/api/sessions?sub=${encodeURIComponent(byId('session-sub').value.trim())}`);
    return table([
      ['Session', ({ id }) => code(id)],
      ['Since', ({ created_at: at }) => time(at)],
      ['Used', ({ used_at: at }) => time(at)],
      ['Until', ({ expires_at: at }) => time(at)],
      ['Address', ({ address }) => address],
      ['Client', ({ client }) => client],
      ['Backend', ({ backend }) => backend],
    ], sessions, 'This account has no sessions.');
  });
}

async function answerTo(id, make) {
  try {
    byId(id).replaceChildren(await make());
  } catch (problem) {
    byId(id).replaceChildren(element('p', { class: 'problem', role: 'alert' },
      problem.status === 404 ? 'That request is none of the last.' : problem.message));
  }
}

// ---- again and again

let configured = null;  // when the configuration that is shown came

async function update() {
  const [status, text] = await Promise.all([ask('/api/status'), ask('/metrics')]);
  const metrics = readMetrics(text);
  const sample = take(metrics, performance.now());
  showState(status);
  showNow(status, metrics, sample);
  showRefusals(metrics);
  showUpstreams(status);
  showIssuers(status);
  const since = JSON.stringify([status.last_reload?.at, sum(metrics, 'gatewarden_config_reloads_total')]);
  if (configured === since) return;
  const [all, config] = await Promise.all([ask('/api/routes'), ask('/api/config')]);
  routes = all.routes;
  showRoutes();
  byId('config-text').textContent = JSON.stringify(config, null, 2);
  configured = since;
}

async function keepUpdating() {
  const trouble = byId('trouble');
  try {
    if (!document.hidden) await update();
    trouble.hidden = true;
  } catch (problem) {
    trouble.textContent = `The gateway does not answer: ${problem.message}`;
    trouble.hidden = false;
    byId('state').textContent = 'away';
    byId('state').className = 'pill bad';
  }
  setTimeout(keepUpdating, EVERY);
}

legend('rate-legend', CLASSES.map((name, index) => [`l${index + 2}`, name]));
legend('time-legend', [['l3', 'median ms'], ['l5', '99 % ms']]);
byId('route-filter').addEventListener('input', showRoutes);
byId('decision-form').addEventListener('submit', searchDecisions);
byId('session-form').addEventListener('submit', searchSessions);
keepUpdating();
