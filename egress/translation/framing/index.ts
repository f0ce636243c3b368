/** Framings of streams by name: readers, writers and the media type that says so. */
import type { Framing } from '../codec.ts';
import { AwsEventReader, AwsEventWriter } from './aws-event-stream.ts';
import type { FrameReader, FrameWriter } from './frame-reader.ts';
import { JsonArrayReader, JsonArrayWriter } from './json-array.ts';
import { SseFrameReader, SseFrameWriter } from './sse.ts';

interface FramingPlugIn {
  readonly mediaType: string;
  createReader(): FrameReader;
  createWriter(): FrameWriter;
}

export const framings: Readonly<Record<Framing, FramingPlugIn>> = {
  sse: {
    mediaType: 'text/event-stream',
    createReader: () => new SseFrameReader(),
    createWriter: () => new SseFrameWriter(),
  },
  'json-array': {
    mediaType: 'application/json',
    createReader: () => new JsonArrayReader(),
    createWriter: () => new JsonArrayWriter(),
  },
  'aws-event-stream': {
    mediaType: 'application/vnd.amazon.eventstream',
    createReader: () => new AwsEventReader(),
    createWriter: () => new AwsEventWriter(),
  },
};
