/** Flags of `collect aws`. */
import type { Command } from 'commander';
import { openCase } from '../app/case.ts';
import {
  collectFromAws,
  lookAtAws,
  planAws,
  type AwsPlan,
  type AwsWords,
} from '../app/collect-aws.ts';
import type { Effects } from '../core/effects.ts';
import { EXIT } from '../core/errors.ts';
import { terminalSafe } from '../core/text.ts';
import { PHASES, resultJson, resultText, summary } from './collected.ts';
import { commonOptions, findCase, repeated, type CommonOptions } from './options.ts';
import { Progress, size } from './progress.ts';

interface Options extends CommonOptions, Omit<AwsWords, 'what' | 'logGroups'> {
  readonly evidence?: string;
  readonly logGroup?: readonly string[];
  readonly logStream?: readonly string[];
  readonly lakeQuery?: readonly string[];
  readonly restore?: string;
  readonly dryRun?: boolean;
  readonly seal: boolean;
}

/** Adds `collect aws`. */
export function addAws(collect: Command, fx: Effects, done: (status: number) => void): void {
  commonOptions(
    collect
      .command('aws')
      .description(
        'copy from AWS itself: objects of buckets, and exact answers of its APIs; then seal them',
      )
      .argument(
        '<what...>',
        's3://bucket/prefix, cloudtrail, logs, events, config, findings, context, or all',
      )
      .option('--profile <name>', 'profile of the shared AWS files')
      .option('--role-arn <arn>', 'role to assume first')
      .option('--source-identity <name>', 'who assumes it, as CloudTrail will tell')
      .option('--external-id <id>', 'external id that the role asks for')
      .option('--mfa-serial <arn>', 'MFA device that the role asks for')
      .option('--mfa-code <code>', 'its code of now (default: asked for on the terminal)')
      .option('--regions <list>', 'names with commas, or all (default: all)')
      .option('--accounts <list>', 'further accounts of the organisation, or all')
      .option('--org-role <name>', 'role in each of them (default: OrganizationAccountAccessRole)')
      .option('--from <time>', 'beginning of the window')
      .option('--to <time>', 'its end (default: now)')
      .option('--log-group <pattern>', 'log groups, with * and ?; may be given again', repeated)
      .option('--log-stream <pattern>', 'log streams; may be given again', repeated)
      .option(
        '--lake-query <id>',
        'results of a CloudTrail Lake query; may be given again',
        repeated,
      )
      .option('--restore <days>', 'ask S3 to restore archived objects for so many days')
      .option('--restore-tier <tier>', 'Bulk, Standard or Expedited (default: Standard)')
      .option('--endpoint-url <url>', 'another endpoint for every service (tests)')
      .option('--concurrency <n>', 'requests at the same time (default: 16)')
      .option('--rate <n>', 'requests a second, at most')
      .option('--attempts <n>', 'attempts of one request (default: 8)')
      .option('--dry-run', 'say what would be collected and what must be allowed; writes nothing')
      .option('--evidence <id>', 'evidence id (default: the next free one)')
      .option('--no-seal', 'leave all in staging, unsealed'),
  ).action(async (what: string[], options: Options) => {
    const progress = new Progress(fx, options.quiet === true);
    const plan = planAws(
      {
        ...options,
        what,
        logGroups: options.logGroup,
        logStreams: options.logStream,
        lakeQueries: options.lakeQuery,
        restoreDays: options.restore,
      },
      fx,
    );
    if (options.dryRun === true) {
      fx.out.write(await preview(plan, fx, progress, options.json === true));
      done(EXIT.ok);
      return;
    }
    const target = await openCase(findCase(options, fx));
    const result = await collectFromAws(target, fx, {
      plan,
      evidence: options.evidence,
      seal: options.seal,
      onProgress: (phase, now, total) => {
        progress.step(PHASES[phase], now, total);
      },
      onAnswers: (answers, bytes) => {
        progress.step('asking', { files: answers, bytes });
      },
      onSealing: (copied, volume) => {
        progress.done(volume === undefined ? summary(copied) : `sealing ${volume}`);
      },
    });
    if (result.sealed === undefined) progress.done(summary(result));
    fx.out.write(
      options.json === true ? `${JSON.stringify(resultJson(result))}\n` : resultText(result),
    );
    done(result.failed + result.gone > 0 || result.again === true ? EXIT.input : EXIT.ok);
  });
}

/** What `--dry-run` prints. */
async function preview(
  plan: AwsPlan,
  fx: Effects,
  progress: Progress,
  json: boolean,
): Promise<string> {
  const found = await lookAtAws(plan, fx, (_, now) => {
    progress.step('listing', now);
  });
  progress.done(`listed ${String(found.files)} objects, ${size(found.bytes)}`);
  const { account, places, files, bytes, problems, clock } = found;
  const { what, regions, accounts } = plan.wanted.aws;
  const offset = clock && { at_least_ms: clock.atLeastMs, at_most_ms: clock.atMostMs };
  if (json) {
    return `${JSON.stringify({
      ...{ account, what, regions, accounts: accounts ?? [], places, files, bytes, problems },
      clock_offset: offset ?? null,
      policy: plan.policy,
    })}\n`;
  }
  return [
    `account ${terminalSafe(account)}, regions ${regions.join(', ')}: ${what.map(terminalSafe).join(', ')}`,
    `${String(files)} objects, ${String(bytes)} bytes would be fetched from:`,
    ...places.map((place) => `  ${terminalSafe(place)}`),
    ...problems.map(
      ({ path, reason, detail }) => `  ${reason}: ${terminalSafe(path)}: ${terminalSafe(detail)}`,
    ),
    'answers of APIs are not counted; nothing was written. Whoever collects must be allowed to:',
    JSON.stringify(plan.policy, undefined, 2),
    '',
  ].join('\n');
}
