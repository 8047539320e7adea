/** The framer that a source's reader asks for. */
import type { Framing } from '../sources/source.ts';
import { BlockFramer } from './blocks.ts';
import { JsonFramer } from './json.ts';
import { LineFramer } from './lines.ts';
import type { Framer, FrameSink } from './sink.ts';

/** A framer of the given kind that feeds `sink`. */
export function newFramer(framing: Framing, sink: FrameSink): Framer {
  if (framing.kind === 'json') return new JsonFramer(framing, sink);
  return framing.kind === 'blocks' ? new BlockFramer(framing.joins, sink) : new LineFramer(sink);
}
