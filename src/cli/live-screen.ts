import type { Terminal } from './terminal.ts'

const CSI = '\u001b['
const TO_END = `${CSI}0J`
const WRAP_OFF = `${CSI}?7l`
const WRAP_ON = `${CSI}?7h`

/** Draws lines over the ones it drew before. Lines that are too long are cut by the terminal itself. */
export class LiveScreen {
  readonly #terminal: Terminal
  #drawn = 0

  constructor(terminal: Terminal) {
    this.#terminal = terminal
  }

  /** @param whole for the last time: nothing is drawn over it, so it may be longer than the window. */
  draw(lines: readonly string[], whole = false): void {
    const room = Math.max(2, this.#terminal.rows() - 1)
    const shown =
      whole || lines.length <= room ? lines : [...lines.slice(0, room - 1), `  … ${lines.length - room + 1} more lines`]
    const up = this.#drawn === 0 ? '' : `${CSI}${this.#drawn}A`
    this.#terminal.out(`${up}\r${TO_END}${WRAP_OFF}${shown.join('\n')}\n${WRAP_ON}`)
    this.#drawn = shown.length
  }
}
