/** `exhibit --version`. */
import { toolVersions } from '../app/tool.ts';
import type { Effects } from '../core/effects.ts';

/** Prints the versions of exhibit, its Node and its SQLite; with `json` as `{"tool":{"name","version"},"node","sqlite"}`. */
export function printVersion(fx: Effects, json: boolean): void {
  const { name, version, node, sqlite } = toolVersions();
  fx.out.write(
    json
      ? `${JSON.stringify({ tool: { name, version }, node, sqlite })}\n`
      : `${name} ${version} (node ${node}, sqlite ${sqlite})\n`,
  );
}
