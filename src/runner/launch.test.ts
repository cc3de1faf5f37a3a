import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { directLauncher } from './direct.ts'
import { helperLauncher } from './helper.ts'
import { LeaseFile } from './lease-file.ts'
import type { LaunchAnswer, Launcher, LaunchRequest } from './launch.ts'
import { groupMembers, isAlive, statOf, taggedProcesses } from './processes.ts'
import { waitUntil } from '../../test/support/wait-until.ts'

let directory: string
let helper: Launcher
let direct: Launcher
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'millrace-launch-'))
  const found = await helperLauncher()
  if (found === undefined) throw new Error('these tests need Perl, which every Debian has')
  helper = found
  direct = directLauncher()
})
afterAll(async () => {
  await Promise.all([helper.close(), direct.close()])
  rmSync(directory, { recursive: true })
})

let count = 0
const freshFile = (): string => join(directory, `file-${(count += 1)}`)

function request(argv: readonly [string, ...string[]], more: Partial<LaunchRequest> = {}): LaunchRequest {
  const log = freshFile()
  const env = { PATH: process.env['PATH'] ?? '', MILLRACE_ATTEMPT: `test-${process.pid}-${count}` }
  return { argv, env, cwd: directory, stdin: '/dev/null', stdout: log, stderr: log, ...more }
}

type Started = Extract<LaunchAnswer, { readonly kind: 'started' }>
async function started(launcher: Launcher, asked: LaunchRequest): Promise<Started> {
  const answer = await launcher.launch(asked)
  if (answer.kind !== 'started') throw new Error(`refused: ${answer.what} ${answer.code}`)
  return answer
}
const textOf = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
const said = (path: string, text: string): Promise<void> => waitUntil(() => textOf(path).includes(text))
const isGone = (pid: number): boolean => {
  const stat = statOf(pid)
  return stat === undefined || !isAlive(stat)
}

describe.each(['helper', 'direct'] as const)('the %s launcher', (name) => {
  const launcher = (): Launcher => (name === 'helper' ? helper : direct)

  test.each([
    ['true', { kind: 'exited', code: 0 }],
    ['exit 1', { kind: 'exited', code: 1 }],
    ['exit 137', { kind: 'exited', code: 137 }],
    ['exit 255', { kind: 'exited', code: 255 }],
    ['kill -KILL $$', { kind: 'signalled', signal: 'SIGKILL' }],
    ['kill -SEGV $$', { kind: 'signalled', signal: 'SIGSEGV' }],
    ['kill -INT $$', { kind: 'signalled', signal: 'SIGINT' }],
    ['kill -PIPE $$', { kind: 'signalled', signal: 'SIGPIPE' }],
  ] as const)('`sh -c %j` ends as %j', async (script, status) => {
    const { ended } = await started(launcher(), request(['sh', '-c', script]))
    expect(await ended).toEqual(status)
  })

  test('both outputs go to the end of their file in the order in which they were written', async () => {
    const asked = request(['sh', '-c', 'echo one; echo two >&2; echo three'])
    await (
      await started(launcher(), asked)
    ).ended
    await (
      await started(launcher(), { ...asked, argv: ['echo', 'four'] })
    ).ended
    expect(textOf(asked.stdout)).toBe('one\ntwo\nthree\nfour\n')
  })

  test('standard output and error may be two files, and input a third', async () => {
    const [stdin, stdout] = [freshFile(), freshFile()]
    await (
      await started(launcher(), request(['printf', '%s', 'from the file'], { stdout: stdin }))
    ).ended
    const asked = request(['sh', '-c', 'cat; echo error >&2'], { stdin, stdout })
    await (
      await started(launcher(), asked)
    ).ended
    expect([textOf(stdout), textOf(asked.stderr)]).toEqual(['from the file', 'error\n'])
  })

  test('any argument and any environment arrives as it is, and nothing besides', async () => {
    const text = fc
      .string({ unit: 'binary' })
      .filter((value) => !value.includes('\0') && !/[\uD800-\uDFFF]/.test(value))
    const name = text.filter((value) => value !== '' && !value.includes('=') && value !== 'PATH')
    // A shell's own words and first environment, as the kernel has them; the words end with NUL.
    const script = 'cat /proc/$$/cmdline > words; cat /proc/$$/environ > environment'
    const parts = (file: string): string[] => readFileSync(join(directory, file), 'utf8').split('\0').slice(0, -1)
    await fc.assert(
      fc.asyncProperty(fc.array(text), fc.dictionary(name, text), async (args, extra) => {
        const env = Object.fromEntries(Object.entries({ ...extra, PATH: process.env['PATH'] ?? '' }))
        await (
          await started(launcher(), request(['sh', '-c', script, ...args], { env }))
        ).ended
        expect(parts('words')).toEqual(['sh', '-c', script, ...args])
        expect(parts('environment').toSorted()).toEqual(
          Object.entries(env)
            .map((entry) => entry.join('='))
            .toSorted(),
        )
      }),
      { numRuns: 30 },
    )
  })

  test('a program that is not there, a directory that is not there and a file that is no program are refused', async () => {
    expect(await launcher().launch(request(['no-such-program']))).toMatchObject({ what: 'exec', code: 'ENOENT' })
    expect(await launcher().launch(request(['true'], { cwd: '/no/such' }))).toMatchObject({
      what: 'cwd',
      code: 'ENOENT',
    })
    expect(await launcher().launch(request([directory]))).toMatchObject({ what: 'exec', code: 'EACCES' })
    expect(await launcher().launch(request(['true'], { stdin: '/no/such' }))).toMatchObject({ what: 'other' })
    expect(await launcher().launch(request(['true', 'x'.repeat(200_000)]))).toMatchObject({ code: 'E2BIG' })
  })

  test('a program is the leader of a session and group of its own and has default signals', async () => {
    const asked = request(['sh', '-c', 'echo $$; grep -E "^Sig(Ign|Blk)" /proc/self/status; cat /proc/$$/stat'])
    const { pid, ended } = await started(launcher(), asked)
    await ended
    const text = textOf(asked.stdout)
    expect(text).toContain(`${pid}\n`)
    expect(text).toContain('SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n')
    expect(text).toMatch(new RegExp(`^${pid} \\(sh\\) \\S \\d+ ${pid} ${pid} `, 'm'))
  })

  test('what it leaves behind in its group is killed when it ends', async () => {
    const asked = request(['sh', '-c', 'sleep 1000 & echo $!'])
    const { ended } = await started(launcher(), asked)
    expect(await ended).toEqual({ kind: 'exited', code: 0 })
    expect(isGone(Number(textOf(asked.stdout)))).toBe(true)
  })

  test('what leaves its group by setsid and a double fork is killed too', async () => {
    const asked = request(
      ['sh', '-c', 'setsid sh -c "(sleep 1000 & echo \\$!) & sleep 1000" & while [ ! -s out ]; do :; done'],
      {
        stdout: join(directory, 'out'),
      },
    )
    const { ended } = await started(launcher(), asked)
    await ended
    expect(isGone(Number(textOf(asked.stdout)))).toBe(true)
    expect(taggedProcesses(new Set([`MILLRACE_ATTEMPT=${asked.env['MILLRACE_ATTEMPT']}`]))).toEqual([])
    rmSync(asked.stdout)
  })

  test('terminate lets the whole group end in its own way, also after its leader', async () => {
    const child = 'trap "echo cleaned; exit 0" TERM; echo ready; while :; do read line < fifo; done'
    const asked = request(['sh', '-c', `mkfifo fifo; sh -c '${child}' & wait`])
    const { ended, terminate } = await started(launcher(), asked)
    await said(asked.stdout, 'ready')
    terminate()
    expect(await ended).toEqual({ kind: 'signalled', signal: 'SIGTERM' })
    expect(textOf(asked.stdout)).toContain('cleaned')
    rmSync(join(directory, 'fifo'))
  })

  test('kill ends what does not listen to terminate, all over the group', async () => {
    const stubborn = 'trap "" TERM HUP INT; echo ready; while :; do sleep 1000; done'
    const asked = request(['sh', '-c', `sh -c '${stubborn}' & sh -c '${stubborn}' & ${stubborn}`])
    const { pid, ended, terminate, kill } = await started(launcher(), asked)
    await waitUntil(() => textOf(asked.stdout) === 'ready\nready\nready\n')
    terminate()
    expect(groupMembers(pid).length).toBeGreaterThanOrEqual(3)
    kill()
    expect(await ended).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
    expect(groupMembers(pid)).toEqual([])
  })

  test('kill ends what outlived its leader after terminate', async () => {
    const stubborn = 'trap "" TERM; echo ready; while :; do sleep 1000; done'
    const asked = request(['sh', '-c', `sh -c '${stubborn}' & wait`])
    const { pid, ended, terminate, kill } = await started(launcher(), asked)
    await said(asked.stdout, 'ready')
    terminate()
    await waitUntil(() => isGone(pid))
    expect(groupMembers(pid).length).toBeGreaterThan(0)
    kill()
    await ended
    expect(groupMembers(pid)).toEqual([])
  })

  test('to kill one program is not to kill the next', async () => {
    const first = await started(launcher(), request(['sleep', '1000']))
    first.kill()
    await first.ended
    // Longer than the helper is told again what it has not yet done.
    const next = await started(launcher(), request(['sleep', '0.3']))
    first.kill()
    first.terminate()
    expect(await next.ended).toEqual({ kind: 'exited', code: 0 })
  })

  test('a stopped program can be terminated', async () => {
    const asked = request(['sh', '-c', 'echo ready; kill -STOP $$; sleep 1000'])
    const { pid, ended, terminate } = await started(launcher(), asked)
    await waitUntil(() => statOf(pid)?.state === 'T')
    terminate()
    expect(await ended).toEqual({ kind: 'signalled', signal: 'SIGTERM' })
  })

  test('many run at once, each with its own end', async () => {
    const codes = Array.from({ length: 20 }, (_, index) => index)
    const ends = await Promise.all(
      codes.map(async (code) => (await started(launcher(), request(['sh', '-c', `exit ${code}`]))).ended),
    )
    expect(ends).toEqual(codes.map((code) => ({ kind: 'exited', code })))
  })
})

test('a program of the helper has no files open but its three', async () => {
  const asked = request(['sh', '-c', 'ls /proc/$$/fd'])
  await (
    await started(helper, asked)
  ).ended
  expect(textOf(asked.stdout).trim().split(/\s+/)).toEqual(['0', '1', '2'])
})

test('the helper finds an orphan that threw its environment away', async () => {
  expect(helper.adopts).toBe(true)
  const asked = request(['sh', '-c', 'env -i /usr/bin/setsid sh -c "sleep 1000 & echo \\$!" & wait; sleep 0'])
  await (
    await started(helper, asked)
  ).ended
  const pid = Number(textOf(asked.stdout))
  expect(pid).toBeGreaterThan(1)
  expect(isGone(pid)).toBe(true)
})

test('a helper that is killed takes its program with it, and the next program gets another helper', async () => {
  const launcher = (await helperLauncher())!
  const asked = request(['sh', '-c', 'echo $PPID; exec sleep 1000'])
  const { pid, ended } = await started(launcher, asked)
  await said(asked.stdout, '\n')
  process.kill(Number(textOf(asked.stdout)), 'SIGKILL')
  expect(await ended).toEqual({ kind: 'unknown' })
  await waitUntil(() => isGone(pid))
  expect(await (await started(launcher, request(['true']))).ended).toEqual({ kind: 'exited', code: 0 })
  await launcher.close()
})

test('closing the launcher ends what runs', async () => {
  const launcher = (await helperLauncher())!
  const asked = request(['sh', '-c', 'trap "" TERM; echo ready; while :; do sleep 1000; done'])
  const { pid, ended } = await started(launcher, asked)
  await said(asked.stdout, 'ready')
  await launcher.close()
  await ended
  expect(isGone(pid)).toBe(true)
  expect(await launcher.launch(request(['true']))).toMatchObject({ kind: 'refused', code: 'ECANCELED' })
})

test('closing the launcher ends what is just being started', async () => {
  for (let turn = 0; turn < 5; turn += 1) {
    const launcher = (await helperLauncher())!
    const answer = launcher.launch(request(['sleep', '1000']))
    await launcher.close()
    const { kind, ...rest } = await answer
    if (kind === 'started' && 'ended' in rest) await rest.ended
  }
})

test('a program outlives its lease by a moment, whatever its runner does, and no program is ended within it', async () => {
  const lease = new LeaseFile(join(directory, 'lease'))
  const launcher = (await helperLauncher('perl', lease.path))!
  lease.extend(600_000)
  // Longer than it takes the helper to look for the first time.
  const short = await started(launcher, request(['sleep', '2']))
  expect(await short.ended).toEqual({ kind: 'exited', code: 0 })
  const long = await started(launcher, request(['sh', '-c', 'trap "" TERM; setsid sleep 1000 & sleep 1000']))
  lease.extend(-1)
  expect(await long.ended).toEqual({ kind: 'signalled', signal: 'SIGKILL' })
  await launcher.close()
  lease.close()
}, 60_000)

test('without Perl there is no helper', async () => {
  expect(await helperLauncher('no-such-perl')).toBeUndefined()
  expect(await helperLauncher('false')).toBeUndefined()
})
