/** The plans of one policy by destination, each computed when it is first asked for. It lives and dies with the policy. */
import { FairCache } from '../contract/index.ts';
import type { Site } from './call.ts';
import { computePlan, type SitePlan } from './plan.ts';
import type { PolicyIndex } from './policy-index.ts';

/** Destinations a gateway's agents go to at a time; a plan that was dropped is made anew in microseconds. Shared fairly (S54). */
const maxPlans = 4_096;

export class SitePlans {
  readonly index: PolicyIndex;
  readonly #plans = new FairCache<SitePlan>({ max: maxPlans });

  constructor(index: PolicyIndex) {
    this.index = index;
  }

  /** The key holds everything of a site that its plan is made of. */
  at(site: Site): SitePlan {
    const { agent, hostname, ip, port, tls } = site;
    const host = hostname === undefined ? `ip ${ip ?? ''}` : `name ${hostname}`;
    const key = `${agent} ${host} ${port} ${tls ? 'tls' : 'tcp'}`;
    const known = this.#plans.get(key);
    if (known !== undefined) return known;
    const plan = computePlan(this.index, site);
    this.#plans.set(agent, key, plan);
    return plan;
  }
}
