/* oxlint-disable no-control-regex -- what a terminal would obey begins with one */
import Anser from 'anser'

/** A piece of a line that looks the same: names of classes in log.module.css. */
export interface Piece {
  readonly text: string
  /** Empty: plain. */
  readonly look: string
}

/** Lines whose pieces are known; a log is drawn again with every step of the wheel. */
const known = new Map<string, readonly Piece[]>()
const KNOWN_MAX = 2_000
/** More pieces of one line are not coloured, whoever asks. */
const PIECES_MAX = 64

const NOT_COLOURS =
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b\[[0-9;:?<=>]*[ -/]*[@-ln-~]|\u001b[()*+][0-9A-B]|\u001b[ -Z\\^_`a-z=>]/g
const INVISIBLE =
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g

/**
 * A line of a log as pieces of text, never as HTML. Colours and weights are kept; everything else that a terminal would
 * obey (links, titles, movements of the cursor, signs that turn the direction of text) is taken out. Of what overwrote
 * itself (progress bars) the last is kept.
 */
export function piecesOf(line: string): readonly Piece[] {
  const before = known.get(line)
  if (before !== undefined) return before
  if (known.size >= KNOWN_MAX) known.clear()
  const pieces = readPieces(line)
  known.set(line, pieces)
  return pieces
}

function readPieces(line: string): readonly Piece[] {
  const last = lastWritten(line).replace(NOT_COLOURS, '')
  if (!last.includes('\u001b')) return [{ text: clean(last), look: '' }]
  const pieces: Piece[] = []
  for (const one of Anser.ansiToJson(last, { use_classes: true, remove_empty: true, json: true })) {
    const text = clean(one.content)
    if (text === '') continue
    const look = lookOf(one)
    const before = pieces.at(-1)
    if (before !== undefined && before.look === look) pieces[pieces.length - 1] = { text: before.text + text, look }
    else pieces.push({ text, look })
  }
  return pieces.length === 0 ? [{ text: '', look: '' }] : fewPieces(pieces, PIECES_MAX)
}

/** How many elements it takes to show them. */
export const elementsOf = (pieces: readonly Piece[]): number => pieces.filter(({ look }) => look !== '').length

/** As many of them in their colours as this; the rest of the line is plain. */
export function fewPieces(pieces: readonly Piece[], max: number): readonly Piece[] {
  if (elementsOf(pieces) <= max) return pieces
  const few: Piece[] = []
  let left = max
  for (const [at, piece] of pieces.entries()) {
    if (piece.look !== '' && left === 0) {
      return [
        ...few,
        {
          text: pieces
            .slice(at)
            .map(({ text }) => text)
            .join(''),
          look: '',
        },
      ]
    }
    if (piece.look !== '') left -= 1
    few.push(piece)
  }
  return few
}

function lastWritten(line: string): string {
  if (!line.includes('\r')) return line
  return line.split('\r').findLast((one) => one !== '') ?? ''
}

const clean = (text: string): string => text.replace(INVISIBLE, '')

const PALETTE: ReadonlySet<string> = new Set(
  ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'].flatMap((name) => [
    `ansi-${name}`,
    `ansi-bright-${name}`,
  ]),
)

function lookOf({ fg, bg, decorations }: Anser.AnserJsonEntry): string {
  return [
    ...(PALETTE.has(fg) ? [fg] : []),
    ...(PALETTE.has(bg) ? [`on-${bg}`] : []),
    ...decorations.filter(
      (one) => one === 'bold' || one === 'dim' || one === 'italic' || one === 'underline' || one === 'strikethrough',
    ),
  ].join(' ')
}
