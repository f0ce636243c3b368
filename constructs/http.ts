/** HTTP calls by method, path and what else is said of them. A value of its own, so that no rule is without a method. */
import type { Size } from 'cdk8s';
import type { EgressHTTPRouteSpec } from '../api/index.ts';

/** @internal */
export type HttpMatchSpec = EgressHTTPRouteSpec['rules'][number]['matches'][number];

type Named = NonNullable<HttpMatchSpec['headers']>[number];

// The CRD's own.
const bounds = { queryParams: 8, headers: 8, contentTypes: 16 } as const;

function pathOf(path: string): NonNullable<HttpMatchSpec['path']> {
  if (!path.startsWith('/') || /[?#;%\\]|\/\/|\.(\/|$)/.test(path)) {
    throw new Error(`path "${path}" must start with / and have no query, escapes, dot segments or //`);
  }
  if (!/[*{}]/.test(path)) return { type: 'Exact', value: path };
  const isTemplate = /^([^{}]|\{\w+\})*$/.test(path) && !/[^/]\*\*|\*\*[^/]/.test(path);
  if (!isTemplate) {
    throw new Error(`path "${path}" may have {name} or * within a segment, and ** as a whole segment`);
  }
  return { type: 'Template', value: path };
}

/**
 * HTTP calls. An immutable value: each method gives a new one with one more condition. In paths `*` and `{name}` are any text
 * within a segment, `**` is any number of segments. GET is not HEAD.
 *
 * @example
 * ```ts
 * gateway.allowHttp('api.github.com', {
 *   rules: [Http.get('/repos/acme/**'), Http.post('/repos/acme/{repo}/issues').withBody('application/json')],
 *   credential: Credential.bearer({ name: 'github' }),
 * });
 * ```
 */
export class Http {
  /** @internal */
  readonly matches: readonly HttpMatchSpec[];
  /** @internal */
  readonly isAsked: boolean;

  private constructor(matches: readonly HttpMatchSpec[], isAsked = false) {
    for (const match of matches) {
      for (const [field, most] of Object.entries(bounds)) {
        const count = match[field as keyof typeof bounds]?.length ?? 0;
        if (count > most) throw new Error(`${field} has ${count} entries, at most ${most} fit`);
      }
    }
    this.matches = matches;
    this.isAsked = isAsked;
  }

  /**
   * Calls by these methods.
   *
   * @example
   * ```ts
   * Http.call(['PROPFIND', 'REPORT'], '/calendars/**');
   * ```
   */
  static call(methods: readonly string[], path?: string): Http {
    if (methods.length === 0) throw new Error('name a method; any() is every method');
    const wrong = methods.find(
      (each) => !/^([*]|[A-Z][A-Z-]*)$/.test(each) || /^(CONNECT|TRACE)$/.test(each),
    );
    if (wrong !== undefined) throw new Error(`"${wrong}" is no method that may pass a gateway`);
    return new Http([{ methods: [...methods], ...(path === undefined ? {} : { path: pathOf(path) }) }]);
  }

  /**
   * Calls whose whole path fits a pattern of RE2.
   *
   * @example
   * ```ts
   * Http.pattern(['GET'], '/v[0-9]+/items/[^/]+');
   * ```
   */
  static pattern(methods: readonly string[], pattern: string): Http {
    const path = { type: 'RegularExpression' as const, value: pattern };
    return new Http(Http.call(methods).matches.map((match) => ({ ...match, path })));
  }

  /**
   * A GET, of every path unless one is given.
   *
   * @example
   * ```ts
   * Http.get('/repos/{owner}/{repo}');
   * ```
   */
  static get(path?: string): Http {
    return Http.call(['GET'], path);
  }

  /**
   * A GET or a HEAD.
   *
   * @example
   * ```ts
   * Http.read('/releases/**');
   * ```
   */
  static read(path?: string): Http {
    return Http.call(['GET', 'HEAD'], path);
  }

  /**
   * A POST.
   *
   * @example
   * ```ts
   * Http.post('/repos/acme/{repo}/issues');
   * ```
   */
  static post(path?: string): Http {
    return Http.call(['POST'], path);
  }

  /**
   * A PUT.
   *
   * @example
   * ```ts
   * Http.put('/objects/*');
   * ```
   */
  static put(path?: string): Http {
    return Http.call(['PUT'], path);
  }

  /**
   * A PATCH.
   *
   * @example
   * ```ts
   * Http.patch('/repos/acme/{repo}/issues/*');
   * ```
   */
  static patch(path?: string): Http {
    return Http.call(['PATCH'], path);
  }

  /**
   * A DELETE.
   *
   * @example
   * ```ts
   * Http.delete('/objects/*');
   * ```
   */
  static delete(path?: string): Http {
    return Http.call(['DELETE'], path);
  }

  /**
   * Every method but CONNECT and TRACE.
   *
   * @example
   * ```ts
   * Http.any('/scratch/**');
   * ```
   */
  static any(path?: string): Http {
    return Http.call(['*'], path);
  }

  /**
   * What `git clone` and `git fetch` do with the repositories at a path.
   *
   * @example
   * ```ts
   * gateway.allowHttp('github.com', { rules: [Http.gitRead('/acme/*')] });
   * ```
   */
  static gitRead(repository: string): Http {
    return Http.#git(repository, 'git-upload-pack');
  }

  /**
   * What `git push` does with the repositories at a path, and what it reads. Over HTTP/2, git before 2.44 can wait for itself for
   * ever in a large push, whatever the server; `git config --global http.version HTTP/1.1` in the image avoids it.
   *
   * @example
   * ```ts
   * gateway.allowHttp('github.com', {
   *   rules: [Http.gitWrite('/acme/website')],
   *   credential: Credential.header('authorization', { name: 'github-basic' }, { prefix: 'Basic ' }),
   * });
   * ```
   */
  static gitWrite(repository: string): Http {
    const { matches } = Http.gitRead(repository);
    return new Http([...matches, ...Http.#git(repository, 'git-receive-pack').matches]);
  }

  static #git(repository: string, service: string): Http {
    const base = repository.replace(/\/$/, '');
    const refs = Http.get(`${base}/info/refs`).withQuery('service', service);
    const exchange = Http.post(`${base}/${service}`).withBody(`application/x-${service}-request`);
    return new Http([...refs.matches, ...exchange.matches]);
  }

  /**
   * Only with this query parameter, exactly once; with values, one of them.
   *
   * @example
   * ```ts
   * Http.get('/search').withQuery('type', 'issues', 'pulls');
   * ```
   */
  withQuery(name: string, ...values: readonly string[]): Http {
    return this.#with((match) => ({ queryParams: [...(match.queryParams ?? []), named(name, values)] }));
  }

  /**
   * Only with this header, exactly once; with values, one of them.
   *
   * @example
   * ```ts
   * Http.get('/v1/**').withHeader('x-api-version', '2026-01-01');
   * ```
   */
  withHeader(name: string, ...values: readonly string[]): Http {
    return this.#with((match) => ({ headers: [...(match.headers ?? []), named(name, values)] }));
  }

  /**
   * Only with a body of one of these media types, or none.
   *
   * @example
   * ```ts
   * Http.post('/graphql').withBody('application/json');
   * ```
   */
  withBody(...contentTypes: readonly string[]): Http {
    return this.#with((match) => ({ contentTypes: [...(match.contentTypes ?? []), ...contentTypes] }));
  }

  /**
   * Only with a body of this size at most.
   *
   * @example
   * ```ts
   * Http.put('/notes/*').atMost(Size.kibibytes(64));
   * ```
   */
  atMost(size: Size): Http {
    return this.#with(() => ({ maxBodyBytes: size.toKibibytes() * 1024 }));
  }

  /**
   * Also as a WebSocket, of which the gateway reads no message.
   *
   * @example
   * ```ts
   * Http.get('/events').asWebSocket();
   * ```
   */
  asWebSocket(): Http {
    return this.#with(() => ({ webSocket: true }));
  }

  /**
   * The same, but a person decides about each call before it goes (`clrk approvals`). What an earlier rule takes is not
   * asked about.
   *
   * @example
   * ```ts
   * gateway.allowHttp('api.github.com', {
   *   rules: [Http.get('/repos/acme/**'), Http.delete('/repos/acme/{repo}/branches/*').withApproval()],
   * });
   * ```
   */
  withApproval(): Http {
    return new Http(this.matches, true);
  }

  #with(change: (match: HttpMatchSpec) => Partial<HttpMatchSpec>): Http {
    const matches = this.matches.map((match) => ({ ...match, ...change(match) }));
    return new Http(matches, this.isAsked);
  }
}

function named(name: string, values: readonly string[]): Named {
  return values.length === 0 ? { name } : { name, values: [...values] };
}
