import { resolve } from 'node:path'
import { Command } from 'commander'
import type { Quickstart, QuickstartRequest } from '../../samples/quickstart.ts'
import { examples, jsonOption } from '../act.ts'
import { readQuickstart } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { Fault } from '../fault.ts'
import { quoted } from '../names.ts'
import { printJson } from '../output.ts'
import { configOf, withSettings } from '../settings.ts'
import type { Verb } from '../verb.ts'

export const samples: Verb = ({ terminal, action }) =>
  withSettings(
    new Command('samples')
      .summary('print the five sample requests as curl lines')
      .description(
        'Prints a ready request for each of the five systems whose APIs are spoken, about the runs that the first start ' +
          'made. The lines hold credentials.',
      )
      .addOption(jsonOption('print quickstart.json'))
      .addHelpText('after', examples('millrace samples', 'millrace samples --data-dir /var/lib/millrace')),
    ['dataDirectory'],
  ).action(
    action((options: { readonly json?: boolean; readonly dataDir?: string }) => {
      const { dataDirectory } = configOf(terminal, { ...options }, ['dataDirectory'])
      const quickstart = readQuickstart(dataDirectory)
      if (quickstart === undefined) {
        const place = resolve(dataDirectory, 'quickstart.json')
        throw new Fault(
          EXIT.failed,
          `${place}: expected what the first start of a server writes there, found no file that can be read ` +
            '(start one with: millrace serve; --data-dir says where its data is)',
        )
      }
      if (options.json === true) printJson(terminal, quickstart)
      else terminal.out(samplesText(quickstart))
      return EXIT.success
    }),
  )

const about = {
  '000': ['KodeRover', 'a task of a pipeline with its sub-tasks'],
  '001': ['Huawei CodeArts Pipeline', 'a pipeline run by stages'],
  '002': ['Tencent BlueKing standard-OPS', "a task's tree of activities"],
  '003': ['Huawei CodeArts Check', 'the check tasks of a project'],
  '004': ['Huawei SWR ContainerOps', 'an image pipeline with its trigger, as YAML'],
} as const satisfies Record<QuickstartRequest['seed'], readonly [string, string]>

export function samplesText({ requests }: Pick<Quickstart, 'requests'>): string {
  return requests
    .map((request) => {
      const [system, what] = about[request.seed]
      return `# ${system}: ${what}\n${curlLine(request)}\n`
    })
    .join('\n')
}

function curlLine({ url, headers }: QuickstartRequest): string {
  const given = Object.entries(headers).map(([name, value]) => `-H ${quoted(`${name}: ${value}`)}`)
  return ['curl -sS', ...given, quoted(url)].join(' ')
}
