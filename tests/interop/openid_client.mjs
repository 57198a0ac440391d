// A tool on npm's `openid-client` (certified), which signs people in through the provider at ISSUER. Its pages say as
// JSON what it has found out. Arguments: port, issuer, client ID, client secret ("" for a client that can keep none).
// Says "ready" once it listens. `/?without=pkce` and `/?back=ADDRESS` ask wrongly, on purpose.
import http from "node:http";
import * as client from "openid-client";

const [port, issuer, clientId, clientSecret] = process.argv.slice(2);
const home = `http://127.0.0.1:${port}`;

/** @param {string} secret */
const configure = (secret) =>
  client.discovery(
    new URL(issuer),
    clientId,
    undefined,
    secret ? client.ClientSecretBasic(secret) : client.None(),
    // Also the signature is checked, which the library leaves to TLS otherwise.
    { execute: [client.allowInsecureRequests, client.enableNonRepudiationChecks] },
  );

let asked = {};
let tokens = {};
let returned = new URL(home);

const pages = {
  "/": async (url) => {
    const config = await configure(clientSecret);
    const verifier = client.randomPKCECodeVerifier();
    asked = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() };
    const question = {
      redirect_uri: url.searchParams.get("back") ?? `${home}/back`,
      scope: "openid profile email groups",
      state: asked.expectedState,
      nonce: asked.expectedNonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: "S256",
    };
    if (url.searchParams.get("without") === "pkce") {
      delete question.code_challenge;
      delete question.code_challenge_method;
    }
    const prompt = url.searchParams.get("prompt");
    return client.buildAuthorizationUrl(config, prompt ? { ...question, prompt } : question);
  },
  "/back": async (url) => {
    returned = url;
    const config = await configure(clientSecret);
    tokens = await client.authorizationCodeGrant(config, url, { ...asked, idTokenExpected: true });
    const claims = tokens.claims();
    return { claims, userinfo: await client.fetchUserInfo(config, tokens.access_token, claims.sub) };
  },
  // The same code once more; and with a secret or verifier that is wrong.
  "/again": async () => client.authorizationCodeGrant(await configure(clientSecret), returned, asked),
  "/wrong-secret": async () => client.authorizationCodeGrant(await configure("wrong"), returned, asked),
  "/wrong-verifier": async () => {
    const wrong = { ...asked, pkceCodeVerifier: client.randomPKCECodeVerifier() };
    return client.authorizationCodeGrant(await configure(clientSecret), returned, wrong);
  },
  // Comes back, but its code is kept for the pages above.
  "/keep": async (url) => {
    returned = url;
    return { kept: true };
  },
  "/refresh": async () => {
    const config = await configure(clientSecret);
    tokens = await client.refreshTokenGrant(config, tokens.refresh_token);
    return client.fetchUserInfo(config, tokens.access_token, client.skipSubjectCheck);
  },
  "/userinfo": async () =>
    client.fetchUserInfo(await configure(clientSecret), tokens.access_token, client.skipSubjectCheck),
  "/revoke": async () => {
    await client.tokenRevocation(await configure(clientSecret), tokens.access_token);
    return { revoked: true };
  },
  "/out": async () =>
    client.buildEndSessionUrl(await configure(clientSecret), {
      post_logout_redirect_uri: `${home}/bye`,
      id_token_hint: tokens.id_token,
    }),
  "/bye": async () => ({ bye: true }),
};

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, home);
  try {
    const said = await pages[url.pathname](url);
    if (said instanceof URL) {
      response.writeHead(302, { Location: said.href }).end();
    } else {
      response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(said));
    }
  } catch (error) {
    const said = { failed: error.error ?? error.code ?? error.name, status: error.status ?? null };
    response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(said));
  }
});
server.listen(Number(port), "127.0.0.1", () => process.stdout.write("ready\n"));
