// SPDX-License-Identifier: Apache-2.0
// An OpenID provider with clients of its own, for tests. Prints its URL. POST /rotate-keys makes it sign with, and
// publish, a new key alone; what was issued stays known.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

async function newKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...await exportJWK(privateKey), alg, use: 'sig', kid: randomUUID() };
}

async function newProvider(url) {
  const client = (id, grants) => ({
    client_id: id, client_secret: `${id}-secret`, grant_types: grants, redirect_uris: [], response_types: [],
  });
  const provider = new Provider(url, {
    jwks: { keys: [await newKey('ES256'), await newKey('RS256')] },
    cookies: { keys: ['of no use here'] },
    clients: [client('service', ['client_credentials']), client('gateway', [])],
    scopes: ['orders:read'],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_, resource) => ({
          scope: 'orders:read',
          audience: 'api',
          accessTokenFormat: resource.includes('jwt') ? 'jwt' : 'opaque',
          jwt: { sign: { alg: resource.endsWith('rsa') ? 'RS256' : 'ES256' } },
        }),
      },
    },
  });
  return provider.callback();
}

let serve;
const server = http.createServer(async (request, response) => {
  if (request.url !== '/rotate-keys') return serve(request, response);
  serve = await newProvider(url);
  return response.end('rotated');
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const url = `http://localhost:${server.address().port}`;
serve = await newProvider(url);
console.log(url);
process.stdin.on('end', () => process.exit(0)).resume();
