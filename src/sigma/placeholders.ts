/** A file that says what the placeholders of rules stand for: a YAML map of names to values. */
import { ExhibitError } from '../core/errors.ts';
import { kindOf, misfit, type Node } from '../detect/positioned-json.ts';
import type { Placeholders } from './modifiers.ts';
import { readYaml } from './yaml.ts';

/** Reads the file. @param file for messages. @throws ExhibitError `E_PATTERN`. */
export function readPlaceholders(text: string, file: string): Placeholders {
  try {
    const [root] = readYaml(text);
    if (root?.kind !== 'object') {
      throw misfit(
        text,
        root?.at ?? 0,
        'a map of names to values',
        root === undefined ? 'nothing' : kindOf(root),
      );
    }
    return new Map(root.members.map(({ name, value }) => [name, words(text, value)]));
  } catch (cause) {
    if (!(cause instanceof ExhibitError)) throw cause;
    throw new ExhibitError(cause.code, cause.message, { where: { file, ...cause.where }, cause });
  }
}

function words(text: string, value: Node): readonly string[] {
  return (value.kind === 'array' ? value.items : [value]).map((item) => {
    if (item.kind === 'string' || item.kind === 'number') return String(item.value);
    throw misfit(text, item.at, 'a string or a number', kindOf(item));
  });
}
