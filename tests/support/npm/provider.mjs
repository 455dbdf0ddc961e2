// SPDX-License-Identifier: Apache-2.0
// An OpenID provider with clients of its own, for tests. Prints its URL. POST /rotate-keys gives it new keys while it
// runs: it signs with them from then on, and publishes them alone, or, with ?keep, beside the former ones.
import { randomUUID } from 'node:crypto';
import http from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';
import initializeKeystore from 'oidc-provider/lib/helpers/initialize_keystore.js';

async function newKey(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...await exportJWK(privateKey), alg, use: 'sig', kid: randomUUID() };
}

const newKeys = async () => [await newKey('ES256'), await newKey('RS256')];
let keys = await newKeys();

function newProvider(url) {
  const client = (id, grants) => ({
    client_id: id, client_secret: `${id}-secret`, grant_types: grants, redirect_uris: [], response_types: [],
  });
  return new Provider(url, {
    jwks: { keys },
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
}

let provider, serve;
const server = http.createServer(async (request, response) => {
  if (!request.url.startsWith('/rotate-keys')) return serve(request, response);
  const fresh = await newKeys();
  keys = request.url.endsWith('?keep') ? [...fresh, ...keys] : fresh;
  // What its constructor does with `jwks`: the same provider, with all that it has issued.
  initializeKeystore.call(provider, { keys });
  return response.end('rotated');
});
await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
const url = `http://localhost:${server.address().port}`;
provider = newProvider(url);
serve = provider.callback();
console.log(url);
process.stdin.on('end', () => process.exit(0)).resume();
