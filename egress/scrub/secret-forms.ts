/**
 * The secret set of each injection, made when first needed: one cache a snapshot, so that it forgets secrets with the config
 * that held them.
 */
import { secretsOf, type Injection } from '../../decision/index.ts';
import { createSecretSet, type SecretSet } from './secret-set.ts';

export class SecretForms {
  /** An injection is one object for all calls of a way. */
  readonly #known = new WeakMap<Injection, SecretSet>();

  of(injection: Injection): SecretSet {
    const known = this.#known.get(injection);
    if (known !== undefined) return known;
    const { fields, query, signing, token, renewsBy } = injection;
    const keys = [signing?.accessKeyId, signing?.secretAccessKey, signing?.sessionToken];
    const set = createSecretSet([
      ...fields.map(({ value }) => value),
      ...query.map(([, value]) => value),
      ...keys.filter((key) => key !== undefined),
      ...(token === undefined ? [] : secretsOf(token)),
      ...(renewsBy === undefined ? [] : [renewsBy]),
    ]);
    this.#known.set(injection, set);
    return set;
  }
}
