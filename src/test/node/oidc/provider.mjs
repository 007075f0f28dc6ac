// A provider of OpenID Connect: node provider.mjs FOLDER CLIENTS. FOLDER has its modules, CLIENTS is
// JSON as oidc-provider takes it. Says its port; anybody signs in, with whatever name and password.
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, clients] = process.argv.slice(2);
const module = path.join(folder, 'node_modules/oidc-provider/lib/index.js');
const { default: Provider } = await import(pathToFileURL(module));

const server = http.createServer();
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address();
  const provider = new Provider(`http://127.0.0.1:${port}`, {
    clients: JSON.parse(clients),
    claims: { openid: ['sub'], email: ['email', 'email_verified'], groups: ['groups'] },
    scopes: ['openid', 'email', 'groups'],
    conformIdTokenClaims: false, // claims in the ID token and not behind another question
    cookies: { keys: ['of this test alone'] },
    findAccount: (ctx, id) => ({
      accountId: id,
      claims: () => ({
        sub: id,
        email: `${id}@shop.example`,
        email_verified: true,
        groups: { ann: ['staff', 'ops'], eve: ['guests'] }[id] ?? ['staff'],
      }),
    }),
  });
  server.on('request', provider.callback());
  process.stdout.write(`${port}\n`);
});
process.stdin.resume().on('end', () => process.exit());
