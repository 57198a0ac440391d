// A real OpenID provider (npm `oidc-provider`, certified) with its own pages for development: whoever types a name is
// signed in as that. Arguments: port, client ID, client secret, redirect URI. Says "ready" once it listens.
import { Provider } from "oidc-provider";

const [port, clientId, clientSecret, redirectUri] = process.argv.slice(2);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: clientId,
      client_secret: clientSecret,
      redirect_uris: [redirectUri],
      post_logout_redirect_uris: [new URL("/", redirectUri).href],
      grant_types: ["authorization_code"],
      response_types: ["code"],
    },
  ],
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name"] },
  cookies: { keys: ["only for tests"] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: "Vera Paz", email: `${id}@example.org`, email_verified: true }),
  }),
  pkce: { required: () => true },
});

provider.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
