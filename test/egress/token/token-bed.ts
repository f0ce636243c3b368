/** A gateway whose calls need a token, its upstream, and the token endpoint: all real, each fresh for a test file. */
import { afterAll, beforeAll, beforeEach } from 'vitest';
import type { GatewayConfig, TokenInjection } from '../../../contract/index.ts';
import { converse, openGatewayBed, type GatewayBed } from '../gateway-bed.ts';
import { createConfig, hosts } from '../gateway-config.ts';
import { header, json, serveHttp1, type SeenRequest } from '../http1-upstream.ts';
import {
  clientId,
  clientSecret,
  login,
  openOAuthServer,
  privateKeyPem,
  type OAuthServer,
} from './oauth-server.ts';

export interface TokenTalk {
  bed: GatewayBed;
  oauth: OAuthServer;
  readonly seen: SeenRequest[];
  answer: Parameters<typeof serveHttp1>[1];
  /** The gateway has these credentials now. */
  use(change?: Partial<TokenInjection>, config?: (before: GatewayConfig) => Partial<GatewayConfig>): void;
}

export const clientCredentials = {
  ...{ type: 'ClientCredentials' as const, clientId, clientSecret },
  clientPlace: 'Header' as const,
};

export const serviceAccount = {
  ...{ type: 'ServiceAccount' as const, email: 'agent@project.iam.gserviceaccount.com', keyId: 'k1' },
  privateKeyPem,
};

export const refreshToken = {
  ...{ type: 'RefreshToken' as const, clientId, clientSecret, refreshToken: 'refresh-secret-0' },
  clientPlace: 'Body' as const,
};

const usual: TokenTalk['answer'] = () => json(200, { ok: true });

/** Registers the hooks of a test file. */
export function useTokens(): TokenTalk {
  const talk: TokenTalk = {
    ...{ bed: undefined as unknown as GatewayBed, oauth: undefined as unknown as OAuthServer },
    ...{ seen: [], answer: usual },
    use: (change = {}, config = () => ({})) =>
      talk.bed.configure((ip, port) => {
        const inject = {
          type: 'Token',
          endpoint: talk.oauth.url,
          grant: clientCredentials,
          ...change,
        } as const;
        const before = createConfig(ip, port);
        const upstream = { ...before.upstream, hostAliases: [{ ip, hostnames: [...hosts, login] }] };
        const credentials = [{ ...before.credentials[0]!, inject }];
        const own = { ...before, upstream, credentials };
        return createConfig(ip, port, { upstream, credentials, ...config(own) });
      }),
  };
  beforeAll(async () => {
    const serve = serveHttp1(talk.seen, (request, socket) => talk.answer(request, socket));
    talk.bed = await openGatewayBed({ serve });
    talk.oauth = await openOAuthServer(talk.bed.upstreamIp);
  });
  afterAll(async () => {
    talk.oauth.close();
    await talk.bed.close();
  });
  beforeEach(() => {
    talk.seen.length = 0;
    talk.bed.records.length = 0;
    talk.answer = usual;
    Object.assign(talk.oauth, { lifeSeconds: 3_600, misbehave: () => false, hold: false });
    talk.oauth.release();
    talk.oauth.asked.length = 0;
    // Nothing is kept of the test before: no document has its tokens.
    talk.bed.configure((ip, port) => createConfig(ip, port));
  });
  return talk;
}

const body = JSON.stringify({ model: 'gpt-4o', messages: [] });
export const request = `POST /v1/chat/completions HTTP/1.1\r\nHost: api.openai.com\r\nAuthorization: Bearer placeholder\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;

const whole = (text: string): boolean => /\r\n\r\n.*\}$/s.test(text);

/** One call; what its agent got. */
export async function call(talk: TokenTalk): Promise<string> {
  const agent = await talk.bed.dial('api.openai.com');
  const got = await converse(agent, request, whole);
  agent.destroy();
  return got;
}

/** The keys that reached the upstream. */
export function keysOf({ seen }: TokenTalk): Array<string | undefined> {
  return seen.map((each) => header(each, 'authorization'));
}
