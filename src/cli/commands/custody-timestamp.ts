/** `exhibit custody timestamp`: asks a time-stamp authority by hand, and takes its answer. */
import { basename } from 'node:path';
import type { Command } from 'commander';
import { openCase } from '../../app/case.ts';
import {
  attachTimestamp,
  requestTimestamp,
  type RequestMade,
  type StampAttached,
} from '../../app/timestamp.ts';
import type { Effects } from '../../core/effects.ts';
import { EXIT, ExhibitError } from '../../core/errors.ts';
import { terminalSafe } from '../../core/text.ts';
import { commonOptions, findCase, type CommonOptions } from '../options.ts';

interface Flags extends CommonOptions {
  readonly request?: boolean;
  readonly attach?: string;
  readonly tsaChain?: string;
  readonly tsaTrust?: string;
}

/** Adds the command to `custody`. */
export function registerTimestamp(
  custody: Command,
  fx: Effects,
  done: (status: number) => void,
): void {
  commonOptions(
    custody
      .command('timestamp')
      .description('have a signature time-stamped by somebody else (RFC 3161)')
      .argument('<target>', 'evidence id, "checkpoint" (the last one), or a .p7s file of the case')
      .option('--request', 'write the request, to be carried to a machine with a network')
      .option('--attach <file.tsr>', "check the authority's answer and keep it")
      .option(
        '--tsa-chain <chain.pem>',
        "certificates up to the authority's root, kept in the case",
      )
      .option('--tsa-trust <roots.pem>', 'roots of time-stamp authorities that you trust'),
  ).action(async (target: string, flags: Flags) => {
    const { attach, tsaChain: chain, tsaTrust } = flags;
    if ((flags.request === true) === (attach !== undefined)) {
      throw new ExhibitError('E_USAGE', 'give either --request or --attach FILE.tsr', {
        hint: 'first --request, then, when the answer is there, --attach',
      });
    }
    const opened = await openCase(findCase(flags, fx));
    const text =
      attach === undefined
        ? requestText(target, await requestTimestamp(opened, target, fx), flags.json === true)
        : attachText(
            await attachTimestamp(opened, target, { response: attach, chain, tsaTrust }, fx),
            flags.json === true,
          );
    fx.out.write(text);
    done(EXIT.ok);
  });
}

function requestText(target: string, made: RequestMade, json: boolean): string {
  const { signature, request, path, sha256, nonce } = made;
  if (json) return `${JSON.stringify({ signature, request, sha256, nonce })}\n`;
  const query = basename(path);
  const answer = query.replace('.tsq', '.tsr');
  return `to be stamped  ${signature}
request        ${request}
sha256         ${sha256}
nonce          ${nonce}

Carry the request to a machine with a network, and there ask an authority (its address for URL):
  curl -sS -H 'Content-Type: application/timestamp-query' --data-binary @${query} -o ${answer} URL
Without a way to carry files, type the digits there and ask without a nonce:
  openssl ts -query -digest ${sha256} -sha256 -cert -no_nonce -out ${query}
Bring the answer back:
  exhibit custody timestamp ${terminalSafe(target)} --attach ${answer} --tsa-trust ROOTS.pem
`;
}

function attachText(stored: StampAttached, json: boolean): string {
  const { signature, response, chain, claimed, proven, authority, trusted, entry } = stored;
  if (json) return `${JSON.stringify({ ...stored })}\n`;
  const word = trusted
    ? 'a root given with --tsa-trust vouches for it'
    : 'not checked whether to believe it: no --tsa-trust';
  return `stamped    ${signature}
time-stamp ${response}
chain      ${chain}
claimed    ${claimed}
proven     ${proven} by ${terminalSafe(authority)} (${word})
ledger     entry ${String(entry)}
`;
}
