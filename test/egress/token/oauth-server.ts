/** A real HTTPS token endpoint: RFC 6749 and 7523 as a server sees them, with every way to misbehave that a test asks for. */
import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { upstreamCa } from '../gateway-config.ts';
import { createTestCa, issueTestLeaf } from '../test-ca.ts';

export const login = 'login.example.com';
export const clientId = 'gateway-client';
export const clientSecret = 'client-secret-5c1e:%&';

const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
export const privateKeyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const publicKey = createPublicKey(pair.publicKey.export({ type: 'spki', format: 'pem' }));

export interface Asked {
  readonly form: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage['headers'];
  readonly path: string;
}

export interface OAuthServer {
  readonly port: number;
  readonly url: string;
  /** Every question, in order. */
  readonly asked: Asked[];
  /** Seconds a token lives; undefined: it does not say. */
  lifeSeconds: number | undefined;
  /** Answers in place of the server; false: the server does. */
  misbehave: (response: ServerResponse, before: number) => boolean;
  /** Answers what was held back by `hold`. */
  hold: boolean;
  release(): void;
  close(): void;
}

const leaf = issueTestLeaf(upstreamCa, [login]);
const stranger = issueTestLeaf(createTestCa('nobody knows it'), [login]);

function say(response: ServerResponse, status: number, value: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(value));
}

function decoded(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}

/** RFC 6749 2.3.1: in the field, or in the form. */
function clientOf({ form, headers }: Asked): string {
  const [, basic] = /^Basic (.+)$/.exec(headers.authorization ?? '') ?? [];
  if (basic === undefined) return `${form['client_id'] ?? ''} ${form['client_secret'] ?? ''}`;
  const [id = '', secret = ''] = Buffer.from(basic, 'base64').toString().split(':');
  return `${decoded(id)} ${decoded(secret)}`;
}

/** RFC 7523 3: signed by the key it knows, for this endpoint, and of now. */
function isAsserted(url: string, { form }: Asked): boolean {
  const [head = '', claims = '', signature = ''] = (form['assertion'] ?? '').split('.');
  const isSigned = verify(
    'sha256',
    Buffer.from(`${head}.${claims}`),
    publicKey,
    Buffer.from(signature, 'base64url'),
  );
  const read = (part: string) =>
    JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>;
  const { aud, iat, exp, iss, scope } = read(claims);
  const isNow = typeof iat === 'number' && Math.abs(iat - Date.now() / 1_000) < 60 && exp === iat + 3_600;
  const isOurs = iss === 'agent@project.iam.gserviceaccount.com' && scope !== undefined && aud === url;
  return isSigned && isNow && isOurs && read(head)['alg'] === 'RS256';
}

/** `secure` false: by an authority that nobody trusts. */
export async function openOAuthServer(host: string, secure = true): Promise<OAuthServer> {
  const held: Array<() => void> = [];
  const grant = (asked: Asked, response: ServerResponse): void => {
    const { form } = asked;
    const number = server.asked.length;
    const isClient = clientOf(asked) === `${clientId} ${clientSecret}`;
    const given = {
      access_token: `token-${number}-secret`,
      token_type: 'Bearer',
      expires_in: server.lifeSeconds,
    };
    if (form['grant_type'] === 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
      return isAsserted(server.url, asked)
        ? say(response, 200, given)
        : say(response, 400, { error: 'invalid_grant' });
    }
    if (!isClient) return say(response, 401, { error: 'invalid_client', error_description: clientSecret });
    if (form['grant_type'] === 'client_credentials') return say(response, 200, given);
    if (form['grant_type'] !== 'refresh_token')
      return say(response, 400, { error: 'unsupported_grant_type' });
    const isKnown = /^refresh-secret-\d+$/.test(form['refresh_token'] ?? '');
    const next = { ...given, refresh_token: `refresh-secret-${number}` };
    return isKnown ? say(response, 200, next) : say(response, 400, { error: 'invalid_grant' });
  };
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    response.on('error', () => undefined);
    request.on('error', () => undefined);
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const form = Object.fromEntries(new URLSearchParams(Buffer.concat(chunks).toString()));
      const asked = { form, headers: request.headers, path: request.url ?? '' };
      server.asked.push(asked);
      const answer = (): void => {
        if (!server.misbehave(response, server.asked.length - 1)) grant(asked, response);
      };
      if (server.hold) held.push(answer);
      else answer();
    });
  };
  const { certificatePem: cert, privateKeyPem: key } = secure ? leaf : stranger;
  const listener = createServer({ cert, key }, take);
  listener.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => listener.listen(0, host, resolve));
  const { port } = listener.address() as AddressInfo;
  const server: OAuthServer = {
    port,
    url: `https://${login}:${port}/oauth2/token`,
    asked: [],
    lifeSeconds: 3_600,
    misbehave: () => false,
    hold: false,
    release: () => {
      for (const answer of held.splice(0)) answer();
    },
    close: () => {
      listener.closeAllConnections();
      listener.close();
    },
  };
  return server;
}
