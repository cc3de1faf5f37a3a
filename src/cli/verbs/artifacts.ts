import { createWriteStream } from 'node:fs'
import { rename, rm, stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { Command } from 'commander'
import { common, type CommonOptions, examples, RUN_ARGUMENT } from '../act.ts'
import { connect } from '../connection.ts'
import { EXIT } from '../exit-codes.ts'
import { printJson, printTable } from '../output.ts'
import type { Verb } from '../verb.ts'

interface Options extends CommonOptions {
  readonly output?: string
}

export const artifacts: Verb = ({ terminal, action }) =>
  common(
    new Command('artifacts')
      .summary('list or fetch the files that a run has kept')
      .description('Lists the files that the tasks of a run have kept, or writes the bytes of one of them.')
      .argument('<run>', RUN_ARGUMENT)
      .argument('[name]', 'of one of them; without it they are listed')
      .option('-o, --output <file>', 'where to write its bytes; without it to standard output')
      .addHelpText(
        'after',
        examples('millrace artifacts release#12', 'millrace artifacts release#12 web.tar.gz -o web.tar.gz'),
      ),
  ).action(
    action(async (run: string, name: string | undefined, { output, json, ...options }: Options) => {
      const client = connect(terminal, options)
      if (name === undefined) {
        const list = await client.artifacts.list(run)
        if (json === true) printJson(terminal, list)
        else if (list.items.length === 0) terminal.out('it has kept no files\n')
        else
          printTable(
            terminal,
            ['NAME', 'BYTES', 'SHA-256', 'TASK'],
            list.items.map((one) => [one.name, String(one.size), one.sha256, one.node.key].map((text) => ({ text }))),
          )
        return EXIT.success
      }
      const bytes = await client.artifacts.read(run, name)
      if (output === undefined) for await (const chunk of bytes) await terminal.outBytes(chunk)
      else await save(bytes, output)
      return EXIT.success
    }),
  )

/** Whole or not at all: a download that was cut off leaves what was there before. */
async function save(bytes: AsyncIterable<Uint8Array>, path: string): Promise<void> {
  const there = await stat(path).catch(() => undefined)
  // A device or a pipe, such as /dev/stdout, is written to: a file in its place would be something else.
  if (there !== undefined && !there.isFile()) return await pipeline(Readable.from(bytes), createWriteStream(path))
  const part = `${path}.part`
  try {
    await pipeline(Readable.from(bytes), createWriteStream(part))
    await rename(part, path)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}
