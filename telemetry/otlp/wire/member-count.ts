/**
 * How many resources, scopes and records a request has, before anything is made of them: an empty one is two bytes long and costs some
 * microseconds. Logs and traces nest alike. What is wrong with the bytes is for others to say.
 */
import { WireReader, wireType } from './wire-reader.ts';

/** `most`: it counts no further than behind that. */
export function countMembers(bytes: Buffer, most: number): number {
  const [request, resource, scope] = [new WireReader(bytes), new WireReader(bytes), new WireReader(bytes)];
  let count = 0;
  const isMember = ({ field, type }: WireReader, wanted: number): boolean =>
    field === wanted && type === wireType.bytes && ++count <= most;
  request.open(0, bytes.length);
  while (count <= most && request.next()) {
    if (!isMember(request, 1)) continue;
    resource.open(request.start, request.end);
    while (count <= most && resource.next()) {
      if (!isMember(resource, 2)) continue;
      scope.open(resource.start, resource.end);
      while (count <= most && scope.next()) isMember(scope, 2);
    }
  }
  return count;
}
