import type { Millrace } from '../compose/millrace.ts'
import type { Quickstart } from '../samples/quickstart.ts'
import type { Terminal } from './terminal.ts'

/** What `serve` says when it is ready, on stdout: for people, and short. */
export function startText(
  { url, dataDirectory, firstStart, recovered, pageProblem }: Omit<Millrace, 'close'>,
  version: string,
  paint: Terminal['paint'],
): string {
  const lines = [
    `Millrace ${version} is ready at ${paint('bold', url)}`,
    '',
    `  data       ${dataDirectory}`,
    ...(recovered.runs === 0 ? [] : [`  taken up   ${recoveredText(recovered)}`]),
  ]
  if (pageProblem !== null) lines.push('', `${pageProblem}.`)
  if (firstStart !== null) {
    const { adminToken, quickstartPath, quickstart } = firstStart
    lines.push('', 'This is the first start here. It made the user "admin" with this token, shown only once:', '')
    lines.push(`  ${paint('bold', adminToken)}`)
    // Behind the `#` it reaches no log: browsers keep that part to themselves.
    if (pageProblem === null)
      lines.push('', 'This link opens the page, signed in:', '', `  ${url}/sign-in#token=${adminToken}`)
    if (quickstart !== null) {
      lines.push('', `and the project "${quickstart.samples.swr.project_name}" with five pipelines, each run once:`, '')
      lines.push(...sampleLines(quickstart), '')
      lines.push(`Token, ids, credentials and a ready request for each: ${quickstartPath}`)
    }
  }
  lines.push('', 'Try next, in another terminal:', '')
  const samples = firstStart === null || firstStart.quickstart !== null
  if (samples) lines.push('  npx millrace samples          the five requests as curl lines')
  lines.push('  npx millrace runs             what runs, and what it needs', '')
  lines.push('Ctrl-C ends the server.', '')
  return `${lines.join('\n')}\n`
}

/** The same for programs, in the manner of the native API. */
export const startJson = (
  { url, dataDirectory, firstStart, recovered }: Omit<Millrace, 'close'>,
  version: string,
): Readonly<Record<string, unknown>> => ({
  version,
  url,
  data_directory: dataDirectory,
  recovered: { runs: recovered.runs, lost_attempts: recovered.lostAttempts },
  first_start:
    firstStart === null
      ? null
      : {
          admin_token: firstStart.adminToken,
          quickstart_path: firstStart.quickstart === null ? null : firstStart.quickstartPath,
        },
})

function recoveredText({ runs, lostAttempts }: Millrace['recovered']): string {
  const taken = runs === 1 ? '1 run that was under way' : `${runs} runs that were under way`
  if (lostAttempts === 0) return taken
  return `${taken}; ${lostAttempts === 1 ? '1 task was' : `${lostAttempts} tasks were`} cut off by the stop`
}

function sampleLines({ samples, requests }: Quickstart): string[] {
  const rows = (
    [
      ['000', samples.koderover, 'KodeRover'],
      ['001', samples.codearts_pipeline, 'CodeArts Pipeline'],
      ['002', samples.blueking, 'BlueKing'],
      ['003', samples.codearts_check, 'CodeArts Check'],
      ['004', samples.swr, 'SWR'],
    ] as const
  ).map(([seed, { pipeline_name, run_number }, system]) => ({
    name: `${pipeline_name}#${run_number}`,
    system,
    url: shown(requests.find((request) => request.seed === seed)?.url ?? ''),
  }))
  const width = (key: 'name' | 'system'): number => Math.max(...rows.map((row) => row[key].length))
  const [names, systems] = [width('name'), width('system')]
  return rows.map(({ name, system, url }) => `  ${name.padEnd(names)}  ${system.padEnd(systems)}  ${url}`)
}

/** Credentials in a query stay in the file. */
const shown = (url: string): string => (url.includes('bk_app_secret') ? `${url.split('?', 1)[0]}?...` : url)
