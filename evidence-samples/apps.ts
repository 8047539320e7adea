/** What the applications wrote down: a function, an API, and a Windows machine that nobody should have reached. */
import { createHash } from 'node:crypto';
import { ADDRESS, BUCKET } from './cast.ts';
import { DOMAIN, MORE, SHELL } from './estate.ts';
import { at } from './night.ts';
import { guid, hexText, randomStream } from './random.ts';
import { isoMillis, jsonLines, lines, plain, zipped, type SampleFile } from './sample-file.ts';

const random = randomStream('apps');

/** The function that writes the nightly export, run by run. */
function functions(): SampleFile {
  const loaded = `[INFO]\t${isoMillis(at('14 01:29:58'))}\t\tloading function`;
  const text = [14, 15, 16, 17, 18].flatMap((day) => {
    const start = at(`${String(day)} 01:30:00`) + random.int(0, 50) * 1000;
    const id = guid(random);
    const memory = random.int(180, 240);
    return [
      `START RequestId: ${id} Version: 41`,
      `[INFO]\t${isoMillis(start + 2100)}\t${id}\tread 40 parts of customers from orders-db`,
      `[INFO]\t${isoMillis(start + 163_000)}\t${id}\twrote 40 objects to ${BUCKET.exports}`,
      ...(day === 18
        ? [
            `[ERROR]\t${isoMillis(start + 164_000)}\t${id}\tbucket has 166 reads since the last run, expected at most 3`,
          ]
        : []),
      `END RequestId: ${id}`,
      `REPORT RequestId: ${id}\tDuration: ${String(random.int(163_500, 165_000))}.21 ms\tBilled Duration: 165000 ms\tMemory Size: 512 MB\tMax Memory Used: ${String(memory)} MB\t${day === 18 ? 'Status: error\tError Type: UnexpectedReads\t' : ''}`,
    ];
  });
  return plain('harborline-ir-workspace/lambda/export-nightly.log', lines([loaded, ...text]));
}

/** The partners' API: quotes all day, a list of guesses from the robot, and one look with a webhook's secret. */
function partnerApi(): SampleFile[] {
  const rows: { readonly at: number; readonly row: Readonly<Record<string, string>> }[] = [];
  const ask = (
    when: number,
    ip: string,
    method: string,
    path: string,
    status: number,
    agent: string,
  ): void => {
    rows.push({
      at: when,
      row: {
        requestId: guid(random),
        extendedRequestId: `${hexText(random, 14)}=`,
        ip,
        caller: '-',
        user: '-',
        requestTimeEpoch: String(when),
        httpMethod: method,
        resourcePath: path,
        path: `/v1${path}`,
        status: String(status),
        protocol: 'HTTP/1.1',
        responseLength: String(random.int(60, 4000)),
        responseLatency: String(random.int(8, 90)),
        userAgent: agent,
        apiId: 'h4rb0rl1n3',
        stage: 'v1',
        domainName: DOMAIN.api,
      },
    });
  };
  for (let when = at('17 06:00:00'); when < at('18 06:00:00'); when += random.int(40, 80) * 60_000)
    ask(
      when + random.int(0, 999),
      random.pick(['198.51.100.61', '198.51.100.62']),
      'POST',
      '/quotes',
      200,
      'partner-edi/2.2',
    );
  ['/users', '/admin', '/keys', '/swagger.json', '/quotes'].forEach((path, i) => {
    ask(
      at('17 19:31:02') + i * 3100,
      MORE.scanner,
      'GET',
      path,
      i === 4 ? 401 : 403,
      'Mozilla/5.0 (compatible; gobuster/3.6)',
    );
  });
  ask(at('17 23:52:30') + 204, ADDRESS.attacker, 'GET', '/webhooks', 200, 'curl/8.5.0');
  const last = rows.at(-1)?.row['requestId'] ?? '';
  const step = (second: number, text: string): string =>
    `Thu Sep 17 23:52:3${String(second)} UTC 2026 : ${text}`;
  const refused = rows.find((one) => one.row['resourcePath'] === '/keys')?.row['requestId'] ?? '';
  const refusal = (text: string): string => `Thu Sep 17 19:31:08 UTC 2026 : ${text}`;
  return [
    zipped(
      'harborline-ir-workspace/api-gateway/partner-api.jsonl.gz',
      jsonLines(rows.sort((a, b) => a.at - b.at).map((one) => one.row)),
    ),
    // What the API did for the last of them, as its execution log says.
    plain(
      'harborline-ir-workspace/api-gateway/execution-webhooks.log',
      lines([
        `Execution log for request ${last}`,
        step(0, `Starting execution for request: ${last}`),
        step(0, 'HTTP Method: GET, Resource Path: /webhooks'),
        step(0, 'Endpoint response body before transformations: {"webhooks":["tracking"]}'),
        step(1, 'Successfully completed execution'),
        step(1, 'Method completed with status: 200'),
      ]),
    ),
    // And for one of the robot's guesses.
    plain(
      'harborline-ir-workspace/api-gateway/execution-keys.log',
      lines([
        `Execution log for request ${refused}`,
        refusal(`Starting execution for request: ${refused}`),
        refusal('HTTP Method: GET, Resource Path: /keys'),
        refusal('Execution failed due to missing authentication token'),
        refusal('Method completed with status: 403'),
      ]),
    ),
  ];
}

/** Security events of the dispatch desk's Windows server, as XML. */
function windows(): SampleFile[] {
  const computer = 'WIN-DISPATCH01';
  const event = (
    when: number,
    record: number,
    id: number,
    user: string,
    type: string,
    ip: string,
  ): string =>
    `<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Security-Auditing' Guid='{54849625-5478-4994-a5ba-3e3b0328c30d}'/><EventID>${String(id)}</EventID><Version>2</Version><Level>0</Level><Task>12544</Task><Opcode>0</Opcode><Keywords>${id === 4625 ? '0x8010000000000000' : '0x8020000000000000'}</Keywords><TimeCreated SystemTime='${isoMillis(when).replace('Z', '000000Z')}'/><EventRecordID>${String(record)}</EventRecordID><Correlation/><Execution ProcessID='652' ThreadID='4840'/><Channel>Security</Channel><Computer>${computer}</Computer><Security/></System><EventData><Data Name='SubjectUserName'>-</Data><Data Name='TargetUserName'>${user}</Data>${id === 4625 ? "<Data Name='Status'>0xc000006d</Data>" : ''}<Data Name='LogonType'>${type}</Data><Data Name='IpAddress'>${ip}</Data><Data Name='IpPort'>${String(49_000 + (record % 999))}</Data></EventData></Event>`;
  let record = 88_120;
  const rows: string[] = [];
  for (const day of [14, 15, 16, 17])
    rows.push(
      event(at(`${String(day)} 06:30:11`), (record += 40), 4624, 'dispatch', '10', '10.20.250.9'),
    );
  for (let i = 0; i < 6; i += 1)
    rows.push(
      event(
        at('18 01:34:02') + i * 2100,
        (record += 1),
        4625,
        ['Administrator', 'dispatch'][i % 2] ?? '',
        '3',
        SHELL.address,
      ),
    );
  // Lena, through the VPN, to see whether any of the guesses was right.
  rows.push(event(at('18 08:31:40'), record + 22, 4624, 'lena.vogt', '10', '10.20.250.2'));
  const exported = plain(`harborline-ir-workspace/hosts/${computer}/security.xml`, lines(rows));
  return [exported, ...transcripts(computer, exported)];
}

/** Transcripts of PowerShell on the same server: a working day of the dispatch desk, and Lena's look around. */
function transcripts(computer: string, exported: SampleFile): SampleFile[] {
  const digits = (when: number): string => isoMillis(when).replace(/[-:TZ]|\.\d+/g, '');
  const rule = '*'.repeat(22);
  const typed = (when: number, prompt: string, command: string, ...output: string[]): string[] => [
    rule,
    `Command start time: ${digits(when)}`,
    rule,
    `PS ${prompt}> ${command}`,
    ...output,
  ];
  const session = (
    user: string,
    pid: number,
    from: number,
    to: number,
    body: readonly string[],
  ): SampleFile => {
    const name = `PowerShell_transcript.${computer}.${hexText(random, 8)}.${digits(from)}.txt`;
    const text = [
      rule,
      'Windows PowerShell transcript start',
      `Start time: ${digits(from)}`,
      `Username: ${computer}\\${user}`,
      `RunAs User: ${computer}\\${user}`,
      'Configuration Name: ',
      `Machine: ${computer} (Microsoft Windows NT 10.0.20348.0)`,
      'Host Application: C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe',
      `Process ID: ${String(pid)}`,
      'PSVersion: 5.1.20348.2582',
      rule,
      ...body,
      rule,
      'Windows PowerShell transcript end',
      `End time: ${digits(to)}`,
      rule,
      '',
    ];
    return plain(`harborline-ir-workspace/hosts/${computer}/${name}`, text.join('\r\n'));
  };
  const home = 'C:\\Users\\lena.vogt';
  const hash = createHash('sha256').update(exported.bytes).digest('hex').toUpperCase();
  return [
    session('dispatch', 3388, at('17 06:31:02'), at('17 06:34:40'), [
      ...typed(at('17 06:31:20'), 'C:\\Dispatch', '.\\Print-Labels.ps1 -Day today', '214 labels'),
      ...typed(at('17 06:34:31'), 'C:\\Dispatch', 'exit'),
    ]),
    session('lena.vogt', 5120, at('18 08:32:05'), at('18 08:41:12'), [
      ...typed(at('18 08:32:50'), home, 'wevtutil qe Security /f:xml > C:\\Evidence\\security.xml'),
      ...typed(
        at('18 08:33:31'),
        home,
        'Get-FileHash C:\\Evidence\\security.xml | Select-Object -ExpandProperty Hash',
        hash,
      ),
      ...typed(
        at('18 08:35:02'),
        home,
        "Get-WinEvent @{LogName='Security';Id=4625;StartTime='2026-09-18'} | Group-Object {$_.Properties[19].Value} -NoElement",
        '',
        'Count Name',
        '----- ----',
        `    6 ${SHELL.address}`,
        '',
      ),
      ...typed(
        at('18 08:36:44'),
        home,
        `Get-WinEvent @{LogName='Security';Id=4624} | Where-Object {$_.Properties[18].Value -eq '${SHELL.address}'} | Measure-Object | Select-Object -ExpandProperty Count`,
        '0',
      ),
      ...typed(
        at('18 08:40:10'),
        home,
        `New-NetFirewallRule -DisplayName 'IR: orders-1' -Direction Inbound -RemoteAddress ${SHELL.address} -Action Block | Select-Object -ExpandProperty Action`,
        'Block',
      ),
      ...typed(at('18 08:41:09'), home, 'exit'),
    ]),
  ];
}

/** Files of the applications. */
export function appFiles(): SampleFile[] {
  return [functions(), ...partnerApi(), ...windows()];
}
