/**
 * Whom the cluster believes a caller to be and what it lets him do, asked of the cluster itself: TokenReview and
 * SubjectAccessReview. There is no rule of ours about who may read; an API server that does not answer means no.
 */
import { ClrkError } from '../../contract/index.ts';
import type { KubeCaller } from '../../process/index.ts';
import { group, version } from './group.ts';
import type { Attributes } from './intent.ts';
import { KeptAnswers } from './kept-answer.ts';
import type { User } from './request-header.ts';

/** As kube-apiserver's own delegation keeps them, and a refusal shorter: somebody may just have been given a right. */
const allowedMs = 10_000;
const refusedMs = 2_000;
const maxKept = 4096;
const maxTokenChars = 16 * 1024;
/** Anybody may send a token: what they cost must not keep the API server from those who come through it. */
const maxTokensAtOnce = 64;

export interface Access {
  readonly allowed: boolean;
  readonly reason: string;
}

interface ReviewedUser {
  readonly username?: unknown;
  readonly uid?: unknown;
  readonly groups?: unknown;
  readonly extra?: unknown;
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}

function userOf({ username, uid, groups, extra }: ReviewedUser): User | undefined {
  if (typeof username !== 'string' || username === '') return undefined;
  const pairs = Object.entries(typeof extra === 'object' && extra !== null ? extra : {});
  return {
    name: username,
    ...(typeof uid === 'string' && uid !== '' ? { uid } : {}),
    groups: texts(groups),
    extra: Object.fromEntries(pairs.map(([key, values]) => [key, texts(values)])),
  };
}

export class Delegation {
  readonly #call: KubeCaller;
  readonly #users: KeptAnswers<User | undefined>;
  readonly #access: KeptAnswers<Access>;

  constructor(call: KubeCaller, now: () => number) {
    this.#call = call;
    const keptFor = (isGood: boolean): number => (isGood ? allowedMs : refusedMs);
    this.#users = new KeptAnswers({
      ...{ max: maxKept, atOnce: maxTokensAtOnce, now },
      keptMs: (user) => keptFor(user !== undefined),
    });
    this.#access = new KeptAnswers({ max: maxKept, now, keptMs: ({ allowed }) => keptFor(allowed) });
  }

  /** Undefined: a token of nobody. */
  async userOfToken(token: string): Promise<User | undefined> {
    if (token.length > maxTokenChars) return undefined;
    return await this.#users.answer(token, async () => {
      const status = (await this.#review('authentication.k8s.io', 'tokenreviews', 'TokenReview', {
        token,
      })) as {
        readonly authenticated?: unknown;
        readonly user?: ReviewedUser;
      };
      return status.authenticated === true ? userOf(status.user ?? {}) : undefined;
    });
  }

  async access(user: User, attributes: Attributes): Promise<Access> {
    const spec = {
      user: user.name,
      ...(user.uid === undefined ? {} : { uid: user.uid }),
      groups: user.groups,
      extra: user.extra,
      resourceAttributes: { group, version, ...attributes },
    };
    return await this.#access.answer(spec, async () => {
      const resource = 'subjectaccessreviews';
      const status = (await this.#review('authorization.k8s.io', resource, 'SubjectAccessReview', spec)) as {
        readonly allowed?: unknown;
        readonly denied?: unknown;
        readonly reason?: unknown;
      };
      const reason = typeof status.reason === 'string' ? status.reason : '';
      return { allowed: status.allowed === true && status.denied !== true, reason };
    });
  }

  async #review(apiGroup: string, resource: string, kind: string, spec: object): Promise<object> {
    const { status, body } = await this.#call({
      method: 'POST',
      path: `/apis/${apiGroup}/v1/${resource}`,
      body: { apiVersion: `${apiGroup}/v1`, kind, spec },
    });
    const reviewed = (body as { readonly status?: unknown } | null)?.status;
    if (status < 200 || status > 299 || typeof reviewed !== 'object' || reviewed === null) {
      throw new ClrkError('KUBERNETES_API', `${kind} was answered ${status}`, { retryable: true });
    }
    return reviewed;
  }
}

function placeOf({ namespace }: Attributes): string {
  return namespace === undefined ? 'at the cluster scope' : `in the namespace "${namespace}"`;
}

/** In the words kubectl users know. */
export function forbidden(user: User, attributes: Attributes, reason: string): ClrkError {
  const { verb, resource, subresource, name, group: ofGroup = group } = attributes;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  const what = name === undefined ? `${full}.${ofGroup}` : `${full}.${ofGroup} "${name}"`;
  const why = reason === '' ? '' : `: ${reason}`;
  return new ClrkError(
    'FORBIDDEN',
    `${what} is forbidden: User "${user.name}" cannot ${verb} resource "${full}" in API group "${ofGroup}" ${placeOf(attributes)}${why}`,
  );
}
