// SPDX-License-Identifier: Apache-2.0
// A page of the API's own that uses what browsers have: fetch, also with bodies that stream, EventSource, WebSocket.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { LIGHT, PASSWORD, heading, visitor, withBrowser } from './browser.mjs';

const MEBI = 1024 * 1024;
const digest = (size) => createHash('sha256').update(Buffer.alloc(size, 7)).digest('hex');

await withBrowser(async (browser) => {
  const page = await visitor(browser, LIGHT);
  await page.goto('/app');
  await page.getByLabel('User name or e-mail address').fill('alice');
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  assert.equal(await heading(page), 'app');

  const upload = await page.evaluate(async (size) => {
    const answer = await fetch('/api/upload', { method: 'POST', body: new Uint8Array(size).fill(7) });
    return { status: answer.status, ...await answer.json() };
  }, 5 * MEBI);
  assert.equal(upload.status, 200);
  assert.equal(upload.size, 5 * MEBI);
  assert.equal(upload.sha256, digest(5 * MEBI), 'the service has what the page sent');
  assert.ok(upload.sub, 'the service is told who calls');
  assert.equal(upload.cookie, null, 'and has none of the session');

  // Chromium streams bodies over HTTP/2 alone.
  const streamed = await page.evaluate(async (size) => {
    let left = size / 65536;
    const body = new ReadableStream({
      pull(to) {
        if (left-- === 0) return to.close();
        to.enqueue(new Uint8Array(65536).fill(7));
      },
    });
    const answer = await fetch('/api/upload?streamed', { method: 'POST', body, duplex: 'half' });
    return { status: answer.status, ...await answer.json() };
  }, 2 * MEBI);
  assert.equal(streamed.status, 200);
  assert.equal(streamed.sha256, digest(2 * MEBI));

  // Twenty at once on the one connection.
  const sizes = await page.evaluate(async () => Promise.all([...Array(20).keys()].map(
    async (n) => (await (await fetch(`/api/download?${n}`)).arrayBuffer()).byteLength)));
  assert.deepEqual(sizes, Array(20).fill(4 * MEBI));

  const events = await page.evaluate(() => new Promise((resolve, reject) => {
    const source = new EventSource('/api/events');
    const seen = [];
    source.onmessage = (event) => {
      seen.push(`${event.lastEventId} ${event.data}`);
      if (seen.length < 20) return;
      source.close();
      resolve(seen);
    };
    source.onerror = () => reject(new Error(`the events broke off after ${seen.length}`));
  }));
  assert.deepEqual(events, [...Array(20).keys()].map((n) => `${n} event ${n}`));

  const protocols = await page.evaluate(() => [...new Set([...performance.getEntriesByType('navigation'),
    ...performance.getEntriesByType('resource')].map((entry) => entry.nextHopProtocol))]);
  assert.deepEqual(protocols, ['h2']);

  const echoed = await page.evaluate((size) => new Promise((resolve, reject) => {
    const socket = new WebSocket(`wss://${location.host}/talk`);
    const seen = [];
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => { socket.send('hello'); socket.send(new Uint8Array(size).fill(7)); };
    socket.onmessage = ({ data }) => {
      seen.push(typeof data === 'string' ? data : data.byteLength);
      if (seen.length === 2) socket.close(1000, 'done');
    };
    socket.onclose = ({ code, wasClean }) => resolve({ seen, code, wasClean });
    socket.onerror = () => reject(new Error('the WebSocket broke'));
  }), 300000);
  assert.deepEqual(echoed, { seen: ['hello', 300000], code: 1000, wasClean: true });

  // Without the session there is nothing: refused as an API refuses, not sent to a page.
  await page.context().clearCookies();
  const refused = await page.evaluate(async () => {
    const answer = await fetch('/api/download');
    return { status: answer.status, code: (await answer.json()).code };
  });
  assert.deepEqual(refused, { status: 401, code: 'token_missing' });
  const [socket, source] = await page.evaluate(() => Promise.all([
    new Promise((resolve) => {
      const refused = new WebSocket(`wss://${location.host}/talk`);
      refused.onopen = () => resolve('open');
      refused.onerror = () => resolve('refused');
    }),
    new Promise((resolve) => {
      const refused = new EventSource('/api/events');
      refused.onopen = () => resolve('open');
      refused.onerror = () => resolve(refused.readyState === EventSource.CLOSED ? 'refused' : 'again');
    }),
  ]));
  assert.deepEqual([socket, source], ['refused', 'refused']);
  assert.deepEqual(page.faults, []);
});
