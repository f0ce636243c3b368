/** The AWS region a host is in, as its name says. Pure. */
import type { Hostname } from '../contract/index.ts';

/** `eu-west-1`, `us-gov-west-1`, `us-iso-east-1` */
const region = /^[a-z]{2,4}(?:-[a-z]{2,12}){1,2}-\d{1,2}$/;
const suffixes = ['.vpce.amazonaws.com', '.amazonaws.com', '.amazonaws.com.cn', '.api.aws'];

/** undefined: it names none. */
export function awsRegionOf(hostname: Hostname): string | undefined {
  const suffix = suffixes.find((each) => hostname.endsWith(each));
  if (suffix === undefined) return undefined;
  const label = hostname.slice(0, -suffix.length).split('.').at(-1) ?? '';
  return region.test(label) ? label : undefined;
}
