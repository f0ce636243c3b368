/**
 * Conditions on query parameters and header fields: the name stands exactly once and says what it may. What a server could read
 * in another way (a second one, another spelling, a list) is unclear, and is decided against the call. Pure.
 */
import { rootOf, type StatedByRoot } from '../request-head.ts';

/** `unclear`: some server may say yes. */
export type Fit = 'yes' | 'no' | 'unclear';

export interface NamedValue {
  readonly name: string;
  /** Empty: anything. */
  readonly values: readonly string[];
}

function judgeValue({ values }: NamedValue, value: string): Fit {
  if (values.length === 0 || values.includes(value)) return 'yes';
  const members = value.toLowerCase().split(',');
  return values.some((each) => members.some((member) => member.trim() === each.toLowerCase().trim()))
    ? 'unclear'
    : 'no';
}

export function judgeNamed(wanted: NamedValue, stated: StatedByRoot): Fit {
  const [only, ...more] = stated.get(rootOf(wanted.name)) ?? [];
  if (only === undefined) return 'no';
  return more.length > 0 || only.name !== wanted.name ? 'unclear' : judgeValue(wanted, only.value);
}

/** The weakest of several conditions that must all hold. */
export function weakest(fits: readonly Fit[]): Fit {
  if (fits.includes('no')) return 'no';
  return fits.includes('unclear') ? 'unclear' : 'yes';
}
