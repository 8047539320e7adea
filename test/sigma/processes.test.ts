/** Rules about processes and scripts, as they are written for Sysmon, over the logs that machines really have. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { detectRules, type RuleFinding } from '#src/app/detect-rules.ts';
import { fakeEffects } from '../helpers/effects.ts';
import { sampleCase } from '../helpers/sample-case.ts';
import { tempDir } from '../helpers/temp.ts';
import { disagreements } from './disagreements.ts';

const event = (channel: string, id: number, data: object): object => ({
  Event: {
    System: {
      Channel: channel,
      EventID: id,
      Computer: 'W1',
      EventRecordID: id,
      Provider: { '#attributes': { Name: 'p' } },
      TimeCreated: { '#attributes': { SystemTime: '2026-01-02T03:04:05Z' } },
    },
    EventData: data,
  },
});

const WINDOWS = [
  event('Security', 4688, {
    NewProcessName: 'C:\\Windows\\System32\\certutil.exe',
    ParentProcessName: 'C:\\Windows\\explorer.exe',
    CommandLine: 'certutil -urlcache -f http://x/y',
    SubjectUserName: 'eve',
  }),
  event('Microsoft-Windows-Sysmon/Operational', 1, {
    Image: 'C:\\Windows\\System32\\certutil.exe',
    CommandLine: 'certutil -URLCACHE -f http://x/y',
    OriginalFileName: 'CertUtil.exe',
  }),
  event('Security', 4624, { NewProcessName: 'C:\\certutil.exe', CommandLine: '-urlcache' }),
  event('Microsoft-Windows-PowerShell/Operational', 4104, { ScriptBlockText: 'iex (iwr x)' }),
  event('Windows PowerShell', 400, { Data: 'HostApplication=powershell -enc AAAA' }),
];

const AT = 'msg=audit(1762592405.123:456):';
const LINUX = [
  `type=SYSCALL ${AT} arch=c000003e syscall=59 success=yes exit=0 ppid=700 pid=712 auid=1000 uid=0 tty=pts0 ses=3 comm="curl" exe="/usr/bin/curl" key="x"`,
  `type=EXECVE ${AT} argc=2 a0="curl" a1="http://198.51.100.7/x"`,
  `type=SYSCALL msg=audit(1762592406.123:457): arch=c000003e syscall=2 success=yes exit=0 ppid=700 pid=712 auid=1000 uid=0 comm="curl" exe="/usr/bin/curl"`,
];

const rule = (title: string, logsource: string, detection: string): string =>
  `title: ${title}\nlogsource: {${logsource}}\ndetection:\n    ${detection}\nlevel: high\n`;

const RULES = [
  rule(
    'Certutil',
    'category: process_creation, product: windows',
    `img:\n        - Image|endswith: '\\certutil.exe'\n        - OriginalFileName: CertUtil.exe\n    cli:\n        CommandLine|contains: urlcache\n    condition: all of *`,
  ),
  rule(
    'Child Of Explorer',
    'category: process_creation, product: windows',
    `s:\n        ParentImage|endswith: '\\explorer.exe'\n        User: EVE\n    condition: s`,
  ),
  rule(
    'Script',
    'category: ps_script, product: windows',
    `s:\n        ScriptBlockText|contains: iex\n    condition: s`,
  ),
  rule(
    'Start',
    'category: ps_classic_start, product: windows',
    `s:\n        Data|contains: -enc\n    condition: s`,
  ),
  rule(
    'Line',
    'category: process_creation, product: linux',
    `s:\n        CommandLine|contains: 198.51\n    condition: s`,
  ),
  rule(
    'Program',
    'category: process_creation, product: linux',
    `s:\n        Image|endswith: /curl\n    condition: s`,
  ),
  rule(
    'Both',
    'category: process_creation, product: linux',
    `s:\n        Image|endswith: /curl\n        CommandLine|contains: x\n    condition: s`,
  ),
];

test('rules about processes find them in Sysmon, in the Security log and in the audit log of Linux', async () => {
  const files = await tempDir();
  const logs = join(files, 'logs');
  await mkdir(join(logs, 'audit'), { recursive: true });
  await writeFile(join(logs, 'events.json'), WINDOWS.map((one) => JSON.stringify(one)).join('\n'));
  await writeFile(join(logs, 'audit', 'audit.log'), `${LINUX.join('\n')}\n`);
  const target = await sampleCase({ paths: [logs], workers: 1 });
  const file = join(files, 'rules.yml');
  await writeFile(file, RULES.join('---\n'));
  const [hits, skipped] = await detectRules(
    target,
    fakeEffects(),
    { rules: [file] },
    (answer): readonly [readonly RuleFinding[], readonly string[]] => [
      [...answer.each(0)],
      answer.rules.skipped.map(({ name, reason }) => `${name ?? ''}: ${reason}`),
    ],
  );
  const found = (title: string): readonly string[] =>
    hits
      .filter((one) => one.rule === title)
      .map(
        ({ action, matched }) => `${action ?? ''}: ${matched.map(({ field }) => field).join(' ')}`,
      )
      .sort();
  expect(found('Certutil')).toEqual([
    'Microsoft-Windows-Sysmon/Operational 1: Image OriginalFileName CommandLine',
    'Security 4688: Image CommandLine',
  ]);
  expect(found('Child Of Explorer')).toEqual(['Security 4688: ParentImage User']);
  expect(found('Script')).toHaveLength(1);
  expect(found('Start')).toHaveLength(1);
  expect(found('Line')).toEqual([expect.stringContaining('CommandLine')]);
  expect(found('Program')).toEqual([expect.stringContaining('Image')]);
  expect(skipped).toEqual([
    'Line: not asked of auditd: auditd (SYSCALL) has no field CommandLine',
    'Program: not asked of auditd: auditd (EXECVE) has no field Image',
    'Both: auditd (EXECVE) has no field Image',
    'Both: auditd (SYSCALL) has no field CommandLine',
  ]);
  expect(await disagreements(target, [file])).toEqual([]);
});
