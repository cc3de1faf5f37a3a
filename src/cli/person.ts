import type { Attention, Client, Run, Task } from '../client/client.ts'
import type { Local } from '../compose/local.ts'
import { quoted, tasksOf } from './names.ts'
import { safe } from './output.ts'
import type { Terminal } from './terminal.ts'

/** What is done about the things that only a person can decide, in a run that nobody else can see. */
export interface Person {
  readonly client: Client
  readonly local: Pick<Local, 'decide'>
  readonly terminal: Terminal
  readonly say: (line: string) => void
  /** Yes to every review. */
  readonly approve: boolean
  /** Aborted when the run is being cancelled: nothing is asked any more. */
  readonly cancelling: AbortSignal
}

/**
 * Decides what the run waits for, as far as it can be decided here. Questions are asked only when nothing else is at
 * work, so that nothing is printed into them.
 * @returns false when a person is needed and none is there.
 */
export async function decide(person: Person, run: Run): Promise<boolean> {
  const { terminal, approve, cancelling } = person
  if (run.ended || run.cancelling !== null || cancelling.aborted) return true
  if (approve) {
    const reviews = run.attention.filter(({ kind }) => kind === 'review')
    for (const review of reviews) await approveAs(person, run, review)
    if (reviews.length > 0) return true
  }
  const [first] = run.attention
  if (first === undefined || !isStuck(run)) return true
  if (!terminal.inIsTty) return false
  return ask(person, run, first)
}

const isStuck = (run: Run): boolean =>
  run.status === 'reviewing' || run.status === 'held' || run.status === 'waiting' || onlyCallsAreAwaited(run)

/** Here there is nobody else who could call. */
const onlyCallsAreAwaited = (run: Run): boolean => {
  const open = tasksOf(run).filter(
    ({ status, work }) => (status === 'running' || status === 'queued') && work !== 'subflow',
  )
  return open.length > 0 && open.every(({ work, deadline_at }) => work === 'callback' && deadline_at === null)
}

interface Question {
  readonly text: string
  readonly words: readonly string[]
  readonly answered: (word: string) => Promise<unknown>
}

async function ask(person: Person, run: Run, attention: Attention): Promise<boolean> {
  const { client, terminal, say, cancelling } = person
  const question = questionOf(person, run, attention)
  if (question === undefined) return false
  const { text, words, answered } = question
  const word = await askWord(terminal, text, [...words, 'cancel'], cancelling)
  if (word === undefined) return true
  if (word !== 'cancel') {
    await answered(word)
    return true
  }
  say('cancelling')
  const reason = `cancelled at ${quoted(attention.node?.name ?? run.pipeline.name)}`
  await client.runs.act(run.id, 'cancel', { reason })
  return true
}

/** What a person can say to it; undefined: nothing. */
function questionOf(person: Person, run: Run, attention: Attention): Question | undefined {
  const { client, local } = person
  const { node, kind } = attention
  if (node === null) return undefined
  const task = tasksOf(run).find(({ id }) => id === node.id)
  const name = safe(node.name)
  const asked = safe(task?.review?.question ?? '')
  switch (kind) {
    case 'review':
      return {
        text: `${name}${asked === '' ? '' : `: ${asked}`}`,
        words: ['approve', 'reject'],
        answered: (word) =>
          word === 'approve'
            ? approveAs(person, run, attention)
            : local.decide(run.id, node.id, 'reject', reviewersOf(task)[0] ?? 'local'),
      }
    case 'held':
      if (task?.work === 'gateway') {
        return {
          text: `${name} found no way on`,
          words: edgesOf(run, task.key),
          answered: (edge) => client.nodes.act(run.id, node.id, 'choose', { edges: [edge] }),
        }
      }
      return {
        text: `${name} has failed`,
        words: ['retry', 'skip'],
        answered: (word) => client.nodes.act(run.id, node.id, word === 'retry' ? 'retry' : 'skip'),
      }
    case 'callback':
      return {
        text: `${name} waits for a callback`,
        words: ['succeed', 'fail'],
        answered: (word) => client.nodes.act(run.id, node.id, 'callback', { succeeded: word === 'succeed' }),
      }
    case 'trigger':
      return {
        text: `${name} waits for its triggers`,
        words: ['start'],
        answered: () => client.runs.act(run.id, 'start'),
      }
    case 'start':
    case 'paused':
    case 'paused-node':
      return undefined
  }
}

const edgesOf = ({ stages }: Run, gateway: string): readonly string[] =>
  stages.flatMap(({ edges }) => (edges ?? []).filter(({ from }) => from === gateway).map(({ key }) => key))

/** The first letter is enough. undefined: the run is being cancelled, or nobody answers any more. */
async function askWord(
  terminal: Terminal,
  text: string,
  words: readonly string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    const answer = await terminal.ask(`${text}? [${words.join('/')}] `, signal)
    if (answer === undefined) return signal.aborted ? undefined : 'cancel'
    const typed = answer.trim().toLowerCase()
    const found = typed === '' ? undefined : words.find((word) => word.toLowerCase().startsWith(typed))
    if (found !== undefined) return found
  }
}

/** In the name of as many reviewers as it takes. */
async function approveAs({ local, say }: Person, run: Run, { node }: Attention): Promise<void> {
  const task = tasksOf(run).find(({ id }) => id === node?.id)
  const { review } = task ?? {}
  if (task === undefined || review === null || review === undefined) return
  const decided = new Set(review.decisions.map(({ by }) => by))
  const names = reviewersOf(task).filter((name) => !decided.has(name))
  for (const name of names.slice(0, review.required - review.decisions.length)) {
    const result = await local.decide(run.id, task.id, 'approve', name)
    if (!result.ok) return
    say(`  approved as ${safe(name)}`)
  }
}

/** Where anybody may decide, somebody is made up. */
const reviewersOf = (task: Task | undefined): readonly string[] => {
  const { reviewers = [], required = 1 } = task?.review ?? {}
  return reviewers.length > 0
    ? reviewers
    : Array.from({ length: required }, (_, index) => (index === 0 ? 'local' : `local ${index + 1}`))
}
