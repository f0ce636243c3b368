/**
 * Conditions on query parameters and header fields: the name stands exactly once and says what it may. What a server could read
 * in another way (a second one, another spelling, a list) is unclear, and is decided against the call. Pure.
 */
import type { StatedByRoot } from '../request-head.ts';
import { rootOf } from '../spelling.ts';

/** `unclear`: some server may say yes. */
export type Fit = 'yes' | 'no' | 'unclear';

export interface NamedValue {
  readonly name: string;
  /** Empty: anything. */
  readonly values: readonly string[];
}

function judgeValue({ values }: NamedValue, value: string): Fit {
  if (values.length === 0 || values.includes(value)) return 'yes';
  // A list, and what of it has parameters or stands in quotes.
  const plain = (text: string): string => text.toLowerCase().replaceAll('"', '').trim();
  const members = new Set([value, ...value.split(/[,;]/)].map(plain));
  return values.some((each) => members.has(plain(each))) ? 'unclear' : 'no';
}

export function judgeNamed(wanted: NamedValue, stated: StatedByRoot): Fit {
  const [only, ...more] = stated.get(rootOf(wanted.name)) ?? [];
  if (only === undefined) return 'no';
  if (more.length > 0 || only.name !== wanted.name) return 'unclear';
  const fit = judgeValue(wanted, only.value);
  return only.literal === undefined || judgeValue(wanted, only.literal) === fit ? fit : 'unclear';
}

/** The weakest of several conditions that must all hold. */
export function weakest(fits: readonly Fit[]): Fit {
  if (fits.includes('no')) return 'no';
  return fits.includes('unclear') ? 'unclear' : 'yes';
}
