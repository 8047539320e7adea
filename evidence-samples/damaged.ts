/** Files that came to harm on their way to the responder: each has a record that cannot be read, and says why. */
import { lines, plain, zipped, type SampleFile } from './sample-file.ts';

/** The first file whose path holds `part`. */
function find(files: readonly SampleFile[], part: string): SampleFile {
  const file = files.find((one) => one.path.includes(part));
  if (file === undefined) throw new Error(`no file ${part}`);
  return file;
}

const rows = (file: SampleFile): string[] => file.text.toString().trimEnd().split('\n');

/**
 * @param files all others, from which the damaged ones are made: what is whole in them is a duplicate.
 * @returns a file for each kind of damage.
 */
export function damagedFiles(files: readonly SampleFile[]): SampleFile[] {
  const place = 'harborline-ir-workspace/damaged/';
  const findings = rows(find(files, 'GuardDuty/eu-west-1/'));
  const waf = rows(find(files, 'WAFLogs/'));
  const [resolverFirst = '', resolverSecond = '', resolverThird = ''] = rows(
    find(files, 'vpcdnsquerylogs/'),
  );
  const alb = rows(find(files, 'elasticloadbalancing_eu-west-1_app.orders'));
  const zone = rows(find(files, '/public/'));
  const eks = rows(find(files, '/eks/'));
  const secure = rows(find(files, 'hosts/bastion/secure'));
  const vpn = rows(find(files, '/client-vpn/'));
  const inventory = find(files, 'sa-east-1_describe-network-interfaces').text.toString();
  const events = find(files, 'ec2-state-changes').text.toString();
  const first = events.slice(0, events.indexOf('}}') + 2);
  const deep = first.replace('"detail":{', `"detail":{"a":${'['.repeat(600)}${']'.repeat(600)},`);
  // The page of the first column says nothing any more, and no row can be put together without it.
  const flows = Buffer.from(find(files, 'harborline-analytics-flow-logs').bytes).fill(0xff, 4, 24);
  const bytes = (text: string, ...more: readonly number[]): Buffer =>
    Buffer.concat([Buffer.from(text), Buffer.from(more)]);
  return [
    // The download broke off in the third finding.
    plain(
      `${place}guardduty-export.jsonl`,
      lines(findings).slice(0, lines(findings.slice(0, 2)).length + 700),
    ),
    // Two lines were glued together: a brace is missing.
    plain(
      `${place}waf.log`,
      lines([waf[0] ?? '', `{"timestamp":${(waf[1] ?? '').slice(3)}`, waf[2] ?? '']),
    ),
    // Somebody wrote a remark between the records.
    plain(
      `${place}resolver.json`,
      lines([resolverFirst, '{"remark":"Lena: look at this one"}', resolverSecond, resolverThird]),
    ),
    // A spreadsheet cut the line at its 255th character.
    plain(`${place}alb.log`, lines([alb[0] ?? '', (alb[1] ?? '').slice(0, 255), alb[2] ?? ''])),
    // A time that is none: an hour was corrected by hand.
    plain(
      `${place}public-zone.log`,
      lines([zone[0] ?? '', (zone[1] ?? '').replace(/T\d\d:/, 'T24:'), zone[2] ?? '']),
    ),
    // A byte that is no text, from a bad disk.
    plain(
      `${place}eks-audit.jsonl`,
      bytes(
        lines(eks.slice(0, 2)),
        ...Buffer.from('{"kind":"Event","apiVersion":"audit.k8s.io/v1","auditID":"'),
        0xff,
        ...Buffer.from('"}\n'),
      ),
    ),
    // jq left a null where a connection was filtered out.
    plain(`${place}vpn.json`, `[${vpn[0] ?? ''},null,${vpn[1] ?? ''}]\n`),
    // The prompt of the terminal was copied along.
    plain(`${place}describe-network-interfaces.json`, `${inventory}responder@laptop:~$ exit\n`),
    // An event of somebody's own, nested so deep that readers fall over it.
    plain(`${place}events.jsonl`, lines([first, deep])),
    // A day that September does not have: a clock went wrong.
    plain(
      `${place}secure-20260918`,
      lines(['Sep 31 19:40:02 bastion sshd[4710]: Connection closed', ...secure.slice(-2)]),
    ),
    // The bastion lost power while it wrote: where lines should be, its disk gave 17 MiB of zeros, and no line feed.
    zipped(
      `${place}secure-after-power-loss.gz`,
      Buffer.concat([
        Buffer.from(lines(secure.slice(-3, -1))),
        Buffer.alloc(17 * 2 ** 20),
        Buffer.from(lines(['', ...secure.slice(-1)])),
      ]),
    ),
    // A copy of Parquet with a hole in it.
    plain(`${place}analytics-flows.parquet`, flows),
  ];
}
